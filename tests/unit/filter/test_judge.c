/* SPDX-License-Identifier: MIT */

/*
 * The filter's judgement, in C
 *
 * Packets are built, and lie in front of an unreadable page. Each reason is tried, and that
 * the earlier of two is given; every packet of support/packets.h at every captured length.
 * Time is what the frames say. That the kernel's program judges alike is not covered here
 * (netns.filter).
 */

#include "filter/judge.h"

#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "tests/support/guard.h"
#include "tests/support/packets.h"
#include "tests/unit/cmocka_all.h"

enum {
	INTERFACE = 3,
	OTHER_INTERFACE = 4,
	SNAP_BYTES = 262144,
	PAYLOAD_BYTES = 64,
	UDP_REST_BYTES = 4, /* of the UDP header, behind the ports */
	WANTED_TYPES = 1 << TT_PACKET_HOST | 1 << TT_PACKET_MULTICAST,
	LATER_UNITS = 10, /* of 8 bytes: where a fragment that is not the first begins */
};

static struct tt_guard guard;

static int guard_setup(void **state)
{
	(void)state;
	tt_guard_init(&guard, TT_PACKET_BYTES_MAX);
	return 0;
}

static int guard_teardown(void **state)
{
	(void)state;
	tt_guard_deinit(&guard);
	return 0;
}

/* Wants the port that packets go to unless they say otherwise. */
static struct tt_conditions want_one_port(void)
{
	struct tt_conditions conditions = {
		.packet_types = WANTED_TYPES,
		.snap_bytes = SNAP_BYTES,
		.follows_fragments = true,
	};

	conditions.ports.words[TT_PACKET_DESTINATION_PORT / 64] =
		UINT64_C(1) << TT_PACKET_DESTINATION_PORT % 64;
	return conditions;
}

static struct tt_conditions want_all_ports(void)
{
	struct tt_conditions conditions = want_one_port();
	struct tt_ports all;

	memset(&all, 0xff, sizeof(all));
	tt_conditions_set_ports(&conditions, &all);
	assert_true(conditions.takes_all_ports);
	return conditions;
}

/* A frame of the packet, whole. */
static struct tt_frame build(const struct tt_packet_spec *spec)
{
	static uint8_t packet[TT_PACKET_BYTES_MAX];
	size_t bytes = tt_packet_build(spec, packet, sizeof(packet));
	struct tt_frame frame = tt_packet_frame(spec->version, tt_guard_copy(&guard, packet, bytes),
						bytes, bytes);

	frame.interface_index = INTERFACE;
	frame.packet_type = TT_PACKET_HOST;
	return frame;
}

static uint32_t judge_spec(const struct tt_conditions *conditions,
			   const struct tt_packet_spec *spec)
{
	struct tt_frame frame = build(spec);

	return tt_judge_frame(conditions, NULL, &frame).result;
}

static struct tt_packet_spec sound(uint8_t version)
{
	return (struct tt_packet_spec){ .version = version, .payload_bytes = PAYLOAD_BYTES };
}

static void a_sound_datagram_to_a_wanted_port_is_taken_whole(void **state)
{
	struct tt_conditions conditions = want_one_port();

	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct tt_packet_spec spec = sound(version);
		struct tt_frame frame = build(&spec);
		struct tt_judgement judgement = tt_judge_frame(&conditions, NULL, &frame);

		assert_int_equal(judgement.result, TT_JUDGED_TAKEN);
		assert_int_equal(judgement.snap_bytes, frame.wire_bytes);
		assert_false(judgement.is_late_fragment);
	}
}

static void packet_types_are_a_set(void **state)
{
	struct tt_conditions conditions = want_one_port();
	struct tt_packet_spec spec = sound(4);

	(void)state;
	for (uint8_t type = 0; type < 8; type++) {
		struct tt_frame frame = build(&spec);

		frame.packet_type = type;
		assert_int_equal(tt_judge_frame(&conditions, NULL, &frame).result,
				 type == TT_PACKET_HOST || type == TT_PACKET_MULTICAST
					 ? TT_JUDGED_TAKEN
					 : TT_FILTER_REJECT_PACKET_TYPE);
	}
}

