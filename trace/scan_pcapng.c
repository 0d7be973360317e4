/* SPDX-License-Identifier: MIT */

/*
 * The records of pcapng files
 *
 * Every block has its type, its length, what it is about, and its length once more. All of a
 * block must be in the window before anything of it is looked at, save the head. Offsets
 * below are within a block, its head included.
 */

#include "trace/scan_pcapng.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "trace/pcapng.h"

enum {
	BLOCK_BYTES_MIN = 12,
	BLOCK_TAIL_BYTES = 4,
	SECTION_BYTES_MIN = 28,
	INTERFACE_OPTIONS_OFFSET = 16,
	PACKET_DATA_OFFSET = 28,
	SIMPLE_DATA_OFFSET = 12,

	DROPPED_UNKNOWN = 0xffff, /* of obsolete packet blocks */

	DIGITS_MAX = 19, /* of powers of ten in 64 bits */
	RESOLUTION_IS_BINARY = 0x80,
};

struct block {
	struct tt_view bytes; /* head and tail included */
	uint32_t type;
	bool is_big_endian;
};

struct option {
	uint16_t code;
	struct tt_view value;
};

static uint32_t block_u32(const struct block *block, size_t offset)
{
	return tt_record_u32(block->bytes, offset, block->is_big_endian);
}

static uint16_t block_u16(const struct block *block, size_t offset)
{
	return tt_record_u16(block->bytes, offset, block->is_big_endian);
}

static int read_byte_order(struct tt_view head, struct block *block, struct tt_error *reterr)
{
	block->is_big_endian = tt_view_be32(head, 8) == TT_PCAPNG_BYTE_ORDER_MAGIC;
	if (tt_record_u32(head, 8, block->is_big_endian) != TT_PCAPNG_BYTE_ORDER_MAGIC)
		return tt_error_set(reterr, -EBADMSG,
				    "a section's header has no byte order: it says %08x",
				    tt_view_be32(head, 8));
	return 0;
}

static bool length_is_sound(uint32_t block_bytes)
{
	return block_bytes >= BLOCK_BYTES_MIN && block_bytes % 4 == 0 &&
	       block_bytes <= TT_SCAN_RECORD_BYTES_MAX;
}

/* A block of which all is there, or TT_EMPTY. */
static int take_block(struct tt_scan *scan, struct tt_view window, size_t offset,
		      struct block *block, struct tt_error *reterr)
{
	struct tt_view head;
	uint32_t block_bytes;
	uint32_t tail;
	int r;

	if (!tt_view_part(window, offset, BLOCK_BYTES_MIN, &head))
		return tt_scan_need(scan, BLOCK_BYTES_MIN, "a block's header");

	block->is_big_endian = scan->is_big_endian;
	block->type = tt_record_u32(head, 0, block->is_big_endian);
	if (block->type == TT_PCAPNG_BLOCK_SECTION) {
		r = read_byte_order(head, block, reterr);
		if (r < 0)
			return r;
	}

	block_bytes = tt_record_u32(head, 4, block->is_big_endian);
	if (!length_is_sound(block_bytes))
		return tt_error_set(reterr, -EBADMSG,
				    "a block says it has %u bytes: it is 12 to %u, in fours",
				    block_bytes, TT_SCAN_RECORD_BYTES_MAX);
	if (!tt_view_part(window, offset, block_bytes, &block->bytes))
		return tt_scan_need(scan, block_bytes, "a block");

	tail = block_u32(block, block_bytes - BLOCK_TAIL_BYTES);
	if (tail != block_bytes)
		return tt_error_set(reterr, -EBADMSG,
				    "a block says it has %u bytes, and at its end %u", block_bytes,
				    tail);
	return 0;
}

/* The options of a block, which begin @offset in it. */
static struct tt_view options_of(const struct block *block, size_t offset)
{
	return tt_view_slice(block->bytes, offset,
			     block->bytes.bytes_count - BLOCK_TAIL_BYTES - offset);
}

/*
 * 0 and the next option, TT_STOP behind the last one. Lists may end without an end. Inline, since
 * packets with flags cost a tenth less then.
 */
static inline __attribute__((always_inline)) int next_option(const struct block *block,
							     struct tt_view *options,
							     struct option *ret_option,
							     struct tt_error *reterr)
{
	struct tt_view head;
	uint16_t value_bytes;

