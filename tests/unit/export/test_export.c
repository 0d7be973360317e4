/* SPDX-License-Identifier: MIT */

/*
 * Text and JSON: a sink that writes a line a datagram
 *
 * The sink writes to real descriptors: files, a file at its size limit, /dev/full, and
 * pipes that a thread reads slowly, gives up, or interrupts with signals. No test waits
 * for time to pass. After each, what came out is compared with what was counted:
 * given == written + dropped, and written are the lines that are there. Not covered:
 * how a line is spelt, which is test_line's.
 */

#include "export/export.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/support/json_check.h"
#include "tests/support/sample.h"
#include "tests/unit/cmocka_all.h"

#define LINE                                                                                   \
	"2026-11-20T21:59:01.123456789Z eth2 in 192.0.2.7:40000 > 192.0.2.1:53 ttl 64 dscp 0 " \
	"id 4660 len 68 payload 40"
#define PAYLOAD "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627"

enum {
	LINE_LENGTH = sizeof(LINE), /* its newline, where the literal has its NUL */
	PIPE_BYTES = 4096,
	BUFFER_BYTES = 256 << 10, /* of the sink */
	MANY = 3 * BUFFER_BYTES / LINE_LENGTH,
};

static const char *name_interface(void *context, uint32_t interface_index)
{
	unsigned int *calls_count = context;

	if (calls_count)
		(*calls_count)++;
	assert_int_equal(interface_index, TT_SAMPLE_INTERFACE);
	return "eth2";
}

static struct tt_sink *new_sink(struct tt_export_opts opts)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_sink *sink;

	opts.interface_name = name_interface;
	assert_int_equal(tt_export_new(&sink, &opts, &error), 0);
	return sink;
}

static int take_one(struct tt_sink *sink, const struct tt_datagram *datagram)
{
	struct tt_run run = { .datagrams = datagram, .count = 1 };

	return sink->ops->take(sink, &run);
}

/* Gives the sample @count times; 0, or the first status that was not, and ends there. */
static int take_many(struct tt_sink *sink, const struct tt_sample *sample, size_t count)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = take_one(sink, &sample->datagram);
	return r;
}

static void check_counters(const struct tt_sink *sink, uint64_t given, uint64_t written,
			   uint64_t bytes)
{
	assert_int_equal(sink->counters.given, given);
	assert_int_equal(sink->counters.written, written);
	assert_int_equal(sink->counters.dropped, given - written);
	assert_int_equal(sink->counters.bytes, bytes);
	for (size_t i = 0; i < TT_WITHHELD_COUNT; i++)
		assert_int_equal(sink->counters.withheld[i], 0);
}

static int new_file(void)
{
	int fd = memfd_create("lines", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static size_t file_bytes(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);

	assert_true(size >= 0);
	return (size_t)size;
}

/* All that a file holds, as a string; the caller frees it. */
static char *read_file(int fd)
{
	size_t size = file_bytes(fd);
	char *bytes = malloc(size + 1);

	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, size, 0), (ssize_t)size);
	bytes[size] = '\0';
	return bytes;
}

static void check_file(int fd, const char *expected)
{
	char *bytes = read_file(fd);

	assert_string_equal(bytes, expected);
	free(bytes);
}

/* Gives one datagram to a new sink, ends it, and compares the whole output. */
static void check_line(struct tt_export_opts opts, const struct tt_datagram *datagram,
		       const char *expected)
{
	struct tt_sink *sink;

	opts.fd = new_file();
	sink = new_sink(opts);
	assert_int_equal(take_one(sink, datagram), 0);
	assert_int_equal(sink->ops->flush(sink, true), 0);
	check_counters(sink, 1, 1, strlen(expected));
	check_file(opts.fd, expected);
	sink->ops->free(sink);
	assert_int_equal(close(opts.fd), 0);
}

