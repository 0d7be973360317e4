/* SPDX-License-Identifier: MIT */

/*
 * Changes of ports and expression while packets flow
 *
 * The load source sends to sixteen ports in turn, port n from source port n, so that a flow is
 * known by its port and its sequence numbers by the flow; a thread changes what is wanted
 * again and again, and writes down before each change what its generation will want. Whoever
 * handles the datagrams holds each against that. With TT_TEST_FULL set the counts are
 * those of a release test. Needs root.
 *
 * Not covered: fragments (netns.receiver_fragments), what each condition means
 * (netns.receiver_conditions), frames of two generations in every order (unit.stage.narrow).
 */

#include <bpf/bpf.h>
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "bpf/filter_program.h"
#include "tests/netns/receiver_fixture.h"
#include "tests/support/random.h"

enum {
	EXIT_SKIPPED = 77,
	FLOWS_COUNT = 16,
	FIRST_PORT = 5000,
	FIRST_SOURCE_PORT = 40000,
	GENERATIONS_MAX = 12000,
	TEXT_BYTES = 256,
	PACED_PPS = 100000,
	CHANGE_EVERY = 2000,               /* datagrams, from within the handler */
	SLOW_PPS = 20000,                  /* while nobody empties the rings */
	EXPRESSION_FDS_MAX = 1,            /* that of the expression that counts */
	EXPRESSION_PROGRAMS_MAX = 2,       /* one in each bank, however late the worker is */
	HEAP_GROWTH_BYTES_MAX = 512 << 10, /* a generation takes nearly 10 KiB */
	FDS_MAX = 256,                     /* far more than a test has */
	CHANGE_WAITS_MAX = 8, /* at the median, in waits for the kernel: that is what it does */
	CHANGE_MS_MAX = 500,  /* what it may take besides */
	WAIT_EVERY = 8,       /* changes, a wait for the kernel is timed */
};

/* What a generation wants: flows, and of these even or odd sequence numbers or both. */
struct want {
	uint32_t ports;  /* bit n: the port of flow n */
	uint32_t flows;  /* by the expression, likewise */
	uint32_t parity; /* 0, 1, or 2: both */
};

struct flow {
	uint64_t next_sequence; /* at least */
	uint64_t count;
	uint32_t generation;
};

/* Checks what a handler gets. Written by the worker's thread, but for @wants. */
struct watcher {
	struct want wants[GENERATIONS_MAX]; /* of a generation, before it begins */
	struct flow flows[TT_LOAD_FAMILY_COUNT][FLOWS_COUNT];
	/* One more than the highest sequence number of a generation's datagrams. */
	uint64_t ends[GENERATIONS_MAX][TT_LOAD_FAMILY_COUNT];
	uint64_t unwanted_count; /* did not meet what its generation wants */
	uint64_t disorder_count; /* came behind a later one of its flow */
	uint64_t falling_count;  /* of an older generation than one before it in its flow */
	uint64_t gaps_count;     /* in the first flow, which every generation wants whole */
	uint64_t count;
	_Atomic uint64_t progress; /* of the first flow of IPv4; for the load source */
};

/* Changes, and a load source meanwhile. */
struct changer {
	const struct tt_lab *lab;
	struct tt_receiver *receiver;
	struct tt_load *load;
	struct watcher *watcher;
	struct tt_random random;
	uint32_t ports_count; /* of changes to make */
	uint32_t expressions_count;
	bool has_parity;
	uint32_t newest; /* generation */
	/* How many the load source had made when the change to a generation returned. */
	uint64_t sent[GENERATIONS_MAX][TT_LOAD_FAMILY_COUNT];
	int64_t durations_ns[GENERATIONS_MAX];
	int64_t waits_ns[GENERATIONS_MAX / WAIT_EVERY + 1];
	size_t waits_count;
	int failure;
	size_t programs_max;
	_Atomic bool is_over;
	pthread_t load_thread;
	pthread_t thread;
};

static bool is_full_run(void)
{
	return getenv("TT_TEST_FULL") != NULL;
}

/* ---------------------------------------------------------------------- the handler */

