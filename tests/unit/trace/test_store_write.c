/* SPDX-License-Identifier: MIT */

/*
 * Writing, cutting back and completing the open file of a trace
 *
 * What the system does only rarely (a write of nothing, a failing sync or close) is done by
 * wrapped calls; a full disk is /dev/full, and a file that may not grow one under RLIMIT_FSIZE.
 */

#include "trace/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/store_lab.h"
#include "tests/unit/cmocka_all.h"

enum {
	PARTS_MANY = 3000, /* more than writev(2) takes at once */
};

/* What the wrapped calls are to do. */
static struct {
	int errors[4]; /* of the next calls of writev(), 0 ends them */
	size_t errors_used;
	size_t write_bytes_max; /* of one call; 0: as many as it likes */
	bool writes_nothing;
	int fdatasync_errno;
	int fsync_errno;
	int close_errno;
	unsigned int fdatasyncs_count;
	unsigned int fsyncs_count;
} fake;

/* The names are the linker's, for --wrap. NOLINTBEGIN */
ssize_t __real_writev(int fd, const struct iovec *parts, int count);
ssize_t __wrap_writev(int fd, const struct iovec *parts, int count);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __real_close(int fd);
int __wrap_close(int fd);

ssize_t __wrap_writev(int fd, const struct iovec *parts, int count)
{
	struct iovec first = parts[0];

	if (fake.errors[fake.errors_used]) {
		errno = fake.errors[fake.errors_used++];
		return -1;
	}
	if (fake.writes_nothing)
		return 0;
	if (fake.write_bytes_max == 0)
		return __real_writev(fd, parts, count);
	if (first.iov_len > fake.write_bytes_max)
		first.iov_len = fake.write_bytes_max;
	return __real_writev(fd, &first, 1);
}

int __wrap_fdatasync(int fd)
{
	(void)fd;
	fake.fdatasyncs_count++;
	errno = fake.fdatasync_errno;
	return fake.fdatasync_errno ? -1 : 0;
}

int __wrap_fsync(int fd)
{
	(void)fd;
	fake.fsyncs_count++;
	errno = fake.fsync_errno;
	return fake.fsync_errno ? -1 : 0;
}

int __wrap_close(int fd)
{
	int r = __real_close(fd);

	if (!fake.close_errno)
		return r;
	errno = fake.close_errno;
	fake.close_errno = 0;
	return -1;
}

/* NOLINTEND */

static int set_up(void **state)
{
	memset(&fake, 0, sizeof(fake));
	return tt_store_lab_set_up(state);
}

static int tear_down(void **state)
{
	memset(&fake, 0, sizeof(fake));
	return tt_store_lab_tear_down(state);
}

/* ---- writing ---- */

static void many_parts_are_written_in_order_and_empty_ones_skipped(void **state)
{
	static struct iovec parts[PARTS_MANY];
	static char bytes[PARTS_MANY];
	static char found[PARTS_MANY + 1];
	struct tt_store *store = tt_store_lab_make_named("a.b", false);
	uint64_t progress;
	size_t expected = 0;
	int fd;

	(void)state;
	for (size_t i = 0; i < PARTS_MANY; i++) {
		bytes[expected] = (char)('a' + expected % 23);
		parts[i] = (struct iovec){ .iov_base = &bytes[expected], .iov_len = i % 3 != 0 };
		expected += i % 3 != 0;
	}
	tt_store_lab_open_next(store);
	assert_int_equal(tt_store_write(store, parts, PARTS_MANY, &progress, NULL), 0);
	assert_int_equal(progress, expected);
	assert_int_equal(tt_store_write(store, parts, 0, &progress, NULL), 0);
	assert_int_equal(progress, 0);
	assert_int_equal(tt_store_write(store, parts, 1, &progress, NULL), 0);
	assert_int_equal(progress, 0);
	tt_store_lab_shut(store);

	fd = openat(tt_store_lab.folder.fd, "a.b", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, found, sizeof(found)), expected);
	assert_memory_equal(found, bytes, expected);
	(void)close(fd);
	tt_store_free(store);
}

static void short_writes_and_interruptions_go_on_where_they_were(void **state)
{
	struct tt_store *store = tt_store_lab_make_named("a.b", false);

	(void)state;
	tt_store_lab_open_next(store);
	fake.write_bytes_max = 3;
	fake.errors[0] = EINTR;
	fake.errors[1] = EINTR;
	tt_store_lab_put(store, "0123456789");
	assert_int_equal(fake.errors_used, 2);
	assert_int_equal(tt_store_file_bytes(store), 10);
	tt_store_lab_check_text("a.b", "0123456789");
	tt_store_lab_shut(store);
	tt_store_free(store);
}

