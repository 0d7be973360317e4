/* SPDX-License-Identifier: MIT */

/*
 * A pump between sources and sinks that a test scripts
 */

#include "tests/support/pump_lab.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "tests/support/packets.h"

enum {
	PACKET_BYTES_MAX = 128,
	PAYLOAD_BYTES = 40,
	TRUNCATED_BYTES = 10,
	CUT_BYTES = 48, /* both headers and half of the payload */
};

static struct fake_source *to_source(struct tt_source *source)
{
	return (struct fake_source *)(void *)source; /* its first member */
}

static struct fake_sink *to_sink(struct tt_sink *sink)
{
	return (struct fake_sink *)(void *)sink; /* its first member */
}

static struct tt_frame make_frame(char letter)
{
	static uint8_t packets[2][PACKET_BYTES_MAX]; /* UDP, and not */
	static size_t packet_bytes;
	bool is_udp = tolower(letter) != 'n';
	struct tt_frame frame;

	if (packet_bytes == 0) {
		struct tt_packet_spec spec = { .version = 4, .payload_bytes = PAYLOAD_BYTES };

		packet_bytes = tt_packet_build(&spec, packets[0], PACKET_BYTES_MAX);
		spec.protocol = (struct tt_packet_claim)TT_SAYS(6);
		(void)tt_packet_build(&spec, packets[1], PACKET_BYTES_MAX);
	}
	frame = tt_packet_frame(4, packets[!is_udp], packet_bytes, packet_bytes);
	if (tolower(letter) == 't')
		frame.captured_bytes = TRUNCATED_BYTES;
	if (tolower(letter) == 'c')
		frame.captured_bytes = CUT_BYTES;
	frame.interface_index = (uint8_t)letter; /* by which the sinks know it again */
	return frame;
}

static char letter_of(const struct tt_datagram *datagram)
{
	return (char)datagram->interface_index;
}

static void mark_local(void *context, struct tt_datagram *datagrams, size_t count)
{
	struct pump_lab *lab = context;

	assert_non_null(lab->pump);
	for (size_t i = 0; i < count; i++) {
		if (isupper(letter_of(&datagrams[i])))
			datagrams[i].flags |= TT_DATAGRAM_LOCAL;
	}
}

static void release_block(struct tt_block *block, void *context)
{
	struct fake_source *source = context;

	assert_true(source->block_is_out[block->index]);
	source->block_is_out[block->index] = false;
	source->blocks_out_count--;
}

static struct tt_block *take_block(struct fake_source *source)
{
	for (uint32_t i = 0; i < LAB_BLOCKS_MAX; i++) {
		if (source->block_is_out[i])
			continue;
		source->block_is_out[i] = true;
		source->blocks_out_count++;
		source->blocks[i] = (struct tt_block){
			.index = i, .holders_count = 1, .release = release_block, .context = source
		};
		return &source->blocks[i];
	}
	fail_msg("all blocks are out");
	return NULL;
}

static const char *next_scripted_word(struct fake_source *source)
{
	return *source->words ? *source->words++ : "";
}

static int next(struct tt_source *base, struct tt_frame_batch *ret_batch)
{
	struct fake_source *source = to_source(base);
	const char *word = source->next_word(source);

	source->asked_count++;
	if (!*word)
		return TT_EMPTY;
	if (*word == '!')
		return -EIO;
	if (*word == '.')
		return TT_STOP;

	tt_frame_batch_clear(ret_batch);
	ret_batch->dropped_before = source->dropped_before;
	source->dropped_before = 0;
	ret_batch->frames_count = strlen(word);
	assert_true(ret_batch->frames_count <= TT_BATCH_FRAMES_MAX);
	for (size_t i = 0; i < ret_batch->frames_count; i++) {
		ret_batch->frames[i] = make_frame(word[i]);
		ret_batch->origins[i] = (struct tt_origin){ .source_kind = source->kind };
	}
	ret_batch->block = source->has_no_blocks ? NULL : take_block(source);
	source->delivered_count += ret_batch->frames_count;
	return 0;
}

static int check(struct tt_source *base)
{
	struct fake_source *source = to_source(base);

	source->checked_count++;
	return source->check_answer;
}

