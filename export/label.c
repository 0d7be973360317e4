/* SPDX-License-Identifier: MIT */

/*
 * The value of a label in the text exposition format of Prometheus
 */

#include "export/label.h"

#include <stdbool.h>
#include <stdint.h>

static bool is_continuation(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

/* How many bytes a character has that begins with @first; 0: none does. */
static size_t count_announced(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* The second byte tells overlong forms, surrogates and what is above U+10FFFF; and U+0080 to
   U+009F, which are control characters. */
static bool is_second(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xc2:
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return is_continuation(second);
	}
}

/* How many bytes at @bytes are one character that may stay as it is; 0: none. */
static size_t count_plain(const char *bytes, size_t bytes_count)
{
	uint8_t first = (uint8_t)bytes[0];
	size_t count = count_announced(first);

	if (count == 1)
		return first >= 0x20 && first != 0x7f;
	if (count == 0 || count > bytes_count || !is_second(first, (uint8_t)bytes[1]))
		return 0;
	for (size_t i = 2; i < count; i++) {
		if (!is_continuation((uint8_t)bytes[i]))
			return 0;
	}
	return count;
}

void tt_label_put(struct tt_text *text, const char *bytes, size_t bytes_count)
{
	for (size_t i = 0; i < bytes_count;) {
		size_t plain_count = count_plain(bytes + i, bytes_count - i);

		if (bytes[i] == '\\' || bytes[i] == '"') {
			tt_text_put_char(text, '\\');
			tt_text_put_char(text, bytes[i]);
		} else if (bytes[i] == '\n') {
			tt_text_put_string(text, "\\n");
		} else if (plain_count > 0) {
			tt_text_put_bytes(text, bytes + i, plain_count);
		} else {
			tt_text_put_string(text, "\\\\x");
			tt_text_put_hex(text, (const uint8_t *)bytes + i, 1);
		}
		i += plain_count > 0 ? plain_count : 1;
	}
}
