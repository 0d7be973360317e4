/* SPDX-License-Identifier: MIT */

/*
 * Trace files on the disk for tests, and what reading them gave in one number
 */

#include "tests/support/trace_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void check(bool is_right, const char *what)
{
	if (is_right)
		return;
	perror(what);
	abort();
}

void tt_trace_file_init(struct tt_trace_file *file)
{
	const char *folder = getenv("TMPDIR");

	(void)snprintf(file->path, sizeof(file->path), "%s/tt-trace-XXXXXX",
		       folder && *folder ? folder : "/tmp");
	file->fd = mkstemp(file->path);
	check(file->fd >= 0, file->path);
}

void tt_trace_file_append(struct tt_trace_file *file, struct tt_view bytes)
{
	while (bytes.bytes_count > 0) {
		ssize_t written_bytes = write(file->fd, bytes.bytes, bytes.bytes_count);

		check(written_bytes > 0, file->path);
		bytes = tt_view_slice(bytes, (size_t)written_bytes, bytes.bytes_count);
	}
}

void tt_trace_file_close(struct tt_trace_file *file)
{
	if (file->fd >= 0)
		check(close(file->fd) == 0, file->path);
	file->fd = -1;
}

void tt_trace_file_deinit(struct tt_trace_file *file)
{
	tt_trace_file_close(file);
	(void)unlink(file->path); /* a test may have removed it itself */
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t bytes_count)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < bytes_count; i++)
		hash = (hash ^ at[i]) * UINT64_C(1099511628211);
	return hash;
}

void tt_trace_digest_add(struct tt_trace_digest *digest, const struct tt_frame_batch *batch)
{
	for (size_t i = 0; i < batch->frames_count; i++) {
		struct tt_frame frame = batch->frames[i];

		digest->hash = hash_bytes(digest->hash, frame.bytes, frame.captured_bytes);
		frame.bytes = NULL;
		digest->hash = hash_bytes(digest->hash, &frame, sizeof(frame));
		digest->hash = hash_bytes(digest->hash, &batch->origins[i],
					  sizeof(batch->origins[i]));
	}
	digest->frames_count += batch->frames_count;
	digest->dropped += batch->dropped_before;
}
