/* SPDX-License-Identifier: MIT */

/*
 * Inputs for fuzzing what reads frames
 *
 * An input is a head of TT_CORPUS_HEAD_BYTES and the captured bytes: a byte of version
 * (its lowest bit: 4 or 6), one of packet type, one of flags, one unused, and 32 bits of
 * bytes that were on the wire but not captured, big-endian.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/frame.h"
#include "packet/view.h"

enum {
	TT_CORPUS_HEAD_BYTES = 8,
};

/* Makes a frame of an input, with the bytes that lie in it; false when it has no whole head. */
bool tt_corpus_read_head(struct tt_view input, struct tt_frame *ret_frame);

/* Writes each packet shape, whole and cut behind its headers, as a file into a folder. */
int tt_corpus_write(const char *folder);
