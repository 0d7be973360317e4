/* SPDX-License-Identifier: MIT */

/*
 * Interfaces and what is local, followed in a real network namespace
 *
 * Each test has a namespace of its own, with a pair of interfaces "near" and "far";
 * ip(8) changes it while a monitor is open. What the kernel does at once is expected
 * at the next dispatch; what it does in its own time is waited for on the monitor's
 * descriptor. Needs root, ip(8) and sysctl(8). VRFs are skipped, aloud, where the kernel has none.
 *
 * Not covered: bonds, teams, Open vSwitch and HSR, whose messages are read in
 * unit.link.message; counters other than 0 of lost packets, which no virtual
 * interface has.
 */

#include "link/monitor.h"
#include "link/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "link/link.h"
#include "tests/support/run.h"
#include "tests/unit/cmocka_all.h"

enum {
	EXIT_SKIPPED = 77,
	PATIENCE_MS = 10000,
	LOST_CHANGES_COUNT = 120,
	LINE_BYTES = 256,
	FDS_MAX = 64, /* a test has a dozen */
};

/* True at last, though the kernel takes its time; false when patience ends. */
#define COMES_TRUE(monitor, condition)                           \
	__extension__({                                          \
		int64_t end_ns_ = deadline_ns();                 \
		while (!(condition) && follow(monitor, end_ns_)) \
			;                                        \
		(condition);                                     \
	})

static int64_t deadline_ns(void)
{
	return tt_clock_now_ns() + (int64_t)PATIENCE_MS * TT_NS_PER_MS;
}

/* Waits for news and takes them in; false when the time is over. */
static bool follow(struct tt_monitor *monitor, int64_t end_ns)
{
	struct pollfd pollfd = { .fd = tt_monitor_fd(monitor), .events = POLLIN };
	int64_t left_ms = (end_ns - tt_clock_now_ns()) / TT_NS_PER_MS;

	if (left_ms <= 0 || poll(&pollfd, 1, (int)left_ms) != 1)
		return false;
	assert_int_equal(tt_monitor_dispatch(monitor), 0);
	return true;
}

static bool has_news(const struct tt_monitor *monitor)
{
	struct pollfd pollfd = { .fd = tt_monitor_fd(monitor), .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1;
}

/*
 * A change that the monitor must be told of. What IPv6 addresses bring is done by a
 * worker of the kernel, later: only the first news are taken in here.
 */
static void change(struct tt_monitor *monitor, const char *words)
{
	run(words);
	assert_true(follow(monitor, deadline_ns()));
}

static bool is_local(const struct tt_monitor *monitor, const char *text, const char *interface)
{
	struct tt_address address = { .family = AF_UNSPEC };
	uint32_t index = if_nametoindex(interface);

	assert_int_not_equal(index, 0);
	if (strchr(text, ':')) {
		address.ipv6.sin6_family = AF_INET6;
		assert_int_equal(inet_pton(AF_INET6, text, &address.ipv6.sin6_addr), 1);
	} else {
		address.ipv4.sin_family = AF_INET;
		assert_int_equal(inet_pton(AF_INET, text, &address.ipv4.sin_addr), 1);
	}
	return tt_monitor_is_local(monitor, &address, index);
}

static bool is_running(const struct tt_monitor *monitor, const char *interface)
{
	return tt_monitor_find_link(monitor, if_nametoindex(interface))->flags & TT_LINK_RUNNING;
}

static int set_up(void **state)
{
	struct tt_error err = TT_ERROR_INIT;
	struct tt_monitor *monitor;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	run("ip link set lo up");
	run("ip link add near type veth peer name far");

	/*
	 * First without an address of its own, then up: in one command an interface may come up
	 * with one, whose route is told of a second later, when no duplicate was found.
	 */
	run("ip link set near addrgenmode none");
	run("ip link set far addrgenmode none");
	run("ip link set near up");
	run("ip link set far up");

	if (tt_monitor_new(&monitor, &err) < 0)
		fail_msg("%s", err.message);
	*state = monitor;

	/* The last that comes by itself. */
	assert_true(COMES_TRUE(monitor, is_running(monitor, "near")));
	assert_true(COMES_TRUE(monitor, is_running(monitor, "far")));
	return 0;
}

static int tear_down(void **state)
{
	tt_monitor_free(*state);
	return 0;
}

static void the_loopback_network_is_local_on_the_loopback_alone(void **state)
{
	static const char *const texts[] = { "127.0.0.1", "127.0.0.2", "127.255.255.255", "::1" };
	struct tt_monitor *monitor = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(is_local(monitor, texts[i], "lo"));
		assert_false(is_local(monitor, texts[i], "near"));
	}
}

