/* SPDX-License-Identifier: MIT */

/*
 * Blocks of pcapng, made in memory
 *
 * Blocks that are rare are put together by a cursor that checks each step; that of a packet by
 * stores at places that are known in advance, into room that the caller has measured.
 */

#include "trace/encode_pcapng.h"

#include <stdbool.h>

#include "packet/view.h"
#include "twintap/accounting.h"

/* A block in the making; once something did not fit, nothing more is put. */
struct block {
	uint8_t *bytes; /* borrowed */
	size_t room_bytes;
	size_t length;
	bool is_full;
};

static const uint8_t zeros[4];

static void put(struct block *block, const void *bytes, size_t bytes_count)
{
	if (block->is_full || bytes_count > block->room_bytes - block->length) {
		block->is_full = true;
		return;
	}
	if (bytes_count > 0)
		memcpy(block->bytes + block->length, bytes, bytes_count);
	block->length += bytes_count;
}

static void put_u16(struct block *block, uint16_t value)
{
	put(block, &value, sizeof(value));
}

static void put_u32(struct block *block, uint32_t value)
{
	put(block, &value, sizeof(value));
}

/* Times and counts of options have their upper half first, in either byte order. */
static void put_halves(struct block *block, uint64_t value)
{
	put_u32(block, (uint32_t)(value >> 32));
	put_u32(block, (uint32_t)value);
}

static void put_padding(struct block *block)
{
	put(block, zeros, -block->length & 3);
}

static void put_option(struct block *block, uint16_t code, const void *value, size_t value_bytes)
{
	put_u16(block, code);
	put_u16(block, (uint16_t)value_bytes);
	put(block, value, value_bytes);
	put_padding(block);
}

/* The length of a text, cut to what an option may have. */
static size_t length_of(const char *text, size_t length_max)
{
	size_t length = strlen(text);

	return length < length_max ? length : length_max;
}

static void put_text_option(struct block *block, uint16_t code, const char *text)
{
	if (text && *text)
		put_option(block, code, text, length_of(text, TT_PCAPNG_TEXT_LENGTH_MAX));
}

static void put_filter_option(struct block *block, const char *filter)
{
	uint8_t kind = TT_PCAPNG_FILTER_WORDS;
	size_t length;

	if (!filter || !*filter)
		return;

	length = length_of(filter, TT_PCAPNG_FILTER_LENGTH_MAX);
	put_u16(block, TT_PCAPNG_INTERFACE_FILTER);
	put_u16(block, (uint16_t)(sizeof(kind) + length));
	put(block, &kind, sizeof(kind));
	put(block, filter, length);
	put_padding(block);
}

static uint64_t clamp_time(int64_t time_ns)
{
	return time_ns > 0 ? (uint64_t)time_ns : 0;
}

static void put_time_option(struct block *block, uint16_t code, int64_t time_ns)
{
	put_u16(block, code);
	put_u16(block, sizeof(time_ns));
	put_halves(block, clamp_time(time_ns));
}

static void put_count_option(struct block *block, uint16_t code, uint64_t count)
{
	if (count != TT_UNKNOWN)
		put_option(block, code, &count, sizeof(count));
}

static struct block begin_block(uint8_t *place, size_t room_bytes, uint32_t type)
{
	struct block block = { .bytes = place, .room_bytes = room_bytes };

	put_u32(&block, type);
	put_u32(&block, 0); /* the length, when it is known */
	return block;
}

static size_t end_block(struct block *block)
{
	put_option(block, TT_PCAPNG_OPTION_END, NULL, 0);
	put_u32(block, (uint32_t)(block->length + TT_PCAPNG_BLOCK_TAIL_BYTES));
	if (block->is_full)
		return 0;

	tt_encode_u32(block->bytes + 4, (uint32_t)block->length);
	return block->length;
}

