/* SPDX-License-Identifier: MIT */

/*
 * An account as metrics of Prometheus
 *
 * The lines of a small account are looked for one by one. Every text goes through a strict
 * parser, whose own strictness is tried too.
 * The largest possible account proves the promised room. What is done with accounts of
 * older callers is tried in unit.export.statistics: it is the same code.
 */

#include "twintap/accounting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/metrics_check.h"
#include "tests/unit/cmocka_all.h"

static char text[TT_ACCOUNTING_PROMETHEUS_BYTES];

static void format(const struct tt_accounting *accounting)
{
	size_t length;

	memset(text, 'x', sizeof(text));
	assert_int_equal(tt_accounting_format_prometheus(accounting, text, sizeof(text), &length),
			 0);
	assert_int_equal(length, strlen(text));
	assert_true(tt_metrics_are_strict(text, length));
}

static bool has_line(const char *line)
{
	const char *at = strstr(text, line);

	return at && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n';
}

static struct tt_accounting make_small_accounting(void)
{
	struct tt_accounting accounting = {
		.size = sizeof(accounting),
		.is_final = 1,
		.nic_dropped = 17,
		.outputs_count = 1,
	};
	struct tt_source_accounting *ipv4 = &accounting.sources[TT_SOURCE_IPV4];
	struct tt_output_accounting *output = &accounting.outputs[0];

	for (unsigned int kind = TT_SOURCE_IPV4; kind <= TT_SOURCE_IPV6; kind++)
		accounting.sources[kind].is_present = 1;
	ipv4->seen = 11;
	ipv4->rejected[TT_REJECT_NOT_UDP] = 2;
	ipv4->rejected[TT_REJECT_PORT] = 3;
	ipv4->accepted = 6;
	ipv4->ring_dropped = 1;
	ipv4->narrowed = 9;
	ipv4->delivered = 5;
	ipv4->verdicts[TT_VERDICT_OK] = 4;
	ipv4->verdicts[TT_VERDICT_BAD_CHECKSUM] = 1;
	ipv4->payload_cut = 2;
	ipv4->ring_freezes = 7;
	ipv4->ring_bytes = 16777216;
	ipv4->fragments_late = 13;
	ipv4->late = 14;
	memcpy(output->name, "a.json", sizeof("a.json"));
	output->withheld[TT_WITHHELD_VERDICT] = 15;
	output->given = 4;
	output->written = 3;
	output->dropped = 1;
	output->bytes = 1234;
	return accounting;
}

static void every_counter_is_there_under_its_name(void **state)
{
	static const char *const lines[] = {
		"# HELP twintap_seen_total Packets that came to the filter.",
		"# TYPE twintap_seen_total counter",
		"twintap_seen_total{source=\"ipv4\"} 11",
		"twintap_seen_total{source=\"ipv6\"} 0",
		"twintap_rejected_total{source=\"ipv4\",reason=\"not_udp\"} 2",
		"twintap_rejected_total{source=\"ipv4\",reason=\"port\"} 3",
		"twintap_rejected_total{source=\"ipv6\",reason=\"malformed\"} 0",
		"twintap_accepted_total{source=\"ipv4\"} 6",
		"twintap_ring_dropped_total{source=\"ipv4\"} 1",
		"twintap_narrowed_total{source=\"ipv4\"} 9",
		"twintap_delivered_total{source=\"ipv4\"} 5",
		"twintap_datagrams_total{source=\"ipv4\",verdict=\"ok\"} 4",
		"twintap_datagrams_total{source=\"ipv4\",verdict=\"bad_checksum\"} 1",
		"twintap_datagrams_total{source=\"ipv4\",verdict=\"fragment\"} 0",
		"twintap_payload_cut_total{source=\"ipv4\"} 2",
		"twintap_ring_freezes_total{source=\"ipv4\"} 7",
		"twintap_fragments_late_total{source=\"ipv4\"} 13",
		"twintap_late_total{source=\"ipv4\"} 14",
		"# TYPE twintap_ring_bytes gauge",
		"twintap_ring_bytes{source=\"ipv4\"} 16777216",
		"twintap_nic_dropped_total 17",
		"twintap_output_withheld_total{output=\"a.json\",reason=\"verdict\"} 15",
		"twintap_output_withheld_total{output=\"a.json\",reason=\"limit\"} 0",
		"twintap_output_given_total{output=\"a.json\"} 4",
		"twintap_output_written_total{output=\"a.json\"} 3",
		"twintap_output_dropped_total{output=\"a.json\"} 1",
		"twintap_output_bytes_total{output=\"a.json\"} 1234",
		"# TYPE twintap_filter_info gauge",
		"twintap_filter_info{kind=\"ebpf\"} 1",
		"twintap_final 1",
	};
	struct tt_accounting accounting = make_small_accounting();

	(void)state;

	format(&accounting);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!has_line(lines[i]))
			fail_msg("there is no line %s", lines[i]);
	}
	assert_int_equal(tt_metrics_count(text, "twintap_rejected_total{"), 2 * TT_REJECT_COUNT);
	assert_int_equal(tt_metrics_count(text, "twintap_datagrams_total{"), 2 * TT_VERDICT_COUNT);
	assert_null(strstr(text, "outgoing"));

	accounting.is_final = 0;
	accounting.filter_kind = TT_FILTER_USER;
	format(&accounting);
	assert_true(has_line("twintap_final 0"));
	assert_true(has_line("twintap_filter_info{kind=\"user\"} 1"));
}

