/* SPDX-License-Identifier: MIT */

/*
 * The files of one trace: how they are named, opened, written, completed and thinned out
 *
 * pattern.h knows the names, folder.h what is done with them, leftover.h and keep.h the files
 * of other runs, target.h what a path may lead to. Here is the one file that is open.
 *
 * A file is created exclusively and locked at once. Another process that looks for left-overs
 * may take the lock in between, and removes the file, as there is nothing in it: then the name
 * leads elsewhere, and the next number is tried.
 */

#include "trace/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/write.h"
#include "trace/folder.h"
#include "trace/keep.h"
#include "trace/leftover.h"
#include "trace/pattern.h"
#include "trace/target.h"

enum {
	NUMBER_TRIES_MAX = 100, /* each lost to another process that took the number */
	HOST_BYTES = 256,
};

struct tt_store {
	char *path; /* owned */
	bool is_rotated;
	bool is_overwriting;
	uint8_t sync;
	uint64_t file_bytes_max;
	struct tt_keep keep; /* the limits alone */
	struct tt_pattern pattern;
	enum tt_target target;
	int folder_fd;        /* owned; -1 for standard output */
	uint64_t next_number; /* of %N */

	int fd; /* owned unless it is standard output; -1: none. A rotated stream's stays */
	bool is_open;
	bool is_stream;
	bool is_regular;
	char name[TT_PATTERN_NAME_BYTES];
	char hidden[TT_PATTERN_NAME_BYTES]; /* rotated files only */
	uint64_t start_bytes;               /* where in the file our bytes begin */
	uint64_t file_bytes;
};

/* The open file's name without its folder; the path if none is open. */
static const char *name_in_words(const struct tt_store *store)
{
	if (store->target == TT_TARGET_STDOUT)
		return "standard output";
	return store->is_open ? store->name : store->path;
}

static int word(const struct tt_store *store, int r, const char *step, const char *remedy,
		struct tt_error *reterr)
{
	return tt_error_set(reterr, r, "%s %.100s: %s: %s", step, name_in_words(store),
			    strerror(-r), remedy);
}

static const char *find_open_remedy(int r)
{
	switch (r) {
	case -EACCES:
	case -EPERM:
		return "name a file in a folder that this user may write to";
	case -EROFS:
		return "name a file on a disk that can be written to";
	case -ENOSPC:
	case -EDQUOT:
		return "make room, or name a file on another disk";
	case -EMFILE:
	case -ENFILE:
		return "allow more open files (ulimit -n)";
	case -EOVERFLOW:
	case -ENAMETOOLONG:
		return "the numbers have become too high: move the old files away";
	case -EBUSY:
		return "another process writes it: name another file";
	default:
		return "name another file";
	}
}

static const char *find_write_remedy(int r)
{
	switch (r) {
	case -ENOSPC:
		return "make room, or let old files be deleted (--keep-size, --min-free)";
	case -EDQUOT:
		return "make room: this user's quota is used up";
	case -EFBIG:
		return "no file may become larger here (ulimit -f): rotate, or raise the limit";
	case -EIO:
		return "the device failed: see the kernel's log";
	case -EPIPE:
		return "who read it has ended: start both again";
	default:
		return "name another file";
	}
}

/* ---- new ---- */

static int open_folder(struct tt_store *store, size_t folder_length, struct tt_error *reterr)
{
	char *folder;
	int r;

	if (tt_pattern_has_conversion(store->path, folder_length))
		return tt_error_set(reterr, -EINVAL,
				    "%.100s: a folder's name is no pattern: conversions such as "
				    "%%Y go into the file's name only",
				    store->path);

	folder = folder_length > 0 ? strndup(store->path, folder_length) : strdup(".");
	if (!folder)
		return tt_error_set(reterr, -ENOMEM, "no memory for a path");
	store->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = store->folder_fd < 0 ? -errno : 0;
	if (r < 0)
		(void)tt_error_set(
			reterr, r,
			"open the folder %.100s: %s: name one that is there and readable", folder,
			strerror(-r));
	free(folder);
	return r;
}

/* What the name leads to, if it is one name and not many: a stream is not rotated by names. */
static int find_target(struct tt_store *store, const char *text, struct tt_pattern_values *values,
		       struct tt_error *reterr)
{
	char name[TT_PATTERN_NAME_BYTES];
	int r;

	values->is_rotated = false;
	r = tt_pattern_parse(&store->pattern, text, values, reterr);
	if (r < 0)
		return r;

