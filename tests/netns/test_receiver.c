/* SPDX-License-Identifier: MIT */

/*
 * Receivers in a namespace lab, one datagram at a time
 *
 * Real sockets send from the far side; the receiver stands on the near side. What is
 * checked is what a datagram says of its headers, who gets it, and the ways to drive
 * a receiver. Needs root.
 *
 * Not covered: load and loss (netns.receiver_account), refusals (netns.receiver_refusal).
 */

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/netns/receiver_fixture.h"
#include "tests/support/run.h"

enum {
	EXIT_SKIPPED = 77,
	EXPEDITED_FORWARDING = 46,
	TRAFFIC_CLASS = EXPEDITED_FORWARDING << 2 | 2,
	MTU_BYTES = 1500,
};

static const struct tt_receiver_opts defaults = TT_RECEIVER_OPTS_INIT;

/* For receivers that nobody drives while they are loaded: a second of packets at any rate. */
static const struct tt_receiver_opts patient = { .ring_bytes = 64 << 20 };

static void assert_address(const struct tt_address *address, const char *words)
{
	char text[TT_ADDRESS_TEXT_BYTES];

	assert_string_equal(tt_address_format(address, text, sizeof(text)), words);
}

static void assert_payload(const struct tt_datagram *datagram, const char *words)
{
	assert_int_equal(datagram->payload_bytes, strlen(words));
	assert_int_equal(datagram->payload_captured_bytes, strlen(words));
	assert_memory_equal(datagram->payload, words, strlen(words));
}

static void set_int(int fd, int level, int name, int value)
{
	assert_int_equal(setsockopt(fd, level, name, &value, sizeof(value)), 0);
}

static void an_ipv4_datagram_comes_with_its_headers(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	int fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	const struct tt_datagram *datagram;

	set_int(fd, IPPROTO_IP, IP_TTL, 33);
	set_int(fd, IPPROTO_IP, IP_TOS, TRAFFIC_CLASS);
	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", "over four");
	datagram = pull_one(receiver);

	assert_int_equal(datagram->verdict, TT_VERDICT_OK);
	assert_int_equal(datagram->version, 4);
	assert_address(&datagram->source, TT_LAB_FAR_IPV4 ":40001");
	assert_address(&datagram->destination, TT_LAB_NEAR_IPV4 ":4242");
	assert_int_equal(datagram->hop_limit, 33);
	assert_int_equal(datagram->dscp, EXPEDITED_FORWARDING);
	assert_int_equal(datagram->ecn, 2);
	assert_int_equal(datagram->packet_type, TT_PACKET_HOST);
	assert_int_equal(datagram->interface_index, if_nametoindex(TT_LAB_NEAR_INTERFACE));
	assert_true(datagram->flags & TT_DATAGRAM_LOCAL);
	assert_int_equal(datagram->packet[0], 0x45);
	assert_int_equal(tt_datagram_length(datagram), 20 + 8 + strlen("over four"));
	assert_true(datagram->time_ns > 0);
	assert_payload(datagram, "over four");

	(void)close(fd);
	(void)end_receiver(receiver);
}

static void an_ipv6_datagram_comes_with_its_headers(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	int fd = open_far_socket(*state, "[" TT_LAB_FAR_IPV6 "]:40001");
	const struct tt_datagram *datagram;

	set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 44);
	set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, TRAFFIC_CLASS);
	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(fd, "[" TT_LAB_NEAR_IPV6 "]:4242", "over six");
	datagram = pull_one(receiver);

	assert_int_equal(datagram->verdict, TT_VERDICT_OK);
	assert_int_equal(datagram->version, 6);
	assert_address(&datagram->source, "[" TT_LAB_FAR_IPV6 "]:40001");
	assert_address(&datagram->destination, "[" TT_LAB_NEAR_IPV6 "]:4242");
	assert_int_equal(datagram->hop_limit, 44);
	assert_int_equal(datagram->dscp, EXPEDITED_FORWARDING);
	assert_int_equal(datagram->ecn, 2);
	assert_true(datagram->flags & TT_DATAGRAM_LOCAL);
	assert_payload(datagram, "over six");

	(void)close(fd);
	(void)end_receiver(receiver);
}

