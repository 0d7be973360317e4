/* SPDX-License-Identifier: MIT */

/*
 * What is wanted, decided in the kernel
 *
 * With the extended program, changes go through two banks: the idle one is written whole,
 * then the index is switched, then we wait until nobody can still read the other. So each
 * packet is judged by one complete set, and the next change finds its bank unread.
 *
 * A classic program is replaced on each socket, and the gate is closed by one that takes
 * nothing. What it takes too much is left out by whoever reads the frames, by the
 * conditions of their generation: the programs are replaced before these are appended.
 */

#include "filter/filter.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "bpf/filter_program.h"
#include "filter/classic.h"

_Static_assert((int)TT_PORTS_WORDS == (int)TT_FILTER_PORTS_WORDS, "one layout for both sides");

struct attached {
	int socket_fd;   /* borrowed */
	uint32_t source; /* TT_FILTER_SOURCE_* */
};

struct tt_filter {
	struct tt_filter_program *program; /* owned; NULL: the filter is a classic one */
	struct tt_filter_state *state;     /* mapped; borrowed from the program */
	struct tt_error fallback;          /* without a program: why */
	bool is_open;                      /* the gate */
	struct tt_generation_chain chain;
	struct attached attached[TT_GENERATION_READERS_MAX];
	size_t attached_count;
};

static void filter_freep(struct tt_filter **filter)
{
	tt_filter_free(*filter);
}

/* ----------------------------------------------------------- the extended program */

static void fill_bank(struct tt_filter_bank *bank, const struct tt_conditions *conditions)
{
	memcpy(bank->ports, conditions->ports.words, sizeof(bank->ports));
	bank->takes_all_ports = conditions->takes_all_ports;
	bank->port_side = conditions->port_side;
	bank->packet_types = conditions->packet_types;
	bank->snap_bytes = conditions->snap_bytes;
	bank->has_expression = conditions->expression != NULL;
	bank->follows_fragments = conditions->follows_fragments;
}

/* Loads the expression if that was not done yet, and puts it into the bank's slot. */
static int place_expression(struct tt_filter *filter, unsigned int bank_index,
			    struct tt_expression *expression, struct tt_error *reterr)
{
	const struct sock_filter *code;
	size_t count;
	int fd, r;

	if (tt_expression_program(expression) < 0) {
		code = tt_expression_code(expression, &count);
		r = tt_filter_program_load_expression(filter->program, code, count, &fd, reterr);
		if (r < 0)
			return tt_error_wrap(reterr, r, "filter expression");
		tt_expression_set_program(expression, fd);
	}
	return tt_filter_program_set_expression(filter->program, bank_index,
						tt_expression_program(expression), reterr);
}

/* Writes a bank that is not in use. */
static int write_bank(struct tt_filter *filter, unsigned int bank_index,
		      const struct tt_conditions *conditions, struct tt_error *reterr)
{
	int r;

	if (conditions->expression) {
		r = place_expression(filter, bank_index, conditions->expression, reterr);
		if (r < 0)
			return r;
	}
	fill_bank(&filter->state->banks[bank_index], conditions);
	return 0;
}

/* Writes what never changes. */
static int set_for_life(struct tt_filter *filter, const struct tt_conditions *conditions,
			struct tt_error *reterr)
{
	for (size_t i = 0; i < conditions->interfaces_count; i++) {
		int r = tt_filter_program_add_interface(filter->program,
							conditions->interface_indexes[i], reterr);

		if (r < 0)
			return r;
	}
	filter->state->checks_interface = conditions->interfaces_count > 0;
	filter->state->sends = conditions->sends;
	return 0;
}

/* Loads the extended program; where the kernel refuses it, the filter will be a classic one. */
static int load_program(struct tt_filter *filter, const struct tt_conditions *conditions,
			struct tt_error *reterr)
{
	int r;

	r = tt_filter_program_new(&filter->program, &filter->fallback);
	if (r < 0 && tt_filter_program_is_refused(r))
		return 0;
	if (r < 0) {
		if (reterr)
			*reterr = filter->fallback;
		return r;
	}
	filter->state = tt_filter_program_state(filter->program);

	r = set_for_life(filter, conditions, reterr);
	if (r < 0)
		return r;
	return write_bank(filter, filter->state->bank_index, conditions, reterr);
}

static int attach_program(const struct tt_filter *filter, int socket_fd, uint32_t source,
			  struct tt_error *reterr)
{
	int program_fd = source == TT_FILTER_SOURCE_OUTGOING
				 ? tt_filter_program_outgoing_fd(filter->program)
				 : tt_filter_program_fd(filter->program);
	int locked = 1;
	int r;