static bool is_wanted(const struct want *want, uint32_t flow, uint64_t sequence)
{
	return (want->ports & want->flows) >> flow & 1 &&
	       (want->parity == 2 || (sequence & 1) == want->parity);
}

static void watch(struct watcher *watcher, const struct tt_datagram *datagram)
{
	uint32_t port = be16toh(datagram->destination.ipv4.sin_port); /* at one place in both */
	uint32_t index = (port - FIRST_PORT) % FLOWS_COUNT;
	uint32_t generation = datagram->generation % GENERATIONS_MAX;
	uint32_t family = datagram->version == 6;
	struct flow *flow = &watcher->flows[family][index];
	uint64_t sequence;

	memcpy(&sequence, datagram->payload + TT_LOAD_STAMP_SEQUENCE, sizeof(sequence));
	sequence = be64toh(sequence);

	watcher->count++;
	watcher->unwanted_count += !is_wanted(&watcher->wants[generation], index, sequence);
	watcher->disorder_count += sequence < flow->next_sequence;
	watcher->falling_count += generation < flow->generation;
	if (index == 0)
		watcher->gaps_count += sequence != flow->next_sequence;
	if (index == 0 && family == TT_LOAD_IPV4)
		atomic_store(&watcher->progress, sequence + 1);
	flow->next_sequence = sequence + (index == 0 ? FLOWS_COUNT : 1);
	flow->generation = generation;
	flow->count++;
	if (watcher->ends[generation][family] <= sequence)
		watcher->ends[generation][family] = sequence + 1;
}

static int watch_all(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
		     size_t count, void *context)
{
	(void)receiver;
	for (size_t i = 0; i < count; i++)
		watch(context, &datagrams[i]);
	return 0;
}

/* --------------------------------------------------------------- what could be leaked */

static size_t count_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	(void)closedir(directory);
	return count;
}

/*
 * The map by which the receiver's filter goes on with an expression: the newest, since a
 * test that failed leaves its receiver behind.
 */
static uint32_t find_slots_map(void)
{
	uint32_t found = 0;

	for (int fd = 0; fd < FDS_MAX; fd++) {
		struct bpf_map_info info = { 0 };
		uint32_t info_bytes = sizeof(info);
		char path[32], target[32] = "";

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, target, sizeof(target) - 1) < 0 ||
		    strcmp(target, "anon_inode:bpf-map") != 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &info, &info_bytes) == 0 &&
		    strcmp(info.name, "slots") == 0 && info.id > found)
			found = info.id;
	}
	return found;
}

static bool is_expression_of(int fd, uint32_t map_id)
{
	uint32_t maps[4] = { 0 };
	struct bpf_prog_info info = { .nr_map_ids = 4, .map_ids = (uintptr_t)maps };
	uint32_t info_bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &info_bytes) != 0 ||
	    strcmp(info.name, "tt_expression") != 0)
		return false;
	for (uint32_t i = 0; i < info.nr_map_ids && i < 4; i++) {
		if (maps[i] == map_id)
			return true;
	}
	return false;
}

/* Expressions in the kernel that belong to the filter with that map. */
static size_t count_expression_programs(uint32_t map_id)
{
	size_t count = 0;
	uint32_t id = 0;

	while (bpf_prog_get_next_id(id, &id) == 0) {
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue; /* gone meanwhile */
		count += is_expression_of(fd, map_id);
		(void)close(fd);
	}
	return count;
}

/*
 * How many expressions the kernel keeps of the filter with that map. Called while nobody changes
 * it: then what is more than the banks hold can only go, and whoever walks over all
 * programs, as this function does in other processes, holds one for a moment.
 */
static size_t await_expression_programs(uint32_t map_id)
{
	int64_t deadline_ns = tt_clock_now_ns() + PATIENCE_MS * TT_NS_PER_MS;
	size_t count;

	do
		count = count_expression_programs(map_id);
	while (count > EXPRESSION_PROGRAMS_MAX && tt_clock_now_ns() < deadline_ns);
	return count;
}

/* ------------------------------------------------------------------------- changes */

