/* SPDX-License-Identifier: MIT */

/*
 * What "twintap read" was asked for
 *
 * Command lines go through the parser as main() would hand them over. What both commands
 * take alike is tried in test_capture_options.c; here is what only this one has: files,
 * options behind them, and an expression behind "--".
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/capture_options.h"
#include "tests/unit/cmocka_all.h"

enum {
	WORDS_MAX = 64,
};

/* Parses "read" and the words of @line, which blanks part. */
static int parse_line(const char *line, struct tt_capture_options *options, struct tt_error *error)
{
	static char words[4096]; /* the options borrow from both */
	static char name[] = "read";
	static char *argv[WORDS_MAX + 1];
	char *rest = words;
	int argc = 1;

	assert_true(strlen(line) < sizeof(words));
	memcpy(words, line, strlen(line) + 1);
	argv[0] = name;
	while (*rest) {
		assert_true(argc < WORDS_MAX);
		argv[argc++] = rest;
		rest += strcspn(rest, " ");
		if (*rest)
			*rest++ = '\0';
	}
	argv[argc] = NULL;
	return tt_read_options_parse(options, argc, argv, error);
}

static void assert_files(const struct tt_capture_options *options, const char *expected)
{
	char names[256] = "";
	size_t length = 0;

	for (size_t i = 0; i < options->files_count; i++)
		length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
					   i > 0 ? " " : "", options->files[i]);
	assert_string_equal(names, expected);
}

static void defaults_take_everything_of_the_files(void **state)
{
	struct tt_capture_options options;

	(void)state;

	assert_int_equal(parse_line("a.pcap", &options, NULL), 0);
	assert_files(&options, "a.pcap");
	assert_null(options.ports);
	assert_int_equal(options.port_side, TT_PORT_EITHER);
	assert_int_equal(options.format, TT_OUTPUT_FORMAT_BY_NAME);
	assert_int_equal(options.verdicts, 0);
	assert_int_equal(options.count_max, 0);
	assert_int_equal(options.snap_bytes, 0);
	assert_int_equal(options.writes_count, 0);
	assert_string_equal(options.expression, "");
	assert_false(options.merges || options.takes_no_fragments || options.verifies_checksums ||
		     options.with_payload || options.is_quiet || options.wants_help);
}

static void every_option_is_taken_in(void **state)
{
	struct tt_capture_options options;

	(void)state;

	assert_int_equal(parse_line("-p 53 --port-side src --fragments none --checksum verify "
				    "--verdict bad_length -s headers -c 7 --merge --format json "
				    "--payload --stats-file s.json -q a b",
				    &options, NULL),
			 0);
	assert_files(&options, "a b");
	assert_string_equal(options.ports, "53");
	assert_int_equal(options.port_side, TT_PORT_SOURCE);
	assert_true(options.takes_no_fragments && options.verifies_checksums);
	assert_int_equal(options.verdicts, TT_VERDICT_BIT(TT_VERDICT_BAD_LENGTH));
	assert_int_equal(options.snap_bytes, TT_SNAP_HEADERS);
	assert_int_equal(options.count_max, 7);
	assert_true(options.merges && options.with_payload && options.is_quiet);
	assert_int_equal(options.format, TT_OUTPUT_FORMAT_JSON);
	assert_string_equal(options.stats_path, "s.json");

	assert_int_equal(parse_line("-w x-%p.pcap --link-type raw --rotate-size 64K "
				    "--rotate-interval 1s --keep-files 3 --keep-size 1M "
				    "--min-free 1K --overwrite --sync write -U -",
				    &options, NULL),
			 0);
	assert_files(&options, "-");
	assert_int_equal(options.writes_count, 1);
	assert_string_equal(options.writes[0], "x-%p.pcap");
	assert_int_equal(options.link_type, TT_TRACE_RAW);
	assert_int_equal(options.rotate_bytes, 65536);
	assert_int_equal(options.rotate_interval_ms, 1000);
	assert_int_equal(options.keep_files, 3);
	assert_int_equal(options.keep_bytes, 1 << 20);
	assert_int_equal(options.min_free_bytes, 1 << 10);
	assert_int_equal(options.sync, TT_TRACE_SYNC_WRITE);
	assert_true(options.overwrites && options.is_unbuffered);
}

static void options_may_stand_behind_files(void **state)
{
	struct tt_capture_options options;

	(void)state;

	assert_int_equal(parse_line("a.pcap -p 53 b.pcap --format json - -q", &options, NULL), 0);
	assert_files(&options, "a.pcap b.pcap -");
	assert_string_equal(options.ports, "53");
	assert_int_equal(options.format, TT_OUTPUT_FORMAT_JSON);
	assert_true(options.is_quiet);
}

