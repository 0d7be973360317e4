/* SPDX-License-Identifier: MIT */

/*
 * What generated packets carry: UDP, other protocols, payload
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/support/draft.h"
#include "tests/support/random.h"

enum {
	TT_PATTERN_BYTES = 2048,
};

/* The bytes i * 7 + 1, as the payloads of packets.h have them, once and for all. */
void tt_pattern_init(uint8_t pattern[TT_PATTERN_BYTES]);

/* A port: mostly one of the few that expressions and filters ask for. */
uint16_t tt_generate_port(struct tt_random *random);

/*
 * Appends a segment of protocol number @protocol with a payload, cut out of @pattern where it is
 * of no protocol. True when the segment lies about its length.
 */
bool tt_generate_transport(struct tt_random *random, const uint8_t *pattern, uint8_t protocol,
			   struct tt_draft *draft);
