/* SPDX-License-Identifier: MIT */

/*
 * The interfaces that a trace has met, and where its file describes them
 *
 * A table by the interface's number. It takes memory when an interface is new, never when one
 * is found: the path of packets finds only. What is known of an interface stays when the
 * file changes; that the next file does not describe it yet is told by file_number.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "packet/interface.h"

enum {
	TT_DESCRIBED_COUNT_MAX = 65536, /* interface 0 not counted */
};

struct tt_described_interface {
	uint32_t interface_index;
	uint32_t file_number;     /* of the file that the next one is about; 0: none yet */
	uint32_t block_number;    /* which of that file's descriptions is in force */
	uint32_t generation;      /* of names, when it was asked for last */
	uint64_t datagrams_count; /* in all files */
	struct tt_interface interface;
};

/* All zero: empty. */
struct tt_described {
	struct tt_described_interface *entries; /* owned; in the order in which they were met */
	size_t entries_count;
	size_t room_count;
	uint32_t *slots; /* owned; an entry's place plus 1, or 0; a power of two of them */
	size_t slots_count;
};

void tt_described_deinit(struct tt_described *described);
/* NULL when it has not been met. Borrowed until the next add. */
struct tt_described_interface *tt_described_find(const struct tt_described *described,
						 uint32_t interface_index);
/* One that has not been met. 0; -ENOMEM; -ENOSPC when there are too many. */
int tt_described_add(struct tt_described *described, uint32_t interface_index,
		     struct tt_described_interface **ret_entry);
