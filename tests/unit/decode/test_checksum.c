/* SPDX-License-Identifier: MIT */

/*
 * The UDP checksum
 *
 * Packets come from the builder, which sums them slowly and apart from the code
 * under test. Each is verified as it is, and again with single bits changed.
 *
 * Not covered: datagrams of gigabytes; the sum's own limit is 16 GiB.
 */

#include <arpa/inet.h>
#include <string.h>

#include "decode/decode.h"
#include "tests/support/guard.h"
#include "tests/support/packets.h"
#include "tests/unit/cmocka_all.h"

enum {
	PAYLOAD_BYTES_MAX = 70, /* several words of the sum and each remainder */
};

struct fixture {
	struct tt_guard guard;
	uint8_t packet[TT_PACKET_BYTES_MAX];
	size_t packet_bytes;
};

static struct fixture fixture;

static int setup(void **state)
{
	(void)state;
	tt_guard_init(&fixture.guard, TT_PACKET_BYTES_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tt_guard_deinit(&fixture.guard);
	return 0;
}

static void build(const struct tt_packet_spec *spec)
{
	fixture.packet_bytes = tt_packet_build(spec, fixture.packet, sizeof(fixture.packet));
}

/* Decodes the packet in the fixture, its end at the unreadable page, and verifies it. */
static struct tt_datagram verify(void)
{
	const uint8_t *bytes = tt_guard_copy(&fixture.guard, fixture.packet, fixture.packet_bytes);
	struct tt_datagram datagram;

	assert_int_equal(tt_datagram_decode(bytes, fixture.packet_bytes, &datagram), 0);
	assert_int_equal(datagram.verdict, TT_VERDICT_OK);
	tt_decode_verify_checksum(&datagram);
	return datagram;
}

static enum tt_verdict verify_spec(const struct tt_packet_spec *spec)
{
	build(spec);
	return (enum tt_verdict)verify().verdict;
}

/* Verifies the packet with the lowest bit of one byte changed. */
static enum tt_verdict verify_changed(size_t offset)
{
	enum tt_verdict verdict;

	fixture.packet[offset] ^= 1;
	verdict = (enum tt_verdict)verify().verdict;
	fixture.packet[offset] ^= 1;
	return verdict;
}

static void checksum_of_each_sound_shape_is_right(void **state)
{
	(void)state;

	for (size_t i = 0; i < tt_packet_shapes_count; i++) {
		if (tt_packet_shapes[i].verdict == TT_VERDICT_OK)
			assert_int_equal(verify_spec(&tt_packet_shapes[i].spec), TT_VERDICT_OK);
	}
}

static void any_changed_byte_of_any_length_is_noticed(void **state)
{
	static const uint8_t versions[] = { 4, 6 };

	(void)state;

	for (size_t i = 0; i < sizeof(versions); i++) {
		size_t udp_offset = versions[i] == 4 ? 20 : 40;
		size_t addresses_offset = versions[i] == 4 ? 12 : 8;

		for (uint32_t count = 0; count <= PAYLOAD_BYTES_MAX; count++) {
			struct tt_packet_spec spec = { .version = versions[i],
						       .payload_bytes = count };

			assert_int_equal(verify_spec(&spec), TT_VERDICT_OK);
			for (size_t at = addresses_offset; at < fixture.packet_bytes; at++) {
				if (at >= udp_offset + 4 && at < udp_offset + 6)
					continue; /* the length: another verdict */
				assert_int_equal(verify_changed(at), TT_VERDICT_BAD_CHECKSUM);
			}
		}
	}
}

static void a_change_beyond_64_kib_is_noticed(void **state)
{
	static const char *const names[] = { "v4-aggregate", "v6-aggregate" };

	(void)state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(verify_spec(&tt_packet_shape_find(names[i])->spec), TT_VERDICT_OK);
		assert_true(fixture.packet_bytes > 65536);
		assert_int_equal(verify_changed(fixture.packet_bytes - 1), TT_VERDICT_BAD_CHECKSUM);
	}
}

static void surplus_and_padding_are_not_summed(void **state)
{
	(void)state;

	assert_int_equal(verify_spec(&tt_packet_shape_find("v4-surplus")->spec), TT_VERDICT_OK);
	for (size_t at = 20 + 48; at < fixture.packet_bytes; at++)
		assert_int_equal(verify_changed(at), TT_VERDICT_OK);
}

static void a_wrong_checksum_changes_the_verdict_alone(void **state)
{
	struct tt_packet_spec spec = { .version = 6, .payload_bytes = 9, .checksum = TT_SAYS(1) };
	struct tt_datagram datagram, verified;

	(void)state;

	build(&spec);
	verified = verify();
	assert_int_equal(verified.verdict, TT_VERDICT_BAD_CHECKSUM);
	assert_int_equal(verified.payload_bytes, 9);
	assert_int_equal(tt_datagram_decode(verified.packet, verified.packet_bytes, &datagram), 0);
	verified.verdict = TT_VERDICT_OK;
	assert_memory_equal(&verified, &datagram, sizeof(datagram));
}

