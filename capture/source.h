/* SPDX-License-Identifier: MIT */

/*
 * A packet socket with its receive ring, as a source
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "packet/source.h"
#include "twintap/error.h"

struct tt_capture_config {
	/*
	 * Which protocol the socket is bound to: TT_SOURCE_IPV4, TT_SOURCE_IPV6, or with
	 * TT_SOURCE_OUTGOING every one, for only such a socket is shown what this host sends.
	 */
	uint32_t source_kind;
	uint32_t interface_index; /* 0: all interfaces */
	/* Puts the filter on the socket, before it is bound. */
	int (*attach_filter)(void *context, int socket_fd, uint32_t source_kind,
			     struct tt_error *reterr);
	void *attach_context;
	uint64_t ring_bytes;
	uint32_t retire_ms; /* a block is handed over at the latest after that time */
	const uint32_t *promiscuous_indexes; /* interfaces to switch to promiscuous mode */
	size_t promiscuous_count;
};

/*
 * Opens the socket with its ring and binds it last: from here on the filter decides,
 * and its gate is still closed. The ring may be smaller than asked for: the statistics
 * say how large it is.
 */
int tt_capture_new(struct tt_source **ret_source, const struct tt_capture_config *config,
		   struct tt_error *reterr);
