/* SPDX-License-Identifier: MIT */

/*
 * Trace files on the disk for tests, and what reading them gave in one number
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "packet/source.h"
#include "packet/view.h"

enum {
	TT_TRACE_FILE_PATH_BYTES = 100, /* shorter than what messages name of a path */
};

struct tt_trace_file {
	char path[TT_TRACE_FILE_PATH_BYTES];
	int fd; /* open for writing, which keeps readers from mapping it; -1: closed */
};

/* An empty file in TMPDIR; ends the program when that fails, as everything here. */
void tt_trace_file_init(struct tt_trace_file *file);
void tt_trace_file_append(struct tt_trace_file *file, struct tt_view bytes);
void tt_trace_file_close(struct tt_trace_file *file);
/* Removes it. */
void tt_trace_file_deinit(struct tt_trace_file *file);

/* Frames, and all that is in them but pointers. */
struct tt_trace_digest {
	uint64_t frames_count;
	uint64_t dropped;
	uint64_t hash;
};

void tt_trace_digest_add(struct tt_trace_digest *digest, const struct tt_frame_batch *batch);