static void a_line_ends_with_a_newline_and_the_payload_stands_last(void **state)
{
	struct tt_sample sample;

	(void)state;

	tt_sample_ipv4(&sample);
	check_line((struct tt_export_opts){ 0 }, &sample.datagram, LINE "\n");
	check_line((struct tt_export_opts){ .with_payload = true }, &sample.datagram,
		   LINE " data " PAYLOAD "\n");

	sample.datagram.payload_captured_bytes = 2;
	check_line((struct tt_export_opts){ .with_payload = true }, &sample.datagram,
		   LINE " cut 2 data 0001\n");
	sample.datagram.payload_captured_bytes = 0;
	check_line((struct tt_export_opts){ .with_payload = true }, &sample.datagram,
		   LINE " cut 0\n");
}

/* As check_line(), for JSON: what stands behind the verdict. */
static void check_json_end(struct tt_export_opts opts, const struct tt_datagram *datagram,
			   const char *expected_end)
{
	struct tt_sink *sink;
	const char *end;
	char *bytes;

	opts.fd = new_file();
	opts.is_json = true;
	sink = new_sink(opts);
	assert_int_equal(take_one(sink, datagram), 0);
	assert_int_equal(sink->ops->flush(sink, true), 0);

	bytes = read_file(opts.fd);
	check_counters(sink, 1, 1, strlen(bytes));
	assert_true(tt_json_is_strict(bytes, strlen(bytes) - 1));
	end = strstr(bytes, "\"verdict\":");
	assert_non_null(end);
	assert_string_equal(end, expected_end);
	free(bytes);
	sink->ops->free(sink);
	assert_int_equal(close(opts.fd), 0);
}

static void the_payload_in_json_is_a_string_empty_or_null(void **state)
{
	struct tt_export_opts plain = { 0 };
	struct tt_export_opts with_payload = { .with_payload = true };
	struct tt_sample sample;

	(void)state;

	tt_sample_ipv4(&sample);
	check_json_end(plain, &sample.datagram, "\"verdict\":\"ok\"}\n");
	check_json_end(with_payload, &sample.datagram,
		       "\"verdict\":\"ok\",\"payload\":\"" PAYLOAD "\"}\n");
	sample.datagram.payload_captured_bytes = 2;
	check_json_end(with_payload, &sample.datagram,
		       "\"verdict\":\"ok\",\"payload_captured\":2,\"payload\":\"0001\"}\n");
	check_json_end(plain, &sample.datagram, "\"verdict\":\"ok\",\"payload_captured\":2}\n");
	sample.datagram.payload_bytes = 0;
	sample.datagram.payload_captured_bytes = 0;
	check_json_end(with_payload, &sample.datagram, "\"verdict\":\"ok\",\"payload\":\"\"}\n");
	tt_sample_forget_headers(&sample, TT_VERDICT_TRUNCATED);
	check_json_end(with_payload, &sample.datagram,
		       "\"verdict\":\"truncated\",\"payload\":null}\n");
}

static void lines_of_traces_say_nothing_of_what_was_local(void **state)
{
	struct tt_export_opts of_trace = { .is_of_trace = true, .is_json = true };
	struct tt_sample sample;
	struct tt_sink *sink;
	char *bytes;

	(void)state;

	tt_sample_ipv4(&sample);
	sample.datagram.flags &= (uint16_t)~TT_DATAGRAM_LOCAL;
	check_line((struct tt_export_opts){ .is_of_trace = true }, &sample.datagram, LINE "\n");
	check_line((struct tt_export_opts){ 0 }, &sample.datagram, LINE " not-local\n");

	of_trace.fd = new_file();
	sink = new_sink(of_trace);
	assert_int_equal(take_one(sink, &sample.datagram), 0);
	assert_int_equal(sink->ops->flush(sink, true), 0);
	bytes = read_file(of_trace.fd);
	assert_non_null(strstr(bytes, "\"local\":null"));
	free(bytes);
	sink->ops->free(sink);
	assert_int_equal(close(of_trace.fd), 0);
}

