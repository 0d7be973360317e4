/* SPDX-License-Identifier: MIT */

/*
 * A block of memory that frames lie in, and who still needs it
 *
 * A source hands out batches of frames; each batch names the block that its
 * bytes lie in and holds it once. Whoever drops the last hold gives the block
 * back to its source, a ring block thereby to the kernel.
 *
 * Invariant 1: the count is touched only by the thread that owns the source. A
 *              sink that works elsewhere posts its completions to that thread.
 * Invariant 2: a holder may change the bytes only while it is the only one.
 */

#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct tt_block {
	uint8_t *bytes;
	size_t room_bytes;
	uint32_t holders_count;
	uint32_t index;                                         /* the source's own number for it */
	void (*release)(struct tt_block *block, void *context); /* called when nobody holds it */
	void *context;
};

static inline void tt_block_hold(struct tt_block *block)
{
	block->holders_count++;
}

static inline void tt_block_drop(struct tt_block *block)
{
	assert(block->holders_count > 0);

	if (--block->holders_count == 0)
		block->release(block, block->context);
}
