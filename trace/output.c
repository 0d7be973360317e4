/* SPDX-License-Identifier: MIT */

/*
 * The file that a trace writes: what its bytes are, and when the next one begins
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

#include "trace/output.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "trace/encode_pcap.h"
#include "trace/encode_pcapng.h"

#define APPLICATION  "twintap " TT_VERSION
#define NO_INTERFACE UINT64_MAX

enum {
	COMMENT_BYTES = 192,
	/* A statistics block with all its counts, and one that tells of one interface only. */
	STATISTICS_WHOLE_BYTES = TT_PCAPNG_STATISTICS_HEAD_BYTES + 7 * 12 + 4 + 4,
	STATISTICS_PART_BYTES = TT_PCAPNG_STATISTICS_HEAD_BYTES + 3 * 12 + 4 + 4,
	STATISTICS_COMMENT_BYTES = TT_PCAPNG_OPTION_HEAD_BYTES + COMMENT_BYTES,
};

_Static_assert((int)TT_PCAPNG_BLOCK_BYTES_MAX <= TT_TRACE_BUFFER_BYTES,
	       "blocks fit into the buffer");

static const struct tt_origin origin_unknown;

static bool is_pcapng(const struct tt_trace_output *output)
{
	return output->kind == TT_TRACE_PCAPNG;
}

static uint32_t names_generation(const struct tt_trace_output *output)
{
	return output->interfaces_generation ? *output->interfaces_generation : 0;
}

/* ---------------------------------------------------------------- buffer and file */

/* How much the statistics at the end of this file may take. */
static uint64_t end_bytes(const struct tt_trace_output *output)
{
	if (!is_pcapng(output) || !output->read_counts)
		return 0;
	if (output->described.entries_count <= 1)
		return STATISTICS_WHOLE_BYTES;
	return STATISTICS_COMMENT_BYTES + (uint64_t)STATISTICS_PART_BYTES * output->blocks_count;
}

/* Whether so many more bytes are for the next file. */
static bool is_beyond_file(const struct tt_trace_output *output, uint64_t bytes)
{
	/* A record that is larger than a whole file gets one of its own, not an empty one before. */
	if (!output->can_rotate || output->rotate_bytes == 0 ||
	    output->file_datagrams + output->buffered_datagrams == 0)
		return false;
	return tt_store_file_bytes(output->store) + output->buffered_bytes + bytes +
		       end_bytes(output) >
	       output->rotate_bytes;
}

static void update_limit(struct tt_trace_output *output)
{
	uint64_t taken_bytes = tt_store_file_bytes(output->store) + end_bytes(output);

	output->limit_bytes = sizeof(output->buffer);
	if (!output->can_rotate || output->rotate_bytes == 0)
		return;
	if (taken_bytes >= output->rotate_bytes)
		output->limit_bytes = 0;
	else if (output->rotate_bytes - taken_bytes < output->limit_bytes)
		output->limit_bytes = (size_t)(output->rotate_bytes - taken_bytes);
}

static void count_written(struct tt_trace_output *output, uint64_t bytes, uint64_t datagrams)
{
	output->counters->bytes += bytes;
	output->counters->written += datagrams;
	output->file_datagrams += datagrams;
}

/* The next whole block or record of the buffer; its length, 0 at the end. */
static size_t next_record(const struct tt_trace_output *output, size_t offset, size_t end,
			  uint32_t *ret_block_number)
{
	if (is_pcapng(output))
		return tt_pcapng_next_block(output->buffer + offset, end - offset,
					    ret_block_number);
	*ret_block_number = 0;
	return tt_pcap_next_record(output->buffer + offset, end - offset);
}

