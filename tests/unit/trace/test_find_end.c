/* SPDX-License-Identifier: MIT */

/*
 * The end of the whole part of a left-over file
 *
 * Small files are made with the encoders, whose ends of records are noted as they are put.
 * Each is looked at at every length, in both byte orders where it matters, and with lies in the
 * fields that lengths are taken from. Files lie in memory (memfd_create(2)). Not covered:
 * what the store does with the answer.
 */

#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/cmocka_all.h"
#include "trace/encode_pcap.h"
#include "trace/encode_pcapng.h"
#include "trace/trace.h"

enum {
	ROOM_BYTES = 400000,
	ENDS_MAX = 16,
	LARGE_BYTES = 100000, /* more than is read at once */
};

struct file {
	uint8_t bytes[ROOM_BYTES];
	size_t bytes_count;
	size_t ends[ENDS_MAX]; /* up to which it is whole */
	size_t ends_count;
};

static struct file file;
static uint8_t packet[LARGE_BYTES];

static void note_end(size_t bytes)
{
	file.bytes_count += bytes;
	assert_true(file.ends_count < ENDS_MAX);
	file.ends[file.ends_count++] = file.bytes_count;
}

static struct tt_trace_record make_record(const struct tt_datagram *datagram)
{
	static const struct tt_origin origin;

	return (struct tt_trace_record){ .datagram = datagram,
					 .origin = &origin,
					 .link_bytes = TT_SLL2_BYTES,
					 .captured_bytes = datagram->packet_bytes };
}

static void put_pcapng_packet(uint32_t packet_bytes)
{
	struct tt_datagram datagram = { .packet = packet,
					.packet_bytes = packet_bytes,
					.wire_bytes = packet_bytes };
	struct tt_trace_record record = make_record(&datagram);

	tt_pcapng_encode_packet(file.bytes + file.bytes_count, &record);
	note_end(tt_pcapng_packet_bytes(&record));
}

static void put_section(void)
{
	file.bytes_count += tt_pcapng_encode_section(file.bytes + file.bytes_count, 256, "os", "a");
}

static void put_interface(void)
{
	struct tt_pcapng_interface interface = { .link_type = 276, .name = "eth0" };

	note_end(tt_pcapng_encode_interface(file.bytes + file.bytes_count, 256, &interface));
}

static void make_pcapng(uint32_t packet_bytes)
{
	struct tt_pcapng_statistics statistics = { .delivered = 3 };

	file.bytes_count = 0;
	file.ends_count = 0;
	put_section();
	put_interface();
	put_pcapng_packet(packet_bytes);
	put_pcapng_packet(3);
	note_end(tt_pcapng_encode_statistics(file.bytes + file.bytes_count, 256, &statistics));
}

static void make_pcap(bool is_ns, uint32_t packet_bytes)
{
	struct tt_datagram datagram = { .packet = packet,
					.packet_bytes = packet_bytes,
					.wire_bytes = packet_bytes,
					.time_ns = 999999999 };
	struct tt_trace_record record = make_record(&datagram);

	file.bytes_count = 0;
	file.ends_count = 0;
	tt_pcap_encode_header(file.bytes, is_ns, 276, 0);
	note_end(TT_PCAP_HEADER_BYTES);
	for (int i = 0; i < 3; i++) {
		tt_pcap_encode_record(file.bytes + file.bytes_count, is_ns, &record);
		note_end(tt_pcap_record_bytes(&record));
	}
}

static void swap_u16(size_t offset)
{
	uint16_t value;

	memcpy(&value, file.bytes + offset, sizeof(value));
	value = bswap_16(value);
	memcpy(file.bytes + offset, &value, sizeof(value));
}

static void swap_u32(size_t offset)
{
	swap_u16(offset);
	swap_u16(offset + 2);
	for (size_t i = 0; i < 2; i++) {
		uint8_t byte = file.bytes[offset + i];

		file.bytes[offset + i] = file.bytes[offset + 2 + i];
		file.bytes[offset + 2 + i] = byte;
	}
}