static void ipv4_options_and_ipv6_extension_headers_are_walked(void **state)
{
	static const uint8_t router_alert[] = { 148, 4, 0, 0 };
	/* Next header and length by the kernel; a PadN option of 4 bytes. */
	static const uint8_t padding[] = { 0, 0, 1, 4, 0, 0, 0, 0 };
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	int fd4 = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	int fd6 = open_far_socket(*state, "[" TT_LAB_FAR_IPV6 "]:40001");
	const struct tt_datagram *datagram;

	assert_int_equal(
		setsockopt(fd4, IPPROTO_IP, IP_OPTIONS, router_alert, sizeof(router_alert)), 0);
	assert_int_equal(setsockopt(fd6, IPPROTO_IPV6, IPV6_HOPOPTS, padding, sizeof(padding)), 0);
	assert_int_equal(setsockopt(fd6, IPPROTO_IPV6, IPV6_DSTOPTS, padding, sizeof(padding)), 0);
	assert_int_equal(tt_receiver_start(receiver), 0);

	send_text(fd4, TT_LAB_NEAR_IPV4 ":4242", "options");
	datagram = pull_one(receiver);
	assert_int_equal(datagram->verdict, TT_VERDICT_OK);
	assert_int_equal(datagram->packet[0], 0x46);
	assert_payload(datagram, "options");

	send_text(fd6, "[" TT_LAB_NEAR_IPV6 "]:4242", "extensions");
	datagram = pull_one(receiver);
	assert_int_equal(datagram->verdict, TT_VERDICT_OK);
	assert_int_equal(datagram->payload - datagram->packet, 40 + 8 + 8 + 8);
	assert_payload(datagram, "extensions");

	(void)close(fd4);
	(void)close(fd6);
	(void)end_receiver(receiver);
}

static void other_ports_and_other_protocols_are_left_in_the_kernel(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	int fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	struct tt_accounting account;

	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(fd, TT_LAB_NEAR_IPV4 ":4243", "one port on");
	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", "wanted");
	assert_payload(pull_one(receiver), "wanted");

	(void)close(fd);
	account = end_receiver(receiver);
	tt_account_assert_rejected(&account, TT_REJECT_PORT, 1);
	assert_int_equal(tt_account_accepted(&account), 1);
}

static void a_fragmented_datagram_is_no_datagram_but_its_fragments_come(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	int fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	struct tt_accounting account;
	char payload[2 * MTU_BYTES + 1];

	memset(payload, 'x', sizeof(payload) - 1);
	payload[sizeof(payload) - 1] = '\0';
	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", payload);
	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", "whole");
	assert_payload(pull_one(receiver), "whole");

	(void)close(fd);
	account = end_receiver(receiver);
	assert_int_equal(account.sources[TT_SOURCE_IPV4].verdicts[TT_VERDICT_FRAGMENT], 3);
	assert_int_equal(account.outputs[0].withheld[TT_WITHHELD_VERDICT], 3);
}

static void a_loopback_datagram_comes_once(void **state)
{
	static const char *const loopback[] = { "lo" };
	struct tt_receiver_opts opts = { .interfaces = loopback, .interfaces_count = 1 };
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, opts);
	struct tt_accounting account;
	int fd4, fd6;

	(void)state;
	fd4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fd6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(fd4, "127.0.0.2:4242", "four");
	assert_payload(pull_one(receiver), "four");
	send_text(fd6, "[::1]:4242", "six");
	assert_payload(pull_one(receiver), "six");
	assert_nothing_comes(receiver);

	(void)close(fd4);
	(void)close(fd6);
	account = end_receiver(receiver);
	assert_int_equal(tt_account_delivered(&account), 2);
}

static void all_interfaces_are_received_on_when_none_is_named(void **state)
{
	struct tt_receiver *receiver = open_receiver_everywhere("4242");
	int far_fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	int near_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(far_fd, TT_LAB_NEAR_IPV4 ":4242", "from afar");
	assert_payload(pull_one(receiver), "from afar");
	send_text(near_fd, "127.0.0.1:4242", "from here");
	assert_payload(pull_one(receiver), "from here");

	(void)close(far_fd);
	(void)close(near_fd);
	(void)end_receiver(receiver);
}

