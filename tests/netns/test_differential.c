/* SPDX-License-Identifier: MIT */

/*
 * What judges packets, held against each other
 *
 * The extended program, the classic one and the judgement in C must agree on every packet
 * (trio.h); and what is translated for the kernel must mean what it means to libpcap's
 * interpreter. The packets are those of generate.h, the expressions those of
 * expressions.h, and the programs random ones besides. Given folders of captures, the program
 * tries the packets of these instead. With TT_TEST_FULL set it takes ten million
 * packets. All is drawn from fixed seeds.
 *
 * Fragments: the kernel's memory of them and ours put the oldest out in different ways when
 * they are full. So a trio remembers few: of RUN_PACKETS_MAX packets some hundred are first
 * fragments, and that nine of 500 fall into one of 2,048 sets, which have room for
 * eight, comes once in 50 million runs.
 *
 * Not covered: frames longer than a page, except by classic programs; frames shorter than
 * the fixed header of IP (netns.filter_program has those); interfaces and packet types in
 * classic programs (netns.classic).
 */

#include <errno.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "filter/expression.h"
#include "tests/netns/filter_fixture.h"
#include "tests/netns/frame_run.h"
#include "tests/netns/frame_store.h"
#include "tests/netns/mix.h"
#include "tests/netns/trio.h"
#include "tests/support/capture_file.h"
#include "tests/support/classic_code.h"
#include "tests/support/expressions.h"
#include "tests/support/generate.h"
#include "tests/support/interpret.h"

enum {
	SEED = 20261122,
	ALL_TYPES = 0x1f,
	FULL_PACKETS_COUNT = 10000000,
	RUN_PACKETS_MAX = 10000,
	QUICK_RUN_PACKETS = 600,
	BARE_RUNS_COUNT = 24, /* without CAP_PERFMON */
	EXPRESSION_FILTER_PACKETS = 60,
	EXPRESSION_CODE_PACKETS = 300,
	QUICK_CODES_COUNT = 2000,
	FULL_CODES_COUNT = 200000,
	CODE_PACKETS = 24,
	REASON_LENGTH_MIN = 10,
	CORPUS_STEP = 32, /* in a quick run expressions are tried on every so many packets */
};

static bool is_full(void)
{
	return getenv("TT_TEST_FULL") != NULL;
}

/* ------------------------------------------------------------------ three filters */

static void judge_generated(struct tt_generator *generator, struct trio *trio, uint32_t count)
{
	assert_true(count <= RUN_PACKETS_MAX);
	for (uint32_t i = 0; i < count; i++) {
		struct tt_generated generated;

		tt_generator_next(generator, &generated);
		trio_judge(trio, &generated.frame);
	}
}

static void judge_mixes(uint32_t runs_count, uint32_t run_packets, struct trio_tally *tally)
{
	size_t expression_index = 0;
	struct tt_generator generator;
	struct tt_random random;

	tt_generator_init(&generator, SEED);
	tt_random_init(&random, SEED);
	for (uint32_t i = 0; i < runs_count; i++) {
		struct trio trio;
		struct mix mix;

		/* A prime to the number of mixes: few runs are not all of the first choices. */
		mix_choose(&random, i * 61, &expression_index, &mix);
		trio_init(&trio, &mix.conditions, mix.words, tally);
		judge_generated(&generator, &trio, run_packets);
		trio_finish(&trio);
		trio_deinit(&trio);
		tt_expression_drop(mix.conditions.expression);
	}
	tt_generator_deinit(&generator);
}

/* What the generator and the mixes are to reach. */
static void check_tally(const struct trio_tally *tally)
{
	trio_tally_print(tally);
	assert_true(tally->taken_count > tally->packets_count / 20);
	for (uint32_t i = 0; i < TT_FILTER_REJECT_COUNT; i++)
		assert_true(tally->rejected_counts[i] > tally->packets_count / 500);
	assert_true(tally->classic_passed_count > tally->classic_count / 20);
	assert_true(tally->surplus_fragments_count > 0);
	assert_true(tally->surplus_fragments_count + tally->surplus_widened_count <
		    tally->classic_count / 10);
}