	if (!store->pattern.has_time && store->pattern.numbers_count == 0) {
		r = tt_pattern_expand(&store->pattern, 0, 0, name);
		assert(r == 0); /* parse has measured it */
		r = tt_target_find(store->folder_fd, name, &store->target, reterr);
		if (r < 0)
			return r;
		if (store->target == TT_TARGET_FILE && !store->is_rotated)
			return tt_target_check_file(store->folder_fd, name, store->is_overwriting,
						    reterr);
	}
	if (store->target == TT_TARGET_STREAM || !store->is_rotated)
		return 0;
	values->is_rotated = true;
	return tt_pattern_parse(&store->pattern, text, values, reterr);
}

static int make_room(struct tt_store *store, bool is_ahead, struct tt_error *reterr)
{
	struct tt_keep keep = store->keep;

	if (is_ahead) {
		keep.needs_free = true;
		keep.ahead_bytes = store->is_rotated ? store->file_bytes_max : 0;
	} else {
		keep.newest_name = store->name;
	}
	return tt_keep_thin_out(store->folder_fd, &store->pattern, &keep, reterr);
}

static int find_next_number(struct tt_store *store, struct tt_error *reterr)
{
	uint64_t highest;
	int r;

	if (store->pattern.numbers_count == 0)
		return 0;
	r = tt_folder_find_number(store->folder_fd, &store->pattern, &highest);
	if (r < 0)
		return word(store, r, "list the files of", "let the folder be readable", reterr);
	if (highest >= store->next_number)
		store->next_number = highest + 1;
	return 0;
}

static int check_folder(const struct tt_store *store, struct tt_error *reterr)
{
	int r;

	if (faccessat(store->folder_fd, ".", W_OK | X_OK, AT_EACCESS) == 0)
		return 0;
	r = -errno;
	return word(store, r, "make", find_open_remedy(r), reterr);
}

/* Looks at the path, the folder, and what is there. */
static int prepare(struct tt_store *store, const struct tt_store_opts *opts,
		   struct tt_error *reterr)
{
	const char *slash = strrchr(store->path, '/');
	const char *text = slash ? slash + 1 : store->path;
	char host[HOST_BYTES] = "";
	struct tt_pattern_values values = { .host = host };
	int r;

	(void)gethostname(host, sizeof(host) - 1); /* without one it is "localhost" */
	r = open_folder(store, (size_t)(text - store->path), reterr);
	if (r < 0)
		return r;
	r = find_target(store, text, &values, reterr);
	if (r < 0 || store->target == TT_TARGET_STREAM)
		return r;

	r = check_folder(store, reterr);
	if (r < 0)
		return r;
	if (store->is_rotated && opts->find_end) {
		r = tt_leftover_repair(store->folder_fd, &store->pattern, opts->find_end,
				       store->sync != TT_TRACE_SYNC_NONE, reterr);
		if (r < 0)
			return r;
	}
	r = find_next_number(store, reterr);
	if (r < 0)
		return r;
	return make_room(store, true, reterr);
}

int tt_store_new(struct tt_store **ret_store, const struct tt_store_opts *opts,
		 struct tt_error *reterr)
{
	struct tt_store *store;
	int r = 0;

	assert(opts->path);
	assert(opts->sync < TT_TRACE_SYNC_COUNT);

	if (opts->keep_bytes > 0 && opts->file_bytes_max > opts->keep_bytes)
		return tt_error_set(reterr, -EINVAL,
				    "one file of %" PRIu64 " bytes is more than the %" PRIu64
				    " bytes to keep in all: make files smaller, or keep more",
				    opts->file_bytes_max, opts->keep_bytes);

	store = calloc(1, sizeof(*store));
	if (!store)
		return tt_error_set(reterr, -ENOMEM, "no memory for a trace");
	store->fd = -1;
	store->folder_fd = -1;
	store->next_number = 1;
	store->is_rotated = opts->is_rotated;
	store->is_overwriting = opts->is_overwriting;
	store->sync = opts->sync;
	store->file_bytes_max = opts->file_bytes_max;
	store->keep.keep_files = opts->keep_files;
	store->keep.keep_bytes = opts->keep_bytes;
	store->keep.min_free_bytes = opts->min_free_bytes;
	store->target = strcmp(opts->path, "-") == 0 ? TT_TARGET_STDOUT : TT_TARGET_FILE;
	store->path = strdup(opts->path);
	if (!store->path)
		r = tt_error_set(reterr, -ENOMEM, "no memory for a path");
	else if (store->target != TT_TARGET_STDOUT)
		r = prepare(store, opts, reterr);
	if (r < 0) {
		tt_store_free(store);
		return r;
	}
	*ret_store = store;
	return 0;
}

void tt_store_free(struct tt_store *store)
{
	if (!store)
		return;
	if (store->fd >= 0 && store->target != TT_TARGET_STDOUT)
		(void)close(store->fd); /* who wants to know calls tt_store_close() before */
	if (store->folder_fd >= 0)
		(void)close(store->folder_fd); /* it was only read */
	free(store->path);
	free(store);
}

