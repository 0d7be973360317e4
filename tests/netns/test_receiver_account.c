/* SPDX-License-Identifier: MIT */

/*
 * Every packet accounted for, under load
 *
 * The load source puts exactly counted frames into the near interface on a thread of
 * its own, as fast as they go unless a test says otherwise, half of each family. So
 * what a receiver saw, rejected, dropped and delivered can be held against what was
 * sent, and sequence numbers tell a loss, a repetition and a reordering apart. Only
 * counts beyond 32 bits are played: the filter's counters are raised on the way. With
 * TT_TEST_FULL set the counts are those of a release test. Needs root.
 *
 * Not covered: what frames look like (netns.receiver), speed (scripts/bench).
 */

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "bpf/filter_state.h"
#include "tests/netns/receiver_fixture.h"

enum {
	EXIT_SKIPPED = 77,
	QUICK_FRAMES = 400000,
	FULL_FRAMES = 10000000,
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	PORT_CHANGES = 200, /* each waits for the kernel, whatever else is slow */
#else
	PORT_CHANGES = 1000,
#endif
	/* For a call of up to 64: sixteen times what the load source needs, if that has a CPU. */
	SLOW_HANDLER_NS = 2000000,
};

/* Packets of IPv4 that the filter seems to have seen and accepted besides the real ones. */
static uint64_t more_accepted;

/* The names are the linker's, for --wrap. NOLINTBEGIN */
int __real_bpf_map_lookup_elem(int fd, const void *key, void *value);
int __wrap_bpf_map_lookup_elem(int fd, const void *key, void *value);

int __wrap_bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	const uint32_t *source = key;
	struct tt_filter_counters *first_cpu = value;
	int r = __real_bpf_map_lookup_elem(fd, key, value);

	if (r == 0 && *source == TT_FILTER_SOURCE_IPV4) {
		first_cpu->seen += more_accepted;
		first_cpu->accepted += more_accepted;
	}
	return r;
}
/* NOLINTEND */

static bool is_full_run(void)
{
	return getenv("TT_TEST_FULL") != NULL;
}

static uint64_t frames_count(void)
{
	return is_full_run() ? FULL_FRAMES : QUICK_FRAMES;
}

/* A load source on its thread, on the near side. */
struct loader {
	const struct tt_lab *lab;
	struct tt_load *source;
	uint64_t count;
	pthread_t thread;
};

static void *run_loader(void *argument)
{
	struct loader *loader = argument;

	if (tt_lab_enter(loader->lab, TT_LAB_NEAR) < 0)
		return NULL;
	(void)tt_load_send(loader->source, loader->count, NULL); /* its counts tell */
	return NULL;
}

static struct tt_load_options near_load(void)
{
	struct tt_load_options options;

	tt_load_options_init(&options);
	options.interface = TT_LAB_NEAR_INTERFACE;
	return options;
}

static void start_loader(struct loader *loader, const struct tt_lab *lab,
			 const struct tt_load_options *options, uint64_t count)
{
	struct tt_error error = TT_ERROR_INIT;

	loader->lab = lab;
	loader->count = count;
	if (tt_load_new(&loader->source, options, &error) < 0)
		fail_msg("%s", error.message);
	assert_int_equal(pthread_create(&loader->thread, NULL, run_loader, loader), 0);
}

static struct tt_load_counts end_loader(struct loader *loader)
{
	struct tt_load_counts counts;

	assert_int_equal(pthread_join(loader->thread, NULL), 0);
	tt_load_read_counts(loader->source, &counts);
	tt_load_free(loader->source);
	return counts;
}

/* What a handler saw of the sequence numbers of each family. */
struct tally {
	uint64_t datagrams[TT_LOAD_FAMILY_COUNT];
	uint64_t next[TT_LOAD_FAMILY_COUNT];
	uint64_t gaps;     /* numbers that were left out */
	uint64_t backward; /* a number that had been passed: repeated or out of order */
	uint64_t stop_after;
	int64_t delay_ns; /* spent in each call */
	struct tt_receiver *receiver;
};

static uint64_t sequence_of(const struct tt_datagram *datagram)
{
	uint64_t sequence;

	memcpy(&sequence, datagram->payload + TT_LOAD_STAMP_SEQUENCE, sizeof(sequence));
	return be64toh(sequence);
}