static void several_interfaces_are_told_apart_in_the_kernel(void **state)
{
	static const char *const two[] = { TT_LAB_NEAR_INTERFACE, "lo" };
	struct tt_receiver_opts opts = { .interfaces = two, .interfaces_count = 2 };
	struct tt_receiver *receiver;
	struct tt_accounting account;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	run("ip link add extra0 type veth peer name extra1");
	run("ip addr add 198.51.100.1/24 dev extra0");
	run("ip link set extra0 up");
	run("ip link set extra1 up");
	run("ip neigh add 198.51.100.2 lladdr ff:ff:ff:ff:ff:ff dev extra0");
	receiver = open_receiver("4242", NULL, NULL, opts);

	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(fd, "198.51.100.2:4242", "comes in on extra1");
	send_text(fd, "127.0.0.1:4242", "comes in on lo");
	assert_payload(pull_one(receiver), "comes in on lo");

	(void)close(fd);
	account = end_receiver(receiver);
	tt_account_assert_rejected_least(&account, TT_REJECT_INTERFACE, 1);
	assert_int_equal(tt_account_accepted(&account), 1);
}

static void an_interface_that_is_named_twice_is_one(void **state)
{
	static const char *const twice[] = { TT_LAB_NEAR_INTERFACE, TT_LAB_NEAR_INTERFACE };
	struct tt_receiver_opts opts = { .interfaces = twice, .interfaces_count = 2 };
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, opts);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct tt_accounting account;

	(void)state;
	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(fd, "127.0.0.1:4242", "elsewhere");
	(void)close(fd);
	account = end_receiver(receiver);
	/* Bound to it: what comes in elsewhere is not even seen. */
	tt_account_assert_seen(&account, 0);
	assert_int_equal(tt_account_accepted(&account), 0);
}

static void one_family_is_left_out_on_request(void **state)
{
	struct tt_receiver_opts opts = { .flags = TT_RECEIVER_IPV6_ONLY };
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, opts);
	int fd4 = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	int fd6 = open_far_socket(*state, "[" TT_LAB_FAR_IPV6 "]:40001");
	struct tt_accounting account;

	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(fd4, TT_LAB_NEAR_IPV4 ":4242", "four");
	send_text(fd6, "[" TT_LAB_NEAR_IPV6 "]:4242", "six");
	assert_payload(pull_one(receiver), "six");

	(void)close(fd4);
	(void)close(fd6);
	account = end_receiver(receiver);
	assert_int_equal(account.sources[TT_SOURCE_IPV4].is_present, 0);
	assert_int_equal(tt_account_delivered(&account), 1);
}

/* Sends @count frames through the load source to @destination4 behind @target. */
static void load(enum tt_load_target target, const char *destination4, uint64_t count)
{
	struct tt_load_options options;
	struct tt_address address;
	struct tt_load *source;

	tt_load_options_init(&options);
	options.interface = TT_LAB_NEAR_INTERFACE;
	options.target = target;
	options.ipv6 = (struct tt_load_share){ 0, 1 };
	assert_int_equal(tt_address_parse(destination4, &address, NULL), 0);
	options.destination4 = address.ipv4.sin_addr;
	assert_int_equal(tt_load_new(&source, &options, NULL), 0);
	assert_int_equal(tt_load_send(source, count, NULL), 0);
	tt_load_free(source);
}

static int count_datagrams(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
			   size_t count, void *context)
{
	uint64_t *sum = context;

	(void)receiver;
	(void)datagrams;
	*sum += count;
	return 0;
}

static void transit_and_foreign_datagrams_reach_no_handler(void **state)
{
	uint64_t handled = 0;
	struct tt_receiver *receiver = open_receiver("4242", count_datagrams, &handled, defaults);
	struct tt_accounting account;

	(void)state;
	assert_int_equal(tt_receiver_start(receiver), 0);
	load(TT_LOAD_TO_HOST, "203.0.113.9:0", 10);
	load(TT_LOAD_TO_OTHER_HOST, TT_LAB_NEAR_IPV4 ":0", 20);
	load(TT_LOAD_TO_HOST, TT_LAB_NEAR_IPV4 ":0", 30);

	account = end_receiver(receiver);
	assert_int_equal(handled, 30);
	assert_int_equal(account.outputs[0].withheld[TT_WITHHELD_NOT_LOCAL], 10);
	tt_account_assert_rejected(&account, TT_REJECT_PACKET_TYPE, 20);
	assert_int_equal(tt_account_accepted(&account), 40);
}

