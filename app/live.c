/* SPDX-License-Identifier: MIT */

/*
 * A live view of the counters on a terminal
 */

#include "app/live.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/softnet.h"

static bool writes_to_standard_output(const struct tt_capture_options *options)
{
	for (size_t i = 0; i < options->writes_count; i++) {
		if (strcmp(options->writes[i], "-") == 0)
			return true;
	}
	return options->writes_count == 0;
}

bool tt_live_is_possible(const struct tt_capture_options *options)
{
	const char *terminal = getenv("TERM");
	struct stat output;

	if (!isatty(STDERR_FILENO) || !terminal || strcmp(terminal, "dumb") == 0)
		return false;
	if (!writes_to_standard_output(options))
		return true;
	return !isatty(STDOUT_FILENO) && fstat(STDOUT_FILENO, &output) == 0 &&
	       !S_ISFIFO(output.st_mode) && !S_ISSOCK(output.st_mode);
}

static struct tt_live_sample take_sample(const struct tt_live *live,
					 const struct tt_accounting *accounting, int64_t running_ms)
{
	return (struct tt_live_sample){
		.time_ms = running_ms,
		.softnet_dropped = tt_live_growth(live->softnet_start, tt_softnet_dropped()),
		.accounting = *accounting,
	};
}

void tt_live_begin(struct tt_live *live, const struct tt_accounting *accounting)
{
	live->softnet_start = tt_softnet_dropped();
	live->before = take_sample(live, accounting, 0);
}

void tt_live_show(struct tt_live *live, const struct tt_accounting *accounting, int64_t running_ms)
{
	struct tt_live_sample now = take_sample(live, accounting, running_ms);
	struct tt_live_rates rates;
	struct tt_live_view view;

	tt_live_rates_make(&rates, &live->before, &now);
	tt_live_view_make(&view, &rates);
	tt_live_screen_show(&live->screen, &view);
	live->before = now;
}

void tt_live_clear(struct tt_live *live)
{
	tt_live_screen_clear(&live->screen);
}
