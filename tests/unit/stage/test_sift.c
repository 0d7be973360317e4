/* SPDX-License-Identifier: MIT */

/*
 * A source over another: only what is wanted of its frames
 *
 * The inner source is played: batches of built packets, each in a block of its own, failures
 * and the end. A frame is known again by the port that it goes to. How a frame is judged is
 * test_judge's; here is what is made of it.
 */

#include "stage/sift.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "filter/judge.h"
#include "tests/support/packets.h"
#include "tests/unit/cmocka_all.h"

enum {
	PORT = TT_PACKET_DESTINATION_PORT,
	OTHER_PORT = 80,
	INTERFACE = 3,
	PAYLOAD_BYTES = 100,
	SNAP_BYTES = 262144,
	IPV4_BYTES = 28 + PAYLOAD_BYTES,
	ITEMS_MAX = 16,
	FRAMES_MAX = 1024,
};

/* What the inner source gives at one time; a status, or frames. */
struct item {
	int status;
	size_t frames_count;
	uint64_t dropped_before;
};

static struct {
	struct tt_source inner;
	struct item items[ITEMS_MAX];
	size_t items_count, read_count;
	struct tt_frame frames[FRAMES_MAX];
	size_t frames_count, given_count;
	uint8_t packets[FRAMES_MAX][IPV4_BYTES + 40];
	struct tt_block blocks[ITEMS_MAX];
	size_t blocks_out_count;
	bool has_no_blocks;
	unsigned int asked_count;
	int check_answer, statistics_answer;
	uint64_t inner_late;
	bool is_freed;
	bool is_endless; /* gives its first frame again and again */
	struct tt_conditions conditions;
	struct tt_source *sift;
	struct tt_frame_batch batch;
} lab;

static void release_block(struct tt_block *block, void *context)
{
	(void)block;
	(void)context;
	assert_true(lab.blocks_out_count > 0);
	lab.blocks_out_count--;
}

static int next(struct tt_source *source, struct tt_frame_batch *ret_batch)
{
	const struct item *item = &lab.items[lab.read_count];

	assert_ptr_equal(source, &lab.inner);
	lab.asked_count++;
	if (lab.is_endless) {
		tt_frame_batch_clear(ret_batch);
		ret_batch->frames_count = 1;
		ret_batch->frames[0] = lab.frames[0];
		ret_batch->origins[0] = (struct tt_origin){ .source_kind = TT_SOURCE_FILE };
		return 0;
	}
	if (lab.read_count == lab.items_count)
		return TT_EMPTY;
	lab.read_count++;
	if (item->status < 0)
		return tt_error_set(&source->error, item->status, "failed as scripted");
	if (item->status != 0)
		return item->status;

	tt_frame_batch_clear(ret_batch);
	ret_batch->frames_count = item->frames_count;
	ret_batch->dropped_before = item->dropped_before;
	ret_batch->generation = 1;
	for (size_t i = 0; i < item->frames_count; i++) {
		ret_batch->frames[i] = lab.frames[lab.given_count];
		ret_batch->origins[i] = (struct tt_origin){
			.source_kind = TT_SOURCE_FILE,
			.hardware_type = (uint16_t)lab.given_count,
		};
		lab.given_count++;
	}
	if (lab.has_no_blocks)
		return 0;
	ret_batch->block = &lab.blocks[lab.read_count - 1];
	*ret_batch->block = (struct tt_block){ .holders_count = 1, .release = release_block };
	lab.blocks_out_count++;
	return 0;
}

static int check(struct tt_source *source)
{
	if (lab.check_answer < 0)
		return tt_error_set(&source->error, lab.check_answer, "checked as scripted");
	return 0;
}

static int add_statistics(struct tt_source *source, struct tt_source_statistics *statistics)
{
	(void)source;
	if (lab.statistics_answer < 0)
		return lab.statistics_answer;
	statistics[TT_SOURCE_FILE].is_present = true;
	statistics[TT_SOURCE_FILE].stored += lab.given_count;
	statistics[TT_SOURCE_FILE].late += lab.inner_late;
	return 0;
}

