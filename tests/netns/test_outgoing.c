/* SPDX-License-Identifier: MIT */

/*
 * What this host sends, captured
 *
 * The near side of a lab sends by ordinary sockets, and the receiver is to see each packet
 * once, by its third socket. A witness without a filter says what the kernel showed as sent: the
 * receiver's datagrams are held against it, packet by packet. With TT_TEST_FILTER=classic
 * the kernel's filter is a classic one.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/netns/receiver_fixture.h"

enum {
	PACKETS_MAX = 256,
	PACKET_BYTES_MAX = 2048,
	ROUNDS = 20,
	FLOOD = 50000,
	LARGE_BYTES = 4000, /* three fragments */
};

#define OUT      TT_RECEIVER_OUTGOING
#define ONLY_OUT (TT_RECEIVER_OUTGOING | TT_RECEIVER_NO_INCOMING)

struct packet {
	uint32_t bytes_count;
	uint8_t bytes[PACKET_BYTES_MAX];
};

struct packets {
	size_t count;
	struct packet packets[PACKETS_MAX];
};

static struct packets captured, witnessed;

static int compare_packets(const void *a, const void *b)
{
	const struct packet *one = a, *other = b;
	uint32_t least = one->bytes_count < other->bytes_count ? one->bytes_count
							       : other->bytes_count;
	int order = memcmp(one->bytes, other->bytes, least);

	return order ? order : (int)one->bytes_count - (int)other->bytes_count;
}

static void keep(struct packets *packets, const uint8_t *bytes, size_t count)
{
	struct packet *packet = &packets->packets[packets->count++];

	assert_true(packets->count <= PACKETS_MAX);
	assert_true(count <= PACKET_BYTES_MAX);
	packet->bytes_count = (uint32_t)count;
	memcpy(packet->bytes, bytes, count);
}

static void assert_same_packets(void)
{
	assert_int_equal(captured.count, witnessed.count);
	qsort(captured.packets, captured.count, sizeof(struct packet), compare_packets);
	qsort(witnessed.packets, witnessed.count, sizeof(struct packet), compare_packets);
	for (size_t i = 0; i < captured.count; i++)
		assert_int_equal(compare_packets(&captured.packets[i], &witnessed.packets[i]), 0);
}

static int open_witness(void)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* What the kernel showed as sent, of UDP by near0 only; cut to @snap_bytes. */
static void read_witness(int fd)
{
	uint8_t bytes[PACKET_BYTES_MAX] = { 0 };
	struct sockaddr_ll from = { 0 };
	socklen_t from_bytes = sizeof(from);
	ssize_t count;

	while ((count = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from,
				 &from_bytes)) >= 0) {
		bool is_udp = (from.sll_protocol == htons(ETH_P_IP) && bytes[9] == IPPROTO_UDP) ||
			      (from.sll_protocol == htons(ETH_P_IPV6) &&
			       (bytes[6] == IPPROTO_UDP || bytes[6] == IPPROTO_FRAGMENT));

		if (from.sll_pkttype == PACKET_OUTGOING && is_udp &&
		    from.sll_ifindex == (int)if_nametoindex(TT_LAB_NEAR_INTERFACE))
			keep(&witnessed, bytes, (size_t)count);
		from_bytes = sizeof(from);
	}
	(void)close(fd);
}

static int take(struct tt_receiver *receiver, const struct tt_datagram *datagrams, size_t count,
		void *context)
{
	size_t *incoming_count = context;

	(void)receiver;

	for (size_t i = 0; i < count; i++) {
		if (datagrams[i].packet_type != TT_PACKET_OUTGOING) {
			(*incoming_count)++;
			continue;
		}
		assert_false(datagrams[i].flags & TT_DATAGRAM_LOCAL);
		keep(&captured, datagrams[i].packet, datagrams[i].packet_bytes);
	}
	return 0;
}

static int count_them(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
		      size_t count, void *context)
{
	(void)receiver;
	(void)datagrams;
	*(uint64_t *)context += count;
	return 0;
}

static void send_to(const char *destination, size_t payload_bytes)
{
	static const char payload[LARGE_BYTES];
	struct tt_address address;
	int fd;

	assert_int_equal(tt_address_parse(destination, &address, NULL), 0);
	fd = socket(address.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, payload, payload_bytes, 0, (struct sockaddr *)&address,
				tt_address_bytes(&address)),
			 payload_bytes);
	(void)close(fd);
}

static struct tt_receiver *open_with(const char *ports, struct tt_receiver_opts opts,
				     size_t *incoming_count)
{
	captured.count = witnessed.count = 0;
	*incoming_count = 0;
	if (opts.verdicts == 0)
		opts.verdicts = TT_VERDICT_ALL;
	return open_receiver(ports, take, incoming_count, opts);
}

