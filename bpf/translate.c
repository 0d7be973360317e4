/* SPDX-License-Identifier: MIT */

/*
 * From a classic filter program to an extended one
 *
 * Classic jumps go forward only, so one pass from the first instruction to the last
 * finds what can be reached, and how many bytes the packet is known to have there: a
 * length that was tested on every way is not tested again.
 *
 * The translation is written twice by the same functions: first to learn where each
 * instruction begins, then with the jumps filled in.
 *
 *   r6 the packet   r7 the accumulator   r8 the index   r9 the packet's first bytes
 *   on the stack: memory words, the packet's length, a map's key; r0 to r3 for the moment
 */

#include "bpf/translate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "bpf/filter_state.h"
#include "bpf/opcode.h"

enum {
	CLASSIC_INSNS_MAX = 4096, /* BPF_MAXINSNS of the kernel and of libpcap */
	SHIFT_MAX = 31,
	UNKNOWN_SHIFT = 26, /* leaves as many bits as there are in TT_FILTER_PREFIX_BYTES - 1 */
	HEADER_WORDS_MASK = 0x0f,
	HEADER_WORDS_SHIFT = 2,
};

enum {
	REG_VALUE = BPF_REG_0,
	REG_LENGTH = BPF_REG_1,
	REG_UNKNOWN = BPF_REG_1, /* when the length is done with */
	REG_OFFSET = BPF_REG_2,
	REG_END = BPF_REG_3,
	REG_PACKET = BPF_REG_6,
	REG_A = BPF_REG_7,
	REG_X = BPF_REG_8,
	REG_PREFIX = BPF_REG_9,
};

/* Places on the stack, from its top; memory words are the first ones. */
enum {
	LENGTH_OFFSET = -4 * (BPF_MEMWORDS + 1),
	KEY_OFFSET = -4 * (BPF_MEMWORDS + 2),
};

/* What the first pass finds out about an instruction. */
struct place {
	bool is_reachable;
	uint32_t known_bytes; /* the packet is at least that long, whichever way led here */
	uint32_t start;       /* of its translation */
};

struct translation {
	const struct sock_filter *code;
	size_t count;
	struct tt_translate_maps maps;
	struct place *places; /* owned */
	bool uses_memory[BPF_MEMWORDS];
	bool accepts; /* some way leads to ACCEPT */

	struct bpf_insn *insns; /* owned; NULL in the first writing */
	size_t insns_count;
	uint32_t accept_start;
	uint32_t reject_start;
	bool is_too_long;
};

static void translation_deinit(struct translation *t)
{
	free(t->places);
	free(t->insns);
}

static uint32_t size_of(uint16_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_W:
		return 4;
	case BPF_H:
		return 2;
	default:
		return 1;
	}
}

/* Whether a load lies beyond any packet, whatever the index: it rejects. */
static bool is_beyond(const struct sock_filter *insn)
{
	return tt_opcode_is_packet_load(insn->code) &&
	       insn->k > (uint32_t)INT32_MAX - size_of(insn->code);
}

/* ----------------------------------------------------------------- the first pass */

/* There the kernel gives what it knows of the link; a packet has no such offset. */
static bool is_of_the_link(const struct sock_filter *insn)
{
	return BPF_CLASS(insn->code) == BPF_LD && BPF_MODE(insn->code) == BPF_ABS &&
	       insn->k >= (uint32_t)SKF_AD_OFF && insn->k < (uint32_t)SKF_AD_OFF + SKF_AD_MAX;
}

static bool uses_memory(const struct sock_filter *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
	case BPF_LDX:
		return BPF_MODE(insn->code) == BPF_MEM;
	case BPF_ST:
	case BPF_STX:
		return true;
	default:
		return false;
	}
}

static bool insn_is_sound(const struct sock_filter *insn)
{
	if (!tt_opcode_is_known(insn->code) || is_of_the_link(insn))
		return false;
	if (uses_memory(insn))
		return insn->k < BPF_MEMWORDS;

	switch (insn->code) {
	case BPF_ALU | BPF_DIV: /* by K */
	case BPF_ALU | BPF_MOD:
		return insn->k != 0;
	case BPF_ALU | BPF_LSH:
	case BPF_ALU | BPF_RSH:
		return insn->k <= SHIFT_MAX;
	default:
		return true;
	}
}

/* Notes a way to an instruction. False when it leads out of the program. */
static bool reach(struct translation *t, uint64_t index, uint32_t known_bytes)
{
	struct place *place;

	if (index >= t->count)
		return false;
	place = &t->places[index];
	if (!place->is_reachable || known_bytes < place->known_bytes)
		place->known_bytes = known_bytes;
	place->is_reachable = true;
	return true;
}

