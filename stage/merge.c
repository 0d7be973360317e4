/* SPDX-License-Identifier: MIT */

/*
 * A source over several: their frames in the order of time
 *
 * Each source has a lane: its last batch, and how far that was given on. What goes out is
 * copied into the caller's batch, which lies in no block: a lane holds its block until the
 * call after its last frame went out.
 *
 * The horizon is the time up to which everything is known: a source that had nothing at a
 * moment has given all that was stamped a window before it. Clocks that are set do no harm
 * beyond frames that count as late: one stamped in the future waits for nothing.
 *
 * Invariant 1: a lane is asked again only once its frames are not borrowed any more.
 * Invariant 2: a batch has frames of one generation, and a loss only in front of its first.
 */

#include "stage/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "event/loop.h"
#include "event/timer.h"
#include "twintap/error.h"

struct lane {
	struct tt_source *source; /* owned */
	struct tt_watch watch;
	struct tt_frame_batch batch; /* its block is held while it has one */
	size_t start;                /* frames before it went out */
	bool is_over;
	int failure; /* negative: found by a check, to be told */
};

struct merge {
	struct tt_source source;
	struct tt_loop loop; /* its descriptor is the source's */
	struct tt_timer timer;
	struct tt_watch timer_watch;
	int64_t window_ns;
	int64_t last_ns; /* the latest stamp that went out */
	uint64_t late[TT_SOURCE_KIND_COUNT];
	size_t lanes_count;
	struct lane lanes[];
};

static struct merge *to_merge(struct tt_source *source)
{
	return (struct merge *)(void *)source; /* its first member */
}

static bool lane_is_empty(const struct lane *lane)
{
	return lane->start == lane->batch.frames_count;
}

static const struct tt_frame *head_of(const struct lane *lane)
{
	return &lane->batch.frames[lane->start];
}

/* Lets go of a batch that went out whole. */
static void leave_batch(struct lane *lane)
{
	if (lane->batch.block)
		tt_block_drop(lane->batch.block);
	tt_frame_batch_clear(&lane->batch);
	lane->start = 0;
}

/* Asks a lane for its next batch. 0, also when it has none; or its failure. */
static int refill(struct merge *merge, struct lane *lane)
{
	int r = lane->failure;

	lane->failure = 0;
	if (r == 0)
		r = lane->source->ops->next(lane->source, &lane->batch);
	if (r < 0)
		merge->source.error = lane->source->error;
	if (r != 0)
		tt_frame_batch_clear(&lane->batch); /* whatever it was used for meanwhile */
	lane->is_over = r == TT_STOP;
	return r < 0 ? r : 0;
}

/* What the lanes allow to go out now. */
struct choice {
	struct lane *lane;  /* of the oldest frame; NULL: there is none */
	struct lane *other; /* the only other one that has frames; NULL: none, or several */
	int64_t next_ns;    /* the oldest stamp of another lane */
	int64_t now_ns;     /* UTC; read only if a lane is waited for */
	int64_t horizon_ns; /* frames up to there wait for nobody */
	bool all_are_over;
	bool must_wait; /* whatever time it is */
};

static void choose(struct merge *merge, struct choice *choice)
{
	bool is_waiting = false, is_pressing = false;
	struct lane *other = NULL;
	size_t filled_count = 0;

	*choice = (struct choice){ .next_ns = INT64_MAX,
				   .horizon_ns = INT64_MAX,
				   .all_are_over = true };
	for (size_t i = 0; i < merge->lanes_count; i++) {
		struct lane *lane = &merge->lanes[i];
		int64_t time_ns;

		choice->all_are_over &= lane->is_over;
		if (lane_is_empty(lane)) {
			is_waiting |= !lane->is_over;
			continue;
		}
		is_pressing |= lane->batch.is_pressing;
		filled_count++;
		time_ns = head_of(lane)->time_ns;
		if (!choice->lane || time_ns < head_of(choice->lane)->time_ns) {
			if (choice->lane)
				choice->next_ns = head_of(choice->lane)->time_ns;
			other = choice->lane;
			choice->lane = lane;
		} else if (time_ns < choice->next_ns) {
			choice->next_ns = time_ns;
			other = lane;
		}
	}
	choice->other = filled_count == 2 ? other : NULL;
	if (!choice->lane || !is_waiting)
		return;
	if (merge->window_ns == TT_MERGE_WINDOW_ENDLESS) {
		choice->must_wait = true;
	} else if (!is_pressing && merge->window_ns > 0) {
		choice->now_ns = tt_clock_utc_now_ns();
		choice->horizon_ns = choice->now_ns - merge->window_ns;
	}
}

