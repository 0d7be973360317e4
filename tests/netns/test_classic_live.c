/* SPDX-License-Identifier: MIT */

/*
 * Receivers with a classic filter: why, from when to when, and changes while packets flow
 *
 * Changes are made by a thread of their own, round and round, while the load source sends to
 * three ports at a pace at which nothing is lost, and a handler holds each datagram against
 * what its generation wants. In some tests the kernel's memory for a socket's filter is that
 * of older kernels: a namespace of 6.18 has a limit of its own. Refusals of a filter that is
 * attached are played, in place of setsockopt(2). Needs root.
 *
 * Not covered: what a classic program takes (unit.filter.classic, netns.classic), the rest of
 * what a receiver does (netns.receiver_classic and its kind).
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "filter/ports.h"
#include "tests/netns/receiver_fixture.h"
#include "tests/support/deny_bpf.h"

enum {
	EXIT_SKIPPED = 77,
	CHANGES_COUNT = 40,
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	DENSE_CHANGES_COUNT = 4, /* widening takes seconds then */
#else
	DENSE_CHANGES_COUNT = 40,
#endif
	GENERATIONS_MAX = CHANGES_COUNT + 3, /* numbered from 1; one that never comes */
	RATE_PPS = 50000,
	FRAMES_A_CHANGE = 64, /* at least */
	PORTS_COUNT = 3,      /* of the load */
	ALL_PORTS_TEXT_BYTES = 65536 * 6,
};

static const struct tt_receiver_opts defaults = TT_RECEIVER_OPTS_INIT;

/* How many calls with SO_ATTACH_FILTER pass before the next ones are refused, and with what. */
static struct {
	unsigned int passing, refused;
	int error;
} refusal;

static _Atomic unsigned int detached_count;

/* The names are the linker's, for --wrap. NOLINTBEGIN */
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t value_bytes);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t value_bytes);

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t value_bytes)
{
	if (level == SOL_SOCKET && name == SO_DETACH_FILTER)
		detached_count++;
	if (level == SOL_SOCKET && name == SO_ATTACH_FILTER && refusal.refused > 0) {
		if (refusal.passing == 0) {
			refusal.refused--;
			errno = refusal.error;
			return -1;
		}
		refusal.passing--;
	}
	return __real_setsockopt(fd, level, name, value, value_bytes);
}
/* NOLINTEND */

/* Limits the namespace's memory for a socket's filters; skips where it is the whole system's. */
static void limit_filter_memory(unsigned int bytes)
{
	TT_CLEANUP(tt_closep)
	int fd = open("/proc/sys/net/core/optmem_max", O_WRONLY | O_CLOEXEC);

	if (fd < 0) {
		print_message("skipped: a namespace has no net.core.optmem_max of its own\n");
		skip();
	}
	assert_true(dprintf(fd, "%u", bytes) > 0);
}

static void assert_payload(const struct tt_datagram *datagram, const char *words)
{
	assert_int_equal(datagram->payload_bytes, strlen(words));
	assert_memory_equal(datagram->payload, words, strlen(words));
}

/* ------------------------------------------------------------------------- reasons */

/* A thread that bpf(2) fails for, and what a receiver says that it opens. */
struct denied {
	int error;
	int result;
	char reason[TT_ERROR_MESSAGE_BYTES];
};

static void *open_denied(void *argument)
{
	struct tt_receiver *receiver = NULL;
	struct denied *denied = argument;

	denied->result = tt_bpf_deny(denied->error);
	if (denied->result == 0)
		denied->result = tt_receiver_new(&receiver, "4242", NULL, NULL, NULL, NULL);
	if (denied->result < 0)
		return NULL;
	(void)snprintf(denied->reason, sizeof(denied->reason), "%s",
		       tt_receiver_fallback_reason(receiver));
	tt_receiver_free(receiver);
	return NULL;
}

