/* SPDX-License-Identifier: MIT */

/*
 * What the kernel's filter program reads of a packet
 *
 * Headers only: which packets have ports, where these are, and what the others are
 * rejected for. Each packet is run as filter_fixture.h says. Test runs refuse packets
 * shorter than the fixed IP header, which this kernel wants whole: those go through
 * the loopback of a namespace of the test's own. Packets above a page are not covered.
 */

#include <endian.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "decode/decode.h"
#include "tests/netns/filter_fixture.h"

enum {
	MUTATIONS_COUNT = 50000,
};

static void ipv4_protocol_is_udp_or_the_packet_is_not(void **state)
{
	struct filter_fixture *fixture = *state;

	fixture->bank->takes_all_ports = 1;
	for (uint32_t protocol = 0; protocol < 256; protocol++) {
		struct tt_packet_spec spec = { .version = 4, .protocol = TT_SAYS(protocol) };

		assert_int_equal(judge_spec(fixture, &spec),
				 protocol == IPPROTO_UDP ? ACCEPTED : TT_FILTER_REJECT_NOT_UDP);
	}
}

static bool is_extension(uint32_t kind)
{
	static const uint8_t kinds[] = { 0, 43, 44, 51, 60, 135, 139, 140 };

	return memchr(kinds, (int)kind, sizeof(kinds));
}

static void ipv6_next_header_is_udp_or_an_extension_or_the_packet_is_not(void **state)
{
	struct filter_fixture *fixture = *state;

	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	for (uint32_t kind = 0; kind < 256; kind++) {
		/* Eight bytes that lead to UDP whatever they are; but not of a fragment's offset. */
		struct tt_packet_spec spec = {
			.version = 6,
			.extensions = { { .is_present = true, .kind = (uint8_t)kind, .bytes = 8 } },
		};
		unsigned int expected = is_extension(kind) ? ACCEPTED : TT_FILTER_REJECT_NOT_UDP;

		if (kind == IPPROTO_UDP) /* then these eight bytes are the UDP header */
			expected = TT_FILTER_REJECT_PORT;
		assert_int_equal(judge_spec(fixture, &spec), expected);
	}
}

static void wrong_version_is_malformed(void **state)
{
	struct filter_fixture *fixture = *state;

	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	for (uint8_t version = 4; version <= 6; version += 2) {
		for (uint32_t nibble = 0; nibble < 16; nibble++) {
			struct tt_packet_spec spec = { .version = version,
						       .version_nibble = TT_SAYS(nibble) };

			assert_int_equal(judge_spec(fixture, &spec),
					 nibble == version ? ACCEPTED : TT_FILTER_REJECT_MALFORMED);
		}
	}
}

static void ports_are_behind_the_ipv4_options_whatever_their_length(void **state)
{
	struct filter_fixture *fixture = *state;
	uint8_t packet[PACKET_BYTES_MAX];

	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	for (uint32_t words = 0; words < 16; words++) {
		struct tt_packet_spec spec = {
			.version = 4,
			.option_bytes = (uint8_t)(words < 5 ? 0 : 4 * (words - 5)),
			.header_words = TT_SAYS(words),
		};
		size_t bytes = tt_packet_build(&spec, packet, sizeof(packet));

		for (size_t cut = IPV4_BYTES; cut <= bytes; cut++) {
			bool has_ports = words >= 5 && cut >= 4 * words + 4;

			assert_int_equal(judge(fixture, 4, packet, cut),
					 has_ports ? ACCEPTED : TT_FILTER_REJECT_MALFORMED);
		}
	}
}

static void only_the_first_ipv4_fragment_has_ports(void **state)
{
	struct filter_fixture *fixture = *state;

	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	for (unsigned int bit = 0; bit < 16; bit++) {
		struct tt_packet_spec spec = { .version = 4, .fragment = (uint16_t)(1U << bit) };

		/* The upper three bits are flags: reserved, do not fragment, more fragments. */
		assert_int_equal(judge_spec(fixture, &spec),
				 bit >= 13 ? ACCEPTED : TT_FILTER_REJECT_FRAGMENT);
		spec.fragment |= TT_PACKET_MORE_FRAGMENTS;
		assert_int_equal(judge_spec(fixture, &spec),
				 bit >= 13 ? ACCEPTED : TT_FILTER_REJECT_FRAGMENT);
	}
}

