/* SPDX-License-Identifier: MIT */

/*
 * What a receiver is told to take and to keep, one datagram at a time
 *
 * Expressions, snap lengths and checksums: hand-made packets come over the link from a packet
 * socket on the far side, others from ordinary sockets there, and are pulled. Needs root.
 *
 * Not covered: changes under load (netns.receiver_live), fragments (netns.receiver_fragments).
 */

#include <dirent.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/netns/receiver_fixture.h"
#include "tests/support/packets.h"

enum {
	EXIT_SKIPPED = 77,
	PAYLOAD_BYTES = 200,
	EXPRESSION_TERMS = 3000, /* far more than the kernel's 4,096 instructions */
	TERM_BYTES = 64,
};

static const struct tt_receiver_opts defaults = TT_RECEIVER_OPTS_INIT;

/* ------------------------------------------------------------------ hand-made packets */

/* A packet socket on the far side. */
static int open_far_link(struct tt_lab *lab, struct sockaddr_ll *ret_address, uint8_t version)
{
	static const uint8_t near_hardware[ETH_ALEN] = { 0x02, 0x74, 0x74, 0, 0, 0x02 };
	int fd;

	assert_int_equal(tt_lab_enter(lab, TT_LAB_FAR), 0);
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	*ret_address = (struct sockaddr_ll){
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(TT_LAB_FAR_INTERFACE),
		.sll_protocol = htons(version == 4 ? ETH_P_IP : ETH_P_IPV6),
		.sll_halen = ETH_ALEN,
	};
	memcpy(ret_address->sll_addr, near_hardware, ETH_ALEN);
	assert_int_equal(tt_lab_enter(lab, TT_LAB_NEAR), 0);
	return fd;
}

static void send_packet(struct tt_lab *lab, struct tt_packet_spec spec)
{
	uint8_t packet[2048];
	struct sockaddr_ll to;
	size_t packet_bytes;
	int fd = open_far_link(lab, &to, spec.version);

	spec.source = spec.version == 4 ? TT_LAB_FAR_IPV4 : TT_LAB_FAR_IPV6;
	spec.destination = spec.version == 4 ? TT_LAB_NEAR_IPV4 : TT_LAB_NEAR_IPV6;
	if (!spec.destination_port)
		spec.destination_port = FIXTURE_PORT;
	packet_bytes = tt_packet_build(&spec, packet, sizeof(packet));
	assert_int_equal(sendto(fd, packet, packet_bytes, 0, (struct sockaddr *)&to, sizeof(to)),
			 packet_bytes);
	(void)close(fd);
}

static struct tt_packet_spec sound(uint8_t version)
{
	return (struct tt_packet_spec){ .version = version, .payload_bytes = PAYLOAD_BYTES };
}

/* --------------------------------------------------------------------- snap lengths */

/* Sends to both families, and more headers than usual, what must come cut at these lengths. */
static void assert_captured(struct tt_lab *lab, struct tt_receiver *receiver, uint32_t generation,
			    const uint32_t expected[4])
{
	const struct tt_packet_spec specs[] = {
		{ .version = 4, .payload_bytes = PAYLOAD_BYTES },
		{ .version = 6, .payload_bytes = PAYLOAD_BYTES },
		{ .version = 4, .payload_bytes = PAYLOAD_BYTES, .option_bytes = 8 },
		{ .version = 6,
		  .payload_bytes = PAYLOAD_BYTES,
		  .extensions = { TT_HOP_BY_HOP(8, 0), TT_DESTINATION_OPTIONS(16, 0) } },
	};
	static const uint32_t header_bytes[] = { 28, 48, 36, 72 };

	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		const struct tt_datagram *datagram;
		uint32_t captured = expected[i] < header_bytes[i] ? 0
								  : expected[i] - header_bytes[i];
		bool has_headers = expected[i] >= header_bytes[i];

		send_packet(lab, specs[i]);
		datagram = pull_one(receiver);
		assert_int_equal(datagram->generation, generation);
		assert_int_equal(datagram->packet_bytes, expected[i]);
		assert_int_equal(datagram->wire_bytes, header_bytes[i] + PAYLOAD_BYTES);
		if (!has_headers) {
			assert_int_equal(datagram->verdict, TT_VERDICT_TRUNCATED);
			continue;
		}
		assert_int_equal(datagram->verdict, TT_VERDICT_OK);
		assert_int_equal(datagram->payload_bytes, PAYLOAD_BYTES);
		assert_int_equal(datagram->payload_captured_bytes, captured);
		assert_int_equal((datagram->flags & TT_DATAGRAM_PAYLOAD_CUT) != 0,
				 captured < PAYLOAD_BYTES);
	}
}