static void what_nobody_could_count_is_left_out_with_its_head(void **state)
{
	struct tt_accounting accounting = make_small_accounting();

	(void)state;

	accounting.nic_dropped = TT_UNKNOWN;
	accounting.sources[TT_SOURCE_IPV6].seen = TT_UNKNOWN;
	for (unsigned int kind = TT_SOURCE_IPV4; kind <= TT_SOURCE_IPV6; kind++) {
		for (unsigned int i = 0; i < TT_REJECT_COUNT; i++)
			accounting.sources[kind].rejected[i] = TT_UNKNOWN;
	}
	format(&accounting);
	assert_int_equal(tt_metrics_count(text, "twintap_seen_total{"), 1);
	assert_null(strstr(text, "rejected"));
	assert_null(strstr(text, "nic_dropped"));
	assert_null(strstr(text, "18446744073709551615"));
}

static void an_account_without_sources_and_outputs_is_whole_too(void **state)
{
	struct tt_accounting accounting = { .size = sizeof(accounting), .nic_dropped = TT_UNKNOWN };

	(void)state;

	format(&accounting);
	assert_string_equal(text, "# HELP twintap_filter_info What the filter is; always 1.\n"
				  "# TYPE twintap_filter_info gauge\n"
				  "twintap_filter_info{kind=\"ebpf\"} 1\n"
				  "# HELP twintap_final Whether the capture is at rest and the "
				  "account exact.\n"
				  "# TYPE twintap_final gauge\n"
				  "twintap_final 0\n");
}

static void an_output_name_may_be_any_bytes(void **state)
{
	static const struct {
		const char *name;
		const char *label;
	} names[] = {
		{ "", "" },
		{ "a b/c{d=1,e}", "a b/c{d=1,e}" },
		{ "x\"} 1\n\\", "x\\\"} 1\\n\\\\" },
		{ "\r\t\x1b[2J\x7f", "\\\\x0d\\\\x09\\\\x1b[2J\\\\x7f" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xe2\x82\xac\xf0\x9f\x99\x82\xf4\x8f\xbf\xbf\xed\x9f\xbf",
		  "\xe2\x82\xac\xf0\x9f\x99\x82\xf4\x8f\xbf\xbf\xed\x9f\xbf" },
		{ "\xc2\x9b\xc2\xa0", "\\\\xc2\\\\x9b\xc2\xa0" }, /* a control character */
		{ "\xc0\xaf\xe0\x80\xaf", "\\\\xc0\\\\xaf\\\\xe0\\\\x80\\\\xaf" }, /* overlong */
		{ "\xf0\x8f\xbf\xbf", "\\\\xf0\\\\x8f\\\\xbf\\\\xbf" },            /* overlong */
		{ "\xed\xa0\x80", "\\\\xed\\\\xa0\\\\x80" },                       /* a surrogate */
		{ "\xf4\x90\x80\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80" }, /* above U+10FFFF */
		{ "\xf8\x88\x80\x80\x80", "\\\\xf8\\\\x88\\\\x80\\\\x80\\\\x80" },
		{ "\xe2\x82", "\\\\xe2\\\\x82" }, /* ends too early */
		{ "\xe2\x82\"", "\\\\xe2\\\\x82\\\"" },
		{ "\xf0\x9f\x99z", "\\\\xf0\\\\x9f\\\\x99z" },
	};
	struct tt_accounting accounting = make_small_accounting();
	char line[1024];

	(void)state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		memset(accounting.outputs[0].name, 0, sizeof(accounting.outputs[0].name));
		memcpy(accounting.outputs[0].name, names[i].name, strlen(names[i].name));
		format(&accounting);
		(void)snprintf(line, sizeof(line), "twintap_output_given_total{output=\"%s\"} 4",
			       names[i].label);
		if (!has_line(line))
			fail_msg("there is no line %s", line);
	}
}

