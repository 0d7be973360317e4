/* SPDX-License-Identifier: MIT */

/*
 * The records of pcapng files
 *
 * Files made by hand, in both byte orders, at every truncation, before an unreadable page.
 * Not covered: real files, which a test of corpora reads.
 */

#include "trace/scan_pcapng.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "tests/support/guard.h"
#include "tests/support/trace_image.h"
#include "tests/unit/cmocka_all.h"
#include "trace/pcapng.h"

enum {
	RECORDS_MAX = 16,
	BLOCKS_MAX = 32,
	BLOCK_SECRETS = 10,
	BLOCK_CUSTOM = 0xbad,
	CAPTURED_OFFSET = 20, /* in an enhanced block */
	DATA_OFFSET = 28,
};

struct outcome {
	size_t records_count;
	struct tt_record records[RECORDS_MAX];
	struct tt_record_interface interfaces[RECORDS_MAX];
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
	struct tt_scan scan;

	*ret = (struct outcome){ 0 };
	tt_scan_init(&scan);
	for (;;) {
		struct tt_record *record = &ret->records[ret->records_count];

		assert_true(ret->records_count < RECORDS_MAX);
		ret->status = tt_scan_next(&scan, window, &ret->offset, record, &ret->error);
		if (ret->status != 0)
			break;
		ret->interfaces[ret->records_count++] = *record->interface;
		ret->offset = record->end_offset;
	}
	ret->needed_bytes = scan.needed_bytes;
	tt_scan_deinit(&scan);
}

static void begin(bool is_big_endian, uint16_t link_type, uint32_t snap_bytes, uint8_t resolution)
{
	tt_trace_image_init(&image, is_big_endian);
	(void)tt_trace_image_put_section(&image);
	(void)tt_trace_image_put_interface(&image, link_type, snap_bytes, "eth0", resolution);
}

static void assert_refused_at(size_t offset, size_t records_count, const char *words)
{
	struct outcome outcome;

	scan_all(tt_trace_image_view(&image), &outcome);
	assert_int_equal(outcome.status, -EBADMSG);
	assert_int_equal(outcome.offset, offset);
	assert_int_equal(outcome.records_count, records_count);
	if (!strstr(outcome.error.message, words))
		fail_msg("\"%s\" does not say \"%s\"", outcome.error.message, words);
}

static void put_skipped(uint32_t type)
{
	size_t block_offset = tt_trace_image_begin(&image, type);

	tt_trace_image_put(&image, packet, 12);
	tt_trace_image_end(&image, block_offset);
}

static void put_simple(uint32_t wire_bytes, size_t captured_bytes)
{
	size_t block_offset = tt_trace_image_begin(&image, TT_PCAPNG_BLOCK_SIMPLE);

	tt_trace_image_put_u32(&image, wire_bytes);
	tt_trace_image_put(&image, packet, captured_bytes);
	tt_trace_image_put(&image, "\0\0\0", (4 - captured_bytes % 4) % 4);
	tt_trace_image_end(&image, block_offset);
}

static void put_obsolete(uint16_t interface_index, uint16_t dropped)
{
	size_t block_offset = tt_trace_image_begin(&image, TT_PCAPNG_BLOCK_PACKET_OLD);

	tt_trace_image_put_u16(&image, interface_index);
	tt_trace_image_put_u16(&image, dropped);
	tt_trace_image_put_u32(&image, 0);
	tt_trace_image_put_u32(&image, 77);
	tt_trace_image_put_u32(&image, 4);
	tt_trace_image_put_u32(&image, 40);
	tt_trace_image_put(&image, packet, 4);
	tt_trace_image_put_option_u32(&image, TT_PCAPNG_PACKET_FLAGS, 0x1f);
	/* A hash, in obsolete blocks: no count of what was dropped. */
	tt_trace_image_put_option_u64(&image, TT_PCAPNG_PACKET_DROPCOUNT, 99);
	tt_trace_image_end(&image, block_offset);
}