static int find_end(size_t bytes_count, uint64_t *ret_whole_bytes)
{
	int fd = memfd_create("left over", MFD_CLOEXEC);
	int r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file.bytes, bytes_count), (ssize_t)bytes_count);
	*ret_whole_bytes = UINT64_MAX;
	r = tt_trace_find_end(fd, bytes_count, ret_whole_bytes);
	assert_int_equal(close(fd), 0);
	return r;
}

/* The last of the noted ends within so many bytes. */
static size_t expected_end(size_t bytes_count)
{
	size_t end = 0;

	for (size_t i = 0; i < file.ends_count && file.ends[i] <= bytes_count; i++)
		end = file.ends[i];
	return end;
}

static void check_length(size_t bytes_count)
{
	uint64_t whole_bytes;

	assert_int_equal(find_end(bytes_count, &whole_bytes), 0);
	if (whole_bytes != expected_end(bytes_count))
		fail_msg("%zu of %zu bytes are whole up to %zu instead of %zu", bytes_count,
			 file.bytes_count, (size_t)whole_bytes, expected_end(bytes_count));
}

static void check_every_length(void)
{
	for (size_t i = 0; i <= file.bytes_count; i++)
		check_length(i);
}

/* With another value in the field at @offset of the second record, it ends before that. */
static void check_lie(size_t offset, uint32_t value)
{
	uint8_t *field = file.bytes + file.ends[0] + offset;
	uint32_t truth;
	uint64_t whole_bytes;

	memcpy(&truth, field, sizeof(truth));
	memcpy(field, &value, sizeof(value));
	assert_int_equal(find_end(file.bytes_count, &whole_bytes), 0);
	if (whole_bytes != file.ends[0])
		fail_msg("%u at %zu is believed", value, offset);
	memcpy(field, &truth, sizeof(truth));
}

static void a_pcapng_file_is_whole_up_to_its_last_block(void **state)
{
	(void)state;
	make_pcapng(5);
	check_every_length();
}

static void a_pcap_file_is_whole_up_to_its_last_record(void **state)
{
	(void)state;
	make_pcap(true, 5);
	check_every_length();
	make_pcap(false, 0);
	check_every_length();
}

static void pcapng_of_the_other_byte_order_is_read_too(void **state)
{
	size_t offset = 0;

	(void)state;
	make_pcapng(5);
	while (offset < file.bytes_count) {
		uint32_t type, block_bytes;

		memcpy(&type, file.bytes + offset, sizeof(type));
		memcpy(&block_bytes, file.bytes + offset + 4, sizeof(block_bytes));
		swap_u32(offset);
		swap_u32(offset + 4);
		swap_u32(offset + 8);
		if (type == TT_PCAPNG_BLOCK_PACKET)
			swap_u32(offset + 20);
		swap_u32(offset + block_bytes - 4);
		offset += block_bytes;
	}
	check_every_length();
}

static void pcap_of_the_other_byte_order_is_read_too(void **state)
{
	(void)state;
	make_pcap(true, 5);
	for (size_t i = 0; i < 24; i += 4)
		swap_u32(i);
	for (size_t record = 0; record < 3; record++) {
		for (size_t i = 0; i < 16; i += 4)
			swap_u32(file.ends[record] + i);
	}
	check_every_length();
}

static void a_second_section_has_interfaces_of_its_own(void **state)
{
	uint64_t whole_bytes;

	(void)state;
	make_pcapng(5);
	put_section();
	note_end(0);
	put_interface();
	put_pcapng_packet(1);
	check_every_length();

	make_pcapng(5);
	put_section();
	note_end(0);
	put_pcapng_packet(1); /* of an interface of the first one */
	assert_int_equal(find_end(file.bytes_count, &whole_bytes), 0);
	assert_int_equal(whole_bytes, file.ends[file.ends_count - 2]);
}

static void records_larger_than_what_is_read_at_once_are_passed_over(void **state)
{
	(void)state;
	make_pcapng(LARGE_BYTES);
	check_length(file.bytes_count);
	for (size_t i = 0; i < file.ends_count; i++) {
		for (size_t near = file.ends[i] - 9; near < file.ends[i] + 9; near++)
			check_length(near < file.bytes_count ? near : file.bytes_count);
	}
	make_pcap(false, LARGE_BYTES);
	check_length(file.bytes_count);
	for (size_t i = 1; i < file.ends_count; i++)
		check_length(file.ends[i] - 1);
}

