/* SPDX-License-Identifier: MIT */

/*
 * What packets are judged by, before and while a receiver runs
 *
 * Each setter takes what counts now, changes one thing in it, and has the filter change to
 * that.
 */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "receiver/receiver.h"
#include "stage/sift.h"

_Static_assert((int)TT_PORT_DESTINATION == (int)TT_FILTER_SIDE_DESTINATION, "one set of numbers");
_Static_assert((int)TT_PORT_SOURCE == (int)TT_FILTER_SIDE_SOURCE, "one set of numbers");
_Static_assert((int)TT_PORT_EITHER == (int)TT_FILTER_SIDE_EITHER, "one set of numbers");
_Static_assert((int)TT_INTERFACES_MAX == (int)TT_FILTER_INTERFACES_MAX, "the map has room");

static int read_snap(uint32_t snap_bytes, uint32_t *ret_snap_bytes, struct tt_error *reterr)
{
	if (snap_bytes == TT_SNAP_HEADERS) {
		*ret_snap_bytes = TT_FILTER_SNAP_HEADERS;
		return 0;
	}
	if (snap_bytes == 0)
		snap_bytes = TT_SNAP_BYTES_MAX;
	if (snap_bytes < TT_SNAP_BYTES_MIN || snap_bytes > TT_SNAP_BYTES_MAX)
		return tt_error_set(reterr, -EINVAL,
				    "a snap length of %u bytes: %d to %d, or the headers alone",
				    snap_bytes, TT_SNAP_BYTES_MIN, TT_SNAP_BYTES_MAX);
	*ret_snap_bytes = snap_bytes;
	return 0;
}

/* NULL for no text; the caller drops it. */
static int read_expression(const char *text, struct tt_expression **ret_expression,
			   struct tt_error *reterr)
{
	*ret_expression = NULL;
	return text && *text ? tt_expression_new(ret_expression, text, reterr) : 0;
}

static uint32_t choose_types(uint64_t flags)
{
	uint32_t types = 0;

	if (!(flags & TT_RECEIVER_NO_INCOMING))
		types |= 1U << TT_PACKET_HOST | 1U << TT_PACKET_BROADCAST |
			 1U << TT_PACKET_MULTICAST;
	if (flags & TT_RECEIVER_PROMISCUOUS)
		types |= 1U << TT_PACKET_OTHERHOST;
	if (flags & TT_RECEIVER_OUTGOING)
		types |= 1U << TT_PACKET_OUTGOING; /* which only the socket for it is shown */
	return types;
}

/* The families of what this host sends. */
static uint32_t choose_sends(uint64_t flags)
{
	uint32_t sends = 0;

	if (!(flags & TT_RECEIVER_OUTGOING))
		return 0;
	if (!(flags & TT_RECEIVER_IPV6_ONLY))
		sends |= TT_FILTER_SENDS_IPV4;
	if (!(flags & TT_RECEIVER_IPV4_ONLY))
		sends |= TT_FILTER_SENDS_IPV6;
	return sends;
}

int tt_receiver_make_filter(struct tt_receiver *receiver, const struct tt_receiver_opts *opts,
			    struct tt_error *reterr)
{
	struct tt_conditions conditions = {
		.port_side = opts->port_side,
		.packet_types = choose_types(opts->flags),
		.sends = choose_sends(opts->flags),
		.follows_fragments = !(opts->flags & TT_RECEIVER_NO_FRAGMENTS),
		/* A single interface is bound to instead, which costs nothing a packet. */
		.interface_indexes = receiver->interface_indexes,
		.interfaces_count = receiver->interfaces_count > 1 ? receiver->interfaces_count : 0,
	};
	int r;

	r = read_snap(opts->snap_bytes, &conditions.snap_bytes, reterr);
	if (r < 0)
		return r;
	r = read_expression(opts->expression, &conditions.expression, reterr);
	if (r < 0)
		return r;
	tt_conditions_set_ports(&conditions, &receiver->main_ports);

