/* SPDX-License-Identifier: MIT */

/*
 * A receiver from within: what the files of this folder share
 *
 *   open.c     makes it: options, interfaces, filter, sockets
 *   drive.c    runs it: the state machine below, the worker
 *   filter.c   what packets are judged by, before and while it runs
 *   ports.c    ports and routes, likewise
 *   files.c    trace files instead of sockets
 *   output.c   text and JSON, and what they ask of interfaces
 *   trace.c    traces
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
#include "packet/interfaces.h"
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
	int files_failure;   /* of a damaged file, the first: told when all are read */
	struct tt_error failure_error; /* words of the last failure; code 0: it has none */
	struct tt_error run_error;     /* of the first, likewise */
	struct tt_error files_error;   /* of the first damaged file */

	char *ports_text;      /* owned: what was wanted at first, for traces; NULL: every port */
	char *expression_text; /* owned; NULL: none */
	struct tt_interfaces interfaces;      /* that the files name */
	struct tt_conditions file_conditions; /* holds its expression */
	struct tt_source *sift;               /* borrowed from the pump */
	struct tt_source **file_sources;      /* owned array; the sources are borrowed likewise */
	size_t file_sources_count;

	uint32_t interface_indexes[TT_INTERFACES_MAX];
	size_t interfaces_count; /* 0: all */
	uint32_t port_side;
	uint32_t verdicts;
	bool local_only;
	bool wants_locality; /* somebody looks whether datagrams are local */
	bool reads_files;
	uint64_t nic_dropped_at_start; /* or TT_UNKNOWN */
	uint64_t nic_dropped_at_end;   /* likewise; once it is over */

	struct tt_filter *filter;   /* owned; changed under the setters' lock */
	struct tt_monitor *monitor; /* owned */
	struct tt_watch monitor_watch;
	struct tt_watch wake_watch;
	struct tt_watch drain_watch;
	struct tt_watch attend_watch;
	struct tt_wake wake;            /* a request, or work that is left */
	struct tt_timer drain_timer;    /* bounds the draining */
	struct tt_timer attend_timer;   /* has outputs do what is due */
	int64_t attend_interval_ns;     /* 0: nothing ever is */
	uint32_t interfaces_generation; /* raised when interfaces may have changed */
	_Atomic bool rotation_is_wanted;
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

/* filter.c: opens the gate, or closes it for ever. 0, or a negative errno. */
int tt_receiver_open_gate(struct tt_receiver *receiver);
int tt_receiver_close_gate(struct tt_receiver *receiver);
/* filter.c: what counts now; borrowed. */
const struct tt_conditions *tt_receiver_conditions(const struct tt_receiver *receiver);
/* filter.c: puts together what packets are judged by, from checked options. */
int tt_receiver_make_filter(struct tt_receiver *receiver, const struct tt_receiver_opts *opts,
			    struct tt_error *reterr);
/* filter.c: has the kernel take the main ports and those of the routes. Under the lock. */
int tt_receiver_apply_ports(struct tt_receiver *receiver, struct tt_error *reterr);

/* files.c: adds the trace files as a source. */
int tt_receiver_open_files(struct tt_receiver *receiver, const struct tt_receiver_opts *opts,
			   struct tt_error *reterr);

/* output.c: gives the pump a sink under a name, or frees it. */
int tt_receiver_add_sink(struct tt_receiver *receiver, struct tt_sink *sink, const char *name,
			 struct tt_error *reterr);
/* output.c: a tt_find_interface_fn; @context is the receiver. */
bool tt_receiver_find_interface(void *context, uint32_t interface_index,
				struct tt_interface *ret_interface);

/* account.c: whether all that the filter accepted was delivered or dropped. */
bool tt_receiver_is_at_rest(struct tt_receiver *receiver);
/* account.c: NIC losses of the chosen interfaces since they were made, or TT_UNKNOWN. */
uint64_t tt_receiver_read_nic_dropped(const struct tt_receiver *receiver);
