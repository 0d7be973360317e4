/* SPDX-License-Identifier: MIT */

/*
 * The filter as a classic program, on packet sockets
 *
 * What only a device can tell: where the packet's bytes begin, its type, its interface. A
 * datagram to the loopback of a namespace of the test's own is seen twice by sockets of
 * every protocol, on its way out and on its way in. A witness without a filter was opened
 * first, so that it is given each packet last: when it has both, nothing more comes.
 *
 * The kernel's room for filters is that of older kernels in one test, where a namespace has
 * its own.
 */

#include "filter/classic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/unit/cmocka_all.h"

enum {
	LOOPBACK_INDEX = 1,
	OTHER_INDEX = 2,
	PORT = 5353,
	PAYLOAD_BYTES = 30,
	WAIT_MS = 5000,
	BOTH_TYPES = 1 << PACKET_HOST | 1 << PACKET_OUTGOING,
	EXIT_SKIPPED = 77,
};

static int open_tap(void)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = LOOPBACK_INDEX,
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)),
			 0);
	return fd;
}

static int attach(int fd, const struct tt_classic *classic)
{
	struct sock_fprog program = { .len = (unsigned short)classic->count,
				      .filter = classic->code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

static int attach_conditions(int fd, const struct tt_conditions *conditions, uint8_t version,
			     size_t insns_max)
{
	TT_CLEANUP(tt_classic_deinit) struct tt_classic classic = { 0 };

	assert_int_equal(
		tt_classic_make(conditions,
				version == 4 ? TT_FILTER_SOURCE_IPV4 : TT_FILTER_SOURCE_IPV6,
				insns_max, &classic),
		0);
	return attach(fd, &classic);
}

static void send_datagram(uint8_t version)
{
	static const char payload[PAYLOAD_BYTES];
	struct sockaddr_in to4 = { .sin_family = AF_INET,
				   .sin_port = htons(PORT),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(PORT),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const void *to = version == 4 ? (const void *)&to4 : (const void *)&to6;
	socklen_t to_bytes = version == 4 ? sizeof(to4) : sizeof(to6);
	int fd = socket(version == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		sendto(fd, payload, sizeof(payload), 0, (const struct sockaddr *)to, to_bytes),
		sizeof(payload));
	(void)close(fd);
}

/* The type of the next packet of the datagram's length that a tap was given; -1: none. */
static int next_type(int fd, uint8_t version)
{
	uint32_t packet_bytes = (version == 4 ? 20 : 40) + 8 + PAYLOAD_BYTES;
	struct sockaddr_ll from = { 0 };
	socklen_t from_bytes = sizeof(from);
	uint8_t packet[256];
	ssize_t received;

	do {
		received = recvfrom(fd, packet, sizeof(packet), MSG_DONTWAIT,
				    (struct sockaddr *)(void *)&from, &from_bytes);
	} while (received >= 0 && received != packet_bytes);
	if (received < 0) {
		assert_int_equal(errno, EAGAIN);
		return -1;
	}
	assert_int_equal(packet[0] >> 4, version);
	return from.sll_pkttype;
}

/* Waits until the witness has seen the datagram on both its ways. */
static void wait_for_witness(int witness, uint8_t version)
{
	unsigned int seen = 0;

	while (seen != BOTH_TYPES) {
		struct pollfd wanted = { .fd = witness, .events = POLLIN };
		int type;

		assert_int_equal(poll(&wanted, 1, WAIT_MS), 1);
		while ((type = next_type(witness, version)) >= 0)
			seen |= 1U << type;
	}
}

/* By which types a datagram is seen through the conditions. */
static unsigned int seen_types(const struct tt_conditions *conditions, uint8_t version)
{
	int witness = open_tap();
	int fd = open_tap();
	unsigned int seen = 0;
	int type;

	assert_int_equal(attach_conditions(fd, conditions, version, BPF_MAXINSNS), 0);
	while (next_type(fd, version) >= 0) {
		/* what came before the filter was there */
	}
	send_datagram(version);
	wait_for_witness(witness, version);
	while ((type = next_type(fd, version)) >= 0)
		seen |= 1U << type;
	(void)close(fd);
	(void)close(witness);
	return seen;
}

static void make_conditions(struct tt_conditions *conditions, const char *ports_text)
{
	struct tt_ports ports;

	assert_int_equal(tt_ports_parse(ports_text, &ports, NULL), 0);
	*conditions = (struct tt_conditions){ .packet_types = 0x1f };
	tt_conditions_set_ports(conditions, &ports);
}

static void packet_begins_at_its_ip_header_on_both_its_ways(void **state)
{
	struct tt_conditions conditions;

	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		make_conditions(&conditions, "5353");
		assert_int_equal(seen_types(&conditions, version), BOTH_TYPES);
		make_conditions(&conditions, "5352");
		assert_int_equal(seen_types(&conditions, version), 0);
		make_conditions(&conditions, NULL);
		assert_int_equal(seen_types(&conditions, version), BOTH_TYPES);
	}
}

static void packet_types_are_the_kernels(void **state)
{
	struct tt_conditions conditions;

	(void)state;
	make_conditions(&conditions, "5353");
	for (uint32_t types = 0; types <= 0x1f; types++) {
		conditions.packet_types = types;
		assert_int_equal(seen_types(&conditions, 4), types & BOTH_TYPES);
	}
}

static void interfaces_are_the_kernels(void **state)
{
	static const uint32_t indexes[] = { OTHER_INDEX, LOOPBACK_INDEX };
	struct tt_conditions conditions;

	(void)state;
	make_conditions(&conditions, "5353");
	conditions.interface_indexes = indexes;
	conditions.interfaces_count = 1;
	assert_int_equal(seen_types(&conditions, 6), 0);
	conditions.interfaces_count = 2;
	assert_int_equal(seen_types(&conditions, 6), BOTH_TYPES);
	conditions.interface_indexes = &indexes[1];
	conditions.interfaces_count = 1;
	assert_int_equal(seen_types(&conditions, 6), BOTH_TYPES);
}

/* Limits the namespace's memory for filters; false where it is the whole system's. */
static bool limit_memory(const char *bytes)
{
	TT_CLEANUP(tt_closep)
	int fd = open("/proc/sys/net/core/optmem_max", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
	return true;
}

static void least_room_is_in_the_memory_of_older_kernels(void **state)
{
	uint32_t indexes[TT_FILTER_INTERFACES_MAX];
	struct tt_conditions conditions;
	struct tt_ports ports;

	(void)state;
	if (!limit_memory("20480")) {
		print_message(
			"skipped: a namespace has no limit of its own for a socket's memory\n");
		skip();
	}
	memset(&ports, 0x55, sizeof(ports));
	for (uint32_t i = 0; i < TT_FILTER_INTERFACES_MAX; i++)
		indexes[i] = 2 * i;
	for (unsigned int i = 0; i < 2 * 3 * 2; i++) {
		TT_CLEANUP(tt_closep) int fd = open_tap();
		uint8_t version = i / 6 ? 6 : 4;

		make_conditions(&conditions, NULL);
		tt_conditions_set_ports(&conditions, &ports);
		conditions.packet_types = 0x15;
		conditions.port_side = i % 3;
		conditions.interface_indexes = indexes;
		conditions.interfaces_count = i / 3 % 2 ? TT_FILTER_INTERFACES_MAX : 0;
		assert_int_equal(attach_conditions(fd, &conditions, version, TT_CLASSIC_INSNS_MIN),
				 0);
		assert_int_equal(attach_conditions(fd, &conditions, version, BPF_MAXINSNS),
				 -ENOMEM);
	}
}

static int raise_loopback(void **state)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK };
	TT_CLEANUP(tt_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	return ioctl(fd, SIOCSIFFLAGS, &request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packet_begins_at_its_ip_header_on_both_its_ways),
		cmocka_unit_test(packet_types_are_the_kernels),
		cmocka_unit_test(interfaces_are_the_kernels),
		cmocka_unit_test(least_room_is_in_the_memory_of_older_kernels),
	};

	if (unshare(CLONE_NEWNET) < 0) {
		print_message("skipped: cannot make a network namespace: %s; run as root\n",
			      strerror(errno));
		return EXIT_SKIPPED;
	}
	return cmocka_run_group_tests(tests, raise_loopback, NULL);
}
