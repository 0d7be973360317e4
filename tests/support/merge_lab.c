/* SPDX-License-Identifier: MIT */

/*
 * A merge of sources that a test scripts, with a clock and a timer that it sets
 */

#include "tests/support/merge_lab.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

#define BASE_NS    INT64_C(1795211941000000000)
#define FAIL_WORDS "source %d: failed as scripted"

enum {
	FIRE_MS = 10000, /* far more than a timer takes */
};

struct merge_lab lab;

/* ------------------------------------------------- the names are the linker's. NOLINTBEGIN */

int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *value,
			   struct itimerspec *old);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *value,
			   struct itimerspec *old);

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	if (clock != CLOCK_REALTIME)
		return __real_clock_gettime(clock, time);
	*time = (struct timespec){ .tv_sec = lab.now_ns / TT_NS_PER_S,
				   .tv_nsec = lab.now_ns % TT_NS_PER_S };
	return 0;
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *value,
			   struct itimerspec *old)
{
	const struct itimerspec never = { 0 };
	int64_t delay_ns = (int64_t)value->it_value.tv_sec * TT_NS_PER_S + value->it_value.tv_nsec;

	lab.timer_fd = fd;
	lab.timer_due_ns = delay_ns > 0 ? lab.now_ns + delay_ns : LAB_NEVER_NS;
	return __real_timerfd_settime(fd, flags, &never, old);
}

void lab_set_now(int64_t now_ns)
{
	const struct itimerspec at_once = { .it_value.tv_nsec = 1 };
	struct pollfd timer = { .fd = lab.timer_fd, .events = POLLIN };

	lab.now_ns = now_ns;
	if (lab.timer_due_ns > now_ns)
		return;
	lab.timer_due_ns = LAB_NEVER_NS;
	assert_int_equal(__real_timerfd_settime(lab.timer_fd, 0, &at_once, NULL), 0);
	assert_int_equal(poll(&timer, 1, FIRE_MS), 1);
}

/* NOLINTEND ------------------------------------------------------------- the sources */

int64_t lab_time_of(char letter)
{
	return BASE_NS + (letter - 'a') * LAB_UNIT_NS;
}

static void release_block(struct tt_block *block, void *context)
{
	struct lane *lane = context;

	assert_ptr_equal(block, &lane->block);
	assert_true(lane->block_is_out);
	lane->block_is_out = false;
}

static void fill(struct lane *lane, const struct item *item, struct tt_frame_batch *ret_batch)
{
	static const uint8_t bytes[1];

	tt_frame_batch_clear(ret_batch);
	for (size_t i = 0; i < item->frames_count; i++) {
		ret_batch->frames[i] = (struct tt_frame){
			.bytes = bytes,
			.captured_bytes = 1,
			.wire_bytes = (uint32_t)(lane->given_count + i),
			.interface_index = (uint32_t)(lane - lab.lanes),
			.time_ns = lane->notes[lane->given_count + i].time_ns,
		};
		ret_batch->origins[i] = (struct tt_origin){ .source_kind = lane->kind };
	}
	ret_batch->frames_count = item->frames_count;
	ret_batch->generation = item->generation;
	ret_batch->dropped_before = item->dropped_before;
	ret_batch->is_pressing = item->is_pressing;
	lane->given_count += item->frames_count;
	if (lane->has_no_blocks)
		return;
	lane->block =
		(struct tt_block){ .holders_count = 1, .release = release_block, .context = lane };
	lane->block_is_out = true;
	ret_batch->block = &lane->block;
}

static int next(struct tt_source *source, struct tt_frame_batch *ret_batch)
{
	struct lane *lane = (struct lane *)(void *)source;
	const struct item *item = &lane->items[lane->read_count];

	/* Not before all of the last batch was given on, and is not borrowed any more. */
	assert_false(lane->block_is_out);
	assert_int_equal(lane->given_count, lane->out_count);
	assert_false(lane->is_over);
	if (lane->read_count == lane->items_count) {
		if (lab.during_next)
			lab.during_next();
		return TT_EMPTY;
	}

	lane->read_count++;
	if (item->kind == ITEM_FAILURE)
		return tt_error_set(&source->error, -EIO, FAIL_WORDS, (int)(lane - lab.lanes));
	if (item->kind == ITEM_END) {
		lane->is_over = true;
		return TT_STOP;
	}
	fill(lane, item, ret_batch);
	return 0;
}

