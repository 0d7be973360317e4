/* SPDX-License-Identifier: MIT */

/*
 * Values as people write them on the command line
 *
 * Each value goes through its parser: right ones must give the number, wrong ones exactly
 * their sentence, and leave the result alone. Which options take which values is not
 * tried here but in test_capture_options.c.
 */

#include "app/values.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"
#include "twintap/datagram.h"

enum {
	UNTOUCHED = 4711,
};

static void sizes_are_binary_multiples(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{ "256K", 262144 },   { "16M", 16777216 },
		{ "1G", 1073741824 }, { "0K", 0 },
		{ "007M", 7340032 },  { "17179869183G", UINT64_C(17179869183) << 30 },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = UNTOUCHED;

		assert_int_equal(tt_size_parse(cases[i].text, &bytes, NULL), 0);
		assert_int_equal(bytes, cases[i].bytes);
	}
}

static void wrong_sizes_get_their_sentence(void **state)
{
	static const struct {
		const char *text;
		const char *sentence;
	} cases[] = {
		{ "", "size \"\" is no number: write 16M" },
		{ "M", "size \"M\" is no number: write 16M" },
		{ "-1M", "size \"-1M\" is no number: write 16M" },
		{ "+1M", "size \"+1M\" is no number: write 16M" },
		{ " 1M", "size \" 1M\" is no number: write 16M" },
		{ "4096", "size \"4096\" needs a unit: K, M or G, as in 16M" },
		{ "16m", "size \"16m\" is not a number and K, M or G, as in 16M" },
		{ "16MB", "size \"16MB\" is not a number and K, M or G, as in 16M" },
		{ "1.5G", "size \"1.5G\" is not a number and K, M or G, as in 16M" },
		{ "1G*100", "size \"1G*100\" is not a number and K, M or G, as in 16M" },
		{ "17179869184G", "size \"17179869184G\" is beyond 64 bits" },
		{ "99999999999999999999K", "size \"99999999999999999999K\" is beyond 64 bits" },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_error error = TT_ERROR_INIT;
		uint64_t bytes = UNTOUCHED;

		assert_int_equal(tt_size_parse(cases[i].text, &bytes, &error), -EINVAL);
		assert_string_equal(error.message, cases[i].sentence);
		assert_int_equal(error.code, -EINVAL);
		assert_int_equal(bytes, UNTOUCHED);
	}
}

static void times_have_units_and_are_seconds_without(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "90", 90000 },
		{ "90s", 90000 },
		{ "250ms", 250 },
		{ "5m", 300000 },
		{ "1h", 3600000 },
		{ "1ms", 1 },
		{ "8784h", TT_DURATION_MS_MAX },
		{ "31622400000ms", TT_DURATION_MS_MAX },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = UNTOUCHED;

		assert_int_equal(tt_duration_parse(cases[i].text, &ms, NULL), 0);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void wrong_times_get_their_sentence(void **state)
{
#define NOT_A_TIME " is not a number and ms, s, m or h, as in 90, 250ms or 5m"
	static const struct {
		const char *text;
		const char *sentence;
	} cases[] = {
		{ "", "time \"\"" NOT_A_TIME },
		{ "s", "time \"s\"" NOT_A_TIME },
		{ "-5", "time \"-5\"" NOT_A_TIME },
		{ "1.5s", "time \"1.5s\"" NOT_A_TIME },
		{ "5M", "time \"5M\"" NOT_A_TIME },
		{ "5 m", "time \"5 m\"" NOT_A_TIME },
		{ "1h30m", "time \"1h30m\"" NOT_A_TIME },
		{ "0", "time \"0\" must be longer than 0" },
		{ "0ms", "time \"0ms\" must be longer than 0" },
		{ "8785h", "time \"8785h\" is longer than 8784h" },
		{ "31622400001ms", "time \"31622400001ms\" is longer than 8784h" },
		{ "99999999999999999999h", "time \"99999999999999999999h\" is longer than 8784h" },
		/* 2^64 + 5: must not come back as 5. */
		{ "18446744073709551621s", "time \"18446744073709551621s\" is longer than 8784h" },
	};
#undef NOT_A_TIME

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_error error = TT_ERROR_INIT;
		int64_t ms = UNTOUCHED;

		assert_int_equal(tt_duration_parse(cases[i].text, &ms, &error), -EINVAL);
		assert_string_equal(error.message, cases[i].sentence);
		assert_int_equal(ms, UNTOUCHED);
	}
}

