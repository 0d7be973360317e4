/* SPDX-License-Identifier: MIT */

/*
 * A time as text
 *
 * Compared with gmtime_r(3) for each day that 64 bits of nanoseconds reach, and with
 * times known from elsewhere. Each is asked for with an old second kept and with none,
 * since the kept text must never show in another second.
 */

#include "export/stamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "tests/unit/cmocka_all.h"

enum {
	STAMP_LENGTH = 30,
};

static void check_stamp(struct tt_stamp *stamp, int64_t time_ns, const char *expected)
{
	char room[STAMP_LENGTH + 1];
	struct tt_text text = tt_text_over(room, sizeof(room));

	tt_stamp_put(stamp, &text, time_ns);
	tt_text_end(&text);
	assert_false(text.is_full);
	assert_string_equal(room, expected);
}

static void known_times_are_written_as_known(void **state)
{
	static const struct {
		int64_t time_ns;
		const char *expected;
	} cases[] = {
		{ INT64_C(1795211941123456789), "2026-11-20T21:59:01.123456789Z" },
		{ 0, "1970-01-01T00:00:00.000000000Z" },
		{ 999999999, "1970-01-01T00:00:00.999999999Z" },
		{ -1, "1969-12-31T23:59:59.999999999Z" },
		{ -1000000000, "1969-12-31T23:59:59.000000000Z" },
		{ -1000000001, "1969-12-31T23:59:58.999999999Z" },
		{ INT64_C(951782400) * TT_NS_PER_S, "2000-02-29T00:00:00.000000000Z" },
		{ INT64_C(4107542399) * TT_NS_PER_S, "2100-02-28T23:59:59.000000000Z" },
		{ INT64_C(4107542400) * TT_NS_PER_S, "2100-03-01T00:00:00.000000000Z" },
		{ INT64_MAX, "2262-04-11T23:47:16.854775807Z" },
		{ INT64_MIN, "1677-09-21T00:12:43.145224192Z" },
	};
	struct tt_stamp used = tt_stamp_none();

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_stamp fresh = tt_stamp_none();

		check_stamp(&fresh, cases[i].time_ns, cases[i].expected);
		check_stamp(&used, cases[i].time_ns, cases[i].expected);
		check_stamp(&used, cases[i].time_ns, cases[i].expected);
	}
}

static void every_day_is_that_of_the_c_library(void **state)
{
	enum {
		SECONDS_PER_DAY = 86400
	};
	const int64_t days_max = INT64_MAX / TT_NS_PER_S / SECONDS_PER_DAY;
	struct tt_stamp stamp = tt_stamp_none();

	(void)state;

	for (int64_t day = -days_max; day <= days_max; day++) {
		/* Another time of day each day; 7919 is a prime. */
		time_t second = day * SECONDS_PER_DAY + (day + days_max) * 7919 % SECONDS_PER_DAY;
		char expected[64];
		struct tm tm;

		if (second > INT64_MAX / TT_NS_PER_S)
			break;
		assert_non_null(gmtime_r(&second, &tm));
		assert_int_equal(strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", &tm),
				 19);
		memcpy(expected + 19, ".000000042Z", sizeof(".000000042Z"));
		check_stamp(&stamp, (int64_t)second * TT_NS_PER_S + 42, expected);
	}
}

static void a_second_that_comes_again_is_written_again(void **state)
{
	struct tt_stamp stamp = tt_stamp_none();

	(void)state;

	check_stamp(&stamp, INT64_C(5000000001), "1970-01-01T00:00:05.000000001Z");
	check_stamp(&stamp, INT64_C(6000000000), "1970-01-01T00:00:06.000000000Z");
	check_stamp(&stamp, INT64_C(5999999999), "1970-01-01T00:00:05.999999999Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_times_are_written_as_known),
		cmocka_unit_test(every_day_is_that_of_the_c_library),
		cmocka_unit_test(a_second_that_comes_again_is_written_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
