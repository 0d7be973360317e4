/* SPDX-License-Identifier: MIT */

/*
 * Load source
 *
 * Sends into the near link of a lab, and reads what arrived through a packet socket of
 * its own: the kernel's count of what the socket was offered, and the frames byte by
 * byte, judged by sums that are made here.
 *
 * Not covered: its speed, which the benchmarks report.
 */

#include "tests/support/load.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/support/lab.h"
#include "tests/unit/cmocka_all.h"

enum {
	TAP_BUFFER_BYTES = 64 << 20, /* holds every frame of the tests that read them */
	STREAM = 0x89abcdef,
	FRAMES_COUNT = 3000,
	DURATION_MS_MAX = 10000, /* in which something must be sent */
};

struct scene {
	struct tt_lab *lab;
	int tap;
};

static int enter_scene(void **state)
{
	static struct scene scene = { .tap = -1 };
	struct tt_error error = TT_ERROR_INIT;

	if (tt_lab_new(&scene.lab, "load", 0, &error) < 0)
		fail_msg("%s", error.message);
	*state = &scene;
	return tt_lab_enter(scene.lab, TT_LAB_NEAR);
}

static int leave_scene(void **state)
{
	struct scene *scene = *state;

	(void)tt_lab_leave(scene->lab);
	tt_lab_free(scene->lab);
	return 0;
}

/*
 * Leaves out ICMPv6, also behind a hop-by-hop header: whatever the lab does against it,
 * a slow machine's neighbours may still have something to say.
 */
static void leave_out_icmp6(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETH_ALEN * 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_HOPOPTS, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)),
			 0);
}

static int open_tap(void **state)
{
	struct scene *scene = *state;
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int bytes = TAP_BUFFER_BYTES, on = 1;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	scene->tap = fd;
	/* The host answers some of this load, which is not to be counted. */
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)), 0);
	leave_out_icmp6(fd);
	address.sll_ifindex = (int)if_nametoindex(TT_LAB_NEAR_INTERFACE);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return 0;
}

static int close_tap(void **state)
{
	struct scene *scene = *state;

	tt_closep(&scene->tap);
	scene->tap = -1;
	return 0;
}

/* Frames that the kernel offered to the tap since the last call; all fitted unless @ret_dropped. */
static unsigned int read_tap_count(int tap, unsigned int *ret_dropped)
{
	struct tpacket_stats statistics;
	socklen_t bytes = sizeof(statistics);

	assert_int_equal(getsockopt(tap, SOL_PACKET, PACKET_STATISTICS, &statistics, &bytes), 0);
	*ret_dropped = statistics.tp_drops;
	return statistics.tp_packets;
}

static struct tt_load_options default_options(void)
{
	struct tt_load_options options;

	tt_load_options_init(&options);
	options.interface = TT_LAB_NEAR_INTERFACE;
	options.stream = STREAM;
	return options;
}

