/* SPDX-License-Identifier: MIT */

/*
 * Writes a classic program from its end to its start
 *
 * Classic jumps go forward only, so what they lead to has been written by then. A place is
 * the number of instructions from there to the end, which does not change any more; it is
 * at least 1. Steps go on with what was written before them.
 *
 * A conditional jump passes at most 255 instructions. What is farther away gets a detour
 * right behind the jump: a jump that leads anywhere, or a copy of what returns there. It
 * serves all jumps to that place in whose reach it is.
 */

#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "filter/ranges.h"

struct tt_writer {
	struct sock_filter *insns; /* owned; the last @count are written */
	uint16_t *detours;         /* owned; by place: the last one that leads there */
	size_t insns_max;
	size_t count;
	bool is_full; /* something did not fit: what was written is of no use */
};

/* For 1 to BPF_MAXINSNS instructions. 0 or -ENOMEM. */
int tt_writer_init(struct tt_writer *w, size_t insns_max);
void tt_writer_deinit(struct tt_writer *w);

/* Forgets what was written. */
void tt_writer_restart(struct tt_writer *w);

/* Each returns the place of what it wrote, at which what was written last begins. */
size_t tt_writer_add(struct tt_writer *w, struct sock_filter insn);
size_t tt_writer_step(struct tt_writer *w, unsigned int code, uint32_t k);
size_t tt_writer_branch(struct tt_writer *w, unsigned int condition, uint32_t k, size_t yes,
			size_t no);
/* Goes on at @place: by nothing when it was written last. */
size_t tt_writer_go_on(struct tt_writer *w, size_t place);
/* Goes on by whether A is in a set, in as many steps as its bounds can be halved. */
size_t tt_writer_search(struct tt_writer *w, const struct tt_ranges *ranges, size_t yes, size_t no);
