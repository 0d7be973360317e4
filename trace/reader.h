/* SPDX-License-Identifier: MIT */

/*
 * One trace file, read into batches of frames
 *
 * Puts together what input, scan and link_header do, each knowing nothing of the others.
 * Frames lie in the input's window, and are gone with the next call.
 *
 * Invariant 1: what comes before a failure is given first, and a failure is told once, by
 *              one sentence: which file, where, what.
 * Invariant 2: a drop count is a batch's that begins with the frame that has it.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/interfaces.h"
#include "packet/source.h"
#include "trace/input.h"
#include "trace/scan.h"
#include "twintap/error.h"

enum {
	TT_READER_NAME_BYTES = 128,   /* of a path in messages, which have room for 256 */
	TT_READER_NUMBERS_COUNT = 64, /* a power of 2 */
};

/* An interface's number by what a file calls it: its place, and what a link header says. */
struct tt_reader_number {
	uint32_t ordinal;
	uint32_t kernel_index; /* not 0 */
	uint32_t number;       /* 0: this place is empty */
};

struct tt_reader {
	char name[TT_READER_NAME_BYTES]; /* the path, or its end; "" when nothing is open */
	struct tt_input input;
	struct tt_scan scan;
	size_t used_bytes;                /* of the input's window */
	struct tt_interfaces *interfaces; /* borrowed */
	/* Where tt_interfaces_add() need not be asked again: it looks at each byte of a name. */
	struct tt_reader_number numbers[TT_READER_NUMBERS_COUNT];
};

/* A reader of nothing, that deinit may be called for. */
void tt_reader_init(struct tt_reader *reader, struct tt_interfaces *interfaces);
void tt_reader_deinit(struct tt_reader *reader);

/* Opens a file, "-" being standard input; what was open before is closed. */
int tt_reader_open(struct tt_reader *reader, const char *path, struct tt_error *reterr);

/* Whether it waits for others (a pipe), and then the descriptor to poll; else -1. */
int tt_reader_fd(const struct tt_reader *reader);
/* The file's size when it is asked for; false, and untouched, for a pipe. */
bool tt_reader_size(const struct tt_reader *reader, uint64_t *ret_bytes);
/* How many bytes of the file are read. */
uint64_t tt_reader_offset(const struct tt_reader *reader);

/*
 * Fills in a batch: 0 with at least one frame; TT_EMPTY when a pipe has nothing after
 * @timeout_ms; TT_END_OF_STREAM at the file's end; -EBADMSG for what is no trace; what read(2)
 * says; -ENOMEM. Nothing may be asked for behind the end or a failure.
 */
int tt_reader_next(struct tt_reader *reader, struct tt_frame_batch *ret_batch, int timeout_ms,
		   struct tt_error *reterr);
