/* SPDX-License-Identifier: MIT */

/*
 * What somebody meant who mistyped a name
 *
 * Distances of word pairs worked out by hand, then words against a list of names.
 */

#include "app/nearest.h"

#include "tests/unit/cmocka_all.h"

static const char *name_at(const void *names, size_t name_index)
{
	const char *const *list = names;

	return list[name_index];
}

static void distances_count_single_mistakes(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		size_t distance;
	} cases[] = {
		{ "", "", 0 },
		{ "port", "port", 0 },
		{ "port", "prot", 1 },  /* swapped */
		{ "port", "prt", 1 },   /* left out */
		{ "port", "porrt", 1 }, /* put in */
		{ "port", "pert", 1 },  /* another one */
		{ "port", "", 4 },
		{ "", "port", 4 },
		{ "capture", "catpuer", 2 },
		{ "format", "quiet", 5 },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0 },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a", SIZE_MAX }, /* 33 letters */
		{ "a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", SIZE_MAX },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(tt_name_distance(cases[i].a, cases[i].b), cases[i].distance);
}

static void nearest_name_is_found_if_near_enough(void **state)
{
	static const char *const names[] = { "port", "port-side", "payload", "count", NULL };

	(void)state;

	assert_string_equal(tt_nearest_name("port", name_at, names), "port");
	assert_string_equal(tt_nearest_name("prot", name_at, names), "port");
	assert_string_equal(tt_nearest_name("port-size", name_at, names), "port-side");
	assert_string_equal(tt_nearest_name("pyaload", name_at, names), "payload");
	assert_null(tt_nearest_name("xyz", name_at, names));
	assert_null(tt_nearest_name("", name_at, names));
	assert_null(tt_nearest_name("snaplen", name_at, names));
}

static void first_of_equally_near_names_is_taken(void **state)
{
	static const char *const names[] = { "cart", "card", NULL };

	(void)state;

	assert_string_equal(tt_nearest_name("carx", name_at, names), "cart");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_count_single_mistakes),
		cmocka_unit_test(nearest_name_is_found_if_near_enough),
		cmocka_unit_test(first_of_equally_near_names_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
