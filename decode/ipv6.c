/* SPDX-License-Identifier: MIT */

/*
 * The IPv6 header and its extension chain
 *
 * Walks from the fixed header to the UDP header. Two kinds of extension header are
 * looked into: hop-by-hop, since its jumbo option states the packet's length (RFC 2675),
 * and fragment. The others are stepped over by their length.
 *
 * Invariant 1: chain.offset <= chain.end_bytes <= the length on the wire.
 */

#include <netinet/in.h>

#include "decode/decode.h"
#include "decode/layers.h"

/* Offsets of the fields, from the header's first byte; RFC 8200, 3. */
enum {
	PAYLOAD_LENGTH_OFFSET = 4,
	NEXT_HEADER_OFFSET = 6,
	HOP_LIMIT_OFFSET = 7,
	SOURCE_OFFSET = 8,
	DESTINATION_OFFSET = 24,
	HEADER_BYTES = 40,
};

/* The first 32 bits: version, traffic class, flow label. */
enum {
	DSCP_SHIFT = 22,
	DSCP_MASK = 0x3f,
	ECN_SHIFT = 20,
	ECN_MASK = 0x03,
	FLOW_LABEL_MASK = 0xfffff,
};

enum {
	OPTIONS_OFFSET = 2, /* from an extension header's first byte */
	OPTION_JUMBO = 0xc2,
	JUMBO_DATA_BYTES = 4,
	JUMBO_DATA_ALIGNMENT = 4, /* from the extension header's first byte */
};

enum {
	FRAGMENT_BITS_OFFSET = 2,
	FRAGMENT_OFFSET_MASK = 0xfff8,
	FRAGMENT_MORE_MASK = 0x0001,
};

struct chain {
	struct tt_view packet;
	uint32_t wire_bytes;
	uint32_t offset;    /* of the header that is read next */
	uint32_t end_bytes; /* the packet's length */
	uint8_t next;       /* the kind of that header */
	uint8_t headers_count;
	bool has_length; /* the payload length is not 0 */
	bool is_jumbogram;
	bool is_first_fragment;
};

/* Whether an address means something only together with its interface. */
static bool is_scoped(const struct in6_addr *address)
{
	return IN6_IS_ADDR_LINKLOCAL(address) || IN6_IS_ADDR_MC_NODELOCAL(address) ||
	       IN6_IS_ADDR_MC_LINKLOCAL(address);
}

static void read_address(struct tt_view header, size_t offset, uint32_t interface_index,
			 struct tt_address *address)
{
	struct sockaddr_in6 *ipv6 = &address->ipv6;

	ipv6->sin6_family = AF_INET6;
	tt_view_copy(header, offset, &ipv6->sin6_addr, sizeof(ipv6->sin6_addr));
	if (is_scoped(&ipv6->sin6_addr))
		ipv6->sin6_scope_id = interface_index;
}

static void read_fields(struct tt_view header, struct tt_datagram *datagram)
{
	uint32_t first = tt_view_be32(header, 0);
	uint32_t interface_index = datagram->interface_index;

	datagram->dscp = (uint8_t)(first >> DSCP_SHIFT & DSCP_MASK);
	datagram->ecn = (uint8_t)(first >> ECN_SHIFT & ECN_MASK);
	datagram->flow_label = first & FLOW_LABEL_MASK;
	datagram->hop_limit = tt_view_u8(header, HOP_LIMIT_OFFSET);
	read_address(header, SOURCE_OFFSET, interface_index, &datagram->source);
	read_address(header, DESTINATION_OFFSET, interface_index, &datagram->destination);
}

/* The packet's length when nothing in it states it: only an aggregate may do that. */
static uint32_t unstated_length(const struct chain *chain)
{
	if (chain->wire_bytes > HEADER_BYTES + UINT16_MAX)
		return chain->wire_bytes;
	return HEADER_BYTES;
}

static enum tt_verdict start_chain(struct chain *chain)
{
	uint32_t payload_bytes = tt_view_be16(chain->packet, PAYLOAD_LENGTH_OFFSET);

	chain->offset = HEADER_BYTES;
	chain->next = tt_view_u8(chain->packet, NEXT_HEADER_OFFSET);
	chain->has_length = payload_bytes > 0;

	if (chain->has_length)
		chain->end_bytes = HEADER_BYTES + payload_bytes;
	else if (chain->next == IPPROTO_HOPOPTS)
		chain->end_bytes = chain->wire_bytes; /* until its options are known */
	else
		chain->end_bytes = unstated_length(chain);

	return chain->end_bytes > chain->wire_bytes ? TT_VERDICT_BAD_LENGTH : TT_VERDICT_OK;
}

static enum tt_verdict read_jumbo(struct chain *chain, struct tt_view data, size_t data_offset)
{
	uint64_t end_bytes;

