/* SPDX-License-Identifier: MIT */

/*
 * A trace: a sink that writes datagrams into pcapng or pcap files
 *
 * Records are put together in one buffer that is taken at creation. What fits neither it
 * nor an empty one is written from where the packet lies. Which records were written when
 * a write fails half-way is found by walking the buffer by their lengths.
 *
 * Invariant 1: between two calls the buffer begins and ends with a whole block or record.
 * Invariant 2: blocks of packets in the buffer name descriptions that are in force: a new one
 *              for an interface comes into an empty buffer. So they tell whose they are.
 * Invariant 3: what is put into a file leaves room for the statistics at its end.
 */

#include "trace/trace.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "trace/described.h"
#include "trace/encode_pcap.h"
#include "trace/encode_pcapng.h"

#define APPLICATION     "twintap " TT_VERSION
#define BUFFERED_NS_MAX TT_NS_PER_S
#define NEVER_NS        INT64_MAX
#define NO_INTERFACE    UINT64_MAX

enum {
	TRACE_BUFFER_BYTES = 128 << 10,
	OS_BYTES = 160,
	COMMENT_BYTES = 192,
	/* A statistics block with all its counts, and one that tells of one interface only. */
	STATISTICS_WHOLE_BYTES = TT_PCAPNG_STATISTICS_HEAD_BYTES + 7 * 12 + 4 + 4,
	STATISTICS_PART_BYTES = TT_PCAPNG_STATISTICS_HEAD_BYTES + 3 * 12 + 4 + 4,
	STATISTICS_COMMENT_BYTES = TT_PCAPNG_OPTION_HEAD_BYTES + COMMENT_BYTES,
};

_Static_assert((int)TT_PCAPNG_BLOCK_BYTES_MAX <= TRACE_BUFFER_BYTES, "blocks fit into the buffer");

struct trace_sink {
	struct tt_sink sink; /* first: the operations get a pointer to it */
	struct tt_store *store;

	/* What was asked for. */
	unsigned int kind;
	uint16_t link_type;
	uint32_t snap_bytes;   /* with the link header; 0: no limit */
	uint32_t captured_max; /* of a packet */
	bool is_unbuffered;
	bool can_rotate; /* the open file is one of several */
	bool is_rotated;
	uint64_t rotate_bytes;
	int64_t rotate_interval_ns;
	int64_t statistics_interval_ns;
	char *filter;                /* owned */
	uint32_t *interface_indexes; /* owned */
	size_t interfaces_count;
	tt_find_interface_fn *find_interface;
	void *interface_context;
	const uint32_t *interfaces_generation;
	void (*read_counts)(void *context, struct tt_trace_counts *ret_counts);
	void *counts_context;
	char os[OS_BYTES];

	/* The file. */
	uint32_t file_number;
	uint32_t blocks_count;   /* descriptions of interfaces in it */
	uint64_t file_datagrams; /* written to it */
	struct tt_described described;

	/* The interface of the last datagram. */
	uint64_t last_index; /* NO_INTERFACE: none, whatever the next one's is */
	uint32_t last_generation;
	struct tt_described_interface *last_entry; /* borrowed */
	struct tt_trace_record record;             /* as far as the next ones have it in common */

	/* When what is due, by the monotonic clock. */
	int64_t rotate_due_ns;
	int64_t statistics_due_ns;
	int64_t buffered_since_ns; /* NEVER_NS: not known to be buffered */
	int64_t start_ns;          /* of the capture; UTC */

	bool has_failed;
	bool is_over;
	size_t limit_bytes; /* up to which the buffer may be filled without a further look */
	size_t buffered_bytes;
	uint64_t buffered_datagrams;
	uint8_t buffer[TRACE_BUFFER_BYTES];
};

_Static_assert(offsetof(struct trace_sink, sink) == 0, "a sink is a trace_sink");

static const struct tt_origin origin_unknown;

static struct trace_sink *trace_sink_of(struct tt_sink *sink)
{
	return (struct trace_sink *)sink;
}

static bool is_pcapng(const struct trace_sink *sink)
{
	return sink->kind == TT_TRACE_PCAPNG;
}

