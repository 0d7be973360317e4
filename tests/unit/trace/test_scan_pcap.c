/* SPDX-License-Identifier: MIT */

/*
 * The records of pcap files
 *
 * Files made by hand, in both byte orders, at every truncation, before an unreadable page.
 * Not covered: real files, which a test of corpora reads.
 */

#include "trace/scan_pcap.h"

#include <errno.h>
#include <string.h>

#include "tests/support/guard.h"
#include "tests/support/trace_image.h"
#include "tests/unit/cmocka_all.h"
#include "trace/pcapng.h"

enum {
	RECORDS_MAX = 16,
	FILE_HEADER_BYTES = 24,
	LINK_TYPE_OFFSET = 20,
};

/* All that a window gave, and how that ended. */
struct outcome {
	size_t records_count;
	struct tt_record records[RECORDS_MAX];
	uint32_t link_types[RECORDS_MAX];
	size_t offset; /* where it ended */
	size_t needed_bytes;
	int status;
	struct tt_error error;
};

static struct tt_trace_image image;
static const uint8_t packet[] = "\x45packet bytes";

static struct tt_view bytes_of(size_t bytes_count)
{
	return (struct tt_view){ .bytes = packet, .bytes_count = bytes_count };
}

static void scan_all(struct tt_view window, struct outcome *ret)
{
	struct tt_record *record = ret->records;
	struct tt_scan scan;

	*ret = (struct outcome){ 0 };
	tt_scan_init(&scan);
	for (;;) {
		assert_true(ret->records_count < RECORDS_MAX);
		ret->status = tt_scan_next(&scan, window, &ret->offset, record, &ret->error);
		if (ret->status != 0)
			break;
		ret->link_types[ret->records_count++] = record->interface->link_type;
		ret->offset = record->end_offset;
		record++;
	}
	ret->needed_bytes = scan.needed_bytes;
	tt_scan_deinit(&scan);
}

/* Three records, of 14, 0 and 4 bytes. */
static void put_file(uint32_t magic, bool is_big_endian)
{
	tt_trace_image_init(&image, is_big_endian);
	tt_trace_image_put_pcap(&image, magic, TT_LINKTYPE_RAW);
	tt_trace_image_put_record(&image, 1, 999999, bytes_of(14), 100);
	tt_trace_image_put_record(&image, 4294967295, 0, bytes_of(0), 0);
	tt_trace_image_put_record(&image, 0, 1, bytes_of(4), 3);
}

static void assert_refused(const char *words)
{
	struct outcome outcome;

	scan_all(tt_trace_image_view(&image), &outcome);
	assert_int_equal(outcome.status, -EBADMSG);
	assert_int_equal(outcome.error.code, -EBADMSG);
	if (!strstr(outcome.error.message, words))
		fail_msg("\"%s\" does not say \"%s\"", outcome.error.message, words);
}

static void both_byte_orders_and_both_units_of_time_are_read(void **state)
{
	static const struct {
		uint32_t magic;
		int64_t fraction_ns;
	} magics[] = { { TT_PCAP_MAGIC_US, 1000 }, { TT_PCAP_MAGIC_NS, 1 } };

	(void)state;

	for (size_t i = 0; i < 4; i++) {
		int64_t fraction_ns = magics[i / 2].fraction_ns;
		struct outcome outcome;

		put_file(magics[i / 2].magic, i % 2 != 0);
		scan_all(tt_trace_image_view(&image), &outcome);
		assert_int_equal(outcome.status, TT_EMPTY);
		assert_int_equal(outcome.offset, image.bytes_count);
		assert_int_equal(outcome.records_count, 3);

		assert_int_equal(outcome.records[0].time_ns, 1000000000 + 999999 * fraction_ns);
		assert_int_equal(outcome.records[0].bytes.bytes_count, 14);
		assert_memory_equal(outcome.records[0].bytes.bytes, packet, 14);
		assert_int_equal(outcome.records[0].wire_bytes, 100);
		assert_int_equal(outcome.link_types[0], TT_LINKTYPE_RAW);
		assert_int_equal(outcome.records[1].time_ns, INT64_C(4294967295000000000));
		assert_int_equal(outcome.records[1].bytes.bytes_count, 0);
		assert_int_equal(outcome.records[2].time_ns, fraction_ns);
		assert_int_equal(outcome.records[2].wire_bytes, 4); /* not less than captured */
	}
}

static void every_truncation_gives_what_is_before_it_and_asks_for_more(void **state)
{
	static const size_t ends[] = { 24, 24 + 30, 24 + 30 + 16, 24 + 30 + 16 + 20 };
	struct tt_guard guard;

	(void)state;

	tt_guard_init(&guard, 256);
	put_file(TT_PCAP_MAGIC_US, true);
	assert_int_equal(image.bytes_count, ends[3]);
	for (size_t length = 0; length < image.bytes_count; length++) {
		struct tt_view window = { .bytes = tt_guard_copy(&guard, image.bytes, length),
					  .bytes_count = length };
		struct outcome outcome;
		size_t whole = 0;

		while (ends[whole] <= length)
			whole++;
		scan_all(window, &outcome);
		assert_int_equal(outcome.status, TT_EMPTY);
		assert_int_equal(outcome.records_count, whole == 0 ? 0 : whole - 1);
		assert_int_equal(outcome.offset, whole == 0 ? 0 : ends[whole - 1]);
		assert_true(outcome.offset + outcome.needed_bytes > length);
		assert_true(outcome.offset + outcome.needed_bytes <= ends[whole]);
	}
	tt_guard_deinit(&guard);
}