static void only_the_first_ipv6_fragment_has_ports(void **state)
{
	struct filter_fixture *fixture = *state;

	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	for (unsigned int bit = 0; bit < 16; bit++) {
		unsigned int field = 1U << bit;
		struct tt_packet_spec spec = {
			.version = 6,
			/* Each of a datagram of its own: none has had a first. */
			.extensions = { TT_EXTENSION(IPPROTO_FRAGMENT, 8, (uint8_t)(field >> 8),
						     (uint8_t)field, 0, 0, 0x12, (uint8_t)bit) },
		};

		/* The lower three bits are a reserve and "more fragments". */
		assert_int_equal(judge_spec(fixture, &spec),
				 bit < 3 ? ACCEPTED : TT_FILTER_REJECT_FRAGMENT);
	}
}

static void atomic_fragment_is_as_good_as_a_whole_packet(void **state)
{
	struct filter_fixture *fixture = *state;
	struct tt_packet_spec spec = {
		.version = 6,
		.extensions = { TT_FRAGMENT(0, 0), TT_DESTINATION_OPTIONS(24, 0) },
	};

	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	assert_int_equal(judge_spec(fixture, &spec), ACCEPTED);
}

static void fragment_header_has_eight_bytes_whatever_its_reserve_says(void **state)
{
	struct filter_fixture *fixture = *state;
	struct tt_packet_spec spec = { .version = 6, .extensions = { TT_FRAGMENT(0, 1) } };

	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	spec.extensions[0].length = (struct tt_packet_claim)TT_SAYS(255);
	assert_int_equal(judge_spec(fixture, &spec), ACCEPTED);
}

static void extension_has_the_length_that_it_says(void **state)
{
	static const uint8_t kinds[] = { 0, 43, 60, 135, 139, 140 };
	struct filter_fixture *fixture = *state;

	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (unsigned int units = 0; units < 256; units++) {
			struct tt_packet_spec spec = {
				.version = 6,
				.extensions = { { .is_present = true,
						  .kind = kinds[i],
						  .bytes = (uint16_t)((units + 1) * 8) } },
			};

			assert_int_equal(judge_spec(fixture, &spec), ACCEPTED);
			spec.extensions[0].length = (struct tt_packet_claim)TT_SAYS(units ^ 1);
			assert_int_not_equal(judge_spec(fixture, &spec), ACCEPTED);
		}
	}
}

static void authentication_header_counts_words_of_four_bytes(void **state)
{
	struct filter_fixture *fixture = *state;

	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	for (unsigned int words = 0; words < 256; words++) {
		struct tt_packet_spec spec = {
			.version = 6,
			.extensions = { TT_AUTHENTICATION((uint16_t)((words + 2) * 4)) },
		};

		assert_int_equal(judge_spec(fixture, &spec), ACCEPTED);
	}
}

/* Extension headers of all kinds; hop-by-hop comes first, as it must. */
static const struct tt_packet_extension links[] = {
	TT_HOP_BY_HOP(8, 0),   TT_DESTINATION_OPTIONS(16, 0),
	TT_ROUTING(24, 2, 0),  TT_FRAGMENT(0, 1),
	TT_AUTHENTICATION(24), TT_DESTINATION_OPTIONS(8, 0),
	TT_MOBILITY(16),       TT_HIP(40),
	TT_SHIM6(8),           TT_DESTINATION_OPTIONS(32, 0),
};

/* A packet with @count extension headers, before @protocol. */
static struct tt_packet_spec chain_spec(unsigned int count, uint32_t protocol)
{
	struct tt_packet_spec spec = { .version = 6, .protocol = TT_SAYS(protocol) };

	for (unsigned int i = 0; i < count; i++)
		spec.extensions[i] = links[i];
	return spec;
}

static void chain_of_up_to_eight_headers_is_walked(void **state)
{
	struct filter_fixture *fixture = *state;

	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	for (unsigned int count = 0; count <= TT_PACKET_EXTENSIONS_MAX; count++) {
		struct tt_packet_spec spec = chain_spec(count, IPPROTO_UDP);

		assert_int_equal(judge_spec(fixture, &spec), count <= TT_EXTENSION_HEADERS_MAX
								     ? ACCEPTED
								     : TT_FILTER_REJECT_MALFORMED);
	}
}

