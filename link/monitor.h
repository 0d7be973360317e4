/* SPDX-License-Identifier: MIT */

/*
 * What this host is, followed over rtnetlink: interfaces, and what is local
 *
 * A monitor belongs to the network namespace of the thread that made it. It reads
 * everything once, then follows the kernel's notifications on one descriptor.
 * Look-ups touch memory only: they belong on the packet path.
 *
 * What is local is what the kernel's routes of type local, broadcast and anycast say,
 * in the tables local and main for all interfaces and in a VRF's table for its own.
 * Routes of other tables are left out: only policy rules lead there, by marks and
 * other things that are not known before the stack has looked at a packet.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "twintap/address.h"
#include "twintap/error.h"
#include "twintap/link.h"

struct tt_monitor;
struct tt_netlink;

int tt_monitor_new(struct tt_monitor **ret_monitor, struct tt_error *reterr);
void tt_monitor_free(struct tt_monitor *monitor);
static inline void tt_monitor_freep(struct tt_monitor **monitor)
{
	tt_monitor_free(*monitor);
}

/* Readable when tt_monitor_dispatch() has something to do. */
int tt_monitor_fd(const struct tt_monitor *monitor);

/*
 * Takes in what has changed, without waiting: 0, or a negative errno. After a failure
 * what was known before is still there, and the next call tries again.
 */
int tt_monitor_dispatch(struct tt_monitor *monitor);

/*
 * Whether the IP stack of this host would take a datagram for @destination that came
 * in on @interface_index: an address or prefix that it has, a broadcast address of its
 * own, or a group that was joined on that interface. IPv6 link-local addresses count on
 * their own interface, and on the loopback, where the host's packets to itself are seen;
 * 127.0.0.0/8 and ::1 on the loopback alone.
 */
bool tt_monitor_is_local(const struct tt_monitor *monitor, const struct tt_address *destination,
			 uint32_t interface_index);

/* The interface of that number, or NULL; borrowed until the next dispatch. */
const struct tt_link *tt_monitor_find_link(const struct tt_monitor *monitor,
					   uint32_t interface_index);

/*
 * A socket for questions in the monitor's network namespace, whatever the calling thread's;
 * borrowed, between calls of the monitor only.
 */
struct tt_netlink *tt_monitor_netlink(const struct tt_monitor *monitor);
