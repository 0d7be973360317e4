/* SPDX-License-Identifier: MIT */

/*
 * A file with the account, rewritten as a whole
 */

#include "app/stats_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/remark.h"
#include "twintap/accounting.h"

enum {
	MODE = 0644,            /* less the umask */
	TEMPORARY_BYTES = 64,   /* of a temporary name */
	TEMPORARIES_TRIED = 16, /* left behind by killed processes of the same number */
};

static int word_failure(const struct tt_stats_file *file, int r, const char *step,
			struct tt_error *reterr)
{
	return tt_word_error(reterr, r,
			     "--stats-file %.100s: %s: %s: name a file in a directory "
			     "that can be written to",
			     file->path, step, strerror(-r));
}

static int open_folder(struct tt_stats_file *file, size_t length, struct tt_error *reterr)
{
	char folder[PATH_MAX];
	int r;

	if (length >= sizeof(folder))
		return word_failure(file, -ENAMETOOLONG, "open its directory", reterr);
	memcpy(folder, file->path, length);
	folder[length] = '\0';

	file->folder_fd = open(length ? folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (file->folder_fd < 0) {
		r = -errno;
		return word_failure(file, r, "open its directory", reterr);
	}
	return 0;
}

/* Refuses what must not be replaced. */
static int check_target(const struct tt_stats_file *file, struct tt_error *reterr)
{
	struct stat status;
	int r;

	if (fstatat(file->folder_fd, file->name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISREG(status.st_mode)
			       ? 0
			       : tt_word_error(reterr, -EEXIST,
					       "--stats-file %.100s: it is there and no regular "
					       "file: name a new one",
					       file->path);
	r = -errno;
	return r == -ENOENT ? 0 : word_failure(file, r, "look at it", reterr);
}

static bool ends_in_prom(const char *name)
{
	static const char ending[] = ".prom";
	size_t length = strlen(name), ending_length = strlen(ending);

	return length >= ending_length && strcmp(name + length - ending_length, ending) == 0;
}

int tt_stats_file_open(struct tt_stats_file *file, const char *path, struct tt_error *reterr)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int r;

	*file = (struct tt_stats_file){ .folder_fd = -1, .path = path };
	if (!*name)
		return tt_word_error(reterr, -EISDIR,
				     "--stats-file %.100s: it is a directory: name a file", path);
	if (strlen(name) >= sizeof(file->name))
		return word_failure(file, -ENAMETOOLONG, "look at it", reterr);
	memcpy(file->name, name, strlen(name) + 1);
	file->is_prometheus = ends_in_prom(name);

	r = open_folder(file, (size_t)(name - path), reterr);
	if (r < 0)
		return r;
	r = check_target(file, reterr);
	if (r < 0)
		tt_stats_file_close(file);
	return r;
}

void tt_stats_file_close(struct tt_stats_file *file)
{
	if (file->folder_fd >= 0)
		(void)close(file->folder_fd); /* O_PATH: there is nothing to write out */
	file->folder_fd = -1;
}

/* Makes a new file beside the target. A descriptor, or a negative errno. */
static int create_temporary(const struct tt_stats_file *file, char *name)
{
	for (unsigned int i = 0; i < TEMPORARIES_TRIED; i++) {
		int fd;

		(void)snprintf(name, TEMPORARY_BYTES, ".twintap-stats-%ld-%u", (long)getpid(), i);
		fd = openat(file->folder_fd, name,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			text += written;
			length -= (size_t)written;
		}
	}
	return 0;
}

int tt_stats_file_write(const struct tt_stats_file *file, const char *text, size_t length,
			struct tt_error *reterr)
{
	char temporary[TEMPORARY_BYTES];
	int fd;
	int r;

	fd = create_temporary(file, temporary);
	if (fd < 0)
		return word_failure(file, fd, "make a new file beside it", reterr);

	r = write_all(fd, text, length);
	if (close(fd) < 0 && r == 0)
		r = -errno; /* some file systems tell only now that the disk is full */
	if (r == 0 && renameat(file->folder_fd, temporary, file->folder_fd, file->name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(file->folder_fd, temporary, 0); /* the failure before it is told */
		return word_failure(file, r, "replace it", reterr);
	}
	return 0;
}

int tt_stats_file_write_account(const struct tt_stats_file *file,
				const struct tt_accounting *accounting, struct tt_error *reterr)
{
	size_t room_bytes = file->is_prometheus ? TT_ACCOUNTING_PROMETHEUS_BYTES
						: TT_ACCOUNTING_JSON_BYTES;
	size_t length = 0;
	char *text;
	int r;

	text = malloc(room_bytes + 1); /* and a newline */
	if (!text)
		return word_failure(file, -ENOMEM, "word the account", reterr);

	if (file->is_prometheus) {
		r = tt_accounting_format_prometheus(accounting, text, room_bytes, &length);
	} else {
		r = tt_accounting_format_json(accounting, text, room_bytes, &length);
		if (r == 0)
			text[length++] = '\n';
	}
	if (r < 0)
		r = word_failure(file, r, "word the account", reterr);
	else
		r = tt_stats_file_write(file, text, length, reterr);
	free(text);
	return r;
}
