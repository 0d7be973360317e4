/* SPDX-License-Identifier: MIT */

/*
 * Hidden files that killed processes left
 *
 * They are listed first and dealt with one after the other in the order of their numbers, since
 * what is published while a folder is read may or may not be met again.
 */

#include "trace/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "trace/folder.h"

enum {
	LEFTOVERS_ROOM_FIRST = 16,
};

struct leftover {
	char hidden[TT_PATTERN_NAME_BYTES];
	char name[TT_PATTERN_NAME_BYTES]; /* that it was to get */
	uint64_t number;
};

struct leftovers {
	const struct tt_pattern *pattern;
	struct leftover *list; /* owned */
	size_t count;
	size_t room;
};

/* How each is dealt with. */
struct repair {
	int folder_fd;
	const struct tt_pattern *pattern;
	int (*find_end)(int fd, uint64_t file_bytes, uint64_t *ret_whole_bytes);
	bool is_synced;
};

static void deinit_leftovers(struct leftovers *leftovers)
{
	free(leftovers->list);
}

static int add_leftover(const char *hidden, void *context)
{
	struct leftovers *leftovers = context;
	struct leftover found;

	if (!tt_pattern_match_hidden(leftovers->pattern, hidden, found.name, &found.number))
		return 0;
	memcpy(found.hidden, hidden, strlen(hidden) + 1);

	if (leftovers->count == leftovers->room) {
		size_t room = leftovers->room > 0 ? leftovers->room * 2 : LEFTOVERS_ROOM_FIRST;
		struct leftover *list = reallocarray(leftovers->list, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		leftovers->list = list;
		leftovers->room = room;
	}
	leftovers->list[leftovers->count++] = found;
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct leftover *a = left;
	const struct leftover *b = right;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int word(int r, const char *step, const struct leftover *leftover, struct tt_error *reterr)
{
	return tt_error_set(reterr, r,
			    "%s %.100s, which a killed process left: %s: move it away by hand",
			    step, leftover->hidden, strerror(-r));
}

static int remove_hidden(const struct repair *repair, const struct leftover *leftover,
			 struct tt_error *reterr)
{
	int r;

	if (unlinkat(repair->folder_fd, leftover->hidden, 0) == 0)
		return 0;
	r = -errno;
	return word(r, "remove", leftover, reterr);
}

/* Cuts to @whole_bytes and publishes. */
static int complete(const struct repair *repair, struct leftover *leftover, int fd,
		    uint64_t whole_bytes, struct tt_error *reterr)
{
	int r;

	if (ftruncate(fd, (off_t)whole_bytes) < 0) {
		r = -errno;
		return word(r, "cut", leftover, reterr);
	}
	if (repair->is_synced && fdatasync(fd) < 0) {
		r = -errno;
		return word(r, "sync", leftover, reterr);
	}

	r = tt_folder_publish(repair->folder_fd, repair->pattern, leftover->hidden, leftover->name,
			      false);
	if (r < 0)
		return word(r, "rename", leftover, reterr);
	if (!repair->is_synced)
		return 0;
	r = tt_folder_sync(repair->folder_fd);
	return r < 0 ? word(r, "sync the new name of", leftover, reterr) : 0;
}

static int repair_one(const struct repair *repair, struct leftover *leftover,
		      struct tt_error *reterr)
{
	TT_CLEANUP(tt_closep) int fd = -1;
	uint64_t whole_bytes = 0;
	struct stat status;

	/* Looked at first: opening a device or a pipe can have effects. */
	if (fstatat(repair->folder_fd, leftover->hidden, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(status.st_mode))
		return 0;
	fd = openat(repair->folder_fd, leftover->hidden,
		    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || tt_folder_lock(fd) < 0)
		return 0;

	/* Its writer may have completed it before the lock was had. */
	if (!tt_folder_is_file(repair->folder_fd, leftover->hidden, fd) || fstat(fd, &status) < 0 ||
	    !S_ISREG(status.st_mode))
		return 0;
	if (status.st_nlink == 2 && tt_folder_is_file(repair->folder_fd, leftover->name, fd))
		return remove_hidden(repair, leftover, reterr); /* killed while publishing */
	if (status.st_nlink != 1)
		return 0; /* cutting it would cut the file of somebody else */

	if (status.st_size > 0 && repair->find_end(fd, (uint64_t)status.st_size, &whole_bytes) < 0)
		return 0;
	if (whole_bytes == 0)
		return remove_hidden(repair, leftover, reterr);
	return complete(repair, leftover, fd, whole_bytes, reterr);
}

int tt_leftover_repair(int folder_fd, const struct tt_pattern *pattern,
		       int (*find_end)(int fd, uint64_t file_bytes, uint64_t *ret_whole_bytes),
		       bool is_synced, struct tt_error *reterr)
{
	TT_CLEANUP(deinit_leftovers) struct leftovers leftovers = { .pattern = pattern };
	const struct repair repair = {
		.folder_fd = folder_fd,
		.pattern = pattern,
		.find_end = find_end,
		.is_synced = is_synced,
	};
	int r;

	r = tt_folder_visit(folder_fd, add_leftover, &leftovers);
	if (r < 0)
		return tt_error_set(reterr, r,
				    "look for what killed processes left: %s: let the folder be "
				    "readable",
				    strerror(-r));
	if (leftovers.count > 0)
		qsort(leftovers.list, leftovers.count, sizeof(leftovers.list[0]), compare);

	for (size_t i = 0; i < leftovers.count; i++) {
		r = repair_one(&repair, &leftovers.list[i], reterr);
		if (r < 0)
			return r;
	}
	return 0;
}
