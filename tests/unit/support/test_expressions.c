/* SPDX-License-Identifier: MIT */

/*
 * The lists of filter expressions
 *
 * Each is compiled by libpcap for DLT_RAW, snapshots of 262,144 bytes and no netmask: those
 * of the first list must compile into a program that a filter can be made of, those of the
 * second must be refused by whom the list says. How many there are of each kind is held
 * to a minimum, so that none goes away unnoticed. Not covered: what the programs
 * do with packets.
 */

#include "tests/support/expressions.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

enum {
	SNAPSHOT_BYTES = 262144,
	EXPRESSIONS_MIN = 910,
	REFUSED_MIN = 218,
	FULL_LENGTH_MIN = 4000, /* "close to the limit" */
	FULL_LENGTH_COUNT_MIN = 4,
};

static const struct {
	const char *name;
	enum tt_expression_trait trait;
	uint32_t count_min;
} wanted_traits[] = {
	{ "loops", TT_TRAIT_BACKWARD_JUMP, 19 },
	{ "scratch memory", TT_TRAIT_SCRATCH, 117 },
	{ "negative offsets", TT_TRAIT_NEGATIVE_OFFSET, 8 },
	{ "indirect loads", TT_TRAIT_INDIRECT, 340 },
	{ "divisions by values", TT_TRAIT_DIVISION_BY_VALUE, 32 },
	{ "shifts by values", TT_TRAIT_SHIFT_BY_VALUE, 25 },
	{ "far jumps", TT_TRAIT_FAR_JUMP, 15 },
};

static const uint32_t refusals_min[TT_REFUSAL_COUNT] = {
	[TT_REFUSAL_LINK_LAYER] = 90,   [TT_REFUSAL_SYNTAX] = 60,
	[TT_REFUSAL_UNKNOWN_NAME] = 11, [TT_REFUSAL_NOT_TRANSLATABLE] = 17,
	[TT_REFUSAL_REJECTS_ALL] = 22,
};

static pcap_t *open_dead(void)
{
	pcap_t *pcap = pcap_open_dead(DLT_RAW, SNAPSHOT_BYTES);

	assert_non_null(pcap);
	return pcap;
}

static int compile(pcap_t *pcap, const char *text, int is_optimised, struct bpf_program *program)
{
	return pcap_compile(pcap, program, text, is_optimised, PCAP_NETMASK_UNKNOWN);
}

static void every_expression_compiles(void **state)
{
	const uint32_t refused = TT_TRAIT_ANCILLARY | TT_TRAIT_TOO_LONG;
	uint32_t counts[sizeof(wanted_traits) / sizeof(wanted_traits[0])] = { 0 };
	uint32_t full_length_count = 0;
	pcap_t *pcap = open_dead();

	(void)state;

	for (size_t i = 0; i < tt_expressions_count(); i++) {
		char *text = tt_expression_write_out(i);
		struct bpf_program program;
		uint32_t traits;

		if (compile(pcap, text, 1, &program) < 0)
			fail_msg("refused: %s: %s", text, pcap_geterr(pcap));
		traits = tt_expression_traits(&program);
		if (traits & refused)
			fail_msg("no program for a packet: %s", text);

		for (size_t t = 0; t < sizeof(counts) / sizeof(counts[0]); t++)
			counts[t] += (traits & wanted_traits[t].trait) != 0;
		full_length_count += program.bf_len >= FULL_LENGTH_MIN;
		pcap_freecode(&program);
		free(text);
	}
	pcap_close(pcap);

	for (size_t t = 0; t < sizeof(counts) / sizeof(counts[0]); t++) {
		print_message("%u with %s\n", counts[t], wanted_traits[t].name);
		assert_true(counts[t] >= wanted_traits[t].count_min);
	}
	assert_true(full_length_count >= FULL_LENGTH_COUNT_MIN);
}

/* Another program for the same meaning, without what the optimiser knows. */
static void every_expression_compiles_without_optimising(void **state)
{
	pcap_t *pcap = open_dead();

	(void)state;

	for (size_t i = 0; i < tt_expressions_count(); i++) {
		char *text = tt_expression_write_out(i);
		struct bpf_program program;

		if (compile(pcap, text, 0, &program) < 0)
			fail_msg("refused: %s: %s", text, pcap_geterr(pcap));
		pcap_freecode(&program);
		free(text);
	}
	pcap_close(pcap);
}

