/* SPDX-License-Identifier: MIT */

/*
 * The event loop
 *
 * Watches eventfds and pipes of its own, so that every readiness is made by the test.
 * The signal of the interrupted wait is sent again and again by a second thread until
 * the wait has ended: no order of the two can make it hang. It does not cover callbacks
 * that remove another watch, which the loop does not allow.
 */

#include "event/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "twintap/error.h"

#include "tests/unit/cmocka_all.h"

enum {
	MANY_WATCHES = 100,
	WAITS_FOR_MANY = 7, /* at 16 events a wait */
};

/* A watched eventfd, and what its watch was told. */
struct bell {
	struct tt_watch watch;
	struct tt_loop *loop;
	unsigned int told_count;
	uint32_t last_events;
	bool removes_itself;
};

static void count_call(struct tt_watch *watch, uint32_t events)
{
	struct bell *bell = watch->context;

	bell->told_count++;
	bell->last_events = events;
	if (bell->removes_itself)
		tt_loop_remove(bell->loop, watch);
}

static void bell_init(struct bell *bell, struct tt_loop *loop, uint32_t events)
{
	*bell = (struct bell){
		.watch = { .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
			   .ready = count_call,
			   .context = bell },
		.loop = loop,
	};
	assert_true(bell->watch.fd >= 0);
	assert_int_equal(tt_loop_add(loop, &bell->watch, events), 0);
}

static void bell_deinit(struct bell *bell)
{
	(void)close(bell->watch.fd);
}

static void bell_ring(struct bell *bell)
{
	assert_int_equal(eventfd_write(bell->watch.fd, 1), 0);
}

static void bell_silence(struct bell *bell)
{
	eventfd_t count;

	assert_int_equal(eventfd_read(bell->watch.fd, &count), 0);
}

static int loop_setup(void **state)
{
	static struct tt_loop loop;

	*state = &loop;
	return tt_loop_init(&loop);
}

static int loop_teardown(void **state)
{
	tt_loop_deinit(*state);
	return 0;
}

static void wait_without_time_is_empty_when_nothing_is_there(void **state)
{
	struct tt_loop *loop = *state;
	struct bell bell;

	assert_int_equal(tt_loop_wait(loop, 0), TT_EMPTY);
	bell_init(&bell, loop, EPOLLIN);
	assert_int_equal(tt_loop_wait(loop, 0), TT_EMPTY);
	assert_int_equal(bell.told_count, 0);
	bell_deinit(&bell);
}

static void level_triggered_watch_is_told_until_it_was_read(void **state)
{
	struct tt_loop *loop = *state;
	struct bell bell;

	bell_init(&bell, loop, EPOLLIN);
	bell_ring(&bell);
	for (unsigned int i = 1; i <= 3; i++) {
		assert_int_equal(tt_loop_wait(loop, -1), 0);
		assert_int_equal(bell.told_count, i);
		assert_int_equal(bell.last_events, EPOLLIN);
	}
	bell_silence(&bell);
	assert_int_equal(tt_loop_wait(loop, 0), TT_EMPTY);
	assert_int_equal(bell.told_count, 3);
	bell_deinit(&bell);
}

static void edge_triggered_watch_is_told_once_for_each_write(void **state)
{
	struct tt_loop *loop = *state;
	struct bell bell;

	bell_init(&bell, loop, EPOLLIN | EPOLLET);
	for (unsigned int i = 1; i <= 3; i++) {
		bell_ring(&bell); /* what was written before is still unread */
		assert_int_equal(tt_loop_wait(loop, -1), 0);
		assert_int_equal(bell.told_count, i);
		assert_int_equal(tt_loop_wait(loop, 0), TT_EMPTY);
	}
	bell_deinit(&bell);
}

static void watch_hears_of_a_hang_up_without_asking(void **state)
{
	struct tt_loop *loop = *state;
	struct bell bell = { .loop = loop };
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	bell.watch = (struct tt_watch){ .fd = ends[0], .ready = count_call, .context = &bell };
	assert_int_equal(tt_loop_add(loop, &bell.watch, EPOLLIN), 0);
	(void)close(ends[1]);
	assert_int_equal(tt_loop_wait(loop, -1), 0);
	assert_int_equal(bell.last_events, EPOLLHUP);
	(void)close(ends[0]);
}

static void each_of_many_edges_is_told_exactly_once(void **state)
{
	static struct bell bells[MANY_WATCHES];
	struct tt_loop *loop = *state;

	for (unsigned int i = 0; i < MANY_WATCHES; i++) {
		bell_init(&bells[i], loop, EPOLLIN | EPOLLET);
		bell_ring(&bells[i]);
	}
	for (unsigned int i = 0; i < WAITS_FOR_MANY; i++)
		assert_int_equal(tt_loop_wait(loop, 0), 0);
	assert_int_equal(tt_loop_wait(loop, 0), TT_EMPTY);
	for (unsigned int i = 0; i < MANY_WATCHES; i++) {
		assert_int_equal(bells[i].told_count, 1);
		bell_deinit(&bells[i]);
	}
}

static void watches_that_stay_ready_do_not_starve_the_others(void **state)
{
	static struct bell bells[MANY_WATCHES];
	struct tt_loop *loop = *state;

	for (unsigned int i = 0; i < MANY_WATCHES; i++) {
		bell_init(&bells[i], loop, EPOLLIN);
		bell_ring(&bells[i]);
	}
	for (unsigned int i = 0; i < WAITS_FOR_MANY; i++)
		assert_int_equal(tt_loop_wait(loop, 0), 0);
	for (unsigned int i = 0; i < MANY_WATCHES; i++) {
		assert_true(bells[i].told_count >= 1);
		bell_deinit(&bells[i]);
	}
}

