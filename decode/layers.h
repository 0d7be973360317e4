/* SPDX-License-Identifier: MIT */

/*
 * What the layers of a packet hand each other, inside decode/
 *
 * decode.c calls one of the IP layers, and that the UDP layer. Each fills in its fields
 * of a datagram that was zero, and returns the verdict.
 *
 * Invariant 1: offset <= end_bytes <= the datagram's wire_bytes, of every header. Neither
 *              says anything of what was captured: only the view does.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "packet/view.h"
#include "twintap/datagram.h"

/* One IPv6 extension header. */
struct tt_extension {
	uint32_t bytes;
	uint8_t next; /* what follows it, as a protocol number */
};

/* Reads the IPv4 header, and what follows it. */
enum tt_verdict tt_ipv4_read(struct tt_view packet, struct tt_datagram *datagram);

/* Reads the IPv6 header and its extension chain, and what follows them. */
enum tt_verdict tt_ipv6_read(struct tt_view packet, struct tt_datagram *datagram);

/*
 * Reads the UDP header at @offset of an IP packet of @end_bytes; what is behind those
 * is link padding. Of a first fragment only the ports are known.
 */
enum tt_verdict tt_udp_read(struct tt_view packet, uint32_t offset, uint32_t end_bytes,
			    bool is_first_fragment, struct tt_datagram *datagram);

/*
 * Reads the extension header of protocol number @kind at @offset in a packet of
 * @end_bytes. NOT_UDP when @kind is none that can be walked over.
 */
enum tt_verdict tt_extension_read(struct tt_view packet, uint32_t end_bytes, uint8_t kind,
				  uint32_t offset, struct tt_extension *ret_extension);

/*
 * Walks the options of an extension header from its third byte on. The data of the
 * first one of @type is written to @ret_data; it is empty, with NULL bytes, when there
 * is none. False when the options are malformed.
 */
bool tt_extension_find_option(struct tt_view options, uint8_t type, struct tt_view *ret_data);