static void a_capture_takes_and_marks_transit_and_foreign_datagrams(void **state)
{
	struct tt_receiver_opts opts = { .flags = TT_RECEIVER_NOT_LOCAL | TT_RECEIVER_PROMISCUOUS };
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, opts);
	const struct tt_datagram *datagram;

	(void)state;
	assert_int_equal(tt_receiver_start(receiver), 0);
	load(TT_LOAD_TO_HOST, "203.0.113.9:0", 1);
	datagram = pull_one(receiver);
	assert_int_equal(datagram->packet_type, TT_PACKET_HOST);
	assert_false(datagram->flags & TT_DATAGRAM_LOCAL);

	load(TT_LOAD_TO_OTHER_HOST, TT_LAB_NEAR_IPV4 ":0", 1);
	datagram = pull_one(receiver);
	assert_int_equal(datagram->packet_type, TT_PACKET_OTHERHOST);
	assert_false(datagram->flags & TT_DATAGRAM_LOCAL);

	load(TT_LOAD_TO_HOST, TT_LAB_NEAR_IPV4 ":0", 1);
	assert_true(pull_one(receiver)->flags & TT_DATAGRAM_LOCAL);
	(void)end_receiver(receiver);
}

static void port_side_decides_which_port_is_asked(void **state)
{
	struct tt_receiver_opts opts = { .port_side = TT_PORT_SOURCE };
	struct tt_receiver *receiver = open_receiver("40001", NULL, NULL, opts);
	int wanted_fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	int other_fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40002");

	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(other_fd, TT_LAB_NEAR_IPV4 ":40001", "to the port");
	send_text(wanted_fd, TT_LAB_NEAR_IPV4 ":9", "from the port");
	assert_payload(pull_one(receiver), "from the port");

	(void)close(wanted_fd);
	(void)close(other_fd);
	(void)end_receiver(receiver);
}

static void a_foreign_loop_drives_the_worker_by_its_descriptor(void **state)
{
	uint64_t handled = 0;
	struct tt_receiver *receiver = open_receiver("4242", count_datagrams, &handled, patient);
	struct tt_worker *worker = tt_receiver_worker(receiver, 0);
	struct pollfd pollfd = { .fd = tt_worker_fd(worker), .events = POLLIN };
	int r = 0;

	(void)state;
	assert_int_equal(tt_receiver_workers_count(receiver), 1);
	assert_null(tt_receiver_worker(receiver, 1));
	assert_int_equal(tt_receiver_start(receiver), 0);
	load(TT_LOAD_TO_HOST, TT_LAB_NEAR_IPV4 ":0", 1000);

	/* One batch a turn: the descriptor must stay readable until the last. */
	while (handled < 1000) {
		assert_int_equal(poll(&pollfd, 1, PATIENCE_MS), 1);
		r = tt_worker_dispatch(worker, 1, NULL);
		assert_true(r == 0 || r == TT_EMPTY);
	}
	assert_int_equal(tt_receiver_stop(receiver), 0);
	while (r != TT_STOP) {
		assert_int_equal(poll(&pollfd, 1, PATIENCE_MS), 1);
		r = tt_worker_dispatch(worker, 1, NULL);
		assert_true(r >= 0);
	}
	assert_int_equal(tt_worker_dispatch(worker, 0, NULL), TT_STOP);
	(void)take_final_account(receiver);
	tt_receiver_free(receiver);
}

static void an_idle_worker_is_not_readable(void **state)
{
	uint64_t handled = 0;
	struct tt_receiver *receiver = open_receiver("4242", count_datagrams, &handled, defaults);
	struct tt_worker *worker = tt_receiver_worker(receiver, 0);
	struct pollfd pollfd = { .fd = tt_worker_fd(worker), .events = POLLIN };

	(void)state;
	assert_int_equal(tt_receiver_start(receiver), 0);
	assert_int_equal(tt_worker_dispatch(worker, 0, NULL), TT_EMPTY);
	assert_int_equal(poll(&pollfd, 1, 0), 0);
	assert_int_equal(tt_worker_dispatch(worker, 0, NULL), TT_EMPTY);
	(void)end_receiver(receiver);
}

