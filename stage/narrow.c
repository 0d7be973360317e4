/* SPDX-License-Identifier: MIT */

/*
 * A source over a packet socket's: which conditions took each frame
 *
 * Nearly always nothing changes and the kernel has judged exactly: then a batch passes
 * as it is. While a change takes effect frames of two generations come mixed, and each is
 * judged here: it is of the one that takes it, and captures as much. What both take is of the
 * older one until a frame was seen that only the newer takes, then of that. So whatever
 * number a frame bears, it meets those conditions, and within a flow numbers only rise.
 *
 * Frames that are judged wait in a batch of their own, since what goes on is of one
 * generation only.
 *
 * Invariant 1: the block of the waiting frames is held as long as there are any.
 */

#include "stage/narrow.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "filter/judge.h"
#include "twintap/error.h"

struct narrow {
	struct tt_source source;
	struct tt_source *inner; /* owned once made */
	struct tt_generation_reader reader;
	uint64_t taken;                 /* frames that were dealt with */
	uint32_t seen_number;           /* the newest generation that took one for sure, or older */
	struct tt_fragments *fragments; /* owned; NULL: the kernel has judged exactly */
	uint64_t narrowed[TT_SOURCE_KIND_COUNT];
	uint64_t fragments_late[TT_SOURCE_KIND_COUNT];

	struct tt_frame_batch waiting;
	size_t waiting_start; /* those before are dealt with */
};

static struct narrow *to_narrow(struct tt_source *source)
{
	return (struct narrow *)(void *)source; /* its first member */
}

static void hold(struct tt_block *block)
{
	if (block)
		tt_block_hold(block);
}

static void drop(struct tt_block *block)
{
	if (block)
		tt_block_drop(block);
}

static bool judges_itself(const struct narrow *narrow)
{
	return narrow->fragments != NULL;
}

/* How well a generation explains that the frame is here. */
enum fit {
	FIT_NONE,  /* it would have left it out */
	FIT_MAYBE, /* the captured bytes do not tell: whoever took it had them all */
	FIT_CUT,   /* it takes it, but would have captured more of it, or less */
	FIT_TAKEN,
};

/* Judges a frame by one generation. */
static enum fit judge_by(const struct narrow *narrow, const struct tt_generation *generation,
			 const struct tt_frame *frame, struct tt_judgement *ret_judgement)
{
	*ret_judgement = tt_judge_frame(&generation->conditions, narrow->fragments, frame);
	if (ret_judgement->result == TT_JUDGED_UNKNOWN)
		return FIT_MAYBE;
	if (ret_judgement->result != TT_JUDGED_TAKEN)
		return FIT_NONE;
	if (!judges_itself(narrow) && ret_judgement->snap_bytes != frame->captured_bytes)
		return FIT_CUT;
	return FIT_TAKEN;
}

/* Cuts the frame as the kernel would have. */
static void cut(struct tt_frame *frame, const struct tt_judgement *judgement)
{
	if (judgement->result == TT_JUDGED_TAKEN && judgement->snap_bytes < frame->captured_bytes)
		frame->captured_bytes = judgement->snap_bytes;
}

/* The generation that took the next frame. NULL: none did, the frame is too much. */
static const struct tt_generation *judge(struct narrow *narrow, struct tt_frame *frame,
					 uint8_t source_kind, bool *ret_is_late)
{
	struct tt_judgement by_current, by_next = { 0 };
	enum fit fit_current, fit_next = FIT_NONE;
	struct tt_generation *next;
	struct tt_generation *current = tt_generation_find(&narrow->reader, narrow->taken, &next);
	bool is_next;

	if (!judges_itself(narrow) && !next)
		return current;
	/* Between two classic filters a socket of every protocol is given everything. */
	if (source_kind == TT_SOURCE_OUTGOING && !tt_judge_is_sent(&current->conditions, frame))
		return NULL;
	fit_current = judge_by(narrow, current, frame, &by_current);
	if (next)
		fit_next = judge_by(narrow, next, frame, &by_next);
	*ret_is_late = by_current.is_late_fragment || by_next.is_late_fragment;
	/* The kernel has judged exactly, and knew more if nobody would have taken it. */
	if (judges_itself(narrow) && fit_current == FIT_NONE && fit_next == FIT_NONE)
		return NULL;

	is_next = next && (fit_next > fit_current ||
			   (fit_next == fit_current && next->number == narrow->seen_number));
	if (is_next)
		narrow->seen_number = next->number;
	if (judges_itself(narrow))
		cut(frame, is_next ? &by_next : &by_current);
	return is_next ? next : current;
}

