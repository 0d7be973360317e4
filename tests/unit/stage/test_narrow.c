/* SPDX-License-Identifier: MIT */

/*
 * A source over a packet socket's: which conditions took each frame
 *
 * The kernel is played. What a test stores is a word, a batch of a block of its own, and each
 * letter a datagram to a port that the letter names; conditions are a word likewise. The
 * program is one that does nothing, or one that is refused, so that the filter falls back
 * to a classic one; while a change waits for packets under way a test may store more. What
 * is read is written down: "1ab|2c|" are two batches, of the first generation and of the second.
 * Not covered: a real filter (netns.receiver_live).
 */

#include "stage/narrow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "bpf/filter_program.h"
#include "tests/support/packets.h"
#include "tests/unit/cmocka_all.h"
#include "twintap/accounting.h"

enum {
	PORT_OF_A = 1000,
	PAYLOAD_BYTES = 100,
	PACKET_BYTES = 128, /* IPv4 and UDP headers, and the payload */
	SNAP_BYTES = 262144,
	WORDS_MAX = 32,
	LOG_BYTES = 256,
};

/* What the test plays, and what it reads from. */
static struct {
	/* the program */
	bool is_refused;
	struct tt_filter_state state;
	void (*during_wait)(void);
	int wait_answer;
	/* the socket */
	struct tt_source inner;
	const char *words[WORDS_MAX]; /* stored; "" is an error, "." the end */
	size_t words_count;
	size_t read_count;
	struct tt_block blocks[WORDS_MAX];
	size_t blocks_out_count;
	uint64_t stored;
	int check_answer;
	bool has_no_blocks;
	bool is_freed;
	int64_t time_ns;
	uint32_t captured_bytes; /* of each frame that is read; 0: all */
	/* under test */
	struct tt_filter *filter;
	struct tt_source *narrow;
	struct tt_frame_batch batch;
	char log[LOG_BYTES];
} lab;

/* ------------------------------------------------- the names are the linker's. NOLINTBEGIN */

int __wrap_tt_filter_program_new(struct tt_filter_program **ret_program, struct tt_error *reterr);
void __wrap_tt_filter_program_free(struct tt_filter_program *program);
bool __wrap_tt_filter_program_is_refused(int r);
int __wrap_tt_filter_program_fd(const struct tt_filter_program *program);
struct tt_filter_state *__wrap_tt_filter_program_state(const struct tt_filter_program *program);
int __wrap_tt_filter_program_load_expression(const struct tt_filter_program *program,
					     const struct sock_filter *code, size_t count,
					     int *ret_fd, struct tt_error *reterr);
int __wrap_tt_filter_program_set_expression(const struct tt_filter_program *program,
					    unsigned int bank_index, int expression_fd,
					    struct tt_error *reterr);
int __wrap_tt_filter_program_wait_quiescent(void);

int __wrap_tt_filter_program_new(struct tt_filter_program **ret_program, struct tt_error *reterr)
{
	if (lab.is_refused)
		return tt_error_set(reterr, -EPERM, "refused by the test");
	*ret_program = (struct tt_filter_program *)(void *)&lab;
	return 0;
}

void __wrap_tt_filter_program_free(struct tt_filter_program *program)
{
	(void)program;
}

bool __wrap_tt_filter_program_is_refused(int r)
{
	return r == -EPERM;
}

int __wrap_tt_filter_program_fd(const struct tt_filter_program *program)
{
	(void)program;
	return -1;
}

struct tt_filter_state *__wrap_tt_filter_program_state(const struct tt_filter_program *program)
{
	(void)program;
	return &lab.state;
}

