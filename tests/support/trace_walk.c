/* SPDX-License-Identifier: MIT */

/*
 * A strict look at a trace in memory
 */

#include "tests/support/trace_walk.h"

#include <string.h>

struct cursor {
	const uint8_t *bytes;
	size_t bytes_count;
	struct tt_trace_walk *walk;
	void (*see)(void *context, const struct tt_trace_packet *packet);
	void *context;
};

/* What the options of one block say. */
struct options {
	uint32_t seen; /* a bit for each code */
	const uint8_t *values[32];
	uint16_t lengths[32];
};

static uint16_t u16_at(const uint8_t *place)
{
	uint16_t value;

	memcpy(&value, place, sizeof(value));
	return value;
}

static uint32_t u32_at(const uint8_t *place)
{
	uint32_t value;

	memcpy(&value, place, sizeof(value));
	return value;
}

static uint64_t u64_at(const uint8_t *place)
{
	uint64_t value;

	memcpy(&value, place, sizeof(value));
	return value;
}

static bool is_fault(struct cursor *cursor, size_t offset, bool fails, const char *what)
{
	if (fails && !cursor->walk->fault) {
		cursor->walk->fault = what;
		cursor->walk->fault_offset = offset;
	}
	return fails;
}

static bool are_zero(const uint8_t *bytes, size_t bytes_count)
{
	for (size_t i = 0; i < bytes_count; i++) {
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

/* Each option once, padded by zeros, up to opt_endofopt and not a byte behind it. */
static const char *read_options(const uint8_t *bytes, size_t bytes_count, struct options *options)
{
	memset(options, 0, sizeof(*options));
	while (bytes_count >= 4) {
		uint16_t code = u16_at(bytes), length = u16_at(bytes + 2);
		size_t padded_bytes = ((size_t)length + 3) / 4 * 4;

		if (code == 0)
			return length == 0 && bytes_count == 4 ? NULL
							       : "something behind opt_endofopt";
		if (code >= 32 || options->seen & 1u << code)
			return "an option that is unknown or there twice";
		if (padded_bytes > bytes_count - 4)
			return "an option beyond its block";
		if (!are_zero(bytes + 4 + length, padded_bytes - length))
			return "an option padded by something else than zeros";
		options->seen |= 1u << code;
		options->values[code] = bytes + 4;
		options->lengths[code] = length;
		bytes += 4 + padded_bytes;
		bytes_count -= 4 + padded_bytes;
	}
	return "no opt_endofopt";
}

static const char *check_section(const uint8_t *block, size_t block_bytes)
{
	struct options options;
	const char *fault;

	if (block_bytes < 28 || u32_at(block + 8) != 0x1a2b3c4d || u16_at(block + 12) != 1 ||
	    u16_at(block + 14) != 0 || u64_at(block + 16) != UINT64_MAX)
		return "a section header of other bytes";
	fault = read_options(block + 24, block_bytes - 28, &options);
	if (fault)
		return fault;
	return options.seen & ~(1u << 3 | 1u << 4) ? "an option that a section has not" : NULL;
}

static const char *check_interface(struct tt_trace_walk *walk, const uint8_t *block,
				   size_t block_bytes)
{
	struct options options;
	const char *fault;

	if (block_bytes < 20)
		return "an interface block that is too short";
	fault = read_options(block + 16, block_bytes - 20, &options);
	if (fault)
		return fault;
	if (options.seen & ~(1u << 2 | 1u << 6 | 1u << 9 | 1u << 11 | 1u << 12))
		return "an option that an interface has not";
	if (!(options.seen & 1u << 9) || options.lengths[9] != 1 || options.values[9][0] != 9)
		return "no nanoseconds";
	if ((options.seen & 1u << 6 && options.lengths[6] != 6) ||
	    (options.seen & 1u << 11 && (options.lengths[11] < 2 || options.values[11][0] != 0)))
		return "an option of an interface with another length";
	if (options.seen & 1u << 2 && (options.lengths[2] < 1 || options.lengths[2] > 255))
		return "a name of no length";
	if (u16_at(block + 10) != 0)
		return "a reserved field that is used";
	if (walk->interfaces_count > 0 &&
	    (walk->link_type != u16_at(block + 8) || walk->snap_bytes != u32_at(block + 12)))
		return "interfaces that differ, which libpcap refuses";

	walk->interfaces_count++;
	walk->link_type = u16_at(block + 8);
	walk->snap_bytes = u32_at(block + 12);
	memset(walk->last_name, 0, sizeof(walk->last_name));
	if (options.seen & 1u << 2)
		memcpy(walk->last_name, options.values[2], options.lengths[2]);
	return NULL;
}

static const char *check_lengths(const struct tt_trace_walk *walk,
				 const struct tt_trace_packet *packet)
{
	uint32_t link_bytes = walk->link_type == 276 ? 20 : 0;

	if (packet->captured_bytes > packet->wire_bytes)
		return "more captured than was on the wire";
	if (packet->captured_bytes < link_bytes)
		return "a link header in part";
	if (packet->captured_bytes > 262144 ||
	    (walk->snap_bytes > 0 && packet->captured_bytes > walk->snap_bytes))
		return "more captured than readers take";
	if (link_bytes > 0 && !are_zero(packet->bytes + 2, 2))
		return "a reserved field of the link header that is used";
	if (link_bytes > 0 && packet->bytes[11] < 8 &&
	    !are_zero(packet->bytes + 12 + packet->bytes[11], 8u - packet->bytes[11]))
		return "an address padded by something else than zeros";
	return NULL;
}

static const char *check_packet(struct cursor *cursor, size_t offset, size_t block_bytes)
{
	const uint8_t *block = cursor->bytes + offset;
	struct tt_trace_packet packet = { .offset = offset };
	struct options options;
	size_t padded_bytes;
	const char *fault;

	if (block_bytes < 32)
		return "a packet block that is too short";
	packet.interface_block = u32_at(block + 8);
	packet.time = (uint64_t)u32_at(block + 12) << 32 | u32_at(block + 16);
	packet.captured_bytes = u32_at(block + 20);
	packet.wire_bytes = u32_at(block + 24);
	packet.bytes = block + 28;
	padded_bytes = ((size_t)packet.captured_bytes + 3) / 4 * 4;
	if (packet.interface_block >= cursor->walk->interfaces_count)
		return "a packet of no interface";
	if (packet.time > INT64_MAX)
		return "a time that no clock showed";
	if (padded_bytes > block_bytes - 32)
		return "a packet beyond its block";
	if (!are_zero(packet.bytes + packet.captured_bytes, padded_bytes - packet.captured_bytes))
		return "a packet padded by something else than zeros";
	fault = check_lengths(cursor->walk, &packet);
	if (!fault)
		fault = read_options(block + 28 + padded_bytes, block_bytes - 32 - padded_bytes,
				     &options);
	if (fault)
		return fault;
	if ((options.seen & ~(1u << 4)) != 1u << 2 || options.lengths[2] != 4)
		return "other options than a packet has";
	packet.flags = u32_at(options.values[2]);
	if (options.seen & 1u << 4) {
		if (options.lengths[4] != 8 || u64_at(options.values[4]) == 0)
			return "a count of drops that is none";
		packet.dropcount = u64_at(options.values[4]);
	}
	cursor->walk->packets_count++;
	if (cursor->see)
		cursor->see(cursor->context, &packet);
	return NULL;
}

static const char *check_statistics(struct tt_trace_walk *walk, const uint8_t *block,
				    size_t block_bytes)
{
	struct options options;
	const char *fault;

	if (block_bytes < 24 || u32_at(block + 8) >= walk->interfaces_count)
		return "statistics of no interface";
	fault = read_options(block + 20, block_bytes - 24, &options);
	if (fault)
		return fault;
	if (options.seen & ~0x1feu)
		return "an option that statistics have not";
	for (int code = 2; code <= 8; code++) {
		if (options.seen & 1u << code && options.lengths[code] != 8)
			return "a count of another length";
	}
	if (!(options.seen & 1u << 2) || !(options.seen & 1u << 3) || !(options.seen & 1u << 8))
		return "statistics without times, or without what was written";
	walk->statistics_count++;
	walk->delivered_sum += u64_at(options.values[8]);
	return NULL;
}

static const char *check_block(struct cursor *cursor, size_t offset, size_t block_bytes)
{
	const uint8_t *block = cursor->bytes + offset;
	struct tt_trace_walk *walk = cursor->walk;
	uint32_t type = u32_at(block);

	if (type != 5) {
		walk->body_end = offset + block_bytes;
		walk->delivered_sum = 0;
	}
	if ((type == 0x0a0d0d0a) != (offset == 0))
		return "a section header at another place than the beginning";
	switch (type) {
	case 0x0a0d0d0a:
		return check_section(block, block_bytes);
	case 1:
		return check_interface(walk, block, block_bytes);
	case 5:
		return check_statistics(walk, block, block_bytes);
	case 6:
		return check_packet(cursor, offset, block_bytes);
	default:
		return "a block of another type";
	}
}

static void walk_pcapng(struct cursor *cursor)
{
	size_t offset = 0;

	while (offset < cursor->bytes_count) {
		size_t left_bytes = cursor->bytes_count - offset;
		size_t block_bytes;
		const char *fault;

		if (is_fault(cursor, offset, left_bytes < 12, "a block in part"))
			return;
		block_bytes = u32_at(cursor->bytes + offset + 4);
		if (is_fault(cursor, offset,
			     block_bytes < 12 || block_bytes % 4 != 0 || block_bytes > left_bytes,
			     "a block whose length is wrong"))
			return;
		if (is_fault(cursor, offset,
			     u32_at(cursor->bytes + offset + block_bytes - 4) != block_bytes,
			     "a block whose lengths differ"))
			return;
		fault = check_block(cursor, offset, block_bytes);
		if (is_fault(cursor, offset, fault, fault))
			return;
		offset += block_bytes;
	}
}

static void walk_pcap(struct cursor *cursor, bool is_ns)
{
	uint32_t fractions_count = is_ns ? 1000000000 : 1000000;
	struct tt_trace_walk *walk = cursor->walk;
	size_t offset = 24;

	walk->snap_bytes = u32_at(cursor->bytes + 16);
	walk->link_type = (uint16_t)u32_at(cursor->bytes + 20);
	(void)is_fault(cursor, 0,
		       u16_at(cursor->bytes + 4) != 2 || u16_at(cursor->bytes + 6) != 4 ||
			       !are_zero(cursor->bytes + 8, 8) || walk->snap_bytes == 0,
		       "another header");
	while (offset < cursor->bytes_count) {
		const uint8_t *record = cursor->bytes + offset;
		struct tt_trace_packet packet = { .offset = offset };
		const char *fault;

		if (is_fault(cursor, offset, cursor->bytes_count - offset < 16, "a head in part"))
			return;
		packet.time = (uint64_t)u32_at(record) << 32 | u32_at(record + 4);
		packet.captured_bytes = u32_at(record + 8);
		packet.wire_bytes = u32_at(record + 12);
		packet.bytes = record + 16;
		if (is_fault(cursor, offset,
			     packet.captured_bytes > cursor->bytes_count - offset - 16,
			     "a record in part") ||
		    is_fault(cursor, offset, u32_at(record + 4) >= fractions_count,
			     "a fraction of more than a second"))
			return;
		fault = check_lengths(walk, &packet);
		if (is_fault(cursor, offset, fault, fault))
			return;
		walk->packets_count++;
		if (cursor->see)
			cursor->see(cursor->context, &packet);
		offset += 16 + (size_t)packet.captured_bytes;
	}
	walk->body_end = offset;
}

void tt_trace_walk(const uint8_t *bytes, size_t bytes_count, struct tt_trace_walk *ret_walk,
		   void (*see)(void *context, const struct tt_trace_packet *packet), void *context)
{
	struct cursor cursor = { .bytes = bytes,
				 .bytes_count = bytes_count,
				 .walk = ret_walk,
				 .see = see,
				 .context = context };

	memset(ret_walk, 0, sizeof(*ret_walk));
	if (is_fault(&cursor, 0, bytes_count < 24, "no beginning"))
		return;
	ret_walk->is_pcapng = u32_at(bytes) == 0x0a0d0d0a;
	if (ret_walk->is_pcapng)
		walk_pcapng(&cursor);
	else if (!is_fault(&cursor, 0, u32_at(bytes) != 0xa1b2c3d4 && u32_at(bytes) != 0xa1b23c4d,
			   "another magic number"))
		walk_pcap(&cursor, u32_at(bytes) == 0xa1b23c4d);
}
