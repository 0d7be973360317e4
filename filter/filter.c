/* SPDX-License-Identifier: MIT */

/*
 * What is wanted, decided in the kernel
 *
 * Changes go through two banks: the idle one is written whole, then the index is
 * switched, then we wait until nobody can still read the other. So each packet is
 * judged by one complete set, and the next change finds its bank unread.
 */

#include "filter/filter.h"

#include <stdlib.h>
#include <string.h>

#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "bpf/filter_program.h"

_Static_assert((int)TT_PORTS_WORDS == (int)TT_FILTER_PORTS_WORDS, "one layout for both sides");

struct tt_filter {
	struct tt_filter_program *program; /* owned */
	struct tt_filter_state *state;     /* mapped; borrowed from the program */
};

static void filter_freep(struct tt_filter **filter)
{
	tt_filter_free(*filter);
}

static void fill_ports(struct tt_filter_bank *bank, const struct tt_ports *ports)
{
	memcpy(bank->ports, ports->words, sizeof(bank->ports));
	bank->takes_all_ports = tt_ports_is_full(ports);
}

static void fill_bank(struct tt_filter_bank *bank, const struct tt_filter_config *config)
{
	fill_ports(bank, config->ports);
	bank->port_side = config->port_side;
	bank->packet_types = config->packet_types;
	bank->snap_bytes = config->snap_bytes;
}

int tt_filter_new(struct tt_filter **ret_filter, const struct tt_filter_config *config,
		  struct tt_error *reterr)
{
	TT_CLEANUP(filter_freep) struct tt_filter *filter = NULL;
	int r;

	filter = calloc(1, sizeof(*filter));
	if (!filter)
		return tt_error_set(reterr, -ENOMEM, "make a filter: %s", strerror(ENOMEM));

	r = tt_filter_program_new(&filter->program, reterr);
	if (r < 0)
		return r;
	filter->state = tt_filter_program_state(filter->program);

	for (size_t i = 0; i < config->interfaces_count; i++) {
		r = tt_filter_program_add_interface(filter->program, config->interface_indexes[i],
						    reterr);
		if (r < 0)
			return r;
	}
	filter->state->checks_interface = config->interfaces_count > 0;
	fill_bank(&filter->state->banks[filter->state->bank_index], config);

	*ret_filter = TT_TAKE_PTR(filter);
	return 0;
}

void tt_filter_free(struct tt_filter *filter)
{
	if (!filter)
		return;

	tt_filter_program_free(filter->program);
	free(filter);
}

int tt_filter_program(const struct tt_filter *filter)
{
	return tt_filter_program_fd(filter->program);
}

void tt_filter_open_gate(struct tt_filter *filter)
{
	/* After everything that the program reads behind the gate. */
	__atomic_store_n(&filter->state->gate, 1, __ATOMIC_RELEASE);
}

int tt_filter_close_gate(struct tt_filter *filter)
{
	__atomic_store_n(&filter->state->gate, 0, __ATOMIC_RELEASE);
	return tt_filter_program_wait_quiescent();
}

int tt_filter_set_ports(struct tt_filter *filter, const struct tt_ports *ports)
{
	uint32_t index = filter->state->bank_index;
	const struct tt_filter_bank *current = &filter->state->banks[index];
	struct tt_filter_bank *idle = &filter->state->banks[!index];

	*idle = *current;
	fill_ports(idle, ports);
	__atomic_store_n(&filter->state->bank_index, !index, __ATOMIC_RELEASE);
	return tt_filter_program_wait_quiescent();
}

int tt_filter_read_counters(const struct tt_filter *filter,
			    struct tt_filter_counters ret_counters[TT_FILTER_SOURCE_COUNT])
{
	return tt_filter_program_read_counters(filter->program, ret_counters);
}
