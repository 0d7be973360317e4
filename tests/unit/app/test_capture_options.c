/* SPDX-License-Identifier: MIT */

/*
 * What "twintap capture" was asked for
 *
 * Command lines go through the parser as main() would hand them over. Values have their
 * own test (test_values.c); what the receiver makes of the options is not tried here.
 */

#include "app/capture_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

enum {
	WORDS_MAX = 300,
};

/* Parses "capture" and the words of @line, which blanks part. */
static int parse_line(const char *line, struct tt_capture_options *options, struct tt_error *error)
{
	static char words[4096]; /* the options borrow from it */
	static char name[] = "capture";
	char *argv[WORDS_MAX + 1] = { name };
	char *rest = words;
	int argc = 1;

	assert_true(strlen(line) < sizeof(words));
	memcpy(words, line, strlen(line) + 1);
	while (*rest) {
		assert_true(argc < WORDS_MAX);
		argv[argc++] = rest;
		rest += strcspn(rest, " ");
		if (*rest)
			*rest++ = '\0';
	}
	return tt_capture_options_parse(options, argc, argv, error);
}

static void defaults_take_everything_that_is_sound(void **state)
{
	struct tt_capture_options options;

	(void)state;

	assert_int_equal(parse_line("", &options, NULL), 0);
	assert_int_equal(options.interfaces_count, 0);
	assert_null(options.ports);
	assert_null(options.stats_path);
	assert_int_equal(options.port_side, TT_PORT_EITHER);
	assert_int_equal(options.format, TT_OUTPUT_FORMAT_BY_NAME);
	assert_int_equal(options.ring_bytes, TT_RING_BYTES_DEFAULT);
	assert_int_equal(options.verdicts, 0); /* what is made of them decides */
	assert_int_equal(options.files_count, 0);
	assert_int_equal(options.writes_count, 0);
	assert_false(tt_capture_is_rotated(&options));
	assert_int_equal(options.count_max, 0);
	assert_int_equal(options.duration_ms, 0);
	assert_int_equal(options.stats_interval_ms, 0);
	assert_int_equal(options.snap_bytes, 0);
	assert_string_equal(options.expression, "");
	assert_false(options.takes_no_fragments || options.verifies_checksums);
	assert_false(options.ipv4_only || options.ipv6_only || options.is_promiscuous ||
		     options.with_payload || options.is_quiet || options.wants_help);
}

static void every_option_is_taken_in(void **state)
{
	struct tt_capture_options options;

	(void)state;

	assert_int_equal(
		parse_line("-i eth0 --interface=br0 -6 -p 53,ntp --port-side dst "
			   "--format json --payload -c 7 -d 250ms -B 1M --promiscuous "
			   "--verdict all --stats=5s --stats-file s.json -q -s 96 "
			   "--fragments none --checksum verify src net 10 and not udp[8]=1",
			   &options, NULL),
		0);
	assert_int_equal(options.interfaces_count, 2);
	assert_string_equal(options.interfaces[0], "eth0");
	assert_string_equal(options.interfaces[1], "br0");
	assert_true(options.ipv6_only && !options.ipv4_only);
	assert_string_equal(options.ports, "53,ntp");
	assert_int_equal(options.port_side, TT_PORT_DESTINATION);
	assert_int_equal(options.format, TT_OUTPUT_FORMAT_JSON);
	assert_true(options.with_payload);
	assert_int_equal(options.count_max, 7);
	assert_int_equal(options.duration_ms, 250);
	assert_int_equal(options.ring_bytes, 1 << 20);
	assert_true(options.is_promiscuous);
	assert_int_equal(options.verdicts, TT_VERDICT_ALL);
	assert_int_equal(options.stats_interval_ms, 5000);
	assert_string_equal(options.stats_path, "s.json");
	assert_true(options.is_quiet);

	assert_int_equal(options.snap_bytes, 96);
	assert_true(options.takes_no_fragments && options.verifies_checksums);
	assert_string_equal(options.expression, "src net 10 and not udp[8]=1");

	assert_int_equal(parse_line("-4 --stats -s headers --fragments follow --checksum ignore",
				    &options, NULL),
			 0);
	assert_true(options.ipv4_only && !options.ipv6_only);
	assert_int_equal(options.snap_bytes, TT_SNAP_HEADERS);
	assert_false(options.takes_no_fragments || options.verifies_checksums);
	assert_int_equal(options.stats_interval_ms, 1000);
}

