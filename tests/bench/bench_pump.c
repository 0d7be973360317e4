/* SPDX-License-Identifier: MIT */

/*
 * What the way from a ring's block to a handler costs
 *
 * Plays the kernel: fills a small ring in memory once, then hands its blocks over
 * again and again, and lets a pump move them to a handler that reads each payload's
 * first bytes. Prints nanoseconds of CPU time per datagram: the median of rounds,
 * with the fastest and the slowest. Fails when a datagram is missing.
 *
 * Not covered: what the memory costs when another CPU has just written it, and what
 * wake-ups cost; scripts/bench has both in it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/ring.h"
#include "dispatch/pump.h"
#include "dispatch/routes.h"
#include "tests/support/packets.h"
#include "tests/support/ring_image.h"

enum {
	ROUNDS_COUNT = 201,
	TURNS_PER_ROUND = 16, /* of the whole ring */
	BLOCK_BYTES = 128 << 10,
	BLOCKS_COUNT = 2,
};

struct ring_source {
	struct tt_source source;
	struct tt_ring ring;
};

static int read_next(struct tt_source *source, struct tt_frame_batch *ret_batch)
{
	return tt_ring_next(&((struct ring_source *)(void *)source)->ring, ret_batch);
}

static int check(struct tt_source *source)
{
	(void)source;
	return 0;
}

static int add_statistics(struct tt_source *source, struct tt_source_statistics *statistics)
{
	(void)source;
	(void)statistics;
	return 0;
}

static void release(struct tt_source *source)
{
	tt_ring_deinit(&((struct ring_source *)(void *)source)->ring);
}

static const struct tt_source_ops ring_ops = {
	.next = read_next,
	.check = check,
	.add_statistics = add_statistics,
	.free = release,
};

static void mark_local(void *context, struct tt_datagram *datagrams, size_t count)
{
	(void)context;
	for (size_t i = 0; i < count; i++)
		datagrams[i].flags |= TT_DATAGRAM_LOCAL;
}

static uint64_t handled;
static uint64_t sum; /* so that reading is not optimised away */

static int handle(struct tt_receiver *receiver, const struct tt_datagram *datagrams, size_t count,
		  void *context)
{
	(void)receiver;
	(void)context;
	for (size_t i = 0; i < count; i++) {
		uint64_t first;

		memcpy(&first, datagrams[i].payload, sizeof(first));
		sum += first;
	}
	handled += count;
	return 0;
}

static uint64_t fill(struct tt_ring_image *image, uint8_t version)
{
	struct tt_packet_spec spec = { .version = version,
				       .payload_bytes = version == 4 ? 64 : 44,
				       .destination_port = 4242 };
	uint8_t bytes[256];
	size_t bytes_count = tt_packet_build(&spec, bytes, sizeof(bytes));
	struct tt_frame frame = tt_packet_frame(version, bytes, bytes_count, bytes_count);
	uint64_t count = 0;

	for (uint32_t i = 0; i < BLOCKS_COUNT; i++) {
		while (tt_ring_image_add(image, &frame))
			count++;
		tt_ring_image_hand_over(image, TP_STATUS_USER);
	}
	return count;
}

static double now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) < 0)
		abort();
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

static void move_all(struct tt_pump *pump, const struct tt_ring_image *image, struct tt_loop *loop)
{
	(void)loop;
	while (tt_pump_step(pump) == 0)
		;
	for (uint32_t i = 0; i < BLOCKS_COUNT; i++)
		tt_ring_image_block(image, i)->block_status = TP_STATUS_USER;
}

static int measure(uint8_t version)
{
	static struct ring_source source;
	static double rounds[ROUNDS_COUNT];
	struct tt_ring_image image;
	struct tt_routes *routes;
	struct tt_pump *pump;
	struct tt_loop loop = { .fd = -1 };
	uint64_t count;
	uint8_t route;

	tt_ring_image_init(&image, (struct tt_ring_geometry){ BLOCK_BYTES, BLOCKS_COUNT });
	source = (struct ring_source){ .source = { .ops = &ring_ops, .fd = -1 } };
	if (tt_ring_init(&source.ring, image.memory, image.geometry, version,
			 version == 4 ? TT_SOURCE_IPV4 : TT_SOURCE_IPV6) < 0 ||
	    tt_pump_new(&pump, false, mark_local, NULL) < 0 ||
	    tt_pump_add_source(pump, &source.source, &loop) < 0 ||
	    tt_routes_new(&routes, NULL, TT_PORT_DESTINATION) < 0 ||
	    tt_routes_add(routes, handle, NULL, &route) < 0)
		abort();
	tt_routes_set(routes, 4242, route);
	tt_routes_sink(routes)->verdicts = TT_VERDICT_BIT(TT_VERDICT_OK);
	tt_routes_sink(routes)->local_only = true;
	if (tt_pump_add_sink(pump, tt_routes_sink(routes), "bench") < 0)
		abort();

	count = fill(&image, version);
	handled = 0;
	for (size_t i = 0; i < ROUNDS_COUNT; i++) {
		double start_ns = now_ns();

		for (size_t turn = 0; turn < TURNS_PER_ROUND; turn++)
			move_all(pump, &image, &loop);
		rounds[i] = (now_ns() - start_ns) / (double)(TURNS_PER_ROUND * count);
	}
	qsort(rounds, ROUNDS_COUNT, sizeof(rounds[0]), compare);
	printf("IPv%d: %.1f ns a datagram (%.1f to %.1f)\n", version, rounds[ROUNDS_COUNT / 2],
	       rounds[0], rounds[ROUNDS_COUNT - 1]);

	tt_pump_free(pump);
	tt_ring_image_deinit(&image);
	return handled == count * TURNS_PER_ROUND * ROUNDS_COUNT ? 0 : -1;
}

int main(void)
{
	if (measure(4) < 0 || measure(6) < 0) {
		fprintf(stderr, "datagrams are missing\n");
		return 1;
	}
	return sum == 0;
}