static void write_ports(uint32_t ports, char *text)
{
	size_t length = 0;

	for (uint32_t i = 0; i < FLOWS_COUNT; i++) {
		if (ports >> i & 1)
			length += (size_t)snprintf(text + length, TEXT_BYTES - length, "%s%u",
						   length ? "," : "", FIRST_PORT + i);
	}
}

static void write_expression(const struct want *want, uint32_t last, char *text)
{
	size_t length = (size_t)snprintf(text, TEXT_BYTES, "udp src portrange %d-%u",
					 FIRST_SOURCE_PORT, FIRST_SOURCE_PORT + last);

	/* The last word of the load source's sequence number. */
	if (want->parity != 2)
		(void)snprintf(text + length, TEXT_BYTES - length,
			       " and ((ip and ip[%d:4] & 1 = %u) or (ip6 and ip6[%d:4] & 1 = %u))",
			       20 + 8 + TT_LOAD_STAMP_SEQUENCE + 4, want->parity,
			       40 + 8 + TT_LOAD_STAMP_SEQUENCE + 4, want->parity);
}

static int change_ports(struct changer *changer, struct want *want)
{
	char text[TEXT_BYTES];

	/* The first is in every set. */
	want->ports = (tt_random_next(&changer->random) & ((1 << FLOWS_COUNT) - 1)) | 1;
	write_ports(want->ports, text);
	changer->watcher->wants[changer->newest + 1] = *want;
	return tt_receiver_set_ports(changer->receiver, text, NULL);
}

static int change_expression(struct changer *changer, struct want *want)
{
	uint32_t last = tt_random_below(&changer->random, FLOWS_COUNT);
	char text[TEXT_BYTES];

	want->flows = (2U << last) - 1;
	want->parity = changer->has_parity ? tt_random_below(&changer->random, 3) : 2;
	write_expression(want, last, text);
	changer->watcher->wants[changer->newest + 1] = *want;
	return tt_receiver_set_expression(changer->receiver, text, NULL);
}

/* Makes the change number @index, and notes what it did. */
static int change(struct changer *changer, uint32_t index)
{
	struct want want = changer->watcher->wants[changer->newest];
	uint32_t all = changer->ports_count + changer->expressions_count;
	int64_t start_ns = tt_clock_now_ns();
	struct tt_load_counts counts;
	int r;

	/* Evenly spread among the others. */
	if ((uint64_t)(index + 1) * changer->expressions_count / all !=
	    (uint64_t)index * changer->expressions_count / all)
		r = change_expression(changer, &want);
	else
		r = change_ports(changer, &want);
	if (r < 0)
		return r;
	changer->durations_ns[index] = tt_clock_now_ns() - start_ns;
	changer->newest++;
	tt_load_read_counts(changer->load, &counts);
	for (int family = 0; family < TT_LOAD_FAMILY_COUNT; family++)
		changer->sent[changer->newest][family] = counts.by[family][TT_LOAD_WANTED];
	return 0;
}

/* How long the kernel takes now to see packets under way off. */
static void time_wait(struct changer *changer)
{
	int64_t start_ns = tt_clock_now_ns();
	int r = tt_filter_program_wait_quiescent();

	if (r < 0)
		changer->failure = r;
	changer->waits_ns[changer->waits_count++] = tt_clock_now_ns() - start_ns;
}

static void *run_load(void *argument)
{
	struct changer *changer = argument;

	if (tt_lab_enter(changer->lab, TT_LAB_NEAR) < 0)
		return NULL;
	(void)tt_load_send(changer->load, UINT64_MAX, NULL); /* its counts tell */
	return NULL;
}

static void *run_changes(void *argument)
{
	struct changer *changer = argument;
	uint32_t all = changer->ports_count + changer->expressions_count;
	uint32_t map_id = find_slots_map();

	for (uint32_t i = 0; i < all && changer->failure == 0; i++) {
		changer->failure = change(changer, i);
		if (i % WAIT_EVERY == 0 && changer->failure == 0)
			time_wait(changer);
		if (i % 32 == 0) {
			size_t programs = await_expression_programs(map_id);

			if (programs > changer->programs_max)
				changer->programs_max = programs;
		}
	}
	tt_load_stop(changer->load);
	(void)pthread_join(changer->load_thread, NULL);
	(void)tt_receiver_stop(changer->receiver);
	return NULL;
}

