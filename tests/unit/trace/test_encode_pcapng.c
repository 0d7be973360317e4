/* SPDX-License-Identifier: MIT */

/*
 * Blocks of pcapng, made in memory
 *
 * What is made is compared byte by byte with blocks that were written down by hand from the
 * draft, as hexadecimal digits of a little-endian machine; others skip. Rooms are exactly as
 * large as what goes into them, and an unreadable page follows. Not covered: what other tools
 * make of it; where bytes are not compared, the strict walk of tests/support is asked.
 */

#include "trace/encode_pcapng.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/guard.h"
#include "tests/support/trace_walk.h"
#include "tests/unit/cmocka_all.h"
#include "twintap/accounting.h"

enum {
	ROOM_BYTES = 32768,
	PACKET_BYTES_MAX = 16,
};

static const uint8_t packet_bytes[PACKET_BYTES_MAX] = { 0x45, 1, 2,  3,  4,  5,  6,  7,
							8,    9, 10, 11, 12, 13, 14, 15 };

/* Compares with digits, in which blanks are for people. */
static void check_bytes(const uint8_t *bytes, size_t bytes_count, const char *digits)
{
	size_t i = 0;

	for (; *digits; digits++) {
		char pair[3];
		unsigned long expected;

		if (*digits == ' ')
			continue;
		memcpy(pair, digits, 2);
		pair[2] = '\0';
		expected = strtoul(pair, NULL, 16);
		assert_true(i < bytes_count);
		if (bytes[i] != expected)
			fail_msg("byte %zu is %02x instead of %02lx", i, bytes[i], expected);
		i++;
		digits++;
	}
	assert_int_equal(i, bytes_count);
}

/* Makes a block at the end of a room; it must not be made in any smaller one. */
static void check_section(const char *os, const char *application, const char *digits)
{
	struct tt_guard guard;
	uint8_t room[256];
	size_t bytes = tt_pcapng_encode_section(room, sizeof(room), os, application);

	check_bytes(room, bytes, digits);
	tt_guard_init(&guard, bytes);
	for (size_t room_bytes = 0; room_bytes <= bytes; room_bytes++) {
		uint8_t *end = guard.pages + guard.readable_bytes;
		size_t made = tt_pcapng_encode_section(end - room_bytes, room_bytes, os,
						       application);

		assert_int_equal(made, room_bytes == bytes ? bytes : 0);
	}
	tt_guard_deinit(&guard);
}

static void check_interface(const struct tt_pcapng_interface *interface, const char *digits)
{
	uint8_t room[512];
	size_t bytes = tt_pcapng_encode_interface(room, sizeof(room), interface);

	check_bytes(room, bytes, digits);
	for (size_t room_bytes = 0; room_bytes < bytes; room_bytes++)
		assert_int_equal(tt_pcapng_encode_interface(room, room_bytes, interface), 0);
}

static void check_statistics(const struct tt_pcapng_statistics *statistics, const char *digits)
{
	uint8_t room[512];
	size_t bytes = tt_pcapng_encode_statistics(room, sizeof(room), statistics);

	check_bytes(room, bytes, digits);
	for (size_t room_bytes = 0; room_bytes < bytes; room_bytes++)
		assert_int_equal(tt_pcapng_encode_statistics(room, room_bytes, statistics), 0);
}

/* The whole block against digits, in a room that ends with it; and once more in three parts. */
static void check_packet(const struct tt_trace_record *record, const char *digits)
{
	size_t bytes = tt_pcapng_packet_bytes(record);
	uint8_t head[TT_PCAPNG_PACKET_HEAD_BYTES_MAX], tail[TT_PCAPNG_PACKET_TAIL_BYTES_MAX];
	size_t head_bytes = tt_pcapng_encode_packet_head(head, record);
	size_t tail_bytes = tt_pcapng_encode_packet_tail(tail, record);
	struct tt_guard guard;
	uint8_t *place;

	tt_guard_init(&guard, bytes);
	place = guard.pages + guard.readable_bytes - bytes;
	memset(place, 0xee, bytes);
	tt_pcapng_encode_packet(place, record);
	check_bytes(place, bytes, digits);

	assert_int_equal(head_bytes + record->captured_bytes + tail_bytes, bytes);
	assert_memory_equal(place, head, head_bytes);
	assert_memory_equal(place + bytes - tail_bytes, tail, tail_bytes);
	tt_guard_deinit(&guard);
}

