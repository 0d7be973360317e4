/* SPDX-License-Identifier: MIT */

/*
 * What a record of a trace costs
 *
 * Gives runs of 64 datagrams to a sink that writes to a file's stand-in, /dev/null, so that
 * what is measured is the making of records and one write(2) for each buffer. Times and
 * interfaces differ from datagram to datagram or not. The best of several rounds is told: the
 * rest is what else the machine did. Asserts nothing about time.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tests/support/sample.h"
#include "trace/trace.h"

enum {
	RUN_COUNT = 64,
	RUNS_COUNT = 128, /* a round is short, so that some are not disturbed */
	ROUNDS_COUNT = 1000,
	PACKET_BYTES = 92,
	PACKETS_BYTES = 1 << 20, /* they lie behind each other, as in a ring */
};

static bool find_interface(void *context, uint32_t interface_index,
			   struct tt_interface *ret_interface)
{
	(void)context;
	*ret_interface = (struct tt_interface){ .name = "eth0", .kernel_index = interface_index };
	return true;
}

/* Nanoseconds a datagram in the best round; negative when the sink failed. */
static double measure(const struct tt_trace_config *opts, uint32_t interfaces_count,
		      const uint8_t *packets)
{
	static struct tt_datagram datagrams[RUNS_COUNT * RUN_COUNT];
	static const struct tt_origin origins[RUN_COUNT] = { 0 };
	struct tt_run run = { .origins = origins, .count = RUN_COUNT };
	struct tt_error error = TT_ERROR_INIT;
	int64_t best_ns = INT64_MAX;
	struct tt_sample sample;
	struct tt_sink *sink;
	int r;

	tt_sample_ipv4(&sample);
	for (uint32_t i = 0; i < RUNS_COUNT * RUN_COUNT; i++) {
		datagrams[i] = sample.datagram;
		datagrams[i].packet = packets + i * 128 % PACKETS_BYTES;
		datagrams[i].packet_bytes = datagrams[i].wire_bytes = PACKET_BYTES;
		datagrams[i].time_ns += (int64_t)i * 1000;
		datagrams[i].interface_index = 1 + i % interfaces_count;
	}

	r = tt_trace_new(&sink, opts, &error);
	if (r < 0) {
		(void)fprintf(stderr, "%s\n", error.message);
		return -1;
	}
	for (int round = 0; round < ROUNDS_COUNT && r == 0; round++) {
		int64_t start_ns = tt_clock_now_ns();

		for (int i = 0; i < RUNS_COUNT && r == 0; i++) {
			run.datagrams = &datagrams[(size_t)i * RUN_COUNT];
			r = sink->ops->take(sink, &run);
		}
		if (tt_clock_now_ns() - start_ns < best_ns)
			best_ns = tt_clock_now_ns() - start_ns;
	}
	sink->ops->free(sink);
	return r < 0 ? -1 : (double)best_ns / RUN_COUNT / RUNS_COUNT;
}

int main(void)
{
	static const char *const kinds[] = { "pcapng", "pcap", "pcap-ns" };
	static const char *const links[] = { "SLL2", "RAW" };
	static uint8_t packets[PACKETS_BYTES + PACKET_BYTES];
	struct tt_trace_config opts = {
		.store = { .path = "/dev/null" },
		.find_interface = find_interface,
	};

	memset(packets, 0x45, sizeof(packets)); /* so that pages are there */
	for (opts.kind = 0; opts.kind < TT_TRACE_FORMAT_COUNT; opts.kind++) {
		for (opts.link = 0; opts.link < TT_TRACE_LINK_TYPE_COUNT; opts.link++) {
			for (uint32_t interfaces_count = 1; interfaces_count <= 4;
			     interfaces_count += 3) {
				double record_ns = measure(&opts, interfaces_count, packets);

				if (record_ns < 0)
					return EXIT_FAILURE;
				(void)printf("%s %s, %u interface%s: %.1f ns a datagram\n",
					     kinds[opts.kind], links[opts.link], interfaces_count,
					     interfaces_count > 1 ? "s in turn" : "", record_ns);
			}
		}
	}
	return EXIT_SUCCESS;
}
