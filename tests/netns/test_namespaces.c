/* SPDX-License-Identifier: MIT */

/*
 * Receivers in other network namespaces than the test's
 *
 * The test stays where the lab was made, and gives receivers the sides of the lab by
 * name, by path and by process. Each test ends where it began: that the calling thread
 * was not moved is held at every end. With TT_TEST_FULL set there are 200 lives instead
 * of 30. Needs root.
 *
 * Not covered: what the words of namespaces mean (unit.link.namespace), the command
 * (netns.namespaces_command).
 */

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/netns/receiver_fixture.h"
#include "tests/support/capabilities.h"
#include "tests/support/run.h"

enum {
	EXIT_SKIPPED = 77,
	QUICK_LIVES = 30, /* each waits for the kernel some seven times, to open and to close */
	FULL_LIVES = 200,
	LINE_BYTES = 200,
	CHILD_AGREES = 0,
	CHILD_DIFFERS = 3,
};

static const char *const near_names[] = { TT_LAB_NEAR_INTERFACE };

static ino_t home;

/* The inode of the calling thread's namespace, which is its identity. */
static ino_t read_here(void)
{
	struct stat here;

	assert_int_equal(stat("/proc/thread-self/ns/net", &here), 0);
	return here.st_ino;
}

static int set_up(void **state)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_lab *lab;

	home = read_here();
	if (tt_lab_new(&lab, "namespaces", TT_LAB_NAMED, &error) < 0) {
		print_error("%s\n", error.message);
		return -1;
	}
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	tt_lab_free(*state);
	return read_here() == home ? 0 : -1;
}

static struct tt_receiver *open_in(const char *network_namespace, const char *interface)
{
	const char *const names[] = { interface };
	struct tt_error error = TT_ERROR_INIT;
	struct tt_receiver *receiver = NULL;

	if (tt_receiver_new(&receiver, "4242", NULL, NULL,
			    &TT_RECEIVER_OPTS(.interfaces = names,
					      .interfaces_count = interface ? 1 : 0,
					      .ring_bytes = TT_RING_BYTES_MIN,
					      .network_namespace = network_namespace),
			    &error) < 0)
		fail_msg("%s", error.message);
	assert_int_equal(read_here(), home);
	assert_int_equal(tt_receiver_start(receiver), 0);
	return receiver;
}

static int open_socket(const struct tt_lab *lab, enum tt_lab_side side, const char *source)
{
	struct tt_address address;
	int fd;

	assert_int_equal(tt_address_parse(source, &address, NULL), 0);
	assert_int_equal(tt_lab_enter(lab, side), 0);
	fd = socket(address.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, tt_address_bytes(&address)), 0);
	assert_int_equal(tt_lab_leave(lab), 0);
	return fd;
}