static int check(struct tt_source *source)
{
	struct lane *lane = (struct lane *)(void *)source;

	if (lane->check_answer < 0)
		return tt_error_set(&source->error, lane->check_answer, FAIL_WORDS,
				    (int)(lane - lab.lanes));
	return 0;
}

static int add_statistics(struct tt_source *source, struct tt_source_statistics *statistics)
{
	struct lane *lane = (struct lane *)(void *)source;

	if (lab.statistics_answer < 0)
		return lab.statistics_answer;
	statistics[lane->kind].is_present = true;
	statistics[lane->kind].stored += lane->given_count;
	return 0;
}

static void free_lane(struct tt_source *source)
{
	struct lane *lane = (struct lane *)(void *)source;

	assert_false(lane->is_freed);
	assert_false(lane->block_is_out); /* it would be given back to nobody */
	lane->is_freed = true;
}

const struct tt_source_ops lab_lane_ops = {
	.next = next,
	.check = check,
	.add_statistics = add_statistics,
	.free = free_lane,
};

void lab_prepare(size_t lanes_count)
{
	memset(&lab, 0, sizeof(lab));
	lab.outer_fd = -1;
	lab.timer_fd = -1;
	lab.timer_due_ns = LAB_NEVER_NS;
	lab.now_ns = lab_time_of('a');
	lab.last_ns = INT64_MIN;
	lab.lanes_count = lanes_count;
	for (size_t i = 0; i < lanes_count; i++) {
		lab.lanes[i].source = (struct tt_source){ .ops = &lab_lane_ops, .fd = -1 };
		lab.lanes[i].kind = TT_SOURCE_FILE;
		lab.lanes[i].peer_fd = -1;
	}
}

void lab_make(int64_t window_ns)
{
	struct tt_source *inners[LAB_LANES_MAX];

	for (size_t i = 0; i < lab.lanes_count; i++)
		inners[i] = &lab.lanes[i].source;
	lab.window_ns = window_ns;
	assert_int_equal(tt_merge_new(&lab.merge, inners, lab.lanes_count, window_ns), 0);
}

void lab_give_event(struct lane *lane)
{
	lane->source.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(lane->source.fd >= 0);
}

void lab_listen(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	lab.outer_fd = epoll_create1(EPOLL_CLOEXEC);
	assert_true(lab.outer_fd >= 0);
	assert_int_equal(epoll_ctl(lab.outer_fd, EPOLL_CTL_ADD, lab.merge->fd, &event), 0);
}

void lab_begin_with_events(size_t lanes_count, int64_t window_ns)
{
	lab_prepare(lanes_count);
	for (size_t i = 0; i < lanes_count; i++)
		lab_give_event(&lab.lanes[i]);
	lab_make(window_ns);
	lab_listen();
}

void lab_begin(size_t lanes_count, int64_t window_ns)
{
	lab_prepare(lanes_count);
	lab_make(window_ns);
}

void lab_end(void)
{
	lab.merge->ops->free(lab.merge);
	for (size_t i = 0; i < lab.lanes_count; i++) {
		assert_true(lab.lanes[i].is_freed);
		if (lab.lanes[i].source.fd >= 0)
			assert_int_equal(close(lab.lanes[i].source.fd), 0);
		if (lab.lanes[i].peer_fd >= 0)
			assert_int_equal(close(lab.lanes[i].peer_fd), 0);
	}
	if (lab.outer_fd >= 0)
		assert_int_equal(close(lab.outer_fd), 0);
}

bool lab_is_told(void)
{
	struct epoll_event event;

	return epoll_wait(lab.outer_fd, &event, 1, 0) == 1;
}

void lab_tell(const struct lane *lane)
{
	const uint64_t one = 1;

	if (lane->source.fd >= 0)
		assert_int_equal(write(lane->source.fd, &one, sizeof(one)), sizeof(one));
}

void lab_push(struct lane *lane, struct item item)
{
	assert_true(lane->items_count < LAB_ITEMS_MAX);
	lane->items[lane->items_count++] = item;
	lab_tell(lane);
}

