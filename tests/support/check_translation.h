/* SPDX-License-Identifier: MIT */

/*
 * What must hold of every translated program
 *
 * The verifier of the kernel says more, but takes root and only its own architecture.
 */

#pragma once

#include <linux/bpf.h>
#include <stddef.h>

/*
 * What is wrong with a program that was made of @classic_count instructions; NULL: nothing.
 * Every jump goes forward to an instruction of it, none of which cannot be reached; it uses
 * no more memory than there are words; it ends by returning, and is of a sane length.
 */
const char *tt_check_translation(const struct bpf_insn *insns, size_t count, size_t classic_count);