static void an_address_is_local_from_its_addition_to_its_removal(void **state)
{
	static const char *const texts[] = { "192.0.2.1", "2001:db8::1" };
	struct tt_monitor *monitor = *state;

	for (size_t i = 0; i < 2; i++) {
		char words[LINE_BYTES];

		assert_false(is_local(monitor, texts[i], "near"));
		(void)snprintf(words, sizeof(words), "ip addr add %s/%s dev near%s", texts[i],
			       i == 0 ? "24" : "64", i == 0 ? "" : " nodad");
		change(monitor, words);
		assert_true(COMES_TRUE(monitor, is_local(monitor, texts[i], "near")));
		assert_true(is_local(monitor, texts[i], "far")); /* the weak host model */
		assert_true(is_local(monitor, texts[i], "lo"));

		(void)snprintf(words, sizeof(words), "ip addr del %s/%s dev near", texts[i],
			       i == 0 ? "24" : "64");
		change(monitor, words);
		assert_true(COMES_TRUE(monitor, !is_local(monitor, texts[i], "near")));
		assert_false(is_local(monitor, texts[i], "lo"));
	}
}

static void what_was_there_before_the_monitor_is_known(void **state)
{
	struct tt_monitor *late;

	(void)state;

	run("ip addr add 192.0.2.1/24 dev near");
	run("ip addr add 2001:db8::1/64 dev near nodad");
	assert_int_equal(tt_monitor_new(&late, NULL), 0);
	assert_true(is_local(late, "192.0.2.1", "near"));
	assert_true(COMES_TRUE(late, is_local(late, "2001:db8::1", "near")));
	assert_true(is_local(late, "224.0.0.1", "near"));
	assert_string_equal(tt_monitor_find_link(late, if_nametoindex("near"))->name, "near");
	tt_monitor_free(late);
}

static void addresses_of_others_are_not_local(void **state)
{
	struct tt_monitor *monitor = *state;

	change(monitor, "ip addr add 192.0.2.1/24 dev near");
	change(monitor, "ip addr add 2001:db8::1/64 dev near nodad");
	assert_true(COMES_TRUE(monitor, is_local(monitor, "2001:db8::1", "near")));
	assert_false(is_local(monitor, "192.0.2.2", "near"));
	assert_false(is_local(monitor, "198.51.100.1", "near"));
	assert_false(is_local(monitor, "0.0.0.0", "near"));
	assert_false(is_local(monitor, "2001:db8::2", "near"));
	assert_false(is_local(monitor, "2001:db8:1::1", "near"));
	assert_false(is_local(monitor, "::", "near"));
}

static void broadcasts_are_local_while_the_interface_is_up(void **state)
{
	struct tt_monitor *monitor = *state;

	assert_true(is_local(monitor, "255.255.255.255", "near"));
	assert_false(is_local(monitor, "192.0.2.255", "near"));
	change(monitor, "ip addr add 192.0.2.1/24 brd + dev near");
	assert_true(is_local(monitor, "192.0.2.255", "near"));

	/* The kernel removes this route without a word of it. */
	change(monitor, "ip link set near down");
	assert_true(COMES_TRUE(monitor, !is_local(monitor, "192.0.2.255", "near")));
	change(monitor, "ip link set near up");
	assert_true(COMES_TRUE(monitor, is_local(monitor, "192.0.2.255", "near")));
}

