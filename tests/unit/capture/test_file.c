/* SPDX-License-Identifier: MIT */

/*
 * Trace files as a source: their order, their failures, and pipes
 *
 * What a file's bytes mean is tested in trace/. Here: that a pipe which is fed byte by byte
 * gives what a file gives, and that one file's failure is not the next one's.
 */

#include "capture/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/trace_file.h"
#include "tests/support/trace_image.h"
#include "tests/unit/cmocka_all.h"
#include "trace/pcapng.h"
#include "twintap/accounting.h"

enum {
	FILES_COUNT = 3,
	WAIT_MS = 10000,
};

static struct tt_trace_image image;
static uint8_t packet[64] = "\x45";

struct fixture {
	struct tt_interfaces interfaces;
	struct tt_trace_file files[FILES_COUNT];
	const char *paths[FILES_COUNT];
	struct tt_source *source;
	struct tt_error error;
};

static int fixture_setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ 0 };
	for (size_t i = 0; i < FILES_COUNT; i++) {
		tt_trace_file_init(&fixture.files[i]);
		fixture.paths[i] = fixture.files[i].path;
	}
	*state = &fixture;
	return 0;
}

static int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	if (fixture->source)
		fixture->source->ops->free(fixture->source);
	tt_interfaces_deinit(&fixture->interfaces);
	for (size_t i = 0; i < FILES_COUNT; i++)
		tt_trace_file_deinit(&fixture->files[i]);
	return 0;
}

static int open_paths(struct fixture *fixture, const char *const *paths, size_t paths_count)
{
	struct tt_file_source_opts opts = { .paths = paths,
					    .paths_count = paths_count,
					    .interfaces = &fixture->interfaces };

	return tt_file_source_new(&fixture->source, &opts, &fixture->error);
}

static int next(struct fixture *fixture, struct tt_frame_batch *batch)
{
	return fixture->source->ops->next(fixture->source, batch);
}

static void make_image(size_t packets_count)
{
	tt_trace_image_init(&image, false);
	(void)tt_trace_image_put_section(&image);
	(void)tt_trace_image_put_interface(&image, TT_LINKTYPE_RAW, 0, "eth0", 9);
	for (size_t i = 0; i < packets_count; i++) {
		size_t captured_bytes = 1 + i * 7 % (sizeof(packet) - 1);

		packet[1] = (uint8_t)i;
		(void)tt_trace_image_put_packet(
			&image, 0, i,
			(struct tt_view){ .bytes = packet, .bytes_count = captured_bytes }, 64);
	}
}

static void write_file(struct fixture *fixture, size_t index, size_t packets_count)
{
	make_image(packets_count);
	tt_trace_file_append(&fixture->files[index], tt_trace_image_view(&image));
}

/* Frames up to the next status that is not 0; a pipe is waited for. */
static int read_frames(struct fixture *fixture, struct tt_trace_digest *digest)
{
	struct tt_frame_batch batch;
	int r;

	for (;;) {
		struct pollfd poll_fd = { .fd = fixture->source->fd, .events = POLLIN };

		r = next(fixture, &batch);
		if (r == 0)
			tt_trace_digest_add(digest, &batch);
		else if (r == TT_EMPTY && poll_fd.fd >= 0)
			assert_int_equal(poll(&poll_fd, 1, WAIT_MS), 1);
		else if (r != TT_EMPTY)
			return r;
	}
}

static void files_are_read_one_after_the_other(void **state)
{
	struct fixture *fixture = *state;
	struct tt_trace_digest digest = { 0 };
	struct tt_source_statistics statistics[TT_SOURCE_KIND_COUNT] = { 0 };
	struct tt_frame_batch batch;

	write_file(fixture, 0, 100);
	write_file(fixture, 1, 0);
	write_file(fixture, 2, 30);
	assert_int_equal(open_paths(fixture, fixture->paths, 3), 0);
	assert_int_equal(fixture->source->fd, -1);
	assert_int_equal(read_frames(fixture, &digest), TT_STOP);
	assert_int_equal(digest.frames_count, 130);
	assert_int_equal(next(fixture, &batch), TT_STOP);
	assert_int_equal(fixture->interfaces.entries_count, 1);

	assert_int_equal(fixture->source->ops->check(fixture->source), 0);
	assert_int_equal(fixture->source->ops->add_statistics(fixture->source, statistics), 0);
	assert_true(statistics[TT_SOURCE_FILE].is_present);
	assert_int_equal(statistics[TT_SOURCE_FILE].stored, 130);
	assert_false(statistics[TT_SOURCE_IPV4].is_present);
}

