/* SPDX-License-Identifier: MIT */

/*
 * The filter program in the kernel: loaded, its state mapped, its counters read
 *
 * This is mechanism only; what to write into the state, and when, is decided in
 * filter/. libbpf is used in this folder and nowhere else.
 */

#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/filter_state.h"
#include "twintap/error.h"

struct tt_filter_program;

/* Loads the program with its gate closed. */
int tt_filter_program_new(struct tt_filter_program **ret_program, struct tt_error *reterr);
void tt_filter_program_free(struct tt_filter_program *program);

/* Whether a failure to load is this kernel's or this process's lot, and no fault of the program. */
bool tt_filter_program_is_refused(int r);

/* For SO_ATTACH_BPF, to the sockets of one protocol; borrowed. */
int tt_filter_program_fd(const struct tt_filter_program *program);
/* The same, to the socket of every protocol: only what this host sends passes. */
int tt_filter_program_outgoing_fd(const struct tt_filter_program *program);

/* The shared state, written by us and read by the kernel; borrowed. */
struct tt_filter_state *tt_filter_program_state(const struct tt_filter_program *program);

/* Puts an interface into the set that counts when the state says checks_interface. */
int tt_filter_program_add_interface(struct tt_filter_program *program, uint32_t interface_index,
				    struct tt_error *reterr);

/*
 * Loads a classic program, as translate.h has it, for packets that begin at the IP header.
 * The descriptor in @ret_fd is the caller's.
 */
int tt_filter_program_load_expression(const struct tt_filter_program *program,
				      const struct sock_filter *code, size_t count, int *ret_fd,
				      struct tt_error *reterr);

/* Puts a loaded expression where the bank has it tail-called. The bank is not in use. */
int tt_filter_program_set_expression(const struct tt_filter_program *program,
				     unsigned int bank_index, int expression_fd,
				     struct tt_error *reterr);

/*
 * Sums the counters of all CPUs, by TT_FILTER_SOURCE_*. What the expression rejected is what
 * is left of seen; on each CPU a packet may be under way, which is left out unless the
 * gate @is_closed. 0, or a negative errno.
 */
int tt_filter_program_read_counters(const struct tt_filter_program *program, bool is_closed,
				    struct tt_filter_counters ret_counters[TT_FILTER_SOURCE_COUNT]);

/*
 * Returns when each run of a socket filter that had begun before has ended. It waits
 * for the kernel's grace period: milliseconds, on a busy machine some tens of them.
 */
int tt_filter_program_wait_quiescent(void);
