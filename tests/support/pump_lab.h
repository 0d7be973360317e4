/* SPDX-License-Identifier: MIT */

/*
 * A pump between sources and sinks that a test scripts
 *
 * A batch is a word, and each letter of it a datagram: "n" is none of UDP, "t" is cut
 * in its headers, "c" in its payload, any other is sound; a capital is addressed to
 * this host. A sink writes down the letters that it is given, with a bar behind each
 * run, so that a test reads "aa|b|" and no counters. These are checked apart, by the
 * equations of include/twintap/accounting.h.
 *
 * The words of a source that are no batch: "" nothing is there now; "!" a failure,
 * -EIO; "." the end. After its last word it is empty.
 */

#pragma once

#include <stdbool.h>

#include "dispatch/pump.h"
#include "tests/unit/cmocka_all.h"
#include "twintap/error.h"

enum {
	LAB_SOURCES_MAX = 8,
	LAB_BLOCKS_MAX = 64, /* of one source */
	LAB_HOLDS_MAX = 32,  /* of one sink; it lets further blocks go */
	LAB_LOG_BYTES = 1024,
};

struct fake_source {
	struct tt_source source;
	/* The next word; a test may have its own. */
	const char *(*next_word)(struct fake_source *source);
	const char *const *words; /* for the one that is there; ends with NULL */
	bool has_no_blocks;
	uint8_t kind;
	uint64_t dropped_before; /* told with the next batch */
	int check_answer;
	int statistics_answer;
	struct tt_source_statistics statistics;

	struct tt_block blocks[LAB_BLOCKS_MAX];
	bool block_is_out[LAB_BLOCKS_MAX];
	uint64_t delivered_count;
	unsigned int asked_count;
	unsigned int checked_count;
	unsigned int blocks_out_count; /* given out and not yet released */
	bool is_freed;
};

struct fake_sink {
	struct tt_sink sink;
	bool is_buffered;            /* written with the next flush */
	bool is_silent;              /* writes down nothing */
	char withheld_letter;        /* has no route; 0: none */
	unsigned int answering_take; /* counted from 1: it answers so, others with 0 */
	int take_answer;
	int flush_answer;  /* to the next flush */
	int attend_answer; /* this and the next: each time */
	int rotate_answer;
	bool is_holding; /* it keeps the blocks of its runs, up to LAB_HOLDS_MAX */

	char log[LAB_LOG_BYTES];
	size_t log_length;
	uint64_t buffered_count;
	struct tt_block *held[LAB_HOLDS_MAX];
	size_t held_count;
	uint64_t dropped_count; /* told with its runs */
	unsigned int takes_count;
	unsigned int flushes_count;
	unsigned int ends_count;
	unsigned int drops_count;
	unsigned int attends_count;
	unsigned int rotations_count;
	int64_t attended_ns; /* the last time that it was told */
	bool is_freed;
};

struct pump_lab {
	struct tt_loop loop;
	struct tt_pump *pump;
	struct fake_source *sources[LAB_SOURCES_MAX];
	size_t sources_count;
	struct fake_sink *sinks[TT_OUTPUTS_MAX];
	size_t sinks_count;
};

void lab_init(struct pump_lab *lab);
/* Frees the pump, which must free sources and sinks, and let all blocks go that no sink holds. */
void lab_deinit(struct pump_lab *lab);

/* A source that is always ready, or watched: @fd, else -1. Sets what the pump needs. */
void fake_source_init(struct fake_source *source, int fd, enum tt_source_kind kind,
		      const char *const *words);
void fake_sink_init(struct fake_sink *sink, uint32_t verdicts);
void fake_sink_release(struct fake_sink *sink); /* all blocks that it holds */

void lab_add_source(struct pump_lab *lab, struct fake_source *source);
void lab_add_sink(struct pump_lab *lab, struct fake_sink *sink);

/* Steps until nothing is left; each step must succeed. */
void lab_run(struct pump_lab *lab);

/* The equations, for all sinks but @except: one that is being pulled, or NULL. */
void lab_assert_accounts(struct pump_lab *lab, const struct fake_sink *except);
