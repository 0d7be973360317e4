/* SPDX-License-Identifier: MIT */

/*
 * What is wanted, decided in the kernel
 *
 * A filter owns what judges the packets of a receiver's sockets: the extended program that
 * they share, or, where the kernel does not take one, a classic program for each, which
 * takes more than is wanted and counts nothing. It changes the conditions while packets
 * flow, and opens and closes the gate.
 *
 * Calls that change something are not made from two threads at once.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/filter_state.h"
#include "filter/conditions.h"
#include "filter/generation.h"
#include "twintap/error.h"

struct tt_filter;

/* Makes the filter, its gate closed. The interfaces of @conditions, and what
 * it sends, are for life. */
int tt_filter_new(struct tt_filter **ret_filter, const struct tt_conditions *conditions,
		  struct tt_error *reterr);
void tt_filter_free(struct tt_filter *filter);

/* The extended program, for test runs of it; borrowed; -1: there is none. */
int tt_filter_program(const struct tt_filter *filter);

/* Why the filter is a classic one, in words; NULL: it is not. Borrowed. */
const char *tt_filter_fallback_reason(const struct tt_filter *filter);

/*
 * Puts the filter on a packet socket that is not bound yet, @source being TT_FILTER_SOURCE_*.
 * The socket stays open until tt_filter_free(). The extended program cannot be taken off
 * again, by anybody.
 */
int tt_filter_attach(struct tt_filter *filter, int socket_fd, uint32_t source,
		     struct tt_error *reterr);

/* Has changes tell @reader where they begin. Before the gate opens. -ENOSPC. */
int tt_filter_add_reader(struct tt_filter *filter, struct tt_generation_reader *reader);

/* From here on packets are seen and counted. 0, or what setsockopt(2) says. */
int tt_filter_open_gate(struct tt_filter *filter);

/* When it returns, no packet passes any more and the counters stand still. */
int tt_filter_close_gate(struct tt_filter *filter);

/* What counts now; borrowed until the next change. */
const struct tt_conditions *tt_filter_conditions(const struct tt_filter *filter);

/*
 * Replaces the conditions, but for the interfaces. When it returns, only the new ones count.
 * After a failure the old ones do, unless it is that of waiting for packets under way.
 */
int tt_filter_change(struct tt_filter *filter, const struct tt_conditions *conditions,
		     struct tt_error *reterr);

/* The counters of the extended program, by TT_FILTER_SOURCE_*; -ENODATA without it. */
int tt_filter_read_counters(const struct tt_filter *filter,
			    struct tt_filter_counters ret_counters[TT_FILTER_SOURCE_COUNT]);
