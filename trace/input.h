/* SPDX-License-Identifier: MIT */

/*
 * The bytes of a trace file, a window at a time
 *
 * A regular file is mapped, which spares a copy, but only under a read lease: a mapped page
 * that somebody cuts off the file meanwhile would end the process. Whoever opens the file for
 * writing waits until the lease is given up (the kernel breaks it after 45 s by default:
 * /proc/sys/fs/lease-break-time), so tt_input_keep() is to be called more often than that. Where
 * no lease is to be had, behind one, and for pipes and sockets, the window is read into
 * a buffer.
 *
 * Invariant 1: nothing is mapped without a lease.
 * Invariant 2: the window's bytes stay where they are until the next call.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/view.h"

enum tt_input_kind {
	TT_INPUT_STREAM, /* a pipe, socket or terminal */
	TT_INPUT_FILE,   /* read by its offsets */
	TT_INPUT_MAPPED, /* a file too, and its lease is held */
};

struct tt_input {
	int fd; /* owned */
	enum tt_input_kind kind;
	struct tt_view window;
	uint64_t offset; /* of the window in the file */
	uint8_t *mapping;
	size_t mapping_bytes;
	uint8_t *buffer; /* owned */
	size_t room_bytes;
};

/* An input of nothing, that deinit may be called for. */
#define TT_INPUT_EMPTY   \
	{                \
		.fd = -1 \
	}

/*
 * Opens a file, "-" being standard input, of which it takes a descriptor of its own. A pipe without a
 * writer does not make it wait. -EISDIR for a folder, or what open(2) says.
 */
int tt_input_open(struct tt_input *ret_input, const char *path);
void tt_input_deinit(struct tt_input *input);

/*
 * Moves the window's beginning @used_bytes on and makes it larger, to @wanted_bytes if the file
 * has them. A stream is waited for @timeout_ms at the most. 0 when the window has more behind
 * what was used than before; TT_EMPTY when a stream has nothing now; TT_END_OF_STREAM when the
 * file ends with the window; -ENOMEM, or what read(2) says. The window is moved in any case.
 */
int tt_input_advance(struct tt_input *input, size_t used_bytes, size_t wanted_bytes,
		     int timeout_ms);

/*
 * Makes room for those who want to write to a mapped file: gives it up and the window with
 * it, of which @used_bytes were used and the rest comes again. Nothing for other inputs.
 */
void tt_input_keep(struct tt_input *input, size_t *used_bytes);

/* Whether epoll(7) takes a stream's descriptor: it refuses those of other devices. */
bool tt_input_can_be_polled(const struct tt_input *input);

/* The file's size now; false for what has none. */
bool tt_input_size(const struct tt_input *input, uint64_t *ret_bytes);