static void end_of_a_chain_that_is_not_udp_is_told_at_each_length(void **state)
{
	static const uint8_t ends[] = { IPPROTO_TCP, IPPROTO_ICMPV6, IPPROTO_ESP, IPPROTO_NONE };
	struct filter_fixture *fixture = *state;

	for (unsigned int takes_all = 0; takes_all <= 1; takes_all++) {
		fixture->bank->takes_all_ports = takes_all;
		for (size_t i = 0; i < sizeof(ends); i++) {
			for (unsigned int count = 0; count <= TT_EXTENSION_HEADERS_MAX; count++) {
				struct tt_packet_spec spec = chain_spec(count, ends[i]);

				assert_int_equal(judge_spec(fixture, &spec),
						 TT_FILTER_REJECT_NOT_UDP);
			}
		}
	}
}

static void truncated_chain_is_malformed_up_to_its_ports(void **state)
{
	struct tt_packet_spec spec = chain_spec(TT_EXTENSION_HEADERS_MAX, IPPROTO_UDP);
	struct filter_fixture *fixture = *state;
	uint8_t packet[PACKET_BYTES_MAX];
	size_t bytes;

	spec.payload_bytes = 16;
	bytes = tt_packet_build(&spec, packet, sizeof(packet));
	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	for (size_t cut = IPV6_BYTES; cut <= bytes; cut++) {
		size_t needed_bytes = bytes - spec.payload_bytes - UDP_BYTES + 4;

		assert_int_equal(judge(fixture, 6, packet, cut),
				 cut >= needed_bytes ? ACCEPTED : TT_FILTER_REJECT_MALFORMED);
	}
}

static void every_port_takes_what_is_malformed_and_nothing_else_more(void **state)
{
	struct filter_fixture *fixture = *state;
	struct tt_packet_spec malformed[] = {
		{ .version = 4, .version_nibble = TT_SAYS(5) },
		{ .version = 4, .header_words = TT_SAYS(4) },
		{ .version = 4, .kept_bytes = TT_SAYS(3) },
		{ .version = 6, .version_nibble = TT_SAYS(4) },
		{ .version = 6, .kept_bytes = TT_SAYS(3) },
		chain_spec(TT_EXTENSION_HEADERS_MAX + 1, IPPROTO_UDP),
	};
	struct tt_packet_spec sound = { .version = 6 };
	struct tt_packet_spec tcp = { .version = 6, .protocol = TT_SAYS(IPPROTO_TCP) };
	struct tt_packet_spec fragment = { .version = 4, .fragment = 1 };

	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		fixture->bank->takes_all_ports = 0;
		assert_int_equal(judge_spec(fixture, &malformed[i]), TT_FILTER_REJECT_MALFORMED);
		fixture->bank->takes_all_ports = 1;
		assert_int_equal(judge_spec(fixture, &malformed[i]), ACCEPTED);
	}
	assert_int_equal(judge_spec(fixture, &sound), ACCEPTED); /* though its bit is not set */
	assert_int_equal(judge_spec(fixture, &tcp), TT_FILTER_REJECT_NOT_UDP);
	assert_int_equal(judge_spec(fixture, &fragment), ACCEPTED); /* its first would be taken */
	fixture->bank->follows_fragments = 0;
	assert_int_equal(judge_spec(fixture, &fragment), TT_FILTER_REJECT_FRAGMENT);
}

/* Whether the shape can be run: one beyond a page cannot. */
static bool build_shape(const struct tt_packet_shape *shape, uint8_t *packet, size_t *ret_bytes)
{
	static uint8_t large[TT_PACKET_BYTES_MAX];

	*ret_bytes = tt_packet_build(&shape->spec, large, sizeof(large));
	if (*ret_bytes > PACKET_BYTES_MAX)
		return false;
	memcpy(packet, large, *ret_bytes);
	return true;
}

