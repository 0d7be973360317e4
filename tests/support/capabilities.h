/* SPDX-License-Identifier: MIT */

/*
 * Fewer capabilities, for tests of what takes which
 */

#pragma once

#include <stdint.h>

/* Leaves the calling process with the capabilities of @mask and no others, or ends it with 99. */
void tt_keep_capabilities(uint64_t mask);