/* Every kind of block, two sections of different orders; returns how many ends @ret_ends got. */
static size_t put_all_kinds(bool is_big_endian, size_t *ret_ends, bool *ret_are_records)
{
	size_t count = 0;
	size_t block_offset;

	tt_trace_image_init(&image, is_big_endian);
#define BLOCK(is_record, put)                         \
	do {                                          \
		put;                                  \
		ret_ends[count] = image.bytes_count;  \
		ret_are_records[count++] = is_record; \
	} while (0)
	for (size_t turn = 0; turn < 2; turn++) {
		image.is_big_endian = is_big_endian == (turn == 0);
		BLOCK(false, (void)tt_trace_image_put_section(&image));
		BLOCK(false,
		      (void)tt_trace_image_put_interface(&image, TT_LINKTYPE_RAW, 10, "eth0", 9));
		BLOCK(true, (void)tt_trace_image_put_packet(&image, 0, 12345, bytes_of(13), 20));
		BLOCK(false, put_skipped(TT_PCAPNG_BLOCK_NAMES));
		BLOCK(false, put_skipped(TT_PCAPNG_BLOCK_STATISTICS));
		BLOCK(false, put_skipped(BLOCK_SECRETS));
		BLOCK(false, put_skipped(BLOCK_CUSTOM));
		BLOCK(true, put_simple(13, 10));
		BLOCK(true, put_obsolete(0, 3));
		block_offset = tt_trace_image_begin_packet(&image, 0, 1, bytes_of(1), 1);
		tt_trace_image_put_option_u32(&image, TT_PCAPNG_PACKET_FLAGS, 0x602);
		tt_trace_image_put_option_u64(&image, TT_PCAPNG_PACKET_DROPCOUNT,
					      UINT64_C(0x1122334455667788));
		tt_trace_image_put_option(&image, TT_PCAPNG_OPTION_END, NULL, 0);
		BLOCK(true, tt_trace_image_end(&image, block_offset));
	}
#undef BLOCK
	return count;
}

static void every_kind_of_block_is_read_or_walked_over_in_either_order(void **state)
{
	size_t ends[BLOCKS_MAX];
	bool are_records[BLOCKS_MAX];

	(void)state;

	for (int order = 0; order < 2; order++) {
		struct outcome outcome;

		(void)put_all_kinds(order != 0, ends, are_records);
		scan_all(tt_trace_image_view(&image), &outcome);
		assert_int_equal(outcome.status, TT_EMPTY);
		assert_int_equal(outcome.offset, image.bytes_count);
		assert_int_equal(outcome.records_count, 8);
		for (size_t i = 0; i < 8; i += 4) {
			const struct tt_record *record = &outcome.records[i];

			assert_int_equal(record[0].time_ns, 12345);
			assert_int_equal(record[0].bytes.bytes_count, 13);
			assert_memory_equal(record[0].bytes.bytes, packet, 13);
			assert_int_equal(record[0].wire_bytes, 20);
			assert_int_equal(record[0].flags, 0);
			assert_int_equal(record[0].dropped_before, 0);

			assert_int_equal(record[1].time_ns, 0);
			assert_int_equal(record[1].bytes.bytes_count, 10); /* the snap length */
			assert_memory_equal(record[1].bytes.bytes, packet, 10);
			assert_int_equal(record[1].wire_bytes, 13);

			assert_int_equal(record[2].time_ns, 77);
			assert_int_equal(record[2].bytes.bytes_count, 4);
			assert_int_equal(record[2].wire_bytes, 40);
			assert_int_equal(record[2].flags, 0x1f);
			assert_int_equal(record[2].dropped_before, 3);

			assert_int_equal(record[3].flags, 0x602);
			assert_int_equal(record[3].dropped_before, UINT64_C(0x1122334455667788));
			assert_int_equal(outcome.interfaces[i].ordinal, i / 4);
			assert_string_equal(outcome.interfaces[i].interface.name, "eth0");
		}
	}
}

static void every_truncation_gives_what_is_before_it_and_asks_for_more(void **state)
{
	struct tt_guard guard;
	size_t ends[BLOCKS_MAX];
	bool are_records[BLOCKS_MAX];

	(void)state;

	tt_guard_init(&guard, 4096);
	for (int order = 0; order < 2; order++) {
		(void)put_all_kinds(order != 0, ends, are_records);
		for (size_t length = 0; length < image.bytes_count; length++) {
			struct tt_view window = { .bytes = tt_guard_copy(&guard, image.bytes,
									 length),
						  .bytes_count = length };
			struct outcome outcome;
			size_t records_count = 0;
			size_t whole;

			for (whole = 0; ends[whole] <= length; whole++)
				records_count += are_records[whole];
			scan_all(window, &outcome);
			assert_int_equal(outcome.status, TT_EMPTY);
			assert_int_equal(outcome.records_count, records_count);
			assert_int_equal(outcome.offset, whole == 0 ? 0 : ends[whole - 1]);
			assert_true(outcome.offset + outcome.needed_bytes > length);
			assert_true(outcome.offset + outcome.needed_bytes <= ends[whole]);
		}
	}
	tt_guard_deinit(&guard);
}