static struct tt_load_counts send_frames(const struct tt_load_options *options, uint64_t count)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_load_counts counts;
	struct tt_load *load = NULL;

	if (tt_load_new(&load, options, &error) < 0 || tt_load_send(load, count, &error) < 0)
		fail_msg("%s", error.message);
	tt_load_read_counts(load, &counts);
	tt_load_free(load);
	return counts;
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* The Internet checksum's sum, folded: 0xffff over what carries a right checksum. */
static uint32_t fold_sum(const uint8_t *bytes, size_t bytes_count, uint32_t sum)
{
	for (size_t i = 0; i < bytes_count; i++)
		sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void assert_packet4(const uint8_t *ip, size_t bytes, enum tt_load_kind kind,
			   uint64_t sequence)
{
	assert_int_equal(ip[0], 0x45);
	assert_int_equal(get16(ip + 2), bytes);
	assert_int_equal(get16(ip + 4), sequence & 0xffff);
	assert_int_equal(get16(ip + 6), kind == TT_LOAD_FRAGMENT ? TT_LOAD_FRAGMENT_OFFSET : 0);
	assert_int_equal(ip[9], kind == TT_LOAD_NOT_UDP ? 6 : 17);
	assert_int_equal(fold_sum(ip, 20, 0), 0xffff);
}

static void assert_packet6(const uint8_t *ip, size_t bytes, enum tt_load_kind kind)
{
	uint8_t protocol = kind == TT_LOAD_NOT_UDP ? 6 : kind == TT_LOAD_FRAGMENT ? 44 : 17;

	assert_int_equal(ip[0], 0x60);
	assert_int_equal(get16(ip + 4), bytes - 40);
	assert_int_equal(ip[6], protocol);
	if (kind == TT_LOAD_FRAGMENT) {
		assert_int_equal(ip[40], 17);
		assert_int_equal(get16(ip + 42) >> 3, TT_LOAD_FRAGMENT_OFFSET);
	}
}

/* @addresses: where both addresses lie in the IP header. */
static void assert_datagram(const uint8_t *udp, size_t bytes, enum tt_load_kind kind,
			    const uint8_t *addresses, size_t address_bytes)
{
	size_t excess = kind == TT_LOAD_MALFORMED ? TT_LOAD_LENGTH_EXCESS : 0;
	uint32_t pseudo = (uint32_t)(17 + bytes + excess);

	assert_int_equal(get16(udp + 4), bytes + excess);
	pseudo = fold_sum(addresses, 2 * address_bytes, pseudo);
	assert_int_equal(fold_sum(udp, bytes, pseudo), 0xffff);
	for (size_t i = TT_LOAD_UDP_BYTES + TT_LOAD_STAMP_BYTES; i < bytes; i++)
		assert_int_equal(udp[i], i & 0xff);
}

/* Checks one frame against its own stamp, and the stamp's number against @seen. */
static void assert_frame(const uint8_t *frame, size_t frame_bytes, struct tt_load_counts *seen)
{
	bool is_ipv6 = get16(frame + 12) == ETH_P_IPV6;
	const uint8_t *ip = frame + TT_LOAD_IP_OFFSET;
	const uint8_t *udp = frame + (is_ipv6 ? TT_LOAD_UDP6_OFFSET : TT_LOAD_UDP4_OFFSET);
	const uint8_t *stamp = udp + TT_LOAD_UDP_BYTES;
	size_t datagram_bytes = frame_bytes - (size_t)(udp - frame);
	enum tt_load_kind kind = stamp[TT_LOAD_STAMP_KIND];
	uint64_t sequence;

	memcpy(&sequence, stamp + TT_LOAD_STAMP_SEQUENCE, sizeof(sequence));
	sequence = be64toh(sequence);
	assert_in_range(kind, 0, TT_LOAD_KIND_COUNT - 1);
	assert_int_equal((uint32_t)get16(stamp) << 16 | get16(stamp + 2), (uint32_t)STREAM);
	assert_int_equal(stamp[TT_LOAD_STAMP_FAMILY], is_ipv6);
	assert_int_equal(sequence, seen->by[is_ipv6][kind]++);
	if (is_ipv6)
		assert_packet6(ip, frame_bytes - TT_LOAD_IP_OFFSET, kind);
	else
		assert_packet4(ip, frame_bytes - TT_LOAD_IP_OFFSET, kind, sequence);
	if (kind != TT_LOAD_NOT_UDP && kind != TT_LOAD_FRAGMENT)
		assert_datagram(udp, datagram_bytes, kind, is_ipv6 ? ip + 8 : ip + 12,
				is_ipv6 ? 16 : 4);
}

static void every_frame_is_whole_right_and_numbered(void **state)
{
	static const uint32_t lengths[] = { TT_LOAD_FRAME_BYTES_MIN, 79, 106, 1514,
					    TT_LOAD_FRAME_BYTES_MAX };
	static const uint16_t ports[] = { 53, 5353, 65535 };
	struct tt_load_options options = default_options();
	uint8_t frame[TT_LOAD_FRAME_BYTES_MAX + 1];
	struct scene *scene = *state;
	unsigned int dropped;

	options.ports = ports;
	options.ports_count = 3;
	options.flows_count = 4;
	options.wanted = (struct tt_load_share){ 2, 3 };
	options.malformed_every = 5;
	options.not_udp_every = 7;
	options.fragment_every = 11;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct tt_load_counts counts, seen = { 0 };

		options.frame_bytes = lengths[i];
		counts = send_frames(&options, FRAMES_COUNT);
		assert_int_equal(counts.sent, FRAMES_COUNT);
		assert_int_equal(read_tap_count(scene->tap, &dropped), FRAMES_COUNT);
		assert_int_equal(dropped, 0);
		for (int n = 0; n < FRAMES_COUNT; n++) {
			assert_int_equal(recv(scene->tap, frame, sizeof(frame), MSG_DONTWAIT),
					 lengths[i]);
			assert_frame(frame, lengths[i], &seen);
		}
		assert_memory_equal(seen.by, counts.by, sizeof(seen.by));
		for (int kind = 0; kind < TT_LOAD_KIND_COUNT; kind++)
			assert_true(counts.kind[kind] > 0);
	}
}