static void ports_are_read_wherever_the_decoder_reads_them(void **state)
{
	struct filter_fixture *fixture = *state;
	uint8_t packet[PACKET_BYTES_MAX];
	size_t tried_count = 0;
	size_t bytes;

	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	for (size_t i = 0; i < tt_packet_shapes_count; i++) {
		const struct tt_packet_shape *shape = &tt_packet_shapes[i];
		size_t fixed_bytes = shape->spec.version == 4 ? IPV4_BYTES : IPV6_BYTES;

		if (!build_shape(shape, packet, &bytes) || bytes < fixed_bytes)
			continue;
		tried_count++;
		for (size_t cut = fixed_bytes; cut <= bytes; cut++) {
			unsigned int result = judge(fixture, shape->spec.version, packet, cut);

			if (shape->ports_bytes > 0 && cut >= shape->ports_bytes &&
			    result != ACCEPTED)
				fail_msg("%s, %zu bytes: reason %u", shape->name, cut, result);
		}
	}
	assert_true(tried_count > tt_packet_shapes_count / 2);
}

static void not_udp_is_the_same_to_the_decoder(void **state)
{
	struct filter_fixture *fixture = *state;
	uint8_t packet[PACKET_BYTES_MAX];
	size_t bytes;

	for (size_t i = 0; i < tt_packet_shapes_count; i++) {
		const struct tt_packet_shape *shape = &tt_packet_shapes[i];

		if (shape->verdict != TT_VERDICT_NOT_UDP || !build_shape(shape, packet, &bytes))
			continue;
		if (judge(fixture, shape->spec.version, packet, bytes) != TT_FILTER_REJECT_NOT_UDP)
			fail_msg("%s", shape->name);
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223; /* the same numbers at each run */
	return *seed >> 8;
}

static void mutated_packet_is_counted_once_and_never_lost_to_the_decoder(void **state)
{
	struct filter_fixture *fixture = *state;
	uint8_t packet[PACKET_BYTES_MAX];
	uint32_t seed = 20261120;

	for (unsigned int i = 0; i < MUTATIONS_COUNT; i++) {
		uint32_t count = next_random(&seed) % (TT_PACKET_EXTENSIONS_MAX + 1);
		struct tt_packet_spec spec = chain_spec(count, IPPROTO_UDP);
		struct tt_datagram datagram;
		struct tt_frame frame;
		unsigned int result;
		size_t fixed_bytes;
		size_t bytes;

		if (count == 0)
			spec.version = 4;
		fixed_bytes = spec.version == 4 ? IPV4_BYTES : IPV6_BYTES;
		bytes = tt_packet_build(&spec, packet, sizeof(packet));
		for (uint32_t flips = 1 + next_random(&seed) % 4; flips > 0; flips--)
			packet[next_random(&seed) % bytes] ^= (uint8_t)(1U
									<< next_random(&seed) % 8);
		if (next_random(&seed) % 4 == 0)
			bytes = fixed_bytes + next_random(&seed) % (bytes - fixed_bytes + 1);

		fixture->bank->takes_all_ports = next_random(&seed) % 2;
		result = judge(fixture, spec.version, packet, bytes);
		frame = tt_packet_frame(spec.version, packet, bytes, bytes);
		tt_decode_frame(&frame, &datagram);
		if (datagram.verdict == TT_VERDICT_OK)
			assert_int_equal(result, fixture->bank->takes_all_ports
							 ? ACCEPTED
							 : TT_FILTER_REJECT_PORT);
	}
}

/* Sends a packet on the loopback, whence it comes back as one for this host. */
static void send_on_loopback(int fd, uint8_t version, const uint8_t *packet, size_t packet_bytes)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htobe16(version == 4 ? ETH_P_IP : ETH_P_IPV6),
		.sll_ifindex = LOOPBACK_INDEX,
		.sll_halen = ETH_ALEN,
	};

	assert_int_equal(sendto(fd, packet, packet_bytes, 0, (struct sockaddr *)&to, sizeof(to)),
			 packet_bytes);
}

/* A packet socket on the loopback behind the program, as capture/ has it, without a ring. */
static int open_behind(const struct filter_fixture *fixture, uint8_t version)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htobe16(version == 4 ? ETH_P_IP : ETH_P_IPV6),
		.sll_ifindex = LOOPBACK_INDEX,
	};
	int program_fd = tt_filter_program_fd(fixture->program);
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program_fd, sizeof(program_fd)),
			 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* One thread on one CPU: what it sends comes back in that order. */
