/* SPDX-License-Identifier: MIT */

/*
 * Waking a loop from elsewhere
 *
 * Posts from the same thread, from other threads and from a signal handler, and looks
 * at the descriptor with poll(2). Waits without a limit are ended by the posts
 * themselves: were one lost, the test would run into its time limit.
 */

#include "event/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/eventfd.h>

#include "tests/unit/cmocka_all.h"

enum {
	THREADS_COUNT = 4,
	POSTS_PER_THREAD = 1000,
	ERRNO_BEFORE = 4242, /* that no call sets */
};

static struct tt_wake wake;

static int wake_setup(void **state)
{
	(void)state;
	return tt_wake_init(&wake);
}

static int wake_teardown(void **state)
{
	(void)state;
	tt_wake_deinit(&wake);
	return 0;
}

static bool is_readable(int timeout_ms)
{
	struct pollfd poll_fd = { .fd = wake.fd, .events = POLLIN };

	return poll(&poll_fd, 1, timeout_ms) == 1;
}

static void wake_is_readable_from_a_post_until_it_is_cleared(void **state)
{
	(void)state;

	assert_false(is_readable(0));
	tt_wake_post(&wake);
	assert_true(is_readable(0));
	assert_true(is_readable(0));
	tt_wake_clear(&wake);
	assert_false(is_readable(0));
}

static void many_posts_are_cleared_at_once(void **state)
{
	(void)state;

	for (unsigned int i = 0; i < POSTS_PER_THREAD; i++)
		tt_wake_post(&wake);
	tt_wake_clear(&wake);
	assert_false(is_readable(0));
	tt_wake_post(&wake);
	assert_true(is_readable(0));
}

static void clearing_what_was_not_posted_does_not_wait(void **state)
{
	(void)state;

	tt_wake_clear(&wake);
	tt_wake_clear(&wake);
	assert_false(is_readable(0));
}

static void *post_many(void *context)
{
	(void)context;

	for (unsigned int i = 0; i < POSTS_PER_THREAD; i++)
		tt_wake_post(&wake);
	return NULL;
}

static void posts_of_other_threads_wake_the_waiting_one(void **state)
{
	pthread_t threads[THREADS_COUNT];

	(void)state;

	for (unsigned int i = 0; i < THREADS_COUNT; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, post_many, NULL), 0);
	assert_true(is_readable(-1));
	for (unsigned int i = 0; i < THREADS_COUNT; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	tt_wake_clear(&wake);
	assert_false(is_readable(0));
}

static void *post_one(void *context)
{
	(void)context;

	tt_wake_post(&wake);
	return NULL;
}

static void no_post_is_lost_between_clear_and_wait(void **state)
{
	(void)state;

	for (unsigned int i = 0; i < POSTS_PER_THREAD / 10; i++) {
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, post_one, NULL), 0);
		assert_true(is_readable(-1));
		tt_wake_clear(&wake);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	assert_false(is_readable(0));
}

static void post_on_signal(int number)
{
	(void)number;

	tt_wake_post(&wake);
}

static void post_in_a_signal_handler_wakes_and_keeps_errno(void **state)
{
	const struct sigaction action = { .sa_handler = post_on_signal };
	struct sigaction before;

	(void)state;

	assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
	errno = ERRNO_BEFORE;
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(errno, ERRNO_BEFORE);
	assert_true(is_readable(0));
	assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

static void post_beyond_the_largest_count_keeps_errno_and_stays_readable(void **state)
{
	(void)state;

	assert_int_equal(eventfd_write(wake.fd, UINT64_MAX - 1), 0);
	errno = ERRNO_BEFORE;
	tt_wake_post(&wake);
	assert_int_equal(errno, ERRNO_BEFORE);
	assert_true(is_readable(0));
	tt_wake_clear(&wake);
	assert_false(is_readable(0));
}

static void descriptor_is_closed_on_exec_and_never_waits(void **state)
{
	(void)state;

	assert_int_equal(fcntl(wake.fd, F_GETFD), FD_CLOEXEC);
	assert_true(fcntl(wake.fd, F_GETFL) & O_NONBLOCK);
}

static void wake_may_be_released_twice(void **state)
{
	struct tt_wake other;

	(void)state;

	assert_int_equal(tt_wake_init(&other), 0);
	tt_wake_deinit(&other);
	assert_int_equal(other.fd, -1);
	tt_wake_deinit(&other);
}

#define WAKE_TEST(name) cmocka_unit_test_setup_teardown(name, wake_setup, wake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WAKE_TEST(wake_is_readable_from_a_post_until_it_is_cleared),
		WAKE_TEST(many_posts_are_cleared_at_once),
		WAKE_TEST(clearing_what_was_not_posted_does_not_wait),
		WAKE_TEST(posts_of_other_threads_wake_the_waiting_one),
		WAKE_TEST(no_post_is_lost_between_clear_and_wait),
		WAKE_TEST(post_in_a_signal_handler_wakes_and_keeps_errno),
		WAKE_TEST(post_beyond_the_largest_count_keeps_errno_and_stays_readable),
		WAKE_TEST(descriptor_is_closed_on_exec_and_never_waits),
		cmocka_unit_test(wake_may_be_released_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
