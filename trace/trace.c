/* SPDX-License-Identifier: MIT */

/*
 * A trace: a sink that writes datagrams into pcapng or pcap files
 *
 * What the sink is asked for, when something is due, and what remains of it after a failure.
 * output.h knows what is done to the file and to the buffer in front of it.
 */

#include "trace/trace.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "trace/encode_pcapng.h"
#include "trace/output.h"

#define BUFFERED_NS_MAX TT_NS_PER_S

struct trace_sink {
	struct tt_sink sink; /* first: the operations get a pointer to it */
	bool has_failed;
	bool is_over;
	bool is_unbuffered;
	int64_t rotate_interval_ns;
	int64_t statistics_interval_ns;

	/* When what is due, by the monotonic clock. */
	int64_t rotate_due_ns;
	int64_t statistics_due_ns;
	uint64_t noted_given; /* datagrams up to the last statistics */

	struct tt_trace_output output; /* last: it ends with the buffer */
};

_Static_assert(offsetof(struct trace_sink, sink) == 0, "a sink is a trace_sink");

static struct trace_sink *trace_sink_of(struct tt_sink *sink)
{
	return (struct trace_sink *)sink;
}

/* -------------------------------------------------------------------- operations */

/* What was given and is not written by now never will be. */
static int fail(struct trace_sink *sink, int r)
{
	struct tt_sink_counters *counters = &sink->sink.counters;

	sink->has_failed = true;
	sink->output.buffered_bytes = 0;
	sink->output.buffered_datagrams = 0;
	counters->dropped = counters->given - counters->written;
	return r;
}

static int trace_take(struct tt_sink *base, const struct tt_run *run)
{
	struct trace_sink *sink = trace_sink_of(base);
	int r;

	base->counters.given += run->count;
	if (sink->has_failed || sink->is_over) {
		base->counters.dropped += run->count;
		return TT_STOP;
	}
	r = tt_trace_output_put(&sink->output, run);
	return r < 0 ? fail(sink, r) : 0;
}

/* Completes what is open behind a failure, as it is; a file that has not even begun is none. */
static void leave_file(struct trace_sink *sink)
{
	struct tt_store *store = sink->output.store;

	if (!tt_store_is_open(store))
		return;
	if (sink->has_failed && tt_store_file_bytes(store) == 0)
		tt_store_discard(store);
	else
		(void)tt_store_close(store, NULL); /* the failure before it is told */
}

/* Completes the last file; after a failure as it is, and the failure has its words already. */
static int end(struct trace_sink *sink)
{
	int r = 0;

	if (sink->is_over)
		return 0;
	sink->is_over = true;
	if (!sink->has_failed)
		r = tt_trace_output_end(&sink->output);
	if (r < 0)
		(void)fail(sink, r);
	leave_file(sink);
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
	if (!sink->is_unbuffered && !tt_store_is_stream(sink->output.store))
		return 0;

	r = tt_trace_output_write(&sink->output);
	return r < 0 ? fail(sink, r) : 0;
}

static void trace_drop(struct tt_sink *base)
{
	struct trace_sink *sink = trace_sink_of(base);
	int r;

	if (sink->has_failed || sink->is_over)
		return;
	tt_trace_output_remove_datagrams(&sink->output);
	base->counters.dropped = base->counters.given - base->counters.written;
	/* The last occasion to ask, when no flush follows. */
	r = tt_trace_output_put_statistics(&sink->output);
	if (r < 0)
		(void)fail(sink, r);
}

static void trace_free(struct tt_sink *base)
{
	struct trace_sink *sink = trace_sink_of(base);

	if (sink->output.store && tt_store_is_open(sink->output.store)) {
		if (!sink->has_failed)
			tt_trace_output_abandon(&sink->output);
		leave_file(sink);
	}
	tt_store_free(sink->output.store);
	tt_described_deinit(&sink->output.described);
	free(sink->output.filter);
	free(sink->output.interface_indexes);
	free(sink);
}

/* After @now_ns, in steps of @interval_ns from @due_ns on. */
static int64_t next_due_ns(int64_t due_ns, int64_t interval_ns, int64_t now_ns)
{
	if (due_ns <= INT64_MAX - interval_ns && due_ns + interval_ns > now_ns)
		return due_ns + interval_ns;
	return now_ns <= INT64_MAX - interval_ns ? now_ns + interval_ns : TT_TRACE_NEVER_NS;
}

