/* SPDX-License-Identifier: MIT */

/*
 * The event loop: one epoll descriptor, and who is told when
 */

#include "event/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "twintap/error.h"

enum {
	EVENTS_MAX = 16, /* what one wait takes in; the rest comes with the next */
};

int tt_loop_init(struct tt_loop *loop)
{
	loop->fd = epoll_create1(EPOLL_CLOEXEC);
	return loop->fd < 0 ? -errno : 0;
}

void tt_loop_deinit(struct tt_loop *loop)
{
	if (loop->fd >= 0)
		(void)close(loop->fd); /* nothing was written: no error can matter */
	loop->fd = -1;
}

int tt_loop_add(struct tt_loop *loop, struct tt_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(loop->fd, EPOLL_CTL_ADD, watch->fd, &event) < 0 ? -errno : 0;
}

int tt_loop_change(struct tt_loop *loop, struct tt_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(loop->fd, EPOLL_CTL_MOD, watch->fd, &event) < 0 ? -errno : 0;
}

void tt_loop_remove(struct tt_loop *loop, struct tt_watch *watch)
{
	/* Fails only for a descriptor that is not in the loop: then there is nothing to do. */
	(void)epoll_ctl(loop->fd, EPOLL_CTL_DEL, watch->fd, NULL);
}

int tt_loop_wait(struct tt_loop *loop, int timeout_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int count;

	count = epoll_wait(loop->fd, events, EVENTS_MAX, timeout_ms);
	if (count < 0)
		return errno == EINTR ? TT_EMPTY : -errno;

	for (int i = 0; i < count; i++) {
		struct tt_watch *watch = events[i].data.ptr;

		watch->ready(watch, events[i].events);
	}
	return count > 0 ? 0 : TT_EMPTY;
}
