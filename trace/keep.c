/* SPDX-License-Identifier: MIT */

/*
 * Which complete files of a trace stay, and which make room
 *
 * Lists, sorts, reckons how many of the oldest have to go, and deletes them. What is free
 * is asked for once: some file systems give back what was deleted only after a while, and
 * asking again and again would delete everything meanwhile.
 */

#include "trace/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "trace/folder.h"

enum {
	FILES_ROOM_FIRST = 64,
	BLOCK_BYTES = 512, /* of st_blocks, whatever the file system */
};

struct file {
	char *name; /* owned */
	uint64_t number;
	struct timespec written;
	uint64_t bytes;
	uint64_t disk_bytes; /* that come back when it is deleted */
};

struct files {
	int folder_fd;
	const struct tt_pattern *pattern;
	struct file *list; /* owned */
	size_t count;
	size_t room;
};

static void deinit_files(struct files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->list[i].name);
	free(files->list);
}

/* A process that does not rotate writes its file under the final name. */
static bool is_being_written(int folder_fd, const char *name)
{
	TT_CLEANUP(tt_closep) int fd = -1;

	fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd >= 0 && tt_folder_lock(fd) == -EBUSY;
}

static int add_room(struct files *files)
{
	size_t room = files->room > 0 ? files->room * 2 : FILES_ROOM_FIRST;
	struct file *list = reallocarray(files->list, room, sizeof(*list));

	if (!list)
		return -ENOMEM;
	files->list = list;
	files->room = room;
	return 0;
}

static int add_file(const char *name, void *context)
{
	struct files *files = context;
	struct stat status;
	uint64_t number;
	char *copy;
	int r;

	if (!tt_pattern_match(files->pattern, name, &number) ||
	    fstatat(files->folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(status.st_mode) || is_being_written(files->folder_fd, name))
		return 0;

	if (files->count == files->room) {
		r = add_room(files);
		if (r < 0)
			return r;
	}
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	files->list[files->count++] = (struct file){
		.name = copy,
		.number = number,
		.written = status.st_mtim,
		.bytes = (uint64_t)status.st_size,
		.disk_bytes = status.st_nlink == 1 ? (uint64_t)status.st_blocks * BLOCK_BYTES : 0,
	};
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct file *a = left;
	const struct file *b = right;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (a->written.tv_sec != b->written.tv_sec)
		return a->written.tv_sec < b->written.tv_sec ? -1 : 1;
	if (a->written.tv_nsec != b->written.tv_nsec)
		return a->written.tv_nsec < b->written.tv_nsec ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int find_free(int folder_fd, uint64_t *ret_free_bytes, struct tt_error *reterr)
{
	struct statvfs disk;
	int r;

	if (fstatvfs(folder_fd, &disk) < 0) {
		r = -errno;
		return tt_error_set(
			reterr, r,
			"ask what is free on the disk: %s: do without a least free space",
			strerror(-r));
	}
	*ret_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	return 0;
}

/* How many of the oldest have to go for the sake of their count and of their size. */
static size_t count_surplus(const struct files *files, size_t candidates_count,
			    const struct tt_keep *keep)
{
	uint64_t all_bytes = keep->ahead_bytes;
	size_t surplus = 0;

	for (size_t i = 0; i < files->count; i++)
		all_bytes += files->list[i].bytes;

	while (surplus < candidates_count) {
		bool has_too_many = keep->keep_files > 0 &&
				    files->count - surplus > keep->keep_files;

		if (!has_too_many && (keep->keep_bytes == 0 || all_bytes <= keep->keep_bytes))
			break;
		all_bytes -= files->list[surplus++].bytes;
	}
	return surplus;
}

/* The same, for free space: at least @surplus. */
static int count_for_free(const struct files *files, size_t candidates_count,
			  const struct tt_keep *keep, size_t *surplus, struct tt_error *reterr)
{
	uint64_t wanted_bytes;
	uint64_t free_bytes = 0;
	size_t count = 0;
	int r;

	if (__builtin_add_overflow(keep->min_free_bytes, keep->ahead_bytes, &wanted_bytes))
		wanted_bytes = UINT64_MAX; /* more than any disk has */
	r = find_free(files->folder_fd, &free_bytes, reterr);
	if (r < 0)
		return r;

	while (count < candidates_count && (count < *surplus || free_bytes < wanted_bytes))
		free_bytes += files->list[count++].disk_bytes;
	if (free_bytes >= wanted_bytes) {
		*surplus = count;
		return 0;
	}
	if (!keep->needs_free)
		return 0;
	return tt_error_set(reterr, -ENOSPC,
			    "%" PRIu64 " bytes of the disk are to stay free and %" PRIu64
			    " are needed for a file, but there are only %" PRIu64
			    ", all old files deleted: make room",
			    keep->min_free_bytes, keep->ahead_bytes, free_bytes);
}

static int delete_file(int folder_fd, const char *name, struct tt_error *reterr)
{
	int r;

	if (unlinkat(folder_fd, name, 0) == 0)
		return 0;
	r = -errno;
	if (r == -ENOENT) /* another process thins out the same files */
		return 0;
	return tt_error_set(reterr, r,
			    "delete %.100s, the oldest file: %s: delete it by hand, or keep more",
			    name, strerror(-r));
}

int tt_keep_thin_out(int folder_fd, const struct tt_pattern *pattern, const struct tt_keep *keep,
		     struct tt_error *reterr)
{
	TT_CLEANUP(deinit_files)
	struct files files = { .folder_fd = folder_fd, .pattern = pattern };
	size_t candidates_count;
	size_t surplus;
	int r;

	if (keep->keep_files == 0 && keep->keep_bytes == 0 && keep->min_free_bytes == 0)
		return 0;

	r = tt_folder_visit(folder_fd, add_file, &files);
	if (r < 0)
		return tt_error_set(reterr, r,
				    "list the complete files: %s: let the folder be readable",
				    strerror(-r));
	if (files.count > 0)
		qsort(files.list, files.count, sizeof(files.list[0]), compare);

	candidates_count = files.count;
	if (keep->newest_name && files.count > 0 &&
	    strcmp(files.list[files.count - 1].name, keep->newest_name) == 0)
		candidates_count--;

	surplus = count_surplus(&files, candidates_count, keep);
	if (keep->min_free_bytes > 0) {
		r = count_for_free(&files, candidates_count, keep, &surplus, reterr);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < surplus; i++) {
		r = delete_file(folder_fd, files.list[i].name, reterr);
		if (r < 0)
			return r;
	}
	return 0;
}
