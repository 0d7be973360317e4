/* SPDX-License-Identifier: MIT */

/*
 * The seam on the right: where datagrams go
 *
 * A sink takes runs of datagrams: a handler's route table, a text or JSON writer,
 * a trace. Dispatch decides what a sink is given; the sink accounts for it.
 *
 * Invariant 1: after flush, and after a failure, given == written + dropped.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/block.h"
#include "packet/origin.h"
#include "twintap/accounting.h"
#include "twintap/datagram.h"
#include "twintap/error.h"

/* Datagrams next to each other; borrowed until take returns. */
struct tt_run {
	const struct tt_datagram *datagrams;
	const struct tt_origin *origins; /* of the same datagrams; NULL: unknown */
	size_t count;
	uint64_t
		dropped_before; /* lost for lack of room in front of the first one, as far as told */
	struct tt_block *block; /* where their bytes lie; hold it to keep them; may be NULL */
};

struct tt_sink_counters {
	uint64_t withheld[TT_WITHHELD_COUNT]; /* by dispatch, save what only the sink can tell */
	uint64_t given;                       /* added to by the sink, in take */
	uint64_t written;
	uint64_t dropped;
	uint64_t bytes;
};

struct tt_sink;

struct tt_sink_ops {
	/*
	 * Takes a run, all of it. 0, or TT_STOP when it wants no more (this run is taken),
	 * or a negative errno, with words in the sink's error: what is not written by then is
	 * counted as dropped.
	 */
	int (*take)(struct tt_sink *sink, const struct tt_run *run);
	/* Writes out what it buffered; called when the sources are empty, and at the end. As take. */
	int (*flush)(struct tt_sink *sink, bool is_end);
	/*
	 * Does what is due by @now_ns of the monotonic clock. As take. NULL: never anything is.
	 */
	int (*attend)(struct tt_sink *sink, int64_t now_ns);
	/* Completes what it has written, and begins anew. As take. NULL: it writes one thing. */
	int (*rotate)(struct tt_sink *sink);
	/* Drops what it buffered and counts it so: the run is being given up. */
	void (*drop)(struct tt_sink *sink);
	void (*free)(struct tt_sink *sink);
};

struct tt_sink {
	const struct tt_sink_ops *ops;
	struct tt_sink_counters counters;
	uint64_t count_max;    /* datagrams that it takes before it ends; 0: no end */
	uint32_t verdicts;     /* a set of verdicts that it takes */
	bool local_only;       /* only what is addressed to this host */
	struct tt_error error; /* of its failure; code 0: it has no words of its own */
};