static void a_prefix_routed_as_local_is_local_as_a_whole(void **state)
{
	struct tt_monitor *monitor = *state;

	change(monitor, "ip route add local 192.0.2.0/24 dev lo");
	change(monitor, "ip -6 route add local 2001:db8:5::/48 dev lo");
	assert_true(is_local(monitor, "192.0.2.0", "near"));
	assert_true(is_local(monitor, "192.0.2.200", "near"));
	assert_false(is_local(monitor, "192.0.3.0", "near"));
	assert_true(is_local(monitor, "2001:db8:5:ffff::9", "near"));
	assert_false(is_local(monitor, "2001:db8:6::9", "near"));

	change(monitor, "ip route del local 192.0.2.0/24 dev lo");
	change(monitor, "ip -6 route del local 2001:db8:5::/48 dev lo");
	assert_false(is_local(monitor, "192.0.2.200", "near"));
	assert_false(is_local(monitor, "2001:db8:5:ffff::9", "near"));
}

static void everything_may_be_local_but_what_belongs_to_one_link(void **state)
{
	struct tt_monitor *monitor = *state;

	change(monitor, "ip route add local 0.0.0.0/0 dev lo");
	change(monitor, "ip -6 route add local ::/0 dev lo");
	assert_true(is_local(monitor, "198.51.100.1", "near"));
	assert_true(is_local(monitor, "2001:db8::1", "near"));
	assert_false(is_local(monitor, "fe80::1", "near"));
	assert_false(is_local(monitor, "239.1.2.3", "near"));
	assert_false(is_local(monitor, "127.0.0.1", "near"));
}

static void local_routes_count_in_main_but_not_in_tables_behind_policy_rules(void **state)
{
	struct tt_monitor *monitor = *state;

	change(monitor, "ip route add local 192.0.2.0/25 dev lo table main");
	change(monitor, "ip -6 route add local 2001:db8:7::/48 dev lo table main");
	assert_true(is_local(monitor, "192.0.2.5", "near"));
	assert_true(is_local(monitor, "2001:db8:7::5", "near"));

	/* What transparent proxies do: only marked packets are led there. */
	change(monitor, "ip route add local 0.0.0.0/0 dev lo table 100");
	assert_false(is_local(monitor, "198.51.100.1", "near"));
}

static void an_address_with_two_routes_is_local_until_both_are_gone(void **state)
{
	struct tt_monitor *monitor = *state;

	change(monitor, "ip addr add 192.0.2.1/32 dev near");
	change(monitor, "ip route add local 192.0.2.1/32 dev lo metric 5");
	change(monitor, "ip addr del 192.0.2.1/32 dev near");
	assert_true(is_local(monitor, "192.0.2.1", "near"));
	change(monitor, "ip route del local 192.0.2.1/32 dev lo metric 5");
	assert_false(is_local(monitor, "192.0.2.1", "near"));
}

static void a_link_local_address_is_local_on_its_own_interface_and_the_loopback(void **state)
{
	struct tt_monitor *monitor = *state;

	change(monitor, "ip addr add fe80::1/64 dev near nodad");
	assert_true(COMES_TRUE(monitor, is_local(monitor, "fe80::1", "near")));
	assert_true(is_local(monitor, "fe80::1", "lo"));
	assert_false(is_local(monitor, "fe80::1", "far"));
	assert_false(is_local(monitor, "fe80::2", "near"));
}

static void a_routers_anycast_address_is_local(void **state)
{
	struct tt_monitor *monitor = *state;

	change(monitor, "ip -6 addr add 2001:db8::1/64 dev near nodad");
	assert_true(COMES_TRUE(monitor, is_local(monitor, "2001:db8::1", "near")));
	assert_false(is_local(monitor, "2001:db8::", "near"));
	change(monitor, "sysctl -qw net.ipv6.conf.all.forwarding=1");
	assert_true(COMES_TRUE(monitor, is_local(monitor, "2001:db8::", "near")));
}

