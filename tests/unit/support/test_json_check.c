/* SPDX-License-Identifier: MIT */

/*
 * Whether a text is strict JSON
 *
 * The tests of every output rest on this checker, so it is tried with texts that are
 * JSON and with texts that nearly are. Each text lies in a heap block of exactly its
 * size, so that a read past its end is a report of the address sanitizer. Not covered:
 * what the checker leaves to others, the meaning of escapes and the size of numbers.
 */

#include "tests/support/json_check.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

static bool is_strict(const char *text, size_t length)
{
	char *copy = malloc(length ? length : 1);
	bool is_valid;

	assert_non_null(copy);
	memcpy(copy, text, length);
	is_valid = tt_json_is_strict(copy, length);
	free(copy);
	return is_valid;
}

static void json_is_accepted(void **state)
{
	static const char *const texts[] = {
		"0",
		"-0",
		"18446744073709551615",
		"-1.5e+10",
		"1E-2",
		"\"\"",
		"\" !\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fF\"",
		"true",
		"false",
		"null",
		"[]",
		"{}",
		"[1,[2,{}],null]",
		"{\"a\":{\"a\":1},\"b\":[true,false]}",
	};

	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!is_strict(texts[i], strlen(texts[i])))
			fail_msg("refused: %s", texts[i]);
	}
}

static void what_is_no_json_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"01",
		"+1",
		".5",
		"1.",
		"1e",
		"-",
		"0x1",
		"nul",
		"True",
		"NaN",
		"'a'",
		"\"",
		"\"\\",
		"\"\\x41\"",
		"\"\\u00g0\"",
		"\"\\u123\"",
		"\"\t\"",
		"\"\n\"",
		"\"\x7f\"",
		"\"\xc3\xa9\"",
		"[1,]",
		"[1 ,2]",
		"[",
		"]",
		"[1}",
		"{",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{a:1}",
		"{\"a\":1\"b\":2}",
		"{\"a\":1,\"a\":2}",
		"{}{}",
		"{}\n",
		" {}",
		"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
	};

	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (is_strict(texts[i], strlen(texts[i])))
			fail_msg("accepted: %s", texts[i]);
	}
}

static void a_nul_byte_is_refused_wherever_it_stands(void **state)
{
	(void)state;

	assert_false(is_strict("\0", 1));
	assert_false(is_strict("\"\0\"", 3));
	assert_false(is_strict("\"\\\0\"", 4));
	assert_false(is_strict("\"\\u00\0000\"", 8));
	assert_false(is_strict("{}\0", 3));
}

static void every_beginning_of_an_object_is_refused(void **state)
{
	static const char text[] = "{\"a\":[1.5e3,\"\\u0041\\n\",null,true],\"b\":{}}";

	(void)state;

	for (size_t length = 0; length < strlen(text); length++)
		assert_false(is_strict(text, length));
	assert_true(is_strict(text, strlen(text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_accepted),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(a_nul_byte_is_refused_wherever_it_stands),
		cmocka_unit_test(every_beginning_of_an_object_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
