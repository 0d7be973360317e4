/* SPDX-License-Identifier: MIT */

/*
 * A datagram as a value
 *
 * What can be said of a datagram without knowing how its headers were read:
 * its names, its length, its copy.
 */

#include "twintap/datagram.h"

#include <errno.h>
#include <string.h>

#include "packet/view.h"

enum {
	IPV4_TOTAL_LENGTH_OFFSET = 2,
	IPV6_PAYLOAD_LENGTH_OFFSET = 4,
	IPV6_HEADER_BYTES = 40,
};

_Static_assert(sizeof(struct tt_datagram) == 128, "the stride of an array is part of the ABI");
_Static_assert(sizeof(struct tt_address) == 28, "an endpoint has the size of sockaddr_in6");

static const char *const verdict_names[] = {
	[TT_VERDICT_OK] = "ok",
	[TT_VERDICT_TRUNCATED] = "truncated",
	[TT_VERDICT_BAD_VERSION] = "bad_version",
	[TT_VERDICT_BAD_HEADER_LENGTH] = "bad_header_length",
	[TT_VERDICT_BAD_LENGTH] = "bad_length",
	[TT_VERDICT_NOT_UDP] = "not_udp",
	[TT_VERDICT_FRAGMENT] = "fragment",
	[TT_VERDICT_BAD_EXTENSION] = "bad_extension",
	[TT_VERDICT_BAD_CHECKSUM] = "bad_checksum",
};

_Static_assert(sizeof(verdict_names) / sizeof(verdict_names[0]) == TT_VERDICT_COUNT,
	       "a name for each verdict");

static const char *const packet_type_names[] = {
	[TT_PACKET_HOST] = "host",           [TT_PACKET_BROADCAST] = "broadcast",
	[TT_PACKET_MULTICAST] = "multicast", [TT_PACKET_OTHERHOST] = "otherhost",
	[TT_PACKET_OUTGOING] = "outgoing",
};

_Static_assert(sizeof(packet_type_names) / sizeof(packet_type_names[0]) == TT_PACKET_TYPE_COUNT,
	       "a name for each packet type");

int tt_datagram_copy(const struct tt_datagram *datagram, void *buffer, size_t buffer_bytes,
		     struct tt_datagram *ret_copy)
{
	struct tt_datagram copy;

	if (!datagram || !buffer || !ret_copy)
		return -EINVAL;
	if (buffer_bytes < datagram->packet_bytes)
		return -ENOSPC;

	if (datagram->packet_bytes > 0) /* else there may be no packet to point to */
		memcpy(buffer, datagram->packet, datagram->packet_bytes);
	copy = *datagram;
	copy.packet = buffer;
	if (datagram->payload)
		copy.payload = copy.packet + (datagram->payload - datagram->packet);

	*ret_copy = copy;
	return 0;
}

uint32_t tt_datagram_length(const struct tt_datagram *datagram)
{
	struct tt_view view = { .bytes = datagram->packet, .bytes_count = datagram->packet_bytes };
	uint16_t length;

	if (datagram->version == 4) {
		if (!tt_view_read_be16(view, IPV4_TOTAL_LENGTH_OFFSET, &length))
			return 0;
		return length ? length : datagram->wire_bytes;
	}
	if (datagram->version == 6) {
		if (!tt_view_read_be16(view, IPV6_PAYLOAD_LENGTH_OFFSET, &length))
			return 0;
		return length ? length + (uint32_t)IPV6_HEADER_BYTES : datagram->wire_bytes;
	}
	return 0;
}

const char *tt_verdict_name(unsigned int verdict)
{
	return verdict < TT_VERDICT_COUNT ? verdict_names[verdict] : "unknown";
}

const char *tt_packet_type_name(unsigned int packet_type)
{
	return packet_type < TT_PACKET_TYPE_COUNT ? packet_type_names[packet_type] : "unknown";
}
