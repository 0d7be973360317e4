/* SPDX-License-Identifier: MIT */

/*
 * The records of pcap files
 *
 * Stamps of micro- and nanoseconds in either byte order, and the modified format whose
 * records name an interface. Versions as libpcap takes them: 2.0 to 2.4, and 543.0.
 */

#pragma once

#include "trace/scan.h"

enum {
	TT_PCAP_FILE_HEADER_BYTES = 24,
};

/* Whether a file that begins with these four bytes is one. */
bool tt_scan_pcap_is_magic(struct tt_view window);
/* Reads the file's header, which the window begins with; progress_offset moves behind it. */
int tt_scan_pcap_start(struct tt_scan *scan, struct tt_view window, size_t *progress_offset,
		       struct tt_error *reterr);
/* As tt_scan_next(). */
int tt_scan_pcap_next(struct tt_scan *scan, struct tt_view window, size_t *progress_offset,
		      struct tt_record *ret_record, struct tt_error *reterr);
