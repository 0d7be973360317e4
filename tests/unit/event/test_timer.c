/* SPDX-License-Identifier: MIT */

/*
 * A point in time that a loop can wait for
 *
 * Times are either past, and then waited for on the descriptor, or an hour away. Only
 * the order of two clock readings is compared: nothing depends on how fast the machine is.
 */

#include "event/timer.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/timerfd.h>

#include "base/clock.h"

#include "tests/unit/cmocka_all.h"

#define HOUR_NS (INT64_C(3600) * TT_NS_PER_S)

static struct tt_timer timer;

static int timer_setup(void **state)
{
	(void)state;
	return tt_timer_init(&timer);
}

static int timer_teardown(void **state)
{
	(void)state;
	tt_timer_deinit(&timer);
	return 0;
}

static bool is_readable(int timeout_ms)
{
	struct pollfd poll_fd = { .fd = timer.fd, .events = POLLIN };

	return poll(&poll_fd, 1, timeout_ms) == 1;
}

/* What is left of the time; 0: it is not armed, or the time has come. */
static int64_t left_ns(void)
{
	struct itimerspec left;

	assert_int_equal(timerfd_gettime(timer.fd, &left), 0);
	assert_int_equal(left.it_interval.tv_sec, 0);
	assert_int_equal(left.it_interval.tv_nsec, 0);
	return (int64_t)left.it_value.tv_sec * TT_NS_PER_S + left.it_value.tv_nsec;
}

static void new_timer_is_not_armed(void **state)
{
	(void)state;

	assert_int_equal(left_ns(), 0);
	assert_false(is_readable(0));
}

static void timer_without_delay_is_readable_at_once(void **state)
{
	const int64_t delays_ns[] = { 0, 1, -1, INT64_MIN };

	(void)state;

	for (size_t i = 0; i < sizeof(delays_ns) / sizeof(delays_ns[0]); i++) {
		tt_timer_arm(&timer, delays_ns[i]);
		assert_true(is_readable(-1));
		tt_timer_disarm(&timer);
		assert_false(is_readable(0));
	}
}

static void timer_is_not_readable_before_its_time(void **state)
{
	const int64_t delay_ns = 3 * TT_NS_PER_MS;
	int64_t start_ns = tt_clock_now_ns();

	(void)state;

	tt_timer_arm(&timer, delay_ns);
	assert_true(is_readable(-1));
	assert_true(tt_clock_now_ns() - start_ns >= delay_ns);
}

static void delay_is_split_into_seconds_and_the_rest(void **state)
{
	const int64_t delay_ns = HOUR_NS + TT_NS_PER_S - 1;

	(void)state;

	tt_timer_arm(&timer, delay_ns);
	assert_true(left_ns() <= delay_ns);
	assert_true(left_ns() > delay_ns - HOUR_NS / 2);
	assert_false(is_readable(0));
}

static void longest_delay_is_armed(void **state)
{
	(void)state;

	tt_timer_arm(&timer, INT64_MAX);
	assert_true(left_ns() > HOUR_NS);
	assert_false(is_readable(0));
}

static void arming_again_replaces_the_time(void **state)
{
	(void)state;

	tt_timer_arm(&timer, HOUR_NS);
	tt_timer_arm(&timer, 0);
	assert_true(is_readable(-1));

	tt_timer_arm(&timer, HOUR_NS); /* the time that has come is forgotten */
	assert_false(is_readable(0));
	assert_true(left_ns() > 0);
}

static void timer_stays_readable_until_it_is_armed_or_disarmed(void **state)
{
	(void)state;

	tt_timer_arm(&timer, 0);
	assert_true(is_readable(-1));
	assert_true(is_readable(0));
	assert_true(is_readable(0));
	tt_timer_disarm(&timer);
	assert_false(is_readable(0));
}

static void disarmed_timer_never_comes(void **state)
{
	(void)state;

	tt_timer_disarm(&timer); /* when it was not armed: harmless */
	tt_timer_arm(&timer, HOUR_NS);
	tt_timer_disarm(&timer);
	assert_int_equal(left_ns(), 0);
	assert_false(is_readable(0));
}

static void descriptor_is_closed_on_exec_and_never_waits(void **state)
{
	(void)state;

	assert_int_equal(fcntl(timer.fd, F_GETFD), FD_CLOEXEC);
	assert_true(fcntl(timer.fd, F_GETFL) & O_NONBLOCK);
}

static void timer_may_be_released_twice(void **state)
{
	struct tt_timer other;

	(void)state;

	assert_int_equal(tt_timer_init(&other), 0);
	tt_timer_deinit(&other);
	assert_int_equal(other.fd, -1);
	tt_timer_deinit(&other);
}

#define TIMER_TEST(name) cmocka_unit_test_setup_teardown(name, timer_setup, timer_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TIMER_TEST(new_timer_is_not_armed),
		TIMER_TEST(timer_without_delay_is_readable_at_once),
		TIMER_TEST(timer_is_not_readable_before_its_time),
		TIMER_TEST(delay_is_split_into_seconds_and_the_rest),
		TIMER_TEST(longest_delay_is_armed),
		TIMER_TEST(arming_again_replaces_the_time),
		TIMER_TEST(timer_stays_readable_until_it_is_armed_or_disarmed),
		TIMER_TEST(disarmed_timer_never_comes),
		TIMER_TEST(descriptor_is_closed_on_exec_and_never_waits),
		cmocka_unit_test(timer_may_be_released_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
