/* SPDX-License-Identifier: MIT */

/*
 * Writes the first inputs of fuzz.trace.read into a folder
 *
 * A pcap and a pcapng file of each link type in each byte order, with every kind of block
 * and option that is read. In front of each is a byte, as the fuzzer wants it.
 *
 * Usage: make_trace_corpus FOLDER
 */

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/trace_image.h"
#include "trace/pcapng.h"

static const uint16_t link_types[] = {
	TT_LINKTYPE_NULL,      TT_LINKTYPE_ETHERNET, TT_LINKTYPE_RAW,        TT_LINKTYPE_LOOP,
	TT_LINKTYPE_LINUX_SLL, TT_LINKTYPE_IPV4,     TT_LINKTYPE_LINUX_SLL2,
};

/* IPv4 behind the header of whatever link it is taken for; 0 where nothing is said. */
static const uint8_t packets[][48] = {
	[0] = { 0, 0, 0, 2, 0x45 },
	[1] = { 2, 1, [6] = 2, 2, [12] = 0x81, 0, 0, 1, 0x08, 0, 0x45 },
	[2] = { 0x45, 0, 0, 28 },
	[3] = { 0, 1, 0, 1, 0, 6, [14] = 0x86, 0xdd, 0x60 },
	[4] = { 0x08, 0, [7] = 3, 0, 1, 0, 6, [20] = 0x45 },
};

enum {
	PACKETS_COUNT = sizeof(packets) / sizeof(packets[0]),
};

static struct tt_trace_image image;

static struct tt_view packet_of(size_t i)
{
	return (struct tt_view){ .bytes = packets[i], .bytes_count = sizeof(packets[i]) - i };
}

static void put_pcap(uint16_t link_type, uint32_t magic)
{
	tt_trace_image_put_pcap(&image, magic, link_type);
	for (size_t i = 0; i < PACKETS_COUNT; i++)
		tt_trace_image_put_record(&image, 1, 2, packet_of(i), 60);
}

static void put_other_blocks(void)
{
	size_t block_offset = tt_trace_image_begin(&image, TT_PCAPNG_BLOCK_SIMPLE);

	tt_trace_image_put_u32(&image, 48);
	tt_trace_image_put(&image, packets[2], 48);
	tt_trace_image_end(&image, block_offset);
	block_offset = tt_trace_image_begin(&image, TT_PCAPNG_BLOCK_PACKET);
	tt_trace_image_put_u32(&image, 0);
	tt_trace_image_put_u64(&image, 5);
	tt_trace_image_put_u64(&image, UINT64_C(4) << 32 | 4);
	tt_trace_image_put(&image, packets[2], 4);
	tt_trace_image_end(&image, block_offset);
	block_offset = tt_trace_image_begin(&image, TT_PCAPNG_BLOCK_STATISTICS);
	tt_trace_image_put(&image, packets[2], 12);
	tt_trace_image_end(&image, block_offset);
}

static void put_pcapng(uint16_t link_type)
{
	(void)tt_trace_image_put_section(&image);
	(void)tt_trace_image_put_interface(&image, link_type, 96, "any", 9);
	(void)tt_trace_image_put_interface(&image, link_type, 0, NULL, 0x80 | 20);
	for (uint32_t i = 0; i < PACKETS_COUNT; i++) {
		size_t block_offset = tt_trace_image_begin_packet(&image, i % 2, i, packet_of(i),
								  60);

		tt_trace_image_put_option_u32(&image, TT_PCAPNG_PACKET_FLAGS, 0x605);
		tt_trace_image_put_option_u64(&image, TT_PCAPNG_PACKET_DROPCOUNT, i);
		if (i % 2 != 0)
			tt_trace_image_put_option(&image, TT_PCAPNG_OPTION_END, NULL, 0);
		tt_trace_image_end(&image, block_offset);
	}
	put_other_blocks();
}

static void write_image(const char *folder, const char *kind, unsigned int number)
{
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s-%u", folder, kind, number);
	file = fopen(path, "wbe");
	if (!file || fwrite(image.bytes, 1, image.bytes_count, file) != image.bytes_count ||
	    fclose(file) != 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
}

static void begin(bool is_big_endian, uint8_t step)
{
	tt_trace_image_init(&image, is_big_endian);
	tt_trace_image_put(&image, &step, 1);
}

int main(int argc, char **argv)
{
	unsigned int number = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: make_trace_corpus FOLDER\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(link_types) / sizeof(link_types[0]); i++) {
		for (unsigned int order = 0; order < 2; order++) {
			begin(order != 0, (uint8_t)(number * 37));
			put_pcap(link_types[i], i % 2 ? TT_PCAP_MAGIC_US : TT_PCAP_MAGIC_NS);
			write_image(argv[1], "pcap", number);
			begin(order != 0, (uint8_t)(number * 41));
			put_pcapng(link_types[i]);
			image.is_big_endian = order == 0;
			put_pcapng(TT_LINKTYPE_RAW);
			write_image(argv[1], "pcapng", number++);
		}
	}
	begin(false, 3);
	put_pcap(TT_LINKTYPE_RAW, TT_PCAP_MAGIC_MODIFIED);
	write_image(argv[1], "modified", number);
	return EXIT_SUCCESS;
}
