/* SPDX-License-Identifier: MIT */

/*
 * What happened between two accounts, a second
 *
 * Pure. What one of the two does not know is TT_UNKNOWN here too, and so is what went
 * down, which no counter does: never a number that was made up.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twintap/accounting.h"

/* An account and its moment. */
struct tt_live_sample {
	int64_t time_ms;          /* since the capture began */
	uint64_t softnet_dropped; /* since then; TT_UNKNOWN: nobody knows */
	struct tt_accounting accounting;
};

/* A counter that ought to stand still: how much, and how much more than before. */
struct tt_live_loss {
	uint64_t total;
	uint64_t now;
};

/* Rates are tenths a second. */
struct tt_live_source {
	bool is_present;
	uint64_t seen_rate;
	uint64_t rejected_rate;
	uint64_t delivered_rate;
	uint64_t delivered;
	struct tt_live_loss lost;
};

struct tt_live_output {
	const char *name; /* of the sample; maybe without a NUL: TT_OUTPUT_NAME_BYTES at most */
	uint64_t written_rate;
	uint64_t bytes_rate;
	uint64_t written;
	struct tt_live_loss dropped;
};

struct tt_live_rates {
	int64_t time_ms;
	int64_t interval_ms;
	size_t outputs_count;
	struct tt_live_source sources[TT_SOURCE_KIND_COUNT];
	struct tt_live_output outputs[TT_OUTPUTS_MAX];
	struct tt_live_loss nic;
	struct tt_live_loss softnet;
};

/* How much more; TT_UNKNOWN where one of them is, or when it is less. */
uint64_t tt_live_growth(uint64_t before, uint64_t now);

/* Borrows names from @now. */
void tt_live_rates_make(struct tt_live_rates *ret_rates, const struct tt_live_sample *before,
			const struct tt_live_sample *now);
