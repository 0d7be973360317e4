/* SPDX-License-Identifier: MIT */

/*
 * A trace: a sink that writes datagrams into pcapng or pcap files
 *
 * Files lie in memory (tests/support/fake_store.c), so that a write can end at any byte. Each
 * file that comes out is walked strictly, and what lies in it is compared with what was counted:
 * given == written + dropped, written are the packets that are there. Time passes by what
 * attend is told; none is waited for. Not covered: names and repair of files, which is
 * the store's, and single fields, which are the encoders'.
 */

#include "trace/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tests/support/fake_store.h"
#include "tests/support/sample.h"
#include "tests/support/trace_walk.h"
#include "tests/unit/cmocka_all.h"

enum {
	BUFFER_BYTES = 128 << 10, /* of the sink */
	LARGE_BYTES = 200000,     /* more than that */
	RECORD_BYTES = 132,       /* of the sample in pcapng: 28, 20, 68, 8, 4, 4 */
	INTERFACES_MAX = 300,
};

/* What a trace asks for. */
struct lab {
	struct tt_sample sample;
	struct tt_trace_config opts;
	struct tt_trace_counts counts;
	struct tt_sink *sink;
	uint32_t generation;
	unsigned int asked[INTERFACES_MAX]; /* how often for each interface */
	char suffix;                        /* of all names */
	uint32_t kernel_offset;
	size_t counts_asked;
};

static bool find_interface(void *context, uint32_t interface_index,
			   struct tt_interface *ret_interface)
{
	struct lab *lab = context;

	assert_true(interface_index != 0); /* which is none */
	assert_true(lab->sink == NULL || lab->suffix != 'x');
	*ret_interface = (struct tt_interface){ 0 };
	if (interface_index >= INTERFACES_MAX)
		return false;
	lab->asked[interface_index]++;
	(void)snprintf(ret_interface->name, sizeof(ret_interface->name), "eth%u%c", interface_index,
		       lab->suffix);
	ret_interface->kernel_index = lab->kernel_offset > 0 ? interface_index + lab->kernel_offset
							     : 0;
	ret_interface->hardware_bytes = 6;
	return true;
}

static void read_counts(void *context, struct tt_trace_counts *ret_counts)
{
	struct lab *lab = context;

	lab->counts_asked++;
	*ret_counts = lab->counts;
}

static int set_up(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	if (!lab)
		return -1;
	tt_fake_store_reset();
	tt_sample_ipv4(&lab->sample);
	lab->opts = (struct tt_trace_config){
		.link = TT_TRACE_SLL2,
		.find_interface = find_interface,
		.interface_context = lab,
		.interfaces_generation = &lab->generation,
		.read_counts = read_counts,
		.counts_context = lab,
	};
	lab->counts = (struct tt_trace_counts){ 40, 30, 20, 10 };
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;

	if (lab->sink)
		lab->sink->ops->free(lab->sink);
	tt_fake_store_reset();
	free(lab);
	return 0;
}

static void begin(struct lab *lab)
{
	struct tt_error error = TT_ERROR_INIT;

	assert_int_equal(tt_trace_new(&lab->sink, &lab->opts, &error), 0);
}

static void end(struct lab *lab)
{
	lab->sink->ops->free(lab->sink);
	lab->sink = NULL;
}

static int take(struct lab *lab, uint64_t dropped_before)
{
	struct tt_run run = { .datagrams = &lab->sample.datagram,
			      .count = 1,
			      .dropped_before = dropped_before };

	return lab->sink->ops->take(lab->sink, &run);
}

static void take_many(struct lab *lab, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(take(lab, 0), 0);
}

static int flush(struct lab *lab, bool is_end)
{
	return lab->sink->ops->flush(lab->sink, is_end);
}

static struct tt_trace_walk walk_file(size_t i)
{
	const struct tt_fake_file *file = &tt_fake_store.files[i];
	struct tt_trace_walk walk;

	assert_true(i < tt_fake_store.files_count);
	tt_trace_walk(file->bytes, file->bytes_count, &walk, NULL, NULL);
	if (walk.fault)
		fail_msg("file %zu at %zu: %s", i, walk.fault_offset, walk.fault);
	return walk;
}

/* Walks all files; what is in them must be what was counted. */
static void check_law(const struct lab *lab, bool is_all_written)
{
	const struct tt_sink_counters *counters = &lab->sink->counters;
	uint64_t packets_count = 0, bytes = 0;

	for (size_t i = 0; i < tt_fake_store.files_count; i++) {
		struct tt_trace_walk walk = walk_file(i);

		packets_count += walk.packets_count;
		bytes += tt_fake_store.files[i].bytes_count;
		assert_true(tt_fake_store.files[i].is_closed);
		if (walk.is_pcapng)
			assert_true(walk.interfaces_count > 0);
	}
	assert_int_equal(counters->written, packets_count);
	assert_int_equal(counters->bytes, bytes);
	assert_int_equal(counters->given, counters->written + counters->dropped);
	if (is_all_written)
		assert_int_equal(counters->dropped, 0);
}