static struct tt_load *make_load(uint64_t rate_pps, const _Atomic uint64_t *progress)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_load_options options;
	uint16_t ports[FLOWS_COUNT];
	struct tt_load *load = NULL;

	tt_load_options_init(&options);
	for (uint32_t i = 0; i < FLOWS_COUNT; i++)
		ports[i] = (uint16_t)(FIRST_PORT + i);
	options.interface = TT_LAB_NEAR_INTERFACE;
	options.ports = ports;
	options.ports_count = FLOWS_COUNT;
	options.source_port = FIRST_SOURCE_PORT;
	options.flows_count = FLOWS_COUNT;
	options.rate_pps = rate_pps;
	options.reader_progress = rate_pps ? progress : NULL; /* flat out, rings may overflow */
	if (tt_load_new(&load, &options, &error) < 0)
		fail_msg("%s", error.message);
	return load;
}

static int compare_durations(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;

	return (a > b) - (a < b);
}

static void assert_durations(struct changer *changer, const char *what)
{
	size_t count = changer->ports_count + changer->expressions_count;
	int64_t median_ns, wait_ns;

	qsort(changer->durations_ns, count, sizeof(int64_t), compare_durations);
	qsort(changer->waits_ns, changer->waits_count, sizeof(int64_t), compare_durations);
	median_ns = changer->durations_ns[count / 2];
	wait_ns = changer->waits_ns[changer->waits_count / 2];
	print_message("%s: %zu changes, median %.1f ms, longest %.1f ms; a wait %.1f ms\n", what,
		      count, (double)median_ns / 1e6,
		      (double)changer->durations_ns[count - 1] / 1e6, (double)wait_ns / 1e6);
	assert_true(median_ns < CHANGE_WAITS_MAX * wait_ns + CHANGE_MS_MAX * TT_NS_PER_MS);
}

static void assert_watched(const struct watcher *watcher)
{
	assert_true(watcher->count > 0);
	assert_int_equal(watcher->unwanted_count, 0);
	assert_int_equal(watcher->disorder_count, 0);
	assert_int_equal(watcher->falling_count, 0);
}

/* What was sent after the return of a change is of its generation, or of a newer one. */
static void assert_returns(const struct changer *changer)
{
	for (int family = 0; family < TT_LOAD_FAMILY_COUNT; family++) {
		uint64_t end = 0;

		for (uint32_t newer = 2; newer <= changer->newest; newer++) {
			if (end < changer->watcher->ends[newer - 1][family])
				end = changer->watcher->ends[newer - 1][family];
			assert_true(end <= changer->sent[newer][family]);
		}
	}
}

static struct changer *make_changer(struct tt_lab *lab, uint64_t rate_pps, uint64_t ring_bytes)
{
	struct tt_receiver_opts opts = { .ring_bytes = ring_bytes };
	struct changer *changer = calloc(1, sizeof(*changer));

	assert_non_null(changer);
	changer->watcher = calloc(1, sizeof(*changer->watcher));
	assert_non_null(changer->watcher);
	changer->lab = lab;
	changer->newest = 1;
	changer->watcher->wants[1] = (struct want){ .ports = 1, .flows = UINT32_MAX, .parity = 2 };
	tt_random_init(&changer->random, 1);
	changer->receiver = open_receiver("5000", watch_all, changer->watcher, opts);
	changer->load = make_load(rate_pps, &changer->watcher->progress);
	return changer;
}

static void free_changer(struct changer *changer)
{
	tt_load_free(changer->load);
	tt_receiver_free(changer->receiver);
	free(changer->watcher);
	free(changer);
}