static void free_inner(struct tt_source *source)
{
	assert_ptr_equal(source, &lab.inner);
	assert_false(lab.is_freed);
	lab.is_freed = true;
}

static const struct tt_source_ops inner_ops = {
	.next = next,
	.check = check,
	.add_statistics = add_statistics,
	.free = free_inner,
};

/* Wants all ports, of everything; a test narrows that before it reads. */
static void begin(void)
{
	struct tt_ports all;

	memset(&lab, 0, sizeof(lab));
	lab.inner = (struct tt_source){ .ops = &inner_ops, .fd = 77 };
	lab.conditions = (struct tt_conditions){
		.packet_types = UINT32_MAX,
		.snap_bytes = SNAP_BYTES,
		.follows_fragments = true,
		.knows_captured_only = true,
	};
	assert_int_equal(tt_ports_parse(NULL, &all, NULL), 0);
	tt_conditions_set_ports(&lab.conditions, &all);
	assert_int_equal(tt_sift_new(&lab.sift, &lab.inner, &lab.conditions), 0);
	assert_int_equal(lab.sift->fd, 77);
}

static void want_ports(const char *text)
{
	struct tt_ports ports;

	assert_int_equal(tt_ports_parse(text, &ports, NULL), 0);
	tt_conditions_set_ports(&lab.conditions, &ports);
}

static void want_expression(const char *text)
{
	assert_int_equal(tt_expression_new(&lab.conditions.expression, text, NULL), 0);
}

static void end(void)
{
	lab.sift->ops->free(lab.sift);
	assert_true(lab.is_freed);
	assert_int_equal(lab.blocks_out_count, 0);
	tt_expression_drop(lab.conditions.expression);
}

/* A frame for the next batch, which a test may still change. */
static struct tt_frame *add_spec(const struct tt_packet_spec *spec)
{
	uint8_t *packet = lab.packets[lab.frames_count];
	struct tt_frame *frame = &lab.frames[lab.frames_count];
	size_t bytes = tt_packet_build(spec, packet, sizeof(lab.packets[0]));

	assert_true(lab.frames_count < FRAMES_MAX);
	*frame = tt_packet_frame(spec->version, packet, bytes, bytes);
	frame->interface_index = INTERFACE;
	lab.frames_count++;
	return frame;
}

static struct tt_frame *add(uint16_t port)
{
	struct tt_packet_spec spec = { .version = 4,
				       .payload_bytes = PAYLOAD_BYTES,
				       .destination_port = port };

	return add_spec(&spec);
}

static struct tt_frame *add_fragment(uint16_t port, uint16_t id, uint16_t fragment)
{
	struct tt_packet_spec spec = { .version = 4,
				       .payload_bytes = PAYLOAD_BYTES,
				       .destination_port = port,
				       .id = id,
				       .fragment = fragment };

	return add_spec(&spec);
}

/* All frames that were added since make a batch. */
static void give(uint64_t dropped_before)
{
	size_t before = 0;

	for (size_t i = 0; i < lab.items_count; i++)
		before += lab.items[i].frames_count;
	assert_true(lab.items_count < ITEMS_MAX);
	lab.items[lab.items_count++] = (struct item){ .frames_count = lab.frames_count - before,
						      .dropped_before = dropped_before };
}

static void give_status(int status)
{
	assert_true(lab.items_count < ITEMS_MAX);
	lab.items[lab.items_count++] = (struct item){ .status = status };
}

static int read_batch(void)
{
	int r;

	memset(&lab.batch, 0xee, sizeof(lab.batch));
	r = lab.sift->ops->next(lab.sift, &lab.batch);
	if (r != 0)
		return r;
	assert_in_range(lab.batch.frames_count, 1, TT_BATCH_FRAMES_MAX);
	assert_int_equal(lab.batch.block != NULL, !lab.has_no_blocks);
	assert_int_equal(lab.blocks_out_count, !lab.has_no_blocks); /* no emptied one is kept */
	for (size_t i = 0; i < lab.batch.frames_count; i++) {
		const struct tt_frame *frame = &lab.batch.frames[i];

		/* Each with its own origin. */
		assert_ptr_equal(frame->bytes, lab.packets[lab.batch.origins[i].hardware_type]);
	}
	return 0;
}

