/* SPDX-License-Identifier: MIT */

/*
 * Writes a classic program from its end to its start
 *
 * A detour stands between a jump and what was written before. Nothing falls into it: each
 * jump names both of its ways.
 */

#include "filter/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	JUMP_MAX = 255, /* instructions that a conditional jump can pass */
};

struct search {
	const struct tt_ranges *ranges;
	size_t yes;
	size_t no;
};

int tt_writer_init(struct tt_writer *w, size_t insns_max)
{
	w->insns_max = insns_max;
	w->insns = calloc(insns_max, sizeof(*w->insns));
	w->detours = calloc(insns_max + 1, sizeof(*w->detours));
	return w->insns && w->detours ? 0 : -ENOMEM;
}

void tt_writer_deinit(struct tt_writer *w)
{
	free(w->insns);
	free(w->detours);
}

void tt_writer_restart(struct tt_writer *w)
{
	w->count = 0;
	w->is_full = false;
	memset(w->detours, 0, (w->insns_max + 1) * sizeof(*w->detours));
}

size_t tt_writer_add(struct tt_writer *w, struct sock_filter insn)
{
	if (w->count == w->insns_max)
		w->is_full = true;
	else
		w->insns[w->insns_max - ++w->count] = insn;
	return w->count;
}

size_t tt_writer_step(struct tt_writer *w, unsigned int code, uint32_t k)
{
	return tt_writer_add(w, (struct sock_filter){ .code = (uint16_t)code, .k = k });
}

/* Goes on at @place: by nothing when it follows anyway. */
size_t tt_writer_go_on(struct tt_writer *w, size_t place)
{
	const struct sock_filter *target = &w->insns[w->insns_max - place];

	if (place == w->count)
		return place;
	if (BPF_CLASS(target->code) == BPF_RET)
		return tt_writer_add(w, *target);
	return tt_writer_step(w, BPF_JMP | BPF_JA, (uint32_t)(w->count - place));
}

/*
 * What leads to @place and is near enough for a jump; where nothing is, it is written. One
 * less than a jump can pass, for the other way of the same jump may have to be written too.
 */
static size_t reach(struct tt_writer *w, size_t place)
{
	if (w->count - place < JUMP_MAX)
		return place;
	if (w->detours[place] == 0 || w->count - w->detours[place] >= JUMP_MAX)
		w->detours[place] = (uint16_t)tt_writer_go_on(w, place);
	return w->detours[place];
}

size_t tt_writer_branch(struct tt_writer *w, unsigned int condition, uint32_t k, size_t yes,
			size_t no)
{
	yes = reach(w, yes);
	no = reach(w, no);
	return tt_writer_add(w, (struct sock_filter){ .code = (uint16_t)(BPF_JMP | condition),
						      .jt = (uint8_t)(w->count - yes),
						      .jf = (uint8_t)(w->count - no),
						      .k = k });
}

/* A balanced tree over the bounds from @first to @end; at most 17 deep, for 2^16 bounds. */
static size_t write_tree(struct tt_writer *w, const struct search *search, size_t first, size_t end)
{
	size_t middle = first + (end - first) / 2;
	size_t below, above;

	if (w->is_full)
		return search->no;
	if (first == end)
		return tt_ranges_has_below_bound(search->ranges, first) ? search->yes : search->no;

	above = write_tree(w, search, middle + 1, end);
	below = write_tree(w, search, first, middle);
	return tt_writer_branch(w, BPF_JGE | BPF_K, tt_ranges_bound(search->ranges, middle), above,
				below);
}

/* Searches for A. */
size_t tt_writer_search(struct tt_writer *w, const struct tt_ranges *ranges, size_t yes, size_t no)
{
	struct search search = { .ranges = ranges, .yes = yes, .no = no };

	return tt_writer_go_on(w, write_tree(w, &search, 0, tt_ranges_bounds_count(ranges)));
}