/* After a failure: counts what was written whole, and cuts off what was not. */
static void keep_whole_records(struct tt_trace_output *output, uint64_t start_bytes,
			       size_t progress_bytes)
{
	size_t offset = 0, record_bytes;
	uint64_t datagrams = 0;
	uint32_t block_number;

	/* Without a datagram it is the header of a pcap file, which is no record. */
	while (output->buffered_datagrams > 0 &&
	       (record_bytes = next_record(output, offset, progress_bytes, &block_number)) > 0) {
		offset += record_bytes;
		datagrams += block_number != UINT32_MAX;
	}
	if (tt_store_is_regular(output->store)) {
		tt_store_cut(output->store, start_bytes + offset);
		progress_bytes = offset;
	}
	count_written(output, progress_bytes, datagrams);
}

int tt_trace_output_write(struct tt_trace_output *output)
{
	struct iovec part = { .iov_base = output->buffer, .iov_len = output->buffered_bytes };
	uint64_t start_bytes = tt_store_file_bytes(output->store);
	uint64_t progress_bytes;
	int r;

	if (output->buffered_bytes == 0)
		return 0;

	r = tt_store_write(output->store, &part, 1, &progress_bytes, output->error);
	if (r < 0)
		keep_whole_records(output, start_bytes, (size_t)progress_bytes);
	else
		count_written(output, progress_bytes, output->buffered_datagrams);

	output->buffered_bytes = 0;
	output->buffered_datagrams = 0;
	output->buffered_since_ns = TT_TRACE_NEVER_NS;
	update_limit(output);
	return r;
}

static int make_room(struct tt_trace_output *output, size_t bytes)
{
	assert(bytes <= sizeof(output->buffer));

	if (bytes <= sizeof(output->buffer) - output->buffered_bytes)
		return 0;
	return tt_trace_output_write(output);
}

/* A record that no buffer has room for, from where its packet lies. */
static int write_large(struct tt_trace_output *output)
{
	const struct tt_trace_record *record = &output->record;
	uint8_t head[TT_PCAPNG_PACKET_HEAD_BYTES_MAX], tail[TT_PCAPNG_PACKET_TAIL_BYTES_MAX];
	struct iovec parts[3] = { { .iov_base = head }, { 0 }, { .iov_base = tail } };
	uint64_t start_bytes = tt_store_file_bytes(output->store);
	uint64_t progress_bytes;
	int r;

	assert(output->buffered_bytes == 0);

	/* writev(2) only reads from there. */
	memcpy(&parts[1].iov_base, &record->datagram->packet, sizeof(parts[1].iov_base));
	parts[1].iov_len = record->captured_bytes;
	if (is_pcapng(output)) {
		parts[0].iov_len = tt_pcapng_encode_packet_head(head, record);
		parts[2].iov_len = tt_pcapng_encode_packet_tail(tail, record);
	} else {
		parts[0].iov_len =
			tt_pcap_encode_record_head(head, output->kind == TT_TRACE_PCAP_NS, record);
	}

	r = tt_store_write(output->store, parts, is_pcapng(output) ? 3 : 2, &progress_bytes,
			   output->error);
	if (r < 0 && tt_store_is_regular(output->store)) {
		tt_store_cut(output->store, start_bytes);
		progress_bytes = 0;
	}
	count_written(output, progress_bytes, r == 0);
	update_limit(output);
	return r;
}

/* -------------------------------------------------------------------- interfaces */

/* Puts a description into the file, the one that is in force from now on. */
static int put_interface(struct tt_trace_output *output, struct tt_described_interface *entry)
{
	const struct tt_interface *interface = &entry->interface;
	struct tt_pcapng_interface block = {
		.link_type = output->link_type,
		.snap_bytes = output->snap_bytes,
		.name = interface->name,
		.filter = output->filter,
		.os = output->os,
	};
	int r;

	entry->file_number = output->file_number;
	if (!is_pcapng(output))
		return 0;

	if (interface->hardware_bytes == TT_PCAPNG_MAC_ADDRESS_BYTES)
		block.mac_address = interface->hardware;
	r = make_room(output, TT_PCAPNG_BLOCK_BYTES_MAX);
	if (r < 0)
		return r;
	entry->block_number = output->blocks_count++;
	output->buffered_bytes += tt_pcapng_encode_interface(
		output->buffer + output->buffered_bytes, TT_PCAPNG_BLOCK_BYTES_MAX, &block);
	update_limit(output);
	return 0;
}

