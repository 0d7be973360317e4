/* SPDX-License-Identifier: MIT */

/*
 * Driving a receiver: its states, its worker's loop, run, dispatch and pull
 *
 * All three ways to drive it come down to the same steps: see what the loop has,
 * heed what was asked for, move batches, and once nothing is left and the gate is
 * closed, finish.
 */

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/error.h"
#include "receiver/receiver.h"
#include "stage/sift.h"
#include "twintap/trace.h"

enum {
	DRAIN_S = 5,          /* to deliver what the rings hold; then the rest is dropped */
	DRAIN_DROPPING_S = 1, /* to walk over the rest */
	LOOK_BATCHES = 256,   /* between two looks at the loop while there is work */
};

/* The first failure is what the run returns; each begins the end. */
static void note_failure(struct tt_receiver *receiver, int r)
{
	if (receiver->failure == 0)
		receiver->failure = r;
}

/* A failure that the pump returned: a damaged file is no reason to leave the others out. */
static void note_pump_failure(struct tt_receiver *receiver, int r)
{
	bool is_source;

	receiver->failure_error = *tt_pump_failure(receiver->worker.pump, &is_source);
	if (!receiver->reads_files || !is_source) {
		if (receiver->failure == 0)
			receiver->run_error = receiver->failure_error;
		note_failure(receiver, r);
	} else if (receiver->files_failure == 0) {
		receiver->files_failure = r;
		receiver->files_error = receiver->failure_error;
	}
}

static int word_failure(const struct tt_receiver *receiver, int r, struct tt_error *reterr)
{
	if (receiver->failure_error.code == r)
		return tt_error_set(reterr, r, "%s", receiver->failure_error.message);
	if (r == -ENODEV)
		return tt_error_set(reterr, r, "receiving ended: the interface was removed");
	if (r == -EBADMSG)
		return tt_error_set(reterr, r, "receiving ended: a ring holds no valid frames");
	return tt_error_set(reterr, r, "receiving ended: %s", strerror(-r));
}

static void wake_is_ready(struct tt_watch *watch, uint32_t events)
{
	struct tt_receiver *receiver = watch->context;

	(void)events;
	tt_wake_clear(&receiver->wake);
	tt_pump_ask_sources(receiver->worker.pump);
}

static void drain_is_overdue(struct tt_watch *watch, uint32_t events)
{
	struct tt_receiver *receiver = watch->context;

	(void)events;
	receiver->drain_is_overdue = true;
	tt_timer_disarm(&receiver->drain_timer);
}

static void attend_is_due(struct tt_watch *watch, uint32_t events)
{
	struct tt_receiver *receiver = watch->context;
	int r;

	(void)events;
	tt_timer_arm(&receiver->attend_timer, receiver->attend_interval_ns);
	r = tt_pump_attend(receiver->worker.pump, tt_clock_now_ns());
	if (r < 0)
		note_pump_failure(receiver, r);
}

/* Whether at least one of the interfaces that were chosen is still there. */
static bool has_interface(const struct tt_receiver *receiver)
{
	for (size_t i = 0; i < receiver->interfaces_count; i++) {
		if (tt_monitor_find_link(receiver->monitor, receiver->interface_indexes[i]))
			return true;
	}
	return receiver->interfaces_count == 0;
}

static void monitor_is_ready(struct tt_watch *watch, uint32_t events)
{
	struct tt_receiver *receiver = watch->context;
	int r;

	(void)events;
	r = tt_monitor_dispatch(receiver->monitor);
	receiver->interfaces_generation++;
	if (r < 0)
		note_failure(receiver, r);
	else if (!has_interface(receiver))
		note_failure(receiver, -ENODEV);
}

static int add_watch(struct tt_receiver *receiver, struct tt_watch *watch, int fd,
		     tt_watch_fn *ready)
{
	*watch = (struct tt_watch){ .fd = fd, .ready = ready, .context = receiver };
	return tt_loop_add(&receiver->worker.loop, watch, EPOLLIN);
}

int tt_receiver_init_loop(struct tt_receiver *receiver, struct tt_error *reterr)
{
	int r;

	r = tt_loop_init(&receiver->worker.loop);
	if (r == 0)
		r = tt_wake_init(&receiver->wake);
	if (r == 0)
		r = tt_timer_init(&receiver->drain_timer);
	if (r == 0)
		r = tt_timer_init(&receiver->attend_timer);
	if (r == 0)
		r = tt_pace_init(&receiver->worker.pace, receiver->worker.pump,
				 &receiver->worker.loop);
	if (r == 0)
		r = add_watch(receiver, &receiver->wake_watch, receiver->wake.fd, wake_is_ready);
	if (r == 0)
		r = add_watch(receiver, &receiver->drain_watch, receiver->drain_timer.fd,
			      drain_is_overdue);
	if (r == 0)
		r = add_watch(receiver, &receiver->attend_watch, receiver->attend_timer.fd,
			      attend_is_due);
	if (r == 0 && receiver->monitor)
		r = add_watch(receiver, &receiver->monitor_watch, tt_monitor_fd(receiver->monitor),
			      monitor_is_ready);
	return r < 0 ? tt_error_set(reterr, r, "make an event loop: %s", strerror(-r)) : 0;
}