void lab_push_note(struct lane *lane, int64_t time_ns, const struct item *item, bool is_first)
{
	assert_true(lane->pushed_count < LAB_FRAMES_MAX);
	lane->notes[lane->pushed_count++] = (struct note){
		.time_ns = time_ns,
		.generation = item->generation,
		.dropped_before = is_first ? item->dropped_before : 0,
	};
}

void lab_give_item(size_t lane_index, const char *word, struct item item)
{
	struct lane *lane = &lab.lanes[lane_index];

	item.frames_count = strlen(word);
	for (size_t i = 0; i < item.frames_count; i++)
		lab_push_note(lane, lab_time_of(word[i]), &item, i == 0);
	lab_push(lane, item);
}

void lab_give(size_t lane_index, const char *word)
{
	lab_give_item(lane_index, word, (struct item){ .generation = 1 });
}

void lab_give_failure(size_t lane_index)
{
	lab_push(&lab.lanes[lane_index], (struct item){ .kind = ITEM_FAILURE });
}

void lab_give_end(size_t lane_index)
{
	lab_push(&lab.lanes[lane_index], (struct item){ .kind = ITEM_END });
}

/* ----------------------------------------------------------------------------- reading */

/* Nothing that is known of other sources comes before the frame. */
static void check_order(const struct lane *of, const struct note *note)
{
	for (size_t i = 0; i < lab.lanes_count; i++) {
		const struct lane *lane = &lab.lanes[i];

		if (lane != of && lane->given_count > lane->out_count)
			assert_true(lane->notes[lane->out_count].time_ns >= note->time_ns);
	}
}

static void check_frame(size_t index)
{
	const struct tt_frame *frame = &lab.batch.frames[index];
	struct lane *lane = &lab.lanes[frame->interface_index];
	const struct note *note = &lane->notes[lane->out_count];

	assert_int_equal(frame->wire_bytes, lane->out_count); /* each once, as they came */
	assert_true(lane->out_count < lane->given_count);
	assert_int_equal(frame->time_ns, note->time_ns);
	assert_int_equal(lab.batch.origins[index].source_kind, lane->kind);
	assert_int_equal(lab.batch.generation, note->generation);
	if (index == 0)
		assert_int_equal(lab.batch.dropped_before, note->dropped_before);
	else
		assert_int_equal(note->dropped_before, 0);
	assert_int_equal(lane->block_is_out, !lane->has_no_blocks);
	lane->out_count++;
	check_order(lane, note);
	if (note->time_ns < lab.last_ns)
		lab.late[lane->kind]++;
	else
		lab.last_ns = note->time_ns;
}

int lab_read_batch(void)
{
	size_t length = strlen(lab.log);
	int r;

	memset(&lab.batch, 0xee, sizeof(lab.batch)); /* what an earlier one left is no excuse */
	r = lab.merge->ops->next(lab.merge, &lab.batch);
	if (r != 0)
		return r;
	assert_in_range(lab.batch.frames_count, 1, TT_BATCH_FRAMES_MAX);
	assert_null(lab.batch.block);
	for (size_t i = 0; i < lab.batch.frames_count; i++) {
		const struct tt_frame *frame = &lab.batch.frames[i];

		check_frame(i);
		if (length + 4 > LAB_LOG_BYTES)
			continue;
		lab.log[length++] = (char)('0' + frame->interface_index % 10);
		lab.log[length++] = (char)('a' + (frame->time_ns - BASE_NS) / LAB_UNIT_NS);
	}
	if (length + 2 < LAB_LOG_BYTES)
		lab.log[length++] = '|';
	lab.log[length] = '\0';
	return 0;
}

void lab_assert_read(const char *expected, int answer)
{
	int r;

	memset(lab.log, 0, sizeof(lab.log));
	while ((r = lab_read_batch()) == 0)
		;
	assert_string_equal(lab.log, expected);
	assert_int_equal(r, answer);
}

void lab_assert_late(void)
{
	struct tt_source_statistics statistics[TT_SOURCE_KIND_COUNT] = { 0 };

	assert_int_equal(lab.merge->ops->add_statistics(lab.merge, statistics), 0);
	for (size_t kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++)
		assert_int_equal(statistics[kind].late, lab.late[kind]);
}