static void stay_on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	(void)close(fd);
}

static void try_short_packets(struct filter_fixture *fixture, uint8_t version)
{
	size_t fixed_bytes = version == 4 ? IPV4_BYTES : IPV6_BYTES;
	unsigned int source = version == 4 ? TT_FILTER_SOURCE_IPV4 : TT_FILTER_SOURCE_IPV6;
	struct tt_filter_counters counters[TT_FILTER_SOURCE_COUNT];
	struct tt_packet_spec spec = { .version = version };
	uint8_t packet[PACKET_BYTES_MAX];
	uint8_t received[PACKET_BYTES_MAX];
	size_t bytes = tt_packet_build(&spec, packet, sizeof(packet));
	int from = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int to = open_behind(fixture, version);

	assert_true(from >= 0);
	fixture->bank->takes_all_ports = 0;
	for (size_t cut = 1; cut < fixed_bytes; cut++)
		send_on_loopback(from, version, packet, cut);
	send_on_loopback(from, version, packet, bytes); /* the first that is accepted */
	assert_int_equal(recv(to, received, sizeof(received), 0), bytes);
	assert_int_equal(tt_filter_program_read_counters(fixture->program, true, counters), 0);
	assert_int_equal(counters[source].seen, fixed_bytes);
	assert_int_equal(counters[source].rejected[TT_FILTER_REJECT_MALFORMED], fixed_bytes - 1);
	assert_int_equal(counters[source].accepted, 1);

	fixture->bank->takes_all_ports = 1;
	for (size_t cut = 1; cut < fixed_bytes; cut++) {
		send_on_loopback(from, version, packet, cut);
		assert_int_equal(recv(to, received, sizeof(received), 0), cut);
	}
	assert_int_equal(tt_filter_program_read_counters(fixture->program, true, counters), 0);
	assert_int_equal(counters[source].accepted, fixed_bytes);
	(void)close(from);
	(void)close(to);
}

static void packet_shorter_than_the_fixed_header_is_malformed(void **state)
{
	struct filter_fixture *fixture = *state;

	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	stay_on_one_cpu();
	loopback_up();
	try_short_packets(fixture, 4);
	try_short_packets(fixture, 6);
}

#define PROGRAM_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_program, tear_down_program)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(ipv4_protocol_is_udp_or_the_packet_is_not),
		PROGRAM_TEST(ipv6_next_header_is_udp_or_an_extension_or_the_packet_is_not),
		PROGRAM_TEST(wrong_version_is_malformed),
		PROGRAM_TEST(ports_are_behind_the_ipv4_options_whatever_their_length),
		PROGRAM_TEST(only_the_first_ipv4_fragment_has_ports),
		PROGRAM_TEST(only_the_first_ipv6_fragment_has_ports),
		PROGRAM_TEST(atomic_fragment_is_as_good_as_a_whole_packet),
		PROGRAM_TEST(fragment_header_has_eight_bytes_whatever_its_reserve_says),
		PROGRAM_TEST(extension_has_the_length_that_it_says),
		PROGRAM_TEST(authentication_header_counts_words_of_four_bytes),
		PROGRAM_TEST(chain_of_up_to_eight_headers_is_walked),
		PROGRAM_TEST(end_of_a_chain_that_is_not_udp_is_told_at_each_length),
		PROGRAM_TEST(truncated_chain_is_malformed_up_to_its_ports),
		PROGRAM_TEST(every_port_takes_what_is_malformed_and_nothing_else_more),
		PROGRAM_TEST(ports_are_read_wherever_the_decoder_reads_them),
		PROGRAM_TEST(not_udp_is_the_same_to_the_decoder),
		PROGRAM_TEST(mutated_packet_is_counted_once_and_never_lost_to_the_decoder),
		PROGRAM_TEST(packet_shorter_than_the_fixed_header_is_malformed),
	};
	int r = enter_filter_tests();

	return r != 0 ? r : cmocka_run_group_tests(tests, NULL, NULL);
}
