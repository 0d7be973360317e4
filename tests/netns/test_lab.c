/* SPDX-License-Identifier: MIT */

/*
 * Namespace lab
 *
 * Makes labs and looks at them with ordinary sockets and at /run/netns. A child that
 * ends without its exit handlers plays a killed test.
 *
 * Not covered: labs without root, which are refused before anything is made.
 */

#include "tests/support/lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/unit/cmocka_all.h"

enum {
	PORT = 4242,
	WAIT_MS = 10000, /* for what must come */
};

static int make_lab(void **state)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_lab *lab = NULL;

	if (tt_lab_new(&lab, "lab", 0, &error) < 0)
		fail_msg("%s", error.message);
	*state = lab;
	return 0;
}

static int free_lab(void **state)
{
	tt_lab_free(*state);
	return 0;
}

static struct sockaddr_in6 endpoint(const char *address, unsigned int scope)
{
	struct sockaddr_in6 endpoint = { .sin6_family = AF_INET6,
					 .sin6_port = htons(PORT),
					 .sin6_scope_id = scope };

	assert_int_equal(inet_pton(AF_INET6, address, &endpoint.sin6_addr), 1);
	return endpoint;
}

static int open_receiver(void)
{
	struct sockaddr_in6 any = endpoint("::", 0);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	return fd;
}

static void send_to(const char *address, const char *interface)
{
	TT_CLEANUP(tt_closep) int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 to = endpoint(address, interface ? if_nametoindex(interface) : 0);

	assert_true(fd >= 0);
	assert_int_equal(
		sendto(fd, address, strlen(address), 0, (struct sockaddr *)&to, sizeof(to)),
		strlen(address));
}

static void assert_receives(int fd, const char *text)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char bytes[64];

	assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
	assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), strlen(text));
	assert_memory_equal(bytes, text, strlen(text));
}

static void sides_reach_each_other_in_both_families(void **state)
{
	static const char *const addresses[] = { ("::ffff:" TT_LAB_NEAR_IPV4), TT_LAB_NEAR_IPV6,
						 TT_LAB_NEAR_LINK_LOCAL };
	TT_CLEANUP(tt_closep) int receiver = -1;
	struct tt_lab *lab = *state;

	assert_int_equal(tt_lab_enter(lab, TT_LAB_NEAR), 0);
	receiver = open_receiver();
	assert_int_equal(tt_lab_enter(lab, TT_LAB_FAR), 0);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		send_to(addresses[i], i == 2 ? TT_LAB_FAR_INTERFACE : NULL);
		assert_receives(receiver, addresses[i]);
	}
	assert_int_equal(tt_lab_leave(lab), 0);
}

static void nothing_passes_before_somebody_sends(void **state)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	TT_CLEANUP(tt_closep) int tap = -1;
	struct tt_lab *lab = *state;
	struct pollfd wait = { .events = POLLIN };
	uint8_t packet[128];

	assert_int_equal(tt_lab_enter(lab, TT_LAB_NEAR), 0);
	tap = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(tap >= 0);
	address.sll_ifindex = (int)if_nametoindex(TT_LAB_NEAR_INTERFACE);
	assert_int_equal(bind(tap, (struct sockaddr *)&address, sizeof(address)), 0);

	assert_int_equal(tt_lab_enter(lab, TT_LAB_FAR), 0);
	send_to(TT_LAB_NEAR_IPV6, NULL);
	wait.fd = tap;
	assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
	assert_int_equal(recv(tap, packet, sizeof(packet), 0), 48 + strlen(TT_LAB_NEAR_IPV6));
	assert_memory_equal(packet + 48, TT_LAB_NEAR_IPV6, strlen(TT_LAB_NEAR_IPV6));
	assert_int_equal(tt_lab_leave(lab), 0);
}

static void leaving_brings_the_thread_home(void **state)
{
	char home[PATH_MAX] = "", inside[PATH_MAX] = "", back[PATH_MAX] = "";
	struct tt_lab *lab = *state;

	assert_true(readlink("/proc/thread-self/ns/net", home, sizeof(home) - 1) > 0);
	assert_int_equal(tt_lab_enter(lab, TT_LAB_FAR), 0);
	assert_true(readlink("/proc/thread-self/ns/net", inside, sizeof(inside) - 1) > 0);
	assert_int_equal(tt_lab_leave(lab), 0);
	assert_true(readlink("/proc/thread-self/ns/net", back, sizeof(back) - 1) > 0);
	assert_string_not_equal(home, inside);
	assert_string_equal(home, back);
}

static void commands_run_inside_and_say_how_they_ended(void **state)
{
	static const char *const find[] = { "sh", "-c", "grep -q far0 /proc/net/dev && exit 3",
					    NULL };
	static const char *const die[] = { "sh", "-c", "kill -9 $$", NULL };
	static const char *const absent[] = { "no-such-command", NULL };
	struct tt_lab *lab = *state;
	int status = -1;

	assert_int_equal(tt_lab_run(lab, TT_LAB_FAR, find, &status), 0);
	assert_int_equal(status, 3);
	assert_int_equal(tt_lab_run(lab, TT_LAB_NEAR, find, &status), 0);
	assert_int_equal(status, 1);
	assert_int_equal(tt_lab_run(lab, TT_LAB_NEAR, die, &status), 0);
	assert_int_equal(status, 128 + 9);
	assert_int_equal(tt_lab_run(lab, TT_LAB_NEAR, absent, &status), -ENOENT);
}

static void named_labs_are_known_until_they_are_freed(void **state)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_lab *lab = NULL;
	char path[PATH_MAX];

	assert_null(tt_lab_name(*state, TT_LAB_NEAR));
	assert_int_equal(tt_lab_new(&lab, "named", TT_LAB_NAMED, &error), 0);
	(void)snprintf(path, sizeof(path), "/run/netns/%s", tt_lab_name(lab, TT_LAB_FAR));
	assert_string_equal(path, tt_lab_path(lab, TT_LAB_FAR));
	assert_int_equal(access(path, F_OK), 0);
	tt_lab_free(lab);
	assert_int_equal(access(path, F_OK), -1);
}

static void names_of_a_killed_process_go_with_the_next_lab(void **state)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_lab *lab = NULL;
	char path[PATH_MAX];
	int status;
	pid_t pid;

	(void)state;

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(tt_lab_new(&lab, "killed", TT_LAB_NAMED, &error) < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)snprintf(path, sizeof(path), "/run/netns/tt-%d-killed-near", pid);
	assert_int_equal(access(path, F_OK), 0);

	assert_int_equal(tt_lab_new(&lab, "next", TT_LAB_NAMED, &error), 0);
	assert_int_equal(access(path, F_OK), -1);
	tt_lab_free(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sides_reach_each_other_in_both_families),
		cmocka_unit_test_setup_teardown(nothing_passes_before_somebody_sends, make_lab,
						free_lab),
		cmocka_unit_test(leaving_brings_the_thread_home),
		cmocka_unit_test(commands_run_inside_and_say_how_they_ended),
		cmocka_unit_test(named_labs_are_known_until_they_are_freed),
		cmocka_unit_test(names_of_a_killed_process_go_with_the_next_lab),
	};

	if (!tt_lab_is_possible())
		return 77;
	return cmocka_run_group_tests(tests, make_lab, free_lab);
}
