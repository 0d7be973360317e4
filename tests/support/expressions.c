/* SPDX-License-Identifier: MIT */

/*
 * Filter expressions, written out, and what is unusual of their programs
 */

#include "tests/support/expressions.h"

#include <assert.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a load's offset stops being one into the packet, as the kernel sees it. */
#define ANCILLARY_START ((uint32_t)SKF_AD_OFF)
#define NEGATIVE_START  UINT32_C(0x80000000)

static void put(FILE *stream, const char *text)
{
	if (text)
		fputs(text, stream);
}

static void put_term(FILE *stream, const char *term, uint32_t number)
{
	for (const char *c = term; *c; c++) {
		if (*c == '#')
			fprintf(stream, "%u", number);
		else
			fputc(*c, stream);
	}
}

/* A test without memory cannot go on. */
static char *require(char *text)
{
	if (!text)
		abort();
	return text;
}

static char *write_out(const struct tt_expression_form *form)
{
	char *text = NULL;
	size_t text_bytes;
	FILE *stream = open_memstream(&text, &text_bytes);

	if (!stream)
		abort();

	put(stream, form->before);
	for (uint32_t i = 0; i < form->count; i++) {
		if (i > 0)
			put(stream, form->joint);
		put_term(stream, form->term, form->first + i);
	}
	put(stream, form->core);
	for (uint32_t i = 0; i < form->count; i++)
		put(stream, form->close);
	put(stream, form->after);

	if (fclose(stream) != 0)
		abort();
	return require(text);
}

static uint32_t traits_of_load(const struct bpf_insn *instruction)
{
	if (BPF_MODE(instruction->code) == BPF_IND)
		return TT_TRAIT_INDIRECT;
	if (BPF_MODE(instruction->code) != BPF_ABS && BPF_MODE(instruction->code) != BPF_MSH)
		return 0;
	if (instruction->k >= ANCILLARY_START)
		return TT_TRAIT_ANCILLARY;
	return instruction->k >= NEGATIVE_START ? TT_TRAIT_NEGATIVE_OFFSET : 0;
}

static uint32_t traits_of_arithmetic(const struct bpf_insn *instruction)
{
	if (BPF_SRC(instruction->code) != BPF_X)
		return 0;

	switch (BPF_OP(instruction->code)) {
	case BPF_DIV:
	case BPF_MOD:
		return TT_TRAIT_DIVISION_BY_VALUE;
	case BPF_LSH:
	case BPF_RSH:
		return TT_TRAIT_SHIFT_BY_VALUE;
	default:
		return 0;
	}
}

static uint32_t traits_of(const struct bpf_insn *instruction)
{
	switch (BPF_CLASS(instruction->code)) {
	case BPF_LD:
	case BPF_LDX:
		return traits_of_load(instruction);
	case BPF_ST:
	case BPF_STX:
		return TT_TRAIT_SCRATCH;
	case BPF_ALU:
		return traits_of_arithmetic(instruction);
	case BPF_JMP:
		if (BPF_OP(instruction->code) != BPF_JA)
			return 0;
		return (int32_t)instruction->k < 0 ? TT_TRAIT_BACKWARD_JUMP : TT_TRAIT_FAR_JUMP;
	default:
		return 0;
	}
}

size_t tt_expressions_count(void)
{
	return tt_expression_texts_count + tt_expression_forms_count;
}

size_t tt_refused_count(void)
{
	return tt_refused_texts_count + tt_refused_forms_count;
}

char *tt_expression_write_out(size_t index)
{
	assert(index < tt_expressions_count());

	if (index < tt_expression_texts_count)
		return require(strdup(tt_expression_texts[index]));
	return write_out(&tt_expression_forms[index - tt_expression_texts_count]);
}

char *tt_refused_write_out(size_t index, enum tt_refusal *ret_refusal, enum tt_refused_by *ret_by)
{
	const struct tt_refused_form *refused;

	assert(index < tt_refused_count());

	if (index < tt_refused_texts_count) {
		*ret_refusal = tt_refused_texts[index].refusal;
		*ret_by = tt_refused_texts[index].by;
		return require(strdup(tt_refused_texts[index].text));
	}
	refused = &tt_refused_forms[index - tt_refused_texts_count];
	*ret_refusal = refused->refusal;
	*ret_by = refused->by;
	return write_out(&refused->form);
}

uint32_t tt_expression_traits(const struct bpf_program *program)
{
	uint32_t traits = program->bf_len > TT_EXPRESSION_CODE_MAX ? TT_TRAIT_TOO_LONG : 0;

	for (u_int i = 0; i < program->bf_len; i++)
		traits |= traits_of(&program->bf_insns[i]);
	return traits;
}
