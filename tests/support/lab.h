/* SPDX-License-Identifier: MIT */

/*
 * Namespace lab: two network namespaces joined by a veth pair
 *
 * The near side is where the tested thing runs, the far side its peer. Both come up
 * quiet and at once usable: fixed hardware addresses, permanent neighbours (no ARP, no
 * neighbour discovery), no duplicate address detection, no router solicitation, and
 * the unavoidable multicast listener reports sent before tt_lab_new() returns. So
 * whatever a test sees later, somebody sent.
 *
 * Namespaces are unnamed and go with their last descriptor, or on demand named
 * tt-PID-TEST-near and -far; those are removed by tt_lab_free(), at exit, and, if a
 * process was killed, by the next lab that is made. lab.sh makes the same for scripts.
 */

#pragma once

#include <stdbool.h>

#include "base/error.h"

enum tt_lab_side {
	TT_LAB_NEAR,
	TT_LAB_FAR,
	TT_LAB_SIDE_COUNT,
};

/* Flags of tt_lab_new(). */
enum {
	TT_LAB_NAMED = 1 << 0, /* known to ip-netns(8) */
};

#define TT_LAB_NEAR_INTERFACE  "near0"
#define TT_LAB_NEAR_HARDWARE   "02:74:74:00:00:02"
#define TT_LAB_NEAR_IPV4       "198.18.0.2"
#define TT_LAB_NEAR_IPV6       "fd00:7474::2"
#define TT_LAB_NEAR_LINK_LOCAL "fe80::2"
#define TT_LAB_FAR_INTERFACE   "far0"
#define TT_LAB_FAR_HARDWARE    "02:74:74:00:00:01"
#define TT_LAB_FAR_IPV4        "198.18.0.1"
#define TT_LAB_FAR_IPV6        "fd00:7474::1"
#define TT_LAB_FAR_LINK_LOCAL  "fe80::1"

struct tt_lab;

/* Whether labs can be made here; says on standard error what is missing (then exit with 77). */
bool tt_lab_is_possible(void);

/* @test names the caller, in letters and digits that suit a file name. */
int tt_lab_new(struct tt_lab **ret_lab, const char *test, unsigned int flags,
	       struct tt_error *reterr);
void tt_lab_free(struct tt_lab *lab);

/* Moves the calling thread into a side; back to where the lab was made. */
int tt_lab_enter(const struct tt_lab *lab, enum tt_lab_side side);
int tt_lab_leave(const struct tt_lab *lab);

/* A path that setns(2) users can open, while this process lives; owned by the lab. */
const char *tt_lab_path(const struct tt_lab *lab, enum tt_lab_side side);

/* The name that ip-netns(8) knows; NULL without TT_LAB_NAMED. */
const char *tt_lab_name(const struct tt_lab *lab, enum tt_lab_side side);

/*
 * Runs a command in a side and waits for it. @ret_status is its exit status, or 128
 * and the signal that ended it.
 */
int tt_lab_run(const struct tt_lab *lab, enum tt_lab_side side, const char *const *argv,
	       int *ret_status);
