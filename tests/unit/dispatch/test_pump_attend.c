/* SPDX-License-Identifier: MIT */

/*
 * The pump has sinks do what is due, and says why they failed
 *
 * As test_pump.c, which has all else: sources and sinks are scripted (support/pump_lab.h).
 */

#include "dispatch/pump.h"

#include <errno.h>

#include "tests/unit/dispatch/pump_fixture.h"

static void every_open_sink_is_attended_and_rotated(void **state)
{
	struct fake_sink *first, *second;

	(void)state;

	first = add_sink(OK);
	second = add_sink(OK);
	second->is_buffered = true;
	add_source(SCRIPT{ "ab", NULL });
	lab_run(&lab);
	assert_int_equal(tt_pump_attend(lab.pump, 4711), 0);
	assert_int_equal(first->attended_ns, 4711);
	assert_int_equal(second->attended_ns, 4711);
	assert_int_equal(second->sink.counters.written, 2);
	assert_int_equal(first->attends_count + first->rotations_count, 1);
	assert_int_equal(tt_pump_rotate(lab.pump), 0);
	assert_int_equal(first->rotations_count, 1);
	assert_int_equal(second->rotations_count, 1);
	assert_int_equal(second->attends_count, 1);
	assert_false(tt_pump_has_ended(lab.pump));
	lab_assert_accounts(&lab, NULL);
}

static void sink_that_has_nothing_to_attend_or_rotate_is_left_alone(void **state)
{
	struct tt_sink_ops plain_ops;
	struct fake_sink *plain;

	(void)state;

	plain = add_sink(OK);
	plain_ops = *plain->sink.ops;
	plain_ops.attend = NULL;
	plain_ops.rotate = NULL;
	plain->sink.ops = &plain_ops;
	assert_int_equal(tt_pump_attend(lab.pump, 1), 0);
	assert_int_equal(tt_pump_rotate(lab.pump), 0);
	add_source(SCRIPT{ "a", NULL });
	lab_run(&lab);
	assert_string_equal(plain->log, "a|");
	plain_ops.take = NULL; /* it goes out of scope: nothing but free may be called */
	lab_deinit(&lab);
	lab_init(&lab);
}

/* Has sinks attended, or rotated. */
typedef int call_fn(void);

static int call_attend(void)
{
	return tt_pump_attend(lab.pump, 1);
}

static int call_rotate(void)
{
	return tt_pump_rotate(lab.pump);
}

static void check_failure_ends_a_sink(call_fn *call)
{
	struct fake_sink *failing = add_sink(OK), *later = add_sink(OK), *going = add_sink(OK);
	bool is_source = true;

	add_source(SCRIPT{ "ab", "", "c", NULL });
	failing->is_buffered = true;
	lab_run(&lab);
	failing->attend_answer = failing->rotate_answer = -ENOSPC;
	failing->sink.error = (struct tt_error){ .code = -ENOSPC, .message = "first" };
	later->attend_answer = later->rotate_answer = -EIO;
	later->sink.error = (struct tt_error){ .code = -EIO, .message = "later" };
	assert_int_equal(call(), -ENOSPC); /* the first of two; all were called */
	assert_int_equal(going->attends_count + going->rotations_count, 1);
	lab_assert_accounts(&lab, NULL);

	assert_int_equal(call(), 0);
	assert_int_equal(failing->attends_count + failing->rotations_count, 1);
	assert_int_equal(later->attends_count + later->rotations_count, 1);
	assert_int_equal(going->attends_count + going->rotations_count, 2);
	tt_pump_ask_sources(lab.pump);
	lab_run(&lab);
	assert_string_equal(failing->log, "ab|");
	assert_string_equal(going->log, "ab|c|");
	assert_int_equal(failing->sink.counters.dropped, 3);
	assert_int_equal(later->sink.counters.dropped, 1);

	assert_int_equal(tt_pump_failure(lab.pump, &is_source)->code, -ENOSPC);
	assert_string_equal(tt_pump_failure(lab.pump, &is_source)->message, "first");
	assert_false(is_source);
}

