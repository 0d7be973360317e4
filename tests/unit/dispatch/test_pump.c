/* SPDX-License-Identifier: MIT */

/*
 * The pump: what one worker does, from sources to sinks
 *
 * Sources and sinks are scripted (tests/support/pump_lab.h); headers are read by the
 * real decoder. The equations of accounting.h are asserted after each step. Random
 * scripts are in test_pump_random.c. Threads are not covered: a pump has one.
 */

#include "dispatch/pump.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/dispatch/pump_fixture.h"

static uint64_t withheld(const struct fake_sink *sink, enum tt_withheld reason)
{
	return sink->sink.counters.withheld[reason];
}

/* Pulls until nothing is left, into @text as a sink would log it. */
static void pull_all(struct fake_sink *sink, char *text)
{
	const struct tt_datagram *datagrams;
	size_t count;
	int r;

	for (r = tt_pump_pull(lab.pump, &sink->sink, &datagrams, &count); r == 0;
	     r = tt_pump_pull(lab.pump, &sink->sink, &datagrams, &count)) {
		assert_true(count > 0);
		for (size_t i = 0; i < count; i++)
			*text++ = (char)datagrams[i].interface_index;
		*text++ = '|';
		lab_assert_accounts(&lab, sink);
	}
	*text = '\0';
	assert_int_equal(r, TT_EMPTY);
	assert_int_equal(count, 0);
	lab_assert_accounts(&lab, NULL);
}

static void pump_without_sources_has_nothing(void **state)
{
	(void)state;

	assert_int_equal(tt_pump_step(lab.pump), TT_EMPTY);
	assert_int_equal(tt_pump_flush(lab.pump, true), 0);
	assert_false(tt_pump_has_ended(lab.pump));
	tt_pump_free(NULL);
}

static void sources_are_asked_in_turn(void **state)
{
	struct fake_sink *sink;

	(void)state;

	add_source(SCRIPT{ "aa", "b", "b", "a", NULL });
	add_source(SCRIPT{ "d", "d", NULL });
	add_source(SCRIPT{ "e", "e", "e", NULL });
	sink = add_sink(OK);
	lab_run(&lab);
	assert_string_equal(sink->log, "aa|d|e|b|d|e|b|e|a|");
}

static void sources_of_one_kind_add_up_in_the_account(void **state)
{
	struct tt_accounting accounting = { .size = sizeof(accounting) };
	const struct tt_source_accounting *account = &accounting.sources[TT_SOURCE_IPV4];

	(void)state;

	add_source(SCRIPT{ "ant", NULL })->statistics =
		(struct tt_source_statistics){ .dropped = 1, .freezes = 2, .ring_bytes = 3 };
	add_source(SCRIPT{ "bc", NULL })->statistics =
		(struct tt_source_statistics){ .dropped = 10, .freezes = 20, .ring_bytes = 30 };
	add_sink(OK);
	lab_run(&lab);
	assert_int_equal(tt_pump_account(lab.pump, &accounting), 0);
	assert_int_equal(account->delivered, 5);
	assert_int_equal(account->verdicts[TT_VERDICT_OK], 3);
	assert_int_equal(account->verdicts[TT_VERDICT_NOT_UDP], 1);
	assert_int_equal(account->verdicts[TT_VERDICT_TRUNCATED], 1);
	assert_int_equal(account->payload_cut, 1);
	assert_int_equal(account->ring_dropped, 11);
	assert_int_equal(account->ring_freezes, 22);
	assert_int_equal(account->ring_bytes, 33);
	assert_string_equal(accounting.outputs[0].name, "sink A");
	assert_int_equal(accounting.outputs[0].given, 3);
}

static void failing_statistics_fail_the_account(void **state)
{
	struct tt_accounting accounting = { .size = sizeof(accounting) };

	(void)state;

	add_source(SCRIPT{ NULL })->statistics_answer = -EBADF;
	assert_int_equal(tt_pump_account(lab.pump, &accounting), -EBADF);
}

static void a_loss_is_told_once_to_each_sink_with_the_run_behind_it(void **state)
{
	struct fake_source *source;
	struct fake_sink *first, *second;

	(void)state;

	source = add_source(SCRIPT{ "ab", "cnd", "e", NULL });
	first = add_sink(OK);
	second = add_sink(TT_VERDICT_ALL);
	assert_int_equal(tt_pump_step(lab.pump), 0);
	source->dropped_before = 7;
	lab_run(&lab);
	assert_string_equal(first->log, "ab|c|d|e|");
	assert_int_equal(first->dropped_count, 7);
	assert_int_equal(second->dropped_count, 7);
}