static void each_kind_and_link_type_gives_sound_files(void **state)
{
	struct lab *lab = *state;

	for (unsigned int i = 0; i < TT_TRACE_FORMAT_COUNT * TT_TRACE_LINK_TYPE_COUNT; i++) {
		struct tt_trace_walk walk;

		tt_fake_store_reset();
		lab->opts.kind = i / TT_TRACE_LINK_TYPE_COUNT;
		lab->opts.link = i % TT_TRACE_LINK_TYPE_COUNT;
		begin(lab);
		take_many(lab, 3000);
		assert_int_equal(flush(lab, true), 0);
		check_law(lab, true);
		walk = walk_file(0);
		assert_int_equal(walk.packets_count, 3000);
		assert_int_equal(walk.is_pcapng, lab->opts.kind == TT_TRACE_PCAPNG);
		assert_int_equal(walk.link_type, lab->opts.link == TT_TRACE_RAW ? 101 : 276);
		end(lab);
	}
}

static void a_trace_without_datagrams_describes_an_interface(void **state)
{
	struct lab *lab = *state;
	struct tt_trace_walk walk;

	begin(lab);
	assert_true(tt_fake_store.files[0].bytes_count > 0); /* the section is there at once */
	assert_int_equal(walk_file(0).interfaces_count, 0);
	assert_int_equal(flush(lab, true), 0);
	walk = walk_file(0);
	assert_int_equal(walk.interfaces_count, 1);
	assert_string_equal(walk.last_name, "");
	assert_int_equal(walk.statistics_count, 1);
	check_law(lab, true);
}

static void known_interfaces_are_described_before_the_first_datagram(void **state)
{
	static const uint32_t indexes[] = { 5, 7 };
	struct lab *lab = *state;
	struct tt_trace_walk walk;

	lab->opts.interface_indexes = indexes;
	lab->opts.interfaces_count = 2;
	begin(lab);
	walk = walk_file(0);
	assert_int_equal(walk.interfaces_count, 2);
	assert_string_equal(walk.last_name, "eth7");
	take_many(lab, 2); /* of another one */
	assert_int_equal(flush(lab, true), 0);
	assert_int_equal(walk_file(0).interfaces_count, 3);
	check_law(lab, true);
}

static void a_file_that_is_freed_without_an_end_can_be_read(void **state)
{
	struct lab *lab = *state;

	begin(lab);
	lab->suffix = 'x'; /* nobody is asked any more */
	lab->opts.interfaces_generation = NULL;
	end(lab);
	assert_true(tt_fake_store.is_freed);
	assert_true(tt_fake_store.files[0].is_closed);
	assert_int_equal(walk_file(0).interfaces_count, 1);
	assert_int_equal(lab->counts_asked, 0);
}

static void after_the_end_nothing_is_taken(void **state)
{
	struct lab *lab = *state;

	begin(lab);
	take_many(lab, 2);
	assert_int_equal(flush(lab, true), 0);
	assert_int_equal(flush(lab, true), 0);
	assert_int_equal(take(lab, 0), TT_STOP);
	assert_int_equal(flush(lab, false), TT_STOP);
	assert_int_equal(lab->sink->ops->attend(lab->sink, INT64_MAX), TT_STOP);
	assert_int_equal(lab->sink->ops->rotate(lab->sink), TT_STOP);
	lab->sink->ops->drop(lab->sink);
	assert_int_equal(lab->sink->counters.given, 3);
	assert_int_equal(lab->sink->counters.dropped, 1);
	check_law(lab, false);
}

/* Packets as they are seen in a file. */
struct seen {
	size_t count;
	uint32_t blocks[16];
	uint32_t numbers[16]; /* of interfaces, by the link header */
	uint64_t dropcounts[16];
};

static void see(void *context, const struct tt_trace_packet *packet)
{
	struct seen *seen = context;
	uint32_t number;

	if (seen->count < 16) {
		memcpy(&number, packet->bytes + 4, sizeof(number));
		seen->blocks[seen->count] = packet->interface_block;
		seen->numbers[seen->count] = be32toh(number);
		seen->dropcounts[seen->count] = packet->dropcount;
	}
	seen->count++;
}

static struct seen see_file(size_t i)
{
	struct seen seen = { 0 };
	struct tt_trace_walk walk;

	tt_trace_walk(tt_fake_store.files[i].bytes, tt_fake_store.files[i].bytes_count, &walk, see,
		      &seen);
	assert_null(walk.fault);
	return seen;
}