static void every_pair_of_bytes_makes_a_valid_name(void **state)
{
	struct tt_accounting accounting = { .size = sizeof(accounting), .outputs_count = 1 };
	size_t length;

	(void)state;

	/* One line with the name is enough. */
	memset(&accounting.outputs[0], 0xff, sizeof(accounting.outputs[0]));
	accounting.outputs[0].given = 1;
	for (unsigned int first = 1; first < 256; first++) {
		for (unsigned int second = 0; second < 256; second++) {
			char *name = accounting.outputs[0].name;

			/* And without a NUL, when it ends a name of the largest length. */
			memset(name, 'x', TT_OUTPUT_NAME_BYTES);
			name[TT_OUTPUT_NAME_BYTES - 2] = (char)first;
			name[TT_OUTPUT_NAME_BYTES - 1] = (char)second;
			assert_int_equal(tt_accounting_format_prometheus(&accounting, text,
									 sizeof(text), &length),
					 0);
			assert_true(tt_metrics_are_strict(text, length));
		}
	}
}

static void outputs_of_one_name_are_told_apart(void **state)
{
	struct tt_accounting accounting = make_small_accounting();

	(void)state;

	accounting.outputs_count = 4;
	for (size_t i = 1; i < 4; i++)
		accounting.outputs[i] = accounting.outputs[0];
	accounting.outputs[1].name[0] = 'b';
	accounting.outputs[3].given = 44;
	format(&accounting);
	assert_true(has_line("twintap_output_given_total{output=\"a.json\"} 4"));
	assert_true(has_line("twintap_output_given_total{output=\"b.json\"} 4"));
	assert_true(has_line("twintap_output_given_total{output=\"a.json\",number=\"2\"} 4"));
	assert_true(has_line("twintap_output_given_total{output=\"a.json\",number=\"3\"} 44"));

	/* Names that differ, but read alike. */
	memcpy(accounting.outputs[0].name, "\\x01", sizeof("\\x01"));
	memcpy(accounting.outputs[1].name, "\x01", sizeof("\x01"));
	format(&accounting);
	assert_true(has_line("twintap_output_given_total{output=\"\\\\x01\",number=\"2\"} 4"));
}

/* Every counter as long as it gets, every name without its NUL and all escapes. */
static void the_promised_room_holds_the_largest_account(void **state)
{
	struct tt_accounting accounting;
	uint64_t largest = TT_UNKNOWN - 1;

	(void)state;

	for (size_t i = 0; i < sizeof(accounting) / sizeof(largest); i++)
		memcpy((char *)&accounting + i * sizeof(largest), &largest, sizeof(largest));
	accounting.size = sizeof(accounting);
	accounting.outputs_count = TT_OUTPUTS_MAX;
	for (size_t i = 0; i < TT_OUTPUTS_MAX; i++)
		memset(accounting.outputs[i].name, 0xff, sizeof(accounting.outputs[i].name));
	format(&accounting);
	assert_true(strlen(text) > TT_ACCOUNTING_PROMETHEUS_BYTES / 2); /* it is not a small one */
	assert_non_null(strstr(text, "\",number=\"16\"} 18446744073709551614\n"));
}

