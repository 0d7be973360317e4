/* SPDX-License-Identifier: MIT */

/*
 * The pump: what one worker does, from sources to sinks
 *
 * Takes batches of frames from its sources in turn, has their headers read, and
 * gives each sink the datagrams that it wants. It knows neither what a source is
 * made of nor what a sink does. It accounts for each datagram, and remembers which
 * sinks have ended or failed: these get nothing more, and that too is accounted for.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/loop.h"
#include "packet/sink.h"
#include "packet/source.h"
#include "twintap/accounting.h"

struct tt_pump;

/* Sets the LOCAL flag where it is due; called once a batch. */
typedef void tt_mark_local_fn(void *context, struct tt_datagram *datagrams, size_t count);

/* With @verifies_checksums a wrong UDP checksum is a verdict. */
int tt_pump_new(struct tt_pump **ret_pump, bool verifies_checksums, tt_mark_local_fn *mark_local,
		void *context);
/* Frees its sources and sinks too. */
void tt_pump_free(struct tt_pump *pump);

/*
 * Takes over the source and watches it in @loop, which outlives the pump. When it
 * fails, the source is still the caller's. -ENOSPC, or what epoll_ctl(2) says.
 */
int tt_pump_add_source(struct tt_pump *pump, struct tt_source *source, struct tt_loop *loop);

/* Takes over the sink, unless -ENOSPC beyond TT_OUTPUTS_MAX. @name is copied. */
int tt_pump_add_sink(struct tt_pump *pump, struct tt_sink *sink, const char *name);

/*
 * Moves one batch. 0; TT_EMPTY when no source has anything now; a negative errno when a
 * source or a sink has failed: each failure comes once, and the rest goes on.
 */
int tt_pump_step(struct tt_pump *pump);

/*
 * Moves datagrams to the caller instead of a handler: as tt_pump_step(), and
 * *ret_datagrams are borrowed until the next call. @sink, one of the pump's own, is
 * their filter, limit and account; its take is not called.
 */
int tt_pump_pull(struct tt_pump *pump, struct tt_sink *sink,
		 const struct tt_datagram **ret_datagrams, size_t *ret_count);

/* Whether @loop tells of what the sources have, from now on. 0, or a negative errno. */
int tt_pump_listen(struct tt_pump *pump, struct tt_loop *loop, bool is_wanted);

/* Has the next step ask each source, whether or not something was told of it. */
void tt_pump_ask_sources(struct tt_pump *pump);

/* Datagrams that the sources delivered up to now. */
uint64_t tt_pump_moved(const struct tt_pump *pump);

/* Has the sinks write out what they buffered. 0, or the first failure. */
int tt_pump_flush(struct tt_pump *pump, bool is_end);

/* Has the sinks do what is due by @now_ns of the monotonic clock. 0, or the first failure. */
int tt_pump_attend(struct tt_pump *pump, int64_t now_ns);

/* Has the sinks complete what they have written and begin anew. 0, or the first failure. */
int tt_pump_rotate(struct tt_pump *pump);

/* From here on datagrams are counted, and dropped for every sink; buffered ones too. */
void tt_pump_drop(struct tt_pump *pump);

/* The words of the last failure that a step, pull or flush returned, if it has any; whose it was. */
const struct tt_error *tt_pump_failure(const struct tt_pump *pump, bool *ret_is_source);

/* Whether a sink asked for the end, no sink wants anything, or no source will ever have any. */
bool tt_pump_has_ended(const struct tt_pump *pump);

/* Adds what sources delivered and lost, and what sinks did. 0, or a negative errno. */
int tt_pump_account(struct tt_pump *pump, struct tt_accounting *accounting);
