/* SPDX-License-Identifier: MIT */

/*
 * twintap capture
 */

#include <stdio.h>

#include "app/capture_options.h"
#include "app/command.h"
#include "app/remark.h"
#include "app/session.h"

int tt_cmd_capture(int argc, char **argv)
{
	struct tt_capture_options options;
	struct tt_error error = TT_ERROR_INIT;

	if (tt_capture_options_parse(&options, argc, argv, &error) < 0) {
		tt_say("%s", error.message);
		return TT_EXIT_USAGE;
	}
	if (options.wants_help) {
		(void)fputs(tt_capture_help, stdout); /* tt_finish_output() sees a failure */
		return tt_finish_output();
	}
	return tt_session_run(&options);
}