static void zero_means_no_checksum_in_ipv4_only(void **state)
{
	struct tt_packet_spec spec = { .version = 4, .payload_bytes = 9, .checksum = TT_SAYS(0) };

	(void)state;

	assert_int_equal(verify_spec(&spec), TT_VERDICT_OK);
	spec.version = 6;
	assert_int_equal(verify_spec(&spec), TT_VERDICT_BAD_CHECKSUM);
}

static void a_sum_of_zero_is_sent_as_all_ones(void **state)
{
	static const uint8_t versions[] = { 4, 6 };

	(void)state;

	for (size_t i = 0; i < sizeof(versions); i++) {
		struct tt_packet_spec spec = { .version = versions[i], .payload_bytes = 9 };
		uint32_t port = TT_PACKET_SOURCE_PORT;

		/* Moving what is missing to all ones into a port leaves nothing for the checksum. */
		build(&spec);
		port += verify().udp_checksum;
		spec.source_port = (uint16_t)((port & 0xffff) + (port >> 16));
		build(&spec);

		assert_int_equal(verify().udp_checksum, 0xffff);
		assert_int_equal(verify().verdict, TT_VERDICT_OK);
		assert_int_equal(verify_changed(fixture.packet_bytes - 1), TT_VERDICT_BAD_CHECKSUM);
	}
}

static void what_cannot_be_verified_is_left_as_it_is(void **state)
{
	static const uint16_t flags[] = { TT_DATAGRAM_PAYLOAD_CUT, TT_DATAGRAM_CHECKSUM_PARTIAL,
					  TT_DATAGRAM_CHECKSUM_VALID };
	struct tt_packet_spec spec = { .version = 4, .payload_bytes = 9, .checksum = TT_SAYS(1) };
	struct tt_datagram datagram;

	(void)state;

	build(&spec);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		assert_int_equal(
			tt_datagram_decode(fixture.packet, fixture.packet_bytes, &datagram), 0);
		datagram.flags = flags[i];
		tt_decode_verify_checksum(&datagram);
		assert_int_equal(datagram.verdict, TT_VERDICT_OK);
		assert_int_equal(datagram.flags, flags[i]);
	}

	for (unsigned int verdict = 1; verdict < TT_VERDICT_COUNT; verdict++) {
		memset(&datagram, 0, sizeof(datagram));
		datagram.verdict = (uint8_t)verdict;
		tt_decode_verify_checksum(&datagram);
		assert_int_equal(datagram.verdict, verdict);
	}
}

static void a_kept_copy_is_verified_as_the_original(void **state)
{
	static uint8_t buffer[TT_PACKET_BYTES_MAX];
	struct tt_datagram datagram, copy;

	(void)state;

	build(&tt_packet_shape_find("v6-each-extension")->spec);
	assert_int_equal(tt_datagram_decode(fixture.packet, fixture.packet_bytes, &datagram), 0);
	assert_int_equal(tt_datagram_copy(&datagram, buffer, sizeof(buffer), &copy), 0);
	memset(fixture.packet, 0, fixture.packet_bytes);
	tt_decode_verify_checksum(&copy);
	assert_int_equal(copy.verdict, TT_VERDICT_OK);
}

/* Two addresses, byte by byte: of a hop on the way, and the last. */
#define HOP  0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11
#define LAST 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x99

/* The four bytes before a routing header's addresses, where they mean nothing. */
#define UNUSED 0, 0, 0, 0

static void a_routing_header_names_the_destination_that_is_summed(void **state)
{
	const struct tt_packet_extension headers[] = {
		TT_ROUTING(24, 0, 1, UNUSED, LAST), TT_ROUTING(40, 0, 1, UNUSED, HOP, LAST),
		TT_ROUTING(40, 0, 2, UNUSED, HOP, LAST), TT_ROUTING(24, 2, 1, UNUSED, LAST),
		TT_ROUTING(24, 3, 1, UNUSED, LAST), TT_ROUTING(40, 3, 2, UNUSED, HOP, LAST),
		/* 15 bytes of the last address are the destination's, and 7 bytes are padding. */
		TT_ROUTING(16, 3, 1, 0x0f, 0x70, 0, 0, 0x99),
		/* Hops give 1 byte, the last 4; two hops; 2 bytes are padding. */
		TT_ROUTING(16, 3, 3, 0xfc, 0x20, 0, 0, 0x11, 0x12, 0, 0, 0, 0x99),
		TT_ROUTING(24, 4, 1, UNUSED, LAST), TT_ROUTING(40, 4, 1, UNUSED, LAST, HOP),
		TT_ROUTING(48, 4, 2, UNUSED, LAST, HOP, 5, 6, 0), /* with an option behind */
	};

	(void)state;

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct tt_packet_spec spec = { .version = 6,
					       .payload_bytes = 33,
					       .destination = "2001:db8::5",
					       .pseudo_destination = "2001:db8::99",
					       .extensions = { headers[i] } };

		assert_int_equal(verify_spec(&spec), TT_VERDICT_OK);

		/* Summed with the address of the hop that it is on its way to. */
		spec.pseudo_destination = NULL;
		assert_int_equal(verify_spec(&spec), TT_VERDICT_BAD_CHECKSUM);
	}
}