static void an_interface_is_described_once_a_file(void **state)
{
	struct lab *lab = *state;
	struct seen seen;

	begin(lab);
	for (uint32_t i = 0; i < 12; i++) {
		lab->sample.datagram.interface_index = 1 + i % 3;
		assert_int_equal(take(lab, 0), 0);
	}
	assert_int_equal(flush(lab, true), 0);
	check_law(lab, true);
	seen = see_file(0);
	assert_int_equal(seen.count, 12);
	for (uint32_t i = 0; i < 12; i++) {
		assert_int_equal(seen.blocks[i], i % 3);
		assert_int_equal(seen.numbers[i], 1 + i % 3);
	}
	for (int i = 1; i <= 3; i++)
		assert_int_equal(lab->asked[i], 1);
	assert_int_equal(walk_file(0).interfaces_count, 3);
	assert_int_equal(walk_file(0).statistics_count, 3);
	assert_int_equal(walk_file(0).delivered_sum, 12);
}

static void many_interfaces_are_told_apart(void **state)
{
	struct lab *lab = *state;
	struct tt_trace_walk walk;

	begin(lab);
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			lab->sample.datagram.interface_index = i * 65537;
			assert_int_equal(take(lab, 0), 0);
		}
	}
	assert_int_equal(flush(lab, true), 0);
	check_law(lab, true);
	walk = walk_file(0);
	assert_int_equal(walk.interfaces_count, 5000);
	assert_int_equal(walk.delivered_sum, 15000);
}

static void the_link_header_has_the_number_where_it_was_captured(void **state)
{
	struct lab *lab = *state;

	lab->kernel_offset = 100;
	begin(lab);
	take_many(lab, 1);
	lab->sample.datagram.interface_index = 0;
	take_many(lab, 1);
	lab->sample.datagram.interface_index = INTERFACES_MAX + 1;
	take_many(lab, 1);
	assert_int_equal(flush(lab, true), 0);
	assert_int_equal(see_file(0).numbers[0], 102);
	assert_int_equal(see_file(0).numbers[1], 0);
	assert_int_equal(see_file(0).numbers[2], INTERFACES_MAX + 1);
	check_law(lab, true);
}

static void a_renamed_interface_is_described_anew(void **state)
{
	struct lab *lab = *state;
	struct seen seen;

	begin(lab);
	take_many(lab, 2);
	lab->suffix = 'b';
	take_many(lab, 1); /* nobody has said so yet */
	lab->generation++;
	take_many(lab, 2);
	lab->generation++; /* of another interface */
	take_many(lab, 1);
	assert_int_equal(lab->asked[TT_SAMPLE_INTERFACE], 3);
	assert_int_equal(flush(lab, true), 0);
	check_law(lab, true);

	seen = see_file(0);
	assert_int_equal(walk_file(0).interfaces_count, 2);
	assert_string_equal(walk_file(0).last_name, "eth2b");
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(seen.blocks[i], i < 3 ? 0 : 1);
	assert_int_equal(walk_file(0).statistics_count, 1);
	assert_int_equal(walk_file(0).delivered_sum, 6);
}

static void drops_are_noted_on_the_first_datagram_of_their_run(void **state)
{
	struct lab *lab = *state;
	struct tt_datagram datagrams[3];
	struct tt_run run = { .datagrams = datagrams, .count = 3, .dropped_before = 9 };

	for (int i = 0; i < 3; i++)
		datagrams[i] = lab->sample.datagram;
	begin(lab);
	assert_int_equal(lab->sink->ops->take(lab->sink, &run), 0);
	assert_int_equal(take(lab, 0), 0);
	assert_int_equal(take(lab, 1), 0);
	assert_int_equal(flush(lab, true), 0);
	assert_int_equal(see_file(0).dropcounts[0], 9);
	assert_int_equal(see_file(0).dropcounts[1], 0);
	assert_int_equal(see_file(0).dropcounts[2], 0);
	assert_int_equal(see_file(0).dropcounts[3], 0);
	assert_int_equal(see_file(0).dropcounts[4], 1);
	check_law(lab, true);
}

static void a_record_larger_than_the_buffer_is_written_whole(void **state)
{
	struct lab *lab = *state;
	uint8_t *packet = malloc(LARGE_BYTES + 2 * BUFFER_BYTES);

	assert_non_null(packet);
	memset(packet, 0x45, LARGE_BYTES + 2 * BUFFER_BYTES);
	lab->sample.datagram.packet = packet;
	for (unsigned int kind = 0; kind < TT_TRACE_FORMAT_COUNT; kind++) {
		tt_fake_store_reset();
		lab->opts.kind = kind;
		begin(lab);
		for (uint32_t i = 0; i < 4; i++) {
			lab->sample.datagram.packet_bytes = LARGE_BYTES + i;
			lab->sample.datagram.wire_bytes = LARGE_BYTES + i;
			assert_int_equal(take(lab, i), 0);
		}
		/* Those that readers would refuse are cut. */
		lab->sample.datagram.packet_bytes = LARGE_BYTES + 2 * BUFFER_BYTES;
		lab->sample.datagram.wire_bytes = UINT32_MAX;
		assert_int_equal(take(lab, 0), 0);
		assert_int_equal(flush(lab, true), 0);
		check_law(lab, true);
		assert_int_equal(lab->sink->counters.written, 5);
		end(lab);
	}
	free(packet);
}

