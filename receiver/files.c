/* SPDX-License-Identifier: MIT */

/*
 * A receiver that reads trace files instead of sockets
 *
 * Files go one after the other through one source, or, when the order of time is wanted,
 * each has a source of its own and these are merged. Behind that stands the filter in user
 * space; it is the gate, too.
 *
 *   file, file... ──▶ [merge] ──▶ sift ──▶ the pump
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "capture/file.h"
#include "receiver/receiver.h"
#include "stage/merge.h"
#include "stage/sift.h"

_Static_assert((int)TT_FILES_MERGED_MAX == (int)TT_MERGE_SOURCES_MAX, "one limit");

static void free_sources(struct tt_receiver *receiver)
{
	for (size_t i = 0; i < receiver->file_sources_count; i++)
		receiver->file_sources[i]->ops->free(receiver->file_sources[i]);
	receiver->file_sources_count = 0;
}

/* Opens each file by itself, or all as one source. */
static int open_sources(struct tt_receiver *receiver, const struct tt_receiver_opts *opts,
			struct tt_error *reterr)
{
	size_t paths_each = opts->flags & TT_RECEIVER_ORDERED ? 1 : opts->files_count;

	receiver->file_sources = calloc(opts->files_count / paths_each, sizeof(struct tt_source *));
	if (!receiver->file_sources)
		return tt_error_set(reterr, -ENOMEM, "open traces: %s", strerror(ENOMEM));

	for (size_t i = 0; i < opts->files_count; i += paths_each) {
		struct tt_file_source_opts file_opts = {
			.paths = &opts->files[i],
			.paths_count = paths_each,
			.interfaces = &receiver->interfaces,
		};
		int r = tt_file_source_new(&receiver->file_sources[receiver->file_sources_count],
					   &file_opts, reterr);

		if (r < 0)
			return r;
		receiver->file_sources_count++;
	}
	return 0;
}

/* Makes one source of those that were opened; they are its own from here on. */
static int join_sources(struct tt_receiver *receiver, struct tt_source **ret_source)
{
	if (receiver->file_sources_count == 1) {
		*ret_source = receiver->file_sources[0];
		return 0;
	}
	/* A pipe may be slow: nobody is in a hurry. */
	return tt_merge_new(ret_source, receiver->file_sources, receiver->file_sources_count,
			    TT_MERGE_WINDOW_ENDLESS);
}

int tt_receiver_open_files(struct tt_receiver *receiver, const struct tt_receiver_opts *opts,
			   struct tt_error *reterr)
{
	struct tt_source *joined;
	int r;

	if (opts->flags & TT_RECEIVER_ORDERED && opts->files_count > TT_FILES_MERGED_MAX)
		return tt_error_set(reterr, -EINVAL,
				    "merge %zu files: at most %d go at once: merge some first",
				    opts->files_count, TT_FILES_MERGED_MAX);
	r = open_sources(receiver, opts, reterr);
	if (r < 0) {
		free_sources(receiver);
		return r;
	}
	r = join_sources(receiver, &joined);
	if (r < 0) {
		free_sources(receiver);
		return tt_error_set(reterr, r, "merge traces: %s", strerror(-r));
	}
	r = tt_sift_new(&receiver->sift, joined, &receiver->file_conditions);
	if (r < 0) {
		joined->ops->free(joined);
		receiver->file_sources_count = 0;
		return tt_error_set(reterr, r, "read traces: %s", strerror(-r));
	}
	r = tt_pump_add_source(receiver->worker.pump, receiver->sift, &receiver->worker.loop);
	if (r < 0) {
		receiver->sift->ops->free(receiver->sift);
		receiver->file_sources_count = 0;
		return tt_error_set(reterr, r, "watch a trace: %s", strerror(-r));
	}
	return 0;
}

int tt_receiver_progress(const struct tt_receiver *receiver, uint64_t *ret_done_bytes,
			 uint64_t *ret_all_bytes)
{
	uint64_t done_bytes = 0, all_bytes = 0;
	bool is_known = true;

	if (!receiver || !ret_done_bytes || !ret_all_bytes || !receiver->reads_files)
		return -EINVAL;
	for (size_t i = 0; i < receiver->file_sources_count; i++) {
		uint64_t done, all;

		tt_file_source_progress(receiver->file_sources[i], &done, &all);
		done_bytes += done;
		all_bytes += all;
		is_known &= all > 0;
	}
	*ret_done_bytes = done_bytes;
	*ret_all_bytes = is_known ? all_bytes : 0;
	return 0;
}