	if (receiver->reads_files) {
		conditions.packet_types = UINT32_MAX; /* a trace's were wanted once */
		conditions.knows_captured_only = true;
		receiver->file_conditions = conditions;
		return 0;
	}
	r = tt_filter_new(&receiver->filter, &conditions, reterr);
	tt_expression_drop(conditions.expression); /* the filter holds it */
	return r;
}

const char *tt_receiver_fallback_reason(const struct tt_receiver *receiver)
{
	return receiver && receiver->filter ? tt_filter_fallback_reason(receiver->filter) : NULL;
}

int tt_receiver_open_gate(struct tt_receiver *receiver)
{
	return receiver->reads_files ? 0 : tt_filter_open_gate(receiver->filter);
}

int tt_receiver_close_gate(struct tt_receiver *receiver)
{
	if (!receiver->reads_files)
		return tt_filter_close_gate(receiver->filter);
	tt_sift_close(receiver->sift);
	return 0;
}

const struct tt_conditions *tt_receiver_conditions(const struct tt_receiver *receiver)
{
	return receiver->reads_files ? &receiver->file_conditions
				     : tt_filter_conditions(receiver->filter);
}

/* What was read was judged by the old ones, so that there is no telling the two apart. */
static int change_file_conditions(struct tt_receiver *receiver,
				  const struct tt_conditions *conditions, struct tt_error *reterr)
{
	struct tt_expression *before = receiver->file_conditions.expression;

	if (receiver->state != TT_RECEIVER_NEW)
		return tt_error_set(reterr, -EBUSY,
				    "change a receiver that reads files: it was started already");
	receiver->file_conditions = *conditions;
	if (conditions->expression)
		(void)tt_expression_hold(conditions->expression);
	tt_expression_drop(before);
	return 0;
}

/* Under the setters' lock. */
static int change_locked(struct tt_receiver *receiver, const struct tt_conditions *conditions,
			 struct tt_error *reterr)
{
	int r;

	if (receiver->reads_files)
		return change_file_conditions(receiver, conditions, reterr);
	r = tt_filter_change(receiver->filter, conditions, reterr);
	/* A source that gets no frames must be asked, or it would keep all that came before. */
	tt_wake_post(&receiver->wake);
	return r;
}

int tt_receiver_apply_ports(struct tt_receiver *receiver, struct tt_error *reterr)
{
	struct tt_conditions conditions = *tt_receiver_conditions(receiver);
	struct tt_ports all = receiver->main_ports;

	tt_ports_join(&all, &receiver->route_ports);
	tt_conditions_set_ports(&conditions, &all);
	return change_locked(receiver, &conditions, reterr);
}

int tt_receiver_set_expression(struct tt_receiver *receiver, const char *text,
			       struct tt_error *reterr)
{
	struct tt_conditions conditions;
	struct tt_expression *expression;
	int r;

	if (!receiver)
		return tt_error_set(reterr, -EINVAL, "set an expression: no receiver");
	/* It may look up names: not under the lock. */
	r = read_expression(text, &expression, reterr);
	if (r < 0)
		return r;

	(void)pthread_mutex_lock(&receiver->setter_mutex); /* cannot fail: no error checking */
	conditions = *tt_receiver_conditions(receiver);
	conditions.expression = expression;
	r = change_locked(receiver, &conditions, reterr);
	tt_expression_drop(expression);
	(void)pthread_mutex_unlock(&receiver->setter_mutex);
	return r;
}

int tt_receiver_set_snap_bytes(struct tt_receiver *receiver, uint32_t snap_bytes,
			       struct tt_error *reterr)
{
	struct tt_conditions conditions;
	uint32_t snap = 0;
	int r;

	if (!receiver)
		return tt_error_set(reterr, -EINVAL, "set the snap length: no receiver");
	r = read_snap(snap_bytes, &snap, reterr);
	if (r < 0)
		return r;

	(void)pthread_mutex_lock(&receiver->setter_mutex); /* cannot fail: no error checking */
	conditions = *tt_receiver_conditions(receiver);
	conditions.snap_bytes = snap;
	r = change_locked(receiver, &conditions, reterr);
	(void)pthread_mutex_unlock(&receiver->setter_mutex);
	return r;
}
