/* SPDX-License-Identifier: MIT */

/*
 * The pump under random sources, sinks and calls
 *
 * Fixed seeds: a run that fails fails again. Each step, flush, pull and drop is chosen by
 * chance, sources run empty and fail, sinks buffer, hold blocks, stop and fail; after
 * each the equations of accounting.h must hold, and at the end every block must have
 * gone back. What exactly a sink is given is left to test_pump.c.
 */

#include "dispatch/pump.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/support/pump_lab.h"

enum {
	SEEDS_COUNT = 12,
	STEPS_COUNT = 10000,
	SOURCES_COUNT = 4,
	SINKS_COUNT = 5,
	PULLED = 4, /* the sink that is pulled */
	LIMIT = 1000,
};

static struct pump_lab lab;
static struct fake_source sources[SOURCES_COUNT];
static struct fake_sink sinks[SINKS_COUNT];
static uint32_t seed;

static uint32_t below(uint32_t end)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % end;
}

/* Mostly a batch of any size; at times nothing, or a failure. */
static const char *random_word(struct fake_source *source)
{
	static const char letters[] = "aAbBnNtTcCxX";
	static char word[TT_BATCH_FRAMES_MAX + 1];
	uint32_t length = 1 + below(TT_BATCH_FRAMES_MAX);

	(void)source;

	if (below(8) == 0)
		return below(16) == 0 ? "!" : "";
	for (uint32_t i = 0; i < length; i++)
		word[i] = letters[below(sizeof(letters) - 1)];
	word[length] = '\0';
	return word;
}

static void make_lab(void)
{
	static const enum tt_source_kind kinds[SOURCES_COUNT] = { TT_SOURCE_IPV4, TT_SOURCE_IPV6,
								  TT_SOURCE_IPV4, TT_SOURCE_FILE };

	lab_init(&lab);
	for (unsigned int i = 0; i < SOURCES_COUNT; i++) {
		int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		assert_true(fd >= 0);
		fake_source_init(&sources[i], fd, kinds[i], NULL);
		sources[i].next_word = random_word;
		sources[i].has_no_blocks = kinds[i] == TT_SOURCE_FILE;
		lab_add_source(&lab, &sources[i]);
	}
	for (unsigned int i = 0; i < SINKS_COUNT; i++) {
		fake_sink_init(&sinks[i], below(TT_VERDICT_ALL + 1));
		sinks[i].is_silent = true;
		sinks[i].is_buffered = i != PULLED && below(2);
		sinks[i].sink.local_only = below(2);
		lab_add_sink(&lab, &sinks[i]);
	}
	sinks[0].sink.verdicts = TT_VERDICT_ALL; /* one takes everything to the end */
	sinks[0].sink.local_only = false;
	sinks[1].withheld_letter = 'x';
	sinks[1].sink.count_max = (uint64_t)LIMIT * (1 + below(LIMIT));
	sinks[2].answering_take = 1 + below(STEPS_COUNT);
	sinks[2].take_answer = below(2) ? -EIO : TT_STOP;
}

static void free_lab(void)
{
	int fds[SOURCES_COUNT];

	for (unsigned int i = 0; i < SOURCES_COUNT; i++)
		fds[i] = sources[i].source.fd;
	lab_deinit(&lab);
	for (unsigned int i = 0; i < SOURCES_COUNT; i++)
		(void)close(fds[i]);
}

static void pull(void)
{
	const struct tt_datagram *datagrams;
	size_t count;
	int r = tt_pump_pull(lab.pump, &sinks[PULLED].sink, &datagrams, &count);

	assert_true(r == 0 || r == TT_EMPTY || r == -EIO);
	assert_true((r == 0) == (count > 0));
	for (size_t i = 0; i < count; i++)
		assert_true(sinks[PULLED].sink.verdicts & TT_VERDICT_BIT(datagrams[i].verdict));
	lab_assert_accounts(&lab, &sinks[PULLED]);
}

static void step(void)
{
	int r = tt_pump_step(lab.pump);

	assert_true(r == 0 || r == TT_EMPTY || r == -EIO);
	lab_assert_accounts(&lab, NULL);
}

static void flush(void)
{
	int r;

	if (below(100) == 0)
		sinks[3].flush_answer = -ENOSPC;
	r = tt_pump_flush(lab.pump, false);
	assert_true(r == 0 || r == -ENOSPC);
	lab_assert_accounts(&lab, &sinks[PULLED]);
}

static void wake_sources(void)
{
	for (unsigned int i = 0; i < SOURCES_COUNT; i++) {
		if (below(2))
			assert_int_equal(eventfd_write(sources[i].source.fd, 1), 0);
	}
	(void)tt_loop_wait(&lab.loop, 0); /* nothing, when no edge was made */
}

/* Has a sink keep blocks for a while. */
static void hold_or_release(void)
{
	sinks[0].is_holding = below(2);
	if (below(16) == 0)
		fake_sink_release(&sinks[0]);
}

static void equations_hold_whatever_happens(void **state)
{
	(void)state;

	for (uint32_t run = 1; run <= SEEDS_COUNT; run++) {
		uint32_t drop_at;

		seed = run;
		make_lab();
		drop_at = STEPS_COUNT / 2 + below(STEPS_COUNT); /* or never */
		for (uint32_t i = 0; i < STEPS_COUNT; i++) {
			uint32_t choice = below(100);

			hold_or_release();
			if (choice < 60)
				step();
			else if (choice < 75)
				pull();
			else if (choice < 85)
				flush();
			else
				wake_sources();
			if (i == drop_at)
				tt_pump_drop(lab.pump);
		}
		step(); /* settles what was pulled */
		(void)tt_pump_flush(lab.pump, true);
		lab_assert_accounts(&lab, NULL);
		for (unsigned int i = 0; i < SINKS_COUNT; i++)
			assert_int_equal(sinks[i].buffered_count, 0);
		assert_true(sinks[1].sink.counters.given <= sinks[1].sink.count_max ||
			    sinks[1].drops_count > 0);
		free_lab();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equations_hold_whatever_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
