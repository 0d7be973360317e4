/* SPDX-License-Identifier: MIT */

/*
 * IP packets out of files of captured packets, pcap and pcapng
 *
 * libpcap reads the files; the link's header is taken off here. Link types with IP
 * packets: RAW, IPV4, IPV6, NULL, LOOP, EN10MB with any VLAN tags, LINUX_SLL and
 * LINUX_SLL2. Everything else is counted, so that nobody takes what was skipped for tested.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "packet/frame.h"

enum {
	TT_CAPTURE_REMARKS_BYTES = 16384,
};

/* What was in the files: packets_count is the sum of the three below it. */
struct tt_capture_tally {
	uint64_t packets_count;
	uint64_t given_count;
	uint64_t not_ip_count;          /* a link header that is cut, or says something else */
	uint64_t other_link_type_count; /* packets of files of other link types */
	uint32_t files_count;
	uint32_t other_link_type_files_count;
	uint32_t refused_files_count; /* libpcap does not open them */
	uint32_t broken_files_count;  /* it fails behind their first packets */
	size_t remarks_bytes;
	char remarks[TT_CAPTURE_REMARKS_BYTES]; /* a line for each refused or broken file */
};

/* Takes a packet, borrowed until it returns. Not 0: ends the reading, which returns it. */
typedef int tt_capture_file_fn(const struct tt_frame *frame, void *context);

/*
 * Gives every IP packet of a file, with the packet type and interface that its link header
 * names, else HOST and 0. Adds to a tally that was zero before the first file. A file that
 * cannot be read is no failure but in the tally.
 *
 * Returns 0; what the callback returned.
 */
int tt_capture_file_read(const char *path, tt_capture_file_fn *give, void *context,
			 struct tt_capture_tally *tally);

/* Reads every file of a folder, by name. Returns -errno when the folder cannot be read. */
int tt_capture_folder_read(const char *folder, tt_capture_file_fn *give, void *context,
			   struct tt_capture_tally *tally);
