/* SPDX-License-Identifier: MIT */

/*
 * A trace: a sink that writes datagrams into pcapng or pcap files
 *
 * Copies packets into a buffer of its own and writes that in few large writes. What a
 * file needs at its beginning (section, interfaces) is repeated in each file, so that any file of
 * a rotation can be read alone. The store (store.h) knows the files, encode_pcapng.h and
 * encode_pcap.h the bytes.
 *
 * Invariant 1: between two calls given == written + dropped + datagrams in the buffer.
 * Invariant 2: a datagram is in exactly one file, whole; what could not be written whole is cut
 *              off.
 * Invariant 3: stamps are written as they came.
 *
 * After a failure take answers TT_STOP and counts what it is given as dropped, as export/ does.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/interface.h"
#include "packet/sink.h"
#include "trace/store.h"
#include "twintap/error.h"
#include "twintap/trace.h"

/* What the whole capture counted up to now, for statistics blocks; each may be TT_UNKNOWN. */
struct tt_trace_counts {
	uint64_t received;          /* by the filter */
	uint64_t accepted;          /* by the filter */
	uint64_t dropped;           /* by the kernel, for lack of room */
	uint64_t interface_dropped; /* by the interface */
};

struct tt_trace_config {
	struct tt_store_opts store;
	unsigned int kind; /* enum tt_trace_format */
	unsigned int link; /* enum tt_trace_link_type */
	/* That packets are cut to already, from the IP header; 0: whole or unknown. */
	uint32_t snap_bytes;
	const char *filter;         /* what was wanted, in words; NULL: nothing to say. Copied. */
	bool is_unbuffered;         /* write at each flush; streams always are */
	uint64_t rotate_bytes;      /* no file larger than that, but for one record; 0: no limit */
	int64_t rotate_interval_ns; /* a new file after that time; 0: none */
	int64_t statistics_interval_ns; /* between statistics blocks; 0: at the end of a file only */
	/* Interfaces that each file describes from its beginning on; others as they come. Copied. */
	const uint32_t *interface_indexes;
	size_t interfaces_count;
	/* Asked once for each interface and file, and again when *interfaces_generation has changed. */
	tt_find_interface_fn *find_interface;
	void *interface_context;
	const uint32_t *interfaces_generation; /* NULL: names never change */
	/* NULL: no statistics blocks. */
	void (*read_counts)(void *context, struct tt_trace_counts *ret_counts);
	void *counts_context;
};

/*
 * Opens the first file, too. Its filter fields (count_max, verdicts, local_only) are the caller's
 * to set.
 */
int tt_trace_new(struct tt_sink **ret_sink, const struct tt_trace_config *opts,
		 struct tt_error *reterr);

/* The end of the whole part of a left-over file, for the store: by its records. */
int tt_trace_find_end(int fd, uint64_t file_bytes, uint64_t *ret_whole_bytes);