static void generated_packets_are_judged_alike(void **state)
{
	uint32_t rounds_count = is_full() ? 1 + FULL_PACKETS_COUNT / RUN_PACKETS_MAX / MIX_COUNT
					  : 1;
	uint32_t runs_count = rounds_count * MIX_COUNT;
	/* An eighth more, for those that test runs do not take. */
	uint32_t run_packets = is_full() ? FULL_PACKETS_COUNT / runs_count * 9 / 8
					 : QUICK_RUN_PACKETS;
	struct trio_tally tally = { 0 };

	(void)state;

	print_message("%u filters, %u packets each\n", runs_count, run_packets);
	judge_mixes(runs_count, run_packets, &tally);
	check_tally(&tally);
	if (is_full())
		assert_true(tally.packets_count >= FULL_PACKETS_COUNT);
}

/* Takes the capabilities that spare a program the verifier's guards, or gives them back. */
static void set_effective(bool has_perfmon)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	const unsigned int taken[] = { CAP_PERFMON, CAP_SYS_ADMIN };

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		struct __user_cap_data_struct *word = &data[CAP_TO_INDEX(taken[i])];

		word->effective &= ~CAP_TO_MASK(taken[i]);
		if (has_perfmon)
			word->effective |= CAP_TO_MASK(taken[i]) & word->permitted;
	}
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

static int give_back_capabilities(void **state)
{
	(void)state;
	set_effective(true);
	return 0;
}

static int tear_down_and_give_back(void **state)
{
	set_effective(true);
	return tear_down_program(state);
}

static void generated_packets_are_judged_alike_without_perfmon(void **state)
{
	struct trio_tally tally = { 0 };

	(void)state;

	set_effective(false);
	judge_mixes(BARE_RUNS_COUNT, QUICK_RUN_PACKETS, &tally);
	trio_tally_print(&tally);
	assert_true(tally.taken_count > 0);
}

static void each_expression_narrows_a_filter_as_libpcap_says(void **state)
{
	struct trio_tally tally = { 0 };
	struct tt_generator generator;
	uint32_t filters_count = 0;
	size_t index = 0;

	(void)state;

	tt_generator_init(&generator, SEED + 1);
	for (;;) {
		struct mix mix = { .conditions = { .packet_types = ALL_TYPES,
						   .port_side = TT_FILTER_SIDE_EITHER,
						   .snap_bytes = SNAP_BYTES,
						   .follows_fragments = true } };
		struct tt_ports ports;
		struct trio trio;

		mix.conditions.expression = mix_next_expression(&index, mix.words);
		if (!mix.conditions.expression)
			break;
		memset(&ports, 0xff, sizeof(ports));
		tt_conditions_set_ports(&mix.conditions, &ports);
		trio_init(&trio, &mix.conditions, mix.words, &tally);
		judge_generated(&generator, &trio, EXPRESSION_FILTER_PACKETS);
		trio_deinit(&trio);
		tt_expression_drop(mix.conditions.expression);
		filters_count++;
	}
	tt_generator_deinit(&generator);
	print_message("%u expressions\n", filters_count);
	trio_tally_print(&tally);
}

/* ------------------------------------------------------- translated and interpreted */

/* A classic program, and its translation in the kernel. */
struct code {
	const struct sock_filter *insns; /* borrowed */
	size_t count;
	int fd;
};

/* Loads the translation; what cannot be loaded fails the test. */
static void load_code(const struct filter_fixture *fixture, struct code *code, const char *words)
{
	struct tt_error err = TT_ERROR_INIT;

	if (tt_filter_program_load_expression(fixture->program, code->insns, code->count, &code->fd,
					      &err) < 0)
		fail_msg("%s: %s", words, err.message);
}

