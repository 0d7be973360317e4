/* SPDX-License-Identifier: MIT */

/*
 * Words into a buffer of fixed size
 *
 * Every writer is tried with each room from nothing to more than enough. The room is
 * a heap block of exactly that size, so that a byte too far is a report of the address
 * sanitizer. What fits must be there whole, what does not must leave no trace.
 */

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/json_check.h"
#include "tests/unit/cmocka_all.h"

enum {
	ROOM_BYTES_MAX = 64,
};

typedef void put_fn(struct tt_text *text);

/* "ab" first, then what @put writes: @expected as a whole, or nothing. */
static void check_in_every_room(put_fn *put, const char *expected)
{
	size_t length = strlen(expected);

	assert_true(length + 2 < ROOM_BYTES_MAX);
	for (size_t room_bytes = 2; room_bytes < ROOM_BYTES_MAX; room_bytes++) {
		char *room = malloc(room_bytes);
		struct tt_text text = tt_text_over(room, room_bytes);

		assert_non_null(room);
		tt_text_put_bytes(&text, "ab", 2);
		put(&text);

		assert_int_equal(text.is_full, room_bytes < length + 2);
		assert_int_equal(text.length, text.is_full ? 2 : length + 2);
		assert_memory_equal(text.bytes, "ab", 2);
		assert_memory_equal(text.bytes + 2, expected, text.length - 2);
		free(room);
	}
}

static void put_char(struct tt_text *text)
{
	tt_text_put_char(text, 'x');
}

static void put_string(struct tt_text *text)
{
	tt_text_put_string(text, "some words");
}

static void put_largest(struct tt_text *text)
{
	tt_text_put_decimal(text, UINT64_MAX);
}

static void put_padded(struct tt_text *text)
{
	tt_text_put_decimal_padded(text, 7, TT_TEXT_DIGITS_MAX);
}

static void put_hex(struct tt_text *text)
{
	tt_text_put_hex(text, (const uint8_t *)"\x00\x7f\x80\xff", 4);
}

static void put_json(struct tt_text *text)
{
	tt_text_put_json_string(text, "a\"b\\c\n\x7f\xff d");
}

static void put_word(struct tt_text *text)
{
	tt_text_put_word(text, "a b\\c\n\x1b\xff\"", 9);
}

static void each_writer_appends_the_whole_or_nothing(void **state)
{
	(void)state;

	check_in_every_room(put_char, "x");
	check_in_every_room(put_string, "some words");
	check_in_every_room(put_largest, "18446744073709551615");
	check_in_every_room(put_padded, "00000000000000000007");
	check_in_every_room(put_hex, "007f80ff");
	check_in_every_room(put_json, "\"a\\\"b\\\\c\\u000a\\u007f\\u00ff d\"");
	check_in_every_room(put_word, "a\\x20b\\x5cc\\x0a\\x1b\\xff\"");
}

static void nothing_follows_what_did_not_fit(void **state)
{
	char room[8];
	struct tt_text text = tt_text_over(room, sizeof(room));

	(void)state;

	tt_text_put_string(&text, "123456");
	tt_text_put_string(&text, "789");
	assert_true(text.is_full);

	tt_text_put_char(&text, 'x');
	tt_text_put_decimal(&text, 1);
	tt_text_put_hex(&text, (const uint8_t *)"", 1);
	tt_text_put_json_string(&text, "");
	tt_text_put_word(&text, "x", 1);
	assert_int_equal(text.length, 6);
	assert_memory_equal(room, "123456", 6);
}

static void decimals_are_those_of_printf(void **state)
{
	(void)state;

	for (unsigned int bit = 0; bit <= 64; bit++) {
		for (int step = -1; step <= 1; step++) {
			uint64_t value = (bit < 64 ? UINT64_C(1) << bit : 0) + (uint64_t)step;
			char expected[ROOM_BYTES_MAX];
			char room[ROOM_BYTES_MAX];
			struct tt_text text = tt_text_over(room, sizeof(room));

			(void)snprintf(expected, sizeof(expected), "%" PRIu64 " %09" PRIu64, value,
				       value);
			tt_text_put_decimal(&text, value);
			tt_text_put_char(&text, ' ');
			tt_text_put_decimal_padded(&text, value, 9);
			tt_text_end(&text);
			assert_string_equal(room, expected);
		}
	}
}

static void every_byte_makes_a_json_string_of_ascii(void **state)
{
	(void)state;

	for (int byte = 0; byte <= UINT8_MAX; byte++) {
		char hostile[3] = { 'a', (char)byte, 'z' };
		char room[16];
		struct tt_text text = tt_text_over(room, sizeof(room));

		tt_text_put_json_bytes(&text, hostile, sizeof(hostile));
		assert_false(text.is_full);
		assert_true(tt_json_is_strict(room, text.length));
	}
}

static void every_byte_makes_a_word_without_blanks_that_can_be_read_back(void **state)
{
	(void)state;

	for (int byte = 0; byte <= UINT8_MAX; byte++) {
		char hostile = (char)byte;
		char room[8];
		struct tt_text text = tt_text_over(room, sizeof(room));
		unsigned long read_back;

		tt_text_put_word(&text, &hostile, 1);
		tt_text_end(&text);
		assert_false(text.is_full);
		for (size_t i = 0; i < text.length; i++)
			assert_true(room[i] > 0x20 && room[i] < 0x7f);
		if (text.length == 1)
			read_back = (uint8_t)room[0];
		else
			read_back = strtoul(room + strlen("\\x"), NULL, 16);
		assert_int_equal(read_back, byte);
	}
}

static void end_keeps_the_words_when_there_is_room_for_its_nul(void **state)
{
	char room[4] = "....";
	struct tt_text text = tt_text_over(room, sizeof(room));

	(void)state;

	tt_text_put_string(&text, "abc");
	tt_text_end(&text);
	assert_false(text.is_full);
	assert_string_equal(room, "abc");
	assert_int_equal(text.length, 3);
}

static void end_cuts_the_last_byte_when_there_is_none(void **state)
{
	char room[4] = "....";
	struct tt_text text = tt_text_over(room, sizeof(room));

	(void)state;

	tt_text_put_string(&text, "abcd");
	tt_text_end(&text);
	assert_true(text.is_full);
	assert_string_equal(room, "abc");
	assert_int_equal(text.length, 3);
}

static void a_text_without_room_takes_nothing_and_is_left_alone(void **state)
{
	struct tt_text text = tt_text_over(NULL, 0);

	(void)state;

	tt_text_put_bytes(&text, "a", 1);
	tt_text_put_decimal(&text, 1);
	tt_text_end(&text);
	assert_true(text.is_full);
	assert_int_equal(text.length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_writer_appends_the_whole_or_nothing),
		cmocka_unit_test(nothing_follows_what_did_not_fit),
		cmocka_unit_test(decimals_are_those_of_printf),
		cmocka_unit_test(every_byte_makes_a_json_string_of_ascii),
		cmocka_unit_test(every_byte_makes_a_word_without_blanks_that_can_be_read_back),
		cmocka_unit_test(end_keeps_the_words_when_there_is_room_for_its_nul),
		cmocka_unit_test(end_cuts_the_last_byte_when_there_is_none),
		cmocka_unit_test(a_text_without_room_takes_nothing_and_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
