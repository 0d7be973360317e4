/* SPDX-License-Identifier: MIT */

/*
 * How far the reading of files is, on a terminal: one line that is written over
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

struct tt_receiver;

/* Zeroed: nothing was shown yet. */
struct tt_progress {
	int64_t due_ms; /* of the monotonic clock; 0: to be set */
	bool is_shown;
};

/* Shows it, if it takes more than a moment and some time has passed since the last time. */
void tt_progress_show(struct tt_progress *progress, const struct tt_receiver *receiver);

/* Takes the line away again: what is said next begins a line. */
void tt_progress_clear(struct tt_progress *progress);
