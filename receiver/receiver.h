/* SPDX-License-Identifier: MIT */

/*
 * A receiver from within: what the files of this folder share
 *
 *   open.c     makes it: options, interfaces, filter, sockets
 *   drive.c    runs it: the state machine below, the worker
 *   filter.c   what packets are judged by, before and while it runs
 *   ports.c    ports and routes, likewise
 *   output.c   text and JSON
 *   account.c  the account
 *
 *   NEW --start--> RUNNING --stop, failure, all outputs ended--> DRAINING --rings empty--> OVER
 *
 * Invariant 1: the gate is open in RUNNING only.
 * Invariant 2: in OVER nothing is counted any more, and the equations hold if is_final.
 */

#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "dispatch/pace.h"
#include "dispatch/pump.h"
#include "dispatch/routes.h"
#include "event/loop.h"
#include "event/timer.h"
#include "event/wake.h"
#include "filter/filter.h"
#include "link/monitor.h"
#include "twintap/receiver.h"

enum tt_receiver_state {
	TT_RECEIVER_NEW,
	TT_RECEIVER_RUNNING,
	TT_RECEIVER_DRAINING,
	TT_RECEIVER_OVER,
};

/* What another thread or a signal handler asked for; only ever raised. */
enum tt_receiver_request {
	TT_REQUEST_NONE,
	TT_REQUEST_STOP,
	TT_REQUEST_ABORT,
};

struct tt_worker {
	struct tt_receiver *receiver; /* borrowed: it owns this worker */
	struct tt_loop loop;
	struct tt_pump *pump; /* owned; its watches lie in the loop */
	struct tt_pace pace;
	bool may_pace; /* the rings hold what comes in a beat */
	unsigned int pulls_count;
};

struct tt_receiver {
	_Atomic(enum tt_receiver_state) state; /* the worker's; ports.c looks whether it is new */
	_Atomic int request; /* raised in tt_receiver_stop() and _abort(), read by the worker */
	int failure;         /* the first; what the run returns */

	uint32_t interface_indexes[TT_INTERFACES_MAX];
	size_t interfaces_count; /* 0: all */
	uint32_t port_side;
	uint32_t verdicts;
	bool local_only;
	uint64_t nic_dropped_at_start; /* or TT_UNKNOWN */
	uint64_t nic_dropped_at_end;   /* likewise; once it is over */

	struct tt_filter *filter;   /* owned; changed under the setters' lock */
	struct tt_monitor *monitor; /* owned */
	struct tt_watch monitor_watch;
	struct tt_wake wake; /* a request, or work that is left */
	struct tt_watch wake_watch;
	struct tt_timer drain_timer; /* bounds the draining */
	struct tt_watch drain_watch;
	bool drain_is_overdue;
	bool is_dropping; /* from abort, or when draining took too long */
	bool is_final;    /* the account is at rest */
	bool has_outputs;
	bool is_pulled; /* by tt_worker_receive(): the routes' sink is the puller's account */

	/* For the next four and the pump's sinks; taken by the worker before it runs only. */
	pthread_mutex_t setter_mutex;
	struct tt_ports main_ports;  /* of tt_receiver_new() and _set_ports() */
	struct tt_ports route_ports; /* of tt_receiver_add_route() */
	struct tt_routes *routes;    /* owned by the pump; settled by the start; NULL: none */
	uint8_t main_route;          /* of the main ports, or TT_ROUTE_NONE */

	struct tt_worker worker;
};

/* drive.c: readies the worker's loop; the sources are added by open.c. */
int tt_receiver_init_loop(struct tt_receiver *receiver, struct tt_error *reterr);
void tt_receiver_deinit_loop(struct tt_receiver *receiver);

/* ports.c: gives the receiver its handlers' sink, @name being the account's. */
int tt_receiver_make_routes(struct tt_receiver *receiver, const char *name);
/* ports.c: adds a handler for the main ports. */
int tt_receiver_set_main_handler(struct tt_receiver *receiver, tt_handler_fn *handler,
				 void *context);

/* filter.c: puts together what packets are judged by, from checked options. */
int tt_receiver_make_filter(struct tt_receiver *receiver, const struct tt_receiver_opts *opts,
			    struct tt_error *reterr);
/* filter.c: has the kernel take the main ports and those of the routes. Under the lock. */
int tt_receiver_apply_ports(struct tt_receiver *receiver, struct tt_error *reterr);

/* account.c: whether all that the filter accepted was delivered or dropped. */
bool tt_receiver_is_at_rest(struct tt_receiver *receiver);
/* account.c: NIC losses of the chosen interfaces since they were made, or TT_UNKNOWN. */
uint64_t tt_receiver_read_nic_dropped(const struct tt_receiver *receiver);
