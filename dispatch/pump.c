/* SPDX-License-Identifier: MIT */

/*
 * The pump: what one worker does, from sources to sinks
 *
 * Invariant 1: every datagram that a source delivered is counted once under its
 *              verdict, and for each sink once as withheld or given.
 * Invariant 2: nothing is allocated, and no system call made, for a batch; sinks may.
 */

#include "dispatch/pump.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "decode/decode.h"
#include "twintap/error.h"

enum {
	SOURCES_MAX = 8, /* of one worker: a source for each kind, and room */
};

enum sink_state {
	SINK_OPEN,
	SINK_ENDED,  /* it asked to stop or reached its limit: the rest is withheld */
	SINK_FAILED, /* the rest is dropped */
};

struct source_slot {
	struct tt_watch watch;
	struct tt_source *source; /* owned */
	bool is_ready;            /* until it says that it is empty */
	bool is_over;             /* nothing will come from it any more */
	int failure;              /* negative: to be reported by the next step */
};

struct sink_slot {
	struct tt_sink *sink; /* owned */
	enum sink_state state;
	char name[TT_OUTPUT_NAME_BYTES];
};

struct tt_pump {
	tt_mark_local_fn *mark_local;
	void *mark_context;
	bool verifies_checksums;
	bool stop_was_asked; /* by a sink */

	struct source_slot sources[SOURCES_MAX];
	size_t sources_count;
	size_t sources_over_count;
	struct tt_source_accounting accounts[TT_SOURCE_KIND_COUNT]; /* what the headers said */
	uint64_t moved_count;
	bool source_has_failed; /* the last failure was a source's */
	struct tt_error error;  /* its words */
	size_t turn;            /* the source that is asked first */
	struct sink_slot sinks[TT_OUTPUTS_MAX];
	size_t sinks_count;

	struct sink_slot *pull_slot; /* set once datagrams were pulled; one of the sinks */
	size_t pulled_count;         /* of the batch, given to the puller or withheld from it */
	struct tt_frame_batch batch; /* its block is held while frames_count > 0 */
	struct tt_datagram datagrams[TT_BATCH_FRAMES_MAX];
};

int tt_pump_new(struct tt_pump **ret_pump, bool verifies_checksums, tt_mark_local_fn *mark_local,
		void *context)
{
	struct tt_pump *pump = calloc(1, sizeof(*pump));

	if (!pump)
		return -ENOMEM;
	pump->verifies_checksums = verifies_checksums;
	pump->mark_local = mark_local;
	pump->mark_context = context;

	*ret_pump = pump;
	return 0;
}

/* Why the sink does not want a datagram, or TT_WITHHELD_COUNT: it does. */
static unsigned int judge(const struct tt_sink *sink, const struct tt_datagram *datagram)
{
	if (!(sink->verdicts & TT_VERDICT_BIT(datagram->verdict)))
		return TT_WITHHELD_VERDICT;
	if (sink->local_only && !(datagram->flags & TT_DATAGRAM_LOCAL) &&
	    datagram->packet_type != TT_PACKET_OUTGOING) /* who has it at all asked for it */
		return TT_WITHHELD_NOT_LOCAL;
	return TT_WITHHELD_COUNT;
}

/* Moves a sink on by what taking or flushing returned. */
static int note_status(struct tt_pump *pump, struct sink_slot *slot, int r)
{
	if (r < 0) {
		slot->state = SINK_FAILED;
		return r;
	}
	if (r == TT_STOP) {
		slot->state = SINK_ENDED;
		pump->stop_was_asked = true;
	} else if (slot->sink->count_max > 0 &&
		   slot->sink->counters.given >= slot->sink->count_max) {
		slot->state = SINK_ENDED;
	}
	return 0;
}

/* Of several sinks that fail the first is told of: its status, and its words. */
static void note_sink_failure(struct tt_pump *pump, const struct sink_slot *slot, int r,
			      int *result)
{
	if (r >= 0 || *result < 0)
		return;
	*result = r;
	pump->source_has_failed = false;
	pump->error = slot->sink->error;
}

