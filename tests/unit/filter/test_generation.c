/* SPDX-License-Identifier: MIT */

/*
 * Conditions that replace each other while packets flow
 *
 * Readers count what the test says. Who holds an expression is counted instead of held, so
 * that a test sees each generation go. One case has the changes and the reading on two
 * threads: the "kernel" is then a number, in which the generation that judges and the count of
 * stored frames change as one. Not covered: what conditions mean (unit.filter.judge).
 */

#include "filter/generation.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

enum {
	GENERATIONS_MAX = 64,
	THREADED_CHANGES = 20000,
	NUMBER_SHIFT = 40, /* the kernel's number: above the generation, below the stored frames */
};

#define ROUND (UINT64_C(1) << 32)

/* Holds of the expression of the generation with that number. */
static int holds[GENERATIONS_MAX];

/* No expressions, but places in that table. The names are the linker's, for --wrap. NOLINTBEGIN */
struct tt_expression *__wrap_tt_expression_hold(struct tt_expression *expression);
void __wrap_tt_expression_drop(struct tt_expression *expression);

struct tt_expression *__wrap_tt_expression_hold(struct tt_expression *expression)
{
	if (expression)
		++*(int *)(void *)expression;
	return expression;
}

void __wrap_tt_expression_drop(struct tt_expression *expression)
{
	if (expression)
		assert_true((*(int *)(void *)expression)-- > 0);
}
/* NOLINTEND */

struct counter {
	uint64_t stored;
	int answer;
};

static int count_stored(void *context, uint64_t *ret_stored)
{
	const struct counter *counter = context;

	*ret_stored = counter->stored;
	return counter->answer;
}

/* Makes a generation that is known by its place in the table. */
static struct tt_generation *make(const struct tt_generation_chain *chain)
{
	uint32_t number = chain->newest ? chain->newest->number + 1 : 1;
	struct tt_conditions conditions = {
		.snap_bytes = number,
		.expression = (struct tt_expression *)(void *)&holds[number],
	};
	struct tt_generation *generation = tt_generation_make(chain, &conditions);

	assert_non_null(generation);
	assert_int_equal(generation->number, number);
	assert_int_equal(generation->conditions.snap_bytes, number);
	return generation;
}

static void append(struct tt_generation_chain *chain)
{
	tt_generation_append(chain, make(chain));
}

static void add_reader(struct tt_generation_chain *chain, struct tt_generation_reader *reader,
		       struct counter *counter)
{
	*reader = (struct tt_generation_reader){ .count_stored = count_stored, .context = counter };
	*counter = (struct counter){ 0 };
	assert_int_equal(tt_generation_add_reader(chain, reader), 0);
}

/* The reader's frame is of generation @current, or of @next; 0: of no other. */
static void assert_found(struct tt_generation_reader *reader, uint64_t ordinal, uint32_t current,
			 uint32_t next)
{
	struct tt_generation *other;
	struct tt_generation *found = tt_generation_find(reader, ordinal, &other);

	assert_int_equal(found->number, current);
	assert_int_equal(other ? other->number : 0, next);
}

static int forget_holds(void **state)
{
	(void)state;
	memset(holds, 0, sizeof(holds));
	return 0;
}

/* Ends the chain, by which every expression is let go. */
static void end(struct tt_generation_chain *chain)
{
	tt_generation_deinit(chain);
	assert_null(chain->oldest);
	assert_null(chain->newest);
	for (size_t i = 0; i < GENERATIONS_MAX; i++)
		assert_int_equal(holds[i], 0);
}

static void a_reader_begins_with_the_newest(void **state)
{
	struct tt_generation_chain chain = { 0 };
	struct tt_generation_reader reader;
	struct counter counter;

	(void)state;
	append(&chain);
	append(&chain);
	add_reader(&chain, &reader, &counter);
	assert_found(&reader, 0, 2, 0);
	assert_found(&reader, UINT64_MAX, 2, 0);
	end(&chain);
}

