/* SPDX-License-Identifier: MIT */

/*
 * What signals do to a capture
 *
 * Handlers have no context, so these few variables are the process's own. A handler
 * calls nothing but what signal-safety(7) and twintap/receiver.h allow.
 */

#include "app/capture_signals.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "app/command.h"
#include "twintap/receiver.h"
#include "twintap/trace.h"

enum {
	/* An abort takes the receiver up to a second; then a stuck write gets another. */
	STUCK_S = 2,
};

static struct tt_receiver *_Atomic signalled; /* whom handlers talk to; NULL: nobody */
static atomic_int ends_count;                 /* how often the end was asked for */
static atomic_bool usr1_came;

static void handle_end(int number)
{
	struct tt_receiver *receiver = atomic_load(&signalled);
	int saved_errno = errno;
	int count;

	(void)number;
	if (receiver) {
		count = atomic_fetch_add(&ends_count, 1);
		if (count == 0) {
			(void)tt_receiver_stop(receiver); /* cannot fail */
		} else {
			(void)tt_receiver_abort(receiver); /* cannot fail */
			if (count == 1)
				(void)alarm(STUCK_S);
		}
	}
	errno = saved_errno;
}

static void handle_alarm(int number)
{
	static const char words[] =
		"twintap: left without an account: standard output or error takes nothing more\n";

	struct pollfd output = { .fd = STDERR_FILENO, .events = POLLOUT };

	(void)number;
	/* Standard error may be what is stuck: then there is nobody to tell. */
	if (poll(&output, 1, 0) == 1 && write(STDERR_FILENO, words, sizeof(words) - 1) < 0)
		_exit(TT_EXIT_FAILED);
	_exit(TT_EXIT_FAILED);
}

static void handle_rotate(int number)
{
	struct tt_receiver *receiver = atomic_load(&signalled);
	int saved_errno = errno;

	(void)number;
	if (receiver)
		(void)tt_receiver_rotate(receiver); /* cannot fail */
	errno = saved_errno;
}

static void handle_usr1(int number)
{
	(void)number;
	atomic_store(&usr1_came, true);
}

/* Without SA_RESTART: a call that waits comes back and sees what was asked for. */
static int set_handler(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	(void)sigemptyset(&action.sa_mask); /* cannot fail */
	return sigaction(number, &action, NULL) < 0 ? -errno : 0;
}

static bool is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int tt_capture_signals_take(struct tt_receiver *receiver, bool is_rotated, sigset_t *ret_wait_mask)
{
	const struct {
		int number;
		void (*handler)(int);
	} handlers[] = {
		{ SIGINT, handle_end },
		{ SIGTERM, handle_end },
		{ SIGHUP, is_rotated ? handle_rotate : handle_end },
		{ SIGALRM, handle_alarm },
		{ SIGUSR1, handle_usr1 },
	};
	sigset_t mask;
	int r;

	if (sigprocmask(SIG_BLOCK, NULL, &mask) < 0)
		return -errno;
	atomic_store(&signalled, receiver);
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		/* A parent that blocked them would leave no way to end. */
		(void)sigdelset(&mask, handlers[i].number); /* cannot fail: a valid number */
		if (handlers[i].number == SIGHUP && !is_rotated && is_ignored(SIGHUP))
			continue;
		r = set_handler(handlers[i].number, handlers[i].handler);
		if (r < 0)
			return r;
	}

	*ret_wait_mask = mask;
	(void)sigaddset(&mask, SIGUSR1); /* cannot fail: a valid number */
	return sigprocmask(SIG_SETMASK, &mask, NULL) < 0 ? -errno : 0;
}

void tt_capture_signals_release(void)
{
	atomic_store(&signalled, NULL);
}

bool tt_capture_signals_take_usr1(void)
{
	static const struct timespec at_once = { 0 };
	sigset_t usr1;

	/* Blocked, it waits while the loop is too busy to wait. */
	(void)sigemptyset(&usr1);        /* cannot fail */
	(void)sigaddset(&usr1, SIGUSR1); /* cannot fail: a valid number */
	return atomic_exchange(&usr1_came, false) || sigtimedwait(&usr1, NULL, &at_once) == SIGUSR1;
}
