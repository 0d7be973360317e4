/* SPDX-License-Identifier: MIT */

/*
 * Words into a buffer of fixed size
 *
 * Written for lines that are made once a datagram: digits go straight to their
 * place, and printf(3) is not called.
 */

#include "base/text.h"

#include <assert.h>

static const char hex_digits[] = "0123456789abcdef";

/* Two digits a division: it halves what numbers cost. */
static const char digit_pairs[] = "0001020304050607080910111213141516171819"
				  "2021222324252627282930313233343536373839"
				  "4041424344454647484950515253545556575859"
				  "6061626364656667686970717273747576777879"
				  "8081828384858687888990919293949596979899";

static const uint64_t powers_of_ten[TT_TEXT_DIGITS_MAX] = {
	UINT64_C(1),
	UINT64_C(10),
	UINT64_C(100),
	UINT64_C(1000),
	UINT64_C(10000),
	UINT64_C(100000),
	UINT64_C(1000000),
	UINT64_C(10000000),
	UINT64_C(100000000),
	UINT64_C(1000000000),
	UINT64_C(10000000000),
	UINT64_C(100000000000),
	UINT64_C(1000000000000),
	UINT64_C(10000000000000),
	UINT64_C(100000000000000),
	UINT64_C(1000000000000000),
	UINT64_C(10000000000000000),
	UINT64_C(100000000000000000),
	UINT64_C(1000000000000000000),
	UINT64_C(10000000000000000000),
};

struct tt_text tt_text_over(char *bytes, size_t room_bytes)
{
	return (struct tt_text){ .bytes = bytes, .room_bytes = room_bytes };
}

void tt_text_put_decimal_padded(struct tt_text *text, uint64_t value, unsigned int digits)
{
	size_t count = digits;
	char *place;

	assert(digits > 0 && digits <= TT_TEXT_DIGITS_MAX);

	/* Counted first, so that each digit is written once, where it belongs. */
	while (count < TT_TEXT_DIGITS_MAX && value >= powers_of_ten[count])
		count++;
	place = tt_text_reserve(text, count);
	if (!place)
		return;

	for (; count >= 2; value /= 100) {
		count -= 2;
		memcpy(place + count, digit_pairs + 2 * (value % 100), 2);
	}
	if (count > 0)
		*place = (char)('0' + value % 10);
}

void tt_text_put_hex(struct tt_text *text, const uint8_t *bytes, size_t bytes_count)
{
	char *place = tt_text_reserve(text, 2 * bytes_count);

	for (size_t i = 0; place && i < bytes_count; i++) {
		*place++ = hex_digits[bytes[i] >> 4];
		*place++ = hex_digits[bytes[i] & 15];
	}
}

static bool is_plain(char c)
{
	return c > 0x20 && c < 0x7f && c != '\\';
}

/* "@prefixXX" for one byte. */
static void put_escape(struct tt_text *text, const char *prefix, char c)
{
	uint8_t byte = (uint8_t)c;

	tt_text_put_string(text, prefix);
	tt_text_put_hex(text, &byte, 1);
}

void tt_text_put_json_bytes(struct tt_text *text, const char *bytes, size_t bytes_count)
{
	size_t start = text->length;

	tt_text_put_char(text, '"');
	for (size_t i = 0; i < bytes_count; i++) {
		if (bytes[i] == '"')
			tt_text_put_bytes(text, "\\\"", 2);
		else if (bytes[i] == '\\')
			tt_text_put_bytes(text, "\\\\", 2);
		else if (bytes[i] == ' ' || is_plain(bytes[i]))
			tt_text_put_char(text, bytes[i]);
		else
			put_escape(text, "\\u00", bytes[i]);
	}
	tt_text_put_char(text, '"');

	if (text->is_full)
		text->length = start; /* half a string would be taken for a whole one */
}

void tt_text_put_json_string(struct tt_text *text, const char *string)
{
	tt_text_put_json_bytes(text, string, strlen(string));
}

void tt_text_put_word(struct tt_text *text, const char *bytes, size_t bytes_count)
{
	size_t start = text->length;

	for (size_t i = 0; i < bytes_count; i++) {
		if (is_plain(bytes[i]))
			tt_text_put_char(text, bytes[i]);
		else
			put_escape(text, "\\x", bytes[i]);
	}

	if (text->is_full)
		text->length = start;
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