static void drop_batch(void)
{
	if (lab.batch.block)
		tt_block_drop(lab.batch.block);
}

/* The next batch has these frames, by the places at which they were added. */
static void assert_batch(const char *expected)
{
	char places[256] = "";
	size_t length = 0;

	assert_int_equal(read_batch(), 0);
	for (size_t i = 0; i < lab.batch.frames_count && length < sizeof(places); i++)
		length += (size_t)snprintf(places + length, sizeof(places) - length, "%s%u",
					   i > 0 ? " " : "", lab.batch.origins[i].hardware_type);
	assert_string_equal(places, expected);
	drop_batch();
}

static struct tt_source_statistics statistics_of(void)
{
	struct tt_source_statistics statistics[TT_SOURCE_KIND_COUNT] = { 0 };
	struct tt_source_statistics file;
	uint64_t rejected = 0;

	assert_int_equal(lab.sift->ops->add_statistics(lab.sift, statistics), 0);
	file = statistics[TT_SOURCE_FILE];
	for (size_t i = 0; i < TT_REJECT_COUNT; i++)
		rejected += file.rejected[i];
	assert_int_equal(file.seen, rejected + file.stored);
	assert_int_equal(file.seen, lab.given_count);
	assert_true(file.is_present);
	assert_false(statistics[TT_SOURCE_IPV4].is_present);
	return file;
}

static void assert_counted(enum tt_reject reason, uint64_t count, uint64_t stored)
{
	struct tt_source_statistics statistics = statistics_of();

	assert_int_equal(statistics.rejected[reason], count);
	assert_int_equal(statistics.seen, count + stored); /* and nothing else was rejected */
	assert_int_equal(statistics.stored, stored);
}

/* One of each reason, and one behind them that is wanted. */
static void add_one_of_each_reason(void)
{
	struct tt_packet_spec tcp = { .version = 4, .payload_bytes = PAYLOAD_BYTES };
	struct tt_packet_spec broken = { .version = 4, .payload_bytes = PAYLOAD_BYTES };

	tcp.protocol = (struct tt_packet_claim)TT_SAYS(6);
	broken.version_nibble = (struct tt_packet_claim)TT_SAYS(7);
	add(PORT)->packet_type = TT_PACKET_OTHERHOST;
	add(PORT)->interface_index = INTERFACE + 1;
	(void)add_spec(&tcp);
	add(PORT)->version = 0; /* no IP at all */
	(void)add(OTHER_PORT);
	(void)add(PORT);
	lab.packets[lab.frames_count - 1][28] = 9; /* the first byte of the payload */
	(void)add_fragment(PORT, 5, TT_PACKET_MORE_FRAGMENTS);
	(void)add_spec(&broken);
	(void)add(PORT);
}

static void each_reason_is_counted(void **state)
{
	static const uint32_t interface_index = INTERFACE;
	struct tt_source_statistics statistics;

	(void)state;
	begin();
	want_ports("5353");
	want_expression("udp[8] <= 1");
	lab.conditions.packet_types = 1U << TT_PACKET_HOST;
	lab.conditions.interface_indexes = &interface_index;
	lab.conditions.interfaces_count = 1;
	lab.conditions.follows_fragments = false;
	add_one_of_each_reason();
	give(0);
	assert_batch("8");
	assert_int_equal(read_batch(), TT_EMPTY);

	statistics = statistics_of();
	for (unsigned int reason = 0; reason < TT_REJECT_COUNT; reason++)
		assert_int_equal(statistics.rejected[reason], reason == TT_REJECT_NOT_UDP ? 2 : 1);
	assert_int_equal(statistics.stored, 1);
	end();
}

