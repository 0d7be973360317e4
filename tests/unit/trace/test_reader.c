/* SPDX-License-Identifier: MIT */

/*
 * One trace file, read into batches: mapped, read, and through a pipe alike
 *
 * A file that is still open for writing cannot be mapped, which is how the tests choose.
 * Where the folder of temporary files has no leases, what is to be mapped is skipped.
 */

#include "trace/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/trace_file.h"
#include "tests/support/trace_image.h"
#include "tests/unit/cmocka_all.h"
#include "trace/pcapng.h"

enum {
	FILL_BYTES = 9 << 20, /* more than two windows */
	BLOCK_SECRETS = 10,
	HUGE_BYTES = 5 << 20, /* a block that fits into no window */
	PACKET_BYTES_MAX = 1500,
};

static struct tt_trace_image image;
static uint8_t packet[PACKET_BYTES_MAX] = "\x45";

static struct tt_view bytes_of(size_t bytes_count)
{
	return (struct tt_view){ .bytes = packet, .bytes_count = bytes_count };
}

struct fixture {
	struct tt_interfaces interfaces;
	struct tt_reader reader;
	struct tt_trace_file file;
	struct tt_error error;
};

static int fixture_setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ 0 };
	tt_reader_init(&fixture.reader, &fixture.interfaces);
	tt_trace_file_init(&fixture.file);
	*state = &fixture;
	return 0;
}

static int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	tt_reader_deinit(&fixture->reader);
	tt_interfaces_deinit(&fixture->interfaces);
	tt_trace_file_deinit(&fixture->file);
	return 0;
}

static void begin(uint16_t link_type, const char *name)
{
	tt_trace_image_init(&image, false);
	(void)tt_trace_image_put_section(&image);
	(void)tt_trace_image_put_interface(&image, link_type, 0, name, 9);
}

static void append_image(struct fixture *fixture)
{
	tt_trace_file_append(&fixture->file, tt_trace_image_view(&image));
	image.bytes_count = 0;
}

/* Reads to the end, or to a failure, which it returns. */
static int read_all(struct fixture *fixture, struct tt_trace_digest *ret_digest)
{
	struct tt_frame_batch batch;
	int r;

	*ret_digest = (struct tt_trace_digest){ 0 };
	do {
		r = tt_reader_next(&fixture->reader, &batch, 1000, &fixture->error);
		if (r == 0) {
			assert_true(batch.frames_count > 0);
			assert_true(batch.frames_count <= TT_BATCH_FRAMES_MAX);
			assert_null(batch.block);
			tt_trace_digest_add(ret_digest, &batch);
		}
	} while (r == 0 || r == TT_EMPTY);
	return r;
}

static void open_file(struct fixture *fixture)
{
	assert_int_equal(tt_reader_open(&fixture->reader, fixture->file.path, &fixture->error), 0);
}

/* Opens it, mapped; skips the test where that is not to be had. */
static void open_mapped(struct fixture *fixture)
{
	tt_trace_file_close(&fixture->file);
	open_file(fixture);
	if (fixture->reader.input.kind != TT_INPUT_MAPPED)
		skip();
}

static void open_unmapped(struct fixture *fixture)
{
	assert_true(fixture->file.fd >= 0);
	open_file(fixture);
	assert_int_equal(fixture->reader.input.kind, TT_INPUT_FILE);
}

/* Reads the fixture's image: @ret_batch has its first frames. */
static void read_image(struct fixture *fixture, struct tt_frame_batch *ret_batch)
{
	append_image(fixture);
	open_file(fixture);
	assert_int_equal(tt_reader_next(&fixture->reader, ret_batch, 0, &fixture->error), 0);
}

static void put_huge(struct fixture *fixture, uint32_t block_bytes)
{
	size_t left_bytes = block_bytes - 12;

	append_image(fixture);
	tt_trace_image_put_u32(&image, BLOCK_SECRETS);
	tt_trace_image_put_u32(&image, block_bytes);
	for (; left_bytes > 0; left_bytes -= image.bytes_count) {
		append_image(fixture);
		tt_trace_image_put(&image, packet, left_bytes < 1024 ? left_bytes : 1024);
	}
	append_image(fixture);
	tt_trace_image_put_u32(&image, block_bytes);
}

