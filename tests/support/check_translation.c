/* SPDX-License-Identifier: MIT */

/*
 * What must hold of every translated program
 */

#include "tests/support/check_translation.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum {
	INSNS_PER_CLASSIC = 18,         /* an indirect load takes most */
	INSNS_BESIDE = 15 + 16 + 6 + 2, /* the start, the memory, both ends */
	WORD_BYTES = 4,
	STACK_WORDS = BPF_MEMWORDS + 2, /* the length and a key besides */
};

/* A constant of 64 bits, in two instructions; its mode, BPF_IMM, is 0. */
static bool is_wide(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_DW);
}

static bool is_jump(const struct bpf_insn *insn)
{
	unsigned int class = BPF_CLASS(insn->code);

	return (class == BPF_JMP || class == BPF_JMP32) && BPF_OP(insn->code) != BPF_CALL &&
	       BPF_OP(insn->code) != BPF_EXIT;
}

static bool uses_stack(const struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_ST:
	case BPF_STX:
		return true;
	case BPF_LDX:
		return insn->src_reg == BPF_REG_10;
	default:
		return false;
	}
}

static const char *check_insn(const struct bpf_insn *insn)
{
	if (insn->dst_reg > BPF_REG_10 || insn->src_reg > BPF_REG_10)
		return "a register that there is not";
	if (!uses_stack(insn))
		return NULL;
	if (insn->off > -WORD_BYTES || insn->off < -WORD_BYTES * STACK_WORDS ||
	    insn->off % WORD_BYTES != 0)
		return "memory that there is not";
	return NULL;
}

/* Goes through what can be reached; an instruction is so once something leads to it. */
static const char *walk(const struct bpf_insn *insns, size_t count, bool *is_reachable)
{
	is_reachable[0] = true;
	for (size_t i = 0; i < count; i++) {
		const struct bpf_insn *insn = &insns[i];
		size_t next = i + 1;
		const char *complaint = check_insn(insn);

		if (complaint)
			return complaint;
		if (!is_reachable[i])
			return "an instruction that cannot be reached";
		if (insn->code == (BPF_JMP | BPF_EXIT))
			continue;
		if (is_jump(insn)) {
			if (insn->off < 0 || next + (size_t)insn->off >= count)
				return "a jump out of the program";
			is_reachable[next + (size_t)insn->off] = true;
			if (insn->code == (BPF_JMP | BPF_JA))
				continue;
		}
		if (next == count)
			return "no end";
		is_reachable[next] = true;
		if (is_wide(insn)) {
			if (next + 1 == count || insns[next].code != 0)
				return "half a wide instruction";
			is_reachable[next + 1] = true;
			i = next;
		}
	}
	return NULL;
}

/* No jump leads between the halves of a wide instruction: there is one, which has one way to it. */
static const char *check_wide(const struct bpf_insn *insns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t target = i + 1 + (size_t)insns[i].off;

		if (is_jump(&insns[i]) && is_wide(&insns[target - 1]) && insns[i].off > 0 &&
		    insns[target].code == 0)
			return "a jump into a wide instruction";
	}
	return NULL;
}

const char *tt_check_translation(const struct bpf_insn *insns, size_t count, size_t classic_count)
{
	const char *complaint;
	bool *is_reachable;

	if (count < 2 || count > classic_count * INSNS_PER_CLASSIC + INSNS_BESIDE)
		return "a length beyond reason";
	is_reachable = calloc(count, sizeof(*is_reachable));
	if (!is_reachable)
		abort();
	complaint = walk(insns, count, is_reachable);
	free(is_reachable);
	return complaint ? complaint : check_wide(insns, count);
}
