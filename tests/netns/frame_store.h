/* SPDX-License-Identifier: MIT */

/*
 * Frames that are kept, to be gone through more than once
 */

#pragma once

#include <stddef.h>

#include "packet/frame.h"

struct frame_store {
	struct tt_frame *frames; /* owned */
	uint8_t **bytes;         /* owned, each of them too: those of the frames */
	size_t count;
	size_t room;
};

/* Copies what was captured of a frame: to be all of the packet. */
void frame_store_add(struct frame_store *store, const struct tt_frame *frame);
void frame_store_deinit(struct frame_store *store);
