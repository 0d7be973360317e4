/* SPDX-License-Identifier: MIT */

/*
 * A trace for each port or interface: a sink over many traces
 *
 * %p in the name of a path stands for the datagram's port, %i for the name of its interface.
 * A trace (trace.h) is opened for each that comes, and gets what is its own. The port is
 * the destination's if that was wanted, else the source's, so that questions and answers of
 * a service come together; 0 where there is none.
 */

#pragma once

#include <stdbool.h>

#include "filter/ports.h"
#include "packet/sink.h"
#include "trace/trace.h"
#include "twintap/error.h"

enum {
	TT_SPLIT_TRACES_MAX = 1000, /* of one split: files that are open at once */
};

/* Whether the path asks for it. */
bool tt_split_is_wanted(const char *path);

/*
 * Opens nothing yet, so that what is wrong with a pattern is told with the first datagram. The
 * config is copied, but for what its contexts lead to; the wanted ports are, too.
 */
int tt_split_new(struct tt_sink **ret_sink, const struct tt_trace_config *config,
		 const struct tt_ports *ports, bool source_only, struct tt_error *reterr);