static void packets_around_the_buffers_size_are_written_whole(void **state)
{
	struct lab *lab = *state;
	uint8_t *packet = calloc(1, BUFFER_BYTES);

	assert_non_null(packet);
	lab->sample.datagram.packet = packet;
	begin(lab);
	for (uint32_t bytes = BUFFER_BYTES - 120; bytes <= BUFFER_BYTES; bytes++) {
		lab->sample.datagram.packet_bytes = lab->sample.datagram.wire_bytes = bytes;
		assert_int_equal(take(lab, bytes & 1), 0);
	}
	assert_int_equal(flush(lab, true), 0);
	check_law(lab, true);
	assert_int_equal(lab->sink->counters.written, 121);
	free(packet);
}

static void what_is_longer_than_the_snap_length_is_cut(void **state)
{
	struct lab *lab = *state;

	lab->opts.snap_bytes = 40; /* the walk checks it */
	begin(lab);
	take_many(lab, 5);
	assert_int_equal(flush(lab, true), 0);
	assert_int_equal(walk_file(0).snap_bytes, 60);
	check_law(lab, true);
}

static void a_flush_writes_only_where_it_shall(void **state)
{
	struct lab *lab = *state;

	for (int i = 0; i < 3; i++) {
		size_t start_bytes;

		tt_fake_store_reset();
		lab->opts.is_unbuffered = i == 1;
		tt_fake_store.is_stream = i == 2;
		begin(lab);
		start_bytes = tt_fake_store.files[0].bytes_count;
		take_many(lab, 2);
		assert_int_equal(lab->sink->counters.written, 0);
		assert_int_equal(flush(lab, false), 0);
		assert_int_equal(tt_fake_store.files[0].bytes_count > start_bytes, i != 0);
		assert_int_equal(lab->sink->counters.written, i == 0 ? 0 : 2);
		assert_int_equal(flush(lab, true), 0);
		check_law(lab, true);
		end(lab);
	}
}

static void what_is_older_than_a_second_is_written(void **state)
{
	struct lab *lab = *state;

	begin(lab);
	assert_int_equal(lab->sink->ops->attend(lab->sink, 1), 0);
	take_many(lab, 1);
	assert_int_equal(lab->sink->ops->attend(lab->sink, 2), 0);
	take_many(lab, 1);
	assert_int_equal(lab->sink->ops->attend(lab->sink, 1 + TT_NS_PER_S), 0);
	assert_int_equal(lab->sink->counters.written, 0);
	assert_int_equal(lab->sink->ops->attend(lab->sink, 2 + TT_NS_PER_S), 0);
	assert_int_equal(lab->sink->counters.written, 2);
	take_many(lab, 1);
	assert_int_equal(lab->sink->ops->attend(lab->sink, 3 + TT_NS_PER_S), 0);
	assert_int_equal(lab->sink->counters.written, 2);
	assert_int_equal(flush(lab, true), 0);
	check_law(lab, true);
}

/*
 * Writes that end at each byte of a small trace, one after the other: @reason is told once,
 * and of a regular file only whole records are left.
 */
static void check_every_short_write(struct lab *lab, int reason)
{
	size_t failures_count = 0;

	for (uint64_t max = 0;; max++) {
		int r;

		tt_fake_store_reset();
		lab->sink = NULL;
		tt_fake_store.write_bytes_max = max;
		tt_fake_store.write_status = reason;
		r = tt_trace_new(&lab->sink, &lab->opts, NULL);
		if (r == reason) {
			assert_null(lab->sink);
			continue;
		}
		assert_int_equal(r, 0);

		for (uint32_t i = 0; i < 5; i++) {
			lab->sample.datagram.packet_bytes -= 1;
			r = take(lab, i & 1);
			assert_int_equal(r, 0); /* the buffer takes it */
		}
		lab->sample.datagram.packet_bytes += 5;
		r = flush(lab, true);
		if (r == 0) {
			check_law(lab, true);
			end(lab);
			break;
		}
		assert_int_equal(r, reason);
		assert_int_equal(lab->sink->error.code, reason);
		assert_int_equal(take(lab, 0), TT_STOP);
		assert_int_equal(flush(lab, true), 0); /* the file is completed as it is */
		if (tt_fake_store.files[0].bytes_count >= 24 &&
		    walk_file(0).interfaces_count + !walk_file(0).is_pcapng > 0)
			check_law(lab, false);
		assert_int_equal(lab->sink->counters.given, 6);
		assert_int_equal(lab->sink->counters.written + lab->sink->counters.dropped, 6);
		failures_count++;
		end(lab);
	}
	assert_true(failures_count > 240);
}

