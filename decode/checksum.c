/* SPDX-License-Identifier: MIT */

/*
 * The UDP checksum
 *
 * The Internet checksum (RFC 1071) over a pseudo-header, the UDP header and the
 * payload. Words are added as the machine loads them: the sum of a sound datagram
 * is all ones in either byte order, so nothing is swapped but the pseudo-header's
 * own numbers.
 *
 * Only an IPv6 packet with extension headers needs more than its fixed header:
 * its ultimate endpoints may stand in them (RFC 8200, 8.1).
 */

#include <netinet/in.h>

#include "decode/decode.h"
#include "decode/layers.h"

enum {
	UDP_HEADER_BYTES = 8,
	IPV6_HEADER_BYTES = 40,
	IPV6_NEXT_HEADER_OFFSET = 6,
	IPV6_ADDRESS_BYTES = 16,
	OPTIONS_OFFSET = 2,        /* from an extension header's first byte */
	OPTION_HOME_ADDRESS = 201, /* RFC 6275, 6.3 */
};

/* A routing header; RFC 8200, 4.4. What is behind depends on its type. */
enum {
	ROUTING_TYPE_OFFSET = 2,
	ROUTING_LEFT_OFFSET = 3,
	ROUTING_ADDRESSES_OFFSET = 8, /* in every type below */
};

enum {
	ROUTING_TYPE_SOURCE = 0,  /* RFC 2460, 4.4; deprecated by RFC 5095 */
	ROUTING_TYPE_MOBILE = 2,  /* RFC 6275, 6.4 */
	ROUTING_TYPE_RPL = 3,     /* RFC 6554, 3 */
	ROUTING_TYPE_SEGMENT = 4, /* RFC 8754, 2 */
};

/* Bits behind a type 3 header's first four bytes. */
enum {
	RPL_BITS_OFFSET = 4,
	RPL_PREFIX_SHIFT = 28,
	RPL_LAST_PREFIX_SHIFT = 24,
	RPL_PAD_SHIFT = 20,
	RPL_MASK = 0x0f,
};

/* Adds up @view, padded with zeros to whole words; fits for 2^31 words. */
static uint64_t sum_bytes(struct tt_view view)
{
	uint64_t low = 0, high = 0, word;
	size_t offset;

	for (offset = 0; view.bytes_count - offset >= sizeof(word); offset += sizeof(word)) {
		tt_view_copy(view, offset, &word, sizeof(word));
		low += word & UINT32_MAX;
		high += word >> 32;
	}

	word = 0;
	tt_view_copy(view, offset, &word, view.bytes_count - offset);
	return low + high + (word & UINT32_MAX) + (word >> 32);
}

/* The ones' complement sum in 16 bits. */
static uint16_t fold(uint64_t sum)
{
	while (sum > UINT16_MAX)
		sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)sum;
}

static struct tt_view view_of_address(const struct in6_addr *address)
{
	return (struct tt_view){ .bytes = address->s6_addr, .bytes_count = IPV6_ADDRESS_BYTES };
}

/*
 * The last address of a type 3 header: its first bytes are those of the packet's
 * destination, the others stand at the end of the header, before the padding.
 */
static bool read_rpl_destination(struct tt_view routing, struct in6_addr *destination)
{
	uint32_t bits = tt_view_be32(routing, RPL_BITS_OFFSET);
	size_t part_bytes = IPV6_ADDRESS_BYTES - (bits >> RPL_PREFIX_SHIFT & RPL_MASK);
	size_t last_prefix_bytes = bits >> RPL_LAST_PREFIX_SHIFT & RPL_MASK;
	size_t last_part_bytes = IPV6_ADDRESS_BYTES - last_prefix_bytes;
	size_t pad_bytes = bits >> RPL_PAD_SHIFT & RPL_MASK;
	size_t list_bytes = routing.bytes_count - ROUTING_ADDRESSES_OFFSET;
	size_t parts_count;

	if (list_bytes < pad_bytes + last_part_bytes)
		return false;
	list_bytes -= pad_bytes + last_part_bytes;
	parts_count = list_bytes / part_bytes;
	if (list_bytes % part_bytes != 0 ||
	    tt_view_u8(routing, ROUTING_LEFT_OFFSET) > parts_count + 1)
		return false;

	tt_view_copy(routing, ROUTING_ADDRESSES_OFFSET + list_bytes,
		     destination->s6_addr + last_prefix_bytes, last_part_bytes);
	return true;
}

