/* SPDX-License-Identifier: MIT */

/*
 * From frames to datagrams
 *
 * The table of shapes (tests/support/shapes.c) says for each packet which verdict it has
 * and how many captured bytes that needs; here the decoder is held to it at every
 * truncation, with the bytes ending at an unreadable page. What a datagram holds
 * besides its verdict is tested field by field below. Checksums: test_checksum.c.
 *
 * Not covered: packets near 4 GiB, which would need as much memory; their
 * arithmetic is that of a jumbo length that wraps (a shape).
 */

#include "decode/decode.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "tests/support/guard.h"
#include "tests/support/packets.h"
#include "tests/unit/cmocka_all.h"

enum {
	HEADERS_BYTES_MAX = 200, /* the headers of all shapes but one end before */
	INTERFACE_INDEX = 7,
};

struct fixture {
	struct tt_guard guard;
	uint8_t packet[TT_PACKET_BYTES_MAX];
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

/* Decodes the first @captured_bytes of the packet in the fixture, up to the unreadable page. */
static struct tt_datagram decode_cut(uint8_t version, size_t captured_bytes, size_t wire_bytes)
{
	const uint8_t *bytes = tt_guard_copy(&fixture.guard, fixture.packet, captured_bytes);
	struct tt_frame frame = tt_packet_frame(version, bytes, captured_bytes, wire_bytes);
	struct tt_datagram datagram;

	frame.interface_index = INTERFACE_INDEX;
	memset(&datagram, 0xa5, sizeof(datagram));
	tt_decode_frame(&frame, &datagram);
	return datagram;
}

static struct tt_datagram decode_spec(const struct tt_packet_spec *spec)
{
	size_t bytes_count = tt_packet_build(spec, fixture.packet, sizeof(fixture.packet));

