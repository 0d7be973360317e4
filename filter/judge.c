/* SPDX-License-Identifier: MIT */

/*
 * The filter's judgement, in C
 *
 * Follows bpf/filter.bpf.c step by step; a change there is a change here. A packet has the
 * length that it had on the wire, as in the kernel; where that program reads a byte that
 * was not captured here, the judgement is unknown.
 */

#include "filter/judge.h"

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "packet/view.h"

enum {
	PROTOCOL_HIP = 139,
	PROTOCOL_SHIM6 = 140,

	PLAIN_IPV4 = 0x45, /* version, and a header without options */
	IPV4_HEADER_BYTES_MIN = 20,
	IPV4_ID_OFFSET = 4,
	IPV4_FRAGMENT_OFFSET = 6,
	IPV4_PROTOCOL_OFFSET = 9,
	IPV4_SOURCE_OFFSET = 12,
	IPV4_DESTINATION_OFFSET = 16,
	IPV4_FRAGMENT_OFFSET_MASK = 0x1fff,
	IPV4_MORE_FRAGMENTS = 0x2000,

	IPV6_HEADER_BYTES = 40,
	IPV6_NEXT_OFFSET = 6,
	IPV6_SOURCE_OFFSET = 8,
	IPV6_DESTINATION_OFFSET = 24,
	IPV6_FRAGMENT_OFFSET_MASK = 0xfff8,
	IPV6_MORE_FRAGMENTS = 1,
	FRAGMENT_ID_OFFSET = 4, /* in the extension header */
	EXTENSION_BYTES_MIN = 8,
	EXTENSION_HEADERS_MAX = 8,

	PORTS_BYTES = 4,
	UDP_HEADER_BYTES = 8,
};

/* What the headers say; a value beside the reasons and TT_JUDGED_*. */
enum {
	HEADERS_READ = TT_JUDGED_UNKNOWN + 1,
};

/* How far the headers were read. */
struct walk {
	const struct tt_frame *frame;
	struct tt_view packet; /* what was captured of it */
	uint32_t offset;       /* of the UDP header, or of the one at which the walk ended */
	uint32_t id_offset;    /* of what names the datagram that a fragment is part of; 0: whole */
	uint8_t next;          /* IPv6: what the header that was read last names */
};

/* Whether the packet has bytes up to @end, captured or not. */
static bool is_long_enough(const struct walk *walk, uint32_t end)
{
	return walk->frame->wire_bytes >= end;
}

static bool is_captured(const struct walk *walk, uint32_t end)
{
	return walk->packet.bytes_count >= end;
}

static uint32_t walk_ipv4(struct walk *walk)
{
	uint32_t header_bytes, fragment;
	uint8_t first;

	walk->offset = IPV4_HEADER_BYTES_MIN;
	if (!is_long_enough(walk, IPV4_HEADER_BYTES_MIN))
		return TT_FILTER_REJECT_MALFORMED;
	if (!is_captured(walk, IPV4_HEADER_BYTES_MIN))
		return TT_JUDGED_UNKNOWN;

	first = tt_view_u8(walk->packet, 0);
	header_bytes = (first & 15) * 4U;
	if (first >> 4 != 4 || header_bytes < IPV4_HEADER_BYTES_MIN)
		return TT_FILTER_REJECT_MALFORMED;
	if (tt_view_u8(walk->packet, IPV4_PROTOCOL_OFFSET) != IPPROTO_UDP)
		return TT_FILTER_REJECT_NOT_UDP;

	walk->offset = header_bytes;
	fragment = tt_view_be16(walk->packet, IPV4_FRAGMENT_OFFSET);
	if (fragment & (IPV4_FRAGMENT_OFFSET_MASK | IPV4_MORE_FRAGMENTS))
		walk->id_offset = IPV4_ID_OFFSET;
	if (fragment & IPV4_FRAGMENT_OFFSET_MASK) {
		walk->offset = header_bytes - UDP_HEADER_BYTES; /* there is none */
		walk->next = IPPROTO_UDP;
		return TT_FILTER_REJECT_FRAGMENT;
	}
	return HEADERS_READ;
}