static void verdicts_split_runs_for_each_sink_apart(void **state)
{
	struct fake_sink *ok;
	struct fake_sink *all;
	struct fake_sink *bad;

	(void)state;

	add_source(SCRIPT{ "aanabtt", "nn", NULL });
	ok = add_sink(OK);
	all = add_sink(TT_VERDICT_ALL);
	bad = add_sink(TT_VERDICT_ALL & ~OK);
	lab_run(&lab);
	assert_string_equal(ok->log, "aa|ab|");
	assert_string_equal(all->log, "aanabtt|nn|");
	assert_string_equal(bad->log, "n|tt|nn|");
	assert_int_equal(withheld(ok, TT_WITHHELD_VERDICT), 5);
	assert_int_equal(withheld(all, TT_WITHHELD_VERDICT), 0);
	assert_int_equal(withheld(bad, TT_WITHHELD_VERDICT), 4);
}

static void locality_splits_runs_and_is_judged_after_the_verdict(void **state)
{
	struct fake_sink *sink;

	(void)state;

	add_source(SCRIPT{ "AAbCnND", NULL });
	sink = add_sink(OK);
	sink->sink.local_only = true;
	lab_run(&lab);
	assert_string_equal(sink->log, "AA|C|D|");
	assert_int_equal(withheld(sink, TT_WITHHELD_NOT_LOCAL), 1);
	assert_int_equal(withheld(sink, TT_WITHHELD_VERDICT), 2);
}

static void limit_is_kept_to_the_datagram(void **state)
{
	struct fake_sink *limited;
	struct fake_sink *other;

	(void)state;

	add_source(SCRIPT{ "ab", "cdaan", "a", NULL });
	limited = add_sink(OK);
	other = add_sink(OK);
	limited->sink.count_max = 3;
	lab_run(&lab);
	assert_string_equal(limited->log, "ab|c|");
	assert_int_equal(withheld(limited, TT_WITHHELD_LIMIT), 4);
	assert_int_equal(withheld(limited, TT_WITHHELD_VERDICT), 1);
	assert_string_equal(other->log, "ab|cdaa|a|");
	assert_false(tt_pump_has_ended(lab.pump)); /* the other wants more */
}

static void limit_that_falls_on_the_end_of_a_batch_ends_the_sink_there(void **state)
{
	struct fake_sink *sink;

	(void)state;

	add_source(SCRIPT{ "ab", "c", NULL });
	sink = add_sink(OK);
	sink->sink.count_max = 2;
	assert_int_equal(tt_pump_step(lab.pump), 0);
	assert_true(tt_pump_has_ended(lab.pump));
	lab_run(&lab);
	assert_string_equal(sink->log, "ab|");
	assert_int_equal(withheld(sink, TT_WITHHELD_LIMIT), 1);
}

static void limit_counts_what_was_given_and_not_what_has_no_route(void **state)
{
	struct fake_sink *sink;

	(void)state;

	add_source(SCRIPT{ "xxxaxb", "xcd", NULL });
	sink = add_sink(OK);
	sink->withheld_letter = 'x';
	sink->sink.count_max = 3;
	lab_run(&lab);
	assert_int_equal(sink->sink.counters.given, 3);
	assert_int_equal(withheld(sink, TT_WITHHELD_NO_ROUTE), 5);
	assert_int_equal(withheld(sink, TT_WITHHELD_LIMIT), 1); /* the last one alone */
	assert_true(tt_pump_has_ended(lab.pump));
}

static void failing_sink_is_told_of_once_and_the_rest_goes_on(void **state)
{
	struct fake_sink *failing;
	struct fake_sink *other;

	(void)state;

	add_source(SCRIPT{ "ab", "cnd", "e", NULL });
	failing = add_sink(OK);
	other = add_sink(OK);
	failing->answering_take = 2; /* of "c" */
	failing->take_answer = -ENOSPC;
	assert_int_equal(tt_pump_step(lab.pump), 0);
	assert_int_equal(tt_pump_step(lab.pump), -ENOSPC);
	lab_assert_accounts(&lab, NULL);
	lab_run(&lab);
	assert_string_equal(failing->log, "ab|c|");
	assert_int_equal(failing->sink.counters.written, 2);
	assert_int_equal(failing->sink.counters.dropped, 3);
	assert_string_equal(other->log, "ab|c|d|e|");
	assert_false(tt_pump_has_ended(lab.pump));
	assert_int_equal(tt_pump_flush(lab.pump, true), 0);
	assert_int_equal(failing->flushes_count, 0); /* it has nothing left to write */
}

