/* SPDX-License-Identifier: MIT */

/*
 * Driving a receiver: who gets a turn, what ends it, and other threads meanwhile
 *
 * The load source fills blocks of a ring, which are then there when it returns: so a
 * test decides what a worker finds, and when. Needs root.
 *
 * Not covered: load and loss (netns.receiver_account), what datagrams say
 * (netns.receiver), refusals (netns.receiver_refusal).
 */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/netns/receiver_fixture.h"
#include "tests/support/run.h"

enum {
	EXIT_SKIPPED = 77,
	MANY_FRAMES = 20000, /* more than a worker moves between two looks at its loop */
	BLOCK_FRAMES = 4000, /* more than a block holds */
	STARTS_COUNT = 20,
};

static const struct tt_receiver_opts defaults = TT_RECEIVER_OPTS_INIT;

/* Holds what a test loads before it reads. */
static const struct tt_receiver_opts patient = { .ring_bytes = 64 << 20 };

static const struct tt_load_share all_of_them = { 1, 1 };
static const struct tt_load_share none_of_them = { 0, 1 };

static void load(struct tt_load_share ipv6, uint64_t count)
{
	struct tt_load_options options;
	struct tt_load *source;

	tt_load_options_init(&options);
	options.interface = TT_LAB_NEAR_INTERFACE;
	options.ipv6 = ipv6;
	assert_int_equal(tt_load_new(&source, &options, NULL), 0);
	assert_int_equal(tt_load_send(source, count, NULL), 0);
	tt_load_free(source);
}

/* How many datagrams of each family came, and of IPv4 before the first of IPv6. */
struct order {
	uint64_t ipv4;
	uint64_t ipv4_before;
	uint64_t ipv6;
};

static void note_order(struct order *order, const struct tt_datagram *datagrams, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (datagrams[i].version == 6)
			order->ipv6++;
		else
			order->ipv4++;
		if (order->ipv6 == 0)
			order->ipv4_before = order->ipv4;
	}
}

static void pulling_much_of_one_family_does_not_starve_the_other(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, patient);
	struct tt_worker *worker = tt_receiver_worker(receiver, 0);
	const struct tt_datagram *datagrams;
	struct order order = { 0 };
	size_t count;

	(void)state;
	assert_int_equal(tt_worker_receive(worker, 0, &datagrams, &count, NULL), TT_EMPTY);
	load(none_of_them, MANY_FRAMES);
	assert_int_equal(tt_worker_receive(worker, PATIENCE_MS, &datagrams, &count, NULL), 0);
	note_order(&order, datagrams, count);
	load(all_of_them, BLOCK_FRAMES);
	while (order.ipv4 + order.ipv6 < MANY_FRAMES + BLOCK_FRAMES) {
		assert_int_equal(tt_worker_receive(worker, PATIENCE_MS, &datagrams, &count, NULL),
				 0);
		note_order(&order, datagrams, count);
	}
	assert_true(order.ipv4_before < MANY_FRAMES);
	(void)end_receiver(receiver);
}

/* While it handles the first of IPv4, IPv6 comes too. */
static int load_ipv6_at_first(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
			      size_t count, void *context)
{
	struct order *order = context;

	(void)receiver;
	if (order->ipv4 == 0)
		load(all_of_them, BLOCK_FRAMES);
	note_order(order, datagrams, count);
	return 0;
}

static void dispatching_much_of_one_family_does_not_starve_the_other(void **state)
{
	struct order order = { 0 };
	struct tt_receiver *receiver = open_receiver("4242", load_ipv6_at_first, &order, patient);
	struct tt_worker *worker = tt_receiver_worker(receiver, 0);

	(void)state;
	assert_int_equal(tt_worker_dispatch(worker, 0, NULL), TT_EMPTY);
	load(none_of_them, MANY_FRAMES);
	assert_int_equal(tt_worker_dispatch(worker, 0, NULL), TT_EMPTY);
	(void)end_receiver(receiver);
	assert_int_equal(order.ipv4, MANY_FRAMES);
	assert_int_equal(order.ipv6, BLOCK_FRAMES);
	assert_true(order.ipv4_before < MANY_FRAMES);
}

