/* SPDX-License-Identifier: MIT */

/*
 * What a receiver refuses, and in which words
 *
 * Each refusal is one sentence that says what failed, on what, why, and what mends it.
 * Privileges are given up in a child process. Only short memory is played: the kernel's
 * answer to a request for a ring is replaced, for the real one would take the
 * machine's memory. Needs root.
 */

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/netns/receiver_fixture.h"
#include "tests/support/capabilities.h"
#include "tests/support/run.h"

enum {
	EXIT_SKIPPED = 77,
	CHILD_AGREES = 0,
	CHILD_DIFFERS = 3,
};

/* Rings above this size are refused for lack of memory; UINT64_MAX: the kernel decides. */
static uint64_t ring_bytes_limit = UINT64_MAX;
/* And so are all rings beyond the first so many. */
static unsigned int rings_limit = UINT_MAX;

/* The names are the linker's, for --wrap. NOLINTBEGIN */
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t value_bytes);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t value_bytes);

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t value_bytes)
{
	if (level == SOL_PACKET && name == PACKET_RX_RING) {
		struct tpacket_req3 request;

		memcpy(&request, value, sizeof(request));
		if ((uint64_t)request.tp_block_size * request.tp_block_nr > ring_bytes_limit ||
		    rings_limit == 0) {
			errno = ENOMEM;
			return -1;
		}
		rings_limit--;
	}
	return __real_setsockopt(fd, level, name, value, value_bytes);
}
/* NOLINTEND */

static void assert_refused(const char *ports, const struct tt_receiver_opts *opts, int status,
			   const char *words)
{
	struct tt_receiver *receiver = NULL;
	struct tt_error error = TT_ERROR_INIT;

	assert_int_equal(tt_receiver_new(&receiver, ports, NULL, NULL, opts, &error), status);
	assert_null(receiver);
	assert_int_equal(error.code, status);
	assert_string_equal(error.message, words);
}

static void an_unknown_interface_is_named_with_those_that_exist(void **state)
{
	static const char *const names[] = { "nosuch0" };

	(void)state;
	assert_refused("53", &TT_RECEIVER_OPTS(.interfaces = names, .interfaces_count = 1), -ENODEV,
		       "no interface \"nosuch0\"; there are: lo, near0");
}

static void a_bridge_port_is_refused_with_its_bridge(void **state)
{
	static const char *const names[] = { TT_LAB_NEAR_INTERFACE };

	(void)state;
	run("ip link add br0 type bridge");
	run("ip link set " TT_LAB_NEAR_INTERFACE " master br0");
	assert_refused("53", &TT_RECEIVER_OPTS(.interfaces = names, .interfaces_count = 1), -EBUSY,
		       "interface near0 is a port of the bridge br0, which takes its packets: "
		       "use br0 instead");
}

static void bad_ports_are_quoted(void **state)
{
	(void)state;
	assert_refused("53,nosuchservice", NULL, -EINVAL,
		       "port list: \"nosuchservice\" is no port, range or UDP service of "
		       "/etc/services");
	assert_refused("70000", NULL, -EINVAL, "port list: \"70000\": ports are 0 to 65535");
}

static void options_are_checked_one_by_one(void **state)
{
	struct {
		struct tt_receiver_opts opts;
		uint64_t field_of_a_newer_version;
	} newer = { .opts = { .size = sizeof(newer) }, .field_of_a_newer_version = 1 };

	(void)state;
	assert_refused("53", &TT_RECEIVER_OPTS(.flags = 1U << 31), -EINVAL,
		       "receiver: unknown flags 0x80000000");
	assert_refused("53",
		       &TT_RECEIVER_OPTS(.flags = TT_RECEIVER_IPV4_ONLY | TT_RECEIVER_IPV6_ONLY),
		       -EINVAL, "receiver: IPv4 only and IPv6 only exclude each other");
	assert_refused("53", &TT_RECEIVER_OPTS(.port_side = TT_PORT_SIDE_COUNT), -EINVAL,
		       "receiver: unknown port side 3");
	assert_refused("53", &TT_RECEIVER_OPTS(.verdicts = 1U << 30), -EINVAL,
		       "receiver: unknown verdicts 0x40000000");
	assert_refused("53", &TT_RECEIVER_OPTS(.ring_bytes = TT_RING_BYTES_MIN - 1), -EINVAL,
		       "a ring of 262143 bytes: it may have from 256 KiB to 4 GiB");
	assert_refused("53", &TT_RECEIVER_OPTS(.interfaces_count = 1), -EINVAL,
		       "receiver: a count of interfaces, but none");
	assert_refused("53", &newer.opts, -E2BIG,
		       "receiver options: a field that this version does not know is set");
	assert_refused("53", &(struct tt_receiver_opts){ 0 }, -EINVAL,
		       "receiver options: the size field is not set");
}