static uint32_t names_generation(const struct trace_sink *sink)
{
	return sink->interfaces_generation ? *sink->interfaces_generation : 0;
}

/* ---------------------------------------------------------------- buffer and file */

/* How much the statistics at the end of this file may take. */
static uint64_t end_bytes(const struct trace_sink *sink)
{
	if (!is_pcapng(sink) || !sink->read_counts)
		return 0;
	if (sink->described.entries_count <= 1)
		return STATISTICS_WHOLE_BYTES;
	return STATISTICS_COMMENT_BYTES + (uint64_t)STATISTICS_PART_BYTES * sink->blocks_count;
}

/* Whether so many more bytes are for the next file. */
static bool is_beyond_file(const struct trace_sink *sink, uint64_t bytes)
{
	/* A record that is larger than a whole file gets one of its own, not an empty one before. */
	if (!sink->can_rotate || sink->rotate_bytes == 0 ||
	    sink->file_datagrams + sink->buffered_datagrams == 0)
		return false;
	return tt_store_file_bytes(sink->store) + sink->buffered_bytes + bytes + end_bytes(sink) >
	       sink->rotate_bytes;
}

static void update_limit(struct trace_sink *sink)
{
	uint64_t taken_bytes = tt_store_file_bytes(sink->store) + end_bytes(sink);

	sink->limit_bytes = sizeof(sink->buffer);
	if (!sink->can_rotate || sink->rotate_bytes == 0)
		return;
	if (taken_bytes >= sink->rotate_bytes)
		sink->limit_bytes = 0;
	else if (sink->rotate_bytes - taken_bytes < sink->limit_bytes)
		sink->limit_bytes = (size_t)(sink->rotate_bytes - taken_bytes);
}

static void count_written(struct trace_sink *sink, uint64_t bytes, uint64_t datagrams)
{
	sink->sink.counters.bytes += bytes;
	sink->sink.counters.written += datagrams;
	sink->file_datagrams += datagrams;
}

/* The next whole block or record of the buffer; its length, 0 at the end. */
static size_t next_record(const struct trace_sink *sink, size_t offset, size_t end,
			  uint32_t *ret_block_number)
{
	if (is_pcapng(sink))
		return tt_pcapng_next_block(sink->buffer + offset, end - offset, ret_block_number);
	*ret_block_number = 0;
	return tt_pcap_next_record(sink->buffer + offset, end - offset);
}

/* After a failure: counts what was written whole, and cuts off what was not. */
static void keep_whole_records(struct trace_sink *sink, uint64_t start_bytes, size_t progress_bytes)
{
	size_t offset = 0, record_bytes;
	uint64_t datagrams = 0;
	uint32_t block_number;

	/* Without a datagram it is the header of a pcap file, which is no record. */
	while (sink->buffered_datagrams > 0 &&
	       (record_bytes = next_record(sink, offset, progress_bytes, &block_number)) > 0) {
		offset += record_bytes;
		datagrams += block_number != UINT32_MAX;
	}
	if (tt_store_is_regular(sink->store)) {
		tt_store_cut(sink->store, start_bytes + offset);
		progress_bytes = offset;
	}
	count_written(sink, progress_bytes, datagrams);
}

/* Writes the buffer out and empties it, whatever happens. */
static int write_buffer(struct trace_sink *sink)
{
	struct iovec part = { .iov_base = sink->buffer, .iov_len = sink->buffered_bytes };
	uint64_t start_bytes = tt_store_file_bytes(sink->store);
	uint64_t progress_bytes;
	int r;

	if (sink->buffered_bytes == 0)
		return 0;

	r = tt_store_write(sink->store, &part, 1, &progress_bytes, &sink->sink.error);
	if (r < 0)
		keep_whole_records(sink, start_bytes, (size_t)progress_bytes);
	else
		count_written(sink, progress_bytes, sink->buffered_datagrams);

	sink->buffered_bytes = 0;
	sink->buffered_datagrams = 0;
	sink->buffered_since_ns = NEVER_NS;
	update_limit(sink);
	return r;
}

