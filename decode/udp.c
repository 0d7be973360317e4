/* SPDX-License-Identifier: MIT */

/*
 * The UDP header
 *
 * The last layer: ports, checksum, and the payload's place and length. How much of
 * the payload was captured is no question of soundness: a cut one is OK.
 */

#include "decode/layers.h"

/* Offsets of the fields, from the header's first byte; RFC 768. */
enum {
	SOURCE_PORT_OFFSET = 0,
	DESTINATION_PORT_OFFSET = 2,
	LENGTH_OFFSET = 4,
	CHECKSUM_OFFSET = 6,
	HEADER_BYTES = 8,
};

/* The port stands at the same place in both of the kernel's layouts. */
_Static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port),
	       "one place for the port");

static void read_fields(struct tt_view header, struct tt_datagram *datagram)
{
	in_port_t *source = &datagram->source.ipv4.sin_port;
	in_port_t *destination = &datagram->destination.ipv4.sin_port;

	tt_view_copy(header, SOURCE_PORT_OFFSET, source, sizeof(*source));
	tt_view_copy(header, DESTINATION_PORT_OFFSET, destination, sizeof(*destination));
	datagram->udp_checksum = tt_view_be16(header, CHECKSUM_OFFSET);
}

enum tt_verdict tt_udp_read(struct tt_view packet, uint32_t offset, uint32_t end_bytes,
			    bool is_first_fragment, struct tt_datagram *datagram)
{
	uint32_t room_bytes = end_bytes - offset;
	uint32_t length_bytes;
	struct tt_view header, payload;
	bool has_header;

	has_header = room_bytes >= HEADER_BYTES &&
		     tt_view_part(packet, offset, HEADER_BYTES, &header);
	if (has_header)
		read_fields(header, datagram);

	/* Not the whole datagram is here, so its length cannot be judged. */
	if (is_first_fragment)
		return TT_VERDICT_FRAGMENT;
	if (!has_header)
		return room_bytes < HEADER_BYTES ? TT_VERDICT_BAD_LENGTH : TT_VERDICT_TRUNCATED;

	length_bytes = tt_view_be16(header, LENGTH_OFFSET);
	if (length_bytes == 0 && room_bytes > UINT16_MAX)
		length_bytes = room_bytes; /* RFC 2675, 4 */
	if (length_bytes < HEADER_BYTES || length_bytes > room_bytes)
		return TT_VERDICT_BAD_LENGTH;

	datagram->payload_bytes = length_bytes - HEADER_BYTES;
	payload = tt_view_slice(packet, (size_t)offset + HEADER_BYTES, datagram->payload_bytes);
	datagram->payload = payload.bytes;
	datagram->payload_captured_bytes = (uint32_t)payload.bytes_count;
	if (datagram->payload_captured_bytes < datagram->payload_bytes)
		datagram->flags |= TT_DATAGRAM_PAYLOAD_CUT;
	return TT_VERDICT_OK;
}
