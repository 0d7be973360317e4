/* SPDX-License-Identifier: MIT */

/*
 * A source over several: their frames in the order of time
 *
 * Each of them gives its frames in order, or nearly so. The next frame is the oldest of
 * those that are there; while one source has nothing, another's frames wait until nothing
 * older can come from it any more: for the window, which is how long a source may hold a
 * frame back. A source that fills up meanwhile is not made to wait.
 *
 * Stamps are given on as they are. A frame behind one with a later stamp is counted as late.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "packet/source.h"

enum {
	TT_MERGE_SOURCES_MAX = 256,
};

/* Instead of a window: a source that has nothing is waited for until it has, or ends. */
#define TT_MERGE_WINDOW_ENDLESS INT64_MAX

/*
 * Takes over the @inners, unless it fails: -ENOSPC beyond TT_MERGE_SOURCES_MAX, -ENOMEM, what
 * epoll_create1(2) says. @window_ns 0: a source that has nothing now never held anything back;
 * or TT_MERGE_WINDOW_ENDLESS.
 */
int tt_merge_new(struct tt_source **ret_source, struct tt_source *const *inners,
		 size_t inners_count, int64_t window_ns);
