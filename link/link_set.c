/* SPDX-License-Identifier: MIT */

/*
 * The interfaces of one network namespace, by index
 *
 * A port of an HSR or PRP interface has no master in the kernel's messages, though
 * its packets are taken all the same: the HSR interface names its ports instead. The
 * set turns that round, so that everyone else finds a master as of any other port.
 */

#include "link/link_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_ROOM = 16,
	READS_MAX = 8, /* of a list that keeps changing while it is read */
};

void tt_link_set_deinit(struct tt_link_set *set)
{
	free(set->entries);
	*set = (struct tt_link_set){ 0 };
}

int tt_link_set_add(struct tt_link_set *set, const struct tt_link_entry *entry)
{
	if (set->entries_count == set->entries_room) {
		size_t room = set->entries_room > 0 ? 2 * set->entries_room : FIRST_ROOM;
		struct tt_link_entry *entries;

		entries = reallocarray(set->entries, room, sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		set->entries = entries;
		set->entries_room = room;
	}

	set->entries[set->entries_count++] = *entry;
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct tt_link_entry *left = a;
	const struct tt_link_entry *right = b;

	return (left->link.index > right->link.index) - (left->link.index < right->link.index);
}

static struct tt_link_entry *find_entry(const struct tt_link_set *set, uint32_t index)
{
	struct tt_link_entry key = { .link = { .index = index } };

	if (set->entries_count == 0)
		return NULL;
	return bsearch(&key, set->entries, set->entries_count, sizeof(key), compare_entries);
}

const struct tt_link_entry *tt_link_set_find(const struct tt_link_set *set, uint32_t index)
{
	return find_entry(set, index);
}

void tt_link_set_arrange(struct tt_link_set *set)
{
	if (set->entries_count == 0)
		return;

	qsort(set->entries, set->entries_count, sizeof(*set->entries), compare_entries);

	for (size_t i = 0; i < set->entries_count; i++) {
		const struct tt_link_entry *hsr = &set->entries[i];

		for (size_t port = 0; port < TT_LINK_HSR_PORTS; port++) {
			struct tt_link_entry *entry = find_entry(set, hsr->hsr_ports[port]);

			if (!entry || entry->link.master_index != 0)
				continue;
			entry->link.master_index = hsr->link.index;
			memcpy(entry->link.master_kind, hsr->link.kind, sizeof(hsr->link.kind));
		}
	}
}

uint32_t tt_link_set_domain(const struct tt_link_set *set, uint32_t index)
{
	const struct tt_link_entry *entry = tt_link_set_find(set, index);

	if (!entry)
		return 0;
	if (entry->vrf_table != 0)
		return index;
	return strcmp(entry->link.master_kind, "vrf") == 0 ? entry->link.master_index : 0;
}

static int take_link(const struct nlmsghdr *message, void *context)
{
	struct tt_link_entry entry;

	return tt_message_read_link(message, &entry) ? tt_link_set_add(context, &entry) : 0;
}

int tt_link_set_read(struct tt_link_set *ret_set, struct tt_netlink *netlink,
		     bool *ret_is_consistent)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[TT_NETLINK_REQUEST_BYTES];
	int r;

	for (unsigned int reads = 0; reads < READS_MAX; reads++) {
		ret_set->entries_count = 0;
		r = tt_netlink_exchange(netlink, tt_message_put_links_request(buffer, false),
					take_link, ret_set, ret_is_consistent);
		if (r < 0)
			return r;
		if (*ret_is_consistent)
			break;
	}

	tt_link_set_arrange(ret_set);
	return 0;
}
