/* SPDX-License-Identifier: MIT */

/*
 * Words to people
 *
 * Words go to standard error, a line at a time, with the program's name in front and
 * each line in one write. They quote what users and the kernel named, so every byte
 * that a terminal might act on is escaped, here and nowhere else. Standard output
 * carries data only.
 */

#pragma once

#include <stddef.h>

#include "twintap/error.h"

enum {
	TT_REMARK_BYTES = 2048, /* longer lines are cut, and say so */
};

/* A line that is put together in steps; empty when zeroed. */
struct tt_remark {
	char text[TT_REMARK_BYTES];
	size_t length;
};

void tt_remark_add(struct tt_remark *remark, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Writes the line. What standard error does not take is lost: there is nobody to tell. */
void tt_remark_say(const struct tt_remark *remark);

/* Writes one line at once. */
void tt_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Copies @text with everything but printable ASCII as \xNN and each backslash doubled; cuts
 * at @printable_bytes, and returns @printable.
 */
const char *tt_make_printable(const char *text, char *printable, size_t printable_bytes);

/* Words a failure and returns @code: what the library's own tt_error_set() is to the library. */
int tt_word_error(struct tt_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Writes out what stdio holds for standard output and returns the status to end with. A
 * reader that went away is no failure.
 */
int tt_finish_output(void);
