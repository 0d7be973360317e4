/* SPDX-License-Identifier: MIT */

/*
 * From a classic filter program to an extended one
 *
 * Programs made by hand, with each instruction at its edges: which are translated, and
 * which refused. Each program lies in a heap block of exactly its size; every translation is
 * looked over (check_translation.h). What a translation means is tried in the kernel, by
 * tests/netns/test_differential.c.
 */

#include "bpf/translate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check_translation.h"
#include "tests/support/classic_code.h"
#include "tests/unit/cmocka_all.h"

enum {
	CODES_COUNT = 1 << 16,
	INSNS_MAX = 4096,
	SLOTS_FD = 4711,
	CPUS_FD = 4712,
	FEW_INSNS = 1500, /* of any kind: a jump over them is not too far */
	RANDOM_PROGRAMS_COUNT = 20000,
	SEED = 20261121,
};

static const uint32_t edges[] = { 0,          1,          15,         16,         31,
				  32,         255,        0x7ffffffa, 0x7ffffffb, 0x7ffffffc,
				  0x7ffffffe, 0x7fffffff, 0x80000000, 0xffffefff, 0xfffff000,
				  0xfffff03f, 0xfffff040, 0xffffffff };

static const struct tt_translate_maps maps = { .slots_fd = SLOTS_FD, .cpus_fd = CPUS_FD };

/* What an instruction of that code needs of its constant; none: it is unknown. */
enum need {
	NEED_UNKNOWN,
	NEED_NOTHING,
	NEED_OFFSET, /* not of the kernel's extensions */
	NEED_WORD,
	NEED_DIVISOR,
	NEED_SHIFT,
	NEED_TARGET, /* a jump */
};

/* By their numbers, not by the names that the translator goes by. */
static const struct {
	uint8_t code;
	enum need need;
} known[] = {
	{ 0x20, NEED_OFFSET },  { 0x28, NEED_OFFSET },  { 0x30, NEED_OFFSET },
	{ 0x40, NEED_NOTHING }, { 0x48, NEED_NOTHING }, { 0x50, NEED_NOTHING },
	{ 0x00, NEED_NOTHING }, { 0x01, NEED_NOTHING }, { 0x80, NEED_NOTHING },
	{ 0x81, NEED_NOTHING }, { 0x60, NEED_WORD },    { 0x61, NEED_WORD },
	{ 0xb1, NEED_NOTHING }, { 0x02, NEED_WORD },    { 0x03, NEED_WORD },
	{ 0x04, NEED_NOTHING }, { 0x0c, NEED_NOTHING }, { 0x14, NEED_NOTHING },
	{ 0x1c, NEED_NOTHING }, { 0x24, NEED_NOTHING }, { 0x2c, NEED_NOTHING },
	{ 0x34, NEED_DIVISOR }, { 0x3c, NEED_NOTHING }, { 0x44, NEED_NOTHING },
	{ 0x4c, NEED_NOTHING }, { 0x54, NEED_NOTHING }, { 0x5c, NEED_NOTHING },
	{ 0x64, NEED_SHIFT },   { 0x6c, NEED_NOTHING }, { 0x74, NEED_SHIFT },
	{ 0x7c, NEED_NOTHING }, { 0x84, NEED_NOTHING }, { 0x94, NEED_DIVISOR },
	{ 0x9c, NEED_NOTHING }, { 0xa4, NEED_NOTHING }, { 0xac, NEED_NOTHING },
	{ 0x05, NEED_TARGET },  { 0x15, NEED_NOTHING }, { 0x1d, NEED_NOTHING },
	{ 0x25, NEED_NOTHING }, { 0x2d, NEED_NOTHING }, { 0x35, NEED_NOTHING },
	{ 0x3d, NEED_NOTHING }, { 0x45, NEED_NOTHING }, { 0x4d, NEED_NOTHING },
	{ 0x06, NEED_NOTHING }, { 0x16, NEED_NOTHING }, { 0x07, NEED_NOTHING },
	{ 0x87, NEED_NOTHING },
};

static enum need need_of(uint32_t code)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].code == code)
			return known[i].need;
	}
	return NEED_UNKNOWN;
}

static bool is_met(enum need need, uint32_t k)
{
	switch (need) {
	case NEED_UNKNOWN:
		return false;
	case NEED_OFFSET:
		return k < 0xfffff000 || k >= 0xfffff040;
	case NEED_WORD:
		return k < 16;
	case NEED_DIVISOR:
		return k != 0;
	case NEED_SHIFT:
		return k < 32;
	case NEED_TARGET:
		return k == 0;
	case NEED_NOTHING:
	default:
		return true;
	}
}

