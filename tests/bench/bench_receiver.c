/* SPDX-License-Identifier: MIT */

/*
 * The receiver as its users would write it, for scripts/bench
 *
 * One handler that counts datagrams and reads the first bytes of each payload, so
 * that the cost of touching the packet is paid. Uses the public library only. Ends
 * on SIGTERM, SIGINT or after --seconds-max, and prints its account as JSON.
 *
 *   tt-bench-receiver -i NAME -p PORTS [--promiscuous] [-B BYTES] [--seconds-max N]
 */

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "twintap/twintap.h"

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

static void print_account(const struct tally *tally)
{
	struct tt_accounting accounting = { .size = sizeof(accounting) };
	uint64_t seen = 0, accepted = 0, dropped = 0;
	struct timespec cpu = { 0 };

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	if (tt_receiver_accounting(running, &accounting) < 0)
		return;
	for (size_t i = 0; i < TT_SOURCE_KIND_COUNT; i++) {
		seen += accounting.sources[i].seen;
		accepted += accounting.sources[i].accepted;
		dropped += accounting.sources[i].ring_dropped;
	}
	printf("{\"delivered\":%" PRIu64 ",\"ring_dropped\":%" PRIu64 ",\"accepted\":%" PRIu64
	       ",\"seen\":%" PRIu64 ",\"final\":%" PRIu64 ",\"cpu_ns\":%" PRIu64
	       ",\"payload_sum\":%" PRIu64 "}\n",
	       tally->datagrams, dropped, accepted, seen, accounting.is_final,
	       (uint64_t)cpu.tv_sec * 1000000000U + (uint64_t)cpu.tv_nsec, tally->sum);
}

static int usage(void)
{
	fprintf(stderr, "usage: tt-bench-receiver -i NAME -p PORTS [--promiscuous] [-B BYTES] "
			"[--seconds-max N]\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "promiscuous", no_argument, NULL, 'P' },
						 { "seconds-max", required_argument, NULL, 's' },
						 { 0 } };
	struct tt_receiver_opts opts = TT_RECEIVER_OPTS_INIT;
	struct tt_error error = TT_ERROR_INIT;
	const char *interface = NULL;
	const char *ports = NULL;
	struct tally tally = { 0 };
	struct sigaction action = { .sa_handler = stop };
	int option, r;

	while ((option = getopt_long(argc, argv, "i:p:B:", options, NULL)) != -1) {
		switch (option) {
		case 'i':
			interface = optarg;
			break;
		case 'p':
			ports = optarg;
			break;
		case 'B':
			opts.ring_bytes = strtoull(optarg, NULL, 10);
			break;
		case 'P':
			opts.flags |= TT_RECEIVER_PROMISCUOUS | TT_RECEIVER_NOT_LOCAL;
			break;
		case 's':
			(void)alarm((unsigned int)strtoul(optarg, NULL, 10));
			break;
		default:
			return usage();
		}
	}
	if (!interface || !ports)
		return usage();

	opts.interfaces = &interface;
	opts.interfaces_count = 1;
	r = tt_receiver_new(&running, ports, count, &tally, &opts, &error);
	if (r < 0) {
		fprintf(stderr, "tt-bench-receiver: %s\n", error.message);
		return 1;
	}
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGALRM, &action, NULL);

	r = tt_receiver_run(running, &error);
	if (r < 0)
		fprintf(stderr, "tt-bench-receiver: %s\n", error.message);
	print_account(&tally);
	tt_receiver_free(running);
	return r < 0 ? 1 : 0;
}
