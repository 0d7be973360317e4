/* SPDX-License-Identifier: MIT */

/*
 * Conditions that replace each other while packets flow
 */

#include "filter/generation.h"

#include <errno.h>
#include <stdlib.h>

struct tt_generation *tt_generation_make(const struct tt_generation_chain *chain,
					 const struct tt_conditions *conditions)
{
	struct tt_generation *generation = calloc(1, sizeof(*generation));

	if (!generation)
		return NULL;
	generation->conditions = *conditions;
	(void)tt_expression_hold(conditions->expression);
	generation->number = chain->newest ? chain->newest->number + 1 : 1;
	for (size_t i = 0; i < TT_GENERATION_READERS_MAX; i++)
		atomic_init(&generation->alone_from[i], UINT64_MAX);
	return generation;
}

void tt_generation_free(struct tt_generation *generation)
{
	if (!generation)
		return;

	tt_expression_drop(generation->conditions.expression);
	free(generation);
}

int tt_generation_add_reader(struct tt_generation_chain *chain, struct tt_generation_reader *reader)
{
	if (chain->readers_count == TT_GENERATION_READERS_MAX)
		return -ENOSPC;

	reader->index = chain->readers_count;
	atomic_store(&reader->current, chain->newest);
	chain->readers[chain->readers_count++] = reader;
	return 0;
}

void tt_generation_append(struct tt_generation_chain *chain, struct tt_generation *generation)
{
	if (chain->newest)
		atomic_store_explicit(&chain->newest->next, generation, memory_order_release);
	else
		chain->oldest = generation;
	chain->newest = generation;
}

/*
 * The kernel counts frames in 32 bits. The ring holds far fewer, so the number is the least
 * that fits and is not behind what was read already.
 */
static uint64_t unwrap(uint64_t stored, uint64_t taken)
{
	const uint64_t round = UINT64_C(1) << 32;

	while (stored < taken)
		stored += round;
	return stored;
}

int tt_generation_settle(struct tt_generation_chain *chain)
{
	int result = 0;

	for (size_t i = 0; i < chain->readers_count; i++) {
		struct tt_generation_reader *reader = chain->readers[i];
		uint64_t taken = atomic_load(&reader->taken);
		uint64_t stored;
		int r;

		r = reader->count_stored(reader->context, &stored);
		if (r < 0) {
			result = r;
			stored = taken; /* the best that is known */
		}
		atomic_store_explicit(&chain->newest->alone_from[i], unwrap(stored, taken),
				      memory_order_release);
	}
	return result;
}

static int has_reader(const struct tt_generation_chain *chain,
		      const struct tt_generation *generation)
{
	for (size_t i = 0; i < chain->readers_count; i++) {
		if (atomic_load_explicit(&chain->readers[i]->current, memory_order_acquire) ==
		    generation)
			return 1;
	}
	return 0;
}

void tt_generation_prune(struct tt_generation_chain *chain)
{
	while (chain->oldest != chain->newest && !has_reader(chain, chain->oldest)) {
		struct tt_generation *next = atomic_load(&chain->oldest->next);

		tt_generation_free(chain->oldest);
		chain->oldest = next;
	}
}

void tt_generation_deinit(struct tt_generation_chain *chain)
{
	struct tt_generation *generation = chain->oldest;

	while (generation) {
		struct tt_generation *next = atomic_load(&generation->next);

		tt_generation_free(generation);
		generation = next;
	}
	*chain = (struct tt_generation_chain){ 0 };
}

struct tt_generation *tt_generation_find(struct tt_generation_reader *reader, uint64_t ordinal,
					 struct tt_generation **ret_next)
{
	struct tt_generation *current = atomic_load_explicit(&reader->current,
							     memory_order_relaxed);

	for (;;) {
		struct tt_generation *next = atomic_load_explicit(&current->next,
								  memory_order_acquire);

		if (!next || ordinal < atomic_load_explicit(&next->alone_from[reader->index],
							    memory_order_acquire)) {
			*ret_next = next;
			return current;
		}
		current = next;
		atomic_store_explicit(&reader->current, current, memory_order_release);
	}
}