static const struct tt_source_accounting *sent_of(const struct tt_accounting *account)
{
	const struct tt_source_accounting *sent = &account->sources[TT_SOURCE_OUTGOING];

	assert_int_equal(sent->is_present, 1);
	return sent;
}

static void each_datagram_sent_is_seen_once_as_the_kernel_shows_it(void **state)
{
	size_t incoming_count;
	struct tt_receiver *receiver = open_with(
		NULL, (struct tt_receiver_opts){ .flags = ONLY_OUT | TT_RECEIVER_VERIFY_CHECKSUMS },
		&incoming_count);
	struct tt_accounting account;
	int witness, far;

	far = open_far_socket(*state, TT_LAB_FAR_IPV4 ":5000");
	assert_int_equal(tt_receiver_start(receiver), 0);
	witness = open_witness();
	for (int i = 0; i < ROUNDS; i++) {
		send_to(TT_LAB_FAR_IPV4 ":4242", (size_t)i);
		send_to("[" TT_LAB_FAR_IPV6 "]:4242", (size_t)i);
		send_text(far, TT_LAB_NEAR_IPV4 ":4242", "comes in");
	}
	send_to(TT_LAB_FAR_IPV4 ":4242", LARGE_BYTES);
	send_to("[" TT_LAB_FAR_IPV6 "]:4242", LARGE_BYTES);
	account = end_receiver(receiver);
	read_witness(witness);
	(void)close(far);

	assert_same_packets();
	assert_true(captured.count >= 2 * ROUNDS + 6);
	assert_int_equal(incoming_count, 0);
	assert_int_equal(account.sources[TT_SOURCE_IPV4].is_present, 0);
	assert_int_equal(account.sources[TT_SOURCE_IPV6].is_present, 0);
	/* The device was to fill the checksums in: they are not there to be wrong. */
	assert_int_equal(sent_of(&account)->verdicts[TT_VERDICT_BAD_CHECKSUM], 0);
	assert_int_equal(sent_of(&account)->verdicts[TT_VERDICT_OK], 2 * ROUNDS);
	assert_int_equal(sent_of(&account)->delivered, captured.count);
	if (!is_classic()) /* and nothing that came in counts here */
		assert_int_equal(sent_of(&account)->rejected[TT_REJECT_PACKET_TYPE], 0);
}

static void both_directions_come_side_by_side(void **state)
{
	size_t incoming_count;
	struct tt_receiver *receiver =
		open_with("4242", (struct tt_receiver_opts){ .flags = OUT | TT_RECEIVER_ORDERED },
			  &incoming_count);
	struct tt_accounting account;
	int far = open_far_socket(*state, "[" TT_LAB_FAR_IPV6 "]:5000");

	assert_int_equal(tt_receiver_start(receiver), 0);
	for (int i = 0; i < ROUNDS; i++) {
		send_to("[" TT_LAB_FAR_IPV6 "]:4242", 8);
		send_text(far, "[" TT_LAB_NEAR_IPV6 "]:4242", "comes in");
	}
	account = end_receiver(receiver);
	(void)close(far);

	assert_int_equal(captured.count, ROUNDS);
	assert_int_equal(incoming_count, ROUNDS);
	assert_int_equal(account.sources[TT_SOURCE_IPV6].delivered, ROUNDS);
	assert_int_equal(sent_of(&account)->delivered, ROUNDS);
}