static void note_datagram(struct tally *tally, const struct tt_datagram *datagram)
{
	unsigned int family = datagram->version == 4 ? TT_LOAD_IPV4 : TT_LOAD_IPV6;
	uint64_t sequence = sequence_of(datagram);

	tally->datagrams[family]++;
	if (sequence < tally->next[family]) {
		tally->backward++;
		return;
	}
	tally->gaps += sequence - tally->next[family];
	tally->next[family] = sequence + 1;
}

static uint64_t total(const struct tally *tally)
{
	return tally->datagrams[TT_LOAD_IPV4] + tally->datagrams[TT_LOAD_IPV6];
}

static int note_batch(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
		      size_t count, void *context)
{
	struct tally *tally = context;
	int64_t end_ns = tally->delay_ns ? tt_clock_now_ns() + tally->delay_ns : 0;

	for (size_t i = 0; i < count; i++)
		note_datagram(tally, &datagrams[i]);
	while (tally->delay_ns && tt_clock_now_ns() < end_ns)
		;
	if (tally->stop_after && total(tally) >= tally->stop_after)
		return tt_receiver_stop(receiver);
	return 0;
}

/* Stops a receiver once its loader is done. */
struct stopper {
	struct loader *loader;
	struct tt_receiver *receiver;
	pthread_t thread;
};

static void *run_stopper(void *argument)
{
	struct stopper *stopper = argument;

	(void)pthread_join(stopper->loader->thread,
			   NULL);                  /* it was created, and by nobody else joined */
	(void)tt_receiver_stop(stopper->receiver); /* cannot fail: there is a receiver */
	return NULL;
}

/* Loads a receiver with @options and runs it until all was sent and delivered. */
static struct tt_load_counts run_under_load(struct tt_receiver *receiver, const struct tt_lab *lab,
					    const struct tt_load_options *options, uint64_t count)
{
	struct tt_error error = TT_ERROR_INIT;
	struct stopper stopper = { .receiver = receiver };
	struct tt_load_counts counts;
	struct loader loader;

	assert_int_equal(tt_receiver_start(receiver), 0);
	start_loader(&loader, lab, options, count);
	stopper.loader = &loader;
	assert_int_equal(pthread_create(&stopper.thread, NULL, run_stopper, &stopper), 0);
	if (tt_receiver_run(receiver, &error) < 0)
		fail_msg("%s", error.message);
	assert_int_equal(pthread_join(stopper.thread, NULL), 0);

	tt_load_read_counts(loader.source, &counts);
	tt_load_free(loader.source);
	assert_int_equal(counts.sent, count);
	return counts;
}

/*
 * Everything that was sent was seen. What is no UDP may be more: a slow machine's
 * neighbours have something to say now and then. A classic filter does not tell; what it
 * accepted is asserted beside.
 */
static void assert_all_seen(const struct tt_accounting *account, const struct tt_load_counts *sent)
{
	uint64_t not_udp = tt_account_rejected(account, TT_REJECT_NOT_UDP);

	tt_account_assert_rejected_least(account, TT_REJECT_NOT_UDP, sent->kind[TT_LOAD_NOT_UDP]);
	tt_account_assert_seen(account, sent->sent - sent->kind[TT_LOAD_NOT_UDP] + not_udp);
}

/* A classic filter takes every fragment that is not the first: they are left out afterwards. */
static uint64_t left_to_narrow(const struct tt_load_counts *sent)
{
	return is_classic() ? sent->kind[TT_LOAD_FRAGMENT] : 0;
}

static void an_idle_receiver_accounts_for_nothing(void **state)
{
	struct tally tally = { 0 };
	struct tt_receiver *receiver = open_receiver("4242", note_batch, &tally,
						     (struct tt_receiver_opts){ 0 });
	struct tt_accounting account;

	(void)state;
	assert_int_equal(tt_receiver_start(receiver), 0);
	account = end_receiver(receiver);
	assert_int_equal(tt_account_accepted(&account), 0);
	assert_int_equal(account.nic_dropped, 0);
}

/* Datagrams of the load that never came: left out in between, or behind the last that came. */
static uint64_t missing(const struct tally *tally, const struct tt_load_counts *sent)
{
	return tally->gaps + (sent->family[TT_LOAD_IPV4] - tally->next[TT_LOAD_IPV4]) +
	       (sent->family[TT_LOAD_IPV6] - tally->next[TT_LOAD_IPV6]);
}

