/* SPDX-License-Identifier: MIT */

/*
 * The event loop: one epoll descriptor, and who is told when
 *
 * Passive: it waits only when its owner calls tt_loop_wait(), on the owner's thread,
 * and its descriptor can be waited for in another loop instead.
 */

#pragma once

#include <stdint.h>

struct tt_watch;

/* Called with the EPOLL* bits that came; may remove its own watch. */
typedef void tt_watch_fn(struct tt_watch *watch, uint32_t events);

/* Interest in one descriptor; embedded in whatever it is for, and borrowed while added. */
struct tt_watch {
	int fd;
	tt_watch_fn *ready;
	void *context;
};

struct tt_loop {
	int fd; /* owned; readable when a watch has something */
};

int tt_loop_init(struct tt_loop *loop);
void tt_loop_deinit(struct tt_loop *loop);

/* @events as for epoll_ctl(2), EPOLLET included. 0, or a negative errno. */
int tt_loop_add(struct tt_loop *loop, struct tt_watch *watch, uint32_t events);
/* Changes what a watch of the loop waits for; errors are told always. 0, or a negative errno. */
int tt_loop_change(struct tt_loop *loop, struct tt_watch *watch, uint32_t events);
void tt_loop_remove(struct tt_loop *loop, struct tt_watch *watch);

/*
 * Waits until a watch has something and tells all that have.
 * @timeout_ms: 0: do not wait; -1: no limit.
 * 0; TT_EMPTY when the time passed or a signal came; a negative errno.
 */
int tt_loop_wait(struct tt_loop *loop, int timeout_ms);