/* Packets of every length, a block larger than the window, more packets, the largest block. */
static uint64_t put_large_file(struct fixture *fixture)
{
	uint64_t frames_count = 0;

	begin(TT_LINKTYPE_RAW, "eth0");
	for (size_t bytes = 0; bytes < FILL_BYTES; bytes += frames_count % PACKET_BYTES_MAX) {
		size_t captured_bytes = frames_count % PACKET_BYTES_MAX;

		packet[captured_bytes / 2] ^= (uint8_t)frames_count;
		packet[0] = 0x45;
		(void)tt_trace_image_put_packet(&image, 0, frames_count, bytes_of(captured_bytes),
						PACKET_BYTES_MAX);
		frames_count++;
		if (image.bytes_count > TT_TRACE_IMAGE_BYTES_MAX / 2)
			append_image(fixture);
		if (frames_count == 1000)
			put_huge(fixture, HUGE_BYTES);
	}
	put_huge(fixture, TT_SCAN_RECORD_BYTES_MAX);
	(void)tt_trace_image_put_packet(&image, 0, frames_count, bytes_of(4), 4);
	append_image(fixture);
	return frames_count + 1;
}

static void mapped_and_read_a_large_file_gives_the_same(void **state)
{
	struct fixture *fixture = *state;
	struct tt_trace_digest mapped;
	struct tt_trace_digest unmapped;
	uint64_t frames_count;

	frames_count = put_large_file(fixture);
	open_unmapped(fixture);
	assert_int_equal(read_all(fixture, &unmapped), TT_END_OF_STREAM);
	assert_int_equal(unmapped.frames_count, frames_count);

	open_mapped(fixture);
	assert_int_equal(read_all(fixture, &mapped), TT_END_OF_STREAM);
	assert_int_equal(fixture->reader.input.kind, TT_INPUT_MAPPED);
	assert_memory_equal(&mapped, &unmapped, sizeof(mapped));
}

/* A lie about a length is told behind all that is before it. */
static void errors_name_file_and_offset_in_one_sentence(void **state)
{
	struct fixture *fixture = *state;
	struct tt_trace_digest digest;
	char expected[TT_ERROR_MESSAGE_BYTES];
	size_t block_offset;

	begin(TT_LINKTYPE_RAW, NULL);
	for (size_t i = 0; i < 100; i++)
		(void)tt_trace_image_put_packet(&image, 0, i, bytes_of(4), 4);
	block_offset = tt_trace_image_put_packet(&image, 0, 0, bytes_of(4), 4);
	tt_trace_image_set_u32(&image, block_offset + 4, 7);
	append_image(fixture);
	open_file(fixture);
	assert_int_equal(read_all(fixture, &digest), -EBADMSG);
	assert_int_equal(digest.frames_count, 100);
	(void)snprintf(expected, sizeof(expected),
		       "%s: offset %zu: a block says it has 7 bytes: it is 12 to 16777216, in "
		       "fours",
		       fixture->file.path, block_offset);
	assert_string_equal(fixture->error.message, expected);
	assert_int_equal(fixture->error.code, -EBADMSG);
}

/* Cuts a file at each byte and reads it; what is whole must be given. */
static void try_truncations(struct fixture *fixture, const size_t *ends, size_t records_first)
{
	for (size_t length = 0; length <= image.bytes_count; length++) {
		struct tt_view part = { .bytes = image.bytes, .bytes_count = length };
		struct tt_trace_digest digest;
		char expected[TT_ERROR_MESSAGE_BYTES];
		size_t whole = 0;
		int r;

		assert_int_equal(ftruncate(fixture->file.fd, 0), 0);
		assert_int_equal(lseek(fixture->file.fd, 0, SEEK_SET), 0);
		tt_trace_file_append(&fixture->file, part);
		open_file(fixture);
		r = read_all(fixture, &digest);

		while (ends[whole + 1] != 0 && ends[whole + 1] <= length)
			whole++;
		assert_int_equal(digest.frames_count,
				 whole < records_first ? 0 : whole - records_first);
		if (ends[whole] == length && length > 0) {
			assert_int_equal(r, TT_END_OF_STREAM);
			continue;
		}
		assert_int_equal(r, -EBADMSG);
		if (length == 0)
			(void)snprintf(expected, sizeof(expected),
				       "%s: offset 0: no trace: it is empty", fixture->file.path);
		else
			(void)snprintf(expected, sizeof(expected),
				       "%s: offset %zu: cut off in the middle of ",
				       fixture->file.path, ends[whole]);
		assert_memory_equal(fixture->error.message, expected, strlen(expected));
	}
}

