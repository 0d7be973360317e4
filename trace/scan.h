/* SPDX-License-Identifier: MIT */

/*
 * Records out of a window of a trace file's bytes, whatever its format
 *
 * Pure: no input or output, so that it can be tried on any bytes. The reader shows a window
 * that begins at a record's boundary or goes on behind the last one; a window that ends
 * inside a record is shown again when it has grown.
 *
 * Invariant 1: no byte outside the window is read, whatever it says about lengths.
 * Invariant 2: a record is at most TT_SCAN_RECORD_BYTES_MAX long; what says more lies.
 * Invariant 3: what is scanned at any boundaries of windows gives the same records.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/view.h"
#include "trace/record.h"
#include "twintap/error.h"

enum {
	TT_SCAN_RECORD_BYTES_MAX = 16 << 20, /* of a pcapng block, its head and tail with it */
	TT_SCAN_PCAP_CAPTURED_MAX = (256 + 64)
				    << 10, /* libpcap's limit for most links, and some room */
	TT_SCAN_INTERFACES_MAX = 65536, /* of a section: a hostile file shall not fill the memory */
};

enum tt_scan_format {
	TT_SCAN_UNKNOWN, /* nothing was read yet */
	TT_SCAN_PCAP,
	TT_SCAN_PCAPNG,
};

/* How a pcap file has the two lengths of a record. */
enum tt_scan_lengths {
	TT_SCAN_LENGTHS_CAPTURED_FIRST,
	TT_SCAN_LENGTHS_WIRE_FIRST,
	TT_SCAN_LENGTHS_SMALLER_CAPTURED, /* some wrote them so, some so */
};

struct tt_scan {
	enum tt_scan_format format;
	bool is_big_endian;                     /* the section's, or the file's */
	struct tt_record_interface *interfaces; /* owned; the section's */
	size_t interfaces_count;
	size_t interfaces_room_count;
	uint32_t ordinals_count; /* interfaces of all sections */

	enum tt_scan_lengths lengths; /* these three: pcap */
	uint32_t header_bytes;
	uint32_t fraction_ns; /* what a unit of a stamp's second half is */

	size_t needed_bytes;     /* after TT_EMPTY: from the offset on, at least */
	const char *needed_part; /* what of: "a block" */
};

void tt_scan_init(struct tt_scan *scan);
void tt_scan_deinit(struct tt_scan *scan);

/*
 * Finds the next record of the window at @progress_offset, which moves over what is no
 * record, and not over this one: its end is in it. 0; TT_EMPTY when the window ends before
 * a record does, or just there: needed_bytes from the offset on are missed; -EBADMSG with
 * words for what begins at the offset; -ENOMEM.
 */
int tt_scan_next(struct tt_scan *scan, struct tt_view window, size_t *progress_offset,
		 struct tt_record *ret_record, struct tt_error *reterr);

/* What is common to the formats. */

/* Says how much must be there, and returns TT_EMPTY. */
static inline int tt_scan_need(struct tt_scan *scan, size_t bytes_count, const char *part)
{
	scan->needed_bytes = bytes_count;
	scan->needed_part = part;
	return TT_EMPTY;
}

/* Adds an empty interface: -ENOMEM, or -ENOSPC for too many. */
int tt_scan_add_interface(struct tt_scan *scan, struct tt_record_interface **ret_interface);