static void no_interface_is_not_asked_for_its_name(void **state)
{
	struct tt_sample sample;
	unsigned int calls_count = 0;
	struct tt_export_opts opts = { .fd = new_file(), .context = &calls_count };
	struct tt_sink *sink = new_sink(opts);
	char *bytes;

	(void)state;

	tt_sample_ipv4(&sample);
	assert_int_equal(take_one(sink, &sample.datagram), 0);
	assert_int_equal(calls_count, 1);
	sample.datagram.interface_index = 0;
	assert_int_equal(take_one(sink, &sample.datagram), 0);
	assert_int_equal(calls_count, 1);
	assert_int_equal(sink->ops->flush(sink, true), 0);

	bytes = read_file(opts.fd);
	assert_non_null(strstr(bytes, "\n2026-11-20T21:59:01.123456789Z ? in 192.0.2.7:40000"));
	free(bytes);
	sink->ops->free(sink);
	assert_int_equal(close(opts.fd), 0);
}

static void a_flush_writes_unless_the_sink_is_buffered(void **state)
{
	struct tt_sample sample;

	(void)state;

	tt_sample_ipv4(&sample);
	for (int is_buffered = 0; is_buffered <= 1; is_buffered++) {
		struct tt_export_opts opts = { .fd = new_file(), .is_buffered = is_buffered };
		struct tt_sink *sink = new_sink(opts);

		assert_int_equal(take_many(sink, &sample, 3), 0);
		assert_int_equal(file_bytes(opts.fd), 0);
		assert_int_equal(sink->ops->flush(sink, false), 0);
		assert_int_equal(file_bytes(opts.fd), is_buffered ? 0 : 3 * LINE_LENGTH);
		assert_int_equal(sink->counters.written, is_buffered ? 0 : 3);

		assert_int_equal(take_many(sink, &sample, 1), 0);
		assert_int_equal(sink->ops->flush(sink, true), 0);
		check_counters(sink, 4, 4, UINT64_C(4) * LINE_LENGTH);
		assert_int_equal(sink->ops->flush(sink, true), 0);
		check_counters(sink, 4, 4, UINT64_C(4) * LINE_LENGTH);
		check_file(opts.fd, LINE "\n" LINE "\n" LINE "\n" LINE "\n");
		sink->ops->free(sink);
		assert_int_equal(close(opts.fd), 0);
	}
}

static void a_full_buffer_is_written_as_whole_lines(void **state)
{
	struct tt_export_opts opts = { .fd = new_file(), .is_buffered = true };
	struct tt_sink *sink = new_sink(opts);
	struct tt_sample sample;
	size_t written_bytes;

	(void)state;

	tt_sample_ipv4(&sample);
	assert_int_equal(take_many(sink, &sample, MANY), 0);
	written_bytes = file_bytes(opts.fd);
	assert_true(written_bytes > BUFFER_BYTES);
	assert_int_equal(written_bytes % LINE_LENGTH, 0);
	assert_int_equal(sink->counters.written, written_bytes / LINE_LENGTH);
	assert_int_equal(sink->counters.dropped, 0);

	assert_int_equal(sink->ops->flush(sink, true), 0);
	check_counters(sink, MANY, MANY, (uint64_t)MANY * LINE_LENGTH);
	sink->ops->free(sink);
	assert_int_equal(close(opts.fd), 0);
}

static void a_run_is_taken_whole_and_in_order(void **state)
{
	struct tt_export_opts opts = { .fd = new_file() };
	struct tt_sink *sink = new_sink(opts);
	struct tt_datagram datagrams[64];
	struct tt_run run = { .datagrams = datagrams, .count = 64 };
	struct tt_sample sample;
	const char *at;
	char *bytes;

	(void)state;

	tt_sample_ipv4(&sample);
	for (uint16_t i = 0; i < 64; i++) {
		datagrams[i] = sample.datagram;
		datagrams[i].id = i;
	}
	assert_int_equal(sink->ops->take(sink, &run), 0);
	assert_int_equal(sink->ops->flush(sink, false), 0);

	bytes = read_file(opts.fd);
	at = bytes;
	for (unsigned int i = 0; i < 64; i++) {
		at = strstr(at, " id ");
		assert_non_null(at);
		at += strlen(" id ");
		assert_int_equal(strtoul(at, NULL, 10), i);
	}
	assert_null(strstr(at, " id "));
	check_counters(sink, 64, 64, strlen(bytes));
	free(bytes);
	sink->ops->free(sink);
	assert_int_equal(close(opts.fd), 0);
}

