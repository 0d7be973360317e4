/* SPDX-License-Identifier: MIT */

/*
 * A source over several: their frames in the order of time
 *
 * Scripted (support/merge_lab.h): order, the window, batches and blocks, ends and failures.
 * Not covered: what comes at any moment (test_merge_random.c).
 */

#include "stage/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/merge_lab.h"

/* ------------------------------------------------------------------------------- order */

static void frames_of_all_sources_come_in_the_order_of_their_stamps(void **state)
{
	(void)state;
	lab_begin(3, 0);
	lab_give(0, "aeg");
	lab_give(1, "bcf");
	lab_give(2, "dh");
	lab_assert_read("0a1b1c2d0e1f|0g|2h|", TT_EMPTY);
	lab_assert_late();
	assert_int_equal(lab.late[TT_SOURCE_FILE], 0);
	lab_end();
}

static void equal_stamps_go_out_before_later_ones_the_first_sources_first(void **state)
{
	(void)state;
	lab_begin(2, 0);
	lab_give(0, "aab");
	lab_give(1, "aab");
	lab_assert_read("0a0a1a1a1b|0b|", TT_EMPTY);
	assert_int_equal(lab.late[TT_SOURCE_FILE], 0);
	lab_end();
}

static void one_source_passes_as_it_is(void **state)
{
	(void)state;
	lab_begin(1, TT_NS_PER_S);
	lab_give(0, "abc");
	lab_give(0, "d");
	lab_assert_read("0a0b0c|0d|", TT_EMPTY);
	lab_give_end(0);
	lab_assert_read("", TT_STOP);
	lab_end();
}

static void no_sources_have_nothing_for_ever(void **state)
{
	struct tt_source *merge;

	(void)state;
	assert_int_equal(tt_merge_new(&merge, NULL, 0, 0), 0);
	assert_int_equal(merge->fd, -1);
	assert_int_equal(merge->ops->next(merge, &lab.batch), TT_STOP);
	merge->ops->free(merge);
}

static void a_batch_has_room_for_so_many_and_the_rest_follows(void **state)
{
	struct item item = { .generation = 1, .frames_count = TT_BATCH_FRAMES_MAX };

	(void)state;
	lab_begin(2, 0);
	for (size_t i = 0; i < TT_BATCH_FRAMES_MAX; i++) {
		lab_push_note(&lab.lanes[0], lab_time_of('a') + 2 * (int64_t)i, &item, i == 0);
		lab_push_note(&lab.lanes[1], lab_time_of('a') + 2 * (int64_t)i + 1, &item, i == 0);
	}
	lab_push(&lab.lanes[0], item);
	lab_push(&lab.lanes[1], item);
	assert_int_equal(lab_read_batch(), 0);
	assert_int_equal(lab.batch.frames_count, TT_BATCH_FRAMES_MAX);
	while (lab_read_batch() == 0)
		;
	assert_int_equal(lab.lanes[0].out_count + lab.lanes[1].out_count, 2 * TT_BATCH_FRAMES_MAX);
	lab_end();
}

static void what_comes_behind_a_later_stamp_is_late_on_the_account_of_its_kind(void **state)
{
	struct tt_source_statistics statistics[TT_SOURCE_KIND_COUNT] = { 0 };

	(void)state;
	lab_prepare(2);
	lab.lanes[0].kind = TT_SOURCE_IPV4;
	lab.lanes[1].kind = TT_SOURCE_IPV6;
	lab_make(0);
	lab_give(0, "f");
	lab_assert_read("0f|", TT_EMPTY);
	lab_give(1, "eeg");
	lab_give(0, "bd");
	lab_assert_read("0b0d|1e1e1g|", TT_EMPTY);
	lab_give(1, "g"); /* as late as can be without being late */
	lab_assert_read("1g|", TT_EMPTY);
	lab_assert_late();

	assert_int_equal(lab.merge->ops->add_statistics(lab.merge, statistics), 0);
	assert_int_equal(statistics[TT_SOURCE_IPV4].late, 2);
	assert_int_equal(statistics[TT_SOURCE_IPV6].late, 2);
	assert_int_equal(statistics[TT_SOURCE_FILE].late, 0);
	assert_true(statistics[TT_SOURCE_IPV4].is_present);
	assert_false(statistics[TT_SOURCE_FILE].is_present);
	assert_int_equal(statistics[TT_SOURCE_IPV4].stored, 3);
	assert_int_equal(statistics[TT_SOURCE_IPV6].stored, 4);
	/* They are added to what is there. */
	assert_int_equal(lab.merge->ops->add_statistics(lab.merge, statistics), 0);
	assert_int_equal(statistics[TT_SOURCE_IPV6].late, 4);
	lab.statistics_answer = -ENODEV;
	assert_int_equal(lab.merge->ops->add_statistics(lab.merge, statistics), -ENODEV);
	lab_end();
}