static void assert_reason_when_denied(int error, const char *words)
{
	struct denied denied = { .error = error };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, open_denied, &denied), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(denied.result, 0);
	assert_string_equal(denied.reason, words);
}

static void reason_names_what_is_missing_and_the_remedy(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);

	(void)state;
	assert_string_equal(
		tt_receiver_fallback_reason(receiver),
		"load the port filter into the kernel: Operation not permitted: it takes "
		"CAP_BPF: run as root, or give the program cap_net_raw,cap_bpf by "
		"setcap(8)");
	tt_receiver_free(receiver);
	assert_reason_when_denied(
		EPERM, "load the port filter into the kernel: Operation not permitted, in spite of "
		       "CAP_BPF: a user namespace, kernel lockdown, a security module or seccomp "
		       "forbids bpf(2)");
	assert_reason_when_denied(EACCES,
				  "load the port filter into the kernel: Permission denied: a "
				  "security module forbids bpf(2)");
	assert_reason_when_denied(
		ENOSYS, "load the port filter into the kernel: this kernel has no bpf(2): use one "
			"built with CONFIG_BPF_SYSCALL");
}

static void with_an_extended_program_there_is_no_reason(void **state)
{
	struct tt_receiver *receiver = NULL;

	(void)state;
	assert_int_equal(tt_receiver_new(&receiver, "4242", NULL, NULL, NULL, NULL), 0);
	assert_null(tt_receiver_fallback_reason(receiver));
	tt_receiver_free(receiver);
	assert_null(tt_receiver_fallback_reason(NULL));
}

/* ---------------------------------------------------------------------------- gate */

static void load(uint64_t count)
{
	struct tt_load_options options;
	struct tt_load *source;

	tt_load_options_init(&options);
	options.interface = TT_LAB_NEAR_INTERFACE;
	assert_int_equal(tt_load_new(&source, &options, NULL), 0);
	assert_int_equal(tt_load_send(source, count, NULL), 0);
	tt_load_free(source);
}

/* Loads before, while and after the receiver runs: only what comes meanwhile is taken. */
static void assert_taken_only_while_it_runs(struct tt_receiver *receiver)
{
	struct tt_accounting account;

	load(1000);
	assert_int_equal(tt_receiver_start(receiver), 0);
	load(500);
	assert_int_equal(tt_receiver_stop(receiver), 0);
	assert_int_equal(tt_receiver_run(receiver, NULL), 0);
	load(1000);
	account = take_final_account(receiver);
	assert_int_equal(tt_account_accepted(&account), 500);
	assert_int_equal(tt_account_delivered(&account), 500);
	tt_receiver_free(receiver);
}

static void nothing_is_taken_before_the_start_or_after_the_end(void **state)
{
	(void)state;
	assert_taken_only_while_it_runs(open_receiver("4242", NULL, NULL, defaults));
	assert_taken_only_while_it_runs(open_receiver(NULL, NULL, NULL, defaults));
}

static void a_filter_that_fills_its_memory_is_shut_all_the_same(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	struct tt_accounting account;

	(void)state;
	assert_int_equal(tt_receiver_start(receiver), 0);
	/* Played by one call, beside which there is no room: the next, after it is gone, has it. */
	refusal.passing = 0;
	refusal.refused = 1;
	refusal.error = ENOMEM;
	load(500);
	assert_int_equal(tt_receiver_stop(receiver), 0);
	assert_int_equal(tt_receiver_run(receiver, NULL), 0);
	load(1000);
	account = take_final_account(receiver);
	assert_int_equal(tt_account_accepted(&account), 500);
	tt_receiver_free(receiver);
}

static void a_start_without_room_for_filters_can_be_made_again(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	struct tt_accounting account;

	(void)state;
	refusal.passing = 1; /* the socket of IPv4 has got it */
	refusal.refused = 1;
	refusal.error = ENOBUFS;
	assert_int_equal(tt_receiver_start(receiver), -ENOBUFS);
	load(1000);
	assert_int_equal(tt_receiver_start(receiver), 0);
	load(500);
	account = end_receiver(receiver);
	assert_int_equal(tt_account_accepted(&account), 500);
}