static void failure_to_attend_ends_a_sink(void **state)
{
	(void)state;
	check_failure_ends_a_sink(call_attend);
}

static void failure_to_rotate_ends_a_sink(void **state)
{
	(void)state;
	check_failure_ends_a_sink(call_rotate);
}

static void sink_that_has_ended_is_neither_attended_nor_rotated(void **state)
{
	struct fake_sink *limited = add_sink(OK), *going = add_sink(OK);

	(void)state;

	limited->sink.count_max = 1;
	add_source(SCRIPT{ "ab", NULL });
	lab_run(&lab);
	assert_int_equal(call_attend(), 0);
	assert_int_equal(call_rotate(), 0);
	assert_int_equal(limited->attends_count + limited->rotations_count, 0);
	assert_int_equal(going->attends_count + going->rotations_count, 2);
}

static void sink_may_stop_while_it_is_attended_or_rotated(void **state)
{
	struct fake_sink *stopping = add_sink(OK);

	(void)state;

	stopping->attend_answer = TT_STOP;
	assert_int_equal(call_attend(), 0);
	assert_true(tt_pump_has_ended(lab.pump));
	assert_int_equal(call_attend(), 0);
	assert_int_equal(call_rotate(), 0);
	assert_int_equal(stopping->attends_count, 1);
	assert_int_equal(stopping->rotations_count, 0);
}

static void words_of_a_failing_sink_are_kept_and_said_to_be_its_own(void **state)
{
	struct fake_sink *sink, *later;
	struct fake_source *source;
	bool is_source;

	(void)state;

	source = add_source(SCRIPT{ "a", "!", NULL });
	sink = add_sink(OK);
	later = add_sink(OK);
	add_sink(OK);
	sink->answering_take = later->answering_take = 1;
	sink->take_answer = later->take_answer = -ENOSPC;
	later->sink.error = (struct tt_error){ .code = -ENOSPC, .message = "this one too" };
	sink->sink.error = (struct tt_error){ .code = -ENOSPC, .message = "the disk is full" };
	source->source.error = (struct tt_error){ .code = -EIO, .message = "damaged" };
	assert_int_equal(tt_pump_step(lab.pump), -ENOSPC);
	assert_string_equal(tt_pump_failure(lab.pump, &is_source)->message, "the disk is full");
	assert_false(is_source);
	assert_int_equal(tt_pump_step(lab.pump), -EIO);
	assert_string_equal(tt_pump_failure(lab.pump, &is_source)->message, "damaged");
	assert_true(is_source);
}

static void words_of_a_sink_that_fails_to_flush_are_kept(void **state)
{
	struct fake_sink *sink = add_sink(OK), *later = add_sink(OK);
	bool is_source = true;

	(void)state;

	sink->flush_answer = later->flush_answer = -EIO;
	sink->sink.error = (struct tt_error){ .code = -EIO, .message = "gone" };
	later->sink.error = (struct tt_error){ .code = -EIO, .message = "gone too" };
	assert_int_equal(tt_pump_flush(lab.pump, true), -EIO);
	assert_string_equal(tt_pump_failure(lab.pump, &is_source)->message, "gone");
	assert_false(is_source);
}

#define PUMP_TEST(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PUMP_TEST(every_open_sink_is_attended_and_rotated),
		PUMP_TEST(sink_that_has_nothing_to_attend_or_rotate_is_left_alone),
		PUMP_TEST(failure_to_attend_ends_a_sink),
		PUMP_TEST(failure_to_rotate_ends_a_sink),
		PUMP_TEST(sink_that_has_ended_is_neither_attended_nor_rotated),
		PUMP_TEST(sink_may_stop_while_it_is_attended_or_rotated),
		PUMP_TEST(words_of_a_failing_sink_are_kept_and_said_to_be_its_own),
		PUMP_TEST(words_of_a_sink_that_fails_to_flush_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
