/* SPDX-License-Identifier: MIT */

/*
 * Text and JSON: a sink that writes a line a datagram
 *
 * A write that has to wait makes its caller wait, also on a descriptor that is set to
 * non-blocking. A failure is returned once, from the take or flush that met it; from
 * then on the sink writes nothing, since a line may lie there half: take answers
 * TT_STOP and counts what it is given as dropped.
 *
 * SIGPIPE is the program's matter: one that has not ignored it is ended by a write to
 * a pipe that nobody reads, and sees no -EPIPE.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "packet/sink.h"
#include "twintap/error.h"

/* The name of an interface; never NULL; "" when unknown. Borrowed until the next call. */
typedef const char *tt_interface_name_fn(void *context, uint32_t interface_index);

struct tt_export_opts {
	int fd; /* borrowed */
	bool is_json;
	bool with_payload; /* the captured payload, in hexadecimal */
	bool is_of_trace;  /* nobody knows what was local where it was taken */
	bool is_buffered; /* write when the buffer is full, not at each flush; the end flushes all */
	tt_interface_name_fn *interface_name; /* not asked for interface 0, which is none */
	void *context;
};

/* Makes the sink; its filter fields (count_max, verdicts, local_only) are the caller's to set. */
int tt_export_new(struct tt_sink **ret_sink, const struct tt_export_opts *opts,
		  struct tt_error *reterr);
