/* SPDX-License-Identifier: MIT */

/*
 * Traces of a receiver
 *
 * Checks what was asked for, and tells the sink what only the receiver knows: interfaces,
 * what was wanted, what the whole capture counted.
 */

#include "twintap/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/opts.h"
#include "receiver/receiver.h"
#include "trace/split.h"
#include "trace/trace.h"

enum {
	ATTEND_INTERVAL_MS = 1000,
	STATISTICS_INTERVAL_S = 60,
	FILTER_WORDS_BYTES = 4096,
};

static int check_choices(const struct tt_trace_opts *opts, struct tt_error *reterr)
{
	const uint64_t known = TT_TRACE_UNBUFFERED | TT_TRACE_OVERWRITE;

	if (opts->flags & ~known)
		return tt_error_set(reterr, -EINVAL, "trace: unknown flags %#llx",
				    (unsigned long long)(opts->flags & ~known));
	if (opts->format >= TT_TRACE_FORMAT_COUNT)
		return tt_error_set(reterr, -EINVAL, "trace: unknown format %u", opts->format);
	if (opts->link_type >= TT_TRACE_LINK_TYPE_COUNT)
		return tt_error_set(reterr, -EINVAL, "trace: unknown link type %u",
				    opts->link_type);
	if (opts->sync >= TT_TRACE_SYNC_COUNT)
		return tt_error_set(reterr, -EINVAL, "trace: unknown way to sync %u", opts->sync);
	if (opts->verdicts & ~TT_VERDICT_ALL)
		return tt_error_set(reterr, -EINVAL, "trace: unknown verdicts %#x",
				    opts->verdicts & ~TT_VERDICT_ALL);
	if (opts->is_rotated > 1 || opts->reserved != 0)
		return tt_error_set(reterr, -EINVAL, "trace: a field has no such value");
	return 0;
}

static bool is_rotated(const struct tt_trace_opts *opts)
{
	return opts->is_rotated || opts->rotate_bytes > 0 || opts->rotate_interval_ms > 0;
}

static int check_opts(const struct tt_trace_opts *opts, struct tt_error *reterr)
{
	int r;

	r = check_choices(opts, reterr);
	if (r < 0)
		return r;
	if (opts->rotate_bytes > 0 && opts->rotate_bytes < TT_TRACE_ROTATE_BYTES_MIN)
		return tt_error_set(
			reterr, -EINVAL, "trace: files of at most %llu bytes: it takes %d",
			(unsigned long long)opts->rotate_bytes, TT_TRACE_ROTATE_BYTES_MIN);
	if (opts->rotate_interval_ms > TT_TRACE_INTERVAL_MS_MAX)
		return tt_error_set(reterr, -EINVAL,
				    "trace: a new file after %llu ms: it may be at most %llu",
				    (unsigned long long)opts->rotate_interval_ms,
				    (unsigned long long)TT_TRACE_INTERVAL_MS_MAX);
	if (!is_rotated(opts) && (opts->keep_files || opts->keep_bytes || opts->min_free_bytes))
		return tt_error_set(reterr, -EINVAL,
				    "trace: old files can only be thinned out where new ones come: "
				    "rotate it by size or time");
	return 0;
}

/* What was wanted, in words: for people who find the file later. */
static void word_filter(const struct tt_receiver *receiver, char *words, size_t words_bytes)
{
	const char *ports = receiver->ports_text, *expression = receiver->expression_text;
	size_t length = 0;

	words[0] = '\0';
	if (ports)
		length = (size_t)snprintf(words, words_bytes, "port %s", ports);
	if (expression && length < words_bytes)
		(void)snprintf(words + length, words_bytes - length, "%s%s", ports ? " and " : "",
			       expression); /* a longer one is cut */
}

static uint64_t sum_of(uint64_t sum, uint64_t count)
{
	return sum == TT_UNKNOWN || count == TT_UNKNOWN ? TT_UNKNOWN : sum + count;
}

static void read_counts(void *context, struct tt_trace_counts *ret_counts)
{
	struct tt_accounting accounting = { .size = sizeof(accounting) };

	*ret_counts = (struct tt_trace_counts){ TT_UNKNOWN, TT_UNKNOWN, TT_UNKNOWN, TT_UNKNOWN };
	if (tt_receiver_accounting(context, &accounting) < 0)
		return;

	*ret_counts = (struct tt_trace_counts){ .interface_dropped = accounting.nic_dropped };
	for (size_t kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++) {
		const struct tt_source_accounting *source = &accounting.sources[kind];

		ret_counts->received = sum_of(ret_counts->received, source->seen);
		ret_counts->accepted = sum_of(ret_counts->accepted, source->accepted);
		ret_counts->dropped = sum_of(ret_counts->dropped, source->ring_dropped);
	}
}

