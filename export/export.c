/* SPDX-License-Identifier: MIT */

/*
 * Text and JSON: a sink that writes a line a datagram
 *
 * Lines (line.h) are made in one buffer that is taken at creation, and written from
 * there. A datagram counts as written when the last byte of its line was taken by
 * write(2). That byte is a newline, and a line holds no other: how many lines lie in
 * the part that was written can be counted there, also when a write failed half-way.
 *
 * Invariant 1: between two calls the buffer begins and ends with a whole line.
 * Invariant 2: between two calls given == written + dropped + lines in the buffer.
 */

#include "export/export.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/write.h"
#include "export/line.h"

enum {
	/* Some 2,000 lines; and one with a payload of 64 KiB fits without being divided. */
	EXPORT_BUFFER_BYTES = 256 << 10,
	/* What may follow a payload: "}\n and its like. */
	LINE_END_BYTES_MAX = 4,
};

_Static_assert(TT_LINE_BYTES_MAX + 2 * UINT16_MAX + LINE_END_BYTES_MAX <= EXPORT_BUFFER_BYTES,
	       "only aggregates and jumbograms are written in pieces");

/* What the two formats do differently. */
struct format {
	void (*put_line)(const struct tt_line *line, struct tt_stamp *stamp, struct tt_text *text);
	const char *payload_start;
	const char *payload_end;
	const char *payload_empty;
	const char *payload_unknown;
	const char *line_end;
};

static const struct format text_format = {
	.put_line = tt_line_put_text,
	.payload_start = " data ",
	.payload_end = "",
	.payload_empty = "",
	.payload_unknown = "",
	.line_end = "\n",
};

static const struct format json_format = {
	.put_line = tt_line_put_json,
	.payload_start = ",\"payload\":\"",
	.payload_end = "\"",
	.payload_empty = ",\"payload\":\"\"",
	.payload_unknown = ",\"payload\":null",
	.line_end = "}\n",
};

struct line_sink {
	struct tt_sink sink; /* first: the operations get a pointer to it */
	struct tt_export_opts opts;
	const struct format *format;
	struct tt_stamp stamp;
	struct tt_text text; /* over the buffer */
	bool has_failed;
	char buffer[EXPORT_BUFFER_BYTES];
};

_Static_assert(offsetof(struct line_sink, sink) == 0, "a sink is a line_sink");

static struct line_sink *line_sink_of(struct tt_sink *sink)
{
	return (struct line_sink *)sink;
}

static uint64_t count_lines(const char *bytes, size_t bytes_count)
{
	const char *end = bytes + bytes_count;
	uint64_t count = 0;

	while ((bytes = memchr(bytes, '\n', (size_t)(end - bytes)))) {
		bytes++;
		count++;
	}
	return count;
}

/* Writes the buffer out and empties it, whatever happens. */
static int write_buffer(struct line_sink *sink)
{
	struct tt_sink_counters *counters = &sink->sink.counters;
	struct iovec part = { .iov_base = sink->buffer, .iov_len = sink->text.length };
	uint64_t progress_bytes;
	int r;

	r = tt_write_all(sink->opts.fd, &part, 1, &progress_bytes);
	counters->bytes += progress_bytes;
	counters->written += count_lines(sink->buffer, (size_t)progress_bytes);
	sink->text.length = 0;
	return r;
}

static int make_room(struct line_sink *sink, size_t bytes_count)
{
	assert(bytes_count <= sizeof(sink->buffer));

	if (bytes_count <= sink->text.room_bytes - sink->text.length)
		return 0;
	return write_buffer(sink);
}

/* The payload's digits, in pieces where they do not fit into the buffer at once. */
static int put_payload_digits(struct line_sink *sink, const uint8_t *payload, size_t payload_bytes)
{
	int r;

	while (payload_bytes > 0) {
		size_t piece_bytes = (sink->text.room_bytes - sink->text.length) / 2;

		if (piece_bytes > payload_bytes)
			piece_bytes = payload_bytes;
		tt_text_put_hex(&sink->text, payload, piece_bytes);
		payload += piece_bytes;
		payload_bytes -= piece_bytes;

		r = make_room(sink, LINE_END_BYTES_MAX);
		if (r < 0)
			return r;
	}
	return 0;
}