static void interfaces_are_a_set_or_all(void **state)
{
	static const uint32_t indexes[] = { 1, INTERFACE, 9 };
	struct tt_conditions conditions = want_one_port();
	struct tt_packet_spec spec = sound(6);
	struct tt_frame frame = build(&spec);

	(void)state;
	frame.interface_index = OTHER_INTERFACE;
	assert_int_equal(tt_judge_frame(&conditions, NULL, &frame).result, TT_JUDGED_TAKEN);
	conditions.interface_indexes = indexes;
	conditions.interfaces_count = 3;
	assert_int_equal(tt_judge_frame(&conditions, NULL, &frame).result,
			 TT_FILTER_REJECT_INTERFACE);
	frame.interface_index = 9;
	assert_int_equal(tt_judge_frame(&conditions, NULL, &frame).result, TT_JUDGED_TAKEN);
}

static void the_port_side_decides_which_port_is_asked(void **state)
{
	static const uint32_t expected[][2] = {
		/* destination is wanted, source is */
		[TT_FILTER_SIDE_DESTINATION] = { TT_JUDGED_TAKEN, TT_FILTER_REJECT_PORT },
		[TT_FILTER_SIDE_SOURCE] = { TT_FILTER_REJECT_PORT, TT_JUDGED_TAKEN },
		[TT_FILTER_SIDE_EITHER] = { TT_JUDGED_TAKEN, TT_JUDGED_TAKEN },
	};
	struct tt_conditions conditions = want_one_port();

	(void)state;
	for (uint32_t side = 0; side <= TT_FILTER_SIDE_EITHER; side++) {
		struct tt_packet_spec to = { .version = 4, .source_port = 1 };
		struct tt_packet_spec from = { .version = 6,
					       .source_port = TT_PACKET_DESTINATION_PORT,
					       .destination_port = 1 };
		struct tt_packet_spec neither = { .version = 6, .destination_port = 1 };

		conditions.port_side = side;
		assert_int_equal(judge_spec(&conditions, &to), expected[side][0]);
		assert_int_equal(judge_spec(&conditions, &from), expected[side][1]);
		assert_int_equal(judge_spec(&conditions, &neither), TT_FILTER_REJECT_PORT);
	}
}

/* Mends one fault after the other; the next must then be the reason. */
static void the_first_reason_counts(void **state)
{
	static const uint32_t other = OTHER_INTERFACE;
	struct tt_expression *expression;

	(void)state;
	assert_int_equal(tt_expression_new(&expression, "greater 1000", NULL), 0);
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct tt_conditions conditions = want_one_port();
		struct tt_packet_spec spec = sound(version);
		struct tt_packet_extension first = TT_FRAGMENT(0, 1);

		conditions.packet_types = 0;
		conditions.interface_indexes = &other;
		conditions.interfaces_count = 1;
		conditions.follows_fragments = false;
		conditions.expression = expression;
		spec.protocol = (struct tt_packet_claim)TT_SAYS(6);
		spec.destination_port = 1;
		if (version == 4)
			spec.fragment = TT_PACKET_MORE_FRAGMENTS;
		else
			spec.extensions[0] = first;

		assert_int_equal(judge_spec(&conditions, &spec), TT_FILTER_REJECT_PACKET_TYPE);
		conditions.packet_types = WANTED_TYPES;
		assert_int_equal(judge_spec(&conditions, &spec), TT_FILTER_REJECT_INTERFACE);
		conditions.interfaces_count = 0;
		assert_int_equal(judge_spec(&conditions, &spec), TT_FILTER_REJECT_NOT_UDP);
		spec.protocol.is_made = false;
		assert_int_equal(judge_spec(&conditions, &spec), TT_FILTER_REJECT_FRAGMENT);
		conditions.follows_fragments = true;
		assert_int_equal(judge_spec(&conditions, &spec), TT_FILTER_REJECT_PORT);
		spec.destination_port = 0;
		assert_int_equal(judge_spec(&conditions, &spec), TT_FILTER_REJECT_EXPRESSION);
		conditions.expression = NULL;
		assert_int_equal(judge_spec(&conditions, &spec), TT_JUDGED_TAKEN);
	}
	tt_expression_drop(expression);
}