static void at_full_speed_nothing_is_missing_that_was_not_counted(void **state)
{
	struct tt_load_options options = near_load();
	struct tally tally = { 0 };
	struct tt_receiver *receiver = open_receiver("4242", note_batch, &tally,
						     (struct tt_receiver_opts){ 0 });
	struct tt_accounting account;
	struct tt_load_counts sent;

	sent = run_under_load(receiver, *state, &options, frames_count());
	account = take_final_account(receiver);
	assert_all_seen(&account, &sent);
	assert_int_equal(account.sources[TT_SOURCE_IPV4].accepted, sent.family[TT_LOAD_IPV4]);
	assert_int_equal(account.sources[TT_SOURCE_IPV6].accepted, sent.family[TT_LOAD_IPV6]);
	assert_int_equal(tally.backward, 0);
	assert_int_equal(missing(&tally, &sent), tt_account_ring_dropped(&account));
	assert_int_equal(total(&tally), tt_account_delivered(&account));
	tt_receiver_free(receiver);
}

static void each_frame_is_rejected_for_its_own_reason(void **state)
{
	struct tt_load_options options = near_load();
	struct tally tally = { 0 };
	struct tt_receiver *receiver = open_receiver("4242", note_batch, &tally,
						     (struct tt_receiver_opts){ 0 });
	struct tt_accounting account;
	struct tt_load_counts sent;

	options.wanted = (struct tt_load_share){ 1, 10 };
	options.malformed_every = 50;
	options.not_udp_every = 70;
	options.fragment_every = 110;
	sent = run_under_load(receiver, *state, &options, frames_count());
	account = take_final_account(receiver);

	assert_all_seen(&account, &sent);
	tt_account_assert_rejected(&account, TT_REJECT_PORT, sent.kind[TT_LOAD_UNWANTED]);
	tt_account_assert_rejected(&account, TT_REJECT_FRAGMENT, sent.kind[TT_LOAD_FRAGMENT]);
	/* Their ports are wanted: it is the length that is wrong. */
	assert_int_equal(tt_account_accepted(&account), sent.kind[TT_LOAD_WANTED] +
								sent.kind[TT_LOAD_MALFORMED] +
								left_to_narrow(&sent));
	assert_true(tt_account_narrowed(&account) <= left_to_narrow(&sent));
	assert_true(tt_account_narrowed(&account) + tt_account_ring_dropped(&account) >=
		    left_to_narrow(&sent));
	tt_receiver_free(receiver);
}

static void a_small_ring_and_a_slow_handler_lose_what_the_account_says(void **state)
{
	struct tt_receiver_opts opts = { .ring_bytes = TT_RING_BYTES_MIN };
	struct tt_load_options options = near_load();
	struct tally tally = { .delay_ns = SLOW_HANDLER_NS };
	struct tt_receiver *receiver = open_receiver("4242", note_batch, &tally, opts);
	struct tt_accounting account;
	struct tt_load_counts sent;

	sent = run_under_load(receiver, *state, &options, frames_count());
	account = take_final_account(receiver);

	assert_all_seen(&account, &sent);
	assert_int_equal(tt_account_accepted(&account), sent.sent);
	assert_true(tt_account_ring_dropped(&account) > 0);
	assert_true(account.sources[TT_SOURCE_IPV4].ring_freezes > 0);
	assert_int_equal(account.sources[TT_SOURCE_IPV4].ring_bytes, TT_RING_BYTES_MIN);
	assert_int_equal(total(&tally), tt_account_delivered(&account));
	assert_int_equal(tally.backward, 0);
	assert_int_equal(missing(&tally, &sent), tt_account_ring_dropped(&account));
	tt_receiver_free(receiver);
}

static void a_stalled_reader_loses_nothing_at_a_low_rate(void **state)
{
	struct tt_load_options options = near_load();
	struct tally tally = { 0 };
	struct tt_receiver *receiver = open_receiver("4242", note_batch, &tally,
						     (struct tt_receiver_opts){ 0 });
	struct tt_accounting account;
	struct loader loader;

	/* A tenth of a second in which nobody reads: 25 times as long as a block is kept open. */
	options.rate_pps = 1000;
	assert_int_equal(tt_receiver_start(receiver), 0);
	start_loader(&loader, *state, &options, 100);
	(void)end_loader(&loader);
	account = end_receiver(receiver);
	assert_int_equal(tt_account_ring_dropped(&account), 0);
	assert_int_equal(total(&tally), 100);
}