/* Changes and loads on threads, and receives on this one, to the end. */
static struct tt_accounting run_under_changes(struct changer *changer)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_accounting account;
	struct tt_load_counts counts;

	assert_int_equal(tt_receiver_start(changer->receiver), 0);
	assert_int_equal(pthread_create(&changer->load_thread, NULL, run_load, changer), 0);
	assert_int_equal(pthread_create(&changer->thread, NULL, run_changes, changer), 0);
	if (tt_receiver_run(changer->receiver, &error) < 0)
		fail_msg("%s", error.message);
	assert_int_equal(pthread_join(changer->thread, NULL), 0);
	assert_int_equal(changer->failure, 0);

	account = take_final_account(changer->receiver);
	tt_load_read_counts(changer->load, &counts);
	for (int family = 0; family < TT_LOAD_FAMILY_COUNT; family++)
		assert_int_equal(account.sources[family].seen, counts.family[family]);
	assert_int_equal(account.outputs[0].given +
				 account.outputs[0].withheld[TT_WITHHELD_NO_ROUTE],
			 tt_account_delivered(&account));
	assert_int_equal(account.outputs[0].given, changer->watcher->count);
	return account;
}

/* 0 where a sanitizer has its own heap. */
static size_t heap_bytes(void)
{
	return mallinfo2().uordblks;
}

/* Runs the changes, and looks whether anything is left of them. */
static struct tt_accounting run_without_leaks(struct changer *changer, const char *what)
{
	size_t fds_before = count_fds(), heap_before = heap_bytes();
	struct tt_accounting account = run_under_changes(changer);
	size_t heap_after;

	/* Conditions that a late worker still needed are let go by the next change. */
	assert_int_equal(tt_receiver_set_snap_bytes(changer->receiver, 0, NULL), 0);
	heap_after = heap_bytes();
	print_message("%s: heap %zd KiB more, %zu expressions in the kernel at most\n", what,
		      ((ssize_t)heap_after - (ssize_t)heap_before) / 1024, changer->programs_max);
	assert_true(count_fds() <= fds_before + EXPRESSION_FDS_MAX);
	assert_in_range(changer->programs_max, 1, EXPRESSION_PROGRAMS_MAX);
	assert_true(heap_after <= heap_before + HEAP_GROWTH_BYTES_MAX);
	assert_durations(changer, what);
	return account;
}

static void what_two_generations_want_is_never_lost(void **state)
{
	struct changer *changer = make_changer(*state, PACED_PPS, 64 << 20);
	struct tt_accounting account;

	changer->ports_count = is_full_run() ? 1000 : 60;
	changer->expressions_count = is_full_run() ? 200 : 20;
	account = run_without_leaks(changer, "paced");
	assert_int_equal(tt_account_ring_dropped(&account), 0);
	assert_watched(changer->watcher);
	assert_returns(changer);
	assert_int_equal(changer->watcher->gaps_count, 0);
	for (int family = 0; family < TT_LOAD_FAMILY_COUNT; family++)
		assert_true(changer->watcher->flows[family][0].next_sequence + FLOWS_COUNT >
			    account.sources[family].seen);
	free_changer(changer);
}

static void every_datagram_meets_its_generation_flat_out(void **state)
{
	struct changer *changer = make_changer(*state, 0, 0);

	changer->has_parity = true;
	changer->ports_count = is_full_run() ? 10000 : 90;
	changer->expressions_count = is_full_run() ? 1000 : 40;
	(void)run_without_leaks(changer, "flat out");
	assert_watched(changer->watcher);
	assert_returns(changer);
	free_changer(changer);
}

/* Changes something now and then, on the worker's own thread. */
static int change_and_watch(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
			    size_t count, void *context)
{
	struct changer *changer = context;
	uint32_t all = changer->ports_count + changer->expressions_count;

	(void)watch_all(receiver, datagrams, count, changer->watcher);
	if (changer->newest <= all && changer->watcher->count / CHANGE_EVERY >= changer->newest &&
	    changer->failure == 0)
		changer->failure = change(changer, changer->newest - 1);
	if (changer->newest <= all && changer->failure == 0)
		return 0;
	tt_load_stop(changer->load);
	return 0;
}

