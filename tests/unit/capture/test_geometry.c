/* SPDX-License-Identifier: MIT */

/*
 * The measures of a receive ring
 *
 * Sizes over the whole range that a receiver may ask for, around each power of two and
 * at odd places between, with each page size that Linux has. Whether the kernel takes
 * such a ring is for the tests of the source.
 */

#include "capture/geometry.h"

#include <stdbool.h>

#include "twintap/receiver.h"

#include "tests/unit/cmocka_all.h"

enum {
	SUPER_PACKET_BLOCK_BYTES = 128 << 10, /* holds a packet of 64 KiB with its header */
	BLOCK_BYTES_MAX = 256 << 10,
	BLOCKS_COUNT_WANTED = 16,
	STEPS_MAX = 64,
	ODD_STEP_BYTES = 9999991, /* a prime, so that no size is a round one */
};

static const size_t pages_bytes[] = { 4 << 10, 8 << 10, 16 << 10, 64 << 10, 256 << 10 };

typedef void check_fn(uint64_t ring_bytes, size_t page_bytes);

static void for_each_size(check_fn *check)
{
	for (size_t page = 0; page < sizeof(pages_bytes) / sizeof(pages_bytes[0]); page++) {
		size_t page_bytes = pages_bytes[page];

		for (uint64_t bytes = TT_RING_BYTES_MIN; bytes <= TT_RING_BYTES_MAX; bytes *= 2) {
			if (bytes > TT_RING_BYTES_MIN)
				check(bytes - 1, page_bytes);
			check(bytes, page_bytes);
			if (bytes < TT_RING_BYTES_MAX)
				check(bytes + 1, page_bytes);
		}
		for (uint64_t bytes = TT_RING_BYTES_MIN; bytes <= TT_RING_BYTES_MAX;
		     bytes += ODD_STEP_BYTES)
			check(bytes, page_bytes);
	}
}

static bool is_power_of_two(size_t number)
{
	return number > 0 && (number & (number - 1)) == 0;
}

static void check_size(uint64_t ring_bytes, size_t page_bytes)
{
	struct tt_ring_geometry geometry = tt_ring_geometry_choose(ring_bytes, page_bytes);

	assert_true(tt_ring_geometry_bytes(geometry) >= ring_bytes);
	assert_true(geometry.blocks_count >= 2);
	if (geometry.blocks_count > 2)
		assert_true(tt_ring_geometry_bytes(geometry) - ring_bytes < geometry.block_bytes);
}

static void ring_is_what_was_asked_for_rounded_up_to_blocks(void **state)
{
	(void)state;
	for_each_size(check_size);
}

static void check_block(uint64_t ring_bytes, size_t page_bytes)
{
	struct tt_ring_geometry geometry = tt_ring_geometry_choose(ring_bytes, page_bytes);

	assert_true(is_power_of_two(geometry.block_bytes)); /* one order of the page allocator */
	assert_int_equal(geometry.block_bytes % page_bytes, 0);
	assert_true(geometry.block_bytes >= SUPER_PACKET_BLOCK_BYTES);
	assert_true(geometry.block_bytes <= BLOCK_BYTES_MAX || geometry.block_bytes == page_bytes);
}

static void block_is_whole_pages_and_holds_a_super_packet(void **state)
{
	(void)state;
	for_each_size(check_block);
}

static void check_trade(uint64_t ring_bytes, size_t page_bytes)
{
	struct tt_ring_geometry geometry = tt_ring_geometry_choose(ring_bytes, page_bytes);
	bool is_smallest = geometry.block_bytes == SUPER_PACKET_BLOCK_BYTES ||
			   geometry.block_bytes == page_bytes;
	bool is_largest = geometry.block_bytes == BLOCK_BYTES_MAX;

	if (!is_smallest)
		assert_true(geometry.blocks_count >= BLOCKS_COUNT_WANTED);
	if (!is_largest && geometry.block_bytes != page_bytes)
		assert_true(ring_bytes / (2 * geometry.block_bytes) < BLOCKS_COUNT_WANTED);
}

static void blocks_are_as_large_as_sixteen_of_them_allow(void **state)
{
	(void)state;
	for_each_size(check_trade);
}

/* At a low rate each block holds one retire time, so their number is what a stall costs. */
static void default_ring_has_sixty_four_blocks(void **state)
{
	struct tt_ring_geometry geometry = tt_ring_geometry_choose(TT_RING_BYTES_DEFAULT, 4096);

	(void)state;

	assert_int_equal(geometry.block_bytes, 256 << 10);
	assert_int_equal(geometry.blocks_count, 64);
}

static void smallest_ring_has_two_blocks(void **state)
{
	struct tt_ring_geometry geometry = tt_ring_geometry_choose(TT_RING_BYTES_MIN, 4096);

	(void)state;

	assert_int_equal(geometry.block_bytes, SUPER_PACKET_BLOCK_BYTES);
	assert_int_equal(geometry.blocks_count, 2);
	assert_int_equal(tt_ring_geometry_choose(0, 4096).blocks_count, 2);
	assert_int_equal(tt_ring_geometry_choose(1, 65536).blocks_count, 2);
}

static void check_steps(uint64_t ring_bytes, size_t page_bytes)
{
	struct tt_ring_geometry geometry = tt_ring_geometry_choose(ring_bytes, page_bytes);
	size_t block_bytes = geometry.block_bytes;
	unsigned int steps = 0;

	while (geometry.blocks_count > 2) {
		uint32_t before = geometry.blocks_count;

		geometry = tt_ring_geometry_step_down(geometry);
		assert_int_equal(geometry.block_bytes, block_bytes);
		assert_true(geometry.blocks_count >= 2);
		assert_true(geometry.blocks_count < before);
		assert_true(geometry.blocks_count >= before / 2); /* no more is given up at once */
		assert_true(++steps < STEPS_MAX);
	}
	assert_int_equal(geometry.blocks_count, 2);
	assert_int_equal(tt_ring_geometry_step_down(geometry).blocks_count, 0);
}

static void steps_down_end_at_two_blocks(void **state)
{
	(void)state;
	for_each_size(check_steps);
}

static void nothing_is_below_the_end(void **state)
{
	struct tt_ring_geometry geometry = { .block_bytes = 1 << 20 };

	(void)state;

	assert_int_equal(tt_ring_geometry_step_down(geometry).blocks_count, 0);
	geometry.blocks_count = 1;
	assert_int_equal(tt_ring_geometry_step_down(geometry).blocks_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_is_what_was_asked_for_rounded_up_to_blocks),
		cmocka_unit_test(block_is_whole_pages_and_holds_a_super_packet),
		cmocka_unit_test(blocks_are_as_large_as_sixteen_of_them_allow),
		cmocka_unit_test(default_ring_has_sixty_four_blocks),
		cmocka_unit_test(smallest_ring_has_two_blocks),
		cmocka_unit_test(steps_down_end_at_two_blocks),
		cmocka_unit_test(nothing_is_below_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
