/* SPDX-License-Identifier: MIT */

/*
 * A trace for each port or interface
 *
 * Real files in a temporary folder, which are read back. Interfaces have the names that a
 * test gives them. After each step the account must add up, and when all is written out,
 * exactly: given == written + dropped, written being what is in the files.
 */

#include "trace/split.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "capture/file.h"
#include "decode/decode.h"
#include "tests/support/packets.h"
#include "tests/support/test_folder.h"
#include "tests/unit/cmocka_all.h"

enum {
	PACKET_BYTES = 64,
	DATAGRAMS_MAX = 64,
	NAMES_MAX = 16,
	LOG_BYTES = 512,
	DESCRIPTORS_WANTED = 4096,
};

static struct {
	struct tt_test_folder folder;
	char path[TT_TEST_PATH_BYTES + 512];
	struct tt_trace_config config;
	struct tt_ports ports;
	const char *names[NAMES_MAX]; /* of interfaces, from 1 on; NULL: nobody knows it */
	struct tt_sink *split;
	uint8_t packets[DATAGRAMS_MAX][PACKET_BYTES];
	struct tt_datagram datagrams[DATAGRAMS_MAX];
	size_t datagrams_count;
} lab;

static bool find_interface(void *context, uint32_t interface_index,
			   struct tt_interface *ret_interface)
{
	(void)context;
	*ret_interface = (struct tt_interface){ 0 };
	if (interface_index >= NAMES_MAX || !lab.names[interface_index])
		return false;
	(void)snprintf(ret_interface->name, sizeof(ret_interface->name), "%s",
		       lab.names[interface_index]);
	ret_interface->kernel_index = interface_index;
	return true;
}

static int set_up(void **state)
{
	(void)state;
	memset(&lab, 0, sizeof(lab));
	tt_test_folder_init(&lab.folder);
	lab.config = (struct tt_trace_config){
		.store = { .find_end = tt_trace_find_end },
		.find_interface = find_interface,
	};
	assert_int_equal(tt_ports_parse(NULL, &lab.ports, NULL), 0);
	lab.names[1] = "eth0";
	lab.names[2] = "br-lan.5";
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tt_test_folder_deinit(&lab.folder);
	return 0;
}

static void want(const char *ports)
{
	assert_int_equal(tt_ports_parse(ports, &lab.ports, NULL), 0);
}

static void make(const char *name, bool source_only)
{
	struct tt_error error = TT_ERROR_INIT;

	assert_true(tt_split_is_wanted(name));
	(void)snprintf(lab.path, sizeof(lab.path), "%s/%s", lab.folder.path, name);
	lab.config.store.path = lab.path;
	assert_int_equal(tt_split_new(&lab.split, &lab.config, &lab.ports, source_only, &error), 0);
	memset(lab.path, 'x', sizeof(lab.path) - 1); /* it was copied */
	lab.split->verdicts = TT_VERDICT_ALL;
}

static void check_account(bool is_exact)
{
	const struct tt_sink_counters *counters = &lab.split->counters;

	if (is_exact)
		assert_int_equal(counters->given, counters->written + counters->dropped);
	else
		assert_true(counters->given >= counters->written + counters->dropped);
}

static void finish(void)
{
	assert_int_equal(lab.split->ops->flush(lab.split, true), 0);
	check_account(true);
	assert_int_equal(lab.split->counters.dropped, 0);
	lab.split->ops->free(lab.split);
}

/* A datagram for the next run. */
static void add(uint16_t source_port, uint16_t destination_port, uint32_t interface_index)
{
	struct tt_packet_spec spec = { .version = 4,
				       .source_port = source_port,
				       .destination_port = destination_port };
	uint8_t *packet = lab.packets[lab.datagrams_count];
	size_t bytes = tt_packet_build(&spec, packet, PACKET_BYTES);
	struct tt_frame frame = tt_packet_frame(4, packet, bytes, bytes);

	assert_true(lab.datagrams_count < DATAGRAMS_MAX);
	frame.interface_index = interface_index;
	tt_decode_frame(&frame, &lab.datagrams[lab.datagrams_count++]);
}

/* Gives what was added as one run. */
static int give(uint64_t dropped_before)
{
	struct tt_run run = { .datagrams = lab.datagrams,
			      .count = lab.datagrams_count,
			      .dropped_before = dropped_before };
	uint64_t given = lab.split->counters.given + lab.datagrams_count;
	int r;

	lab.datagrams_count = 0;
	r = lab.split->ops->take(lab.split, &run);
	assert_int_equal(lab.split->counters.given, given);
	check_account(r != 0);
	return r;
}

