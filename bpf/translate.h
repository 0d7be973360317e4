/* SPDX-License-Identifier: MIT */

/*
 * From a classic filter program to an extended one
 *
 * The user's expression comes as classic BPF, for packets that begin at the IP header.
 * What comes out is a socket filter that the main program goes on with by a tail call,
 * and that goes on with the slot TT_FILTER_SLOT_ACCEPT for what it takes; it ends with 0
 * for what it does not.
 *
 * Before it runs, the main program has put the packet's first bytes into the entry of
 * TT_FILTER_CB_SOURCE of the map of struct tt_filter_cpu: most loads are from there.
 *
 * It means what the classic program means to libpcap's interpreter: 32-bit unsigned
 * arithmetic, a load beyond the packet's end and a division by zero reject, a shift by
 * more than 31 gives 0.
 */

#pragma once

#include <linux/bpf.h>
#include <linux/filter.h>
#include <stddef.h>

#include "twintap/error.h"

/* The main program's maps; borrowed. */
struct tt_translate_maps {
	int slots_fd; /* the array of programs that holds the slots */
	int cpus_fd;  /* of struct tt_filter_cpu */
};

/*
 * Translates the @count instructions of @code. @ret_insns is the caller's to free.
 *
 * -EINVAL for a program that has no meaning here: an unknown instruction, a jump out of
 * it, a load from a kernel extension; -E2BIG for one that would become too long; -ENOMEM.
 */
int tt_translate(const struct sock_filter *code, size_t count, struct tt_translate_maps maps,
		 struct bpf_insn **ret_insns, size_t *ret_count, struct tt_error *reterr);