static void what_is_wanted_moves_together_in_its_order(void **state)
{
	(void)state;
	begin();
	want_ports("5353");
	for (size_t i = 0; i < TT_BATCH_FRAMES_MAX; i++)
		(void)add(i % 8 == 3 ? PORT : OTHER_PORT);
	give(0);
	for (size_t i = 0; i < TT_BATCH_FRAMES_MAX; i++)
		(void)add(PORT);
	give(0);
	assert_batch("3 11 19 27 35 43 51 59");
	assert_int_equal(lab.batch.generation, 1);
	assert_int_equal(read_batch(), 0);
	assert_int_equal(lab.batch.frames_count, TT_BATCH_FRAMES_MAX);
	drop_batch();
	assert_counted(TT_REJECT_PORT, 56, 72);
	end();
}

/* ------------------------------------------------------------------------ cut captures */

/* Packets of which little was captured; how much is the frame's place. */
static void add_cut_ones(void)
{
	for (uint32_t bytes = 0; bytes < 40; bytes++)
		add(PORT)->captured_bytes = bytes;
	give(0);
}

static void cut_frames_are_taken_when_everything_is(void **state)
{
	(void)state;
	begin();
	add_cut_ones();
	assert_int_equal(read_batch(), 0);
	assert_int_equal(lab.batch.frames_count, 40);
	for (uint32_t i = 0; i < 40; i++) {
		assert_int_equal(lab.batch.frames[i].captured_bytes, i);
		assert_int_equal(lab.batch.frames[i].wire_bytes, IPV4_BYTES);
	}
	drop_batch();
	assert_counted(TT_REJECT_MALFORMED, 0, 40);
	end();
}

static void without_ports_that_can_be_read_none_is_wanted(void **state)
{
	(void)state;
	begin();
	want_ports("5353");
	add_cut_ones();
	assert_int_equal(read_batch(), 0);
	assert_int_equal(lab.batch.frames_count, 16); /* of 24 bytes and more */
	assert_int_equal(lab.batch.frames[0].captured_bytes, 24);
	drop_batch();
	assert_counted(TT_REJECT_MALFORMED, 24, 16);
	end();
}

static void an_expression_judges_what_was_captured(void **state)
{
	(void)state;
	begin();
	want_expression("udp[8] <= 1");
	add_cut_ones();
	(void)add(PORT);
	give(0);
	assert_int_equal(read_batch(), 0);
	assert_int_equal(lab.batch.frames[0].captured_bytes, 29);
	assert_int_equal(lab.batch.frames_count, 11);
	drop_batch();
	assert_batch("40");
	assert_int_equal(statistics_of().rejected[TT_REJECT_MALFORMED], 20); /* no IP header */
	assert_int_equal(statistics_of().rejected[TT_REJECT_EXPRESSION], 9);
	end();

	begin();
	want_ports("5353");
	want_expression("ip[8] = 64");
	add_cut_ones();
	assert_int_equal(read_batch(), 0);
	assert_int_equal(lab.batch.frames_count, 16);
	drop_batch();
	assert_counted(TT_REJECT_MALFORMED, 24, 16);
	end();
}

/* --------------------------------------------------------------------------- snap lengths */

static void assert_captured(uint32_t first, uint32_t second)
{
	assert_int_equal(read_batch(), 0);
	assert_int_equal(lab.batch.frames_count, 2);
	assert_int_equal(lab.batch.frames[0].captured_bytes, first);
	assert_int_equal(lab.batch.frames[1].captured_bytes, second);
	assert_int_equal(lab.batch.frames[0].wire_bytes, IPV4_BYTES);
	drop_batch();
}

static void what_is_taken_is_cut_as_wished_and_never_made_longer(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 4; i++) {
		(void)add(PORT);
		add(PORT)->captured_bytes = 50;
		give(0);
	}
	assert_captured(IPV4_BYTES, 50);
	lab.conditions.snap_bytes = 60;
	assert_captured(60, 50);
	lab.conditions.snap_bytes = 48;
	assert_captured(48, 48);
	lab.conditions.snap_bytes = TT_FILTER_SNAP_HEADERS;
	assert_captured(28, 28);
	end();
}