static void a_snap_length_is_how_much_is_captured(void **state)
{
	static const uint32_t whole[] = { 228, 248, 236, 272 };
	static const uint32_t at_48[] = { 48, 48, 48, 48 };
	static const uint32_t at_96[] = { 96, 96, 96, 96 };
	static const uint32_t headers[] = { 28, 48, 36, 72 };
	static const struct {
		uint32_t snap_bytes;
		const uint32_t *captured;
	} changes[] = {
		{ 48, at_48 }, { 96, at_96 }, { TT_SNAP_HEADERS, headers },
		{ 0, whole },  { 48, at_48 }, { TT_SNAP_BYTES_MAX, whole },
	};
	struct tt_receiver_opts opts = { .verdicts = TT_VERDICT_ALL };
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, opts);
	struct tt_accounting account;

	assert_int_equal(tt_receiver_start(receiver), 0);
	assert_captured(*state, receiver, 1, whole);
	for (uint32_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		assert_int_equal(tt_receiver_set_snap_bytes(receiver, changes[i].snap_bytes, NULL),
				 0);
		assert_captured(*state, receiver, 2 + i, changes[i].captured);
	}

	account = end_receiver(receiver);
	/* All four at 96 and with the headers alone; at 48 all but the one whose headers are cut. */
	assert_int_equal(account.sources[TT_SOURCE_IPV4].payload_cut, 4 * 2);
	assert_int_equal(account.sources[TT_SOURCE_IPV6].payload_cut, 2 + 2 + 1 + 1);
	assert_int_equal(account.sources[TT_SOURCE_IPV6].verdicts[TT_VERDICT_TRUNCATED], 2);
	assert_int_equal(tt_account_ring_dropped(&account), 0);
}

static void a_snap_length_may_be_an_option(void **state)
{
	static const uint32_t headers[] = { 28, 48, 36, 72 };
	struct tt_receiver_opts opts = { .snap_bytes = TT_SNAP_HEADERS };
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, opts);

	assert_int_equal(tt_receiver_start(receiver), 0);
	assert_captured(*state, receiver, 1, headers);
	(void)end_receiver(receiver);
}

static void a_snap_length_out_of_range_is_refused_and_changes_nothing(void **state)
{
	static const uint32_t wrong[] = { 1, 47, 262145, UINT32_MAX - 1 };
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	struct tt_receiver_opts opts = defaults;
	struct tt_receiver *other = NULL;
	struct tt_error error = TT_ERROR_INIT;

	assert_int_equal(tt_receiver_start(receiver), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(tt_receiver_set_snap_bytes(receiver, wrong[i], &error), -EINVAL);
		assert_non_null(strstr(error.message, "48 to 262144, or the headers alone"));
		opts.snap_bytes = wrong[i];
		assert_int_equal(tt_receiver_new(&other, "4242", NULL, NULL, &opts, NULL), -EINVAL);
	}
	assert_int_equal(tt_receiver_set_snap_bytes(NULL, 48, NULL), -EINVAL);
	send_packet(*state, sound(4));
	assert_int_equal(pull_one(receiver)->generation, 1);
	(void)end_receiver(receiver);
}

/* ---------------------------------------------------------------------- expressions */

static char *write_long_expression(void)
{
	char *text = calloc(EXPRESSION_TERMS, TERM_BYTES);
	size_t length = 0;

	assert_non_null(text);
	for (int i = 0; i < EXPRESSION_TERMS; i++)
		length += (size_t)snprintf(text + length, TERM_BYTES, "%sudp[8:2] = %d",
					   i ? "||" : "", i * 2 + 1);
	return text;
}

static void an_expression_narrows_until_it_is_taken_back(void **state)
{
	static const char *const none[] = { NULL, "" };
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	int fd4 = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	int fd6 = open_far_socket(*state, "[" TT_LAB_FAR_IPV6 "]:40001");
	struct tt_accounting account;

	assert_int_equal(tt_receiver_start(receiver), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(tt_receiver_set_expression(receiver, "ip6 or udp[8] = 0x61", NULL),
				 0);
		send_text(fd4, TT_LAB_NEAR_IPV4 ":4242", "b is left out");
		send_text(fd4, TT_LAB_NEAR_IPV4 ":4242", "a comes");
		assert_memory_equal(pull_one(receiver)->payload, "a", 1);
		send_text(fd6, "[" TT_LAB_NEAR_IPV6 "]:4242", "c comes");
		assert_memory_equal(pull_one(receiver)->payload, "c", 1);

		assert_int_equal(tt_receiver_set_expression(receiver, none[i], NULL), 0);
		send_text(fd4, TT_LAB_NEAR_IPV4 ":4242", "b comes");
		assert_memory_equal(pull_one(receiver)->payload, "b", 1);
	}

	(void)close(fd4);
	(void)close(fd6);
	account = end_receiver(receiver);
	assert_int_equal(tt_account_rejected(&account, TT_REJECT_EXPRESSION), 2);
	assert_int_equal(tt_account_delivered(&account), 6);
}

