/* SPDX-License-Identifier: MIT */

/*
 * Conditions that replace each other while packets flow
 *
 * Each set of conditions is a generation, numbered from 1. The generations form a chain:
 * whoever changes them appends to it, whoever reads a source's frames walks along it. For
 * each reader a generation says from which frame on the older ones do not count any more;
 * while a change takes effect, frames of both come, and judge.h tells them apart.
 *
 * Invariant 1: a generation is in the chain before the first packet is judged by it.
 * Invariant 2: only one thread appends at a time. Readers change nothing but their place.
 */

#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "filter/conditions.h"

enum {
	TT_GENERATION_READERS_MAX = 64,
};

struct tt_generation {
	struct tt_conditions conditions; /* holds its expression */
	uint32_t number;
	_Atomic(struct tt_generation *) next;
	/* For each reader: this one alone or a newer one judged that frame. UINT64_MAX: not yet. */
	_Atomic uint64_t alone_from[TT_GENERATION_READERS_MAX];
};

/* Reads the frames of one source, in their order. */
struct tt_generation_reader {
	/* How many frames the source's ring has got up to now; any thread. 0, or a negative errno. */
	int (*count_stored)(void *context, uint64_t *ret_stored);
	void *context;
	size_t index;                            /* among the chain's readers */
	_Atomic uint64_t taken;                  /* frames that were read */
	_Atomic(struct tt_generation *) current; /* which judged the next frame, or an older one */
};

struct tt_generation_chain {
	struct tt_generation *oldest; /* owned, with all that follow */
	struct tt_generation *newest;
	struct tt_generation_reader *readers[TT_GENERATION_READERS_MAX]; /* borrowed */
	size_t readers_count;
};

/* Makes a generation, which holds the expression; not in the chain yet. NULL: no memory. */
struct tt_generation *tt_generation_make(const struct tt_generation_chain *chain,
					 const struct tt_conditions *conditions);
void tt_generation_free(struct tt_generation *generation);

/* Adds a reader that begins with the newest generation. -ENOSPC. Before packets flow. */
int tt_generation_add_reader(struct tt_generation_chain *chain,
			     struct tt_generation_reader *reader);

/* Appends; from here on frames may be of @generation or of the one before. */
void tt_generation_append(struct tt_generation_chain *chain, struct tt_generation *generation);

/* Notes that from here on the newest alone judges. 0, or what a reader's count failed with. */
int tt_generation_settle(struct tt_generation_chain *chain);

/* Frees what no reader can reach any more. */
void tt_generation_prune(struct tt_generation_chain *chain);
void tt_generation_deinit(struct tt_generation_chain *chain);

/*
 * The generation that judged the reader's frame number @ordinal, counted from 0; while a
 * change takes effect, *ret_next is the other one that may have, else NULL. The reader
 * moves on with it.
 */
struct tt_generation *tt_generation_find(struct tt_generation_reader *reader, uint64_t ordinal,
					 struct tt_generation **ret_next);
