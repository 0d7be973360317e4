/* SPDX-License-Identifier: MIT */

/*
 * A datagram as a value
 *
 * Datagrams made by hand over headers that lie in heap blocks of exactly their size,
 * so that a read past the captured bytes is a report of the address sanitizer. How
 * headers become a datagram is not covered here: that is the decoder's.
 */

#include "twintap/datagram.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

enum {
	WIRE_BYTES = 70000,
};

/* The length of a datagram whose capture ends after @packet_bytes of @packet. */
static uint32_t length_of(uint8_t version, const uint8_t *packet, uint32_t packet_bytes)
{
	uint8_t *copy = malloc(packet_bytes ? packet_bytes : 1);
	struct tt_datagram datagram = {
		.packet = copy,
		.packet_bytes = packet_bytes,
		.wire_bytes = WIRE_BYTES,
		.version = version,
	};
	uint32_t length;

	assert_non_null(copy);
	memcpy(copy, packet, packet_bytes);
	length = tt_datagram_length(&datagram);
	free(copy);
	return length;
}

static void length_is_the_headers_own_whatever_was_captured(void **state)
{
	static const uint8_t ipv4[20] = { 0x45, 0, 0x05, 0xdc };
	static const uint8_t ipv6[40] = { 0x60, 0, 0, 0, 0xff, 0xff };

	(void)state;

	assert_int_equal(length_of(4, ipv4, sizeof(ipv4)), 1500);
	assert_int_equal(length_of(6, ipv6, sizeof(ipv6)), 65535 + 40);
}

static void length_is_unknown_when_the_field_was_not_captured(void **state)
{
	static const uint8_t ipv4[20] = { 0x45, 0, 0x05, 0xdc };
	static const uint8_t ipv6[40] = { 0x60, 0, 0, 0, 0x05, 0xdc };

	(void)state;

	for (uint32_t captured = 0; captured <= sizeof(ipv4); captured++)
		assert_int_equal(length_of(4, ipv4, captured), captured < 4 ? 0 : 1500);
	for (uint32_t captured = 0; captured <= sizeof(ipv6); captured++)
		assert_int_equal(length_of(6, ipv6, captured), captured < 6 ? 0 : 1540);
}

static void length_of_jumbograms_and_aggregates_is_that_on_the_wire(void **state)
{
	static const uint8_t ipv4[20] = { 0x45 };
	static const uint8_t ipv6[40] = { 0x60 };

	(void)state;

	assert_int_equal(length_of(4, ipv4, sizeof(ipv4)), WIRE_BYTES);
	assert_int_equal(length_of(6, ipv6, sizeof(ipv6)), WIRE_BYTES);
}

static void length_is_unknown_for_another_version(void **state)
{
	static const uint8_t packet[40] = { 0x45, 0, 0x05, 0xdc, 0x05, 0xdc };

	(void)state;

	for (unsigned int version = 0; version <= UINT8_MAX; version++) {
		if (version != 4 && version != 6)
			assert_int_equal(length_of((uint8_t)version, packet, sizeof(packet)), 0);
	}
}

static void a_copy_outlives_the_bytes_that_it_was_made_from(void **state)
{
	uint8_t packet[32];
	uint8_t expected[32];
	uint8_t buffer[32];
	struct tt_datagram copy;
	struct tt_datagram datagram = {
		.packet = packet,
		.packet_bytes = sizeof(packet),
		.payload = packet + 28,
		.payload_bytes = 9,
		.payload_captured_bytes = 4,
		.time_ns = -1,
		.id = 4660,
		.flags = TT_DATAGRAM_PAYLOAD_CUT,
	};

	(void)state;

	for (size_t i = 0; i < sizeof(packet); i++)
		packet[i] = expected[i] = (uint8_t)i;

	assert_int_equal(tt_datagram_copy(&datagram, buffer, sizeof(buffer), &copy), 0);
	memset(packet, 0xff, sizeof(packet));

	assert_ptr_equal(copy.packet, buffer);
	assert_ptr_equal(copy.payload, buffer + 28);
	assert_memory_equal(copy.packet, expected, sizeof(expected));
	copy.packet = datagram.packet;
	copy.payload = datagram.payload;
	assert_memory_equal(&copy, &datagram, sizeof(copy));
}