static void what_was_cut_before_its_ports_is_cut_as_wished_too(void **state)
{
	struct tt_packet_spec spec = { .version = 6,
				       .payload_bytes = 8,
				       .extensions = { TT_HOP_BY_HOP(24, 1, 20) } };

	(void)state;
	begin();
	lab.conditions.snap_bytes = 48;
	add_spec(&spec)->captured_bytes = 60; /* the UDP header begins at 64 */
	give(0);
	add_spec(&spec)->captured_bytes = 44;
	give(0);
	add_spec(&spec)->captured_bytes = 60;
	give(0);
	lab.has_no_blocks = true;
	assert_int_equal(read_batch(), 0);
	assert_int_equal(lab.batch.frames[0].captured_bytes, 48);
	assert_int_equal(read_batch(), 0);
	assert_int_equal(lab.batch.frames[0].captured_bytes, 44);
	lab.conditions.snap_bytes = TT_FILTER_SNAP_HEADERS;
	assert_int_equal(read_batch(), 0);
	assert_int_equal(lab.batch.frames[0].captured_bytes, 60); /* headers, all of it */
	end();
}

/* ------------------------------------------------------------------------------ fragments */

static void fragments_follow_their_first_into_later_batches(void **state)
{
	(void)state;
	begin();
	want_ports("5353");
	(void)add_fragment(PORT, 1, 5);                              /* 0: nobody's yet */
	(void)add_fragment(PORT, 1, TT_PACKET_MORE_FRAGMENTS);       /* 1 */
	(void)add_fragment(OTHER_PORT, 2, TT_PACKET_MORE_FRAGMENTS); /* 2 */
	give(0);
	(void)add_fragment(PORT, 2, 5); /* 3: the port is no port */
	give(0);
	(void)add_fragment(OTHER_PORT, 1, 5 | TT_PACKET_MORE_FRAGMENTS); /* 4 */
	add_fragment(OTHER_PORT, 1, 10)->time_ns += 31 * TT_NS_PER_S;    /* 5: late */
	(void)add_fragment(OTHER_PORT, 1, 15);                           /* 6 */
	give(0);
	assert_batch("1");
	assert_batch("4 6");
	assert_int_equal(read_batch(), TT_EMPTY);
	assert_int_equal(statistics_of().rejected[TT_REJECT_FRAGMENT], 3);
	assert_int_equal(statistics_of().rejected[TT_REJECT_PORT], 1);
	assert_int_equal(statistics_of().fragments_late, 1);
	end();
}

/* -------------------------------------------------------------------------- blocks, losses */

static void blocks_of_batches_without_a_wanted_frame_are_let_go(void **state)
{
	(void)state;
	begin();
	want_ports("5353");
	for (int i = 0; i < 5; i++) {
		(void)add(i == 3 ? PORT : OTHER_PORT);
		give(0);
	}
	assert_int_equal(read_batch(), 0); /* it looks at the blocks */
	assert_int_equal(lab.batch.block->holders_count, 1);
	assert_ptr_equal(lab.batch.block, &lab.blocks[3]);
	drop_batch();
	assert_int_equal(read_batch(), TT_EMPTY);
	assert_int_equal(lab.blocks_out_count, 0);
	end();
}

static void others_get_a_turn_while_nothing_is_wanted(void **state)
{
	(void)state;
	begin();
	want_ports("5353");
	(void)add(OTHER_PORT);
	lab.is_endless = true;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(read_batch(), TT_EMPTY);
		assert_true(tt_sift_is_paused(lab.sift));
	}
	lab.is_endless = false;
	assert_int_equal(read_batch(), TT_EMPTY);
	assert_false(tt_sift_is_paused(lab.sift));
	end();
}