static void fail_of_code(const struct code *code, const struct tt_frame *frame)
{
	for (size_t i = 0; i < code->count; i++)
		print_error("{ 0x%02x, %u, %u, 0x%x },\n", code->insns[i].code, code->insns[i].jt,
			    code->insns[i].jf, code->insns[i].k);
	for (uint32_t i = 0; i < frame->captured_bytes; i++)
		print_error("%02x", frame->bytes[i]);
	fail_msg("\nthe interpreter returns %u",
		 tt_interpret(code->insns, frame->bytes, frame->captured_bytes));
}

/*
 * Runs the translation by itself, after the main program has put the packet's first bytes
 * where it finds them, on this CPU: it ends with 0, or goes on with the program that takes
 * the packet, by the first bank. Returns how many packets it takes.
 */
static uint64_t compare_code(const struct filter_fixture *fixture, const struct code *code,
			     const struct frame_store *store, size_t first, size_t step)
{
	int main_fd = tt_filter_program_fd(fixture->program);
	uint64_t taken_count = 0;

	for (size_t i = first; i < store->count; i += step) {
		const struct tt_frame *frame = &store->frames[i];
		bool is_taken = tt_interpret(code->insns, frame->bytes, frame->captured_bytes) != 0;
		uint32_t returned;

		(void)run_frame(main_fd, frame, RUN_AS_NOTHING); /* whatever it says */
		returned = run_frame(code->fd, frame, RUN_AS_NOTHING);
		if (returned != (is_taken ? SNAP_BYTES : 0))
			fail_of_code(code, frame);
		taken_count += is_taken;
	}
	return taken_count;
}

static bool can_run(const struct tt_frame *frame)
{
	return !frame_is_too_short(frame, RUN_AS_NOTHING) && !frame_is_too_long(frame);
}

static void keep_generated(struct frame_store *store, uint64_t seed, size_t count)
{
	struct tt_generator generator;

	tt_generator_init(&generator, seed);
	while (store->count < count) {
		struct tt_generated generated;

		tt_generator_next(&generator, &generated);
		if (can_run(&generated.frame))
			frame_store_add(store, &generated.frame);
	}
	tt_generator_deinit(&generator);
}

/* Tries every expression on every so many packets. */
static void compare_expressions(const struct filter_fixture *fixture,
				const struct frame_store *store, size_t step)
{
	uint64_t runs_count = 0, taken_count = 0;
	uint32_t codes_count = 0, telling_count = 0;
	char words[MIX_WORDS_BYTES];
	size_t index = 0;

	for (;;) {
		struct tt_expression *expression = mix_next_expression(&index, words);
		uint64_t taken, tried_count;
		struct code code;
		size_t first;

		if (!expression)
			break;
		code.insns = tt_expression_code(expression, &code.count);
		load_code(fixture, &code, words);
		first = index % step;
		taken = compare_code(fixture, &code, store, first, step);
		tried_count = (store->count - first + step - 1) / step;
		runs_count += tried_count;
		taken_count += taken;
		codes_count++;
		telling_count += taken > 0 && taken < tried_count;
		(void)close(code.fd);
		tt_expression_drop(expression);
	}
	print_message("%u expressions, %lu runs, %lu packets taken; %u expressions tell packets "
		      "apart\n",
		      codes_count, runs_count, taken_count, telling_count);
	assert_true(codes_count > tt_expressions_count() - tt_expressions_count() / 20);
	assert_true(telling_count > codes_count / 2);
}

static void each_expression_is_translated_to_what_libpcap_interprets(void **state)
{
	struct filter_fixture *fixture = *state;
	struct frame_store store = { 0 };

	keep_generated(&store, SEED + 2, EXPRESSION_CODE_PACKETS);
	compare_expressions(fixture, &store, 1);
	frame_store_deinit(&store);
}