static void interfaces_are_followed_through_their_lives(void **state)
{
	struct tt_monitor *monitor = *state;
	const struct tt_link *link;
	uint32_t index;

	change(monitor, "ip link add one type veth peer name two");
	index = if_nametoindex("one");
	link = tt_monitor_find_link(monitor, index);
	assert_non_null(link);
	assert_string_equal(link->name, "one");
	assert_string_equal(link->kind, "veth");
	assert_int_equal(link->flags, 0);
	assert_int_equal(link->mtu, 1500);
	assert_int_equal(link->hardware_bytes, 6);
	assert_int_equal(link->master_index, 0);
	assert_false(tt_link_is_consumed(link));

	change(monitor, "ip link set one name renamed mtu 1400");
	link = tt_monitor_find_link(monitor, index);
	assert_string_equal(link->name, "renamed");
	assert_int_equal(link->mtu, 1400);

	change(monitor, "ip addr add 192.0.2.1/24 dev renamed");
	change(monitor, "ip link set renamed up");
	assert_true(tt_monitor_find_link(monitor, index)->flags & TT_LINK_UP);
	change(monitor, "ip link set two up");
	assert_true(
		COMES_TRUE(monitor, tt_monitor_find_link(monitor, index)->flags & TT_LINK_RUNNING));

	change(monitor, "ip link del renamed");
	assert_null(tt_monitor_find_link(monitor, index));
	assert_false(is_local(monitor, "192.0.2.1", "near"));
	assert_true(tt_monitor_find_link(monitor, if_nametoindex("lo"))->flags & TT_LINK_LOOPBACK);
}

static void a_bridges_port_is_consumed_and_names_its_master(void **state)
{
	struct tt_monitor *monitor = *state;
	const struct tt_link *link;

	change(monitor, "ip link add bridge0 type bridge");
	change(monitor, "ip link set near master bridge0");
	link = tt_monitor_find_link(monitor, if_nametoindex("near"));
	assert_int_equal(link->master_index, if_nametoindex("bridge0"));
	assert_string_equal(link->master_kind, "bridge");
	assert_true(tt_link_is_consumed(link));
	assert_false(tt_link_is_consumed(tt_monitor_find_link(monitor, if_nametoindex("bridge0"))));

	change(monitor, "ip link set near nomaster");
	link = tt_monitor_find_link(monitor, if_nametoindex("near"));
	assert_non_null(link);
	assert_int_equal(link->master_index, 0);
	assert_string_equal(link->master_kind, "");
	assert_false(tt_link_is_consumed(link));
}

static void groups_are_local_where_they_were_joined_and_while(void **state)
{
	struct tt_monitor *monitor = *state;
	struct ip_mreqn mreq4 = { .imr_ifindex = (int)if_nametoindex("near") };
	struct ipv6_mreq mreq6 = { .ipv6mr_interface = if_nametoindex("near") };
	int fd4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int fd6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd4 >= 0 && fd6 >= 0);
	assert_int_equal(inet_pton(AF_INET, "239.1.2.3", &mreq4.imr_multiaddr), 1);
	assert_int_equal(inet_pton(AF_INET6, "ff05::1234", &mreq6.ipv6mr_multiaddr), 1);

	/* Those that the kernel joins itself. */
	assert_true(is_local(monitor, "224.0.0.1", "near"));
	assert_true(is_local(monitor, "ff02::1", "near"));
	assert_true(is_local(monitor, "ff01::1", "near"));

	assert_false(is_local(monitor, "239.1.2.3", "near"));
	assert_int_equal(setsockopt(fd4, SOL_IP, IP_ADD_MEMBERSHIP, &mreq4, sizeof(mreq4)), 0);
	assert_true(COMES_TRUE(monitor, is_local(monitor, "239.1.2.3", "near")));
	assert_false(is_local(monitor, "239.1.2.3", "far"));
	assert_false(is_local(monitor, "239.1.2.4", "near"));

	assert_false(is_local(monitor, "ff05::1234", "near"));
	assert_int_equal(setsockopt(fd6, SOL_IPV6, IPV6_ADD_MEMBERSHIP, &mreq6, sizeof(mreq6)), 0);
	assert_true(COMES_TRUE(monitor, is_local(monitor, "ff05::1234", "near")));
	assert_false(is_local(monitor, "ff05::1234", "far"));

	(void)close(fd4);
	assert_true(COMES_TRUE(monitor, !is_local(monitor, "239.1.2.3", "near")));
	assert_int_equal(setsockopt(fd6, SOL_IPV6, IPV6_DROP_MEMBERSHIP, &mreq6, sizeof(mreq6)), 0);
	assert_true(COMES_TRUE(monitor, !is_local(monitor, "ff05::1234", "near")));
	(void)close(fd6);
}

