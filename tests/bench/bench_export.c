/* SPDX-License-Identifier: MIT */

/*
 * What a line of output costs
 *
 * Gives runs of 64 datagrams to a sink that writes to /dev/zero, so that what is
 * measured is the making of lines and one write(2) for each 256 KiB. Addresses, ports
 * and times differ from datagram to datagram, a microsecond apart. The best of several
 * rounds is told: the rest is what else the machine did. Asserts nothing about time.
 */

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "export/export.h"
#include "tests/support/sample.h"

enum {
	RUN_COUNT = 64,
	RUNS_COUNT = 128, /* a round is short, so that some are not disturbed */
	ROUNDS_COUNT = 400,
};

static const char *name_interface(void *context, uint32_t interface_index)
{
	(void)context;
	(void)interface_index;
	return "eth0";
}

/* Nanoseconds a line in the best round; negative when the sink failed. */
static double measure(const struct tt_export_opts *opts, const struct tt_datagram *datagrams)
{
	struct tt_run run = { .datagrams = datagrams, .count = RUN_COUNT };
	int64_t best_ns = INT64_MAX;
	struct tt_sink *sink;
	int r;

	r = tt_export_new(&sink, opts, NULL);
	for (int round = 0; round < ROUNDS_COUNT && r == 0; round++) {
		int64_t start_ns = tt_clock_now_ns();

		for (int i = 0; i < RUNS_COUNT && r == 0; i++)
			r = sink->ops->take(sink, &run);
		if (tt_clock_now_ns() - start_ns < best_ns)
			best_ns = tt_clock_now_ns() - start_ns;
	}
	if (r < 0)
		return -1;
	sink->ops->free(sink);
	return (double)best_ns / RUN_COUNT / RUNS_COUNT;
}

static void make_run(struct tt_datagram *datagrams, struct tt_sample *sample, int version)
{
	if (version == 4)
		tt_sample_ipv4(sample);
	else
		tt_sample_ipv6(sample);

	for (uint32_t i = 0; i < RUN_COUNT; i++) {
		datagrams[i] = sample->datagram;
		datagrams[i].time_ns += (int64_t)i * 1000;
		if (version == 4) {
			datagrams[i].source.ipv4.sin_addr.s_addr = htonl(0xc0000200 + 3 * i);
			datagrams[i].source.ipv4.sin_port = htons((uint16_t)(32768 + 11 * i));
			datagrams[i].id = (uint16_t)(257 * i);
		} else {
			datagrams[i].source.ipv6.sin6_addr.s6_addr[15] = (uint8_t)(i + 1);
			datagrams[i].source.ipv6.sin6_port = htons((uint16_t)(32768 + 11 * i));
		}
	}
}

int main(void)
{
	struct tt_export_opts opts = {
		.fd = open("/dev/zero", O_WRONLY | O_CLOEXEC), /* discards it all */
		.is_buffered = true,
		.interface_name = name_interface,
	};
	struct tt_datagram datagrams[RUN_COUNT];
	struct tt_sample sample;

	if (opts.fd < 0)
		return EXIT_FAILURE;

	for (int version = 4; version <= 6; version += 2) {
		make_run(datagrams, &sample, version);
		for (int format = 0; format < 4; format++) {
			double line_ns;

			opts.is_json = format & 1;
			opts.with_payload = format & 2;
			line_ns = measure(&opts, datagrams);
			if (line_ns < 0)
				return EXIT_FAILURE;
			(void)printf("IPv%d %s%s: %.1f ns a line\n", version,
				     opts.is_json ? "JSON" : "text",
				     opts.with_payload ? " with 40 bytes of payload" : "", line_ns);
		}
	}
	return close(opts.fd) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