static int make_room(struct trace_sink *sink, size_t bytes)
{
	assert(bytes <= sizeof(sink->buffer));

	if (bytes <= sizeof(sink->buffer) - sink->buffered_bytes)
		return 0;
	return write_buffer(sink);
}

/* A record that no buffer has room for, from where its packet lies. */
static int write_large(struct trace_sink *sink)
{
	const struct tt_trace_record *record = &sink->record;
	uint8_t head[TT_PCAPNG_PACKET_HEAD_BYTES_MAX], tail[TT_PCAPNG_PACKET_TAIL_BYTES_MAX];
	struct iovec parts[3] = { { .iov_base = head }, { 0 }, { .iov_base = tail } };
	uint64_t start_bytes = tt_store_file_bytes(sink->store);
	uint64_t progress_bytes;
	int r;

	assert(sink->buffered_bytes == 0);

	/* writev(2) only reads from there. */
	memcpy(&parts[1].iov_base, &record->datagram->packet, sizeof(parts[1].iov_base));
	parts[1].iov_len = record->captured_bytes;
	if (is_pcapng(sink)) {
		parts[0].iov_len = tt_pcapng_encode_packet_head(head, record);
		parts[2].iov_len = tt_pcapng_encode_packet_tail(tail, record);
	} else {
		parts[0].iov_len = tt_pcap_encode_record_head(head, sink->kind == TT_TRACE_PCAP_NS,
							      record);
	}

	r = tt_store_write(sink->store, parts, is_pcapng(sink) ? 3 : 2, &progress_bytes,
			   &sink->sink.error);
	if (r < 0 && tt_store_is_regular(sink->store)) {
		tt_store_cut(sink->store, start_bytes);
		progress_bytes = 0;
	}
	count_written(sink, progress_bytes, r == 0);
	update_limit(sink);
	return r;
}

/* -------------------------------------------------------------------- interfaces */

/* Puts a description into the file, the one that is in force from now on. */
static int put_interface(struct trace_sink *sink, struct tt_described_interface *entry)
{
	const struct tt_interface *interface = &entry->interface;
	struct tt_pcapng_interface block = {
		.link_type = sink->link_type,
		.snap_bytes = sink->snap_bytes,
		.name = interface->name,
		.filter = sink->filter,
		.os = sink->os,
	};
	int r;

	entry->file_number = sink->file_number;
	if (!is_pcapng(sink))
		return 0;

	if (interface->hardware_bytes == TT_PCAPNG_MAC_ADDRESS_BYTES)
		block.mac_address = interface->hardware;
	r = make_room(sink, TT_PCAPNG_BLOCK_BYTES_MAX);
	if (r < 0)
		return r;
	entry->block_number = sink->blocks_count++;
	sink->buffered_bytes += tt_pcapng_encode_interface(sink->buffer + sink->buffered_bytes,
							   TT_PCAPNG_BLOCK_BYTES_MAX, &block);
	update_limit(sink);
	return 0;
}

static bool is_same_interface(const struct tt_interface *a, const struct tt_interface *b)
{
	return strcmp(a->name, b->name) == 0 && a->kernel_index == b->kernel_index &&
	       a->hardware_bytes == b->hardware_bytes &&
	       memcmp(a->hardware, b->hardware, sizeof(a->hardware)) == 0;
}

/* Sees to it that the file describes the interface as it is now. */
static int describe(struct trace_sink *sink, struct tt_described_interface *entry)
{
	uint32_t generation = names_generation(sink);
	struct tt_interface interface = { 0 };
	bool is_new = entry->file_number != sink->file_number;
	int r;

	if (!is_new && entry->generation == generation)
		return 0;

	entry->generation = generation;
	if (entry->interface_index != 0 &&
	    !sink->find_interface(sink->interface_context, entry->interface_index, &interface))
		interface = (struct tt_interface){ 0 };
	if (!is_new && is_same_interface(&interface, &entry->interface))
		return 0;

	r = is_new ? 0 : write_buffer(sink); /* invariant 2 */
	if (r < 0)
		return r;
	entry->interface = interface;
	return put_interface(sink, entry);
}

