/* SPDX-License-Identifier: MIT */

/*
 * Conditions of every kind, mixed
 *
 * Ports, sides, snap lengths, fragments and expressions, each with each; packet types and
 * interfaces now and then.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "filter/conditions.h"
#include "tests/support/random.h"

enum {
	MIX_WORDS_BYTES = 256,
	MIX_COUNT = 288,
};

enum mix_ports {
	MIX_PORTS_ONE,
	MIX_PORTS_TWO,
	MIX_PORTS_HUNDRED,
	MIX_PORTS_THOUSAND,
	MIX_PORTS_ALL_BUT_ONE,
	MIX_PORTS_ALL,
	MIX_PORTS_COUNT,
};

extern const char *const mix_port_words[MIX_PORTS_COUNT];

struct mix {
	struct tt_conditions conditions; /* the expression is the caller's to drop */
	char words[MIX_WORDS_BYTES];     /* which they are */
};

/* Draws a set of that kind, in which some of the ports are that generated packets have. */
void mix_choose_ports(struct tt_random *random, enum mix_ports choice, struct tt_ports *ports);

/*
 * The expressions that filters can be made of, one after the other, and their text in @words,
 * of MIX_WORDS_BYTES. NULL: that was the last.
 */
struct tt_expression *mix_next_expression(size_t *index, char *words);

/* The mix number @index: each comes once in MIX_COUNT. */
void mix_choose(struct tt_random *random, uint32_t index, size_t *expression_index,
		struct mix *mix);
