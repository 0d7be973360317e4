/* SPDX-License-Identifier: MIT */

/*
 * The filter as a classic program
 *
 * Programs run in the kernel: attached to one end of a pair of datagram sockets, where a
 * packet's bytes are a datagram's. What passes is held against judge.h: what is taken there
 * passes, what depends on a first fragment passes too, and what is rejected passes only if
 * the program is widened. There is no device behind such a datagram, and its type is always
 * the same: programs that ask for these get constants instead of the loads that ask. What
 * the loads find on a packet socket is tests/netns/test_classic.c's.
 *
 * A program that the kernel has no memory for is made again in half the room, as its users
 * do; what is said of its length is then said of the first one.
 */

#include "filter/classic.h"

#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "filter/judge.h"
#include "tests/support/packets.h"
#include "tests/unit/cmocka_all.h"

enum {
	ALL_TYPES = 0x1f,
	CUTS_COUNT = 144, /* beyond it packets are only tried whole, and at what they need */
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	RANDOM_PACKETS_COUNT = 3000,
	TEXT_BYTES = 65536, /* of an expression that is made */
};

static const char *const expressions[] = {
	"greater 60",
	"less 100",
	"ip6 or net 192.0.2.0/24",
	"src host 192.0.2.1 or src net 2001:db8::/32",
	"not src net 198.51.100.0/24",
	"udp src port 40000 or udp dst portrange 5000-6000",
	"udp[8:2] = 0 and ip[8] > 3",
	"udp[4:2] + ip[2:2] > 80",
	"ip[ip[8]:1] & 3 != 1",
	"udp[(ip[0] & 0xf) << 1] != 7",
	"udp[udp[5]] / udp[6] = 0",
	"ip6[ip6[6] * 2 : 4] % 7 = 0 or ip",
	"len - udp[4:2] < 40",
	"ip[0x7fffffff] = 0",
	"ip[0xffe00000 : 1] < 255",
	"udp[ip[1] - 64] > 0 or less 90",
	"not ip[0xfff00000 : 4] = 1",
};

struct fixture {
	int fds[2]; /* what is written into the first passes the filter of the second */
	struct tt_conditions conditions;
	uint8_t version;
	size_t insns_max;
	uint32_t interface_index; /* what the next program finds instead of the kernel's */
	uint32_t packet_type;
	uint32_t protocol; /* of the socket of every protocol; 0: it is the family's own */
	struct tt_classic classic;
	size_t taken_count;    /* by judge.h */
	size_t rejected_count; /* by the kernel */
};

static uint32_t seed;

static uint32_t below(uint32_t end)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % end;
}

static int set_up(void **state)
{
	static struct fixture fixture;
	int room_bytes = 1 << 20;

	fixture = (struct fixture){
		.conditions.packet_types = ALL_TYPES,
		.insns_max = BPF_MAXINSNS,
	};
	seed = 20261121;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fixture.fds) < 0)
		return -1;
	(void)setsockopt(fixture.fds[0], SOL_SOCKET, SO_SNDBUF, &room_bytes, sizeof(room_bytes));
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	tt_classic_deinit(&fixture->classic);
	tt_expression_drop(fixture->conditions.expression);
	(void)close(fixture->fds[0]);
	(void)close(fixture->fds[1]);
	return 0;
}

static void want_expression(struct fixture *fixture, const char *text)
{
	struct tt_error err = TT_ERROR_INIT;

	tt_expression_drop(fixture->conditions.expression);
	fixture->conditions.expression = NULL;
	if (text && tt_expression_new(&fixture->conditions.expression, text, &err) < 0)
		fail_msg("%s", err.message);
}

static void want_ports(struct fixture *fixture, const char *text)
{
	struct tt_ports ports;

	assert_int_equal(tt_ports_parse(text, &ports, NULL), 0);
	tt_conditions_set_ports(&fixture->conditions, &ports);
}

