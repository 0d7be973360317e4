/* SPDX-License-Identifier: MIT */

/*
 * The words of an account
 *
 * They are members of JSON objects that programs read: each is spelt out here, so that
 * a changed word, or two swapped ones, fail.
 */

#include "twintap/accounting.h"

#include <limits.h>

#include "tests/unit/cmocka_all.h"

static void each_number_has_its_word_and_the_next_is_unknown(void **state)
{
	static const struct {
		const char *(*name)(unsigned int number);
		unsigned int count;
		const char *words[TT_COUNTERS_ROOM];
	} cases[] = {
		{ tt_source_kind_name,
		  TT_SOURCE_KIND_COUNT,
		  { "ipv4", "ipv6", "outgoing", "file" } },
		{ tt_reject_name,
		  TT_REJECT_COUNT,
		  { "packet_type", "interface", "not_udp", "port", "expression", "fragment",
		    "malformed" } },
		{ tt_withheld_name,
		  TT_WITHHELD_COUNT,
		  { "verdict", "not_local", "no_route", "limit" } },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned int number = 0; number < cases[i].count; number++)
			assert_string_equal(cases[i].name(number), cases[i].words[number]);
		assert_null(cases[i].words[cases[i].count]);
		assert_string_equal(cases[i].name(cases[i].count), "unknown");
		assert_string_equal(cases[i].name(UINT_MAX), "unknown");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_number_has_its_word_and_the_next_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
