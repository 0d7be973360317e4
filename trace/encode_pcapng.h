/* SPDX-License-Identifier: MIT */

/*
 * Blocks of pcapng, made in memory
 *
 * Knows the bytes, and no files. Each block is made whole or not at all. That of a packet has a
 * head of fixed length in front of the packet and a tail behind it, so that a packet too large
 * for a buffer can be written from where it lies.
 *
 * Times are nanoseconds since 1970; those before are written as 0.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trace/encode_link.h"

enum {
	TT_PCAPNG_FILTER_LENGTH_MAX = 16384, /* the rest of a filter's words is cut */
	TT_PCAPNG_TEXT_LENGTH_MAX = 1024,    /* likewise of any other text */
	/* No block made here but that of a packet is larger. */
	TT_PCAPNG_BLOCK_BYTES_MAX = 20480,

	TT_PCAPNG_PACKET_HEAD_BYTES_MAX = TT_PCAPNG_PACKET_HEAD_BYTES + TT_SLL2_BYTES,
	/* Padding, flags, dropcount, end of options, length. */
	TT_PCAPNG_PACKET_TAIL_BYTES_MAX = 3 + 8 + 12 + 4 + 4,
};

struct tt_pcapng_interface {
	uint16_t link_type;         /* TT_LINKTYPE_ */
	uint32_t snap_bytes;        /* with the link header; 0: no limit */
	const char *name;           /* NULL or "": unknown, as the next ones */
	const uint8_t *mac_address; /* TT_PCAPNG_MAC_ADDRESS_BYTES */
	const char *filter;
	const char *os;
};

/* Counts may be TT_UNKNOWN, and are left out then. */
struct tt_pcapng_statistics {
	uint32_t block_number;
	int64_t time_ns;
	int64_t start_ns;
	uint64_t received;
	uint64_t interface_dropped;
	uint64_t accepted;
	uint64_t os_dropped;
	uint64_t delivered;
	const char *comment; /* NULL: none */
};

/* Each returns how long the block is; 0, and nothing of use at @place, if that is more than @room_bytes. */
size_t tt_pcapng_encode_section(uint8_t *place, size_t room_bytes, const char *os,
				const char *application);
size_t tt_pcapng_encode_interface(uint8_t *place, size_t room_bytes,
				  const struct tt_pcapng_interface *interface);
size_t tt_pcapng_encode_statistics(uint8_t *place, size_t room_bytes,
				   const struct tt_pcapng_statistics *statistics);

/* The length of a packet's whole block. */
static inline size_t tt_pcapng_packet_bytes(const struct tt_trace_record *record)
{
	size_t data_bytes = (size_t)record->link_bytes + record->captured_bytes;

	return TT_PCAPNG_PACKET_HEAD_BYTES + ((data_bytes + 3) & ~(size_t)3) + 8 +
	       (record->dropped_before > 0 ? 12 : 0) + 4 + TT_PCAPNG_BLOCK_TAIL_BYTES;
}

/* Both return how many bytes they made, TT_PCAPNG_PACKET_..._BYTES_MAX at most. */
size_t tt_pcapng_encode_packet_head(uint8_t *place, const struct tt_trace_record *record);
size_t tt_pcapng_encode_packet_tail(uint8_t *place, const struct tt_trace_record *record);
/* All of it: tt_pcapng_packet_bytes(). */
void tt_pcapng_encode_packet(uint8_t *place, const struct tt_trace_record *record);

/*
 * The next whole block of what was made here; its length, or 0 when it is not all there.
 * A packet's tells the number of its interface's block, every other UINT32_MAX.
 */
size_t tt_pcapng_next_block(const uint8_t *bytes, size_t bytes_count, uint32_t *ret_block_number);
