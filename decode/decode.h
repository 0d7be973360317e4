/* SPDX-License-Identifier: MIT */

/*
 * From a frame to a datagram: IPv4, IPv6 and its extension chain, UDP
 *
 * Pure: no input or output, no memory of its own, no state between calls. Reads
 * the captured bytes only, however the headers lie about lengths.
 *
 * The verdict. Headers are judged from left to right, and the first thing found
 * wrong is the verdict. A packet is TRUNCATED only when a byte that the verdict
 * depends on was not captured: what is known of the part before it goes first.
 *
 *  1. No byte at all: TRUNCATED. The version nibble does not fit: BAD_VERSION.
 *     The fixed header (20 or 40 bytes) is not whole: TRUNCATED. From here on
 *     addresses, hop limit, traffic class, id and flow label are filled in.
 *  2. IPv4: a header length below 20: BAD_HEADER_LENGTH. A total length shorter
 *     than the header or longer than the packet on the wire: BAD_LENGTH. Not UDP:
 *     NOT_UDP. A fragment offset: FRAGMENT.
 *  3. IPv6: a payload length beyond the wire: BAD_LENGTH. Then for each extension
 *     header: one too many, a hop-by-hop header that is not the first, or one that ends
 *     beyond the packet's length: BAD_EXTENSION; its length or next header not
 *     captured: TRUNCATED; a fragment offset: FRAGMENT, whatever the fragment says that
 *     it carries, since only the first one's word counts (RFC 8200, 4.5).
 *     The hop-by-hop options are walked, for one of them states the packet's length:
 *     not all captured: TRUNCATED; malformed: BAD_EXTENSION; a jumbo length that is not
 *     needed, below 65,536 or beyond the wire: BAD_LENGTH; a fragment header in a
 *     jumbogram: BAD_EXTENSION. What ends the chain is not UDP (ESP, whose next header
 *     is encrypted, and no-next-header included): NOT_UDP.
 *  4. A first fragment: FRAGMENT, with ports when the UDP header is in it and captured.
 *  5. UDP: the IP packet has no room for 8 bytes: BAD_LENGTH. They were not
 *     captured: TRUNCATED. From here on ports and checksum are filled in. A length
 *     below 8 or beyond the IP packet: BAD_LENGTH. Less than the IP packet holds
 *     is sound: the surplus is no part of the payload (RFC 9868).
 *
 * A length of 0 means "see elsewhere" in three places and only where 16 bits could
 * not say it: IPv4's total length and IPv6's payload length of an aggregate (the
 * length on the wire then counts: links pad short frames only), IPv6's payload length
 * of a jumbogram (RFC 2675), UDP's length in any of these (the IP length then counts).
 *
 * The kernel's filter (bpf/) must be able to read the ports of every packet whose
 * UDP header is reached by rules 1 to 5: OK, a first fragment, a UDP length that
 * lies. It may read more ports than that; it must not read fewer.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "packet/frame.h"
#include "twintap/datagram.h"

/*
 * Extension headers of one packet that are walked; a ninth is BAD_EXTENSION. No
 * other limit is needed: a header has 2,048 bytes at most. The kernel's filter
 * (bpf/) stops at the same limit: both must say the same.
 */
enum {
	TT_EXTENSION_HEADERS_MAX = 8,
};

/* Reads the headers of @frame; writes all of @ret_datagram, worker_index and LOCAL as zero. */
void tt_decode_frame(const struct tt_frame *frame, struct tt_datagram *ret_datagram);

/*
 * Verifies the UDP checksum of a datagram whose verdict is OK and sets the verdict to
 * BAD_CHECKSUM if it is wrong; nothing else of it changes. One that is absent (IPv4
 * only: IPv6 has no absent checksum), still to be made by hardware, verified before,
 * or whose payload was cut is left as it is.
 *
 * The pseudo-header has the datagram's ultimate endpoints (RFC 8200, 8.1): the last
 * address of a routing header that still has segments left (types 0, 2, 3 and 4), and
 * a home address option's source (RFC 6275). A routing header of another type or
 * with contradicting lengths has no known last address: such a datagram is left
 * as it is. IPv4 source routes are not followed: no rule says whose address is summed.
 */
void tt_decode_verify_checksum(struct tt_datagram *datagram);