/* ---- open ---- */

/* Creates @name, locked. A descriptor; -EEXIST: it is another's, or was taken away at once. */
static int create(const struct tt_store *store, const char *name)
{
	TT_CLEANUP(tt_closep) int fd = -1;
	int r;

	fd = openat(store->folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    TT_TARGET_MODE);
	if (fd < 0)
		return -errno;
	/* Without locks nobody will take it for a left-over: none can be had. */
	if (tt_folder_lock(fd) == -EBUSY || !tt_folder_is_file(store->folder_fd, name, fd))
		return -EEXIST;
	/* What is written through to the disk is of no use there without a name. */
	r = store->sync == TT_TRACE_SYNC_WRITE ? tt_folder_sync(store->folder_fd) : 0;
	return r < 0 ? r : TT_TAKE_FD(fd);
}

static int create_numbered(struct tt_store *store, int64_t time_ns)
{
	int r;

	r = tt_pattern_expand(&store->pattern, store->next_number, time_ns, store->name);
	if (r < 0)
		return r;
	if (!store->is_rotated)
		return create(store, store->name);

	r = tt_pattern_hide(store->name, store->hidden);
	if (r < 0)
		return r;
	return tt_folder_has(store->folder_fd, store->name) ? -EEXIST
							    : create(store, store->hidden);
}

static int open_numbered(struct tt_store *store, int64_t time_ns, struct tt_error *reterr)
{
	int fd = -EEXIST;
	int r;

	for (unsigned int i = 0; i < NUMBER_TRIES_MAX && fd == -EEXIST; i++) {
		if (i > 0) {
			store->next_number++;
			r = find_next_number(store, reterr);
			if (r < 0)
				return r;
		}
		fd = create_numbered(store, time_ns);
	}
	if (fd < 0)
		return word(store, fd, "make", find_open_remedy(fd), reterr);
	store->next_number++;
	return fd;
}

static int open_single(struct tt_store *store, int64_t time_ns, struct tt_error *reterr)
{
	int r;

	r = tt_pattern_expand(&store->pattern, 0, time_ns, store->name);
	assert(r == 0); /* it has one length only, which parse has measured */

	r = create(store, store->name);
	if (r == -EEXIST)
		return tt_target_open_existing(store->folder_fd, store->name, store->is_overwriting,
					       reterr);
	return r < 0 ? word(store, r, "make", find_open_remedy(r), reterr) : r;
}

static int open_target(struct tt_store *store, int64_t time_ns, struct tt_error *reterr)
{
	int r;

	if (store->target == TT_TARGET_STDOUT)
		return STDOUT_FILENO;
	if (store->target == TT_TARGET_STREAM) {
		r = tt_pattern_expand(&store->pattern, 0, time_ns, store->name);
		assert(r == 0);
		/* A rotated stream goes on where it is. */
		return store->fd >= 0
			       ? store->fd
			       : tt_target_open_stream(store->folder_fd, store->name, reterr);
	}

	r = make_room(store, true, reterr);
	if (r < 0)
		return r;
	return store->pattern.numbers_count > 0 ? open_numbered(store, time_ns, reterr)
						: open_single(store, time_ns, reterr);
}

/* Where in a regular file the next write goes. */
static uint64_t find_start(int fd, const struct stat *status)
{
	int flags = fcntl(fd, F_GETFL);
	off_t place = lseek(fd, 0, SEEK_CUR);

	return place < 0 || (flags >= 0 && (flags & O_APPEND)) ? (uint64_t)status->st_size
							       : (uint64_t)place;
}

int tt_store_open(struct tt_store *store, int64_t time_ns, struct tt_error *reterr)
{
	struct stat status;
	int fd;
	int r;

	assert(!store->is_open);

	fd = open_target(store, time_ns, reterr);
	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0) {
		r = -errno;
		if (store->target == TT_TARGET_STDOUT)
			return word(store, r, "look at", "do not start it with this closed",
				    reterr);
		/* Cannot fail for what was just opened; a descriptor that is kept would leak else. */
		store->fd = fd;
		return word(store, r, "look at", "name another file", reterr);
	}

	store->fd = fd;
	store->is_open = true;
	store->is_regular = S_ISREG(status.st_mode);
	store->is_stream = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ||
			   (S_ISCHR(status.st_mode) && isatty(fd));
	store->start_bytes = store->is_regular ? find_start(fd, &status) : 0;
	store->file_bytes = 0;
	return 0;
}

bool tt_store_is_open(const struct tt_store *store)
{
	return store->is_open;
}

bool tt_store_is_stream(const struct tt_store *store)
{
	return store->is_open && store->is_stream;
}

bool tt_store_is_regular(const struct tt_store *store)
{
	return store->is_open && store->is_regular;
}

