/* SPDX-License-Identifier: MIT */

/*
 * The records of pcap files
 *
 * A header of 24 bytes, then records: seconds, fraction, captured and wire length of 32 bits
 * each (and 8 bytes more in modified files), then the captured bytes, without padding.
 */

#include "trace/scan_pcap.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "trace/pcapng.h"

enum {
	RECORD_HEADER_BYTES = 16,
	MODIFIED_HEADER_BYTES = 24,
	VERSION_DIGITAL = 543, /* of a tcpdump that came with Digital Unix */
	/* The rest of the field: whether frames end with a check sum, of how many bytes. */
	LINK_TYPE_MASK = 0xffff,
};

static bool is_known(uint32_t magic)
{
	return magic == TT_PCAP_MAGIC_US || magic == TT_PCAP_MAGIC_NS ||
	       magic == TT_PCAP_MAGIC_MODIFIED;
}

bool tt_scan_pcap_is_magic(struct tt_view window)
{
	return is_known(tt_record_u32(window, 0, true)) ||
	       is_known(tt_record_u32(window, 0, false));
}

static int read_version(struct tt_scan *scan, struct tt_view header, struct tt_error *reterr)
{
	unsigned int major = tt_record_u16(header, 4, scan->is_big_endian);
	unsigned int minor = tt_record_u16(header, 6, scan->is_big_endian);

	if (!(major == 2 && minor <= 4) && !(major == VERSION_DIGITAL && minor == 0))
		return tt_error_set(reterr, -EBADMSG,
				    "a pcap file of version %u.%u: 2.0 to 2.4 can be read", major,
				    minor);
	if (major == VERSION_DIGITAL || minor < 3)
		scan->lengths = TT_SCAN_LENGTHS_WIRE_FIRST;
	else if (minor == 3)
		scan->lengths = TT_SCAN_LENGTHS_SMALLER_CAPTURED;
	else
		scan->lengths = TT_SCAN_LENGTHS_CAPTURED_FIRST;
	return 0;
}

int tt_scan_pcap_start(struct tt_scan *scan, struct tt_view window, size_t *progress_offset,
		       struct tt_error *reterr)
{
	struct tt_record_interface *interface;
	struct tt_view header;
	uint32_t magic;
	int r;

	if (!tt_view_part(window, 0, TT_PCAP_FILE_HEADER_BYTES, &header))
		return tt_scan_need(scan, TT_PCAP_FILE_HEADER_BYTES, "the file's header");

	scan->is_big_endian = is_known(tt_record_u32(header, 0, true));
	r = read_version(scan, header, reterr);
	if (r < 0)
		return r;
	r = tt_scan_add_interface(scan, &interface);
	if (r < 0)
		return tt_error_set(reterr, r, "the file's header: %s", strerror(-r));

	magic = tt_record_u32(header, 0, scan->is_big_endian);
	scan->header_bytes = magic == TT_PCAP_MAGIC_MODIFIED ? MODIFIED_HEADER_BYTES
							     : RECORD_HEADER_BYTES;
	scan->fraction_ns = magic == TT_PCAP_MAGIC_NS ? 1 : 1000;
	interface->link_type = tt_record_u32(header, 20, scan->is_big_endian) & LINK_TYPE_MASK;
	scan->format = TT_SCAN_PCAP;
	*progress_offset = TT_PCAP_FILE_HEADER_BYTES;
	return 0;
}

static bool are_swapped(enum tt_scan_lengths lengths, uint32_t first, uint32_t second)
{
	return lengths == TT_SCAN_LENGTHS_WIRE_FIRST ||
	       (lengths == TT_SCAN_LENGTHS_SMALLER_CAPTURED && first > second);
}

int tt_scan_pcap_next(struct tt_scan *scan, struct tt_view window, size_t *progress_offset,
		      struct tt_record *ret_record, struct tt_error *reterr)
{
	bool is_big_endian = scan->is_big_endian;
	size_t offset = *progress_offset;
	struct tt_view header;
	uint32_t captured_bytes;
	uint32_t wire_bytes;

	if (!tt_view_part(window, offset, RECORD_HEADER_BYTES, &header))
		return tt_scan_need(scan, scan->header_bytes, "a record's header");
	captured_bytes = tt_record_u32(header, 8, is_big_endian);
	wire_bytes = tt_record_u32(header, 12, is_big_endian);
	if (are_swapped(scan->lengths, captured_bytes, wire_bytes)) {
		uint32_t first = captured_bytes;

		captured_bytes = wire_bytes;
		wire_bytes = first;
	}

	if (captured_bytes > TT_SCAN_PCAP_CAPTURED_MAX)
		return tt_error_set(reterr, -EBADMSG,
				    "a record says it has %u bytes: %u are the most that are "
				    "believed",
				    captured_bytes, TT_SCAN_PCAP_CAPTURED_MAX);
	if (!tt_view_has(window, offset, (size_t)scan->header_bytes + captured_bytes))
		return tt_scan_need(scan, (size_t)scan->header_bytes + captured_bytes, "a record");

	/* 32 bits of seconds and of microseconds fit into 63 of nanoseconds. */
	ret_record->time_ns = (int64_t)tt_record_u32(header, 0, is_big_endian) * TT_NS_PER_S +
			      (int64_t)tt_record_u32(header, 4, is_big_endian) * scan->fraction_ns;
	ret_record->bytes.bytes = window.bytes + offset + scan->header_bytes;
	ret_record->bytes.bytes_count = captured_bytes;
	ret_record->wire_bytes = wire_bytes > captured_bytes ? wire_bytes : captured_bytes;
	ret_record->flags = 0;
	ret_record->dropped_before = 0;
	ret_record->interface = scan->interfaces;
	ret_record->end_offset = offset + scan->header_bytes + captured_bytes;
	return 0;
}