static void a_section_has_a_version_and_no_length(void **state)
{
	(void)state;
	check_section(NULL, "",
		      "0a0d0d0a 20000000 4d3c2b1a 0100 0000 ffffffffffffffff"
		      "0000 0000 20000000");
}

static void a_section_says_on_what_and_by_what_it_was_written(void **state)
{
	(void)state;
	check_section("Linux", "tap0",
		      "0a0d0d0a 34000000 4d3c2b1a 0100 0000 ffffffffffffffff"
		      "0300 0500 4c696e7578000000 0400 0400 74617030"
		      "0000 0000 34000000");
}

static void an_interface_of_which_nothing_is_known_has_its_resolution(void **state)
{
	struct tt_pcapng_interface interface = { .link_type = 101, .name = "" };

	(void)state;
	check_interface(&interface, "01000000 20000000 6500 0000 00000000"
				    "0900 0100 09000000 0000 0000 20000000");
}

static void an_interface_says_all_that_is_known(void **state)
{
	static const uint8_t address[6] = { 2, 0, 0x5e, 0x10, 0, 1 };
	struct tt_pcapng_interface interface = { .link_type = 276,
						 .snap_bytes = 148,
						 .name = "eth0",
						 .mac_address = address,
						 .filter = "udp",
						 .os = "Linux 6" };

	(void)state;
	check_interface(&interface, "01000000 48000000 1401 0000 94000000"
				    "0200 0400 65746830 0600 0600 02005e1000010000"
				    "0900 0100 09000000 0b00 0400 00756470"
				    "0c00 0700 4c696e7578203600 0000 0000 48000000");
}

static void words_of_any_length_are_padded_by_zeros(void **state)
{
	static const char *const texts[] = { "u", "ud", "udp", "udp6", "udp 6", "udp or" };
	struct tt_pcapng_interface interface = { .link_type = 101 };
	struct tt_trace_walk walk;
	uint8_t room[256];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t bytes = tt_pcapng_encode_section(room, sizeof(room), texts[i], texts[i]);

		interface.name = interface.filter = interface.os = texts[i];
		memset(room + bytes, 0xee, sizeof(room) - bytes);
		bytes += tt_pcapng_encode_interface(room + bytes, sizeof(room) - bytes, &interface);
		tt_trace_walk(room, bytes, &walk, NULL, NULL);
		assert_null(walk.fault);
		assert_int_equal(walk.interfaces_count, 1);
		assert_string_equal(walk.last_name, texts[i]);
	}
}

static void the_longest_words_fit_into_the_largest_block(void **state)
{
	static const uint8_t address[6];
	char *words = malloc(ROOM_BYTES);
	uint8_t *room = malloc(ROOM_BYTES);
	struct tt_pcapng_interface interface = {
		.name = words, .mac_address = address, .filter = words, .os = words
	};
	size_t bytes;

	(void)state;
	assert_true(words && room);
	memset(words, 'x', ROOM_BYTES - 1);
	words[ROOM_BYTES - 1] = '\0';
	bytes = tt_pcapng_encode_interface(room, TT_PCAPNG_BLOCK_BYTES_MAX, &interface);
	assert_true(bytes > TT_PCAPNG_FILTER_LENGTH_MAX + 2 * TT_PCAPNG_TEXT_LENGTH_MAX);
	assert_true(tt_pcapng_encode_section(room, TT_PCAPNG_BLOCK_BYTES_MAX, words, words) > 0);
	free(words);
	free(room);
}

static void statistics_have_the_upper_half_of_times_first(void **state)
{
	struct tt_pcapng_statistics statistics = { .block_number = 3,
						   .time_ns = 0x1122334455667788,
						   .start_ns = 0x0102030405060708,
						   .received = 10,
						   .interface_dropped = 1,
						   .accepted = 9,
						   .os_dropped = UINT64_C(1) << 32,
						   .delivered = 7,
						   .comment = "all" };

	(void)state;
	check_statistics(&statistics, "05000000 78000000 03000000 44332211 88776655"
				      "0100 0300 616c6c00"
				      "0200 0800 04030201 08070605 0300 0800 44332211 88776655"
				      "0400 0800 0a00000000000000 0500 0800 0100000000000000"
				      "0600 0800 0900000000000000 0700 0800 0000000001000000"
				      "0800 0800 0700000000000000 0000 0000 78000000");
}

