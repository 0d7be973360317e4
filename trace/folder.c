/* SPDX-License-Identifier: MIT */

/*
 * What the files of a trace need of their folder: its names, the lock of writers, publishing
 */

#include "trace/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	PUBLISH_TRIES_MAX = 100, /* each lost to another process that took the number */
};

static void close_folder(DIR **folder)
{
	if (*folder)
		(void)closedir(*folder); /* it was only read */
}

int tt_folder_visit(int folder_fd, int (*visit)(const char *name, void *context), void *context)
{
	TT_CLEANUP(close_folder) DIR *folder = NULL;
	TT_CLEANUP(tt_closep) int fd = -1;

	/* Not opened anew: who has lowered his privileges since may not be able to. */
	fd = fcntl(folder_fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	folder = fdopendir(fd);
	if (!folder)
		return -errno;
	(void)TT_TAKE_FD(fd);

	rewinddir(folder); /* the copy shares the place where the last one stopped */
	for (;;) {
		const struct dirent *entry;
		int r;

		errno = 0;
		entry = readdir(folder);
		if (!entry)
			return -errno;
		r = visit(entry->d_name, context);
		if (r != 0)
			return r;
	}
}

struct number_search {
	const struct tt_pattern *pattern;
	uint64_t highest;
};

static int compare_number(const char *name, void *context)
{
	char whole[TT_PATTERN_NAME_BYTES];
	struct number_search *search = context;
	uint64_t number;

	if ((tt_pattern_match(search->pattern, name, &number) ||
	     tt_pattern_match_hidden(search->pattern, name, whole, &number)) &&
	    number > search->highest)
		search->highest = number;
	return 0;
}

int tt_folder_find_number(int folder_fd, const struct tt_pattern *pattern, uint64_t *ret_number)
{
	struct number_search search = { .pattern = pattern };
	int r;

	r = tt_folder_visit(folder_fd, compare_number, &search);
	if (r < 0)
		return r;
	*ret_number = search.highest;
	return 0;
}

int tt_folder_lock(int fd)
{
	int r;

	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	r = -errno;
	return r == -EWOULDBLOCK ? -EBUSY : r;
}

bool tt_folder_is_file(int folder_fd, const char *name, int fd)
{
	struct stat named;
	struct stat open;

	return fstatat(folder_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(fd, &open) == 0 && named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

bool tt_folder_has(int folder_fd, const char *name)
{
	struct stat status;

	return fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Renames, and replaces nothing: -EEXIST. */
static int rename_new(int folder_fd, const char *hidden, const char *name)
{
	int r;

	if (renameat2(folder_fd, hidden, folder_fd, name, RENAME_NOREPLACE) == 0)
		return 0;
	r = -errno;
	if (r != -EINVAL && r != -ENOSYS)
		return r;

	/* This file system (NFS is one) cannot. A second name is not given to what exists either. */
	if (linkat(folder_fd, hidden, folder_fd, name, 0) < 0)
		return -errno;
	return unlinkat(folder_fd, hidden, 0) < 0 ? -errno : 0;
}

int tt_folder_publish(int folder_fd, const struct tt_pattern *pattern, const char *hidden,
		      char name[static TT_PATTERN_NAME_BYTES], bool is_overwriting)
{
	for (unsigned int i = 0; i < PUBLISH_TRIES_MAX; i++) {
		uint64_t number;
		int r;

		r = rename_new(folder_fd, hidden, name);
		if (r != -EEXIST)
			return r;
		if (is_overwriting)
			return renameat(folder_fd, hidden, folder_fd, name) < 0 ? -errno : 0;
		if (pattern->numbers_count == 0)
			return -EEXIST;

		r = tt_folder_find_number(folder_fd, pattern, &number);
		if (r < 0)
			return r;
		r = tt_pattern_renumber(pattern, name, number + 1, name);
		if (r < 0)
			return r;
	}
	return -EEXIST;
}

int tt_folder_sync(int folder_fd)
{
	int r;

	if (fsync(folder_fd) == 0)
		return 0;
	r = -errno;
	return r == -EINVAL ? 0 : r; /* a file system that has nothing to sync of a folder */
}