/* -------------------------------------------------------- changes that are refused */

static void send_both(const int fds[2], unsigned int port, const char *words)
{
	char destination[TT_ADDRESS_TEXT_BYTES];

	(void)snprintf(destination, sizeof(destination), TT_LAB_NEAR_IPV4 ":%u", port);
	send_text(fds[0], destination, words);
	(void)snprintf(destination, sizeof(destination), "[" TT_LAB_NEAR_IPV6 "]:%u", port);
	send_text(fds[1], destination, words);
}

/* What the handler of such a receiver was given. */
struct given {
	unsigned int datagrams[2]; /* to port 5000, to port 5001 */
	unsigned int generations;  /* a bit for each */
};

static int note_given(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
		      size_t count, void *context)
{
	struct given *given = context;

	(void)receiver;
	for (size_t i = 0; i < count; i++) {
		given->datagrams[tt_address_port(&datagrams[i].destination) - 5000]++;
		given->generations |= 1U << datagrams[i].generation;
	}
	return 0;
}

/* Changes port 5000 to 5001 while attaching is refused, then again, and counts what comes. */
static struct tt_accounting refuse_change(struct tt_lab *lab, unsigned int passing,
					  unsigned int refused, int error)
{
	struct given given = { 0 };
	struct tt_receiver *receiver = open_receiver("5000", note_given, &given, defaults);
	const int fds[2] = { open_far_socket(lab, TT_LAB_FAR_IPV4 ":40001"),
			     open_far_socket(lab, "[" TT_LAB_FAR_IPV6 "]:40001") };
	struct tt_error failure = TT_ERROR_INIT;
	struct tt_accounting account;
	char words[TT_ERROR_MESSAGE_BYTES];

	assert_int_equal(tt_receiver_start(receiver), 0);
	refusal.passing = passing;
	refusal.refused = refused;
	refusal.error = error;
	assert_int_equal(tt_receiver_set_ports(receiver, "5001", &failure), -error);
	(void)snprintf(words, sizeof(words), "replace the filter: %s", strerror(error));
	assert_string_equal(failure.message, words);
	send_both(fds, 5000, "as before");
	send_both(fds, 5001, "not yet");
	/* Handled before the next change takes their route away. */
	while (given.datagrams[0] < 2)
		assert_true(tt_worker_dispatch(tt_receiver_worker(receiver, 0), 0, NULL) >= 0);
	assert_int_equal(given.generations, 1 << 1);

	refusal.refused = 0;
	assert_int_equal(tt_receiver_set_ports(receiver, "5001", NULL), 0);
	send_both(fds, 5000, "not any more");
	send_both(fds, 5001, "at last");
	account = end_receiver(receiver);
	assert_int_equal(given.datagrams[0], 2);
	assert_int_equal(given.datagrams[1], 2);
	assert_int_equal(given.generations, 1 << 1 | 1 << 2);
	assert_int_equal(account.outputs[0].withheld[TT_WITHHELD_NO_ROUTE], 0);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return account;
}

static void a_refused_change_leaves_the_old_one_in_force(void **state)
{
	struct tt_accounting account;

	/* The first socket has got the new one, the second has not. */
	account = refuse_change(*state, 1, 1, ENOBUFS);
	assert_int_equal(tt_account_accepted(&account), 4);
	account = refuse_change(*state, 0, 1, EINVAL);
	assert_int_equal(tt_account_accepted(&account), 4);
}

static void without_any_filter_the_old_one_is_still_in_force(void **state)
{
	/* Nor can it be put back: everything comes, and what is not wanted is left out. */
	struct tt_accounting account = refuse_change(*state, 0, UINT_MAX, ENOMEM);

	assert_int_equal(tt_account_delivered(&account), 4);
	assert_int_equal(tt_account_narrowed(&account), 1);
}