/* Counts a run for a sink that takes nothing more. */
static void count_unwanted(struct sink_slot *slot, size_t count)
{
	struct tt_sink_counters *counters = &slot->sink->counters;

	if (slot->state == SINK_FAILED) {
		counters->given += count;
		counters->dropped += count;
	} else {
		counters->withheld[TT_WITHHELD_LIMIT] += count;
	}
}

/* Accounts for what a puller left of the batch when it came to an end. */
static void count_left_over(struct tt_pump *pump)
{
	struct sink_slot *slot = pump->pull_slot;
	struct tt_sink_counters *counters = &slot->sink->counters;

	for (; pump->pulled_count < pump->batch.frames_count; pump->pulled_count++) {
		unsigned int judgement = judge(slot->sink, &pump->datagrams[pump->pulled_count]);

		if (judgement != TT_WITHHELD_COUNT) {
			counters->withheld[judgement]++;
		} else if (slot->state == SINK_OPEN) {
			counters->given++;
			counters->dropped++;
			(void)note_status(pump, slot, 0); /* these count for its limit too */
		} else {
			count_unwanted(slot, 1);
		}
	}
}

/* Lets go of the batch; its datagrams are borrowed by nobody any more. */
static void release_batch(struct tt_pump *pump)
{
	if (pump->pull_slot)
		count_left_over(pump);
	if (pump->batch.frames_count > 0 && pump->batch.block)
		tt_block_drop(pump->batch.block);
	pump->batch.frames_count = 0;
	pump->pulled_count = 0;
}

void tt_pump_free(struct tt_pump *pump)
{
	if (!pump)
		return;

	release_batch(pump);
	for (size_t i = 0; i < pump->sinks_count; i++)
		pump->sinks[i].sink->ops->free(pump->sinks[i].sink);
	for (size_t i = 0; i < pump->sources_count; i++)
		pump->sources[i].source->ops->free(pump->sources[i].source);
	free(pump);
}

static void source_is_ready(struct tt_watch *watch, uint32_t events)
{
	struct source_slot *slot = watch->context;
	int r;

	slot->is_ready = true;
	if (!(events & (EPOLLERR | EPOLLHUP)))
		return;
	r = slot->source->ops->check(slot->source);
	if (r < 0)
		slot->failure = r; /* a check that finds nothing takes nothing back */
}

int tt_pump_add_source(struct tt_pump *pump, struct tt_source *source, struct tt_loop *loop)
{
	struct source_slot *slot = &pump->sources[pump->sources_count];
	int r;

	if (pump->sources_count == SOURCES_MAX)
		return -ENOSPC;

	*slot = (struct source_slot){
		.watch = { .fd = source->fd, .ready = source_is_ready, .context = slot },
		.source = source,
		.is_ready = true,
	};
	if (source->fd >= 0) {
		r = tt_loop_add(loop, &slot->watch, EPOLLIN | EPOLLET);
		if (r < 0)
			return r;
	}
	pump->sources_count++;
	return 0;
}

int tt_pump_listen(struct tt_pump *pump, struct tt_loop *loop, bool is_wanted)
{
	for (size_t i = 0; i < pump->sources_count; i++) {
		struct source_slot *slot = &pump->sources[i];
		int r;

		if (slot->source->fd < 0)
			continue;
		r = tt_loop_change(loop, &slot->watch, is_wanted ? EPOLLIN | EPOLLET : EPOLLET);
		if (r < 0)
			return r;
	}
	return 0;
}

void tt_pump_ask_sources(struct tt_pump *pump)
{
	for (size_t i = 0; i < pump->sources_count; i++)
		pump->sources[i].is_ready = true;
}

uint64_t tt_pump_moved(const struct tt_pump *pump)
{
	return pump->moved_count;
}

