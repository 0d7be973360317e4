/* SPDX-License-Identifier: MIT */

/*
 * Datagrams as a receiver would have made them
 *
 * From 192.0.2.7:40000 to 192.0.2.1:53, or the same in 2001:db8::/32, with a payload
 * of 40 bytes, at 2026-11-20T21:59:01.123456789Z on interface 2. A test changes what
 * it is about.
 */

#pragma once

#include <stdint.h>

#include "twintap/datagram.h"

enum {
	TT_SAMPLE_PAYLOAD_BYTES = 40,
	TT_SAMPLE_INTERFACE = 2,
};

struct tt_sample {
	uint8_t packet[128];
	struct tt_datagram datagram; /* points into packet: not to be copied */
};

void tt_sample_ipv4(struct tt_sample *ret_sample);
void tt_sample_ipv6(struct tt_sample *ret_sample);

/* What decoding leaves when not even the addresses could be read. */
void tt_sample_forget_headers(struct tt_sample *sample, unsigned int verdict);
