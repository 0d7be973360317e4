/* SPDX-License-Identifier: MIT */

/*
 * A set of numbers as ranges, to be searched by comparisons
 *
 * What counts for a search are the bounds: the numbers at which the set begins or ends,
 * going up. The numbers between two of them are all in the set or all not. With too many
 * bounds a set is widened: it then has more numbers and fewer ranges.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "filter/ports.h"

struct tt_range {
	uint32_t first;
	uint32_t last;
};

struct tt_ranges {
	struct tt_range *ranges; /* owned; ascending, with a gap between any two */
	size_t count;
	uint32_t number_max; /* of those that are searched for */
};

/* 0 or -ENOMEM; @numbers may have any order, and some twice. */
int tt_ranges_of_numbers(const uint32_t *numbers, size_t count, uint32_t number_max,
			 struct tt_ranges *ret_ranges);
int tt_ranges_of_ports(const struct tt_ports *ports, struct tt_ranges *ret_ranges);
void tt_ranges_deinit(struct tt_ranges *ranges);

/* How many numbers are in the set. */
uint64_t tt_ranges_size(const struct tt_ranges *ranges);

size_t tt_ranges_bounds_count(const struct tt_ranges *ranges);
uint32_t tt_ranges_bound(const struct tt_ranges *ranges, size_t index);
/* Whether the numbers below bound @index, and not below the one before, are in the set. */
bool tt_ranges_has_below_bound(const struct tt_ranges *ranges, size_t index);

/*
 * The widths of the gaps in order: the rank of the widest is 0, of equal ones the lower
 * gap's is less. Gap i lies behind range i. NULL when there is no memory; never for none.
 */
uint32_t *tt_ranges_rank_gaps(const struct tt_ranges *ranges);

/*
 * The smallest superset of at most @count ranges, 0 meaning every number. @ranks are
 * tt_ranges_rank_gaps() of @ranges; @widened must have room for as many ranges, or one.
 */
void tt_ranges_widen(const struct tt_ranges *ranges, const uint32_t *ranks, size_t count,
		     struct tt_ranges *widened);
