/* SPDX-License-Identifier: MIT */

/*
 * Patterns of file names: read, written out, recognised
 */

#include "trace/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/guard.h"
#include "tests/unit/cmocka_all.h"

/* 2026-11-20T21:59:01.5Z, day 324 */
#define TIME_NS INT64_C(1795211941500000000)

static struct tt_pattern read_pattern(const char *text, bool is_rotated)
{
	struct tt_pattern_values values = { .host = "ho.st", .is_rotated = is_rotated };
	struct tt_error err = TT_ERROR_INIT;
	struct tt_pattern pattern;

	if (tt_pattern_parse(&pattern, text, &values, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	return pattern;
}

static void check_name(const char *text, bool is_rotated, uint64_t number, const char *expected)
{
	struct tt_pattern pattern = read_pattern(text, is_rotated);
	char name[TT_PATTERN_NAME_BYTES];
	uint64_t found = 77;

	assert_int_equal(tt_pattern_expand(&pattern, number, TIME_NS, name), 0);
	assert_string_equal(name, expected);
	assert_true(tt_pattern_match(&pattern, name, &found));
	assert_int_equal(found, pattern.numbers_count > 0 ? number : 0);
}

static void check_refusal(const char *text, const char *host, bool is_rotated, const char *words)
{
	struct tt_pattern_values values = { .host = host, .is_rotated = is_rotated };
	struct tt_error err = TT_ERROR_INIT;
	struct tt_pattern pattern;

	assert_int_equal(tt_pattern_parse(&pattern, text, &values, &err), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	if (!strstr(err.message, words))
		fail_msg("\"%s\" is not in: %s", words, err.message);
}

static void names_are_written_out_as_they_are_documented(void **state)
{
	(void)state;
	check_name("a.pcapng", false, 5, "a.pcapng");
	check_name("a-%N.pcapng", false, 5, "a-000005.pcapng");
	check_name("%Y-%m-%dT%H%M%S_%j", false, 0, "2026-11-20T215901_324");
	check_name("%h_%%", false, 0, "ho.st_%");
	check_name("%N%N", false, 1234567, "12345671234567");
	check_name("a\nb\x80.c", false, 0, "a\nb\x80.c");
}

static void times_before_1970_are_those_of_the_second_that_had_begun(void **state)
{
	struct tt_pattern pattern = read_pattern("%Y%m%d%H%M%S", false);
	char name[TT_PATTERN_NAME_BYTES];

	(void)state;
	assert_int_equal(tt_pattern_expand(&pattern, 0, -1, name), 0);
	assert_string_equal(name, "19691231235959");
	assert_int_equal(tt_pattern_expand(&pattern, 0, -1000000000, name), 0);
	assert_string_equal(name, "19691231235959");
	assert_int_equal(tt_pattern_expand(&pattern, 0, INT64_MIN, name), 0);
	assert_string_equal(name, "16770921001243");
	assert_int_equal(tt_pattern_expand(&pattern, 0, INT64_MAX, name), 0);
	assert_string_equal(name, "22620411234716");
}

static void rotated_names_get_a_number_before_their_ending(void **state)
{
	(void)state;
	check_name("a.pcapng", true, 1, "a-000001.pcapng");
	check_name("a", true, 1, "a-000001");
	check_name(".a", true, 1, ".a-000001");
	check_name("a.", true, 1, "a-000001.");
	check_name("a.b.c", true, 1, "a.b-000001.c");
	check_name("a-%h", true, 1, "a-ho.st-000001"); /* the host's dot is no ending */
	check_name("a%N.b", true, 1, "a000001.b");
	check_name("a.%Y", true, 1, "a-000001.2026");
}

static void numbers_widen_beyond_six_digits(void **state)
{
	(void)state;
	check_name("a-%N.b", true, 999999, "a-999999.b");
	check_name("a-%N.b", true, 1000000, "a-1000000.b");
	check_name("%N%H", true, 12345678, "1234567821");
	check_name("%N", true, TT_PATTERN_NUMBER_MAX, "999999999999999999");
}

static void numbers_and_names_that_are_too_long_are_no_names(void **state)
{
	char text[] =
		"%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N%N";
	struct tt_pattern one = read_pattern("%N", true);
	struct tt_pattern many = read_pattern(text, true);
	char name[TT_PATTERN_NAME_BYTES];

	(void)state;
	assert_int_equal(tt_pattern_expand(&one, TT_PATTERN_NUMBER_MAX + 1, 0, name), -EOVERFLOW);
	assert_int_equal(tt_pattern_expand(&many, 999999, 0, name), 0);
	assert_int_equal(strlen(name), 240);
	assert_int_equal(tt_pattern_expand(&many, 1000000, 0, name), -ENAMETOOLONG);
}

static void bad_patterns_are_refused_each_in_its_own_words(void **state)
{
	(void)state;
	check_refusal("", "h", false, "no name");
	check_refusal("a%", "h", false, "single %: write %%");
	check_refusal("a%s.b", "h", false, "%s is unknown");
	check_refusal("a%%%y", "h", false, "%y is unknown");
	check_refusal("a%k", "h", false,
		      "%k is unknown: use %N, %h, %Y, %m, %d, %H, %M, %S, %j, "
		      "%p or %i, and %% for a percent sign");
	check_refusal(".a.part", "h", false, "unfinished");
	check_refusal(".%N.part", "h", true, "unfinished");
	check_refusal(".%h", "a.part", false, "unfinished");
}

static void names_are_as_long_as_a_folder_takes_and_no_longer(void **state)
{
	char text[600];
	char host[600];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[255] = '\0';
	check_name(text, false, 0, text);
	check_refusal(text, "h", true, "longer than 249 bytes");
	text[255] = 'a';
	text[256] = '\0';
	check_refusal(text, "h", false, "longer than 255 bytes");

	text[242] = '\0'; /* and "-000001" */
	(void)read_pattern(text, true);
	text[242] = 'a';
	text[243] = '\0';
	check_refusal(text, "h", true, "longer than 249 bytes");

	for (size_t i = 0; i < 255; i++)
		memcpy(text + 2 * i, "%%", 2);
	text[510] = '\0';
	(void)read_pattern(text, false);

	memset(host, '/', sizeof(host));
	host[85] = '\0';
	check_refusal("a%h", host, false, "longer");
	(void)memset(host, 'h', 599);
	host[599] = '\0';
	check_refusal("%h%h%h", host, false, "longer");
}

static void values_cannot_lead_out_of_the_folder(void **state)
{
	static const struct {
		const char *value;
		const char *expected;
	} cases[] = {
		{ "../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd" },
		{ "..", "%2E." },
		{ ".", "%2E" },
		{ "-rf", "%2Drf" },
		{ "a\nb", "a%0Ab" },
		{ "%N", "%25N" },
		{ "\xff '\"", "%FF%20%27%22" },
		{ "fe80::1", "fe80::1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_pattern_values values = { .host = cases[i].value };
		const char *expected = cases[i].expected;
		char name[TT_PATTERN_NAME_BYTES];
		struct tt_pattern pattern;

		assert_int_equal(tt_pattern_parse(&pattern, "%h", &values, NULL), 0);
		assert_int_equal(tt_pattern_expand(&pattern, 1, 0, name), 0);
		assert_string_equal(name, expected);
	}
}

static void a_host_without_a_name_is_localhost(void **state)
{
	struct tt_pattern_values values = { .host = "" };
	char name[TT_PATTERN_NAME_BYTES];
	struct tt_pattern pattern;

	(void)state;
	assert_int_equal(tt_pattern_parse(&pattern, "%h", &values, NULL), 0);
	assert_int_equal(tt_pattern_expand(&pattern, 1, 0, name), 0);
	assert_string_equal(name, "localhost");
}

static void only_exact_names_match(void **state)
{
	static const char *const others[] = {
		"",
		"a",
		"a-.b",
		"a-00001.b",
		"a-0000001.b",
		"a-00000x.b",
		"a-000001.bb",
		"a-000001.",
		"-000001.b",
		"aa-000001.b",
		"a-000001.b~",
		"a-000001.c",
		"A-000001.b",
		".a-000001.b",
		"a--00001.b",
		"a-+00001.b",
		"a- 00001.b",
		"a-1000000000000000000.b",
		"a-000001xb",
		"a-0000000000000000000000000000000000000000000000001.b",
		"a-000001.b.part",
	};
	struct tt_pattern pattern = read_pattern("a-%N.b", true);
	uint64_t number = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (tt_pattern_match(&pattern, others[i], &number))
			fail_msg("%s matches", others[i]);
	}
	assert_int_equal(number, 77);
	assert_true(tt_pattern_match(&pattern, "a-000000.b", &number));
	assert_int_equal(number, 0);
}

static void numbers_of_one_name_must_agree(void **state)
{
	struct tt_pattern pattern = read_pattern("%N-%N", true);
	uint64_t number;

	(void)state;
	assert_true(tt_pattern_match(&pattern, "000001-000001", &number));
	assert_false(tt_pattern_match(&pattern, "000001-000002", &number));
	assert_false(tt_pattern_match(&pattern, "1000001-000001", &number));
}

static void times_that_there_are_not_do_not_match(void **state)
{
	static const char *const others[] = {
		"20261320215901324", "20260020215901324", "20261100215901324",  "20261132215901324",
		"20261120245901324", "20261120216001324", "20261120215961324",  "20261120215901000",
		"20261120215901367", "2026112021590132",  "202611202159013244", "2026112021590132x",
	};
	struct tt_pattern pattern = read_pattern("%Y%m%d%H%M%S%j", false);
	uint64_t number;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (tt_pattern_match(&pattern, others[i], &number))
			fail_msg("%s matches", others[i]);
	}
	assert_true(tt_pattern_match(&pattern, "20261120215960366", &number));
}

static void names_are_read_up_to_their_end_only(void **state)
{
	static const char whole[] = ".a1234567-2026.b.part";
	struct tt_pattern pattern = read_pattern("a%N-%Y.b", true);
	char name[TT_PATTERN_NAME_BYTES];
	struct tt_guard guard;
	uint64_t number;

	(void)state;
	tt_guard_init(&guard, sizeof(whole));
	for (size_t length = 0; length < sizeof(whole); length++) {
		char cut[sizeof(whole)];
		const char *guarded;

		memcpy(cut, whole, length);
		cut[length] = '\0';
		guarded = (const char *)tt_guard_copy(&guard, cut, length + 1);
		assert_int_equal(tt_pattern_match_hidden(&pattern, guarded, name, &number),
				 length + 1 == sizeof(whole));

		memcpy(cut, whole + 1, length);
		cut[length] = '\0';
		guarded = (const char *)tt_guard_copy(&guard, cut, strlen(cut) + 1);
		assert_int_equal(tt_pattern_match(&pattern, guarded, &number),
				 length == sizeof("a1234567-2026.b") - 1);
	}
	tt_guard_deinit(&guard);
}

static void hidden_names_lead_back_to_their_own(void **state)
{
	struct tt_pattern pattern = read_pattern("a.b", true);
	char hidden[TT_PATTERN_NAME_BYTES];
	char name[TT_PATTERN_NAME_BYTES];
	char longest[TT_PATTERN_NAME_BYTES];
	uint64_t number = 0;

	(void)state;
	assert_int_equal(tt_pattern_hide("a-000007.b", hidden), 0);
	assert_string_equal(hidden, ".a-000007.b.part");
	assert_true(tt_pattern_match_hidden(&pattern, hidden, name, &number));
	assert_string_equal(name, "a-000007.b");
	assert_int_equal(number, 7);
	assert_false(tt_pattern_match(&pattern, hidden, &number));
	assert_false(tt_pattern_match_hidden(&pattern, "a-000007.b", name, &number));
	assert_false(tt_pattern_match_hidden(&pattern, "xa-000007.b.part", name, &number));
	assert_false(tt_pattern_match_hidden(&pattern, ".a-000007.b.parT", name, &number));
	assert_false(tt_pattern_match_hidden(&pattern, "..part", name, &number));
	assert_false(tt_pattern_match_hidden(&pattern, ".part", name, &number));

	memset(longest, 'a', sizeof(longest));
	longest[249] = '\0';
	assert_int_equal(tt_pattern_hide(longest, hidden), 0);
	assert_int_equal(strlen(hidden), 255);
	longest[249] = 'a';
	longest[250] = '\0';
	assert_int_equal(tt_pattern_hide(longest, hidden), -ENAMETOOLONG);
}

static void another_number_leaves_the_rest_of_a_name_as_it_is(void **state)
{
	struct tt_pattern pattern = read_pattern("%N-%Y%j-%N.b", true);
	char name[TT_PATTERN_NAME_BYTES] = "1000000-1999007-1000000.b";

	(void)state;
	assert_int_equal(tt_pattern_renumber(&pattern, name, 5, name), 0);
	assert_string_equal(name, "000005-1999007-000005.b");
	assert_int_equal(tt_pattern_renumber(&pattern, name, 12345678, name), 0);
	assert_string_equal(name, "12345678-1999007-12345678.b");
	assert_int_equal(tt_pattern_renumber(&pattern, name, TT_PATTERN_NUMBER_MAX + 1, name),
			 -EOVERFLOW);
	assert_string_equal(name, "12345678-1999007-12345678.b");
}

static void conversions_are_found_in_folders(void **state)
{
	(void)state;
	assert_true(tt_pattern_has_conversion("a/%Y/b", 6));
	assert_true(tt_pattern_has_conversion("%N", 2));
	assert_true(tt_pattern_has_conversion("100%%/", 6));
	assert_false(tt_pattern_has_conversion("100%/", 5));
	assert_false(tt_pattern_has_conversion("%Y", 1));
	assert_false(tt_pattern_has_conversion("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_written_out_as_they_are_documented),
		cmocka_unit_test(times_before_1970_are_those_of_the_second_that_had_begun),
		cmocka_unit_test(rotated_names_get_a_number_before_their_ending),
		cmocka_unit_test(numbers_widen_beyond_six_digits),
		cmocka_unit_test(numbers_and_names_that_are_too_long_are_no_names),
		cmocka_unit_test(bad_patterns_are_refused_each_in_its_own_words),
		cmocka_unit_test(names_are_as_long_as_a_folder_takes_and_no_longer),
		cmocka_unit_test(values_cannot_lead_out_of_the_folder),
		cmocka_unit_test(a_host_without_a_name_is_localhost),
		cmocka_unit_test(only_exact_names_match),
		cmocka_unit_test(numbers_of_one_name_must_agree),
		cmocka_unit_test(times_that_there_are_not_do_not_match),
		cmocka_unit_test(names_are_read_up_to_their_end_only),
		cmocka_unit_test(hidden_names_lead_back_to_their_own),
		cmocka_unit_test(another_number_leaves_the_rest_of_a_name_as_it_is),
		cmocka_unit_test(conversions_are_found_in_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