/* Notes where an instruction leads. */
static bool reach_successors(struct translation *t, size_t index)
{
	const struct sock_filter *insn = &t->code[index];
	uint32_t known_bytes = t->places[index].known_bytes;

	if (BPF_CLASS(insn->code) == BPF_RET) {
		t->accepts |= BPF_RVAL(insn->code) == BPF_A || insn->k != 0;
		return true;
	}
	if (is_beyond(insn))
		return true;
	if (BPF_CLASS(insn->code) == BPF_JMP && BPF_OP(insn->code) == BPF_JA)
		return reach(t, (uint64_t)index + 1 + insn->k, known_bytes);
	if (BPF_CLASS(insn->code) == BPF_JMP)
		return reach(t, index + 1 + insn->jt, known_bytes) &&
		       reach(t, index + 1 + insn->jf, known_bytes);

	if (tt_opcode_is_packet_load(insn->code) && BPF_MODE(insn->code) != BPF_IND &&
	    insn->k + size_of(insn->code) > known_bytes)
		known_bytes = insn->k + size_of(insn->code);
	return reach(t, index + 1, known_bytes);
}

/* Finds what can be reached; false when something there has no meaning. */
static bool survey(struct translation *t)
{
	if (!reach(t, 0, 0))
		return false;

	for (size_t i = 0; i < t->count; i++) {
		const struct sock_filter *insn = &t->code[i];

		if (!t->places[i].is_reachable)
			continue;
		if (!insn_is_sound(insn) || !reach_successors(t, i))
			return false;
		if (uses_memory(insn))
			t->uses_memory[insn->k] = true;
	}
	return true;
}

/* -------------------------------------------------------------------- the writing */

static void emit(struct translation *t, unsigned int code, unsigned int to, unsigned int from,
		 int32_t offset, uint32_t value)
{
	if (offset < INT16_MIN || offset > INT16_MAX)
		t->is_too_long = true;
	if (t->insns)
		t->insns[t->insns_count] = (struct bpf_insn){ .code = (uint8_t)code,
							      .dst_reg = to & 15,
							      .src_reg = from & 15,
							      .off = (int16_t)offset,
							      .imm = (int32_t)value };
	t->insns_count++;
}

/* How far it is from behind the next instruction to @start; known in the second writing. */
static int32_t way_to(const struct translation *t, uint32_t start)
{
	return t->insns ? (int32_t)start - (int32_t)t->insns_count - 1 : 0;
}

static void emit_jump(struct translation *t, uint32_t start)
{
	emit(t, BPF_JMP | BPF_JA, 0, 0, way_to(t, start), 0);
}

static void emit_if(struct translation *t, unsigned int operation, unsigned int reg, uint32_t value,
		    uint32_t start)
{
	emit(t, BPF_JMP32 | operation | BPF_K, reg, 0, way_to(t, start), value);
}

static void emit_move(struct translation *t, unsigned int to, unsigned int from)
{
	emit(t, BPF_ALU | BPF_MOV | BPF_X, to, from, 0, 0);
}

static void emit_set(struct translation *t, unsigned int to, uint32_t value)
{
	emit(t, BPF_ALU | BPF_MOV | BPF_K, to, 0, 0, value);
}

static int32_t memory_offset(uint32_t word)
{
	return -4 * ((int32_t)word + 1);
}

/* The parts of an operation that are 0, BPF_ADD and BPF_K among them, are left out. */
static void emit_add(struct translation *t, unsigned int to, uint32_t value)
{
	emit(t, BPF_ALU64 | BPF_ADD, to, 0, 0, value);
}

static void emit_map(struct translation *t, unsigned int to, int map_fd)
{
	emit(t, BPF_LD | BPF_DW, to, BPF_PSEUDO_MAP_FD, 0, (uint32_t)map_fd);
	emit(t, 0, 0, 0, 0, 0); /* the upper half of the address */
}

static void emit_packet_field(struct translation *t, unsigned int to, size_t offset)
{
	emit(t, BPF_LDX | BPF_W | BPF_MEM, to, REG_PACKET, (int32_t)offset, 0);
}