static void broken_headers_have_no_ports(void **state)
{
	const struct tt_packet_spec specs[] = {
		{ .version = 4, .version_nibble = TT_SAYS(5) },
		{ .version = 4, .header_words = TT_SAYS(4) },
		{ .version = 4, .header_words = TT_SAYS(15) }, /* beyond the packet's end */
		{ .version = 4, .kept_bytes = TT_SAYS(3) },
		{ .version = 6, .version_nibble = TT_SAYS(4) },
		{ .version = 6, .kept_bytes = TT_SAYS(3) },
		{ .version = 6, .extensions = { TT_HOP_BY_HOP(8, 0) }, .kept_bytes = TT_SAYS(3) },
		/* One header more than is walked. */
		{ .version = 6,
		  .extensions = { TT_HOP_BY_HOP(8, 0), TT_DESTINATION_OPTIONS(8, 0),
				  TT_DESTINATION_OPTIONS(8, 0), TT_DESTINATION_OPTIONS(8, 0),
				  TT_DESTINATION_OPTIONS(8, 0), TT_DESTINATION_OPTIONS(8, 0),
				  TT_DESTINATION_OPTIONS(8, 0), TT_DESTINATION_OPTIONS(8, 0),
				  TT_DESTINATION_OPTIONS(8, 0) } },
		/* An extension header that is longer than the packet. */
		{ .version = 6,
		  .extensions = { TT_EXTENSION(60, 8, 0) },
		  .kept_bytes = TT_SAYS(0) },
	};
	struct tt_conditions one = want_one_port(), all = want_all_ports();

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		assert_int_equal(judge_spec(&one, &specs[i]), TT_FILTER_REJECT_MALFORMED);
		/* Where every port is wanted, those that cannot be read are, too. */
		assert_int_equal(judge_spec(&all, &specs[i]), TT_JUDGED_TAKEN);
	}
}

static void packets_shorter_than_their_fixed_header_are_malformed(void **state)
{
	struct tt_conditions conditions = want_one_port();

	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct tt_packet_spec spec = sound(version);
		struct tt_frame frame = build(&spec);

		for (uint32_t bytes = 0; bytes < (version == 4 ? 20U : 40U); bytes++) {
			frame.captured_bytes = frame.wire_bytes = bytes;
			assert_int_equal(tt_judge_frame(&conditions, NULL, &frame).result,
					 TT_FILTER_REJECT_MALFORMED);
		}
	}
}

/* Whatever is captured, the judgement is that of the whole packet, or unknown. */
static void assert_every_length(const struct tt_conditions *conditions,
				const struct tt_packet_shape *shape)
{
	static uint8_t packet[TT_PACKET_BYTES_MAX];
	size_t bytes = tt_packet_build(&shape->spec, packet, sizeof(packet));
	struct tt_frame whole = tt_packet_frame(shape->spec.version, packet, bytes, bytes);
	uint32_t expected = tt_judge_frame(conditions, NULL, &whole).result;
	size_t captured_max = bytes < 400 ? bytes : 400;
	bool was_known = false;

	for (size_t captured = 0; captured < captured_max; captured++) {
		struct tt_frame frame = tt_packet_frame(shape->spec.version,
							tt_guard_copy(&guard, packet, captured),
							captured, bytes);
		uint32_t result = tt_judge_frame(conditions, NULL, &frame).result;

		if (result != TT_JUDGED_UNKNOWN)
			assert_int_equal(result, expected);
		assert_false(was_known && result == TT_JUDGED_UNKNOWN);
		was_known = result != TT_JUDGED_UNKNOWN;
		if (shape->ports_bytes == 0 || conditions->takes_all_ports)
			continue;
		/* Half of the UDP header is the ports; an expression may look anywhere. */
		assert_int_equal(was_known, captured + UDP_REST_BYTES >= shape->ports_bytes &&
						    !conditions->expression);
	}
}

