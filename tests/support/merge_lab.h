/* SPDX-License-Identifier: MIT */

/*
 * A merge of sources that a test scripts, with a clock and a timer that it sets
 *
 * A word is a batch, and each letter of it a frame with a stamp: one millisecond for each
 * letter of the alphabet. What is read is written down with the number of the source:
 * "0a1b|" is a batch of two frames. Each batch that is read is checked: it has frames of one
 * generation, a loss in front of its first frame only, no frame is before one of another
 * source that is known, and its frames lie in blocks that are still held. Descriptors are real.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "packet/source.h"
#include "stage/merge.h"
#include "tests/unit/cmocka_all.h"

#define LAB_UNIT_NS  TT_NS_PER_MS
#define LAB_NEVER_NS INT64_MAX

enum {
	LAB_LANES_MAX = 24,
	LAB_ITEMS_MAX = 256,
	LAB_FRAMES_MAX = 4096,
	LAB_LOG_BYTES = 1024,
};

enum item_kind {
	ITEM_FRAMES,
	ITEM_FAILURE,
	ITEM_END,
};

/* What a source gives at one time. */
struct item {
	enum item_kind kind;
	size_t frames_count;
	uint32_t generation;
	uint64_t dropped_before;
	bool is_pressing;
};

/* What a test knows of a frame. */
struct note {
	int64_t time_ns;
	uint32_t generation;
	uint64_t dropped_before;
};

struct lane {
	struct tt_source source;
	struct tt_block block; /* one at a time */
	bool block_is_out;
	uint8_t kind;
	bool has_no_blocks;
	struct item items[LAB_ITEMS_MAX];
	size_t items_count, read_count;
	struct note notes[LAB_FRAMES_MAX];
	size_t pushed_count, given_count, out_count; /* frames: stored, in the merge, read */
	bool is_over;
	int check_answer;
	int peer_fd; /* of a pipe */
	bool is_freed;
};

struct merge_lab {
	struct lane lanes[LAB_LANES_MAX];
	size_t lanes_count;
	struct tt_source *merge;
	int outer_fd; /* who waits for the merge, edge-triggered; -1: nobody */
	int64_t window_ns;
	int64_t now_ns;
	int timer_fd;
	int64_t timer_due_ns;
	void (*during_next)(void); /* happens when a source finds that it is empty */
	struct tt_frame_batch batch;
	int64_t last_ns;
	uint64_t late[TT_SOURCE_KIND_COUNT];
	int statistics_answer;
	char log[LAB_LOG_BYTES];
};

extern struct merge_lab lab;

extern const struct tt_source_ops lab_lane_ops;

int64_t lab_time_of(char letter);
/* Lets time pass; a timer that is due then is readable when this returns. */
void lab_set_now(int64_t now_ns);

/* Sources without descriptors, which a test may give them; then the merge of them. */
void lab_prepare(size_t lanes_count);
void lab_give_event(struct lane *lane);
void lab_make(int64_t window_ns);
void lab_begin(size_t lanes_count, int64_t window_ns); /* both */
/* Somebody waits for the merge, edge-triggered. */
void lab_listen(void);
/* Sources that tell when they have something, and somebody who waits for the merge of them. */
void lab_begin_with_events(size_t lanes_count, int64_t window_ns);
/* Frees the merge, which must free the sources and give back all blocks. */
void lab_end(void);

/* Whether somebody who waits is woken up; only once for each time. */
bool lab_is_told(void);
/* Has a source's descriptor tell that there is something. */
void lab_tell(const struct lane *lane);

void lab_push_note(struct lane *lane, int64_t time_ns, const struct item *item, bool is_first);
void lab_push(struct lane *lane, struct item item);
void lab_give_item(size_t lane_index, const char *word, struct item item);
void lab_give(size_t lane_index, const char *word);
void lab_give_failure(size_t lane_index);
void lab_give_end(size_t lane_index);

/* Reads a batch, checks it and writes it down. */
int lab_read_batch(void);
/* Reads what goes out now, and compares; then it answers so. */
void lab_assert_read(const char *expected, int answer);
/* What came late, by kind. */
void lab_assert_late(void);