/* Wants so many ports, no two beside each other. */
static void want_scattered_ports(struct fixture *fixture, uint32_t count)
{
	struct tt_ports ports = { 0 };
	uint32_t stride = 65536 / count;

	assert_true(stride >= 2);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t port = i * stride + below(stride - 1);

		ports.words[port / 64] |= UINT64_C(1) << (port % 64);
	}
	tt_conditions_set_ports(&fixture->conditions, &ports);
}

/* Puts constants where the program asks what there is only with a device. */
static void replace_loads(const struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->classic.count; i++) {
		struct sock_filter *insn = &fixture->classic.code[i];

		if (insn->code != (BPF_LD | BPF_W | BPF_ABS) || insn->k < (uint32_t)SKF_AD_OFF)
			continue;
		if (insn->k == (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX))
			insn->k = fixture->interface_index;
		else if (insn->k == (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE))
			insn->k = fixture->packet_type;
		else if (insn->k == (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL))
			insn->k = fixture->protocol;
		else
			fail_msg("a load from %#x", insn->k);
		insn->code = BPF_LD | BPF_IMM;
	}
}

static int attach_once(const struct fixture *fixture)
{
	struct sock_fprog program = { .len = (unsigned short)fixture->classic.count,
				      .filter = fixture->classic.code };

	return setsockopt(fixture->fds[1], SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program)) < 0
		       ? -errno
		       : 0;
}

/* Makes the program of the conditions: 0 or -E2BIG. */
static int make(struct fixture *fixture, size_t insns_max)
{
	int r;

	tt_classic_deinit(&fixture->classic);
	uint32_t source = fixture->version == 4 ? TT_FILTER_SOURCE_IPV4 : TT_FILTER_SOURCE_IPV6;

	if (fixture->protocol != 0)
		source = TT_FILTER_SOURCE_OUTGOING;
	r = tt_classic_make(&fixture->conditions, source, insns_max, &fixture->classic);
	if (r < 0)
		return r;
	assert_true(fixture->classic.count > 0 && fixture->classic.count <= insns_max);
	replace_loads(fixture);
	return 0;
}

static void attach(struct fixture *fixture)
{
	size_t insns_max = fixture->insns_max;
	int r;

	assert_int_equal(make(fixture, insns_max), 0);
	r = attach_once(fixture);
	while (r == -ENOMEM && insns_max / 2 >= TT_CLASSIC_INSNS_MIN) {
		insns_max /= 2;
		assert_int_equal(make(fixture, insns_max), 0);
		r = attach_once(fixture);
	}
	if (r < 0)
		fail_msg("attach %zu instructions: %s", fixture->classic.count, strerror(-r));
}

/* Whether the program that is attached takes a packet, and if so, all of it. */
static bool passes(const struct fixture *fixture, const uint8_t *packet, size_t packet_bytes)
{
	ssize_t received;

	assert_int_equal(send(fixture->fds[0], packet, packet_bytes, 0), packet_bytes);
	received = recv(fixture->fds[1], NULL, 0, MSG_DONTWAIT | MSG_TRUNC);
	if (received < 0) {
		assert_int_equal(errno, EAGAIN);
		return false;
	}
	assert_int_equal(received, packet_bytes);
	return true;
}

/* Holds the program to judge.h; whether it takes the packet. */
static bool check(struct fixture *fixture, const uint8_t *packet, size_t packet_bytes)
{
	struct tt_frame frame = tt_packet_frame(fixture->version, packet, packet_bytes,
						packet_bytes);
	struct tt_judgement judgement;
	bool is_taken, does_pass;

	frame.interface_index = fixture->interface_index;
	frame.packet_type = (uint8_t)fixture->packet_type;
	judgement = tt_judge_frame(&fixture->conditions, NULL, &frame);
	is_taken = judgement.result == TT_JUDGED_TAKEN || judgement.result == TT_JUDGED_UNKNOWN;
	does_pass = passes(fixture, packet, packet_bytes);
	if (is_taken != does_pass && (is_taken || !fixture->classic.is_widened))
		fail_msg("version %u, %zu bytes: judged %u, but it %s", fixture->version,
			 packet_bytes, judgement.result, does_pass ? "passes" : "does not pass");
	fixture->taken_count += is_taken;
	fixture->rejected_count += !does_pass;
	return does_pass;
}