static bool is_same_interface(const struct tt_interface *a, const struct tt_interface *b)
{
	return strcmp(a->name, b->name) == 0 && a->kernel_index == b->kernel_index &&
	       a->hardware_bytes == b->hardware_bytes &&
	       memcmp(a->hardware, b->hardware, sizeof(a->hardware)) == 0;
}

/* Sees to it that the file describes the interface as it is now. */
static int describe(struct tt_trace_output *output, struct tt_described_interface *entry)
{
	uint32_t generation = names_generation(output);
	struct tt_interface interface = { 0 };
	bool is_new = entry->file_number != output->file_number;
	int r;

	if (!is_new && entry->generation == generation)
		return 0;

	entry->generation = generation;
	if (entry->interface_index != 0 &&
	    !output->find_interface(output->interface_context, entry->interface_index, &interface))
		interface = (struct tt_interface){ 0 };
	if (!is_new && is_same_interface(&interface, &entry->interface))
		return 0;

	r = is_new ? 0 : tt_trace_output_write(output); /* invariant 2 */
	if (r < 0)
		return r;
	entry->interface = interface;
	return put_interface(output, entry);
}

/* The interface's entry, made if need be; those that are too many share that of interface 0. */
static int find_entry(struct tt_trace_output *output, uint32_t interface_index,
		      struct tt_described_interface **ret_entry)
{
	int r = -ENOSPC;

	for (;;) {
		*ret_entry = tt_described_find(&output->described, interface_index);
		if (*ret_entry)
			return 0;
		r = tt_described_add(&output->described, interface_index, ret_entry);
		if (r != -ENOSPC)
			break;
		interface_index = 0;
	}
	if (r < 0)
		return tt_error_set(output->error, r, "interface %" PRIu32 " of a trace: %s",
				    interface_index, strerror(-r));
	output->last_index = NO_INTERFACE; /* the entries may have moved */
	return 0;
}