static void first_of_several_failures_is_told(void **state)
{
	(void)state;

	add_source(SCRIPT{ "a", "b", NULL });
	for (unsigned int i = 0; i < 3; i++) {
		struct fake_sink *sink = add_sink(OK);

		sink->answering_take = 1;
		sink->take_answer = i == 0 ? 0 : i == 1 ? -EPIPE : -ENOSPC;
		sink->flush_answer = -EIO;
	}
	assert_int_equal(tt_pump_step(lab.pump), -EPIPE);
	lab_assert_accounts(&lab, NULL);
	assert_int_equal(tt_pump_flush(lab.pump, false), -EIO);
	assert_true(tt_pump_has_ended(lab.pump)); /* now all have failed */
	lab_run(&lab);
}

static void sink_that_fails_to_flush_gets_nothing_more(void **state)
{
	struct fake_sink *sink;

	(void)state;

	add_source(SCRIPT{ "ab", "cd", NULL });
	sink = add_sink(OK);
	sink->is_buffered = true;
	sink->flush_answer = -EIO;
	assert_int_equal(tt_pump_step(lab.pump), 0);
	assert_int_equal(tt_pump_flush(lab.pump, false), -EIO);
	assert_int_equal(tt_pump_flush(lab.pump, true), 0); /* told once */
	assert_int_equal(sink->flushes_count, 1);
	lab_run(&lab);
	assert_string_equal(sink->log, "ab|");
	assert_int_equal(sink->sink.counters.dropped, 4);
}

static void sink_that_stops_ends_the_pump_at_once(void **state)
{
	struct fake_sink *stopping;
	struct fake_sink *other;

	(void)state;

	add_source(SCRIPT{ "anb", "c", NULL });
	stopping = add_sink(OK);
	other = add_sink(OK);
	stopping->answering_take = 1;
	stopping->take_answer = TT_STOP;
	assert_int_equal(tt_pump_step(lab.pump), 0);
	assert_true(tt_pump_has_ended(lab.pump)); /* though the other would take more */
	lab_run(&lab);
	assert_string_equal(stopping->log, "a|");
	assert_int_equal(stopping->sink.counters.written, 1);
	assert_int_equal(withheld(stopping, TT_WITHHELD_LIMIT), 2);
	assert_string_equal(other->log, "a|b|c|");
	assert_int_equal(tt_pump_flush(lab.pump, true), 0);
	assert_int_equal(stopping->ends_count, 1); /* it may still have something to write */
}

static void sink_may_stop_while_it_flushes(void **state)
{
	struct fake_sink *sink;

	(void)state;

	add_source(SCRIPT{ "a", "b", NULL });
	sink = add_sink(OK);
	sink->is_buffered = true;
	sink->flush_answer = TT_STOP;
	assert_int_equal(tt_pump_step(lab.pump), 0);
	assert_false(tt_pump_has_ended(lab.pump));
	assert_int_equal(tt_pump_flush(lab.pump, false), 0);
	assert_true(tt_pump_has_ended(lab.pump));
	lab_run(&lab);
	assert_int_equal(withheld(sink, TT_WITHHELD_LIMIT), 1);
}

static void pump_has_ended_when_every_sink_has(void **state)
{
	struct fake_sink *limited;
	struct fake_sink *failing;

	(void)state;

	add_source(SCRIPT{ "a", "b", NULL });
	limited = add_sink(OK);
	limited->sink.count_max = 1;
	failing = add_sink(OK);
	failing->answering_take = 2;
	failing->take_answer = -EIO;
	assert_int_equal(tt_pump_step(lab.pump), 0);
	assert_false(tt_pump_has_ended(lab.pump));
	assert_int_equal(tt_pump_step(lab.pump), -EIO);
	assert_true(tt_pump_has_ended(lab.pump));
	lab_assert_accounts(&lab, NULL);
}