size_t tt_pcapng_encode_section(uint8_t *place, size_t room_bytes, const char *os,
				const char *application)
{
	struct block block = begin_block(place, room_bytes, TT_PCAPNG_BLOCK_SECTION);
	uint64_t section_bytes = TT_PCAPNG_SECTION_UNLIMITED;

	put_u32(&block, TT_PCAPNG_BYTE_ORDER_MAGIC);
	put_u16(&block, TT_PCAPNG_VERSION_MAJOR);
	put_u16(&block, TT_PCAPNG_VERSION_MINOR);
	put(&block, &section_bytes, sizeof(section_bytes));
	put_text_option(&block, TT_PCAPNG_SECTION_OS, os);
	put_text_option(&block, TT_PCAPNG_SECTION_APPLICATION, application);
	return end_block(&block);
}

size_t tt_pcapng_encode_interface(uint8_t *place, size_t room_bytes,
				  const struct tt_pcapng_interface *interface)
{
	struct block block = begin_block(place, room_bytes, TT_PCAPNG_BLOCK_INTERFACE);
	uint8_t resolution = TT_PCAPNG_RESOLUTION_NS;

	put_u16(&block, interface->link_type);
	put_u16(&block, 0);
	put_u32(&block, interface->snap_bytes);
	put_text_option(&block, TT_PCAPNG_INTERFACE_NAME, interface->name);
	if (interface->mac_address)
		put_option(&block, TT_PCAPNG_INTERFACE_MAC_ADDRESS, interface->mac_address,
			   TT_PCAPNG_MAC_ADDRESS_BYTES);
	put_option(&block, TT_PCAPNG_INTERFACE_RESOLUTION, &resolution, sizeof(resolution));
	put_filter_option(&block, interface->filter);
	put_text_option(&block, TT_PCAPNG_INTERFACE_OS, interface->os);
	return end_block(&block);
}

size_t tt_pcapng_encode_statistics(uint8_t *place, size_t room_bytes,
				   const struct tt_pcapng_statistics *statistics)
{
	struct block block = begin_block(place, room_bytes, TT_PCAPNG_BLOCK_STATISTICS);

	put_u32(&block, statistics->block_number);
	put_halves(&block, clamp_time(statistics->time_ns));
	put_text_option(&block, TT_PCAPNG_OPTION_COMMENT, statistics->comment);
	put_time_option(&block, TT_PCAPNG_STATISTICS_START, statistics->start_ns);
	put_time_option(&block, TT_PCAPNG_STATISTICS_END, statistics->time_ns);
	put_count_option(&block, TT_PCAPNG_STATISTICS_RECEIVED, statistics->received);
	put_count_option(&block, TT_PCAPNG_STATISTICS_INTERFACE_DROPPED,
			 statistics->interface_dropped);
	put_count_option(&block, TT_PCAPNG_STATISTICS_ACCEPTED, statistics->accepted);
	put_count_option(&block, TT_PCAPNG_STATISTICS_OS_DROPPED, statistics->os_dropped);
	put_count_option(&block, TT_PCAPNG_STATISTICS_DELIVERED, statistics->delivered);
	return end_block(&block);
}

static uint32_t packet_flags(const struct tt_datagram *datagram)
{
	static const uint8_t directions[TT_PACKET_TYPE_COUNT] = {
		[TT_PACKET_HOST] = TT_PCAPNG_FLAG_INBOUND | TT_PCAPNG_FLAG_UNICAST,
		[TT_PACKET_BROADCAST] = TT_PCAPNG_FLAG_INBOUND | TT_PCAPNG_FLAG_BROADCAST,
		[TT_PACKET_MULTICAST] = TT_PCAPNG_FLAG_INBOUND | TT_PCAPNG_FLAG_MULTICAST,
		[TT_PACKET_OTHERHOST] = TT_PCAPNG_FLAG_INBOUND | TT_PCAPNG_FLAG_PROMISCUOUS,
		[TT_PACKET_OUTGOING] = TT_PCAPNG_FLAG_OUTBOUND,
	};
	uint32_t flags = 0;

	if (datagram->packet_type < TT_PACKET_TYPE_COUNT)
		flags = directions[datagram->packet_type];
	if (datagram->flags & TT_DATAGRAM_CHECKSUM_PARTIAL)
		flags |= TT_PCAPNG_FLAG_CHECKSUM_NOT_READY;
	if (datagram->flags & TT_DATAGRAM_CHECKSUM_VALID)
		flags |= TT_PCAPNG_FLAG_CHECKSUM_VALID;
	return flags;
}