static void put(uint16_t source_port, uint16_t destination_port, uint32_t interface_index)
{
	add(source_port, destination_port, interface_index);
	assert_int_equal(give(0), 0);
}

/* The ports of what is in a file, "40000>53 ", with "(5)" in front of what was lost before. */
static size_t read_file(const char *name, char log[static LOG_BYTES])
{
	const char *path = tt_test_folder_path(&lab.folder, name);
	struct tt_interfaces interfaces = { 0 };
	struct tt_file_source_opts opts = { .paths = &path,
					    .paths_count = 1,
					    .interfaces = &interfaces };
	struct tt_error error = TT_ERROR_INIT;
	static struct tt_frame_batch batch;
	struct tt_source *source;
	size_t count = 0, length = 0;
	int r;

	log[0] = '\0';
	if (tt_file_source_new(&source, &opts, &error) < 0)
		fail_msg("%s", error.message);
	while ((r = source->ops->next(source, &batch)) == 0) {
		for (size_t i = 0; i < batch.frames_count; i++) {
			struct tt_datagram datagram;

			tt_decode_frame(&batch.frames[i], &datagram);
			if (i == 0 && batch.dropped_before > 0)
				length += (size_t)snprintf(log + length, LOG_BYTES - length, "(%u)",
							   (unsigned)batch.dropped_before);
			if (length < LOG_BYTES)
				length += (size_t)snprintf(log + length, LOG_BYTES - length,
							   "%u>%u ",
							   tt_address_port(&datagram.source),
							   tt_address_port(&datagram.destination));
		}
		count += batch.frames_count;
	}
	assert_int_equal(r, TT_STOP);
	source->ops->free(source);
	tt_interfaces_deinit(&interfaces);
	return count;
}

static void check_file(const char *name, const char *expected)
{
	char log[LOG_BYTES];

	(void)read_file(name, log);
	assert_string_equal(log, expected);
}

/* -------------------------------------------------------------------------------- names */

static void only_names_ask_for_it(void **state)
{
	(void)state;
	assert_true(tt_split_is_wanted("%p"));
	assert_true(tt_split_is_wanted("a-%i.pcap"));
	assert_true(tt_split_is_wanted("/tmp/%Y%p"));
	assert_true(tt_split_is_wanted("a%%%p"));
	assert_false(tt_split_is_wanted("a%%p"));
	assert_false(tt_split_is_wanted("p%N%Y%h"));
	assert_false(tt_split_is_wanted("100%"));
	assert_false(tt_split_is_wanted("%p/a.pcap")); /* the folder's part is not a pattern */
	assert_false(tt_split_is_wanted("%"));
	assert_false(tt_split_is_wanted("-"));
	assert_false(tt_split_is_wanted(""));
}

static void each_port_has_its_file(void **state)
{
	(void)state;
	make("a-%p.pcap", false);
	assert_string_equal(tt_test_folder_list(&lab.folder), ""); /* nothing is opened yet */
	put(40000, 53, 1);
	put(40001, 65535, 1);
	put(40002, 53, 2);
	put(40003, 0xffff, 0);
	finish();
	assert_string_equal(tt_test_folder_list(&lab.folder), "a-53.pcap\na-65535.pcap\n");
	check_file("a-53.pcap", "40000>53 40002>53 ");
	check_file("a-65535.pcap", "40001>65535 40003>65535 ");
}

static void each_interface_has_its_file(void **state)
{
	(void)state;
	make("%i.pcapng", false);
	put(1, 53, 1);
	put(2, 54, 2);
	put(3, 55, 1);
	put(4, 56, 7);
	put(5, 57, 0);
	finish();
	assert_string_equal(tt_test_folder_list(&lab.folder),
			    "br-lan.5.pcapng\neth0.pcapng\nunknown.pcapng\n");
	check_file("eth0.pcapng", "1>53 3>55 ");
	check_file("br-lan.5.pcapng", "2>54 ");
	check_file("unknown.pcapng", "4>56 5>57 ");
}