static void pulling_takes_what_is_left_after_a_stop(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, patient);
	struct tt_worker *worker = tt_receiver_worker(receiver, 0);
	const struct tt_datagram *datagrams;
	uint64_t pulled = 0;
	size_t count;
	int r;

	(void)state;
	assert_int_equal(tt_worker_receive(worker, 0, &datagrams, &count, NULL), TT_EMPTY);
	load(TT_LOAD_TO_HOST, TT_LAB_NEAR_IPV4 ":0", 1000);
	assert_int_equal(tt_receiver_stop(receiver), 0);
	while ((r = tt_worker_receive(worker, PATIENCE_MS, &datagrams, &count, NULL)) == 0)
		pulled += count;
	assert_int_equal(r, TT_STOP);
	assert_int_equal(pulled, 1000);
	assert_int_equal(tt_worker_receive(worker, 0, &datagrams, &count, NULL), TT_STOP);
	(void)take_final_account(receiver);
	tt_receiver_free(receiver);
}

static void a_receiver_with_a_handler_cannot_be_pulled_from(void **state)
{
	uint64_t handled = 0;
	struct tt_receiver *receiver = open_receiver("4242", count_datagrams, &handled, defaults);
	const struct tt_datagram *datagrams;
	size_t count;

	(void)state;
	assert_int_equal(
		tt_worker_receive(tt_receiver_worker(receiver, 0), 0, &datagrams, &count, NULL),
		-EBUSY);
	(void)end_receiver(receiver);
}

static int stop_at_first(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
			 size_t count, void *context)
{
	uint64_t *sum = context;

	(void)receiver;
	(void)datagrams;
	*sum += count;
	return TT_STOP;
}

static void a_handler_ends_the_run_cleanly(void **state)
{
	uint64_t handled = 0;
	struct tt_receiver *receiver = open_receiver("4242", stop_at_first, &handled, patient);
	struct tt_accounting account;

	(void)state;
	assert_int_equal(tt_receiver_start(receiver), 0);
	load(TT_LOAD_TO_HOST, TT_LAB_NEAR_IPV4 ":0", 500);
	assert_int_equal(tt_receiver_run(receiver, NULL), 0);
	account = take_final_account(receiver);
	assert_int_equal(tt_account_delivered(&account), 500);
	assert_int_equal(account.outputs[0].written, handled);
	assert_int_equal(account.outputs[0].withheld[TT_WITHHELD_LIMIT], 500 - handled);
	assert_int_equal(tt_receiver_run(receiver, NULL), -ESHUTDOWN);
	assert_int_equal(tt_receiver_start(receiver), -ESHUTDOWN);
	tt_receiver_free(receiver);
}

static int fail_at_first(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
			 size_t count, void *context)
{
	(void)receiver;
	(void)datagrams;
	(void)count;
	(void)context;
	return -EIO;
}

static void a_failing_handler_ends_the_run_with_its_error(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", fail_at_first, NULL, patient);
	struct tt_error error = TT_ERROR_INIT;
	struct tt_accounting account;

	(void)state;
	assert_int_equal(tt_receiver_start(receiver), 0);
	load(TT_LOAD_TO_HOST, TT_LAB_NEAR_IPV4 ":0", 500);
	assert_int_equal(tt_receiver_run(receiver, &error), -EIO);
	assert_string_equal(error.message, "receiving ended: Input/output error");
	account = take_final_account(receiver);
	assert_int_equal(account.outputs[0].dropped, 500);
	tt_receiver_free(receiver);
}

static struct tt_receiver *stopped_by_signal;

static void stop_by_signal(int signal_number)
{
	(void)signal_number;
	(void)tt_receiver_stop(stopped_by_signal);
}

static int raise_signal(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
			size_t count, void *context)
{
	(void)datagrams;
	(void)count;
	(void)context;
	stopped_by_signal = receiver;
	return raise(SIGUSR2) == 0 ? 0 : -errno;
}

static void a_signal_handler_may_stop_it(void **state)
{
	struct sigaction action = { .sa_handler = stop_by_signal };
	struct tt_receiver *receiver = open_receiver("4242", raise_signal, NULL, defaults);
	struct sigaction before;

	(void)state;
	assert_int_equal(sigaction(SIGUSR2, &action, &before), 0);
	assert_int_equal(tt_receiver_start(receiver), 0);
	load(TT_LOAD_TO_HOST, TT_LAB_NEAR_IPV4 ":0", 1);
	assert_int_equal(tt_receiver_run(receiver, NULL), 0);
	assert_int_equal(sigaction(SIGUSR2, &before, NULL), 0);
	(void)take_final_account(receiver);
	tt_receiver_free(receiver);
}

static void a_stop_before_the_run_ends_it_at_once(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", fail_at_first, NULL, defaults);

	(void)state;
	assert_int_equal(tt_receiver_stop(receiver), 0);
	assert_int_equal(tt_receiver_run(receiver, NULL), 0);
	(void)take_final_account(receiver);
	tt_receiver_free(receiver);
}

