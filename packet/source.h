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
#include "packet/origin.h"
#include "twintap/accounting.h"
#include "twintap/error.h"

enum {
	TT_BATCH_FRAMES_MAX = 64, /* a batch and what is decoded from it stay in the first cache */
};

/* Frames of one block. The caller drops the hold on it when it is done with them. */
struct tt_frame_batch {
	struct tt_block *block; /* held once for this batch; NULL: the frames lie in no block */
	size_t frames_count;
	uint64_t
		dropped_before; /* lost for lack of room in front of the first frame, as far as told */
	uint32_t generation;    /* of the conditions that took them; 0: none did */
	bool is_pressing;       /* its source is filling up: do not let it wait */
	struct tt_frame frames[TT_BATCH_FRAMES_MAX];
	struct tt_origin origins[TT_BATCH_FRAMES_MAX]; /* of the same frames */
};

/* A batch without frames that hides what is left of an earlier one. */
static inline void tt_frame_batch_clear(struct tt_frame_batch *batch)
{
	batch->block = NULL;
	batch->frames_count = 0;
	batch->dropped_before = 0;
	batch->generation = 0;
	batch->is_pressing = false;
}

/* What a source lost and what it is made of; counts since it was opened. */
struct tt_source_statistics {
	bool is_present;                    /* there is a source of this kind */
	uint64_t seen;                      /* with rejected: of a filter in user space */
	uint64_t rejected[TT_REJECT_COUNT]; /* by enum tt_reject */
	uint64_t stored;                    /* there was room for them in the ring */
	uint64_t dropped;                   /* accepted, but there was no room */
	uint64_t narrowed;                  /* stored, and left out by a filter in user space */
	uint64_t fragments_late;            /* of narrowed */
	uint64_t freezes;                   /* how often there was no room */
	uint64_t ring_bytes;
	uint64_t late; /* given on behind a frame with a later time */
};

struct tt_source;

struct tt_source_ops {
	/*
	 * Fills in the next batch, all of it: 0 with at least one frame, TT_EMPTY when nothing
	 * is there now, TT_STOP when nothing will ever be there again, or a negative errno,
	 * once, and words in the source's error.
	 */
	int (*next)(struct tt_source *source, struct tt_frame_batch *ret_batch);
	/*
	 * Looks why the descriptor reported an error: 0 when it goes on (the interface is
	 * down, say), -ENODEV when the source is dead, or another negative errno.
	 */
	int (*check)(struct tt_source *source);
	/*
	 * Adds what is known up to now to the @statistics of its kinds, TT_SOURCE_KIND_COUNT of
	 * them; from any thread, but for what a stage counts.
	 */
	int (*add_statistics)(struct tt_source *source, struct tt_source_statistics *statistics);
	void (*free)(struct tt_source *source);
};

struct tt_source {
	const struct tt_source_ops *ops;
	int fd; /* polled edge-triggered for EPOLLIN; borrowed by the caller; -1: always ready */
	struct tt_error error; /* of the last failure; code 0: it has no words of its own */
};
