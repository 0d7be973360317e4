/* SPDX-License-Identifier: MIT */

/*
 * Conditions of every kind, mixed
 */

#include "tests/netns/mix.h"

#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expressions.h"
#include "tests/support/generate.h"

const char *const mix_port_words[MIX_PORTS_COUNT] = {
	"one port", "two ports", "100 ports", "1000 ports", "all ports but one", "all ports",
};
static const char *const side_words[] = { "destination", "source", "either" };
static const uint32_t snaps_bytes[] = { TT_FILTER_SNAP_HEADERS, 48, 96, 262144 };

enum {
	ALL_TYPES = 0x1f,
	SIDES_COUNT = 3,
	SNAPS_COUNT = sizeof(snaps_bytes) / sizeof(snaps_bytes[0]),
};

_Static_assert(MIX_COUNT == MIX_PORTS_COUNT * SIDES_COUNT * SNAPS_COUNT * 2 * 2,
	       "each mix of choices once");

static void want_port_of(struct tt_ports *ports, uint16_t port)
{
	ports->words[port / 64] |= UINT64_C(1) << (port % 64);
}

void mix_choose_ports(struct tt_random *random, enum mix_ports choice, struct tt_ports *ports)
{
	static const uint32_t counts[MIX_PORTS_COUNT] = { 1, 2, 100, 1000, 1, 0 };
	struct tt_ports drawn = { 0 };
	uint32_t count = counts[choice];

	/* The sets are as large as they are said to be: what is drawn twice is drawn again. */
	while (count > 0) {
		uint16_t port = choice == MIX_PORTS_THOUSAND && !tt_random_is_one_in(random, 50)
					? (uint16_t)tt_random_next(random)
					: tt_generate_port(random);

		count -= !tt_ports_has(&drawn, port);
		want_port_of(&drawn, port);
	}
	*ports = drawn;
	for (size_t i = 0; i < TT_PORTS_WORDS && choice >= MIX_PORTS_ALL_BUT_ONE; i++)
		ports->words[i] = ~drawn.words[i];
}

struct tt_expression *mix_next_expression(size_t *index, char *words)
{
	while (*index < tt_expressions_count()) {
		char *text = tt_expression_write_out((*index)++);
		struct tt_expression *expression = NULL;
		int r = tt_expression_new(&expression, text, NULL);

		(void)snprintf(words, MIX_WORDS_BYTES, "%s", text);
		free(text);
		if (r == 0)
			return expression;
	}
	return NULL;
}

void mix_choose(struct tt_random *random, uint32_t index, size_t *expression_index, struct mix *mix)
{
	static const uint32_t loopback_too[] = { 4711, 1 };
	enum mix_ports choice = index % MIX_PORTS_COUNT;
	uint32_t rest = index / MIX_PORTS_COUNT;
	char expression_words[MIX_WORDS_BYTES] = "";
	struct tt_ports ports;

	*mix = (struct mix){ 0 };
	mix_choose_ports(random, choice, &ports);
	tt_conditions_set_ports(&mix->conditions, &ports);
	mix->conditions.port_side = rest % SIDES_COUNT;
	rest /= SIDES_COUNT;
	mix->conditions.snap_bytes = snaps_bytes[rest % SNAPS_COUNT];
	rest /= SNAPS_COUNT;
	mix->conditions.follows_fragments = rest % 2;
	rest /= 2;
	mix->conditions.packet_types = index % 3 == 1 ? 1U << PACKET_HOST : ALL_TYPES;
	if (index % 16 == 15) { /* the loopback, or it is not among them */
		mix->conditions.interface_indexes = loopback_too;
		mix->conditions.interfaces_count = index % 64 == 63 ? 1 : 2;
	}
	if (rest % 2) {
		mix->conditions.expression = mix_next_expression(expression_index,
								 expression_words);
		if (!mix->conditions.expression) { /* from the first one on again */
			*expression_index = 0;
			mix->conditions.expression = mix_next_expression(expression_index,
									 expression_words);
		}
	}
	(void)snprintf(mix->words, sizeof(mix->words),
		       "mix %u: %s, %s, snap %u, %sfragments, types %x, %zu interfaces, %.120s",
		       index, mix_port_words[choice], side_words[mix->conditions.port_side],
		       mix->conditions.snap_bytes, mix->conditions.follows_fragments ? "" : "no ",
		       mix->conditions.packet_types, mix->conditions.interfaces_count,
		       expression_words);
}
