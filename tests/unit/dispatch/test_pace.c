/* SPDX-License-Identifier: MIT */

/*
 * Pace: how often a worker looks at its sources while much comes
 *
 * A pump with one scripted source whose descriptor is an eventfd: posting it is what a
 * ring does when it hands a block over. Whether the loop tells of a post says whether
 * the source is listened to. The beat is the real timer; nothing else takes time.
 *
 * Not covered: what it saves, which netns.receiver_account holds against a real load.
 */

#include "dispatch/pace.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/support/pump_lab.h"

enum {
	BATCH_DATAGRAMS = 64,
	MUCH_BATCHES = 8,    /* 512 datagrams */
	LITTLE_BATCHES = 1,  /* 64: enough to stay paced */
	PATIENCE_MS = 10000, /* for a beat of 4 ms */
};

struct scene {
	struct pump_lab lab;
	struct fake_source source;
	struct fake_sink sink;
	struct tt_pace pace;
	int fd;
};

static size_t batches_left;

static const char *next_batch(struct fake_source *source)
{
	static const char word[BATCH_DATAGRAMS + 1] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

	(void)source;
	if (batches_left == 0)
		return "";
	batches_left--;
	return word;
}

static int set_up(void **state)
{
	static struct scene scene;

	scene = (struct scene){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	assert_true(scene.fd >= 0);
	batches_left = 0;
	lab_init(&scene.lab);
	fake_source_init(&scene.source, scene.fd, TT_SOURCE_IPV4, NULL);
	scene.source.next_word = next_batch;
	fake_sink_init(&scene.sink, TT_VERDICT_ALL);
	scene.sink.is_silent = true;
	lab_add_source(&scene.lab, &scene.source);
	lab_add_sink(&scene.lab, &scene.sink);
	assert_int_equal(tt_pace_init(&scene.pace, scene.lab.pump, &scene.lab.loop), 0);
	*state = &scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	tt_pace_deinit(&scene->pace);
	lab_deinit(&scene->lab);
	return close(scene->fd);
}

/* Moves so many batches, as if the loop had just told of them, and rests. */
static void move(struct scene *scene, size_t batches)
{
	batches_left = batches;
	tt_pump_ask_sources(scene->lab.pump);
	lab_run(&scene->lab);
	assert_int_equal(batches_left, 0);
	assert_int_equal(tt_pace_rest(&scene->pace), 0);
}

/* Whether the loop tells of what the source has. */
static bool is_listened_to(struct scene *scene)
{
	eventfd_t count;
	int r;

	tt_timer_disarm(&scene->pace.timer); /* the beat would be told of, too */
	assert_int_equal(eventfd_write(scene->fd, 1), 0);
	r = tt_loop_wait(&scene->lab.loop, 0);
	assert_int_equal(eventfd_read(scene->fd, &count), 0);
	return r == 0;
}

static void little_is_listened_for(void **state)
{
	move(*state, MUCH_BATCHES - 1);
	assert_true(is_listened_to(*state));
	move(*state, MUCH_BATCHES - 1); /* what counts is since the last rest */
	assert_true(is_listened_to(*state));
}

static void much_ends_the_listening(void **state)
{
	move(*state, MUCH_BATCHES);
	assert_false(is_listened_to(*state));
}

static void a_beat_asks_the_sources(void **state)
{
	struct scene *scene = *state;

	move(scene, MUCH_BATCHES);
	batches_left = 1;
	assert_int_equal(tt_pump_step(scene->lab.pump), TT_EMPTY); /* nobody told of it */
	assert_int_equal(tt_loop_wait(&scene->lab.loop, PATIENCE_MS), 0);
	assert_int_equal(tt_pump_step(scene->lab.pump), 0);
	/* And that was one beat: the next one begins with the next rest. */
	assert_int_equal(tt_loop_wait(&scene->lab.loop, 0), TT_EMPTY);
}

static void it_stays_paced_as_long_as_something_comes(void **state)
{
	move(*state, MUCH_BATCHES);
	move(*state, LITTLE_BATCHES);
	assert_false(is_listened_to(*state));
}

static void a_beat_without_work_listens_again(void **state)
{
	move(*state, MUCH_BATCHES);
	move(*state, 0);
	assert_true(is_listened_to(*state));
}

#define PACE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PACE_TEST(little_is_listened_for),
		PACE_TEST(much_ends_the_listening),
		PACE_TEST(a_beat_asks_the_sources),
		PACE_TEST(it_stays_paced_as_long_as_something_comes),
		PACE_TEST(a_beat_without_work_listens_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