size_t tt_pcapng_encode_packet_head(uint8_t *place, const struct tt_trace_record *record)
{
	uint64_t time_ns = clamp_time(record->datagram->time_ns);

	tt_encode_u32(place, TT_PCAPNG_BLOCK_PACKET);
	tt_encode_u32(place + 4, (uint32_t)tt_pcapng_packet_bytes(record));
	tt_encode_u32(place + 8, record->block_number);
	tt_encode_u32(place + 12, (uint32_t)(time_ns >> 32));
	tt_encode_u32(place + 16, (uint32_t)time_ns);
	tt_encode_u32(place + 20, record->link_bytes + record->captured_bytes);
	tt_encode_u32(place + 24, tt_trace_record_wire_bytes(record));
	if (record->link_bytes == 0)
		return TT_PCAPNG_PACKET_HEAD_BYTES;

	tt_encode_sll2(place + TT_PCAPNG_PACKET_HEAD_BYTES, record);
	return TT_PCAPNG_PACKET_HEAD_BYTES + TT_SLL2_BYTES;
}

size_t tt_pcapng_encode_packet_tail(uint8_t *place, const struct tt_trace_record *record)
{
	size_t padding_bytes = -(record->link_bytes + record->captured_bytes) & 3;
	uint8_t *start = place;

	/* Where fewer bytes than four are wanted, the next ones are written over. */
	tt_encode_u32(place, 0);
	place += padding_bytes;

	tt_encode_u16(place, TT_PCAPNG_PACKET_FLAGS);
	tt_encode_u16(place + 2, sizeof(uint32_t));
	tt_encode_u32(place + 4, packet_flags(record->datagram));
	place += 8;
	if (record->dropped_before > 0) {
		tt_encode_u16(place, TT_PCAPNG_PACKET_DROPCOUNT);
		tt_encode_u16(place + 2, sizeof(uint64_t));
		memcpy(place + 4, &record->dropped_before, sizeof(uint64_t));
		place += 12;
	}
	tt_encode_u32(place, TT_PCAPNG_OPTION_END);
	tt_encode_u32(place + 4, (uint32_t)tt_pcapng_packet_bytes(record));
	return (size_t)(place + 8 - start);
}

void tt_pcapng_encode_packet(uint8_t *place, const struct tt_trace_record *record)
{
	place += tt_pcapng_encode_packet_head(place, record);
	if (record->captured_bytes > 0)
		memcpy(place, record->datagram->packet, record->captured_bytes);
	(void)tt_pcapng_encode_packet_tail(place + record->captured_bytes, record);
}

size_t tt_pcapng_next_block(const uint8_t *bytes, size_t bytes_count, uint32_t *ret_block_number)
{
	struct tt_view view = { .bytes = bytes, .bytes_count = bytes_count };
	uint32_t type, block_bytes;

	*ret_block_number = UINT32_MAX;
	tt_view_copy(view, 0, &type, sizeof(type));
	tt_view_copy(view, 4, &block_bytes, sizeof(block_bytes));
	if (block_bytes == 0 || !tt_view_has(view, 0, block_bytes))
		return 0;

	if (type == TT_PCAPNG_BLOCK_PACKET)
		tt_view_copy(view, 8, ret_block_number, sizeof(*ret_block_number));
	return block_bytes;
}
