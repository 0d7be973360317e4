/* SPDX-License-Identifier: MIT */

/*
 * A frame: an IP packet as a source found it, before anybody read its headers
 *
 * A value that borrows its bytes from the block that they lie in. It is the beginning
 * of the datagram that is made of it, field for field, so that decode/ copies it whole.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "twintap/datagram.h"

struct tt_frame {
	const uint8_t *bytes;     /* the IP header */
	uint32_t captured_bytes;  /* from there on, link padding included */
	uint32_t wire_bytes;      /* >= captured_bytes */
	int64_t time_ns;          /* since 1970, UTC */
	uint32_t interface_index; /* 0: unknown */
	uint8_t version;          /* 4 or 6: what the link's protocol field promised */
	uint8_t packet_type;      /* enum tt_packet_type */
	uint16_t flags;           /* TT_DATAGRAM_CHECKSUM_*: what the source knows of it */
};

/* The parts of a frame and of a datagram that are one. */
#define TT_FRAME_ASSERT_SAME(frame_field, datagram_field)                    \
	_Static_assert(offsetof(struct tt_frame, frame_field) ==             \
			       offsetof(struct tt_datagram, datagram_field), \
		       "a frame is a datagram's beginning")

TT_FRAME_ASSERT_SAME(bytes, packet);
TT_FRAME_ASSERT_SAME(captured_bytes, packet_bytes);
TT_FRAME_ASSERT_SAME(wire_bytes, wire_bytes);
TT_FRAME_ASSERT_SAME(time_ns, time_ns);
TT_FRAME_ASSERT_SAME(interface_index, interface_index);
TT_FRAME_ASSERT_SAME(version, version);
TT_FRAME_ASSERT_SAME(packet_type, packet_type);
TT_FRAME_ASSERT_SAME(flags, flags);
_Static_assert(sizeof(struct tt_frame) == offsetof(struct tt_datagram, payload),
	       "a frame is a datagram's beginning");
