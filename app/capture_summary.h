/* SPDX-License-Identifier: MIT */

/*
 * What a capture says of itself: at its start, meanwhile, at its end
 */

#pragma once

#include <stdint.h>

#include "app/capture_advice.h"

/* What is captured, and until when. */
void tt_summary_say_start(const struct tt_capture_options *options);

/* Warns of rings that are smaller than what was asked for. */
void tt_summary_warn_of_rings(const struct tt_capture_options *options,
			      const struct tt_accounting *accounting);

/* One line of counters. */
void tt_summary_say_live(const struct tt_accounting *accounting, int64_t running_ms);

/* A line a source and output, then the losses and what mends them. */
void tt_summary_say_end(const struct tt_capture_facts *facts);
