/* SPDX-License-Identifier: MIT */

/*
 * Interfaces: what the capture must know beyond the public header
 */

#pragma once

#include <stdbool.h>

#include "twintap/link.h"

struct tt_netlink;

/*
 * Whether a master takes the interface's packets before a packet socket for IP sees
 * them, so that a capture there would stay silent. True of a port of every kind of
 * master but a VRF, which only chooses a routing table.
 */
bool tt_link_is_consumed(const struct tt_link *link);

/* As tt_link_find(), in the network namespace of @netlink. Names are given, and a place. */
int tt_link_find_over(struct tt_netlink *netlink, const char *name, struct tt_link *ret_link,
		      struct tt_error *reterr);

/*
 * Packets that hardware and driver of an interface lost since it was made (missed and
 * FIFO errors), or of all interfaces for 0; in the network namespace of @netlink.
 * 0, -ENODEV, or another negative errno.
 */
int tt_link_read_dropped(struct tt_netlink *netlink, uint32_t interface_index,
			 uint64_t *ret_dropped);
