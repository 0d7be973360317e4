/* SPDX-License-Identifier: MIT */

/*
 * What reading a packet's headers costs
 *
 * Decodes batches of 64 frames, as sources give them, into one array that is used
 * again, with everything in the first cache; prints nanoseconds of CPU time per
 * datagram for several shapes, and for verifying a checksum on top. Each figure
 * is the median of rounds, with the fastest and the slowest, so that a disturbed
 * machine shows. Fails when a packet does not decode as it should.
 *
 * Not covered: the memory's part. Behind a ring the first read of each packet
 * misses the cache, and costs more than all that is measured here.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "decode/decode.h"
#include "packet/source.h"
#include "tests/support/packets.h"

enum {
	ROUNDS_COUNT = 501,
	BATCHES_PER_ROUND = 200, /* short: what disturbs a round spares the others */
	BLOCK_BYTES = 128 * 1024,
	FRAME_HEAD_BYTES = 80, /* what the kernel writes before a packet in a ring */
	FRAME_ALIGNMENT = 16,
};

static const struct {
	const char *name;
	bool is_verified;
	struct tt_packet_spec spec;
} shapes[] = {
	{ "v4", false, { .version = 4, .payload_bytes = 64 } },
	{ "v6", false, { .version = 6, .payload_bytes = 64 } },
	{ "v4 options", false, { .version = 4, .payload_bytes = 64, .option_bytes = 12 } },
	{ "v6 hop-by-hop, destination options",
	  false,
	  { .version = 6,
	    .payload_bytes = 64,
	    .extensions = { TT_HOP_BY_HOP(8, 5, 2, 0, 0, 1, 0),
			    TT_DESTINATION_OPTIONS(8, 1, 4) } } },
	{ "v6 atomic fragment",
	  false,
	  { .version = 6, .payload_bytes = 64, .extensions = { TT_FRAGMENT(0, 0) } } },
	{ "v4 not udp", false, { .version = 4, .payload_bytes = 64, .protocol = TT_SAYS(6) } },
	{ "v4 checksum", true, { .version = 4, .payload_bytes = 64 } },
	{ "v6 checksum", true, { .version = 6, .payload_bytes = 64 } },
	{ "v6 checksum, 1400 bytes", true, { .version = 6, .payload_bytes = 1400 } },
};

struct workload {
	uint8_t block[BLOCK_BYTES];
	struct tt_frame frames[TT_BATCH_FRAMES_MAX];
	struct tt_datagram datagrams[TT_BATCH_FRAMES_MAX];
};

static double now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) < 0)
		abort();
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void prepare(struct workload *workload, const struct tt_packet_spec *spec)
{
	struct tt_packet_spec own = *spec;
	size_t offset = 0;

	/* One behind the other as in a ring: at equal distances they would share cache lines. */
	for (size_t i = 0; i < TT_BATCH_FRAMES_MAX; i++) {
		uint8_t *bytes = workload->block + offset + FRAME_HEAD_BYTES;
		size_t bytes_count;

		own.source_port = (uint16_t)(1024 + i); /* no two packets are equal */
		bytes_count = tt_packet_build(&own, bytes, BLOCK_BYTES - offset - FRAME_HEAD_BYTES);
		offset += FRAME_HEAD_BYTES + bytes_count + FRAME_ALIGNMENT - 1;
		offset -= offset % FRAME_ALIGNMENT;
		workload->frames[i] = tt_packet_frame(spec->version, bytes, bytes_count,
						      bytes_count);
		workload->frames[i].interface_index = 1;
	}
}

static void run_batch(struct workload *workload, bool is_verified)
{
	for (size_t i = 0; i < TT_BATCH_FRAMES_MAX; i++)
		tt_decode_frame(&workload->frames[i], &workload->datagrams[i]);
	for (size_t i = 0; is_verified && i < TT_BATCH_FRAMES_MAX; i++)
		tt_decode_verify_checksum(&workload->datagrams[i]);
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

static int run_shape(struct workload *workload, size_t index)
{
	enum tt_verdict expected = shapes[index].spec.protocol.is_made ? TT_VERDICT_NOT_UDP
								       : TT_VERDICT_OK;
	double ns[ROUNDS_COUNT];

	prepare(workload, &shapes[index].spec);
	for (size_t round = 0; round < ROUNDS_COUNT; round++) {
		double start_ns = now_ns();

		for (size_t i = 0; i < BATCHES_PER_ROUND; i++)
			run_batch(workload, shapes[index].is_verified);
		ns[round] = (now_ns() - start_ns) / BATCHES_PER_ROUND / TT_BATCH_FRAMES_MAX;
	}

	for (size_t i = 0; i < TT_BATCH_FRAMES_MAX; i++) {
		if (workload->datagrams[i].verdict != expected) {
			fprintf(stderr, "%s: verdict %s\n", shapes[index].name,
				tt_verdict_name(workload->datagrams[i].verdict));
			return 1;
		}
	}

	qsort(ns, ROUNDS_COUNT, sizeof(ns[0]), compare);
	printf("%-36s %8.2f %8.2f %8.2f\n", shapes[index].name, ns[ROUNDS_COUNT / 2], ns[0],
	       ns[ROUNDS_COUNT - 1]);
	return 0;
}

int main(void)
{
	static struct workload workload;

	printf("%-36s %8s %8s %8s\n", "ns per datagram", "median", "fastest", "slowest");
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (run_shape(&workload, i) != 0)
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