/* The interface's entry, made if need be; those that are too many share that of interface 0. */
static int find_entry(struct trace_sink *sink, uint32_t interface_index,
		      struct tt_described_interface **ret_entry)
{
	int r = -ENOSPC;

	for (;;) {
		*ret_entry = tt_described_find(&sink->described, interface_index);
		if (*ret_entry)
			return 0;
		r = tt_described_add(&sink->described, interface_index, ret_entry);
		if (r != -ENOSPC)
			break;
		interface_index = 0;
	}
	if (r < 0)
		return tt_error_set(&sink->sink.error, r, "interface %" PRIu32 " of a trace: %s",
				    interface_index, strerror(-r));
	sink->last_index = NO_INTERFACE; /* the entries may have moved */
	return 0;
}

static int describe_index(struct trace_sink *sink, uint32_t interface_index)
{
	struct tt_described_interface *entry;
	int r = find_entry(sink, interface_index, &entry);

	return r < 0 ? r : describe(sink, entry);
}

/* -------------------------------------------------------------------- statistics */

static void put_count_words(char *words, size_t room_bytes, const char *name, uint64_t count)
{
	size_t length = strlen(words);

	if (count == TT_UNKNOWN)
		(void)snprintf(words + length, room_bytes - length, "%s unknown", name);
	else
		(void)snprintf(words + length, room_bytes - length, "%s %" PRIu64, name, count);
}

static void word_counts(const struct tt_trace_counts *counts, char words[static COMMENT_BYTES])
{
	words[0] = '\0';
	put_count_words(words, COMMENT_BYTES, "all interfaces: received", counts->received);
	put_count_words(words, COMMENT_BYTES, ", accepted", counts->accepted);
	put_count_words(words, COMMENT_BYTES, ", dropped", counts->dropped);
	put_count_words(words, COMMENT_BYTES, ", dropped by interfaces", counts->interface_dropped);
}

/* A block for each interface of this file. Counts of the whole capture are not one interface's. */
static int put_statistics(struct trace_sink *sink)
{
	struct tt_pcapng_statistics block = { .time_ns = tt_clock_utc_now_ns(),
					      .start_ns = sink->start_ns,
					      .received = TT_UNKNOWN,
					      .interface_dropped = TT_UNKNOWN,
					      .accepted = TT_UNKNOWN,
					      .os_dropped = TT_UNKNOWN };
	struct tt_trace_counts counts;
	char comment[COMMENT_BYTES];

	if (!is_pcapng(sink) || !sink->read_counts)
		return 0;

	sink->read_counts(sink->counts_context, &counts);
	if (sink->described.entries_count == 1) {
		block.received = counts.received;
		block.interface_dropped = counts.interface_dropped;
		block.accepted = counts.accepted;
		block.os_dropped = counts.dropped;
	} else {
		word_counts(&counts, comment);
		block.comment = comment;
	}

	for (size_t i = 0; i < sink->described.entries_count; i++) {
		const struct tt_described_interface *entry = &sink->described.entries[i];
		int r;

		if (entry->file_number != sink->file_number)
			continue;
		r = make_room(sink, TT_PCAPNG_BLOCK_BYTES_MAX);
		if (r < 0)
			return r;
		block.block_number = entry->block_number;
		block.delivered = entry->datagrams_count;
		sink->buffered_bytes += tt_pcapng_encode_statistics(
			sink->buffer + sink->buffered_bytes, TT_PCAPNG_BLOCK_BYTES_MAX, &block);
		block.comment = NULL;
	}
	return 0;
}

/* ------------------------------------------------------------------- whole files */

static void put_file_header(struct trace_sink *sink)
{
	assert(sink->buffered_bytes == 0);

	if (is_pcapng(sink)) {
		sink->buffered_bytes = tt_pcapng_encode_section(sink->buffer, sizeof(sink->buffer),
								sink->os, APPLICATION);
		return;
	}
	tt_pcap_encode_header(sink->buffer, sink->kind == TT_TRACE_PCAP_NS, sink->link_type,
			      sink->snap_bytes);
	sink->buffered_bytes = TT_PCAP_HEADER_BYTES;
}