static void a_name_may_ask_for_both_and_have_other_conversions(void **state)
{
	(void)state;
	make("%%%i-%p-%p%%.pcap", false);
	put(1, 53, 1);
	put(2, 54, 1);
	put(3, 53, 2);
	finish();
	assert_string_equal(tt_test_folder_list(&lab.folder),
			    "%br-lan.5-53-53%.pcap\n%eth0-53-53%.pcap\n%eth0-54-54%.pcap\n");
	check_file("%eth0-53-53%.pcap", "1>53 ");
}

static void interfaces_of_one_name_share_a_file(void **state)
{
	(void)state;
	lab.names[3] = "eth0"; /* of another host, whose trace is read behind the first */
	lab.names[4] = "";
	make("%i-%p.pcap", false);
	for (uint16_t round = 0; round < 2; round++) {
		put(1, 53, 1);
		put(2, 53, 3);
		put(3, 53, 0);
		put(4, 53, 4);
		put(5, 53, 9);
	}
	finish();
	assert_string_equal(tt_test_folder_list(&lab.folder), "eth0-53.pcap\nunknown-53.pcap\n");
	check_file("eth0-53.pcap", "1>53 2>53 1>53 2>53 ");
	check_file("unknown-53.pcap", "3>53 4>53 5>53 3>53 4>53 5>53 ");
}

static void any_number_of_interfaces_may_share_a_file(void **state)
{
	enum {
		MANY = 5000, /* more than a table of any sense has room for */
	};
	char log[LOG_BYTES];

	(void)state;
	make("%i.pcap", false);
	for (uint32_t i = 0; i < MANY; i++)
		put(1, 53, 100 + i);
	finish();
	assert_string_equal(tt_test_folder_list(&lab.folder), "unknown.pcap\n");
	assert_int_equal(read_file("unknown.pcap", log), MANY);
}

