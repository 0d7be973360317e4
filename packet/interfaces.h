/* SPDX-License-Identifier: MIT */

/*
 * A table of interfaces that frames out of traces were seen on
 *
 * Gives each different interface a number from 1 on; equal ones (all fields) get the same, so
 * that traces of one host that are read together have its interfaces once.
 */

#pragma once

#include <stddef.h>

#include "packet/interface.h"

struct tt_interfaces {
	struct tt_interface *entries; /* owned; number n is entry n - 1 */
	size_t entries_count;
	size_t room_count;
	uint32_t *slots;    /* owned; where an entry's hash leads: its number, or 0 */
	size_t slots_count; /* a power of 2, twice the entries or more; or 0 */
};

enum {
	TT_INTERFACES_NUMBERED_MAX =
		65536, /* of one table: a hostile file shall not fill the memory */
};

void tt_interfaces_deinit(struct tt_interfaces *interfaces);
/* 0 and the number; -ENOMEM; -ENOSPC when there are too many. */
int tt_interfaces_add(struct tt_interfaces *interfaces, const struct tt_interface *interface,
		      uint32_t *ret_interface_index);
/* The interface's name; "?" for one that is unknown or has none. Borrowed until the next add. */
const char *tt_interfaces_name(const struct tt_interfaces *interfaces, uint32_t interface_index);
/* A tt_find_interface_fn; @context is the table. */
bool tt_interfaces_find(void *context, uint32_t interface_index,
			struct tt_interface *ret_interface);