static void an_expression_that_fails_changes_nothing(void **state)
{
	struct tt_receiver_opts opts = { .expression = "udp[8] = 0x61" };
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, opts);
	int fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	struct tt_error error = TT_ERROR_INIT;
	char *too_long = write_long_expression();
	struct tt_accounting account;

	assert_int_equal(tt_receiver_start(receiver), 0);
	assert_int_equal(tt_receiver_set_expression(receiver, "udp and", &error), -EINVAL);
	assert_non_null(strstr(error.message, "filter expression \"udp and\""));
	assert_int_equal(tt_receiver_set_expression(receiver, "ether[0] = 1", &error), -EINVAL);
	assert_int_equal(tt_receiver_set_expression(receiver, "tcp and udp", &error), -EINVAL);
	assert_true(tt_receiver_set_expression(receiver, too_long, &error) < 0);
	assert_non_null(strstr(error.message, "filter expression"));
	assert_int_equal(tt_receiver_set_expression(NULL, "udp", NULL), -EINVAL);

	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", "b is left out");
	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", "a comes");
	assert_int_equal(pull_one(receiver)->generation, 1);
	/* And the next that succeeds is the second. */
	assert_int_equal(tt_receiver_set_expression(receiver, "udp[8] = 0x62", NULL), 0);
	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", "a is left out");
	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", "b comes");
	assert_int_equal(pull_one(receiver)->generation, 2);

	free(too_long);
	(void)close(fd);
	account = end_receiver(receiver);
	assert_int_equal(tt_account_rejected(&account, TT_REJECT_EXPRESSION), 2);
}

static void ports_that_fail_change_nothing(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);

	assert_int_equal(tt_receiver_start(receiver), 0);
	assert_int_equal(tt_receiver_set_ports(receiver, "70000", NULL), -EINVAL);
	assert_int_equal(tt_receiver_set_ports(receiver, "1-", NULL), -EINVAL);
	assert_int_equal(tt_receiver_set_ports(NULL, "1", NULL), -EINVAL);
	send_packet(*state, sound(6));
	assert_int_equal(pull_one(receiver)->generation, 1);
	(void)end_receiver(receiver);
}

static void changes_before_the_start_count_from_the_start(void **state)
{
	struct tt_receiver *receiver = open_receiver("1", NULL, NULL, defaults);
	const struct tt_datagram *datagram;

	assert_int_equal(tt_receiver_set_ports(receiver, "4242", NULL), 0);
	assert_int_equal(tt_receiver_set_expression(receiver, "ip6", NULL), 0);
	assert_int_equal(tt_receiver_set_snap_bytes(receiver, 48, NULL), 0);
	send_packet(*state, sound(6));
	assert_int_equal(tt_receiver_start(receiver), 0);
	send_packet(*state, sound(4));
	send_packet(*state, sound(6));
	datagram = pull_one(receiver);
	assert_int_equal(datagram->version, 6);
	assert_int_equal(datagram->packet_bytes, 48);
	assert_int_equal(datagram->generation, 4);
	(void)end_receiver(receiver);
}

/* ------------------------------------------------------------------------ checksums */

static uint8_t verdict_of(struct tt_lab *lab, struct tt_receiver *receiver,
			  struct tt_packet_spec spec)
{
	send_packet(lab, spec);
	return pull_one(receiver)->verdict;
}

static void wrong_checksums_are_told_when_they_are_verified(void **state)
{
	struct tt_receiver_opts opts = { .verdicts = TT_VERDICT_ALL,
					 .flags = TT_RECEIVER_VERIFY_CHECKSUMS };
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, opts);
	struct tt_accounting account;

	for (uint8_t version = 4; version <= 6; version += 2) {
		struct tt_packet_spec wrong = sound(version), absent = sound(version);

		wrong.checksum = (struct tt_packet_claim)TT_SAYS(0x1234);
		absent.checksum = (struct tt_packet_claim)TT_SAYS(0);
		if (version == 4)
			assert_int_equal(tt_receiver_start(receiver), 0);
		assert_int_equal(verdict_of(*state, receiver, sound(version)), TT_VERDICT_OK);
		assert_int_equal(verdict_of(*state, receiver, wrong), TT_VERDICT_BAD_CHECKSUM);
		/* Only IPv4 allows for none. */
		assert_int_equal(verdict_of(*state, receiver, absent),
				 version == 4 ? TT_VERDICT_OK : TT_VERDICT_BAD_CHECKSUM);
	}
	account = end_receiver(receiver);
	assert_int_equal(account.sources[TT_SOURCE_IPV4].verdicts[TT_VERDICT_BAD_CHECKSUM], 1);
	assert_int_equal(account.sources[TT_SOURCE_IPV6].verdicts[TT_VERDICT_BAD_CHECKSUM], 2);
}