static void put_ports(uint8_t *packet, uint8_t version, uint32_t source, uint32_t destination)
{
	uint8_t *udp = packet + (version == 4 ? IPV4_BYTES : IPV6_BYTES);
	uint16_t ports[2] = { htobe16((uint16_t)source), htobe16((uint16_t)destination) };

	memcpy(udp, ports, sizeof(ports));
}

/* Checks a packet to each port with the other one fixed; marks what passes. */
static void check_each_port(struct fixture *fixture, struct tt_ports *ret_passing)
{
	struct tt_packet_spec spec = { .version = fixture->version, .payload_bytes = 8 };
	uint8_t packet[128];
	size_t packet_bytes = tt_packet_build(&spec, packet, sizeof(packet));
	struct tt_ports passing = { 0 };

	for (uint32_t port = 0; port < 65536; port++) {
		if (fixture->conditions.port_side == TT_FILTER_SIDE_DESTINATION)
			put_ports(packet, fixture->version, 65535 - port, port);
		else if (fixture->conditions.port_side == TT_FILTER_SIDE_SOURCE)
			put_ports(packet, fixture->version, port, 65535 - port);
		else
			put_ports(packet, fixture->version, port, port);
		if (check(fixture, packet, packet_bytes))
			passing.words[port / 64] |= UINT64_C(1) << (port % 64);
	}
	*ret_passing = passing;
}

/* Checks packets of shapes that are changed in some bits, and cut, with ports of the set. */
static void check_random_packets(struct fixture *fixture, uint32_t count)
{
	static uint8_t packet[TT_PACKET_BYTES_MAX];

	while (count > 0) {
		const struct tt_packet_shape *shape =
			&tt_packet_shapes[below((uint32_t)tt_packet_shapes_count)];
		struct tt_packet_spec spec = shape->spec;
		size_t packet_bytes;

		if (spec.version != fixture->version || spec.payload_bytes > 1000)
			continue;
		spec.destination_port = (uint16_t)(1 + below(65535));
		spec.source_port = (uint16_t)(1 + below(65535));
		packet_bytes = tt_packet_build(&spec, packet, sizeof(packet));
		for (uint32_t flips = below(4); flips > 0; flips--)
			packet[below((uint32_t)(packet_bytes < 100 ? packet_bytes : 100))] ^=
				(uint8_t)(1U << below(8));
		if (below(4) == 0)
			packet_bytes = below((uint32_t)packet_bytes + 1);
		(void)check(fixture, packet, packet_bytes);
		count--;
	}
}

/* ----------------------------------------------------------------------- headers */

static void check_each_cut(struct fixture *fixture, const struct tt_packet_shape *shape)
{
	static uint8_t packet[TT_PACKET_BYTES_MAX];
	size_t packet_bytes = tt_packet_build(&shape->spec, packet, sizeof(packet));

	for (size_t cut = 0; cut < packet_bytes && cut < CUTS_COUNT; cut++)
		(void)check(fixture, packet, cut);
	for (size_t less = 0; less <= 8; less++) {
		if (shape->ports_bytes >= less && shape->ports_bytes <= packet_bytes)
			(void)check(fixture, packet, shape->ports_bytes - less);
	}
	(void)check(fixture, packet, packet_bytes);
}

static void check_each_shape(struct fixture *fixture)
{
	attach(fixture);
	assert_false(fixture->classic.is_widened);
	for (size_t i = 0; i < tt_packet_shapes_count; i++) {
		if (tt_packet_shapes[i].spec.version == fixture->version)
			check_each_cut(fixture, &tt_packet_shapes[i]);
	}
}