/* Sends from the far side, and has the receiver pull it as a datagram for its own host. */
static void assert_receives(const struct tt_lab *lab, struct tt_receiver *receiver)
{
	static const char *const ends[][2] = {
		{ TT_LAB_FAR_IPV4 ":40000", TT_LAB_NEAR_IPV4 ":4242" },
		{ "[" TT_LAB_FAR_IPV6 "]:40000", "[" TT_LAB_NEAR_IPV6 "]:4242" },
	};
	const struct tt_datagram *datagram;
	struct tt_link link;

	assert_int_equal(tt_receiver_find_link(receiver, TT_LAB_NEAR_INTERFACE, &link, NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		int fd = open_socket(lab, TT_LAB_FAR, ends[i][0]);

		send_text(fd, ends[i][1], "hello");
		(void)close(fd);
		datagram = pull_one(receiver);
		assert_int_equal(datagram->payload_bytes, 5);
		assert_memory_equal(datagram->payload, "hello", 5);
		assert_int_equal(datagram->interface_index, link.index);
		assert_true(datagram->flags & TT_DATAGRAM_LOCAL);
	}
}

static void assert_ends_with(struct tt_receiver *receiver, uint64_t delivered)
{
	struct tt_accounting accounting = end_receiver(receiver);

	assert_int_equal(tt_account_delivered(&accounting), delivered);
	assert_int_equal(accounting.nic_dropped, 0);
}

static void a_namespace_is_found_by_its_name(void **state)
{
	struct tt_receiver *receiver;

	receiver = open_in(tt_lab_name(*state, TT_LAB_NEAR), TT_LAB_NEAR_INTERFACE);
	assert_receives(*state, receiver);
	assert_ends_with(receiver, 2);
}

static void a_namespace_is_found_by_its_path(void **state)
{
	struct tt_receiver *receiver;

	receiver = open_in(tt_lab_path(*state, TT_LAB_NEAR), NULL);
	assert_receives(*state, receiver);
	assert_ends_with(receiver, 2);
}

/* A process on the near side, until something is written to @ret_fd. */
static pid_t start_process(const struct tt_lab *lab, int *ret_fd)
{
	int ends[2][2];
	char byte = 0;
	pid_t child;

	assert_int_equal(pipe(ends[0]), 0);
	assert_int_equal(pipe(ends[1]), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		bool is_there = tt_lab_enter(lab, TT_LAB_NEAR) == 0;

		(void)close(ends[1][1]);
		if (!is_there || write(ends[0][1], &byte, 1) != 1)
			_exit(CHILD_DIFFERS);
		_exit(read(ends[1][0], &byte, 1) < 0 ? CHILD_DIFFERS : CHILD_AGREES);
	}
	(void)close(ends[0][1]);
	(void)close(ends[1][0]);
	assert_int_equal(read(ends[0][0], &byte, 1), 1);
	(void)close(ends[0][0]);
	*ret_fd = ends[1][1];
	return child;
}

static void end_process(pid_t child, int fd)
{
	int status;

	(void)close(fd);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_namespace_is_found_by_its_process_and_outlives_it(void **state)
{
	struct tt_receiver *receiver;
	char number[LINE_BYTES];
	pid_t child;
	int fd;

	child = start_process(*state, &fd);
	(void)snprintf(number, sizeof(number), "%d", (int)child);
	receiver = open_in(number, TT_LAB_NEAR_INTERFACE);
	end_process(child, fd);
	assert_receives(*state, receiver);
	assert_ends_with(receiver, 2);
}

static void two_namespaces_are_received_in_at_once(void **state)
{
	struct tt_receiver *receivers[TT_LAB_SIDE_COUNT];
	const struct tt_datagram *datagram;
	int near, far;

	receivers[TT_LAB_NEAR] = open_in(tt_lab_name(*state, TT_LAB_NEAR), NULL);
	receivers[TT_LAB_FAR] = open_in(tt_lab_name(*state, TT_LAB_FAR), NULL);
	near = open_socket(*state, TT_LAB_NEAR, TT_LAB_NEAR_IPV4 ":40000");
	far = open_socket(*state, TT_LAB_FAR, TT_LAB_FAR_IPV4 ":40001");
	send_text(near, TT_LAB_FAR_IPV4 ":4242", "to far");
	send_text(far, TT_LAB_NEAR_IPV4 ":4242", "to near");
	(void)close(near);
	(void)close(far);

	datagram = pull_one(receivers[TT_LAB_NEAR]);
	assert_memory_equal(datagram->payload, "to near", 7);
	datagram = pull_one(receivers[TT_LAB_FAR]);
	assert_memory_equal(datagram->payload, "to far", 6);
	assert_ends_with(receivers[TT_LAB_NEAR], 1);
	assert_ends_with(receivers[TT_LAB_FAR], 1);
}

/* The number of the interface means nothing where the test is. */
static void losses_of_cards_are_those_of_the_namespace(void **state)
{
	struct tt_accounting accounting = { .size = sizeof(accounting) };
	struct tt_receiver *receiver;
	char words[LINE_BYTES];
	char name[IF_NAMESIZE];

	(void)snprintf(words, sizeof(words), "ip -n %s link add high0 index 999983 type ifb",
		       tt_lab_name(*state, TT_LAB_NEAR));
	run(words);
	assert_null(if_indextoname(999983, name));
	receiver = open_in(tt_lab_name(*state, TT_LAB_NEAR), "high0");
	assert_int_equal(tt_receiver_accounting(receiver, &accounting), 0);
	assert_int_equal(accounting.nic_dropped, 0);
	assert_ends_with(receiver, 0);
}

static void what_changes_there_later_is_known(void **state)
{
	struct tt_receiver *receiver;
	char words[LINE_BYTES];
	int fd;

	receiver = open_in(tt_lab_name(*state, TT_LAB_NEAR), TT_LAB_NEAR_INTERFACE);
	(void)snprintf(words, sizeof(words), "ip -n %s address add 198.18.0.77/24 dev %s",
		       tt_lab_name(*state, TT_LAB_NEAR), TT_LAB_NEAR_INTERFACE);
	run(words);
	assert_nothing_comes(receiver); /* but the news of the address */
	fd = open_socket(*state, TT_LAB_FAR, TT_LAB_FAR_IPV4 ":40000");
	send_text(fd, "198.18.0.77:4242", "new");
	(void)close(fd);
	(void)pull_one(receiver); /* handlers get what is local only */
	assert_ends_with(receiver, 1);
}

static void a_namespace_whose_name_is_deleted_is_received_in_to_the_end(void **state)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_accounting accounting;
	struct tt_receiver *receiver;
	char words[LINE_BYTES];

	receiver = open_in(tt_lab_name(*state, TT_LAB_NEAR), TT_LAB_NEAR_INTERFACE);
	(void)snprintf(words, sizeof(words), "ip netns del %s", tt_lab_name(*state, TT_LAB_NEAR));
	run(words);
	assert_receives(*state, receiver);

	/* And with its other end the interface goes, as everywhere. */
	(void)snprintf(words, sizeof(words), "ip -n %s link del %s",
		       tt_lab_name(*state, TT_LAB_FAR), TT_LAB_FAR_INTERFACE);
	run(words);
	assert_int_equal(tt_receiver_run(receiver, &error), -ENODEV);
	assert_string_equal(error.message, "receiving ended: the interface was removed");
	accounting = take_final_account(receiver);
	assert_int_equal(tt_account_delivered(&accounting), 2);
	assert_int_equal(accounting.nic_dropped, TT_UNKNOWN);
	tt_receiver_free(receiver);

	/* The lab takes its names back. */
	(void)snprintf(words, sizeof(words), "ip netns add %s", tt_lab_name(*state, TT_LAB_NEAR));
	run(words);
}

static size_t count_entries(const char *path)
{
	DIR *directory = opendir(path);
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	(void)closedir(directory);
	return count;
}

static void many_lives_leave_nothing_behind(void **state)
{
	const char *name = tt_lab_name(*state, TT_LAB_NEAR);
	int lives_count = getenv("TT_TEST_FULL") ? FULL_LIVES : QUICK_LIVES;
	size_t descriptors_count = 0, threads_count = 0; /* a sanitizer may have a thread too */

	for (int i = 0; i < lives_count; i++) {
		struct tt_link *links;
		size_t links_count;

		tt_receiver_free(open_in(name, TT_LAB_NEAR_INTERFACE));
		assert_int_equal(tt_link_list_in(name, &links, &links_count, NULL), 0);
		assert_int_equal(links_count, 2);
		assert_string_equal(links[1].name, TT_LAB_NEAR_INTERFACE);
		free(links);
		if (i == 0) {
			descriptors_count = count_entries("/proc/self/fd");
			threads_count = count_entries("/proc/self/task");
		}
	}
	assert_int_equal(count_entries("/proc/self/fd"), descriptors_count);
	assert_int_equal(count_entries("/proc/self/task"), threads_count);
}

static void assert_refused(const char *name, int status, const char *words)
{
	struct tt_receiver *receiver = NULL;
	struct tt_error error = TT_ERROR_INIT;
	size_t descriptors_count = count_entries("/proc/self/fd");

	assert_int_equal(
		tt_receiver_new(&receiver, "53", NULL, NULL,
				&TT_RECEIVER_OPTS(.interfaces = near_names, .interfaces_count = 1,
						  .network_namespace = name),
				&error),
		status);
	assert_null(receiver);
	assert_int_equal(error.code, status);
	if (!strstr(error.message, words))
		fail_msg("%s", error.message);
	assert_int_equal(read_here(), home);
	assert_int_equal(count_entries("/proc/self/fd"), descriptors_count);
}

static void an_unknown_name_is_answered_with_those_that_exist(void **state)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_link *links;
	size_t links_count;

	assert_refused("no-such-name", -ENOENT,
		       "no network namespace \"no-such-name\"; there are: ");
	assert_refused("n\033", -ENOENT, "no network namespace \"n\\x1b\"");
	assert_int_equal(tt_link_list_in("no-such-name", &links, &links_count, &error), -ENOENT);
	(void)state;
}

