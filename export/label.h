/* SPDX-License-Identifier: MIT */

/*
 * The value of a label in the text exposition format of Prometheus
 *
 * Any bytes become a value that is UTF-8 and harmless on a terminal: well-formed UTF-8
 * stays, whereas control characters (but for the newline, which has an escape of its
 * own) and bytes that are no UTF-8 read as \xNN. One bad byte would have the reader
 * refuse the whole text.
 */

#pragma once

#include <stddef.h>

#include "base/text.h"

enum {
	TT_LABEL_ESCAPED_MAX = 5, /* bytes that one becomes: \\xNN */
};

/* Appends the value, without its quotes. */
void tt_label_put(struct tt_text *text, const char *bytes, size_t bytes_count);