/* Rotation by time is as fine as the timer that looks for it. */
static void hasten_timer(struct tt_receiver *receiver, const struct tt_trace_opts *opts)
{
	int64_t interval_ns = ATTEND_INTERVAL_MS * TT_NS_PER_MS;

	if (opts->rotate_interval_ms > 0 && opts->rotate_interval_ms < ATTEND_INTERVAL_MS)
		interval_ns = (int64_t)opts->rotate_interval_ms * TT_NS_PER_MS;
	if (receiver->attend_interval_ns == 0 || interval_ns < receiver->attend_interval_ns)
		receiver->attend_interval_ns = interval_ns;
}

static struct tt_trace_config configure(struct tt_receiver *receiver, const char *path,
					const struct tt_trace_opts *opts, const char *filter)
{
	const struct tt_conditions *conditions = tt_receiver_conditions(receiver);
	bool is_cut = conditions->snap_bytes != TT_FILTER_SNAP_HEADERS &&
		      conditions->snap_bytes < TT_SNAP_BYTES_MAX;

	return (struct tt_trace_config){
		.store = {
			.path = path,
			/* Standard output goes on: a second header would be damage to a pcap file. */
			.is_rotated = is_rotated(opts) && strcmp(path, "-") != 0,
			.is_overwriting = opts->flags & TT_TRACE_OVERWRITE,
			.sync = (uint8_t)opts->sync,
			.file_bytes_max = opts->rotate_bytes,
			.keep_files = opts->keep_files,
			.keep_bytes = opts->keep_bytes,
			.min_free_bytes = opts->min_free_bytes,
			.find_end = tt_trace_find_end,
		},
		.kind = opts->format,
		.link = opts->link_type,
		.snap_bytes = is_cut ? conditions->snap_bytes : 0,
		.filter = filter,
		.is_unbuffered = opts->flags & TT_TRACE_UNBUFFERED,
		.rotate_bytes = opts->rotate_bytes,
		.rotate_interval_ns = (int64_t)opts->rotate_interval_ms * TT_NS_PER_MS,
		.statistics_interval_ns = STATISTICS_INTERVAL_S * TT_NS_PER_S,
		.interface_indexes = receiver->interface_indexes,
		.interfaces_count = receiver->interfaces_count,
		.find_interface = tt_receiver_find_interface,
		.interface_context = receiver,
		.interfaces_generation = &receiver->interfaces_generation,
		.read_counts = read_counts,
		.counts_context = receiver,
	};
}

static int make_sink(struct tt_receiver *receiver, const char *path,
		     const struct tt_trace_opts *opts, struct tt_sink **ret_sink,
		     struct tt_error *reterr)
{
	char filter[FILTER_WORDS_BYTES];
	struct tt_trace_config config;

	word_filter(receiver, filter, sizeof(filter));
	config = configure(receiver, path, opts, filter);
	if (!tt_split_is_wanted(path))
		return tt_trace_new(ret_sink, &config, reterr);
	return tt_split_new(ret_sink, &config, &tt_receiver_conditions(receiver)->ports,
			    receiver->port_side == TT_PORT_SOURCE, reterr);
}

int tt_receiver_add_trace(struct tt_receiver *receiver, const char *path,
			  const struct tt_trace_opts *opts, struct tt_error *reterr)
{
	struct tt_trace_opts full;
	struct tt_sink *sink;
	int r;

	if (!receiver || !path || !*path)
		return tt_error_set(reterr, -EINVAL, "trace: no %s",
				    receiver ? "path" : "receiver");
	if (receiver->state != TT_RECEIVER_NEW)
		return tt_error_set(reterr, -EBUSY, "trace: the receiver was started already");
	r = tt_opts_import(&full, sizeof(full), opts, sizeof(full.size));
	if (r < 0)
		return tt_error_set(reterr, r, "trace options: %s", strerror(-r));
	r = check_opts(&full, reterr);
	if (r < 0)
		return r;

	r = make_sink(receiver, path, &full, &sink, reterr);
	if (r < 0)
		return r;
	sink->count_max = full.count_max;
	sink->verdicts = full.verdicts ? full.verdicts : TT_VERDICT_ALL;
	sink->local_only = receiver->local_only;
	r = tt_receiver_add_sink(receiver, sink, full.name ? full.name : path, reterr);
	if (r < 0)
		return r;
	hasten_timer(receiver, &full);
	return 0;
}
