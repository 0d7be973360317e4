/* SPDX-License-Identifier: MIT */

/*
 * The IP headers of generated packets
 */

#pragma once

#include <stdint.h>

#include "tests/support/generate.h"

/* A packet of random parts; adds its traits and counts its chain. */
void tt_generate_ipv4(struct tt_generator *generator, struct tt_generated *generated);
void tt_generate_ipv6(struct tt_generator *generator, struct tt_generated *generated);

/* The next fragment of one of the datagrams. */
void tt_generate_fragment(struct tt_generator *generator, struct tt_generated *generated);
