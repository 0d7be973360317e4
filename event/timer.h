/* SPDX-License-Identifier: MIT */

/*
 * A point in time that a loop can wait for
 */

#pragma once

#include <stdint.h>

struct tt_timer {
	int fd; /* owned; readable once the time has come, until it is armed or disarmed again */
};

int tt_timer_init(struct tt_timer *timer);
void tt_timer_deinit(struct tt_timer *timer);

/* Monotonic, @delay_ns from now; 0 or less: at once. */
void tt_timer_arm(struct tt_timer *timer, int64_t delay_ns);
void tt_timer_disarm(struct tt_timer *timer);