static void a_failure_inside_names_the_namespace(void **state)
{
	char words[LINE_BYTES];

	(void)snprintf(words, sizeof(words),
		       "network namespace %s: no interface \"near0\"; there are: lo, far0",
		       tt_lab_name(*state, TT_LAB_FAR));
	assert_refused(tt_lab_name(*state, TT_LAB_FAR), -ENODEV, words);
}

static void what_is_no_network_namespace_is_refused(void **state)
{
	char pipe_path[LINE_BYTES];

	(void)state;
	assert_refused("/etc/passwd", -EINVAL, "/etc/passwd is no network namespace: give ");
	assert_refused("/proc/self/ns/mnt", -EINVAL, "/proc/self/ns/mnt is no network namespace");
	assert_refused("/", -EINVAL, "/ is no network namespace");
	assert_refused(".", -EINVAL, "/run/netns/. is no network namespace");
	assert_refused("/nowhere/net", -ENOENT, "network namespace /nowhere/net: No such file");
	assert_refused("4294967295", -ENOENT, "no process 4294967295");
	assert_refused("", -EINVAL, "the name is empty");

	/* A pipe that nobody writes to would have open(2) wait for ever. */
	(void)snprintf(pipe_path, sizeof(pipe_path), "/tmp/tt-namespaces-%d", (int)getpid());
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	assert_refused(pipe_path, -EINVAL, "is no network namespace");
	assert_int_equal(unlink(pipe_path), 0);
}