static void dropping_counts_what_is_buffered_and_what_comes(void **state)
{
	struct fake_sink *open;
	struct fake_sink *ended;
	struct fake_sink *failed;

	(void)state;

	add_source(SCRIPT{ "ab", "cnd", NULL });
	open = add_sink(OK);
	open->is_buffered = true;
	ended = add_sink(OK);
	ended->is_buffered = true;
	ended->sink.count_max = 1;
	failed = add_sink(OK);
	failed->answering_take = 1;
	failed->take_answer = -EIO;
	assert_int_equal(tt_pump_step(lab.pump), -EIO);

	tt_pump_drop(lab.pump);
	lab_assert_accounts(&lab, NULL);
	lab_run(&lab);
	tt_pump_drop(lab.pump); /* again: nothing new */
	assert_string_equal(open->log, "ab|");
	assert_int_equal(open->sink.counters.written, 0);
	assert_int_equal(open->sink.counters.dropped, 4);
	assert_int_equal(open->drops_count, 1);
	assert_int_equal(ended->sink.counters.dropped, 1);
	assert_int_equal(withheld(ended, TT_WITHHELD_LIMIT), 3); /* it would not have had them */
	assert_int_equal(failed->drops_count, 0);
	assert_true(tt_pump_has_ended(lab.pump));
}

static void puller_gets_what_its_sink_wants_and_others_get_theirs_once(void **state)
{
	struct fake_sink *pulled;
	struct fake_sink *other;
	char text[LAB_LOG_BYTES];

	(void)state;

	add_source(SCRIPT{ "AAbnC", "nn", "D", NULL });
	pulled = add_sink(OK);
	pulled->sink.local_only = true;
	other = add_sink(TT_VERDICT_ALL);
	pull_all(pulled, text);
	assert_string_equal(text, "AA|C|D|");
	assert_int_equal(pulled->takes_count, 0);
	assert_int_equal(pulled->sink.counters.written, 4);
	assert_string_equal(other->log, "AAbnC|nn|D|");
}

static void puller_keeps_the_block_until_its_next_call(void **state)
{
	const struct tt_datagram *datagrams;
	struct fake_source *source;
	struct fake_sink *sink;
	size_t count;

	(void)state;

	source = add_source(SCRIPT{ "anb", NULL });
	sink = add_sink(OK);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(tt_pump_pull(lab.pump, &sink->sink, &datagrams, &count), 0);
		assert_int_equal(source->blocks_out_count, 1);
	}
	assert_int_equal(tt_pump_pull(lab.pump, &sink->sink, &datagrams, &count), TT_EMPTY);
	assert_int_equal(source->blocks_out_count, 0);
	lab_assert_accounts(&lab, NULL);
}

static void puller_leaves_what_is_counted_as_dropped(void **state)
{
	const struct tt_datagram *datagrams;
	struct fake_sink *sink;
	size_t count;

	(void)state;

	add_source(SCRIPT{ "ananbc", "d", NULL });
	sink = add_sink(OK);
	assert_int_equal(tt_pump_pull(lab.pump, &sink->sink, &datagrams, &count), 0);
	assert_int_equal(count, 1);
	lab_assert_accounts(&lab, sink);

	lab_run(&lab); /* no more pulling: the sink's own take has the next batch */
	assert_string_equal(sink->log, "d|");
	assert_int_equal(sink->sink.counters.written, 2);
	assert_int_equal(sink->sink.counters.dropped, 3);
	assert_int_equal(withheld(sink, TT_WITHHELD_VERDICT), 2);
}

static void puller_that_goes_away_leaves_no_block_held(void **state)
{
	const struct tt_datagram *datagrams;
	struct fake_source *source;
	struct fake_sink *sink;
	size_t count;

	(void)state;

	source = add_source(SCRIPT{ "ab", NULL });
	sink = add_sink(OK);
	assert_int_equal(tt_pump_pull(lab.pump, &sink->sink, &datagrams, &count), 0);
	assert_int_equal(source->blocks_out_count, 1); /* lab_deinit() sees that it is let go */
}

