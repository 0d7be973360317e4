/* SPDX-License-Identifier: MIT */

/*
 * A time as text: 2026-11-20T21:59:01.123456789Z
 *
 * Datagrams come in the order of time, thousands a second: the text of the last
 * second is kept, and a stamp then costs a copy and nine digits.
 */

#pragma once

#include <stdint.h>

#include "base/text.h"

enum {
	TT_STAMP_SECOND_LENGTH = 20, /* "2026-11-20T21:59:01." */
};

struct tt_stamp {
	int64_t second; /* the second that the text is of */
	char text[TT_STAMP_SECOND_LENGTH];
};

/* Appends the nanoseconds since 1970 as a time in UTC, in the proleptic Gregorian calendar. */
void tt_stamp_put(struct tt_stamp *stamp, struct tt_text *text, int64_t time_ns);

/* Of no second yet: any first stamp makes its text. */
struct tt_stamp tt_stamp_none(void);