int tt_pump_add_sink(struct tt_pump *pump, struct tt_sink *sink, const char *name)
{
	struct sink_slot *slot = &pump->sinks[pump->sinks_count];

	if (pump->sinks_count == TT_OUTPUTS_MAX)
		return -ENOSPC;

	*slot = (struct sink_slot){ .sink = sink };
	(void)snprintf(slot->name, sizeof(slot->name), "%s", name); /* a longer name is cut */
	pump->sinks_count++;
	return 0;
}

/* Reads the headers of the batch and counts the verdicts. */
static void decode_batch(struct tt_pump *pump)
{
	size_t count = pump->batch.frames_count;

	for (size_t i = 0; i < count; i++) {
		struct tt_source_accounting *account =
			&pump->accounts[pump->batch.origins[i].source_kind];
		struct tt_datagram *datagram = &pump->datagrams[i];

		tt_decode_frame(&pump->batch.frames[i], datagram);
		datagram->generation = pump->batch.generation;
		if (pump->verifies_checksums)
			tt_decode_verify_checksum(datagram);
		account->delivered++;
		account->verdicts[datagram->verdict]++;
		if (datagram->flags & TT_DATAGRAM_PAYLOAD_CUT)
			account->payload_cut++;
	}
	pump->moved_count += count;
	pump->mark_local(pump->mark_context, pump->datagrams, count);
}

/* Keeps what the source says of its failure. */
static int note_source_failure(struct tt_pump *pump, const struct source_slot *slot, int r)
{
	pump->source_has_failed = true;
	pump->error = slot->source->error;
	return r;
}

/* The next batch, in turn, decoded. 0, TT_EMPTY, or a source's failure. */
static int load_batch(struct tt_pump *pump)
{
	for (size_t i = 0; i < pump->sources_count; i++) {
		struct source_slot *slot = &pump->sources[pump->turn];
		int r;

		pump->turn++;
		if (pump->turn == pump->sources_count)
			pump->turn = 0;
		if (!slot->is_ready)
			continue;
		if (slot->failure < 0) {
			r = slot->failure;
			slot->failure = 0;
			return note_source_failure(pump, slot, r);
		}

		r = slot->source->ops->next(slot->source, &pump->batch);
		if (r == 0) {
			decode_batch(pump);
			return 0;
		}
		if (r == TT_STOP && !slot->is_over) {
			slot->is_over = true;
			pump->sources_over_count++;
		}
		/* Nobody tells of a source without a descriptor: it is asked again. */
		slot->is_ready = r != TT_STOP && (r < 0 || slot->source->fd < 0);
		if (r < 0)
			return note_source_failure(pump, slot, r);
	}
	return TT_EMPTY;
}

/* How many datagrams from the first on the sink judges alike, and how. */
static size_t find_run(const struct tt_sink *sink, const struct tt_datagram *datagrams,
		       size_t count, unsigned int *ret_judgement)
{
	unsigned int judgement = judge(sink, &datagrams[0]);
	size_t length = 1;

	while (length < count && judge(sink, &datagrams[length]) == judgement)
		length++;
	*ret_judgement = judgement;
	return length;
}

/* How many datagrams an open sink takes before its limit ends it: at least one. */
static size_t room_of(const struct tt_sink *sink, size_t wanted)
{
	uint64_t room;

	if (sink->count_max == 0)
		return wanted;
	room = sink->count_max - sink->counters.given;
	return room < wanted ? (size_t)room : wanted;
}

/* Gives a sink what it wants of the batch. 0, or its failure. */
static int feed(struct tt_pump *pump, struct sink_slot *slot)
{
	struct tt_sink *sink = slot->sink;
	size_t count = pump->batch.frames_count;
	uint64_t dropped_before = pump->batch.dropped_before;
	size_t start = 0;
	int result = 0;

	while (start < count) {
		unsigned int judgement;
		size_t length = find_run(sink, &pump->datagrams[start], count - start, &judgement);
		struct tt_run run = {
			.datagrams = &pump->datagrams[start],
			.origins = &pump->batch.origins[start],
			.dropped_before = dropped_before,
			.block = pump->batch.block,
		};
		int r;

		if (judgement != TT_WITHHELD_COUNT) {
			sink->counters.withheld[judgement] += length;
		} else if (slot->state == SINK_OPEN) {
			length = room_of(sink, length); /* the rest is judged anew */
			run.count = length;
			dropped_before = 0; /* told once */
			r = note_status(pump, slot, sink->ops->take(sink, &run));
			if (r < 0)
				result = r;
		} else {
			count_unwanted(slot, length);
		}
		start += length;
	}
	return result;
}

