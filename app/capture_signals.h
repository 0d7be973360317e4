/* SPDX-License-Identifier: MIT */

/*
 * What signals do to a capture
 *
 *   SIGINT, SIGTERM, SIGHUP   end: first deliver what the rings hold
 *   the second of them        end now: what the rings hold is dropped
 *   two seconds after that    leave, with one line: a write to standard output is stuck
 *   SIGUSR1                   print the counters
 *
 *   SIGHUP                    where traces are rotated: begin new files
 *
 * Elsewhere a terminal that hangs up ends the capture too, unless SIGHUP is ignored from birth, as
 * under nohup(1). Signals that end are let through at any time, since a handler may be
 * the only code that still runs; SIGUSR1 only while the loop waits or asks for it.
 */

#pragma once

#include <signal.h>
#include <stdbool.h>

struct tt_receiver;

/*
 * Takes over the signals for @receiver, which is borrowed until the release. @wait_mask is
 * the mask to wait with in ppoll(2). With @is_rotated SIGHUP begins new files instead of ending.
 */
int tt_capture_signals_take(struct tt_receiver *receiver, bool is_rotated, sigset_t *ret_wait_mask);

/* From here on signals do nothing any more: the receiver may be freed. */
void tt_capture_signals_release(void);

/* Whether SIGUSR1 came since the last time. */
bool tt_capture_signals_take_usr1(void);