/* Whether a frame need not wait: it is old enough, or from a clock that was set back since. */
static bool is_due(const struct choice *choice, const struct tt_frame *frame)
{
	if (choice->must_wait)
		return false;
	return frame->time_ns <= choice->horizon_ns || frame->time_ns > choice->now_ns;
}

static void put(struct merge *merge, struct lane *lane, struct tt_frame_batch *batch)
{
	const struct tt_frame *frame = head_of(lane);
	const struct tt_origin *origin = &lane->batch.origins[lane->start];

	if (frame->time_ns < merge->last_ns)
		merge->late[origin->source_kind]++;
	else
		merge->last_ns = frame->time_ns;
	batch->frames[batch->frames_count] = *frame;
	batch->origins[batch->frames_count] = *origin;
	batch->frames_count++;
	lane->start++;
}

/* Whether the lane's next frame fits into the batch. */
static bool fits(const struct lane *lane, const struct tt_frame_batch *batch)
{
	if (batch->frames_count == 0)
		return true;
	return batch->frames_count < TT_BATCH_FRAMES_MAX &&
	       batch->generation == lane->batch.generation &&
	       !(lane->start == 0 && lane->batch.dropped_before > 0);
}

/* Moves frames of the chosen lane that come before those of all others. */
static void move_run(struct merge *merge, const struct choice *choice, struct tt_frame_batch *batch)
{
	struct lane *lane = choice->lane;

	while (!lane_is_empty(lane) && head_of(lane)->time_ns <= choice->next_ns &&
	       is_due(choice, head_of(lane)) && fits(lane, batch))
		put(merge, lane, batch);
}

/*
 * Moves frames until the chosen lane has none left, or may give none now. Two lanes take turns,
 * for which nothing has to be chosen anew: IPv4 and IPv6 often come frame by frame.
 */
static void move_runs(struct merge *merge, struct choice *choice, struct tt_frame_batch *batch)
{
	struct lane *lane = choice->lane;

	if (batch->frames_count == 0) {
		batch->generation = lane->batch.generation;
		if (lane->start == 0)
			batch->dropped_before = lane->batch.dropped_before;
	}
	for (;;) {
		move_run(merge, choice, batch);
		lane = choice->lane;
		if (!choice->other || lane_is_empty(lane) ||
		    head_of(lane)->time_ns <= choice->next_ns ||
		    !is_due(choice, head_of(choice->other)) || !fits(choice->other, batch))
			return;
		choice->lane = choice->other;
		choice->other = lane;
		choice->next_ns = head_of(lane)->time_ns;
	}
}

static void wait_for_head(struct merge *merge, const struct choice *choice)
{
	if (choice->must_wait)
		return; /* the lane tells */
	/* Not before: it would wake up for nothing. */
	tt_timer_arm(&merge->timer,
		     head_of(choice->lane)->time_ns + merge->window_ns - choice->now_ns + 1);
}

/* Fills a batch with what may go out. 0; TT_EMPTY; TT_STOP; or a lane's failure. */
static int assemble(struct merge *merge, struct tt_frame_batch *batch)
{
	struct choice choice;

	for (size_t i = 0; i < merge->lanes_count; i++) {
		struct lane *lane = &merge->lanes[i];
		int r;

		if (!lane_is_empty(lane) || lane->is_over)
			continue;
		leave_batch(lane);
		r = refill(merge, lane);
		if (r < 0)
			return r;
	}

	tt_frame_batch_clear(batch);
	for (;;) {
		choose(merge, &choice);
		if (!choice.lane || !is_due(&choice, head_of(choice.lane)) ||
		    !fits(choice.lane, batch))
			break;
		move_runs(merge, &choice, batch);
		/* What went out of the lane is borrowed now: it is not asked again before the next call. */
		if (lane_is_empty(choice.lane))
			break;
	}
	if (batch->frames_count > 0)
		return 0;
	if (choice.lane)
		wait_for_head(merge, &choice);
	return choice.all_are_over && !choice.lane ? TT_STOP : TT_EMPTY;
}

/*
 * Takes back what the descriptors told: from here on they tell anew. A wait takes in some of
 * them only, and whoever waits for this loop edge-triggered is not told of the rest.
 */
