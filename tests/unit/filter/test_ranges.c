/* SPDX-License-Identifier: MIT */

/*
 * A set of numbers as ranges, to be searched by comparisons
 *
 * Sets are small and made of the bits of a seeded word, so that each number can be asked
 * for: first where it lies among the bounds, then whether a widened set may have it.
 */

#include "filter/ranges.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

enum {
	NUMBERS_COUNT = 32, /* a set is a word's bits */
	SETS_COUNT = 2000,
};

static uint32_t seed;

static uint32_t next_word(void)
{
	uint32_t upper;

	seed = seed * 1664525 + 1013904223;
	upper = seed & 0xffff0000;
	seed = seed * 1664525 + 1013904223;
	return upper | seed >> 16;
}

static void make_set(uint32_t bits, struct tt_ranges *ranges)
{
	uint32_t numbers[2 * NUMBERS_COUNT];
	size_t count = 0;

	/* From the largest down, every other one twice. */
	for (uint32_t number = NUMBERS_COUNT; number-- > 0;) {
		for (uint32_t times = bits >> number & 1; times > 0 && times <= 1 + number % 2;
		     times++)
			numbers[count++] = number;
	}
	assert_int_equal(tt_ranges_of_numbers(numbers, count, NUMBERS_COUNT - 1, ranges), 0);
}

/* What a search by the bounds makes of a number. */
static bool search(const struct tt_ranges *ranges, uint32_t number)
{
	size_t index = 0;

	while (index < tt_ranges_bounds_count(ranges) && number >= tt_ranges_bound(ranges, index))
		index++;
	return tt_ranges_has_below_bound(ranges, index);
}

static void bounds_tell_the_numbers_of_a_set(void **state)
{
	(void)state;
	seed = 1;
	for (int i = 0; i < SETS_COUNT; i++) {
		uint32_t bits = next_word();
		uint32_t others = next_word();
		struct tt_ranges ranges;

		if (i % 3 == 0) /* few numbers */
			bits &= others;
		else if (i % 3 == 1) /* nearly all */
			bits |= others;
		make_set(bits, &ranges);
		for (uint32_t number = 0; number < NUMBERS_COUNT; number++)
			assert_int_equal(search(&ranges, number), bits >> number & 1);
		assert_int_equal(tt_ranges_size(&ranges), __builtin_popcount(bits));
		for (size_t bound = 1; bound < tt_ranges_bounds_count(&ranges); bound++)
			assert_true(tt_ranges_bound(&ranges, bound) >
				    tt_ranges_bound(&ranges, bound - 1));
		tt_ranges_deinit(&ranges);
	}
}

static void set_of_none_and_set_of_all_have_no_bounds(void **state)
{
	struct tt_ranges ranges;

	(void)state;
	make_set(0, &ranges);
	assert_int_equal(tt_ranges_bounds_count(&ranges), 0);
	assert_false(tt_ranges_has_below_bound(&ranges, 0));
	tt_ranges_deinit(&ranges);

	make_set(UINT32_MAX, &ranges);
	assert_int_equal(tt_ranges_bounds_count(&ranges), 0);
	assert_true(tt_ranges_has_below_bound(&ranges, 0));
	tt_ranges_deinit(&ranges);
}

static void largest_number_of_all_ends_its_range(void **state)
{
	const uint32_t numbers[] = { UINT32_MAX, 0, UINT32_MAX - 1 };
	struct tt_ranges ranges;

	(void)state;
	assert_int_equal(tt_ranges_of_numbers(numbers, 3, UINT32_MAX, &ranges), 0);
	assert_int_equal(ranges.count, 2);
	assert_int_equal(tt_ranges_bounds_count(&ranges), 2);
	assert_int_equal(tt_ranges_bound(&ranges, 0), 1);
	assert_int_equal(tt_ranges_bound(&ranges, 1), UINT32_MAX - 1);
	assert_int_equal(tt_ranges_size(&ranges), 3);
	tt_ranges_deinit(&ranges);
}

static void ports_are_the_ranges_of_their_words(void **state)
{
	struct tt_ranges ranges;
	struct tt_ports ports;

	(void)state;
	assert_int_equal(tt_ports_parse("0,53,63-64,1000-2000,65534-65535", &ports, NULL), 0);
	assert_int_equal(tt_ranges_of_ports(&ports, &ranges), 0);
	assert_int_equal(ranges.count, 5);
	assert_int_equal(ranges.ranges[2].first, 63);
	assert_int_equal(ranges.ranges[2].last, 64);
	assert_int_equal(ranges.ranges[4].last, 65535);
	assert_int_equal(tt_ranges_bounds_count(&ranges), 8);
	assert_int_equal(tt_ranges_size(&ranges), 1 + 1 + 2 + 1001 + 2);
	tt_ranges_deinit(&ranges);

	memset(&ports, 0x55, sizeof(ports)); /* the most ranges that there can be */
	assert_int_equal(tt_ranges_of_ports(&ports, &ranges), 0);
	assert_int_equal(ranges.count, 32768);
	assert_int_equal(tt_ranges_bounds_count(&ranges), 65535);
	tt_ranges_deinit(&ranges);
}

/* The widened set must be the ranges with their narrowest gaps closed, one after the other. */
static void assert_is_widened_step_by_step(uint32_t bits)
{
	struct tt_range room[NUMBERS_COUNT];
	struct tt_ranges widened = { .ranges = room };
	struct tt_ranges ranges;
	uint32_t narrowest = 0;
	uint64_t size;
	uint32_t *ranks;

	make_set(bits, &ranges);
	ranks = tt_ranges_rank_gaps(&ranges);
	assert_non_null(ranks);
	size = tt_ranges_size(&ranges);
	for (size_t count = ranges.count; count > 0; count--) {
		tt_ranges_widen(&ranges, ranks, count, &widened);
		assert_int_equal(widened.count, count);
		/* Each step closes one gap, no narrower than the one before. */
		assert_true(tt_ranges_size(&widened) >= size + narrowest);
		narrowest = (uint32_t)(tt_ranges_size(&widened) - size);
		size = tt_ranges_size(&widened);
		for (uint32_t number = 0; number < NUMBERS_COUNT; number++)
			assert_true(!(bits >> number & 1) || search(&widened, number));
		for (size_t i = 1; i < widened.count; i++)
			assert_true(room[i].first - room[i - 1].last - 1 >= narrowest);
	}
	tt_ranges_widen(&ranges, ranks, 0, &widened);
	assert_int_equal(tt_ranges_size(&widened), NUMBERS_COUNT);
	free(ranks);
	tt_ranges_deinit(&ranges);
}

static void widening_closes_the_narrowest_gaps_first(void **state)
{
	(void)state;
	seed = 2;
	assert_is_widened_step_by_step(0);
	assert_is_widened_step_by_step(1);
	assert_is_widened_step_by_step(0x55555555);
	for (int i = 0; i < SETS_COUNT; i++)
		assert_is_widened_step_by_step(next_word() & (i % 2 ? next_word() : UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_tell_the_numbers_of_a_set),
		cmocka_unit_test(set_of_none_and_set_of_all_have_no_bounds),
		cmocka_unit_test(largest_number_of_all_ends_its_range),
		cmocka_unit_test(ports_are_the_ranges_of_their_words),
		cmocka_unit_test(widening_closes_the_narrowest_gaps_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