/* Opens a file and writes its beginning, so that who reads it as it grows finds it there. */
static int begin_file(struct trace_sink *sink)
{
	int r = tt_store_open(sink->store, tt_clock_utc_now_ns(), &sink->sink.error);

	if (r < 0)
		return r;

	sink->can_rotate = sink->is_rotated && tt_store_is_regular(sink->store);
	sink->file_number++;
	sink->blocks_count = 0;
	sink->file_datagrams = 0;
	sink->last_index = NO_INTERFACE;
	put_file_header(sink);
	for (size_t i = 0; i < sink->interfaces_count && r == 0; i++)
		r = describe_index(sink, sink->interface_indexes[i]);
	return r < 0 ? r : write_buffer(sink);
}

static int end_file(struct trace_sink *sink)
{
	int r = 0;

	/* Tools refuse a file that describes no interface. */
	if (is_pcapng(sink) && sink->blocks_count == 0)
		r = describe_index(sink, 0);
	if (r == 0)
		r = put_statistics(sink);
	if (r == 0)
		r = write_buffer(sink);
	if (r < 0)
		return r;
	return tt_store_close(sink->store, &sink->sink.error);
}

static int rotate(struct trace_sink *sink)
{
	int r = end_file(sink);

	if (r < 0)
		return r;
	r = begin_file(sink);
	return r < 0 ? tt_error_wrap(&sink->sink.error, r, "next file of a trace") : 0;
}

/* What was given and is not written by now never will be. */
static int fail(struct trace_sink *sink, int r)
{
	struct tt_sink_counters *counters = &sink->sink.counters;

	sink->has_failed = true;
	sink->buffered_bytes = 0;
	sink->buffered_datagrams = 0;
	counters->dropped = counters->given - counters->written;
	return r;
}

/* -------------------------------------------------------------------- operations */

/* How much a description may take in a file, with the statistics that it brings about. */
static size_t interface_bytes_max(const struct trace_sink *sink)
{
	size_t bytes = TT_PCAPNG_INTERFACE_HEAD_BYTES + TT_PCAPNG_BLOCK_TAIL_BYTES;

	bytes += (size_t)6 * TT_PCAPNG_OPTION_HEAD_BYTES; /* with the one that ends them */
	bytes += TT_INTERFACE_NAME_BYTES + 8 + 4 + sizeof(sink->os);
	bytes += STATISTICS_COMMENT_BYTES + STATISTICS_PART_BYTES;
	return bytes + (sink->filter ? strlen(sink->filter) + 4 : 0);
}

static bool is_described(const struct trace_sink *sink, uint32_t interface_index)
{
	const struct tt_described_interface *entry = tt_described_find(&sink->described,
								       interface_index);

	return !is_pcapng(sink) || (entry && entry->file_number == sink->file_number &&
				    entry->generation == names_generation(sink));
}

/* All that a record may need before it is put: another file, a description, an empty buffer. */
static int prepare(struct trace_sink *sink, uint32_t interface_index, size_t record_bytes)
{
	struct tt_described_interface *entry;
	size_t needed_bytes = record_bytes;
	uint32_t number;
	int r;

	if (!is_described(sink, interface_index))
		needed_bytes += interface_bytes_max(sink);
	if (is_beyond_file(sink, needed_bytes)) {
		r = rotate(sink);
		if (r < 0)
			return r;
	}

	r = find_entry(sink, interface_index, &entry);
	if (r == 0)
		r = describe(sink, entry);
	if (r < 0)
		return r;
	number = entry->interface.kernel_index;
	sink->record.interface_number = number > 0 ? number : interface_index;
	sink->record.block_number = entry->block_number;
	sink->last_index = interface_index;
	sink->last_generation = entry->generation;
	sink->last_entry = entry;

	if (record_bytes > sizeof(sink->buffer) - sink->buffered_bytes)
		return write_buffer(sink);
	return 0;
}