/* ------------------------------------------------------------------------------ window */

static void a_frame_waits_while_a_source_is_silent_and_no_longer_than_the_window(void **state)
{
	(void)state;
	lab_begin_with_events(2, 10 * LAB_UNIT_NS);
	lab.now_ns = lab_time_of('f');
	lab_give(0, "ce");
	assert_true(lab_is_told());
	lab_assert_read("", TT_EMPTY);

	lab_set_now(lab_time_of('c') + 10 * LAB_UNIT_NS - 1);
	assert_false(lab_is_told());
	lab_assert_read("", TT_EMPTY);
	lab_set_now(lab_time_of('c') + 10 * LAB_UNIT_NS + 1);
	assert_true(lab_is_told());
	lab_assert_read("0c|", TT_EMPTY);

	lab_set_now(lab_time_of('e') + 10 * LAB_UNIT_NS);
	assert_false(lab_is_told());
	lab_set_now(lab_time_of('e') + 10 * LAB_UNIT_NS + 1);
	assert_true(lab_is_told());
	lab_assert_read("0e|", TT_EMPTY);
	assert_false(lab_is_told());
	assert_int_equal(lab.timer_due_ns, LAB_NEVER_NS);
	lab_end();
}

static void a_frame_that_comes_while_another_waits_goes_out_in_its_place(void **state)
{
	(void)state;
	lab_begin_with_events(2, 10 * LAB_UNIT_NS);
	lab.now_ns = lab_time_of('f');
	lab_give(0, "df");
	lab_assert_read("", TT_EMPTY);
	assert_false(lab_is_told()); /* it was looked at */

	lab_give(1, "ceg");
	assert_true(lab_is_told());
	lab.now_ns = lab_time_of('h');
	/* "g" waits: who knows what the other will have. */
	lab_assert_read("1c0d1e0f|", TT_EMPTY);
	lab_set_now(lab_time_of('g') + 10 * LAB_UNIT_NS + 1);
	assert_true(lab_is_told());
	lab_assert_read("1g|", TT_EMPTY);
	lab_end();
}

static void every_source_that_has_something_ends_the_waiting(void **state)
{
	(void)state;
	lab_begin(3, 10 * LAB_UNIT_NS);
	lab.now_ns = lab_time_of('d');
	lab_give(0, "a");
	lab_give(1, "b");
	lab_assert_read("", TT_EMPTY);
	lab_give(2, "c");
	lab_assert_read("0a|", TT_EMPTY);
	lab_give_end(0);
	lab_assert_read("1b|", TT_EMPTY);
	lab_give_end(2);
	lab_give_end(1);
	lab_assert_read("2c|", TT_STOP);
	lab_end();
}

static void a_source_that_fills_up_is_not_made_to_wait(void **state)
{
	(void)state;
	lab_begin(2, 10 * LAB_UNIT_NS);
	lab.now_ns = lab_time_of('d');
	lab_give_item(0, "abd", (struct item){ .generation = 1, .is_pressing = true });
	lab_assert_read("0a0b0d|", TT_EMPTY);
	/* That was of this batch alone. */
	lab_give(0, "d");
	lab_assert_read("", TT_EMPTY);
	/* One that presses lets go what others have before it, too. */
	lab_give_item(1, "d", (struct item){ .generation = 1, .is_pressing = true });
	lab_assert_read("0d|1d|", TT_EMPTY);
	lab_end();
}