static void each_shape_and_each_cut_is_judged_alike(void **state)
{
	static const char *const ports[] = { NULL, "5353", "40000", "1-5352,5354-39999" };
	struct fixture *fixture = *state;

	for (unsigned int i = 0; i < 4 * 3 * 2 * 2; i++) {
		want_ports(fixture, ports[i % 4]);
		fixture->conditions.port_side = i / 4 % 3;
		fixture->conditions.follows_fragments = i / 12 % 2;
		fixture->version = i / 24 ? 6 : 4;
		check_each_shape(fixture);
	}
	assert_true(fixture->taken_count > 1000 && fixture->rejected_count > 1000);
}

static void each_shape_and_each_cut_is_judged_alike_by_an_expression(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned int i = 0; i < 2 * 2 * 2; i++) {
		want_ports(fixture, i % 2 ? "5353" : NULL);
		want_expression(fixture, "greater 70 or less 30 or udp[8] = 3");
		fixture->conditions.follows_fragments = i / 2 % 2;
		fixture->version = i / 4 ? 6 : 4;
		check_each_shape(fixture);
	}
	assert_true(fixture->taken_count > 1000 && fixture->rejected_count > 1000);
}

static void chains_of_extension_headers_are_followed_as_far_as_the_judge_does(void **state)
{
	struct fixture *fixture = *state;
	uint8_t packet[4096];

	fixture->version = 6;
	for (unsigned int i = 0; i < 4; i++) {
		want_ports(fixture, i % 2 ? "5353" : NULL);
		fixture->conditions.follows_fragments = i / 2;
		attach(fixture);
		for (uint32_t run = 0; run < RANDOM_PACKETS_COUNT; run++) {
			static const uint8_t kinds[] = { 0, 43, 44, 51, 60, 135, 139, 140, 17, 6 };
			struct tt_packet_spec spec = { .version = 6 };
			uint32_t count = below(TT_PACKET_EXTENSIONS_MAX + 1);
			size_t bytes;

			for (uint32_t place = 0; place < count; place++) {
				spec.extensions[place].is_present = true;
				spec.extensions[place].kind = kinds[below(below(8) ? 8 : 10)];
				spec.extensions[place].bytes = 8;
			}
			bytes = tt_packet_build(&spec, packet, sizeof(packet));
			for (uint32_t place = 0; place < count && below(2); place++)
				packet[IPV6_BYTES + 8 * place + 1] = (uint8_t)below(3);
			if (below(3) == 0)
				bytes -= below((uint32_t)bytes);
			(void)check(fixture, packet, bytes);
		}
	}
	assert_true(fixture->taken_count > 1000 && fixture->rejected_count > 1000);
}

/* ------------------------------------------------------------------------- ports */

static void each_port_is_judged_alike(void **state)
{
	static const char *const lists[] = { "0,5353,9", "1-65535", "0-5352,5354-65534",
					     "0,2,4,6,8-100,65533,65535" };
	struct fixture *fixture = *state;
	struct tt_ports passing;

	for (uint32_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		want_ports(fixture, lists[i]);
		fixture->conditions.port_side = i % 3;
		fixture->version = i % 2 ? 6 : 4;
		attach(fixture);
		assert_false(fixture->classic.is_widened);
		check_each_port(fixture, &passing);
		assert_memory_equal(&passing, &fixture->conditions.ports, sizeof(passing));
	}
}

static void no_port_takes_no_packet(void **state)
{
	struct fixture *fixture = *state;
	struct tt_ports none = { 0 }, passing;

	tt_conditions_set_ports(&fixture->conditions, &none);
	fixture->conditions.port_side = TT_FILTER_SIDE_EITHER;
	fixture->version = 4;
	attach(fixture);
	check_each_port(fixture, &passing);
	assert_memory_equal(&passing, &none, sizeof(passing));
}

