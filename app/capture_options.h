/* SPDX-License-Identifier: MIT */

/*
 * What "twintap capture" or "twintap read" was asked for
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twintap/receiver.h"
#include "twintap/trace.h"

/* What is made of datagrams. */
enum tt_output_format {
	TT_OUTPUT_FORMAT_BY_NAME, /* text without -w, else by the ending of each file's name */
	TT_OUTPUT_FORMAT_TEXT,
	TT_OUTPUT_FORMAT_JSON,
	TT_OUTPUT_FORMAT_PCAPNG,
	TT_OUTPUT_FORMAT_PCAP,
	TT_OUTPUT_FORMAT_PCAP_NS,
	TT_OUTPUT_FORMAT_COUNT,
};

enum {
	TT_CAPTURE_WRITES_MAX = TT_OUTPUTS_MAX,
	TT_CAPTURE_EXPRESSION_BYTES = 16384, /* room for the words behind the options */
};

struct tt_capture_options {
	const char *interfaces[TT_INTERFACES_MAX]; /* borrowed, as all words here */
	size_t interfaces_count;                   /* 0: all interfaces */
	const char *network_namespace;             /* NULL: this process's */
	const char *ports;                         /* NULL: every port */
	const char *stats_path;                    /* NULL: none */
	const char *const *files;                  /* traces to read */
	size_t files_count;                        /* 0: capture */
	const char *writes[TT_CAPTURE_WRITES_MAX]; /* traces to write */
	size_t writes_count;
	uint64_t rotate_bytes; /* this and the next: 0: none */
	int64_t rotate_interval_ms;
	uint64_t keep_files;
	uint64_t keep_bytes;
	uint64_t min_free_bytes;
	uint64_t count_max;        /* 0: no limit */
	uint64_t ring_bytes;       /* of one socket */
	int64_t duration_ms;       /* 0: no limit */
	int64_t stats_interval_ms; /* 0: no live counters */
	uint32_t verdicts;         /* 0: ok in text, all in traces */
	unsigned int link_type;    /* enum tt_trace_link_type */
	unsigned int sync;         /* enum tt_trace_sync */
	unsigned int port_side;    /* enum tt_port_side */
	unsigned int format;       /* enum tt_output_format */
	uint32_t snap_bytes;       /* as the receiver takes it; 0: whole packets */
	bool takes_outgoing;       /* what this host sends, and */
	bool takes_no_incoming;    /* nothing else */
	bool ipv4_only;
	bool ipv6_only;
	bool with_payload;
	bool is_promiscuous;
	bool takes_no_fragments;
	bool verifies_checksums;
	bool overwrites;
	bool is_unbuffered;
	bool merges;
	bool is_quiet;
	bool wants_help;
	char expression[TT_CAPTURE_EXPRESSION_BYTES]; /* empty: none */
};

/* 0, or -EINVAL in words. */
int tt_capture_options_parse(struct tt_capture_options *ret_options, int argc, char **argv,
			     struct tt_error *reterr);

int tt_read_options_parse(struct tt_capture_options *ret_options, int argc, char **argv,
			  struct tt_error *reterr);

/* Whether a signal begins new files. */
bool tt_capture_is_rotated(const struct tt_capture_options *options);

/* The pages of --help. */
extern const char tt_capture_help[];
extern const char tt_read_help[];
