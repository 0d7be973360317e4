/* SPDX-License-Identifier: MIT */

/*
 * What the path of a trace leads to that is there already
 *
 * Regular files are written to only if they are to be overwritten, and nobody else writes them.
 * What is no file - a pipe, a terminal, /dev/null - is written to as it is. Folders, sockets and
 * disks are refused: a trace would not get into the first two, and would destroy what is on the
 * last.
 */

#pragma once

#include <stdbool.h>

#include "twintap/error.h"

enum {
	TT_TARGET_MODE = 0640, /* of new files, less the umask: packets are not for everybody */
};

enum tt_target {
	TT_TARGET_FILE,   /* a regular file, or nothing yet */
	TT_TARGET_STREAM, /* is there, and no regular file */
	TT_TARGET_STDOUT,
	TT_TARGET_COUNT,
};

/* Links are followed. 0; -EISDIR, -EINVAL, and what fstatat(2) says, in words. */
int tt_target_find(int folder_fd, const char *name, enum tt_target *ret_target,
		   struct tt_error *reterr);

/* Whether a file of that name could be written. 0, or -EEXIST or -ELOOP in words. */
int tt_target_check_file(int folder_fd, const char *name, bool is_overwriting,
			 struct tt_error *reterr);

/*
 * Opens what has that name. A descriptor: of a stream, or of a file that was emptied and is
 * locked. -EEXIST unless @is_overwriting; -EBUSY: another process writes it.
 */
int tt_target_open_existing(int folder_fd, const char *name, bool is_overwriting,
			    struct tt_error *reterr);

/* Opens what is no file. Waits for the reader of a pipe, until a signal comes: -EINTR. */
int tt_target_open_stream(int folder_fd, const char *name, struct tt_error *reterr);