static void what_was_not_captured_leaves_it_unknown(void **state)
{
	struct tt_conditions one = want_one_port(), all = want_all_ports();
	struct tt_conditions narrowed = want_one_port();

	(void)state;
	assert_int_equal(tt_expression_new(&narrowed.expression, "udp", NULL), 0);
	for (size_t i = 0; i < tt_packet_shapes_count; i++) {
		assert_every_length(&one, &tt_packet_shapes[i]);
		assert_every_length(&all, &tt_packet_shapes[i]);
		assert_every_length(&narrowed, &tt_packet_shapes[i]);
	}
	tt_expression_drop(narrowed.expression);
}

/* What is captured of the packet is told by its own length, however much there is here. */
static uint32_t snap_of(uint32_t snap_bytes, const struct tt_packet_spec *spec)
{
	struct tt_conditions conditions = want_all_ports();
	struct tt_frame frame = build(spec);
	struct tt_judgement whole, part;

	conditions.snap_bytes = snap_bytes;
	whole = tt_judge_frame(&conditions, NULL, &frame);
	assert_int_equal(whole.result, TT_JUDGED_TAKEN);
	if (frame.captured_bytes > whole.snap_bytes)
		frame.captured_bytes = whole.snap_bytes;
	part = tt_judge_frame(&conditions, NULL, &frame);
	assert_int_equal(part.result, TT_JUDGED_TAKEN);
	assert_int_equal(part.snap_bytes, whole.snap_bytes);
	return whole.snap_bytes;
}