static void unknown_counts_are_left_out(void **state)
{
	struct tt_pcapng_statistics statistics = { .time_ns = -1,
						   .start_ns = INT64_MIN,
						   .received = TT_UNKNOWN,
						   .interface_dropped = TT_UNKNOWN,
						   .accepted = TT_UNKNOWN,
						   .os_dropped = TT_UNKNOWN,
						   .delivered = TT_UNKNOWN };

	(void)state;
	check_statistics(&statistics, "05000000 34000000 00000000 00000000 00000000"
				      "0200 0800 0000000000000000 0300 0800 0000000000000000"
				      "0000 0000 34000000");
}

static void a_packet_of_any_length_is_padded_by_zeros(void **state)
{
	struct tt_origin origin = { 0 };
	struct tt_datagram datagram = { .packet = packet_bytes,
					.wire_bytes = 100,
					.time_ns = 0x1122334455667788 };
	struct tt_trace_record record = { .datagram = &datagram,
					  .origin = &origin,
					  .block_number = 2 };

	(void)state;
	record.captured_bytes = 4;
	check_packet(&record, "06000000 30000000 02000000 44332211 88776655 04000000 64000000"
			      "45010203 0200 0400 05000000 0000 0000 30000000");
	record.captured_bytes = 5;
	check_packet(&record, "06000000 34000000 02000000 44332211 88776655 05000000 64000000"
			      "45010203 04000000 0200 0400 05000000 0000 0000 34000000");
	record.captured_bytes = 6;
	check_packet(&record, "06000000 34000000 02000000 44332211 88776655 06000000 64000000"
			      "45010203 04050000 0200 0400 05000000 0000 0000 34000000");
	record.captured_bytes = 7;
	check_packet(&record, "06000000 34000000 02000000 44332211 88776655 07000000 64000000"
			      "45010203 04050600 0200 0400 05000000 0000 0000 34000000");
	record.captured_bytes = 0;
	datagram.packet = NULL;
	check_packet(&record, "06000000 2c000000 02000000 44332211 88776655 00000000 64000000"
			      "0200 0400 05000000 0000 0000 2c000000");
}

static void a_link_header_tells_interface_type_and_sender(void **state)
{
	struct tt_origin origin = { .hardware_type = 0x0301,
				    .address_bytes = 6,
				    .address = { 2, 0, 0x5e, 0x10, 0, 1, 0xee, 0xee } };
	struct tt_datagram datagram = { .packet = packet_bytes,
					.wire_bytes = 2,
					.version = 4,
					.packet_type = TT_PACKET_MULTICAST,
					.flags = TT_DATAGRAM_CHECKSUM_VALID };
	struct tt_trace_record record = { .datagram = &datagram,
					  .origin = &origin,
					  .link_bytes = 20,
					  .captured_bytes = 2,
					  .interface_number = 0x01020304 };

	(void)state;
	check_packet(&record, "06000000 44000000 00000000 00000000 00000000 16000000 16000000"
			      "0800 0000 01020304 0301 02 06 02005e1000010000 45010000"
			      "0200 0400 09040000 0000 0000 44000000");
	datagram.version = 6;
	datagram.packet_type = TT_PACKET_OTHERHOST;
	datagram.flags = TT_DATAGRAM_CHECKSUM_PARTIAL;
	origin.address_bytes = 0;
	check_packet(&record, "06000000 44000000 00000000 00000000 00000000 16000000 16000000"
			      "86dd 0000 01020304 0301 03 00 0000000000000000 45010000"
			      "0200 0400 11020000 0000 0000 44000000");
	datagram.version = 5;
	origin.address_bytes = 20; /* as of InfiniBand, of which eight bytes are known */
	check_packet(&record, "06000000 44000000 00000000 00000000 00000000 16000000 16000000"
			      "0000 0000 01020304 0301 03 14 02005e100001eeee 45010000"
			      "0200 0400 11020000 0000 0000 44000000");
}

static void flags_tell_direction_and_reception(void **state)
{
	static const uint32_t expected[] = { 0x05, 0x0d, 0x09, 0x11, 0x02, 0, 0 };
	struct tt_origin origin = { 0 };
	struct tt_datagram datagram = { .packet = packet_bytes };
	struct tt_trace_record record = { .datagram = &datagram, .origin = &origin };
	uint8_t room[64];

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		uint32_t flags;

		datagram.packet_type = i < 6 ? (uint8_t)i : UINT8_MAX;
		assert_int_equal(tt_pcapng_packet_bytes(&record), 44);
		tt_pcapng_encode_packet(room, &record);
		memcpy(&flags, room + 32, sizeof(flags));
		assert_int_equal(flags, expected[i]);
	}
}

