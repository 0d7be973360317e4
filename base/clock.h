/* SPDX-License-Identifier: MIT */

/*
 * What time it is: by the monotonic clock, and by the one of the world
 */

#pragma once

#include <stdint.h>
#include <time.h>

/* 64 bits wide, since a few seconds in nanoseconds are. */
#define TT_NS_PER_MS INT64_C(1000000)
#define TT_NS_PER_S  INT64_C(1000000000)

/* Nanoseconds since an arbitrary start; never goes backwards. */
static inline int64_t tt_clock_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * TT_NS_PER_S + now.tv_nsec;
}

/* Nanoseconds since 1970, UTC; whoever sets the clock may set it back. */
static inline int64_t tt_clock_utc_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * TT_NS_PER_S + now.tv_nsec;
}
