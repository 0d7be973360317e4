/* SPDX-License-Identifier: MIT */

/*
 * From a link's header to the IP packet behind it
 *
 * The headers are Linux's cooked ones, Ethernet's, and the four bytes of BSD's loopback, which
 * are in the byte order of whoever captured, and in AF numbers of its system.
 */

#include "trace/link_header.h"

#include <net/ethernet.h>
#include <net/if_arp.h>
#include <string.h>

#include "packet/view.h"
#include "trace/pcapng.h"
#include "trace/record.h"

enum {
	ETHERNET_BYTES = 14,
	ETHERNET_ADDRESS_BYTES = 6,
	COOKED_BYTES = 16,
	COOKED2_BYTES = 20,
	FAMILY_BYTES = 4,
	TAG_BYTES = 4,
	SNAP_BYTES = 8,

	TYPE_PROVIDER_VLAN = 0x88a8, /* 802.1ad */
	TYPE_OLD_QINQ = 0x9100,
	TYPES_FIRST = 0x600, /* below, it is a length */

	FAMILY_V4 = 2, /* of all systems */
	FAMILY_V6_LINUX = 10,
	FAMILY_V6_NETBSD = 24, /* and OpenBSD */
	FAMILY_V6_FREEBSD = 28,
	FAMILY_V6_DARWIN = 30,

	PACKET_TYPE_MAX = UINT8_MAX,
};

/* What is behind a link header, while it is being found. */
struct network {
	size_t offset;
	uint16_t type; /* an ethertype */
};

static struct tt_view view_of(const struct tt_frame *frame)
{
	return (struct tt_view){ .bytes = frame->bytes, .bytes_count = frame->captured_bytes };
}

static bool is_tag(uint16_t type)
{
	return type == ETHERTYPE_VLAN || type == TYPE_PROVIDER_VLAN || type == TYPE_OLD_QINQ;
}

static uint8_t version_of_type(uint16_t type)
{
	if (type == ETHERTYPE_IP)
		return 4;
	return type == ETHERTYPE_IPV6 ? 6 : 0;
}

/* Moves a frame to what is @offset in it; it was found to have so many bytes. */
static void enter(struct tt_frame *frame, size_t offset, uint8_t version)
{
	frame->version = version;
	if (version == 0)
		return;
	frame->bytes += offset;
	frame->captured_bytes -= (uint32_t)offset;
	frame->wire_bytes -= (uint32_t)offset;
}

static void enter_network(struct tt_frame *frame, struct network network)
{
	struct tt_view view = view_of(frame);

	while (is_tag(network.type) && tt_view_has(view, network.offset, TAG_BYTES)) {
		network.type = tt_view_be16(view, network.offset + 2);
		network.offset += TAG_BYTES;
	}
	/* 802.2 with an ethertype behind it: "SNAP", of the organisation 0. */
	if (network.type < TYPES_FIRST && tt_view_has(view, network.offset, SNAP_BYTES) &&
	    memcmp(view.bytes + network.offset, "\xaa\xaa\x03\0\0\0", SNAP_BYTES - 2) == 0) {
		network.type = tt_view_be16(view, network.offset + 6);
		network.offset += SNAP_BYTES;
	}
	enter(frame, network.offset, version_of_type(network.type));
}

static void set_address(struct tt_origin *origin, struct tt_view header, size_t offset,
			uint32_t address_bytes)
{
	/* Longer ones are cut to what the header has room for. */
	origin->address_bytes = address_bytes < TT_ORIGIN_ADDRESS_BYTES
					? (uint8_t)address_bytes
					: (uint8_t)TT_ORIGIN_ADDRESS_BYTES;
	tt_view_copy(header, offset, origin->address, TT_ORIGIN_ADDRESS_BYTES);
}

static bool take_cooked2(struct tt_frame *frame, struct tt_origin *origin,
			 uint32_t *ret_kernel_index)
{
	struct network network = { .offset = COOKED2_BYTES };
	struct tt_view header;

	if (!tt_view_part(view_of(frame), 0, COOKED2_BYTES, &header))
		return false;

	*ret_kernel_index = tt_view_be32(header, 4);
	origin->hardware_type = tt_view_be16(header, 8);
	frame->packet_type = tt_view_u8(header, 10);
	set_address(origin, header, 12, tt_view_u8(header, 11));
	network.type = tt_view_be16(header, 0);
	enter_network(frame, network);
	return true;
}

