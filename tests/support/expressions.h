/* SPDX-License-Identifier: MIT */

/*
 * Filter expressions: those that a filter must take, and those that it must refuse
 *
 * All are meant for DLT_RAW, without a netmask, and libpcap 1.10. expression_texts.c and
 * refused_texts.c hold them; a long one stands there as a form, and is written out here.
 *
 * libpcap takes words that mean nothing for an IP packet as if they did. So who refuses an
 * expression stands with it: libpcap itself, whoever looks at the code that libpcap
 * made, or only whoever looks at the words.
 */

#pragma once

#include <pcap/pcap.h>
#include <stddef.h>
#include <stdint.h>

/*
 * before, then count times the term with joint between them, core, count times close, after.
 * '#' in a term is the number first, and one more each time.
 */
struct tt_expression_form {
	uint32_t count;
	uint32_t first;
	const char *before; /* NULL in any of these: nothing */
	const char *term;
	const char *joint;
	const char *core;
	const char *close;
	const char *after;
};

enum tt_refusal {
	TT_REFUSAL_LINK_LAYER,
	TT_REFUSAL_SYNTAX,           /* no expression; numbers out of range too */
	TT_REFUSAL_UNKNOWN_NAME,     /* of a host, service, protocol, network */
	TT_REFUSAL_NOT_TRANSLATABLE, /* an expression, but no program for a packet comes of it */
	TT_REFUSAL_REJECTS_ALL,
	TT_REFUSAL_COUNT,
};

enum tt_refused_by {
	TT_REFUSED_BY_LIBPCAP,
	TT_REFUSED_BY_CODE,  /* TT_TRAIT_ANCILLARY or TT_TRAIT_TOO_LONG */
	TT_REFUSED_BY_WORDS, /* the code is that of a sound expression */
	TT_REFUSED_BY_COUNT,
};

struct tt_refused_text {
	const char *text;
	enum tt_refusal refusal;
	enum tt_refused_by by;
};

struct tt_refused_form {
	struct tt_expression_form form;
	enum tt_refusal refusal;
	enum tt_refused_by by;
};

/* What is unusual of a program. */
enum tt_expression_trait {
	TT_TRAIT_BACKWARD_JUMP = 1 << 0,     /* a loop: protochain. The kernel refuses it */
	TT_TRAIT_SCRATCH = 1 << 1,           /* writes scratch memory */
	TT_TRAIT_ANCILLARY = 1 << 2,         /* an offset from 0xfffff000 on: SKF_AD_OFF */
	TT_TRAIT_NEGATIVE_OFFSET = 1 << 3,   /* another from 0x80000000 on */
	TT_TRAIT_INDIRECT = 1 << 4,          /* loads from an offset out of the packet */
	TT_TRAIT_DIVISION_BY_VALUE = 1 << 5, /* or modulo; of what may be 0 */
	TT_TRAIT_SHIFT_BY_VALUE = 1 << 6,    /* of what may be 32 and more */
	TT_TRAIT_FAR_JUMP = 1 << 7,          /* farther than a conditional jump can say */
	TT_TRAIT_TOO_LONG = 1 << 8,          /* more than 4,096 instructions */
};

enum {
	TT_EXPRESSION_TRAITS_COUNT = 9,
	TT_EXPRESSION_CODE_MAX = 4096, /* the kernel's BPF_MAXINSNS */
};

/* The lists as they stand in their files. */
extern const char *const tt_expression_texts[];
extern const size_t tt_expression_texts_count;
extern const struct tt_expression_form tt_expression_forms[];
extern const size_t tt_expression_forms_count;
extern const struct tt_refused_text tt_refused_texts[];
extern const size_t tt_refused_texts_count;
extern const struct tt_refused_form tt_refused_forms[];
extern const size_t tt_refused_forms_count;

/* How many there are, texts and forms. */
size_t tt_expressions_count(void);
size_t tt_refused_count(void);

/* One of them, written out; the caller frees it. */
char *tt_expression_write_out(size_t index);
char *tt_refused_write_out(size_t index, enum tt_refusal *ret_refusal, enum tt_refused_by *ret_by);

/* The traits of a program, as a set. */
uint32_t tt_expression_traits(const struct bpf_program *program);