static void every_option_of_traces_is_taken_in(void **state)
{
	struct tt_capture_options options;

	(void)state;

	assert_int_equal(parse_line("-w a.pcap --write=- --format pcap-ns --link-type raw "
				    "--rotate-size 64M --rotate-interval 1h --keep-files 20 "
				    "--keep-size 1G --min-free 2G --overwrite --sync file -U",
				    &options, NULL),
			 0);
	assert_int_equal(options.writes_count, 2);
	assert_string_equal(options.writes[0], "a.pcap");
	assert_string_equal(options.writes[1], "-");
	assert_int_equal(options.format, TT_OUTPUT_FORMAT_PCAP_NS);
	assert_int_equal(options.link_type, TT_TRACE_RAW);
	assert_int_equal(options.rotate_bytes, 64 << 20);
	assert_int_equal(options.rotate_interval_ms, 3600000);
	assert_int_equal(options.keep_files, 20);
	assert_int_equal(options.keep_bytes, 1 << 30);
	assert_int_equal(options.min_free_bytes, UINT64_C(2) << 30);
	assert_int_equal(options.sync, TT_TRACE_SYNC_FILE);
	assert_true(options.overwrites && options.is_unbuffered);
	assert_true(tt_capture_is_rotated(&options));

	assert_int_equal(parse_line("--format pcapng -w a --link-type sll2 --sync write "
				    "--rotate-size 4K",
				    &options, NULL),
			 0);
	assert_int_equal(options.format, TT_OUTPUT_FORMAT_PCAPNG);
	assert_int_equal(options.link_type, TT_TRACE_SLL2);
	assert_int_equal(options.sync, TT_TRACE_SYNC_WRITE);
	assert_true(tt_capture_is_rotated(&options));
	assert_int_equal(
		parse_line("-w a.pcap --sync none --rotate-interval 250ms", &options, NULL), 0);
	assert_int_equal(options.sync, TT_TRACE_SYNC_NONE);
	assert_int_equal(options.format, TT_OUTPUT_FORMAT_BY_NAME);
	assert_true(tt_capture_is_rotated(&options));
	assert_int_equal(parse_line("-w a.pcap --overwrite", &options, NULL), 0);
	assert_false(tt_capture_is_rotated(&options));
}

static void number_in_a_name_asks_for_new_files(void **state)
{
	struct tt_capture_options options;

	(void)state;

	assert_int_equal(parse_line("-w a.pcap -w b-%N.pcap --keep-files 2", &options, NULL), 0);
	assert_true(tt_capture_is_rotated(&options));
	assert_int_equal(parse_line("-w a%%%N.pcap", &options, NULL), 0);
	assert_true(tt_capture_is_rotated(&options));

	/* No number: a percent sign, and a letter behind it. */
	assert_int_equal(parse_line("-w a%%N.pcap", &options, NULL), 0);
	assert_false(tt_capture_is_rotated(&options));
	assert_int_equal(parse_line("-w a%Y%", &options, NULL), 0);
	assert_false(tt_capture_is_rotated(&options));
}

static void as_many_traces_as_a_receiver_has_outputs(void **state)
{
	struct tt_capture_options options;
	struct tt_error error = TT_ERROR_INIT;
	char line[1024];
	size_t length = 0;

	(void)state;

	for (int i = 0; i < TT_CAPTURE_WRITES_MAX; i++)
		length += (size_t)snprintf(line + length, sizeof(line) - length, "-wt%d.pcap ", i);
	line[length - 1] = '\0';
	assert_int_equal(parse_line(line, &options, NULL), 0);
	assert_int_equal(options.writes_count, TT_CAPTURE_WRITES_MAX);

	(void)snprintf(line + length - 1, sizeof(line) - length + 1, " -wone-more");
	assert_int_equal(parse_line(line, &options, &error), -EINVAL);
	assert_string_equal(error.message, "--write: more than 16 outputs");
}

static void interface_named_twice_is_wanted_once(void **state)
{
	struct tt_capture_options options;

	(void)state;

	assert_int_equal(parse_line("-i eth0 -i eth1 -i eth0", &options, NULL), 0);
	assert_int_equal(options.interfaces_count, 2);
}

