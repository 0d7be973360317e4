/* SPDX-License-Identifier: MIT */

/*
 * A live view of the counters on a terminal
 */

#pragma once

#include <stdbool.h>

#include "app/capture_options.h"
#include "app/live_screen.h"

/* Zeroed: a view that was not begun. */
struct tt_live {
	struct tt_live_screen screen;
	struct tt_live_sample before;
	uint64_t softnet_start;
};

/*
 * Whether standard error is a terminal that can move its cursor, and nothing else is likely to
 * write to it: data that go to a terminal, or to a program that may show them there, would be
 * written over.
 */
bool tt_live_is_possible(const struct tt_capture_options *options);

/* From here on it is counted. */
void tt_live_begin(struct tt_live *live, const struct tt_accounting *accounting);

/* Shows what happened since the last time. */
void tt_live_show(struct tt_live *live, const struct tt_accounting *accounting, int64_t running_ms);

/* To be called before anything is said. */
void tt_live_clear(struct tt_live *live);