static void drops_beyond_32_bits_are_not_forgotten(void **state)
{
	struct tt_receiver_opts opts = { .ring_bytes = TT_RING_BYTES_MIN };
	struct tt_load_options options = near_load();
	struct tally tally = { .delay_ns = SLOW_HANDLER_NS };
	struct tt_receiver *receiver = open_receiver("4242", note_batch, &tally, opts);
	struct tt_accounting account;
	struct tt_load_counts sent;

	if (is_classic()) {
		tt_receiver_free(receiver);
		print_message("skipped: a classic filter has no counters to be raised\n");
		skip();
	}
	more_accepted = UINT64_C(3) << 32;
	sent = run_under_load(receiver, *state, &options, QUICK_FRAMES / 4);
	account = take_final_account(receiver);
	more_accepted = 0;
	assert_int_equal(tt_account_seen(&account), sent.sent + (UINT64_C(3) << 32));
	assert_int_equal(tt_account_ring_dropped(&account),
			 missing(&tally, &sent) + (UINT64_C(3) << 32));
	tt_receiver_free(receiver);
}

/* How often this thread gave up the CPU to wait. */
static long count_waits(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
	return usage.ru_nvcsw;
}

static void under_load_a_worker_wakes_up_once_a_beat(void **state)
{
	struct tt_load_options options = near_load();
	struct tally tally = { 0 };
	struct tt_receiver *receiver = open_receiver("4242", note_batch, &tally,
						     (struct tt_receiver_opts){ 0 });
	long waits = count_waits();
	struct tt_accounting account;
	struct tt_load_counts sent;

	options.rate_pps = 400000;
	sent = run_under_load(receiver, *state, &options, 400000);
	waits = count_waits() - waits;
	account = take_final_account(receiver);
	assert_int_equal(tt_account_accepted(&account), sent.sent);
	/* 250 beats a second; each ring alone would wake it as often, and for each full block. */
	assert_true(waits < sent.duration_ns / (TT_NS_PER_S / 375));
	tt_receiver_free(receiver);
}

static void after_a_load_a_single_datagram_is_not_kept_waiting(void **state)
{
	struct tt_load_options options = near_load();
	struct tt_receiver *receiver = open_receiver(
		"4242", NULL, NULL, (struct tt_receiver_opts){ .ring_bytes = 64 << 20 });
	int fd = open_far_socket(*state, TT_LAB_FAR_IPV4 ":40001");
	struct tt_load *source;
	uint64_t pulled = 0;

	assert_int_equal(tt_receiver_start(receiver), 0);
	assert_int_equal(tt_load_new(&source, &options, NULL), 0);
	assert_int_equal(tt_load_send(source, 20000, NULL), 0);
	tt_load_free(source);
	while (pulled < 20000) {
		const struct tt_datagram *datagrams;
		size_t count;

		assert_int_equal(tt_worker_receive(tt_receiver_worker(receiver, 0), PATIENCE_MS,
						   &datagrams, &count, NULL),
				 0);
		pulled += count;
	}
	assert_nothing_comes(receiver);
	send_text(fd, TT_LAB_NEAR_IPV4 ":4242", "alone");
	assert_int_equal(pull_one(receiver)->payload_bytes, strlen("alone"));
	(void)close(fd);
	(void)end_receiver(receiver);
}

/* Stops the receiver while the load goes on; @opts decide how much it has left then. */
static void stop_in_the_middle(struct tt_lab *lab, struct tt_receiver_opts opts,
			       struct tally *tally)
{
	struct tt_load_options options = near_load();
	struct tt_receiver *receiver = open_receiver("4242", note_batch, tally, opts);
	struct tt_accounting account;
	struct loader loader;

	tally->stop_after = frames_count() / 20;
	assert_int_equal(tt_receiver_start(receiver), 0);
	/* Without an end: a handler that got no CPU would never reach its stop. */
	start_loader(&loader, lab, &options, UINT64_MAX / 2);
	assert_int_equal(tt_receiver_run(receiver, NULL), 0);
	account = take_final_account(receiver);
	tt_load_stop(loader.source);
	(void)end_loader(&loader);

	assert_true(tt_account_accepted(&account) >= tally->stop_after);
	assert_int_equal(total(tally), tt_account_delivered(&account));
	assert_int_equal(account.outputs[0].written, total(tally));
	assert_int_equal(tally->backward, 0);
	tt_receiver_free(receiver);
}

static void a_stop_in_the_middle_delivers_all_that_was_accepted(void **state)
{
	struct tally tally = { 0 };

	stop_in_the_middle(*state, (struct tt_receiver_opts){ 0 }, &tally);
}