static int put_datagram(struct trace_sink *sink, const struct tt_datagram *datagram,
			const struct tt_origin *origin, uint64_t dropped_before)
{
	struct tt_trace_record *record = &sink->record;
	size_t record_bytes;
	int r;

	record->datagram = datagram;
	record->origin = origin;
	record->dropped_before = dropped_before;
	record->captured_bytes = datagram->packet_bytes < sink->captured_max
					 ? datagram->packet_bytes
					 : sink->captured_max;
	record_bytes = is_pcapng(sink) ? tt_pcapng_packet_bytes(record)
				       : tt_pcap_record_bytes(record);

	if (datagram->interface_index != sink->last_index ||
	    sink->last_generation != names_generation(sink) ||
	    sink->buffered_bytes + record_bytes > sink->limit_bytes) {
		r = prepare(sink, datagram->interface_index, record_bytes);
		if (r < 0)
			return r;
		if (record_bytes > sizeof(sink->buffer)) {
			sink->last_entry->datagrams_count++;
			return write_large(sink);
		}
	}

	if (is_pcapng(sink))
		tt_pcapng_encode_packet(sink->buffer + sink->buffered_bytes, record);
	else
		tt_pcap_encode_record(sink->buffer + sink->buffered_bytes,
				      sink->kind == TT_TRACE_PCAP_NS, record);
	sink->buffered_bytes += record_bytes;
	sink->buffered_datagrams++;
	sink->last_entry->datagrams_count++;
	return 0;
}

static int trace_take(struct tt_sink *base, const struct tt_run *run)
{
	struct trace_sink *sink = trace_sink_of(base);
	uint64_t dropped_before = run->dropped_before;

	base->counters.given += run->count;
	if (sink->has_failed || sink->is_over) {
		base->counters.dropped += run->count;
		return TT_STOP;
	}

	for (size_t i = 0; i < run->count; i++) {
		int r = put_datagram(sink, &run->datagrams[i],
				     run->origins ? &run->origins[i] : &origin_unknown,
				     dropped_before);

		if (r < 0)
			return fail(sink, r);
		dropped_before = 0;
	}
	return 0;
}

/* Completes the last file; after a failure as it is, and the failure has its words already. */
static int end(struct trace_sink *sink)
{
	int r = 0;

	if (sink->is_over)
		return 0;
	sink->is_over = true;
	if (!sink->has_failed)
		r = end_file(sink);
	if (r < 0)
		(void)fail(sink, r);
	if (tt_store_is_open(sink->store))
		(void)tt_store_close(sink->store, NULL);
	return r;
}

static int trace_flush(struct tt_sink *base, bool is_end)
{
	struct trace_sink *sink = trace_sink_of(base);
	int r;

	if (is_end)
		return end(sink);
	if (sink->has_failed || sink->is_over)
		return TT_STOP;
	if (!sink->is_unbuffered && !tt_store_is_stream(sink->store))
		return 0;

	r = write_buffer(sink);
	return r < 0 ? fail(sink, r) : 0;
}

/* No packet of that description counts as written to its interface. */
static void uncount(struct trace_sink *sink, uint32_t block_number)
{
	for (size_t i = 0; i < sink->described.entries_count; i++) {
		struct tt_described_interface *entry = &sink->described.entries[i];

		if (entry->file_number == sink->file_number &&
		    entry->block_number == block_number) {
			entry->datagrams_count--;
			return;
		}
	}
}

/* Takes the packets out of the buffer, and leaves what describes interfaces. */
static void remove_datagrams(struct trace_sink *sink)
{
	size_t offset = 0, kept_bytes = 0, record_bytes;
	uint32_t block_number;

	while ((record_bytes = next_record(sink, offset, sink->buffered_bytes, &block_number)) >
	       0) {
		if (block_number == UINT32_MAX) {
			memmove(sink->buffer + kept_bytes, sink->buffer + offset, record_bytes);
			kept_bytes += record_bytes;
		} else if (is_pcapng(sink)) {
			uncount(sink, block_number);
		}
		offset += record_bytes;
	}
	sink->buffered_bytes = kept_bytes;
	sink->buffered_datagrams = 0;
}

static void trace_drop(struct tt_sink *base)
{
	struct trace_sink *sink = trace_sink_of(base);
	int r;

	if (sink->has_failed || sink->is_over)
		return;
	remove_datagrams(sink);
	base->counters.dropped = base->counters.given - base->counters.written;
	/* The last occasion to ask, when no flush follows. */
	r = put_statistics(sink);
	if (r < 0)
		(void)fail(sink, r);
}

