/* SPDX-License-Identifier: MIT */

/*
 * One trace file, read into batches of frames
 *
 * The loop that fills a batch is the hot one: a record is scanned, copied into a frame and an origin
 * field by field, and its link header taken off. Numbers of interfaces are found where they
 * were found before.
 */

#include "trace/reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "trace/link_header.h"
#include "trace/pcapng.h"

enum {
	CHECKSUM_SHIFT = 7, /* between pcapng's flags and ours */
	CACHE_LINE_BYTES = 64,
	PREFETCH_LINES = 3, /* a record's head, the link's, IP and UDP */
	PREFETCH_RECORDS_AHEAD = 8,
};

_Static_assert(TT_PCAPNG_FLAG_CHECKSUM_NOT_READY >> CHECKSUM_SHIFT ==
			       TT_DATAGRAM_CHECKSUM_PARTIAL &&
		       TT_PCAPNG_FLAG_CHECKSUM_VALID >> CHECKSUM_SHIFT ==
			       TT_DATAGRAM_CHECKSUM_VALID,
	       "the bits keep their distance");

void tt_reader_init(struct tt_reader *reader, struct tt_interfaces *interfaces)
{
	*reader = (struct tt_reader){ .input = TT_INPUT_EMPTY, .interfaces = interfaces };
	tt_scan_init(&reader->scan);
}

void tt_reader_deinit(struct tt_reader *reader)
{
	tt_input_deinit(&reader->input);
	tt_scan_deinit(&reader->scan);
	tt_reader_init(reader, reader->interfaces);
}

/* A path as messages name it: a long one by its end, which leaves room for the reason. */
static void set_name(struct tt_reader *reader, const char *path)
{
	size_t length = strlen(path);

	if (strcmp(path, "-") == 0)
		(void)snprintf(reader->name, sizeof(reader->name), "standard input");
	else if (length < sizeof(reader->name))
		(void)snprintf(reader->name, sizeof(reader->name), "%s", path);
	else
		(void)snprintf(reader->name, sizeof(reader->name), "...%s",
			       path + length - (sizeof(reader->name) - sizeof("...")));
}

int tt_reader_open(struct tt_reader *reader, const char *path, struct tt_error *reterr)
{
	int r;

	tt_reader_deinit(reader);
	set_name(reader, path);
	r = tt_input_open(&reader->input, path);
	if (r < 0)
		return tt_error_set(reterr, r, "%s: open: %s", reader->name, strerror(-r));
	return 0;
}

int tt_reader_fd(const struct tt_reader *reader)
{
	return reader->input.kind == TT_INPUT_STREAM && tt_input_can_be_polled(&reader->input)
		       ? reader->input.fd
		       : -1;
}

bool tt_reader_size(const struct tt_reader *reader, uint64_t *ret_bytes)
{
	return tt_input_size(&reader->input, ret_bytes);
}

uint64_t tt_reader_offset(const struct tt_reader *reader)
{
	return reader->input.offset + reader->used_bytes;
}

/* ------------------------------------------------------------------------- interfaces */

/* The number of what the file says of an interface; 0 when there are too many. */
static int add_interface(struct tt_reader *reader, const struct tt_interface *interface,
			 uint32_t *ret_number)
{
	int r = tt_interfaces_add(reader->interfaces, interface, ret_number);

	if (r != -ENOSPC)
		return r;
	*ret_number = 0;
	return 0;
}

/* An interface that only the link header tells apart: its file captured on several at once. */
static int number_by_index(struct tt_reader *reader, const struct tt_record_interface *interface,
			   uint32_t kernel_index, uint32_t *ret_number)
{
	struct tt_reader_number *place =
		&reader->numbers[(kernel_index + interface->ordinal) % TT_READER_NUMBERS_COUNT];
	struct tt_interface own;
	int r;

	if (place->number != 0 && place->kernel_index == kernel_index &&
	    place->ordinal == interface->ordinal) {
		*ret_number = place->number;
		return 0;
	}

	own = interface->interface;
	own.kernel_index = kernel_index;
	if (own.name[0] == '\0' || strcmp(own.name, "any") == 0) {
		memset(own.name, 0, sizeof(own.name));
		(void)snprintf(own.name, sizeof(own.name), "if%u", kernel_index);
	}
	r = add_interface(reader, &own, ret_number);
	if (r < 0)
		return r;
	*place = (struct tt_reader_number){ .ordinal = interface->ordinal,
					    .kernel_index = kernel_index,
					    .number = *ret_number };
	return 0;
}

static int number_interface(struct tt_reader *reader, struct tt_record_interface *interface,
			    uint32_t kernel_index, uint32_t *ret_number)
{
	int r = 0;

	if (kernel_index != 0)
		return number_by_index(reader, interface, kernel_index, ret_number);
	if (interface->number == 0)
		r = add_interface(reader, &interface->interface, &interface->number);
	*ret_number = interface->number;
	return r;
}

/* ----------------------------------------------------------------------------- frames */