static void expression_stands_behind_two_dashes(void **state)
{
	struct tt_capture_options options;

	(void)state;

	assert_int_equal(
		parse_line("a.pcap -q b.pcap -- src net 10 and udp[8] = 1", &options, NULL), 0);
	assert_files(&options, "a.pcap b.pcap");
	assert_string_equal(options.expression, "src net 10 and udp[8] = 1");
	assert_true(options.is_quiet);

	assert_int_equal(parse_line("a.pcap --", &options, NULL), 0);
	assert_files(&options, "a.pcap");
	assert_string_equal(options.expression, "");
}

static void wrong_lines_get_their_sentence(void **state)
{
	static const struct {
		const char *line;
		const char *sentence;
	} cases[] = {
		{ "", "a file is missing: twintap read FILE, or - for standard input" },
		{ "-q", "a file is missing: twintap read FILE, or - for standard input" },
		{ "-- udp", "a file is missing: twintap read FILE, or - for standard input" },
		{ "a -- udp -c 7", "\"-c\": options go before the filter expression" },
		{ "a -- lo", "\"lo\" is an interface: use -i lo, before the filter expression" },
		{ "a --format pcap", "--format: traces need -w FILE (- for standard output)" },
		{ "a -w b --format text", "-w writes traces, not text: leave it out and redirect "
					  "standard output" },
		{ "a -w b --payload", "-w writes traces, not text: leave it out and redirect "
				      "standard output" },
		{ "a --rotate-size 1M", "rotation is of traces: add -w FILE" },
		{ "a -w b --keep-files 2", "what is kept can only be limited where new files "
					   "come: add --rotate-size or --rotate-interval" },
		{ "a --mrge", "unknown option --mrge: did you mean --merge?" },
		{ "a -K", "unknown option -K: see twintap read --help" },
		{ "a --merge=1", "option --merge takes no value" },
		{ "a -c 0", "--count: count \"0\" must be at least 1" },
		{ "-r a", "option -r: the files are the words behind the options: leave it out" },
		{ "a -i eth0", "option -i: name the interface's file, or split by interface: -w "
			       "'FILE-%i.pcapng'" },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_capture_options options = { .count_max = 4711 };
		struct tt_error error = TT_ERROR_INIT;

		assert_int_equal(parse_line(cases[i].line, &options, &error), -EINVAL);
		assert_string_equal(error.message, cases[i].sentence);
		assert_int_equal(options.count_max, 4711);
	}
}

static void what_only_a_capture_has_is_refused(void **state)
{
	static const char *const lines[] = {
		"a -i eth0", "a -4",           "a -6",      "a --promiscuous",
		"a -B 1M",   "a -d 5",         "a --stats", "a --interface eth0",
		"a --ipv4",  "a --duration 5", "a -r b",
	};

	(void)state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct tt_capture_options options;

		/* "--stats" is the beginning of "--stats-file", which lacks its value then. */
		assert_int_equal(parse_line(lines[i], &options, NULL), -EINVAL);
	}
}

static void help_fits_a_screen_and_names_every_option(void **state)
{
	static const char *const names[] = {
		"-p, --port",    "--port-side",  "--fragments",
		"--checksum",    "--verdict",    "-s, --snaplen",
		"-c, --count",   "--merge",      "--format",
		"--payload",     "-w, --write",  "--link-type",
		"--rotate-size", "--keep-files", "--rotate-interval",
		"--keep-size",   "--min-free",   "--overwrite",
		"--sync",        "--stats-file", "-q, --quiet",
		"-h, --help",    "-U, --flush",
	};
	size_t lines_count = 0;
	size_t column = 0;

	(void)state;

	for (const char *c = tt_read_help; *c; c++) {
		column = *c == '\n' ? 0 : column + 1;
		lines_count += *c == '\n';
		assert_true(column <= 90);
	}
	assert_true(lines_count <= 50);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(strstr(tt_read_help, names[i]));
}

static void help_needs_no_file(void **state)
{
	struct tt_capture_options options;

	(void)state;

	assert_int_equal(parse_line("--help", &options, NULL), 0);
	assert_true(options.wants_help);
	assert_int_equal(parse_line("a -h --format pcap", &options, NULL), 0);
	assert_true(options.wants_help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_take_everything_of_the_files),
		cmocka_unit_test(every_option_is_taken_in),
		cmocka_unit_test(options_may_stand_behind_files),
		cmocka_unit_test(expression_stands_behind_two_dashes),
		cmocka_unit_test(wrong_lines_get_their_sentence),
		cmocka_unit_test(what_only_a_capture_has_is_refused),
		cmocka_unit_test(help_fits_a_screen_and_names_every_option),
		cmocka_unit_test(help_needs_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