static void a_generation_that_was_never_appended_is_freed_alone(void **state)
{
	struct tt_generation_chain chain = { 0 };
	struct tt_generation_reader reader;
	struct tt_generation *failed;
	struct counter counter;

	(void)state;
	append(&chain);
	add_reader(&chain, &reader, &counter);
	failed = make(&chain);
	assert_int_equal(holds[2], 1);
	tt_generation_free(failed);
	assert_int_equal(holds[2], 0);
	tt_generation_free(NULL);
	assert_found(&reader, 0, 1, 0);
	append(&chain); /* takes the number that was not used */
	assert_found(&reader, 0, 1, 2);
	end(&chain);
}

static void until_it_is_settled_both_may_have_judged(void **state)
{
	struct tt_generation_chain chain = { 0 };
	struct tt_generation_reader reader;
	struct counter counter;

	(void)state;
	append(&chain);
	add_reader(&chain, &reader, &counter);
	append(&chain);
	assert_found(&reader, 0, 1, 2);
	assert_found(&reader, 1000000, 1, 2);

	counter.stored = 1000;
	assert_int_equal(tt_generation_settle(&chain), 0);
	assert_found(&reader, 0, 1, 2);
	assert_found(&reader, 999, 1, 2);
	assert_found(&reader, 1000, 2, 0);
	assert_found(&reader, 1001, 2, 0);
	end(&chain);
}

static void a_reader_walks_over_several_at_once(void **state)
{
	struct tt_generation_chain chain = { 0 };
	struct tt_generation_reader reader;
	struct counter counter;

	(void)state;
	append(&chain);
	add_reader(&chain, &reader, &counter);
	for (uint64_t stored = 10; stored <= 40; stored += 10) {
		append(&chain);
		counter.stored = stored;
		assert_int_equal(tt_generation_settle(&chain), 0);
	}
	append(&chain); /* number 6, unsettled */

	assert_found(&reader, 9, 1, 2);
	assert_found(&reader, 35, 4, 5);
	assert_found(&reader, 40, 5, 6);
	end(&chain);
}

static void frames_between_two_changes_cost_none_of_them(void **state)
{
	struct tt_generation_chain chain = { 0 };
	struct tt_generation_reader reader;
	struct counter counter;

	(void)state;
	append(&chain);
	add_reader(&chain, &reader, &counter);
	counter.stored = 5;
	for (int i = 0; i < 3; i++) {
		append(&chain);
		assert_int_equal(tt_generation_settle(&chain), 0);
	}
	assert_found(&reader, 4, 1, 2);
	assert_found(&reader, 5, 4, 0); /* the second and the third took nothing */
	end(&chain);
}

static void each_reader_has_its_own_boundary(void **state)
{
	struct tt_generation_chain chain = { 0 };
	struct tt_generation_reader readers[2];
	struct counter counters[2];

	(void)state;
	append(&chain);
	add_reader(&chain, &readers[0], &counters[0]);
	add_reader(&chain, &readers[1], &counters[1]);
	append(&chain);
	counters[0].stored = 7;
	counters[1].stored = 70;
	assert_int_equal(tt_generation_settle(&chain), 0);
	assert_found(&readers[0], 7, 2, 0);
	assert_found(&readers[1], 69, 1, 2);
	assert_found(&readers[1], 70, 2, 0);
	end(&chain);
}

static void there_is_an_end_to_readers(void **state)
{
	static struct tt_generation_reader readers[TT_GENERATION_READERS_MAX + 1];
	static struct counter counters[TT_GENERATION_READERS_MAX];
	struct tt_generation_chain chain = { 0 };

	(void)state;
	append(&chain);
	for (size_t i = 0; i < TT_GENERATION_READERS_MAX; i++)
		add_reader(&chain, &readers[i], &counters[i]);
	assert_int_equal(tt_generation_add_reader(&chain, &readers[TT_GENERATION_READERS_MAX]),
			 -ENOSPC);

	append(&chain);
	for (size_t i = 0; i < TT_GENERATION_READERS_MAX; i++)
		counters[i].stored = i;
	assert_int_equal(tt_generation_settle(&chain), 0);
	for (size_t i = 0; i < TT_GENERATION_READERS_MAX; i++)
		assert_found(&readers[i], i, 2, 0);
	end(&chain);
}