static bool take_cooked(struct tt_frame *frame, struct tt_origin *origin)
{
	struct network network = { .offset = COOKED_BYTES };
	struct tt_view header;
	uint16_t packet_type;

	if (!tt_view_part(view_of(frame), 0, COOKED_BYTES, &header))
		return false;

	packet_type = tt_view_be16(header, 0);
	frame->packet_type = packet_type < PACKET_TYPE_MAX ? (uint8_t)packet_type
							   : (uint8_t)PACKET_TYPE_MAX;
	origin->hardware_type = tt_view_be16(header, 2);
	set_address(origin, header, 6, tt_view_be16(header, 4));
	network.type = tt_view_be16(header, 14);
	enter_network(frame, network);
	return true;
}

static uint8_t packet_type_of(struct tt_view ethernet)
{
	static const uint8_t broadcast[ETHERNET_ADDRESS_BYTES] = { 0xff, 0xff, 0xff,
								   0xff, 0xff, 0xff };

	if (!(tt_view_u8(ethernet, 0) & 1))
		return TT_PACKET_HOST;
	return memcmp(ethernet.bytes, broadcast, sizeof(broadcast)) == 0 ? TT_PACKET_BROADCAST
									 : TT_PACKET_MULTICAST;
}

static void take_ethernet(struct tt_frame *frame, struct tt_origin *origin)
{
	struct network network = { .offset = ETHERNET_BYTES };
	struct tt_view header;

	origin->hardware_type = ARPHRD_ETHER;
	if (!tt_view_part(view_of(frame), 0, ETHERNET_BYTES, &header))
		return;

	frame->packet_type = packet_type_of(header);
	origin->address_bytes = ETHERNET_ADDRESS_BYTES;
	tt_view_copy(header, ETHERNET_ADDRESS_BYTES, origin->address, ETHERNET_ADDRESS_BYTES);
	network.type = tt_view_be16(header, 12);
	enter_network(frame, network);
}

static void take_family(struct tt_frame *frame)
{
	struct tt_view header;
	uint32_t family;
	uint8_t version = 0;

	if (!tt_view_part(view_of(frame), 0, FAMILY_BYTES, &header))
		return;

	/* Families are small numbers: in the wrong byte order they are not. */
	family = tt_record_u32(header, 0, false);
	if (family > UINT16_MAX)
		family = tt_record_u32(header, 0, true);
	if (family == FAMILY_V4)
		version = 4;
	else if (family == FAMILY_V6_LINUX || family == FAMILY_V6_NETBSD ||
		 family == FAMILY_V6_FREEBSD || family == FAMILY_V6_DARWIN)
		version = 6;
	enter(frame, FAMILY_BYTES, version);
}

static void take_nothing(struct tt_frame *frame)
{
	uint8_t nibble = tt_view_u8(view_of(frame), 0) >> 4;

	frame->version = nibble == 4 || nibble == 6 ? nibble : 0;
}

bool tt_link_header_take(uint32_t link_type, struct tt_frame *frame, struct tt_origin *ret_origin,
			 uint32_t *ret_kernel_index)
{
	frame->version = 0;
	frame->packet_type = TT_PACKET_HOST;
	ret_origin->hardware_type = ARPHRD_NONE;
	ret_origin->address_bytes = 0;
	memset(ret_origin->address, 0, sizeof(ret_origin->address));
	*ret_kernel_index = 0;

	switch (link_type) {
	case TT_LINKTYPE_LINUX_SLL2:
		return take_cooked2(frame, ret_origin, ret_kernel_index);
	case TT_LINKTYPE_LINUX_SLL:
		return take_cooked(frame, ret_origin);
	case TT_LINKTYPE_ETHERNET:
		take_ethernet(frame, ret_origin);
		break;
	case TT_LINKTYPE_RAW:
	case TT_LINKTYPE_RAW_BSD:
	case TT_LINKTYPE_RAW_OPENBSD:
		take_nothing(frame);
		break;
	case TT_LINKTYPE_IPV4:
		frame->version = 4;
		break;
	case TT_LINKTYPE_IPV6:
		frame->version = 6;
		break;
	case TT_LINKTYPE_NULL:
	case TT_LINKTYPE_LOOP:
		take_family(frame);
		break;
	default:
		ret_origin->hardware_type = ARPHRD_VOID; /* it is not looked at */
		break;
	}
	return false;
}
