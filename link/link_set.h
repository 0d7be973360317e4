/* SPDX-License-Identifier: MIT */

/*
 * The interfaces of one network namespace, by index
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/message.h"
#include "link/netlink.h"

struct tt_link_set {
	struct tt_link_entry *entries; /* owned; by index ascending */
	size_t entries_count;
	size_t entries_room;
};

void tt_link_set_deinit(struct tt_link_set *set);

/*
 * Reads all interfaces into @ret_set, which is empty before: 0 or a negative errno. If
 * they changed during each of some attempts, @ret_is_consistent is false.
 */
int tt_link_set_read(struct tt_link_set *ret_set, struct tt_netlink *netlink,
		     bool *ret_is_consistent);

/* Adds an entry; after the last one, tt_link_set_arrange() makes the set ready. */
int tt_link_set_add(struct tt_link_set *set, const struct tt_link_entry *entry);
void tt_link_set_arrange(struct tt_link_set *set);

/* The interface of that index, or NULL; borrowed until the set changes. */
const struct tt_link_entry *tt_link_set_find(const struct tt_link_set *set, uint32_t index);

/*
 * The routing domain in which an interface's packets are judged: the VRF that it is or
 * is a port of; 0: the one of all other interfaces.
 */
uint32_t tt_link_set_domain(const struct tt_link_set *set, uint32_t index);