/* Whether a generation begins at @boundary, when a reader that took so many counts so many. */
static void assert_unwrapped(uint64_t taken, uint64_t stored, uint64_t boundary)
{
	struct tt_generation_chain chain = { 0 };
	struct tt_generation_reader reader;
	struct counter counter;

	append(&chain);
	add_reader(&chain, &reader, &counter);
	append(&chain);
	atomic_store(&reader.taken, taken);
	counter.stored = stored;
	assert_int_equal(tt_generation_settle(&chain), 0);
	assert_int_equal(atomic_load(&chain.newest->alone_from[0]), boundary);
	if (boundary > 0)
		assert_found(&reader, boundary - 1, 1, 2);
	assert_found(&reader, boundary, 2, 0);
	end(&chain);
}

static void counts_of_32_bits_are_unwrapped(void **state)
{
	(void)state;
	assert_unwrapped(0, 0, 0);
	assert_unwrapped(5, 5, 5);
	assert_unwrapped(5, 900, 900);
	assert_unwrapped(ROUND - 1, ROUND - 1, ROUND - 1);
	assert_unwrapped(ROUND - 1, 3, ROUND + 3);
	assert_unwrapped(ROUND, 0, ROUND);
	assert_unwrapped(ROUND + 5, 4, 2 * ROUND + 4);
	assert_unwrapped(ROUND + 5, 7, ROUND + 7);
	assert_unwrapped(5 * ROUND - 1, 12, 5 * ROUND + 12);
	/* Whoever counts in 64 bits is taken at his word. */
	assert_unwrapped(ROUND + 5, 3 * ROUND, 3 * ROUND);
}

static void a_count_that_fails_is_told_and_what_was_read_stands_for_it(void **state)
{
	struct tt_generation_chain chain = { 0 };
	struct tt_generation_reader readers[2];
	struct counter counters[2];

	(void)state;
	append(&chain);
	add_reader(&chain, &readers[0], &counters[0]);
	add_reader(&chain, &readers[1], &counters[1]);
	append(&chain);
	atomic_store(&readers[0].taken, 20);
	counters[0] = (struct counter){ .stored = 999, .answer = -EBADF };
	counters[1].stored = 30;
	assert_int_equal(tt_generation_settle(&chain), -EBADF);
	assert_found(&readers[0], 19, 1, 2);
	assert_found(&readers[0], 20, 2, 0);
	assert_found(&readers[1], 30, 2, 0);
	end(&chain);
}

static void assert_alive(uint32_t first, uint32_t last)
{
	for (uint32_t number = 1; number < GENERATIONS_MAX; number++)
		assert_int_equal(holds[number], number >= first && number <= last);
}

static void pruning_frees_what_nobody_can_reach_and_nothing_else(void **state)
{
	struct tt_generation_chain chain = { 0 };
	struct tt_generation_reader slow, fast;
	struct counter counters[2];

	(void)state;
	append(&chain);
	add_reader(&chain, &slow, &counters[0]);
	add_reader(&chain, &fast, &counters[1]);
	tt_generation_prune(&chain);
	assert_alive(1, 1);

	for (uint64_t stored = 10; stored <= 40; stored += 10) {
		append(&chain);
		counters[0].stored = counters[1].stored = stored;
		assert_int_equal(tt_generation_settle(&chain), 0);
	}
	assert_found(&fast, 40, 5, 0);
	tt_generation_prune(&chain);
	assert_alive(1, 5); /* the slow one still is at the first */

	assert_found(&slow, 25, 3, 4);
	tt_generation_prune(&chain);
	assert_alive(3, 5);
	tt_generation_prune(&chain);
	assert_alive(3, 5);

	assert_found(&slow, 40, 5, 0);
	tt_generation_prune(&chain);
	assert_alive(5, 5);
	assert_found(&fast, 41, 5, 0);
	end(&chain);
}

static void without_readers_only_the_newest_is_kept(void **state)
{
	struct tt_generation_chain chain = { 0 };

	(void)state;
	for (int i = 0; i < 5; i++)
		append(&chain);
	assert_int_equal(tt_generation_settle(&chain), 0);
	tt_generation_prune(&chain);
	assert_alive(5, 5);
	end(&chain);
}

