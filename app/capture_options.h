/* SPDX-License-Identifier: MIT */

/*
 * What "twintap capture" was asked for
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twintap/receiver.h"

enum {
	TT_CAPTURE_EXPRESSION_BYTES = 16384, /* room for the words behind the options */
};

struct tt_capture_options {
	const char *interfaces[TT_INTERFACES_MAX]; /* borrowed, as all words here */
	size_t interfaces_count;                   /* 0: all interfaces */
	const char *ports;                         /* NULL: every port */
	const char *stats_path;                    /* NULL: none */
	uint64_t count_max;                        /* 0: no limit */
	uint64_t ring_bytes;                       /* of one socket */
	int64_t duration_ms;                       /* 0: no limit */
	int64_t stats_interval_ms;                 /* 0: no live counters */
	uint32_t verdicts;
	unsigned int port_side; /* enum tt_port_side */
	unsigned int format;    /* enum tt_format */
	uint32_t snap_bytes;    /* as the receiver takes it; 0: whole packets */
	bool ipv4_only;
	bool ipv6_only;
	bool with_payload;
	bool is_promiscuous;
	bool takes_no_fragments;
	bool verifies_checksums;
	bool is_quiet;
	bool wants_help;
	char expression[TT_CAPTURE_EXPRESSION_BYTES]; /* empty: none */
};

/* 0, or -EINVAL in words. */
int tt_capture_options_parse(struct tt_capture_options *ret_options, int argc, char **argv,
			     struct tt_error *reterr);

/* The page of --help. */
extern const char tt_capture_help[];
