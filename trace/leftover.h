/* SPDX-License-Identifier: MIT */

/*
 * Hidden files that killed processes left
 *
 * What is left is a regular file with one name, a hidden one that matches the pattern, whose
 * lock can be had. It is cut back to where it is whole, and gets its final name, or the next free
 * one. What has nothing whole in it is removed. Everything else is left alone: links and
 * folders, what cannot be opened, what somebody writes, and what the format does not know.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "trace/pattern.h"
#include "twintap/error.h"

/*
 * Repairs and publishes all of them; @find_end as in struct tt_store_opts. 0, or a negative
 * errno in words.
 */
int tt_leftover_repair(int folder_fd, const struct tt_pattern *pattern,
		       int (*find_end)(int fd, uint64_t file_bytes, uint64_t *ret_whole_bytes),
		       bool is_synced, struct tt_error *reterr);
