/* SPDX-License-Identifier: MIT */

/*
 * How far the reading of files is, on a terminal: one line that is written over
 */

#include "app/progress.h"

#include <stdio.h>
#include <time.h>

#include "twintap/receiver.h"

enum {
	FIRST_MS = 1000, /* what is done by then needs no progress */
	INTERVAL_MS = 200,
};

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now); /* cannot fail: a valid clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void tt_progress_show(struct tt_progress *progress, const struct tt_receiver *receiver)
{
	uint64_t done_bytes = 0, all_bytes = 0;
	int64_t now = now_ms();

	if (progress->due_ms == 0)
		progress->due_ms = now + FIRST_MS;
	if (now < progress->due_ms)
		return;
	progress->due_ms = now + INTERVAL_MS;

	/* What the terminal does not take is lost: it was only to be seen. */
	(void)tt_receiver_progress(receiver, &done_bytes, &all_bytes);
	if (all_bytes > 0)
		(void)fprintf(stderr, "\rtwintap: %llu %% of %llu MiB read\033[K",
			      (unsigned long long)(done_bytes / (all_bytes / 100 + 1)),
			      (unsigned long long)all_bytes >> 20);
	else
		(void)fprintf(stderr, "\rtwintap: %llu MiB read\033[K",
			      (unsigned long long)done_bytes >> 20);
	progress->is_shown = true;
}

void tt_progress_clear(struct tt_progress *progress)
{
	if (progress->is_shown)
		(void)fputs("\r\033[K", stderr); /* as above */
	progress->is_shown = false;
}
