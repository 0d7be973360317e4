/* SPDX-License-Identifier: MIT */

/*
 * Words into a buffer of fixed size
 *
 * A writer appends and never overruns. Once something did not fit, everything that
 * follows is left out too and is_full says so: a caller checks once, at the end.
 * No NUL is kept: tt_text_end() adds one where a string is wanted.
 *
 * What appends words known when it is compiled is inline: their copies become a few
 * moves, where a call of strlen(3) and memcpy(3) each would double a line's cost.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	TT_TEXT_DIGITS_MAX = 20, /* of 2^64 - 1 */
};

struct tt_text {
	char *bytes; /* borrowed */
	size_t room_bytes;
	size_t length;
	bool is_full;
};

/* A writer over @bytes, empty. */
struct tt_text tt_text_over(char *bytes, size_t room_bytes);

/* Room for @count more bytes, which the caller fills in; or NULL, and the text is full. */
static inline char *tt_text_reserve(struct tt_text *text, size_t count)
{
	char *place;

	if (text->is_full || count > text->room_bytes - text->length) {
		text->is_full = true;
		return NULL;
	}

	place = text->bytes + text->length;
	text->length += count;
	return place;
}

/* Each appends, or sets is_full and leaves the text as it was. */
static inline void tt_text_put_char(struct tt_text *text, char c)
{
	char *place = tt_text_reserve(text, 1);

	if (place)
		*place = c;
}

static inline void tt_text_put_bytes(struct tt_text *text, const char *bytes, size_t bytes_count)
{
	char *place = tt_text_reserve(text, bytes_count);

	if (place)
		memcpy(place, bytes, bytes_count);
}

static inline void tt_text_put_string(struct tt_text *text, const char *string)
{
	tt_text_put_bytes(text, string, strlen(string));
}

/* At least @digits digits, zeros in front; @digits is 1 to TT_TEXT_DIGITS_MAX. */
void tt_text_put_decimal_padded(struct tt_text *text, uint64_t value, unsigned int digits);

static inline void tt_text_put_decimal(struct tt_text *text, uint64_t value)
{
	if (value < 10)
		tt_text_put_char(text, (char)('0' + value));
	else
		tt_text_put_decimal_padded(text, value, 2);
}

/* Two lower-case hexadecimal digits a byte. */
void tt_text_put_hex(struct tt_text *text, const uint8_t *bytes, size_t bytes_count);
/* A JSON string with its quotes; bytes that are no printable ASCII as \u00XX. */
void tt_text_put_json_bytes(struct tt_text *text, const char *bytes, size_t bytes_count);
void tt_text_put_json_string(struct tt_text *text, const char *string);
/* One field of a line: blanks, backslashes and bytes that are no printable ASCII as \xXX. */
void tt_text_put_word(struct tt_text *text, const char *bytes, size_t bytes_count);

/* Ends the text with a NUL, cutting its last byte if there is no room for it. */
void tt_text_end(struct tt_text *text);
