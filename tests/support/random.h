/* SPDX-License-Identifier: MIT */

/*
 * Random numbers that every machine draws alike
 *
 * xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators,
 * scrambled"): fast, and good enough to choose test inputs by. Inline, since a packet takes
 * dozens of them.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

struct tt_random {
	uint64_t state; /* never 0 */
};

static inline uint32_t tt_random_next(struct tt_random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return (uint32_t)(random->state * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

/* Any seed will do; those next to each other draw differently from the beginning on. */
static inline void tt_random_init(struct tt_random *random, uint64_t seed)
{
	seed += UINT64_C(0x9e3779b97f4a7c15);
	seed = (seed ^ seed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	seed = (seed ^ seed >> 27) * UINT64_C(0x94d049bb133111eb);
	random->state = (seed ^ seed >> 31) | 1;
}

/* A number below @limit, which is not 0. */
static inline uint32_t tt_random_below(struct tt_random *random, uint32_t limit)
{
	return (uint32_t)((uint64_t)tt_random_next(random) * limit >> 32);
}

/* True once in @times draws. */
static inline bool tt_random_is_one_in(struct tt_random *random, uint32_t times)
{
	return tt_random_below(random, times) == 0;
}

/* One of an array's elements. */
#define TT_RANDOM_PICK(random, array) \
	((array)[tt_random_below((random), sizeof(array) / sizeof((array)[0]))])
