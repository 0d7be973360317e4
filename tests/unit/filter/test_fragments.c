/* SPDX-License-Identifier: MIT */

/*
 * Fragmented datagrams whose first fragment was taken
 *
 * Which datagrams share a set is the table's secret, so the tests rely on numbers alone: of
 * enough datagrams each set gets its fill, and of few no set gets more than it holds. Not
 * covered: a machine without random numbers or memory.
 */

#include "filter/fragments.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

enum {
	SET_PLACES = 8, /* as in fragments.c: so many are remembered, whatever their sets */
	/* On average 64 for each set: that one gets fewer than 8 will not be seen. */
	MANY = 8 * TT_FILTER_FRAGMENTS_MAX,
};

static struct tt_filter_fragment_key key_of(uint32_t number)
{
	return (struct tt_filter_fragment_key){
		.source = { htonl(0xc6120001) },
		.destination = { htonl(0xc6120002) },
		.id = number,
		.version = 4,
		.protocol = IPPROTO_UDP,
	};
}

static struct tt_fragments *make(void)
{
	struct tt_fragments *fragments;

	assert_int_equal(tt_fragments_new(&fragments), 0);
	return fragments;
}

static void add(struct tt_fragments *fragments, uint32_t number, int64_t time_ns)
{
	struct tt_filter_fragment_key key = key_of(number);

	tt_fragments_add(fragments, &key, time_ns);
}

static bool has(const struct tt_fragments *fragments, uint32_t number, int64_t time_ns)
{
	struct tt_filter_fragment_key key = key_of(number);
	int64_t found_ns = -1;

	if (!tt_fragments_find(fragments, &key, &found_ns))
		return false;
	assert_int_equal(found_ns, time_ns);
	return true;
}

static void what_was_added_is_found_with_its_time(void **state)
{
	struct tt_fragments *fragments = make();

	(void)state;
	assert_false(has(fragments, 1, 0));
	add(fragments, 1, 12345);
	assert_true(has(fragments, 1, 12345));
	assert_false(has(fragments, 2, 0));
	tt_fragments_free(fragments);
	tt_fragments_free(NULL);
}

static void each_byte_of_the_key_tells_datagrams_apart(void **state)
{
	struct tt_fragments *fragments = make();
	struct tt_filter_fragment_key key = key_of(7);
	int64_t time_ns;

	(void)state;
	tt_fragments_add(fragments, &key, 1);
	for (size_t i = 0; i < sizeof(key); i++) {
		struct tt_filter_fragment_key other = key;

		((uint8_t *)&other)[i] ^= 1;
		assert_false(tt_fragments_find(fragments, &other, &time_ns));
	}
	assert_true(tt_fragments_find(fragments, &key, &time_ns));
	tt_fragments_free(fragments);
}

static void the_same_key_gets_a_new_time_and_no_second_place(void **state)
{
	struct tt_fragments *fragments = make();

	(void)state;
	for (int64_t time_ns = 1; time_ns <= 100; time_ns++) {
		add(fragments, 1, time_ns);
		assert_true(has(fragments, 1, time_ns));
	}
	/* If it had taken more places, one of these would have put another out. */
	for (uint32_t number = 2; number <= SET_PLACES; number++)
		add(fragments, number, 100 + number);
	assert_true(has(fragments, 1, 100));
	tt_fragments_free(fragments);
}

static void the_newest_that_a_set_holds_are_never_forgotten(void **state)
{
	struct tt_fragments *fragments = make();

	(void)state;
	for (uint32_t number = 0; number < MANY; number++) {
		add(fragments, number, number + 1);
		for (uint32_t back = 0; back < SET_PLACES && back <= number; back++)
			assert_true(has(fragments, number - back, number - back + 1));
	}
	tt_fragments_free(fragments);
}

static void a_datagram_puts_the_oldest_out_and_not_the_one_added_first(void **state)
{
	struct tt_fragments *fragments = make();

	(void)state;
	/* Were it by the order of adding, or by the place, 0 would go sooner or later. */
	for (uint32_t number = 1; number < MANY; number++) {
		add(fragments, 0, number);
		add(fragments, number, number);
		assert_true(has(fragments, 0, number));
	}
	tt_fragments_free(fragments);
}

static void what_comes_with_an_older_time_is_remembered_all_the_same(void **state)
{
	struct tt_fragments *fragments = make();

	(void)state;
	/* As when rings are read one after the other. */
	for (uint32_t number = 0; number < MANY; number++) {
		add(fragments, number, MANY - number);
		assert_true(has(fragments, number, MANY - number));
	}
	tt_fragments_free(fragments);
}

/* Fills a table and writes down what it remembers; returns how many. */
static size_t fill(struct tt_fragments *fragments, bool *remembered)
{
	size_t count = 0;

	for (uint32_t number = 0; number < MANY; number++)
		add(fragments, number, number);
	for (uint32_t number = 0; number < MANY; number++) {
		remembered[number] = has(fragments, number, number);
		count += remembered[number];
	}
	return count;
}

static void it_holds_so_many_and_no_more_and_chooses_by_a_secret(void **state)
{
	struct tt_fragments *one = make(), *other = make();
	bool *of_one = calloc(MANY, sizeof(*of_one));
	bool *of_other = calloc(MANY, sizeof(*of_other));

	(void)state;
	assert_non_null(of_one);
	assert_non_null(of_other);
	assert_int_equal(fill(one, of_one), TT_FILTER_FRAGMENTS_MAX);
	assert_int_equal(fill(other, of_other), TT_FILTER_FRAGMENTS_MAX);
	assert_memory_not_equal(of_one, of_other, MANY * sizeof(*of_one));

	free(of_one);
	free(of_other);
	tt_fragments_free(one);
	tt_fragments_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_found_with_its_time),
		cmocka_unit_test(each_byte_of_the_key_tells_datagrams_apart),
		cmocka_unit_test(the_same_key_gets_a_new_time_and_no_second_place),
		cmocka_unit_test(the_newest_that_a_set_holds_are_never_forgotten),
		cmocka_unit_test(a_datagram_puts_the_oldest_out_and_not_the_one_added_first),
		cmocka_unit_test(what_comes_with_an_older_time_is_remembered_all_the_same),
		cmocka_unit_test(it_holds_so_many_and_no_more_and_chooses_by_a_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