static void a_million_frames_flat_out_are_counted_exactly(void **state)
{
	struct tt_load_options options = default_options();
	struct scene *scene = *state;
	struct tt_load_counts counts;
	unsigned int dropped;

	options.target = TT_LOAD_TO_OTHER_HOST;
	options.burst_frames = 48; /* does not divide the count */
	counts = send_frames(&options, 1000003);
	assert_int_equal(counts.sent, 1000003);
	assert_int_equal(read_tap_count(scene->tap, &dropped), 1000003);
}

static void shares_are_met_exactly_in_each_family(void **state)
{
	struct tt_load_options options = default_options();
	struct tt_load_counts counts;

	(void)state;

	options.ipv6 = (struct tt_load_share){ 30, 100 };
	options.wanted = (struct tt_load_share){ 1, 70 };
	counts = send_frames(&options, 70000);
	assert_int_equal(counts.family[TT_LOAD_IPV6], 21000);
	assert_int_equal(counts.by[TT_LOAD_IPV6][TT_LOAD_WANTED], 300);
	assert_int_equal(counts.by[TT_LOAD_IPV4][TT_LOAD_WANTED], 700);
	assert_int_equal(counts.kind[TT_LOAD_UNWANTED], 69000);
}

static void wanted_ports_and_flows_are_taken_in_turn(void **state)
{
	static const uint16_t ports[] = { 1000, 2000, 3000 };
	struct tt_load_options options = default_options();
	struct scene *scene = *state;
	uint8_t frame[TT_LOAD_FRAME_BYTES_MAX];

	options.ports = ports;
	options.ports_count = 3;
	options.flows_count = 2;
	(void)send_frames(&options, 12);
	for (int n = 0; n < 12; n++) {
		const uint8_t *udp = frame + TT_LOAD_UDP4_OFFSET;
		ssize_t bytes = recv(scene->tap, frame, sizeof(frame), MSG_DONTWAIT);

		assert_int_equal(bytes, options.frame_bytes);
		if (get16(frame + 12) == ETH_P_IPV6)
			udp = frame + TT_LOAD_UDP6_OFFSET;
		/* Families alternate, so that turn n / 2 of each is here. */
		assert_int_equal(get16(udp), options.source_port + n / 2 % 2);
		assert_int_equal(get16(udp + 2), ports[n / 2 % 3]);
	}
}

static void only_ipv4_can_go_without_checksum(void **state)
{
	struct tt_load_options options = default_options();
	struct tt_load_counts seen = { 0 };
	struct scene *scene = *state;
	uint8_t frame[TT_LOAD_FRAME_BYTES_MAX];

	options.is_udp4_unsummed = true;
	(void)send_frames(&options, 2);
	for (int n = 0; n < 2; n++) {
		ssize_t bytes = recv(scene->tap, frame, sizeof(frame), MSG_DONTWAIT);

		assert_int_equal(bytes, options.frame_bytes);
		if (get16(frame + 12) == ETH_P_IPV6)
			assert_frame(frame, (size_t)bytes, &seen);
		else
			assert_int_equal(get16(frame + TT_LOAD_UDP4_OFFSET + 6), 0);
	}
}

