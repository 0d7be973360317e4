/* SPDX-License-Identifier: MIT */

/*
 * What packets are judged by
 *
 * A value: the kernel's programs are made of it, and judge.h judges by it. Its interfaces
 * and its expression are borrowed unless said otherwise.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/filter_state.h"
#include "filter/expression.h"
#include "filter/ports.h"

struct tt_conditions {
	struct tt_ports ports;
	bool takes_all_ports;              /* all are in the set; by tt_conditions_set_ports() */
	uint32_t port_side;                /* TT_FILTER_SIDE_* */
	uint32_t packet_types;             /* bit n: type n is wanted */
	uint32_t snap_bytes;               /* from the IP header on; or TT_FILTER_SNAP_HEADERS */
	bool follows_fragments;            /* else no fragment is taken */
	bool knows_captured_only;          /* a trace's: nobody ever saw more to judge by */
	uint32_t sends;                    /* TT_FILTER_SENDS_*: wanted of what this host sends */
	struct tt_expression *expression;  /* NULL: none */
	const uint32_t *interface_indexes; /* with count 0: every interface */
	size_t interfaces_count;
};

static inline void tt_conditions_set_ports(struct tt_conditions *conditions,
					   const struct tt_ports *ports)
{
	conditions->ports = *ports;
	conditions->takes_all_ports = tt_ports_is_full(ports);
}
