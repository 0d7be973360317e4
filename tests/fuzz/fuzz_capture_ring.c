/* SPDX-License-Identifier: MIT */

/*
 * The ring's walker on an arbitrary memory image
 *
 * Two small blocks, both said to be the reader's; the input is the rest of the memory,
 * whose end AddressSanitizer watches. What must hold: the walk ends; each frame lies
 * in its block; no block holds more frames than have room in it; a failure is told
 * once, and nothing comes after it.
 */

#include "capture/ring.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>

#include "twintap/error.h"

enum {
	BLOCK_BYTES = 1024,
	BLOCKS_COUNT = 2,
	FRAME_HEADER_BYTES = 72, /* rounded up to the alignment of frames */
	MEMORY_BYTES = BLOCKS_COUNT * BLOCK_BYTES,
	FRAMES_MAX = BLOCKS_COUNT * BLOCK_BYTES / FRAME_HEADER_BYTES,
};

/* The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static volatile uint8_t sink; /* so that the bytes are read */

static void check_frame(const struct tt_block *block, const struct tt_frame *frame)
{
	size_t offset = (size_t)(frame->bytes - block->bytes);

	if (offset > BLOCK_BYTES || frame->captured_bytes > BLOCK_BYTES - offset ||
	    frame->captured_bytes > frame->wire_bytes)
		abort();
	for (uint32_t i = 0; i < frame->captured_bytes; i++)
		sink = frame->bytes[i];
}

static void walk(struct tt_ring *ring)
{
	struct tt_frame_batch batch;
	size_t frames_count = 0;
	int r;

	for (r = tt_ring_next(ring, &batch); r == 0; r = tt_ring_next(ring, &batch)) {
		frames_count += batch.frames_count;
		if (batch.frames_count == 0 || frames_count > FRAMES_MAX)
			abort();
		for (size_t i = 0; i < batch.frames_count; i++)
			check_frame(batch.block, &batch.frames[i]);
		tt_block_drop(batch.block);
	}
	if (r != TT_EMPTY && r != -EBADMSG)
		abort();
	if (tt_ring_next(ring, &batch) != (r < 0 ? TT_STOP : TT_EMPTY))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct tt_ring_geometry geometry = { .block_bytes = BLOCK_BYTES,
					     .blocks_count = BLOCKS_COUNT };
	uint8_t *memory = calloc(BLOCKS_COUNT, BLOCK_BYTES);
	struct tt_ring ring;

	if (!memory || tt_ring_init(&ring, memory, geometry, 4, TT_SOURCE_IPV4) < 0)
		abort();
	if (data_bytes > MEMORY_BYTES)
		data_bytes = MEMORY_BYTES;
	if (data_bytes > 0)
		memcpy(memory, data, data_bytes);
	for (size_t i = 0; i < BLOCKS_COUNT; i++) {
		void *block = memory + i * BLOCK_BYTES;

		((struct tpacket_block_desc *)block)->hdr.bh1.block_status |= TP_STATUS_USER;
	}

	walk(&ring);
	tt_ring_deinit(&ring);
	free(memory);
	return 0;
}