static void sets_of_ports_are_judged_alike_on_every_side(void **state)
{
	static const uint32_t counts[] = { 1, 2, 100, 1000, 10000, 32768 };
	struct fixture *fixture = *state;

	for (unsigned int i = 0; i < 6 * 3 * 2; i++) {
		want_scattered_ports(fixture, counts[i % 6]);
		fixture->conditions.port_side = i / 6 % 3;
		fixture->version = i / 18 ? 6 : 4;
		fixture->conditions.follows_fragments = i % 2;
		attach(fixture);
		check_random_packets(fixture, RANDOM_PACKETS_COUNT);
	}
	assert_true(fixture->taken_count > 1000 && fixture->rejected_count > 1000);
}

static void sets_that_fit_are_not_widened(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned int i = 0; i < 3 * 2; i++) {
		fixture->conditions.port_side = i % 3;
		fixture->version = i / 3 ? 6 : 4;
		fixture->conditions.follows_fragments = true;

		want_ports(fixture, "5353");
		assert_int_equal(make(fixture, BPF_MAXINSNS), 0);
		assert_false(fixture->classic.is_widened);
		if (fixture->version == 4)
			assert_true(fixture->classic.count < 40);

		want_scattered_ports(fixture, 100);
		assert_int_equal(make(fixture, BPF_MAXINSNS), 0);
		assert_false(fixture->classic.is_widened);

		want_scattered_ports(fixture, i % 3 == TT_FILTER_SIDE_EITHER ? 900 : 1800);
		assert_int_equal(make(fixture, BPF_MAXINSNS), 0);
		assert_false(fixture->classic.is_widened);

		want_scattered_ports(fixture, 10000);
		assert_int_equal(make(fixture, BPF_MAXINSNS), 0);
		assert_true(fixture->classic.is_widened);
	}
}

/* How wide the widest gap of @ports is that @passing has not, and the narrowest that it has. */
static void measure_gaps(const struct tt_ports *ports, const struct tt_ports *passing,
			 uint32_t *ret_closed_max, uint32_t *ret_open_min)
{
	uint32_t closed_max = 0, open_min = UINT32_MAX, last = UINT32_MAX;

	for (uint32_t port = 0; port < 65536; port++) {
		uint32_t width = port - last - 1;

		if (!tt_ports_has(ports, (uint16_t)port))
			continue;
		if (last != UINT32_MAX && width > 0) {
			bool is_closed = tt_ports_has(passing, (uint16_t)(port - 1));

			if (is_closed && width > closed_max)
				closed_max = width;
			if (!is_closed && width < open_min)
				open_min = width;
		}
		last = port;
	}
	*ret_closed_max = closed_max;
	*ret_open_min = open_min;
}

static void widening_closes_the_narrowest_gaps_and_no_more_than_it_must(void **state)
{
	struct fixture *fixture = *state;
	uint32_t closed_max, open_min;
	struct tt_ports passing;

	for (unsigned int i = 0; i < 6; i++) {
		size_t sides = i % 3 == TT_FILTER_SIDE_EITHER ? 2 : 1;

		want_scattered_ports(fixture, i % 2 ? 10000 : 3000);
		fixture->conditions.port_side = i % 3;
		fixture->version = i / 3 ? 6 : 4;
		fixture->insns_max = i < 3 ? BPF_MAXINSNS : TT_CLASSIC_INSNS_MIN;
		attach(fixture);
		assert_true(fixture->classic.is_widened);
		/* Another range would have two bounds, and maybe detours. */
		assert_true(fixture->insns_max - fixture->classic.count < 2 * sides + 4);
		check_each_port(fixture, &passing);
		measure_gaps(&fixture->conditions.ports, &passing, &closed_max, &open_min);
		assert_true(closed_max > 0);
		assert_true(open_min != UINT32_MAX);
		assert_true(closed_max <= open_min);
	}
}

/* ------------------------------------------------------------------- expressions */