static void counts_go_from_one_to_64_bits(void **state)
{
	static const struct {
		const char *text;
		uint64_t count;
	} right[] = {
		{ "1", 1 },
		{ "00010", 10 },
		{ "18446744073709551614", UINT64_MAX - 1 },
	};
	static const struct {
		const char *text;
		const char *sentence;
	} wrong[] = {
		{ "", "count \"\" is no number" },
		{ "ten", "count \"ten\" is no number" },
		{ "1k", "count \"1k\" is no number" },
		{ "-1", "count \"-1\" is no number" },
		{ "0x10", "count \"0x10\" is no number" },
		{ "0", "count \"0\" must be at least 1" },
		/* TT_UNKNOWN is no count. */
		{ "18446744073709551615", "count \"18446744073709551615\" is beyond 64 bits" },
		{ "18446744073709551616", "count \"18446744073709551616\" is beyond 64 bits" },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		uint64_t count = UNTOUCHED;

		assert_int_equal(tt_count_parse(right[i].text, &count, NULL), 0);
		assert_int_equal(count, right[i].count);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct tt_error error = TT_ERROR_INIT;
		uint64_t count = UNTOUCHED;

		assert_int_equal(tt_count_parse(wrong[i].text, &count, &error), -EINVAL);
		assert_string_equal(error.message, wrong[i].sentence);
		assert_int_equal(count, UNTOUCHED);
	}
}

static void each_verdict_goes_by_its_name(void **state)
{
	(void)state;

	for (unsigned int i = 0; i < TT_VERDICT_COUNT; i++) {
		uint32_t verdicts = 0;

		assert_int_equal(tt_verdicts_parse(tt_verdict_name(i), &verdicts, NULL), 0);
		assert_int_equal(verdicts, TT_VERDICT_BIT(i));
	}
}

static void verdict_lists_are_joined(void **state)
{
	uint32_t verdicts = 0;

	(void)state;

	assert_int_equal(tt_verdicts_parse("fragment,ok,fragment", &verdicts, NULL), 0);
	assert_int_equal(verdicts,
			 TT_VERDICT_BIT(TT_VERDICT_OK) | TT_VERDICT_BIT(TT_VERDICT_FRAGMENT));
	assert_int_equal(tt_verdicts_parse("all", &verdicts, NULL), 0);
	assert_int_equal(verdicts, TT_VERDICT_ALL);
	assert_int_equal(tt_verdicts_parse("ok,all", &verdicts, NULL), 0);
	assert_int_equal(verdicts, TT_VERDICT_ALL);
}

static void wrong_verdicts_get_their_sentence(void **state)
{
#define NAMES                                                                       \
	"all, ok, truncated, bad_version, bad_header_length, bad_length, not_udp, " \
	"fragment, bad_extension, bad_checksum"
#define NO_NAME " lacks a name: write for example ok,fragment"
	static const struct {
		const char *text;
		const char *sentence;
	} cases[] = {
		{ "", "verdict list \"\"" NO_NAME },
		{ "ok,", "verdict list \"ok,\"" NO_NAME },
		{ ",ok", "verdict list \",ok\"" NO_NAME },
		{ "ok,,fragment", "verdict list \"ok,,fragment\"" NO_NAME },
		{ "good", "verdict \"good\" is none of " NAMES },
		{ "ok,bad,fragment", "verdict \"bad\" is none of " NAMES },
		{ "o", "verdict \"o\" is none of " NAMES },
		{ "okay", "verdict \"okay\" is none of " NAMES },
		{ "OK", "verdict \"OK\" is none of " NAMES },
		{ "ok, fragment", "verdict \" fragment\" is none of " NAMES },
		{ "unknown", "verdict \"unknown\" is none of " NAMES },
	};
#undef NAMES
#undef NO_NAME

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_error error = TT_ERROR_INIT;
		uint32_t verdicts = UNTOUCHED;

		assert_int_equal(tt_verdicts_parse(cases[i].text, &verdicts, &error), -EINVAL);
		assert_string_equal(error.message, cases[i].sentence);
		assert_int_equal(verdicts, UNTOUCHED);
	}
}

/* A sentence whose end fell off would lack the remedy. */
static void sentences_of_long_values_are_whole(void **state)
{
	char text[1024];
	struct tt_error error;
	uint32_t verdicts;
	uint64_t bytes;
	int64_t ms;

	(void)state;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(tt_verdicts_parse(text, &verdicts, &error), -EINVAL);
	assert_non_null(strstr(error.message, ", bad_checksum"));
	assert_int_equal(tt_duration_parse(text, &ms, &error), -EINVAL);
	assert_non_null(strstr(error.message, "as in 90, 250ms or 5m"));
	text[0] = '1';
	assert_int_equal(tt_size_parse(text, &bytes, &error), -EINVAL);
	assert_non_null(strstr(error.message, "as in 16M"));
	assert_int_equal(tt_count_parse(text, &bytes, &error), -EINVAL);
	assert_non_null(strstr(error.message, "is no number"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_binary_multiples),
		cmocka_unit_test(wrong_sizes_get_their_sentence),
		cmocka_unit_test(times_have_units_and_are_seconds_without),
		cmocka_unit_test(wrong_times_get_their_sentence),
		cmocka_unit_test(counts_go_from_one_to_64_bits),
		cmocka_unit_test(each_verdict_goes_by_its_name),
		cmocka_unit_test(verdict_lists_are_joined),
		cmocka_unit_test(wrong_verdicts_get_their_sentence),
		cmocka_unit_test(sentences_of_long_values_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
