/* SPDX-License-Identifier: MIT */

/*
 * Receive ring of one packet socket
 *
 * The test plays the kernel (tests/support/ring_image.h): it fills blocks and looks at
 * which it gets back. The last block ends at an unreadable page, and each byte of each
 * frame that comes out is read, so that a position that was not checked is a crash. One
 * test runs the kernel on a thread of its own, for ThreadSanitizer to see whether blocks
 * change hands properly. Sockets are not covered: they are tested in namespaces.
 */

#include "capture/ring.h"

#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "base/clock.h"
#include "tests/support/ring_image.h"
#include "tests/unit/cmocka_all.h"
#include "twintap/error.h"

enum {
	BLOCK_BYTES = 4096,
	BLOCKS_COUNT = 4,
	LARGE_BLOCK_BYTES = 64 << 10,
	PATTERN_BYTES = 4096,
	FRAME_BYTES_MAX = 900,
	THREADED_FRAMES = 20000,
};

struct fixture {
	struct tt_ring_image image;
	struct tt_ring ring;
	uint32_t added_count;
	uint32_t read_count;
};

static uint8_t pattern[PATTERN_BYTES];

static void fixture_init(struct fixture *fixture, size_t block_bytes, uint32_t blocks_count)
{
	struct tt_ring_geometry geometry = { .block_bytes = block_bytes,
					     .blocks_count = blocks_count };

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 256);
	*fixture = (struct fixture){ 0 };
	tt_ring_image_init(&fixture->image, geometry);
	assert_int_equal(
		tt_ring_init(&fixture->ring, fixture->image.memory, geometry, 4, TT_SOURCE_IPV4),
		0);
}

static void fixture_deinit(struct fixture *fixture)
{
	tt_ring_deinit(&fixture->ring);
	tt_ring_image_deinit(&fixture->image);
}

static int ring_setup(void **state)
{
	static struct fixture fixture;

	fixture_init(&fixture, BLOCK_BYTES, BLOCKS_COUNT);
	*state = &fixture;
	return 0;
}

static int ring_teardown(void **state)
{
	fixture_deinit(*state);
	return 0;
}

/* Frame @number of a test: no two next to each other are alike in any field. */
static struct tt_frame numbered_frame(uint32_t number)
{
	uint32_t captured_bytes = number * 37 % FRAME_BYTES_MAX;

	return (struct tt_frame){
		.bytes = &pattern[number % 256],
		.captured_bytes = captured_bytes,
		.wire_bytes = captured_bytes + number % 3,
		.time_ns = (int64_t)number * (TT_NS_PER_S + 1),
		.interface_index = number + 1,
		.version = 4,
		.packet_type = (uint8_t)(number % 5),
		.flags = (uint16_t)(number % 4 * TT_DATAGRAM_CHECKSUM_PARTIAL),
	};
}

static void assert_is_frame(const struct tt_frame *frame, uint32_t number)
{
	struct tt_frame expected = numbered_frame(number);

	assert_int_equal(frame->captured_bytes, expected.captured_bytes);
	assert_memory_equal(frame->bytes, expected.bytes, expected.captured_bytes);
	expected.bytes = frame->bytes;
	assert_memory_equal(frame, &expected, sizeof(expected));
}

/* Fills one block with the next frames and hands it over. */
static void fill_block(struct fixture *fixture, uint32_t frames_count, uint32_t status_bits)
{
	assert_true(tt_ring_image_has_room(&fixture->image));
	for (uint32_t i = 0; i < frames_count; i++) {
		struct tt_frame frame = numbered_frame(fixture->added_count++);

		assert_true(tt_ring_image_add(&fixture->image, &frame));
	}
	tt_ring_image_hand_over(&fixture->image, status_bits);
}

/* Takes a batch that must have so many frames: the next ones. */
static void take(struct fixture *fixture, struct tt_frame_batch *batch, size_t frames_count)
{
	assert_int_equal(tt_ring_next(&fixture->ring, batch), 0);
	assert_int_equal(batch->frames_count, frames_count);
	assert_non_null(batch->block);
	for (size_t i = 0; i < frames_count; i++)
		assert_is_frame(&batch->frames[i], fixture->read_count++);
}