void tt_receiver_deinit_loop(struct tt_receiver *receiver)
{
	tt_pace_deinit(&receiver->worker.pace);
	tt_loop_deinit(&receiver->worker.loop);
	tt_timer_deinit(&receiver->drain_timer);
	tt_timer_deinit(&receiver->attend_timer);
	tt_wake_deinit(&receiver->wake);
}

/* Settles who takes datagrams: from here on there is a first route, or there never is. */
static int start_locked(struct tt_receiver *receiver)
{
	int r;

	/* With nobody else to take datagrams, they are there to be pulled. */
	if (!receiver->routes && !receiver->has_outputs) {
		r = tt_receiver_make_routes(receiver, "pull");
		if (r < 0)
			return r;
		receiver->is_pulled = true;
	}
	receiver->nic_dropped_at_start = tt_receiver_read_nic_dropped(receiver);
	r = tt_receiver_open_gate(receiver);
	if (r < 0)
		return r;
	if (receiver->attend_interval_ns > 0)
		tt_timer_arm(&receiver->attend_timer, receiver->attend_interval_ns);
	receiver->state = TT_RECEIVER_RUNNING;
	return 0;
}

int tt_receiver_start(struct tt_receiver *receiver)
{
	int r;

	if (!receiver)
		return -EINVAL;
	if (receiver->state == TT_RECEIVER_RUNNING)
		return 0;
	if (receiver->state != TT_RECEIVER_NEW)
		return -ESHUTDOWN;

	(void)pthread_mutex_lock(&receiver->setter_mutex); /* cannot fail: no error checking */
	r = start_locked(receiver);
	(void)pthread_mutex_unlock(&receiver->setter_mutex);
	return r;
}

static int start_if_new(struct tt_receiver *receiver)
{
	return receiver->state == TT_RECEIVER_NEW ? tt_receiver_start(receiver) : 0;
}

/* Closes the gate; from here on the rings only get emptier. */
static void begin_draining(struct tt_receiver *receiver)
{
	int r;

	receiver->state = TT_RECEIVER_DRAINING;
	r = tt_receiver_close_gate(receiver);
	if (r < 0)
		note_failure(receiver, r);
	tt_timer_arm(&receiver->drain_timer, (int64_t)DRAIN_S * TT_NS_PER_S);
}

static bool shall_drop(const struct tt_receiver *receiver)
{
	return receiver->drain_is_overdue ||
	       atomic_load_explicit(&receiver->request, memory_order_relaxed) == TT_REQUEST_ABORT;
}

static void rotate(struct tt_receiver *receiver)
{
	int r;

	receiver->rotation_is_wanted = false; /* first: who asks again meanwhile gets another */
	r = tt_pump_rotate(receiver->worker.pump);
	if (r < 0)
		note_pump_failure(receiver, r);
}

/* Acts on what was asked for, by anybody, since the last time. */
static void heed(struct tt_receiver *receiver)
{
	bool end_is_due = atomic_load_explicit(&receiver->request, memory_order_relaxed) !=
				  TT_REQUEST_NONE ||
			  receiver->failure < 0 || tt_pump_has_ended(receiver->worker.pump);

	if (atomic_load_explicit(&receiver->rotation_is_wanted, memory_order_relaxed))
		rotate(receiver);
	if (receiver->state == TT_RECEIVER_RUNNING && end_is_due)
		begin_draining(receiver);
	if (receiver->state != TT_RECEIVER_DRAINING || !shall_drop(receiver) ||
	    receiver->is_dropping)
		return;

	receiver->is_dropping = true;
	receiver->drain_is_overdue = false;
	tt_pump_drop(receiver->worker.pump);
	tt_timer_arm(&receiver->drain_timer, (int64_t)DRAIN_DROPPING_S * TT_NS_PER_S);
}

