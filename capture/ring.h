/* SPDX-License-Identifier: MIT */

/*
 * Receive ring of one packet socket: TPACKET_V3 blocks in mapped memory
 *
 * Owns the order of the blocks and walks the frames in them. It knows nothing of
 * the socket that fills them (capture/source.c) or of what a frame contains.
 *
 *            kernel fills            tt_ring_next()
 *   KERNEL ----------------> USER ------------------> taken --+
 *     ^                                                       | last hold dropped
 *     +------------------------- returned, in order <---------+
 *
 * Invariant 1: a block is read only while its status word says "user".
 * Invariant 2: blocks go back to the kernel in the order in which it filled them,
 *              for it stops at the first that it does not own.
 * Invariant 3: no offset or length of the ring is used before it was checked
 *              against the block.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/geometry.h"
#include "packet/source.h"

struct tt_ring {
	uint8_t *memory; /* borrowed */
	struct tt_ring_geometry geometry;
	struct tt_block *blocks; /* owned; one for each block of the memory */
	uint8_t version;         /* of the frames: 4 or 6; 0: each says its own */
	uint8_t source_kind;     /* enum tt_source_kind */

	uint32_t take_index;   /* the block that is taken next */
	uint32_t return_index; /* the oldest block that was not returned */
	uint32_t taken_count;  /* blocks between the two */

	struct tt_block *current; /* the block that is walked, held once for that; or NULL */
	uint32_t frames_left;     /* in it */
	uint32_t frame_offset;    /* of the next one */
	uint32_t end_offset;      /* of what the kernel filled */
	bool is_losing;           /* a block said that frames were dropped since the last look */
	bool is_pressing;         /* half of the blocks were full when the current one was taken */
	bool is_broken;           /* the memory is no ring, and that was said */
};

int tt_ring_init(struct tt_ring *ring, uint8_t *memory, struct tt_ring_geometry geometry,
		 uint8_t version, uint8_t source_kind);
/* The memory may be gone already. No block may be held. */
void tt_ring_deinit(struct tt_ring *ring);

/*
 * Fills in frames of one block, which the batch holds. Sets is_losing when the kernel says
 * that it had no room before the block was full; who heeds it clears it. 0; TT_EMPTY when no block is
 * ready; -EBADMSG, once, when the memory is no ring, behind the frames that could be
 * read; from then on TT_STOP.
 */
int tt_ring_next(struct tt_ring *ring, struct tt_frame_batch *ret_batch);
