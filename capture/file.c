/* SPDX-License-Identifier: MIT */

/*
 * Trace files as a source: pcap and pcapng, one after the other
 *
 * A single pipe is waited for by whoever polls the source. Where a pipe is one of several
 * files the source has no descriptor to poll, and waits itself, a moment at a time so that a stop
 * is heeded.
 */

#include "capture/file.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "trace/reader.h"
#include "twintap/accounting.h"

enum {
	WAIT_MS = 50, /* for a pipe that nobody polls: a stop is heeded after that */
};

struct trace_file {
	char *path;     /* owned */
	uint64_t bytes; /* when the source was made; 0: unknown */
};

struct file_source {
	struct tt_source source;
	struct trace_file *files; /* owned */
	size_t files_count;
	size_t file_index; /* the one that is read, or is opened next */
	bool is_open;
	struct tt_reader reader;
	uint64_t all_bytes;           /* 0: unknown */
	uint64_t finished_bytes;      /* of the files before the present one */
	_Atomic uint64_t done_bytes;  /* the owner counts, any thread asks */
	_Atomic uint64_t given_count; /* likewise */
};

static struct file_source *to_files(struct tt_source *source)
{
	return (struct file_source *)(void *)source; /* its first member */
}

static int open_file(struct file_source *files, struct tt_error *reterr)
{
	int r = tt_reader_open(&files->reader, files->files[files->file_index].path, reterr);

	files->is_open = r == 0;
	return r;
}

/* Goes on to the next file, whatever became of this one. */
static void leave_file(struct file_source *files)
{
	tt_reader_deinit(&files->reader);
	files->is_open = false;
	files->finished_bytes += files->files[files->file_index].bytes;
	files->file_index++;
	atomic_store_explicit(&files->done_bytes, files->finished_bytes, memory_order_relaxed);
}

/* What was read, of no file more than it had at the beginning: done is never beyond all. */
static void tell_progress(struct file_source *files, const struct tt_frame_batch *batch)
{
	uint64_t bytes = files->files[files->file_index].bytes;
	uint64_t offset = tt_reader_offset(&files->reader);
	uint64_t given_count = atomic_load_explicit(&files->given_count, memory_order_relaxed);

	atomic_store_explicit(&files->done_bytes,
			      files->finished_bytes + (offset < bytes ? offset : bytes),
			      memory_order_relaxed);
	atomic_store_explicit(&files->given_count, given_count + batch->frames_count,
			      memory_order_relaxed);
}

static int read_next(struct tt_source *source, struct tt_frame_batch *ret_batch)
{
	struct file_source *files = to_files(source);
	int timeout_ms = source->fd < 0 ? WAIT_MS : 0;
	int r;

	while (files->file_index < files->files_count) {
		r = files->is_open ? 0 : open_file(files, &source->error);
		if (r == 0)
			r = tt_reader_next(&files->reader, ret_batch, timeout_ms, &source->error);
		if (r == 0)
			tell_progress(files, ret_batch);
		if (r == 0 || r == TT_EMPTY)
			return r;
		leave_file(files);
		if (r < 0)
			return r;
	}
	return TT_STOP;
}

/* A pipe whose writer is gone is read to its end. */
static int check(struct tt_source *source)
{
	(void)source;

	return 0;
}

static int add_statistics(struct tt_source *source, struct tt_source_statistics *statistics)
{
	struct file_source *files = to_files(source);

	statistics += TT_SOURCE_FILE;
	statistics->is_present = true;
	statistics->stored += atomic_load_explicit(&files->given_count, memory_order_relaxed);
	return 0;
}

static void free_files(struct tt_source *source)
{
	struct file_source *files = to_files(source);

	tt_reader_deinit(&files->reader);
	for (size_t i = 0; files->files && i < files->files_count; i++)
		free(files->files[i].path);
	free(files->files);
	free(files);
}

static const struct tt_source_ops file_ops = {
	.next = read_next,
	.check = check,
	.add_statistics = add_statistics,
	.free = free_files,
};

static void files_freep(struct file_source **files)
{
	if (*files)
		free_files(&(*files)->source);
}

static int copy_paths(struct file_source *files, const struct tt_file_source_opts *opts)
{
	files->files = calloc(opts->paths_count, sizeof(*files->files));
	if (!files->files)
		return -ENOMEM;
	files->files_count = opts->paths_count;
	for (size_t i = 0; i < opts->paths_count; i++) {
		files->files[i].path = strdup(opts->paths[i]);
		if (!files->files[i].path)
			return -ENOMEM;
	}
	return 0;
}

/* Sums the sizes up, unless one of the files has none. The first one is open. */
static void measure(struct file_source *files)
{
	uint64_t all_bytes = 0;

	for (size_t i = 0; i < files->files_count; i++) {
		struct trace_file *file = &files->files[i];
		struct stat status;
		bool is_known = true;

		if (i == 0)
			is_known = tt_reader_size(&files->reader, &file->bytes);
		else if (stat(file->path, &status) == 0 && S_ISREG(status.st_mode))
			file->bytes = (uint64_t)status.st_size;
		else
			is_known = false;
		if (!is_known)
			return;
		all_bytes += file->bytes;
	}
	files->all_bytes = all_bytes;
}

int tt_file_source_new(struct tt_source **ret_source, const struct tt_file_source_opts *opts,
		       struct tt_error *reterr)
{
	TT_CLEANUP(files_freep) struct file_source *files = calloc(1, sizeof(*files));
	int r;

	assert(opts->paths_count > 0);

	if (!files)
		return tt_error_set(reterr, -ENOMEM, "read traces: %s", strerror(ENOMEM));
	tt_reader_init(&files->reader, opts->interfaces);
	files->source.ops = &file_ops;
	files->source.fd = -1;

	r = copy_paths(files, opts);
	if (r < 0)
		return tt_error_set(reterr, r, "read traces: %s", strerror(-r));
	r = open_file(files, reterr);
	if (r < 0)
		return r;
	measure(files);
	if (files->files_count == 1)
		files->source.fd = tt_reader_fd(&files->reader);
	*ret_source = &TT_TAKE_PTR(files)->source;
	return 0;
}

void tt_file_source_progress(const struct tt_source *source, uint64_t *ret_done_bytes,
			     uint64_t *ret_all_bytes)
{
	const struct file_source *files = (const struct file_source *)(const void *)source;

	*ret_all_bytes = files->all_bytes;
	*ret_done_bytes = files->all_bytes == 0
				  ? 0
				  : atomic_load_explicit(&files->done_bytes, memory_order_relaxed);
}
