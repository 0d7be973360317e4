/* SPDX-License-Identifier: MIT */

/*
 * Prefixes that this host takes packets for, and the table that answers look-ups
 *
 * Prefixes are gathered in lists; a table is built of them once and is then only
 * read. Pure memory, no netlink.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twintap/address.h"

enum {
	TT_PREFIX_LENGTHS_COUNT = 129, /* 0 to 128 */
};

/*
 * A prefix of destinations. The address stands in the upper bits of 128, IPv4's in the
 * uppermost 32; the bits behind the prefix are zero.
 */
struct tt_prefix {
	uint64_t high;
	uint64_t low;
	uint32_t scope; /* Where it counts: an interface, a routing domain, or 0. */
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t length;
	uint16_t reserved;
};

/*
 * The prefix of @length bits of @address (4 or 16 bytes, by @family, which is AF_INET
 * or AF_INET6; @length fits it).
 */
struct tt_prefix tt_prefix_of(uint8_t family, const uint8_t *address, uint8_t length,
			      uint32_t scope);

/* What a destination is, as far as the stack's treatment of it goes. */
enum tt_reach {
	TT_REACH_ANY,        /* Taken from whichever interface it came in on. */
	TT_REACH_LOOPBACK,   /* Means this host on a loopback, and nothing elsewhere. */
	TT_REACH_LINK_LOCAL, /* IPv6: an address on one link. */
	TT_REACH_MULTICAST,  /* A group, joined interface by interface. */
};

/* The reach that all addresses of a prefix have; ANY if they differ. */
enum tt_reach tt_prefix_reach(const struct tt_prefix *prefix);

struct tt_prefix_list {
	struct tt_prefix *prefixes; /* owned */
	size_t prefixes_count;
	size_t prefixes_room;
};

int tt_prefix_list_add(struct tt_prefix_list *list, struct tt_prefix prefix);
void tt_prefix_list_deinit(struct tt_prefix_list *list);

/* A prefix as look-ups compare it: three numbers. */
struct tt_local_slot {
	uint64_t high;
	uint64_t low;
	uint64_t kind; /* scope, family and length; 0: the slot is empty */
};

/* A prefix length in use, with the bits that it leaves. */
struct tt_prefix_mask {
	uint64_t high;
	uint64_t low;
	uint8_t length;
};

/* The longest first. */
struct tt_prefix_masks {
	struct tt_prefix_mask masks[TT_PREFIX_LENGTHS_COUNT];
	size_t count;
};

/* A table, to be zeroed before its first use; an empty one contains nothing. */
struct tt_local {
	struct tt_local_slot *slots; /* owned; a power of two, at most half of them in use */
	unsigned int shift;          /* 64 less the power */
	/* For IPv4 and IPv6, of prefixes whose reach is ANY and of all others. */
	struct tt_prefix_masks masks[2][2];
};

/* Builds @ret_local of both lists: 0 or -ENOMEM, which leaves it as it was. */
int tt_local_build(struct tt_local *ret_local, const struct tt_prefix_list *routes,
		   const struct tt_prefix_list *groups);
void tt_local_deinit(struct tt_local *local);

/*
 * Whether a datagram for @destination that came in on @interface_index, which lies in
 * the routing domain @domain (0: the common one), is for this host.
 */
bool tt_local_contains(const struct tt_local *local, const struct tt_address *destination,
		       uint32_t interface_index, uint32_t domain);