static void a_write_that_ends_at_any_byte_leaves_whole_records(void **state)
{
	struct lab *lab = *state;

	for (unsigned int kind = 0; kind < TT_TRACE_FORMAT_COUNT; kind++) {
		lab->opts.kind = kind;
		check_every_short_write(lab, -ENOSPC);
	}
}

static void a_stream_that_ends_at_any_byte_counts_whole_records(void **state)
{
	struct lab *lab = *state;

	for (uint64_t max = 0;; max++) {
		struct tt_fake_file *file = &tt_fake_store.files[0];
		struct tt_trace_walk walk;
		size_t section_bytes;
		int r;

		tt_fake_store_reset();
		tt_fake_store.is_stream = true;
		begin(lab);
		section_bytes = file->bytes_count;
		tt_fake_store.write_bytes_max = section_bytes + max;
		tt_fake_store.write_status = -EPIPE;
		take_many(lab, 4);
		r = flush(lab, false);
		assert_int_equal(lab->sink->counters.bytes, section_bytes + max < file->bytes_count
								    ? section_bytes + max
								    : file->bytes_count);
		tt_trace_walk(file->bytes, file->bytes_count, &walk, NULL, NULL);
		assert_int_equal(lab->sink->counters.written, walk.packets_count);
		if (r == 0) {
			end(lab);
			break;
		}
		assert_int_equal(r, -EPIPE);
		assert_int_equal(lab->sink->counters.dropped, 4 - walk.packets_count);
		assert_int_equal(take(lab, 0), TT_STOP);
		assert_int_equal(lab->sink->counters.dropped, 5 - walk.packets_count);
		end(lab);
	}
}

static void a_large_record_that_is_not_written_whole_is_cut_off(void **state)
{
	static const uint64_t maxima[] = {
		0, 1, 27, 48, 49, 131072, 200047, 200048, 200049, 200063
	};
	struct lab *lab = *state;
	uint8_t *packet = calloc(1, LARGE_BYTES);

	assert_non_null(packet);
	for (size_t i = 0; i < sizeof(maxima) / sizeof(maxima[0]); i++) {
		size_t start_bytes;

		tt_fake_store_reset();
		begin(lab);
		take_many(lab, 1);
		assert_int_equal(lab->sink->ops->attend(lab->sink, 1), 0);
		assert_int_equal(lab->sink->ops->attend(lab->sink, 1 + TT_NS_PER_S), 0);
		start_bytes = tt_fake_store.files[0].bytes_count;

		tt_fake_store.write_bytes_max = tt_fake_store.written_bytes + maxima[i];
		tt_fake_store.write_status = -EIO;
		lab->sample.datagram.packet = packet;
		lab->sample.datagram.packet_bytes = LARGE_BYTES;
		lab->sample.datagram.wire_bytes = LARGE_BYTES;
		assert_int_equal(take(lab, 0), -EIO);
		assert_int_equal(take(lab, 0), TT_STOP);
		assert_int_equal(tt_fake_store.files[0].bytes_count, start_bytes);
		assert_int_equal(flush(lab, true), 0);
		check_law(lab, false);
		assert_int_equal(lab->sink->counters.written, 1);
		assert_int_equal(lab->sink->counters.dropped, 2);
		tt_sample_ipv4(&lab->sample);
		end(lab);
	}
	free(packet);
}

static void what_is_dropped_is_no_longer_in_the_file(void **state)
{
	struct lab *lab = *state;
	struct tt_trace_walk walk;

	for (unsigned int kind = 0; kind < TT_TRACE_FORMAT_COUNT; kind++) {
		tt_fake_store_reset();
		lab->opts.kind = kind;
		lab->sample.datagram.interface_index = TT_SAMPLE_INTERFACE;
		begin(lab);
		take_many(lab, 2000); /* of which some are written */
		lab->sample.datagram.interface_index = 9;
		take_many(lab, 3);
		lab->sink->ops->drop(lab->sink);
		assert_int_equal(lab->sink->counters.given, 2003);
		assert_in_range(lab->sink->counters.dropped, 3, 2000);
		assert_int_equal(flush(lab, true), 0);
		check_law(lab, false);
		walk = walk_file(0);
		if (kind == TT_TRACE_PCAPNG) {
			assert_int_equal(walk.interfaces_count, 2);
			/* Told at the drop and at the end. */
			assert_int_equal(walk.delivered_sum, 2 * lab->sink->counters.written);
		}
		end(lab);
	}
}