static void assert_is_empty(struct fixture *fixture)
{
	struct tt_frame_batch batch;

	assert_int_equal(tt_ring_next(&fixture->ring, &batch), TT_EMPTY);
}

/* Which blocks the kernel owns, as bits. */
static unsigned int kernels_blocks(const struct fixture *fixture)
{
	unsigned int blocks = 0;

	for (uint32_t i = 0; i < fixture->image.geometry.blocks_count; i++) {
		if (tt_ring_image_block(&fixture->image, i)->block_status == TP_STATUS_KERNEL)
			blocks |= 1U << i;
	}
	return blocks;
}

static void nothing_is_there_before_a_block_was_handed_over(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame frame = numbered_frame(0);

	assert_is_empty(fixture);
	assert_true(tt_ring_image_add(&fixture->image, &frame)); /* its block is not handed over */
	assert_is_empty(fixture);
	assert_int_equal(kernels_blocks(fixture), 0xf);
}

static void frames_come_out_as_they_were_filled_in(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;

	fill_block(fixture, 10, 0);
	take(fixture, &batch, 10);
	assert_ptr_equal(batch.block->bytes, fixture->image.memory);
	assert_int_equal(batch.block->room_bytes, BLOCK_BYTES);
	assert_int_equal(batch.block->index, 0);
	tt_block_drop(batch.block);
	assert_is_empty(fixture);
}

static void frame_of_every_protocol_carries_its_own_version(void **state)
{
	static const uint16_t protocols[] = { ETH_P_IP, ETH_P_IPV6, ETH_P_ARP };
	static const uint8_t versions[] = { 4, 6, 0 };
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;

	fixture->ring.version = 0;
	for (uint32_t i = 0; i < 3; i++) {
		struct tt_frame frame = numbered_frame(i);
		uint8_t *header;
		struct sockaddr_ll *link;

		assert_true(tt_ring_image_add(&fixture->image, &frame));
		header = (uint8_t *)tt_ring_image_frame(&fixture->image, 0, i);
		link = (struct sockaddr_ll *)(void *)(header +
						      TPACKET_ALIGN(sizeof(struct tpacket3_hdr)));
		link->sll_protocol = htobe16(protocols[i]);
	}
	tt_ring_image_hand_over(&fixture->image, 0);
	assert_int_equal(tt_ring_next(&fixture->ring, &batch), 0);
	assert_int_equal(batch.frames_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(batch.frames[i].version, versions[i]);
	tt_block_drop(batch.block);
}

static void frame_carries_the_version_of_its_ring(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;

	fixture->ring.version = 6;
	fill_block(fixture, 1, 0);
	assert_int_equal(tt_ring_next(&fixture->ring, &batch), 0);
	assert_int_equal(batch.frames[0].version, 6);
	tt_block_drop(batch.block);
}

static void time_is_unsigned_beyond_2038(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame frame = numbered_frame(1);
	struct tt_frame_batch batch;

	frame.time_ns = (int64_t)UINT32_MAX * TT_NS_PER_S + (TT_NS_PER_S - 1);
	assert_true(tt_ring_image_add(&fixture->image, &frame));
	tt_ring_image_hand_over(&fixture->image, 0);
	assert_int_equal(tt_ring_next(&fixture->ring, &batch), 0);
	assert_true(batch.frames[0].time_ns == frame.time_ns);
	tt_block_drop(batch.block);
}

static void last_frame_may_end_with_its_block(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame frame = numbered_frame(1);

	frame.captured_bytes = BLOCK_BYTES - sizeof(struct tpacket_block_desc) -
			       TT_RING_IMAGE_NET_OFFSET;
	frame.wire_bytes = frame.captured_bytes;
	frame.bytes = pattern;
	for (unsigned int i = 0; i < BLOCKS_COUNT; i++) { /* the last one ends at the page */
		struct tt_frame_batch batch;

		assert_true(tt_ring_image_add(&fixture->image, &frame));
		tt_ring_image_hand_over(&fixture->image, 0);
		assert_int_equal(tt_ring_next(&fixture->ring, &batch), 0);
		assert_int_equal(batch.frames_count, 1);
		assert_int_equal(batch.frames[0].captured_bytes, frame.captured_bytes);
		assert_memory_equal(batch.frames[0].bytes, pattern, frame.captured_bytes);
		tt_block_drop(batch.block);
	}
}

static void blocks_come_in_the_kernels_order_round_and_round(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t round = 0; round < 5 * BLOCKS_COUNT; round++) {
		struct tt_frame_batch batch;

		fill_block(fixture, 1 + round % 3, 0);
		take(fixture, &batch, 1 + round % 3);
		assert_int_equal(batch.block->index, round % BLOCKS_COUNT);
		tt_block_drop(batch.block);
	}
}

