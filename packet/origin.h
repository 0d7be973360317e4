/* SPDX-License-Identifier: MIT */

/*
 * Where a frame came from, beyond what a datagram says of it
 *
 * What a trace keeps of the link layer, and whose account the frame is on. It stands beside
 * the frame, not in it: most sinks never look at it.
 */

#pragma once

#include <stdint.h>

enum {
	TT_ORIGIN_ADDRESS_BYTES =
		8, /* what a packet socket tells, and a trace's header has room for */
};

struct tt_origin {
	uint16_t hardware_type; /* ARPHRD_* of the interface */
	uint8_t source_kind;    /* enum tt_source_kind */
	uint8_t address_bytes;  /* how long the sender's link-layer address is; 0: unknown */
	uint8_t address[TT_ORIGIN_ADDRESS_BYTES];
};