static void a_broken_file_is_told_once_and_the_next_one_is_read(void **state)
{
	struct fixture *fixture = *state;
	struct tt_trace_digest digest = { 0 };

	make_image(10);
	image.bytes_count -= 3;
	tt_trace_file_append(&fixture->files[0], tt_trace_image_view(&image));
	write_file(fixture, 2, 20);
	tt_trace_file_close(&fixture->files[1]);
	assert_int_equal(unlink(fixture->paths[1]), 0);
	assert_int_equal(open_paths(fixture, fixture->paths, 3), 0);

	assert_int_equal(read_frames(fixture, &digest), -EBADMSG);
	assert_int_equal(digest.frames_count, 9);
	assert_int_equal(fixture->source->error.code, -EBADMSG);
	assert_memory_equal(fixture->source->error.message, fixture->paths[0],
			    strlen(fixture->paths[0]));
	assert_non_null(strstr(fixture->source->error.message, "cut off in the middle of a block"));
	assert_int_equal(read_frames(fixture, &digest), -ENOENT);
	assert_memory_equal(fixture->source->error.message, fixture->paths[1],
			    strlen(fixture->paths[1]));
	assert_int_equal(read_frames(fixture, &digest), TT_STOP);
	assert_int_equal(digest.frames_count, 29);
}

static void an_empty_file_is_no_trace(void **state)
{
	struct fixture *fixture = *state;
	struct tt_trace_digest digest = { 0 };

	assert_int_equal(open_paths(fixture, fixture->paths, 1), 0);
	assert_int_equal(read_frames(fixture, &digest), -EBADMSG);
	assert_non_null(strstr(fixture->source->error.message, "offset 0: no trace: it is empty"));
	assert_int_equal(read_frames(fixture, &digest), TT_STOP);
}

static void the_first_file_is_opened_at_once_and_later_ones_in_their_turn(void **state)
{
	struct fixture *fixture = *state;
	struct tt_trace_digest digest = { 0 };
	const char *missing[] = { "/nonexistent/trace" };

	assert_int_equal(open_paths(fixture, missing, 1), -ENOENT);
	assert_string_equal(fixture->error.message,
			    "/nonexistent/trace: open: No such file or directory");
	assert_null(fixture->source);

	write_file(fixture, 0, 5);
	assert_int_equal(open_paths(fixture, fixture->paths, 1), 0);
	assert_int_equal(unlink(fixture->paths[0]), 0);
	assert_int_equal(read_frames(fixture, &digest), TT_STOP);
	assert_int_equal(digest.frames_count, 5);
}

static void progress_goes_from_nothing_to_all_and_never_back(void **state)
{
	struct fixture *fixture = *state;
	struct tt_frame_batch batch;
	uint64_t last_bytes = 0;
	uint64_t done_bytes;
	uint64_t all_bytes;
	uint64_t expected_bytes = 0;
	size_t steps_count = 0;

	for (size_t i = 0; i < FILES_COUNT; i++) {
		write_file(fixture, i, 200);
		expected_bytes += image.bytes_count;
	}
	assert_int_equal(open_paths(fixture, fixture->paths, FILES_COUNT), 0);
	tt_file_source_progress(fixture->source, &done_bytes, &all_bytes);
	assert_int_equal(done_bytes, 0);
	assert_int_equal(all_bytes, expected_bytes);
	while (next(fixture, &batch) == 0) {
		tt_file_source_progress(fixture->source, &done_bytes, &all_bytes);
		assert_true(done_bytes > last_bytes);
		assert_int_equal(all_bytes, expected_bytes);
		last_bytes = done_bytes;
		steps_count++;
	}
	assert_int_equal(steps_count, FILES_COUNT * 4);
	tt_file_source_progress(fixture->source, &done_bytes, &all_bytes);
	assert_int_equal(done_bytes, expected_bytes);
}

/* ----------------------------------------------------------------------------- pipes */

/* Standard input is the fixture's pipe until this is undone. */
static int replace_stdin(int fd)
{
	int saved_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

	assert_true(saved_fd >= 0);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(close(fd), 0);
	return saved_fd;
}