static void a_stop_with_full_rings_delivers_all_that_they_hold(void **state)
{
	struct tally tally = { .delay_ns = SLOW_HANDLER_NS };

	stop_in_the_middle(*state, (struct tt_receiver_opts){ .ring_bytes = TT_RING_BYTES_MIN },
			   &tally);
}

static int abort_at_once(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
			 size_t count, void *context)
{
	(void)note_batch(receiver, datagrams, count, context);
	return tt_receiver_abort(receiver);
}

static void an_abort_drops_the_rest_and_says_so(void **state)
{
	struct tt_load_options options = near_load();
	struct tally tally = { 0 };
	struct tt_receiver *receiver = open_receiver("4242", abort_at_once, &tally,
						     (struct tt_receiver_opts){ 0 });
	struct tt_accounting account;
	struct loader loader;

	assert_int_equal(tt_receiver_start(receiver), 0);
	/* All of it waits in the rings before the first is handed over. */
	start_loader(&loader, *state, &options, 20000);
	(void)end_loader(&loader);
	assert_int_equal(tt_receiver_run(receiver, NULL), 0);
	account = take_final_account(receiver);
	assert_int_equal(tt_account_accepted(&account), 20000);
	assert_int_equal(account.outputs[0].written, total(&tally));
	assert_int_equal(account.outputs[0].dropped,
			 tt_account_delivered(&account) - total(&tally));
	assert_true(account.outputs[0].dropped > 0);
	tt_receiver_free(receiver);
}

/* Runs a second receiver on a thread, with its own tally. */
struct second {
	struct tt_receiver *receiver;
	pthread_t thread;
};

static void *run_second(void *argument)
{
	struct second *second = argument;

	(void)tt_receiver_run(second->receiver, NULL); /* its account tells */
	return NULL;
}

static void receivers_side_by_side_do_not_disturb_each_other(void **state)
{
	struct tt_load_options options = near_load();
	struct tally first_tally = { 0 }, second_tally = { 0 };
	struct tt_receiver *first = open_receiver("4242", note_batch, &first_tally,
						  (struct tt_receiver_opts){ 0 });
	struct second second = { .receiver = open_receiver("9", note_batch, &second_tally,
							   (struct tt_receiver_opts){ 0 }) };
	struct tt_accounting account;
	struct tt_load_counts sent;

	options.wanted = (struct tt_load_share){ 1, 2 };
	assert_int_equal(tt_receiver_start(second.receiver), 0);
	assert_int_equal(pthread_create(&second.thread, NULL, run_second, &second), 0);
	sent = run_under_load(first, *state, &options, frames_count());
	assert_int_equal(tt_receiver_stop(second.receiver), 0);
	assert_int_equal(pthread_join(second.thread, NULL), 0);

	account = take_final_account(first);
	assert_all_seen(&account, &sent);
	assert_int_equal(tt_account_accepted(&account), sent.kind[TT_LOAD_WANTED]);
	account = take_final_account(second.receiver);
	assert_all_seen(&account, &sent);
	assert_int_equal(tt_account_accepted(&account), sent.kind[TT_LOAD_UNWANTED]);
	assert_int_equal(first_tally.backward + second_tally.backward, 0);
	tt_receiver_free(first);
	tt_receiver_free(second.receiver);
}

enum {
	KEPT_PORT = 5000,     /* in every set; the next two take turns */
	FRAMES_A_CHANGE = 64, /* at least */
};

/* What a handler saw while ports changed; indexed by port, from KEPT_PORT on. */
struct changes {
	uint64_t datagrams[3];
	uint64_t leaked; /* stamped when their port had left the set for good */
	_Atomic int64_t
		removed_at_ns[3];  /* when the change had returned; INT64_MAX: it is in the set */
	_Atomic uint64_t progress; /* of IPv4 at KEPT_PORT; for the load source */
};

static int note_port(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
		     size_t count, void *context)
{
	struct changes *changes = context;

	(void)receiver;
	for (size_t i = 0; i < count; i++) {
		unsigned int port = tt_address_port(&datagrams[i].destination) - KEPT_PORT;

		changes->datagrams[port]++;
		if (port == 0 && datagrams[i].version == 4)
			atomic_store(&changes->progress, sequence_of(&datagrams[i]) + 1);
		if (datagrams[i].time_ns > atomic_load(&changes->removed_at_ns[port]))
			changes->leaked++;
	}
	return 0;
}

struct changer {
	struct tt_receiver *receiver;
	struct tt_load *source;
	struct changes *changes;
	pthread_t thread;
	int failure;
};