static void a_pcapng_file_cut_anywhere_gives_what_is_before_it(void **state)
{
	size_t ends[8] = { 0 };
	size_t count = 1;

	tt_trace_image_init(&image, true);
	(void)tt_trace_image_put_section(&image);
	ends[count++] = image.bytes_count;
	(void)tt_trace_image_put_interface(&image, TT_LINKTYPE_RAW, 0, "eth0", 9);
	ends[count++] = image.bytes_count;
	for (size_t i = 1; i < 4; i++) {
		(void)tt_trace_image_put_packet(&image, 0, i, bytes_of(i * 7), 100);
		ends[count++] = image.bytes_count;
	}
	try_truncations(*state, ends, 2);
}

static void a_pcap_file_cut_anywhere_gives_what_is_before_it(void **state)
{
	size_t ends[8] = { 0 };
	size_t count = 1;

	tt_trace_image_init(&image, true);
	tt_trace_image_put_pcap(&image, TT_PCAP_MAGIC_NS, TT_LINKTYPE_RAW);
	ends[count++] = image.bytes_count;
	for (size_t i = 1; i < 4; i++) {
		tt_trace_image_put_record(&image, 0, (uint32_t)i, bytes_of(i * 7), 100);
		ends[count++] = image.bytes_count;
	}
	try_truncations(*state, ends, 1);
}

static void how_much_is_there_of_what_is_cut_off_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct tt_trace_digest digest;

	begin(TT_LINKTYPE_RAW, NULL);
	(void)tt_trace_image_put_packet(&image, 0, 0, bytes_of(64), 64);
	image.bytes_count -= 84;
	append_image(fixture);
	open_file(fixture);
	assert_int_equal(read_all(fixture, &digest), -EBADMSG);
	assert_non_null(strstr(fixture->error.message,
			       "cut off in the middle of a block: 12 of 96 bytes are there"));
}

static void a_long_path_leaves_room_for_the_reason(void **state)
{
	struct fixture *fixture = *state;
	char path[1000];

	memset(path, 'd', sizeof(path));
	path[0] = '/';
	memcpy(path + sizeof(path) - 6, "/last", 6);
	assert_int_equal(tt_reader_open(&fixture->reader, path, &fixture->error), -ENAMETOOLONG);
	assert_non_null(strstr(fixture->error.message, "dd/last: open: File name too long"));
}

static void a_folder_is_no_trace(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(tt_reader_open(&fixture->reader, "/", &fixture->error), -EISDIR);
	assert_string_equal(fixture->error.message, "/: open: Is a directory");
}

/* ----------------------------------------------------------------- what frames say */

static void put_sll2(uint32_t interface_index, uint32_t kernel_index, uint8_t packet_type)
{
	uint8_t cooked[24] = { 0x08, 0, [9] = 1, [10] = packet_type, 6, 2, 1, 2, 3, 4, 5 };

	cooked[20] = 0x45;
	cooked[4] = (uint8_t)(kernel_index >> 24);
	cooked[5] = (uint8_t)(kernel_index >> 16);
	cooked[6] = (uint8_t)(kernel_index >> 8);
	cooked[7] = (uint8_t)kernel_index;
	(void)tt_trace_image_put_packet(
		&image, interface_index, 0,
		(struct tt_view){ .bytes = cooked, .bytes_count = sizeof(cooked) }, 1000);
}

static void assert_interface(struct fixture *fixture, const struct tt_frame *frame,
			     const char *name, uint32_t kernel_index)
{
	struct tt_interface found;

	assert_true(tt_interfaces_find(&fixture->interfaces, frame->interface_index, &found));
	assert_string_equal(found.name, name);
	assert_int_equal(found.kernel_index, kernel_index);
}