/* What a packet's flags say of it, or else what its link header did. */
static uint8_t packet_type_of(uint32_t flags, uint8_t link_type)
{
	static const uint8_t received[TT_PCAPNG_FLAGS_RECEPTION_MASK + 1] = {
		[1] = TT_PACKET_HOST,
		[2] = TT_PACKET_MULTICAST,
		[3] = TT_PACKET_BROADCAST,
		[4] = TT_PACKET_OTHERHOST,
	};
	uint32_t reception = flags >> TT_PCAPNG_FLAGS_RECEPTION_SHIFT &
			     TT_PCAPNG_FLAGS_RECEPTION_MASK;

	if ((flags & TT_PCAPNG_FLAGS_DIRECTION) == TT_PCAPNG_FLAG_OUTBOUND)
		return TT_PACKET_OUTGOING;
	return reception >= 1 && reception <= 4 ? received[reception] : link_type;
}

static int fill_frame(struct tt_reader *reader, const struct tt_record *record,
		      struct tt_frame *frame, struct tt_origin *origin)
{
	uint32_t kernel_index;
	bool is_told;

	frame->bytes = record->bytes.bytes;
	frame->captured_bytes = (uint32_t)record->bytes.bytes_count;
	frame->wire_bytes = record->wire_bytes;
	frame->time_ns = record->time_ns;
	frame->flags = (uint16_t)(record->flags >> CHECKSUM_SHIFT &
				  (TT_DATAGRAM_CHECKSUM_PARTIAL | TT_DATAGRAM_CHECKSUM_VALID));
	origin->source_kind = TT_SOURCE_FILE;
	is_told = tt_link_header_take(record->interface->link_type, frame, origin, &kernel_index);
	if (!is_told && record->flags != 0)
		frame->packet_type = packet_type_of(record->flags, frame->packet_type);
	return number_interface(reader, record->interface, kernel_index, &frame->interface_index);
}

/*
 * Records lie back to back, so the coming ones are about where they would be if they had the
 * size of this one, whose end has just been read. A wrong guess costs a line that is not
 * read. The processor follows by itself only within a page.
 */
static void prefetch_ahead(const uint8_t *record, size_t stride)
{
	const uint8_t *ahead = record + stride * PREFETCH_RECORDS_AHEAD;

	for (size_t i = 0; i < PREFETCH_LINES; i++)
		__builtin_prefetch(ahead + i * CACHE_LINE_BYTES);
}

/* Fills in frames of the window until it ends, the batch is full, or losses came between. */
static int fill_batch(struct tt_reader *reader, struct tt_frame_batch *batch,
		      struct tt_error *reterr)
{
	struct tt_view window = reader->input.window;
	int r = 0;

	while (batch->frames_count < TT_BATCH_FRAMES_MAX) {
		size_t count = batch->frames_count;
		struct tt_record record;

		r = tt_scan_next(&reader->scan, window, &reader->used_bytes, &record, reterr);
		if (r != 0)
			break;
		if (record.dropped_before != 0) {
			if (count > 0)
				break; /* the next batch begins with it */
			batch->dropped_before = record.dropped_before;
		}
		prefetch_ahead(window.bytes + reader->used_bytes,
			       record.end_offset - reader->used_bytes);
		r = fill_frame(reader, &record, &batch->frames[count], &batch->origins[count]);
		if (r < 0)
			return tt_error_set(reterr, r, "number an interface: %s", strerror(-r));
		reader->used_bytes = record.end_offset;
		batch->frames_count = count + 1;
	}
	return r;
}

/* ------------------------------------------------------------------------------- read */

static int fail(struct tt_reader *reader, int code, struct tt_error *reterr)
{
	return tt_error_wrap(reterr, code, "%s: offset %llu", reader->name,
			     (unsigned long long)tt_reader_offset(reader));
}

/* The file has ended: between two records, or in the middle of one. */
static int finish(struct tt_reader *reader, struct tt_error *reterr)
{
	size_t left_bytes = reader->input.window.bytes_count - reader->used_bytes;

	if (left_bytes == 0 && reader->scan.format != TT_SCAN_UNKNOWN)
		return TT_END_OF_STREAM;
	if (left_bytes == 0)
		(void)tt_error_set(reterr, -EBADMSG, "no trace: it is empty");
	else
		(void)tt_error_set(reterr, -EBADMSG,
				   "cut off in the middle of %s: %zu of %zu bytes are there",
				   reader->scan.needed_part, left_bytes, reader->scan.needed_bytes);
	return fail(reader, -EBADMSG, reterr);
}

int tt_reader_next(struct tt_reader *reader, struct tt_frame_batch *ret_batch, int timeout_ms,
		   struct tt_error *reterr)
{
	int r;

	tt_frame_batch_clear(ret_batch);
	tt_input_keep(&reader->input, &reader->used_bytes);
	for (;;) {
		size_t used_bytes;

		r = fill_batch(reader, ret_batch, reterr);
		/* A failure behind frames is found once more, and then told. */
		if (ret_batch->frames_count > 0)
			return 0;
		if (r < 0)
			return fail(reader, r, reterr);

		used_bytes = reader->used_bytes;
		reader->used_bytes = 0;
		r = tt_input_advance(&reader->input, used_bytes, reader->scan.needed_bytes,
				     timeout_ms);
		if (r == TT_END_OF_STREAM)
			return finish(reader, reterr);
		if (r < 0) {
			(void)tt_error_set(reterr, r, "read: %s", strerror(-r));
			return fail(reader, r, reterr);
		}
		if (r != 0)
			return r;
	}
}