	return decode_cut(spec->version, bytes_count, bytes_count);
}

static struct tt_datagram decode_shape(const char *name)
{
	return decode_spec(&tt_packet_shape_find(name)->spec);
}

static void assert_ports(const struct tt_datagram *datagram, uint16_t source, uint16_t destination)
{
	assert_int_equal(ntohs(datagram->source.ipv4.sin_port), source);
	assert_int_equal(ntohs(datagram->destination.ipv4.sin_port), destination);
}

static void assert_addresses(const struct tt_datagram *datagram, const char *source,
			     const char *destination)
{
	int family = datagram->version == 4 ? AF_INET : AF_INET6;
	const struct tt_address *ends[] = { &datagram->source, &datagram->destination };
	const char *texts[] = { source, destination };

	for (size_t i = 0; i < 2; i++) {
		char text[INET6_ADDRSTRLEN];
		const void *bytes = family == AF_INET ? (const void *)&ends[i]->ipv4.sin_addr
						      : (const void *)&ends[i]->ipv6.sin6_addr;

		assert_int_equal(ends[i]->family, family);
		assert_non_null(inet_ntop(family, bytes, text, sizeof(text)));
		assert_string_equal(text, texts[i]);
	}
}

/* What holds of every datagram, whatever was in the packet. */
static void assert_sound(const struct tt_datagram *datagram)
{
	static const uint8_t zeros[sizeof(datagram->reserved)];
	bool is_cut = datagram->flags & TT_DATAGRAM_PAYLOAD_CUT;

	assert_true(datagram->verdict < TT_VERDICT_COUNT);
	assert_memory_equal(datagram->reserved, zeros, sizeof(zeros));
	assert_true(is_cut == (datagram->payload_captured_bytes < datagram->payload_bytes));
	assert_true(datagram->payload_captured_bytes <= datagram->payload_bytes);
	if (datagram->verdict == TT_VERDICT_OK) {
		assert_true(datagram->payload >= datagram->packet);
		assert_true(datagram->payload + datagram->payload_captured_bytes <=
			    datagram->packet + datagram->packet_bytes);
	} else {
		assert_null(datagram->payload);
		assert_int_equal(datagram->payload_bytes, 0);
	}
}

/* Holds one cut of a shape to the table. */
static void assert_cut(const struct tt_packet_shape *shape, size_t captured_bytes,
		       size_t wire_bytes)
{
	struct tt_datagram datagram = decode_cut(shape->spec.version, captured_bytes, wire_bytes);
	enum tt_verdict verdict = shape->verdict;
	bool has_ports = shape->ports_bytes > 0 && captured_bytes >= shape->ports_bytes;

	if (captured_bytes < shape->needed_bytes)
		verdict = TT_VERDICT_TRUNCATED;
	if (datagram.verdict != verdict)
		print_error("%s, %zu of %zu bytes: %s, expected %s\n", shape->name, captured_bytes,
			    wire_bytes, tt_verdict_name(datagram.verdict),
			    tt_verdict_name(verdict));
	assert_int_equal(datagram.verdict, verdict);

	assert_sound(&datagram);
	assert_int_equal(datagram.packet_bytes, captured_bytes);
	assert_int_equal(datagram.wire_bytes, wire_bytes);
	assert_ports(&datagram, has_ports ? TT_PACKET_SOURCE_PORT : 0,
		     has_ports ? TT_PACKET_DESTINATION_PORT : 0);
	if (verdict == TT_VERDICT_OK) {
		size_t behind_bytes = captured_bytes - shape->needed_bytes;
		size_t payload_bytes = shape->spec.payload_bytes;

		assert_int_equal(datagram.payload_bytes, payload_bytes);
		assert_int_equal(datagram.payload_captured_bytes,
				 behind_bytes < payload_bytes ? behind_bytes : payload_bytes);
		assert_ptr_equal(datagram.payload, datagram.packet + shape->needed_bytes);
	}
}

static void each_shape_has_its_verdict_at_every_truncation(void **state)
{
	(void)state;

	for (size_t i = 0; i < tt_packet_shapes_count; i++) {
		const struct tt_packet_shape *shape = &tt_packet_shapes[i];
		size_t wire_bytes = tt_packet_build(&shape->spec, fixture.packet,
						    sizeof(fixture.packet));

		for (size_t count = 0; count <= wire_bytes; count++) {
			/* Inside a large payload nothing changes from one byte to the next. */
			if (count == (size_t)HEADERS_BYTES_MAX + shape->needed_bytes &&
			    wire_bytes > count + HEADERS_BYTES_MAX)
				count = wire_bytes - HEADERS_BYTES_MAX;
			assert_cut(shape, count, wire_bytes);
		}
	}
}

static void packets_cut_on_the_wire_are_never_sound(void **state)
{
	(void)state;

	for (size_t i = 0; i < tt_packet_shapes_count; i++) {
		const struct tt_packet_spec *spec = &tt_packet_shapes[i].spec;
		size_t fixed_bytes = spec->version == 4 ? 20 : 40;
		size_t bytes_count = tt_packet_build(spec, fixture.packet, sizeof(fixture.packet));

		/* Padding is none of it, and a length of 0 takes what there is. */
		if (tt_packet_shapes[i].verdict != TT_VERDICT_OK || spec->ip_length.is_made)
			continue;
		bytes_count -= spec->padding_bytes;
		for (size_t count = 0; count < bytes_count && count < 4096; count++) {
			struct tt_datagram datagram = decode_cut(spec->version, count, count);

			assert_int_equal(datagram.verdict, count < fixed_bytes
								   ? TT_VERDICT_TRUNCATED
								   : TT_VERDICT_BAD_LENGTH);
		}
	}
}

static void every_byte_of_a_datagram_is_written(void **state)
{
	(void)state;

	for (size_t i = 0; i < tt_packet_shapes_count; i++) {
		const struct tt_packet_spec *spec = &tt_packet_shapes[i].spec;
		size_t bytes_count = tt_packet_build(spec, fixture.packet, sizeof(fixture.packet));
		struct tt_frame frame = tt_packet_frame(spec->version, fixture.packet, bytes_count,
							bytes_count);
		struct tt_datagram a, b;

		memset(&a, 0x00, sizeof(a));
		memset(&b, 0xff, sizeof(b));
		tt_decode_frame(&frame, &a);
		tt_decode_frame(&frame, &b);
		assert_memory_equal(&a, &b, sizeof(a));
	}
}

static void what_the_frame_knows_is_carried_over(void **state)
{
	struct tt_packet_spec spec = { .version = 4, .payload_bytes = 8 };
	size_t bytes_count = tt_packet_build(&spec, fixture.packet, sizeof(fixture.packet));
	struct tt_frame frame = tt_packet_frame(4, fixture.packet, bytes_count, bytes_count);
	struct tt_datagram datagram;

	(void)state;

	frame.time_ns = 1234567890123456789;
	frame.interface_index = 42;
	frame.packet_type = TT_PACKET_MULTICAST;
	frame.flags = TT_DATAGRAM_CHECKSUM_PARTIAL;
	tt_decode_frame(&frame, &datagram);

	assert_ptr_equal(datagram.packet, fixture.packet);
	assert_int_equal(datagram.time_ns, 1234567890123456789);
	assert_int_equal(datagram.interface_index, 42);
	assert_int_equal(datagram.packet_type, TT_PACKET_MULTICAST);
	assert_int_equal(datagram.version, 4);
	assert_int_equal(datagram.flags, TT_DATAGRAM_CHECKSUM_PARTIAL);
	assert_int_equal(datagram.worker_index, 0);
	assert_int_equal(datagram.segment_bytes, 0);

	frame.flags = TT_DATAGRAM_CHECKSUM_VALID;
	tt_decode_frame(&frame, &datagram);
	assert_int_equal(datagram.flags, TT_DATAGRAM_CHECKSUM_VALID);
}

static void ipv4_fields_come_from_the_header(void **state)
{
	struct tt_packet_spec spec = { .version = 4,
				       .source = "198.51.100.9",
				       .destination = "233.252.0.1",
				       .source_port = 1,
				       .destination_port = 65535,
				       .traffic_class = 46 << 2 | 3,
				       .hop_limit = 255,
				       .id = 0xfedc,
				       .checksum = TT_SAYS(0xabcd) };
	struct tt_datagram datagram = decode_spec(&spec);
	struct tt_address source = { .ipv6 = { 0 } };

	(void)state;

	assert_int_equal(datagram.verdict, TT_VERDICT_OK);
	assert_addresses(&datagram, "198.51.100.9", "233.252.0.1");
	assert_ports(&datagram, 1, 65535);
	assert_int_equal(datagram.dscp, 46);
	assert_int_equal(datagram.ecn, 3);
	assert_int_equal(datagram.hop_limit, 255);
	assert_int_equal(datagram.id, 0xfedc);
	assert_int_equal(datagram.udp_checksum, 0xabcd);
	assert_int_equal(datagram.flow_label, 0);

	/* The same bytes as an endpoint that was made by hand: nothing unused is left over. */
	source.ipv4.sin_family = AF_INET;
	source.ipv4.sin_port = htons(1);
	source.ipv4.sin_addr.s_addr = inet_addr("198.51.100.9");
	assert_memory_equal(&datagram.source, &source, sizeof(source));
}

static void ipv6_fields_come_from_the_header(void **state)
{
	struct tt_packet_spec spec = { .version = 6,
				       .source = "2001:db8:1:2:3:4:5:6",
				       .destination = "::1",
				       .source_port = 65535,
				       .destination_port = 1,
				       .traffic_class = 1 << 2 | 2,
				       .flow_label = 0xfffff,
				       .hop_limit = 3 };
	struct tt_datagram datagram = decode_spec(&spec);
	struct tt_address destination = { .ipv6 = { 0 } };

	(void)state;

	assert_int_equal(datagram.verdict, TT_VERDICT_OK);
	assert_addresses(&datagram, "2001:db8:1:2:3:4:5:6", "::1");
	assert_ports(&datagram, 65535, 1);
	assert_int_equal(datagram.dscp, 1);
	assert_int_equal(datagram.ecn, 2);
	assert_int_equal(datagram.flow_label, 0xfffff);
	assert_int_equal(datagram.hop_limit, 3);
	assert_int_equal(datagram.id, 0);

	destination.ipv6.sin6_family = AF_INET6;
	destination.ipv6.sin6_port = htons(1);
	destination.ipv6.sin6_addr = in6addr_loopback;
	assert_memory_equal(&datagram.destination, &destination, sizeof(destination));
}

static void only_addresses_of_one_link_carry_its_interface(void **state)
{
	static const struct {
		const char *address;
		uint32_t scope_id;
	} cases[] = {
		{ "fe80::1", INTERFACE_INDEX },
		{ "febf:ffff::1", INTERFACE_INDEX },
		{ "ff01::1", INTERFACE_INDEX },
		{ "ff02::fb", INTERFACE_INDEX },
		{ "ff12::1", INTERFACE_INDEX },
		{ "ff32::1", INTERFACE_INDEX },
		{ "fec0::1", 0 },
		{ "fe7f::1", 0 },
		{ "fd00::1", 0 },
		{ "ff00::1", 0 },
		{ "ff03::1", 0 },
		{ "ff05::1", 0 },
		{ "ff0e::1", 0 },
		{ "::1", 0 },
		{ "2001:db8::1", 0 },
		{ "::", 0 },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_packet_spec as_source = { .version = 6, .source = cases[i].address };
		struct tt_packet_spec as_destination = { .version = 6,
							 .destination = cases[i].address };
		struct tt_datagram datagram = decode_spec(&as_source);

		assert_int_equal(datagram.source.ipv6.sin6_scope_id, cases[i].scope_id);
		assert_int_equal(datagram.destination.ipv6.sin6_scope_id, 0);

		datagram = decode_spec(&as_destination);
		assert_int_equal(datagram.destination.ipv6.sin6_scope_id, cases[i].scope_id);
		assert_int_equal(datagram.source.ipv6.sin6_scope_id, 0);
	}
}

static void fixed_header_is_read_before_anything_behind_it_is_judged(void **state)
{
	static const char *const names[] = {
		"v4-header-words-4", "v4-length-beyond-wire", "v4-tcp",       "v4-last-fragment",
		"v4-udp-length-7",   "v6-length-beyond-wire", "v6-encrypted", "v6-nine-extensions",
		"v6-last-fragment",  "v6-udp-length-7",
	};

	(void)state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct tt_datagram datagram = decode_shape(names[i]);

		assert_int_not_equal(datagram.verdict, TT_VERDICT_OK);
		assert_int_equal(datagram.hop_limit, 64);
		if (datagram.version == 4)
			assert_addresses(&datagram, "192.0.2.7", "192.0.2.1");
		else
			assert_addresses(&datagram, "2001:db8::7", "2001:db8::1");
	}
}