static void trace_free(struct tt_sink *base)
{
	struct trace_sink *sink = trace_sink_of(base);

	/* Nobody is asked any more, and nobody waited for: counts and names may be gone. */
	sink->interfaces_generation = NULL;
	if (sink->store && tt_store_is_open(sink->store)) {
		if (!sink->has_failed && tt_store_is_regular(sink->store)) {
			remove_datagrams(sink);
			if (is_pcapng(sink) && sink->blocks_count == 0)
				(void)describe_index(sink, 0);
			(void)write_buffer(sink);
		}
		(void)tt_store_close(sink->store, NULL);
	}
	tt_store_free(sink->store);
	tt_described_deinit(&sink->described);
	free(sink->filter);
	free(sink->interface_indexes);
	free(sink);
}

/* After @now_ns, in steps of @interval_ns from @due_ns on. */
static int64_t next_due_ns(int64_t due_ns, int64_t interval_ns, int64_t now_ns)
{
	if (due_ns <= INT64_MAX - interval_ns && due_ns + interval_ns > now_ns)
		return due_ns + interval_ns;
	return now_ns <= INT64_MAX - interval_ns ? now_ns + interval_ns : NEVER_NS;
}

/* Statistics, where there is room for more than those at the file's end. */
static int note_statistics(struct trace_sink *sink, int64_t now_ns)
{
	sink->statistics_due_ns = next_due_ns(sink->statistics_due_ns, sink->statistics_interval_ns,
					      now_ns);
	if (is_beyond_file(sink, end_bytes(sink)))
		return rotate(sink); /* the end of a file has them too */
	return put_statistics(sink);
}

static int attend(struct trace_sink *sink, int64_t now_ns)
{
	int r = 0;

	if (now_ns >= sink->rotate_due_ns) {
		sink->rotate_due_ns = next_due_ns(sink->rotate_due_ns, sink->rotate_interval_ns,
						  now_ns);
		if (sink->can_rotate)
			r = rotate(sink);
	}
	if (r == 0 && now_ns >= sink->statistics_due_ns)
		r = note_statistics(sink, now_ns);
	if (r < 0)
		return r;

	/* No clock is read for each datagram: what is buffered is as old as it was seen here. */
	if (sink->buffered_bytes == 0)
		return 0;
	if (sink->buffered_since_ns == NEVER_NS)
		sink->buffered_since_ns = now_ns;
	else if (now_ns - sink->buffered_since_ns >= BUFFERED_NS_MAX)
		return write_buffer(sink);
	return 0;
}

static int trace_attend(struct tt_sink *base, int64_t now_ns)
{
	struct trace_sink *sink = trace_sink_of(base);
	int r;

	if (sink->has_failed || sink->is_over)
		return TT_STOP;
	r = attend(sink, now_ns);
	return r < 0 ? fail(sink, r) : 0;
}

static int trace_rotate(struct tt_sink *base)
{
	struct trace_sink *sink = trace_sink_of(base);
	int64_t now_ns = tt_clock_now_ns();
	int r;

	if (sink->has_failed || sink->is_over)
		return TT_STOP;
	if (!sink->can_rotate)
		return 0;
	r = rotate(sink);
	if (r < 0)
		return fail(sink, r);
	if (sink->rotate_interval_ns > 0)
		sink->rotate_due_ns = next_due_ns(now_ns, sink->rotate_interval_ns, now_ns);
	return 0;
}

static const struct tt_sink_ops trace_ops = {
	.take = trace_take,
	.flush = trace_flush,
	.attend = trace_attend,
	.rotate = trace_rotate,
	.drop = trace_drop,
	.free = trace_free,
};

/* -------------------------------------------------------------------------- life */

static void read_os(char os[static OS_BYTES])
{
	struct utsname name;

	os[0] = '\0';
	if (uname(&name) == 0)
		(void)snprintf(os, OS_BYTES, "%s %s", name.sysname, name.release);
}

