/* SPDX-License-Identifier: MIT */

/*
 * A table of interfaces that frames out of traces were seen on
 *
 * The entries lie in the order of their numbers; a hash table of numbers beside them finds an
 * equal one, for a trace may have as many interfaces as the table has room for, and name a
 * different one with each packet.
 *
 * Invariant 1: an entry's name ends within it, and what is behind its address is zero.
 */

#include "packet/interfaces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	ENTRIES_FIRST = 16,
};

void tt_interfaces_deinit(struct tt_interfaces *interfaces)
{
	free(interfaces->entries);
	free(interfaces->slots);
	*interfaces = (struct tt_interfaces){ 0 };
}

static size_t clamp_bytes(size_t bytes_count, size_t bytes_max)
{
	return bytes_count < bytes_max ? bytes_count : bytes_max;
}

static void normalise(const struct tt_interface *interface, struct tt_interface *ret_entry)
{
	size_t hardware_bytes = clamp_bytes(interface->hardware_bytes, TT_INTERFACE_HARDWARE_BYTES);

	*ret_entry = (struct tt_interface){ 0 };
	memcpy(ret_entry->name, interface->name,
	       strnlen(interface->name, TT_INTERFACE_NAME_BYTES - 1));
	ret_entry->kernel_index = interface->kernel_index;
	ret_entry->hardware_bytes = (uint8_t)hardware_bytes;
	memcpy(ret_entry->hardware, interface->hardware, hardware_bytes);
}

/* FNV-1a, of what differs. */
static uint32_t hash_bytes(uint32_t hash, const void *bytes, size_t bytes_count)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < bytes_count; i++)
		hash = (hash ^ at[i]) * UINT32_C(16777619);
	return hash;
}

static uint32_t hash_of(const struct tt_interface *entry)
{
	uint32_t hash = UINT32_C(2166136261);

	hash = hash_bytes(hash, entry->name, strlen(entry->name));
	hash = hash_bytes(hash, &entry->kernel_index, sizeof(entry->kernel_index));
	return hash_bytes(hash, entry->hardware, sizeof(entry->hardware));
}

static bool are_equal(const struct tt_interface *a, const struct tt_interface *b)
{
	return a->kernel_index == b->kernel_index && a->hardware_bytes == b->hardware_bytes &&
	       memcmp(a->hardware, b->hardware, sizeof(a->hardware)) == 0 &&
	       strcmp(a->name, b->name) == 0;
}

/* The slot that has an equal entry's number, or 0: where it belongs. */
static uint32_t *find_slot(const struct tt_interfaces *interfaces, const struct tt_interface *entry)
{
	size_t mask = interfaces->slots_count - 1;
	size_t i = hash_of(entry) & mask;

	/* It ends: at least half of the slots are 0. */
	while (interfaces->slots[i] != 0 &&
	       !are_equal(&interfaces->entries[interfaces->slots[i] - 1], entry))
		i = (i + 1) & mask;
	return &interfaces->slots[i];
}

static int grow(struct tt_interfaces *interfaces)
{
	size_t room_count = interfaces->room_count == 0 ? ENTRIES_FIRST
							: 2 * interfaces->room_count;
	struct tt_interface *entries;
	uint32_t *slots;

	slots = calloc(2 * room_count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	entries = realloc(interfaces->entries, room_count * sizeof(*entries));
	if (!entries) {
		free(slots);
		return -ENOMEM;
	}

	free(interfaces->slots);
	interfaces->entries = entries;
	interfaces->room_count = room_count;
	interfaces->slots = slots;
	interfaces->slots_count = 2 * room_count;
	for (size_t i = 0; i < interfaces->entries_count; i++)
		*find_slot(interfaces, &entries[i]) = (uint32_t)i + 1;
	return 0;
}

int tt_interfaces_add(struct tt_interfaces *interfaces, const struct tt_interface *interface,
		      uint32_t *ret_interface_index)
{
	struct tt_interface entry;
	uint32_t *slot;
	int r;

	normalise(interface, &entry);
	if (interfaces->slots_count > 0) {
		slot = find_slot(interfaces, &entry);
		if (*slot != 0) {
			*ret_interface_index = *slot;
			return 0;
		}
	}
	if (interfaces->entries_count == TT_INTERFACES_NUMBERED_MAX)
		return -ENOSPC;
	if (interfaces->entries_count == interfaces->room_count) {
		r = grow(interfaces);
		if (r < 0)
			return r;
	}

	slot = find_slot(interfaces, &entry);
	interfaces->entries[interfaces->entries_count] = entry;
	interfaces->entries_count++;
	*slot = (uint32_t)interfaces->entries_count;
	*ret_interface_index = *slot;
	return 0;
}

const char *tt_interfaces_name(const struct tt_interfaces *interfaces, uint32_t interface_index)
{
	if (interface_index == 0 || interface_index > interfaces->entries_count ||
	    !*interfaces->entries[interface_index - 1].name)
		return "?";
	return interfaces->entries[interface_index - 1].name;
}

bool tt_interfaces_find(void *context, uint32_t interface_index, struct tt_interface *ret_interface)
{
	const struct tt_interfaces *interfaces = context;

	if (interface_index == 0 || interface_index > interfaces->entries_count) {
		*ret_interface = (struct tt_interface){ 0 };
		return false;
	}
	*ret_interface = interfaces->entries[interface_index - 1];
	return true;
}