static void *load_and_stop(void *argument)
{
	struct changer *changer = argument;

	(void)run_load(changer);
	(void)tt_receiver_stop(changer->receiver);
	return NULL;
}

static void a_handler_may_change_what_it_gets(void **state)
{
	struct changer *changer = make_changer(*state, SLOW_PPS, 64 << 20);
	struct tt_receiver_opts opts = { .ring_bytes = 64 << 20 };
	struct tt_accounting account;

	tt_receiver_free(changer->receiver);
	changer->receiver = open_receiver("5000", change_and_watch, changer, opts);
	changer->ports_count = 8;
	changer->expressions_count = 4;
	assert_int_equal(pthread_create(&changer->load_thread, NULL, load_and_stop, changer), 0);
	assert_int_equal(tt_receiver_run(changer->receiver, NULL), 0);
	assert_int_equal(pthread_join(changer->load_thread, NULL), 0);
	assert_int_equal(changer->failure, 0);
	assert_int_equal(changer->newest, 1 + 8 + 4);

	account = take_final_account(changer->receiver);
	assert_watched(changer->watcher);
	assert_int_equal(tt_account_ring_dropped(&account), 0);
	assert_int_equal(changer->watcher->gaps_count, 0);
	free_changer(changer);
}

/* One of two threads that change at once. */
struct rival {
	struct tt_receiver *receiver;
	bool changes_ports;
	uint32_t changes_count;
	int failure;
};

static void *run_rival(void *argument)
{
	static const char *const ports[] = { "5000-5015", "5000-5007", "5000,5002,5004" };
	static const char *const expressions[] = { "udp", "", "src portrange 40000-40003" };
	struct rival *rival = argument;

	/* The last is the first: every flow is wanted then. */
	for (uint32_t i = 0; i < rival->changes_count && rival->failure == 0; i++) {
		uint32_t choice = (rival->changes_count - 1 - i) % 3;

		if (rival->changes_ports)
			rival->failure = tt_receiver_set_ports(rival->receiver, ports[choice],
							       NULL);
		else
			rival->failure = tt_receiver_set_expression(rival->receiver,
								    expressions[choice], NULL);
	}
	return NULL;
}

/* Waits for both, and for what is sent to all flows after that. */
static void *run_rivals(void *argument)
{
	struct changer *changer = argument;
	struct rival rivals[2];
	pthread_t threads[2];
	uint64_t sent;

	for (size_t i = 0; i < 2; i++) {
		rivals[i] = (struct rival){ .receiver = changer->receiver,
					    .changes_ports = i == 0,
					    .changes_count = changer->ports_count };
		(void)pthread_create(&threads[i], NULL, run_rival, &rivals[i]);
	}
	for (size_t i = 0; i < 2; i++) {
		(void)pthread_join(threads[i], NULL);
		if (rivals[i].failure < 0)
			changer->failure = rivals[i].failure;
	}
	do {
		struct tt_load_counts counts;

		tt_load_read_counts(changer->load, &counts);
		sent = counts.sent;
		if (changer->sent[0][0] == 0)
			changer->sent[0][0] = sent;
		(void)sched_yield();
	} while (sent < changer->sent[0][0] + 1000);
	tt_load_stop(changer->load);
	(void)pthread_join(changer->load_thread, NULL);
	(void)tt_receiver_stop(changer->receiver);
	return NULL;
}

static void two_threads_may_change_at_once(void **state)
{
	struct changer *changer = make_changer(*state, PACED_PPS, 64 << 20);
	struct tt_accounting account;

	changer->ports_count = is_full_run() ? 300 : 25;
	/* Which thread's change becomes which generation nobody knows. */
	for (size_t i = 0; i < GENERATIONS_MAX; i++)
		changer->watcher->wants[i] =
			(struct want){ .ports = UINT32_MAX, .flows = UINT32_MAX, .parity = 2 };
	assert_int_equal(tt_receiver_start(changer->receiver), 0);
	assert_int_equal(pthread_create(&changer->load_thread, NULL, run_load, changer), 0);
	assert_int_equal(pthread_create(&changer->thread, NULL, run_rivals, changer), 0);
	assert_int_equal(tt_receiver_run(changer->receiver, NULL), 0);
	assert_int_equal(pthread_join(changer->thread, NULL), 0);
	assert_int_equal(changer->failure, 0);

	account = take_final_account(changer->receiver);
	assert_int_equal(tt_account_ring_dropped(&account), 0);
	assert_watched(changer->watcher);
	assert_int_equal(changer->watcher->gaps_count, 0);
	for (size_t i = 0; i < FLOWS_COUNT; i++)
		assert_int_equal(changer->watcher->flows[0][i].generation,
				 1 + 2 * changer->ports_count);
	free_changer(changer);
}