static void a_hostile_name_leads_nowhere_else(void **state)
{
	static const struct {
		const char *name, *file;
	} cases[] = {
		{ "../../etc/passwd", "%2e.%2f..%2fetc%2fpasswd.pcap\n" },
		{ "/", "%2f.pcap\n" },
		{ ".", "%2e.pcap\n" },
		{ "..", "%2e..pcap\n" },
		{ ".hidden", "%2ehidden.pcap\n" },
		{ "a.b", "a.b.pcap\n" },
		{ "100%N%p%", "100%25N%25p%25.pcap\n" },
		{ "a b\n\x1b[2J\x7f", "a%20b%0a%1b%5b2J%7f.pcap\n" },
		{ "\xc3\xa4\xff", "%c3%a4%ff.pcap\n" },
		{ "-rf", "-rf.pcap\n" },
		{ "a*?\\'\"", "a%2a%3f%5c%27%22.pcap\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lab.names[1] = cases[i].name;
		make("%i.pcap", false);
		put(1, 53, 1);
		finish();
		assert_string_equal(tt_test_folder_list(&lab.folder), cases[i].file);
		tt_test_folder_deinit(&lab.folder);
		tt_test_folder_init(&lab.folder);
	}
}

static void a_name_that_is_too_long_is_said_so(void **state)
{
	static char name[TT_INTERFACE_NAME_BYTES];

	(void)state;
	memset(name, '/', sizeof(name) - 1); /* three characters each */
	lab.names[1] = name;
	make("%i.pcap", false);
	put(1, 53, 2);
	add(1, 53, 1);
	assert_int_equal(give(0), -EINVAL); /* the pattern's word for it */
	assert_non_null(strstr(lab.split->error.message, "it becomes longer than 255 bytes"));
	assert_int_equal(lab.split->counters.dropped, 1);
	lab.split->ops->free(lab.split);
	check_file("br-lan.5.pcap", "1>53 ");
}

/* ---------------------------------------------------------------------- which port decides */

static void the_port_that_is_wanted_decides(void **state)
{
	(void)state;
	want("53,123");
	make("%p.pcap", false);
	put(40000, 53, 1); /* a question */
	put(53, 40000, 1); /* its answer */
	put(123, 123, 1);  /* both */
	put(53, 123, 1);   /* both wanted: the one asked */
	put(123, 40000, 1);
	put(7, 8, 1); /* neither: a fragment's first, say; the source's */
	finish();
	assert_string_equal(tt_test_folder_list(&lab.folder), "123.pcap\n53.pcap\n7.pcap\n");
	check_file("53.pcap", "40000>53 53>40000 ");
	check_file("123.pcap", "123>123 53>123 123>40000 ");
}

static void of_the_source_only_the_source_decides(void **state)
{
	(void)state;
	want("53");
	make("%p.pcap", true);
	put(53, 40000, 1);
	put(40000, 53, 1);
	finish();
	assert_string_equal(tt_test_folder_list(&lab.folder), "40000.pcap\n53.pcap\n");
}

static void without_ports_it_is_0(void **state)
{
	struct tt_frame frame = { .version = 0 };

	(void)state;
	make("%p.pcapng", false);
	lab.config.store.path = NULL; /* the split has its own copy */
	add(1, 53, 1);
	frame = tt_packet_frame(4, lab.packets[0], 10, 28);
	tt_decode_frame(&frame, &lab.datagrams[0]);
	assert_int_equal(lab.datagrams[0].verdict, TT_VERDICT_TRUNCATED);
	assert_int_equal(give(0), 0);
	finish();
	assert_string_equal(tt_test_folder_list(&lab.folder), "0.pcapng\n");
}

static void a_run_is_parted_and_each_keeps_its_order(void **state)
{
	(void)state;
	make("%p.pcapng", false);
	for (uint16_t i = 0; i < 4; i++)
		add((uint16_t)(1 + i), 53, 1);
	for (uint16_t i = 0; i < 3; i++)
		add((uint16_t)(11 + i), 80, 1);
	add(5, 53, 1);
	add(14, 80, 1);
	assert_int_equal(give(9), 0);
	add(15, 80, 1);
	assert_int_equal(give(2), 0);
	finish();
	/* A loss is told once, in front of the first. */
	check_file("53.pcapng", "(9)1>53 2>53 3>53 4>53 5>53 ");
	check_file("80.pcapng", "11>80 12>80 13>80 14>80 (2)15>80 ");
}

/* ----------------------------------------------------------------------------- accounts */

static void counters_are_the_sum_of_all_files(void **state)
{
	const struct tt_sink_counters *counters;

	(void)state;
	lab.config.is_unbuffered = true;
	make("%p.pcap", false);
	counters = &lab.split->counters;
	for (uint16_t i = 0; i < 40; i++)
		add(1, (uint16_t)(50 + i % 3), 1);
	assert_int_equal(give(0), 0);
	assert_int_equal(counters->written, 0); /* it lies in buffers */
	assert_int_equal(lab.split->ops->flush(lab.split, false), 0);
	check_account(true);
	assert_int_equal(counters->written, 40);
	put(1, 51, 1);
	assert_int_equal(lab.split->ops->flush(lab.split, true), 0);
	assert_int_equal(counters->written, 41);
	assert_int_equal(counters->dropped, 0);
	assert_int_equal(counters->bytes, tt_test_folder_sum(&lab.folder));
	lab.split->ops->free(lab.split);
}

static void what_is_dropped_is_counted_so(void **state)
{
	(void)state;
	make("%p.pcap", false);
	put(1, 53, 1);
	put(1, 54, 1);
	lab.split->ops->drop(lab.split);
	check_account(true);
	assert_int_equal(lab.split->counters.dropped, 2);
	put(2, 54, 1);
	assert_int_equal(lab.split->ops->flush(lab.split, true), 0);
	check_account(true);
	assert_int_equal(lab.split->counters.written, 1);
	lab.split->ops->free(lab.split);
	check_file("54.pcap", "2>54 ");
}

static void each_trace_is_attended_and_rotated(void **state)
{
	int64_t now_ns = tt_clock_now_ns();

	(void)state;
	lab.config.store.is_rotated = true;
	make("%p.pcap", false);
	put(1, 53, 1);
	put(2, 54, 1);
	assert_int_equal(lab.split->ops->attend(lab.split, now_ns), 0);
	assert_int_equal(lab.split->ops->attend(lab.split, now_ns + 10 * TT_NS_PER_S), 0);
	check_account(true); /* nothing stays buffered for long */
	assert_int_equal(lab.split->counters.written, 2);
	assert_int_equal(lab.split->ops->rotate(lab.split), 0);
	put(3, 53, 1);
	finish();
	check_file("53-000001.pcap", "1>53 ");
	check_file("53-000002.pcap", "3>53 ");
	check_file("54-000001.pcap", "2>54 ");
}

/* ----------------------------------------------------------------------------- failures */

static void a_file_that_is_there_ends_it_and_the_others_are_whole(void **state)
{
	(void)state;
	tt_test_folder_put(&lab.folder, "54.pcap", 10, 0);
	make("%p.pcap", false);
	put(1, 53, 1);
	put(1, 55, 1);
	add(2, 53, 1);
	add(2, 54, 1);
	add(3, 54, 1);
	add(3, 53, 1);
	assert_int_equal(give(0), -EEXIST); /* give() has the account be exact then */
	assert_int_equal(lab.split->error.code, -EEXIST);
	assert_non_null(strstr(lab.split->error.message, "54.pcap"));
	assert_int_equal(lab.split->counters.written, 3);
	assert_int_equal(lab.split->counters.dropped, 3);

	add(4, 53, 1);
	assert_int_equal(give(0), TT_STOP);
	assert_int_equal(lab.split->counters.dropped, 4);
	lab.split->ops->free(lab.split);
	check_file("53.pcap", "1>53 2>53 ");
	check_file("55.pcap", "1>55 ");
	assert_int_equal(tt_test_folder_bytes(&lab.folder, "54.pcap"), 10);
}

static void a_disk_that_is_full_for_one_ends_all(void **state)
{
	char path[TT_TEST_PATH_BYTES + 16];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/54.pcap", lab.folder.path);
	assert_int_equal(symlink("/dev/full", path), 0);
	make("%p.pcap", false);
	put(1, 53, 1);
	add(1, 54, 1);
	if (give(0) == 0)
		assert_int_equal(lab.split->ops->flush(lab.split, true), -ENOSPC);
	check_account(true);
	assert_int_equal(lab.split->error.code, -ENOSPC);
	assert_int_equal(lab.split->counters.written, 1);
	assert_int_equal(lab.split->counters.dropped, 1);
	lab.split->ops->free(lab.split);
	check_file("53.pcap", "1>53 ");
}

static void what_is_wrong_with_a_pattern_is_told_with_the_first(void **state)
{
	(void)state;
	make("%p-%Q.pcap", false);
	add(1, 53, 1);
	assert_int_equal(give(0), -EINVAL);
	assert_non_null(strstr(lab.split->error.message, "%Q"));
	lab.split->ops->free(lab.split);
}

static bool can_open_many(void)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return limit.rlim_cur == DESCRIPTORS_WANTED;
}