static void watch_may_remove_itself_in_its_own_callback(void **state)
{
	struct tt_loop *loop = *state;
	struct bell leaver;
	struct bell stayer;

	bell_init(&leaver, loop, EPOLLIN);
	bell_init(&stayer, loop, EPOLLIN);
	leaver.removes_itself = true;
	bell_ring(&leaver);
	bell_ring(&stayer);
	assert_int_equal(tt_loop_wait(loop, -1), 0);
	assert_int_equal(tt_loop_wait(loop, -1), 0);
	assert_int_equal(leaver.told_count, 1);
	assert_int_equal(stayer.told_count, 2);
	bell_deinit(&leaver);
	bell_deinit(&stayer);
}

static void removed_watch_is_told_nothing_and_may_come_back(void **state)
{
	struct tt_loop *loop = *state;
	struct bell bell;

	bell_init(&bell, loop, EPOLLIN);
	bell_ring(&bell);
	tt_loop_remove(loop, &bell.watch);
	tt_loop_remove(loop, &bell.watch); /* harmless */
	assert_int_equal(tt_loop_wait(loop, 0), TT_EMPTY);
	assert_int_equal(bell.told_count, 0);

	assert_int_equal(tt_loop_add(loop, &bell.watch, EPOLLIN), 0);
	assert_int_equal(tt_loop_wait(loop, 0), 0);
	assert_int_equal(bell.told_count, 1);
	bell_deinit(&bell);
}

static void what_cannot_be_watched_is_refused_with_its_reason(void **state)
{
	struct tt_loop *loop = *state;
	struct tt_watch nothing = { .fd = -1, .ready = count_call };
	struct tt_watch file = { .fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
				 .ready = count_call };
	struct bell bell;

	assert_int_equal(tt_loop_add(loop, &nothing, EPOLLIN), -EBADF);
	assert_true(file.fd >= 0);
	assert_int_equal(tt_loop_add(loop, &file, EPOLLIN), -EPERM);
	(void)close(file.fd);

	bell_init(&bell, loop, EPOLLIN);
	assert_int_equal(tt_loop_add(loop, &bell.watch, EPOLLIN), -EEXIST);
	bell_deinit(&bell);
}

static void descriptor_of_the_loop_is_readable_while_a_watch_is(void **state)
{
	struct tt_loop *loop = *state;
	struct pollfd outer = { .fd = loop->fd, .events = POLLIN };
	struct bell bell;

	bell_init(&bell, loop, EPOLLIN);
	assert_int_equal(poll(&outer, 1, 0), 0);
	bell_ring(&bell);
	assert_int_equal(poll(&outer, 1, 0), 1);
	bell_silence(&bell);
	assert_int_equal(poll(&outer, 1, 0), 0);
	bell_deinit(&bell);
}

static void descriptor_of_the_loop_is_closed_on_exec(void **state)
{
	struct tt_loop *loop = *state;

	assert_int_equal(fcntl(loop->fd, F_GETFD), FD_CLOEXEC);
}

static void loop_may_be_released_twice(void **state)
{
	struct tt_loop loop;

	(void)state;

	assert_int_equal(tt_loop_init(&loop), 0);
	tt_loop_deinit(&loop);
	assert_int_equal(loop.fd, -1);
	tt_loop_deinit(&loop);
	assert_int_equal(tt_loop_wait(&loop, 0), -EBADF);
}

static void ignore_signal(int number)
{
	(void)number;
}

struct nagger {
	pthread_t whom;
	atomic_bool is_done;
};

static void *nag(void *context)
{
	struct nagger *nagger = context;

	while (!atomic_load(&nagger->is_done))
		(void)pthread_kill(nagger->whom, SIGUSR1);
	return NULL;
}

static void signal_ends_the_wait_as_empty(void **state)
{
	/* Without SA_RESTART, though epoll_wait(2) is never restarted anyway. */
	const struct sigaction action = { .sa_handler = ignore_signal };
	struct nagger nagger = { .whom = pthread_self() };
	struct sigaction before;
	pthread_t thread;

	assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
	assert_int_equal(pthread_create(&thread, NULL, nag, &nagger), 0);
	assert_int_equal(tt_loop_wait(*state, -1), TT_EMPTY);
	atomic_store(&nagger.is_done, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, loop_setup, loop_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(wait_without_time_is_empty_when_nothing_is_there),
		LOOP_TEST(level_triggered_watch_is_told_until_it_was_read),
		LOOP_TEST(edge_triggered_watch_is_told_once_for_each_write),
		LOOP_TEST(watch_hears_of_a_hang_up_without_asking),
		LOOP_TEST(each_of_many_edges_is_told_exactly_once),
		LOOP_TEST(watches_that_stay_ready_do_not_starve_the_others),
		LOOP_TEST(watch_may_remove_itself_in_its_own_callback),
		LOOP_TEST(removed_watch_is_told_nothing_and_may_come_back),
		LOOP_TEST(what_cannot_be_watched_is_refused_with_its_reason),
		LOOP_TEST(descriptor_of_the_loop_is_readable_while_a_watch_is),
		LOOP_TEST(descriptor_of_the_loop_is_closed_on_exec),
		LOOP_TEST(signal_ends_the_wait_as_empty),
		cmocka_unit_test(loop_may_be_released_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