static void a_stamp_in_the_future_waits_for_nothing(void **state)
{
	(void)state;
	lab_begin(2, 10 * LAB_UNIT_NS);
	lab.now_ns = lab_time_of('d');
	lab_give(0, "e"); /* the clock was set back since */
	lab_assert_read("0e|", TT_EMPTY);
	lab_give(0, "d"); /* the present is not the future */
	lab_assert_read("", TT_EMPTY);
	lab.now_ns = lab_time_of('d') - 1;
	lab_assert_read("0d|", TT_EMPTY);
	assert_int_equal(lab.late[TT_SOURCE_FILE], 1);
	lab_end();
}

static void without_a_window_nobody_waits_for_a_source_that_has_nothing(void **state)
{
	(void)state;
	lab_begin(2, 0);
	assert_int_equal(lab.merge->fd, -1); /* nothing to wait for: it is asked again */
	lab.now_ns = lab_time_of('a');
	lab_give(0, "a");
	lab_assert_read("0a|", TT_EMPTY);
	lab_give(1, "b");
	lab_give_end(0);
	lab_give_end(1);
	lab_assert_read("1b|", TT_STOP);
	assert_int_equal(lab.timer_fd, -1);
	lab_end();
}

static void without_an_end_of_the_window_each_source_is_waited_for(void **state)
{
	(void)state;
	lab_begin_with_events(2, TT_MERGE_WINDOW_ENDLESS);
	lab_give(0, "bz");
	assert_true(lab_is_told());
	lab_assert_read("", TT_EMPTY);
	lab_set_now(lab_time_of('z') + 3600 * TT_NS_PER_S);
	assert_false(lab_is_told()); /* no timer either */
	lab_set_now(lab_time_of('a') - 3600 * TT_NS_PER_S);
	lab_give_item(0, "y", (struct item){ .generation = 1, .is_pressing = true });
	lab_assert_read("", TT_EMPTY); /* the future is none, and nothing presses */

	lab_give(1, "ac");
	assert_true(lab_is_told());
	lab_assert_read("1a0b1c|", TT_EMPTY);
	lab_give_failure(1);
	lab_assert_read("", -EIO);
	lab_assert_read("", TT_EMPTY);
	lab_give_end(1);
	assert_true(lab_is_told());
	lab_give_end(0);
	lab_assert_read("0z|0y|", TT_STOP);
	lab_end();
}

/* ----------------------------------------------------------------- batches and blocks */

static void generations_are_never_mixed_in_a_batch(void **state)
{
	(void)state;
	lab_begin(2, 0);
	lab_give_item(0, "ace", (struct item){ .generation = 1 });
	lab_give_item(1, "bdf", (struct item){ .generation = 2 });
	lab_assert_read("0a|1b|0c|1d|0e|1f|", TT_EMPTY);
	lab_give_item(0, "ghk", (struct item){ .generation = 3 });
	lab_give_item(1, "ij", (struct item){ .generation = 3 });
	lab_assert_read("0g0h1i1j|0k|", TT_EMPTY);
	lab_end();
}

static void a_loss_is_told_in_front_of_its_frame_and_nowhere_else(void **state)
{
	uint64_t told = 0;

	(void)state;
	lab_begin(2, 0);
	lab_give_item(0, "ace", (struct item){ .generation = 1, .dropped_before = 3 });
	lab_give_item(1, "bdf", (struct item){ .generation = 1, .dropped_before = 5 });
	while (lab_read_batch() == 0)
		told += lab.batch.dropped_before;
	assert_string_equal(lab.log, "0a|1b0c1d0e|1f|");
	assert_int_equal(told, 8);
	lab_end();
}

static void a_block_is_held_until_the_call_after_its_last_frame(void **state)
{
	(void)state;
	lab_begin(2, 0);
	lab_give(0, "ac");
	lab_give(1, "bd");
	assert_int_equal(lab_read_batch(), 0); /* check_frame() looks at the blocks */
	assert_string_equal(lab.log, "0a1b0c|");
	assert_true(lab.lanes[0].block_is_out && lab.lanes[1].block_is_out);
	assert_int_equal(lab_read_batch(), 0);
	assert_string_equal(lab.log, "0a1b0c|1d|");
	assert_false(lab.lanes[0].block_is_out);
	assert_true(lab.lanes[1].block_is_out);
	assert_int_equal(lab_read_batch(), TT_EMPTY);
	assert_false(lab.lanes[1].block_is_out);
	lab_end();
}