static void a_payload_larger_than_the_buffer_comes_out_whole(void **state)
{
	static const uint32_t sizes[] = { 65507, 65535, 127000, 131000, 131071, 131072, 524288 };
	uint8_t *payload = malloc(524288);

	(void)state;

	assert_non_null(payload);
	for (size_t i = 0; i < 524288; i++)
		payload[i] = (uint8_t)(i * 31 >> 3);

	for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct tt_export_opts opts = { .fd = new_file(), .with_payload = true };
		struct tt_sample sample;
		struct tt_sink *sink;
		size_t digits_count = 2 * (size_t)sizes[i / 2];
		const char *hex;
		char *bytes;

		opts.is_json = i % 2;
		sink = new_sink(opts);
		tt_sample_ipv4(&sample);
		assert_int_equal(take_one(sink, &sample.datagram), 0);
		sample.datagram.payload = payload;
		sample.datagram.payload_bytes = sizes[i / 2];
		sample.datagram.payload_captured_bytes = sizes[i / 2];
		assert_int_equal(take_many(sink, &sample, 1), 0);
		assert_int_equal(sink->ops->flush(sink, true), 0);

		bytes = read_file(opts.fd);
		check_counters(sink, 2, 2, strlen(bytes));
		hex = strchr(bytes, '\n') + 1;
		if (opts.is_json)
			assert_true(tt_json_is_strict(hex, strlen(hex) - 1));
		hex = opts.is_json ? strstr(hex, "\"payload\":\"") + 11 : strstr(hex, " data ") + 6;
		assert_int_equal(strspn(hex, "0123456789abcdef"), digits_count);
		for (size_t at = 0; at < digits_count; at += 2) {
			char digits[3] = { hex[at], hex[at + 1], '\0' };

			assert_int_equal(strtoul(digits, NULL, 16), payload[at / 2]);
		}
		assert_string_equal(hex + digits_count, opts.is_json ? "\"}\n" : "\n");
		free(bytes);
		sink->ops->free(sink);
		assert_int_equal(close(opts.fd), 0);
	}
	free(payload);
}

/* After a failure: nothing is written any more, all of it is counted. */
static void check_sink_stays_ended(struct tt_sink *sink, const struct tt_sample *sample)
{
	struct tt_sink_counters before = sink->counters;

	assert_int_equal(take_many(sink, sample, 5), TT_STOP);
	assert_int_equal(sink->ops->flush(sink, false), 0);
	assert_int_equal(sink->ops->flush(sink, true), 0);
	sink->ops->drop(sink);
	check_counters(sink, before.given + 1, before.written, before.bytes);
}

static void a_full_device_is_said_once_and_every_datagram_is_dropped(void **state)
{
	struct tt_export_opts opts = { .fd = open("/dev/full", O_WRONLY | O_CLOEXEC) };
	struct tt_sample sample;
	struct tt_sink *sink;

	(void)state;

	assert_true(opts.fd >= 0);
	tt_sample_ipv4(&sample);

	sink = new_sink(opts); /* found by the flush */
	assert_int_equal(take_many(sink, &sample, 7), 0);
	assert_int_equal(sink->ops->flush(sink, false), -ENOSPC);
	check_counters(sink, 7, 0, 0);
	check_sink_stays_ended(sink, &sample);
	sink->ops->free(sink);

	sink = new_sink(opts); /* found by a take */
	assert_int_equal(take_many(sink, &sample, MANY), -ENOSPC);
	assert_in_range(sink->counters.given, 1, MANY - 1);
	check_counters(sink, sink->counters.given, 0, 0);
	check_sink_stays_ended(sink, &sample);
	sink->ops->free(sink);
	assert_int_equal(close(opts.fd), 0);
}

