/* SPDX-License-Identifier: MIT */

/*
 * From a classic filter program to an extended one
 *
 * The user's expression comes as classic BPF, for packets that begin at the IP header.
 * What comes out is a socket filter that the main program goes on with by a tail call,
 * and that goes on with the slot TT_FILTER_SLOT_ACCEPT for what it takes; it ends with 0
 * for what it does not.
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

/*
 * Translates the @count instructions of @code. @slots_fd is the array of programs that
 * holds the slots. @ret_insns is the caller's to free.
 *
 * -EINVAL for a program that has no meaning here: an unknown instruction, a jump out of
 * it, a load from a kernel extension; -E2BIG for one that would become too long; -ENOMEM.
 */
int tt_translate(const struct sock_filter *code, size_t count, int slots_fd,
		 struct bpf_insn **ret_insns, size_t *ret_count, struct tt_error *reterr);