static int put_payload(struct line_sink *sink, const struct tt_line *line)
{
	const struct format *format = sink->format;
	const struct tt_datagram *datagram = line->datagram;
	int r;

	if (!line->has_payload) {
		tt_text_put_string(&sink->text, format->payload_unknown);
		return 0;
	}
	if (datagram->payload_captured_bytes == 0) {
		tt_text_put_string(&sink->text, format->payload_empty);
		return 0;
	}

	tt_text_put_string(&sink->text, format->payload_start);
	r = put_payload_digits(sink, datagram->payload, datagram->payload_captured_bytes);
	if (r < 0)
		return r;
	tt_text_put_string(&sink->text, format->payload_end);
	return 0;
}

/* How much room to make first, so that the line is not divided unless it must be. */
static size_t line_room_bytes(const struct line_sink *sink, const struct tt_datagram *datagram)
{
	size_t bytes = TT_LINE_BYTES_MAX + LINE_END_BYTES_MAX;

	if (sink->opts.with_payload)
		bytes += (size_t)2 * datagram->payload_captured_bytes;
	return bytes < sizeof(sink->buffer) ? bytes : sizeof(sink->buffer);
}

static int put_datagram(struct line_sink *sink, const struct tt_datagram *datagram)
{
	const char *name = "";
	struct tt_line line;
	int r;

	r = make_room(sink, line_room_bytes(sink, datagram));
	if (r < 0)
		return r;

	if (datagram->interface_index != 0)
		name = sink->opts.interface_name(sink->opts.context, datagram->interface_index);
	line = tt_line_of(datagram, name);
	line.has_locality = !sink->opts.is_of_trace;
	sink->format->put_line(&line, &sink->stamp, &sink->text);
	if (sink->opts.with_payload) {
		r = put_payload(sink, &line);
		if (r < 0)
			return r;
	}
	tt_text_put_string(&sink->text, sink->format->line_end);

	assert(!sink->text.is_full); /* room was made for all of it */
	return 0;
}

/* What was given and is not written by now never will be. */
static void drop_unwritten(struct line_sink *sink)
{
	struct tt_sink_counters *counters = &sink->sink.counters;

	counters->dropped = counters->given - counters->written;
	sink->text.length = 0;
}

static int fail(struct line_sink *sink, int r)
{
	sink->has_failed = true;
	drop_unwritten(sink);
	return r;
}

static int export_take(struct tt_sink *base, const struct tt_run *run)
{
	struct line_sink *sink = line_sink_of(base);
	int r;

	base->counters.given += run->count;
	if (sink->has_failed) {
		base->counters.dropped += run->count;
		return TT_STOP;
	}

	for (size_t i = 0; i < run->count; i++) {
		r = put_datagram(sink, &run->datagrams[i]);
		if (r < 0)
			return fail(sink, r);
	}
	return 0;
}

static int export_flush(struct tt_sink *base, bool is_end)
{
	struct line_sink *sink = line_sink_of(base);
	int r;

	if (sink->opts.is_buffered && !is_end)
		return 0;

	r = write_buffer(sink);
	return r < 0 ? fail(sink, r) : 0;
}

static void export_drop(struct tt_sink *base)
{
	drop_unwritten(line_sink_of(base));
}

static void export_free(struct tt_sink *base)
{
	free(line_sink_of(base));
}

static const struct tt_sink_ops export_ops = {
	.take = export_take,
	.flush = export_flush,
	.drop = export_drop,
	.free = export_free,
};

int tt_export_new(struct tt_sink **ret_sink, const struct tt_export_opts *opts,
		  struct tt_error *reterr)
{
	struct line_sink *sink;

	assert(opts->fd >= 0);
	assert(opts->interface_name);

	sink = malloc(sizeof(*sink));
	if (!sink)
		return tt_error_set(reterr, -ENOMEM, "buffer of %d bytes for %s output: no memory",
				    EXPORT_BUFFER_BYTES, opts->is_json ? "JSON" : "text");

	sink->sink = (struct tt_sink){ .ops = &export_ops };
	sink->opts = *opts;
	sink->format = opts->is_json ? &json_format : &text_format;
	sink->stamp = tt_stamp_none();
	sink->text = tt_text_over(sink->buffer, sizeof(sink->buffer));
	sink->has_failed = false;

	*ret_sink = &sink->sink;
	return 0;
}