static void conditions_hold_for_what_is_sent(void **state)
{
	static const struct {
		const char *ports;
		struct tt_receiver_opts opts;
		size_t packets_count;
		uint32_t bytes_count; /* of the largest; 0: whatever it is */
	} rows[] = {
		{ "4242", { .flags = ONLY_OUT }, 8, 0 },
		{ "4242", { .flags = ONLY_OUT | TT_RECEIVER_NO_FRAGMENTS }, 2, 128 },
		{ "4242", { .flags = ONLY_OUT | TT_RECEIVER_IPV4_ONLY }, 4, 0 },
		{ "4242", { .flags = ONLY_OUT | TT_RECEIVER_IPV6_ONLY }, 4, 0 },
		{ "4241", { .flags = ONLY_OUT }, 2, 148 },
		{ "1", { .flags = ONLY_OUT }, 0, 0 },
		{ "4241", { .flags = ONLY_OUT, .snap_bytes = TT_SNAP_HEADERS }, 2, 48 },
		{ "4241", { .flags = ONLY_OUT, .snap_bytes = 60 }, 2, 60 },
		{ NULL, { .flags = ONLY_OUT, .expression = "ip and udp dst port 4241" }, 1, 128 },
		{ "4241-4242", { .flags = ONLY_OUT, .expression = "greater 400" }, 6, 0 },
	};

	(void)state;
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		size_t incoming_count;
		struct tt_receiver *receiver = open_with(rows[row].ports, rows[row].opts,
							 &incoming_count);
		struct tt_accounting account;
		uint32_t largest = 0;
		uint64_t delivered;

		assert_int_equal(tt_receiver_start(receiver), 0);
		send_to(TT_LAB_FAR_IPV4 ":4242", 100);
		send_to("[" TT_LAB_FAR_IPV6 "]:4242", 80);
		send_to(TT_LAB_FAR_IPV4 ":4241", 100);
		send_to("[" TT_LAB_FAR_IPV6 "]:4241", 100);
		send_to(TT_LAB_FAR_IPV4 ":4242", LARGE_BYTES);
		send_to("[" TT_LAB_FAR_IPV6 "]:4242", LARGE_BYTES);
		account = end_receiver(receiver);
		/* A fragment without ports has no route to the handler. */
		delivered = sent_of(&account)->delivered;
		for (size_t i = 0; i < captured.count; i++)
			largest = captured.packets[i].bytes_count > largest
					  ? captured.packets[i].bytes_count
					  : largest;
		if (delivered != rows[row].packets_count ||
		    (rows[row].bytes_count > 0 && largest != rows[row].bytes_count))
			fail_msg("row %zu: %lu packets, the largest of %u bytes", row, delivered,
				 largest);
	}
}

/* Else what is sent there would come twice. */
static void on_the_loopback_a_datagram_comes_once_and_comes_in(void **state)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK };
	static const char *const names[] = { "lo" };
	struct tt_accounting account;
	struct tt_receiver *receiver;
	size_t incoming_count;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	(void)close(fd);
	receiver = open_with("4242",
			     (struct tt_receiver_opts){
				     .flags = OUT, .interfaces = names, .interfaces_count = 1 },
			     &incoming_count);
	assert_int_equal(tt_receiver_start(receiver), 0);
	send_to("127.0.0.1:4242", 8);
	send_to("[::1]:4242", 8);
	account = end_receiver(receiver);
	assert_int_equal(incoming_count, 2);
	assert_int_equal(captured.count, 0);
	assert_int_equal(sent_of(&account)->delivered, 0);
	if (!is_classic())
		assert_int_equal(sent_of(&account)->seen, 0);
}

static void account_is_exact_when_the_ring_overflows(void **state)
{
	uint64_t given_count = 0;
	struct tt_receiver *receiver = open_receiver(
		"4242", count_them, &given_count,
		(struct tt_receiver_opts){ .flags = OUT, .ring_bytes = TT_RING_BYTES_MIN });
	struct tt_address address;
	struct tt_accounting account;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(tt_address_parse(TT_LAB_FAR_IPV4 ":4242", &address, NULL), 0);
	assert_int_equal(tt_receiver_start(receiver), 0);
	for (int i = 0; i < FLOOD; i++)
		assert_int_equal(sendto(fd, "flood", 5, 0, (struct sockaddr *)&address,
					tt_address_bytes(&address)),
				 5);
	account = end_receiver(receiver);
	(void)close(fd);

	assert_int_equal(sent_of(&account)->accepted, FLOOD);
	assert_true(sent_of(&account)->ring_dropped > 0);
	assert_true(given_count > 0);
	assert_int_equal(sent_of(&account)->ring_dropped + given_count, FLOOD);
}

static void only_what_is_sent_has_to_be_asked_for_as_such(void **state)
{
	static const uint64_t refused[] = {
		TT_RECEIVER_NO_INCOMING,
		ONLY_OUT | TT_RECEIVER_PROMISCUOUS,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct tt_receiver *receiver = NULL;
		struct tt_error error = TT_ERROR_INIT;

		assert_int_equal(tt_receiver_new(&receiver, NULL, NULL, NULL,
						 &TT_RECEIVER_OPTS(.flags = refused[i]), &error),
				 -EINVAL);
		assert_true(error.message[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_datagram_sent_is_seen_once_as_the_kernel_shows_it),
		cmocka_unit_test(both_directions_come_side_by_side),
		cmocka_unit_test(conditions_hold_for_what_is_sent),
		cmocka_unit_test(on_the_loopback_a_datagram_comes_once_and_comes_in),
		cmocka_unit_test(account_is_exact_when_the_ring_overflows),
		cmocka_unit_test(only_what_is_sent_has_to_be_asked_for_as_such),
	};

	if (!tt_lab_is_possible())
		return 77;
	return cmocka_run_group_tests(tests, enter_lab, leave_lab);
}