static void a_write_of_nothing_is_a_failure(void **state)
{
	struct tt_store *store = tt_store_lab_make_named("a.b", false);
	struct tt_error err = TT_ERROR_INIT;
	uint64_t progress = 77;

	(void)state;
	tt_store_lab_open_next(store);
	fake.writes_nothing = true;
	assert_int_equal(tt_store_lab_put_failing(store, 1, &progress, &err), -EIO);
	assert_int_equal(progress, 0);
	assert_non_null(strstr(err.message, "write a.b: Input/output error: the device failed"));
	tt_store_free(store);
}

static void failures_of_writing_have_their_remedies(void **state)
{
	static const struct {
		int code;
		const char *words;
	} cases[] = {
		{ ENOSPC, "write a.b: No space left on device: make room" },
		{ EDQUOT, "write a.b: Disk quota exceeded: make room" },
		{ EFBIG, "write a.b: File too large: no file may become larger" },
		{ EPIPE, "write a.b: Broken pipe: who read it has ended" },
		{ EBADF, "write a.b: Bad file descriptor: name another" },
	};
	struct tt_store *store = tt_store_lab_make_named("a.b", false);

	(void)state;
	tt_store_lab_open_next(store);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_error err = TT_ERROR_INIT;
		uint64_t progress = 77;

		fake.errors[0] = cases[i].code;
		fake.errors_used = 0;
		assert_int_equal(tt_store_lab_put_failing(store, 1, &progress, &err),
				 -cases[i].code);
		assert_int_equal(progress, 0);
		if (!strstr(err.message, cases[i].words))
			fail_msg("\"%s\" is not in: %s", cases[i].words, err.message);
	}
	tt_store_free(store);
}

