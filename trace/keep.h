/* SPDX-License-Identifier: MIT */

/*
 * Which complete files of a trace stay, and which make room
 *
 * Complete are the regular files whose names match the pattern exactly, of this run and of
 * all before; the oldest go first, by their %N, or by when they were last written to if the
 * pattern has none.
 * Sizes are the lengths of files (st_size): what a listing shows, and what a reader gets. Only
 * what deleting gives back to the disk is reckoned in blocks.
 *
 * Invariant 1: nothing else is ever deleted: no hidden file, none that is being written, no link.
 * Invariant 2: nothing is deleted for free space that cannot be had by it.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "trace/pattern.h"
#include "twintap/error.h"

struct tt_keep {
	/* As in struct tt_store_opts; 0: no limit. */
	uint64_t keep_files;
	uint64_t keep_bytes;
	uint64_t min_free_bytes;
	uint64_t ahead_bytes;    /* room to be made for a file that is about to be written */
	const char *newest_name; /* is counted, but stays if it is the newest; NULL: none */
	bool needs_free;         /* no failure otherwise if min_free_bytes cannot be had */
};

/*
 * Deletes the oldest complete files until all limits hold. 0; -ENOSPC if the disk is fuller than
 * that can mend; what unlinkat(2) and others say. In words.
 */
int tt_keep_thin_out(int folder_fd, const struct tt_pattern *pattern, const struct tt_keep *keep,
		     struct tt_error *reterr);