static void each_expression_is_loaded_without_perfmon(void **state)
{
	struct filter_fixture *fixture = *state;
	uint32_t codes_count = 0;
	char words[MIX_WORDS_BYTES];
	size_t index = 0;

	set_effective(false);
	for (;;) {
		struct tt_expression *expression = mix_next_expression(&index, words);
		struct code code;

		if (!expression)
			break;
		code.insns = tt_expression_code(expression, &code.count);
		load_code(fixture, &code, words);
		(void)close(code.fd);
		tt_expression_drop(expression);
		codes_count++;
	}
	print_message("%u expressions\n", codes_count);
	assert_true(codes_count > 0);
}

static void random_programs_are_translated_to_what_libpcap_interprets(void **state)
{
	uint32_t codes_count = is_full() ? FULL_CODES_COUNT : QUICK_CODES_COUNT;
	struct filter_fixture *fixture = *state;
	uint32_t ending_count = 0, several_count = 0;
	struct frame_store store = { 0 };
	struct tt_classic_code random_code;
	struct tt_random random;

	keep_generated(&store, SEED + 3, CODE_PACKETS);
	tt_random_init(&random, SEED + 3);
	for (uint32_t i = 0; i < codes_count; i++) {
		const struct tt_frame *first =
			&store.frames[tt_random_below(&random, CODE_PACKETS)];
		uint32_t value;
		struct code code = { .insns = random_code.insns };
		uint64_t taken;

		/* All 32 bits of what it finds in one packet must be found again. */
		tt_classic_code_generate(&random, &random_code);
		value = tt_interpret(code.insns, first->bytes, first->captured_bytes);
		tt_classic_code_expect(&random_code, value);
		code.count = random_code.count;
		load_code(fixture, &code, "random program");
		taken = compare_code(fixture, &code, &store, 0, 1);
		(void)close(code.fd);
		ending_count += tt_interpret(code.insns, first->bytes, first->captured_bytes) == 1;
		several_count += taken < CODE_PACKETS;
	}
	frame_store_deinit(&store);
	print_message("%u programs, %u packets each: %u come to their end, %u tell packets apart\n",
		      codes_count, CODE_PACKETS, ending_count, several_count);
	assert_true(ending_count > codes_count / 2);
	assert_true(several_count > codes_count / 2);
}

/* ------------------------------------------------------------------------- refusals */

static bool has_loop(const char *text)
{
	struct bpf_program program;
	pcap_t *pcap = pcap_open_dead(DLT_RAW, 262144);
	uint32_t traits;

	assert_non_null(pcap);
	assert_int_equal(pcap_compile(pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN), 0);
	traits = tt_expression_traits(&program);
	pcap_freecode(&program);
	pcap_close(pcap);
	return traits & TT_TRAIT_BACKWARD_JUMP;
}

/* Compiles and loads an expression, as a filter does. */
static int try_expression(const struct filter_fixture *fixture, const char *text,
			  struct tt_error *err)
{
	struct tt_expression *expression = NULL;
	const struct sock_filter *code;
	size_t count;
	int fd, r;

	r = tt_expression_new(&expression, text, err);
	if (r < 0)
		return r;
	code = tt_expression_code(expression, &count);
	r = tt_filter_program_load_expression(fixture->program, code, count, &fd, err);
	if (r == 0)
		(void)close(fd);
	tt_expression_drop(expression);
	return r;
}

/* What is said behind the quoted expression; it is there, and all of it. */
static const char *find_reason(const char *text, const struct tt_error *err)
{
	const char *quote = strstr(err->message, "\": ");
	const char *reason = quote ? quote + strlen("\": ") : err->message;

	if (strlen(reason) < REASON_LENGTH_MIN || strpbrk(err->message, "\r\n") ||
	    strlen(err->message) == sizeof(err->message) - 1)
		fail_msg("%.80s: refused without a reason: %s", text, err->message);
	return reason;
}