static void what_was_written_of_a_record_on_a_full_disk_is_cut_off(void **state)
{
	struct tt_store *store = tt_store_lab_make_named("a.b", true);
	struct rlimit unlimited;
	struct rlimit limit;
	struct tt_error err = TT_ERROR_INIT;
	uint64_t progress = 77;

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
	limit = unlimited;
	limit.rlim_cur = 100;

	tt_store_lab_open_next(store);
	tt_store_lab_put(store, "whole record");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(tt_store_lab_put_failing(store, 200, &progress, &err), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
	assert_int_equal(progress, 88);
	assert_int_equal(tt_store_file_bytes(store), 100);
	assert_non_null(strstr(err.message, "a-000001.b"));

	tt_store_cut(store, 12);
	assert_int_equal(tt_store_file_bytes(store), 12);
	tt_store_lab_put(store, "!"); /* right behind, and not where it was */
	tt_store_lab_shut(store);
	tt_store_lab_check_text("a-000001.b", "whole record!");
	tt_store_free(store);
}

static void a_cut_to_more_than_there_is_does_nothing(void **state)
{
	struct tt_store *store = tt_store_lab_make_named("a.b", false);

	(void)state;
	tt_store_lab_open_next(store);
	tt_store_lab_put(store, "abc");
	tt_store_cut(store, 4);
	tt_store_cut(store, 3);
	assert_int_equal(tt_store_file_bytes(store), 3);
	tt_store_lab_shut(store);
	assert_int_equal(tt_test_folder_bytes(&tt_store_lab.folder, "a.b"), 3);
	tt_store_free(store);
}

/* ---- what is no file ---- */

static void a_full_device_is_told(void **state)
{
	const struct tt_store_opts opts = { .path = "/dev/full" };
	struct tt_store *store = tt_store_lab_make(&opts);
	struct tt_error err = TT_ERROR_INIT;
	uint64_t progress = 77;

	(void)state;
	tt_store_lab_open_next(store);
	assert_false(tt_store_is_regular(store));
	assert_false(tt_store_is_stream(store));
	assert_int_equal(tt_store_lab_put_failing(store, 10, &progress, &err), -ENOSPC);
	assert_int_equal(progress, 0);
	assert_non_null(strstr(err.message, "write full: No space left on device: make room"));
	tt_store_cut(store, 0);
	tt_store_lab_shut(store);
	tt_store_free(store);
}

static void a_pipe_is_read_as_it_is_written_and_rotated_without_being_closed(void **state)
{
	struct tt_store *store;
	char text[16] = "";
	int fd;

	(void)state;
	assert_int_equal(mkfifoat(tt_store_lab.folder.fd, "pipe", 0600), 0);
	fd = openat(tt_store_lab.folder.fd, "pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	store = tt_store_lab_make_named("pipe", true);
	for (int i = 0; i < 3; i++) {
		tt_store_lab_open_next(store);
		assert_true(tt_store_is_stream(store));
		assert_false(tt_store_is_regular(store));
		tt_store_lab_check_folder("pipe\n");
		tt_store_lab_put(store, "ab");
		assert_int_equal(tt_store_file_bytes(store), 2);
		tt_store_lab_shut(store);
		assert_false(tt_store_is_stream(store));
	}
	assert_int_equal(read(fd, text, sizeof(text)), 6);
	assert_string_equal(text, "ababab");
	assert_int_equal(read(fd, text, sizeof(text)), -1); /* EAGAIN: it still has a writer */
	tt_store_free(store);
	assert_int_equal(read(fd, text, sizeof(text)), 0);
	(void)close(fd);
	tt_store_lab_check_folder("pipe\n");
}

static void a_full_pipe_is_waited_for(void **state)
{
	enum {
		BYTES = 1 << 20
	};
	struct tt_store *store;
	uint64_t progress;
	pid_t child;
	int status;
	int keeper;

	(void)state;
	assert_int_equal(mkfifoat(tt_store_lab.folder.fd, "pipe", 0600), 0);
	keeper = openat(tt_store_lab.folder.fd, "pipe", O_RDWR | O_CLOEXEC);
	assert_true(keeper >= 0);
	store = tt_store_lab_make_named("pipe", false);
	tt_store_lab_open_next(store);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		static char bytes[4096];
		size_t left = BYTES;

		while (left > 0) {
			ssize_t r = read(keeper, bytes, sizeof(bytes));

			if (r <= 0)
				_exit(1);
			left -= (size_t)r;
		}
		_exit(0);
	}
	/* Once as if it did not block, so that poll(2) is asked. */
	fake.errors[0] = EAGAIN;
	assert_int_equal(tt_store_lab_put_failing(store, BYTES, &progress, NULL), 0);
	assert_int_equal(progress, BYTES);
	assert_int_equal(fake.errors_used, 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	tt_store_lab_shut(store);
	tt_store_free(store);
	(void)close(keeper);
}

/* Runs with a file of this folder as standard output. */
static void with_stdout(const char *name, int flags, void (*test)(struct tt_store *store))
{
	const struct tt_store_opts opts = { .path = "-", .is_rotated = true };
	int fd = openat(tt_store_lab.folder.fd, name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
	int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	struct tt_store *store = tt_store_lab_make(&opts);

	assert_true(fd >= 0 && saved >= 0);
	(void)fflush(stdout);
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	test(store);
	tt_store_free(store);
	assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	(void)close(saved);
	(void)close(fd);
}

static void write_two_and_cut(struct tt_store *store)
{
	struct tt_error err = TT_ERROR_INIT;
	uint64_t progress;

	tt_store_lab_open_next(store);
	assert_true(tt_store_is_regular(store));
	tt_store_lab_put(store, "one");
	tt_store_lab_shut(store);
	tt_store_lab_open_next(store);
	tt_store_lab_put(store, "two!");
	tt_store_cut(store, 3);
	assert_int_equal(tt_store_file_bytes(store), 3);
	fake.errors[0] = EPIPE;
	assert_int_equal(tt_store_lab_put_failing(store, 1, &progress, &err), -EPIPE);
	assert_non_null(strstr(err.message, "write standard output: Broken pipe"));
	tt_store_lab_shut(store);
}

static void standard_output_is_never_closed_and_only_ours_is_cut_off(void **state)
{
	(void)state;
	with_stdout("out", 0, write_two_and_cut);
	tt_store_lab_check_text("out", "onetwo");
	memset(&fake, 0, sizeof(fake));
	with_stdout("out", O_APPEND, write_two_and_cut);
	tt_store_lab_check_text("out", "onetwoonetwo");
}

static void let_another_write(struct tt_store *store)
{
	tt_store_lab_open_next(store);
	tt_store_lab_put(store, "ours");
	assert_int_equal(write(STDOUT_FILENO, "theirs", 6), 6);
	tt_store_cut(store, 0);
	assert_int_equal(tt_store_file_bytes(store), 4);
	tt_store_lab_shut(store);
}

static void what_others_wrote_to_standard_output_is_not_cut_off(void **state)
{
	(void)state;
	with_stdout("out", 0, let_another_write);
	tt_store_lab_check_text("out", "ourstheirs");
}

static void a_standard_output_that_is_closed_is_a_failure(void **state)
{
	const struct tt_store_opts opts = { .path = "-" };
	struct tt_store *store = tt_store_lab_make(&opts);
	struct tt_error err = TT_ERROR_INIT;
	int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int r;

	(void)state;
	(void)fflush(stdout);
	(void)close(STDOUT_FILENO);
	r = tt_store_open(store, 0, &err);
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	(void)close(saved);
	assert_int_equal(r, -EBADF);
	assert_non_null(strstr(err.message, "standard output"));
	tt_store_free(store);
}

/* ---- sync ---- */

static void what_is_synced_is_what_was_wished(void **state)
{
	static const unsigned int fdatasyncs[TT_TRACE_SYNC_COUNT] = { 0, 1, 3 };
	static const unsigned int fsyncs[TT_TRACE_SYNC_COUNT] = { 0, 1, 2 };

	(void)state;
	for (unsigned int sync = 0; sync < TT_TRACE_SYNC_COUNT; sync++) {
		struct tt_store_opts opts = tt_store_lab_make_opts("a.b", true);
		struct tt_store *store;

		opts.sync = (uint8_t)sync;
		store = tt_store_lab_make(&opts);
		fake.fdatasyncs_count = 0;
		fake.fsyncs_count = 0;
		tt_store_lab_open_next(store);
		tt_store_lab_put(store, "x");
		tt_store_lab_put(store, "x");
		tt_store_lab_shut(store);
		assert_int_equal(fake.fdatasyncs_count, fdatasyncs[sync]);
		assert_int_equal(fake.fsyncs_count, fsyncs[sync]);
		tt_store_free(store);
	}
}

static void what_cannot_be_synced_or_closed_is_a_failure(void **state)
{
	static int *const failing[] = { &fake.fdatasync_errno, &fake.fsync_errno,
					&fake.close_errno };
	static const char *const words[] = { "sync a-000001.b: Input/output error",
					     "sync the name of a-000001.b: Input/output error",
					     "close a-000001.b: Input/output error" };

	(void)state;
	for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
		struct tt_store_opts opts = tt_store_lab_make_opts("a.b", true);
		struct tt_error err = TT_ERROR_INIT;
		struct tt_store *store;

		opts.sync = TT_TRACE_SYNC_FILE;
		store = tt_store_lab_make(&opts);
		tt_store_lab_open_next(store);
		tt_store_lab_put(store, "x");
		*failing[i] = EIO;
		assert_int_equal(tt_store_close(store, &err), -EIO);
		assert_false(tt_store_is_open(store));
		if (!strstr(err.message, words[i]))
			fail_msg("\"%s\" is not in: %s", words[i], err.message);
		*failing[i] = 0;
		tt_store_free(store);
		(void)unlinkat(tt_store_lab.folder.fd, "a-000001.b", 0);
		(void)unlinkat(tt_store_lab.folder.fd, ".a-000001.b.part", 0);
	}
}

static void a_write_that_cannot_be_synced_is_a_failure(void **state)
{
	struct tt_store_opts opts = tt_store_lab_make_opts("a.b", false);
	struct tt_error err = TT_ERROR_INIT;
	struct tt_store *store;
	uint64_t progress;

	(void)state;
	opts.sync = TT_TRACE_SYNC_WRITE;
	store = tt_store_lab_make(&opts);
	tt_store_lab_open_next(store);
	fake.fdatasync_errno = ENOSPC;
	assert_int_equal(tt_store_lab_put_failing(store, 3, &progress, &err), -ENOSPC);
	assert_int_equal(progress, 3);
	assert_non_null(strstr(err.message, "sync a.b: No space left on device: make room"));
	tt_store_free(store);
}

static void a_folder_that_has_nothing_to_sync_is_no_failure(void **state)
{
	struct tt_store_opts opts = tt_store_lab_make_opts("a.b", true);
	struct tt_store *store;

	(void)state;
	opts.sync = TT_TRACE_SYNC_FILE;
	store = tt_store_lab_make(&opts);
	fake.fsync_errno = EINVAL;
	tt_store_lab_write_one(store, "x");
	tt_store_free(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_parts_are_written_in_order_and_empty_ones_skipped),
		TEST(short_writes_and_interruptions_go_on_where_they_were),
		TEST(a_write_of_nothing_is_a_failure),
		TEST(failures_of_writing_have_their_remedies),
		TEST(what_was_written_of_a_record_on_a_full_disk_is_cut_off),
		TEST(a_cut_to_more_than_there_is_does_nothing),
		TEST(a_full_device_is_told),
		TEST(a_pipe_is_read_as_it_is_written_and_rotated_without_being_closed),
		TEST(a_full_pipe_is_waited_for),
		TEST(standard_output_is_never_closed_and_only_ours_is_cut_off),
		TEST(what_others_wrote_to_standard_output_is_not_cut_off),
		TEST(a_standard_output_that_is_closed_is_a_failure),
		TEST(what_is_synced_is_what_was_wished),
		TEST(what_cannot_be_synced_or_closed_is_a_failure),
		TEST(a_write_that_cannot_be_synced_is_a_failure),
		TEST(a_folder_that_has_nothing_to_sync_is_no_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
