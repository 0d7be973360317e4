/* SPDX-License-Identifier: MIT */

/*
 * A set of numbers as ranges, to be searched by comparisons
 *
 * A range that begins at 0 has no lower bound to compare with, and one that ends at the
 * largest number has no upper one: the bounds are counted without these.
 */

#include "filter/ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* A gap between two ranges. */
struct gap {
	uint32_t width;
	uint32_t index; /* of the range before it */
};

static void gaps_freep(struct gap **gaps)
{
	free(*gaps);
}

static void numbers_freep(uint32_t **numbers)
{
	free(*numbers);
}

static void add_number(struct tt_ranges *ranges, uint32_t number)
{
	struct tt_range *last = ranges->count > 0 ? &ranges->ranges[ranges->count - 1] : NULL;

	if (last && number - last->last <= 1)
		last->last = number;
	else
		ranges->ranges[ranges->count++] = (struct tt_range){ number, number };
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

int tt_ranges_of_numbers(const uint32_t *numbers, size_t count, uint32_t number_max,
			 struct tt_ranges *ret_ranges)
{
	TT_CLEANUP(numbers_freep) uint32_t *sorted = NULL;
	TT_CLEANUP(tt_ranges_deinit) struct tt_ranges ranges = { .number_max = number_max };

	sorted = calloc(count + 1, sizeof(*sorted));
	ranges.ranges = calloc(count + 1, sizeof(*ranges.ranges));
	if (!sorted || !ranges.ranges)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = numbers[i];
	qsort(sorted, count, sizeof(*sorted), compare_numbers);
	for (size_t i = 0; i < count; i++)
		add_number(&ranges, sorted[i]);

	*ret_ranges = ranges;
	ranges.ranges = NULL;
	return 0;
}

int tt_ranges_of_ports(const struct tt_ports *ports, struct tt_ranges *ret_ranges)
{
	struct tt_ranges ranges = { .number_max = TT_PORTS_COUNT - 1 };

	/* At worst every other port. */
	ranges.ranges = calloc(TT_PORTS_COUNT / 2, sizeof(*ranges.ranges));
	if (!ranges.ranges)
		return -ENOMEM;
	for (uint32_t port = 0; port < TT_PORTS_COUNT; port++) {
		if (tt_ports_has(ports, (uint16_t)port))
			add_number(&ranges, port);
	}

	*ret_ranges = ranges;
	return 0;
}

void tt_ranges_deinit(struct tt_ranges *ranges)
{
	free(ranges->ranges);
	*ranges = (struct tt_ranges){ 0 };
}

uint64_t tt_ranges_size(const struct tt_ranges *ranges)
{
	uint64_t size = 0;

	for (size_t i = 0; i < ranges->count; i++)
		size += (uint64_t)ranges->ranges[i].last - ranges->ranges[i].first + 1;
	return size;
}

/* Whether the first range begins at 0. */
static bool has_zero(const struct tt_ranges *ranges)
{
	return ranges->count > 0 && ranges->ranges[0].first == 0;
}

size_t tt_ranges_bounds_count(const struct tt_ranges *ranges)
{
	bool has_max = ranges->count > 0 &&
		       ranges->ranges[ranges->count - 1].last >= ranges->number_max;

	return 2 * ranges->count - has_zero(ranges) - has_max;
}

uint32_t tt_ranges_bound(const struct tt_ranges *ranges, size_t index)
{
	size_t end = index + has_zero(ranges); /* of the ranges' ends, the first among them */
	const struct tt_range *range = &ranges->ranges[end / 2];

	return end % 2 == 0 ? range->first : range->last + 1;
}

bool tt_ranges_has_below_bound(const struct tt_ranges *ranges, size_t index)
{
	return (index + has_zero(ranges)) % 2 == 1;
}

static int compare_gaps(const void *a, const void *b)
{
	const struct gap *left = a, *right = b;

	if (left->width != right->width)
		return left->width > right->width ? -1 : 1;
	return (left->index > right->index) - (left->index < right->index);
}

uint32_t *tt_ranges_rank_gaps(const struct tt_ranges *ranges)
{
	size_t count = ranges->count > 0 ? ranges->count - 1 : 0;
	TT_CLEANUP(numbers_freep) uint32_t *ranks = NULL;
	TT_CLEANUP(gaps_freep) struct gap *gaps = NULL;

	gaps = calloc(count + 1, sizeof(*gaps));
	ranks = calloc(count + 1, sizeof(*ranks));
	if (!gaps || !ranks)
		return NULL;

	for (uint32_t i = 0; i < count; i++) {
		gaps[i].width = ranges->ranges[i + 1].first - ranges->ranges[i].last - 1;
		gaps[i].index = i;
	}
	qsort(gaps, count, sizeof(*gaps), compare_gaps);
	for (uint32_t rank = 0; rank < count; rank++)
		ranks[gaps[rank].index] = rank;
	return TT_TAKE_PTR(ranks);
}

void tt_ranges_widen(const struct tt_ranges *ranges, const uint32_t *ranks, size_t count,
		     struct tt_ranges *widened)
{
	widened->number_max = ranges->number_max;
	widened->count = 0;
	if (count == 0) {
		widened->ranges[widened->count++] = (struct tt_range){ 0, ranges->number_max };
		return;
	}
	for (size_t i = 0; i < ranges->count; i++) {
		/* Between n ranges lie the n - 1 widest gaps. */
		if (i == 0 || ranks[i - 1] + (size_t)1 < count)
			widened->ranges[widened->count++] = ranges->ranges[i];
		else
			widened->ranges[widened->count - 1].last = ranges->ranges[i].last;
	}
}
