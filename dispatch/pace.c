/* SPDX-License-Identifier: MIT */

/*
 * Pace: how often a worker looks at its sources while much comes
 */

#include "dispatch/pace.h"

#include <sys/epoll.h>

#include "base/clock.h"

enum {
	BEAT_MS = 4,       /* as long as a ring keeps a block open */
	MUCH_COUNT = 512,  /* datagrams between two rests */
	LITTLE_COUNT = 64, /* in a beat; well below, so that it does not swing */
};

static void beat(struct tt_watch *watch, uint32_t events)
{
	struct tt_pace *pace = watch->context;

	(void)events;
	tt_timer_disarm(&pace->timer);
	tt_pump_ask_sources(pace->pump);
}

int tt_pace_init(struct tt_pace *pace, struct tt_pump *pump, struct tt_loop *loop)
{
	int r;

	*pace = (struct tt_pace){ .pump = pump, .loop = loop };
	r = tt_timer_init(&pace->timer);
	if (r < 0)
		return r;
	pace->watch = (struct tt_watch){ .fd = pace->timer.fd, .ready = beat, .context = pace };
	return tt_loop_add(loop, &pace->watch, EPOLLIN);
}

void tt_pace_deinit(struct tt_pace *pace)
{
	tt_timer_deinit(&pace->timer);
}

int tt_pace_rest(struct tt_pace *pace)
{
	uint64_t moved_count = tt_pump_moved(pace->pump);
	uint64_t moved = moved_count - pace->moved_count;
	bool is_paced = moved >= (pace->is_paced ? LITTLE_COUNT : MUCH_COUNT);
	int r;

	pace->moved_count = moved_count;
	if (is_paced != pace->is_paced) {
		r = tt_pump_listen(pace->pump, pace->loop, !is_paced);
		if (r < 0)
			return r;
		pace->is_paced = is_paced;
	}
	if (is_paced)
		tt_timer_arm(&pace->timer, BEAT_MS * TT_NS_PER_MS);
	return 0;
}
