/* SPDX-License-Identifier: MIT */

/*
 * The header and the records of pcap, made in memory
 *
 * Compared byte by byte with what was written down by hand from the draft, as on a
 * little-endian machine; others skip. Records end at an unreadable page. Not covered: the link
 * header's fields one by one, which test_encode_pcapng has.
 */

#include "trace/encode_pcap.h"

#include <stdio.h>

#include "tests/support/guard.h"
#include "tests/unit/cmocka_all.h"

#define SECOND_NS INT64_C(1000000000)

static const uint8_t packet_bytes[] = { 0x60, 1, 2, 3, 4 };
static const struct tt_origin origin = { .hardware_type = 1,
					 .address_bytes = 2,
					 .address = { 0xaa, 0xbb, 0xcc } };

static void check_header(bool is_ns, uint16_t link_type, uint32_t snap_bytes, const void *expected)
{
	uint8_t header[TT_PCAP_HEADER_BYTES];

	memset(header, 0xee, sizeof(header));
	tt_pcap_encode_header(header, is_ns, link_type, snap_bytes);
	assert_memory_equal(header, expected, sizeof(header));
}

/* A record as it must be, and its head alone. */
static void check_record(bool is_ns, const struct tt_trace_record *record, const void *expected,
			 size_t expected_bytes)
{
	uint8_t head[TT_PCAP_RECORD_HEAD_BYTES_MAX];
	size_t head_bytes = tt_pcap_encode_record_head(head, is_ns, record);
	struct tt_guard guard;
	uint8_t *place;

	assert_int_equal(tt_pcap_record_bytes(record), expected_bytes);
	assert_int_equal(head_bytes + record->captured_bytes, expected_bytes);
	tt_guard_init(&guard, expected_bytes);
	place = guard.pages + guard.readable_bytes - expected_bytes;
	tt_pcap_encode_record(place, is_ns, record);
	assert_memory_equal(place, expected, expected_bytes);
	assert_memory_equal(place, head, head_bytes);
	tt_guard_deinit(&guard);
}

static void a_header_says_resolution_link_type_and_snap_length(void **state)
{
	(void)state;
	check_header(false, 276, 148,
		     "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		     "\x94\x00\x00\x00\x14\x01\x00\x00");
	check_header(true, 101, 0,
		     "\x4d\x3c\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		     "\x00\x00\x04\x00\x65\x00\x00\x00");
}

static void a_record_is_not_padded(void **state)
{
	struct tt_datagram datagram = { .packet = packet_bytes,
					.wire_bytes = 0x10203,
					.time_ns = 5 * SECOND_NS + 1999999 };
	struct tt_trace_record record = { .datagram = &datagram,
					  .origin = &origin,
					  .captured_bytes = 5 };

	(void)state;
	check_record(false, &record,
		     "\x05\x00\x00\x00\xcf\x07\x00\x00\x05\x00\x00\x00\x03\x02\x01\x00"
		     "\x60\x01\x02\x03\x04",
		     21);
	check_record(true, &record,
		     "\x05\x00\x00\x00\x7f\x84\x1e\x00\x05\x00\x00\x00\x03\x02\x01\x00"
		     "\x60\x01\x02\x03\x04",
		     21);
	record.captured_bytes = 0;
	datagram.packet = NULL;
	check_record(true, &record,
		     "\x05\x00\x00\x00\x7f\x84\x1e\x00\x00\x00\x00\x00\x03\x02\x01\x00", 16);
}

static void a_link_header_counts_in_both_lengths(void **state)
{
	struct tt_datagram datagram = { .packet = packet_bytes,
					.wire_bytes = 2,
					.version = 6,
					.packet_type = TT_PACKET_OUTGOING };
	struct tt_trace_record record = { .datagram = &datagram,
					  .origin = &origin,
					  .link_bytes = TT_SLL2_BYTES,
					  .captured_bytes = 1,
					  .interface_number = 7 };

	(void)state;
	check_record(false, &record,
		     "\x00\x00\x00\x00\x00\x00\x00\x00\x15\x00\x00\x00\x16\x00\x00\x00"
		     "\x86\xdd\x00\x00\x00\x00\x00\x07\x00\x01\x04\x02"
		     "\xaa\xbb\x00\x00\x00\x00\x00\x00\x60",
		     37);
}

static void times_that_the_field_cannot_hold_are_its_ends(void **state)
{
	static const struct {
		int64_t time_ns;
		uint32_t second;
		uint32_t fraction_us, fraction_ns;
	} cases[] = {
		{ -1, 0, 0, 0 },
		{ INT64_MIN, 0, 0, 0 },
		{ 0, 0, 0, 0 },
		{ UINT32_MAX * SECOND_NS + 999999998, UINT32_MAX, 999999, 999999998 },
		{ (UINT32_MAX + INT64_C(1)) * SECOND_NS, UINT32_MAX, 999999, 999999999 },
		{ INT64_MAX, UINT32_MAX, 999999, 999999999 },
	};
	struct tt_datagram datagram = { .packet = packet_bytes };
	struct tt_trace_record record = { .datagram = &datagram, .origin = &origin };
	uint32_t head[4];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		datagram.time_ns = cases[i].time_ns;
		(void)tt_pcap_encode_record_head((uint8_t *)head, false, &record);
		assert_int_equal(head[0], cases[i].second);
		assert_int_equal(head[1], cases[i].fraction_us);
		(void)tt_pcap_encode_record_head((uint8_t *)head, true, &record);
		assert_int_equal(head[0], cases[i].second);
		assert_int_equal(head[1], cases[i].fraction_ns);
	}
}

static void records_are_found_while_they_are_whole(void **state)
{
	struct tt_datagram datagram = { .packet = packet_bytes };
	struct tt_trace_record record = { .datagram = &datagram,
					  .origin = &origin,
					  .captured_bytes = 5 };
	struct tt_guard guard;
	uint8_t room[21];

	(void)state;
	tt_pcap_encode_record(room, true, &record);
	tt_guard_init(&guard, sizeof(room));
	for (size_t cut = 0; cut <= sizeof(room); cut++)
		assert_int_equal(tt_pcap_next_record(tt_guard_copy(&guard, room, cut), cut),
				 cut < sizeof(room) ? 0 : sizeof(room));
	tt_guard_deinit(&guard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_says_resolution_link_type_and_snap_length),
		cmocka_unit_test(a_record_is_not_padded),
		cmocka_unit_test(a_link_header_counts_in_both_lengths),
		cmocka_unit_test(times_that_the_field_cannot_hold_are_its_ends),
		cmocka_unit_test(records_are_found_while_they_are_whole),
	};

	if (htole16(1) != 1) {
		(void)puts("the expected bytes are those of a little-endian machine");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