static void puller_hears_of_a_failing_sink_and_then_gets_its_datagrams(void **state)
{
	const struct tt_datagram *datagrams;
	struct fake_sink *pulled;
	struct fake_sink *failing;
	size_t count;

	(void)state;

	add_source(SCRIPT{ "ab", NULL });
	pulled = add_sink(OK);
	failing = add_sink(OK);
	failing->answering_take = 1;
	failing->take_answer = -EIO;
	assert_int_equal(tt_pump_pull(lab.pump, &pulled->sink, &datagrams, &count), -EIO);
	assert_int_equal(tt_pump_pull(lab.pump, &pulled->sink, &datagrams, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(tt_pump_pull(lab.pump, &pulled->sink, &datagrams, &count), TT_EMPTY);
	lab_assert_accounts(&lab, NULL);
}

static void puller_is_held_to_its_limit(void **state)
{
	struct fake_sink *sink;
	char text[LAB_LOG_BYTES];

	(void)state;

	add_source(SCRIPT{ "ab", "cde", "f", NULL });
	sink = add_sink(OK);
	sink->sink.count_max = 3;
	pull_all(sink, text);
	assert_string_equal(text, "ab|c|");
	assert_int_equal(withheld(sink, TT_WITHHELD_LIMIT), 3);
	assert_true(tt_pump_has_ended(lab.pump));
}

static void puller_gets_nothing_after_a_drop(void **state)
{
	const struct tt_datagram *datagrams;
	struct fake_sink *sink;
	char text[LAB_LOG_BYTES];
	size_t count;

	(void)state;

	add_source(SCRIPT{ "anb", "cd", NULL });
	sink = add_sink(OK);
	assert_int_equal(tt_pump_pull(lab.pump, &sink->sink, &datagrams, &count), 0);
	tt_pump_drop(lab.pump);
	pull_all(sink, text);
	assert_string_equal(text, "");
	assert_int_equal(sink->sink.counters.written, 1);
	assert_int_equal(sink->sink.counters.dropped, 3);
}

static void block_is_let_go_after_the_step_unless_a_sink_holds_it(void **state)
{
	struct fake_source *source;
	struct fake_sink *holder;

	(void)state;

	source = add_source(SCRIPT{ "anb", "c", "d", NULL });
	holder = add_sink(OK);
	add_sink(OK);
	assert_int_equal(tt_pump_step(lab.pump), 0);
	assert_int_equal(source->blocks_out_count, 0);
	holder->is_holding = true;
	lab_run(&lab);
	assert_int_equal(source->blocks_out_count, 2);
	fake_sink_release(holder);
	assert_int_equal(source->blocks_out_count, 0);
}

static void frames_may_lie_in_no_block(void **state)
{
	struct fake_sink *sink;

	(void)state;

	add_source(SCRIPT{ "ab", "c", NULL })->has_no_blocks = true;
	sink = add_sink(OK);
	sink->is_holding = true;
	lab_run(&lab);
	assert_string_equal(sink->log, "ab|c|");
	assert_int_equal(sink->held_count, 0);
}

static void failing_source_is_told_of_and_asked_again(void **state)
{
	struct fake_sink *sink;
	bool is_source;

	(void)state;

	add_source(SCRIPT{ "a", "!", "b", NULL })->source.error =
		(struct tt_error){ .code = -EIO, .message = "words" };
	add_source(SCRIPT{ "d", "e", "f", NULL });
	sink = add_sink(OK);
	assert_int_equal(tt_pump_step(lab.pump), 0);
	assert_int_equal(tt_pump_step(lab.pump), 0);
	assert_int_equal(tt_pump_step(lab.pump), -EIO);
	assert_string_equal(tt_pump_failure(lab.pump, &is_source)->message, "words");
	assert_true(is_source);
	lab_run(&lab);
	assert_string_equal(sink->log, "a|d|e|b|f|");
}

static void source_that_has_ended_is_not_asked_again(void **state)
{
	struct fake_source *ending;

	(void)state;

	ending = add_source(SCRIPT{ "a", ".", "b", NULL });
	add_sink(OK);
	lab_run(&lab);
	lab_run(&lab);
	assert_int_equal(ending->asked_count, 2);
	assert_true(tt_pump_has_ended(lab.pump)); /* no source will ever have anything */
}

static void watched_source_is_asked_again_when_the_loop_tells(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct fake_source *source = &sources[0];
	struct fake_sink *sink;

	(void)state;

	assert_true(fd >= 0);
	fake_source_init(source, fd, TT_SOURCE_IPV6, SCRIPT{ "a", "", "b", "", NULL });
	lab_add_source(&lab, source);
	sink = add_sink(OK);
	lab_run(&lab); /* it is asked once without being told: it may have been ready before */
	assert_string_equal(sink->log, "a|");
	lab_run(&lab);
	assert_int_equal(source->asked_count, 2);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(eventfd_write(fd, 1), 0); /* an edge, though none was read */
		assert_int_equal(tt_loop_wait(&lab.loop, 0), 0);
		lab_run(&lab);
	}
	assert_string_equal(sink->log, "a|b|");
	assert_int_equal(source->checked_count, 0);
	(void)close(fd);
}

/* A watched source on one end of a pair; shutting it down reports a hang-up. */
static struct fake_source *add_pair(int ends[2], const char *const *words)
{
	struct fake_source *source = &sources[lab.sources_count];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	fake_source_init(source, ends[0], TT_SOURCE_IPV4, words);
	lab_add_source(&lab, source);
	return source;
}

static void reported_error_is_looked_into_and_told_once(void **state)
{
	struct fake_source *source;
	struct fake_sink *sink;
	int ends[2];

	(void)state;

	source = add_pair(ends, SCRIPT{ "a", "", "b", NULL });
	sink = add_sink(OK);
	source->check_answer = -ENODEV;
	lab_run(&lab);
	assert_int_equal(shutdown(ends[0], SHUT_RDWR), 0);
	assert_int_equal(tt_loop_wait(&lab.loop, 0), 0);
	assert_int_equal(source->checked_count, 1);
	assert_int_equal(tt_pump_step(lab.pump), -ENODEV);
	lab_run(&lab); /* what it still holds is delivered */
	assert_string_equal(sink->log, "a|b|");
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void reported_error_that_is_none_goes_on(void **state)
{
	struct fake_source *source;
	struct fake_sink *sink;
	int ends[2];

	(void)state;

	source = add_pair(ends, SCRIPT{ "", "b", NULL });
	sink = add_sink(OK);
	lab_run(&lab);
	assert_int_equal(shutdown(ends[0], SHUT_RDWR), 0);
	assert_int_equal(tt_loop_wait(&lab.loop, 0), 0);
	assert_int_equal(source->checked_count, 1);
	lab_run(&lab);
	assert_string_equal(sink->log, "b|");
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void failure_is_not_taken_back_by_a_later_check(void **state)
{
	struct fake_source *source;
	int ends[2];

	(void)state;

	source = add_pair(ends, SCRIPT{ NULL });
	add_sink(OK);
	lab_run(&lab);
	source->check_answer = -EIO;
	assert_int_equal(shutdown(ends[0], SHUT_RDWR), 0);
	assert_int_equal(tt_loop_wait(&lab.loop, 0), 0);
	source->check_answer = 0; /* the pending error was read, and cleared by that */
	(void)close(ends[1]);
	assert_int_equal(tt_loop_wait(&lab.loop, 0), 0);
	assert_int_equal(source->checked_count, 2);
	assert_int_equal(tt_pump_step(lab.pump), -EIO);
	lab_run(&lab);
	(void)close(ends[0]);
}

static void source_that_is_refused_is_still_the_callers(void **state)
{
	static const char *const nothing[] = { NULL };
	struct fake_source extra;

	(void)state;

	fake_source_init(&extra, 1 << 20, TT_SOURCE_IPV4, SCRIPT{ "a", NULL }); /* no descriptor */
	assert_int_equal(tt_pump_add_source(lab.pump, &extra.source, &lab.loop), -EBADF);
	for (unsigned int i = 0; i < LAB_SOURCES_MAX; i++)
		add_source(nothing);
	extra.source.fd = -1;
	assert_int_equal(tt_pump_add_source(lab.pump, &extra.source, &lab.loop), -ENOSPC);
	lab_run(&lab);
	assert_int_equal(extra.asked_count, 0);
	assert_false(extra.is_freed);
}

static void there_is_room_for_as_many_sinks_as_the_account_has(void **state)
{
	struct fake_sink extra;

	(void)state;

	add_source(SCRIPT{ "ab", "n", NULL });
	for (unsigned int i = 0; i < TT_OUTPUTS_MAX; i++)
		add_sink(i % 2 ? OK : TT_VERDICT_ALL);
	fake_sink_init(&extra, OK);
	assert_int_equal(tt_pump_add_sink(lab.pump, &extra.sink, "extra"), -ENOSPC);
	lab_run(&lab);
	for (unsigned int i = 0; i < TT_OUTPUTS_MAX; i++)
		assert_string_equal(sinks[i].log, i % 2 ? "ab|" : "ab|n|");
	assert_false(extra.is_freed);
}

static void long_name_is_cut_to_what_the_account_has_room_for(void **state)
{
	struct tt_accounting accounting = { .size = sizeof(accounting) };
	char name[2 * TT_OUTPUT_NAME_BYTES];

	(void)state;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fake_sink_init(&sinks[0], OK);
	assert_int_equal(tt_pump_add_sink(lab.pump, &sinks[0].sink, name), 0);
	assert_int_equal(tt_pump_account(lab.pump, &accounting), 0);
	assert_int_equal(strlen(accounting.outputs[0].name), TT_OUTPUT_NAME_BYTES - 1);
}

#define PUMP_TEST(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)

static void pump_has_ended_when_every_source_has_and_not_before(void **state)
{
	struct fake_sink *sink;

	(void)state;

	add_source(SCRIPT{ "a", ".", NULL });
	add_source(SCRIPT{ "b", "", "c", "!", "d", ".", NULL });
	sink = add_sink(OK);
	lab_run(&lab);
	assert_false(tt_pump_has_ended(lab.pump)); /* one has */
	assert_int_equal(tt_pump_step(lab.pump), 0);
	assert_int_equal(tt_pump_step(lab.pump), -EIO);
	assert_false(tt_pump_has_ended(lab.pump)); /* a failure is no end */
	lab_run(&lab);
	assert_true(tt_pump_has_ended(lab.pump));
	assert_string_equal(sink->log, "a|b|c|d|");

	/* Asked again, over and over, none ends twice. */
	add_source(SCRIPT{ "", NULL });
	tt_pump_ask_sources(lab.pump);
	lab_run(&lab);
	tt_pump_ask_sources(lab.pump);
	lab_run(&lab);
	assert_false(tt_pump_has_ended(lab.pump));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PUMP_TEST(pump_without_sources_has_nothing),
		PUMP_TEST(sources_are_asked_in_turn),
		PUMP_TEST(sources_of_one_kind_add_up_in_the_account),
		PUMP_TEST(failing_statistics_fail_the_account),
		PUMP_TEST(a_loss_is_told_once_to_each_sink_with_the_run_behind_it),
		PUMP_TEST(verdicts_split_runs_for_each_sink_apart),
		PUMP_TEST(locality_splits_runs_and_is_judged_after_the_verdict),
		PUMP_TEST(limit_is_kept_to_the_datagram),
		PUMP_TEST(limit_that_falls_on_the_end_of_a_batch_ends_the_sink_there),
		PUMP_TEST(limit_counts_what_was_given_and_not_what_has_no_route),
		PUMP_TEST(failing_sink_is_told_of_once_and_the_rest_goes_on),
		PUMP_TEST(first_of_several_failures_is_told),
		PUMP_TEST(sink_that_fails_to_flush_gets_nothing_more),
		PUMP_TEST(sink_that_stops_ends_the_pump_at_once),
		PUMP_TEST(sink_may_stop_while_it_flushes),
		PUMP_TEST(pump_has_ended_when_every_sink_has),
		PUMP_TEST(dropping_counts_what_is_buffered_and_what_comes),
		PUMP_TEST(puller_gets_what_its_sink_wants_and_others_get_theirs_once),
		PUMP_TEST(puller_keeps_the_block_until_its_next_call),
		PUMP_TEST(puller_leaves_what_is_counted_as_dropped),
		PUMP_TEST(puller_that_goes_away_leaves_no_block_held),
		PUMP_TEST(puller_hears_of_a_failing_sink_and_then_gets_its_datagrams),
		PUMP_TEST(puller_is_held_to_its_limit),
		PUMP_TEST(puller_gets_nothing_after_a_drop),
		PUMP_TEST(block_is_let_go_after_the_step_unless_a_sink_holds_it),
		PUMP_TEST(frames_may_lie_in_no_block),
		PUMP_TEST(failing_source_is_told_of_and_asked_again),
		PUMP_TEST(source_that_has_ended_is_not_asked_again),
		PUMP_TEST(watched_source_is_asked_again_when_the_loop_tells),
		PUMP_TEST(reported_error_is_looked_into_and_told_once),
		PUMP_TEST(reported_error_that_is_none_goes_on),
		PUMP_TEST(failure_is_not_taken_back_by_a_later_check),
		PUMP_TEST(source_that_is_refused_is_still_the_callers),
		PUMP_TEST(there_is_room_for_as_many_sinks_as_the_account_has),
		PUMP_TEST(long_name_is_cut_to_what_the_account_has_room_for),
		PUMP_TEST(pump_has_ended_when_every_source_has_and_not_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
