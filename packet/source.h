/* SPDX-License-Identifier: MIT */

/*
 * The seam on the left: where frames come from
 *
 * A source is anything that gives frames in batches: a packet socket's ring, a
 * trace file. Dispatch drives it through these operations and knows no more of it.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/block.h"
#include "packet/frame.h"

enum {
	TT_BATCH_FRAMES_MAX = 64, /* a batch and what is decoded from it stay in the first cache */
};

/* Frames of one block. The caller drops the hold on it when it is done with them. */
struct tt_frame_batch {
	struct tt_block *block; /* held once for this batch; NULL: the frames lie in no block */
	size_t frames_count;
	uint32_t generation; /* of the conditions that took them; 0: none did */
	struct tt_frame frames[TT_BATCH_FRAMES_MAX];
};

/* What a source lost and what it is made of; counts since it was opened. */
struct tt_source_statistics {
	uint64_t stored;         /* there was room for them in the ring */
	uint64_t dropped;        /* accepted, but there was no room */
	uint64_t narrowed;       /* stored, and left out by a filter in user space */
	uint64_t fragments_late; /* of narrowed */
	uint64_t freezes;        /* how often there was no room */
	uint64_t ring_bytes;
};

struct tt_source;

struct tt_source_ops {
	/*
	 * Fills in the next batch: 0 with at least one frame, TT_EMPTY when nothing is
	 * there now, TT_STOP when nothing will ever be there again, or a negative errno.
	 */
	int (*next)(struct tt_source *source, struct tt_frame_batch *ret_batch);
	/*
	 * Looks why the descriptor reported an error: 0 when it goes on (the interface is
	 * down, say), -ENODEV when the source is dead, or another negative errno.
	 */
	int (*check)(struct tt_source *source);
	/* Adds what is known up to now to @statistics; from any thread, but for what a stage counts. */
	int (*add_statistics)(struct tt_source *source, struct tt_source_statistics *statistics);
	void (*free)(struct tt_source *source);
};

struct tt_source {
	const struct tt_source_ops *ops;
	int fd; /* polled edge-triggered for EPOLLIN; borrowed by the caller; -1: always ready */
	uint8_t kind; /* enum tt_source_kind */
};