static void an_outputs_options_are_checked_one_by_one(void **state)
{
	static const struct {
		struct tt_output_opts opts;
		unsigned int format;
		const char *words;
	} cases[] = {
		{ TT_OUTPUT_OPTS_INIT, 0, "output: unknown format 0" },
		{ { .size = sizeof(struct tt_output_opts), .flags = 4 },
		  TT_FORMAT_TEXT,
		  "output: unknown flags 0x4" },
		{ { .size = sizeof(struct tt_output_opts), .verdicts = 1U << 30 },
		  TT_FORMAT_TEXT,
		  "output: unknown verdicts 0x40000000" },
		{ { .size = sizeof(struct tt_output_opts), .reserved = 1 },
		  TT_FORMAT_JSON,
		  "output: a reserved field is set" },
	};
	struct tt_receiver *receiver = open_receiver("53", NULL, NULL,
						     (struct tt_receiver_opts){ 0 });

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_error error = TT_ERROR_INIT;

		assert_int_equal(tt_receiver_add_output(receiver, STDERR_FILENO, cases[i].format,
							&cases[i].opts, &error),
				 -EINVAL);
		assert_string_equal(error.message, cases[i].words);
	}
	(void)end_receiver(receiver);
}

static void short_memory_makes_a_smaller_ring_and_says_so(void **state)
{
	struct tt_receiver *receiver;
	struct tt_accounting account;

	(void)state;
	ring_bytes_limit = 5 << 20;
	receiver = open_receiver("53", NULL, NULL, (struct tt_receiver_opts){ 0 });
	ring_bytes_limit = UINT64_MAX;
	account = end_receiver(receiver);
	assert_true(account.sources[TT_SOURCE_IPV4].ring_bytes <= 5 << 20);
	assert_true(account.sources[TT_SOURCE_IPV4].ring_bytes >= 3 << 20);
}

static void no_memory_at_all_is_refused(void **state)
{
	(void)state;
	ring_bytes_limit = 0;
	assert_refused("53", NULL, -ENOMEM,
		       "IPv4: make a receive ring of 16384 KiB: Cannot allocate memory: "
		       "ask for a smaller one");
	ring_bytes_limit = UINT64_MAX;
}

/* Tries to open a receiver with few capabilities, in a child; true when it said @words. */
static bool is_refused_with(uint64_t capabilities, const char *words)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct tt_receiver *receiver = NULL;
		struct tt_error error = TT_ERROR_INIT;

		tt_keep_capabilities(capabilities);
		if (tt_receiver_new(&receiver, "53", NULL, NULL, NULL, &error) != -EPERM ||
		    strcmp(error.message, words) != 0) {
			(void)fprintf(stderr, "said: %s\n", error.message);
			_exit(CHILD_DIFFERS);
		}
		_exit(CHILD_AGREES);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == CHILD_AGREES;
}

static void missing_privilege_is_named(void **state)
{
	(void)state;
	assert_true(is_refused_with(UINT64_C(1) << CAP_BPF,
				    "IPv4: open a packet socket: Operation not permitted: "
				    "it takes CAP_NET_RAW: run as root, or give the program "
				    "cap_net_raw,cap_bpf by setcap(8)"));
	assert_true(is_refused_with(0, "IPv4: open a packet socket: Operation not permitted: "
				       "it takes CAP_NET_RAW: run as root, or give the program "
				       "cap_net_raw,cap_bpf by setcap(8)"));
}