/* Feeds all sinks but @except. 0, or the first failure. */
static int feed_all(struct tt_pump *pump, const struct tt_sink *except)
{
	int result = 0;

	for (size_t i = 0; i < pump->sinks_count; i++) {
		int r;

		if (pump->sinks[i].sink == except)
			continue;
		r = feed(pump, &pump->sinks[i]);
		note_sink_failure(pump, &pump->sinks[i], r, &result);
	}
	return result;
}

int tt_pump_step(struct tt_pump *pump)
{
	int r;

	release_batch(pump);
	r = load_batch(pump);
	if (r != 0)
		return r;
	r = feed_all(pump, NULL);
	pump->pulled_count = pump->batch.frames_count; /* all are accounted for */
	release_batch(pump);
	return r;
}

static struct sink_slot *find_slot(struct tt_pump *pump, const struct tt_sink *sink)
{
	struct sink_slot *slot = pump->sinks;

	while (slot->sink != sink && slot < &pump->sinks[pump->sinks_count - 1])
		slot++;
	assert(slot->sink == sink); /* one of the pump's own */
	return slot;
}

/* The next datagrams of the batch that the puller gets; 0: none of the rest. */
static size_t pull_run(struct tt_pump *pump, const struct tt_datagram **ret_datagrams)
{
	struct sink_slot *slot = pump->pull_slot;
	struct tt_sink_counters *counters = &slot->sink->counters;

	while (pump->pulled_count < pump->batch.frames_count) {
		const struct tt_datagram *first = &pump->datagrams[pump->pulled_count];
		size_t left = pump->batch.frames_count - pump->pulled_count;
		unsigned int judgement;
		size_t length = find_run(slot->sink, first, left, &judgement);

		if (judgement == TT_WITHHELD_COUNT && slot->state == SINK_OPEN) {
			length = room_of(slot->sink, length);
			pump->pulled_count += length;
			counters->given += length;
			counters->written += length;
			(void)note_status(pump, slot, 0); /* its limit may be reached */
			*ret_datagrams = first;
			return length;
		}
		if (judgement == TT_WITHHELD_COUNT)
			count_unwanted(slot, length);
		else
			counters->withheld[judgement] += length;
		pump->pulled_count += length;
	}
	return 0;
}

int tt_pump_pull(struct tt_pump *pump, struct tt_sink *sink,
		 const struct tt_datagram **ret_datagrams, size_t *ret_count)
{
	pump->pull_slot = find_slot(pump, sink);
	for (;;) {
		int r;

		*ret_count = pull_run(pump, ret_datagrams);
		if (*ret_count > 0)
			return 0;

		release_batch(pump);
		r = load_batch(pump);
		if (r == 0)
			r = feed_all(pump, sink);
		if (r != 0)
			return r;
	}
}

int tt_pump_flush(struct tt_pump *pump, bool is_end)
{
	int result = 0;

	for (size_t i = 0; i < pump->sinks_count; i++) {
		struct sink_slot *slot = &pump->sinks[i];
		int r;

		if (slot->state == SINK_FAILED)
			continue;
		r = slot->sink->ops->flush(slot->sink, is_end);
		if (r == 0)
			continue;
		r = note_status(pump, slot, r);
		note_sink_failure(pump, slot, r, &result);
	}
	return result;
}