	if (!tt_view_part(*options, 0, 4, &head))
		return TT_STOP;
	ret_option->code = tt_record_u16(head, 0, block->is_big_endian);
	if (ret_option->code == TT_PCAPNG_OPTION_END)
		return TT_STOP;

	value_bytes = tt_record_u16(head, 2, block->is_big_endian);
	if (!tt_view_part(*options, 4, value_bytes, &ret_option->value))
		return tt_error_set(reterr, -EBADMSG,
				    "an option says it has %u bytes: its block has %zu left",
				    value_bytes, options->bytes_count - 4);
	*options = tt_view_slice(*options, 4 + ((size_t)value_bytes + 3) / 4 * 4,
				 options->bytes_count);
	return 0;
}

/* ------------------------------------------------------------- sections and interfaces */

static int read_section(struct tt_scan *scan, const struct block *block, struct tt_error *reterr)
{
	uint16_t major = block_u16(block, 12);

	if (block->bytes.bytes_count < SECTION_BYTES_MIN)
		return tt_error_set(reterr, -EBADMSG,
				    "a section's header says it has %zu bytes: it has at least %u",
				    block->bytes.bytes_count, SECTION_BYTES_MIN);
	if (major != 1)
		return tt_error_set(reterr, -EBADMSG,
				    "a section of version %u.%u: version 1 can be read", major,
				    block_u16(block, 14));

	scan->is_big_endian = block->is_big_endian;
	scan->interfaces_count = 0;
	return 0;
}

static uint64_t power_of_ten(unsigned int digits)
{
	uint64_t power = 1;

	while (digits-- > 0)
		power *= 10;
	return power;
}

static void set_resolution(struct tt_record_clock *clock, uint8_t resolution)
{
	unsigned int digits = resolution & (RESOLUTION_IS_BINARY - 1);

	clock->divisor = 1;
	clock->multiplier = TT_NS_PER_S;
	clock->shift = 0;
	if (resolution & RESOLUTION_IS_BINARY) {
		clock->shift = (uint8_t)digits;
	} else if (digits <= TT_PCAPNG_RESOLUTION_NS) {
		clock->multiplier = power_of_ten(TT_PCAPNG_RESOLUTION_NS - digits);
	} else if (digits - TT_PCAPNG_RESOLUTION_NS <= DIGITS_MAX) {
		clock->multiplier = 1;
		clock->divisor = power_of_ten(digits - TT_PCAPNG_RESOLUTION_NS);
	} else {
		clock->multiplier = 0; /* 2^64 of such ticks are no nanosecond */
	}
}

static int check_option(const struct option *option, size_t value_bytes, struct tt_error *reterr)
{
	if (option->value.bytes_count == value_bytes)
		return 0;
	return tt_error_set(reterr, -EBADMSG,
			    "an interface's option %u (of its clock) has %zu bytes: it has %zu",
			    option->code, option->value.bytes_count, value_bytes);
}

static int read_interface_option(struct tt_record_interface *interface, const struct block *block,
				 const struct option *option, struct tt_error *reterr)
{
	struct tt_view value = option->value;
	int r = 0;

	switch (option->code) {
	case TT_PCAPNG_INTERFACE_NAME:
		if (value.bytes_count > TT_INTERFACE_NAME_BYTES - 1)
			value.bytes_count = TT_INTERFACE_NAME_BYTES - 1;
		memset(interface->interface.name, 0, TT_INTERFACE_NAME_BYTES);
		tt_view_copy(value, 0, interface->interface.name, value.bytes_count);
		break;
	case TT_PCAPNG_INTERFACE_MAC_ADDRESS:
		if (value.bytes_count > TT_INTERFACE_HARDWARE_BYTES)
			break; /* not what the option is for: no address is better than a part */
		interface->interface.hardware_bytes = (uint8_t)value.bytes_count;
		tt_view_copy(value, 0, interface->interface.hardware, value.bytes_count);
		break;
	case TT_PCAPNG_INTERFACE_RESOLUTION:
		r = check_option(option, 1, reterr);
		if (r == 0)
			set_resolution(&interface->clock, tt_view_u8(value, 0));
		break;
	case TT_PCAPNG_INTERFACE_OFFSET:
		r = check_option(option, 8, reterr);
		if (r == 0)
			interface->clock.offset_ns =
				(__int128)(int64_t)tt_record_u64(value, 0, block->is_big_endian) *
				TT_NS_PER_S;
		break;
	default:
		break;
	}
	return r;
}

