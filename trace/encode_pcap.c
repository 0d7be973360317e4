/* SPDX-License-Identifier: MIT */

/*
 * The header and the records of pcap, made in memory
 */

#include "trace/encode_pcap.h"

#include "base/clock.h"
#include "packet/view.h"

void tt_pcap_encode_header(uint8_t *place, bool is_ns, uint16_t link_type, uint32_t snap_bytes)
{
	tt_encode_u32(place, is_ns ? TT_PCAP_MAGIC_NS : TT_PCAP_MAGIC_US);
	tt_encode_u16(place + 4, TT_PCAP_VERSION_MAJOR);
	tt_encode_u16(place + 6, TT_PCAP_VERSION_MINOR);
	tt_encode_u32(place + 8, 0); /* time zone and accuracy, which nobody uses */
	tt_encode_u32(place + 12, 0);
	/* 0 means no limit to some readers only. */
	tt_encode_u32(place + 16, snap_bytes > 0 ? snap_bytes : TT_TRACE_CAPTURED_BYTES_MAX);
	tt_encode_u32(place + 20, link_type);
}

static void put_time(uint8_t *place, bool is_ns, int64_t time_ns)
{
	int64_t second = time_ns / TT_NS_PER_S;
	int64_t fraction_ns = time_ns % TT_NS_PER_S;

	if (time_ns < 0) {
		second = 0;
		fraction_ns = 0;
	} else if (second > UINT32_MAX) {
		second = UINT32_MAX;
		fraction_ns = TT_NS_PER_S - 1;
	}
	tt_encode_u32(place, (uint32_t)second);
	tt_encode_u32(place + 4, (uint32_t)(is_ns ? fraction_ns : fraction_ns / 1000));
}

size_t tt_pcap_encode_record_head(uint8_t *place, bool is_ns, const struct tt_trace_record *record)
{
	put_time(place, is_ns, record->datagram->time_ns);
	tt_encode_u32(place + 8, record->link_bytes + record->captured_bytes);
	tt_encode_u32(place + 12, tt_trace_record_wire_bytes(record));
	if (record->link_bytes == 0)
		return TT_PCAP_RECORD_HEAD_BYTES;

	tt_encode_sll2(place + TT_PCAP_RECORD_HEAD_BYTES, record);
	return TT_PCAP_RECORD_HEAD_BYTES + TT_SLL2_BYTES;
}

void tt_pcap_encode_record(uint8_t *place, bool is_ns, const struct tt_trace_record *record)
{
	place += tt_pcap_encode_record_head(place, is_ns, record);
	if (record->captured_bytes > 0)
		memcpy(place, record->datagram->packet, record->captured_bytes);
}

size_t tt_pcap_next_record(const uint8_t *bytes, size_t bytes_count)
{
	struct tt_view view = { .bytes = bytes, .bytes_count = bytes_count };
	uint32_t captured_bytes;
	size_t record_bytes;

	tt_view_copy(view, 8, &captured_bytes, sizeof(captured_bytes));
	record_bytes = (size_t)TT_PCAP_RECORD_HEAD_BYTES + captured_bytes;
	return tt_view_has(view, 0, record_bytes) ? record_bytes : 0;
}
