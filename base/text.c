/* SPDX-License-Identifier: MIT */

/*
 * Words into a buffer of fixed size
 *
 * Written for lines that are made once a datagram: digits go straight to their
 * place, and printf(3) is not called.
 */

#include "base/text.h"

#include <string.h>

enum {
	DECIMAL_DIGITS_MAX = 20, /* of 2^64 - 1 */
};

static const char hex_digits[] = "0123456789abcdef";

struct tt_text tt_text_over(char *bytes, size_t room_bytes)
{
	return (struct tt_text){ .bytes = bytes, .room_bytes = room_bytes };
}

/* Room for @count more bytes, or NULL, from when on the text is full. */
static char *reserve(struct tt_text *text, size_t count)
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

void tt_text_put_char(struct tt_text *text, char c)
{
	char *place = reserve(text, 1);

	if (place)
		*place = c;
}

void tt_text_put_bytes(struct tt_text *text, const char *bytes, size_t bytes_count)
{
	char *place = reserve(text, bytes_count);

	if (place)
		memcpy(place, bytes, bytes_count);
}

void tt_text_put_string(struct tt_text *text, const char *string)
{
	tt_text_put_bytes(text, string, strlen(string));
}

void tt_text_put_decimal(struct tt_text *text, uint64_t value)
{
	tt_text_put_decimal_padded(text, value, 1);
}

void tt_text_put_decimal_padded(struct tt_text *text, uint64_t value, unsigned int digits)
{
	char reversed[DECIMAL_DIGITS_MAX];
	unsigned int count = 0;
	char *place;

	do {
		reversed[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	while (count < digits && count < sizeof(reversed))
		reversed[count++] = '0';

	place = reserve(text, count);
	while (place && count > 0)
		*place++ = reversed[--count];
}

void tt_text_put_hex(struct tt_text *text, const uint8_t *bytes, size_t bytes_count)
{
	char *place = reserve(text, 2 * bytes_count);

	for (size_t i = 0; place && i < bytes_count; i++) {
		*place++ = hex_digits[bytes[i] >> 4];
		*place++ = hex_digits[bytes[i] & 15];
	}
}

void tt_text_put_json_string(struct tt_text *text, const char *string)
{
	tt_text_put_char(text, '"');
	for (const char *c = string; *c; c++) {
		uint8_t byte = (uint8_t)*c;

		if (byte == '"' || byte == '\\') {
			tt_text_put_char(text, '\\');
			tt_text_put_char(text, *c);
		} else if (byte < 0x20 || byte > 0x7e) {
			tt_text_put_string(text, "\\u00");
			tt_text_put_hex(text, &byte, 1);
		} else {
			tt_text_put_char(text, *c);
		}
	}
	tt_text_put_char(text, '"');
}

void tt_text_end(struct tt_text *text)
{
	if (text->room_bytes == 0)
		return;
	if (text->length == text->room_bytes) {
		text->length--;
		text->is_full = true;
	}
	text->bytes[text->length] = '\0';
}