int tt_pump_attend(struct tt_pump *pump, int64_t now_ns)
{
	int result = 0;

	for (size_t i = 0; i < pump->sinks_count; i++) {
		struct sink_slot *slot = &pump->sinks[i];
		int r;

		if (slot->state != SINK_OPEN || !slot->sink->ops->attend)
			continue;
		r = note_status(pump, slot, slot->sink->ops->attend(slot->sink, now_ns));
		note_sink_failure(pump, slot, r, &result);
	}
	return result;
}

int tt_pump_rotate(struct tt_pump *pump)
{
	int result = 0;

	for (size_t i = 0; i < pump->sinks_count; i++) {
		struct sink_slot *slot = &pump->sinks[i];
		int r;

		if (slot->state != SINK_OPEN || !slot->sink->ops->rotate)
			continue;
		r = note_status(pump, slot, slot->sink->ops->rotate(slot->sink));
		note_sink_failure(pump, slot, r, &result);
	}
	return result;
}

void tt_pump_drop(struct tt_pump *pump)
{
	for (size_t i = 0; i < pump->sinks_count; i++) {
		struct sink_slot *slot = &pump->sinks[i];

		if (slot->state == SINK_FAILED)
			continue;
		slot->sink->ops->drop(slot->sink);
		if (slot->state == SINK_OPEN)
			slot->state = SINK_FAILED;
	}
}

const struct tt_error *tt_pump_failure(const struct tt_pump *pump, bool *ret_is_source)
{
	*ret_is_source = pump->source_has_failed;
	return &pump->error;
}

bool tt_pump_has_ended(const struct tt_pump *pump)
{
	if (pump->stop_was_asked)
		return true;
	if (pump->sources_count > 0 && pump->sources_over_count == pump->sources_count)
		return true;
	for (size_t i = 0; i < pump->sinks_count; i++) {
		if (pump->sinks[i].state == SINK_OPEN)
			return false;
	}
	return pump->sinks_count > 0;
}

/* Adds what the sources of a kind counted to what the pump did. */
static void account_kind(const struct tt_source_statistics *statistics,
			 const struct tt_source_accounting *headers,
			 struct tt_source_accounting *account)
{
	account->is_present = statistics->is_present;
	account->seen = statistics->seen;
	for (size_t i = 0; i < TT_REJECT_COUNT; i++)
		account->rejected[i] = statistics->rejected[i];
	account->accepted = statistics->stored + statistics->dropped;
	account->narrowed = statistics->narrowed;
	account->fragments_late = statistics->fragments_late;
	account->ring_dropped = statistics->dropped;
	account->ring_freezes = statistics->freezes;
	account->ring_bytes = statistics->ring_bytes;
	account->late = statistics->late;
	account->delivered = headers->delivered;
	account->payload_cut = headers->payload_cut;
	memcpy(account->verdicts, headers->verdicts, sizeof(account->verdicts));
}

static void account_sink(const struct sink_slot *slot, struct tt_output_accounting *account)
{
	const struct tt_sink_counters *counters = &slot->sink->counters;

	memcpy(account->name, slot->name, sizeof(account->name));
	memcpy(account->withheld, counters->withheld, sizeof(counters->withheld));
	account->given = counters->given;
	account->written = counters->written;
	account->dropped = counters->dropped;
	account->bytes = counters->bytes;
}

int tt_pump_account(struct tt_pump *pump, struct tt_accounting *accounting)
{
	struct tt_source_statistics statistics[TT_SOURCE_KIND_COUNT] = { 0 };

	for (size_t i = 0; i < pump->sources_count; i++) {
		struct tt_source *source = pump->sources[i].source;
		int r;

		r = source->ops->add_statistics(source, statistics);
		if (r < 0)
			return r;
	}
	for (size_t kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++)
		account_kind(&statistics[kind], &pump->accounts[kind], &accounting->sources[kind]);

	for (size_t i = 0; i < pump->sinks_count; i++)
		account_sink(&pump->sinks[i], &accounting->outputs[i]);
	accounting->outputs_count = pump->sinks_count;
	return 0;
}
