/* SPDX-License-Identifier: MIT */

/*
 * What commands say of a network interface
 */

#include "app/interface_words.h"

#include <string.h>

const char *tt_interface_state(const struct tt_link *link)
{
	if (!(link->flags & TT_LINK_UP))
		return "down";
	return link->flags & TT_LINK_RUNNING ? "up" : "no-carrier";
}

const char *tt_interface_kind(const struct tt_link *link)
{
	if (link->flags & TT_LINK_LOOPBACK)
		return "loopback";
	return link->kind[0] ? link->kind : "hardware";
}

const struct tt_link *tt_interface_find_master(const struct tt_link *links, size_t links_count,
					       const struct tt_link *link)
{
	for (size_t i = 0; link->master_index && i < links_count; i++) {
		if (links[i].index == link->master_index)
			return &links[i];
	}
	return NULL;
}

bool tt_interface_is_consumed(const struct tt_link *link)
{
	return link->master_index != 0 && strcmp(link->master_kind, "vrf") != 0;
}