static void blocks_that_wait_come_in_the_order_in_which_they_were_filled(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;

	for (uint32_t i = 0; i < BLOCKS_COUNT; i++)
		fill_block(fixture, i + 1, 0);
	assert_int_equal(kernels_blocks(fixture), 0);
	for (uint32_t i = 0; i < BLOCKS_COUNT; i++) {
		take(fixture, &batch, i + 1);
		assert_int_equal(batch.block->index, i);
		tt_block_drop(batch.block);
		assert_int_equal(kernels_blocks(fixture), (2U << i) - 1);
	}
	assert_is_empty(fixture);
}

static void block_goes_back_with_its_last_hold(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;

	fill_block(fixture, 2, 0);
	take(fixture, &batch, 2);
	tt_block_hold(batch.block);
	tt_block_hold(batch.block);
	tt_block_drop(batch.block);
	tt_block_drop(batch.block);
	assert_int_equal(kernels_blocks(fixture), 0xe);
	assert_is_empty(fixture); /* and asking for more does not give it back */
	assert_int_equal(kernels_blocks(fixture), 0xe);
	tt_block_drop(batch.block);
	assert_int_equal(kernels_blocks(fixture), 0xf);
}

static void blocks_released_out_of_order_go_back_in_order(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batches[BLOCKS_COUNT];

	for (uint32_t i = 0; i < BLOCKS_COUNT; i++) {
		fill_block(fixture, 1, 0);
		take(fixture, &batches[i], 1);
	}
	tt_block_drop(batches[2].block);
	assert_int_equal(kernels_blocks(fixture), 0);
	tt_block_drop(batches[1].block);
	assert_int_equal(kernels_blocks(fixture), 0);
	tt_block_drop(batches[0].block);
	assert_int_equal(kernels_blocks(fixture), 0x7);

	fill_block(fixture, 1, 0); /* behind the one that is still held */
	take(fixture, &batches[0], 1);
	tt_block_drop(batches[0].block);
	assert_int_equal(kernels_blocks(fixture), 0x6);
	tt_block_drop(batches[3].block);
	assert_int_equal(kernels_blocks(fixture), 0xf);
}

static void nothing_is_taken_twice_while_all_blocks_are_held(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batches[BLOCKS_COUNT];
	struct tt_frame_batch again;

	for (uint32_t i = 0; i < BLOCKS_COUNT; i++) {
		fill_block(fixture, 1, 0);
		take(fixture, &batches[i], 1);
	}
	assert_is_empty(fixture); /* though the next block's status still says "user" */
	tt_block_drop(batches[0].block);
	assert_is_empty(fixture);
	fill_block(fixture, 3, 0);
	take(fixture, &again, 3);
	assert_is_empty(fixture);

	tt_block_drop(again.block);
	for (uint32_t i = 1; i < BLOCKS_COUNT; i++)
		tt_block_drop(batches[i].block);
	assert_int_equal(kernels_blocks(fixture), 0xf);
}

static void block_is_taken_whatever_else_its_status_says(void **state)
{
	static const uint32_t bits[] = { TP_STATUS_BLK_TMO, TP_STATUS_LOSING,
					 TP_STATUS_BLK_TMO | TP_STATUS_LOSING, ~TP_STATUS_USER };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		struct tt_frame_batch batch;

		fill_block(fixture, 2, bits[i]);
		take(fixture, &batch, 2);
		tt_block_drop(batch.block);
		assert_int_equal(kernels_blocks(fixture), 0xf);
	}
}