int __wrap_tt_filter_program_load_expression(const struct tt_filter_program *program,
					     const struct sock_filter *code, size_t count,
					     int *ret_fd, struct tt_error *reterr)
{
	(void)program;
	(void)code;
	(void)count;
	(void)reterr;
	*ret_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

int __wrap_tt_filter_program_set_expression(const struct tt_filter_program *program,
					    unsigned int bank_index, int expression_fd,
					    struct tt_error *reterr)
{
	(void)program;
	(void)bank_index;
	(void)expression_fd;
	(void)reterr;
	return 0;
}

int __wrap_tt_filter_program_wait_quiescent(void)
{
	if (lab.during_wait)
		lab.during_wait();
	return lab.wait_answer;
}

/* NOLINTEND ------------------------------------------------------------------ the socket */

/* A capital is a fragment of the datagram that the small letter names, and not its first. */
static struct tt_frame make_frame(char letter)
{
	static uint8_t packets[256][PACKET_BYTES];
	uint8_t *packet = packets[(uint8_t)letter];
	bool is_later = letter >= 'A' && letter <= 'Z';
	bool is_first = letter >= '0' && letter <= '9';
	struct tt_packet_spec spec = { .version = 4, .payload_bytes = PAYLOAD_BYTES };
	struct tt_frame frame;

	spec.id = 77;
	spec.destination_port = (uint16_t)(PORT_OF_A + letter - 'a');
	if (is_later)
		spec.fragment = 1;
	if (is_first) {
		spec.fragment = TT_PACKET_MORE_FRAGMENTS;
		spec.destination_port = (uint16_t)(PORT_OF_A + letter - '0');
	}
	assert_int_equal(tt_packet_build(&spec, packet, PACKET_BYTES), PACKET_BYTES);
	frame = tt_packet_frame(4, packet, PACKET_BYTES, PACKET_BYTES);
	frame.interface_index = (uint8_t)letter;
	frame.time_ns = lab.time_ns;
	if (lab.captured_bytes > 0)
		frame.captured_bytes = lab.captured_bytes;
	return frame;
}

static void release_block(struct tt_block *block, void *context)
{
	(void)block;
	(void)context;
	assert_true(lab.blocks_out_count > 0);
	lab.blocks_out_count--;
}

static int next(struct tt_source *source, struct tt_frame_batch *ret_batch)
{
	const char *word;

	assert_ptr_equal(source, &lab.inner);
	if (lab.read_count == lab.words_count)
		return TT_EMPTY;
	word = lab.words[lab.read_count];
	if (*word == '\0' || *word == '.') {
		lab.read_count++;
		return *word ? TT_STOP : -EIO;
	}

	tt_frame_batch_clear(ret_batch);
	ret_batch->frames_count = strlen(word);
	for (size_t i = 0; i < ret_batch->frames_count; i++) {
		ret_batch->frames[i] = make_frame(word[i]);
		ret_batch->origins[i] = (struct tt_origin){ .source_kind = TT_SOURCE_IPV4 };
	}
	if (!lab.has_no_blocks) {
		ret_batch->block = &lab.blocks[lab.read_count];
		*ret_batch->block = (struct tt_block){ .holders_count = 1,
						       .release = release_block };
		lab.blocks_out_count++;
	}
	lab.read_count++;
	return 0;
}

static int check(struct tt_source *source)
{
	assert_ptr_equal(source, &lab.inner);
	return lab.check_answer;
}

static int add_statistics(struct tt_source *source, struct tt_source_statistics *statistics)
{
	assert_ptr_equal(source, &lab.inner);
	statistics[TT_SOURCE_IPV4].stored += lab.stored;
	statistics[TT_SOURCE_IPV4].dropped += 5;
	return 0;
}

static void free_inner(struct tt_source *source)
{
	assert_ptr_equal(source, &lab.inner);
	assert_false(lab.is_freed);
	lab.is_freed = true;
}

static const struct tt_source_ops inner_ops = {
	.next = next,
	.check = check,
	.add_statistics = add_statistics,
	.free = free_inner,
};

/* Puts a word into the ring, of which the kernel has counted so many frames by now. */
static void store_counted(const char *word, size_t counted)
{
	assert_true(lab.words_count < WORDS_MAX);
	lab.words[lab.words_count++] = word;
	lab.stored += counted;
}

static void store(const char *word)
{
	store_counted(word, strlen(word));
}

/* ---------------------------------------------------------------------- under test */

static struct tt_conditions want(const char *letters)
{
	struct tt_conditions conditions = {
		.packet_types = 1 << TT_PACKET_HOST,
		.snap_bytes = SNAP_BYTES,
		.follows_fragments = true,
	};

	for (; *letters; letters++) {
		uint32_t port = PORT_OF_A + (uint32_t)(*letters - 'a');

		conditions.ports.words[port / 64] |= UINT64_C(1) << (port % 64);
	}
	return conditions;
}

static void begin(bool is_refused, const struct tt_conditions *conditions)
{
	memset(&lab, 0, sizeof(lab));
	lab.is_refused = is_refused;
	lab.inner = (struct tt_source){ .ops = &inner_ops, .fd = 7 };
	assert_int_equal(tt_filter_new(&lab.filter, conditions, NULL), 0);
	assert_int_equal(tt_filter_fallback_reason(lab.filter) != NULL, is_refused);
	assert_int_equal(tt_narrow_new(&lab.narrow, &lab.inner, lab.filter), 0);
	assert_int_equal(lab.narrow->fd, 7);
	assert_int_equal(tt_filter_open_gate(lab.filter), 0);
}

/* The kernel has judged exactly. */
static void begin_exact(const char *letters)
{
	struct tt_conditions conditions = want(letters);

	begin(false, &conditions);
}

/* The kernel has taken too much. */
static void begin_classic(const char *letters)
{
	struct tt_conditions conditions = want(letters);

	begin(true, &conditions);
}

static void end(void)
{
	lab.narrow->ops->free(lab.narrow);
	assert_true(lab.is_freed);
	assert_int_equal(lab.blocks_out_count, 0);
	tt_filter_free(lab.filter);
}

static void change(const struct tt_conditions *conditions)
{
	assert_int_equal(tt_filter_change(lab.filter, conditions, NULL), 0);
	lab.during_wait = NULL;
}

static void change_to(const char *letters)
{
	struct tt_conditions conditions = want(letters);

	change(&conditions);
}

static void drop_batch(void)
{
	if (lab.batch.block)
		tt_block_drop(lab.batch.block);
}

/* Reads a batch and writes it down; its block stays held. */
static int read_batch(void)
{
	size_t length = strlen(lab.log);
	int r = lab.narrow->ops->next(lab.narrow, &lab.batch);

	if (r != 0)
		return r;
	assert_true(lab.batch.frames_count > 0);
	assert_true(length + lab.batch.frames_count + 3 < LOG_BYTES);
	assert_int_equal(lab.batch.block != NULL, !lab.has_no_blocks);
	if (lab.batch.block)
		assert_true(lab.batch.block->holders_count > 0);
	lab.log[length++] = (char)('0' + lab.batch.generation);
	for (size_t i = 0; i < lab.batch.frames_count; i++)
		lab.log[length++] = (char)lab.batch.frames[i].interface_index;
	lab.log[length] = '|';
	return 0;
}

/* Reads all there is, and compares what was read since the last time. */
static void assert_read(const char *expected)
{
	while (read_batch() == 0)
		drop_batch();
	assert_string_equal(lab.log, expected);
	assert_int_equal(lab.blocks_out_count, 0);
	memset(lab.log, 0, sizeof(lab.log));
}

static void assert_counted(uint64_t narrowed, uint64_t fragments_late)
{
	struct tt_source_statistics statistics[TT_SOURCE_KIND_COUNT] = { 0 };
	const struct tt_source_statistics *ipv4 = &statistics[TT_SOURCE_IPV4];

	assert_int_equal(lab.narrow->ops->add_statistics(lab.narrow, statistics), 0);
	assert_int_equal(ipv4->stored, lab.stored);
	assert_int_equal(ipv4->dropped, 5);
	assert_int_equal(ipv4->narrowed, narrowed);
	assert_int_equal(ipv4->fragments_late, fragments_late);
}

static void without_changes_batches_pass_as_they_are(void **state)
{
	(void)state;
	begin_exact("ab");
	store("ab");
	/* Not judged, since the kernel has done that: it would be left out. */
	store("bzb");
	assert_int_equal(read_batch(), 0);
	assert_ptr_equal(lab.batch.block, &lab.blocks[0]);
	assert_int_equal(lab.batch.block->holders_count, 1);
	drop_batch();
	assert_read("1ab|1bzb|");
	assert_int_equal(read_batch(), TT_EMPTY);
	assert_counted(0, 0);
	end();
}

static void what_was_stored_before_a_change_is_of_the_older_generation(void **state)
{
	(void)state;
	begin_exact("ab");
	store("ab");
	change_to("bc");
	store("bc");
	store("cb");
	assert_read("1ab|2bc|2cb|");
	end();
}

static void store_mixed(void)
{
	store("bab");
	store("ca");
	store("c");
}

static void while_a_change_takes_effect_a_frame_is_of_a_generation_that_takes_it(void **state)
{
	(void)state;
	begin_exact("ab");
	store("a");
	lab.during_wait = store_mixed;
	change_to("bc");
	store("b");
	assert_read("1a|1bab|2c|1a|2c|2b|");
	end();
}

static void store_alternating(void)
{
	store("bcbbcb");
}

static void a_generation_that_was_seen_takes_what_both_take(void **state)
{
	(void)state;
	begin_exact("ab");
	lab.during_wait = store_alternating;
	change_to("bc");
	store("b");
	/* Else the frames of one flow, b, would go back and forth. */
	assert_read("1b|2cbbcb|2b|");
	lab.during_wait = store_mixed;
	change_to("ab"); /* it counts for that change alone */
	assert_read("2b|3ab|2c|3a|2c|");
	end();
}

static void read_in_the_middle(void)
{
	store("bcb");
	assert_read("1a|1b|2cb|");
}

static void frames_may_be_read_before_a_change_is_through(void **state)
{
	(void)state;
	begin_exact("ab");
	store("a");
	lab.during_wait = read_in_the_middle;
	change_to("bc");
	store("bc");
	assert_read("2bc|");
	end();
}

static void store_half(void)
{
	store_counted("bcdb", 2); /* the rest is stored when the change is through */
}

static void a_batch_may_hold_the_boundary(void **state)
{
	(void)state;
	begin_exact("ab");
	lab.during_wait = store_half;
	change_to("bc");
	lab.stored += 2;
	/* "d" is of the new generation, though it does not take it: the kernel knew more. */
	assert_read("1b|2cdb|");
	end();
}

static void what_no_generation_takes_was_taken_by_the_kernel_all_the_same(void **state)
{
	(void)state;
	begin_exact("a");
	lab.during_wait = store_alternating;
	change_to("c");
	assert_read("1b|2cbbcb|");
	assert_counted(0, 0);
	end();
}

static void several_changes_are_walked_over(void **state)
{
	(void)state;
	begin_exact("a");
	store("a");
	change_to("b");
	store("b");
	change_to("c");
	change_to("d");
	store("dd");
	assert_read("1a|2b|4dd|");
	end();
}

static void set_snap(uint32_t snap_bytes)
{
	struct tt_conditions conditions = want("ab");

	conditions.snap_bytes = snap_bytes;
	change(&conditions);
}

static void a_classic_filters_surplus_is_left_out_and_counted(void **state)
{
	(void)state;
	begin_classic("ab");
	store("zaybx");
	store("zzz");
	store("b");
	assert_read("1ab|1b|");
	assert_counted(6, 0);
	store("zz");
	assert_read("");
	assert_counted(8, 0);
	end();
}

static void a_classic_filters_frames_are_cut(void **state)
{
	(void)state;
	begin_classic("ab");
	set_snap(48);
	store("a");
	assert_int_equal(read_batch(), 0);
	assert_int_equal(lab.batch.frames[0].captured_bytes, 48);
	assert_int_equal(lab.batch.frames[0].wire_bytes, PACKET_BYTES);
	drop_batch();

	set_snap(TT_FILTER_SNAP_HEADERS);
	store("a");
	assert_int_equal(read_batch(), 0);
	assert_int_equal(lab.batch.frames[0].captured_bytes, 28);
	drop_batch();

	set_snap(SNAP_BYTES);
	store("a");
	assert_int_equal(read_batch(), 0);
	assert_int_equal(lab.batch.frames[0].captured_bytes, PACKET_BYTES);
	drop_batch();
	assert_counted(0, 0);
	end();
}

static void an_exact_filters_frames_are_left_as_they_are(void **state)
{
	(void)state;
	begin_exact("ab");
	lab.during_wait = store_alternating;
	set_snap(48); /* the script's frames are whole */
	while (read_batch() == 0) {
		for (size_t i = 0; i < lab.batch.frames_count; i++)
			assert_int_equal(lab.batch.frames[i].captured_bytes, PACKET_BYTES);
		drop_batch();
	}
	end();
}

static void read_cut_ones(void)
{
	store("a");
	assert_read("1a|");
	lab.captured_bytes = 48;
	store("a");
	assert_read("2a|");
	lab.captured_bytes = 0;
	store("a"); /* on another CPU, say */
	assert_read("1a|");
	lab.captured_bytes = 60;
	store("a"); /* neither: the ring's own limits cut it */
	assert_read("2a|");
	lab.captured_bytes = 0;
}

static void how_much_was_captured_tells_generations_apart(void **state)
{
	(void)state;
	begin_exact("ab");
	lab.during_wait = read_cut_ones;
	set_snap(48);
	end();
}

static void read_uncertain_ones(void)
{
	lab.captured_bytes = 48;
	store("a");
	assert_read("2a|");
	lab.captured_bytes = 0;
}

static void a_generation_that_takes_it_for_certain_is_preferred(void **state)
{
	struct tt_conditions conditions = want("a");

	(void)state;
	conditions.snap_bytes = 48;
	assert_int_equal(tt_expression_new(&conditions.expression, "udp[50] = 1", NULL), 0);
	begin(false, &conditions);
	tt_expression_drop(conditions.expression);
	conditions.expression = NULL;
	lab.during_wait = read_uncertain_ones; /* who knows what byte 50 was */
	change(&conditions);
	end();
}

static void a_classic_filter_changes_by_what_the_generations_take(void **state)
{
	(void)state;
	begin_classic("ab");
	store("abc");
	lab.during_wait = store_mixed;
	change_to("bc");
	store("abc");
	/* A superset was taken: what lay in the ring may be of the newer one already. */
	assert_read("1ab|2c|2b|1a|2b|2c|1a|2c|2bc|");
	end();
}

static void fragments_follow_their_first_behind_a_classic_filter(void **state)
{
	(void)state;
	begin_classic("ab");
	lab.time_ns = 100 * TT_NS_PER_S;
	store("A");  /* an orphan */
	store("2A"); /* a first to port c, and what follows it */
	store("1A"); /* to port b */
	assert_read("11A|");
	assert_counted(3, 0);

	lab.time_ns += 30 * TT_NS_PER_S;
	store("A");
	assert_read("1A|");
	lab.time_ns++;
	store("AA");
	assert_read("");
	assert_counted(5, 2);
	end();
}

static void each_batch_holds_its_block_and_so_do_waiting_frames(void **state)
{
	(void)state;
	begin_exact("ab");
	lab.during_wait = store_half;
	change_to("bc");
	assert_int_equal(read_batch(), 0);
	assert_int_equal(lab.batch.block->holders_count, 2);
	drop_batch();
	assert_int_equal(lab.blocks_out_count, 1); /* the rest waits */
	assert_int_equal(read_batch(), 0);
	assert_int_equal(lab.batch.block->holders_count, 1);
	drop_batch();
	assert_read("1b|2cdb|");
	end();
}

static void frames_that_wait_are_let_go_with_the_source(void **state)
{
	(void)state;
	begin_exact("ab");
	lab.during_wait = store_half;
	change_to("bc");
	assert_int_equal(read_batch(), 0);
	drop_batch();
	assert_int_equal(lab.blocks_out_count, 1);
	end();

	/* The last batch's holder may outlive what waited. */
	begin_exact("ab");
	lab.during_wait = store_half;
	change_to("bc");
	assert_int_equal(read_batch(), 0);
	lab.narrow->ops->free(lab.narrow);
	assert_int_equal(lab.blocks_out_count, 1);
	drop_batch();
	assert_int_equal(lab.blocks_out_count, 0);
	tt_filter_free(lab.filter);
}

static void store_bad(void)
{
	store_counted("bc", 2);
	store_counted("", 0);
	store_counted("c", 1);
	store_counted(".", 0);
}

static void what_the_inner_source_says_is_passed_up(void **state)
{
	(void)state;
	begin_exact("ab");
	lab.during_wait = store_bad;
	change_to("bc");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(read_batch(), 0);
		drop_batch();
	}
	assert_int_equal(lab.blocks_out_count, 0);
	assert_int_equal(read_batch(), -EIO);
	assert_int_equal(read_batch(), 0);
	drop_batch();
	assert_int_equal(read_batch(), TT_STOP);
	assert_string_equal(lab.log, "1b|2c|2c|");
	assert_int_equal(lab.narrow->ops->check(lab.narrow), 0);
	lab.check_answer = -ENODEV;
	assert_int_equal(lab.narrow->ops->check(lab.narrow), -ENODEV);
	end();
}

