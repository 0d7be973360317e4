/* SPDX-License-Identifier: MIT */

/*
 * A netlink socket: questions with their answers, and notifications
 *
 * The socket belongs to the network namespace of the thread that opened it, for as
 * long as it lives. It never waits: the kernel has its answer ready when a question
 * has been sent.
 */

#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

struct mnl_socket;

enum {
	TT_NETLINK_BUFFER_BYTES =
		32768,                  /* The most that the kernel puts into one part of a dump. */
	TT_NETLINK_REQUEST_BYTES = 128, /* Room for any of our questions. */
};

struct tt_netlink {
	struct mnl_socket *socket;
	uint32_t sequence; /* of the last question */
	_Alignas(struct nlmsghdr) uint8_t buffer[TT_NETLINK_BUFFER_BYTES];
};

/* Looks at one message; a negative errno ends the exchange with it. */
typedef int tt_netlink_message_fn(const struct nlmsghdr *message, void *context);

int tt_netlink_new(struct tt_netlink **ret_netlink);
void tt_netlink_free(struct tt_netlink *netlink);
static inline void tt_netlink_freep(struct tt_netlink **netlink)
{
	tt_netlink_free(*netlink);
}

int tt_netlink_fd(const struct tt_netlink *netlink);

/*
 * Sends @request and hands each answer to @handle. The request asks for a dump or for
 * an acknowledgement: either marks the end. A dump during which the kernel's tables
 * changed may lack or repeat entries, and leaves @ret_is_consistent false. 0, or a
 * negative errno: what the kernel answered, or -ENOBUFS for an answer that got lost.
 */
int tt_netlink_exchange(struct tt_netlink *netlink, struct nlmsghdr *request,
			tt_netlink_message_fn *handle, void *context, bool *ret_is_consistent);

/*
 * Hands what was received, one notification or a few, to @handle. 0; TT_EMPTY when
 * nothing is there. When notifications were lost, @ret_is_lost is true: whoever
 * follows them has to read everything anew.
 */
int tt_netlink_receive(struct tt_netlink *netlink, tt_netlink_message_fn *handle, void *context,
		       bool *ret_is_lost);
