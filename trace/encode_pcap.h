/* SPDX-License-Identifier: MIT */

/*
 * The header and the records of pcap, made in memory
 *
 * Knows the bytes, and no files. Seconds have 32 bits without a sign there: times before 1970
 * are written as 0, those after 2106 as the last one that there is.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/encode_link.h"

enum {
	TT_PCAP_RECORD_HEAD_BYTES_MAX = TT_PCAP_RECORD_HEAD_BYTES + TT_SLL2_BYTES,
};

/* TT_PCAP_HEADER_BYTES at @place; @snap_bytes with the link header, 0: no limit. */
void tt_pcap_encode_header(uint8_t *place, bool is_ns, uint16_t link_type, uint32_t snap_bytes);

/* The length of a whole record. */
static inline size_t tt_pcap_record_bytes(const struct tt_trace_record *record)
{
	return (size_t)TT_PCAP_RECORD_HEAD_BYTES + record->link_bytes + record->captured_bytes;
}

/* What stands in front of the packet; returns its length, TT_PCAP_RECORD_HEAD_BYTES_MAX at most. */
size_t tt_pcap_encode_record_head(uint8_t *place, bool is_ns, const struct tt_trace_record *record);
/* All of it: tt_pcap_record_bytes(). */
void tt_pcap_encode_record(uint8_t *place, bool is_ns, const struct tt_trace_record *record);

/* The length of the next whole record of what was made here; 0 when it is not all there. */
size_t tt_pcap_next_record(const uint8_t *bytes, size_t bytes_count);
