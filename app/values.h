/* SPDX-License-Identifier: MIT */

/*
 * Values as people write them on the command line
 *
 * Each way to be wrong has its own sentence, which quotes the value and shows a right
 * one. Results are untouched on failure, which is always -EINVAL.
 */

#pragma once

#include <stdint.h>

#include "twintap/error.h"

/* A year and a day: longer ones are typing errors, and milliseconds never overflow. */
#define TT_DURATION_MS_MAX (INT64_C(366) * 24 * 60 * 60 * 1000)

/* "256K", "16M", "1G", in bytes. */
int tt_size_parse(const char *text, uint64_t *ret_bytes, struct tt_error *reterr);

/* "90", "90s", "250ms", "5m", "1h", in milliseconds; at least 1. */
int tt_duration_parse(const char *text, int64_t *ret_ms, struct tt_error *reterr);

/* A decimal number, at least 1. */
int tt_count_parse(const char *text, uint64_t *ret_count, struct tt_error *reterr);

/* "ok", "all", or names with commas between them, as a set of TT_VERDICT_BIT(). */
int tt_verdicts_parse(const char *text, uint32_t *ret_verdicts, struct tt_error *reterr);