static void blocks_are_let_go_with_the_source_whatever_waits_in_them(void **state)
{
	(void)state;
	lab_begin(3, TT_NS_PER_S);
	lab.now_ns = lab_time_of('c');
	lab_give(0, "ab");
	lab_give(1, "b");
	assert_int_equal(lab_read_batch(), TT_EMPTY);
	assert_true(lab.lanes[0].block_is_out && lab.lanes[1].block_is_out);
	lab_end(); /* free_lane() looks at them */

	lab_begin(2, 0);
	lab_give(0, "ab");
	lab_give(1, "b");
	assert_int_equal(lab_read_batch(), 0);
	lab_end();
}

static void frames_may_lie_in_no_block(void **state)
{
	(void)state;
	lab_prepare(2);
	lab.lanes[0].has_no_blocks = true;
	lab_make(0);
	lab_give(0, "ac");
	lab_give(1, "b");
	lab_assert_read("0a1b|0c|", TT_EMPTY);
	lab_end();
}

/* ----------------------------------------------------------------- ends and failures */

static void it_ends_when_all_have_ended_and_not_before(void **state)
{
	(void)state;
	lab_begin(2, 0);
	lab_give(0, "a");
	lab_give_end(0);
	lab_assert_read("0a|", TT_EMPTY);
	lab_give(1, "b");
	lab_give(1, "c");
	lab_give_end(1);
	lab_assert_read("1b|1c|", TT_STOP);
	lab_assert_read("", TT_STOP); /* and none is asked again: next() looks */
	lab_end();
}

static void a_failure_is_passed_on_in_words_and_the_others_go_on(void **state)
{
	(void)state;
	lab_begin(3, 0);
	lab_give(0, "a");
	lab_give_failure(1);
	lab_give(1, "c");
	lab_give_failure(2);
	lab_give_end(2);
	lab_assert_read("", -EIO);
	assert_string_equal(lab.merge->error.message, "source 1: failed as scripted");
	assert_int_equal(lab.merge->error.code, -EIO);
	lab_assert_read("", -EIO);
	assert_string_equal(lab.merge->error.message, "source 2: failed as scripted");
	lab_assert_read("0a|1c|", TT_EMPTY);
	lab_end();
}

/* A lane that is a pipe, whose writer is gone once its peer is closed. */
static void give_lane_a_pipe(struct lane *lane)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	lane->source.fd = fds[0];
	lane->peer_fd = fds[1];
}

static void hang_up(struct lane *lane)
{
	assert_int_equal(close(lane->peer_fd), 0);
	lane->peer_fd = -1;
}

static void what_a_descriptor_says_of_an_error_is_looked_into(void **state)
{
	(void)state;
	lab_prepare(2);
	lab_give_event(&lab.lanes[0]);
	give_lane_a_pipe(&lab.lanes[1]);
	lab_make(0);
	lab_listen();
	lab_assert_read("", TT_EMPTY);
	(void)lab_is_told();
	lab.lanes[1].check_answer = -ENODEV;
	hang_up(&lab.lanes[1]);
	assert_true(lab_is_told());
	lab_assert_read("", -ENODEV);
	assert_string_equal(lab.merge->error.message, "source 1: failed as scripted");
	lab_assert_read("", TT_EMPTY); /* once */
	lab_give(0, "a");
	assert_true(lab_is_told());
	lab_assert_read("0a|", TT_EMPTY);
	lab_end();

	/* It may be nothing to speak of. */
	lab_prepare(1);
	give_lane_a_pipe(&lab.lanes[0]);
	lab_make(0);
	hang_up(&lab.lanes[0]);
	lab_assert_read("", TT_EMPTY);
	assert_int_equal(lab.merge->ops->check(lab.merge), 0);
	lab_end();
}

