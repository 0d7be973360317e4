/* SPDX-License-Identifier: MIT */

/*
 * A source over several: whatever comes at any moment goes out in its time
 *
 * Random schedules, against a model. Sources get frames, failures and their end between the
 * steps of somebody who reads when he is told, and while they are just being asked. Whenever
 * nobody is told, nothing may be there that could go out.
 */

#include "stage/merge.h"

#include <errno.h>

#include "tests/support/merge_lab.h"
#include "tests/support/random.h"

enum {
	ROUNDS_COUNT = 300,
	STEPS_COUNT = 200,
};

static struct tt_random generator;

static uint32_t draw(uint32_t count)
{
	return tt_random_below(&generator, count);
}

static void push_random(void)
{
	struct lane *lane = &lab.lanes[draw((uint32_t)lab.lanes_count)];
	struct item item = {
		.generation = 1 + draw(20) / 19,
		.dropped_before = draw(8) == 0 ? 1 + draw(5) : 0,
		.is_pressing = draw(16) == 0,
		.frames_count = 1 + draw(draw(16) == 0 ? TT_BATCH_FRAMES_MAX : 4),
	};
	size_t last = lane->items_count;

	if (last > 0 && lane->items[last - 1].kind == ITEM_END)
		return;
	if (draw(32) == 0)
		item = (struct item){ .kind = draw(8) == 0 ? ITEM_END : ITEM_FAILURE };
	if (last + 1 >= LAB_ITEMS_MAX || lane->pushed_count + item.frames_count > LAB_FRAMES_MAX)
		return;
	for (size_t i = 0; i < item.frames_count; i++) {
		int64_t age_ns = (int64_t)draw(20) * LAB_UNIT_NS -
				 (draw(32) == 0 ? 30 * LAB_UNIT_NS : 0);

		lab_push_note(lane, lab.now_ns - age_ns, &item, i == 0);
	}
	lab_push(lane, item);
}

static void push_sometimes(void)
{
	if (draw(3) == 0)
		push_random();
}

/* Nobody is told: then there is nothing that could go out, and nothing that nobody looked at. */
static void check_nothing_is_slept_through(void)
{
	const struct note *first = NULL;
	bool is_waiting = false;

	for (size_t i = 0; i < lab.lanes_count; i++) {
		const struct lane *lane = &lab.lanes[i];

		if (lane->given_count == lane->out_count) {
			assert_int_equal(lane->read_count, lane->items_count);
			is_waiting |= !lane->is_over;
			continue;
		}
		if (lab.window_ns != TT_MERGE_WINDOW_ENDLESS)
			assert_false(lane->items[lane->read_count - 1].is_pressing);
		if (!first || lane->notes[lane->out_count].time_ns < first->time_ns)
			first = &lane->notes[lane->out_count];
	}
	if (!first)
		return;
	assert_true(is_waiting);
	if (lab.window_ns == TT_MERGE_WINDOW_ENDLESS)
		return;
	assert_true(first->time_ns <= lab.now_ns);
	assert_true(first->time_ns >= lab.now_ns - lab.window_ns); /* the timer is 1 ns late */
}

static void run_random(void)
{
	bool is_ready = true;
	int r = 0;

	for (size_t i = 0; i < STEPS_COUNT && r != TT_STOP; i++) {
		if (draw(3) == 0)
			push_random();
		if (draw(3) == 0)
			lab_set_now(lab.now_ns + (int64_t)draw(6) * LAB_UNIT_NS);
		is_ready |= lab_is_told();
		if (!is_ready) {
			check_nothing_is_slept_through();
			continue;
		}
		if (draw(2) == 0)
			continue;
		r = lab_read_batch();
		assert_true(r >= 0 || r == -EIO);
		is_ready = r == 0 || r < 0;
	}
}

/* All that was stored comes out, once nothing more is stored. */
static void drain(void)
{
	int r = 0;

	lab.during_next = NULL;
	for (size_t i = 0; i < lab.lanes_count; i++) {
		struct lane *lane = &lab.lanes[i];

		if (lane->items_count == 0 || lane->items[lane->items_count - 1].kind != ITEM_END)
			lab_give_end(i);
	}
	while (r == 0 || r == -EIO)
		r = lab_read_batch();
	assert_int_equal(r, TT_STOP);
	for (size_t i = 0; i < lab.lanes_count; i++)
		assert_int_equal(lab.lanes[i].out_count, lab.lanes[i].pushed_count);
	lab_assert_late();
}

static void what_comes_at_any_moment_is_never_slept_through(void **state)
{
	static const int64_t windows_ns[] = { 0, 1, 3 * LAB_UNIT_NS, TT_MERGE_WINDOW_ENDLESS,
					      12 * LAB_UNIT_NS };

	(void)state;
	for (uint64_t round = 0; round < ROUNDS_COUNT; round++) {
		lab_begin_with_events(
			1 + round % 5,
			windows_ns[round / 5 % (sizeof(windows_ns) / sizeof(int64_t))]);
		tt_random_init(&generator, round);
		lab.during_next = push_sometimes;
		run_random();
		drain();
		lab_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_at_any_moment_is_never_slept_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