/* Gives the calling process a /proc/meminfo of its own. */
static void play_memory(const char *meminfo)
{
	char path[] = "/tmp/twintap-meminfo-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, meminfo, strlen(meminfo)) != (ssize_t)strlen(meminfo) ||
	    unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(path, "/proc/meminfo", NULL, MS_BIND, NULL) < 0 || unlink(path) < 0)
		_exit(CHILD_DIFFERS);
	(void)close(fd); /* what was written is there: it was counted */
}

/* Tries to open two rings, then one, where memory for one is available, but little is free. */
static void open_where_memory_is_cache(void)
{
	struct tt_receiver_opts opts = { .size = sizeof(opts), .ring_bytes = 64 << 20 };
	struct tt_error error = TT_ERROR_INIT;
	struct tt_receiver *receiver = NULL;

	play_memory("MemTotal: 1048576 kB\nMemFree: 8192 kB\nMemAvailable: 102400 kB\n");
	if (tt_receiver_new(&receiver, "53", NULL, NULL, &opts, &error) != -ENOMEM ||
	    strcmp(error.message, "a ring of 64 MiB for each socket: only 100 MiB of memory are "
				  "free: ask for smaller ones") != 0)
		_exit(CHILD_DIFFERS);
	opts.flags = TT_RECEIVER_IPV4_ONLY;
	if (tt_receiver_new(&receiver, "53", NULL, NULL, &opts, &error) < 0)
		_exit(CHILD_DIFFERS);
	tt_receiver_free(receiver);
	_exit(CHILD_AGREES);
}

static void rings_may_take_the_place_of_the_file_cache_and_no_more(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		open_where_memory_is_cache();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), CHILD_AGREES);
}

static int find_lowest_free_descriptor(void)
{
	int lowest = dup(STDERR_FILENO);

	assert_true(lowest >= 0);
	assert_int_equal(close(lowest), 0);
	return lowest;
}

static void when_the_second_socket_fails_the_first_is_closed(void **state)
{
	int lowest = find_lowest_free_descriptor();

	(void)state;
	rings_limit = 1;
	assert_refused("53", &TT_RECEIVER_OPTS(.ring_bytes = TT_RING_BYTES_MIN), -ENOMEM,
		       "IPv6: make a receive ring of 256 KiB: Cannot allocate memory: "
		       "ask for a smaller one");
	rings_limit = UINT_MAX;
	assert_int_equal(find_lowest_free_descriptor(), lowest);
}

static void what_was_freed_leaves_nothing_open(void **state)
{
	int lowest = find_lowest_free_descriptor();

	(void)state;
	tt_receiver_free(open_receiver("53", NULL, NULL, (struct tt_receiver_opts){ 0 }));
	assert_int_equal(find_lowest_free_descriptor(), lowest);
	(void)end_receiver(open_receiver("53", NULL, NULL, (struct tt_receiver_opts){ 0 }));
	assert_int_equal(find_lowest_free_descriptor(), lowest);
}

static void what_failed_leaves_nothing_open(void **state)
{
	int lowest = find_lowest_free_descriptor();

	(void)state;
	ring_bytes_limit = 0;
	for (int i = 0; i < 10; i++) {
		struct tt_receiver *receiver = NULL;

		assert_int_equal(tt_receiver_new(&receiver, "53", NULL, NULL, NULL, NULL), -ENOMEM);
	}
	ring_bytes_limit = UINT64_MAX;
	assert_int_equal(find_lowest_free_descriptor(), lowest);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, enter_lab, leave_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(an_unknown_interface_is_named_with_those_that_exist),
		LAB_TEST(a_bridge_port_is_refused_with_its_bridge),
		LAB_TEST(bad_ports_are_quoted),
		LAB_TEST(options_are_checked_one_by_one),
		LAB_TEST(an_outputs_options_are_checked_one_by_one),
		LAB_TEST(short_memory_makes_a_smaller_ring_and_says_so),
		LAB_TEST(no_memory_at_all_is_refused),
		LAB_TEST(missing_privilege_is_named),
		LAB_TEST(rings_may_take_the_place_of_the_file_cache_and_no_more),
		LAB_TEST(when_the_second_socket_fails_the_first_is_closed),
		LAB_TEST(what_was_freed_leaves_nothing_open),
		LAB_TEST(what_failed_leaves_nothing_open),
	};

	if (!tt_lab_is_possible())
		return EXIT_SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