static void block_that_says_so_tells_of_a_loss(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;

	fill_block(fixture, 2, 0);
	take(fixture, &batch, 2);
	tt_block_drop(batch.block);
	assert_false(fixture->ring.is_losing);

	fill_block(fixture, 2, TP_STATUS_LOSING);
	take(fixture, &batch, 2);
	tt_block_drop(batch.block);
	assert_true(fixture->ring.is_losing);

	/* Until somebody heeds it. */
	fill_block(fixture, 2, 0);
	take(fixture, &batch, 2);
	tt_block_drop(batch.block);
	assert_true(fixture->ring.is_losing);
}

static void block_is_left_alone_unless_its_status_says_user(void **state)
{
	struct fixture *fixture = *state;
	struct tpacket_hdr_v1 *header = tt_ring_image_block(&fixture->image, 0);
	struct tt_frame_batch batch;

	fill_block(fixture, 1, 0);
	header->block_status = TP_STATUS_BLK_TMO | TP_STATUS_LOSING;
	assert_is_empty(fixture);
	assert_int_equal(header->block_status, TP_STATUS_BLK_TMO | TP_STATUS_LOSING);
	header->block_status = TP_STATUS_USER;
	take(fixture, &batch, 1);
	tt_block_drop(batch.block);
}

static void empty_blocks_are_passed_over_and_given_back(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;

	fill_block(fixture, 0, TP_STATUS_BLK_TMO);
	assert_is_empty(fixture);
	assert_int_equal(kernels_blocks(fixture), 0xf);

	fill_block(fixture, 0, TP_STATUS_BLK_TMO);
	fill_block(fixture, 0, 0);
	fill_block(fixture, 2, 0);
	take(fixture, &batch, 2);
	assert_int_equal(kernels_blocks(fixture), 0x7);
	tt_block_drop(batch.block);

	for (uint32_t i = 0; i < BLOCKS_COUNT; i++)
		fill_block(fixture, 0, 0);
	assert_is_empty(fixture);
	assert_int_equal(kernels_blocks(fixture), 0xf);
}

static void empty_block_behind_a_held_one_waits_for_it(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;

	fill_block(fixture, 1, 0);
	fill_block(fixture, 0, 0);
	take(fixture, &batch, 1);
	assert_is_empty(fixture);
	assert_int_equal(kernels_blocks(fixture), 0xc);
	tt_block_drop(batch.block);
	assert_int_equal(kernels_blocks(fixture), 0xf);
}

/* Walks a block of @frames_count frames without a payload; @holds_all: drops come last. */
static void walk_large_block(uint32_t frames_count, int holds_all)
{
	struct tt_frame tiny = { .bytes = pattern };
	struct tt_frame_batch batch;
	struct fixture fixture;
	struct tt_block *block = NULL;
	uint32_t holds_count = 0;

	fixture_init(&fixture, LARGE_BLOCK_BYTES, 2);
	for (uint32_t i = 0; i < frames_count; i++) {
		tiny.interface_index = i;
		assert_true(tt_ring_image_add(&fixture.image, &tiny));
	}
	tt_ring_image_hand_over(&fixture.image, 0);

	for (uint32_t read = 0; read < frames_count;) {
		uint32_t left = frames_count - read;

		assert_int_equal(tt_ring_next(&fixture.ring, &batch), 0);
		assert_int_equal(batch.frames_count,
				 left < TT_BATCH_FRAMES_MAX ? left : TT_BATCH_FRAMES_MAX);
		for (size_t i = 0; i < batch.frames_count; i++)
			assert_int_equal(batch.frames[i].interface_index, read++);
		assert_true(!block || block == batch.block);
		block = batch.block;
		assert_int_equal(kernels_blocks(&fixture), 2);
		if (holds_all)
			holds_count++;
		else
			tt_block_drop(block);
		assert_int_equal(kernels_blocks(&fixture),
				 !holds_all && read == frames_count ? 3 : 2);
	}
	assert_is_empty(&fixture);
	while (holds_count-- > 0) {
		assert_int_equal(kernels_blocks(&fixture), 2);
		tt_block_drop(block);
	}
	assert_int_equal(kernels_blocks(&fixture), 3);
	fixture_deinit(&fixture);
}