static void exactly_expressions_with_loops_are_refused(void **state)
{
	struct filter_fixture *fixture = *state;
	uint32_t refused_count = 0;

	for (size_t i = 0; i < tt_expressions_count(); i++) {
		char *text = tt_expression_write_out(i);
		struct tt_error err = TT_ERROR_INIT;
		int r = try_expression(fixture, text, &err);

		if ((r < 0) != has_loop(text))
			fail_msg("%s: %d: %s", text, r, err.message);
		if (r < 0) {
			assert_int_equal(r, -EINVAL);
			assert_non_null(strstr(err.message, "\"protochain\" takes a loop"));
			refused_count++;
		}
		free(text);
	}
	print_message("%u of %zu expressions have loops\n", refused_count, tt_expressions_count());
	assert_true(refused_count > 0);
}

/* What names the link layer, one way or another, in libpcap's words or in ours. */
static bool names_the_link(const char *message)
{
	static const char *const words[] = {
		"link",           "supported", "broadcast", "radio information", "no MPLS support",
		"no VLAN support"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strstr(message, words[i]))
			return true;
	}
	return false;
}

static void what_has_no_meaning_here_is_refused_with_the_reason(void **state)
{
	struct filter_fixture *fixture = *state;
	uint32_t counts[TT_REFUSED_BY_COUNT] = { 0 };

	for (size_t i = 0; i < tt_refused_count(); i++) {
		struct tt_error err = TT_ERROR_INIT;
		enum tt_refusal refusal;
		enum tt_refused_by by;
		char *text = tt_refused_write_out(i, &refusal, &by);
		int r = try_expression(fixture, text, &err);
		const char *reason;

		if (r != (strstr(err.message, "too long") ? -E2BIG : -EINVAL))
			fail_msg("%s: %d: %s", text, r, err.message);
		reason = find_reason(text, &err);
		if (refusal == TT_REFUSAL_LINK_LAYER && !names_the_link(reason))
			fail_msg("%s: the reason does not speak of the link: %s", text,
				 err.message);
		counts[by]++;
		free(text);
	}
	for (size_t by = 0; by < TT_REFUSED_BY_COUNT; by++)
		assert_true(counts[by] > 0);
	print_message("%zu expressions refused\n", tt_refused_count());
}

/* ------------------------------------------------------------------------- captures */

static char **corpus_folders;

static int keep_captured(const struct tt_frame *frame, void *context)
{
	frame_store_add(context, frame);
	return 0;
}

static int set_up_corpora(void **state)
{
	static struct frame_store store;
	static struct tt_capture_tally tally;

	for (char **folder = corpus_folders; *folder; folder++) {
		int r = tt_capture_folder_read(*folder, keep_captured, &store, &tally);

		if (r < 0) {
			print_error("%s: %s\n", *folder, strerror(-r));
			return -1;
		}
	}
	print_message("%u files, %lu packets: %lu of them IP, %lu not, %lu of other links; %u "
		      "files refused by libpcap, %u broken\n",
		      tally.files_count, tally.packets_count, tally.given_count, tally.not_ip_count,
		      tally.other_link_type_count, tally.refused_files_count,
		      tally.broken_files_count);
	*state = &store;
	return tally.given_count > 0 ? 0 : -1;
}

static int tear_down_corpora(void **state)
{
	frame_store_deinit(*state);
	return 0;
}

