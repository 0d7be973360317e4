/* SPDX-License-Identifier: MIT */

/*
 * The measures of a receive ring
 *
 * A block is one allocation in the kernel, and what one wake-up hands over. Large
 * blocks cost fewest wake-ups. But a block is handed over when its time has come,
 * however empty it is, so at low rates a ring holds as many retire times as it has
 * blocks, and no more: 16 blocks of 4 ms were full after 64 ms of a stalled reader,
 * at any rate. So blocks are no larger than pays, and a larger ring has more of them.
 * A block must hold the largest super-packet, else the kernel cuts it.
 */

#include "capture/geometry.h"

#include <assert.h>

enum {
	BLOCK_BYTES_MAX = 256 << 10,
	BLOCK_BYTES_MIN = 128 << 10, /* a 64 KiB super-packet and the header before it */
	BLOCKS_COUNT_WANTED = 16,
	BLOCKS_COUNT_MIN = 2,
};

struct tt_ring_geometry tt_ring_geometry_choose(uint64_t ring_bytes, size_t page_bytes)
{
	size_t block_bytes = BLOCK_BYTES_MAX;
	uint64_t blocks_count;

	assert(page_bytes > 0);

	while (block_bytes > BLOCK_BYTES_MIN && ring_bytes / block_bytes < BLOCKS_COUNT_WANTED)
		block_bytes /= 2;
	if (block_bytes < page_bytes)
		block_bytes = page_bytes; /* both are powers of two */

	blocks_count = (ring_bytes + block_bytes - 1) / block_bytes;
	if (blocks_count < BLOCKS_COUNT_MIN)
		blocks_count = BLOCKS_COUNT_MIN;

	return (struct tt_ring_geometry){ .block_bytes = block_bytes,
					  .blocks_count = (uint32_t)blocks_count };
}

struct tt_ring_geometry tt_ring_geometry_step_down(struct tt_ring_geometry geometry)
{
	if (geometry.blocks_count <= BLOCKS_COUNT_MIN)
		geometry.blocks_count = 0;
	else if (geometry.blocks_count < 2 * BLOCKS_COUNT_MIN)
		geometry.blocks_count = BLOCKS_COUNT_MIN;
	else
		geometry.blocks_count -= geometry.blocks_count / 4;
	return geometry;
}
