/* SPDX-License-Identifier: MIT */

/*
 * The files of one trace: how they are named, opened, written, completed and thinned out
 *
 * Knows bytes, and no packets. One file is open at a time. What is not rotated is written
 * under its final name, since people open growing files; rotated files are written under a
 * hidden name and get theirs when they are complete, so that a file that is seen is whole.
 *
 *   NONE --open--> OPEN --close--> NONE      (complete: synced as wished, published, thinned out)
 *                   |
 *                   +--- process is killed --> left over: repaired and published by the next new
 *
 * Names: the last component of the path is a pattern. %N is a number of six digits, one
 * higher for each file, going on where earlier runs ended; %h the host's name; %% a
 * percent sign; other conversions are those of strftime(3) of fixed width (%Y %m %d %H %M
 * %S %j), in UTC, of the time given when the file is opened. A rotated pattern without %N gets
 * "-%N" before its ending. %p and %i were written out before (split.h).
 *
 * Invariant 1: nothing that existed before is written to or replaced, unless is_overwriting, or it
 *              is no regular file (a pipe, a terminal, /dev/null).
 * Invariant 2: the folder is opened once, at new; later files are made relative to it, so that
 *              neither a moved folder nor lowered privileges nor a changed path lead elsewhere.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "twintap/error.h"
#include "twintap/trace.h"

struct tt_store_opts {
	const char *path; /* copied; "-": standard output */
	bool is_rotated;  /* there may be more than one file */
	bool is_overwriting;
	uint8_t sync;            /* enum tt_trace_sync */
	uint64_t file_bytes_max; /* size of a rotated file, as far as planned; 0: unknown */
	uint64_t keep_files;     /* at most so many complete files, of any run; 0: no limit */
	uint64_t keep_bytes;     /* at most so much in all, the open file included; 0: no limit */
	uint64_t min_free_bytes; /* leave so much of the disk free; 0: no limit */
	/*
	 * The length of the part of a left-over file that is whole, up to its end at @file_bytes; may
	 * also add to it by writing at that place (an end that the format wants). 0, or a negative
	 * errno: it is no such file, leave it alone.
	 */
	int (*find_end)(int fd, uint64_t file_bytes, uint64_t *ret_whole_bytes);
};

struct tt_store;

/*
 * Checks everything that can be checked before the first packet: the pattern, the folder, what is
 * there already. Repairs and publishes what killed processes left of the same pattern, and thins
 * out. -EINVAL for a bad pattern; -EEXIST; -EISDIR; what open(2) says.
 */
int tt_store_new(struct tt_store **ret_store, const struct tt_store_opts *opts,
		 struct tt_error *reterr);
/* What is open stays as it is, a hidden file to be repaired: close it before. NULL is nothing. */
void tt_store_free(struct tt_store *store);

/* Opens the next file; @time_ns is UTC. Not after a failure of close. */
int tt_store_open(struct tt_store *store, int64_t time_ns, struct tt_error *reterr);
bool tt_store_is_open(const struct tt_store *store);
/* Whether what is open is read as it is written: a pipe, a socket, a terminal. */
bool tt_store_is_stream(const struct tt_store *store);
/* Whether it is a regular file, from which something can be taken back. */
bool tt_store_is_regular(const struct tt_store *store);
/* Bytes written to the open file. */
uint64_t tt_store_file_bytes(const struct tt_store *store);

/*
 * Writes all of the parts, waiting as long as it takes, also on a non-blocking descriptor.
 * 0, or a negative errno in words; *progress_bytes is how much was written either way.
 */
int tt_store_write(struct tt_store *store, const struct iovec *parts, size_t parts_count,
		   uint64_t *progress_bytes, struct tt_error *reterr);

/*
 * Cuts a regular file back to @file_bytes: a record that was not written whole goes. Failures do
 * not matter.
 */
void tt_store_cut(struct tt_store *store, uint64_t file_bytes);

/*
 * Lets go of the open file as it is: a hidden one is repaired by the next new. One that nothing was
 * written to is removed again, unless it is not ours alone.
 */
void tt_store_discard(struct tt_store *store);

/*
 * Completes the open file: sync, close, final name, then thins out the oldest complete files.
 * The file is closed in any case. 0, or a negative errno in words.
 */
int tt_store_close(struct tt_store *store, struct tt_error *reterr);
