/* SPDX-License-Identifier: MIT */

/*
 * Records out of a window of a trace file's bytes, whatever its format
 *
 * Which format it is the first four bytes say.
 */

#include "trace/scan.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "trace/pcapng.h"
#include "trace/scan_pcap.h"
#include "trace/scan_pcapng.h"

enum {
	MAGIC_BYTES = 4,
	INTERFACES_FIRST = 4,
};

#define MAGIC_ZSTD UINT32_C(0x28b52ffd)
#define MAGIC_GZIP UINT32_C(0x1f8b) /* two bytes */

void tt_scan_init(struct tt_scan *scan)
{
	*scan = (struct tt_scan){ .format = TT_SCAN_UNKNOWN };
}

void tt_scan_deinit(struct tt_scan *scan)
{
	free(scan->interfaces);
	*scan = (struct tt_scan){ .format = TT_SCAN_UNKNOWN };
}

int tt_scan_add_interface(struct tt_scan *scan, struct tt_record_interface **ret_interface)
{
	struct tt_record_interface *interface;

	if (scan->interfaces_count == TT_SCAN_INTERFACES_MAX)
		return -ENOSPC;
	if (scan->interfaces_count == scan->interfaces_room_count) {
		size_t room_count = scan->interfaces_room_count == 0
					    ? INTERFACES_FIRST
					    : 2 * scan->interfaces_room_count;
		void *interfaces = realloc(scan->interfaces,
					   room_count * sizeof(*scan->interfaces));

		if (!interfaces)
			return -ENOMEM;
		scan->interfaces = interfaces;
		scan->interfaces_room_count = room_count;
	}

	interface = &scan->interfaces[scan->interfaces_count++];
	*interface = (struct tt_record_interface){ .ordinal = scan->ordinals_count++ };
	*ret_interface = interface;
	return 0;
}

static int refuse_magic(struct tt_view window, struct tt_error *reterr)
{
	uint32_t magic = tt_view_be32(window, 0);

	if (magic == MAGIC_ZSTD)
		return tt_error_set(reterr, -EBADMSG,
				    "compressed: unpack it first (zstd -dc FILE | twintap read -)");
	if (magic >> 16 == MAGIC_GZIP)
		return tt_error_set(reterr, -EBADMSG,
				    "compressed: unpack it first (gzip -dc FILE | twintap read -)");
	return tt_error_set(reterr, -EBADMSG,
			    "no trace: it begins with %02x %02x %02x %02x, as neither pcap nor "
			    "pcapng does",
			    magic >> 24, magic >> 16 & 0xff, magic >> 8 & 0xff, magic & 0xff);
}

/* Finds out the format, and reads a pcap file's header. */
static int start(struct tt_scan *scan, struct tt_view window, size_t *progress_offset,
		 struct tt_error *reterr)
{
	assert(*progress_offset == 0);

	if (window.bytes_count < MAGIC_BYTES)
		return tt_scan_need(scan, MAGIC_BYTES, "the file's header");
	if (tt_view_be32(window, 0) == TT_PCAPNG_BLOCK_SECTION) {
		scan->format = TT_SCAN_PCAPNG;
		return 0;
	}
	if (tt_scan_pcap_is_magic(window))
		return tt_scan_pcap_start(scan, window, progress_offset, reterr);
	return refuse_magic(window, reterr);
}

int tt_scan_next(struct tt_scan *scan, struct tt_view window, size_t *progress_offset,
		 struct tt_record *ret_record, struct tt_error *reterr)
{
	int r;

	if (scan->format == TT_SCAN_UNKNOWN) {
		r = start(scan, window, progress_offset, reterr);
		if (r != 0)
			return r;
	}
	if (scan->format == TT_SCAN_PCAPNG)
		return tt_scan_pcapng_next(scan, window, progress_offset, ret_record, reterr);
	return tt_scan_pcap_next(scan, window, progress_offset, ret_record, reterr);
}
