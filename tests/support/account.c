/* SPDX-License-Identifier: MIT */

/*
 * The equations of an account, for every test that ends a receiver
 */

#include "tests/support/account.h"

#include <stdbool.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

static uint64_t sum_of(const uint64_t *counts, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += counts[i];
	return sum;
}

/* A classic filter counts nothing, and says so. */
static void assert_unknown(const struct tt_source_accounting *source)
{
	uint64_t unknown = source->is_present ? TT_UNKNOWN : 0;

	assert_int_equal(source->seen, unknown);
	for (size_t i = 0; i < TT_REJECT_COUNT; i++)
		assert_int_equal(source->rejected[i], unknown);
}

static void assert_exact_filter(const struct tt_source_accounting *source)
{
	assert_int_equal(source->seen,
			 sum_of(source->rejected, TT_COUNTERS_ROOM) + source->accepted);
	assert_int_equal(source->narrowed, 0);
}

void tt_account_assert_exact(const struct tt_accounting *accounting)
{
	uint64_t delivered = tt_account_delivered(accounting);

	assert_int_equal(accounting->is_final, 1);
	for (size_t i = 0; i < TT_SOURCE_KIND_COUNT; i++) {
		const struct tt_source_accounting *source = &accounting->sources[i];

		if (accounting->filter_kind == TT_FILTER_CLASSIC)
			assert_unknown(source);
		else
			assert_exact_filter(source);
		assert_int_equal(source->accepted,
				 source->ring_dropped + source->narrowed + source->delivered);
		assert_int_equal(source->delivered, sum_of(source->verdicts, TT_COUNTERS_ROOM));
	}
	for (size_t i = 0; i < accounting->outputs_count; i++) {
		const struct tt_output_accounting *output = &accounting->outputs[i];

		assert_int_equal(delivered,
				 sum_of(output->withheld, TT_COUNTERS_ROOM) + output->given);
		assert_int_equal(output->given, output->written + output->dropped);
	}
}

static uint64_t sum_over_sources(const struct tt_accounting *accounting, size_t offset)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < TT_SOURCE_KIND_COUNT; i++) {
		uint64_t value;

		memcpy(&value, (const char *)&accounting->sources[i] + offset, sizeof(value));
		if (value == TT_UNKNOWN)
			return TT_UNKNOWN;
		sum += value;
	}
	return sum;
}

/* Whether the filter has counted; if not, that it says so. */
static bool filter_counts(const struct tt_accounting *accounting)
{
	if (accounting->filter_kind == TT_FILTER_EBPF)
		return true;
	for (size_t i = 0; i < TT_SOURCE_KIND_COUNT; i++)
		assert_unknown(&accounting->sources[i]);
	return false;
}

void tt_account_assert_seen(const struct tt_accounting *accounting, uint64_t count)
{
	if (filter_counts(accounting))
		assert_int_equal(tt_account_seen(accounting), count);
}

void tt_account_assert_rejected(const struct tt_accounting *accounting, enum tt_reject reject,
				uint64_t count)
{
	if (filter_counts(accounting))
		assert_int_equal(tt_account_rejected(accounting, reject), count);
}

void tt_account_assert_rejected_least(const struct tt_accounting *accounting, enum tt_reject reject,
				      uint64_t count_min)
{
	if (filter_counts(accounting))
		assert_true(tt_account_rejected(accounting, reject) >= count_min);
}

uint64_t tt_account_seen(const struct tt_accounting *accounting)
{
	return sum_over_sources(accounting, offsetof(struct tt_source_accounting, seen));
}

uint64_t tt_account_accepted(const struct tt_accounting *accounting)
{
	return sum_over_sources(accounting, offsetof(struct tt_source_accounting, accepted));
}

uint64_t tt_account_delivered(const struct tt_accounting *accounting)
{
	return sum_over_sources(accounting, offsetof(struct tt_source_accounting, delivered));
}

uint64_t tt_account_ring_dropped(const struct tt_accounting *accounting)
{
	return sum_over_sources(accounting, offsetof(struct tt_source_accounting, ring_dropped));
}

uint64_t tt_account_narrowed(const struct tt_accounting *accounting)
{
	return sum_over_sources(accounting, offsetof(struct tt_source_accounting, narrowed));
}

uint64_t tt_account_rejected(const struct tt_accounting *accounting, enum tt_reject reject)
{
	return sum_over_sources(accounting, offsetof(struct tt_source_accounting, rejected) +
						    reject * sizeof(uint64_t));
}
