/* SPDX-License-Identifier: MIT */

/*
 * A receiver over files of arbitrary bytes
 *
 * The first two bytes choose options and what the file begins with, so that a fuzzer need not
 * find a magic number first; the rest is the file, or two of them. It lies in memory, and goes
 * through the public functions into lines and a trace, which nobody reads; no handler gets it,
 * since that takes a table of all ports. What must hold: it ends, a failure has words, and the
 * account is final and exact.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "packet/view.h"
#include "tests/support/trace_image.h"
#include "trace/pcapng.h"
#include "twintap/twintap.h"

/* The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

enum {
	CHOICES_BYTES = 2,
	PATH_BYTES = 32,
	LINKTYPE_ETHERNET = 1,
	LINKTYPE_RAW = 101,
	LINKTYPE_LINUX_SLL2 = 276,
};

/* Bits of the first byte. */
enum {
	CHOICE_TWO_FILES = 1 << 0,
	CHOICE_ORDERED = 1 << 1,
	CHOICE_PORTS = 1 << 2,
	CHOICE_EXPRESSION = 1 << 3,
	CHOICE_NO_FRAGMENTS = 1 << 4,
	CHOICE_VERIFY = 1 << 5,
	CHOICE_SNAP = 1 << 6,
	CHOICE_HEADERS = 1 << 7,
};

static void require(bool is_so)
{
	if (!is_so)
		abort();
}

/* What the file begins with, by the second byte. */
static void begin_image(struct tt_trace_image *image, uint8_t choice)
{
	static const uint32_t magics[] = { TT_PCAP_MAGIC_US, TT_PCAP_MAGIC_NS,
					   TT_PCAP_MAGIC_MODIFIED };
	static const uint16_t links[] = { LINKTYPE_ETHERNET, LINKTYPE_RAW, LINKTYPE_LINUX_SLL2 };
	uint16_t link = links[choice / 8 % 3];

	tt_trace_image_init(image, choice & 1);
	switch (choice / 2 % 4) {
	case 0: /* nothing */
		break;
	case 1:
		tt_trace_image_put_pcap(image, magics[choice / 32 % 3], link);
		break;
	case 2:
		(void)tt_trace_image_put_section(image);
		break;
	default:
		(void)tt_trace_image_put_section(image);
		(void)tt_trace_image_put_interface(image, link, 0, "eth0", 6);
		break;
	}
}

/* A file in memory, and a path that leads there. */
static int make_file(struct tt_view begin, struct tt_view bytes, char path[static PATH_BYTES])
{
	int fd = memfd_create("trace", MFD_CLOEXEC);

	require(fd >= 0);
	require(write(fd, begin.bytes, begin.bytes_count) == (ssize_t)begin.bytes_count);
	require(write(fd, bytes.bytes, bytes.bytes_count) == (ssize_t)bytes.bytes_count);
	(void)snprintf(path, PATH_BYTES, "/proc/self/fd/%d", fd);
	return fd;
}

static uint64_t sum_of(const uint64_t *counts)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < TT_COUNTERS_ROOM; i++)
		sum += counts[i];
	return sum;
}

static void check_account(struct tt_receiver *receiver)
{
	struct tt_accounting accounting = { .size = sizeof(accounting) };
	const struct tt_source_accounting *file = &accounting.sources[TT_SOURCE_FILE];

	require(tt_receiver_accounting(receiver, &accounting) == 0);
	require(accounting.is_final);
	require(file->seen == sum_of(file->rejected) + file->accepted);
	require(file->accepted == file->ring_dropped + file->narrowed + file->delivered);
	require(file->delivered == sum_of(file->verdicts));
	for (size_t i = 0; i < accounting.outputs_count; i++) {
		const struct tt_output_accounting *output = &accounting.outputs[i];

		require(file->delivered == sum_of(output->withheld) + output->given);
		require(output->given == output->written);
		require(output->dropped == 0);
	}
}

static void read_files(const char *const *paths, uint8_t choices, int null_fd)
{
	struct tt_output_opts with_payload = TT_OUTPUT_OPTS(.flags = TT_OUTPUT_PAYLOAD,
							    .verdicts = TT_VERDICT_ALL);
	struct tt_error error = TT_ERROR_INIT;
	struct tt_receiver *receiver;
	int r;

	r = tt_receiver_new(
		&receiver, choices & CHOICE_PORTS ? "53,1000-1100" : NULL, NULL, NULL,
		&TT_RECEIVER_OPTS(.files = paths, .files_count = choices & CHOICE_TWO_FILES ? 2 : 1,
				  .port_side = TT_PORT_EITHER,
				  .expression = choices & CHOICE_EXPRESSION ? "udp[8] < 128" : NULL,
				  .snap_bytes = choices & CHOICE_HEADERS ? TT_SNAP_HEADERS
						: choices & CHOICE_SNAP  ? TT_SNAP_BYTES_MIN
									 : 0,
				  .flags = (choices & CHOICE_ORDERED ? TT_RECEIVER_ORDERED : 0) |
					   (choices & CHOICE_NO_FRAGMENTS ? TT_RECEIVER_NO_FRAGMENTS
									  : 0) |
					   (choices & CHOICE_VERIFY ? TT_RECEIVER_VERIFY_CHECKSUMS
								    : 0)),
		&error);
	require(r == 0);
	require(tt_receiver_add_output(receiver, null_fd, TT_FORMAT_JSON, &with_payload, NULL) ==
		0);
	require(tt_receiver_add_trace(receiver, "/dev/null", NULL, NULL) == 0);
	r = tt_receiver_run(receiver, &error);
	require(r == 0 || (r < 0 && error.message[0]));
	check_account(receiver);
	tt_receiver_free(receiver);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	static struct tt_trace_image image;
	static int null_fd = -1;
	char paths[2][PATH_BYTES];
	const char *const files[2] = { paths[0], paths[1] };
	struct tt_view bytes = { .bytes = data, .bytes_count = data_bytes };
	struct tt_view halves[2];
	int fds[2];

	if (null_fd < 0)
		null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	require(null_fd >= 0);
	if (data_bytes < CHOICES_BYTES)
		return 0;

	begin_image(&image, data[1]);
	bytes = tt_view_slice(bytes, CHOICES_BYTES, data_bytes);
	halves[0] = bytes;
	halves[1] = tt_view_slice(bytes, bytes.bytes_count / 2, bytes.bytes_count);
	for (size_t i = 0; i < 2; i++)
		fds[i] = make_file(tt_trace_image_view(&image), halves[i], paths[i]);
	read_files(files, data[0], null_fd);
	for (size_t i = 0; i < 2; i++)
		(void)close(fds[i]); /* it was in memory */
	return 0;
}