static void files_lie_in_no_namespace(void **state)
{
	static const char *const files[] = { "trace.pcapng" };
	struct tt_receiver *receiver = NULL;
	struct tt_error error = TT_ERROR_INIT;

	assert_int_equal(tt_receiver_new(&receiver, NULL, NULL, NULL,
					 &TT_RECEIVER_OPTS(.files = files, .files_count = 1,
							   .network_namespace = tt_lab_name(
								   *state, TT_LAB_NEAR)),
					 &error),
			 -EINVAL);
	assert_string_equal(error.message,
			    "receiver: files lie in no network namespace: leave it out");
}

static void without_the_capability_it_is_named(void **state)
{
	const char *name = tt_lab_name(*state, TT_LAB_NEAR);
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		struct tt_receiver *receiver = NULL;
		struct tt_error error = TT_ERROR_INIT;
		int r;

		tt_keep_capabilities(UINT64_C(1) << CAP_NET_RAW);
		r = tt_receiver_new(&receiver, NULL, NULL, NULL,
				    &TT_RECEIVER_OPTS(.network_namespace = name), &error);
		_exit(r == -EPERM && strstr(error.message, name) &&
				      strstr(error.message, "it takes CAP_SYS_ADMIN: run as root")
			      ? CHILD_AGREES
			      : CHILD_DIFFERS);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define NAMESPACE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMESPACE_TEST(a_namespace_is_found_by_its_name),
		NAMESPACE_TEST(a_namespace_is_found_by_its_path),
		NAMESPACE_TEST(a_namespace_is_found_by_its_process_and_outlives_it),
		NAMESPACE_TEST(two_namespaces_are_received_in_at_once),
		NAMESPACE_TEST(losses_of_cards_are_those_of_the_namespace),
		NAMESPACE_TEST(what_changes_there_later_is_known),
		NAMESPACE_TEST(a_namespace_whose_name_is_deleted_is_received_in_to_the_end),
		NAMESPACE_TEST(many_lives_leave_nothing_behind),
		NAMESPACE_TEST(an_unknown_name_is_answered_with_those_that_exist),
		NAMESPACE_TEST(a_failure_inside_names_the_namespace),
		NAMESPACE_TEST(what_is_no_network_namespace_is_refused),
		NAMESPACE_TEST(files_lie_in_no_namespace),
		NAMESPACE_TEST(without_the_capability_it_is_named),
	};

	if (!tt_lab_is_possible())
		return EXIT_SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
