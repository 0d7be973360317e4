/* SPDX-License-Identifier: MIT */

/*
 * The file that a trace writes: buffer, interfaces, statistics, one file after the other
 *
 * The inside of trace.h: trace.c says when something is due and what a failure means to the
 * sink, here is what it does to the bytes. A failure leaves its words in the sink's error, and
 * what was written in the sink's counts; after one nothing more is called.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/interface.h"
#include "packet/sink.h"
#include "trace/described.h"
#include "trace/encode_link.h"
#include "trace/store.h"
#include "trace/trace.h"
#include "twintap/error.h"

#define TT_TRACE_NEVER_NS INT64_MAX

enum {
	TT_TRACE_BUFFER_BYTES = 128 << 10,
	TT_TRACE_ALIGN_BYTES = 64,
	TT_TRACE_OS_BYTES = 160,
};

struct tt_trace_output {
	struct tt_store *store;            /* owned */
	struct tt_sink_counters *counters; /* the sink's, as its error */
	struct tt_error *error;

	/* What was asked for. */
	unsigned int kind;
	uint16_t link_type;
	uint32_t snap_bytes;   /* with the link header; 0: no limit */
	uint32_t captured_max; /* of a packet */
	bool is_rotated;
	uint64_t rotate_bytes;
	char *filter;                /* owned */
	uint32_t *interface_indexes; /* owned */
	size_t interfaces_count;
	tt_find_interface_fn *find_interface;
	void *interface_context;
	const uint32_t *interfaces_generation;
	void (*read_counts)(void *context, struct tt_trace_counts *ret_counts);
	void *counts_context;
	char os[TT_TRACE_OS_BYTES];
	int64_t start_ns; /* of the capture; UTC */

	/* The file. */
	bool can_rotate; /* it is one of several */
	uint32_t file_number;
	uint32_t blocks_count;   /* descriptions of interfaces in it */
	uint64_t file_datagrams; /* written to it */
	struct tt_described described;

	/* The interface of the last datagram. */
	uint64_t last_index; /* UINT64_MAX: none, whatever the next one's is */
	uint32_t last_generation;
	struct tt_described_interface *last_entry; /* borrowed */
	struct tt_trace_record record;             /* as far as the next ones have it in common */

	int64_t buffered_since_ns; /* TT_TRACE_NEVER_NS: not known to be buffered */
	size_t limit_bytes;        /* up to which the buffer may be filled without a further look */
	size_t buffered_bytes;
	uint64_t buffered_datagrams;
	/* Begins with a line of the cache: records of 128 bytes cost a sixth more if it does not. */
	_Alignas(TT_TRACE_ALIGN_BYTES) uint8_t buffer[TT_TRACE_BUFFER_BYTES];
};

/* Opens a file and writes its beginning, so that who reads it as it grows finds it there. */
int tt_trace_output_begin(struct tt_trace_output *output);

/* Writes all that is left, statistics at the end, and closes it. */
int tt_trace_output_end(struct tt_trace_output *output);

/* Ends it and begins the next. */
int tt_trace_output_rotate(struct tt_trace_output *output);

/* Puts the datagrams of a run into the buffer, each whole, and writes it out when it is full. */
int tt_trace_output_put(struct tt_trace_output *output, const struct tt_run *run);

/* Writes the buffer out and empties it, whatever happens. */
int tt_trace_output_write(struct tt_trace_output *output);

/* A block for each interface of this file. */
int tt_trace_output_put_statistics(struct tt_trace_output *output);

/* The same, where there is room for more than those at the file's end; else the next file. */
int tt_trace_output_note_statistics(struct tt_trace_output *output);

/* Takes the packets out of the buffer, and leaves what describes interfaces. */
void tt_trace_output_remove_datagrams(struct tt_trace_output *output);

/* Makes what is written a file that can be read, without what is buffered; to be closed next. */
void tt_trace_output_abandon(struct tt_trace_output *output);