static void expressions_are_judged_alike(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned int i = 0; i < sizeof(expressions) / sizeof(expressions[0]) * 8; i++) {
		want_expression(fixture, expressions[i / 8]);
		want_ports(fixture, i & 1 ? "1-30000" : NULL);
		fixture->conditions.port_side = TT_FILTER_SIDE_EITHER;
		fixture->conditions.follows_fragments = i & 2;
		fixture->version = i & 4 ? 6 : 4;
		attach(fixture);
		assert_false(fixture->classic.is_widened);
		check_random_packets(fixture, RANDOM_PACKETS_COUNT / 4);
	}
	assert_true(fixture->taken_count > 1000 && fixture->rejected_count > 1000);
}

static void expression_that_the_kernel_reads_otherwise_is_left_out(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned int i = 0; i < 2 * 2; i++) {
		/* Shifts by 32 and more leave 0 in libpcap. */
		want_expression(fixture, "udp[4:2] << udp[8] = 0 or udp[4:2] >> udp[9] = 0");
		want_ports(fixture, i & 1 ? "1-30000" : NULL);
		fixture->version = i & 2 ? 6 : 4;
		attach(fixture);
		assert_true(fixture->classic.is_widened);
		check_random_packets(fixture, RANDOM_PACKETS_COUNT / 2);
	}
	assert_true(fixture->taken_count > 100);
}

static void packet_that_passes_is_whole_whatever_libpcap_returns(void **state)
{
	struct tt_packet_spec spec = { .version = 4, .payload_bytes = 65507 };
	static uint8_t packet[TT_PACKET_BYTES_MAX];
	struct fixture *fixture = *state;
	size_t packet_bytes = tt_packet_build(&spec, packet, sizeof(packet));

	fixture->version = 4;
	fixture->conditions.snap_bytes = 64;
	want_ports(fixture, "5353");
	want_expression(fixture, "greater 1000");
	attach(fixture);
	assert_true(check(fixture, packet, packet_bytes));
	assert_false(check(fixture, packet, 999));
}

/* An expression that names @count hosts, none of them a packet's. */
static void want_hosts(struct fixture *fixture, uint32_t count)
{
	char *text = calloc(1, TEXT_BYTES);
	size_t length = 0;

	assert_non_null(text);
	for (uint32_t i = 0; i < count; i++)
		length += (size_t)snprintf(text + length, TEXT_BYTES - length,
					   "%ssrc host 10.%u.%u.%u", i > 0 ? " or " : "",
					   below(256), i / 256, i % 256);
	want_expression(fixture, text);
	free(text);
}

/* Whether a packet passes that every port's condition takes, but not the expression. */
static bool passes_without_expression(struct fixture *fixture)
{
	struct tt_packet_spec spec = { .version = fixture->version };
	uint8_t packet[128];
	size_t packet_bytes = tt_packet_build(&spec, packet, sizeof(packet));
	uint16_t port = 0;

	while (!tt_ports_has(&fixture->conditions.ports, port))
		port++;
	put_ports(packet, fixture->version, port, port);
	return check(fixture, packet, packet_bytes);
}

static void ports_give_way_to_a_short_expression(void **state)
{
	struct fixture *fixture = *state;

	fixture->version = 4;
	want_scattered_ports(fixture, 3000);
	want_hosts(fixture, 50);
	attach(fixture);
	assert_true(fixture->classic.is_widened);
	assert_false(passes_without_expression(fixture));
}

static void long_expression_gives_way_to_ports(void **state)
{
	struct fixture *fixture = *state;
	struct tt_ports passing;

	fixture->version = 4;
	fixture->insns_max = 2000;
	want_scattered_ports(fixture, 900);
	want_hosts(fixture, 900);
	attach(fixture);
	assert_true(fixture->classic.is_widened);
	assert_true(passes_without_expression(fixture));
	if (fixture->classic.count > 1800) /* the kernel had memory for it */
		check_each_port(fixture, &passing);
	else
		passing = fixture->conditions.ports;
	assert_memory_equal(&passing, &fixture->conditions.ports, sizeof(passing));
}