static void headers_end_behind_the_udp_header(void **state)
{
	const struct {
		struct tt_packet_spec spec;
		uint32_t snap_bytes;
	} cases[] = {
		{ { .version = 4, .payload_bytes = PAYLOAD_BYTES }, 28 },
		{ { .version = 4, .payload_bytes = PAYLOAD_BYTES, .option_bytes = 40 }, 68 },
		{ { .version = 4,
		    .payload_bytes = PAYLOAD_BYTES,
		    .fragment = TT_PACKET_MORE_FRAGMENTS },
		  28 },
		/* What has no UDP header ends with its IP header. */
		{ { .version = 4,
		    .payload_bytes = PAYLOAD_BYTES,
		    .option_bytes = 4,
		    .fragment = LATER_UNITS },
		  24 },
		{ { .version = 6, .payload_bytes = PAYLOAD_BYTES }, 48 },
		{ { .version = 6,
		    .payload_bytes = PAYLOAD_BYTES,
		    .extensions = { TT_HOP_BY_HOP(8, 0), TT_ROUTING(24, 4, 0),
				    TT_AUTHENTICATION(12), TT_DESTINATION_OPTIONS(16, 0) } },
		  108 },
		{ { .version = 6,
		    .payload_bytes = PAYLOAD_BYTES,
		    .extensions = { TT_FRAGMENT(0, 1) } },
		  56 },
		{ { .version = 6,
		    .payload_bytes = PAYLOAD_BYTES,
		    .extensions = { TT_HOP_BY_HOP(8, 0), TT_FRAGMENT(LATER_UNITS, 0) } },
		  56 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(snap_of(TT_FILTER_SNAP_HEADERS, &cases[i].spec),
				 cases[i].snap_bytes);
	}
}

static void a_snap_length_cuts_and_never_adds(void **state)
{
	struct tt_packet_spec spec = sound(4);
	uint32_t whole = 28 + PAYLOAD_BYTES;

	(void)state;
	assert_int_equal(snap_of(48, &spec), 48);
	assert_int_equal(snap_of(whole - 1, &spec), whole - 1);
	assert_int_equal(snap_of(whole, &spec), whole);
	assert_int_equal(snap_of(whole + 1, &spec), whole);
	assert_int_equal(snap_of(SNAP_BYTES, &spec), whole);
}

/* ------------------------------------------------------------------ fragments */

static const struct tt_packet_extension first6 = TT_FRAGMENT(0, 1);
static const struct tt_packet_extension other6 = TT_FRAGMENT(LATER_UNITS, 0);

/* One datagram's fragments. */
struct fragmented {
	struct tt_packet_spec first;
	struct tt_packet_spec other;
	int64_t life_ns;
};

static struct fragmented fragmented(uint8_t version)
{
	struct fragmented both = { .first = sound(version), .other = sound(version) };

	both.life_ns = (version == 4 ? 30 : 60) * TT_NS_PER_S;
	both.other.destination_port = 1; /* these bytes are no ports */
	if (version == 4) {
		both.first.fragment = TT_PACKET_MORE_FRAGMENTS;
		both.other.fragment = LATER_UNITS;
	} else {
		both.first.extensions[0] = first6;
		both.other.extensions[0] = other6;
	}
	return both;
}

static struct tt_judgement judge_at(const struct tt_conditions *conditions,
				    struct tt_fragments *fragments,
				    const struct tt_packet_spec *spec, int64_t time_ns)
{
	struct tt_frame frame = build(spec);

	frame.time_ns = time_ns;
	return tt_judge_frame(conditions, fragments, &frame);
}

static struct tt_fragments *make_fragments(void)
{
	struct tt_fragments *fragments;

	assert_int_equal(tt_fragments_new(&fragments), 0);
	return fragments;
}

static void fragments_follow_their_first(void **state)
{
	struct tt_conditions conditions = want_one_port();
	int64_t start_ns = 1000 * TT_NS_PER_S;

	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct tt_fragments *fragments = make_fragments();
		struct fragmented both = fragmented(version);
		struct tt_judgement judgement;

		/* An orphan: its first has not come yet. */
		judgement = judge_at(&conditions, fragments, &both.other, start_ns);
		assert_int_equal(judgement.result, TT_FILTER_REJECT_FRAGMENT);
		assert_false(judgement.is_late_fragment);

		judgement = judge_at(&conditions, fragments, &both.first, start_ns);
		assert_int_equal(judgement.result, TT_JUDGED_TAKEN);
		judgement = judge_at(&conditions, fragments, &both.other, start_ns);
		assert_int_equal(judgement.result, TT_JUDGED_TAKEN);
		assert_int_equal(judgement.snap_bytes, build(&both.other).wire_bytes);
		tt_fragments_free(fragments);
	}
}

static void fragments_may_be_late_but_not_too_late(void **state)
{
	struct tt_conditions conditions = want_one_port();
	int64_t start_ns = 1000 * TT_NS_PER_S;

	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct tt_fragments *fragments = make_fragments();
		struct fragmented both = fragmented(version);
		struct tt_judgement judgement;

		(void)judge_at(&conditions, fragments, &both.first, start_ns);
		judgement = judge_at(&conditions, fragments, &both.other, start_ns + both.life_ns);
		assert_int_equal(judgement.result, TT_JUDGED_TAKEN);
		assert_false(judgement.is_late_fragment);
		judgement = judge_at(&conditions, fragments, &both.other,
				     start_ns + both.life_ns + 1);
		assert_int_equal(judgement.result, TT_FILTER_REJECT_FRAGMENT);
		assert_true(judgement.is_late_fragment);

		/* A first that comes again begins anew. */
		(void)judge_at(&conditions, fragments, &both.first, start_ns + both.life_ns);
		judgement = judge_at(&conditions, fragments, &both.other,
				     start_ns + 2 * both.life_ns);
		assert_int_equal(judgement.result, TT_JUDGED_TAKEN);
		tt_fragments_free(fragments);
	}
}

