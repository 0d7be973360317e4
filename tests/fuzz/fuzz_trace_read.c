/* SPDX-License-Identifier: MIT */

/*
 * Trace files of arbitrary bytes, pcap and pcapng
 *
 * The input's first byte says in what steps the window grows, the rest is the file; its end
 * AddressSanitizer watches. What must hold: each record lies in the window and behind
 * the one before; its frame lies in it; and whole or in steps, the file gives the same
 * records, ends at the same offset, and in the same way.
 */

#include "trace/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/link_header.h"
#include "twintap/error.h"

/* The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

struct outcome {
	uint64_t records_count;
	uint64_t hash;
	size_t offset;
	size_t needed_bytes;
	int status;
};

static void check(bool is_right)
{
	if (!is_right)
		abort();
}

static void add(struct outcome *outcome, uint64_t value)
{
	outcome->hash = (outcome->hash ^ value) * UINT64_C(1099511628211);
}

static void take_record(struct outcome *outcome, struct tt_view window,
			const struct tt_record *record)
{
	size_t offset = (size_t)(record->bytes.bytes - window.bytes);
	struct tt_frame frame = {
		.bytes = record->bytes.bytes,
		.captured_bytes = (uint32_t)record->bytes.bytes_count,
		.wire_bytes = record->wire_bytes,
	};
	struct tt_origin origin;
	uint32_t kernel_index;

	check(record->end_offset > outcome->offset && record->end_offset <= window.bytes_count);
	check(offset > outcome->offset && offset <= record->end_offset);
	check(record->bytes.bytes_count <= record->end_offset - offset);
	check(record->bytes.bytes_count <= record->wire_bytes);

	(void)tt_link_header_take(record->interface->link_type, &frame, &origin, &kernel_index);
	check(frame.bytes >= record->bytes.bytes);
	check(frame.bytes + frame.captured_bytes ==
	      record->bytes.bytes + record->bytes.bytes_count);
	check(frame.captured_bytes <= frame.wire_bytes);
	check(frame.version == 0 || frame.version == 4 || frame.version == 6);
	check(origin.address_bytes <= TT_ORIGIN_ADDRESS_BYTES);
	check(memchr(record->interface->interface.name, 0, TT_INTERFACE_NAME_BYTES) != NULL);

	for (uint32_t i = 0; i < frame.captured_bytes; i++)
		add(outcome, frame.bytes[i]);
	add(outcome, (uint64_t)record->time_ns);
	add(outcome, record->dropped_before ^ record->flags ^ record->interface->ordinal);
	add(outcome, frame.wire_bytes ^ (uint64_t)frame.version << 32 ^ (uint64_t)kernel_index);
	outcome->records_count++;
	outcome->offset = record->end_offset;
}

static struct outcome scan_in_steps(struct tt_view file, size_t step_bytes)
{
	struct tt_view window = { .bytes = file.bytes };
	struct outcome outcome = { 0 };
	struct tt_record record;
	struct tt_error error;
	struct tt_scan scan;

	tt_scan_init(&scan);
	for (;;) {
		outcome.status = tt_scan_next(&scan, window, &outcome.offset, &record, &error);
		check(outcome.offset <= window.bytes_count);
		if (outcome.status == 0) {
			take_record(&outcome, window, &record);
			continue;
		}
		if (outcome.status < 0)
			break;
		check(outcome.status == TT_EMPTY);
		check(scan.needed_bytes > window.bytes_count - outcome.offset);
		check(scan.needed_bytes <= TT_SCAN_RECORD_BYTES_MAX);
		outcome.needed_bytes = scan.needed_bytes;
		if (window.bytes_count == file.bytes_count)
			break;
		window = tt_view_slice(file, 0, window.bytes_count + step_bytes);
	}
	check(outcome.status >= 0 || outcome.status == error.code);
	check(outcome.status >= 0 || outcome.status == -EBADMSG);
	tt_scan_deinit(&scan);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct outcome whole;
	struct outcome steps;
	struct tt_view file;
	uint8_t *copy;

	if (data_bytes == 0)
		return 0;
	file.bytes_count = data_bytes - 1;
	copy = malloc(file.bytes_count > 0 ? file.bytes_count : 1);
	check(copy != NULL);
	if (file.bytes_count > 0)
		memcpy(copy, data + 1, file.bytes_count);
	file.bytes = copy;

	whole = scan_in_steps(file, file.bytes_count);
	steps = scan_in_steps(file, (size_t)data[0] + 1);
	check(whole.records_count == steps.records_count && whole.hash == steps.hash);
	check(whole.status == steps.status && whole.offset == steps.offset);
	check(whole.status < 0 || whole.needed_bytes == steps.needed_bytes);
	free(copy);
	return 0;
}