static void a_vrfs_addresses_are_local_on_its_ports_alone(void **state)
{
	struct tt_monitor *monitor = *state;

	if (run_status("ip link add blue type vrf table 10") != 0) {
		print_message("skipped: this kernel has no VRF (CONFIG_NET_VRF)\n");
		skip();
	}
	assert_int_equal(tt_monitor_dispatch(monitor), 0);

	change(monitor, "ip link set blue up");
	change(monitor, "ip link set near master blue");
	change(monitor, "ip addr add 192.0.2.1/24 dev near");
	change(monitor, "ip addr add 2001:db8::1/64 dev near nodad");
	assert_true(is_local(monitor, "192.0.2.1", "near"));
	assert_true(is_local(monitor, "192.0.2.255", "near"));
	assert_true(COMES_TRUE(monitor, is_local(monitor, "2001:db8::1", "near")));
	assert_true(is_local(monitor, "192.0.2.1", "blue"));
	assert_false(is_local(monitor, "192.0.2.1", "far"));
	assert_false(is_local(monitor, "2001:db8::1", "far"));
	assert_false(tt_link_is_consumed(tt_monitor_find_link(monitor, if_nametoindex("near"))));
}

/* Whether it is a netlink socket that gets notifications. */
static bool is_notified(int fd)
{
	struct sockaddr_nl address = { 0 };
	socklen_t address_bytes = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &address_bytes) == 0 &&
	       address.nl_family == AF_NETLINK && address.nl_groups != 0;
}

/*
 * The monitor's own socket. Where the kernel has no notifications of groups (before 6.14)
 * its descriptor is an epoll set that holds it: then it is the only one of its kind here.
 */
static int notification_socket(const struct tt_monitor *monitor)
{
	for (int fd = 0; fd < FDS_MAX && !is_notified(tt_monitor_fd(monitor)); fd++) {
		if (is_notified(fd))
			return fd;
	}
	return tt_monitor_fd(monitor);
}

/* Whether the kernel has told something; the monitor's own timer does not count. */
static bool was_told(const struct tt_monitor *monitor)
{
	struct pollfd pollfd = { .fd = notification_socket(monitor), .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1;
}

static void routes_to_others_do_not_wake_the_monitor(void **state)
{
	struct tt_monitor *monitor = *state;

	run("ip addr add 192.0.2.1/24 dev near");
	run("ip addr add 2001:db8::1/64 dev near nodad");
	assert_true(COMES_TRUE(monitor, is_local(monitor, "2001:db8::1", "near") &&
						is_local(monitor, "ff02::1:ff00:1", "near")));
	while (has_news(monitor))
		assert_int_equal(tt_monitor_dispatch(monitor), 0);

	run("ip route add 198.51.100.0/24 via 192.0.2.2");
	run("ip route del 198.51.100.0/24 via 192.0.2.2");
	run("ip -6 route add 2001:db8:9::/48 via 2001:db8::2");
	run("ip -6 route del 2001:db8:9::/48 via 2001:db8::2");
	run("ip route add blackhole 203.0.113.0/24");
	assert_false(was_told(monitor));

	run("ip route add local 203.0.113.1/32 dev lo");
	assert_true(was_told(monitor));
}

/* The last two numbers of a line of /proc/net/netlink; false if it has none. */
static bool read_last_two(char *line, unsigned long *first, unsigned long *second)
{
	size_t length = strlen(line);
	char *blank;

	while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == ' '))
		line[--length] = '\0';
	blank = strrchr(line, ' ');
	if (!blank)
		return false;
	*second = strtoul(blank, NULL, 10);

	while (blank > line && blank[-1] == ' ')
		blank--;
	*blank = '\0';
	blank = strrchr(line, ' ');
	if (!blank)
		return false;
	*first = strtoul(blank, NULL, 10);
	return true;
}

/* How many notifications the kernel dropped for want of room in that socket. */
static unsigned long lost_count(int fd)
{
	char line[LINE_BYTES];
	unsigned long lost = 0;
	unsigned long dropped;
	unsigned long inode;
	struct stat status;
	FILE *file;

	assert_int_equal(fstat(fd, &status), 0);
	file = fopen("/proc/thread-self/net/netlink", "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) { /* … Drops Inode */
		if (read_last_two(line, &dropped, &inode) && inode == status.st_ino)
			lost = dropped;
	}
	(void)fclose(file);
	return lost;
}

