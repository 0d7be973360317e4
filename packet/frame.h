/* SPDX-License-Identifier: MIT */

/*
 * A frame: an IP packet as a source found it, before anybody read its headers
 *
 * A value that borrows its bytes from the block that they lie in.
 */

#pragma once

#include <stdint.h>

/* Bits of tt_frame.flags: what the source knows of the checksum. */
enum {
	TT_FRAME_CHECKSUM_PARTIAL = 1 << 0,
	TT_FRAME_CHECKSUM_VALID = 1 << 1,
};

struct tt_frame {
	const uint8_t *bytes;     /* the IP header */
	uint32_t captured_bytes;  /* from there on, link padding included */
	uint32_t wire_bytes;      /* >= captured_bytes */
	int64_t time_ns;          /* since 1970, UTC */
	uint32_t interface_index; /* 0: unknown */
	uint8_t version;          /* 4 or 6: what the link's protocol field promised */
	uint8_t packet_type;      /* enum tt_packet_type */
	uint8_t flags;
	uint8_t reserved; /* zero */
};

_Static_assert(sizeof(struct tt_frame) == 32, "two frames a cache line");