/* Translates a copy that ends with its heap block, and looks the result over. */
static int translate(const struct sock_filter *code, size_t count, size_t *ret_count)
{
	struct sock_filter *copy = malloc(count * sizeof(*copy));
	struct tt_error err = TT_ERROR_INIT;
	struct bpf_insn *insns = NULL;
	const char *complaint;
	int r;

	assert_non_null(copy);
	memcpy(copy, code, count * sizeof(*copy));
	r = tt_translate(copy, count, maps, &insns, ret_count, &err);
	free(copy);
	if (r < 0) {
		assert_int_equal(err.code, r);
		assert_true(err.message[0] != '\0');
		assert_null(insns);
		return r;
	}
	complaint = tt_check_translation(insns, *ret_count, count);
	if (complaint)
		fail_msg("%s", complaint);
	free(insns);
	return 0;
}

#define TRANSLATE(...)                                                  \
	translate((const struct sock_filter[]){ __VA_ARGS__ },          \
		  sizeof((const struct sock_filter[]){ __VA_ARGS__ }) / \
			  sizeof(struct sock_filter),                   \
		  &(size_t){ 0 })

static const struct sock_filter take = BPF_STMT(BPF_RET | BPF_K, 1);

static void every_code_is_known_or_refused_at_every_edge(void **state)
{
	uint32_t taken_count = 0;

	(void)state;

	for (uint32_t code = 0; code < CODES_COUNT; code++) {
		enum need need = need_of(code);

		for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
			struct sock_filter insn = { .code = (uint16_t)code, .k = edges[i] };
			int r = TRANSLATE(insn, take);

			if (r != (is_met(need, edges[i]) ? 0 : -EINVAL))
				fail_msg("code 0x%x, constant 0x%x: %d", code, edges[i], r);
			taken_count += r == 0;
			if (need == NEED_UNKNOWN)
				break; /* the constant does not matter */
		}
	}
	assert_true(taken_count > sizeof(known) / sizeof(known[0]));
}

static void program_is_of_one_to_4096_instructions(void **state)
{
	struct sock_filter *code = calloc(INSNS_MAX + 1, sizeof(*code));
	struct bpf_insn *insns = NULL;
	size_t count;

	(void)state;
	assert_non_null(code);

	assert_int_equal(tt_translate(code, 0, maps, &insns, &count, NULL), -EINVAL);
	assert_int_equal(TRANSLATE(take), 0);
	code[INSNS_MAX - 1] = code[INSNS_MAX] = take;
	assert_int_equal(translate(code, INSNS_MAX, &count), 0);
	assert_int_equal(translate(code, INSNS_MAX + 1, &count), -E2BIG);
	assert_null(insns);
	free(code);
}

/* Translates a jump over so many of the instructions that become the longest. */
static int jump_over(size_t count)
{
	struct sock_filter *code = calloc(count + 3, sizeof(*code));
	size_t insns_count;
	int r;

	assert_non_null(code);
	/* What is jumped over is reached on the other way. */
	code[0] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1);
	code[1] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		code[2 + i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0);
	code[2 + count] = take;
	r = translate(code, count + 3, &insns_count);
	free(code);
	return r;
}

static void jump_that_would_be_too_far_is_refused(void **state)
{
	(void)state;

	assert_int_equal(jump_over(0), 0);
	assert_int_equal(jump_over(FEW_INSNS), 0);
	assert_int_equal(jump_over(INSNS_MAX - 3), -E2BIG);
}

static void jumps_go_anywhere_forward_but_out_of_the_program(void **state)
{
	static const uint16_t comparisons[] = { BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };

	(void)state;

	for (uint32_t jt = 0; jt < 256; jt++) {
		for (uint32_t jf = 0; jf < 256; jf++) {
			struct sock_filter jump = BPF_JUMP(BPF_JMP | comparisons[jt % 4] |
								   (jf & BPF_X),
							   7, (uint8_t)jt, (uint8_t)jf);
			int r = TRANSLATE(jump, take, take, take);

			assert_int_equal(r, jt < 3 && jf < 3 ? 0 : -EINVAL);
		}
	}
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		struct sock_filter jump = BPF_STMT(BPF_JMP | BPF_JA, edges[i]);

		assert_int_equal(TRANSLATE(jump, take, take), edges[i] < 2 ? 0 : -EINVAL);
	}
}

