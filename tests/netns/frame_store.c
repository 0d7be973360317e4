/* SPDX-License-Identifier: MIT */

/*
 * Frames that are kept, to be gone through more than once
 */

#include "tests/netns/frame_store.h"

#include <stdlib.h>
#include <string.h>

enum {
	ROOM_MIN = 1024,
};

/* A test without memory cannot go on. */
static void *require(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

void frame_store_add(struct frame_store *store, const struct tt_frame *frame)
{
	/* Exactly as many bytes: a load behind them is found by a sanitizer. */
	uint8_t *bytes = require(malloc(frame->captured_bytes > 0 ? frame->captured_bytes : 1));

	if (store->count == store->room) {
		size_t room = store->room > 0 ? 2 * store->room : ROOM_MIN;

		store->frames = require(realloc(store->frames, room * sizeof(*store->frames)));
		store->bytes = require(realloc(store->bytes, room * sizeof(*store->bytes)));
		store->room = room;
	}
	memcpy(bytes, frame->bytes, frame->captured_bytes);
	store->bytes[store->count] = bytes;
	store->frames[store->count] = *frame;
	store->frames[store->count].bytes = bytes;
	store->frames[store->count].wire_bytes = frame->captured_bytes;
	store->count++;
}

void frame_store_deinit(struct frame_store *store)
{
	for (size_t i = 0; i < store->count; i++)
		free(store->bytes[i]);
	free(store->bytes);
	free(store->frames);
	*store = (struct frame_store){ 0 };
}
