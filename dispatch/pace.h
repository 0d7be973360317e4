/* SPDX-License-Identifier: MIT */

/*
 * Pace: how often a worker looks at its sources while much comes
 *
 * To be woken costs tens of microseconds, in the kernel and on a virtual machine above
 * all, and a ring under load wakes its reader for each block. So while much comes the
 * sources are not listened to, but asked once a beat; network drivers do the same with
 * their interrupts. A datagram waits for one beat more than it would; one that comes
 * alone, for none.
 *
 *   LISTENING --- much was moved since the last rest ---> PACED
 *   PACED ------- little was moved in a beat -----------> LISTENING
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dispatch/pump.h"
#include "event/loop.h"
#include "event/timer.h"

enum {
	/* A ring below this could overflow within a beat, at ten gigabits a second. */
	TT_PACE_RING_BYTES_MIN = 8 << 20,
};

struct tt_pace {
	struct tt_pump *pump;  /* borrowed */
	struct tt_loop *loop;  /* borrowed */
	struct tt_timer timer; /* the next beat, while paced */
	struct tt_watch watch;
	uint64_t moved_count; /* up to the last rest */
	bool is_paced;
};

int tt_pace_init(struct tt_pace *pace, struct tt_pump *pump, struct tt_loop *loop);
void tt_pace_deinit(struct tt_pace *pace);

/* Called when the sources are empty: decides how the next look comes. 0, or a negative errno. */
int tt_pace_rest(struct tt_pace *pace);
