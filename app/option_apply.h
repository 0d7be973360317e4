/* SPDX-License-Identifier: MIT */

/*
 * Taking in what options say, into a struct tt_capture_options
 *
 * Functions for the tables of commands (options.h): each takes one value in, or words what
 * is wrong with it.
 */

#pragma once

#include "twintap/error.h"

int tt_apply_interface(void *context, const char *value, struct tt_error *reterr);
int tt_apply_netns(void *context, const char *value, struct tt_error *reterr);
int tt_apply_ipv4(void *context, const char *value, struct tt_error *reterr);
int tt_apply_ipv6(void *context, const char *value, struct tt_error *reterr);
int tt_apply_port(void *context, const char *value, struct tt_error *reterr);
int tt_apply_port_side(void *context, const char *value, struct tt_error *reterr);
int tt_apply_format(void *context, const char *value, struct tt_error *reterr);
int tt_apply_payload(void *context, const char *value, struct tt_error *reterr);
int tt_apply_count(void *context, const char *value, struct tt_error *reterr);
int tt_apply_duration(void *context, const char *value, struct tt_error *reterr);
int tt_apply_buffer(void *context, const char *value, struct tt_error *reterr);
int tt_apply_direction(void *context, const char *value, struct tt_error *reterr);
int tt_apply_promiscuous(void *context, const char *value, struct tt_error *reterr);
int tt_apply_fragments(void *context, const char *value, struct tt_error *reterr);
int tt_apply_checksum(void *context, const char *value, struct tt_error *reterr);
int tt_apply_snaplen(void *context, const char *value, struct tt_error *reterr);
int tt_apply_verdict(void *context, const char *value, struct tt_error *reterr);
int tt_apply_stats(void *context, const char *value, struct tt_error *reterr);
int tt_apply_stats_file(void *context, const char *value, struct tt_error *reterr);
int tt_apply_quiet(void *context, const char *value, struct tt_error *reterr);
int tt_apply_help(void *context, const char *value, struct tt_error *reterr);
int tt_apply_write(void *context, const char *value, struct tt_error *reterr);
int tt_apply_link_type(void *context, const char *value, struct tt_error *reterr);
int tt_apply_rotate_size(void *context, const char *value, struct tt_error *reterr);
int tt_apply_rotate_interval(void *context, const char *value, struct tt_error *reterr);
int tt_apply_keep_files(void *context, const char *value, struct tt_error *reterr);
int tt_apply_keep_size(void *context, const char *value, struct tt_error *reterr);
int tt_apply_min_free(void *context, const char *value, struct tt_error *reterr);
int tt_apply_sync(void *context, const char *value, struct tt_error *reterr);
int tt_apply_overwrite(void *context, const char *value, struct tt_error *reterr);
int tt_apply_flush(void *context, const char *value, struct tt_error *reterr);
int tt_apply_merge(void *context, const char *value, struct tt_error *reterr);

/* The words of a filter expression. */
int tt_apply_expression(void *context, int words_count, char *const *words,
			struct tt_error *reterr);

struct tt_capture_options;

/* What an option alone cannot tell: what goes with what. 0, or -EINVAL in words. */
int tt_check_outputs(const struct tt_capture_options *options, struct tt_error *reterr);
