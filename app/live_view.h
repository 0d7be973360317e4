/* SPDX-License-Identifier: MIT */

/*
 * Rates as lines for a terminal
 *
 * Pure. No line has more than TT_LIVE_COLUMNS characters, all of them printable ASCII.
 * A loss of the last interval is marked by a word in its line, and the line by is_alarm.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "app/live_rates.h"

enum {
	TT_LIVE_COLUMNS = 79, /* the last of 80 stays free: a full line would wrap */
	/* Two lines of heads, one of losses, one of the time, and all sources and outputs. */
	TT_LIVE_LINES_MAX = 4 + TT_SOURCE_KIND_COUNT + TT_OUTPUTS_MAX,
};

struct tt_live_line {
	char text[TT_LIVE_COLUMNS + 1];
	bool is_alarm;
};

struct tt_live_view {
	struct tt_live_line lines[TT_LIVE_LINES_MAX];
	size_t lines_count;
};

void tt_live_view_make(struct tt_live_view *ret_view, const struct tt_live_rates *rates);