static int copy_opts(struct trace_sink *sink, const struct tt_trace_config *opts)
{
	bool has_link_header = opts->link == TT_TRACE_SLL2;
	uint32_t link_bytes = has_link_header ? TT_SLL2_BYTES : 0;

	sink->kind = opts->kind;
	sink->link_type = has_link_header ? TT_LINKTYPE_LINUX_SLL2 : TT_LINKTYPE_RAW;
	sink->record.link_bytes = link_bytes;
	sink->captured_max = TT_TRACE_CAPTURED_BYTES_MAX - link_bytes;
	if (opts->snap_bytes > 0) {
		if (opts->snap_bytes < sink->captured_max)
			sink->captured_max = opts->snap_bytes;
		sink->snap_bytes = sink->captured_max + link_bytes;
	}
	sink->is_unbuffered = opts->is_unbuffered;
	sink->is_rotated = opts->store.is_rotated;
	sink->rotate_bytes = opts->rotate_bytes;
	sink->rotate_interval_ns = opts->rotate_interval_ns;
	sink->statistics_interval_ns = opts->statistics_interval_ns;
	sink->find_interface = opts->find_interface;
	sink->interface_context = opts->interface_context;
	sink->interfaces_generation = opts->interfaces_generation;
	sink->read_counts = opts->read_counts;
	sink->counts_context = opts->counts_context;

	if (opts->filter && *opts->filter) {
		sink->filter = strndup(opts->filter, TT_PCAPNG_FILTER_LENGTH_MAX);
		if (!sink->filter)
			return -ENOMEM;
	}
	if (opts->interfaces_count > 0) {
		sink->interface_indexes = reallocarray(NULL, opts->interfaces_count,
						       sizeof(uint32_t));
		if (!sink->interface_indexes)
			return -ENOMEM;
		memcpy(sink->interface_indexes, opts->interface_indexes,
		       opts->interfaces_count * sizeof(uint32_t));
		sink->interfaces_count = opts->interfaces_count;
	}
	return 0;
}

static void start_clocks(struct trace_sink *sink)
{
	int64_t now_ns = tt_clock_now_ns();

	sink->start_ns = tt_clock_utc_now_ns();
	sink->buffered_since_ns = NEVER_NS;
	sink->rotate_due_ns = NEVER_NS;
	sink->statistics_due_ns = NEVER_NS;
	if (sink->rotate_interval_ns > 0)
		sink->rotate_due_ns = next_due_ns(now_ns, sink->rotate_interval_ns, now_ns);
	if (sink->statistics_interval_ns > 0)
		sink->statistics_due_ns = next_due_ns(now_ns, sink->statistics_interval_ns, now_ns);
}

/* Frees a sink that never was one. An open file stays as it is. */
static void discardp(struct trace_sink **sink)
{
	if (!*sink)
		return;
	tt_store_free(TT_TAKE_PTR((*sink)->store));
	trace_free(&(*sink)->sink);
}

int tt_trace_new(struct tt_sink **ret_sink, const struct tt_trace_config *opts,
		 struct tt_error *reterr)
{
	TT_CLEANUP(discardp) struct trace_sink *sink = NULL;
	int r;

	assert(opts->kind < TT_TRACE_FORMAT_COUNT);
	assert(opts->link < TT_TRACE_LINK_TYPE_COUNT);
	assert(opts->find_interface);
	assert(opts->rotate_interval_ns >= 0 && opts->statistics_interval_ns >= 0);

	sink = calloc(1, sizeof(*sink));
	if (!sink)
		return tt_error_set(reterr, -ENOMEM, "buffer of %d bytes for a trace: no memory",
				    TRACE_BUFFER_BYTES);
	sink->sink.ops = &trace_ops;
	read_os(sink->os);
	r = copy_opts(sink, opts);
	if (r < 0)
		return tt_error_set(reterr, r, "options of a trace: no memory");

	start_clocks(sink);
	r = tt_store_new(&sink->store, &opts->store, reterr);
	if (r < 0)
		return r;
	r = begin_file(sink);
	if (r < 0) {
		if (reterr)
			*reterr = sink->sink.error;
		return r;
	}

	*ret_sink = &TT_TAKE_PTR(sink)->sink;
	return 0;
}
