/* SPDX-License-Identifier: MIT */

/*
 * Any datagrams, written as a trace
 *
 * The input is read as options and then as steps: datagrams with any lengths, times, types and
 * interfaces, flushes, rotations, time that passes, names that change, a drop, a write that
 * fails at any byte. Files lie in memory. What must hold: given == written + dropped, and each
 * file is sound by a strict walk of its own and holds what was counted. Packets end where
 * their bytes do, so that AddressSanitizer sees a read beyond.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fake_store.h"
#include "tests/support/trace_walk.h"
#include "trace/trace.h"

enum {
	PACKET_BYTES_MAX = 300000, /* more than readers take, and than the buffer */
	STEPS_MAX = 200,
};

/* The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

struct input {
	const uint8_t *bytes;
	size_t bytes_count;
};

static uint32_t generation;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static uint8_t next_u8(struct input *input)
{
	if (input->bytes_count == 0)
		return 0;
	input->bytes_count--;
	return *input->bytes++;
}

static uint64_t next_number(struct input *input, size_t bytes_count)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes_count; i++)
		value = value << 8 | next_u8(input);
	return value;
}

static bool find_interface(void *context, uint32_t interface_index,
			   struct tt_interface *ret_interface)
{
	(void)context;
	memset(ret_interface, 0, sizeof(*ret_interface));
	if (interface_index % 5 == 4)
		return false;
	memset(ret_interface->name, 'a' + (int)(generation % 3), interface_index % 256);
	ret_interface->kernel_index = interface_index % 3 * 1000;
	ret_interface->hardware_bytes = (uint8_t)(interface_index % 9);
	return true;
}

static void read_counts(void *context, struct tt_trace_counts *ret_counts)
{
	(void)context;
	*ret_counts = (struct tt_trace_counts){ UINT64_MAX, generation, 2, UINT64_MAX - 1 };
}

static int take(struct tt_sink *sink, struct input *input)
{
	struct tt_datagram datagram = { 0 };
	struct tt_origin origin;
	struct tt_run run = { .datagrams = &datagram, .count = 1 };
	uint8_t shape = next_u8(input);
	uint8_t *packet;
	int r;

	datagram.packet_bytes = (uint32_t)next_number(input, shape & 1 ? 3 : 1) % PACKET_BYTES_MAX;
	datagram.wire_bytes = datagram.packet_bytes;
	if (shape & 2)
		datagram.wire_bytes += (uint32_t)next_number(input, 4) %
				       (UINT32_MAX - datagram.packet_bytes);
	datagram.time_ns = (int64_t)next_number(input, 8);
	datagram.interface_index = (uint32_t)next_number(input, shape & 4 ? 4 : 1);
	datagram.version = next_u8(input);
	datagram.packet_type = next_u8(input);
	datagram.flags = (uint16_t)next_number(input, 2);
	datagram.verdict = next_u8(input);
	run.dropped_before = shape & 8 ? next_number(input, 8) : 0;
	if (shape & 16) {
		origin.hardware_type = (uint16_t)next_number(input, 2);
		origin.source_kind = next_u8(input);
		origin.address_bytes = next_u8(input);
		memset(origin.address, 0xff, sizeof(origin.address));
		run.origins = &origin;
	}

	packet = malloc(datagram.packet_bytes > 0 ? datagram.packet_bytes : 1);
	require(packet);
	memset(packet, 0x45, datagram.packet_bytes);
	datagram.packet = packet;
	r = sink->ops->take(sink, &run);
	free(packet);
	return r;
}

static int step(struct tt_sink *sink, struct input *input)
{
	uint8_t kind = next_u8(input);

	switch (kind % 16) {
	case 0:
		return sink->ops->flush(sink, false);
	case 1:
		return sink->ops->rotate(sink);
	case 2:
		return sink->ops->attend(sink, (int64_t)next_number(input, 8));
	case 3:
		generation++;
		return 0;
	case 4:
		if (kind == 4)
			sink->ops->drop(sink);
		return 0;
	default:
		return take(sink, input);
	}
}

static void check_files(const struct tt_sink *sink, bool has_failed)
{
	const struct tt_sink_counters *counters = &sink->counters;
	uint64_t packets_count = 0;

	for (size_t i = 0; i < tt_fake_store.files_count; i++) {
		const struct tt_fake_file *file = &tt_fake_store.files[i];
		struct tt_trace_walk walk;

		require(file->is_closed != file->is_discarded);
		require(!file->is_discarded || (has_failed && file->bytes_count == 0));
		if (has_failed && file->bytes_count == 0)
			continue;
		tt_trace_walk(file->bytes, file->bytes_count, &walk, NULL, NULL);
		/* A stream ends where it broke; and a file that failed has no end. */
		if (!has_failed) {
			require(!walk.fault);
			require(!walk.is_pcapng || walk.interfaces_count > 0);
		} else if (!tt_fake_store.is_stream) {
			require(!walk.fault);
		}
		packets_count += walk.packets_count;
	}
	require(counters->given == counters->written + counters->dropped);
	require(counters->written == packets_count);
}

static void read_opts(struct input *input, struct tt_trace_config *opts)
{
	static const uint32_t interface_indexes[] = { 1, 4, 300, 77 };
	uint8_t shape = next_u8(input);

	memset(opts, 0, sizeof(*opts));
	opts->kind = shape % TT_TRACE_FORMAT_COUNT;
	opts->link = (shape >> 2) % TT_TRACE_LINK_TYPE_COUNT;
	opts->is_unbuffered = shape & 8;
	opts->find_interface = find_interface;
	opts->interfaces_generation = &generation;
	opts->interface_indexes = interface_indexes;
	opts->filter = shape & 16 ? "udp port 53" : NULL;
	opts->read_counts = shape & 32 ? read_counts : NULL;
	opts->store.is_rotated = shape & 64;
	tt_fake_store.is_stream = shape & 128;

	shape = next_u8(input);
	opts->interfaces_count = shape % 5;
	opts->snap_bytes = shape & 8 ? (uint32_t)next_number(input, 4) : 0;
	opts->rotate_bytes = shape & 16 ? next_number(input, 2) : 0;
	opts->rotate_interval_ns = shape & 32 ? (int64_t)(next_number(input, 8) >> 1) : 0;
	opts->statistics_interval_ns = shape & 64 ? (int64_t)(next_number(input, 8) >> 1) : 0;
	if (shape & 128) {
		tt_fake_store.write_bytes_max = next_number(input, 3);
		tt_fake_store.write_status = -ENOSPC;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct input input = { .bytes = data, .bytes_count = data_bytes };
	struct tt_trace_config opts;
	struct tt_sink *sink;
	bool has_failed = false;
	int r;

	generation = 0;
	tt_fake_store_reset();
	read_opts(&input, &opts);
	if (tt_trace_new(&sink, &opts, NULL) < 0)
		return 0;

	for (int i = 0; i < STEPS_MAX && input.bytes_count > 0; i++) {
		r = step(sink, &input);
		if (has_failed)
			require(r == TT_STOP || r == 0);
		has_failed |= r < 0;
	}
	r = sink->ops->flush(sink, true);
	has_failed |= r < 0 || sink->error.code < 0;
	check_files(sink, has_failed);
	sink->ops->free(sink);
	tt_fake_store_reset();
	return 0;
}