	if (setsockopt(socket_fd, SOL_SOCKET, SO_ATTACH_BPF, &program_fd, sizeof(program_fd)) < 0) {
		r = -errno;
		return tt_error_set(reterr, r, "attach the port filter: %s", strerror(-r));
	}
	/* Changes go through the program's state: nobody has to replace it. */
	if (setsockopt(socket_fd, SOL_SOCKET, SO_LOCK_FILTER, &locked, sizeof(locked)) < 0) {
		r = -errno;
		return tt_error_set(reterr, r, "lock the port filter: %s", strerror(-r));
	}
	return 0;
}

/* --------------------------------------------------------------- classic programs */

static int attach_code(int socket_fd, struct sock_filter *code, size_t count)
{
	struct sock_fprog program = { .len = (unsigned short)count, .filter = code };

	return setsockopt(socket_fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0
		       ? -errno
		       : 0;
}

/* The filter that is replaced takes room, too. Until the next everything passes, to be narrowed. */
static int detach(const struct attached *attached)
{
	int unused = 0;

	return setsockopt(attached->socket_fd, SOL_SOCKET, SO_DETACH_FILTER, &unused,
			  sizeof(unused)) < 0
		       ? -errno
		       : 0;
}

static int attach_nothing(const struct attached *attached)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	int r = attach_code(attached->socket_fd, &nothing, 1);

	if (r != -ENOMEM)
		return r;
	r = detach(attached);
	return r < 0 ? r : attach_code(attached->socket_fd, &nothing, 1);
}

static int attach_nothing_to_all(const struct tt_filter *filter)
{
	int result = 0;

	for (size_t i = 0; i < filter->attached_count; i++) {
		int r = attach_nothing(&filter->attached[i]);

		if (r < 0)
			result = r;
	}
	return result;
}

/*
 * Attaches the largest program that the kernel has room for: it bounds the memory of a
 * socket's filter by net.core.optmem_max. A smaller program takes more packets, but it
 * takes the wanted ones.
 */
static int attach_largest(const struct attached *attached, const struct tt_conditions *conditions)
{
	size_t insns_max = BPF_MAXINSNS;
	int r;

	do {
		struct tt_classic classic;

		r = tt_classic_make(conditions, attached->source, insns_max, &classic);
		if (r < 0)
			return r == -E2BIG ? -ENOMEM : r;
		r = attach_code(attached->socket_fd, classic.code, classic.count);
		insns_max = classic.count / 2;
		tt_classic_deinit(&classic);
	} while (r == -ENOMEM);
	return r;
}

static int attach_conditions(const struct attached *attached,
			     const struct tt_conditions *conditions)
{
	int r = attach_largest(attached, conditions);

	if (r != -ENOMEM)
		return r;
	r = detach(attached);
	return r < 0 ? r : attach_largest(attached, conditions);
}

static int attach_all(const struct tt_filter *filter, const struct tt_conditions *conditions)
{
	for (size_t i = 0; i < filter->attached_count; i++) {
		int r = attach_conditions(&filter->attached[i], conditions);

		if (r < 0)
			return r;
	}
	return 0;
}

static int replace_classic(struct tt_filter *filter, const struct tt_conditions *conditions,
			   struct tt_error *reterr)
{
	int r;

	if (!filter->is_open)
		return 0; /* opening attaches what counts then */
	r = attach_all(filter, conditions);
	if (r < 0) {
		/* They had room for these before. */
		(void)attach_all(filter, &filter->chain.newest->conditions);
		return tt_error_set(reterr, r, "replace the filter: %s", strerror(-r));
	}
	return 0;
}

/* ------------------------------------------------------------------------ for both */

int tt_filter_new(struct tt_filter **ret_filter, const struct tt_conditions *conditions,
		  struct tt_error *reterr)
{
	TT_CLEANUP(filter_freep) struct tt_filter *filter = NULL;
	struct tt_generation *first;
	int r;

	filter = calloc(1, sizeof(*filter));
	if (!filter)
		return tt_error_set(reterr, -ENOMEM, "make a filter: %s", strerror(ENOMEM));
	first = tt_generation_make(&filter->chain, conditions);
	if (!first)
		return tt_error_set(reterr, -ENOMEM, "make a filter: %s", strerror(ENOMEM));
	tt_generation_append(&filter->chain, first);

	r = load_program(filter, conditions, reterr);
	if (r < 0)
		return r;

	*ret_filter = TT_TAKE_PTR(filter);
	return 0;
}