static void expression_without_ports_is_left_out_when_it_does_not_fit(void **state)
{
	struct fixture *fixture = *state;

	fixture->version = 4;
	fixture->insns_max = 500;
	want_ports(fixture, NULL);
	want_hosts(fixture, 600);
	attach(fixture);
	assert_true(fixture->classic.is_widened);
	assert_true(fixture->classic.count < 40);
	assert_true(passes_without_expression(fixture));
}

/* -------------------------------------------------------------------------- room */

/* Makes programs in less and less room: each that fits is a superset, and one is the last. */
static void check_each_room(struct fixture *fixture)
{
	size_t room = 420;

	for (; make(fixture, room) == 0; room--) {
		assert_int_equal(attach_once(fixture), 0);
		check_random_packets(fixture, 30);
	}
	assert_true(room > 5 && room < 400);
	for (; room > 0; room--)
		assert_int_equal(make(fixture, room), -E2BIG);
	assert_int_equal(make(fixture, 0), -E2BIG);
}

static void whatever_the_room_the_program_is_a_superset_or_there_is_none(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned int i = 0; i < 3 * 2 * 2; i++) {
		want_scattered_ports(fixture, 300);
		want_expression(fixture, i / 6 ? "src net 192.0.2.0/24 or ip6 or less 80" : NULL);
		fixture->conditions.port_side = i % 3;
		fixture->conditions.follows_fragments = i % 2;
		fixture->version = i / 3 % 2 ? 6 : 4;
		check_each_room(fixture);
	}
	want_ports(fixture, NULL);
	want_hosts(fixture, 100);
	for (fixture->version = 4; fixture->version <= 6; fixture->version += 2)
		check_each_room(fixture);
}

static void least_room_is_enough_for_any_conditions(void **state)
{
	uint32_t indexes[TT_FILTER_INTERFACES_MAX];
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < TT_FILTER_INTERFACES_MAX; i++)
		indexes[i] = 2 + 3 * i;
	fixture->conditions.interface_indexes = indexes;
	fixture->conditions.interfaces_count = TT_FILTER_INTERFACES_MAX;
	fixture->conditions.packet_types = 0x15; /* the most bounds */
	fixture->interface_index = 5;
	for (unsigned int i = 0; i < 2 * 2 * 2; i++) {
		fixture->version = i & 1 ? 6 : 4;
		fixture->conditions.port_side = TT_FILTER_SIDE_EITHER;
		want_hosts(fixture, 700);
		if (i & 2)
			want_scattered_ports(fixture, 32768);
		else
			want_ports(fixture, NULL);
		fixture->insns_max = i & 4 ? BPF_MAXINSNS : TT_CLASSIC_INSNS_MIN;
		attach(fixture);
		check_random_packets(fixture, RANDOM_PACKETS_COUNT / 10);
	}
}

/* ------------------------------------------------------------------------ origin */

static void packet_types_are_told_apart(void **state)
{
	struct tt_packet_spec spec = { .version = 4 };
	struct fixture *fixture = *state;
	uint8_t packet[128];
	size_t packet_bytes = tt_packet_build(&spec, packet, sizeof(packet));

	fixture->version = 4;
	want_ports(fixture, "5353");
	for (uint32_t types = 0; types <= ALL_TYPES; types++) {
		fixture->conditions.packet_types = types;
		for (uint32_t type = PACKET_HOST; type <= PACKET_OUTGOING; type++) {
			fixture->packet_type = type;
			attach(fixture);
			assert_int_equal(check(fixture, packet, packet_bytes), types >> type & 1);
		}
	}
}

