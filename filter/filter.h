/* SPDX-License-Identifier: MIT */

/*
 * What is wanted, decided in the kernel
 *
 * A filter owns the program that a receiver's packet sockets share: it turns ports,
 * packet types and interfaces into the program's state, changes them while packets
 * flow, and opens and closes the gate.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/filter_state.h"
#include "filter/ports.h"
#include "twintap/error.h"

struct tt_filter;

struct tt_filter_config {
	const struct tt_ports *ports;
	uint32_t port_side;    /* TT_FILTER_SIDE_* */
	uint32_t packet_types; /* bit n: type n is wanted */
	uint32_t snap_bytes;
	const uint32_t *interface_indexes; /* with count 0: every interface */
	size_t interfaces_count;
};

/* Loads the filter, its gate closed. */
int tt_filter_new(struct tt_filter **ret_filter, const struct tt_filter_config *config,
		  struct tt_error *reterr);
void tt_filter_free(struct tt_filter *filter);

/* For SO_ATTACH_BPF; borrowed. */
int tt_filter_program(const struct tt_filter *filter);

/* From here on packets are seen and counted. */
void tt_filter_open_gate(struct tt_filter *filter);

/* When it returns, no packet passes any more and the counters stand still. */
int tt_filter_close_gate(struct tt_filter *filter);

/*
 * Replaces the ports; when it returns, only the new set counts. Not from two threads
 * at once.
 */
int tt_filter_set_ports(struct tt_filter *filter, const struct tt_ports *ports);

/* The counters of the kernel program, by TT_FILTER_SOURCE_*. */
int tt_filter_read_counters(const struct tt_filter *filter,
			    struct tt_filter_counters ret_counters[TT_FILTER_SOURCE_COUNT]);