static const struct {
	const char *line;
	const char *sentence;
} wrong_lines[] = {
	{ "port 53 -c 7", "\"-c\": options go before the filter expression" },
	{ "port 53 --count=7", "\"--count=7\": options go before the filter expression" },
	{ "lo", "\"lo\" is an interface: use -i lo, before the filter expression" },
	{ "-s 47", "--snaplen: 47 bytes are out of range: 48 to 262144, or the word "
		   "headers" },
	{ "-s 262145", "--snaplen: 262145 bytes are out of range: 48 to 262144, or the word "
		       "headers" },
	{ "--fragments all", "--fragments: \"all\" is none of follow, none" },
	{ "--checksum yes", "--checksum: \"yes\" is none of ignore, verify" },
	{ "--prot 53", "unknown option --prot: did you mean --port?" },
	{ "--fromat=json", "unknown option --fromat: did you mean --format?" },
	{ "--zzz", "unknown or ambiguous option --zzz: see twintap capture --help" },
	{ "--p 53", "unknown or ambiguous option --p: see twintap capture --help" },
	{ "-K", "unknown option -K: see twintap capture --help" },
	{ "-p", "option --port needs a value" },
	{ "--port-side", "option --port-side needs a value" },
	{ "--payload=hex", "option --payload takes no value" },
	{ "--quiet=1", "option --quiet takes no value" },
	{ "-4 -6", "--ipv6: -4 and -6 exclude each other: leave both out for both" },
	{ "-64", "--ipv4: -4 and -6 exclude each other: leave both out for both" },
	{ "-p 53 -p 80", "--port: given twice: write one list, as in -p 53,5000-5100" },
	{ "-i any", "--interface: leave it out to capture on all interfaces" },
	{ "--port-side both", "--port-side: \"both\" is none of dst, src, either" },
	{ "--format pcapp", "--format: \"pcapp\" is none of text, json, pcapng, pcap, pcap-ns" },
	{ "--format pcap", "--format: traces need -w FILE (- for standard output)" },
	{ "--format pcapng", "--format: traces need -w FILE (- for standard output)" },
	{ "--format pcap-ns", "--format: traces need -w FILE (- for standard output)" },
	{ "-w f --format text", "-w writes traces, not text: leave it out and redirect "
				"standard output" },
	{ "-w f --format json", "-w writes traces, not text: leave it out and redirect "
				"standard output" },
	{ "-w f --payload", "-w writes traces, not text: leave it out and redirect "
			    "standard output" },
	{ "-w f -w g -w f", "--write: \"f\" is named twice" },
	{ "--write=", "--write: the name is empty" },
	{ "-w", "option --write needs a value" },
	{ "--rotate-size 64M", "rotation is of traces: add -w FILE" },
	{ "--rotate-interval 1s", "rotation is of traces: add -w FILE" },
	{ "-w f --rotate-size 3K", "--rotate-size: \"3K\" is too small for a file: at least 4K" },
	{ "-w f --keep-files 1", "what is kept can only be limited where new files come: "
				 "add --rotate-size or --rotate-interval" },
	{ "-w f --keep-size 1M", "what is kept can only be limited where new files come: "
				 "add --rotate-size or --rotate-interval" },
	{ "-w f --min-free 1M", "what is kept can only be limited where new files come: "
				"add --rotate-size or --rotate-interval" },
	{ "-w f --link-type ether", "--link-type: \"ether\" is none of sll2, raw" },
	{ "-w f --sync yes", "--sync: \"yes\" is none of none, file, write" },
	{ "-c 0", "--count: count \"0\" must be at least 1" },
	{ "-d x", "--duration: time \"x\" is not a number and ms, s, m or h, as in 90, "
		  "250ms or 5m" },
	{ "--stats=0", "--stats: time \"0\" must be longer than 0" },
	{ "--stats-file=", "--stats-file: the name is empty" },
	{ "-B 4096", "--buffer: size \"4096\" needs a unit: K, M or G, as in 16M" },
	{ "-B 255K", "--buffer: size \"255K\" is out of range: a ring has from 256K to 4G" },
	{ "-B 100G", "--buffer: size \"100G\" is out of range: a ring has from 256K to 4G" },
	{ "--verdict ok,", "--verdict: verdict list \"ok,\" lacks a name: write for "
			   "example ok,fragment" },
	{ "-n", "option -n: names are never looked up: leave it out" },
	{ "-qn", "option -n: names are never looked up: leave it out" },
	{ "-r file", "option -r: use twintap read FILE" },
	{ "-x", "option -x: use --payload" },
	{ "-l", "option -l: lines are written out at once: leave it out" },
	{ "-D", "option -D: use twintap interfaces" },
};

static void wrong_lines_get_their_sentence(void **state)
{
	(void)state;

	for (size_t i = 0; i < sizeof(wrong_lines) / sizeof(wrong_lines[0]); i++) {
		struct tt_capture_options options = { .count_max = 4711 };
		struct tt_error error = TT_ERROR_INIT;

		assert_int_equal(parse_line(wrong_lines[i].line, &options, &error), -EINVAL);
		assert_string_equal(error.message, wrong_lines[i].sentence);
		assert_int_equal(options.count_max, 4711);
	}
}