static void interfaces_have_numbers_by_what_the_file_and_the_link_say(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;

	begin(TT_LINKTYPE_LINUX_SLL2, "any");
	(void)tt_trace_image_put_interface(&image, TT_LINKTYPE_LINUX_SLL2, 0, "eth0", 9);
	(void)tt_trace_image_put_interface(&image, TT_LINKTYPE_RAW, 0, "tun0", 9);
	put_sll2(0, 7, 0);
	put_sll2(0, 71, 0); /* in the same place of the reader's memory as 7 */
	put_sll2(1, 7, 0);
	put_sll2(0, 7, 0);
	(void)tt_trace_image_put_packet(&image, 2, 0, bytes_of(4), 4);
	put_sll2(0, UINT32_MAX, 0);
	put_sll2(1, 0, 0);
	put_sll2(1, 7, 0);
	/* The same interfaces again, in another section. */
	(void)tt_trace_image_put_section(&image);
	(void)tt_trace_image_put_interface(&image, TT_LINKTYPE_RAW, 0, "tun0", 6);
	(void)tt_trace_image_put_interface(&image, TT_LINKTYPE_LINUX_SLL2, 0, "eth0", 6);
	(void)tt_trace_image_put_packet(&image, 0, 0, bytes_of(4), 4);
	put_sll2(1, 7, 0);

	read_image(fixture, &batch);
	assert_int_equal(batch.frames_count, 10);
	assert_interface(fixture, &batch.frames[0], "if7", 7);
	assert_interface(fixture, &batch.frames[1], "if71", 71);
	assert_interface(fixture, &batch.frames[2], "eth0", 7);
	assert_interface(fixture, &batch.frames[4], "tun0", 0);
	assert_interface(fixture, &batch.frames[5], "if4294967295", UINT32_MAX);
	assert_interface(fixture, &batch.frames[6], "eth0", 0);
	assert_int_equal(batch.frames[3].interface_index, batch.frames[0].interface_index);
	assert_int_equal(batch.frames[7].interface_index, batch.frames[2].interface_index);
	assert_int_equal(batch.frames[8].interface_index, batch.frames[4].interface_index);
	assert_int_equal(batch.frames[9].interface_index, batch.frames[2].interface_index);
	assert_int_equal(fixture->interfaces.entries_count, 6);
}

static void interfaces_that_the_table_has_no_room_for_are_unknown(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;
	uint32_t number;

	for (uint32_t i = 1; i <= TT_INTERFACES_NUMBERED_MAX; i++) {
		struct tt_interface interface = { .kernel_index = i };

		assert_int_equal(tt_interfaces_add(&fixture->interfaces, &interface, &number), 0);
	}
	begin(TT_LINKTYPE_LINUX_SLL2, "any");
	(void)tt_trace_image_put_interface(&image, TT_LINKTYPE_RAW, 0, "tun0", 9);
	put_sll2(0, 7, 0);
	(void)tt_trace_image_put_packet(&image, 1, 0, bytes_of(4), 4);
	read_image(fixture, &batch);
	assert_int_equal(batch.frames_count, 2);
	assert_int_equal(batch.frames[0].interface_index, 0);
	assert_int_equal(batch.frames[1].interface_index, 0);
}

static void a_file_that_cannot_be_read_says_why(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;

	/* Nothing is mapped at 0. */
	assert_int_equal(tt_reader_open(&fixture->reader, "/proc/self/mem", &fixture->error), 0);
	assert_int_equal(tt_reader_next(&fixture->reader, &batch, 0, &fixture->error), -EIO);
	assert_string_equal(fixture->error.message,
			    "/proc/self/mem: offset 0: read: Input/output error");
}

static void a_pcap_file_has_one_interface_without_a_name(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;

	tt_trace_image_init(&image, false);
	tt_trace_image_put_pcap(&image, TT_PCAP_MAGIC_US, TT_LINKTYPE_RAW);
	tt_trace_image_put_record(&image, 1, 2, bytes_of(4), 9);
	tt_trace_image_put_record(&image, 1, 2, bytes_of(4), 9);
	read_image(fixture, &batch);
	assert_int_equal(batch.frames_count, 2);
	assert_interface(fixture, &batch.frames[1], "", 0);
	assert_int_equal(fixture->interfaces.entries_count, 1);
}

