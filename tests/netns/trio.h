/* SPDX-License-Identifier: MIT */

/*
 * Three filters that must say the same of a packet
 *
 * The kernel's extended program, the classic program that stands in for it, and the
 * judgement in C, by one set of conditions. Each packet is judged by all of them, and the
 * test fails, with the packet, when they differ:
 *
 * 1. The extended program and the C judgement: in the verdict, the reason why not, and in how
 *    much of the packet is taken. Each remembers the fragmented datagrams by itself.
 * 2. The classic program passes what the C judgement takes. If it was not widened, it passes
 *    nothing more but fragments whose verdict depends on a first one, and packets of which
 *    an expression loads bytes from an offset that it reckons: if that wraps around, the kernel
 *    reads bytes that libpcap does not find.
 */

#pragma once

#include <stdint.h>

#include "filter/conditions.h"
#include "filter/filter.h"
#include "filter/fragments.h"
#include "filter/judge.h"

/* What came, summed up over many trios. */
struct trio_tally {
	uint64_t packets_count; /* judged by the extended program too */
	uint64_t taken_count;
	uint64_t rejected_counts[TT_FILTER_REJECT_COUNT];
	uint64_t too_short_count;         /* for a test run of the extended program */
	uint64_t too_long_count;          /* likewise */
	uint64_t classic_count;           /* judged by a classic program */
	uint64_t classic_passed_count;    /* of them */
	uint64_t surplus_fragments_count; /* passed, only because it depends on a first fragment */
	uint64_t surplus_wrapped_count;   /* passed, though the expression did not find its bytes */
	uint64_t surplus_widened_count;   /* passed too much because of a widened program */
	uint64_t widened_programs_count;
	uint64_t classic_programs_count;
};

struct trio {
	const struct tt_conditions *conditions; /* borrowed */
	const char *words;                      /* for failures; borrowed */
	struct tt_filter *filter;
	struct tt_fragments *fragments;
	struct tt_filter_counters counters[TT_FILTER_SOURCE_COUNT]; /* after the last packet */
	uint64_t expected[TT_FILTER_SOURCE_COUNT][TT_JUDGED_TAKEN + 1];
	int classic_fds[2][2]; /* IPv4, IPv6: where to write, where to read behind the filter; -1 */
	bool is_widened[2];
	int64_t time_ns; /* of the last packet */
	struct trio_tally *tally;
};

/* Makes the filters, which remember nothing yet. @words say by which conditions. */
void trio_init(struct trio *trio, const struct tt_conditions *conditions, const char *words,
	       struct trio_tally *tally);

/* Judges what was captured of a frame as if it were all of the packet. */
void trio_judge(struct trio *trio, const struct tt_frame *frame);

/* Compares the sums of all that was judged with the program's counters, behind the gate. */
void trio_finish(struct trio *trio);
void trio_deinit(struct trio *trio);

void trio_tally_print(const struct trio_tally *tally);
