/* SPDX-License-Identifier: MIT */

/*
 * The files of a trace, in memory
 *
 * Stands in for trace/store.c: a test that links it gets these functions instead. What is
 * written lies in one place per file, writes stop where the test says so, and whatever a real
 * store forbids (writing without an open file, two open ones) ends the program.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TT_FAKE_STORE_FILES_MAX = 512,
};

struct tt_fake_file {
	uint8_t *bytes;
	size_t bytes_count;
	size_t room_bytes;
	bool is_closed;
	bool is_discarded;
};

/* There is one, so that a test reaches it; reset it before each. */
struct tt_fake_store {
	struct tt_fake_file files[TT_FAKE_STORE_FILES_MAX];
	size_t files_count;
	bool is_stream;
	bool is_discarding; /* keeps nothing, as /dev/null */
	int open_status;    /* what open returns, from open_after files on */
	size_t open_after;
	int close_status;
	int write_status;         /* what a write returns that goes beyond the next one */
	uint64_t write_bytes_max; /* taken in all; UINT64_MAX: no limit */
	uint64_t written_bytes;
	size_t writes_count;
	bool is_freed;
};

extern struct tt_fake_store tt_fake_store;

/* Frees what files hold, and lets all writes succeed. */
void tt_fake_store_reset(void);