static void a_routing_header_that_is_used_up_names_no_destination(void **state)
{
	static const uint8_t types[] = { 0, 2, 3, 4, 253 };

	(void)state;

	for (size_t i = 0; i < sizeof(types); i++) {
		const uint8_t body[] = { types[i], 0, UNUSED, HOP };
		struct tt_packet_spec spec = { .version = 6,
					       .payload_bytes = 33,
					       .extensions = { { .is_present = true,
								 .kind = 43,
								 .bytes = 24,
								 .body = body,
								 .body_bytes = sizeof(body) } } };

		assert_int_equal(verify_spec(&spec), TT_VERDICT_OK);
		spec.pseudo_destination = "2001:db8::11";
		assert_int_equal(verify_spec(&spec), TT_VERDICT_BAD_CHECKSUM);
	}
}

static void a_datagram_of_unknown_endpoints_is_left_as_it_is(void **state)
{
	const struct tt_packet_extension headers[] = {
		TT_ROUTING(24, 1, 1, UNUSED, LAST),        /* no such type */
		TT_ROUTING(24, 253, 1, UNUSED, LAST),      /* an experiment's */
		TT_ROUTING(32, 0, 1, UNUSED, LAST),        /* one address and a half */
		TT_ROUTING(24, 0, 2, UNUSED, LAST),        /* more segments than addresses */
		TT_ROUTING(8, 0, 1, UNUSED),               /* no address */
		TT_ROUTING(40, 2, 1, UNUSED, HOP, LAST),   /* one address too many */
		TT_ROUTING(24, 2, 2, UNUSED, LAST),        /* one segment too many */
		TT_ROUTING(24, 3, 2, UNUSED, LAST),        /* more segments than addresses */
		TT_ROUTING(32, 3, 1, UNUSED, LAST),        /* one address and a half */
		TT_ROUTING(16, 3, 1, UNUSED, 0),           /* half an address */
		TT_ROUTING(24, 3, 1, 0, 0x10, 0, 0, LAST), /* padding within the address */
		TT_ROUTING(16, 4, 1, UNUSED, 0),           /* half an address */
		TT_DESTINATION_OPTIONS(16, 201, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1,
				       2),          /* half a home address */
		TT_DESTINATION_OPTIONS(8, 201, 16), /* an option that runs out */
	};

	(void)state;

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct tt_packet_spec spec = { .version = 6,
					       .payload_bytes = 33,
					       .checksum = TT_SAYS(1),
					       .extensions = { headers[i] } };

		assert_int_equal(verify_spec(&spec), TT_VERDICT_OK);
	}
}

static void a_home_address_is_the_source_that_is_summed(void **state)
{
	struct tt_packet_spec spec = {
		.version = 6,
		.payload_bytes = 33,
		.pseudo_source = "2001:db8::99",
		.extensions = { TT_DESTINATION_OPTIONS(24, 1, 2, 0, 0, 201, 16, LAST) },
	};

	(void)state;

	assert_int_equal(verify_spec(&spec), TT_VERDICT_OK);
	spec.pseudo_source = NULL;
	assert_int_equal(verify_spec(&spec), TT_VERDICT_BAD_CHECKSUM);
}

static void bytes_that_changed_since_they_were_read_do_no_harm(void **state)
{
	struct tt_packet_spec spec = { .version = 6,
				       .checksum = TT_SAYS(1),
				       .extensions = { TT_DESTINATION_OPTIONS(8, 0) } };
	struct tt_datagram datagram;

	(void)state;

	build(&spec);
	assert_int_equal(tt_datagram_decode(fixture.packet, fixture.packet_bytes, &datagram), 0);
	fixture.packet[40] = 60; /* options follow options, to the end of the packet */
	tt_decode_verify_checksum(&datagram);
	assert_int_equal(datagram.verdict, TT_VERDICT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_of_each_sound_shape_is_right),
		cmocka_unit_test(any_changed_byte_of_any_length_is_noticed),
		cmocka_unit_test(a_change_beyond_64_kib_is_noticed),
		cmocka_unit_test(surplus_and_padding_are_not_summed),
		cmocka_unit_test(a_wrong_checksum_changes_the_verdict_alone),
		cmocka_unit_test(zero_means_no_checksum_in_ipv4_only),
		cmocka_unit_test(a_sum_of_zero_is_sent_as_all_ones),
		cmocka_unit_test(what_cannot_be_verified_is_left_as_it_is),
		cmocka_unit_test(a_kept_copy_is_verified_as_the_original),
		cmocka_unit_test(a_routing_header_names_the_destination_that_is_summed),
		cmocka_unit_test(a_routing_header_that_is_used_up_names_no_destination),
		cmocka_unit_test(a_datagram_of_unknown_endpoints_is_left_as_it_is),
		cmocka_unit_test(a_home_address_is_the_source_that_is_summed),
		cmocka_unit_test(bytes_that_changed_since_they_were_read_do_no_harm),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