	if (data.bytes_count != JUMBO_DATA_BYTES || data_offset % JUMBO_DATA_ALIGNMENT != 0)
		return TT_VERDICT_BAD_EXTENSION;

	end_bytes = (uint64_t)HEADER_BYTES + tt_view_be32(data, 0);
	if (chain->has_length || end_bytes <= HEADER_BYTES + UINT16_MAX ||
	    end_bytes > chain->wire_bytes)
		return TT_VERDICT_BAD_LENGTH;

	chain->end_bytes = (uint32_t)end_bytes;
	chain->is_jumbogram = true;
	return TT_VERDICT_OK;
}

static enum tt_verdict read_hop_by_hop(struct chain *chain, uint32_t bytes)
{
	struct tt_view header, jumbo;

	if (!tt_view_part(chain->packet, chain->offset, bytes, &header))
		return TT_VERDICT_TRUNCATED;
	if (!tt_extension_find_option(tt_view_slice(header, OPTIONS_OFFSET, bytes), OPTION_JUMBO,
				      &jumbo))
		return TT_VERDICT_BAD_EXTENSION;

	if (jumbo.bytes)
		return read_jumbo(chain, jumbo, (size_t)(jumbo.bytes - header.bytes));
	if (!chain->has_length)
		chain->end_bytes = unstated_length(chain);
	return bytes > chain->end_bytes - HEADER_BYTES ? TT_VERDICT_BAD_EXTENSION : TT_VERDICT_OK;
}

static enum tt_verdict read_fragment(struct chain *chain)
{
	uint16_t bits = tt_view_be16(chain->packet, chain->offset + FRAGMENT_BITS_OFFSET);

	if (chain->is_jumbogram)
		return TT_VERDICT_BAD_EXTENSION;
	if (bits & FRAGMENT_OFFSET_MASK)
		return TT_VERDICT_FRAGMENT;

	/* Neither offset nor more to come is a whole datagram (RFC 6946). */
	if (bits & FRAGMENT_MORE_MASK)
		chain->is_first_fragment = true;
	return TT_VERDICT_OK;
}

static enum tt_verdict step_over(struct chain *chain)
{
	struct tt_extension extension;
	enum tt_verdict verdict;

	verdict = tt_extension_read(chain->packet, chain->end_bytes, chain->next, chain->offset,
				    &extension);
	if (verdict == TT_VERDICT_NOT_UDP)
		return verdict;
	if (chain->headers_count == TT_EXTENSION_HEADERS_MAX)
		return TT_VERDICT_BAD_EXTENSION;
	if (chain->next == IPPROTO_HOPOPTS && chain->headers_count > 0)
		return TT_VERDICT_BAD_EXTENSION;
	if (verdict != TT_VERDICT_OK)
		return verdict;

	if (chain->next == IPPROTO_HOPOPTS)
		verdict = read_hop_by_hop(chain, extension.bytes);
	else if (chain->next == IPPROTO_FRAGMENT)
		verdict = read_fragment(chain);

	chain->offset += extension.bytes;
	chain->next = extension.next;
	chain->headers_count++;
	return verdict;
}

/* Kept out of line: most packets have no chain, and are read without its state. */
static __attribute__((noinline)) enum tt_verdict walk_chain(struct tt_view packet,
							    struct tt_datagram *datagram)
{
	struct chain chain = { .packet = packet, .wire_bytes = datagram->wire_bytes };
	enum tt_verdict verdict;

	verdict = start_chain(&chain);
	while (verdict == TT_VERDICT_OK && chain.next != IPPROTO_UDP)
		verdict = step_over(&chain);
	if (verdict != TT_VERDICT_OK)
		return verdict;

	return tt_udp_read(packet, chain.offset, chain.end_bytes, chain.is_first_fragment,
			   datagram);
}

enum tt_verdict tt_ipv6_read(struct tt_view packet, struct tt_datagram *datagram)
{
	uint32_t payload_bytes, end_bytes;
	struct tt_view header;

	if (!tt_view_part(packet, 0, HEADER_BYTES, &header))
		return TT_VERDICT_TRUNCATED;

	read_fields(header, datagram);

	payload_bytes = tt_view_be16(header, PAYLOAD_LENGTH_OFFSET);
	if (payload_bytes == 0 || tt_view_u8(header, NEXT_HEADER_OFFSET) != IPPROTO_UDP)
		return walk_chain(packet, datagram);

	end_bytes = HEADER_BYTES + payload_bytes;
	if (end_bytes > datagram->wire_bytes)
		return TT_VERDICT_BAD_LENGTH;
	return tt_udp_read(packet, HEADER_BYTES, end_bytes, false, datagram);
}