static void frames_may_lie_in_no_block(void **state)
{
	(void)state;
	begin();
	want_ports("5353");
	lab.has_no_blocks = true;
	(void)add(OTHER_PORT);
	give(0);
	(void)add(PORT);
	give(0);
	assert_batch("1");
	assert_int_equal(read_batch(), TT_EMPTY);
	end();
}

static void losses_are_told_in_front_of_the_next_frame_that_is_kept(void **state)
{
	(void)state;
	begin();
	want_ports("5353");
	(void)add(OTHER_PORT);
	give(3);
	(void)add(OTHER_PORT);
	give(4);
	(void)add(PORT);
	give(5);
	(void)add(PORT);
	give(0);
	assert_batch("2");
	assert_int_equal(lab.batch.dropped_before, 12);
	assert_batch("3");
	assert_int_equal(lab.batch.dropped_before, 0);

	/* Also over moments at which nothing is there, and over failures. */
	(void)add(OTHER_PORT);
	give(6);
	give_status(TT_EMPTY);
	(void)add(OTHER_PORT);
	give(7);
	give_status(-EBADMSG);
	(void)add(PORT);
	give(0);
	assert_int_equal(read_batch(), TT_EMPTY);
	assert_int_equal(read_batch(), -EBADMSG);
	assert_batch("6");
	assert_int_equal(lab.batch.dropped_before, 13);
	end();
}

/* --------------------------------------------------------------------- ends and failures */

static void after_closing_nothing_more_is_seen(void **state)
{
	unsigned int asked_count;

	(void)state;
	begin();
	(void)add(PORT);
	give(0);
	(void)add(PORT);
	give(0);
	assert_batch("0");
	asked_count = lab.asked_count;
	tt_sift_close(lab.sift);
	assert_int_equal(read_batch(), TT_STOP);
	assert_int_equal(read_batch(), TT_STOP);
	assert_int_equal(lab.asked_count, asked_count);
	assert_int_equal(statistics_of().seen, 1);
	end();
}

static void what_the_inner_source_says_is_passed_on(void **state)
{
	struct tt_source_statistics statistics[TT_SOURCE_KIND_COUNT] = { 0 };

	(void)state;
	begin();
	give_status(-EBADMSG);
	(void)add(PORT);
	give(0);
	give_status(TT_STOP);
	assert_int_equal(read_batch(), -EBADMSG);
	assert_int_equal(lab.sift->error.code, -EBADMSG);
	assert_string_equal(lab.sift->error.message, "failed as scripted");
	assert_batch("0");
	assert_int_equal(read_batch(), TT_STOP);

	assert_int_equal(lab.sift->ops->check(lab.sift), 0);
	lab.check_answer = -ENODEV;
	assert_int_equal(lab.sift->ops->check(lab.sift), -ENODEV);
	assert_string_equal(lab.sift->error.message, "checked as scripted");

	lab.inner_late = 9;
	assert_int_equal(statistics_of().late, 9);
	lab.statistics_answer = -EIO;
	assert_int_equal(lab.sift->ops->add_statistics(lab.sift, statistics), -EIO);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reason_is_counted),
		cmocka_unit_test(what_is_wanted_moves_together_in_its_order),
		cmocka_unit_test(cut_frames_are_taken_when_everything_is),
		cmocka_unit_test(without_ports_that_can_be_read_none_is_wanted),
		cmocka_unit_test(an_expression_judges_what_was_captured),
		cmocka_unit_test(what_is_taken_is_cut_as_wished_and_never_made_longer),
		cmocka_unit_test(what_was_cut_before_its_ports_is_cut_as_wished_too),
		cmocka_unit_test(fragments_follow_their_first_into_later_batches),
		cmocka_unit_test(blocks_of_batches_without_a_wanted_frame_are_let_go),
		cmocka_unit_test(others_get_a_turn_while_nothing_is_wanted),
		cmocka_unit_test(frames_may_lie_in_no_block),
		cmocka_unit_test(losses_are_told_in_front_of_the_next_frame_that_is_kept),
		cmocka_unit_test(after_closing_nothing_more_is_seen),
		cmocka_unit_test(what_the_inner_source_says_is_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