static void an_error_is_seen_behind_any_number_of_others_that_told(void **state)
{
	(void)state;
	lab_prepare(LAB_LANES_MAX);
	for (size_t i = 0; i + 1 < LAB_LANES_MAX; i++)
		lab_give_event(&lab.lanes[i]);
	give_lane_a_pipe(&lab.lanes[LAB_LANES_MAX - 1]);
	lab_make(0);
	lab_listen();
	lab_assert_read("", TT_EMPTY);
	(void)lab_is_told();

	for (size_t i = 0; i + 1 < LAB_LANES_MAX; i++)
		lab_tell(&lab.lanes[i]); /* for nothing */
	lab.lanes[LAB_LANES_MAX - 1].check_answer = -ENODEV;
	hang_up(&lab.lanes[LAB_LANES_MAX - 1]);
	assert_true(lab_is_told());
	lab_assert_read("", -ENODEV);
	lab_assert_read("", TT_EMPTY);
	lab_end();
}

static void too_many_sources_stay_their_owners(void **state)
{
	static struct tt_source *inners[TT_MERGE_SOURCES_MAX + 1];
	static struct lane lanes[2];
	struct tt_source *merge = NULL;

	(void)state;
	lab_prepare(0);
	for (size_t i = 0; i <= TT_MERGE_SOURCES_MAX; i++)
		inners[i] = &lanes[0].source;
	lanes[0].source = (struct tt_source){ .ops = &lab_lane_ops, .fd = -1 };
	assert_int_equal(tt_merge_new(&merge, inners, TT_MERGE_SOURCES_MAX + 1, 0), -ENOSPC);
	assert_null(merge);
	assert_false(lanes[0].is_freed);

	/* A descriptor that cannot be waited for. */
	lanes[1].source = (struct tt_source){ .ops = &lab_lane_ops,
					      .fd = open("/dev/null", O_CLOEXEC) };
	inners[1] = &lanes[1].source;
	assert_true(lanes[1].source.fd >= 0);
	assert_int_equal(tt_merge_new(&merge, inners, 2, 0), -EPERM);
	assert_null(merge);
	assert_false(lanes[0].is_freed || lanes[1].is_freed);
	assert_int_equal(close(lanes[1].source.fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_of_all_sources_come_in_the_order_of_their_stamps),
		cmocka_unit_test(equal_stamps_go_out_before_later_ones_the_first_sources_first),
		cmocka_unit_test(one_source_passes_as_it_is),
		cmocka_unit_test(no_sources_have_nothing_for_ever),
		cmocka_unit_test(a_batch_has_room_for_so_many_and_the_rest_follows),
		cmocka_unit_test(
			what_comes_behind_a_later_stamp_is_late_on_the_account_of_its_kind),
		cmocka_unit_test(
			a_frame_waits_while_a_source_is_silent_and_no_longer_than_the_window),
		cmocka_unit_test(a_frame_that_comes_while_another_waits_goes_out_in_its_place),
		cmocka_unit_test(every_source_that_has_something_ends_the_waiting),
		cmocka_unit_test(a_source_that_fills_up_is_not_made_to_wait),
		cmocka_unit_test(a_stamp_in_the_future_waits_for_nothing),
		cmocka_unit_test(without_a_window_nobody_waits_for_a_source_that_has_nothing),
		cmocka_unit_test(without_an_end_of_the_window_each_source_is_waited_for),
		cmocka_unit_test(generations_are_never_mixed_in_a_batch),
		cmocka_unit_test(a_loss_is_told_in_front_of_its_frame_and_nowhere_else),
		cmocka_unit_test(a_block_is_held_until_the_call_after_its_last_frame),
		cmocka_unit_test(blocks_are_let_go_with_the_source_whatever_waits_in_them),
		cmocka_unit_test(frames_may_lie_in_no_block),
		cmocka_unit_test(it_ends_when_all_have_ended_and_not_before),
		cmocka_unit_test(a_failure_is_passed_on_in_words_and_the_others_go_on),
		cmocka_unit_test(what_a_descriptor_says_of_an_error_is_looked_into),
		cmocka_unit_test(an_error_is_seen_behind_any_number_of_others_that_told),
		cmocka_unit_test(too_many_sources_stay_their_owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