static void every_letter_of_tcpdump_is_refused_with_its_equivalent(void **state)
{
	static const char letters[] = "nevxXAtrCGWlQD";

	(void)state;

	for (const char *letter = letters; *letter; letter++) {
		struct tt_capture_options options;
		struct tt_error error = TT_ERROR_INIT;
		char line[] = "-?";
		char start[] = "option -?: ";

		line[1] = *letter;
		start[sizeof("option -") - 1] = *letter;
		assert_int_equal(parse_line(line, &options, &error), -EINVAL);
		assert_memory_equal(error.message, start, sizeof(start) - 1);
	}
}

static void expression_has_room_and_no_more(void **state)
{
	static char word[TT_CAPTURE_EXPRESSION_BYTES];
	static char name[] = "capture";
	char *argv[] = { name, word, NULL };
	struct tt_capture_options options;
	struct tt_error error = TT_ERROR_INIT;

	(void)state;

	memset(word, '1', sizeof(word) - 2);
	assert_int_equal(tt_capture_options_parse(&options, 2, argv, &error), 0);
	assert_string_equal(options.expression, word);
	word[sizeof(word) - 2] = '1';
	assert_int_equal(tt_capture_options_parse(&options, 2, argv, &error), -EINVAL);
	assert_string_equal(error.message, "the filter expression is too long: it may have 16382 "
					   "characters");
}

static void no_more_interfaces_than_a_receiver_takes(void **state)
{
	struct tt_capture_options options;
	struct tt_error error = TT_ERROR_INIT;
	char line[4096];
	size_t length = 0;

	(void)state;

	for (int i = 0; i < TT_INTERFACES_MAX; i++)
		length += (size_t)snprintf(line + length, sizeof(line) - length, "-ieth%d ", i);
	line[length - 1] = '\0';
	assert_int_equal(parse_line(line, &options, NULL), 0);
	assert_int_equal(options.interfaces_count, TT_INTERFACES_MAX);

	(void)snprintf(line + length - 1, sizeof(line) - length + 1, " -ione-more");
	assert_int_equal(parse_line(line, &options, &error), -EINVAL);
	assert_string_equal(error.message, "--interface: more than 256 interfaces: name fewer");
}

static void help_fits_a_screen_and_names_every_option(void **state)
{
	static const char *const names[] = {
		"-i, --interface", "-4, --ipv4",    "-6, --ipv6",  "-p, --port",
		"--port-side",     "--promiscuous", "--verdict",   "-B, --buffer",
		"--format",        "--payload",     "-c, --count", "-d, --duration",
		"--stats[=TIME]",  "--stats-file",  "-q, --quiet", "-h, --help",
		"-w, --write",     "--link-type",   "-U, --flush", "--rotate-size",
		"--keep-files",    "--keep-size",   "--min-free",  "--rotate-interval",
		"--overwrite",     "--sync",        "--fragments", "-s, --snaplen",
		"--checksum",
	};
	size_t lines_count = 0;
	size_t column = 0;

	(void)state;

	for (const char *c = tt_capture_help; *c; c++) {
		column = *c == '\n' ? 0 : column + 1;
		lines_count += *c == '\n';
		assert_true(column <= 80);
	}
	assert_true(lines_count <= 60);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(strstr(tt_capture_help, names[i]));
}

static void help_is_asked_for(void **state)
{
	struct tt_capture_options options;

	(void)state;

	assert_int_equal(parse_line("--help", &options, NULL), 0);
	assert_true(options.wants_help);
	assert_int_equal(parse_line("-h", &options, NULL), 0);
	assert_true(options.wants_help);
	/* Who asks for it does not know yet what goes with what. */
	assert_int_equal(parse_line("--rotate-size 64M --help", &options, NULL), 0);
	assert_true(options.wants_help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_take_everything_that_is_sound),
		cmocka_unit_test(every_option_is_taken_in),
		cmocka_unit_test(every_option_of_traces_is_taken_in),
		cmocka_unit_test(number_in_a_name_asks_for_new_files),
		cmocka_unit_test(as_many_traces_as_a_receiver_has_outputs),
		cmocka_unit_test(interface_named_twice_is_wanted_once),
		cmocka_unit_test(wrong_lines_get_their_sentence),
		cmocka_unit_test(every_letter_of_tcpdump_is_refused_with_its_equivalent),
		cmocka_unit_test(expression_has_room_and_no_more),
		cmocka_unit_test(no_more_interfaces_than_a_receiver_takes),
		cmocka_unit_test(help_fits_a_screen_and_names_every_option),
		cmocka_unit_test(help_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