static bool is_extension(uint8_t kind)
{
	switch (kind) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case PROTOCOL_HIP:
	case PROTOCOL_SHIM6:
		return true;
	default:
		return false;
	}
}

/* Steps over the extension header at the walk's offset. 0, or how the walk ends there. */
static uint32_t step_over_extension(struct walk *walk)
{
	uint8_t kind = walk->next;
	uint32_t length, fragment;

	if (!is_long_enough(walk, walk->offset + EXTENSION_BYTES_MIN))
		return TT_FILTER_REJECT_MALFORMED;
	if (!is_captured(walk, walk->offset + EXTENSION_BYTES_MIN))
		return TT_JUDGED_UNKNOWN;

	walk->next = tt_view_u8(walk->packet, walk->offset);
	length = tt_view_u8(walk->packet, walk->offset + 1);
	if (kind == IPPROTO_FRAGMENT) {
		fragment = tt_view_be16(walk->packet, walk->offset + 2);
		if (fragment & (IPV6_FRAGMENT_OFFSET_MASK | IPV6_MORE_FRAGMENTS))
			walk->id_offset = walk->offset + FRAGMENT_ID_OFFSET;
		if (fragment & IPV6_FRAGMENT_OFFSET_MASK)
			return TT_FILTER_REJECT_FRAGMENT;
		walk->offset += 8;
	} else if (kind == IPPROTO_AH) {
		walk->offset += (length + 2) * 4;
	} else {
		walk->offset += (length + 1) * 8;
	}
	return HEADERS_READ;
}

static uint32_t walk_ipv6(struct walk *walk)
{
	walk->offset = IPV6_HEADER_BYTES;
	if (!is_long_enough(walk, IPV6_HEADER_BYTES))
		return TT_FILTER_REJECT_MALFORMED;
	if (!is_captured(walk, IPV6_HEADER_BYTES))
		return TT_JUDGED_UNKNOWN;
	if (tt_view_u8(walk->packet, 0) >> 4 != 6)
		return TT_FILTER_REJECT_MALFORMED;

	walk->next = tt_view_u8(walk->packet, IPV6_NEXT_OFFSET);
	for (int i = 0; walk->next != IPPROTO_UDP; i++) {
		uint32_t result;

		if (!is_extension(walk->next))
			return TT_FILTER_REJECT_NOT_UDP;
		if (i == EXTENSION_HEADERS_MAX)
			return TT_FILTER_REJECT_MALFORMED;
		result = step_over_extension(walk);
		if (result != HEADERS_READ)
			return result;
	}
	return HEADERS_READ;
}

static struct tt_filter_fragment_key read_fragment_key(const struct walk *walk)
{
	struct tt_filter_fragment_key key = { .version = walk->frame->version };

	if (key.version == 4) {
		key.protocol = IPPROTO_UDP;
		key.id = tt_view_be16(walk->packet, IPV4_ID_OFFSET);
		tt_view_copy(walk->packet, IPV4_SOURCE_OFFSET, key.source, 4);
		tt_view_copy(walk->packet, IPV4_DESTINATION_OFFSET, key.destination, 4);
	} else {
		key.id = tt_view_be32(walk->packet, walk->id_offset);
		tt_view_copy(walk->packet, IPV6_SOURCE_OFFSET, key.source, 16);
		tt_view_copy(walk->packet, IPV6_DESTINATION_OFFSET, key.destination, 16);
	}
	return key;
}