/* Moves waiting frames of one generation to an empty batch, as long as they are of the same. */
static void move_run(struct narrow *narrow, struct tt_frame_batch *batch)
{
	struct tt_frame_batch *waiting = &narrow->waiting;

	tt_frame_batch_clear(batch);
	batch->block = waiting->block;
	batch->is_pressing = waiting->is_pressing;
	batch->dropped_before = waiting->dropped_before;
	hold(batch->block);
	while (narrow->waiting_start < waiting->frames_count) {
		struct tt_frame *frame = &waiting->frames[narrow->waiting_start];
		const struct tt_origin *origin = &waiting->origins[narrow->waiting_start];
		bool is_late = false;
		const struct tt_generation *taker = judge(narrow, frame, origin->source_kind,
							  &is_late);

		if (taker && batch->frames_count > 0 && taker->number != batch->generation)
			break; /* it is judged again, to the same end */
		if (taker) {
			batch->generation = taker->number;
			batch->frames[batch->frames_count] = *frame;
			batch->origins[batch->frames_count] = *origin;
			batch->frames_count++;
			waiting->dropped_before = 0; /* told */
		} else {
			narrow->narrowed[origin->source_kind]++;
			narrow->fragments_late[origin->source_kind] += is_late;
		}
		narrow->waiting_start++;
		narrow->taken++;
	}

	if (batch->frames_count == 0)
		drop(batch->block);
	if (narrow->waiting_start == waiting->frames_count)
		drop(waiting->block);
}

/* Whether a batch that has just come is of one generation, and its frames as wanted. */
static bool passes_whole(struct narrow *narrow, struct tt_frame_batch *batch)
{
	struct tt_generation *next;
	struct tt_generation *current = tt_generation_find(&narrow->reader, narrow->taken, &next);

	batch->generation = current->number;
	return !next && !judges_itself(narrow);
}

/* All frames are dealt with: generations that could have taken only those may go. */
static void leave_older(struct narrow *narrow)
{
	struct tt_generation *next;

	(void)tt_generation_find(&narrow->reader, narrow->taken, &next);
}

static int read_next(struct tt_source *source, struct tt_frame_batch *ret_batch)
{
	struct narrow *narrow = to_narrow(source);

	do {
		if (narrow->waiting_start == narrow->waiting.frames_count) {
			uint64_t untold = narrow->waiting.dropped_before;
			int r = narrow->inner->ops->next(narrow->inner, ret_batch);

			if (r < 0)
				source->error = narrow->inner->error;
			if (r != 0) {
				leave_older(narrow);
				return r;
			}
			/* Told of the next frame if all those before it were left out. */
			ret_batch->dropped_before += untold;
			narrow->waiting.dropped_before = 0;
			/* Asked only now: a frame of a new generation came after it was appended. */
			if (passes_whole(narrow, ret_batch)) {
				narrow->taken += ret_batch->frames_count;
				break;
			}
			narrow->waiting = *ret_batch;
			narrow->waiting_start = 0;
		}
		move_run(narrow, ret_batch);
	} while (ret_batch->frames_count == 0);

	atomic_store_explicit(&narrow->reader.taken, narrow->taken, memory_order_relaxed);
	return 0;
}

static int check(struct tt_source *source)
{
	struct tt_source *inner = to_narrow(source)->inner;

	return inner->ops->check(inner);
}

static int add_statistics(struct tt_source *source, struct tt_source_statistics *statistics)
{
	struct narrow *narrow = to_narrow(source);

	for (size_t kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++) {
		statistics[kind].narrowed += narrow->narrowed[kind];
		statistics[kind].fragments_late += narrow->fragments_late[kind];
	}
	return narrow->inner->ops->add_statistics(narrow->inner, statistics);
}

static int count_stored(void *context, uint64_t *ret_stored)
{
	struct narrow *narrow = context;
	struct tt_source_statistics statistics[TT_SOURCE_KIND_COUNT] = { 0 };
	int r;

	r = narrow->inner->ops->add_statistics(narrow->inner, statistics);
	*ret_stored = 0;
	for (size_t kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++)
		*ret_stored += statistics[kind].stored;
	return r;
}

static void free_narrow(struct tt_source *source)
{
	struct narrow *narrow = to_narrow(source);

	if (narrow->waiting_start < narrow->waiting.frames_count)
		drop(narrow->waiting.block);
	if (narrow->inner)
		narrow->inner->ops->free(narrow->inner);
	tt_fragments_free(narrow->fragments);
	free(narrow);
}

static const struct tt_source_ops narrow_ops = {
	.next = read_next,
	.check = check,
	.add_statistics = add_statistics,
	.free = free_narrow,
};

static void narrow_freep(struct narrow **narrow)
{
	if (*narrow)
		free_narrow(&(*narrow)->source);
}

int tt_narrow_new(struct tt_source **ret_source, struct tt_source *inner, struct tt_filter *filter)
{
	TT_CLEANUP(narrow_freep) struct narrow *narrow = calloc(1, sizeof(*narrow));
	int r;

	if (!narrow)
		return -ENOMEM;
	narrow->source.ops = &narrow_ops;
	narrow->source.fd = inner->fd;
	narrow->reader.count_stored = count_stored;
	narrow->reader.context = narrow;
	if (tt_filter_fallback_reason(filter)) {
		r = tt_fragments_new(&narrow->fragments);
		if (r < 0)
			return r;
	}
	r = tt_filter_add_reader(filter, &narrow->reader);
	if (r < 0)
		return r;

	narrow->inner = inner;
	*ret_source = &TT_TAKE_PTR(narrow)->source;
	return 0;
}