static void a_refused_route_leaves_ports_where_they_led(void **state)
{
	struct given given = { 0 }, given_route = { 0 };
	struct tt_receiver *receiver = open_receiver("5000", note_given, &given, defaults);
	const int fds[2] = { open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001"),
			     open_far_socket(*state, "[" TT_LAB_FAR_IPV6 "]:40001") };
	struct tt_accounting account;

	assert_int_equal(tt_receiver_start(receiver), 0);
	refusal.passing = 0;
	refusal.refused = 1;
	refusal.error = ENOBUFS;
	assert_int_equal(
		tt_receiver_add_route(receiver, "5000-5001", note_given, &given_route, NULL),
		-ENOBUFS);
	send_both(fds, 5000, "as before");
	send_both(fds, 5001, "no route");
	while (given.datagrams[0] < 2)
		assert_true(tt_worker_dispatch(tt_receiver_worker(receiver, 0), 0, NULL) >= 0);

	/* Nor does the next change of the main ports bring in those of the route. */
	assert_int_equal(tt_receiver_set_ports(receiver, "5000", NULL), 0);
	send_both(fds, 5001, "no route");
	assert_int_equal(tt_receiver_add_route(receiver, "5001", note_given, &given_route, NULL),
			 0);
	send_both(fds, 5000, "main");
	send_both(fds, 5001, "route");
	account = end_receiver(receiver);
	assert_int_equal(given.datagrams[0], 4);
	assert_int_equal(given.datagrams[1], 0);
	assert_int_equal(given_route.datagrams[0], 0);
	assert_int_equal(given_route.datagrams[1], 2);
	assert_int_equal(tt_account_accepted(&account), 6);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void words_that_mean_nothing_change_nothing(void **state)
{
	struct tt_receiver *receiver = open_receiver("4242", NULL, NULL, defaults);
	int fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	const struct tt_datagram *datagram;

	assert_int_equal(tt_receiver_start(receiver), 0);
	assert_int_equal(tt_receiver_set_ports(receiver, "65536", NULL), -EINVAL);
	assert_int_equal(tt_receiver_set_expression(receiver, "ether host", NULL), -EINVAL);
	assert_int_equal(tt_receiver_set_snap_bytes(receiver, 1, NULL), -EINVAL);
	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", "as before");
	datagram = pull_one(receiver);
	assert_payload(datagram, "as before");
	assert_int_equal(datagram->generation, 1);
	(void)close(fd);
	(void)end_receiver(receiver);
}

/* --------------------------------------------------------------- changes under load */

/* What one generation wants. */
struct terms {
	const char *ports_text;
	const char *expression;
	uint32_t snap_bytes;
	struct tt_ports ports; /* read from the text */
};

/* Terms that replace each other, round and round; neighbours differ in one thing. */
struct round {
	struct terms *terms;
	size_t terms_count;
	uint32_t changes_count;
	const uint16_t *ports; /* of the load; the first is in all terms */
};

/* What the handler sees of it. A generation's terms and times are written before it counts. */
struct watch {
	const struct round *round;
	_Atomic int64_t
		returned_at_ns[GENERATIONS_MAX]; /* of the change to it; INT64_MAX: not yet */
	uint32_t newest[PORTS_COUNT][TT_LOAD_FAMILY_COUNT];
	uint64_t datagrams[PORTS_COUNT][TT_LOAD_FAMILY_COUNT];
	_Atomic uint64_t progress; /* of IPv4 at the first port; for the load source */
	uint64_t cut;
	uint64_t unwanted, miscut, backward, leaked;
};

static const struct terms *terms_of(const struct round *round, uint32_t generation)
{
	return &round->terms[(generation - 1) % round->terms_count];
}

static bool is_wanted(const struct terms *terms, const struct tt_datagram *datagram)
{
	/* The only expression here is "ip". */
	return tt_ports_has(&terms->ports, tt_address_port(&datagram->destination)) &&
	       (!terms->expression || datagram->version == 4);
}

static bool is_cut_as_wanted(const struct terms *terms, const struct tt_datagram *datagram)
{
	uint32_t headers_bytes = (uint32_t)(datagram->payload - datagram->packet);
	uint32_t wanted = datagram->payload_bytes;

	if (terms->snap_bytes == TT_SNAP_HEADERS)
		wanted = 0;
	else if (terms->snap_bytes && terms->snap_bytes - headers_bytes < wanted)
		wanted = terms->snap_bytes - headers_bytes;
	return datagram->payload_captured_bytes == wanted;
}

static void watch_datagram(struct watch *watch, const struct tt_datagram *datagram)
{
	const struct terms *terms = terms_of(watch->round, datagram->generation);
	unsigned int family = datagram->version == 4 ? TT_LOAD_IPV4 : TT_LOAD_IPV6;
	unsigned int port = 0;

	while (port < PORTS_COUNT - 1 &&
	       watch->round->ports[port] != tt_address_port(&datagram->destination))
		port++;
	watch->datagrams[port][family]++;
	if (port == 0 && family == TT_LOAD_IPV4)
		atomic_store(&watch->progress, watch->datagrams[0][TT_LOAD_IPV4] * PORTS_COUNT);
	watch->cut += datagram->payload_captured_bytes < datagram->payload_bytes;
	watch->unwanted += !is_wanted(terms, datagram);
	watch->miscut += !is_cut_as_wanted(terms, datagram);
	watch->backward += datagram->generation < watch->newest[port][family];
	watch->newest[port][family] = datagram->generation;
	/* When the change to the next one had returned, nothing is of this one any more. */
	watch->leaked += datagram->time_ns >
			 atomic_load(&watch->returned_at_ns[datagram->generation + 1]);
}

static int watch_batch(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
		       size_t count, void *context)
{
	(void)receiver;
	for (size_t i = 0; i < count; i++)
		watch_datagram(context, &datagrams[i]);
	return 0;
}

struct changer {
	struct tt_receiver *receiver;
	struct tt_load *source;
	struct watch *watch;
	pthread_t thread;
	int failure;
};

static int change(struct tt_receiver *receiver, const struct terms *from, const struct terms *to)
{
	if (from->ports_text != to->ports_text)
		return tt_receiver_set_ports(receiver, to->ports_text, NULL);
	if (from->expression != to->expression)
		return tt_receiver_set_expression(receiver, to->expression, NULL);
	return tt_receiver_set_snap_bytes(receiver, to->snap_bytes, NULL);
}

static void *run_changer(void *argument)
{
	struct changer *changer = argument;
	const struct round *round = changer->watch->round;
	uint64_t sent = 0;

	for (uint32_t i = 1; i <= round->changes_count && changer->failure == 0; i++) {
		/* Some come to each term, however late the load source gets a CPU. */
		sent = tt_load_await_sent(changer->source, sent + FRAMES_A_CHANGE);
		changer->failure = change(changer->receiver, terms_of(round, i),
					  terms_of(round, i + 1));
		atomic_store(&changer->watch->returned_at_ns[i + 1], tt_clock_utc_now_ns());
	}
	tt_load_stop(changer->source);
	return NULL;
}

struct loader {
	const struct tt_lab *lab;
	struct tt_load *source;
	struct tt_receiver *receiver;
	pthread_t thread;
};

static void *run_loader(void *argument)
{
	struct loader *loader = argument;

	if (tt_lab_enter(loader->lab, TT_LAB_NEAR) == 0)
		(void)tt_load_send(loader->source, UINT64_MAX / 2, NULL); /* its counts tell */
	(void)tt_receiver_stop(loader->receiver); /* cannot fail: there is a receiver */
	return NULL;
}

/* Runs a receiver under load while the round goes on; the account is that of its end. */
static struct tt_accounting run_round(struct tt_lab *lab, struct watch *watch,
				      struct tt_load_counts *ret_sent)
{
	struct tt_receiver *receiver = open_receiver(watch->round->terms[0].ports_text, watch_batch,
						     watch, defaults);
	struct changer changer = { .receiver = receiver, .watch = watch };
	struct loader loader = { .lab = lab, .receiver = receiver };
	struct tt_accounting account;
	struct tt_load_options options;

	for (size_t i = 0; i < GENERATIONS_MAX; i++)
		atomic_init(&watch->returned_at_ns[i], INT64_MAX);
	tt_load_options_init(&options);
	options.interface = TT_LAB_NEAR_INTERFACE;
	options.ports = watch->round->ports;
	options.ports_count = PORTS_COUNT;
	options.rate_pps = RATE_PPS;
	options.reader_progress = &watch->progress; /* nothing may be lost here */
	assert_int_equal(tt_load_new(&loader.source, &options, NULL), 0);
	changer.source = loader.source;

	assert_int_equal(tt_receiver_start(receiver), 0);
	assert_int_equal(pthread_create(&loader.thread, NULL, run_loader, &loader), 0);
	assert_int_equal(pthread_create(&changer.thread, NULL, run_changer, &changer), 0);
	assert_int_equal(tt_receiver_run(receiver, NULL), 0);
	assert_int_equal(pthread_join(changer.thread, NULL), 0);
	assert_int_equal(pthread_join(loader.thread, NULL), 0);
	assert_int_equal(changer.failure, 0);
	tt_load_read_counts(loader.source, ret_sent);
	tt_load_free(loader.source);
	account = take_final_account(receiver);
	tt_receiver_free(receiver);
	return account;
}

static void read_ports(struct round *round)
{
	for (size_t i = 0; i < round->terms_count; i++)
		assert_int_equal(
			tt_ports_parse(round->terms[i].ports_text, &round->terms[i].ports, NULL),
			0);
}

static uint64_t sum_of(const uint64_t (*datagrams)[TT_LOAD_FAMILY_COUNT])
{
	uint64_t sum = 0;

	for (size_t port = 0; port < PORTS_COUNT; port++)
		sum += datagrams[port][TT_LOAD_IPV4] + datagrams[port][TT_LOAD_IPV6];
	return sum;
}

/* Each datagram was of its generation, in order and in time, and each is accounted for. */
static void assert_kept_to_terms(const struct watch *watch, const struct tt_accounting *account)
{
	assert_int_equal(watch->unwanted, 0);
	assert_int_equal(watch->miscut, 0);
	assert_int_equal(watch->backward, 0);
	assert_int_equal(watch->leaked, 0);
	assert_int_equal(tt_account_ring_dropped(account), 0);
	assert_int_equal(sum_of(watch->datagrams) +
				 account->outputs[0].withheld[TT_WITHHELD_NO_ROUTE],
			 tt_account_delivered(account));
	for (unsigned int port = 1; port < PORTS_COUNT; port++)
		assert_true(watch->datagrams[port][TT_LOAD_IPV4] > 0);
}

/* Ports are taken in turn in each family. */
static void assert_kept_port_lost_nothing(const struct watch *watch, uint64_t sent,
					  enum tt_load_family family)
{
	assert_in_range(watch->datagrams[0][family], sent / PORTS_COUNT, sent / PORTS_COUNT + 1);
}

static void ports_expression_and_snap_length_change_under_load(void **state)
{
	static const char first[] = "5000,5001", second[] = "5000,5002", words[] = "ip";
	static const uint16_t ports[] = { 5000, 5001, 5002 };
	static struct terms terms[] = {
		{ .ports_text = first },
		{ .ports_text = second },
		{ .ports_text = second, .expression = words },
		{ .ports_text = second, .expression = words, .snap_bytes = 64 },
		{ .ports_text = first, .expression = words, .snap_bytes = 64 },
		{ .ports_text = first, .snap_bytes = 64 },
		{ .ports_text = first, .snap_bytes = TT_SNAP_HEADERS },
	};
	struct round round = {
		.terms = terms, .terms_count = 7, .changes_count = CHANGES_COUNT, .ports = ports
	};
	struct watch watch = { .round = &round };
	struct tt_load_counts sent;
	struct tt_accounting account;

	read_ports(&round);
	account = run_round(*state, &watch, &sent);
	assert_kept_to_terms(&watch, &account);
	assert_kept_port_lost_nothing(&watch, sent.family[TT_LOAD_IPV4], TT_LOAD_IPV4);
	/* The expression left IPv6 out for a part of the time. */
	assert_in_range(watch.datagrams[0][TT_LOAD_IPV6], 1,
			sent.family[TT_LOAD_IPV6] / PORTS_COUNT - 1);
	assert_true(watch.cut > 0);
}

/* "0,STEP,..."; to be freed. */
static char *write_every(unsigned int step)
{
	char *text = malloc(ALL_PORTS_TEXT_BYTES);
	size_t length = 0;

	assert_non_null(text);
	for (unsigned int port = 0; port < TT_PORTS_COUNT; port += step)
		length += (size_t)snprintf(text + length, ALL_PORTS_TEXT_BYTES - length, "%s%u",
					   port ? "," : "", port);
	return text;
}

/* Ports of which a program has room for a part, replaced under load. */
static void change_dense_ports(struct tt_lab *lab)
{
	static const uint16_t ports[] = { 5000, 5002, 5005 };
	char *twos = write_every(2), *fives = write_every(5); /* owned */
	struct terms terms[] = { { .ports_text = twos }, { .ports_text = fives } };
	struct round round = { .terms = terms,
			       .terms_count = 2,
			       .changes_count = DENSE_CHANGES_COUNT,
			       .ports = ports };
	struct watch watch = { .round = &round };
	struct tt_load_counts sent;
	struct tt_accounting account;

	read_ports(&round);
	detached_count = 0;
	account = run_round(lab, &watch, &sent);
	assert_kept_to_terms(&watch, &account);
	assert_kept_port_lost_nothing(&watch, sent.family[TT_LOAD_IPV4], TT_LOAD_IPV4);
	assert_kept_port_lost_nothing(&watch, sent.family[TT_LOAD_IPV6], TT_LOAD_IPV6);
	assert_true(tt_account_narrowed(&account) > 0);
	free(twos);
	free(fives);
}

static void dense_ports_change_under_load_in_the_memory_of_older_kernels(void **state)
{
	limit_filter_memory(20480);
	change_dense_ports(*state);
}

static void dense_ports_change_under_load_where_one_filter_has_room(void **state)
{
	limit_filter_memory(12288);
	change_dense_ports(*state);
	/* Not even the smallest had room beside the one that it replaced. */
	assert_true(detached_count > 0);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, enter_classic_lab, leave_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(reason_names_what_is_missing_and_the_remedy),
		LAB_TEST(with_an_extended_program_there_is_no_reason),
		LAB_TEST(nothing_is_taken_before_the_start_or_after_the_end),
		LAB_TEST(a_filter_that_fills_its_memory_is_shut_all_the_same),
		LAB_TEST(a_start_without_room_for_filters_can_be_made_again),
		LAB_TEST(a_refused_change_leaves_the_old_one_in_force),
		LAB_TEST(without_any_filter_the_old_one_is_still_in_force),
		LAB_TEST(a_refused_route_leaves_ports_where_they_led),
		LAB_TEST(words_that_mean_nothing_change_nothing),
		LAB_TEST(ports_expression_and_snap_length_change_under_load),
		LAB_TEST(dense_ports_change_under_load_in_the_memory_of_older_kernels),
		LAB_TEST(dense_ports_change_under_load_where_one_filter_has_room),
	};

	if (!tt_lab_is_possible())
		return EXIT_SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