static int add_statistics(struct tt_source *base, struct tt_source_statistics *statistics)
{
	struct fake_source *source = to_source(base);

	if (source->statistics_answer < 0)
		return source->statistics_answer;
	statistics += source->kind;
	statistics->is_present = true;
	statistics->dropped += source->statistics.dropped;
	statistics->freezes += source->statistics.freezes;
	statistics->ring_bytes += source->statistics.ring_bytes;
	return 0;
}

static void free_source(struct tt_source *base)
{
	assert_false(to_source(base)->is_freed);
	to_source(base)->is_freed = true;
}

static const struct tt_source_ops source_ops = {
	.next = next,
	.check = check,
	.add_statistics = add_statistics,
	.free = free_source,
};

void fake_source_init(struct fake_source *source, int fd, enum tt_source_kind kind,
		      const char *const *words)
{
	*source = (struct fake_source){
		.source = { .ops = &source_ops, .fd = fd },
		.kind = (uint8_t)kind,
		.next_word = next_scripted_word,
		.words = words,
	};
}

static void write_down(struct fake_sink *sink, char c)
{
	if (sink->is_silent)
		return;
	assert_true(sink->log_length + 1 < sizeof(sink->log));
	sink->log[sink->log_length++] = c;
	sink->log[sink->log_length] = '\0';
}

static void drop_buffered(struct fake_sink *sink)
{
	sink->sink.counters.dropped += sink->buffered_count;
	sink->buffered_count = 0;
}

static void write_buffered(struct fake_sink *sink)
{
	sink->sink.counters.written += sink->buffered_count;
	sink->buffered_count = 0;
}

static int take(struct tt_sink *base, const struct tt_run *run)
{
	struct fake_sink *sink = to_sink(base);
	int answer;

	assert_true(run->count > 0);
	assert_non_null(run->origins);
	sink->takes_count++;
	sink->dropped_count += run->dropped_before;
	for (size_t i = 0; i < run->count; i++) {
		char letter = letter_of(&run->datagrams[i]);

		assert_true(base->verdicts & TT_VERDICT_BIT(run->datagrams[i].verdict));
		if (letter == sink->withheld_letter) {
			base->counters.withheld[TT_WITHHELD_NO_ROUTE]++;
			continue;
		}
		write_down(sink, letter);
		base->counters.given++;
		sink->buffered_count++;
	}
	write_down(sink, '|');
	if (sink->is_holding && run->block && sink->held_count < LAB_HOLDS_MAX) {
		tt_block_hold(run->block);
		sink->held[sink->held_count++] = run->block;
	}

	answer = sink->takes_count == sink->answering_take ? sink->take_answer : 0;
	if (answer < 0)
		drop_buffered(sink);
	else if (!sink->is_buffered)
		write_buffered(sink);
	return answer;
}

/* What an answer does to what is buffered. */
static int answer_with(struct fake_sink *sink, int answer)
{
	if (answer < 0)
		drop_buffered(sink);
	else
		write_buffered(sink);
	return answer;
}

static int flush(struct tt_sink *base, bool is_end)
{
	struct fake_sink *sink = to_sink(base);
	int answer = sink->flush_answer;

	sink->flush_answer = 0;
	sink->flushes_count++;
	sink->ends_count += is_end;
	return answer_with(sink, answer);
}

static int attend(struct tt_sink *base, int64_t now_ns)
{
	struct fake_sink *sink = to_sink(base);

	sink->attends_count++;
	sink->attended_ns = now_ns;
	return answer_with(sink, sink->attend_answer);
}

static int rotate(struct tt_sink *base)
{
	struct fake_sink *sink = to_sink(base);

	sink->rotations_count++;
	return answer_with(sink, sink->rotate_answer);
}

static void drop(struct tt_sink *base)
{
	struct fake_sink *sink = to_sink(base);

	sink->drops_count++;
	drop_buffered(sink);
}

static void free_sink(struct tt_sink *base)
{
	assert_false(to_sink(base)->is_freed);
	to_sink(base)->is_freed = true;
}

