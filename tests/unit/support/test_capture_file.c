/* SPDX-License-Identifier: MIT */

/*
 * IP packets out of files of captured packets
 *
 * Each case writes files with libpcap into a folder of its own, and reads them back. All IP
 * packets are the first bytes of one text, so that a link header that is taken off too
 * short or too long shows. The header bytes are written out here, as the link types'
 * specifications have them. Not covered: files in pcapng, which libpcap does not write
 * (the fetched captures have some), and those that another machine wrote.
 */

#include "tests/support/capture_file.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cmocka_all.h"

enum {
	FRAME_BYTES_MAX = 64,
	PACKET_BYTES = 6,
	SNAPSHOT_BYTES = 65535,
	PACKETS_MAX = 16,
};

/* An IP packet of version 4 by its first byte; what follows is of no interest here. */
static const uint8_t packet4[PACKET_BYTES] = { 0x45, 'p', 'a', 'c', 'k', '4' };
static const uint8_t packet6[PACKET_BYTES] = { 0x60, 'p', 'a', 'c', 'k', '6' };

struct seen {
	struct tt_frame frames[PACKETS_MAX];
	uint8_t bytes[PACKETS_MAX][FRAME_BYTES_MAX];
	size_t count;
	int answer;
};

struct lab {
	char folder[64];
	char path[128];
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	struct seen seen;
	struct tt_capture_tally tally;
};

static int take(const struct tt_frame *frame, void *context)
{
	struct seen *seen = context;

	assert_true(seen->count < PACKETS_MAX);
	assert_true(frame->captured_bytes <= FRAME_BYTES_MAX);
	seen->frames[seen->count] = *frame;
	if (frame->captured_bytes > 0)
		memcpy(seen->bytes[seen->count], frame->bytes, frame->captured_bytes);
	seen->count++;
	return seen->answer;
}

static int set_up(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	assert_non_null(lab);
	(void)snprintf(lab->folder, sizeof(lab->folder), "/tmp/tt-capture-file.XXXXXX");
	assert_non_null(mkdtemp(lab->folder));
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "a", "b", "c" };
	struct lab *lab = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(lab->path, sizeof(lab->path), "%s/%s", lab->folder, names[i]);
		(void)unlink(lab->path); /* not every case makes all of them */
	}
	assert_int_equal(rmdir(lab->folder), 0);
	free(lab);
	return 0;
}

static void open_file(struct lab *lab, const char *name, int link_type)
{
	(void)snprintf(lab->path, sizeof(lab->path), "%s/%s", lab->folder, name);
	lab->pcap = pcap_open_dead(link_type, SNAPSHOT_BYTES);
	assert_non_null(lab->pcap);
	lab->dumper = pcap_dump_open(lab->pcap, lab->path);
	assert_non_null(lab->dumper);
}

static void close_file(struct lab *lab)
{
	pcap_dump_close(lab->dumper);
	pcap_close(lab->pcap);
}

static void write_frame(struct lab *lab, const uint8_t *head, size_t head_bytes,
			const uint8_t *packet, size_t packet_bytes, size_t cut_bytes)
{
	struct pcap_pkthdr header = { .ts = { .tv_sec = 5, .tv_usec = 7 } };
	uint8_t frame[FRAME_BYTES_MAX];

	assert_true(head_bytes + packet_bytes <= sizeof(frame));
	memcpy(frame, head, head_bytes);
	memcpy(frame + head_bytes, packet, packet_bytes);
	header.caplen = (bpf_u_int32)(head_bytes + packet_bytes);
	header.len = (bpf_u_int32)(header.caplen + cut_bytes);
	pcap_dump((u_char *)lab->dumper, &header, frame);
}

static void read_folder(struct lab *lab)
{
	assert_int_equal(tt_capture_folder_read(lab->folder, take, &lab->seen, &lab->tally), 0);
	assert_int_equal(lab->tally.packets_count, lab->tally.given_count +
							   lab->tally.not_ip_count +
							   lab->tally.other_link_type_count);
	assert_int_equal(lab->tally.given_count, lab->seen.count);
}

/* A link header, and the version of the packet behind it. */
struct link_case {
	int link_type;
	uint8_t version; /* 0: no IP packet must come of it */
	size_t head_bytes;
	uint8_t head[FRAME_BYTES_MAX - PACKET_BYTES];
	uint8_t packet_type;
	uint32_t interface_index;
};

#define MACS 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2

