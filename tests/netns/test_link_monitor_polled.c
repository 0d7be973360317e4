/* SPDX-License-Identifier: MIT */

/*
 * Groups on kernels that do not tell of them over netlink
 *
 * Two calls are wrapped to answer as such a kernel does: it knows no notifications of
 * groups (before 6.14) and no dump of IPv4 groups (before 6.15). The groups then come
 * from a file and from a timer, in a real network namespace. Needs root.
 */

#include "link/monitor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "link/message.h"
#include "tests/support/run.h"
#include "tests/unit/cmocka_all.h"

enum {
	EXIT_SKIPPED = 77,
	PATIENCE_MS = 10000,
};

/* The names are the linker's, for --wrap. NOLINTBEGIN */
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t bytes);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t bytes);
ssize_t __real_mnl_socket_sendto(const struct mnl_socket *socket, const void *request,
				 size_t bytes);
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *socket, const void *request,
				 size_t bytes);

static unsigned int refused_groups_count;
static unsigned int refused_dumps_count;

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t bytes)
{
	int group;

	if (level == SOL_NETLINK && name == NETLINK_ADD_MEMBERSHIP) {
		memcpy(&group, value, sizeof(group));
		if (group >= TT_RTNLGRP_IPV4_MCADDR) {
			refused_groups_count++;
			errno = EINVAL;
			return -1;
		}
	}
	return __real_setsockopt(fd, level, name, value, bytes);
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *socket, const void *request, size_t bytes)
{
	const struct nlmsghdr *message = request;
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type == RTM_GETMULTICAST && header->ifa_family == AF_INET) {
		refused_dumps_count++;
		errno = EOPNOTSUPP;
		return -1;
	}
	return __real_mnl_socket_sendto(socket, request, bytes);
}
/* NOLINTEND */

static bool is_member(const struct tt_monitor *monitor, const char *text, uint32_t index)
{
	struct tt_address address;

	memset(&address, 0, sizeof(address));
	address.family = strchr(text, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(address.family, text,
				   address.family == AF_INET ? (void *)&address.ipv4.sin_addr
							     : (void *)&address.ipv6.sin6_addr),
			 1);
	return tt_monitor_is_local(monitor, &address, index);
}

/* Waits on the monitor until both groups are members or both are not, as wanted. */
static bool becomes(struct tt_monitor *monitor, uint32_t index, bool wanted)
{
	struct pollfd pollfd = { .fd = tt_monitor_fd(monitor), .events = POLLIN };
	int64_t end_ns = tt_clock_now_ns() + (int64_t)PATIENCE_MS * TT_NS_PER_MS;

	while (is_member(monitor, "239.1.2.3", index) != wanted ||
	       is_member(monitor, "ff05::1234", index) != wanted) {
		int64_t left_ms = (end_ns - tt_clock_now_ns()) / TT_NS_PER_MS;

		if (left_ms <= 0 || poll(&pollfd, 1, (int)left_ms) != 1)
			return false;
		assert_int_equal(tt_monitor_dispatch(monitor), 0);
	}
	return true;
}

static void groups_are_followed_without_notifications(void **state)
{
	struct ip_mreqn mreq4 = { .imr_ifindex = 1 };
	struct ipv6_mreq mreq6 = { .ipv6mr_interface = 1 };
	struct tt_monitor *monitor;
	int fd4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int fd6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;

	assert_true(fd4 >= 0 && fd6 >= 0);
	assert_int_equal(inet_pton(AF_INET, "239.1.2.3", &mreq4.imr_multiaddr), 1);
	assert_int_equal(inet_pton(AF_INET6, "ff05::1234", &mreq6.ipv6mr_multiaddr), 1);

	assert_int_equal(tt_monitor_new(&monitor, NULL), 0);
	assert_int_not_equal(refused_groups_count, 0);
	assert_int_equal(refused_dumps_count, 1);
	assert_true(is_member(monitor, "224.0.0.1", 1));
	assert_false(is_member(monitor, "239.1.2.3", 1));

	assert_int_equal(setsockopt(fd4, SOL_IP, IP_ADD_MEMBERSHIP, &mreq4, sizeof(mreq4)), 0);
	assert_int_equal(setsockopt(fd6, SOL_IPV6, IPV6_ADD_MEMBERSHIP, &mreq6, sizeof(mreq6)), 0);
	assert_true(becomes(monitor, 1, true));
	assert_false(is_member(monitor, "239.1.2.3", 2));

	(void)close(fd4);
	(void)close(fd6);
	assert_true(becomes(monitor, 1, false));
	assert_int_equal(refused_dumps_count, 1); /* it asks no second time */
	tt_monitor_free(monitor);
}

static void everything_else_is_still_notified_at_once(void **state)
{
	struct pollfd pollfd = { .events = POLLIN };
	struct tt_monitor *monitor;

	(void)state;

	assert_int_equal(tt_monitor_new(&monitor, NULL), 0);
	assert_false(is_member(monitor, "192.0.2.1", 1));
	run("ip addr add 192.0.2.1/32 dev lo");
	pollfd.fd = tt_monitor_fd(monitor);
	assert_int_equal(poll(&pollfd, 1, 0), 1);
	assert_int_equal(tt_monitor_dispatch(monitor), 0);
	assert_true(is_member(monitor, "192.0.2.1", 1));
	tt_monitor_free(monitor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_followed_without_notifications),
		cmocka_unit_test(everything_else_is_still_notified_at_once),
	};

	if (unshare(CLONE_NEWNET) < 0) {
		print_message("skipped: cannot make a network namespace: %s; run as root\n",
			      strerror(errno));
		return EXIT_SKIPPED;
	}
	run("ip link set lo up");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