static void a_run_that_fails_in_its_middle_is_dropped_to_its_end(void **state)
{
	struct tt_export_opts opts = { .fd = open("/dev/full", O_WRONLY | O_CLOEXEC) };
	struct tt_sink *sink = new_sink(opts);
	struct tt_datagram *datagrams = calloc(MANY, sizeof(*datagrams));
	struct tt_run run = { .datagrams = datagrams, .count = MANY };
	struct tt_sample sample;

	(void)state;

	assert_non_null(datagrams);
	tt_sample_ipv4(&sample);
	for (size_t i = 0; i < MANY; i++)
		datagrams[i] = sample.datagram;
	assert_int_equal(sink->ops->take(sink, &run), -ENOSPC);
	check_counters(sink, MANY, 0, 0);

	free(datagrams);
	sink->ops->free(sink);
	assert_int_equal(close(opts.fd), 0);
}

static void a_line_that_was_written_in_part_is_not_written(void **state)
{
	static const rlim_t limits[] = { 1, LINE_LENGTH - 1, LINE_LENGTH, 10 * LINE_LENGTH + 5,
					 25 * LINE_LENGTH - 1 };
	struct tt_sample sample;
	struct rlimit old;

	(void)state;

	/* A file at its size limit takes what fits, and then answers EFBIG. */
	tt_sample_ipv4(&sample);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit limit = { .rlim_cur = limits[i], .rlim_max = old.rlim_max };
		struct tt_export_opts opts = { .fd = new_file() };
		struct tt_sink *sink = new_sink(opts);
		int r;

		assert_int_equal(take_many(sink, &sample, 25), 0);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		r = sink->ops->flush(sink, true);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);

		assert_int_equal(r, -EFBIG);
		assert_int_equal(file_bytes(opts.fd), limits[i]);
		check_counters(sink, 25, limits[i] / LINE_LENGTH, limits[i]);
		check_sink_stays_ended(sink, &sample);
		sink->ops->free(sink);
		assert_int_equal(close(opts.fd), 0);
	}
}

static void a_payload_that_was_written_in_part_is_not_written(void **state)
{
	struct rlimit limit = { .rlim_cur = LINE_LENGTH + 300000 };
	struct tt_export_opts opts = { .fd = new_file(), .with_payload = true };
	struct tt_sink *sink = new_sink(opts);
	uint8_t *payload = calloc(1, 524288);
	uint64_t bytes;
	struct tt_sample sample;
	struct rlimit old;
	int r;

	(void)state;

	assert_non_null(payload);
	tt_sample_ipv4(&sample);
	sample.datagram.payload_bytes = 0;
	sample.datagram.payload_captured_bytes = 0;
	assert_int_equal(take_one(sink, &sample.datagram), 0);
	sample.datagram.payload = payload;
	sample.datagram.payload_bytes = 524288;
	sample.datagram.payload_captured_bytes = 524288;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit.rlim_max = old.rlim_max;
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	r = take_one(sink, &sample.datagram);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);

	assert_int_equal(r, -EFBIG);
	bytes = file_bytes(opts.fd);
	assert_int_equal(bytes, limit.rlim_cur);
	check_counters(sink, 2, 1, bytes);
	check_sink_stays_ended(sink, &sample);
	free(payload);
	sink->ops->free(sink);
	assert_int_equal(close(opts.fd), 0);
}

static void a_pipe_that_nobody_reads_is_said_once(void **state)
{
	struct tt_export_opts opts = { 0 };
	struct tt_sample sample;
	struct tt_sink *sink;
	int pipe_fds[2];

	(void)state;

	assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_int_equal(close(pipe_fds[0]), 0);
	opts.fd = pipe_fds[1];
	sink = new_sink(opts);
	tt_sample_ipv4(&sample);

	assert_int_equal(take_many(sink, &sample, 3), 0);
	assert_int_equal(sink->ops->flush(sink, false), -EPIPE);
	check_counters(sink, 3, 0, 0);
	check_sink_stays_ended(sink, &sample);
	sink->ops->free(sink);
	assert_int_equal(close(pipe_fds[1]), 0);
}