static void modified_records_have_eight_bytes_more(void **state)
{
	struct outcome outcome;

	(void)state;

	tt_trace_image_init(&image, false);
	tt_trace_image_put_pcap(&image, TT_PCAP_MAGIC_MODIFIED, TT_LINKTYPE_ETHERNET);
	for (uint32_t i = 0; i < 2; i++) {
		tt_trace_image_put_record(&image, 5, 6, bytes_of(0), 9);
		tt_trace_image_set_u32(&image, image.bytes_count - 8, 7);
		tt_trace_image_put_u64(&image, UINT64_MAX); /* interface, protocol, type */
		tt_trace_image_put(&image, packet, 7);
	}
	scan_all(tt_trace_image_view(&image), &outcome);
	assert_int_equal(outcome.status, TT_EMPTY);
	assert_int_equal(outcome.records_count, 2);
	assert_int_equal(outcome.records[1].bytes.bytes_count, 7);
	assert_memory_equal(outcome.records[1].bytes.bytes, packet, 7);
	assert_int_equal(outcome.records[1].time_ns, 5000006000);
}

static void set_version(uint16_t major, uint16_t minor)
{
	size_t bytes_count = image.bytes_count;

	image.bytes_count = 4;
	tt_trace_image_put_u16(&image, major);
	tt_trace_image_put_u16(&image, minor);
	image.bytes_count = bytes_count;
}

static void old_versions_have_the_lengths_in_the_other_order(void **state)
{
	static const struct {
		uint16_t major, minor;
		bool is_swapped, is_swapped_when_larger;
	} versions[] = {
		{ 2, 0, true, true },  { 2, 2, true, true },   { 543, 0, true, true },
		{ 2, 3, false, true }, { 2, 4, false, false },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct outcome outcome;

		tt_trace_image_init(&image, false);
		tt_trace_image_put_pcap(&image, TT_PCAP_MAGIC_US, TT_LINKTYPE_RAW);
		set_version(versions[i].major, versions[i].minor);
		tt_trace_image_put_record(&image, 0, 0, bytes_of(8), 4); /* says 8, then 4 */
		scan_all(tt_trace_image_view(&image), &outcome);
		assert_int_equal(outcome.records[0].bytes.bytes_count,
				 versions[i].is_swapped_when_larger ? 4 : 8);
		assert_int_equal(outcome.records[0].wire_bytes, 8);

		image.bytes_count = FILE_HEADER_BYTES;
		tt_trace_image_put_record(&image, 0, 0, bytes_of(4), 8);
		tt_trace_image_put(&image, packet, 4);
		scan_all(tt_trace_image_view(&image), &outcome);
		assert_int_equal(outcome.records[0].bytes.bytes_count,
				 versions[i].is_swapped ? 8 : 4);
	}
}

static void what_no_pcap_file_is_is_refused_in_words(void **state)
{
	static const struct {
		const char *bytes;
		const char *words;
	} heads[] = {
		{ "\x1f\x8b\x08\x00",
		  "compressed: unpack it first (gzip -dc FILE | twintap read -)" },
		{ "\x28\xb5\x2f\xfd",
		  "compressed: unpack it first (zstd -dc FILE | twintap read -)" },
		{ "\x7f"
		  "ELF",
		  "no trace: it begins with 7f 45 4c 46" },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		tt_trace_image_init(&image, false);
		tt_trace_image_put(&image, heads[i].bytes, 4);
		assert_refused(heads[i].words);
	}
	for (uint16_t i = 0; i < 3; i++) {
		static const uint16_t versions[][2] = { { 2, 5 }, { 1, 2 }, { 543, 1 } };

		put_file(TT_PCAP_MAGIC_US, false);
		set_version(versions[i][0], versions[i][1]);
		assert_refused("a pcap file of version");
	}
}

static void a_record_that_claims_too_much_is_a_lie_at_its_offset(void **state)
{
	struct outcome outcome;

	(void)state;

	put_file(TT_PCAP_MAGIC_US, false);
	tt_trace_image_set_u32(&image, 24 + 30 + 8, TT_SCAN_PCAP_CAPTURED_MAX + 1);
	scan_all(tt_trace_image_view(&image), &outcome);
	assert_int_equal(outcome.status, -EBADMSG);
	assert_int_equal(outcome.records_count, 1);
	assert_int_equal(outcome.offset, 24 + 30);
	assert_string_equal(outcome.error.message,
			    "a record says it has 327681 bytes: 327680 are the most that are "
			    "believed");

	/* As much as is believed is waited for. */
	tt_trace_image_set_u32(&image, 24 + 30 + 8, TT_SCAN_PCAP_CAPTURED_MAX);
	scan_all(tt_trace_image_view(&image), &outcome);
	assert_int_equal(outcome.status, TT_EMPTY);
	assert_int_equal(outcome.needed_bytes, TT_SCAN_PCAP_CAPTURED_MAX + 16);
}

static void what_else_the_field_of_the_link_type_says_is_left_out(void **state)
{
	struct outcome outcome;

	(void)state;

	put_file(TT_PCAP_MAGIC_US, true);
	tt_trace_image_set_u32(&image, LINK_TYPE_OFFSET, 0x24000000 | TT_LINKTYPE_LINUX_SLL2);
	scan_all(tt_trace_image_view(&image), &outcome);
	assert_int_equal(outcome.link_types[0], TT_LINKTYPE_LINUX_SLL2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_byte_orders_and_both_units_of_time_are_read),
		cmocka_unit_test(every_truncation_gives_what_is_before_it_and_asks_for_more),
		cmocka_unit_test(modified_records_have_eight_bytes_more),
		cmocka_unit_test(old_versions_have_the_lengths_in_the_other_order),
		cmocka_unit_test(what_no_pcap_file_is_is_refused_in_words),
		cmocka_unit_test(a_record_that_claims_too_much_is_a_lie_at_its_offset),
		cmocka_unit_test(what_else_the_field_of_the_link_type_says_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