static void a_puller_is_told_when_all_of_several_interfaces_are_gone(void **state)
{
	static const char *const two[] = { TT_LAB_NEAR_INTERFACE, "extra0" };
	struct tt_receiver_opts opts = { .interfaces = two, .interfaces_count = 2 };
	struct tt_error error = TT_ERROR_INIT;
	const struct tt_datagram *datagrams;
	struct tt_receiver *receiver;
	struct tt_worker *worker;
	size_t count;

	(void)state;
	run("ip link add extra0 type veth peer name extra1");
	receiver = open_receiver("4242", NULL, NULL, opts);
	worker = tt_receiver_worker(receiver, 0);
	assert_int_equal(tt_worker_receive(worker, 0, &datagrams, &count, NULL), TT_EMPTY);
	run("ip link del " TT_LAB_NEAR_INTERFACE);
	assert_nothing_comes(receiver);
	run("ip link del extra0");
	assert_int_equal(tt_worker_receive(worker, PATIENCE_MS, &datagrams, &count, &error),
			 -ENODEV);
	assert_string_equal(error.message, "receiving ended: the interface was removed");
	assert_int_equal(tt_worker_receive(worker, PATIENCE_MS, &datagrams, &count, NULL), TT_STOP);
	(void)take_final_account(receiver);
	tt_receiver_free(receiver);
}

static int handle_nothing(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
			  size_t count, void *context)
{
	(void)receiver;
	(void)datagrams;
	(void)count;
	(void)context;
	return 0;
}

static void a_route_that_would_never_be_called_is_refused(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);

	(void)state;
	assert_int_equal(tt_receiver_start(receiver), 0);
	assert_int_equal(tt_receiver_add_route(receiver, "4243", handle_nothing, NULL, NULL),
			 -EBUSY);
	(void)end_receiver(receiver);
}

/* Adds a route on a thread of its own. */
struct router {
	struct tt_receiver *receiver;
	pthread_t thread;
	int result;
};

static void *add_route(void *argument)
{
	struct router *router = argument;

	router->result = tt_receiver_add_route(router->receiver, "4243", handle_nothing, NULL,
					       NULL);
	return NULL;
}

static void a_route_may_be_added_by_another_thread_while_it_starts(void **state)
{
	struct tt_receiver_opts opts = { .ring_bytes = TT_RING_BYTES_MIN,
					 .flags = TT_RECEIVER_IPV4_ONLY };

	(void)state;
	for (int i = 0; i < STARTS_COUNT; i++) {
		struct router router = { .receiver = open_receiver("4242", NULL, NULL, opts) };
		struct tt_accounting account;

		assert_int_equal(pthread_create(&router.thread, NULL, add_route, &router), 0);
		assert_int_equal(tt_receiver_start(router.receiver), 0);
		assert_int_equal(pthread_join(router.thread, NULL), 0);
		account = end_receiver(router.receiver);
		/* Either it came in time, or there is nobody to lead datagrams to. */
		assert_int_equal(account.outputs_count, 1);
		assert_string_equal(account.outputs[0].name,
				    router.result == 0 ? "handler" : "pull");
		assert_true(router.result == 0 || router.result == -EBUSY);
	}
}

static void nothing_counts_before_the_start(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, patient);
	struct tt_accounting account;

	(void)state;
	load(none_of_them, BLOCK_FRAMES);
	assert_int_equal(tt_receiver_start(receiver), 0);
	assert_int_equal(tt_receiver_start(receiver), 0);
	assert_nothing_comes(receiver);
	account = end_receiver(receiver);
	tt_account_assert_seen(&account, 0);
	assert_int_equal(tt_account_accepted(&account), 0);
}

static void an_interface_may_be_down_at_first(void **state)
{
	struct tt_receiver *receiver;
	int fd;

	run("ip link set " TT_LAB_NEAR_INTERFACE " down");
	receiver = open_receiver("4242", NULL, NULL, defaults);
	assert_nothing_comes(receiver);
	run("ip link set " TT_LAB_NEAR_INTERFACE " up");
	/* Neighbours went with the link. */
	run("ip neigh replace " TT_LAB_FAR_IPV4 " lladdr " TT_LAB_FAR_HARDWARE
	    " dev " TT_LAB_NEAR_INTERFACE);
	fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", "awake");
	assert_int_equal(pull_one(receiver)->payload_bytes, strlen("awake"));
	(void)close(fd);
	(void)end_receiver(receiver);
}

