/* SPDX-License-Identifier: MIT */

/*
 * The pattern of a trace's file names: read, written out, recognised
 *
 * What is the same for all files of a run (%h, %%) is written out when the pattern is
 * read. What is left are bytes that stand for themselves, numbers of fixed width, and %N,
 * which has six digits or, beyond 999999, as many as it needs. So a name's length alone tells
 * how wide its %N is, and nothing has to be tried.
 *
 * Invariant 1: a name that was written out matches, and gives its number again.
 * Invariant 2: no name has a "/" in it, nor is longer than a folder takes.
 * Invariant 3: no name is also the hidden name of another: hidden names begin with "." and
 *              end in ".part", and a pattern of such names is refused.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twintap/error.h"

enum {
	TT_PATTERN_NAME_BYTES = 256, /* the longest name of a folder, and its NUL */
	TT_PATTERN_ELEMENTS_MAX = TT_PATTERN_NAME_BYTES - 1, /* each is a byte of a name at least */
	TT_PATTERN_NUMBER_DIGITS_MAX = 18,
};

/* The last %N there is. */
#define TT_PATTERN_NUMBER_MAX UINT64_C(999999999999999999)

/* What is known before the first file. Borrowed while the pattern is read. */
struct tt_pattern_values {
	const char *host; /* of %h */
	bool is_rotated;  /* wants %N and hidden names */
};

struct tt_pattern {
	struct tt_pattern_element {
		char conversion; /* 0: the byte stands for itself */
		char byte;
	} elements[TT_PATTERN_ELEMENTS_MAX];
	size_t elements_count;
	size_t fixed_bytes; /* of a name, without its %N */
	size_t numbers_count;
	bool has_time;
};

/* Reads the last component of a path. 0, or -EINVAL in words. */
int tt_pattern_parse(struct tt_pattern *pattern, const char *text,
		     const struct tt_pattern_values *values, struct tt_error *reterr);

/* Whether a conversion, or a percent sign written twice, is in the @text_bytes of @text. */
bool tt_pattern_has_conversion(const char *text, size_t text_bytes);

/*
 * The name of file @number, opened at @time_ns (UTC). 0; -ENAMETOOLONG for a number that has become
 * too wide; -EOVERFLOW for one above TT_PATTERN_NUMBER_MAX.
 */
int tt_pattern_expand(const struct tt_pattern *pattern, uint64_t number, int64_t time_ns,
		      char name[static TT_PATTERN_NAME_BYTES]);

/* @name, which matches, under another number; the same place may be given twice. As above. */
int tt_pattern_renumber(const struct tt_pattern *pattern, const char *name, uint64_t number,
			char renumbered[static TT_PATTERN_NAME_BYTES]);

/* Whether @name is one of the pattern's, and its %N (0 without one). */
bool tt_pattern_match(const struct tt_pattern *pattern, const char *name, uint64_t *ret_number);

/* Under which name a file is written before it is complete. 0, or -ENAMETOOLONG. */
int tt_pattern_hide(const char *name, char hidden[static TT_PATTERN_NAME_BYTES]);

/* Whether @hidden is such a name, and of which one. */
bool tt_pattern_match_hidden(const struct tt_pattern *pattern, const char *hidden,
			     char name[static TT_PATTERN_NAME_BYTES], uint64_t *ret_number);
