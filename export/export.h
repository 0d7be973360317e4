/* SPDX-License-Identifier: MIT */

/*
 * Text and JSON: a sink that writes a line a datagram
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "packet/sink.h"
#include "twintap/error.h"

/* The name of an interface; never NULL. */
typedef const char *tt_interface_name_fn(void *context, uint32_t interface_index);

struct tt_export_opts {
	int fd; /* borrowed; blocking */
	bool is_json;
	bool with_payload; /* the captured payload, in hexadecimal */
	bool is_buffered; /* write when the buffer is full, not at each flush; the end flushes all */
	tt_interface_name_fn *interface_name;
	void *context;
};

/* Makes the sink; its filter fields (count_max, verdicts, local_only) are the caller's to set. */
int tt_export_new(struct tt_sink **ret_sink, const struct tt_export_opts *opts,
		  struct tt_error *reterr);