static const struct tt_sink_ops sink_ops = {
	.take = take,
	.flush = flush,
	.attend = attend,
	.rotate = rotate,
	.drop = drop,
	.free = free_sink,
};

void fake_sink_init(struct fake_sink *sink, uint32_t verdicts)
{
	*sink = (struct fake_sink){ .sink = { .ops = &sink_ops, .verdicts = verdicts } };
}

void fake_sink_release(struct fake_sink *sink)
{
	while (sink->held_count > 0)
		tt_block_drop(sink->held[--sink->held_count]);
}

void lab_init(struct pump_lab *lab)
{
	*lab = (struct pump_lab){ 0 };
	assert_int_equal(tt_loop_init(&lab->loop), 0);
	assert_int_equal(tt_pump_new(&lab->pump, false, mark_local, lab), 0);
}

void lab_deinit(struct pump_lab *lab)
{
	tt_pump_free(lab->pump);
	for (size_t i = 0; i < lab->sinks_count; i++) {
		assert_true(lab->sinks[i]->is_freed);
		fake_sink_release(lab->sinks[i]);
	}
	for (size_t i = 0; i < lab->sources_count; i++) {
		assert_true(lab->sources[i]->is_freed);
		assert_int_equal(lab->sources[i]->blocks_out_count, 0);
	}
	tt_loop_deinit(&lab->loop);
}

void lab_add_source(struct pump_lab *lab, struct fake_source *source)
{
	assert_int_equal(tt_pump_add_source(lab->pump, &source->source, &lab->loop), 0);
	lab->sources[lab->sources_count++] = source;
}

void lab_add_sink(struct pump_lab *lab, struct fake_sink *sink)
{
	char name[] = "sink A";

	name[sizeof(name) - 2] = (char)('A' + lab->sinks_count);
	assert_int_equal(tt_pump_add_sink(lab->pump, &sink->sink, name), 0);
	lab->sinks[lab->sinks_count++] = sink;
}

void lab_run(struct pump_lab *lab)
{
	int r;

	for (r = tt_pump_step(lab->pump); r == 0; r = tt_pump_step(lab->pump))
		lab_assert_accounts(lab, NULL);
	assert_int_equal(r, TT_EMPTY);
	lab_assert_accounts(lab, NULL);
}

static uint64_t sum(const uint64_t *counters, size_t count)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += counters[i];
	return total;
}

/* delivered = sum of verdicts, and what the sources say that they delivered. */
static uint64_t assert_sources(const struct pump_lab *lab, const struct tt_accounting *accounting)
{
	uint64_t delivered[TT_SOURCE_KIND_COUNT] = { 0 };
	bool is_present[TT_SOURCE_KIND_COUNT] = { false };

	for (size_t i = 0; i < lab->sources_count; i++) {
		delivered[lab->sources[i]->kind] += lab->sources[i]->delivered_count;
		is_present[lab->sources[i]->kind] = true;
	}
	for (size_t kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++) {
		const struct tt_source_accounting *account = &accounting->sources[kind];

		assert_int_equal(account->is_present, is_present[kind]);
		assert_int_equal(account->delivered, delivered[kind]);
		assert_int_equal(sum(account->verdicts, TT_COUNTERS_ROOM), delivered[kind]);
	}
	return sum(delivered, TT_SOURCE_KIND_COUNT);
}

void lab_assert_accounts(struct pump_lab *lab, const struct fake_sink *except)
{
	struct tt_accounting accounting = { .size = sizeof(accounting) };
	uint64_t delivered;

	assert_int_equal(tt_pump_account(lab->pump, &accounting), 0);
	delivered = assert_sources(lab, &accounting);
	assert_int_equal(accounting.outputs_count, lab->sinks_count);
	for (size_t i = 0; i < lab->sinks_count; i++) {
		const struct tt_output_accounting *account = &accounting.outputs[i];

		assert_int_equal(account->given, account->written + account->dropped +
							 lab->sinks[i]->buffered_count);
		if (lab->sinks[i] != except)
			assert_int_equal(sum(account->withheld, TT_COUNTERS_ROOM) + account->given,
					 delivered);
	}
}