static void routes_lead_ports_to_their_handlers(void **state)
{
	uint64_t main_count = 0, route_count = 0;
	struct tt_receiver *receiver = open_receiver("5000-5009", count_datagrams, &main_count,
						     defaults);
	int fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");

	assert_int_equal(
		tt_receiver_add_route(receiver, "5005,6000", count_datagrams, &route_count, NULL),
		0);
	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(fd, TT_LAB_NEAR_IPV4 ":5004", "main");
	send_text(fd, TT_LAB_NEAR_IPV4 ":5005", "route");
	send_text(fd, TT_LAB_NEAR_IPV4 ":6000", "route");
	send_text(fd, TT_LAB_NEAR_IPV4 ":7000", "nobody");

	(void)close(fd);
	(void)end_receiver(receiver);
	assert_int_equal(main_count, 1);
	assert_int_equal(route_count, 2);
}

static void a_removed_port_has_no_handler_any_more(void **state)
{
	uint64_t handled = 0;
	struct tt_receiver *receiver = open_receiver("5000", count_datagrams, &handled, defaults);
	int fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	struct tt_accounting account;

	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(fd, TT_LAB_NEAR_IPV4 ":5000", "in time, but in the ring when the port goes");
	assert_int_equal(tt_receiver_set_ports(receiver, "5001", NULL), 0);
	send_text(fd, TT_LAB_NEAR_IPV4 ":5000", "too late");
	send_text(fd, TT_LAB_NEAR_IPV4 ":5001", "new port");

	(void)close(fd);
	account = end_receiver(receiver);
	assert_int_equal(handled, 1);
	assert_int_equal(account.outputs[0].withheld[TT_WITHHELD_NO_ROUTE], 1);
	tt_account_assert_rejected(&account, TT_REJECT_PORT, 1);
	assert_int_equal(tt_account_accepted(&account), 2);
}

/* Answers whoever says "say" through an ordinary socket, and ends. */
static int say_hello(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
		     size_t count, void *context)
{
	const int *fd = context;

	(void)receiver;
	for (size_t i = 0; i < count; i++) {
		const struct tt_address *source = &datagrams[i].source;

		if (datagrams[i].payload_captured_bytes < 3 ||
		    memcmp(datagrams[i].payload, "say", 3) != 0)
			continue;
		if (sendto(*fd, "hello", 5, 0, (const struct sockaddr *)source,
			   tt_address_bytes(source)) < 0)
			return -errno;
	}
	return TT_STOP;
}

static void a_handler_may_answer_through_an_ordinary_socket(void **state)
{
	int near_fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct tt_receiver *receiver = open_receiver("4242", say_hello, &near_fd, defaults);
	int far_fd = open_far_socket(*state, "[" TT_LAB_FAR_IPV6 "]:40001");
	struct pollfd pollfd = { .fd = far_fd, .events = POLLIN };
	char answer[16] = "";

	assert_true(near_fd >= 0);
	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(far_fd, "[" TT_LAB_NEAR_IPV6 "]:4242", "say something");
	assert_int_equal(tt_receiver_run(receiver, NULL), 0);
	assert_int_equal(poll(&pollfd, 1, PATIENCE_MS), 1);
	assert_int_equal(recv(far_fd, answer, sizeof(answer), MSG_DONTWAIT), 5);
	assert_string_equal(answer, "hello");

	(void)close(near_fd);
	(void)close(far_fd);
	(void)take_final_account(receiver);
	tt_receiver_free(receiver);
}

static void outputs_write_a_line_a_datagram(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	int fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	struct tt_accounting account;
	char line[512] = "";
	int pipes[2];

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(tt_receiver_add_output(receiver, pipes[1], TT_FORMAT_TEXT,
						&TT_OUTPUT_OPTS(.count_max = 1), NULL),
			 0);
	assert_int_equal(tt_receiver_start(receiver), 0);
	assert_int_equal(tt_receiver_add_output(receiver, pipes[1], TT_FORMAT_TEXT, NULL, NULL),
			 -EBUSY);
	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", "one");
	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", "two");

	/* The limit of its only output ends the run. */
	assert_int_equal(tt_receiver_run(receiver, NULL), 0);
	assert_true(read(pipes[0], line, sizeof(line) - 1) > 0);
	assert_non_null(strstr(line, " near0 in " TT_LAB_FAR_IPV4 ":40001 > " TT_LAB_NEAR_IPV4
				     ":4242 ttl 64 "));
	assert_non_null(strstr(line, " payload 3\n"));
	assert_null(strchr(strchr(line, '\n') + 1, '\n'));
	account = take_final_account(receiver);
	assert_int_equal(account.outputs[0].written, 1);
	assert_int_equal(account.outputs[0].bytes, strlen(line));

	(void)close(fd);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	tt_receiver_free(receiver);
}