static void checksums_are_ignored_by_default(void **state)
{
	struct tt_receiver_opts opts = { .verdicts = TT_VERDICT_ALL };
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, opts);

	assert_int_equal(tt_receiver_start(receiver), 0);
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct tt_packet_spec wrong = sound(version);

		wrong.checksum = (struct tt_packet_claim)TT_SAYS(0x1234);
		assert_int_equal(verdict_of(*state, receiver, wrong), TT_VERDICT_OK);
	}
	(void)end_receiver(receiver);
}

static void a_checksum_that_is_still_to_be_made_is_not_wrong(void **state)
{
	struct tt_receiver_opts opts = { .verdicts = TT_VERDICT_ALL,
					 .flags = TT_RECEIVER_VERIFY_CHECKSUMS };
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, opts);
	int fd4 = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	int fd6 = open_far_socket(*state, "[" TT_LAB_FAR_IPV6 "]:40001");
	const struct tt_datagram *datagram;

	/* The far side's kernel leaves them to the device, and a veth has none to make them. */
	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(fd4, TT_LAB_NEAR_IPV4 ":4242", "over four");
	datagram = pull_one(receiver);
	assert_true(datagram->flags & TT_DATAGRAM_CHECKSUM_PARTIAL);
	assert_int_equal(datagram->verdict, TT_VERDICT_OK);
	send_text(fd6, "[" TT_LAB_NEAR_IPV6 "]:4242", "over six");
	datagram = pull_one(receiver);
	assert_true(datagram->flags & TT_DATAGRAM_CHECKSUM_PARTIAL);
	assert_int_equal(datagram->verdict, TT_VERDICT_OK);

	(void)close(fd4);
	(void)close(fd6);
	(void)end_receiver(receiver);
}

static void a_cut_payload_cannot_be_verified_and_is_not_wrong(void **state)
{
	struct tt_receiver_opts opts = { .verdicts = TT_VERDICT_ALL,
					 .snap_bytes = 96,
					 .flags = TT_RECEIVER_VERIFY_CHECKSUMS };
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, opts);

	assert_int_equal(tt_receiver_start(receiver), 0);
	assert_int_equal(verdict_of(*state, receiver, sound(4)), TT_VERDICT_OK);
	assert_int_equal(verdict_of(*state, receiver, sound(6)), TT_VERDICT_OK);
	(void)end_receiver(receiver);
}

/* -------------------------------------------------------------------------- the lock */

static bool is_packet_socket(int fd)
{
	int domain = 0;
	socklen_t domain_bytes = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_bytes) == 0 &&
	       domain == AF_PACKET;
}

static void nobody_takes_the_filter_off_its_sockets(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	DIR *directory = opendir("/proc/self/fd");
	const struct dirent *entry;
	size_t sockets_count = 0;
	int none = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		int fd = (int)strtol(entry->d_name, NULL, 10);

		if (*entry->d_name == '.' || !is_packet_socket(fd))
			continue;
		sockets_count++;
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)),
				 -1);
		assert_int_equal(errno, EPERM);
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &none, sizeof(none)),
				 -1);
		assert_int_equal(errno, EPERM);
	}
	(void)closedir(directory);
	assert_int_equal(sockets_count, 2);

	assert_int_equal(tt_receiver_start(receiver), 0);
	send_packet(*state, (struct tt_packet_spec){ .version = 4, .destination_port = 1 });
	send_packet(*state, sound(4));
	(void)pull_one(receiver);
	assert_nothing_comes(receiver);
	(void)end_receiver(receiver);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, enter_lab, leave_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(a_snap_length_is_how_much_is_captured),
		LAB_TEST(a_snap_length_may_be_an_option),
		LAB_TEST(a_snap_length_out_of_range_is_refused_and_changes_nothing),
		LAB_TEST(an_expression_narrows_until_it_is_taken_back),
		LAB_TEST(an_expression_that_fails_changes_nothing),
		LAB_TEST(ports_that_fail_change_nothing),
		LAB_TEST(changes_before_the_start_count_from_the_start),
		LAB_TEST(wrong_checksums_are_told_when_they_are_verified),
		LAB_TEST(checksums_are_ignored_by_default),
		LAB_TEST(a_checksum_that_is_still_to_be_made_is_not_wrong),
		LAB_TEST(a_cut_payload_cannot_be_verified_and_is_not_wrong),
		LAB_TEST(nobody_takes_the_filter_off_its_sockets),
	};

	if (!tt_lab_is_possible())
		return EXIT_SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
