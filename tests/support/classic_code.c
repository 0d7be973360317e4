/* SPDX-License-Identifier: MIT */

/*
 * Random classic programs
 */

#include "tests/support/classic_code.h"

#include <assert.h>
#include <stdbool.h>

enum {
	STEPS_MAX = 48,
	FOLDED_WORDS = BPF_MEMWORDS,
	OFFSETS_COUNT = 48, /* that most packets have */
	JUMP_MAX = 255,
	SHIFTS_COUNT = 32,
	INDEX_MASK = 31,
};

/* Where arithmetic and comparisons turn. */
static const uint32_t edges[] = { 0,          1,          2,          3,          31,
				  32,         33,         63,         64,         0xff,
				  0x100,      0x7fff,     0x8000,     0xffff,     0x10000,
				  0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe,
				  0xffffffff };

/* Offsets that no packet has; the kernel's extensions lie from 0xfffff000 on. */
static const uint32_t far_offsets[] = { 0xfffe,     0x10000,    0x7ffffffa, 0x7ffffffb, 0x7ffffffc,
					0x7ffffffd, 0x7ffffffe, 0x7fffffff, 0x80000000, 0xffdfffff,
					0xffe00000, 0xffefffff, 0xfffff040, 0xffffffff };

static const uint16_t sizes[] = { BPF_W, BPF_H, BPF_B };
static const uint16_t sources[] = { BPF_K, BPF_X };
static const uint16_t operations[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR, BPF_AND,
				       BPF_LSH, BPF_RSH, BPF_NEG, BPF_MOD, BPF_XOR };
static const uint16_t comparisons[] = { BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };

static void put(struct tt_classic_code *code, unsigned int opcode, uint32_t k)
{
	assert(code->count < TT_CLASSIC_CODE_MAX);
	code->insns[code->count++] = (struct sock_filter){ .code = (uint16_t)opcode, .k = k };
}

static uint32_t pick_number(struct tt_random *random)
{
	switch (tt_random_below(random, 3)) {
	case 0:
		return tt_random_next(random);
	case 1:
		return tt_random_below(random, 256);
	default:
		return TT_RANDOM_PICK(random, edges);
	}
}

static uint32_t pick_offset(struct tt_random *random)
{
	if (tt_random_is_one_in(random, 128))
		return TT_RANDOM_PICK(random, far_offsets);
	return tt_random_below(random, OFFSETS_COUNT);
}

static void put_load(struct tt_random *random, struct tt_classic_code *code)
{
	switch (tt_random_below(random, 8)) {
	case 0:
		put(code, BPF_LD | BPF_IMM, pick_number(random));
		break;
	case 1:
		put(code, BPF_LDX | BPF_IMM, pick_number(random));
		break;
	case 2:
		put(code, (tt_random_is_one_in(random, 2) ? BPF_LD : BPF_LDX) | BPF_W | BPF_LEN, 0);
		break;
	case 3:
		put(code, (tt_random_is_one_in(random, 2) ? BPF_LD : BPF_LDX) | BPF_MEM,
		    tt_random_below(random, BPF_MEMWORDS));
		break;
	case 4:
		put(code, BPF_LDX | BPF_B | BPF_MSH, pick_offset(random));
		break;
	case 5:
		if (!tt_random_is_one_in(random, 32)) {
			put(code, BPF_ALU | BPF_AND | BPF_K, INDEX_MASK);
			put(code, BPF_MISC | BPF_TAX, 0);
		}
		put(code, BPF_LD | TT_RANDOM_PICK(random, sizes) | BPF_IND,
		    tt_random_below(random, 2) * pick_offset(random));
		break;
	default:
		put(code, BPF_LD | TT_RANDOM_PICK(random, sizes) | BPF_ABS, pick_offset(random));
		break;
	}
}

static void put_arithmetic(struct tt_random *random, struct tt_classic_code *code)
{
	uint16_t operation = TT_RANDOM_PICK(random, operations);
	uint16_t source = TT_RANDOM_PICK(random, sources);
	bool is_shift = operation == BPF_LSH || operation == BPF_RSH;
	bool is_division = operation == BPF_DIV || operation == BPF_MOD;
	uint32_t number = pick_number(random);

	if (operation == BPF_NEG)
		source = BPF_K;
	if (source == BPF_K && is_shift)
		number %= SHIFTS_COUNT;
	if (source == BPF_K && is_division && number == 0)
		number = 1;
	/* An index that is not drawn for it is rarely a shift, and often no divisor. */
	if (source == BPF_X && (is_shift || is_division) && !tt_random_is_one_in(random, 8))
		put(code, BPF_LDX | BPF_IMM, is_shift ? number % (SHIFTS_COUNT + 2) : number | 1);
	put(code, BPF_ALU | operation | source, source == BPF_K ? number : 0);
}