static int hear_lanes(struct merge *merge)
{
	int r = 0;

	for (size_t i = 0; i <= merge->lanes_count && r == 0; i++)
		r = tt_loop_wait(&merge->loop, 0);
	return r < 0 ? r : 0;
}

static int read_next(struct tt_source *source, struct tt_frame_batch *ret_batch)
{
	struct merge *merge = to_merge(source);
	int r;

	r = assemble(merge, ret_batch);
	if (r != TT_EMPTY)
		return r;

	r = hear_lanes(merge);
	if (r < 0)
		return r;
	return assemble(merge, ret_batch);
}

/* The inner loop has no error of its own; what happened to a lane comes out of next. */
static int check(struct tt_source *source)
{
	(void)source;
	return 0;
}

static int add_statistics(struct tt_source *source, struct tt_source_statistics *statistics)
{
	struct merge *merge = to_merge(source);

	for (size_t i = 0; i < merge->lanes_count; i++) {
		struct tt_source *inner = merge->lanes[i].source;
		int r;

		r = inner->ops->add_statistics(inner, statistics);
		if (r < 0)
			return r;
	}
	for (size_t kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++)
		statistics[kind].late += merge->late[kind];
	return 0;
}

static void release(struct merge *merge)
{
	tt_timer_deinit(&merge->timer);
	tt_loop_deinit(&merge->loop);
	free(merge);
}

static void free_merge(struct tt_source *source)
{
	struct merge *merge = to_merge(source);

	for (size_t i = 0; i < merge->lanes_count; i++) {
		struct lane *lane = &merge->lanes[i];

		leave_batch(lane);
		lane->source->ops->free(lane->source);
	}
	release(merge);
}

static const struct tt_source_ops merge_ops = {
	.next = read_next,
	.check = check,
	.add_statistics = add_statistics,
	.free = free_merge,
};

static void lane_is_ready(struct tt_watch *watch, uint32_t events)
{
	struct lane *lane = watch->context;
	int r;

	if (!(events & (EPOLLERR | EPOLLHUP)))
		return;
	r = lane->source->ops->check(lane->source);
	if (r < 0)
		lane->failure = r;
}

static void timer_is_ready(struct tt_watch *watch, uint32_t events)
{
	struct merge *merge = watch->context;

	(void)events;
	tt_timer_disarm(&merge->timer);
}

static int add_lane(struct merge *merge, struct lane *lane, struct tt_source *inner)
{
	*lane = (struct lane){
		.source = inner,
		.watch = { .fd = inner->fd, .ready = lane_is_ready, .context = lane },
	};
	if (inner->fd < 0)
		return 0;
	return tt_loop_add(&merge->loop, &lane->watch, EPOLLIN | EPOLLET);
}

/* Whether somebody has to be told when the merge has something. */
static bool has_descriptor(struct tt_source *const *inners, size_t inners_count)
{
	for (size_t i = 0; i < inners_count; i++) {
		if (inners[i]->fd >= 0)
			return true;
	}
	return false;
}

static void merge_freep(struct merge **merge)
{
	if (*merge)
		release(*merge);
}

int tt_merge_new(struct tt_source **ret_source, struct tt_source *const *inners,
		 size_t inners_count, int64_t window_ns)
{
	TT_CLEANUP(merge_freep) struct merge *merge = NULL;
	int r;

	if (inners_count > TT_MERGE_SOURCES_MAX)
		return -ENOSPC;
	merge = calloc(1, sizeof(*merge) + inners_count * sizeof(merge->lanes[0]));
	if (!merge)
		return -ENOMEM;
	merge->source.ops = &merge_ops;
	merge->window_ns = window_ns;
	merge->last_ns = INT64_MIN;
	merge->loop.fd = -1;
	merge->timer.fd = -1;
	r = tt_loop_init(&merge->loop);
	if (r == 0)
		r = tt_timer_init(&merge->timer);
	if (r < 0)
		return r;
	merge->timer_watch = (struct tt_watch){ .fd = merge->timer.fd,
						.ready = timer_is_ready,
						.context = merge };
	r = tt_loop_add(&merge->loop, &merge->timer_watch, EPOLLIN);
	for (size_t i = 0; r == 0 && i < inners_count; i++)
		r = add_lane(merge, &merge->lanes[i], inners[i]);
	if (r < 0)
		return r;

	merge->lanes_count = inners_count;
	merge->source.fd = has_descriptor(inners, inners_count) ? merge->loop.fd : -1;
	*ret_source = &TT_TAKE_PTR(merge)->source;
	return 0;
}