static int read_interface(struct tt_scan *scan, const struct block *block, struct tt_error *reterr)
{
	struct tt_record_interface *interface;
	struct option option = { .value = block->bytes }; /* none yet */
	struct tt_view options;
	int r;

	if (block->bytes.bytes_count < INTERFACE_OPTIONS_OFFSET + BLOCK_TAIL_BYTES)
		return tt_error_set(reterr, -EBADMSG,
				    "an interface's block says it has %zu bytes: it has at least "
				    "%u",
				    block->bytes.bytes_count,
				    INTERFACE_OPTIONS_OFFSET + BLOCK_TAIL_BYTES);
	r = tt_scan_add_interface(scan, &interface);
	if (r == -ENOSPC)
		return tt_error_set(reterr, -EBADMSG, "a section has more than %u interfaces",
				    TT_SCAN_INTERFACES_MAX);
	if (r < 0)
		return tt_error_set(reterr, r, "an interface's block: %s", strerror(-r));

	interface->link_type = block_u16(block, 8);
	interface->snap_bytes = block_u32(block, 12);
	set_resolution(&interface->clock, TT_PCAPNG_RESOLUTION_DEFAULT);
	options = options_of(block, INTERFACE_OPTIONS_OFFSET);
	for (r = next_option(block, &options, &option, reterr); r == 0;
	     r = next_option(block, &options, &option, reterr)) {
		r = read_interface_option(interface, block, &option, reterr);
		if (r < 0)
			return r;
	}
	interface->clock.is_ns = interface->clock.divisor == 1 &&
				 interface->clock.multiplier == 1 && interface->clock.shift == 0 &&
				 interface->clock.offset_ns == 0;
	return r < 0 ? r : 0;
}

/* -------------------------------------------------------------------------- packets */

static int find_interface(struct tt_scan *scan, uint32_t index,
			  struct tt_record_interface **ret_interface, struct tt_error *reterr)
{
	if (index >= scan->interfaces_count)
		return tt_error_set(reterr, -EBADMSG,
				    "a packet of interface %u: its section has %zu so far", index,
				    scan->interfaces_count);

	*ret_interface = &scan->interfaces[index];
	return 0;
}

static int set_bytes(struct tt_record *record, const struct block *block, size_t data_offset,
		     uint32_t captured_bytes, struct tt_error *reterr)
{
	/* The block was found to be large enough for head and tail. */
	size_t room_bytes = block->bytes.bytes_count - BLOCK_TAIL_BYTES - data_offset;

	if (captured_bytes > room_bytes)
		return tt_error_set(reterr, -EBADMSG,
				    "a packet says it has %u bytes: its block has room for %zu",
				    captured_bytes, room_bytes);

	record->bytes.bytes = block->bytes.bytes + data_offset;
	record->bytes.bytes_count = captured_bytes;
	return 0;
}

static int refuse_short(const struct block *block, size_t bytes_min, struct tt_error *reterr)
{
	return tt_error_set(reterr, -EBADMSG,
			    "a packet's block says it has %zu bytes: it has at least %zu",
			    block->bytes.bytes_count, bytes_min);
}

static int read_packet_options(struct tt_record *record, const struct block *block,
			       size_t options_offset, struct tt_error *reterr)
{
	struct tt_view options = options_of(block, options_offset);
	struct option option = { .value = block->bytes }; /* none yet */
	int r;

	for (r = next_option(block, &options, &option, reterr); r == 0;
	     r = next_option(block, &options, &option, reterr)) {
		/* Of other lengths they are something else; the packet is there all the same. */
		if (option.code == TT_PCAPNG_PACKET_FLAGS && option.value.bytes_count == 4)
			record->flags = tt_record_u32(option.value, 0, block->is_big_endian);
		else if (option.code == TT_PCAPNG_PACKET_DROPCOUNT &&
			 block->type == TT_PCAPNG_BLOCK_PACKET && option.value.bytes_count == 8)
			record->dropped_before = tt_record_u64(option.value, 0,
							       block->is_big_endian);
	}
	return r < 0 ? r : 0;
}