static void a_frame_is_what_link_header_and_flags_say(void **state)
{
	static const struct {
		uint32_t flags;
		uint8_t packet_type;
		uint16_t checksum;
	} cases[] = {
		{ 0, TT_PACKET_HOST, 0 },
		{ 1, TT_PACKET_HOST, 0 },
		{ 2, TT_PACKET_OUTGOING, 0 },
		{ 2 | 2 << 2, TT_PACKET_OUTGOING, 0 },
		{ 1 | 1 << 2, TT_PACKET_HOST, 0 },
		{ 2 << 2, TT_PACKET_MULTICAST, 0 },
		{ 3 << 2, TT_PACKET_BROADCAST, 0 },
		{ 4 << 2, TT_PACKET_OTHERHOST, 0 },
		{ 7 << 2, TT_PACKET_HOST, 0 },
		{ 1 << 9, TT_PACKET_HOST, TT_DATAGRAM_CHECKSUM_PARTIAL },
		{ 1 << 10, TT_PACKET_HOST, TT_DATAGRAM_CHECKSUM_VALID },
		{ ~0U ^ 3, TT_PACKET_HOST,
		  TT_DATAGRAM_CHECKSUM_PARTIAL | TT_DATAGRAM_CHECKSUM_VALID },
	};
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;

	begin(TT_LINKTYPE_RAW, "tun0");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t block_offset = tt_trace_image_begin_packet(&image, 0, i, bytes_of(8), 9);

		tt_trace_image_put_option_u32(&image, TT_PCAPNG_PACKET_FLAGS, cases[i].flags);
		tt_trace_image_end(&image, block_offset);
	}
	packet[0] = 0x45;
	read_image(fixture, &batch);
	assert_int_equal(batch.frames_count, sizeof(cases) / sizeof(cases[0]));
	for (size_t i = 0; i < batch.frames_count; i++) {
		assert_int_equal(batch.frames[i].packet_type, cases[i].packet_type);
		assert_int_equal(batch.frames[i].flags, cases[i].checksum);
		assert_int_equal(batch.frames[i].time_ns, i);
		assert_int_equal(batch.frames[i].version, 4);
		assert_int_equal(batch.frames[i].captured_bytes, 8);
		assert_int_equal(batch.frames[i].wire_bytes, 9);
		assert_int_equal(batch.origins[i].source_kind, TT_SOURCE_FILE);
	}
}

static void what_a_cooked_header_says_counts_more_than_flags(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;
	uint8_t cooked[21] = { 0x08, 0, [10] = TT_PACKET_OTHERHOST, [20] = 0x45 };
	size_t block_offset;

	begin(TT_LINKTYPE_LINUX_SLL2, "any");
	block_offset = tt_trace_image_begin_packet(
		&image, 0, 0, (struct tt_view){ .bytes = cooked, .bytes_count = 21 }, 30);
	tt_trace_image_put_option_u32(&image, TT_PCAPNG_PACKET_FLAGS, 1 << 2);
	tt_trace_image_end(&image, block_offset);
	read_image(fixture, &batch);
	assert_int_equal(batch.frames[0].packet_type, TT_PACKET_OTHERHOST);
	assert_int_equal(batch.frames[0].captured_bytes, 1);
	assert_int_equal(batch.frames[0].wire_bytes, 10);
}

static void a_batch_begins_with_the_frame_that_losses_came_before(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;

	begin(TT_LINKTYPE_RAW, "eth0");
	for (size_t i = 0; i < 100; i++) {
		size_t block_offset = tt_trace_image_begin_packet(&image, 0, i, bytes_of(4), 4);

		if (i == 0 || i == 10 || i == 11)
			tt_trace_image_put_option_u64(&image, TT_PCAPNG_PACKET_DROPCOUNT, 1000 + i);
		tt_trace_image_end(&image, block_offset);
	}
	read_image(fixture, &batch);
	assert_int_equal(batch.frames_count, 10);
	assert_int_equal(batch.dropped_before, 1000);
	assert_int_equal(tt_reader_next(&fixture->reader, &batch, 0, NULL), 0);
	assert_int_equal(batch.frames_count, 1);
	assert_int_equal(batch.dropped_before, 1010);
	assert_int_equal(batch.frames[0].time_ns, 10);
	assert_int_equal(tt_reader_next(&fixture->reader, &batch, 0, NULL), 0);
	assert_int_equal(batch.frames_count, TT_BATCH_FRAMES_MAX);
	assert_int_equal(batch.dropped_before, 1011);
	assert_int_equal(tt_reader_next(&fixture->reader, &batch, 0, NULL), 0);
	assert_int_equal(batch.frames_count, 100 - 11 - TT_BATCH_FRAMES_MAX);
	assert_int_equal(batch.dropped_before, 0);
}

/* ---------------------------------------------------------------------------- leases */

struct writer {
	const char *path;
	int flags;
	_Atomic int r; /* 1: at work */
};

static void *open_for_writing(void *context)
{
	struct writer *writer = context;
	int fd = open(writer->path, O_WRONLY | O_CLOEXEC | writer->flags);

	atomic_store(&writer->r, fd < 0 ? -errno : 0);
	if (fd >= 0)
		(void)close(fd);
	return NULL;
}