static void block_of_many_frames_comes_in_batches_of_64(void **state)
{
	static const uint32_t counts[] = { 1, 63, 64, 65, 127, 128, 129, 600 };

	(void)state;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		walk_large_block(counts[i], 0);
		walk_large_block(counts[i], 1);
	}
}

/* A 32- or 16-bit field of what the kernel wrote. */
enum field {
	FIELD_NUM_PKTS,
	FIELD_BLK_LEN,
	FIELD_FIRST_OFFSET,
	FIELD_NET, /* from here on of the frame in the middle of three */
	FIELD_SNAPLEN,
	FIELD_LEN,
	FIELD_NEXT_OFFSET,
	FIELD_COUNT,
};

static uint32_t get_field(const struct tt_ring_image *image, enum field field)
{
	const struct tpacket_hdr_v1 *block = tt_ring_image_block(image, 1);
	const struct tpacket3_hdr *frame = tt_ring_image_frame(image, 1, 1);

	switch (field) {
	case FIELD_NUM_PKTS:
		return block->num_pkts;
	case FIELD_BLK_LEN:
		return block->blk_len;
	case FIELD_FIRST_OFFSET:
		return block->offset_to_first_pkt;
	case FIELD_NET:
		return frame->tp_net;
	case FIELD_SNAPLEN:
		return frame->tp_snaplen;
	case FIELD_LEN:
		return frame->tp_len;
	case FIELD_NEXT_OFFSET:
		return frame->tp_next_offset;
	case FIELD_COUNT:
		break;
	}
	fail();
	return 0;
}

static void set_field(struct tt_ring_image *image, enum field field, uint32_t value)
{
	struct tpacket_hdr_v1 *block = tt_ring_image_block(image, 1);
	struct tpacket3_hdr *frame = tt_ring_image_frame(image, 1, 1);

	switch (field) {
	case FIELD_NUM_PKTS:
		block->num_pkts = value;
		break;
	case FIELD_BLK_LEN:
		block->blk_len = value;
		break;
	case FIELD_FIRST_OFFSET:
		block->offset_to_first_pkt = value;
		break;
	case FIELD_NET:
		frame->tp_net = (uint16_t)value;
		break;
	case FIELD_SNAPLEN:
		frame->tp_snaplen = value;
		break;
	case FIELD_LEN:
		frame->tp_len = value;
		break;
	case FIELD_NEXT_OFFSET:
		frame->tp_next_offset = value;
		break;
	case FIELD_COUNT:
		fail();
	}
}

enum {
	CORRUPT_CAPTURED_BYTES = 104, /* with TT_RING_IMAGE_NET_OFFSET a stride of 200 */
	CORRUPT_STRIDE = TT_RING_IMAGE_NET_OFFSET + CORRUPT_CAPTURED_BYTES,
	CORRUPT_BLK_LEN = sizeof(struct tpacket_block_desc) + 3UL * CORRUPT_STRIDE,
	CORRUPT_ROOM = 2 * CORRUPT_STRIDE, /* from the frame in the middle on */
};

/* A ring of two blocks; the second, before the unreadable page, has three frames alike. */
static void corrupt_init(struct fixture *fixture)
{
	struct tt_frame frame = { .bytes = pattern,
				  .captured_bytes = CORRUPT_CAPTURED_BYTES,
				  .wire_bytes = CORRUPT_CAPTURED_BYTES };
	struct tt_frame_batch batch;

	fixture_init(fixture, BLOCK_BYTES, 2);
	fill_block(fixture, 1, 0);
	take(fixture, &batch, 1);
	tt_block_drop(batch.block);
	for (unsigned int i = 0; i < 3; i++)
		assert_true(tt_ring_image_add(&fixture->image, &frame));
	tt_ring_image_hand_over(&fixture->image, 0);
	assert_int_equal(get_field(&fixture->image, FIELD_BLK_LEN), CORRUPT_BLK_LEN);
	assert_int_equal(get_field(&fixture->image, FIELD_NEXT_OFFSET), CORRUPT_STRIDE);
}