static void assert_time(uint8_t resolution, uint64_t ticks, int64_t offset_s, int64_t expected_ns)
{
	struct outcome outcome;
	size_t block_offset;

	tt_trace_image_init(&image, true);
	(void)tt_trace_image_put_section(&image);
	block_offset = tt_trace_image_begin(&image, TT_PCAPNG_BLOCK_INTERFACE);
	tt_trace_image_put_u64(&image, 0);
	tt_trace_image_put_option_u64(&image, TT_PCAPNG_INTERFACE_OFFSET, (uint64_t)offset_s);
	tt_trace_image_put_option(&image, TT_PCAPNG_INTERFACE_RESOLUTION, &resolution, 1);
	tt_trace_image_end(&image, block_offset);
	(void)tt_trace_image_put_packet(&image, 0, ticks, bytes_of(0), 0);
	scan_all(tt_trace_image_view(&image), &outcome);
	assert_int_equal(outcome.records_count, 1);
	assert_int_equal(outcome.records[0].time_ns, expected_ns);
}

static void times_are_nanoseconds_whatever_the_resolution_and_the_offset(void **state)
{
	(void)state;

	assert_time(0, 5, 0, 5 * TT_NS_PER_S);
	assert_time(3, 1500, 0, 1500 * TT_NS_PER_MS);
	assert_time(6, 1, 0, 1000);
	assert_time(9, UINT64_C(1700000000123456789), 0, INT64_C(1700000000123456789));
	assert_time(12, 1999, 0, 1);
	assert_time(28, UINT64_MAX, 0, 1); /* 10^19 of them are one */
	assert_time(29, UINT64_MAX, 0, 0);
	assert_time(127, UINT64_MAX, 0, 0);
	assert_time(0x80, 5, 0, 5 * TT_NS_PER_S);
	assert_time(0x80 | 1, 3, 0, 1500 * TT_NS_PER_MS);
	assert_time(0x80 | 32, UINT64_C(7) << 32 | 1U << 31, 0, 7500 * TT_NS_PER_MS);
	assert_time(0x80 | 64, UINT64_MAX, 0, TT_NS_PER_S - 1);
	assert_time(0x80 | 127, UINT64_MAX, 0, 0);
	assert_time(9, 1, 10, 10 * TT_NS_PER_S + 1);
	assert_time(9, 1, -10, -10 * TT_NS_PER_S + 1);

	/* What is beyond the numbers is the last one there is. */
	assert_time(9, UINT64_C(1) << 63, 0, INT64_MAX);
	assert_time(9, UINT64_MAX, -9223372037, INT64_C(9223372036709551615));
	assert_time(0, UINT64_MAX, INT64_MAX, INT64_MAX);
	assert_time(0, 0, INT64_MIN, INT64_MIN);
	assert_time(0x80, UINT64_MAX, INT64_MIN, INT64_MAX);
	assert_time(127, 0, INT64_MIN, INT64_MIN);
}

static void an_interface_has_its_name_and_address_as_far_as_there_is_room(void **state)
{
	char name[300];
	struct outcome outcome;
	size_t block_offset;

	(void)state;

	memset(name, 'n', sizeof(name));
	tt_trace_image_init(&image, false);
	(void)tt_trace_image_put_section(&image);
	block_offset = tt_trace_image_begin(&image, TT_PCAPNG_BLOCK_INTERFACE);
	tt_trace_image_put_u64(&image, TT_LINKTYPE_ETHERNET);
	tt_trace_image_put_option(&image, TT_PCAPNG_INTERFACE_NAME, name, sizeof(name));
	tt_trace_image_put_option(&image, TT_PCAPNG_INTERFACE_MAC_ADDRESS, "\2\1\2\3\4\5", 6);
	tt_trace_image_end(&image, block_offset);
	block_offset = tt_trace_image_begin(&image, TT_PCAPNG_BLOCK_INTERFACE);
	tt_trace_image_put_u64(&image, TT_LINKTYPE_RAW);
	tt_trace_image_put_option(&image, TT_PCAPNG_INTERFACE_NAME, "a\0b", 3);
	tt_trace_image_put_option(&image, TT_PCAPNG_INTERFACE_MAC_ADDRESS, name, 9);
	tt_trace_image_put_option(&image, TT_PCAPNG_OPTION_END, NULL, 0);
	tt_trace_image_put(&image, "\xff\xff\xff\xff", 4); /* behind the end of the options */
	tt_trace_image_end(&image, block_offset);
	(void)tt_trace_image_put_packet(&image, 0, 0, bytes_of(0), 0);
	(void)tt_trace_image_put_packet(&image, 1, 0, bytes_of(0), 0);

	scan_all(tt_trace_image_view(&image), &outcome);
	assert_int_equal(outcome.records_count, 2);
	assert_int_equal(strlen(outcome.interfaces[0].interface.name), 255);
	assert_int_equal(outcome.interfaces[0].interface.hardware_bytes, 6);
	assert_memory_equal(outcome.interfaces[0].interface.hardware, "\2\1\2\3\4\5\0\0", 8);
	assert_int_equal(outcome.interfaces[0].link_type, TT_LINKTYPE_ETHERNET);
	assert_string_equal(outcome.interfaces[1].interface.name, "a");
	assert_int_equal(outcome.interfaces[1].interface.hardware_bytes, 0);
	assert_int_equal(outcome.interfaces[1].link_type, TT_LINKTYPE_RAW);
}

