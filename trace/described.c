/* SPDX-License-Identifier: MIT */

/*
 * The interfaces that a trace has met, and where its file describes them
 *
 * Open addressing, at most half full, so that a search ends soon. Entries lie apart from the
 * slots, in the order in which they came, since that is how they are walked.
 */

#include "trace/described.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
	ROOM_COUNT_FIRST = 8,
	SLOTS_PER_ENTRY = 2,
};

/* The slot of an interface, or the free one where it would be put. */
static uint32_t *find_slot(const struct tt_described *described, uint32_t interface_index)
{
	size_t mask = described->slots_count - 1;
	/* Fibonacci hashing: numbers next to each other are spread. */
	size_t i = (size_t)(interface_index * UINT32_C(2654435769) >> 8) & mask;

	for (;; i = (i + 1) & mask) {
		uint32_t *slot = &described->slots[i];

		if (*slot == 0 || described->entries[*slot - 1].interface_index == interface_index)
			return slot;
	}
}

static int grow(struct tt_described *described)
{
	size_t room_count = described->room_count > 0 ? 2 * described->room_count
						      : ROOM_COUNT_FIRST;
	struct tt_described_interface *entries;
	uint32_t *slots;

	entries = reallocarray(described->entries, room_count, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	described->entries = entries;

	slots = calloc(room_count * SLOTS_PER_ENTRY, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(described->slots);
	described->slots = slots;
	described->slots_count = room_count * SLOTS_PER_ENTRY;
	described->room_count = room_count;

	for (size_t i = 0; i < described->entries_count; i++)
		*find_slot(described, entries[i].interface_index) = (uint32_t)i + 1;
	return 0;
}

void tt_described_deinit(struct tt_described *described)
{
	free(described->entries);
	free(described->slots);
	*described = (struct tt_described){ 0 };
}

struct tt_described_interface *tt_described_find(const struct tt_described *described,
						 uint32_t interface_index)
{
	uint32_t slot;

	if (described->entries_count == 0)
		return NULL;
	slot = *find_slot(described, interface_index);
	return slot > 0 ? &described->entries[slot - 1] : NULL;
}

int tt_described_add(struct tt_described *described, uint32_t interface_index,
		     struct tt_described_interface **ret_entry)
{
	struct tt_described_interface *entry;

	assert(!tt_described_find(described, interface_index));

	if (interface_index != 0 && described->entries_count >= TT_DESCRIBED_COUNT_MAX)
		return -ENOSPC;
	if (described->entries_count == described->room_count) {
		int r = grow(described);

		if (r < 0)
			return r;
	}

	entry = &described->entries[described->entries_count++];
	*entry = (struct tt_described_interface){ .interface_index = interface_index };
	*find_slot(described, interface_index) = (uint32_t)described->entries_count;
	*ret_entry = entry;
	return 0;
}