static void a_dropped_trace_has_statistics_without_a_flush(void **state)
{
	struct lab *lab = *state;

	begin(lab);
	take_many(lab, 3);
	lab->sink->ops->drop(lab->sink);
	assert_int_equal(lab->sink->counters.dropped, 3);
	end(lab);
	assert_int_equal(walk_file(0).packets_count, 0);
	assert_int_equal(walk_file(0).statistics_count, 1);
	assert_int_equal(walk_file(0).delivered_sum, 0);
	assert_true(tt_fake_store.files[0].is_closed);
}

static void statistics_are_noted_at_their_interval(void **state)
{
	struct lab *lab = *state;
	int64_t now_ns = tt_clock_now_ns();

	lab->opts.statistics_interval_ns = 100 * TT_NS_PER_S;
	begin(lab);
	take_many(lab, 1);
	assert_int_equal(lab->sink->ops->attend(lab->sink, now_ns + 99 * TT_NS_PER_S), 0);
	assert_int_equal(lab->counts_asked, 0);
	assert_int_equal(lab->sink->ops->attend(lab->sink, now_ns + 150 * TT_NS_PER_S), 0);
	assert_int_equal(lab->counts_asked, 1);
	assert_int_equal(lab->sink->ops->attend(lab->sink, now_ns + 199 * TT_NS_PER_S), 0);
	assert_int_equal(lab->counts_asked, 1);
	/* An idle capture has nothing to tell. */
	assert_int_equal(lab->sink->ops->attend(lab->sink, now_ns + 250 * TT_NS_PER_S), 0);
	assert_int_equal(lab->counts_asked, 1);
	take_many(lab, 1);
	assert_int_equal(lab->sink->ops->attend(lab->sink, now_ns + 350 * TT_NS_PER_S), 0);
	assert_int_equal(lab->counts_asked, 2);
	assert_int_equal(flush(lab, true), 0);
	assert_int_equal(walk_file(0).statistics_count, 3);
	check_law(lab, true);
}

static bool has_words(const char *words)
{
	return memmem(tt_fake_store.files[0].bytes, tt_fake_store.files[0].bytes_count, words,
		      strlen(words));
}

static void counts_of_the_capture_are_one_interfaces_only_if_it_is_the_only_one(void **state)
{
	static const uint8_t received[] = { 4, 0, 8, 0, 40, 0, 0, 0, 0, 0, 0, 0 };
	struct lab *lab = *state;

	for (uint32_t i = 1; i <= 2; i++) {
		bool has_received;

		tt_fake_store_reset();
		lab->counts.dropped = UINT64_MAX;
		lab->sample.datagram.interface_index = 1;
		begin(lab);
		take_many(lab, 1);
		lab->sample.datagram.interface_index = i;
		take_many(lab, 1);
		assert_int_equal(flush(lab, true), 0);
		check_law(lab, true);
		assert_int_equal(walk_file(0).statistics_count, i);
		has_received = memmem(tt_fake_store.files[0].bytes,
				      tt_fake_store.files[0].bytes_count, received,
				      sizeof(received));
		assert_int_equal(has_received, i == 1);
		assert_int_equal(has_words("all interfaces: received 40, accepted 30, dropped "
					   "unknown, dropped by interfaces 10"),
				 i == 2);
		end(lab);
	}
}

static void without_counts_there_are_no_statistics(void **state)
{
	struct lab *lab = *state;

	lab->opts.read_counts = NULL;
	lab->opts.statistics_interval_ns = 1;
	begin(lab);
	take_many(lab, 1);
	assert_int_equal(lab->sink->ops->attend(lab->sink, INT64_MAX), 0);
	assert_int_equal(flush(lab, true), 0);
	assert_int_equal(walk_file(0).statistics_count, 0);
	check_law(lab, true);
}

static void no_rotated_file_is_larger_than_its_limit(void **state)
{
	struct lab *lab = *state;

	lab->opts.store.is_rotated = true;
	for (unsigned int kind = 0; kind < TT_TRACE_FORMAT_COUNT; kind++) {
		for (uint64_t limit = 2000; limit < 2000 + 2 * RECORD_BYTES; limit++) {
			size_t files_count;

			tt_fake_store_reset();
			lab->opts.kind = kind;
			lab->opts.rotate_bytes = limit;
			lab->sample.datagram.interface_index = TT_SAMPLE_INTERFACE;
			begin(lab);
			take_many(lab, 40);
			assert_int_equal(flush(lab, true), 0);
			check_law(lab, true);
			files_count = tt_fake_store.files_count;
			assert_true(files_count > 1);
			for (size_t i = 0; i < files_count; i++) {
				assert_true(tt_fake_store.files[i].bytes_count <= limit);
				assert_true(walk_file(i).packets_count > 0);
				if (i + 1 < files_count) /* another one would not have fitted */
					assert_true(tt_fake_store.files[i].bytes_count +
							    RECORD_BYTES >
						    limit);
			}
			end(lab);
		}
	}
}