static void a_block_whose_length_lies_is_the_end(void **state)
{
	static const uint32_t lengths[] = { 0,  4,  8,  11,  12,         28,
					    32, 61, 68, 200, UINT32_MAX, UINT32_MAX - 3 };

	(void)state;
	make_pcapng(5);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		check_lie(4, lengths[i]);
	check_lie(8, 1);    /* an interface that is not described */
	check_lie(20, 100); /* a packet beyond its block */
	check_lie(20, UINT32_MAX);
	check_lie((uint32_t)(file.ends[1] - file.ends[0]) - 4, 4); /* the length at the end */
}

static void a_record_whose_lengths_lie_is_the_end(void **state)
{
	(void)state;
	make_pcap(false, 5);
	check_lie(4, 1000000); /* microseconds */
	check_lie(8, UINT32_MAX);
	check_lie(8, 26); /* more than on the wire */
	check_lie(12, 24);
	check_lie(12, 0);
	make_pcap(true, 5);
	check_lie(4, 1000000000);
}

static void pages_that_were_never_written_are_no_records(void **state)
{
	(void)state;
	make_pcap(true, 5);
	memset(file.bytes + file.bytes_count, 0, 8192);
	check_length(file.bytes_count + 8192);
	make_pcapng(5);
	memset(file.bytes + file.bytes_count, 0, 8192);
	check_length(file.bytes_count + 8192);
}

static void what_is_no_trace_is_refused(void **state)
{
	uint64_t whole_bytes;

	(void)state;
	memcpy(file.bytes, "#!/bin/sh\nexit 0\n", 17);
	assert_int_equal(find_end(17, &whole_bytes), -EBADMSG);
	assert_int_equal(find_end(3, &whole_bytes), 0); /* nobody can tell */
	assert_int_equal(whole_bytes, 0);

	make_pcapng(5);
	file.bytes[8] = 0; /* of the byte order */
	assert_int_equal(find_end(file.bytes_count, &whole_bytes), -EBADMSG);
	make_pcap(true, 5);
	file.bytes[0] ^= 1;
	assert_int_equal(find_end(file.bytes_count, &whole_bytes), -EBADMSG);
}

static void a_file_that_cannot_be_read_is_a_failure(void **state)
{
	uint64_t whole_bytes = 5;
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(tt_trace_find_end(fd, 100, &whole_bytes), -EISDIR);
	assert_int_equal(whole_bytes, 5);
	assert_int_equal(close(fd), 0);
}

static void a_file_that_is_shorter_than_was_said_ends_there(void **state)
{
	uint64_t whole_bytes;
	int fd = memfd_create("left over", MFD_CLOEXEC);

	(void)state;
	make_pcapng(5);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, file.bytes, file.ends[2] - 1), (ssize_t)file.ends[2] - 1);
	assert_int_equal(tt_trace_find_end(fd, UINT64_MAX, &whole_bytes), 0);
	assert_int_equal(whole_bytes, file.ends[1]);
	assert_int_equal(close(fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pcapng_file_is_whole_up_to_its_last_block),
		cmocka_unit_test(a_pcap_file_is_whole_up_to_its_last_record),
		cmocka_unit_test(pcapng_of_the_other_byte_order_is_read_too),
		cmocka_unit_test(pcap_of_the_other_byte_order_is_read_too),
		cmocka_unit_test(a_second_section_has_interfaces_of_its_own),
		cmocka_unit_test(records_larger_than_what_is_read_at_once_are_passed_over),
		cmocka_unit_test(a_block_whose_length_lies_is_the_end),
		cmocka_unit_test(a_record_whose_lengths_lie_is_the_end),
		cmocka_unit_test(pages_that_were_never_written_are_no_records),
		cmocka_unit_test(what_is_no_trace_is_refused),
		cmocka_unit_test(a_file_that_cannot_be_read_is_a_failure),
		cmocka_unit_test(a_file_that_is_shorter_than_was_said_ends_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
