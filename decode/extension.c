/* SPDX-License-Identifier: MIT */

/*
 * One IPv6 extension header, and the options in one
 *
 * Knows how long each kind of header is. What a kind means for the packet is
 * ipv6.c's matter, and checksum.c's.
 */

#include <netinet/in.h>

#include "decode/layers.h"

/* Kinds that <netinet/in.h> does not name; IANA, "Protocol Numbers". */
enum {
	KIND_HIP = 139,
	KIND_SHIM6 = 140,
};

enum {
	NEXT_OFFSET = 0,
	LENGTH_OFFSET = 1,
	LENGTH_END = 2, /* how much of a header must be there to know its length */
	FRAGMENT_HEADER_BYTES = 8,
};

/* Type, length, data; RFC 8200, 4.2. */
enum {
	OPTION_PAD1 = 0, /* the only one that is a single byte */
	OPTION_LENGTH_OFFSET = 1,
	OPTION_DATA_OFFSET = 2,
};

enum tt_verdict tt_extension_read(struct tt_view packet, uint32_t end_bytes, uint8_t kind,
				  uint32_t offset, struct tt_extension *ret_extension)
{
	uint32_t room_bytes = end_bytes - offset;
	/* A byte beyond the capture reads as 0 here; it is asked for before it counts. */
	uint32_t units = tt_view_u8(packet, offset + LENGTH_OFFSET);
	uint32_t needed_bytes = LENGTH_END;
	uint32_t bytes;

	switch (kind) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case KIND_HIP:
	case KIND_SHIM6:
		bytes = (units + 1) * 8;
		break;
	case IPPROTO_AH:
		bytes = (units + 2) * 4; /* RFC 4302, 2.2: words of 32 bits, as in IPv4 */
		break;
	case IPPROTO_FRAGMENT:
		bytes = FRAGMENT_HEADER_BYTES; /* where others have their length, it has a reserve */
		needed_bytes = bytes;
		break;
	default:
		return TT_VERDICT_NOT_UDP;
	}
	if (room_bytes < needed_bytes)
		return TT_VERDICT_BAD_EXTENSION;
	if (!tt_view_has(packet, offset, needed_bytes))
		return TT_VERDICT_TRUNCATED;
	if (room_bytes < bytes)
		return TT_VERDICT_BAD_EXTENSION;

	ret_extension->bytes = bytes;
	ret_extension->next = tt_view_u8(packet, offset + NEXT_OFFSET);
	return TT_VERDICT_OK;
}

bool tt_extension_find_option(struct tt_view options, uint8_t type, struct tt_view *ret_data)
{
	struct tt_view data = { 0 };
	size_t offset = 0;

	while (offset < options.bytes_count) {
		size_t data_bytes;

		if (tt_view_u8(options, offset) == OPTION_PAD1) {
			offset++;
			continue;
		}
		if (!tt_view_has(options, offset, OPTION_DATA_OFFSET))
			return false;
		data_bytes = tt_view_u8(options, offset + OPTION_LENGTH_OFFSET);
		if (!tt_view_has(options, offset + OPTION_DATA_OFFSET, data_bytes))
			return false;
		if (tt_view_u8(options, offset) == type && !data.bytes)
			data = tt_view_slice(options, offset + OPTION_DATA_OFFSET, data_bytes);
		offset += OPTION_DATA_OFFSET + data_bytes;
	}

	*ret_data = data;
	return true;
}