/* Ends the draining when nothing is left, or the time is up. */
static bool try_finish(struct tt_receiver *receiver)
{
	int r;

	if (receiver->state != TT_RECEIVER_DRAINING)
		return false;
	receiver->is_final = tt_receiver_is_at_rest(receiver);
	if (!receiver->is_final && !(receiver->is_dropping && receiver->drain_is_overdue))
		return false;

	r = tt_pump_flush(receiver->worker.pump, true);
	if (r < 0)
		note_pump_failure(receiver, r);
	tt_timer_disarm(&receiver->attend_timer);
	tt_timer_disarm(&receiver->drain_timer);
	receiver->nic_dropped_at_end = tt_receiver_read_nic_dropped(receiver);
	receiver->state = TT_RECEIVER_OVER;
	return true;
}

/*
 * Looks at the loop and heeds what it told. 0, TT_EMPTY when it told nothing, or a failure;
 * the loop's watches fail by a note, since nobody calls them for a status.
 */
static int look(struct tt_receiver *receiver, int timeout_ms)
{
	int failure_before = receiver->failure;
	int r;

	r = tt_loop_wait(&receiver->worker.loop, timeout_ms);
	if (r < 0)
		note_failure(receiver, r);
	heed(receiver);
	return r >= 0 && receiver->failure != failure_before ? receiver->failure : r;
}

