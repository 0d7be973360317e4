/* SPDX-License-Identifier: MIT */

/*
 * The receiver as its users would write it, for scripts/bench
 *
 * One handler that counts datagrams and reads the first bytes of each payload, so
 * that the cost of touching the packet is paid. Uses the public library only. Ends
 * on SIGTERM, SIGINT or after --seconds-max, and prints its account as JSON.
 *
 *   tt-bench-receiver -i NAME -p PORTS [--expression TEXT] [--promiscuous] [-B BYTES]
 *                     [--seconds-max N] [--changes ports|expression|snap,COUNT]
 *
 * With --changes it waits for SIGUSR1, then replaces what is wanted so many times, from a
 * thread of its own, and ends. Each change is timed, and after each a membarrier(2) alone,
 * the wait for the kernel that a change contains: "changes_ns" and "membarriers_ns".
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "twintap/twintap.h"

enum {
	CHANGES_MAX = 10000,
};

/* What --changes replaces. */
enum change_kind {
	CHANGE_NONE,
	CHANGE_PORTS,
	CHANGE_EXPRESSION,
	CHANGE_SNAP,
};

struct changes {
	enum change_kind kind;
	size_t count;
	size_t done_count;
	_Atomic bool is_over; /* set when the run has ended: a change would wait for nothing */
	const char *ports;    /* as given with -p */
	uint64_t changes_ns[CHANGES_MAX];
	uint64_t membarriers_ns[CHANGES_MAX];
	struct tt_error error;
	int r;
};

struct command {
	const char *interface;
	const char *ports;
	struct tt_receiver_opts opts;
};

/* Both take what the first one's port sends; ten terms, as in scripts/bench. */
static const char *const expressions[] = {
	"udp and not src net 10.0.0.0/8 and not src net 172.16.0.0/12 "
	"and not dst net 224.0.0.0/4 and not src net fe80::/10 and not dst net ff00::/8 "
	"and not src port 53 and not src port 123 and not dst port 1900 and dst port 4242",
	"udp and not src net 10.1.0.0/16 and not src net 172.17.0.0/16 "
	"and not dst net 225.0.0.0/8 and not src net fe80::/16 and not dst net ff02::/16 "
	"and not src port 67 and not src port 69 and not dst port 1901 and dst port 4242",
};

static struct tt_receiver *running; /* what the signal handler stops */

struct tally {
	uint64_t datagrams;
	uint64_t sum; /* of payload bytes, so that reading them is not optimised away */
};

static int count(struct tt_receiver *receiver, const struct tt_datagram *datagrams, size_t n,
		 void *context)
{
	struct tally *tally = context;

	(void)receiver;
	for (size_t i = 0; i < n; i++) {
		if (datagrams[i].payload_captured_bytes >= 8) {
			uint64_t first;

			memcpy(&first, datagrams[i].payload, sizeof(first));
			tally->sum += first;
		}
	}
	tally->datagrams += n;
	return 0;
}

static void stop(int signal_number)
{
	(void)signal_number;
	(void)tt_receiver_stop(running);
}

static uint64_t now_ns(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: the clock is there */
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static int change(struct changes *changes, size_t index)
{
	char ports[4096];

	if (changes->kind == CHANGE_EXPRESSION)
		return tt_receiver_set_expression(running, expressions[index % 2], &changes->error);
	if (changes->kind == CHANGE_SNAP)
		return tt_receiver_set_snap_bytes(running, index % 2 ? 0 : 96, &changes->error);
	(void)snprintf(ports, sizeof(ports), "%s%s", changes->ports, index % 2 ? "" : ",5000-5100");
	return tt_receiver_set_ports(running, ports, &changes->error);
}

static void *make_changes(void *context)
{
	struct changes *changes = context;
	int signal_number;
	sigset_t wanted;

	(void)sigemptyset(&wanted);
	(void)sigaddset(&wanted, SIGUSR1);
	(void)sigwait(&wanted, &signal_number);
	while (changes->done_count < changes->count && !changes->is_over && changes->r == 0) {
		size_t index = changes->done_count;
		uint64_t start_ns = now_ns();

		changes->r = change(changes, index);
		changes->changes_ns[index] = now_ns() - start_ns;

		start_ns = now_ns();
		if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0 && changes->r == 0) {
			changes->r = -errno;
			(void)snprintf(changes->error.message, sizeof(changes->error.message),
				       "membarrier: %s", strerror(-changes->r));
		}
		changes->membarriers_ns[index] = now_ns() - start_ns;
		if (!changes->is_over)
			changes->done_count++;
	}
	(void)tt_receiver_stop(running);
	return NULL;
}

static void print_number(const char *before, const char *name, uint64_t value)
{
	if (value == TT_UNKNOWN)
		printf("%s\"%s\":null", before, name);
	else
		printf("%s\"%s\":%" PRIu64, before, name, value);
}

static void print_times(const char *name, const uint64_t *times_ns, size_t count)
{
	printf(",\"%s\":[", name);
	for (size_t i = 0; i < count; i++)
		printf("%s%" PRIu64, i ? "," : "", times_ns[i]);
	printf("]");
}

/* Unknown is more than any sum. */
static void add(uint64_t *sum, uint64_t value)
{
	*sum = *sum == TT_UNKNOWN || value == TT_UNKNOWN ? TT_UNKNOWN : *sum + value;
}