/* Replaces the destination by the routing header's last; false when it has no known one. */
static bool read_last_destination(struct tt_view routing, struct in6_addr *destination)
{
	size_t segments_left = tt_view_u8(routing, ROUTING_LEFT_OFFSET);
	size_t list_bytes = routing.bytes_count - ROUTING_ADDRESSES_OFFSET;
	size_t offset = ROUTING_ADDRESSES_OFFSET;

	if (segments_left == 0)
		return true; /* the packet has arrived: the destination is the last one */

	switch (tt_view_u8(routing, ROUTING_TYPE_OFFSET)) {
	case ROUTING_TYPE_SOURCE:
		if (list_bytes % IPV6_ADDRESS_BYTES != 0 ||
		    segments_left > list_bytes / IPV6_ADDRESS_BYTES)
			return false;
		offset += list_bytes - IPV6_ADDRESS_BYTES;
		break;
	case ROUTING_TYPE_MOBILE:
		if (list_bytes != IPV6_ADDRESS_BYTES || segments_left != 1)
			return false;
		break;
	case ROUTING_TYPE_RPL:
		return read_rpl_destination(routing, destination);
	case ROUTING_TYPE_SEGMENT:
		if (list_bytes < IPV6_ADDRESS_BYTES)
			return false; /* the list is in reverse: its first is the last */
		break;
	default:
		return false;
	}

	tt_view_copy(routing, offset, destination, sizeof(*destination));
	return true;
}

/* Replaces the source by a home address option's. */
static bool read_home_address(struct tt_view header, struct in6_addr *source)
{
	struct tt_view options = tt_view_slice(header, OPTIONS_OFFSET, header.bytes_count);
	struct tt_view home;

	if (!tt_extension_find_option(options, OPTION_HOME_ADDRESS, &home))
		return false;
	if (!home.bytes)
		return true;

	tt_view_copy(home, 0, source, sizeof(*source));
	return home.bytes_count == sizeof(*source);
}

/* Finds the ultimate endpoints; false when the extension headers leave them unknown. */
static bool find_endpoints(struct tt_view packet, struct in6_addr *source,
			   struct in6_addr *destination)
{
	uint8_t kind = tt_view_u8(packet, IPV6_NEXT_HEADER_OFFSET);
	uint32_t end_bytes = (uint32_t)packet.bytes_count;
	uint32_t offset = IPV6_HEADER_BYTES;
	bool is_known = true;

	/* Sound chains come here only, but a loop must not depend on it: each step is forward. */
	while (is_known && kind != IPPROTO_UDP) {
		struct tt_extension extension;
		struct tt_view header;

		if (tt_extension_read(packet, end_bytes, kind, offset, &extension) != TT_VERDICT_OK)
			return false;

		header = tt_view_slice(packet, offset, extension.bytes);
		if (kind == IPPROTO_ROUTING)
			is_known = read_last_destination(header, destination);
		else if (kind == IPPROTO_DSTOPTS)
			is_known = read_home_address(header, source);

		kind = extension.next;
		offset += extension.bytes;
	}
	return is_known;
}

/* Adds up the pseudo-header; false when it is not known. */
static bool sum_pseudo_header(const struct tt_datagram *datagram, uint64_t *ret_sum)
{
	struct tt_view packet = { .bytes = datagram->packet,
				  .bytes_count = datagram->packet_bytes };
	uint64_t sum = htonl(datagram->payload_bytes + UDP_HEADER_BYTES);

	sum += htons(IPPROTO_UDP);
	if (datagram->version == 4) {
		sum += datagram->source.ipv4.sin_addr.s_addr;
		sum += datagram->destination.ipv4.sin_addr.s_addr;
	} else {
		struct in6_addr source = datagram->source.ipv6.sin6_addr;
		struct in6_addr destination = datagram->destination.ipv6.sin6_addr;

		if (!find_endpoints(packet, &source, &destination))
			return false;
		sum += sum_bytes(view_of_address(&source));
		sum += sum_bytes(view_of_address(&destination));
	}

	*ret_sum = sum;
	return true;
}

void tt_decode_verify_checksum(struct tt_datagram *datagram)
{
	const unsigned int unverifiable = TT_DATAGRAM_PAYLOAD_CUT | TT_DATAGRAM_CHECKSUM_PARTIAL |
					  TT_DATAGRAM_CHECKSUM_VALID;
	struct tt_view segment;
	uint64_t sum;

	if (datagram->verdict != TT_VERDICT_OK || datagram->flags & unverifiable)
		return;
	if (datagram->udp_checksum == 0) {
		if (datagram->version == 6)
			datagram->verdict = TT_VERDICT_BAD_CHECKSUM; /* RFC 8200, 8.1 */
		return;
	}
	if (!sum_pseudo_header(datagram, &sum))
		return;

	segment.bytes = datagram->payload - UDP_HEADER_BYTES;
	segment.bytes_count = (size_t)datagram->payload_bytes + UDP_HEADER_BYTES;
	if (fold(sum + sum_bytes(segment)) != UINT16_MAX)
		datagram->verdict = TT_VERDICT_BAD_CHECKSUM;
}