static void captured_packets_are_judged_alike(void **state)
{
	static const struct {
		enum mix_ports ports;
		uint32_t side;
		uint32_t snap_bytes;
		bool follows_fragments;
		const char *expression;
	} rows[] = {
		{ MIX_PORTS_ALL, TT_FILTER_SIDE_EITHER, 262144, true, NULL },
		{ MIX_PORTS_ALL, TT_FILTER_SIDE_EITHER, TT_FILTER_SNAP_HEADERS, false, NULL },
		{ MIX_PORTS_HUNDRED, TT_FILTER_SIDE_DESTINATION, TT_FILTER_SNAP_HEADERS, true,
		  NULL },
		{ MIX_PORTS_THOUSAND, TT_FILTER_SIDE_SOURCE, 96, true, NULL },
		{ MIX_PORTS_ALL_BUT_ONE, TT_FILTER_SIDE_EITHER, 48, true, "not port 5353" },
		{ MIX_PORTS_ALL, TT_FILTER_SIDE_EITHER, 96, true, "ip6 or udp[8:2] & 1 = 0" },
		{ MIX_PORTS_TWO, TT_FILTER_SIDE_EITHER, 262144, false, "less 200" },
	};
	const struct frame_store *store = *state;
	struct trio_tally tally = { 0 };
	struct tt_random random;

	tt_random_init(&random, SEED);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tt_conditions conditions = { .port_side = rows[i].side,
						    .packet_types = ALL_TYPES,
						    .snap_bytes = rows[i].snap_bytes,
						    .follows_fragments =
							    rows[i].follows_fragments };
		struct tt_ports ports;
		struct trio trio;

		mix_choose_ports(&random, rows[i].ports, &ports);
		tt_conditions_set_ports(&conditions, &ports);
		if (rows[i].expression)
			assert_int_equal(
				tt_expression_new(&conditions.expression, rows[i].expression, NULL),
				0);
		trio_init(&trio, &conditions, mix_port_words[rows[i].ports], &tally);
		for (size_t frame = 0; frame < store->count; frame++)
			trio_judge(&trio, &store->frames[frame]);
		trio_finish(&trio);
		trio_deinit(&trio);
		tt_expression_drop(conditions.expression);
	}
	trio_tally_print(&tally);
	assert_true(tally.taken_count > 0);
}

static void each_expression_is_translated_for_captured_packets(void **state)
{
	const struct frame_store *store = *state;
	struct frame_store tried = { 0 };
	void *fixture;

	for (size_t i = 0; i < store->count; i++) {
		if (can_run(&store->frames[i]))
			frame_store_add(&tried, &store->frames[i]);
	}
	print_message("left out: %zu packets that are empty or longer than a page\n",
		      store->count - tried.count);
	assert_int_equal(set_up_program(&fixture), 0);
	compare_expressions(fixture, &tried, is_full() ? 1 : CORPUS_STEP);
	assert_int_equal(tear_down_program(&fixture), 0);
	frame_store_deinit(&tried);
}

/* Where the programs' memory of a packet is. */
static void stay_on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		abort();
}

#define PROGRAM_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_program, tear_down_program)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generated_packets_are_judged_alike),
		cmocka_unit_test_teardown(generated_packets_are_judged_alike_without_perfmon,
					  give_back_capabilities),
		cmocka_unit_test(each_expression_narrows_a_filter_as_libpcap_says),
		PROGRAM_TEST(each_expression_is_translated_to_what_libpcap_interprets),
		cmocka_unit_test_setup_teardown(each_expression_is_loaded_without_perfmon,
						set_up_program, tear_down_and_give_back),
		PROGRAM_TEST(random_programs_are_translated_to_what_libpcap_interprets),
		PROGRAM_TEST(exactly_expressions_with_loops_are_refused),
		PROGRAM_TEST(what_has_no_meaning_here_is_refused_with_the_reason),
	};
	const struct CMUnitTest corpus_tests[] = {
		cmocka_unit_test(captured_packets_are_judged_alike),
		cmocka_unit_test(each_expression_is_translated_for_captured_packets),
	};
	int r = enter_filter_tests();

	if (r != 0)
		return r;
	stay_on_one_cpu();
	corpus_folders = argv + 1;
	return argc > 1 ? cmocka_run_group_tests(corpus_tests, set_up_corpora, tear_down_corpora)
			: cmocka_run_group_tests(tests, NULL, NULL);
}
