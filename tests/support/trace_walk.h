/* SPDX-License-Identifier: MIT */

/*
 * A strict look at a trace in memory
 *
 * Written from the formats' drafts, apart from the writer and with numbers of its own, so that
 * a mistake is not made twice. Files must be in this machine's byte order, with nanoseconds in
 * pcapng, all interfaces alike, and nothing at all that twintap does not write.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tt_trace_packet {
	size_t offset; /* of its record in the file */
	uint32_t interface_block;
	uint64_t time; /* pcapng: ns; pcap: seconds << 32 | fraction */
	uint32_t captured_bytes;
	uint32_t wire_bytes;
	const uint8_t *bytes;
	uint32_t flags;
	uint64_t dropcount; /* 0: the option is not there */
};

struct tt_trace_walk {
	const char *fault; /* NULL: it is sound */
	size_t fault_offset;
	bool is_pcapng;
	uint16_t link_type;
	uint32_t snap_bytes;
	uint64_t packets_count;
	uint32_t interfaces_count;
	char last_name[256]; /* of the last interface block; "": none */
	uint32_t statistics_count;
	uint64_t delivered_sum; /* isb_usrdeliv of the statistics blocks at the end, summed up */
	size_t body_end;        /* where the statistics at the end begin */
};

/*
 * Goes through all of it; @see is called for each packet, unless it is NULL. Bytes that are
 * left over at the end are a fault, as everything else that should not be.
 */
void tt_trace_walk(const uint8_t *bytes, size_t bytes_count, struct tt_trace_walk *ret_walk,
		   void (*see)(void *context, const struct tt_trace_packet *packet), void *context);