static void fragments_of_an_unwanted_first_are_orphans(void **state)
{
	struct tt_conditions conditions = want_one_port();
	struct tt_conditions narrowed = want_one_port();

	(void)state;
	assert_int_equal(tt_expression_new(&narrowed.expression, "greater 1000", NULL), 0);
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct tt_fragments *fragments = make_fragments();
		struct fragmented both = fragmented(version);

		both.first.destination_port = 1;
		assert_int_equal(judge_at(&conditions, fragments, &both.first, 1).result,
				 TT_FILTER_REJECT_PORT);
		assert_int_equal(judge_at(&conditions, fragments, &both.other, 1).result,
				 TT_FILTER_REJECT_FRAGMENT);
		both.first.destination_port = 0;
		assert_int_equal(judge_at(&narrowed, fragments, &both.first, 1).result,
				 TT_FILTER_REJECT_EXPRESSION);
		assert_int_equal(judge_at(&narrowed, fragments, &both.other, 1).result,
				 TT_FILTER_REJECT_FRAGMENT);
		tt_fragments_free(fragments);
	}
	tt_expression_drop(narrowed.expression);
}

static void fragments_of_other_datagrams_are_orphans(void **state)
{
	const struct tt_packet_extension other_id = TT_EXTENSION(44, 8, 0, LATER_UNITS << 3, 0, 0,
								 0x12, 0x35);
	struct tt_conditions conditions = want_one_port();

	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct tt_fragments *fragments = make_fragments();
		struct fragmented both = fragmented(version);
		struct tt_packet_spec others[3] = { both.other, both.other, both.other };

		others[0].source = version == 4 ? "192.0.2.8" : "2001:db8::8";
		others[1].destination = version == 4 ? "192.0.2.9" : "2001:db8::9";
		if (version == 4)
			others[2].id = 0x1235;
		else
			others[2].extensions[0] = other_id;

		(void)judge_at(&conditions, fragments, &both.first, 1);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(judge_at(&conditions, fragments, &others[i], 1).result,
					 TT_FILTER_REJECT_FRAGMENT);
		assert_int_equal(judge_at(&conditions, fragments, &both.other, 1).result,
				 TT_JUDGED_TAKEN);
		tt_fragments_free(fragments);
	}
}

static void the_protocol_names_ipv4_datagrams_but_not_ipv6_ones(void **state)
{
	struct tt_conditions conditions = want_one_port();
	struct tt_fragments *fragments = make_fragments();
	struct fragmented four = fragmented(4), six = fragmented(6);

	(void)state;
	(void)judge_at(&conditions, fragments, &four.first, 1);
	(void)judge_at(&conditions, fragments, &six.first, 1);
	four.other.protocol = (struct tt_packet_claim)TT_SAYS(IPPROTO_TCP);
	six.other.protocol = (struct tt_packet_claim)TT_SAYS(IPPROTO_TCP);
	assert_int_equal(judge_at(&conditions, fragments, &four.other, 1).result,
			 TT_FILTER_REJECT_NOT_UDP);
	/* Only the first's next header counts (RFC 8200, 4.5). */
	assert_int_equal(judge_at(&conditions, fragments, &six.other, 1).result, TT_JUDGED_TAKEN);
	tt_fragments_free(fragments);
}

static void without_a_memory_of_firsts_it_is_unknown(void **state)
{
	struct tt_conditions one = want_one_port(), all = want_all_ports();

	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct fragmented both = fragmented(version);

		assert_int_equal(judge_at(&one, NULL, &both.first, 1).result, TT_JUDGED_TAKEN);
		assert_int_equal(judge_at(&one, NULL, &both.other, 1).result, TT_JUDGED_UNKNOWN);
		/* Every UDP datagram is wanted, and it says that it is of one. */
		assert_int_equal(judge_at(&all, NULL, &both.other, 1).result, TT_JUDGED_TAKEN);
	}
}