static int attend(struct trace_sink *sink, int64_t now_ns)
{
	int r = 0;

	if (now_ns >= sink->rotate_due_ns) {
		sink->rotate_due_ns = next_due_ns(sink->rotate_due_ns, sink->rotate_interval_ns,
						  now_ns);
		if (sink->output.can_rotate)
			r = tt_trace_output_rotate(&sink->output);
	}
	if (r == 0 && now_ns >= sink->statistics_due_ns) {
		sink->statistics_due_ns = next_due_ns(sink->statistics_due_ns,
						      sink->statistics_interval_ns, now_ns);
		/* An idle capture says nothing new, and shall not fill a disk by that. */
		if (sink->sink.counters.given != sink->noted_given)
			r = tt_trace_output_note_statistics(&sink->output);
		sink->noted_given = sink->sink.counters.given;
	}
	if (r < 0)
		return r;

	/* No clock is read for each datagram: what is buffered is as old as it was seen here. */
	if (sink->output.buffered_bytes == 0)
		return 0;
	if (sink->output.buffered_since_ns == TT_TRACE_NEVER_NS)
		sink->output.buffered_since_ns = now_ns;
	else if ((uint64_t)now_ns - (uint64_t)sink->output.buffered_since_ns >= BUFFERED_NS_MAX)
		return tt_trace_output_write(&sink->output);
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
	if (!sink->output.can_rotate)
		return 0;
	r = tt_trace_output_rotate(&sink->output);
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

static void read_os(char os[static TT_TRACE_OS_BYTES])
{
	struct utsname name;

	os[0] = '\0';
	if (uname(&name) == 0)
		(void)snprintf(os, TT_TRACE_OS_BYTES, "%s %s", name.sysname, name.release);
}

static int copy_opts(struct trace_sink *sink, const struct tt_trace_config *opts)
{
	struct tt_trace_output *output = &sink->output;
	bool has_link_header = opts->link == TT_TRACE_SLL2;
	uint32_t link_bytes = has_link_header ? TT_SLL2_BYTES : 0;

	output->kind = opts->kind;
	output->link_type = has_link_header ? TT_LINKTYPE_LINUX_SLL2 : TT_LINKTYPE_RAW;
	output->record.link_bytes = link_bytes;
	output->captured_max = TT_TRACE_CAPTURED_BYTES_MAX - link_bytes;
	if (opts->snap_bytes > 0) {
		if (opts->snap_bytes < output->captured_max)
			output->captured_max = opts->snap_bytes;
		output->snap_bytes = output->captured_max + link_bytes;
	}
	sink->is_unbuffered = opts->is_unbuffered;
	output->is_rotated = opts->store.is_rotated;
	output->rotate_bytes = opts->rotate_bytes;
	sink->rotate_interval_ns = opts->rotate_interval_ns;
	sink->statistics_interval_ns = opts->statistics_interval_ns;
	output->find_interface = opts->find_interface;
	output->interface_context = opts->interface_context;
	output->interfaces_generation = opts->interfaces_generation;
	output->read_counts = opts->read_counts;
	output->counts_context = opts->counts_context;

	if (opts->filter && *opts->filter) {
		output->filter = strndup(opts->filter, TT_PCAPNG_FILTER_LENGTH_MAX);
		if (!output->filter)
			return -ENOMEM;
	}
	if (opts->interfaces_count > 0) {
		output->interface_indexes = reallocarray(NULL, opts->interfaces_count,
							 sizeof(uint32_t));
		if (!output->interface_indexes)
			return -ENOMEM;
		memcpy(output->interface_indexes, opts->interface_indexes,
		       opts->interfaces_count * sizeof(uint32_t));
		output->interfaces_count = opts->interfaces_count;
	}
	return 0;
}

static void start_clocks(struct trace_sink *sink)
{
	int64_t now_ns = tt_clock_now_ns();

	sink->output.start_ns = tt_clock_utc_now_ns();
	sink->output.buffered_since_ns = TT_TRACE_NEVER_NS;
	sink->rotate_due_ns = TT_TRACE_NEVER_NS;
	sink->statistics_due_ns = TT_TRACE_NEVER_NS;
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
	if ((*sink)->output.store && tt_store_is_open((*sink)->output.store))
		tt_store_discard((*sink)->output.store);
	tt_store_free(TT_TAKE_PTR((*sink)->output.store));
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

	sink = aligned_alloc(TT_TRACE_ALIGN_BYTES, sizeof(*sink));
	if (!sink)
		return tt_error_set(reterr, -ENOMEM, "buffer of %d bytes for a trace: no memory",
				    TT_TRACE_BUFFER_BYTES);
	memset(sink, 0, offsetof(struct trace_sink, output.buffer)); /* it is written before read */
	sink->sink.ops = &trace_ops;
	sink->output.counters = &sink->sink.counters;
	sink->output.error = &sink->sink.error;
	read_os(sink->output.os);
	r = copy_opts(sink, opts);
	if (r < 0)
		return tt_error_set(reterr, r, "options of a trace: no memory");

	start_clocks(sink);
	r = tt_store_new(&sink->output.store, &opts->store, reterr);
	if (r < 0)
		return r;
	r = tt_trace_output_begin(&sink->output);
	if (r < 0) {
		if (reterr)
			*reterr = sink->sink.error;
		return r;
	}

	*ret_sink = &TT_TAKE_PTR(sink)->sink;
	return 0;
}