static void a_copy_may_be_made_over_its_original(void **state)
{
	uint8_t packet[4] = { 1, 2, 3, 4 };
	uint8_t buffer[4];
	struct tt_datagram datagram = { .packet = packet, .packet_bytes = sizeof(packet) };

	(void)state;

	assert_int_equal(tt_datagram_copy(&datagram, buffer, sizeof(buffer), &datagram), 0);
	assert_ptr_equal(datagram.packet, buffer);
	assert_null(datagram.payload);
	assert_memory_equal(buffer, packet, sizeof(packet));
}

static void a_datagram_without_bytes_can_be_copied(void **state)
{
	struct tt_datagram datagram = { .verdict = TT_VERDICT_TRUNCATED };
	struct tt_datagram copy;
	uint8_t buffer[1];

	(void)state;

	assert_int_equal(tt_datagram_copy(&datagram, buffer, 0, &copy), 0);
	assert_int_equal(copy.packet_bytes, 0);
	assert_int_equal(copy.verdict, TT_VERDICT_TRUNCATED);
	assert_null(copy.payload);
}

static void a_copy_that_does_not_fit_or_lacks_a_place_changes_nothing(void **state)
{
	uint8_t packet[4] = { 0 };
	uint8_t buffer[4] = { 9, 9, 9, 9 };
	struct tt_datagram datagram = { .packet = packet, .packet_bytes = sizeof(packet) };
	struct tt_datagram copy = { .id = 77 };

	(void)state;

	assert_int_equal(tt_datagram_copy(&datagram, buffer, 3, &copy), -ENOSPC);
	assert_int_equal(tt_datagram_copy(NULL, buffer, 4, &copy), -EINVAL);
	assert_int_equal(tt_datagram_copy(&datagram, NULL, 4, &copy), -EINVAL);
	assert_int_equal(tt_datagram_copy(&datagram, buffer, 4, NULL), -EINVAL);
	assert_int_equal(copy.id, 77);
	assert_memory_equal(buffer, "\x09\x09\x09\x09", 4);
}

static void names_are_the_words_of_text_and_json(void **state)
{
	static const char *const verdicts[] = {
		"ok",      "truncated", "bad_version",   "bad_header_length", "bad_length",
		"not_udp", "fragment",  "bad_extension", "bad_checksum",
	};
	static const char *const packet_types[] = { "host", "broadcast", "multicast", "otherhost",
						    "outgoing" };

	(void)state;

	assert_int_equal(sizeof(verdicts) / sizeof(verdicts[0]), TT_VERDICT_COUNT);
	for (unsigned int i = 0; i < TT_VERDICT_COUNT; i++)
		assert_string_equal(tt_verdict_name(i), verdicts[i]);
	assert_int_equal(sizeof(packet_types) / sizeof(packet_types[0]), TT_PACKET_TYPE_COUNT);
	for (unsigned int i = 0; i < TT_PACKET_TYPE_COUNT; i++)
		assert_string_equal(tt_packet_type_name(i), packet_types[i]);

	assert_string_equal(tt_verdict_name(TT_VERDICT_COUNT), "unknown");
	assert_string_equal(tt_verdict_name(UINT_MAX), "unknown");
	assert_string_equal(tt_packet_type_name(TT_PACKET_TYPE_COUNT), "unknown");
	assert_string_equal(tt_packet_type_name(UINT_MAX), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(length_is_the_headers_own_whatever_was_captured),
		cmocka_unit_test(length_is_unknown_when_the_field_was_not_captured),
		cmocka_unit_test(length_of_jumbograms_and_aggregates_is_that_on_the_wire),
		cmocka_unit_test(length_is_unknown_for_another_version),
		cmocka_unit_test(a_copy_outlives_the_bytes_that_it_was_made_from),
		cmocka_unit_test(a_copy_may_be_made_over_its_original),
		cmocka_unit_test(a_datagram_without_bytes_can_be_copied),
		cmocka_unit_test(a_copy_that_does_not_fit_or_lacks_a_place_changes_nothing),
		cmocka_unit_test(names_are_the_words_of_text_and_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
