/* SPDX-License-Identifier: MIT */

/*
 * From a frame to a datagram
 *
 * Fills in what the frame itself knows; the layers do the rest: ipv4.c or ipv6.c, and
 * from there udp.c. The order of the verdicts is written in decode.h.
 *
 * Invariant 1: every byte of the datagram is written, its reserve included, so that
 *              equal packets give equal datagrams.
 */

#include "decode/decode.h"

#include <errno.h>

#include "decode/layers.h"

enum {
	VERSION_SHIFT = 4, /* the upper half of the first byte, in both families */
};

static const struct tt_datagram empty;

static uint8_t version_of(struct tt_view packet)
{
	return (uint8_t)(tt_view_u8(packet, 0) >> VERSION_SHIFT);
}

static enum tt_verdict read_layers(struct tt_view packet, struct tt_datagram *datagram)
{
	if (packet.bytes_count == 0)
		return TT_VERDICT_TRUNCATED;
	if (version_of(packet) != datagram->version)
		return TT_VERDICT_BAD_VERSION;

	if (datagram->version == 4)
		return tt_ipv4_read(packet, datagram);
	if (datagram->version == 6)
		return tt_ipv6_read(packet, datagram);
	return TT_VERDICT_BAD_VERSION;
}

void tt_decode_frame(const struct tt_frame *frame, struct tt_datagram *ret_datagram)
{
	struct tt_view packet = { .bytes = frame->bytes, .bytes_count = frame->captured_bytes };

	/* A memset of that size is a string instruction to gcc 12, which takes longer than the rest. */
	*ret_datagram = empty;
	memcpy(ret_datagram, frame, sizeof(*frame));
	ret_datagram->verdict = (uint8_t)read_layers(packet, ret_datagram);
}

int tt_datagram_decode(const void *packet, size_t packet_bytes, struct tt_datagram *ret_datagram)
{
	struct tt_frame frame = { .bytes = packet };
	uint8_t version;

	if (!packet || !ret_datagram)
		return -EINVAL;

	/* Lengths have 32 bits here; only a jumbogram within 40 bytes of their end needs more. */
	frame.captured_bytes = packet_bytes < UINT32_MAX ? (uint32_t)packet_bytes : UINT32_MAX;
	frame.wire_bytes = frame.captured_bytes;

	version = version_of((struct tt_view){ .bytes = packet, .bytes_count = packet_bytes });
	if (version == 4 || version == 6)
		frame.version = version;

	tt_decode_frame(&frame, ret_datagram);
	return 0;
}
