/* SPDX-License-Identifier: MIT */

/*
 * One record's packet, and the link header in front of it
 *
 * What both formats write of a datagram alike. LINKTYPE_LINUX_SLL2: protocol (16 bits), zero
 * (16), interface (32), hardware type (16), packet type (8), length of the sender's address (8),
 * eight bytes of it; in network byte order. Inline, with stores at fixed places: it is on the
 * path of each packet.
 */

#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "packet/origin.h"
#include "trace/pcapng.h"
#include "twintap/datagram.h"

struct tt_trace_record {
	const struct tt_datagram *datagram;
	const struct tt_origin *origin;
	uint32_t link_bytes;       /* TT_SLL2_BYTES or 0 */
	uint32_t captured_bytes;   /* of the datagram's packet, as much as is written */
	uint32_t interface_number; /* the kernel's, where known */
	uint32_t block_number;     /* pcapng: of the interface's description */
	uint64_t dropped_before;   /* pcapng: lost in front of it */
};

/* The length on the wire, with the link header. */
static inline uint32_t tt_trace_record_wire_bytes(const struct tt_trace_record *record)
{
	uint32_t wire_bytes = record->datagram->wire_bytes;

	return wire_bytes <= UINT32_MAX - record->link_bytes ? wire_bytes + record->link_bytes
							     : UINT32_MAX;
}

static inline void tt_encode_u32(uint8_t *place, uint32_t value)
{
	memcpy(place, &value, sizeof(value));
}

static inline void tt_encode_u16(uint8_t *place, uint16_t value)
{
	memcpy(place, &value, sizeof(value));
}

/* TT_SLL2_BYTES at @place. */
static inline void tt_encode_sll2(uint8_t *place, const struct tt_trace_record *record)
{
	static const uint16_t protocols[] = { [4] = 0x0800, [6] = 0x86dd };
	const struct tt_datagram *datagram = record->datagram;
	const struct tt_origin *origin = record->origin;
	uint16_t protocol = 0;
	uint64_t address;

	_Static_assert(sizeof(address) == TT_ORIGIN_ADDRESS_BYTES, "an address is moved as one");

	if (datagram->version < sizeof(protocols) / sizeof(protocols[0]))
		protocol = protocols[datagram->version];
	memcpy(&address, origin->address, sizeof(address));
	if (origin->address_bytes < sizeof(address))
		address &= htole64((UINT64_C(1) << (8 * origin->address_bytes)) - 1);

	tt_encode_u16(place, htobe16(protocol));
	tt_encode_u16(place + 2, 0);
	tt_encode_u32(place + 4, htobe32(record->interface_number));
	tt_encode_u16(place + 8, htobe16(origin->hardware_type));
	place[10] = datagram->packet_type;
	place[11] = origin->address_bytes;
	memcpy(place + 12, &address, sizeof(address));
}