/* Reads every byte of the frames, which must lie in the block. */
static void assert_is_inside(const struct tt_frame_batch *batch)
{
	const uint8_t *start = batch->block->bytes;
	unsigned int sum = 0;

	for (size_t i = 0; i < batch->frames_count; i++) {
		const struct tt_frame *frame = &batch->frames[i];

		assert_true(frame->bytes >= start);
		assert_true(frame->captured_bytes <= BLOCK_BYTES);
		assert_true((size_t)(frame->bytes - start) <= BLOCK_BYTES - frame->captured_bytes);
		assert_true(frame->captured_bytes <= frame->wire_bytes);
		for (uint32_t at = 0; at < frame->captured_bytes; at++)
			sum += frame->bytes[at];
	}
	assert_true(sum < UINT32_MAX); /* so that the bytes are read */
}

static const struct {
	enum field field;
	uint32_t value;
	uint32_t sound_count; /* frames before the first that cannot be read */
} corruptions[] = {
	{ FIELD_NUM_PKTS, 4, 2 }, /* the last frame says that none follows */
	{ FIELD_NUM_PKTS, INT32_MAX, 2 },
	{ FIELD_NUM_PKTS, UINT32_MAX, 2 },
	{ FIELD_BLK_LEN, 0, 0 },
	{ FIELD_BLK_LEN, sizeof(struct tpacket_block_desc) - 1, 0 },
	{ FIELD_BLK_LEN, sizeof(struct tpacket_block_desc), 0 },
	{ FIELD_BLK_LEN, sizeof(struct tpacket_block_desc) + TPACKET3_HDRLEN - 1, 0 },
	{ FIELD_BLK_LEN, sizeof(struct tpacket_block_desc) + CORRUPT_STRIDE - 1, 0 },
	{ FIELD_BLK_LEN, CORRUPT_BLK_LEN - CORRUPT_STRIDE, 2 },
	{ FIELD_BLK_LEN, CORRUPT_BLK_LEN - 1, 2 },
	{ FIELD_BLK_LEN, BLOCK_BYTES + 1, 0 },
	{ FIELD_BLK_LEN, BLOCK_BYTES + 8, 0 },
	{ FIELD_BLK_LEN, UINT32_MAX, 0 },
	{ FIELD_FIRST_OFFSET, 0, 0 },
	{ FIELD_FIRST_OFFSET, sizeof(struct tpacket_block_desc) - 8, 0 },
	{ FIELD_FIRST_OFFSET, sizeof(struct tpacket_block_desc) + 1, 0 },
	{ FIELD_FIRST_OFFSET, sizeof(struct tpacket_block_desc) + 4, 0 },
	{ FIELD_FIRST_OFFSET, CORRUPT_BLK_LEN, 0 },
	{ FIELD_FIRST_OFFSET, CORRUPT_BLK_LEN + 8, 0 },
	{ FIELD_FIRST_OFFSET, UINT32_MAX - 7, 0 },
	{ FIELD_FIRST_OFFSET, UINT32_MAX, 0 },
	{ FIELD_NET, 0, 1 },
	{ FIELD_NET, TPACKET3_HDRLEN - 1, 1 }, /* inside the headers */
	{ FIELD_NET, CORRUPT_ROOM - CORRUPT_CAPTURED_BYTES + 1, 1 },
	{ FIELD_NET, CORRUPT_ROOM + 1, 1 },
	{ FIELD_NET, UINT16_MAX, 1 },
	{ FIELD_SNAPLEN, CORRUPT_CAPTURED_BYTES + 1, 1 }, /* more than was on the wire */
	{ FIELD_SNAPLEN, INT32_MAX, 1 },
	{ FIELD_SNAPLEN, UINT32_MAX, 1 },
	{ FIELD_SNAPLEN, UINT32_MAX - TT_RING_IMAGE_NET_OFFSET + 1, 1 }, /* wraps to 0 */
	{ FIELD_LEN, 0, 1 },
	{ FIELD_LEN, CORRUPT_CAPTURED_BYTES - 1, 1 },
	{ FIELD_NEXT_OFFSET, 0, 1 },
	{ FIELD_NEXT_OFFSET, TPACKET3_HDRLEN - 4, 1 },
	{ FIELD_NEXT_OFFSET, CORRUPT_STRIDE + 1, 1 },
	{ FIELD_NEXT_OFFSET, CORRUPT_STRIDE + 4, 1 },
	{ FIELD_NEXT_OFFSET, CORRUPT_ROOM, 2 },
	{ FIELD_NEXT_OFFSET, CORRUPT_ROOM + 8, 1 },
	{ FIELD_NEXT_OFFSET, INT32_MAX - 7, 1 },
	{ FIELD_NEXT_OFFSET, UINT32_MAX - 7, 1 }, /* backwards, after a wrap */
	{ FIELD_NEXT_OFFSET, UINT32_MAX, 1 },
};