static void packets_without_a_fixed_header_have_no_addresses(void **state)
{
	static const char *const names[] = { "v4", "v6" };

	(void)state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct tt_packet_spec *spec = &tt_packet_shape_find(names[i])->spec;
		size_t bytes_count = tt_packet_build(spec, fixture.packet, sizeof(fixture.packet));
		struct tt_datagram datagram = decode_cut(spec->version, 19, bytes_count);

		assert_int_equal(datagram.verdict, TT_VERDICT_TRUNCATED);
		assert_int_equal(datagram.source.family, AF_UNSPEC);
		assert_int_equal(datagram.destination.family, AF_UNSPEC);
	}
}

static void endpoints_can_be_written_as_text(void **state)
{
	struct tt_packet_spec spec = { .version = 4, .source = "1.2.3.4", .source_port = 5 };
	char text[TT_ADDRESS_TEXT_BYTES];
	struct tt_datagram datagram;

	(void)state;

	datagram = decode_spec(&spec);
	assert_string_equal(tt_address_format(&datagram.source, text, sizeof(text)), "1.2.3.4:5");

	spec.version = 6;
	spec.source = "::1";
	datagram = decode_spec(&spec);
	assert_string_equal(tt_address_format(&datagram.source, text, sizeof(text)), "[::1]:5");

	spec.source = "fe80::1";
	datagram = decode_spec(&spec);
	assert_string_equal(tt_address_format(&datagram.source, text, sizeof(text)),
			    "[fe80::1%7]:5");

	datagram = decode_shape("v6-version-4");
	assert_string_equal(tt_address_format(&datagram.source, text, sizeof(text)), "?");
}