static void put_other(struct tt_random *random, struct tt_classic_code *code)
{
	switch (tt_random_below(random, 8)) {
	case 0:
		put(code, BPF_MISC | BPF_TXA, 0);
		break;
	case 1:
	case 2:
		put(code, BPF_MISC | BPF_TAX, 0);
		break;
	case 3:
		/* Rarely, or few programs would come to their end. */
		if (tt_random_is_one_in(random, 16))
			put(code, BPF_RET | (tt_random_is_one_in(random, 2) ? BPF_A : BPF_K),
			    tt_random_below(random, 2) * tt_random_next(random));
		break;
	default:
		put(code, tt_random_is_one_in(random, 2) ? BPF_ST : BPF_STX,
		    tt_random_below(random, BPF_MEMWORDS));
		break;
	}
}

/* Where jumps lead is drawn when the end is known. */
static void put_jump(struct tt_random *random, struct tt_classic_code *code)
{
	if (tt_random_is_one_in(random, 8))
		put(code, BPF_JMP | BPF_JA, 0);
	else
		put(code,
		    BPF_JMP | TT_RANDOM_PICK(random, comparisons) | TT_RANDOM_PICK(random, sources),
		    pick_number(random));
}

/* How far a jump goes that may go up to @limit: often not far. */
static uint32_t pick_distance(struct tt_random *random, size_t limit)
{
	uint32_t distance = tt_random_below(random, tt_random_is_one_in(random, 4) ? JUMP_MAX : 4);

	return distance < limit ? distance : (uint32_t)limit;
}

static void aim_jumps(struct tt_random *random, struct tt_classic_code *code, size_t start,
		      size_t end)
{
	for (size_t i = start; i < end; i++) {
		struct sock_filter *insn = &code->insns[i];
		size_t limit = end - i - 1;

		if (BPF_CLASS(insn->code) != BPF_JMP)
			continue;
		if (BPF_OP(insn->code) == BPF_JA) {
			insn->k = pick_distance(random, limit);
			continue;
		}
		insn->jt = (uint8_t)pick_distance(random, limit);
		insn->jf = (uint8_t)pick_distance(random, limit);
		if (tt_random_is_one_in(random, 8))
			insn->jf = insn->jt;
	}
}

/* Every word of the memory and both registers count; a product keeps their order apart. */
static void put_end(struct tt_classic_code *code)
{
	enum {
		FACTOR = 0x01000193
	};

	put(code, BPF_ALU | BPF_MUL | BPF_K, FACTOR);
	put(code, BPF_ALU | BPF_XOR | BPF_X, 0);
	for (uint32_t word = 0; word < FOLDED_WORDS; word++) {
		put(code, BPF_LDX | BPF_MEM, word);
		put(code, BPF_ALU | BPF_MUL | BPF_K, FACTOR);
		put(code, BPF_ALU | BPF_XOR | BPF_X, 0);
	}
	put(code, BPF_RET | BPF_A, 0);
}

void tt_classic_code_generate(struct tt_random *random, struct tt_classic_code *ret_code)
{
	uint32_t steps_count = 1 + tt_random_below(random, STEPS_MAX);
	size_t start;

	ret_code->count = 0;
	for (uint32_t word = 0; word < BPF_MEMWORDS; word++) {
		put(ret_code, BPF_LD | BPF_IMM, pick_number(random));
		put(ret_code, BPF_ST, word);
	}
	start = ret_code->count;
	for (uint32_t i = 0; i < steps_count; i++) {
		switch (tt_random_below(random, 4)) {
		case 0:
			put_load(random, ret_code);
			break;
		case 1:
			put_arithmetic(random, ret_code);
			break;
		case 2:
			put_other(random, ret_code);
			break;
		default:
			put_jump(random, ret_code);
			break;
		}
	}
	aim_jumps(random, ret_code, start, ret_code->count);
	put_end(ret_code);
}

void tt_classic_code_expect(struct tt_classic_code *code, uint32_t value)
{
	assert(code->insns[code->count - 1].code == (BPF_RET | BPF_A));

	code->count--;
	put(code, BPF_JMP | BPF_JEQ | BPF_K, value);
	code->insns[code->count - 1].jf = 1;
	put(code, BPF_RET | BPF_K, 1);
	put(code, BPF_RET | BPF_K, 0);
}