static int describe_index(struct tt_trace_output *output, uint32_t interface_index)
{
	struct tt_described_interface *entry;
	int r = find_entry(output, interface_index, &entry);

	return r < 0 ? r : describe(output, entry);
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

/* Counts of the whole capture are not one interface's. */
int tt_trace_output_put_statistics(struct tt_trace_output *output)
{
	struct tt_pcapng_statistics block = { .time_ns = tt_clock_utc_now_ns(),
					      .start_ns = output->start_ns,
					      .received = TT_UNKNOWN,
					      .interface_dropped = TT_UNKNOWN,
					      .accepted = TT_UNKNOWN,
					      .os_dropped = TT_UNKNOWN };
	struct tt_trace_counts counts;
	char comment[COMMENT_BYTES];

	if (!is_pcapng(output) || !output->read_counts)
		return 0;

	output->read_counts(output->counts_context, &counts);
	if (output->described.entries_count == 1) {
		block.received = counts.received;
		block.interface_dropped = counts.interface_dropped;
		block.accepted = counts.accepted;
		block.os_dropped = counts.dropped;
	} else {
		word_counts(&counts, comment);
		block.comment = comment;
	}

	for (size_t i = 0; i < output->described.entries_count; i++) {
		const struct tt_described_interface *entry = &output->described.entries[i];
		int r;

		if (entry->file_number != output->file_number)
			continue;
		r = make_room(output, TT_PCAPNG_BLOCK_BYTES_MAX);
		if (r < 0)
			return r;
		block.block_number = entry->block_number;
		block.delivered = entry->datagrams_count;
		output->buffered_bytes += tt_pcapng_encode_statistics(
			output->buffer + output->buffered_bytes, TT_PCAPNG_BLOCK_BYTES_MAX, &block);
		block.comment = NULL;
	}
	return 0;
}

/* ------------------------------------------------------------------- whole files */

static void put_file_header(struct tt_trace_output *output)
{
	assert(output->buffered_bytes == 0);

	if (is_pcapng(output)) {
		output->buffered_bytes = tt_pcapng_encode_section(
			output->buffer, sizeof(output->buffer), output->os, APPLICATION);
		return;
	}
	tt_pcap_encode_header(output->buffer, output->kind == TT_TRACE_PCAP_NS, output->link_type,
			      output->snap_bytes);
	output->buffered_bytes = TT_PCAP_HEADER_BYTES;
}

int tt_trace_output_begin(struct tt_trace_output *output)
{
	int r = tt_store_open(output->store, tt_clock_utc_now_ns(), output->error);

	if (r < 0)
		return r;

	output->can_rotate = output->is_rotated && tt_store_is_regular(output->store);
	output->file_number++;
	output->blocks_count = 0;
	output->file_datagrams = 0;
	output->last_index = NO_INTERFACE;
	put_file_header(output);
	for (size_t i = 0; i < output->interfaces_count && r == 0; i++)
		r = describe_index(output, output->interface_indexes[i]);
	return r < 0 ? r : tt_trace_output_write(output);
}

/* Tools refuse a file that describes no interface. */
static int describe_any(struct tt_trace_output *output)
{
	return is_pcapng(output) && output->blocks_count == 0 ? describe_index(output, 0) : 0;
}

int tt_trace_output_end(struct tt_trace_output *output)
{
	int r = describe_any(output);

	if (r == 0)
		r = tt_trace_output_put_statistics(output);
	if (r == 0)
		r = tt_trace_output_write(output);
	if (r < 0)
		return r;
	return tt_store_close(output->store, output->error);
}

int tt_trace_output_rotate(struct tt_trace_output *output)
{
	int r = tt_trace_output_end(output);

	if (r < 0)
		return r;
	r = tt_trace_output_begin(output);
	return r < 0 ? tt_error_wrap(output->error, r, "next file of a trace") : 0;
}

int tt_trace_output_note_statistics(struct tt_trace_output *output)
{
	if (is_beyond_file(output, end_bytes(output)))
		return tt_trace_output_rotate(output); /* the end of a file has them too */
	return tt_trace_output_put_statistics(output);
}

/* --------------------------------------------------------------------- datagrams */

/* How much a description may take in a file, with the statistics that it brings about. */
static size_t interface_bytes_max(const struct tt_trace_output *output)
{
	size_t bytes = TT_PCAPNG_INTERFACE_HEAD_BYTES + TT_PCAPNG_BLOCK_TAIL_BYTES;

	bytes += (size_t)6 * TT_PCAPNG_OPTION_HEAD_BYTES; /* with the one that ends them */
	bytes += TT_INTERFACE_NAME_BYTES + 8 + 4 + sizeof(output->os);
	bytes += STATISTICS_COMMENT_BYTES + STATISTICS_PART_BYTES;
	return bytes + (output->filter ? strlen(output->filter) + 4 : 0);
}

static bool is_described(const struct tt_trace_output *output, uint32_t interface_index)
{
	const struct tt_described_interface *entry = tt_described_find(&output->described,
								       interface_index);

	return !is_pcapng(output) || (entry && entry->file_number == output->file_number &&
				      entry->generation == names_generation(output));
}

/* All that a record may need before it is put: another file, a description, an empty buffer. */
static int prepare(struct tt_trace_output *output, uint32_t interface_index, size_t record_bytes)
{
	struct tt_described_interface *entry;
	size_t needed_bytes = record_bytes;
	uint32_t number;
	int r;

	if (!is_described(output, interface_index))
		needed_bytes += interface_bytes_max(output);
	if (is_beyond_file(output, needed_bytes)) {
		r = tt_trace_output_rotate(output);
		if (r < 0)
			return r;
	}

	r = find_entry(output, interface_index, &entry);
	if (r == 0)
		r = describe(output, entry);
	if (r < 0)
		return r;
	number = entry->interface.kernel_index;
	output->record.interface_number = number > 0 ? number : interface_index;
	output->record.block_number = entry->block_number;
	output->last_index = interface_index;
	output->last_generation = entry->generation;
	output->last_entry = entry;

	if (record_bytes > sizeof(output->buffer) - output->buffered_bytes)
		return tt_trace_output_write(output);
	return 0;
}

static int put_datagram(struct tt_trace_output *output, const struct tt_datagram *datagram,
			const struct tt_origin *origin, uint64_t dropped_before)
{
	struct tt_trace_record *record = &output->record;
	size_t record_bytes;
	int r;

	record->datagram = datagram;
	record->origin = origin;
	record->dropped_before = dropped_before;
	record->captured_bytes = datagram->packet_bytes < output->captured_max
					 ? datagram->packet_bytes
					 : output->captured_max;
	record_bytes = is_pcapng(output) ? tt_pcapng_packet_bytes(record)
					 : tt_pcap_record_bytes(record);

	if (datagram->interface_index != output->last_index ||
	    output->last_generation != names_generation(output) ||
	    output->buffered_bytes + record_bytes > output->limit_bytes) {
		r = prepare(output, datagram->interface_index, record_bytes);
		if (r < 0)
			return r;
		if (record_bytes > sizeof(output->buffer)) {
			output->last_entry->datagrams_count++;
			return write_large(output);
		}
	}

	if (is_pcapng(output))
		tt_pcapng_encode_packet(output->buffer + output->buffered_bytes, record);
	else
		tt_pcap_encode_record(output->buffer + output->buffered_bytes,
				      output->kind == TT_TRACE_PCAP_NS, record);
	output->buffered_bytes += record_bytes;
	output->buffered_datagrams++;
	output->last_entry->datagrams_count++;
	return 0;
}

int tt_trace_output_put(struct tt_trace_output *output, const struct tt_run *run)
{
	uint64_t dropped_before = run->dropped_before;

	for (size_t i = 0; i < run->count; i++) {
		int r = put_datagram(output, &run->datagrams[i],
				     run->origins ? &run->origins[i] : &origin_unknown,
				     dropped_before);

		if (r < 0)
			return r;
		dropped_before = 0;
	}
	return 0;
}

/* No packet of that description counts as written to its interface. */
static void uncount(struct tt_trace_output *output, uint32_t block_number)
{
	for (size_t i = 0; i < output->described.entries_count; i++) {
		struct tt_described_interface *entry = &output->described.entries[i];

		if (entry->file_number == output->file_number &&
		    entry->block_number == block_number) {
			entry->datagrams_count--;
			return;
		}
	}
}

void tt_trace_output_remove_datagrams(struct tt_trace_output *output)
{
	size_t offset = 0, kept_bytes = 0, record_bytes;
	uint32_t block_number;

	while ((record_bytes = next_record(output, offset, output->buffered_bytes, &block_number)) >
	       0) {
		if (block_number == UINT32_MAX) {
			memmove(output->buffer + kept_bytes, output->buffer + offset, record_bytes);
			kept_bytes += record_bytes;
		} else if (is_pcapng(output)) {
			uncount(output, block_number);
		}
		offset += record_bytes;
	}
	output->buffered_bytes = kept_bytes;
	output->buffered_datagrams = 0;
}

void tt_trace_output_abandon(struct tt_trace_output *output)
{
	/* Nobody is asked any more, and nobody waited for: counts and names may be gone. */
	output->interfaces_generation = NULL;
	if (tt_store_is_regular(output->store)) {
		tt_trace_output_remove_datagrams(output);
		(void)describe_any(output);
		(void)tt_trace_output_write(output);
	}
}
