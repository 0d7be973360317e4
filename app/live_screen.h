/* SPDX-License-Identifier: MIT */

/*
 * Lines on a terminal that are written over
 *
 * The cursor rests at the beginning of the line below them. One write moves it up, writes
 * every line anew, and clears what is left: nothing flickers. Lines are cut to the width
 * and number of lines that the terminal has at that moment. Once it became narrower, what
 * was shown may have been wrapped, and nobody knows to how many lines: the next ones begin
 * below, so that nothing else is ever written over.
 */

#pragma once

#include <stddef.h>

#include "app/live_view.h"

enum {
	/* Of each line: what it says, how it is set off, and what ends it. */
	TT_LIVE_SCREEN_BYTES = TT_LIVE_LINES_MAX * (TT_LIVE_COLUMNS + 16) + 32,
};

/* Zeroed: nothing is shown. */
struct tt_live_screen {
	size_t lines_count; /* shown */
	size_t columns;     /* as they were then */
};

/* What the terminal is to be sent; returns how much of @bytes, which has the room above. Pure. */
size_t tt_live_screen_compose(struct tt_live_screen *screen, const struct tt_live_view *view,
			      size_t columns, size_t rows, char *bytes);

/* Shows the view on standard error, in place of the last one. */
void tt_live_screen_show(struct tt_live_screen *screen, const struct tt_live_view *view);

/* Takes it away: what is said next begins where it was. */
void tt_live_screen_clear(struct tt_live_screen *screen);
