/* SPDX-License-Identifier: MIT */

/*
 * Random classic programs
 *
 * Every instruction there is, with the numbers at which it may go wrong, and jumps forward.
 * A program begins by filling the memory, since libpcap's interpreter does not, and ends
 * by folding what it found into one number: its last instruction returns that.
 */

#pragma once

#include <linux/filter.h>
#include <stddef.h>

#include "tests/support/random.h"

enum {
	TT_CLASSIC_CODE_MAX = 256,
};

struct tt_classic_code {
	struct sock_filter insns[TT_CLASSIC_CODE_MAX];
	size_t count;
};

/* Some of them return early, from a load beyond a short packet or a division by zero. */
void tt_classic_code_generate(struct tt_random *random, struct tt_classic_code *ret_code);

/* Instead of returning the number, the program takes a packet only if it is @value. */
void tt_classic_code_expect(struct tt_classic_code *code, uint32_t value);