static void corrupted_field_ends_the_ring_behind_the_sound_frames(void **state)
{
	(void)state;

	for (size_t i = 0; i < sizeof(corruptions) / sizeof(corruptions[0]); i++) {
		struct tt_frame_batch batch;
		struct fixture fixture;

		corrupt_init(&fixture);
		set_field(&fixture.image, corruptions[i].field, corruptions[i].value);
		if (corruptions[i].sound_count > 0) {
			assert_int_equal(tt_ring_next(&fixture.ring, &batch), 0);
			assert_int_equal(batch.frames_count, corruptions[i].sound_count);
			assert_is_inside(&batch);
			tt_block_drop(batch.block);
		}
		assert_int_equal(tt_ring_next(&fixture.ring, &batch), -EBADMSG);
		/* The failure comes once, and then nothing ever again. */
		assert_int_equal(tt_ring_next(&fixture.ring, &batch), TT_STOP);
		assert_int_equal(tt_ring_next(&fixture.ring, &batch), TT_STOP);
		fixture_deinit(&fixture);
	}
}

static void captured_bytes_end_within_the_block_even_if_the_wire_had_more(void **state)
{
	struct tt_frame_batch batch;
	struct fixture fixture;

	(void)state;

	corrupt_init(&fixture);
	set_field(&fixture.image, FIELD_LEN, UINT32_MAX);
	set_field(&fixture.image, FIELD_SNAPLEN, CORRUPT_ROOM - TT_RING_IMAGE_NET_OFFSET + 1);
	assert_int_equal(tt_ring_next(&fixture.ring, &batch), 0);
	assert_int_equal(batch.frames_count, 1);
	tt_block_drop(batch.block);
	assert_int_equal(tt_ring_next(&fixture.ring, &batch), -EBADMSG);
	fixture_deinit(&fixture);
}

/* Walks to the end, whatever that is. */
static void walk_inside(struct fixture *fixture)
{
	struct tt_frame_batch batch;
	int r;

	for (r = tt_ring_next(&fixture->ring, &batch); r == 0;
	     r = tt_ring_next(&fixture->ring, &batch)) {
		assert_true(batch.frames_count >= 1);
		assert_is_inside(&batch);
		tt_block_drop(batch.block);
	}
	assert_true(r == TT_EMPTY || r == -EBADMSG);
}

static void no_value_of_any_field_leads_outside_of_the_block(void **state)
{
	(void)state;

	for (unsigned int field = 0; field < FIELD_COUNT; field++) {
		for (uint32_t value = 0; value < 2 * BLOCK_BYTES; value++) {
			struct fixture fixture;

			corrupt_init(&fixture);
			set_field(&fixture.image, field, value);
			walk_inside(&fixture);
			fixture_deinit(&fixture);
		}
		for (unsigned int bit = 0; bit < 32; bit++) {
			struct fixture fixture;

			corrupt_init(&fixture);
			set_field(&fixture.image, field,
				  get_field(&fixture.image, field) ^ UINT32_C(1) << bit);
			walk_inside(&fixture);
			fixture_deinit(&fixture);
		}
	}
}