/*
 * Frames are "stored" by the reading thread, by adding one: what was above is the generation
 * that judged it. The changing thread adds one above. Neither waits for the other.
 */
struct race {
	struct tt_generation_chain chain;
	struct tt_generation_reader reader;
	_Atomic uint64_t kernel;
	_Atomic bool is_over;
	uint64_t frames_count;
	uint64_t wrong_count; /* frames of a generation that was not found */
};

static int count_race(void *context, uint64_t *ret_stored)
{
	struct race *race = context;

	*ret_stored = atomic_load(&race->kernel) & ((UINT64_C(1) << NUMBER_SHIFT) - 1);
	return 0;
}

static void *change_often(void *context)
{
	struct race *race = context;

	for (uint32_t i = 0; i < THREADED_CHANGES; i++) {
		struct tt_conditions conditions = { .snap_bytes = race->chain.newest->number + 1 };
		struct tt_generation *generation;

		tt_generation_prune(&race->chain);
		generation = tt_generation_make(&race->chain, &conditions);
		tt_generation_append(&race->chain, generation);
		(void)atomic_fetch_add(&race->kernel, UINT64_C(1) << NUMBER_SHIFT);
		(void)tt_generation_settle(&race->chain);
	}
	atomic_store(&race->is_over, true);
	return NULL;
}

/* Reads a frame that @number judged. */
static void read_frame(struct race *race, uint64_t ordinal, uint32_t number)
{
	struct tt_generation *next;
	struct tt_generation *current = tt_generation_find(&race->reader, ordinal, &next);
	bool is_current = current->number == number && current->conditions.snap_bytes == number;
	bool is_next = next && next->number == number && next->conditions.snap_bytes == number;

	race->wrong_count += !is_current && !is_next;
}

static void one_thread_changes_while_another_reads(void **state)
{
	static struct race race;
	uint64_t kernel;
	pthread_t thread;
	bool is_last;

	(void)state;
	append(&race.chain);
	race.reader.count_stored = count_race;
	race.reader.context = &race;
	assert_int_equal(tt_generation_add_reader(&race.chain, &race.reader), 0);
	atomic_store(&race.kernel, UINT64_C(1) << NUMBER_SHIFT);

	assert_int_equal(pthread_create(&thread, NULL, change_often, &race), 0);
	do {
		is_last = atomic_load(&race.is_over);
		kernel = atomic_fetch_add(&race.kernel, 1);
		read_frame(&race, race.frames_count, (uint32_t)(kernel >> NUMBER_SHIFT));
		race.frames_count++;
		atomic_store(&race.reader.taken, race.frames_count);
	} while (!is_last);
	assert_int_equal(pthread_join(thread, NULL), 0);

	assert_int_equal(race.wrong_count, 0);
	assert_int_equal(kernel >> NUMBER_SHIFT, THREADED_CHANGES + 1);
	tt_generation_prune(&race.chain);
	assert_ptr_equal(race.chain.oldest, race.chain.newest);
	end(&race.chain);
}

#define GENERATION_TEST(name) cmocka_unit_test_setup(name, forget_holds)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GENERATION_TEST(a_reader_begins_with_the_newest),
		GENERATION_TEST(a_generation_that_was_never_appended_is_freed_alone),
		GENERATION_TEST(until_it_is_settled_both_may_have_judged),
		GENERATION_TEST(a_reader_walks_over_several_at_once),
		GENERATION_TEST(frames_between_two_changes_cost_none_of_them),
		GENERATION_TEST(each_reader_has_its_own_boundary),
		GENERATION_TEST(there_is_an_end_to_readers),
		GENERATION_TEST(counts_of_32_bits_are_unwrapped),
		GENERATION_TEST(a_count_that_fails_is_told_and_what_was_read_stands_for_it),
		GENERATION_TEST(pruning_frees_what_nobody_can_reach_and_nothing_else),
		GENERATION_TEST(without_readers_only_the_newest_is_kept),
		GENERATION_TEST(one_thread_changes_while_another_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