/* Moves up to @batches_max batches. 0 when more may be there; TT_EMPTY; or a failure. */
static int move(struct tt_receiver *receiver, size_t batches_max)
{
	for (size_t i = 0; i < batches_max; i++) {
		int r;

		r = tt_pump_step(receiver->worker.pump);
		if (r == TT_EMPTY)
			return TT_EMPTY;
		if (r < 0)
			note_pump_failure(receiver, r);
		heed(receiver);
		/* A source that had nothing tells there that it has something: it gets its turn. */
		if (r == 0 && (i + 1) % LOOK_BATCHES == 0 && i + 1 < batches_max)
			r = look(receiver, 0);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Nobody tells of files: one that had nothing now, a pipe among them, is asked again. */
static bool must_ask_again(const struct tt_receiver *receiver)
{
	return receiver->reads_files &&
	       (receiver->sift->fd < 0 || tt_sift_is_paused(receiver->sift));
}

/* What follows when the sources are empty. TT_EMPTY, TT_STOP, or a failure. */
static int rest(struct tt_receiver *receiver)
{
	int r;

	r = tt_pump_flush(receiver->worker.pump, false);
	if (r < 0) {
		note_pump_failure(receiver, r);
		heed(receiver);
		return r;
	}
	heed(receiver);
	if (try_finish(receiver))
		return TT_STOP;
	if (must_ask_again(receiver))
		tt_pump_ask_sources(receiver->worker.pump);

	if (receiver->worker.may_pace)
		r = tt_pace_rest(&receiver->worker.pace);
	if (r < 0)
		note_failure(receiver, r);
	return r < 0 ? r : TT_EMPTY;
}

/* One round: look, move, rest. As tt_worker_dispatch(). */
static int advance(struct tt_receiver *receiver, int timeout_ms, size_t batches_max)
{
	int failure_before = receiver->failure;
	int r;

	if (receiver->state == TT_RECEIVER_OVER)
		return TT_STOP;
	r = start_if_new(receiver);
	if (r < 0)
		return r;

	r = look(receiver, timeout_ms);
	if (r >= 0)
		r = move(receiver, batches_max);
	if (r == TT_EMPTY)
		r = rest(receiver);
	/* To close the gate and to write out the last may fail, by a note too. */
	return r >= 0 && receiver->failure != failure_before ? receiver->failure : r;
}

int tt_receiver_run(struct tt_receiver *receiver, struct tt_error *reterr)
{
	int timeout_ms = 0;
	int r;

	if (!receiver)
		return tt_error_set(reterr, -EINVAL, "run: no receiver");
	if (receiver->state == TT_RECEIVER_OVER)
		return tt_error_set(reterr, -ESHUTDOWN, "run: the receiver has ended before");

	r = start_if_new(receiver);
	if (r < 0)
		return tt_error_set(reterr, r, "run: %s", strerror(-r));

	do {
		r = advance(receiver, timeout_ms, LOOK_BATCHES);
		timeout_ms = r == TT_EMPTY && !must_ask_again(receiver) ? -1 : 0;
	} while (r != TT_STOP);

	if (receiver->failure == 0 && receiver->files_failure < 0) {
		receiver->failure_error = receiver->files_error;
		return word_failure(receiver, receiver->files_failure, reterr);
	}
	receiver->failure_error = receiver->run_error;
	return receiver->failure < 0 ? word_failure(receiver, receiver->failure, reterr) : 0;
}

/* Raises the request; never lowers it. */
static int request(struct tt_receiver *receiver, int wanted)
{
	int current = TT_REQUEST_NONE;

	if (!receiver)
		return -EINVAL;
	while (current < wanted &&
	       !atomic_compare_exchange_weak(&receiver->request, &current, wanted))
		;
	tt_wake_post(&receiver->wake);
	return 0;
}

int tt_receiver_stop(struct tt_receiver *receiver)
{
	return request(receiver, TT_REQUEST_STOP);
}

int tt_receiver_abort(struct tt_receiver *receiver)
{
	return request(receiver, TT_REQUEST_ABORT);
}

int tt_receiver_rotate(struct tt_receiver *receiver)
{
	if (!receiver)
		return -EINVAL;
	atomic_store(&receiver->rotation_is_wanted, true);
	tt_wake_post(&receiver->wake);
	return 0;
}

size_t tt_receiver_workers_count(const struct tt_receiver *receiver)
{
	return receiver ? 1 : 0;
}

struct tt_worker *tt_receiver_worker(struct tt_receiver *receiver, size_t worker_index)
{
	return receiver && worker_index == 0 ? &receiver->worker : NULL;
}

int tt_worker_fd(const struct tt_worker *worker)
{
	return worker ? worker->loop.fd : -EINVAL;
}

int tt_worker_dispatch(struct tt_worker *worker, size_t batches_max, struct tt_error *reterr)
{
	int r;

	if (!worker)
		return tt_error_set(reterr, -EINVAL, "dispatch: no worker");

	r = advance(worker->receiver, 0, batches_max ? batches_max : SIZE_MAX);
	/* Sources tell once that they have something: what is left must keep us readable. */
	if (r <= 0 || (r == TT_EMPTY && must_ask_again(worker->receiver)))
		tt_wake_post(&worker->receiver->wake);
	return r < 0 ? word_failure(worker->receiver, r, reterr) : r;
}

/* What is left of a timeout that began at @start_ns, for epoll_wait(2). */
static int time_left(int timeout_ms, int64_t start_ns)
{
	int64_t passed_ms;

	if (timeout_ms <= 0)
		return timeout_ms;
	passed_ms = (tt_clock_now_ns() - start_ns) / TT_NS_PER_MS;
	return passed_ms < timeout_ms ? timeout_ms - (int)passed_ms : 0;
}

/* Pulls what is there now. 0; TT_EMPTY; TT_STOP; or a failure. */
static int pull(struct tt_receiver *receiver, const struct tt_datagram **ret_datagrams,
		size_t *ret_count)
{
	int r;

	if (receiver->is_dropping) {
		r = move(receiver, SIZE_MAX);
	} else {
		r = tt_pump_pull(receiver->worker.pump, tt_routes_sink(receiver->routes),
				 ret_datagrams, ret_count);
		if (r < 0)
			note_pump_failure(receiver, r);
	}
	return r == TT_EMPTY ? rest(receiver) : r;
}

int tt_worker_receive(struct tt_worker *worker, int timeout_ms,
		      const struct tt_datagram **ret_datagrams, size_t *ret_count,
		      struct tt_error *reterr)
{
	int64_t start_ns = timeout_ms > 0 ? tt_clock_now_ns() : 0;
	struct tt_receiver *receiver;
	int r;

	if (!worker || !ret_datagrams || !ret_count)
		return tt_error_set(reterr, -EINVAL, "receive: an argument is missing");
	receiver = worker->receiver;
	*ret_count = 0;
	if (receiver->state == TT_RECEIVER_OVER)
		return TT_STOP;
	r = start_if_new(receiver);
	if (r < 0)
		return tt_error_set(reterr, r, "receive: %s", strerror(-r));
	if (!receiver->is_pulled)
		return tt_error_set(
			reterr, -EBUSY,
			"receive: this receiver hands datagrams to handlers or outputs");

	/* Now and then: while there is always something to pull, nobody waits for the loop. */
	if (++worker->pulls_count % LOOK_BATCHES == 0) {
		r = look(receiver, 0);
		if (r < 0)
			return word_failure(receiver, r, reterr);
	}
	heed(receiver);
	for (;;) {
		int left_ms;

		r = pull(receiver, ret_datagrams, ret_count);
		if (r < 0)
			return word_failure(receiver, r, reterr);
		if (r != TT_EMPTY)
			return r;
		left_ms = time_left(timeout_ms, start_ns);
		r = look(receiver, must_ask_again(receiver) ? 0 : left_ms);
		if (r < 0)
			return word_failure(receiver, r, reterr);
		if (r == TT_EMPTY && left_ms == 0)
			return TT_EMPTY;
	}
}
