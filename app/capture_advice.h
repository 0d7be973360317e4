/* SPDX-License-Identifier: MIT */

/*
 * Why a capture showed nothing, and what mends that
 *
 * A decision from the counters alone, so that it can be tried without a network.
 */

#pragma once

#include <stdbool.h>

#include "app/capture_options.h"
#include "app/remark.h"
#include "twintap/accounting.h"

/* What is known at the end. */
struct tt_capture_facts {
	const struct tt_capture_options *options;
	const struct tt_accounting *accounting;
	const char *idle_interface; /* first of the chosen ones if none of them runs; or NULL */
};

/* Datagrams that all outputs together have written. */
uint64_t tt_capture_written(const struct tt_accounting *accounting);

/* Words the likeliest cause. False when something was written, or when a failure says it. */
bool tt_capture_advise(const struct tt_capture_facts *facts, struct tt_remark *remark);

/* "64M", "256K": as --buffer takes it. */
void tt_capture_add_size(struct tt_remark *remark, uint64_t bytes);

/* A larger ring to try, at most TT_RING_BYTES_MAX. */
uint64_t tt_capture_larger_ring(const struct tt_capture_options *options);