static void restore_stdin(int saved_fd)
{
	assert_int_equal(dup2(saved_fd, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(close(saved_fd), 0);
}

static void a_pipe_fed_byte_by_byte_gives_what_a_file_gives(void **state)
{
	static const char *const paths[] = { "-" };
	struct fixture *fixture = *state;
	struct tt_trace_digest of_file = { 0 };
	struct tt_trace_digest of_pipe = { 0 };
	struct tt_frame_batch batch;
	uint64_t done_bytes;
	uint64_t all_bytes;
	int saved_fd;
	int fds[2];

	write_file(fixture, 0, 50);
	assert_int_equal(open_paths(fixture, fixture->paths, 1), 0);
	assert_int_equal(read_frames(fixture, &of_file), TT_STOP);
	fixture->source->ops->free(fixture->source);
	fixture->source = NULL;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	saved_fd = replace_stdin(fds[0]);
	assert_int_equal(open_paths(fixture, paths, 1), 0);
	assert_true(fixture->source->fd >= 0);
	tt_file_source_progress(fixture->source, &done_bytes, &all_bytes);
	assert_int_equal(all_bytes, 0);
	assert_int_equal(next(fixture, &batch), TT_EMPTY);
	for (size_t i = 0; i < image.bytes_count; i++) {
		int r;

		assert_int_equal(write(fds[1], image.bytes + i, 1), 1);
		for (r = next(fixture, &batch); r == 0; r = next(fixture, &batch))
			tt_trace_digest_add(&of_pipe, &batch);
		assert_int_equal(r, TT_EMPTY);
	}
	/* All is given before anybody knows that nothing more comes. */
	assert_int_equal(of_pipe.frames_count, 50);
	assert_int_equal(close(fds[1]), 0);
	assert_int_equal(next(fixture, &batch), TT_STOP);
	assert_memory_equal(&of_pipe, &of_file, sizeof(of_pipe));
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
	restore_stdin(saved_fd);
}

static void a_file_on_standard_input_is_read_from_where_it_stands(void **state)
{
	static const char *const paths[] = { "-" };
	struct fixture *fixture = *state;
	struct tt_trace_digest digest = { 0 };
	int saved_fd;
	int fd;

	make_image(0);
	tt_trace_file_append(&fixture->files[0],
			     (struct tt_view){ .bytes = packet, .bytes_count = 17 });
	write_file(fixture, 0, 20);
	tt_trace_file_close(&fixture->files[0]);
	fd = open(fixture->paths[0], O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(lseek(fd, 17, SEEK_SET), 17);
	saved_fd = replace_stdin(fd);
	assert_int_equal(open_paths(fixture, paths, 1), 0);
	assert_int_equal(fixture->source->fd, -1);
	assert_int_equal(read_frames(fixture, &digest), TT_STOP);
	assert_int_equal(digest.frames_count, 20);
	restore_stdin(saved_fd);
}

static void *feed(void *context)
{
	const char *path = context;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		for (size_t i = 0; i < image.bytes_count; i += 5) {
			size_t left_bytes = image.bytes_count - i;

			(void)!write(fd, image.bytes + i, left_bytes < 5 ? left_bytes : 5);
		}
		(void)close(fd);
	}
	return NULL;
}

/* The middle one of three is a pipe that nobody writes to yet. */
static void a_pipe_among_files_is_waited_for_and_can_be_left(void **state)
{
	struct fixture *fixture = *state;
	struct tt_trace_digest digest = { 0 };
	struct tt_frame_batch batch;
	uint64_t done_bytes;
	uint64_t all_bytes;
	pthread_t thread;

	write_file(fixture, 0, 10);
	write_file(fixture, 2, 10);
	assert_int_equal(unlink(fixture->paths[1]), 0);
	assert_int_equal(mkfifo(fixture->paths[1], 0600), 0);
	assert_int_equal(open_paths(fixture, fixture->paths, 3), 0);
	assert_int_equal(fixture->source->fd, -1);
	tt_file_source_progress(fixture->source, &done_bytes, &all_bytes);
	assert_int_equal(all_bytes, 0);

	assert_int_equal(next(fixture, &batch), 0);
	tt_trace_digest_add(&digest, &batch);
	assert_int_equal(next(fixture, &batch), TT_EMPTY);
	make_image(100);
	assert_int_equal(pthread_create(&thread, NULL, feed, (void *)(uintptr_t)fixture->paths[1]),
			 0);
	assert_int_equal(read_frames(fixture, &digest), TT_STOP);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(digest.frames_count, 120);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(files_are_read_one_after_the_other),
		TEST(a_broken_file_is_told_once_and_the_next_one_is_read),
		TEST(an_empty_file_is_no_trace),
		TEST(the_first_file_is_opened_at_once_and_later_ones_in_their_turn),
		TEST(progress_goes_from_nothing_to_all_and_never_back),
		TEST(a_pipe_fed_byte_by_byte_gives_what_a_file_gives),
		TEST(a_file_on_standard_input_is_read_from_where_it_stands),
		TEST(a_pipe_among_files_is_waited_for_and_can_be_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