/* Reads a mapped file that another thread cuts off meanwhile: how that ends is returned. */
static int read_while_written(struct fixture *fixture, int flags, struct tt_trace_digest *ret)
{
	struct writer writer = { .path = fixture->file.path, .flags = flags, .r = 1 };
	struct tt_frame_batch batch;
	pthread_t thread;
	int r;

	*ret = (struct tt_trace_digest){ 0 };
	assert_int_equal(tt_reader_next(&fixture->reader, &batch, 0, &fixture->error), 0);
	tt_trace_digest_add(ret, &batch);
	assert_int_equal(pthread_create(&thread, NULL, open_for_writing, &writer), 0);
	/* It waits for the lease: only a reader that goes on lets it in. */
	while (fcntl(fixture->reader.input.fd, F_GETLEASE) == F_RDLCK)
		assert_int_equal(atomic_load(&writer.r), 1);
	tt_trace_digest_add(ret, &batch); /* once more: its bytes are still there */
	assert_int_equal(atomic_load(&writer.r), 1);

	/* The next batch lets it in, however much is left of the window. */
	r = tt_reader_next(&fixture->reader, &batch, 0, &fixture->error);
	assert_int_equal(fixture->reader.input.kind, TT_INPUT_FILE);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(writer.r, 0);
	for (; r == 0; r = tt_reader_next(&fixture->reader, &batch, 0, &fixture->error))
		tt_trace_digest_add(ret, &batch);
	return r;
}

static void a_writer_is_let_in_and_the_rest_is_read(void **state)
{
	struct fixture *fixture = *state;
	struct tt_trace_digest digest;
	uint64_t frames_count = put_large_file(fixture);

	open_mapped(fixture);
	assert_int_equal(read_while_written(fixture, 0, &digest), TT_END_OF_STREAM);
	assert_int_equal(digest.frames_count, frames_count + TT_BATCH_FRAMES_MAX);
}

static void a_file_that_is_cut_off_meanwhile_ends_early_and_harms_nobody(void **state)
{
	struct fixture *fixture = *state;
	struct tt_trace_digest digest;
	uint64_t frames_count = put_large_file(fixture);
	int r;

	open_mapped(fixture);
	r = read_while_written(fixture, O_TRUNC, &digest);
	assert_true(r == TT_END_OF_STREAM || r == -EBADMSG);
	assert_true(digest.frames_count < frames_count);
}

static void a_file_that_grows_is_read_to_where_it_ends_by_then(void **state)
{
	struct fixture *fixture = *state;
	struct tt_trace_digest digest;
	struct tt_frame_batch batch;

	begin(TT_LINKTYPE_RAW, "eth0");
	for (size_t i = 0; i < TT_BATCH_FRAMES_MAX; i++)
		(void)tt_trace_image_put_packet(&image, 0, i, bytes_of(4), 4);
	append_image(fixture);
	open_unmapped(fixture);
	assert_int_equal(tt_reader_next(&fixture->reader, &batch, 0, NULL), 0);
	(void)tt_trace_image_put_packet(&image, 0, 0, bytes_of(4), 4);
	append_image(fixture);
	assert_int_equal(read_all(fixture, &digest), TT_END_OF_STREAM);
	assert_int_equal(digest.frames_count, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(mapped_and_read_a_large_file_gives_the_same),
		TEST(errors_name_file_and_offset_in_one_sentence),
		TEST(a_pcapng_file_cut_anywhere_gives_what_is_before_it),
		TEST(a_pcap_file_cut_anywhere_gives_what_is_before_it),
		TEST(how_much_is_there_of_what_is_cut_off_is_told),
		TEST(a_long_path_leaves_room_for_the_reason),
		TEST(a_folder_is_no_trace),
		TEST(interfaces_have_numbers_by_what_the_file_and_the_link_say),
		TEST(interfaces_that_the_table_has_no_room_for_are_unknown),
		TEST(a_file_that_cannot_be_read_says_why),
		TEST(a_pcap_file_has_one_interface_without_a_name),
		TEST(a_frame_is_what_link_header_and_flags_say),
		TEST(what_a_cooked_header_says_counts_more_than_flags),
		TEST(a_batch_begins_with_the_frame_that_losses_came_before),
		TEST(a_writer_is_let_in_and_the_rest_is_read),
		TEST(a_file_that_is_cut_off_meanwhile_ends_early_and_harms_nobody),
		TEST(a_file_that_grows_is_read_to_where_it_ends_by_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