static void version_that_is_neither_4_nor_6_is_bad(void **state)
{
	static const uint8_t versions[] = { 0, 1, 5, 7, 15 };

	(void)state;

	for (size_t i = 0; i < sizeof(versions); i++) {
		struct tt_datagram datagram;

		memset(fixture.packet, versions[i] << 4, 64);
		datagram = decode_cut(versions[i], 64, 64);
		assert_int_equal(datagram.verdict, TT_VERDICT_BAD_VERSION);
		assert_int_equal(datagram.source.family, AF_UNSPEC);
	}
}

static void link_padding_is_no_payload(void **state)
{
	struct tt_datagram datagram = decode_shape("v4-padding");

	(void)state;

	assert_int_equal(datagram.payload_bytes, 4);
	assert_int_equal(datagram.packet_bytes, 46);
	assert_int_equal(datagram.wire_bytes, 46);
	assert_int_equal(datagram.flags, 0);
}

static void cut_payload_keeps_its_true_length(void **state)
{
	struct tt_packet_spec spec = { .version = 6, .payload_bytes = 1000 };
	size_t bytes_count = tt_packet_build(&spec, fixture.packet, sizeof(fixture.packet));
	struct tt_datagram datagram = decode_cut(6, 96, bytes_count);
	struct tt_datagram copy;
	uint8_t buffer[96];

	(void)state;

	assert_int_equal(datagram.verdict, TT_VERDICT_OK);
	assert_int_equal(datagram.flags, TT_DATAGRAM_PAYLOAD_CUT);
	assert_int_equal(datagram.payload_bytes, 1000);
	assert_int_equal(datagram.payload_captured_bytes, 48);
	assert_int_equal(tt_datagram_length(&datagram), 1048);

	assert_int_equal(tt_datagram_copy(&datagram, buffer, 95, &copy), -ENOSPC);
	assert_int_equal(tt_datagram_copy(&datagram, buffer, sizeof(buffer), &copy), 0);
	assert_memory_equal(copy.payload, datagram.payload, 48);
	assert_int_equal(copy.payload_bytes, 1000);
}

