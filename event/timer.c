/* SPDX-License-Identifier: MIT */

/*
 * A point in time that a loop can wait for
 */

#include "event/timer.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"

int tt_timer_init(struct tt_timer *timer)
{
	timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return timer->fd < 0 ? -errno : 0;
}

void tt_timer_deinit(struct tt_timer *timer)
{
	if (timer->fd >= 0)
		(void)close(timer->fd); /* nothing was written: no error can matter */
	timer->fd = -1;
}

void tt_timer_arm(struct tt_timer *timer, int64_t delay_ns)
{
	struct itimerspec when = { 0 };

	if (delay_ns < 1)
		delay_ns = 1; /* 0 would disarm it */
	when.it_value.tv_sec = delay_ns / TT_NS_PER_S;
	when.it_value.tv_nsec = delay_ns % TT_NS_PER_S;
	(void)timerfd_settime(timer->fd, 0, &when, NULL); /* cannot fail for a valid time */
}

void tt_timer_disarm(struct tt_timer *timer)
{
	const struct itimerspec never = { 0 };

	(void)timerfd_settime(timer->fd, 0, &never, NULL); /* cannot fail: see above */
}