static void where_all_ports_are_wanted_a_fragment_of_udp_needs_no_first(void **state)
{
	const struct tt_packet_extension options = TT_DESTINATION_OPTIONS(8, 0);
	struct tt_conditions all = want_all_ports(), narrowed = want_all_ports();
	struct tt_fragments *fragments = make_fragments();
	struct fragmented six = fragmented(6);

	(void)state;
	assert_int_equal(tt_expression_new(&narrowed.expression, "udp or ip6", NULL), 0);
	assert_int_equal(judge_at(&all, fragments, &six.other, 1).result, TT_JUDGED_TAKEN);
	assert_int_equal(judge_at(&narrowed, fragments, &six.other, 1).result,
			 TT_FILTER_REJECT_FRAGMENT);
	/* Behind the options anything may follow: only the first tells. */
	six.first.extensions[1] = options;
	six.other.extensions[1] = options;
	assert_int_equal(judge_at(&all, fragments, &six.other, 1).result,
			 TT_FILTER_REJECT_FRAGMENT);
	assert_int_equal(judge_at(&all, fragments, &six.first, 1).result, TT_JUDGED_TAKEN);
	assert_int_equal(judge_at(&all, fragments, &six.other, 1).result, TT_JUDGED_TAKEN);
	tt_expression_drop(narrowed.expression);
	tt_fragments_free(fragments);
}

static void no_fragment_is_taken_unless_they_are_followed(void **state)
{
	const struct tt_packet_extension atomic = TT_FRAGMENT(0, 0);
	struct tt_conditions conditions[2] = { want_one_port(), want_all_ports() };
	struct tt_fragments *fragments = make_fragments();
	struct tt_packet_spec whole = sound(6);

	(void)state;
	whole.extensions[0] = atomic; /* a fragment header, but the datagram is in one piece */
	for (size_t i = 0; i < 2; i++) {
		conditions[i].follows_fragments = false;
		for (uint8_t version = 4; version <= 6; version += 2) {
			struct fragmented both = fragmented(version);

			assert_int_equal(judge_at(&conditions[i], fragments, &both.first, 1).result,
					 TT_FILTER_REJECT_FRAGMENT);
			assert_int_equal(judge_at(&conditions[i], fragments, &both.other, 1).result,
					 TT_FILTER_REJECT_FRAGMENT);
		}
		assert_int_equal(judge_at(&conditions[i], fragments, &whole, 1).result,
				 TT_JUDGED_TAKEN);
	}
	tt_fragments_free(fragments);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_datagram_to_a_wanted_port_is_taken_whole),
		cmocka_unit_test(packet_types_are_a_set),
		cmocka_unit_test(interfaces_are_a_set_or_all),
		cmocka_unit_test(the_port_side_decides_which_port_is_asked),
		cmocka_unit_test(the_first_reason_counts),
		cmocka_unit_test(broken_headers_have_no_ports),
		cmocka_unit_test(packets_shorter_than_their_fixed_header_are_malformed),
		cmocka_unit_test(what_was_not_captured_leaves_it_unknown),
		cmocka_unit_test(headers_end_behind_the_udp_header),
		cmocka_unit_test(a_snap_length_cuts_and_never_adds),
		cmocka_unit_test(fragments_follow_their_first),
		cmocka_unit_test(fragments_may_be_late_but_not_too_late),
		cmocka_unit_test(fragments_of_an_unwanted_first_are_orphans),
		cmocka_unit_test(fragments_of_other_datagrams_are_orphans),
		cmocka_unit_test(the_protocol_names_ipv4_datagrams_but_not_ipv6_ones),
		cmocka_unit_test(without_a_memory_of_firsts_it_is_unknown),
		cmocka_unit_test(where_all_ports_are_wanted_a_fragment_of_udp_needs_no_first),
		cmocka_unit_test(no_fragment_is_taken_unless_they_are_followed),
	};

	return cmocka_run_group_tests(tests, guard_setup, guard_teardown);
}
