/* SPDX-License-Identifier: MIT */

/*
 * What reading a trace costs
 *
 * Writes files of 64 MiB into TMPDIR, with packets of 106 and of 1442 bytes, and reads them
 * through the source that twintap reads them through, mapped and by read(2); prints
 * nanoseconds of CPU time per packet. The files are warm: what a disk costs is not in it. Nor is
 * decoding, but one byte of each packet's IP header is read, as decoding would. Each figure
 * is the median of rounds, with the fastest and the slowest.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/file.h"
#include "tests/support/trace_file.h"
#include "tests/support/trace_image.h"
#include "trace/pcapng.h"

enum {
	FILE_BYTES = 64 << 20,
	ROUNDS_COUNT = 15,
	ETHERNET_BYTES = 14,
	COOKED_BYTES = 20,
};

static const struct {
	const char *name;
	uint32_t link_type;
	bool is_pcap;
	bool has_flags;
} shapes[] = {
	{ "pcapng sll2, flags", TT_LINKTYPE_LINUX_SLL2, false, true },
	{ "pcapng sll2", TT_LINKTYPE_LINUX_SLL2, false, false },
	{ "pcapng ethernet", TT_LINKTYPE_ETHERNET, false, false },
	{ "pcapng raw", TT_LINKTYPE_RAW, false, false },
	{ "pcap ethernet", TT_LINKTYPE_ETHERNET, true, false },
};

static const size_t sizes[] = { 106, 1442 };

static uint64_t found; /* so that the bytes are read */

static double now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) < 0)
		abort();
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

static void put_packet(struct tt_trace_image *image, size_t shape, size_t packet_bytes,
		       uint64_t number)
{
	static uint8_t bytes[2048] = { 0 };
	struct tt_view packet = { .bytes = bytes, .bytes_count = packet_bytes };
	size_t block_offset;

	bytes[0] = 0x45;
	if (shapes[shape].link_type == TT_LINKTYPE_LINUX_SLL2) {
		bytes[0] = 0x08;
		bytes[7] = (uint8_t)(2 + number % 2); /* two interfaces in turn */
		bytes[COOKED_BYTES] = 0x45;
	} else if (shapes[shape].link_type == TT_LINKTYPE_ETHERNET) {
		bytes[0] = 2;
		bytes[ETHERNET_BYTES - 2] = 0x08;
		bytes[ETHERNET_BYTES] = 0x45;
	}

	if (shapes[shape].is_pcap) {
		tt_trace_image_put_record(image, 1700000000, (uint32_t)number, packet,
					  (uint32_t)packet_bytes);
		return;
	}
	block_offset = tt_trace_image_begin_packet(image, 0, UINT64_C(1700000000000000000) + number,
						   packet, (uint32_t)packet_bytes);
	if (shapes[shape].has_flags) {
		tt_trace_image_put_option_u32(image, TT_PCAPNG_PACKET_FLAGS, 1 | 1 << 2);
		tt_trace_image_put_option(image, TT_PCAPNG_OPTION_END, NULL, 0);
	}
	tt_trace_image_end(image, block_offset);
}

static uint64_t write_file(struct tt_trace_file *file, size_t shape, size_t packet_bytes)
{
	static struct tt_trace_image image;
	uint64_t packets_count = 0;
	size_t file_bytes = 0;

	tt_trace_image_init(&image, false);
	if (shapes[shape].is_pcap) {
		tt_trace_image_put_pcap(&image, TT_PCAP_MAGIC_US, shapes[shape].link_type);
	} else {
		(void)tt_trace_image_put_section(&image);
		(void)tt_trace_image_put_interface(&image, (uint16_t)shapes[shape].link_type, 0,
						   "any", 9);
	}
	while (file_bytes < FILE_BYTES) {
		put_packet(&image, shape, packet_bytes, packets_count);
		packets_count++;
		if (image.bytes_count < TT_TRACE_IMAGE_BYTES_MAX / 2)
			continue;
		tt_trace_file_append(file, tt_trace_image_view(&image));
		file_bytes += image.bytes_count;
		image.bytes_count = 0;
	}
	return packets_count;
}

/* Reads the file once; nanoseconds per packet. */
static double read_file(const char *path, uint64_t expected_count)
{
	static struct tt_frame_batch batch;
	struct tt_interfaces interfaces = { 0 };
	struct tt_file_source_opts opts = { .paths = &path,
					    .paths_count = 1,
					    .interfaces = &interfaces };
	struct tt_source *source;
	uint64_t packets_count = 0;
	double start_ns = now_ns();

	if (tt_file_source_new(&source, &opts, NULL) < 0)
		abort();
	while (source->ops->next(source, &batch) == 0) {
		for (size_t i = 0; i < batch.frames_count; i++)
			found += batch.frames[i].bytes[0] + batch.frames[i].version;
		packets_count += batch.frames_count;
	}
	source->ops->free(source);
	tt_interfaces_deinit(&interfaces);
	if (packets_count > expected_count || packets_count < expected_count - 1024) {
		fprintf(stderr, "%llu packets of %llu\n", (unsigned long long)packets_count,
			(unsigned long long)expected_count);
		exit(EXIT_FAILURE);
	}
	return (now_ns() - start_ns) / (double)packets_count;
}

static void run(size_t shape, size_t packet_bytes, bool is_mapped)
{
	double ns[ROUNDS_COUNT];
	struct tt_trace_file file;
	uint64_t packets_count;

	tt_trace_file_init(&file);
	packets_count = write_file(&file, shape, packet_bytes);
	if (is_mapped)
		tt_trace_file_close(&file); /* while it is open for writing, it is read */
	for (size_t round = 0; round < ROUNDS_COUNT; round++)
		ns[round] = read_file(file.path, packets_count);
	qsort(ns, ROUNDS_COUNT, sizeof(ns[0]), compare);
	printf("%-20s %5zu bytes %-8s %8.1f ns  (%.1f to %.1f)\n", shapes[shape].name, packet_bytes,
	       is_mapped ? "mapped" : "read(2)", ns[ROUNDS_COUNT / 2], ns[0], ns[ROUNDS_COUNT - 1]);
	tt_trace_file_deinit(&file);
}

int main(void)
{
	for (size_t size = 0; size < sizeof(sizes) / sizeof(sizes[0]); size++) {
		for (size_t shape = 0; shape < sizeof(shapes) / sizeof(shapes[0]); shape++) {
			run(shape, sizes[size], true);
			run(shape, sizes[size], false);
		}
	}
	return found == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
