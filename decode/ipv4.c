/* SPDX-License-Identifier: MIT */

/*
 * The IPv4 header
 *
 * Finds the UDP header behind the options, which are skipped unread. Whether the
 * options and the UDP header were captured is udp.c's question: what the fixed
 * header says of protocol and fragments is known without them.
 */

#include <netinet/in.h>
#include <netinet/ip.h>

#include "decode/layers.h"

/* Offsets of the fields, from the header's first byte; RFC 791, 3.1. */
enum {
	TRAFFIC_CLASS_OFFSET = 1,
	TOTAL_LENGTH_OFFSET = 2,
	ID_OFFSET = 4,
	FRAGMENT_OFFSET = 6,
	TTL_OFFSET = 8,
	PROTOCOL_OFFSET = 9,
	SOURCE_OFFSET = 12,
	DESTINATION_OFFSET = 16,
	HEADER_BYTES_MIN = 20,
};

enum {
	HEADER_WORDS_MASK = 0x0f,
	WORD_BYTES = 4,
	DSCP_SHIFT = 2,
	ECN_MASK = 0x03,
};

static void read_address(struct tt_view header, size_t offset, struct tt_address *address)
{
	address->ipv4.sin_family = AF_INET;
	tt_view_copy(header, offset, &address->ipv4.sin_addr, sizeof(address->ipv4.sin_addr));
}

static void read_fields(struct tt_view header, struct tt_datagram *datagram)
{
	uint8_t traffic_class = tt_view_u8(header, TRAFFIC_CLASS_OFFSET);

	datagram->dscp = (uint8_t)(traffic_class >> DSCP_SHIFT);
	datagram->ecn = traffic_class & ECN_MASK;
	datagram->id = tt_view_be16(header, ID_OFFSET);
	datagram->hop_limit = tt_view_u8(header, TTL_OFFSET);
	read_address(header, SOURCE_OFFSET, &datagram->source);
	read_address(header, DESTINATION_OFFSET, &datagram->destination);
}

enum tt_verdict tt_ipv4_read(struct tt_view packet, struct tt_datagram *datagram)
{
	uint32_t header_bytes, total_bytes;
	struct tt_view header;
	uint16_t fragment;

	if (!tt_view_part(packet, 0, HEADER_BYTES_MIN, &header))
		return TT_VERDICT_TRUNCATED;

	read_fields(header, datagram);

	header_bytes = (tt_view_u8(header, 0) & HEADER_WORDS_MASK) * (uint32_t)WORD_BYTES;
	if (header_bytes < HEADER_BYTES_MIN)
		return TT_VERDICT_BAD_HEADER_LENGTH;

	total_bytes = tt_view_be16(header, TOTAL_LENGTH_OFFSET);
	if (total_bytes == 0 && datagram->wire_bytes > UINT16_MAX)
		total_bytes = datagram->wire_bytes;
	if (total_bytes < header_bytes || total_bytes > datagram->wire_bytes)
		return TT_VERDICT_BAD_LENGTH;

	if (tt_view_u8(header, PROTOCOL_OFFSET) != IPPROTO_UDP)
		return TT_VERDICT_NOT_UDP;

	fragment = tt_view_be16(header, FRAGMENT_OFFSET);
	if (fragment & IP_OFFMASK)
		return TT_VERDICT_FRAGMENT;

	return tt_udp_read(packet, header_bytes, total_bytes, fragment & IP_MF, datagram);
}