static void a_block_that_lies_about_its_length_is_refused_where_it_begins(void **state)
{
	static const uint32_t lies[] = { 0, 7, 8, 11, 13, 33, 34, (16 << 20) + 4, UINT32_MAX - 3 };
	size_t block_offset;

	(void)state;

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		begin(i % 2 == 0, TT_LINKTYPE_RAW, 0, 6);
		(void)tt_trace_image_put_packet(&image, 0, 0, bytes_of(4), 4);
		block_offset = tt_trace_image_put_packet(&image, 0, 0, bytes_of(4), 4);
		tt_trace_image_set_u32(&image, block_offset + 4, lies[i]);
		assert_refused_at(block_offset, 1, "a block says it has ");
	}

	/* The length at the end is another one. */
	begin(false, TT_LINKTYPE_RAW, 0, 6);
	block_offset = tt_trace_image_put_packet(&image, 0, 0, bytes_of(4), 4);
	tt_trace_image_set_u32(&image, image.bytes_count - 4, 40);
	assert_refused_at(block_offset, 0, "a block says it has 36 bytes, and at its end 40");
}

static void blocks_too_short_for_what_they_are_are_refused(void **state)
{
	static const struct {
		uint32_t type;
		size_t content_bytes; /* the most that is too few */
		const char *words;
	} blocks[] = {
		{ TT_PCAPNG_BLOCK_INTERFACE, 4, "an interface's block says it has " },
		{ TT_PCAPNG_BLOCK_PACKET, 16, "a packet's block says it has " },
		{ TT_PCAPNG_BLOCK_PACKET_OLD, 16, "a packet's block says it has " },
		{ TT_PCAPNG_BLOCK_SIMPLE, 0, "a packet's block says it has " },
	};
	static const uint8_t zeros[16];
	struct tt_guard guard;

	(void)state;

	tt_guard_init(&guard, 4096);
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		for (size_t length = 0; length <= blocks[i].content_bytes; length += 4) {
			struct outcome outcome;
			size_t block_offset;
			struct tt_view window;

			begin(false, TT_LINKTYPE_RAW, 0, 6);
			block_offset = tt_trace_image_begin(&image, blocks[i].type);
			tt_trace_image_put(&image, zeros, length);
			tt_trace_image_end(&image, block_offset);
			assert_refused_at(block_offset, 0, blocks[i].words);

			window = tt_trace_image_view(&image);
			window.bytes = tt_guard_copy(&guard, window.bytes, window.bytes_count);
			scan_all(window, &outcome);
			assert_int_equal(outcome.status, -EBADMSG);
		}
	}
	tt_guard_deinit(&guard);
}

static void a_packet_that_lies_about_what_is_in_it_is_refused(void **state)
{
	size_t block_offset;

	(void)state;

	begin(true, TT_LINKTYPE_RAW, 0, 6);
	block_offset = tt_trace_image_put_packet(&image, 0, 0, bytes_of(5), 5);
	tt_trace_image_set_u32(&image, block_offset + CAPTURED_OFFSET, 9);
	assert_refused_at(block_offset, 0,
			  "a packet says it has 9 bytes: its block has room for 8");
	tt_trace_image_set_u32(&image, block_offset + CAPTURED_OFFSET, UINT32_MAX);
	assert_refused_at(block_offset, 0, "a packet says it has 4294967295 bytes");

	begin(true, TT_LINKTYPE_RAW, 0, 6);
	block_offset = tt_trace_image_put_packet(&image, 1, 0, bytes_of(5), 5);
	assert_refused_at(block_offset, 0, "a packet of interface 1: its section has 1 so far");

	begin(true, TT_LINKTYPE_RAW, 0, 6);
	block_offset = image.bytes_count;
	put_simple(13, 8);
	assert_refused_at(block_offset, 0,
			  "a packet says it has 13 bytes: its block has room for 8");

	tt_trace_image_init(&image, true);
	(void)tt_trace_image_put_section(&image);
	block_offset = image.bytes_count;
	put_simple(4, 4);
	assert_refused_at(block_offset, 0, "a packet of interface 0: its section has 0 so far");
}