/* Judges a fragment that is not the first. */
static uint32_t judge_fragment(const struct tt_conditions *conditions,
			       const struct tt_fragments *fragments, const struct walk *walk,
			       bool *ret_is_late)
{
	int64_t life_s = walk->frame->version == 4 ? TT_FILTER_FRAGMENT_LIFE_IPV4_S
						   : TT_FILTER_FRAGMENT_LIFE_IPV6_S;
	struct tt_filter_fragment_key key;
	int64_t first_ns;

	if (!conditions->follows_fragments)
		return TT_FILTER_REJECT_FRAGMENT;
	if (conditions->takes_all_ports && !conditions->expression && walk->next == IPPROTO_UDP)
		return TT_JUDGED_TAKEN;
	if (!fragments)
		return TT_JUDGED_UNKNOWN;

	key = read_fragment_key(walk);
	if (!tt_fragments_find(fragments, &key, &first_ns))
		return TT_FILTER_REJECT_FRAGMENT;
	*ret_is_late = walk->frame->time_ns - first_ns > life_s * TT_NS_PER_S;
	return *ret_is_late ? TT_FILTER_REJECT_FRAGMENT : TT_JUDGED_TAKEN;
}

static bool wants_port(const struct tt_conditions *conditions, uint16_t source,
		       uint16_t destination)
{
	return (conditions->port_side != TT_FILTER_SIDE_SOURCE &&
		tt_ports_has(&conditions->ports, destination)) ||
	       (conditions->port_side != TT_FILTER_SIDE_DESTINATION &&
		tt_ports_has(&conditions->ports, source));
}

static uint32_t judge_ports(const struct tt_conditions *conditions, const struct walk *walk)
{
	uint16_t source, destination;

	if (!is_long_enough(walk, walk->offset + PORTS_BYTES))
		return TT_FILTER_REJECT_MALFORMED;
	if (!is_captured(walk, walk->offset + PORTS_BYTES))
		return TT_JUDGED_UNKNOWN;

	source = tt_view_be16(walk->packet, walk->offset);
	destination = tt_view_be16(walk->packet, walk->offset + 2);
	return wants_port(conditions, source, destination) ? TT_JUDGED_TAKEN
							   : TT_FILTER_REJECT_PORT;
}

static uint32_t judge_expression(const struct tt_conditions *conditions, const struct walk *walk)
{
	const struct tt_frame *frame = walk->frame;

	if (!conditions->expression)
		return TT_JUDGED_TAKEN;
	if (frame->captured_bytes < frame->wire_bytes && !conditions->knows_captured_only)
		return TT_JUDGED_UNKNOWN; /* it may look anywhere */
	return tt_expression_takes(conditions->expression, frame->bytes, frame->captured_bytes,
				   frame->wire_bytes)
		       ? TT_JUDGED_TAKEN
		       : TT_FILTER_REJECT_EXPRESSION;
}

/* Judges by the headers, @result being what walking them gave. */
static uint32_t judge_headers(const struct tt_conditions *conditions, const struct walk *walk,
			      uint32_t result)
{
	if (result == TT_FILTER_REJECT_NOT_UDP || result == TT_JUDGED_UNKNOWN)
		return result;
	if (walk->id_offset && !conditions->follows_fragments)
		return TT_FILTER_REJECT_FRAGMENT;
	if (!conditions->takes_all_ports) {
		result = result == HEADERS_READ ? judge_ports(conditions, walk) : result;
		if (result != TT_JUDGED_TAKEN)
			return result;
	}
	return judge_expression(conditions, walk);
}

/* Judges by what is known without the headers. */
static uint32_t judge_origin(const struct tt_conditions *conditions, const struct tt_frame *frame)
{
	if (!(conditions->packet_types >> (frame->packet_type & 7) & 1))
		return TT_FILTER_REJECT_PACKET_TYPE;
	for (size_t i = 0; i < conditions->interfaces_count; i++) {
		if (conditions->interface_indexes[i] == frame->interface_index)
			return TT_JUDGED_TAKEN;
	}
	return conditions->interfaces_count == 0 ? TT_JUDGED_TAKEN : TT_FILTER_REJECT_INTERFACE;
}

static uint32_t snap_of(const struct tt_conditions *conditions, const struct walk *walk)
{
	uint32_t snap_bytes = conditions->snap_bytes;

	if (snap_bytes == TT_FILTER_SNAP_HEADERS)
		snap_bytes = walk->offset + UDP_HEADER_BYTES;
	return snap_bytes < walk->frame->wire_bytes ? snap_bytes : walk->frame->wire_bytes;
}