static const struct link_case link_cases[] = {
	{ DLT_RAW, 4, 0, { 0 }, 0, 0 },
	{ DLT_RAW, 6, 0, { 0 }, 0, 0 },
	{ DLT_RAW, 0, 1, { 0x50 }, 0, 0 },
	{ DLT_IPV4, 4, 0, { 0 }, 0, 0 },
	{ DLT_IPV6, 6, 0, { 0 }, 0, 0 },
	{ DLT_NULL, 4, 4, { 2, 0, 0, 0 }, 0, 0 },
	{ DLT_NULL, 4, 4, { 0, 0, 0, 2 }, 0, 0 },
	{ DLT_NULL, 6, 4, { 10, 0, 0, 0 }, 0, 0 },
	{ DLT_NULL, 6, 4, { 24, 0, 0, 0 }, 0, 0 },
	{ DLT_NULL, 6, 4, { 0, 0, 0, 28 }, 0, 0 },
	{ DLT_NULL, 6, 4, { 30, 0, 0, 0 }, 0, 0 },
	{ DLT_NULL, 0, 4, { 7, 0, 0, 0 }, 0, 0 },
	{ DLT_LOOP, 4, 4, { 0, 0, 0, 2 }, 0, 0 },
	{ DLT_LOOP, 6, 4, { 0, 0, 0, 24 }, 0, 0 },
	{ DLT_EN10MB, 4, 14, { MACS, 8, 0 }, 0, 0 },
	{ DLT_EN10MB, 6, 14, { MACS, 0x86, 0xdd }, 0, 0 },
	{ DLT_EN10MB, 0, 14, { MACS, 8, 6 }, 0, 0 },
	{ DLT_EN10MB, 0, 14, { MACS, 0, 46 }, 0, 0 },
	{ DLT_EN10MB, 4, 18, { MACS, 0x81, 0, 0, 5, 8, 0 }, 0, 0 },
	{ DLT_EN10MB, 6, 22, { MACS, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x86, 0xdd }, 0, 0 },
	{ DLT_EN10MB, 6, 22, { MACS, 0x91, 0, 0, 5, 0x81, 0, 0, 6, 0x86, 0xdd }, 0, 0 },
	{ DLT_EN10MB, 0, 18, { MACS, 0x81, 0, 0, 5, 8, 6 }, 0, 0 },
	{ DLT_LINUX_SLL, 4, 16, { 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0 }, 3, 0 },
	{ DLT_LINUX_SLL, 6, 16, { 0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x86, 0xdd }, 0, 0 },
	{ DLT_LINUX_SLL, 0, 16, { 0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 6 }, 0, 0 },
	{ DLT_LINUX_SLL2, 4, 20, { 8, 0, 0, 0, 0, 0, 1, 9, 0, 1, 4, 6, 2 }, 4, 265 },
	{ DLT_LINUX_SLL2, 6, 20, { 0x86, 0xdd, 0, 0, 0, 0, 0, 7, 0, 1, 1, 6, 2 }, 1, 7 },
	{ DLT_LINUX_SLL2, 0, 20, { 8, 6, 0, 0, 0, 0, 0, 7, 0, 1, 1, 6, 2 }, 0, 0 },
};

static void every_link_header_is_taken_off(void **state)
{
	struct lab *lab = *state;

	for (size_t i = 0; i < sizeof(link_cases) / sizeof(link_cases[0]); i++) {
		const struct link_case *link = &link_cases[i];
		const uint8_t *packet = link->version == 6 ? packet6 : packet4;
		const struct tt_frame *frame = &lab->seen.frames[0];

		lab->seen.count = 0;
		lab->tally = (struct tt_capture_tally){ 0 };
		open_file(lab, "a", link->link_type);
		write_frame(lab, link->head, link->head_bytes, packet, PACKET_BYTES, 9);
		close_file(lab);
		read_folder(lab);

		assert_int_equal(lab->seen.count, link->version != 0);
		assert_int_equal(lab->tally.not_ip_count, link->version == 0);
		if (link->version == 0)
			continue;
		assert_int_equal(frame->version, link->version);
		assert_int_equal(frame->captured_bytes, PACKET_BYTES);
		assert_int_equal(frame->wire_bytes, PACKET_BYTES + 9);
		assert_int_equal(frame->packet_type, link->packet_type);
		assert_int_equal(frame->interface_index, link->interface_index);
		assert_int_equal(frame->time_ns, INT64_C(5000007000));
		assert_memory_equal(lab->seen.bytes[0], packet, PACKET_BYTES);
	}
}