static void an_option_that_lies_about_its_length_is_refused(void **state)
{
	size_t block_offset;

	(void)state;

	begin(false, TT_LINKTYPE_RAW, 0, 6);
	block_offset = tt_trace_image_begin_packet(&image, 0, 0, bytes_of(5), 5);
	tt_trace_image_put_u16(&image, 1);
	tt_trace_image_put_u16(&image, 5);
	tt_trace_image_put_u32(&image, 0);
	tt_trace_image_end(&image, block_offset);
	assert_refused_at(block_offset, 0, "an option says it has 5 bytes: its block has 4 left");

	begin(false, TT_LINKTYPE_RAW, 0, 6);
	block_offset = tt_trace_image_begin(&image, TT_PCAPNG_BLOCK_INTERFACE);
	tt_trace_image_put_u64(&image, 0);
	tt_trace_image_put_option(&image, TT_PCAPNG_INTERFACE_RESOLUTION, "\6\6", 2);
	tt_trace_image_end(&image, block_offset);
	assert_refused_at(block_offset, 0, "an interface's option 9 (of its clock) has 2 bytes");
}

static void a_later_section_knows_nothing_of_the_one_before(void **state)
{
	size_t block_offset;

	(void)state;

	begin(false, TT_LINKTYPE_RAW, 0, 6);
	(void)tt_trace_image_put_packet(&image, 0, 0, bytes_of(5), 5);
	image.is_big_endian = true;
	(void)tt_trace_image_put_section(&image);
	block_offset = tt_trace_image_put_packet(&image, 0, 0, bytes_of(5), 5);
	assert_refused_at(block_offset, 1, "a packet of interface 0: its section has 0 so far");
}

static void a_section_that_is_none_is_refused(void **state)
{
	size_t block_offset;

	(void)state;

	begin(false, TT_LINKTYPE_RAW, 0, 6);
	block_offset = tt_trace_image_put_section(&image);
	tt_trace_image_set_u32(&image, block_offset + 8, 0x1a2b3c4e);
	assert_refused_at(block_offset, 0, "a section's header has no byte order");

	begin(false, TT_LINKTYPE_RAW, 0, 6);
	block_offset = tt_trace_image_put_section(&image);
	tt_trace_image_set_u32(&image, block_offset + 12, 2);
	assert_refused_at(block_offset, 0, "a section of version 2.0");

	begin(false, TT_LINKTYPE_RAW, 0, 6);
	block_offset = tt_trace_image_begin(&image, TT_PCAPNG_BLOCK_SECTION);
	tt_trace_image_put_u32(&image, TT_PCAPNG_BYTE_ORDER_MAGIC);
	tt_trace_image_put_u64(&image, 1);
	tt_trace_image_end(&image, block_offset);
	assert_refused_at(block_offset, 0, "a section's header says it has 24 bytes");
}

static void a_section_has_no_more_interfaces_than_are_believed(void **state)
{
	struct tt_record_interface *interface;
	struct tt_scan scan;

	(void)state;

	tt_scan_init(&scan);
	for (uint32_t i = 0; i < TT_SCAN_INTERFACES_MAX; i++) {
		assert_int_equal(tt_scan_add_interface(&scan, &interface), 0);
		assert_int_equal(interface->ordinal, i);
	}
	assert_int_equal(tt_scan_add_interface(&scan, &interface), -ENOSPC);
	tt_scan_deinit(&scan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_block_is_read_or_walked_over_in_either_order),
		cmocka_unit_test(every_truncation_gives_what_is_before_it_and_asks_for_more),
		cmocka_unit_test(times_are_nanoseconds_whatever_the_resolution_and_the_offset),
		cmocka_unit_test(an_interface_has_its_name_and_address_as_far_as_there_is_room),
		cmocka_unit_test(a_block_that_lies_about_its_length_is_refused_where_it_begins),
		cmocka_unit_test(blocks_too_short_for_what_they_are_are_refused),
		cmocka_unit_test(a_packet_that_lies_about_what_is_in_it_is_refused),
		cmocka_unit_test(an_option_that_lies_about_its_length_is_refused),
		cmocka_unit_test(a_later_section_knows_nothing_of_the_one_before),
		cmocka_unit_test(a_section_that_is_none_is_refused),
		cmocka_unit_test(a_section_has_no_more_interfaces_than_are_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
