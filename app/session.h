/* SPDX-License-Identifier: MIT */

/*
 * A run of a receiver, live or over files, from its opening to the account
 */

#pragma once

#include "app/capture_options.h"

/* Does what was asked for. An exit status; everything was said. */
int tt_session_run(const struct tt_capture_options *options);