static void what_is_buffered_is_dropped_on_request_and_the_sink_goes_on(void **state)
{
	struct tt_export_opts opts = { .fd = new_file() };
	struct tt_sink *sink = new_sink(opts);
	struct tt_sample sample;

	(void)state;

	tt_sample_ipv4(&sample);
	assert_int_equal(take_many(sink, &sample, 3), 0);
	sink->ops->drop(sink);
	check_counters(sink, 3, 0, 0);
	sink->ops->drop(sink);
	check_counters(sink, 3, 0, 0);

	assert_int_equal(take_many(sink, &sample, 1), 0);
	assert_int_equal(sink->ops->flush(sink, true), 0);
	check_counters(sink, 4, 1, LINE_LENGTH);
	check_file(opts.fd, LINE "\n");
	sink->ops->free(sink);
	assert_int_equal(close(opts.fd), 0);
}

/* Reads a pipe in its own thread, little by little. */
struct reader {
	pthread_t thread;
	int fd;
	size_t piece_bytes;
	size_t bytes_max;    /* closes the pipe after so many */
	pthread_t interrupt; /* gets a signal whenever it waits for the pipe, if it is set */
	bool has_interrupt;
	char *bytes;
	size_t bytes_count;
};

static atomic_uint interrupts_count; /* added to in the writer's signal handler */

static void count_interrupt(int number)
{
	(void)number;
	atomic_fetch_add(&interrupts_count, 1);
}

static void *read_pipe(void *context)
{
	struct reader *reader = context;
	size_t room_bytes = (size_t)MANY * LINE_LENGTH;
	ssize_t n;

	do {
		size_t wanted = reader->piece_bytes;
		int filled_bytes = 0;

		/* Of a pipe of one page the writer waits until it is empty. */
		if (reader->has_interrupt && ioctl(reader->fd, FIONREAD, &filled_bytes) == 0 &&
		    filled_bytes > 0)
			(void)pthread_kill(reader->interrupt, SIGUSR1);
		if (wanted > room_bytes - reader->bytes_count)
			wanted = room_bytes - reader->bytes_count + 1; /* too much would show */
		n = read(reader->fd, reader->bytes + reader->bytes_count, wanted);
		if (n > 0)
			reader->bytes_count += (size_t)n;
	} while (n > 0 && reader->bytes_count < reader->bytes_max);
	(void)close(reader->fd);
	return NULL;
}

/* A pipe of one page with its reader; returns the end to write to. */
static int start_reader(struct reader *reader, int flags)
{
	int pipe_fds[2];

	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(pipe_fds[1], F_SETPIPE_SZ, PIPE_BYTES), PIPE_BYTES);
	assert_int_equal(fcntl(pipe_fds[1], F_SETFL, flags), 0);
	reader->fd = pipe_fds[0];
	reader->bytes = malloc((size_t)MANY * LINE_LENGTH + 1);
	assert_non_null(reader->bytes);
	assert_int_equal(pthread_create(&reader->thread, NULL, read_pipe, reader), 0);
	return pipe_fds[1];
}

/* Writes MANY lines through a slow pipe and checks that each byte arrives once. */
static void check_slow_pipe(struct reader *reader, int flags)
{
	struct tt_export_opts opts = { .fd = start_reader(reader, flags) };
	struct tt_sink *sink = new_sink(opts);
	struct tt_sample sample;

	tt_sample_ipv4(&sample);
	assert_int_equal(take_many(sink, &sample, MANY), 0);
	assert_int_equal(sink->ops->flush(sink, true), 0);
	check_counters(sink, MANY, MANY, (uint64_t)MANY * LINE_LENGTH);
	assert_int_equal(close(opts.fd), 0);

	assert_int_equal(pthread_join(reader->thread, NULL), 0);
	assert_int_equal(reader->bytes_count, (size_t)MANY * LINE_LENGTH);
	for (size_t i = 0; i < MANY; i++)
		assert_memory_equal(reader->bytes + i * LINE_LENGTH, LINE "\n", LINE_LENGTH);
	free(reader->bytes);
	sink->ops->free(sink);
}

