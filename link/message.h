/* SPDX-License-Identifier: MIT */

/*
 * rtnetlink messages: the questions that are asked, and what answers and
 * notifications say
 *
 * Pure: bytes in, values out. Readers take nothing on trust: a message that is too
 * short, malformed or of another kind is no such message, and they say so.
 */

#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "twintap/link.h"

/*
 * Message types and notification groups that are younger than the headers of Debian 12.
 * Linux include/uapi/linux/rtnetlink.h, since 6.14 (the IPv4 dump of groups: 6.15).
 */
enum {
	TT_RTM_NEWMULTICAST = 56,
	TT_RTM_DELMULTICAST = 57,
	TT_RTNLGRP_IPV4_MCADDR = 37,
	TT_RTNLGRP_IPV6_MCADDR = 38,
};

enum {
	TT_LINK_HSR_PORTS = 2,
};

/* An interface with what only link/ needs to know of it. */
struct tt_link_entry {
	struct tt_link link;
	uint32_t vrf_table;                    /* The table of a VRF; 0: it is none. */
	uint32_t hsr_ports[TT_LINK_HSR_PORTS]; /* The ports of an HSR or PRP interface, or 0. */
};

/* A route by which this host takes packets. */
struct tt_route {
	uint32_t table;
	uint32_t interface_index; /* 0: of none. */
	uint8_t family;
	uint8_t type; /* RTN_LOCAL, RTN_BROADCAST or RTN_ANYCAST */
	uint8_t prefix_length;
	uint8_t address[16]; /* The first 4 bytes for IPv4. */
};

/* A multicast group that was joined on an interface. */
struct tt_group {
	uint32_t interface_index;
	uint8_t family;
	uint8_t address[16]; /* The first 4 bytes for IPv4. */
};

/* A question for all interfaces; buffers have room for TT_NETLINK_REQUEST_BYTES. */
struct nlmsghdr *tt_message_put_links_request(void *buffer, bool has_statistics);
/* For one interface. */
struct nlmsghdr *tt_message_put_link_request(void *buffer, uint32_t interface_index);
/* For the routes of a table; @type 0: of every type. */
struct nlmsghdr *tt_message_put_routes_request(void *buffer, uint8_t family, uint32_t table,
					       uint8_t type);
/* For the joined groups. */
struct nlmsghdr *tt_message_put_groups_request(void *buffer, uint8_t family);

/*
 * Whether a whole message stands in the @bytes_left bytes at @message. libmnl's own
 * test takes a length of 2 GiB and more for a negative one, and passes it.
 */
bool tt_message_is_whole(const struct nlmsghdr *message, int bytes_left);

/* Each writes its result only if @message is what it reads. */
bool tt_message_read_link(const struct nlmsghdr *message, struct tt_link_entry *ret_entry);
bool tt_message_read_dropped(const struct nlmsghdr *message, uint64_t *ret_dropped);
bool tt_message_read_route(const struct nlmsghdr *message, struct tt_route *ret_route);
bool tt_message_read_group(const struct nlmsghdr *message, struct tt_group *ret_group);