static void program_that_runs_off_its_end_is_refused(void **state)
{
	struct sock_filter load = BPF_STMT(BPF_LD | BPF_IMM, 1);
	struct sock_filter to_end = BPF_STMT(BPF_JMP | BPF_JA, 1);

	(void)state;

	assert_int_equal(TRANSLATE(load), -EINVAL);
	assert_int_equal(TRANSLATE(to_end, take), -EINVAL);
	assert_int_equal(TRANSLATE(to_end, take, load), -EINVAL);
	assert_int_equal(TRANSLATE(take, load), 0); /* which nothing leads to */
}

static void what_cannot_be_reached_may_be_anything(void **state)
{
	struct sock_filter over = BPF_STMT(BPF_JMP | BPF_JA, 1);
	struct sock_filter both = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 1);
	struct sock_filter one = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	struct sock_filter beyond = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0x80000000);
	struct sock_filter unknown = { .code = 0xffff, .k = 1 };

	(void)state;

	assert_int_equal(TRANSLATE(over, unknown, take), 0);
	assert_int_equal(TRANSLATE(both, unknown, take), 0);
	assert_int_equal(TRANSLATE(one, unknown, take), -EINVAL);
	assert_int_equal(TRANSLATE(take, unknown), 0);
	assert_int_equal(TRANSLATE(beyond, unknown), 0); /* it rejects every packet */
}

/* Whether a translation calls for the program that takes the packet. */
static bool goes_on(const struct sock_filter *code, size_t count)
{
	struct bpf_insn *insns = NULL;
	bool calls = false, names_slots = false;
	size_t insns_count;

	assert_int_equal(tt_translate(code, count, maps, &insns, &insns_count, NULL), 0);
	for (size_t i = 0; i < insns_count; i++) {
		if (insns[i].code == (BPF_JMP | BPF_CALL) && insns[i].imm == BPF_FUNC_tail_call)
			calls = true;
		if (insns[i].code == (BPF_LD | BPF_DW)) {
			assert_int_equal(insns[i].src_reg, BPF_PSEUDO_MAP_FD);
			names_slots |= insns[i].imm == SLOTS_FD;
		}
	}
	free(insns);
	assert_int_equal(calls, names_slots);
	return calls;
}

static void program_goes_on_only_if_it_may_take_a_packet(void **state)
{
	const struct sock_filter takes[] = { BPF_STMT(BPF_RET | BPF_K, 1) };
	const struct sock_filter rejects[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	const struct sock_filter may[] = { BPF_STMT(BPF_RET | BPF_A, 0) };
	const struct sock_filter never[] = { BPF_STMT(BPF_RET | BPF_K, 0),
					     BPF_STMT(BPF_RET | BPF_K, 1) };

	(void)state;

	assert_true(goes_on(takes, 1));
	assert_false(goes_on(rejects, 1));
	assert_true(goes_on(may, 1));
	assert_false(goes_on(never, 2));
}

static void random_programs_are_translated(void **state)
{
	struct tt_classic_code code;
	struct tt_random random;
	size_t count;

	(void)state;

	tt_random_init(&random, SEED);
	for (uint32_t i = 0; i < RANDOM_PROGRAMS_COUNT; i++) {
		tt_classic_code_generate(&random, &code);
		assert_int_equal(translate(code.insns, code.count, &count), 0);
		/* Its end is needed, wherever it is cut; and no random bit does harm. */
		(void)translate(code.insns, 1 + tt_random_below(&random, (uint32_t)code.count),
				&count);
		((uint8_t *)code.insns)[tt_random_below(
			&random, (uint32_t)(code.count * sizeof(code.insns[0])))] ^=
			(uint8_t)(1U << tt_random_below(&random, 8));
		(void)translate(code.insns, code.count, &count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_is_known_or_refused_at_every_edge),
		cmocka_unit_test(program_is_of_one_to_4096_instructions),
		cmocka_unit_test(jump_that_would_be_too_far_is_refused),
		cmocka_unit_test(jumps_go_anywhere_forward_but_out_of_the_program),
		cmocka_unit_test(program_that_runs_off_its_end_is_refused),
		cmocka_unit_test(what_cannot_be_reached_may_be_anything),
		cmocka_unit_test(program_goes_on_only_if_it_may_take_a_packet),
		cmocka_unit_test(random_programs_are_translated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