/* Changes the expression again and again, and has the worker look after each if it @is_driven. */
static void assert_no_old_expressions(struct tt_receiver *receiver, bool is_driven)
{
	struct tt_worker *worker = tt_receiver_worker(receiver, 0);
	uint32_t map_id = find_slots_map();
	size_t fds_before = count_fds();

	for (int i = 0; i < 50; i++) {
		assert_int_equal(tt_receiver_set_expression(receiver, i % 2 ? "ip" : "udp", NULL),
				 0);
		/* Whoever waits for the descriptor is woken for that. */
		if (is_driven)
			assert_int_equal(tt_worker_dispatch(worker, 0, NULL), TT_EMPTY);
		assert_true(count_fds() <= fds_before + EXPRESSION_FDS_MAX);
		assert_in_range(await_expression_programs(map_id), 1, EXPRESSION_PROGRAMS_MAX);
	}
	assert_int_equal(tt_receiver_set_expression(receiver, NULL, NULL), 0);
	assert_true(count_fds() <= fds_before);
}

/* The kernel frees the map that holds them when it has the time. */
static void assert_expressions_go(uint32_t map_id)
{
	int64_t deadline_ns = tt_clock_now_ns() + PATIENCE_MS * TT_NS_PER_MS;

	while (count_expression_programs(map_id) > 0)
		assert_true(tt_clock_now_ns() < deadline_ns);
}

static void a_receiver_without_packets_keeps_no_old_expressions(void **state)
{
	struct tt_receiver *receiver = open_receiver("5000", watch_all, NULL,
						     (struct tt_receiver_opts){ 0 });
	struct tt_worker *worker = tt_receiver_worker(receiver, 0);
	uint32_t map_id = find_slots_map();

	(void)state;
	assert_int_equal(tt_receiver_start(receiver), 0);
	assert_int_equal(tt_worker_dispatch(worker, 0, NULL), TT_EMPTY);
	assert_no_old_expressions(receiver, true);
	(void)end_receiver(receiver);
	assert_expressions_go(map_id);
}

static int count_all(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
		     size_t count, void *context)
{
	(void)receiver;
	(void)datagrams;
	*(size_t *)context += count;
	return 0;
}

static void a_worker_that_comes_late_keeps_no_old_expressions(void **state)
{
	size_t count = 0;
	struct tt_receiver *receiver = open_receiver("4242", count_all, &count,
						     (struct tt_receiver_opts){ 0 });
	uint32_t map_id = find_slots_map();
	int fd = open_far_socket(*state, "198.18.0.1:40000");

	assert_int_equal(tt_receiver_start(receiver), 0);
	send_text(fd, "198.18.0.2:4242", "before");
	assert_no_old_expressions(receiver, false);
	send_text(fd, "198.18.0.2:4242", "behind");
	(void)end_receiver(receiver);
	assert_int_equal(count, 2);
	assert_expressions_go(map_id);
	assert_int_equal(close(fd), 0);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, enter_lab, leave_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(what_two_generations_want_is_never_lost),
		LAB_TEST(every_datagram_meets_its_generation_flat_out),
		LAB_TEST(a_handler_may_change_what_it_gets),
		LAB_TEST(two_threads_may_change_at_once),
		LAB_TEST(a_receiver_without_packets_keeps_no_old_expressions),
		LAB_TEST(a_worker_that_comes_late_keeps_no_old_expressions),
	};

	if (!tt_lab_is_possible())
		return EXIT_SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