static void an_interface_that_is_down_keeps_nobody_awake(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	struct pollfd pollfd = { .fd = tt_worker_fd(tt_receiver_worker(receiver, 0)),
				 .events = POLLIN };

	(void)state;
	assert_int_equal(tt_receiver_start(receiver), 0);
	run("ip link set " TT_LAB_NEAR_INTERFACE " down");
	assert_nothing_comes(receiver);
	assert_int_equal(poll(&pollfd, 1, 0), 0);
	(void)end_receiver(receiver);
}

static void a_renamed_interface_is_the_same(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	int fd;

	assert_int_equal(tt_receiver_start(receiver), 0);
	run("ip link set " TT_LAB_NEAR_INTERFACE " down");
	run("ip link set " TT_LAB_NEAR_INTERFACE " name renamed0");
	run("ip link set renamed0 up");
	/* Neighbours went with the link. */
	run("ip neigh replace " TT_LAB_FAR_IPV4 " lladdr " TT_LAB_FAR_HARDWARE " dev "
	    "renamed0");
	fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", "still here");
	assert_int_equal(pull_one(receiver)->payload_bytes, strlen("still here"));
	(void)close(fd);
	(void)end_receiver(receiver);
}

/* What a handler does to the receiver that calls it. */
struct meddling {
	uint64_t handled;
	int failure;
};

/* Takes the account, changes ports, and adds a route, once; then asks for the end. */
static int meddle(struct tt_receiver *receiver, const struct tt_datagram *datagrams, size_t count,
		  void *context)
{
	struct tt_accounting account = { .size = sizeof(account) };
	struct meddling *meddling = context;
	int r;

	(void)datagrams;
	r = tt_receiver_accounting(receiver, &account);
	if (r == 0 && meddling->handled == 0)
		r = tt_receiver_set_ports(receiver, "4242,5353", NULL);
	if (r == 0 && meddling->handled == 0)
		r = tt_receiver_add_route(receiver, "6000", handle_nothing, NULL, NULL);
	meddling->handled += count;
	if (r == 0 && meddling->handled == BLOCK_FRAMES)
		r = tt_receiver_stop(receiver);
	if (r < 0)
		meddling->failure = r;
	return r;
}

static void a_handler_may_call_what_any_thread_may_and_take_the_account(void **state)
{
	struct meddling meddling = { 0 };
	struct tt_receiver *receiver = open_receiver("4242", meddle, &meddling, patient);
	struct tt_accounting account;

	(void)state;
	assert_int_equal(tt_receiver_start(receiver), 0);
	load(none_of_them, BLOCK_FRAMES);
	assert_int_equal(tt_receiver_run(receiver, NULL), 0);
	assert_int_equal(meddling.failure, 0);
	account = take_final_account(receiver);
	assert_int_equal(account.outputs[0].written, BLOCK_FRAMES);
	tt_receiver_free(receiver);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, enter_lab, leave_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(pulling_much_of_one_family_does_not_starve_the_other),
		LAB_TEST(dispatching_much_of_one_family_does_not_starve_the_other),
		LAB_TEST(a_puller_is_told_when_all_of_several_interfaces_are_gone),
		LAB_TEST(a_route_that_would_never_be_called_is_refused),
		LAB_TEST(a_route_may_be_added_by_another_thread_while_it_starts),
		LAB_TEST(nothing_counts_before_the_start),
		LAB_TEST(an_interface_may_be_down_at_first),
		LAB_TEST(an_interface_that_is_down_keeps_nobody_awake),
		LAB_TEST(a_renamed_interface_is_the_same),
		LAB_TEST(a_handler_may_call_what_any_thread_may_and_take_the_account),
	};

	if (!tt_lab_is_possible())
		return EXIT_SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
