/* SPDX-License-Identifier: MIT */

/*
 * The measures of a receive ring
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

struct tt_ring_geometry {
	size_t block_bytes; /* a multiple of the page size; one order for the kernel's allocator */
	uint32_t blocks_count; /* >= 2: one is filled while the other is read */
};

/* Measures for a ring of @ring_bytes, rounded up to whole blocks. @page_bytes: sysconf(3). */
struct tt_ring_geometry tt_ring_geometry_choose(uint64_t ring_bytes, size_t page_bytes);

/* The next smaller ring to try when memory is short; blocks_count 0: there is none. */
struct tt_ring_geometry tt_ring_geometry_step_down(struct tt_ring_geometry geometry);

static inline uint64_t tt_ring_geometry_bytes(struct tt_ring_geometry geometry)
{
	return (uint64_t)geometry.block_bytes * geometry.blocks_count;
}