static void nothing_is_missed_when_notifications_were_lost(void **state)
{
	struct tt_monitor *monitor = *state;
	int fd = notification_socket(monitor);
	char words[LINE_BYTES];
	int least = 1;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	for (int i = 1; i <= LOST_CHANGES_COUNT; i++) {
		(void)snprintf(words, sizeof(words), "ip addr add 10.0.0.%d/32 dev near", i);
		run(words);
	}
	run("ip addr del 10.0.0.1/32 dev near");
	run("ip link set far down"); /* else kernels before 6.2 do not rename it */
	run("ip link set far name other");
	assert_int_not_equal(lost_count(fd), 0);

	assert_int_equal(tt_monitor_dispatch(monitor), 0);
	assert_false(is_local(monitor, "10.0.0.1", "near"));
	for (int i = 2; i <= LOST_CHANGES_COUNT; i++) {
		(void)snprintf(words, sizeof(words), "10.0.0.%d", i);
		assert_true(is_local(monitor, words, "near"));
	}
	assert_string_equal(tt_monitor_find_link(monitor, if_nametoindex("other"))->name, "other");

	/* And it goes on as before. */
	assert_false(was_told(monitor));
	change(monitor, "ip addr del 10.0.0.2/32 dev near");
	assert_false(is_local(monitor, "10.0.0.2", "near"));
}

static void a_monitor_stays_in_the_namespace_where_it_was_made(void **state)
{
	struct tt_monitor *monitor = *state;
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct tt_address address = { .family = AF_INET };
	int away;

	assert_true(home >= 0);
	address.ipv4.sin_addr.s_addr = htonl(0xc0000201);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	away = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(away >= 0);

	run("ip link set lo up");
	run("ip addr add 192.0.2.1/32 dev lo");
	assert_false(has_news(monitor));
	assert_int_equal(tt_monitor_dispatch(monitor), 0);
	assert_false(tt_monitor_is_local(monitor, &address, 1));

	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	run("ip addr add 192.0.2.1/32 dev lo");
	assert_int_equal(setns(away, CLONE_NEWNET), 0);
	assert_true(has_news(monitor));
	assert_int_equal(tt_monitor_dispatch(monitor), 0);
	assert_true(tt_monitor_is_local(monitor, &address, 1));

	(void)close(home);
	(void)close(away);
}

