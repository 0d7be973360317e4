/* SPDX-License-Identifier: MIT */

/*
 * Trace files as a source: pcap and pcapng, one after the other
 *
 * Gives every packet of every file, those without an IP header too (version 0, which no filter takes
 * for UDP). A file that ends early or lies about a length gives all that comes before, then
 * one negative status with words: file, offset, what is wrong; then the next file is read.
 * Frames are borrowed until the next call, and lie in no block.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "packet/interfaces.h"
#include "packet/source.h"
#include "twintap/error.h"

struct tt_file_source_opts {
	const char *const *paths; /* copied; "-": standard input */
	size_t paths_count;
	struct tt_interfaces *interfaces; /* borrowed; new ones are added as they are met */
};

/*
 * Opens the first file at once, later ones when it is their turn. Where all files are opened by
 * now (one path), nothing is opened later: it may outlive lowered privileges.
 */
int tt_file_source_new(struct tt_source **ret_source, const struct tt_file_source_opts *opts,
		       struct tt_error *reterr);

/* How far it is, any kind of file counted by its bytes: for progress. 0 in all: unknown (a pipe). */
void tt_file_source_progress(const struct tt_source *source, uint64_t *ret_done_bytes,
			     uint64_t *ret_all_bytes);
