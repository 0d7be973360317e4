/* SPDX-License-Identifier: MIT */

/*
 * The equations of an account, for every test that ends a receiver
 */

#include "tests/support/account.h"

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

void tt_account_assert_exact(const struct tt_accounting *accounting)
{
	uint64_t delivered = tt_account_delivered(accounting);

	assert_int_equal(accounting->is_final, 1);
	for (size_t i = 0; i < TT_SOURCE_KIND_COUNT; i++) {
		const struct tt_source_accounting *source = &accounting->sources[i];

		if (accounting->filter_kind == TT_FILTER_CLASSIC)
			assert_unknown(source);
		else
			assert_int_equal(source->seen, sum_of(source->rejected, TT_COUNTERS_ROOM) +
							       source->accepted);
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
		sum += value;
	}
	return sum;
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

uint64_t tt_account_rejected(const struct tt_accounting *accounting, enum tt_reject reject)
{
	return sum_over_sources(accounting, offsetof(struct tt_source_accounting, rejected) +
						    reject * sizeof(uint64_t));
}
