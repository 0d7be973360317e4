/* SPDX-License-Identifier: MIT */

/*
 * A packet as a trace file has it, before its link header was read
 *
 * What both formats are read into: bytes where they lie in the file's window, and the
 * interface that the file says they were seen on. A pcap file has one, without a name.
 */

#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>

#include "packet/interface.h"
#include "packet/view.h"

/*
 * How an interface's stamps become nanoseconds: divided, multiplied, shifted right, and the
 * offset added. 128 bits hold each step: 2^64 ticks of a second, and an offset of 2^63 seconds.
 */
struct tt_record_clock {
	uint64_t divisor; /* not 0 */
	uint64_t multiplier;
	uint8_t shift; /* below 128 */
	bool is_ns;    /* the ticks are what is wanted, and no more is to be reckoned */
	__int128 offset_ns;
};

struct tt_record_interface {
	struct tt_interface interface; /* kernel_index 0: a link header may tell it */
	struct tt_record_clock clock;
	uint32_t link_type;
	uint32_t snap_bytes; /* 0: no limit */
	uint32_t ordinal;    /* of the file's interfaces: sections do not begin again */
	uint32_t number;     /* 0: nobody asked for it yet; for the reader of records */
};

struct tt_record {
	struct tt_view bytes; /* as captured; borrowed from the window */
	uint32_t wire_bytes;  /* not less */
	uint32_t flags;       /* TT_PCAPNG_FLAGS_*; 0: nothing is known */
	int64_t time_ns;
	uint64_t dropped_before;               /* lost between the one before it and this */
	struct tt_record_interface *interface; /* borrowed until the next record is read */
	size_t end_offset;                     /* in the window: of what follows */
};

/* Fields in the order of bytes that the file is in. */
static inline uint16_t tt_record_u16(struct tt_view view, size_t offset, bool is_big_endian)
{
	uint16_t value;

	tt_view_copy(view, offset, &value, sizeof(value));
	return is_big_endian ? be16toh(value) : le16toh(value);
}

static inline uint32_t tt_record_u32(struct tt_view view, size_t offset, bool is_big_endian)
{
	uint32_t value;

	tt_view_copy(view, offset, &value, sizeof(value));
	return is_big_endian ? be32toh(value) : le32toh(value);
}

static inline uint64_t tt_record_u64(struct tt_view view, size_t offset, bool is_big_endian)
{
	uint64_t value;

	tt_view_copy(view, offset, &value, sizeof(value));
	return is_big_endian ? be64toh(value) : le64toh(value);
}

/* Nanoseconds since 1970; the first or last that there are for what lies beyond. */
static inline int64_t tt_record_clock_ns(const struct tt_record_clock *clock, uint64_t ticks)
{
	__int128 ns;

	if (clock->is_ns)
		return ticks <= INT64_MAX ? (int64_t)ticks : INT64_MAX;
	if (clock->divisor != 1)
		ticks /= clock->divisor;
	ns = (__int128)((unsigned __int128)ticks * clock->multiplier >> clock->shift);
	ns += clock->offset_ns;
	if (ns != (int64_t)ns)
		return ns < 0 ? INT64_MIN : INT64_MAX;
	return (int64_t)ns;
}
