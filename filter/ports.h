/* SPDX-License-Identifier: MIT */

/*
 * A set of UDP ports, and its words
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "twintap/error.h"

enum {
	TT_PORTS_COUNT = 65536,
	TT_PORTS_WORDS = TT_PORTS_COUNT / 64,
};

struct tt_ports {
	uint64_t words[TT_PORTS_WORDS]; /* bit p % 64 of word p / 64: port p is in the set */
};

/*
 * Reads "53,5000-5100,ntp" into a set: numbers from 0 to 65535, ranges, names of
 * services(5). NULL is every port. 0 or -EINVAL; @ret_ports is untouched on failure.
 */
int tt_ports_parse(const char *text, struct tt_ports *ret_ports, struct tt_error *reterr);

/* Adds the ports of @more. */
void tt_ports_join(struct tt_ports *ports, const struct tt_ports *more);

bool tt_ports_is_full(const struct tt_ports *ports);

static inline bool tt_ports_has(const struct tt_ports *ports, uint16_t port)
{
	return ports->words[port / 64] >> (port % 64) & 1;
}