static void a_link_header_that_is_cut_is_no_ip(void **state)
{
	struct lab *lab = *state;

	for (size_t i = 0; i < sizeof(link_cases) / sizeof(link_cases[0]); i++) {
		const struct link_case *link = &link_cases[i];

		if (link->version == 0)
			continue;
		for (size_t bytes = 0; bytes < link->head_bytes; bytes++) {
			lab->seen.count = 0;
			lab->tally = (struct tt_capture_tally){ 0 };
			open_file(lab, "a", link->link_type);
			write_frame(lab, link->head, bytes, packet4, 0, link->head_bytes);
			close_file(lab);
			read_folder(lab);
			assert_int_equal(lab->tally.not_ip_count, 1);
		}
	}
}

static void a_packet_of_no_bytes_is_one_behind_a_link_header(void **state)
{
	static const uint8_t head[] = { MACS, 8, 0 };
	struct lab *lab = *state;

	open_file(lab, "a", DLT_EN10MB);
	write_frame(lab, head, sizeof(head), packet4, 0, 30);
	close_file(lab);
	read_folder(lab);

	assert_int_equal(lab->seen.count, 1);
	assert_int_equal(lab->seen.frames[0].captured_bytes, 0);
	assert_int_equal(lab->seen.frames[0].wire_bytes, 30);
}

static void packets_of_other_link_types_are_counted(void **state)
{
	struct lab *lab = *state;

	open_file(lab, "a", DLT_IEEE802_11);
	write_frame(lab, packet4, 1, packet4, PACKET_BYTES, 0);
	write_frame(lab, packet4, 1, packet4, PACKET_BYTES, 0);
	close_file(lab);
	read_folder(lab);

	assert_int_equal(lab->tally.other_link_type_count, 2);
	assert_int_equal(lab->tally.other_link_type_files_count, 1);
	assert_int_equal(lab->tally.files_count, 1);
	assert_int_equal(lab->tally.remarks_bytes, 0);
}

static void files_are_read_by_name_and_bad_ones_are_named(void **state)
{
	struct lab *lab = *state;
	FILE *file;

	open_file(lab, "c", DLT_RAW);
	write_frame(lab, packet6, 0, packet6, PACKET_BYTES, 0);
	close_file(lab);
	open_file(lab, "a", DLT_RAW);
	write_frame(lab, packet4, 0, packet4, PACKET_BYTES, 0);
	write_frame(lab, packet4, 0, packet4, PACKET_BYTES, 0);
	close_file(lab);
	assert_int_equal(truncate(lab->path, 24 + 16 + PACKET_BYTES + 16 + 1), 0);
	(void)snprintf(lab->path, sizeof(lab->path), "%s/b", lab->folder);
	file = fopen(lab->path, "we");
	assert_non_null(file);
	assert_true(fputs("this is a text", file) >= 0);
	assert_int_equal(fclose(file), 0);
	read_folder(lab);

	assert_int_equal(lab->seen.count, 2);
	assert_int_equal(lab->seen.frames[0].version, 4);
	assert_int_equal(lab->seen.frames[1].version, 6);
	assert_int_equal(lab->tally.files_count, 3);
	assert_int_equal(lab->tally.broken_files_count, 1);
	assert_int_equal(lab->tally.refused_files_count, 1);
	assert_non_null(strstr(lab->tally.remarks, "/a: broken: "));
	assert_non_null(strstr(lab->tally.remarks, "/b: refused: "));
	assert_null(strstr(lab->tally.remarks, "/c: "));
}

static void the_callback_ends_the_reading(void **state)
{
	struct lab *lab = *state;

	open_file(lab, "a", DLT_RAW);
	write_frame(lab, packet4, 0, packet4, PACKET_BYTES, 0);
	write_frame(lab, packet4, 0, packet4, PACKET_BYTES, 0);
	close_file(lab);
	open_file(lab, "b", DLT_RAW);
	close_file(lab);
	lab->seen.answer = -EPROTO;

	assert_int_equal(tt_capture_folder_read(lab->folder, take, &lab->seen, &lab->tally),
			 -EPROTO);
	assert_int_equal(lab->seen.count, 1);
	assert_int_equal(lab->tally.files_count, 1);
	assert_int_equal(lab->tally.broken_files_count, 0);
}

static void a_folder_that_is_not_there_is_a_failure(void **state)
{
	struct lab *lab = *state;

	(void)snprintf(lab->path, sizeof(lab->path), "%s/none", lab->folder);
	assert_int_equal(tt_capture_folder_read(lab->path, take, &lab->seen, &lab->tally), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_link_header_is_taken_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_link_header_that_is_cut_is_no_ip, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_packet_of_no_bytes_is_one_behind_a_link_header,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(packets_of_other_link_types_are_counted, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(files_are_read_by_name_and_bad_ones_are_named,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_callback_ends_the_reading, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_a_failure, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
