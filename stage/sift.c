/* SPDX-License-Identifier: MIT */

/*
 * A source over another: only what is wanted of its frames
 *
 * Judges each frame in the batch that it came in, and closes the gaps there.
 *
 * Invariant 1: seen == sum of rejected + stored, all of them of frames of one kind.
 */

#include "stage/sift.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "filter/judge.h"
#include "twintap/error.h"

_Static_assert((int)TT_REJECT_COUNT == (int)TT_FILTER_REJECT_COUNT, "one set of reasons");
_Static_assert((int)TT_REJECT_NOT_UDP == (int)TT_FILTER_REJECT_NOT_UDP, "as above");
_Static_assert((int)TT_REJECT_MALFORMED == (int)TT_FILTER_REJECT_MALFORMED, "as above");

enum {
	UNWANTED_BATCHES_MAX = 1024, /* some milliseconds; then a look at what was asked for */
};

struct sift {
	struct tt_source source;
	struct tt_source *inner;                /* owned once made */
	const struct tt_conditions *conditions; /* borrowed */
	struct tt_fragments *fragments;         /* owned */
	struct tt_source_statistics statistics; /* what is counted here */
	uint64_t dropped_before;                /* of the next frame that is kept */
	bool is_paused;
	bool is_closed;
};

static struct sift *to_sift(struct tt_source *source)
{
	return (struct sift *)(void *)source; /* its first member */
}

/* Why the frame is not wanted, or TT_JUDGED_TAKEN; then it is cut as wished. */
static uint32_t judge(struct sift *sift, struct tt_frame *frame)
{
	const struct tt_conditions *conditions = sift->conditions;
	struct tt_judgement judgement;

	if (frame->version == 0)
		return TT_REJECT_NOT_UDP; /* no IP packet, or of a link that is not known */
	judgement = tt_judge_frame(conditions, sift->fragments, frame);
	sift->statistics.fragments_late += judgement.is_late_fragment;
	if (judgement.result == TT_JUDGED_UNKNOWN) {
		/* The trace was cut before what decides; that is its verdict if all is wanted. */
		if (!conditions->takes_all_ports || conditions->expression)
			return TT_REJECT_MALFORMED;
		judgement.result = TT_JUDGED_TAKEN;
		judgement.snap_bytes = conditions->snap_bytes;
		if (judgement.snap_bytes == TT_FILTER_SNAP_HEADERS)
			judgement.snap_bytes = frame->captured_bytes; /* these are no more */
	}
	if (judgement.result == TT_JUDGED_TAKEN && judgement.snap_bytes < frame->captured_bytes)
		frame->captured_bytes = judgement.snap_bytes;
	return judgement.result;
}

/* Leaves in the batch what is wanted. */
static void sift_batch(struct sift *sift, struct tt_frame_batch *batch)
{
	size_t kept_count = 0;

	for (size_t i = 0; i < batch->frames_count; i++) {
		uint32_t result = judge(sift, &batch->frames[i]);

		if (result != TT_JUDGED_TAKEN) {
			sift->statistics.rejected[result]++;
			continue;
		}
		if (kept_count < i) {
			batch->frames[kept_count] = batch->frames[i];
			batch->origins[kept_count] = batch->origins[i];
		}
		kept_count++;
	}
	sift->statistics.seen += batch->frames_count;
	sift->statistics.stored += kept_count;
	batch->frames_count = kept_count;
}

static int read_next(struct tt_source *source, struct tt_frame_batch *ret_batch)
{
	struct sift *sift = to_sift(source);
	unsigned int batches_count = 0;
	int r;

	sift->is_paused = false;
	if (sift->is_closed)
		return TT_STOP;
	do {
		if (batches_count++ == UNWANTED_BATCHES_MAX) {
			sift->is_paused = true;
			return TT_EMPTY;
		}
		r = sift->inner->ops->next(sift->inner, ret_batch);
		if (r < 0)
			source->error = sift->inner->error;
		if (r != 0)
			return r;
		sift->dropped_before += ret_batch->dropped_before;
		sift_batch(sift, ret_batch);
		if (ret_batch->frames_count == 0 && ret_batch->block)
			tt_block_drop(ret_batch->block);
	} while (ret_batch->frames_count == 0);

	ret_batch->dropped_before = sift->dropped_before;
	sift->dropped_before = 0;
	return 0;
}

static int check(struct tt_source *source)
{
	struct tt_source *inner = to_sift(source)->inner;
	int r = inner->ops->check(inner);

	if (r < 0)
		source->error = inner->error;
	return r;
}

static int add_statistics(struct tt_source *source, struct tt_source_statistics *statistics)
{
	const struct sift *sift = to_sift(source);
	struct tt_source_statistics *file = &statistics[TT_SOURCE_FILE];
	struct tt_source_statistics inner[TT_SOURCE_KIND_COUNT] = { 0 };
	int r;

	/* What it stored is what was seen here. */
	r = sift->inner->ops->add_statistics(sift->inner, inner);
	if (r < 0)
		return r;
	file->late += inner[TT_SOURCE_FILE].late;
	file->is_present = true;
	file->seen += sift->statistics.seen;
	for (size_t i = 0; i < TT_REJECT_COUNT; i++)
		file->rejected[i] += sift->statistics.rejected[i];
	file->stored += sift->statistics.stored;
	file->fragments_late += sift->statistics.fragments_late;
	return 0;
}

bool tt_sift_is_paused(const struct tt_source *source)
{
	return ((const struct sift *)(const void *)source)->is_paused;
}

void tt_sift_close(struct tt_source *source)
{
	to_sift(source)->is_closed = true;
}

static void free_sift(struct tt_source *source)
{
	struct sift *sift = to_sift(source);

	if (sift->inner)
		sift->inner->ops->free(sift->inner);
	tt_fragments_free(sift->fragments);
	free(sift);
}

static const struct tt_source_ops sift_ops = {
	.next = read_next,
	.check = check,
	.add_statistics = add_statistics,
	.free = free_sift,
};

static void sift_freep(struct sift **sift)
{
	if (*sift)
		free_sift(&(*sift)->source);
}

int tt_sift_new(struct tt_source **ret_source, struct tt_source *inner,
		const struct tt_conditions *conditions)
{
	TT_CLEANUP(sift_freep) struct sift *sift = calloc(1, sizeof(*sift));
	int r;

	if (!sift)
		return -ENOMEM;
	sift->source.ops = &sift_ops;
	sift->source.fd = inner->fd;
	sift->conditions = conditions;
	r = tt_fragments_new(&sift->fragments);
	if (r < 0)
		return r;

	sift->inner = inner;
	*ret_source = &TT_TAKE_PTR(sift)->source;
	return 0;
}