static void broken_ring_still_waits_for_the_holders_of_its_blocks(void **state)
{
	struct tt_frame_batch batch;
	struct fixture fixture;

	(void)state;

	corrupt_init(&fixture);
	set_field(&fixture.image, FIELD_NEXT_OFFSET, 0);
	assert_int_equal(tt_ring_next(&fixture.ring, &batch), 0);
	assert_int_equal(tt_ring_next(&fixture.ring, &(struct tt_frame_batch){ 0 }), -EBADMSG);
	assert_is_inside(&batch);
	assert_int_equal(batch.block->holders_count, 1);
	assert_int_equal(kernels_blocks(&fixture), 1);
	tt_block_drop(batch.block);
	fixture_deinit(&fixture);
}

/* The kernel: fills blocks of one to ten frames as soon as they are given back. */
static void *play_kernel(void *context)
{
	struct fixture *fixture = context;

	while (fixture->added_count < THREADED_FRAMES) {
		uint32_t block_frames = 1 + fixture->added_count % 10;

		while (!tt_ring_image_has_room(&fixture->image))
			(void)sched_yield();
		for (uint32_t i = 0; i < block_frames && fixture->added_count < THREADED_FRAMES;
		     i++) {
			struct tt_frame frame = numbered_frame(fixture->added_count);

			if (!tt_ring_image_add(&fixture->image, &frame))
				break;
			fixture->added_count++;
		}
		tt_ring_image_hand_over(&fixture->image, 0);
	}
	return NULL;
}

static void blocks_change_hands_with_all_that_was_written(void **state)
{
	struct fixture *fixture = *state;
	struct tt_block *held = NULL;
	pthread_t kernel;

	assert_int_equal(pthread_create(&kernel, NULL, play_kernel, fixture), 0);
	while (fixture->read_count < THREADED_FRAMES) {
		struct tt_frame_batch batch;
		int r = tt_ring_next(&fixture->ring, &batch);

		if (r == TT_EMPTY) {
			(void)sched_yield();
			continue;
		}
		assert_int_equal(r, 0);
		for (size_t i = 0; i < batch.frames_count; i++)
			assert_is_frame(&batch.frames[i], fixture->read_count++);
		/* Each second block is held until after the next one was dropped. */
		if (!held) {
			held = batch.block;
			continue;
		}
		tt_block_drop(batch.block);
		tt_block_drop(held);
		held = NULL;
	}
	if (held)
		tt_block_drop(held);
	assert_int_equal(pthread_join(kernel, NULL), 0);
	assert_int_equal(kernels_blocks(fixture), 0xf);
}

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, ring_setup, ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(nothing_is_there_before_a_block_was_handed_over),
		RING_TEST(frames_come_out_as_they_were_filled_in),
		RING_TEST(frame_of_every_protocol_carries_its_own_version),
		RING_TEST(frame_carries_the_version_of_its_ring),
		RING_TEST(time_is_unsigned_beyond_2038),
		RING_TEST(last_frame_may_end_with_its_block),
		RING_TEST(blocks_come_in_the_kernels_order_round_and_round),
		RING_TEST(blocks_that_wait_come_in_the_order_in_which_they_were_filled),
		RING_TEST(block_goes_back_with_its_last_hold),
		RING_TEST(blocks_released_out_of_order_go_back_in_order),
		RING_TEST(nothing_is_taken_twice_while_all_blocks_are_held),
		RING_TEST(block_is_taken_whatever_else_its_status_says),
		RING_TEST(block_that_says_so_tells_of_a_loss),
		RING_TEST(block_is_left_alone_unless_its_status_says_user),
		RING_TEST(empty_blocks_are_passed_over_and_given_back),
		RING_TEST(empty_block_behind_a_held_one_waits_for_it),
		cmocka_unit_test(block_of_many_frames_comes_in_batches_of_64),
		cmocka_unit_test(corrupted_field_ends_the_ring_behind_the_sound_frames),
		cmocka_unit_test(captured_bytes_end_within_the_block_even_if_the_wire_had_more),
		cmocka_unit_test(no_value_of_any_field_leads_outside_of_the_block),
		cmocka_unit_test(broken_ring_still_waits_for_the_holders_of_its_blocks),
		RING_TEST(blocks_change_hands_with_all_that_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