static void too_little_room_is_said_and_never_exceeded(void **state)
{
	struct tt_accounting accounting = make_small_accounting();
	size_t whole_length;

	(void)state;

	memcpy(accounting.outputs[0].name, "x\"\n\xc3\xbc\x01", 7);
	format(&accounting);
	whole_length = strlen(text);
	for (size_t room_bytes = 0; room_bytes <= whole_length + 2; room_bytes++) {
		char *room = malloc(room_bytes ? room_bytes : 1);
		size_t length = SIZE_MAX;
		int r;

		assert_non_null(room);
		r = tt_accounting_format_prometheus(&accounting, room, room_bytes, &length);
		assert_int_equal(r, room_bytes > whole_length ? 0 : -ENOSPC);
		assert_int_equal(length, r == 0 ? whole_length : SIZE_MAX);
		if (room_bytes > 0)
			assert_memory_equal(room, text, strlen(room));
		free(room);
	}
}

static void bad_arguments_are_refused(void **state)
{
	struct tt_accounting accounting = make_small_accounting();
	size_t length;

	(void)state;

	assert_int_equal(tt_accounting_format_prometheus(NULL, text, 1, &length), -EINVAL);
	assert_int_equal(tt_accounting_format_prometheus(&accounting, NULL, 0, &length), -EINVAL);
	assert_int_equal(tt_accounting_format_prometheus(&accounting, text, 1, NULL), -EINVAL);
	accounting.outputs_count = TT_OUTPUTS_MAX + 1;
	assert_int_equal(tt_accounting_format_prometheus(&accounting, text, sizeof(text), &length),
			 -EINVAL);
	accounting.size = 8;
	assert_int_equal(tt_accounting_format_prometheus(&accounting, text, sizeof(text), &length),
			 -EINVAL);
}

static void the_parser_finds_each_kind_of_damage(void **state)
{
#define HEAD "# HELP a_total b\n# TYPE a_total counter\n"
	static const char *const damaged[] = {
		"a_total 1\n",
		HEAD,
		HEAD "b_total 1\n",
		HEAD "a_total 1",
		HEAD "a_total 01\n",
		HEAD "a_total 1 5\n",
		HEAD "a_total -1\n",
		HEAD "a_total 1\na_total 2\n",
		HEAD "a_total{b=\"c\"} 1\na_total{b=\"c\"} 2\n",
		HEAD "a_total{} 1\n",
		HEAD "a_total{b=\"c\",} 1\n",
		HEAD "a_total{1b=\"c\"} 1\n",
		HEAD "a_total{b=\"\n\"} 1\n",
		HEAD "a_total{b=\"\\x\"} 1\n",
		HEAD "a_total{b=\"\x01\"} 1\n",
		HEAD "a_total{b=\"\xff\"} 1\n",
		HEAD "a_total{b=\"\xc0\xaf\"} 1\n",
		HEAD "a_total{b=\"\xed\xa0\x80\"} 1\n",
		HEAD "a_total{b=\"\xc2\x80\"} 1\n",
		HEAD "a_total 1\n" HEAD "a_total{b=\"c\"} 1\n",
		"# HELP a b\n# TYPE a counter\na 1\n",
		"# HELP a_total b\n# TYPE a_total gauge\na_total 1\n",
		"# HELP a b\n# TYPE c gauge\na 1\n",
		"# TYPE a gauge\na 1\n",
	};
	static const char sound[] = HEAD "a_total 1\na_total{b=\"\\\\\\\"\\n\xc3\xbc\",c=\"\"} 0\n";

	(void)state;

	assert_true(tt_metrics_are_strict(sound, strlen(sound)));
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		if (tt_metrics_are_strict(damaged[i], strlen(damaged[i])))
			fail_msg("the parser takes %s", damaged[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_counter_is_there_under_its_name),
		cmocka_unit_test(what_nobody_could_count_is_left_out_with_its_head),
		cmocka_unit_test(an_account_without_sources_and_outputs_is_whole_too),
		cmocka_unit_test(an_output_name_may_be_any_bytes),
		cmocka_unit_test(every_pair_of_bytes_makes_a_valid_name),
		cmocka_unit_test(outputs_of_one_name_are_told_apart),
		cmocka_unit_test(the_promised_room_holds_the_largest_account),
		cmocka_unit_test(too_little_room_is_said_and_never_exceeded),
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(the_parser_finds_each_kind_of_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