/* Enhanced blocks, and obsolete ones, which say less in the same places. */
static int read_packet(struct tt_scan *scan, const struct block *block,
		       struct tt_record *ret_record, struct tt_error *reterr)
{
	uint32_t interface_index = block_u32(block, 8);
	uint64_t ticks = (uint64_t)block_u32(block, 12) << 32 | block_u32(block, 16);
	uint32_t captured_bytes = block_u32(block, 20);
	uint32_t wire_bytes = block_u32(block, 24);
	size_t options_offset;
	int r;

	if (block->bytes.bytes_count < PACKET_DATA_OFFSET + BLOCK_TAIL_BYTES)
		return refuse_short(block, PACKET_DATA_OFFSET + BLOCK_TAIL_BYTES, reterr);
	ret_record->flags = 0;
	ret_record->dropped_before = 0;
	if (block->type == TT_PCAPNG_BLOCK_PACKET_OLD) {
		interface_index = block_u16(block, 8);
		if (block_u16(block, 10) != DROPPED_UNKNOWN)
			ret_record->dropped_before = block_u16(block, 10);
	}

	r = find_interface(scan, interface_index, &ret_record->interface, reterr);
	if (r < 0)
		return r;
	r = set_bytes(ret_record, block, PACKET_DATA_OFFSET, captured_bytes, reterr);
	if (r < 0)
		return r;
	ret_record->wire_bytes = wire_bytes > captured_bytes ? wire_bytes : captured_bytes;
	ret_record->time_ns = tt_record_clock_ns(&ret_record->interface->clock, ticks);

	/* The padding has room: blocks are made of fours. */
	options_offset = PACKET_DATA_OFFSET + ((size_t)captured_bytes + 3) / 4 * 4;
	if (options_offset + BLOCK_TAIL_BYTES == block->bytes.bytes_count)
		return 0;
	return read_packet_options(ret_record, block, options_offset, reterr);
}

/* All that a simple block does not say is interface 0's. */
static int read_simple(struct tt_scan *scan, const struct block *block,
		       struct tt_record *ret_record, struct tt_error *reterr)
{
	uint32_t wire_bytes = block_u32(block, 8);
	uint32_t captured_bytes = wire_bytes;
	int r;

	if (block->bytes.bytes_count < SIMPLE_DATA_OFFSET + BLOCK_TAIL_BYTES)
		return refuse_short(block, SIMPLE_DATA_OFFSET + BLOCK_TAIL_BYTES, reterr);
	r = find_interface(scan, 0, &ret_record->interface, reterr);
	if (r < 0)
		return r;

	if (ret_record->interface->snap_bytes != 0 &&
	    captured_bytes > ret_record->interface->snap_bytes)
		captured_bytes = ret_record->interface->snap_bytes;
	ret_record->wire_bytes = wire_bytes;
	ret_record->flags = 0;
	ret_record->dropped_before = 0;
	ret_record->time_ns = 0;
	return set_bytes(ret_record, block, SIMPLE_DATA_OFFSET, captured_bytes, reterr);
}

int tt_scan_pcapng_next(struct tt_scan *scan, struct tt_view window, size_t *progress_offset,
			struct tt_record *ret_record, struct tt_error *reterr)
{
	for (;;) {
		struct block block = { 0 };
		int r;

		r = take_block(scan, window, *progress_offset, &block, reterr);
		if (r != 0)
			return r;

		ret_record->end_offset = *progress_offset + block.bytes.bytes_count;
		switch (block.type) {
		case TT_PCAPNG_BLOCK_PACKET:
		case TT_PCAPNG_BLOCK_PACKET_OLD:
			return read_packet(scan, &block, ret_record, reterr);
		case TT_PCAPNG_BLOCK_SIMPLE:
			return read_simple(scan, &block, ret_record, reterr);
		case TT_PCAPNG_BLOCK_SECTION:
			r = read_section(scan, &block, reterr);
			break;
		case TT_PCAPNG_BLOCK_INTERFACE:
			r = read_interface(scan, &block, reterr);
			break;
		default:
			break; /* names, statistics, secrets, what others made up */
		}
		if (r < 0)
			return r;
		*progress_offset = ret_record->end_offset;
	}
}
