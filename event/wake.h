/* SPDX-License-Identifier: MIT */

/*
 * Waking a loop from elsewhere: another thread, a signal handler
 */

#pragma once

#include <stdint.h>

struct tt_wake {
	int fd; /* owned; readable from a post until it is cleared */
};

int tt_wake_init(struct tt_wake *wake);
void tt_wake_deinit(struct tt_wake *wake);

/* Any thread; safe in a signal handler; keeps errno. Posts add up to one wake-up. */
void tt_wake_post(struct tt_wake *wake);

/* Owner's thread: makes it unreadable again. */
void tt_wake_clear(struct tt_wake *wake);