void tt_filter_free(struct tt_filter *filter)
{
	if (!filter)
		return;

	tt_generation_deinit(&filter->chain);
	tt_filter_program_free(filter->program);
	free(filter);
}

int tt_filter_program(const struct tt_filter *filter)
{
	return filter->program ? tt_filter_program_fd(filter->program) : -1;
}

const char *tt_filter_fallback_reason(const struct tt_filter *filter)
{
	return filter->program ? NULL : filter->fallback.message;
}

int tt_filter_attach(struct tt_filter *filter, int socket_fd, uint32_t source,
		     struct tt_error *reterr)
{
	struct attached *attached = &filter->attached[filter->attached_count];
	int r;

	if (filter->program)
		return attach_program(filter, socket_fd, source, reterr);

	if (filter->attached_count == TT_GENERATION_READERS_MAX)
		return tt_error_set(reterr, -ENOSPC, "attach the port filter: too many sockets");
	*attached = (struct attached){ .socket_fd = socket_fd, .source = source };
	r = attach_nothing(attached);
	if (r < 0)
		return tt_error_set(reterr, r, "attach the port filter: %s", strerror(-r));
	filter->attached_count++;
	return 0;
}

int tt_filter_add_reader(struct tt_filter *filter, struct tt_generation_reader *reader)
{
	return tt_generation_add_reader(&filter->chain, reader);
}

int tt_filter_open_gate(struct tt_filter *filter)
{
	int r = 0;

	if (filter->program)
		/* After everything that the program reads behind the gate. */
		__atomic_store_n(&filter->state->gate, 1, __ATOMIC_RELEASE);
	else
		r = attach_all(filter, &filter->chain.newest->conditions);
	if (r < 0)
		(void)attach_nothing_to_all(filter); /* the failure is told already */
	filter->is_open = r == 0;
	return r;
}

int tt_filter_close_gate(struct tt_filter *filter)
{
	int result, r;

	if (filter->program)
		__atomic_store_n(&filter->state->gate, 0, __ATOMIC_RELEASE);
	result = attach_nothing_to_all(filter);
	r = tt_filter_program_wait_quiescent();
	filter->is_open = false;
	return r < 0 ? r : result;
}

const struct tt_conditions *tt_filter_conditions(const struct tt_filter *filter)
{
	return &filter->chain.newest->conditions;
}

/* Has the new generation judge packets. */
static int switch_to(struct tt_filter *filter, struct tt_generation *generation,
		     struct tt_error *reterr)
{
	unsigned int idle;
	int r;

	if (!filter->program) {
		r = replace_classic(filter, &generation->conditions, reterr);
		if (r == 0)
			tt_generation_append(&filter->chain, generation);
		return r;
	}

	idle = !filter->state->bank_index;
	r = write_bank(filter, idle, &generation->conditions, reterr);
	if (r < 0)
		return r;
	tt_generation_append(&filter->chain, generation);
	__atomic_store_n(&filter->state->bank_index, idle, __ATOMIC_RELEASE);
	return 0;
}

int tt_filter_change(struct tt_filter *filter, const struct tt_conditions *conditions,
		     struct tt_error *reterr)
{
	struct tt_expression *replaced = filter->chain.newest->conditions.expression;
	struct tt_generation *generation;
	int settled, r;

	assert(conditions->interfaces_count == tt_filter_conditions(filter)->interfaces_count);
	assert(conditions->sends == tt_filter_conditions(filter)->sends);

	tt_generation_prune(&filter->chain);
	generation = tt_generation_make(&filter->chain, conditions);
	if (!generation)
		return tt_error_set(reterr, -ENOMEM, "change the filter: %s", strerror(ENOMEM));
	r = switch_to(filter, generation, reterr);
	if (r < 0) {
		tt_generation_free(generation);
		return r;
	}

	/* A late reader may keep it for long, but only to judge by it itself. */
	if (replaced != conditions->expression)
		tt_expression_close_program(replaced);

	/* Behind a closed gate no packet is under way. */
	r = filter->is_open ? tt_filter_program_wait_quiescent() : 0;
	/* Without the wait too: else readers would stay with the older ones for ever. */
	settled = tt_generation_settle(&filter->chain);
	if (r == 0)
		r = settled;
	return r < 0 ? tt_error_set(reterr, r, "wait for packets under way: %s", strerror(-r)) : 0;
}

int tt_filter_read_counters(const struct tt_filter *filter,
			    struct tt_filter_counters ret_counters[TT_FILTER_SOURCE_COUNT])
{
	if (!filter->program)
		return -ENODATA;
	return tt_filter_program_read_counters(filter->program, !filter->is_open, ret_counters);
}