static void the_descriptor_neither_blocks_nor_outlives_an_exec(void **state)
{
	int fd = notification_socket(*state);

	assert_true(fcntl(tt_monitor_fd(*state), F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_false(has_news(*state) && tt_monitor_dispatch(*state) != 0);
	assert_int_equal(tt_monitor_dispatch(*state), 0);
}

static void the_list_has_all_interfaces_by_index(void **state)
{
	struct tt_link *links;
	size_t count;

	(void)state;

	assert_int_equal(tt_link_list(&links, &count, NULL), 0);
	assert_int_equal(count, 3);
	assert_string_equal(links[0].name, "lo");
	assert_int_equal(links[0].flags & (TT_LINK_UP | TT_LINK_LOOPBACK),
			 TT_LINK_UP | TT_LINK_LOOPBACK);
	for (size_t i = 1; i < count; i++)
		assert_true(links[i - 1].index < links[i].index);
	free(links);
}

static void an_interface_is_found_by_its_name(void **state)
{
	struct tt_link link;

	(void)state;

	assert_int_equal(tt_link_find("near", &link, NULL), 0);
	assert_string_equal(link.name, "near");
	assert_int_equal(link.index, if_nametoindex("near"));
	assert_string_equal(link.kind, "veth");
}

static void an_unknown_name_is_answered_with_those_that_exist(void **state)
{
	struct tt_error err = TT_ERROR_INIT;
	struct tt_link link;

	(void)state;

	run("ip link add e\033[2J\"\\ type ifb"); /* would clear a terminal */
	assert_int_equal(tt_link_find("eth9", &link, &err), -ENODEV);
	assert_int_equal(err.code, -ENODEV);
	assert_non_null(strstr(err.message, "no interface \"eth9\"; there are: lo, "));
	assert_non_null(strstr(err.message, "near"));
	assert_non_null(strstr(err.message, "e\\x1b[2J\"\\x5c"));
	assert_null(strchr(err.message, '\033'));
}

static void more_names_than_fit_are_cut_at_a_name(void **state)
{
	struct tt_error err = TT_ERROR_INIT;
	struct tt_link link;
	size_t length;

	(void)state;

	for (int i = 0; i < 20; i++) {
		char words[LINE_BYTES];

		(void)snprintf(words, sizeof(words), "ip link add interface-%05d type ifb", i);
		run(words);
	}
	assert_int_equal(tt_link_find("eth9", &link, &err), -ENODEV);
	length = strlen(err.message);
	assert_in_range(length, TT_ERROR_MESSAGE_BYTES - 32, TT_ERROR_MESSAGE_BYTES - 1);
	assert_string_equal(err.message + length - strlen(", ..."), ", ...");
	assert_memory_equal(err.message + length - strlen("-00000, ..."), "-000", 4);
}

static void a_name_that_cannot_be_one_is_refused(void **state)
{
	struct tt_error err = TT_ERROR_INIT;
	struct tt_link link;

	(void)state;

	assert_int_equal(tt_link_find("", &link, &err), -EINVAL);
	assert_int_equal(tt_link_find("sixteen-bytes-16", &link, &err), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_int_equal(tt_link_find(NULL, &link, NULL), -EINVAL);
	assert_int_equal(tt_link_find("fifteen-bytes15", &link, NULL), -ENODEV);
}

static void losses_are_read_of_one_and_of_all_interfaces(void **state)
{
	struct tt_netlink *netlink;
	uint64_t dropped = 7;

	(void)state;

	assert_int_equal(tt_netlink_new(&netlink), 0);
	assert_int_equal(tt_link_read_dropped(netlink, 9999, &dropped), -ENODEV);
	assert_int_equal(dropped, 7);
	assert_int_equal(tt_link_read_dropped(netlink, if_nametoindex("near"), &dropped), 0);
	assert_int_equal(dropped, 0);
	dropped = 7;
	assert_int_equal(tt_link_read_dropped(netlink, 0, &dropped), 0);
	assert_int_equal(dropped, 0);
	tt_netlink_free(netlink);
}

#define MONITOR_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MONITOR_TEST(the_loopback_network_is_local_on_the_loopback_alone),
		MONITOR_TEST(an_address_is_local_from_its_addition_to_its_removal),
		MONITOR_TEST(what_was_there_before_the_monitor_is_known),
		MONITOR_TEST(addresses_of_others_are_not_local),
		MONITOR_TEST(broadcasts_are_local_while_the_interface_is_up),
		MONITOR_TEST(a_prefix_routed_as_local_is_local_as_a_whole),
		MONITOR_TEST(everything_may_be_local_but_what_belongs_to_one_link),
		MONITOR_TEST(local_routes_count_in_main_but_not_in_tables_behind_policy_rules),
		MONITOR_TEST(an_address_with_two_routes_is_local_until_both_are_gone),
		MONITOR_TEST(a_link_local_address_is_local_on_its_own_interface_and_the_loopback),
		MONITOR_TEST(a_routers_anycast_address_is_local),
		MONITOR_TEST(interfaces_are_followed_through_their_lives),
		MONITOR_TEST(a_bridges_port_is_consumed_and_names_its_master),
		MONITOR_TEST(groups_are_local_where_they_were_joined_and_while),
		MONITOR_TEST(a_vrfs_addresses_are_local_on_its_ports_alone),
		MONITOR_TEST(routes_to_others_do_not_wake_the_monitor),
		MONITOR_TEST(nothing_is_missed_when_notifications_were_lost),
		MONITOR_TEST(a_monitor_stays_in_the_namespace_where_it_was_made),
		MONITOR_TEST(the_descriptor_neither_blocks_nor_outlives_an_exec),
		MONITOR_TEST(the_list_has_all_interfaces_by_index),
		MONITOR_TEST(an_interface_is_found_by_its_name),
		MONITOR_TEST(an_unknown_name_is_answered_with_those_that_exist),
		MONITOR_TEST(more_names_than_fit_are_cut_at_a_name),
		MONITOR_TEST(a_name_that_cannot_be_one_is_refused),
		MONITOR_TEST(losses_are_read_of_one_and_of_all_interfaces),
	};

	if (unshare(CLONE_NEWNET) < 0) {
		print_message("skipped: cannot make a network namespace: %s; run as root\n",
			      strerror(errno));
		return EXIT_SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
