/* SPDX-License-Identifier: MIT */

/*
 * Words into a buffer of fixed size
 *
 * A writer appends and never overruns. Once something did not fit, everything that
 * follows is left out too and is_full says so: a caller checks once, at the end.
 * No NUL is kept: tt_text_end() adds one where a string is wanted.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tt_text {
	char *bytes; /* borrowed */
	size_t room_bytes;
	size_t length;
	bool is_full;
};

/* A writer over @bytes, empty. */
struct tt_text tt_text_over(char *bytes, size_t room_bytes);

/* Each appends, or sets is_full and leaves the text as it was. */
void tt_text_put_char(struct tt_text *text, char c);
void tt_text_put_bytes(struct tt_text *text, const char *bytes, size_t bytes_count);
void tt_text_put_string(struct tt_text *text, const char *string);
void tt_text_put_decimal(struct tt_text *text, uint64_t value);
/* At least @digits digits, zeros in front. */
void tt_text_put_decimal_padded(struct tt_text *text, uint64_t value, unsigned int digits);
/* Two lower-case hexadecimal digits a byte. */
void tt_text_put_hex(struct tt_text *text, const uint8_t *bytes, size_t bytes_count);
/* A JSON string with its quotes; bytes that are no printable ASCII as \u00XX. */
void tt_text_put_json_string(struct tt_text *text, const char *string);

/* Ends the text with a NUL, cutting its last byte if there is no room for it. */
void tt_text_end(struct tt_text *text);