static void statistics_and_descriptions_count_for_the_limit(void **state)
{
	struct lab *lab = *state;
	int64_t now_ns = tt_clock_now_ns();

	lab->opts.store.is_rotated = true;
	lab->opts.statistics_interval_ns = TT_NS_PER_S;
	for (uint64_t limit = 4000; limit < 4400; limit += 4) {
		tt_fake_store_reset();
		lab->opts.rotate_bytes = limit;
		begin(lab);
		for (uint32_t i = 0; i < 100; i++) {
			lab->sample.datagram.interface_index = 1 + i * i % 7;
			if (i % 5 == 0) {
				lab->suffix = (char)('a' + i / 5 % 3);
				lab->generation++;
			}
			assert_int_equal(take(lab, i & 1), 0);
			if (i % 3 == 0)
				assert_int_equal(lab->sink->ops->attend(
							 lab->sink, now_ns + 2 * TT_NS_PER_S * i),
						 0);
		}
		assert_int_equal(flush(lab, true), 0);
		check_law(lab, true);
		for (size_t i = 0; i < tt_fake_store.files_count; i++) {
			assert_true(tt_fake_store.files[i].bytes_count <= limit);
			assert_true(walk_file(i).statistics_count > 0);
		}
		end(lab);
	}
}

static void a_record_larger_than_a_file_gets_one_of_its_own(void **state)
{
	struct lab *lab = *state;

	lab->opts.store.is_rotated = true;
	lab->opts.rotate_bytes = 1;
	begin(lab);
	take_many(lab, 3);
	assert_int_equal(flush(lab, true), 0);
	check_law(lab, true);
	assert_int_equal(tt_fake_store.files_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(walk_file(i).packets_count, 1);
}

static void each_file_describes_its_interfaces(void **state)
{
	static const uint32_t indexes[] = { 5 };
	struct lab *lab = *state;

	lab->opts.store.is_rotated = true;
	lab->opts.interface_indexes = indexes;
	lab->opts.interfaces_count = 1;
	begin(lab);
	take_many(lab, 1);
	assert_int_equal(lab->sink->ops->rotate(lab->sink), 0);
	assert_int_equal(lab->sink->ops->rotate(lab->sink), 0);
	take_many(lab, 1);
	assert_int_equal(flush(lab, true), 0);
	check_law(lab, true);
	assert_int_equal(tt_fake_store.files_count, 3);
	assert_int_equal(walk_file(0).interfaces_count, 2);
	assert_int_equal(walk_file(1).interfaces_count, 1);
	assert_int_equal(walk_file(2).interfaces_count, 2);
	assert_int_equal(lab->asked[5], 3);
	assert_int_equal(lab->asked[TT_SAMPLE_INTERFACE], 2);
	assert_int_equal(walk_file(2).delivered_sum, 2); /* of the whole capture */
}

static void a_file_is_completed_when_its_time_is_up(void **state)
{
	struct lab *lab = *state;
	int64_t now_ns = tt_clock_now_ns();

	lab->opts.store.is_rotated = true;
	lab->opts.rotate_interval_ns = 100 * TT_NS_PER_S;
	begin(lab);
	take_many(lab, 1);
	assert_int_equal(lab->sink->ops->attend(lab->sink, now_ns + 99 * TT_NS_PER_S), 0);
	assert_int_equal(tt_fake_store.files_count, 1);
	assert_int_equal(lab->sink->ops->attend(lab->sink, now_ns + 150 * TT_NS_PER_S), 0);
	assert_int_equal(tt_fake_store.files_count, 2);
	assert_int_equal(walk_file(0).packets_count, 1);
	assert_int_equal(lab->sink->ops->attend(lab->sink, now_ns + 199 * TT_NS_PER_S), 0);
	assert_int_equal(tt_fake_store.files_count, 2);
	assert_int_equal(lab->sink->ops->attend(lab->sink, now_ns + 250 * TT_NS_PER_S), 0);
	assert_int_equal(tt_fake_store.files_count, 3);
	assert_int_equal(lab->sink->ops->attend(lab->sink, now_ns + 999 * TT_NS_PER_S), 0);
	assert_int_equal(tt_fake_store.files_count, 4); /* one for all those that were missed */
	assert_int_equal(flush(lab, true), 0);
	check_law(lab, true);
}

static void what_is_no_file_is_not_rotated(void **state)
{
	struct lab *lab = *state;

	for (int i = 0; i < 3; i++) {
		tt_fake_store_reset();
		lab->opts.store.is_rotated = i > 0;
		tt_fake_store.is_stream = i == 1;
		tt_fake_store.is_discarding = i == 2;
		lab->opts.rotate_bytes = 500;
		lab->opts.rotate_interval_ns = 1;
		begin(lab);
		take_many(lab, 20);
		assert_int_equal(lab->sink->ops->rotate(lab->sink), 0);
		assert_int_equal(lab->sink->ops->attend(lab->sink, INT64_MAX), 0);
		assert_int_equal(flush(lab, true), 0);
		check_law(lab, true);
		assert_int_equal(tt_fake_store.files_count, 1);
		end(lab);
	}
}

static void a_rotation_that_fails_ends_the_trace_with_words(void **state)
{
	struct lab *lab = *state;

	lab->opts.store.is_rotated = true;
	lab->opts.rotate_bytes = 1000;
	for (int i = 0; i < 2; i++) {
		size_t count = 0;
		int r;

		tt_fake_store_reset();
		tt_fake_store.open_after = i == 0 ? 1 : SIZE_MAX;
		tt_fake_store.open_status = -EMFILE;
		tt_fake_store.close_status = i == 0 ? 0 : -EIO;
		begin(lab);
		while ((r = take(lab, 0)) == 0)
			count++;
		assert_int_equal(r, i == 0 ? -EMFILE : -EIO);
		assert_int_equal(lab->sink->error.code, r);
		assert_string_equal(lab->sink->error.message,
				    i == 0 ? "next file of a trace: fake open" : "fake close");
		assert_int_equal(take(lab, 0), TT_STOP);
		assert_int_equal(lab->sink->counters.written, count);
		assert_int_equal(lab->sink->counters.dropped, 2);
		assert_int_equal(flush(lab, true), 0);
		check_law(lab, false);
		end(lab);
	}
}

static void a_file_that_cannot_even_begin_is_none(void **state)
{
	struct lab *lab = *state;

	tt_fake_store.write_bytes_max = 0;
	tt_fake_store.write_status = -ENOSPC;
	assert_int_equal(tt_trace_new(&lab->sink, &lab->opts, NULL), -ENOSPC);
	assert_int_equal(tt_fake_store.files_count, 1);
	assert_true(tt_fake_store.files[0].is_discarded);
	assert_false(tt_fake_store.files[0].is_closed);
}

static void a_store_that_cannot_be_opened_makes_no_trace(void **state)
{
	struct lab *lab = *state;
	struct tt_error error = TT_ERROR_INIT;

	tt_fake_store.open_after = 0;
	tt_fake_store.open_status = -EACCES;
	assert_int_equal(tt_trace_new(&lab->sink, &lab->opts, &error), -EACCES);
	assert_null(lab->sink);
	assert_string_equal(error.message, "fake open");
	assert_true(tt_fake_store.is_freed);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_kind_and_link_type_gives_sound_files),
		CASE(a_trace_without_datagrams_describes_an_interface),
		CASE(known_interfaces_are_described_before_the_first_datagram),
		CASE(a_file_that_is_freed_without_an_end_can_be_read),
		CASE(after_the_end_nothing_is_taken),
		CASE(an_interface_is_described_once_a_file),
		CASE(many_interfaces_are_told_apart),
		CASE(the_link_header_has_the_number_where_it_was_captured),
		CASE(a_renamed_interface_is_described_anew),
		CASE(drops_are_noted_on_the_first_datagram_of_their_run),
		CASE(a_record_larger_than_the_buffer_is_written_whole),
		CASE(packets_around_the_buffers_size_are_written_whole),
		CASE(what_is_longer_than_the_snap_length_is_cut),
		CASE(a_flush_writes_only_where_it_shall),
		CASE(what_is_older_than_a_second_is_written),
		CASE(a_write_that_ends_at_any_byte_leaves_whole_records),
		CASE(a_stream_that_ends_at_any_byte_counts_whole_records),
		CASE(a_large_record_that_is_not_written_whole_is_cut_off),
		CASE(what_is_dropped_is_no_longer_in_the_file),
		CASE(a_dropped_trace_has_statistics_without_a_flush),
		CASE(statistics_are_noted_at_their_interval),
		CASE(counts_of_the_capture_are_one_interfaces_only_if_it_is_the_only_one),
		CASE(without_counts_there_are_no_statistics),
		CASE(no_rotated_file_is_larger_than_its_limit),
		CASE(statistics_and_descriptions_count_for_the_limit),
		CASE(a_record_larger_than_a_file_gets_one_of_its_own),
		CASE(each_file_describes_its_interfaces),
		CASE(a_file_is_completed_when_its_time_is_up),
		CASE(what_is_no_file_is_not_rotated),
		CASE(a_rotation_that_fails_ends_the_trace_with_words),
		CASE(a_file_that_cannot_even_begin_is_none),
		CASE(a_store_that_cannot_be_opened_makes_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