static void a_slow_reader_gets_every_byte_once(void **state)
{
	struct reader reader = { .piece_bytes = 997, .bytes_max = SIZE_MAX };

	(void)state;

	check_slow_pipe(&reader, 0);
}

static void a_descriptor_that_does_not_block_is_waited_for(void **state)
{
	struct reader reader = { .piece_bytes = 997, .bytes_max = SIZE_MAX };

	(void)state;

	check_slow_pipe(&reader, O_NONBLOCK);
}

static void signals_that_cut_writes_short_lose_nothing(void **state)
{
	/* Without SA_RESTART: a write that waits returns short, or with EINTR. */
	struct sigaction action = { .sa_handler = count_interrupt };
	struct sigaction old;

	(void)state;

	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	for (int i = 0; i < 2; i++) {
		struct reader reader = { .piece_bytes = 997,
					 .bytes_max = SIZE_MAX,
					 .interrupt = pthread_self(),
					 .has_interrupt = true };

		atomic_store(&interrupts_count, 0);
		check_slow_pipe(&reader, i ? O_NONBLOCK : 0);
		assert_true(atomic_load(&interrupts_count) > 10);
	}
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
}

static void a_reader_that_gives_up_got_the_lines_that_are_counted(void **state)
{
	struct tt_export_opts opts = { 0 };
	struct tt_sample sample;

	(void)state;

	assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	tt_sample_ipv4(&sample);
	for (int i = 0; i < 2; i++) {
		struct reader reader = { .piece_bytes = 701, .bytes_max = 100000 };
		struct tt_sink *sink;

		opts.fd = start_reader(&reader, i ? O_NONBLOCK : 0);
		sink = new_sink(opts);
		assert_int_equal(take_many(sink, &sample, MANY), -EPIPE);
		assert_int_equal(pthread_join(reader.thread, NULL), 0);

		/* What was written and never read still counts: it left this process. */
		assert_in_range(sink->counters.bytes, reader.bytes_count,
				reader.bytes_count + PIPE_BYTES);
		check_counters(sink, sink->counters.given, sink->counters.bytes / LINE_LENGTH,
			       sink->counters.bytes);
		assert_true(sink->counters.dropped > 0);
		check_sink_stays_ended(sink, &sample);
		free(reader.bytes);
		sink->ops->free(sink);
		assert_int_equal(close(opts.fd), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_ends_with_a_newline_and_the_payload_stands_last),
		cmocka_unit_test(the_payload_in_json_is_a_string_empty_or_null),
		cmocka_unit_test(lines_of_traces_say_nothing_of_what_was_local),
		cmocka_unit_test(no_interface_is_not_asked_for_its_name),
		cmocka_unit_test(a_flush_writes_unless_the_sink_is_buffered),
		cmocka_unit_test(a_full_buffer_is_written_as_whole_lines),
		cmocka_unit_test(a_run_is_taken_whole_and_in_order),
		cmocka_unit_test(a_payload_larger_than_the_buffer_comes_out_whole),
		cmocka_unit_test(a_full_device_is_said_once_and_every_datagram_is_dropped),
		cmocka_unit_test(a_run_that_fails_in_its_middle_is_dropped_to_its_end),
		cmocka_unit_test(a_line_that_was_written_in_part_is_not_written),
		cmocka_unit_test(a_payload_that_was_written_in_part_is_not_written),
		cmocka_unit_test(a_pipe_that_nobody_reads_is_said_once),
		cmocka_unit_test(what_is_buffered_is_dropped_on_request_and_the_sink_goes_on),
		cmocka_unit_test(a_slow_reader_gets_every_byte_once),
		cmocka_unit_test(a_descriptor_that_does_not_block_is_waited_for),
		cmocka_unit_test(signals_that_cut_writes_short_lose_nothing),
		cmocka_unit_test(a_reader_that_gives_up_got_the_lines_that_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