static void *change_ports(void *argument)
{
	struct changer *changer = argument;
	uint64_t sent = 0;

	for (unsigned int i = 0; i < PORT_CHANGES && changer->failure == 0; i++) {
		unsigned int added = i % 2 == 0 ? 1 : 2; /* and the other goes */

		/* Some come to each set, however late the load source gets a CPU. */
		sent = tt_load_await_sent(changer->source, sent + FRAMES_A_CHANGE);
		atomic_store(&changer->changes->removed_at_ns[added], INT64_MAX);
		changer->failure = tt_receiver_set_ports(
			changer->receiver, added == 1 ? "5000,5001" : "5000,5002", NULL);
		atomic_store(&changer->changes->removed_at_ns[3 - added], tt_clock_utc_now_ns());
	}
	tt_load_stop(changer->source);
	return NULL;
}

static void ports_change_under_load_without_loss_or_leak(void **state)
{
	static const uint16_t ports[] = { KEPT_PORT, KEPT_PORT + 1, KEPT_PORT + 2 };
	struct tt_load_options options = near_load();
	struct changes changes = { .removed_at_ns = { INT64_MAX, INT64_MAX, INT64_MAX } };
	struct tt_receiver *receiver = open_receiver("5000,5002", note_port, &changes,
						     (struct tt_receiver_opts){ 0 });
	struct changer changer = { .receiver = receiver, .changes = &changes };
	struct tt_accounting account;
	struct tt_load_counts sent;
	struct stopper stopper = { .receiver = receiver };
	struct loader loader;

	options.ports = ports;
	options.ports_count = 3;
	options.rate_pps = 100000;
	options.reader_progress = &changes.progress; /* nothing may be lost here */
	assert_int_equal(tt_receiver_start(receiver), 0);
	start_loader(&loader, *state, &options, UINT64_MAX / 2);
	changer.source = loader.source;
	stopper.loader = &loader;
	assert_int_equal(pthread_create(&changer.thread, NULL, change_ports, &changer), 0);
	assert_int_equal(pthread_create(&stopper.thread, NULL, run_stopper, &stopper), 0);
	assert_int_equal(tt_receiver_run(receiver, NULL), 0);
	assert_int_equal(pthread_join(changer.thread, NULL), 0);
	assert_int_equal(pthread_join(stopper.thread, NULL), 0);
	tt_load_read_counts(loader.source, &sent);
	tt_load_free(loader.source);

	account = take_final_account(receiver);
	assert_int_equal(changer.failure, 0);
	assert_all_seen(&account, &sent);
	assert_int_equal(tt_account_ring_dropped(&account), 0);
	/* Ports are taken in turn in each family, so each has a third, to the last round. */
	assert_in_range(changes.datagrams[0], sent.sent / 3 - 2, sent.sent / 3 + 2);
	assert_int_equal(changes.leaked, 0);
	assert_true(changes.datagrams[1] > 0 && changes.datagrams[2] > 0);
	tt_account_assert_rejected_least(&account, TT_REJECT_PORT, 1);
	assert_int_equal(changes.datagrams[0] + changes.datagrams[1] + changes.datagrams[2] +
				 account.outputs[0].withheld[TT_WITHHELD_NO_ROUTE],
			 tt_account_accepted(&account) - tt_account_narrowed(&account));
	tt_receiver_free(receiver);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, enter_lab, leave_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(an_idle_receiver_accounts_for_nothing),
		LAB_TEST(at_full_speed_nothing_is_missing_that_was_not_counted),
		LAB_TEST(each_frame_is_rejected_for_its_own_reason),
		LAB_TEST(a_small_ring_and_a_slow_handler_lose_what_the_account_says),
		LAB_TEST(a_stalled_reader_loses_nothing_at_a_low_rate),
		LAB_TEST(drops_beyond_32_bits_are_not_forgotten),
		LAB_TEST(under_load_a_worker_wakes_up_once_a_beat),
		LAB_TEST(after_a_load_a_single_datagram_is_not_kept_waiting),
		LAB_TEST(a_stop_in_the_middle_delivers_all_that_was_accepted),
		LAB_TEST(a_stop_with_full_rings_delivers_all_that_they_hold),
		LAB_TEST(an_abort_drops_the_rest_and_says_so),
		LAB_TEST(receivers_side_by_side_do_not_disturb_each_other),
		LAB_TEST(ports_change_under_load_without_loss_or_leak),
	};

	if (!tt_lab_is_possible())
		return EXIT_SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