static void print_account(const struct tally *tally, const struct changes *changes)
{
	struct tt_accounting accounting = { .size = sizeof(accounting) };
	uint64_t seen = 0, accepted = 0, dropped = 0, narrowed = 0;
	uint64_t rejected[TT_REJECT_COUNT] = { 0 };
	struct timespec cpu = { 0 };

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	if (tt_receiver_accounting(running, &accounting) < 0)
		return;
	for (size_t i = 0; i < TT_SOURCE_KIND_COUNT; i++) {
		if (!accounting.sources[i].is_present)
			continue;
		add(&seen, accounting.sources[i].seen);
		add(&accepted, accounting.sources[i].accepted);
		add(&dropped, accounting.sources[i].ring_dropped);
		add(&narrowed, accounting.sources[i].narrowed);
		for (size_t j = 0; j < TT_REJECT_COUNT; j++)
			add(&rejected[j], accounting.sources[i].rejected[j]);
	}

	print_number("{", "delivered", tally->datagrams);
	print_number(",", "ring_dropped", dropped);
	print_number(",", "narrowed", narrowed);
	print_number(",", "accepted", accepted);
	print_number(",", "seen", seen);
	for (unsigned int i = 0; i < TT_REJECT_COUNT; i++)
		print_number(i ? "," : ",\"rejected\":{", tt_reject_name(i), rejected[i]);
	print_number("},", "final", accounting.is_final);
	printf(",\"filter\":\"%s\"", tt_filter_kind_name((unsigned int)accounting.filter_kind));
	print_times("changes_ns", changes->changes_ns, changes->done_count);
	print_times("membarriers_ns", changes->membarriers_ns, changes->done_count);
	print_number(",", "cpu_ns", (uint64_t)cpu.tv_sec * 1000000000U + (uint64_t)cpu.tv_nsec);
	printf(",\"payload_sum\":%" PRIu64 "}\n", tally->sum);
}

static int usage(void)
{
	fprintf(stderr, "usage: tt-bench-receiver -i NAME -p PORTS [--expression TEXT] "
			"[--promiscuous] [-B BYTES] [--seconds-max N] "
			"[--changes ports|expression|snap,COUNT]\n");
	return 2;
}

/* "ports,100" */
static bool parse_changes(const char *text, struct changes *changes)
{
	static const char *const names[] = {
		[CHANGE_PORTS] = "ports", [CHANGE_EXPRESSION] = "expression", [CHANGE_SNAP] = "snap"
	};
	size_t length = strcspn(text, ",");

	for (unsigned int i = CHANGE_PORTS; i <= CHANGE_SNAP; i++) {
		if (strlen(names[i]) == length && memcmp(text, names[i], length) == 0)
			changes->kind = (enum change_kind)i;
	}
	if (changes->kind == CHANGE_NONE || text[length] != ',')
		return false;
	changes->count = strtoull(text + length + 1, NULL, 10);
	return changes->count > 0 && changes->count <= CHANGES_MAX;
}

static bool parse_command(int argc, char **argv, struct command *command, struct changes *changes)
{
	static const struct option options[] = { { "changes", required_argument, NULL, 'c' },
						 { "expression", required_argument, NULL, 'e' },
						 { "promiscuous", no_argument, NULL, 'P' },
						 { "seconds-max", required_argument, NULL, 's' },
						 { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "i:p:B:", options, NULL)) != -1) {
		switch (option) {
		case 'i':
			command->interface = optarg;
			break;
		case 'p':
			command->ports = optarg;
			break;
		case 'B':
			command->opts.ring_bytes = strtoull(optarg, NULL, 10);
			break;
		case 'P':
			command->opts.flags |= TT_RECEIVER_PROMISCUOUS | TT_RECEIVER_NOT_LOCAL;
			break;
		case 'c':
			if (!parse_changes(optarg, changes))
				return false;
			break;
		case 'e':
			command->opts.expression = optarg;
			break;
		case 's':
			(void)alarm((unsigned int)strtoul(optarg, NULL, 10));
			break;
		default:
			return false;
		}
	}
	changes->ports = command->ports;
	return command->interface && command->ports;
}

static int run_receiver(struct changes *changes, struct tt_error *reterr)
{
	pthread_t thread;
	int r;

	if (changes->count > 0) {
		r = pthread_create(&thread, NULL, make_changes, changes);
		if (r != 0) {
			(void)snprintf(reterr->message, sizeof(reterr->message), "thread: %s",
				       strerror(r));
			return -r;
		}
		(void)pthread_setname_np(thread, "changes"); /* it is only a name */
	}
	r = tt_receiver_run(running, reterr);
	if (changes->count > 0) {
		changes->is_over = true;
		(void)pthread_kill(thread, SIGUSR1); /* if it still waits; no error matters */
		(void)pthread_join(thread, NULL);
	}
	if (r >= 0 && changes->r < 0) {
		*reterr = changes->error;
		r = changes->r;
	}
	return r;
}

int main(int argc, char **argv)
{
	static struct changes changes;
	struct command command = { .opts = TT_RECEIVER_OPTS_INIT };
	struct sigaction action = { .sa_handler = stop };
	struct tt_error error = TT_ERROR_INIT;
	struct tally tally = { 0 };
	sigset_t blocked;
	int r;

	/* Blocked everywhere, so that it waits for the thread that waits for it. */
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGUSR1);
	(void)pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	if (!parse_command(argc, argv, &command, &changes))
		return usage();

	command.opts.interfaces = &command.interface;
	command.opts.interfaces_count = 1;
	r = tt_receiver_new(&running, command.ports, count, &tally, &command.opts, &error);
	if (r < 0) {
		fprintf(stderr, "tt-bench-receiver: %s\n", error.message);
		return 1;
	}
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGALRM, &action, NULL);

	r = run_receiver(&changes, &error);
	if (r < 0)
		fprintf(stderr, "tt-bench-receiver: %s\n", error.message);
	print_account(&tally, &changes);
	tt_receiver_free(running);
	return r < 0 ? 1 : 0;
}