/* Finds the packet's first bytes. */
static void emit_find_prefix(struct translation *t)
{
	emit_packet_field(t, BPF_REG_1, offsetof(struct __sk_buff, cb[TT_FILTER_CB_SOURCE]));
	emit(t, BPF_STX | BPF_W | BPF_MEM, BPF_REG_10, BPF_REG_1, KEY_OFFSET, 0);
	emit(t, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0);
	emit_add(t, BPF_REG_2, (uint32_t)KEY_OFFSET);
	emit_map(t, BPF_REG_1, t->maps.cpus_fd);
	emit(t, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
	emit(t, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, way_to(t, t->reject_start), 0);
	emit(t, BPF_ALU64 | BPF_MOV | BPF_X, REG_PREFIX, BPF_REG_0, 0, 0);
	emit_add(t, REG_PREFIX, (uint32_t)offsetof(struct tt_filter_cpu, prefix));
}

static void emit_start(struct translation *t)
{
	emit(t, BPF_ALU64 | BPF_MOV | BPF_X, REG_PACKET, BPF_REG_1, 0, 0);
	emit_find_prefix(t);
	emit_packet_field(t, REG_LENGTH, offsetof(struct __sk_buff, len));
	emit(t, BPF_STX | BPF_W | BPF_MEM, BPF_REG_10, REG_LENGTH, LENGTH_OFFSET, 0);
	emit_set(t, REG_A, 0);
	emit_set(t, REG_X, 0);
	for (uint32_t word = 0; word < BPF_MEMWORDS; word++) {
		if (t->uses_memory[word])
			emit(t, BPF_ST | BPF_W | BPF_MEM, BPF_REG_10, 0, memory_offset(word), 0);
	}
}

static void emit_length(struct translation *t)
{
	emit(t, BPF_LDX | BPF_W | BPF_MEM, REG_LENGTH, BPF_REG_10, LENGTH_OFFSET, 0);
}

/* Reads a big-endian value of the packet's first bytes. */
static void emit_prefix_load(struct translation *t, unsigned int from, uint32_t offset,
			     uint32_t size)
{
	static const uint8_t widths[] = { [1] = BPF_B, [2] = BPF_H, [4] = BPF_W };

	emit(t, BPF_LDX | widths[size] | BPF_MEM, REG_VALUE, from, (int32_t)offset, 0);
	if (size > 1)
		emit(t, BPF_ALU | BPF_END | BPF_TO_BE, REG_VALUE, 0, 0, size * 8);
}

/* Gets a value at a fixed offset into REG_VALUE. */
static void emit_absolute_load(struct translation *t, size_t index)
{
	const struct sock_filter *insn = &t->code[index];
	uint32_t size = size_of(insn->code);
	uint32_t end = insn->k + size;

	if (t->places[index].known_bytes < end) {
		emit_length(t);
		emit_if(t, BPF_JLT, REG_LENGTH, end, t->reject_start);
	}
	if (end <= TT_FILTER_PREFIX_BYTES)
		emit_prefix_load(t, REG_PREFIX, insn->k, size);
	else
		emit(t, BPF_LD | BPF_ABS | BPF_SIZE(insn->code), 0, 0, 0, insn->k);
}

/*
 * Without CAP_PERFMON the verifier wants an addition to a pointer to have one limit, whichever
 * way leads to it. So the offset, which is in the first bytes and may be known on one way and
 * not on another, is made one of which only that is known: the highest bits of the length
 * are added, which are 0, but the verifier is not told that.
 */
static void emit_unknown_offset(struct translation *t)
{
	emit_packet_field(t, REG_UNKNOWN, offsetof(struct __sk_buff, len));
	emit(t, BPF_ALU64 | BPF_RSH | BPF_K, REG_UNKNOWN, 0, 0, UNKNOWN_SHIFT);
	emit(t, BPF_ALU64 | BPF_ADD | BPF_X, REG_UNKNOWN, REG_OFFSET, 0, 0);
	emit(t, BPF_ALU64 | BPF_AND | BPF_K, REG_UNKNOWN, 0, 0, TT_FILTER_PREFIX_BYTES - 1);
}

/* Likewise at the index plus an offset; 64 bits hold the sum. */
static void emit_indirect_load(struct translation *t, const struct sock_filter *insn)
{
	uint32_t size = size_of(insn->code);
	int32_t prefix_load_count = size > 1 ? 9 : 8; /* up to the jump, with it */

	emit_move(t, REG_OFFSET, REG_X);
	emit_add(t, REG_OFFSET, insn->k);
	emit(t, BPF_ALU64 | BPF_MOV | BPF_X, REG_END, REG_OFFSET, 0, 0);
	emit_add(t, REG_END, size);
	emit_length(t);
	emit(t, BPF_JMP | BPF_JGT | BPF_X, REG_END, REG_LENGTH, way_to(t, t->reject_start), 0);

	/* Nearly always it is in the first bytes; to the load behind them, else. */
	emit(t, BPF_JMP | BPF_JGT | BPF_K, REG_OFFSET, 0, prefix_load_count,
	     TT_FILTER_PREFIX_BYTES - size);
	emit_unknown_offset(t);
	emit(t, BPF_ALU64 | BPF_MOV | BPF_X, REG_END, REG_PREFIX, 0, 0);
	emit(t, BPF_ALU64 | BPF_ADD | BPF_X, REG_END, REG_UNKNOWN, 0, 0);
	emit_prefix_load(t, REG_END, 0, size);
	emit(t, BPF_JMP | BPF_JA, 0, 0, 1, 0);
	emit(t, BPF_LD | BPF_IND | BPF_SIZE(insn->code), 0, REG_OFFSET, 0, 0);
}

static void emit_load(struct translation *t, size_t index)
{
	const struct sock_filter *insn = &t->code[index];
	unsigned int to = BPF_CLASS(insn->code) == BPF_LD ? REG_A : REG_X;

	if (is_beyond(insn)) {
		emit_jump(t, t->reject_start);
		return;
	}
	switch (BPF_MODE(insn->code)) {
	case BPF_IMM:
		emit_set(t, to, insn->k);
		break;
	case BPF_LEN:
		emit(t, BPF_LDX | BPF_W | BPF_MEM, to, BPF_REG_10, LENGTH_OFFSET, 0);
		break;
	case BPF_MEM:
		emit(t, BPF_LDX | BPF_W | BPF_MEM, to, BPF_REG_10, memory_offset(insn->k), 0);
		break;
	case BPF_ABS:
		emit_absolute_load(t, index);
		emit_move(t, to, REG_VALUE);
		break;
	case BPF_IND:
		emit_indirect_load(t, insn);
		emit_move(t, to, REG_VALUE);
		break;
	default: /* BPF_MSH: the length of an IPv4 header in bytes */
		emit_absolute_load(t, index);
		emit(t, BPF_ALU | BPF_AND | BPF_K, REG_VALUE, 0, 0, HEADER_WORDS_MASK);
		emit(t, BPF_ALU | BPF_LSH | BPF_K, REG_VALUE, 0, 0, HEADER_WORDS_SHIFT);
		emit_move(t, to, REG_VALUE);
		break;
	}
}

static void emit_store(struct translation *t, const struct sock_filter *insn)
{
	unsigned int from = BPF_CLASS(insn->code) == BPF_ST ? REG_A : REG_X;

	emit(t, BPF_STX | BPF_W | BPF_MEM, BPF_REG_10, from, memory_offset(insn->k), 0);
}

static void emit_shift_by_index(struct translation *t, unsigned int operation)
{
	emit(t, BPF_JMP32 | BPF_JLE | BPF_K, REG_X, 0, 2, SHIFT_MAX);
	emit_set(t, REG_A, 0);
	emit(t, BPF_JMP | BPF_JA, 0, 0, 1, 0);
	emit(t, BPF_ALU | operation | BPF_X, REG_A, REG_X, 0, 0);
}

static void emit_arithmetic(struct translation *t, const struct sock_filter *insn)
{
	unsigned int operation = BPF_OP(insn->code);

	if (operation == BPF_NEG) {
		emit(t, BPF_ALU | BPF_NEG, REG_A, 0, 0, 0);
	} else if (BPF_SRC(insn->code) == BPF_K) {
		emit(t, BPF_ALU | operation | BPF_K, REG_A, 0, 0, insn->k);
	} else if (operation == BPF_LSH || operation == BPF_RSH) {
		emit_shift_by_index(t, operation);
	} else {
		if (operation == BPF_DIV || operation == BPF_MOD)
			emit_if(t, BPF_JEQ, REG_X, 0, t->reject_start);
		emit(t, BPF_ALU | operation | BPF_X, REG_A, REG_X, 0, 0);
	}
}

static uint32_t start_of(const struct translation *t, size_t index)
{
	return t->places[index].start;
}

static void emit_condition(struct translation *t, const struct sock_filter *insn,
			   unsigned int operation, uint32_t start)
{
	unsigned int source = BPF_SRC(insn->code);

	emit(t, BPF_JMP32 | operation | source, REG_A, source == BPF_X ? REG_X : 0,
	     way_to(t, start), source == BPF_K ? insn->k : 0);
}

/* The comparison that holds when @operation does not; 0: there is none. */
static unsigned int inverse_of(unsigned int operation)
{
	switch (operation) {
	case BPF_JEQ:
		return BPF_JNE;
	case BPF_JGT:
		return BPF_JLE;
	case BPF_JGE:
		return BPF_JLT;
	default: /* BPF_JSET */
		return 0;
	}
}

static void emit_branch(struct translation *t, size_t index)
{
	const struct sock_filter *insn = &t->code[index];
	unsigned int operation = BPF_OP(insn->code);
	size_t next = index + 1;

	if (operation == BPF_JA) {
		if (insn->k > 0)
			emit_jump(t, start_of(t, next + insn->k));
	} else if (insn->jt == insn->jf) {
		if (insn->jt > 0)
			emit_jump(t, start_of(t, next + insn->jt));
	} else if (insn->jt == 0 && inverse_of(operation)) {
		emit_condition(t, insn, inverse_of(operation), start_of(t, next + insn->jf));
	} else {
		emit_condition(t, insn, operation, start_of(t, next + insn->jt));
		if (insn->jf > 0)
			emit_jump(t, start_of(t, next + insn->jf));
	}
}

static void emit_return(struct translation *t, const struct sock_filter *insn)
{
	if (BPF_RVAL(insn->code) == BPF_A) {
		emit_if(t, BPF_JEQ, REG_A, 0, t->reject_start);
		emit_jump(t, t->accept_start);
	} else {
		emit_jump(t, insn->k != 0 ? t->accept_start : t->reject_start);
	}
}

static void emit_insn(struct translation *t, size_t index)
{
	const struct sock_filter *insn = &t->code[index];

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
	case BPF_LDX:
		emit_load(t, index);
		break;
	case BPF_ST:
	case BPF_STX:
		emit_store(t, insn);
		break;
	case BPF_ALU:
		emit_arithmetic(t, insn);
		break;
	case BPF_JMP:
		emit_branch(t, index);
		break;
	case BPF_RET:
		emit_return(t, insn);
		break;
	default: /* BPF_MISC */
		if (BPF_MISCOP(insn->code) == BPF_TAX)
			emit_move(t, REG_X, REG_A);
		else
			emit_move(t, REG_A, REG_X);
		break;
	}
}