static void ports_of_another_protocol_are_not_taken_for_udp(void **state)
{
	struct tt_packet_spec spec = { .version = 4,
				       .payload_bytes = 40,
				       .source_port = 5353,
				       .destination_port = 5353,
				       .protocol = TT_SAYS(6) };
	struct tt_datagram datagram = decode_spec(&spec);

	(void)state;

	assert_int_equal(datagram.verdict, TT_VERDICT_NOT_UDP);
	assert_ports(&datagram, 0, 0);

	spec.version = 6;
	spec.protocol.value = 58;
	datagram = decode_spec(&spec);
	assert_int_equal(datagram.verdict, TT_VERDICT_NOT_UDP);
	assert_ports(&datagram, 0, 0);
}

static void udp_header_is_read_in_network_order(void **state)
{
	static const uint8_t header[8] = { 0x04, 0xd2, 0x00, 0x35, 0x00, 0x0c, 0xab, 0xcd };
	struct tt_packet_spec spec = { .version = 4, .payload_bytes = 4 };
	struct tt_datagram datagram;

	(void)state;

	(void)tt_packet_build(&spec, fixture.packet, sizeof(fixture.packet));
	memcpy(fixture.packet + 20, header, sizeof(header));

	assert_int_equal(tt_datagram_decode(fixture.packet, 32, &datagram), 0);
	assert_int_equal(datagram.verdict, TT_VERDICT_OK);
	assert_ports(&datagram, 1234, 53);
	assert_int_equal(datagram.payload_bytes, 4);
	assert_int_equal(datagram.udp_checksum, 0xabcd);

	assert_int_equal(decode_cut(4, 27, 32).verdict, TT_VERDICT_TRUNCATED);
}

static void each_bit_of_an_offset_makes_a_fragment(void **state)
{
	(void)state;

	for (unsigned int bit = 0; bit < 13; bit++) {
		const unsigned int units = 1U << bit;
		struct tt_packet_spec ipv4 = { .version = 4, .fragment = (uint16_t)units };
		struct tt_packet_spec ipv6 = { .version = 6,
					       .extensions = { TT_FRAGMENT(units, 0) } };

		assert_int_equal(decode_spec(&ipv4).verdict, TT_VERDICT_FRAGMENT);
		assert_int_equal(decode_spec(&ipv6).verdict, TT_VERDICT_FRAGMENT);
	}
}

static void reserved_bits_make_no_fragment(void **state)
{
	struct tt_packet_spec ipv4 = { .version = 4, .fragment = 0x8000 };
	struct tt_packet_spec ipv6 = { .version = 6,
				       .extensions = { TT_EXTENSION(44, 8, 0, 0x06, 0, 0, 0, 1) } };

	(void)state;

	assert_int_equal(decode_spec(&ipv4).verdict, TT_VERDICT_OK);
	assert_int_equal(decode_spec(&ipv6).verdict, TT_VERDICT_OK);
}