static void the_target_decides_the_packet_type(void **state)
{
	static const int types[] = {
		[TT_LOAD_TO_HOST] = PACKET_HOST,
		[TT_LOAD_TO_OTHER_HOST] = PACKET_OTHERHOST,
		[TT_LOAD_TO_BROADCAST] = PACKET_BROADCAST,
	};
	struct tt_load_options options = default_options();
	struct scene *scene = *state;

	for (int target = 0; target <= TT_LOAD_TO_BROADCAST; target++) {
		struct sockaddr_ll from = { 0 };
		socklen_t from_bytes = sizeof(from);
		uint8_t byte;

		options.target = (enum tt_load_target)target;
		(void)send_frames(&options, 1);
		assert_int_equal(recvfrom(scene->tap, &byte, 1, MSG_DONTWAIT,
					  (struct sockaddr *)&from, &from_bytes),
				 1);
		assert_int_equal(from.sll_pkttype, types[target]);
	}
}

static void a_pace_is_never_exceeded(void **state)
{
	struct tt_load_options options = default_options();

	(void)state;

	options.rate_pps = 1000; /* singly, from user space */
	assert_true(send_frames(&options, 101).duration_ns >= INT64_C(100) * TT_NS_PER_MS);
	options.rate_pps = 40000; /* in bursts, by the program */
	assert_true(send_frames(&options, 4096 + 64).duration_ns >= INT64_C(102) * TT_NS_PER_MS);
}

static void a_duration_ends_a_send(void **state)
{
	struct tt_load_options options = default_options();
	struct tt_error error = TT_ERROR_INIT;
	struct scene *scene = *state;
	struct tt_load_counts counts;
	struct tt_load *load = NULL;
	int64_t duration_ms = 100;
	unsigned int dropped;

	assert_int_equal(tt_load_new(&load, &options, &error), 0);
	do {
		assert_true(duration_ms <= DURATION_MS_MAX);
		assert_int_equal(tt_load_send_for(load, duration_ms * TT_NS_PER_MS, &error), 0);
		tt_load_read_counts(load, &counts);
		assert_true(counts.duration_ns >= duration_ms * TT_NS_PER_MS);
		/* A busy machine may take all of it to begin. */
		duration_ms *= 4;
	} while (counts.sent == 0);
	assert_int_equal(read_tap_count(scene->tap, &dropped), counts.sent);

	tt_load_stop(load);
	assert_int_equal(tt_load_send(load, 100000, &error), 0);
	assert_int_equal(read_tap_count(scene->tap, &dropped), 0);
	tt_load_free(load);
}

static void impossible_options_are_refused_in_words(void **state)
{
	struct tt_load_options options[6];
	struct tt_load *load = NULL;

	(void)state;

	for (int i = 0; i < 6; i++)
		options[i] = default_options();
	options[0].frame_bytes = TT_LOAD_FRAME_BYTES_MIN - 1;
	options[1].frame_bytes = TT_LOAD_FRAME_BYTES_MAX + 1;
	options[2].burst_frames = TT_LOAD_BURST_FRAMES_MAX + 1;
	options[3].wanted = (struct tt_load_share){ 2, 1 };
	options[4].ports_count = 0;
	options[5].source_port = 65535;
	options[5].flows_count = 2;
	for (int i = 0; i < 6; i++) {
		struct tt_error error = TT_ERROR_INIT;

		assert_int_equal(tt_load_new(&load, &options[i], &error), -EINVAL);
		assert_true(strlen(error.message) > 0);
	}
	options[0] = default_options();
	options[0].interface = "absent0";
	assert_int_equal(tt_load_new(&load, &options[0], NULL), -ENODEV);
}

#define TAP_TEST(test) cmocka_unit_test_setup_teardown(test, open_tap, close_tap)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TAP_TEST(every_frame_is_whole_right_and_numbered),
		TAP_TEST(a_million_frames_flat_out_are_counted_exactly),
		TAP_TEST(wanted_ports_and_flows_are_taken_in_turn),
		TAP_TEST(only_ipv4_can_go_without_checksum),
		TAP_TEST(the_target_decides_the_packet_type),
		TAP_TEST(a_duration_ends_a_send),
		cmocka_unit_test(shares_are_met_exactly_in_each_family),
		cmocka_unit_test(a_pace_is_never_exceeded),
		cmocka_unit_test(impossible_options_are_refused_in_words),
	};

	if (!tt_lab_is_possible())
		return 77;
	return cmocka_run_group_tests(tests, enter_scene, leave_scene);
}