uint64_t tt_store_file_bytes(const struct tt_store *store)
{
	return store->is_open ? store->file_bytes : 0;
}

/* ---- write ---- */

int tt_store_write(struct tt_store *store, const struct iovec *parts, size_t parts_count,
		   uint64_t *progress_bytes, struct tt_error *reterr)
{
	int r;

	assert(store->is_open);

	r = tt_write_all(store->fd, parts, parts_count, progress_bytes);
	store->file_bytes += *progress_bytes;
	if (r < 0)
		return word(store, r, "write", find_write_remedy(r), reterr);

	if (store->sync == TT_TRACE_SYNC_WRITE && store->is_regular && fdatasync(store->fd) < 0) {
		r = -errno;
		return word(store, r, "sync", find_write_remedy(r), reterr);
	}
	return 0;
}

void tt_store_cut(struct tt_store *store, uint64_t file_bytes)
{
	uint64_t end_bytes = store->start_bytes + file_bytes;
	struct stat status;

	assert(store->is_open);

	/* Others may write to the same standard output: what is theirs is not cut off. */
	if (!store->is_regular || file_bytes >= store->file_bytes ||
	    fstat(store->fd, &status) < 0 ||
	    (uint64_t)status.st_size != store->start_bytes + store->file_bytes)
		return;
	if (ftruncate(store->fd, (off_t)end_bytes) < 0 ||
	    lseek(store->fd, (off_t)end_bytes, SEEK_SET) < 0)
		return;
	store->file_bytes = file_bytes;
}

/* ---- close ---- */

static int sync_folder(const struct tt_store *store, struct tt_error *reterr)
{
	int r;

	if (store->sync == TT_TRACE_SYNC_NONE)
		return 0;
	r = tt_folder_sync(store->folder_fd);
	return r < 0 ? word(store, r, "sync the name of", find_write_remedy(r), reterr) : 0;
}

static int close_file(struct tt_store *store, struct tt_error *reterr)
{
	int r;

	if (close(TT_TAKE_FD(store->fd)) == 0)
		return 0;
	r = -errno;
	return word(store, r, "close", find_write_remedy(r), reterr);
}

/*
 * Closes before publishing, since some file systems tell only then what was not written. The
 * lock is held meanwhile by a second descriptor, or else it would look like a left-over.
 */
static int publish(struct tt_store *store, struct tt_error *reterr)
{
	TT_CLEANUP(tt_closep) int lock_fd = -1;
	int r;

	lock_fd = fcntl(store->fd, F_DUPFD_CLOEXEC, 0);
	if (lock_fd < 0) {
		r = -errno;
		(void)close(TT_TAKE_FD(store->fd)); /* the failure before it is told */
		return word(store, r, "complete", find_open_remedy(r), reterr);
	}
	r = close_file(store, reterr);
	if (r < 0)
		return r;

	r = tt_folder_publish(store->folder_fd, &store->pattern, store->hidden, store->name,
			      store->is_overwriting);
	return r < 0 ? word(store, r, "complete", find_open_remedy(r), reterr) : 0;
}

static int complete(struct tt_store *store, struct tt_error *reterr)
{
	int r;

	if (store->is_regular && store->sync != TT_TRACE_SYNC_NONE && fdatasync(store->fd) < 0) {
		r = -errno;
		(void)word(store, r, "sync", find_write_remedy(r), reterr);
		if (store->target != TT_TARGET_STDOUT)
			(void)close(TT_TAKE_FD(store->fd)); /* the failure before it is told */
		return r;
	}
	if (store->target == TT_TARGET_STDOUT)
		return 0;
	if (store->target == TT_TARGET_STREAM)
		return store->is_rotated ? 0 : close_file(store, reterr);

	r = store->is_rotated ? publish(store, reterr) : close_file(store, reterr);
	if (r < 0)
		return r;
	if (store->is_regular) {
		r = sync_folder(store, reterr);
		if (r < 0)
			return r;
	}
	return make_room(store, false, reterr);
}

int tt_store_close(struct tt_store *store, struct tt_error *reterr)
{
	int r;

	assert(store->is_open);

	r = complete(store, reterr);
	store->is_open = false;
	return r;
}

void tt_store_discard(struct tt_store *store)
{
	const char *name = store->is_rotated ? store->hidden : store->name;

	assert(store->is_open);

	store->is_open = false;
	if (store->target == TT_TARGET_STDOUT)
		return;
	/* What is left of it when this fails is empty, and harms nobody. */
	if (store->is_regular && store->file_bytes == 0 && store->start_bytes == 0 &&
	    tt_folder_is_file(store->folder_fd, name, store->fd))
		(void)unlinkat(store->folder_fd, name, 0);
	(void)close(TT_TAKE_FD(store->fd)); /* nothing is complete that could be lost */
}
