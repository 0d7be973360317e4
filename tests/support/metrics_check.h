/* SPDX-License-Identifier: MIT */

/*
 * Whether a text is strict Prometheus text
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * True for metrics in the text exposition format 0.0.4: each with its HELP, its TYPE (counters
 * end in _total, gauges do not) and at least one sample, in one piece; no series twice; values
 * are decimal numbers without a time; labels are UTF-8 without control characters. Stricter than
 * the format, which leaves most of that to its readers.
 */
bool tt_metrics_are_strict(const char *text, size_t length);

/* How many lines begin with @beginning. */
size_t tt_metrics_count(const char *text, const char *beginning);