static void there_are_so_many_files_and_no_more(void **state)
{
	(void)state;
	if (!can_open_many())
		skip();
	make("%p.pcap", false);
	for (int i = 0; i < TT_SPLIT_TRACES_MAX; i++)
		put(1, (uint16_t)(10000 + i), 1);
	put(2, 10000, 1); /* one that is open is no more */
	add(1, 9999, 1);
	assert_int_equal(give(0), -EMFILE);
	assert_non_null(
		strstr(lab.split->error.message, "more than 1000 files at once: take fewer ports"));
	assert_int_equal(lab.split->counters.written, TT_SPLIT_TRACES_MAX + 1);
	assert_int_equal(lab.split->counters.dropped, 1);
	lab.split->ops->free(lab.split);
	check_file("10000.pcap", "1>10000 2>10000 ");
	check_file("10999.pcap", "1>10999 ");
}

#define SPLIT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_names_ask_for_it),
		SPLIT_TEST(each_port_has_its_file),
		SPLIT_TEST(each_interface_has_its_file),
		SPLIT_TEST(a_name_may_ask_for_both_and_have_other_conversions),
		SPLIT_TEST(interfaces_of_one_name_share_a_file),
		SPLIT_TEST(any_number_of_interfaces_may_share_a_file),
		SPLIT_TEST(a_hostile_name_leads_nowhere_else),
		SPLIT_TEST(a_name_that_is_too_long_is_said_so),
		SPLIT_TEST(the_port_that_is_wanted_decides),
		SPLIT_TEST(of_the_source_only_the_source_decides),
		SPLIT_TEST(without_ports_it_is_0),
		SPLIT_TEST(a_run_is_parted_and_each_keeps_its_order),
		SPLIT_TEST(counters_are_the_sum_of_all_files),
		SPLIT_TEST(what_is_dropped_is_counted_so),
		SPLIT_TEST(each_trace_is_attended_and_rotated),
		SPLIT_TEST(a_file_that_is_there_ends_it_and_the_others_are_whole),
		SPLIT_TEST(a_disk_that_is_full_for_one_ends_all),
		SPLIT_TEST(what_is_wrong_with_a_pattern_is_told_with_the_first),
		SPLIT_TEST(there_are_so_many_files_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