static void check_sent(struct fixture *fixture, uint32_t sends, uint32_t interface_index,
		       uint32_t packet_type)
{
	static const uint32_t protocols[] = { ETH_P_IP, ETH_P_IPV6, ETH_P_ARP };
	static const uint8_t versions[] = { 4, 6, 0 };

	for (size_t i = 0; i < 3; i++) {
		struct tt_packet_spec spec = { .version = i == 1 ? 6 : 4 };
		uint8_t packet[128];
		size_t packet_bytes = tt_packet_build(&spec, packet, sizeof(packet));
		struct tt_frame frame = tt_packet_frame(versions[i], packet, packet_bytes,
							packet_bytes);
		bool is_sent = packet_type == PACKET_OUTGOING &&
			       interface_index != TT_FILTER_LOOPBACK_INDEX && i < 2 &&
			       sends >> i & 1;

		fixture->protocol = protocols[i];
		fixture->conditions.sends = sends;
		fixture->interface_index = interface_index;
		fixture->packet_type = packet_type;
		attach(fixture);
		assert_int_equal(passes(fixture, packet, packet_bytes), is_sent);
		frame.interface_index = interface_index;
		frame.packet_type = (uint8_t)packet_type;
		assert_int_equal(tt_judge_is_sent(&fixture->conditions, &frame), is_sent);
	}
}

static void of_what_is_sent_only_that_is_taken(void **state)
{
	struct fixture *fixture = *state;

	want_ports(fixture, "5353");
	fixture->conditions.packet_types = ALL_TYPES;
	for (uint32_t sends = 1; sends <= (TT_FILTER_SENDS_IPV4 | TT_FILTER_SENDS_IPV6); sends++) {
		for (uint32_t type = PACKET_HOST; type <= PACKET_OUTGOING; type++) {
			check_sent(fixture, sends, TT_FILTER_LOOPBACK_INDEX, type);
			check_sent(fixture, sends, TT_FILTER_LOOPBACK_INDEX + 1, type);
		}
	}
}

static void interfaces_are_told_apart(void **state)
{
	static const uint32_t counts[] = { 1, 2, 3, 10, 100, TT_FILTER_INTERFACES_MAX };
	struct tt_packet_spec spec = { .version = 6 };
	uint32_t indexes[TT_FILTER_INTERFACES_MAX];
	struct fixture *fixture = *state;
	uint8_t packet[128];
	size_t packet_bytes = tt_packet_build(&spec, packet, sizeof(packet));

	fixture->version = 6;
	want_ports(fixture, "5353");
	fixture->conditions.interface_indexes = indexes;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		fixture->conditions.interfaces_count = counts[i];
		for (uint32_t place = 0; place < counts[i]; place++)
			indexes[place] = 1 + below(2 * counts[i]) +
					 (place % 10 == 9 ? INT32_MAX : 0);
		for (uint32_t index = 0; index <= 2 * counts[i] + 1; index++) {
			fixture->interface_index = index % 10 == 9 ? index + INT32_MAX : index;
			attach(fixture);
			assert_false(fixture->classic.is_widened);
			(void)check(fixture, packet, packet_bytes);
		}
	}
	assert_true(fixture->taken_count > 100 && fixture->rejected_count > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_shape_and_each_cut_is_judged_alike, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			each_shape_and_each_cut_is_judged_alike_by_an_expression, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			chains_of_extension_headers_are_followed_as_far_as_the_judge_does, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(each_port_is_judged_alike, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_port_takes_no_packet, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sets_of_ports_are_judged_alike_on_every_side,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(sets_that_fit_are_not_widened, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			widening_closes_the_narrowest_gaps_and_no_more_than_it_must, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(expressions_are_judged_alike, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			expression_that_the_kernel_reads_otherwise_is_left_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			packet_that_passes_is_whole_whatever_libpcap_returns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ports_give_way_to_a_short_expression, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(long_expression_gives_way_to_ports, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			expression_without_ports_is_left_out_when_it_does_not_fit, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			whatever_the_room_the_program_is_a_superset_or_there_is_none, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(least_room_is_enough_for_any_conditions, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(packet_types_are_told_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_what_is_sent_only_that_is_taken, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(interfaces_are_told_apart, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