static void public_decode_takes_the_version_from_the_packet(void **state)
{
	struct tt_datagram datagram;

	(void)state;

	for (size_t i = 0; i < tt_packet_shapes_count; i++) {
		const struct tt_packet_shape *shape = &tt_packet_shapes[i];
		size_t bytes_count = tt_packet_build(&shape->spec, fixture.packet,
						     sizeof(fixture.packet));

		if (shape->verdict == TT_VERDICT_BAD_VERSION)
			continue;
		assert_int_equal(tt_datagram_decode(fixture.packet, bytes_count, &datagram), 0);
		assert_int_equal(datagram.verdict, shape->verdict);
		assert_int_equal(datagram.version, shape->spec.version);
		assert_int_equal(datagram.time_ns, 0);
		assert_int_equal(datagram.interface_index, 0);
		assert_sound(&datagram);
	}
}

static void public_decode_finds_no_version_in_other_bytes(void **state)
{
	struct tt_datagram datagram;

	(void)state;

	assert_int_equal(tt_datagram_decode("\x50", 1, &datagram), 0);
	assert_int_equal(datagram.verdict, TT_VERDICT_BAD_VERSION);
	assert_int_equal(datagram.version, 0);

	assert_int_equal(tt_datagram_decode("\x0f", 1, &datagram), 0);
	assert_int_equal(datagram.verdict, TT_VERDICT_BAD_VERSION);

	assert_int_equal(tt_datagram_decode("", 0, &datagram), 0);
	assert_int_equal(datagram.verdict, TT_VERDICT_TRUNCATED);
	assert_int_equal(datagram.version, 0);
}

static void public_decode_refuses_null_pointers(void **state)
{
	struct tt_datagram datagram;

	(void)state;

	assert_int_equal(tt_datagram_decode(NULL, 20, &datagram), -EINVAL);
	assert_int_equal(tt_datagram_decode(NULL, 0, &datagram), -EINVAL);
	assert_int_equal(tt_datagram_decode("", 0, NULL), -EINVAL);
}

static void public_decode_looks_at_no_more_than_32_bits_can_say(void **state)
{
	struct tt_packet_spec spec = { .version = 4 };
	struct tt_datagram datagram;

	(void)state;

	(void)tt_packet_build(&spec, fixture.packet, sizeof(fixture.packet));
	/* Only the packet's own 28 bytes are read, whatever is said to be behind them. */
	assert_int_equal(tt_datagram_decode(fixture.packet, SIZE_MAX - 99, &datagram), 0);
	assert_int_equal(datagram.verdict, TT_VERDICT_OK);
	assert_int_equal(datagram.packet_bytes, UINT32_MAX);
	assert_int_equal(datagram.wire_bytes, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_shape_has_its_verdict_at_every_truncation),
		cmocka_unit_test(packets_cut_on_the_wire_are_never_sound),
		cmocka_unit_test(every_byte_of_a_datagram_is_written),
		cmocka_unit_test(what_the_frame_knows_is_carried_over),
		cmocka_unit_test(ipv4_fields_come_from_the_header),
		cmocka_unit_test(ipv6_fields_come_from_the_header),
		cmocka_unit_test(only_addresses_of_one_link_carry_its_interface),
		cmocka_unit_test(fixed_header_is_read_before_anything_behind_it_is_judged),
		cmocka_unit_test(packets_without_a_fixed_header_have_no_addresses),
		cmocka_unit_test(endpoints_can_be_written_as_text),
		cmocka_unit_test(version_that_is_neither_4_nor_6_is_bad),
		cmocka_unit_test(link_padding_is_no_payload),
		cmocka_unit_test(cut_payload_keeps_its_true_length),
		cmocka_unit_test(ports_of_another_protocol_are_not_taken_for_udp),
		cmocka_unit_test(udp_header_is_read_in_network_order),
		cmocka_unit_test(each_bit_of_an_offset_makes_a_fragment),
		cmocka_unit_test(reserved_bits_make_no_fragment),
		cmocka_unit_test(public_decode_takes_the_version_from_the_packet),
		cmocka_unit_test(public_decode_finds_no_version_in_other_bytes),
		cmocka_unit_test(public_decode_refuses_null_pointers),
		cmocka_unit_test(public_decode_looks_at_no_more_than_32_bits_can_say),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