static void drops_before_a_packet_stand_with_it(void **state)
{
	struct tt_origin origin = { 0 };
	struct tt_datagram datagram = { .packet = packet_bytes, .wire_bytes = 1 };
	struct tt_trace_record record = { .datagram = &datagram,
					  .origin = &origin,
					  .captured_bytes = 1,
					  .dropped_before = UINT64_C(0x0102030405060708) };

	(void)state;
	check_packet(&record, "06000000 3c000000 00000000 00000000 00000000 01000000 01000000"
			      "45000000 0200 0400 05000000 0400 0800 0807060504030201"
			      "0000 0000 3c000000");
}

static void times_before_1970_are_its_beginning(void **state)
{
	static const int64_t times_ns[] = { -1, INT64_MIN };
	struct tt_origin origin = { 0 };
	struct tt_datagram datagram = { .packet = packet_bytes };
	struct tt_trace_record record = { .datagram = &datagram, .origin = &origin };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		datagram.time_ns = times_ns[i];
		check_packet(&record,
			     "06000000 2c000000 00000000 00000000 00000000 00000000 00000000"
			     "0200 0400 05000000 0000 0000 2c000000");
	}
}

static void lengths_beyond_the_field_are_the_largest(void **state)
{
	struct tt_origin origin = { 0 };
	struct tt_datagram datagram = { .packet = packet_bytes, .wire_bytes = UINT32_MAX - 19 };
	struct tt_trace_record record = { .datagram = &datagram,
					  .origin = &origin,
					  .link_bytes = 20 };

	(void)state;
	assert_int_equal(tt_trace_record_wire_bytes(&record), UINT32_MAX);
	datagram.wire_bytes--;
	assert_int_equal(tt_trace_record_wire_bytes(&record), UINT32_MAX);
	datagram.wire_bytes--;
	assert_int_equal(tt_trace_record_wire_bytes(&record), UINT32_MAX - 1);
}

static void blocks_are_found_one_by_one_while_they_are_whole(void **state)
{
	struct tt_pcapng_interface interface = { .link_type = 101 };
	struct tt_origin origin = { 0 };
	struct tt_datagram datagram = { .packet = packet_bytes, .wire_bytes = 5 };
	struct tt_trace_record record = {
		.datagram = &datagram, .origin = &origin, .captured_bytes = 5, .block_number = 7
	};
	struct tt_guard guard;
	uint8_t room[128];
	size_t first_bytes = tt_pcapng_encode_interface(room, sizeof(room), &interface);
	size_t bytes = first_bytes + tt_pcapng_packet_bytes(&record);
	uint32_t block_number;

	(void)state;
	tt_pcapng_encode_packet(room + first_bytes, &record);
	tt_guard_init(&guard, bytes);
	for (size_t cut = 0; cut <= bytes; cut++) {
		const uint8_t *copy = tt_guard_copy(&guard, room, cut);
		size_t offset = tt_pcapng_next_block(copy, cut, &block_number);

		assert_int_equal(offset, cut < first_bytes ? 0 : first_bytes);
		assert_true(block_number == UINT32_MAX);
		if (offset == 0)
			continue;
		assert_int_equal(tt_pcapng_next_block(copy + offset, cut - offset, &block_number),
				 cut < bytes ? 0 : bytes - first_bytes);
		if (cut == bytes)
			assert_int_equal(block_number, 7);
	}
	tt_guard_deinit(&guard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_section_has_a_version_and_no_length),
		cmocka_unit_test(a_section_says_on_what_and_by_what_it_was_written),
		cmocka_unit_test(an_interface_of_which_nothing_is_known_has_its_resolution),
		cmocka_unit_test(an_interface_says_all_that_is_known),
		cmocka_unit_test(words_of_any_length_are_padded_by_zeros),
		cmocka_unit_test(the_longest_words_fit_into_the_largest_block),
		cmocka_unit_test(statistics_have_the_upper_half_of_times_first),
		cmocka_unit_test(unknown_counts_are_left_out),
		cmocka_unit_test(a_packet_of_any_length_is_padded_by_zeros),
		cmocka_unit_test(a_link_header_tells_interface_type_and_sender),
		cmocka_unit_test(flags_tell_direction_and_reception),
		cmocka_unit_test(drops_before_a_packet_stand_with_it),
		cmocka_unit_test(times_before_1970_are_its_beginning),
		cmocka_unit_test(lengths_beyond_the_field_are_the_largest),
		cmocka_unit_test(blocks_are_found_one_by_one_while_they_are_whole),
	};

	if (htole16(1) != 1) {
		(void)puts("the expected bytes are those of a little-endian machine");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