/* What is taken goes on with the slot; should that be empty, it is rejected. */
static void emit_end(struct translation *t)
{
	t->accept_start = (uint32_t)t->insns_count;
	if (t->accepts) {
		emit(t, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, REG_PACKET, 0, 0);
		emit_map(t, BPF_REG_2, t->maps.slots_fd);
		emit_set(t, BPF_REG_3, TT_FILTER_SLOT_ACCEPT);
		emit(t, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_tail_call);
	}
	t->reject_start = (uint32_t)t->insns_count;
	emit_set(t, BPF_REG_0, 0);
	emit(t, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void write_all(struct translation *t)
{
	t->insns_count = 0;
	emit_start(t);
	for (size_t i = 0; i < t->count; i++) {
		t->places[i].start = (uint32_t)t->insns_count;
		if (t->places[i].is_reachable)
			emit_insn(t, i);
	}
	emit_end(t);
}

static int translate(struct translation *t, struct tt_error *reterr)
{
	t->places = calloc(t->count, sizeof(*t->places));
	if (!t->places)
		return tt_error_set(reterr, -ENOMEM, "translate the filter: %s", strerror(ENOMEM));
	if (!survey(t))
		return tt_error_set(reterr, -EINVAL,
				    "it uses what only the kernel knows of a packet, or an "
				    "instruction that has no counterpart");

	write_all(t);
	t->insns = calloc(t->insns_count, sizeof(*t->insns));
	if (!t->insns)
		return tt_error_set(reterr, -ENOMEM, "translate the filter: %s", strerror(ENOMEM));
	write_all(t);
	if (t->is_too_long)
		return tt_error_set(reterr, -E2BIG,
				    "it is too long for the kernel: some jump in it would have "
				    "to pass more than %d instructions",
				    INT16_MAX);
	return 0;
}

int tt_translate(const struct sock_filter *code, size_t count, struct tt_translate_maps maps,
		 struct bpf_insn **ret_insns, size_t *ret_count, struct tt_error *reterr)
{
	TT_CLEANUP(translation_deinit)
	struct translation t = { .code = code, .count = count, .maps = maps };
	int r;

	if (count == 0)
		return tt_error_set(reterr, -EINVAL, "a filter without instructions");
	if (count > CLASSIC_INSNS_MAX)
		return tt_error_set(
			reterr, -E2BIG,
			"it is too long for the kernel: %zu instructions, and %d at most", count,
			CLASSIC_INSNS_MAX);
	r = translate(&t, reterr);
	if (r < 0)
		return r;

	*ret_insns = TT_TAKE_PTR(t.insns);
	*ret_count = t.insns_count;
	return 0;
}
