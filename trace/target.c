/* SPDX-License-Identifier: MIT */

/*
 * What the path of a trace leads to that is there already
 *
 * Between a look and opening something else may get the name. So what was opened is looked at
 * again, and nothing is created or emptied while it is opened.
 */

#include "trace/target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "trace/folder.h"

static int word_exists(const char *name, struct tt_error *reterr)
{
	return tt_error_set(reterr, -EEXIST,
			    "%.100s: it is there already: name another, or use --overwrite", name);
}

static int word_link(const char *name, struct tt_error *reterr)
{
	return tt_error_set(reterr, -ELOOP,
			    "%.100s: it is a symbolic link, and could lead anywhere: name the "
			    "file itself",
			    name);
}

static int word_busy(const char *name, struct tt_error *reterr)
{
	return tt_error_set(reterr, -EBUSY,
			    "%.100s: another process is writing it: name another file", name);
}

static int word_failure(int r, const char *step, const char *name, struct tt_error *reterr)
{
	return tt_error_set(reterr, r, "%s %.100s: %s: name another file", step, name,
			    strerror(-r));
}

int tt_target_find(int folder_fd, const char *name, enum tt_target *ret_target,
		   struct tt_error *reterr)
{
	struct stat status;
	int r;

	if (fstatat(folder_fd, name, &status, 0) < 0) {
		r = -errno;
		/* ELOOP and the like: links that lead nowhere are told apart when it is opened. */
		if (r != -ENOENT && r != -ELOOP)
			return word_failure(r, "look at", name, reterr);
		*ret_target = TT_TARGET_FILE;
		return 0;
	}

	if (S_ISDIR(status.st_mode))
		return tt_error_set(reterr, -EISDIR,
				    "%.100s: it is a folder: name a file in it, such as "
				    "%.50s/trace.pcapng",
				    name, name);
	if (S_ISBLK(status.st_mode) || S_ISSOCK(status.st_mode))
		return tt_error_set(reterr, -EINVAL, "%.100s: it is a %s: name a file or a pipe",
				    name, S_ISBLK(status.st_mode) ? "disk" : "socket");
	*ret_target = S_ISREG(status.st_mode) ? TT_TARGET_FILE : TT_TARGET_STREAM;
	return 0;
}

int tt_target_check_file(int folder_fd, const char *name, bool is_overwriting,
			 struct tt_error *reterr)
{
	struct stat status;

	if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* nothing is there, or opening it says why not */
	if (!is_overwriting)
		return word_exists(name, reterr);
	return S_ISLNK(status.st_mode) ? word_link(name, reterr) : 0;
}

static int open_file(int folder_fd, const char *name, struct tt_error *reterr)
{
	TT_CLEANUP(tt_closep) int fd = -1;
	struct stat status;
	int r;

	fd = openat(folder_fd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		r = -errno;
		return r == -ELOOP ? word_link(name, reterr)
				   : word_failure(r, "open", name, reterr);
	}
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return word_busy(name, reterr); /* it was another a moment ago */
	if (tt_folder_lock(fd) == -EBUSY || !tt_folder_is_file(folder_fd, name, fd))
		return word_busy(name, reterr);
	if (ftruncate(fd, 0) < 0) {
		r = -errno;
		return word_failure(r, "empty", name, reterr);
	}
	return TT_TAKE_FD(fd);
}

int tt_target_open_existing(int folder_fd, const char *name, bool is_overwriting,
			    struct tt_error *reterr)
{
	enum tt_target target = TT_TARGET_FILE;
	int r;

	r = tt_target_find(folder_fd, name, &target, reterr);
	if (r < 0)
		return r;
	if (target == TT_TARGET_STREAM)
		return tt_target_open_stream(folder_fd, name, reterr);
	if (!is_overwriting)
		return word_exists(name, reterr);
	return open_file(folder_fd, name, reterr);
}

int tt_target_open_stream(int folder_fd, const char *name, struct tt_error *reterr)
{
	TT_CLEANUP(tt_closep) int fd = -1;
	struct stat status;
	int r;

	fd = openat(folder_fd, name, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		r = -errno;
		return word_failure(r, "open", name, reterr);
	}
	if (fstat(fd, &status) < 0 || S_ISREG(status.st_mode) || S_ISBLK(status.st_mode))
		return word_exists(name, reterr); /* it was no file a moment ago */
	return TT_TAKE_FD(fd);
}