/* Who refuses an expression: asks the words last, since nothing here knows them. */
static enum tt_refused_by find_out(pcap_t *pcap, const char *text)
{
	struct bpf_program program;
	uint32_t traits;

	if (compile(pcap, text, 1, &program) < 0)
		return TT_REFUSED_BY_LIBPCAP;
	traits = tt_expression_traits(&program);
	pcap_freecode(&program);
	return traits & (TT_TRAIT_ANCILLARY | TT_TRAIT_TOO_LONG) ? TT_REFUSED_BY_CODE
								 : TT_REFUSED_BY_WORDS;
}

static void every_refused_one_is_refused_by_whom_the_list_says(void **state)
{
	static const char *const names[TT_REFUSED_BY_COUNT] = { "libpcap", "code", "words" };
	uint32_t by_counts[TT_REFUSED_BY_COUNT] = { 0 };
	uint32_t counts[TT_REFUSAL_COUNT] = { 0 };
	pcap_t *pcap = open_dead();

	(void)state;

	for (size_t i = 0; i < tt_refused_count(); i++) {
		enum tt_refused_by by, found;
		enum tt_refusal refusal;
		char *text = tt_refused_write_out(i, &refusal, &by);

		found = find_out(pcap, text);
		if (found != by)
			fail_msg("%s: refused by %s, not by %s", text, names[found], names[by]);
		counts[refusal]++;
		by_counts[by]++;
		free(text);
	}
	pcap_close(pcap);

	for (size_t by = 0; by < TT_REFUSED_BY_COUNT; by++)
		print_message("%u refused by %s\n", by_counts[by], names[by]);
	for (size_t refusal = 0; refusal < TT_REFUSAL_COUNT; refusal++)
		assert_true(counts[refusal] >= refusals_min[refusal]);
}

/* libpcap words some reasons itself: then they must be the ones of the list. */
static void what_rejects_all_packets_is_found_to_do_so(void **state)
{
	pcap_t *pcap = open_dead();

	(void)state;

	for (size_t i = 0; i < tt_refused_count(); i++) {
		enum tt_refused_by by;
		enum tt_refusal refusal;
		char *text = tt_refused_write_out(i, &refusal, &by);
		struct bpf_program program;

		if (refusal == TT_REFUSAL_REJECTS_ALL) {
			assert_true(compile(pcap, text, 1, &program) < 0);
			assert_string_equal(pcap_geterr(pcap), "expression rejects all packets");
		} else if (refusal == TT_REFUSAL_UNKNOWN_NAME) {
			assert_true(compile(pcap, text, 1, &program) < 0);
			assert_non_null(strstr(pcap_geterr(pcap), "unknown "));
		}
		free(text);
	}
	pcap_close(pcap);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void no_expression_stands_twice(void **state)
{
	size_t accepted_count = tt_expressions_count();
	size_t count = accepted_count + tt_refused_count();
	char **texts = calloc(count, sizeof(*texts));

	(void)state;
	assert_non_null(texts);
	assert_true(accepted_count >= EXPRESSIONS_MIN);
	assert_true(tt_refused_count() >= REFUSED_MIN);

	for (size_t i = 0; i < count; i++) {
		enum tt_refused_by by;
		enum tt_refusal refusal;

		texts[i] = i < accepted_count
				   ? tt_expression_write_out(i)
				   : tt_refused_write_out(i - accepted_count, &refusal, &by);
	}
	qsort(texts, count, sizeof(*texts), compare);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(texts[i - 1], texts[i]) == 0)
			fail_msg("twice: %s", texts[i]);
	}
	print_message("%zu expressions, %zu of them to be refused\n", count,
		      count - accepted_count);

	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_expression_compiles),
		cmocka_unit_test(every_expression_compiles_without_optimising),
		cmocka_unit_test(every_refused_one_is_refused_by_whom_the_list_says),
		cmocka_unit_test(what_rejects_all_packets_is_found_to_do_so),
		cmocka_unit_test(no_expression_stands_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