/*
 * Whether plain headers, IP and UDP without anything between them, show at once that neither port
 * is wanted: nearly all packets of a trace that is searched for a few. False proves nothing.
 */
static bool is_plainly_other_port(const struct tt_conditions *conditions,
				  const struct tt_frame *frame)
{
	struct tt_view packet = { .bytes = frame->bytes, .bytes_count = frame->captured_bytes };
	struct tt_view header, ports;

	if (conditions->takes_all_ports)
		return false;
	if (frame->version == 4) {
		if (!tt_view_part(packet, 0, IPV4_HEADER_BYTES_MIN, &header) ||
		    !tt_view_part(packet, IPV4_HEADER_BYTES_MIN, PORTS_BYTES, &ports) ||
		    tt_view_u8(header, 0) != PLAIN_IPV4 ||
		    tt_view_u8(header, IPV4_PROTOCOL_OFFSET) != IPPROTO_UDP ||
		    (tt_view_be16(header, IPV4_FRAGMENT_OFFSET) &
		     (IPV4_FRAGMENT_OFFSET_MASK | IPV4_MORE_FRAGMENTS)) != 0)
			return false;
	} else {
		if (!tt_view_part(packet, 0, IPV6_HEADER_BYTES, &header) ||
		    !tt_view_part(packet, IPV6_HEADER_BYTES, PORTS_BYTES, &ports) ||
		    tt_view_u8(header, 0) >> 4 != 6 ||
		    tt_view_u8(header, IPV6_NEXT_OFFSET) != IPPROTO_UDP)
			return false;
	}
	return !wants_port(conditions, tt_view_be16(ports, 0), tt_view_be16(ports, 2));
}

/* Judges by all that the headers say. Apart, so that the quick answer has little to set up. */
static __attribute__((noinline)) struct tt_judgement judge_in_full(
	const struct tt_conditions *conditions, struct tt_fragments *fragments,
	const struct tt_frame *frame)
{
	struct walk walk = {
		.frame = frame,
		.packet = { .bytes = frame->bytes, .bytes_count = frame->captured_bytes },
	};
	uint32_t result;
	bool is_late = false;

	result = frame->version == 4 ? walk_ipv4(&walk) : walk_ipv6(&walk);
	if (result == TT_FILTER_REJECT_FRAGMENT) {
		result = judge_fragment(conditions, fragments, &walk, &is_late);
	} else {
		result = judge_headers(conditions, &walk, result);
		if (result == TT_JUDGED_TAKEN && walk.id_offset && fragments) {
			struct tt_filter_fragment_key key = read_fragment_key(&walk);

			tt_fragments_add(fragments, &key, frame->time_ns);
		}
	}
	/* Put together here: parts that are written and then read as a whole stall. */
	return (struct tt_judgement){
		.result = result,
		.snap_bytes = result == TT_JUDGED_TAKEN ? snap_of(conditions, &walk) : 0,
		.is_late_fragment = is_late,
	};
}

bool tt_judge_is_sent(const struct tt_conditions *conditions, const struct tt_frame *frame)
{
	uint32_t family = 0;

	if (frame->version == 4)
		family = TT_FILTER_SENDS_IPV4;
	else if (frame->version == 6)
		family = TT_FILTER_SENDS_IPV6;
	return frame->packet_type == PACKET_OUTGOING &&
	       frame->interface_index != TT_FILTER_LOOPBACK_INDEX && conditions->sends & family;
}

struct tt_judgement tt_judge_frame(const struct tt_conditions *conditions,
				   struct tt_fragments *fragments, const struct tt_frame *frame)
{
	uint32_t result = judge_origin(conditions, frame);

	if (result == TT_JUDGED_TAKEN && is_plainly_other_port(conditions, frame))
		result = TT_FILTER_REJECT_PORT;
	if (result != TT_JUDGED_TAKEN)
		return (struct tt_judgement){ .result = result };
	return judge_in_full(conditions, fragments, frame);
}
