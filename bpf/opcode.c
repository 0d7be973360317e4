/* SPDX-License-Identifier: MIT */

/*
 * What an instruction of a classic filter is
 */

#include "bpf/opcode.h"

#include <linux/filter.h>
#include <stddef.h>

/* BPF_IMM, BPF_ADD, BPF_K and BPF_W are 0. */
/* clang-format off */
static const uint16_t known_codes[] = {
	BPF_LD | BPF_ABS, BPF_LD | BPF_H | BPF_ABS, BPF_LD | BPF_B | BPF_ABS,
	BPF_LD | BPF_IND, BPF_LD | BPF_H | BPF_IND, BPF_LD | BPF_B | BPF_IND,
	BPF_LD, BPF_LD | BPF_MEM, BPF_LD | BPF_LEN, BPF_ST,
	BPF_LDX, BPF_LDX | BPF_MEM, BPF_LDX | BPF_LEN, BPF_LDX | BPF_B | BPF_MSH, BPF_STX,
	BPF_ALU, BPF_ALU | BPF_X, BPF_ALU | BPF_SUB, BPF_ALU | BPF_SUB | BPF_X,
	BPF_ALU | BPF_MUL, BPF_ALU | BPF_MUL | BPF_X, BPF_ALU | BPF_DIV, BPF_ALU | BPF_DIV | BPF_X,
	BPF_ALU | BPF_MOD, BPF_ALU | BPF_MOD | BPF_X, BPF_ALU | BPF_AND, BPF_ALU | BPF_AND | BPF_X,
	BPF_ALU | BPF_OR, BPF_ALU | BPF_OR | BPF_X, BPF_ALU | BPF_XOR, BPF_ALU | BPF_XOR | BPF_X,
	BPF_ALU | BPF_LSH, BPF_ALU | BPF_LSH | BPF_X, BPF_ALU | BPF_RSH, BPF_ALU | BPF_RSH | BPF_X,
	BPF_ALU | BPF_NEG, BPF_JMP | BPF_JA,
	BPF_JMP | BPF_JEQ, BPF_JMP | BPF_JEQ | BPF_X, BPF_JMP | BPF_JGT, BPF_JMP | BPF_JGT | BPF_X,
	BPF_JMP | BPF_JGE, BPF_JMP | BPF_JGE | BPF_X, BPF_JMP | BPF_JSET, BPF_JMP | BPF_JSET | BPF_X,
	BPF_RET, BPF_RET | BPF_A, BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA,
};
/* clang-format on */

bool tt_opcode_is_known(uint16_t code)
{
	for (size_t i = 0; i < sizeof(known_codes) / sizeof(known_codes[0]); i++) {
		if (known_codes[i] == code)
			return true;
	}
	return false;
}

bool tt_opcode_is_packet_load(uint16_t code)
{
	unsigned int class = BPF_CLASS(code);
	unsigned int mode = BPF_MODE(code);

	return (class == BPF_LD && (mode == BPF_ABS || mode == BPF_IND)) ||
	       (class == BPF_LDX && mode == BPF_MSH);
}
