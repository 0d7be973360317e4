/* SPDX-License-Identifier: MIT */

/*
 * What the layers of a packet hand each other, inside decode/
 *
 * decode.c hands the packet to one of the IP layers, and what that finds to the UDP
 * layer. Each fills in its fields of a datagram that was zero, and returns a verdict.
 *
 * Invariant 1: offset <= end_bytes <= the datagram's wire_bytes. Neither says
 *              anything of what was captured: only the view does.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "packet/view.h"
#include "twintap/datagram.h"

/* Where the UDP header is, by the IP headers alone. */
struct tt_transport {
	uint32_t offset;        /* from the IP header on */
	uint32_t end_bytes;     /* the IP packet's length: what is behind it is link padding */
	bool is_first_fragment; /* only a part of the datagram is here */
};

/* One IPv6 extension header. */
struct tt_extension {
	uint32_t bytes;
	uint8_t next; /* what follows it, as a protocol number */
};

/* Reads the IPv4 header; @ret_transport is written when the verdict is OK. */
enum tt_verdict tt_ipv4_read(struct tt_view packet, struct tt_datagram *datagram,
			     struct tt_transport *ret_transport);

/* Reads the IPv6 header and its extension chain; @ret_transport as above. */
enum tt_verdict tt_ipv6_read(struct tt_view packet, struct tt_datagram *datagram,
			     struct tt_transport *ret_transport);

/* Reads the UDP header. */
enum tt_verdict tt_udp_read(struct tt_view packet, const struct tt_transport *transport,
			    struct tt_datagram *datagram);

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