static void frames_may_lie_in_no_block(void **state)
{
	(void)state;
	begin_classic("ab");
	lab.has_no_blocks = true;
	store("azb");
	lab.during_wait = store_half;
	change_to("bc");
	store("c");
	assert_read("1ab|1b|2cb|2c|");
	end();
}

static void after_a_wait_that_failed_changes_still_take_effect(void **state)
{
	struct tt_conditions conditions;

	(void)state;
	begin_classic("a");
	lab.wait_answer = -ENOMEM;
	conditions = want("b");
	assert_int_equal(tt_filter_change(lab.filter, &conditions, NULL), -ENOMEM);
	conditions = want("c");
	assert_int_equal(tt_filter_change(lab.filter, &conditions, NULL), -ENOMEM);
	store("cc");
	assert_read("3cc|");
	assert_counted(0, 0);
	end();
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void a_replaced_expression_leaves_the_kernel_however_late_its_frames_are_read(void **state)
{
	struct tt_conditions conditions = want("a");
	struct tt_expression *expression;
	int fd;

	(void)state;
	begin_exact("a");
	assert_int_equal(tt_expression_new(&expression, "udp", NULL), 0);
	conditions.expression = expression;
	change(&conditions);
	fd = tt_expression_program(expression);
	assert_true(is_open(fd));
	conditions = want("b");
	conditions.expression = expression;
	change(&conditions);
	assert_int_equal(tt_expression_program(expression), fd);
	assert_true(is_open(fd)); /* it still counts */

	change_to("c");
	assert_false(is_open(fd));
	assert_int_equal(tt_expression_program(expression), -1);

	/* It may come again. */
	conditions = want("d");
	conditions.expression = expression;
	change(&conditions);
	assert_true(is_open(tt_expression_program(expression)));
	tt_expression_drop(expression);
	end();
}

static void a_source_without_frames_keeps_no_old_conditions(void **state)
{
	struct tt_conditions conditions = want("a");
	struct tt_expression *expression;
	int fd;

	(void)state;
	begin_exact("a");
	assert_int_equal(tt_expression_new(&expression, "udp", NULL), 0);
	conditions.expression = expression;
	change(&conditions);
	assert_read("");
	change_to("b");
	/* The conditions hold it yet; when it goes it will close what it is given now. */
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	tt_expression_set_program(expression, fd);
	tt_expression_drop(expression);
	assert_true(is_open(fd));

	assert_read(""); /* it was asked: the next frame cannot be an older one's */
	change_to("c");
	assert_false(is_open(fd));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_changes_batches_pass_as_they_are),
		cmocka_unit_test(what_was_stored_before_a_change_is_of_the_older_generation),
		cmocka_unit_test(
			while_a_change_takes_effect_a_frame_is_of_a_generation_that_takes_it),
		cmocka_unit_test(a_generation_that_was_seen_takes_what_both_take),
		cmocka_unit_test(frames_may_be_read_before_a_change_is_through),
		cmocka_unit_test(a_batch_may_hold_the_boundary),
		cmocka_unit_test(what_no_generation_takes_was_taken_by_the_kernel_all_the_same),
		cmocka_unit_test(several_changes_are_walked_over),
		cmocka_unit_test(a_classic_filters_surplus_is_left_out_and_counted),
		cmocka_unit_test(a_classic_filters_frames_are_cut),
		cmocka_unit_test(an_exact_filters_frames_are_left_as_they_are),
		cmocka_unit_test(how_much_was_captured_tells_generations_apart),
		cmocka_unit_test(a_generation_that_takes_it_for_certain_is_preferred),
		cmocka_unit_test(a_classic_filter_changes_by_what_the_generations_take),
		cmocka_unit_test(fragments_follow_their_first_behind_a_classic_filter),
		cmocka_unit_test(each_batch_holds_its_block_and_so_do_waiting_frames),
		cmocka_unit_test(frames_that_wait_are_let_go_with_the_source),
		cmocka_unit_test(what_the_inner_source_says_is_passed_up),
		cmocka_unit_test(frames_may_lie_in_no_block),
		cmocka_unit_test(after_a_wait_that_failed_changes_still_take_effect),
		cmocka_unit_test(
			a_replaced_expression_leaves_the_kernel_however_late_its_frames_are_read),
		cmocka_unit_test(a_source_without_frames_keeps_no_old_conditions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