static void an_interface_may_go_down_and_come_back(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	int fd;

	assert_int_equal(tt_receiver_start(receiver), 0);
	run("ip link set " TT_LAB_NEAR_INTERFACE " down");
	assert_nothing_comes(receiver);
	run("ip link set " TT_LAB_NEAR_INTERFACE " up");
	/* Neighbours went with the link. */
	run("ip neigh replace " TT_LAB_FAR_IPV4 " lladdr " TT_LAB_FAR_HARDWARE
	    " dev " TT_LAB_NEAR_INTERFACE);
	fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", "back again");
	assert_payload(pull_one(receiver), "back again");

	(void)close(fd);
	(void)end_receiver(receiver);
}

static void a_removed_interface_ends_the_run(void **state)
{
	uint64_t handled = 0;
	/* The interface takes its addresses with it before the ring is read. */
	struct tt_receiver_opts opts = { .ring_bytes = 64 << 20, .flags = TT_RECEIVER_NOT_LOCAL };
	struct tt_receiver *receiver = open_receiver("4242", count_datagrams, &handled, opts);
	struct tt_error error = TT_ERROR_INIT;

	(void)state;
	assert_int_equal(tt_receiver_start(receiver), 0);
	load(TT_LOAD_TO_HOST, TT_LAB_NEAR_IPV4 ":0", 100);
	run("ip link del " TT_LAB_NEAR_INTERFACE);
	assert_int_equal(tt_receiver_run(receiver, &error), -ENODEV);
	assert_string_equal(error.message, "receiving ended: the interface was removed");
	assert_int_equal(handled, 100);
	(void)take_final_account(receiver);
	tt_receiver_free(receiver);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, enter_lab, leave_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(an_ipv4_datagram_comes_with_its_headers),
		LAB_TEST(an_ipv6_datagram_comes_with_its_headers),
		LAB_TEST(ipv4_options_and_ipv6_extension_headers_are_walked),
		LAB_TEST(other_ports_and_other_protocols_are_left_in_the_kernel),
		LAB_TEST(a_fragmented_datagram_is_no_datagram_but_its_fragments_come),
		LAB_TEST(a_loopback_datagram_comes_once),
		LAB_TEST(all_interfaces_are_received_on_when_none_is_named),
		LAB_TEST(several_interfaces_are_told_apart_in_the_kernel),
		LAB_TEST(an_interface_that_is_named_twice_is_one),
		LAB_TEST(one_family_is_left_out_on_request),
		LAB_TEST(transit_and_foreign_datagrams_reach_no_handler),
		LAB_TEST(a_capture_takes_and_marks_transit_and_foreign_datagrams),
		LAB_TEST(port_side_decides_which_port_is_asked),
		LAB_TEST(a_foreign_loop_drives_the_worker_by_its_descriptor),
		LAB_TEST(an_idle_worker_is_not_readable),
		LAB_TEST(pulling_takes_what_is_left_after_a_stop),
		LAB_TEST(a_receiver_with_a_handler_cannot_be_pulled_from),
		LAB_TEST(a_handler_ends_the_run_cleanly),
		LAB_TEST(a_failing_handler_ends_the_run_with_its_error),
		LAB_TEST(a_signal_handler_may_stop_it),
		LAB_TEST(a_stop_before_the_run_ends_it_at_once),
		LAB_TEST(routes_lead_ports_to_their_handlers),
		LAB_TEST(a_removed_port_has_no_handler_any_more),
		LAB_TEST(a_handler_may_answer_through_an_ordinary_socket),
		LAB_TEST(outputs_write_a_line_a_datagram),
		LAB_TEST(an_interface_may_go_down_and_come_back),
		LAB_TEST(a_removed_interface_ends_the_run),
	};

	if (!tt_lab_is_possible())
		return EXIT_SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
