/* SPDX-License-Identifier: MIT */

/*
 * The files of one trace, on a real disk: names, refusals, rotation, what is kept
 *
 * A file system that cannot rename without replacing is made by a wrapped call.
 */

#include "trace/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/store_lab.h"
#include "tests/unit/cmocka_all.h"

static int rename_errno; /* of renameat2(); 0: it does what it does */

/* The names are the linker's, for --wrap. NOLINTBEGIN */
int __real_renameat2(int old_fd, const char *old_name, int new_fd, const char *new_name,
		     unsigned int flags);
int __wrap_renameat2(int old_fd, const char *old_name, int new_fd, const char *new_name,
		     unsigned int flags);

int __wrap_renameat2(int old_fd, const char *old_name, int new_fd, const char *new_name,
		     unsigned int flags)
{
	if (!rename_errno)
		return __real_renameat2(old_fd, old_name, new_fd, new_name, flags);
	errno = rename_errno;
	return -1;
}

/* NOLINTEND */

static int set_up(void **state)
{
	rename_errno = 0;
	return tt_store_lab_set_up(state);
}

/* ---- one file ---- */

static void what_is_not_rotated_grows_under_its_final_name(void **state)
{
	struct tt_store *store = tt_store_lab_make_named("a.b", false);
	struct stat status;
	mode_t mask = umask(027);

	(void)state;
	tt_store_lab_check_folder("");
	assert_false(tt_store_is_open(store));
	tt_store_lab_open_next(store);
	(void)umask(mask);
	assert_true(tt_store_is_regular(store));
	assert_false(tt_store_is_stream(store));
	tt_store_lab_check_folder("a.b\n");
	tt_store_lab_put(store, "one");
	tt_store_lab_put(store, "two");
	tt_store_lab_check_text("a.b", "onetwo");
	assert_int_equal(tt_store_file_bytes(store), 6);
	assert_int_equal(fstatat(tt_store_lab.folder.fd, "a.b", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	tt_store_lab_shut(store);
	tt_store_free(store);
	tt_store_lab_check_folder("a.b\n");
}

static void what_is_discarded_goes_if_it_is_empty(void **state)
{
	struct tt_store *store = tt_store_lab_make_named("a.b", false);
	struct tt_store *rotated = tt_store_lab_make_named("r.b", true);

	(void)state;
	tt_store_lab_open_next(store);
	tt_store_discard(store);
	tt_store_lab_check_folder("");
	tt_store_lab_open_next(store);
	tt_store_lab_put(store, "one");
	tt_store_discard(store);
	tt_store_lab_check_folder("a.b\n");
	tt_store_lab_open_next(rotated);
	tt_store_discard(rotated);
	tt_store_lab_check_folder("a.b\n");
	tt_store_free(store);
	tt_store_free(rotated);
}

static void what_is_there_is_not_written_to(void **state)
{
	struct tt_store_opts opts = tt_store_lab_make_opts("a.b", false);
	struct tt_store *store = tt_store_lab_make(&opts);

	(void)state;
	tt_test_folder_put(&tt_store_lab.folder, "a.b", 3, 0);
	tt_store_lab_fail_open(store, -EEXIST,
			       "a.b: it is there already: name another, or use --overwrite");
	tt_store_free(store);
	tt_store_lab_refuse(&opts, -EEXIST,
			    "a.b: it is there already: name another, or use --overwrite");
	tt_store_lab_check_text("a.b", "xxx");
}

static void what_is_there_is_emptied_if_it_is_to_be_overwritten(void **state)
{
	struct tt_store_opts opts = tt_store_lab_make_opts("a.b", false);
	struct tt_store *store;

	(void)state;
	tt_test_folder_put(&tt_store_lab.folder, "a.b", 30, 0);
	opts.is_overwriting = true;
	store = tt_store_lab_make(&opts);
	assert_int_equal(tt_test_folder_bytes(&tt_store_lab.folder, "a.b"), 30);
	tt_store_lab_write_one(store, "new");
	tt_store_lab_check_text("a.b", "new");
	tt_store_free(store);
}

static void what_another_writes_is_not_overwritten(void **state)
{
	struct tt_store_opts opts = tt_store_lab_make_opts("a.b", false);
	struct tt_store *first = tt_store_lab_make(&opts);
	struct tt_store *second;

	(void)state;
	opts.is_overwriting = true;
	second = tt_store_lab_make(&opts);
	tt_store_lab_open_next(first);
	tt_store_lab_put(first, "first");
	tt_store_lab_fail_open(second, -EBUSY, "a.b: another process is writing it");
	tt_store_lab_check_text("a.b", "first");
	tt_store_lab_shut(first);
	tt_store_lab_write_one(second, "2");
	tt_store_lab_check_text("a.b", "2");
	tt_store_free(first);
	tt_store_free(second);
}

static void links_are_not_followed_to_files(void **state)
{
	struct tt_store_opts opts = tt_store_lab_make_opts("a.b", false);
	struct tt_store *store;

	(void)state;
	opts.is_overwriting = true;
	store = tt_store_lab_make(&opts);
	tt_test_folder_put(&tt_store_lab.folder, "outside", 3, 0);
	assert_int_equal(symlinkat("outside", tt_store_lab.folder.fd, "a.b"), 0);
	tt_store_lab_fail_open(store, -ELOOP, "a.b: it is a symbolic link");
	tt_store_free(store);
	tt_store_lab_refuse(&opts, -ELOOP, "a.b: it is a symbolic link");
	opts.is_overwriting = false;
	tt_store_lab_refuse(&opts, -EEXIST, "a.b: it is there already");

	assert_int_equal(unlinkat(tt_store_lab.folder.fd, "a.b", 0), 0);
	assert_int_equal(symlinkat("nowhere", tt_store_lab.folder.fd, "a.b"), 0);
	tt_store_lab_refuse(&opts, -EEXIST, "a.b: it is there already");
	opts.is_overwriting = true;
	tt_store_lab_refuse(&opts, -ELOOP, "a.b: it is a symbolic link");
	tt_store_lab_check_folder("a.b\noutside\n");
	tt_store_lab_check_text("outside", "xxx");
}

static void a_moved_folder_is_still_the_one_that_is_written_to(void **state)
{
	struct tt_store *store;

	(void)state;
	assert_int_equal(mkdirat(tt_store_lab.folder.fd, "sub", 0700), 0);
	store = tt_store_lab_make_named("sub/a", true);
	assert_int_equal(renameat(tt_store_lab.folder.fd, "sub", tt_store_lab.folder.fd, "moved"),
			 0);
	assert_int_equal(mkdirat(tt_store_lab.folder.fd, "sub", 0700), 0);
	tt_store_lab_write_one(store, "x");
	tt_store_lab_check_text("moved/a-000001", "x");
	assert_false(tt_test_folder_has(&tt_store_lab.folder, "sub/a-000001"));
	tt_store_free(store);
}

/* ---- refusals ---- */

static void bad_paths_are_refused_each_in_its_own_words(void **state)
{
	static const struct {
		const char *name;
		int code;
		const char *words;
	} cases[] = {
		{ "", -EINVAL, "no name" },
		{ "%Y/a.b", -EINVAL, "a folder's name is no pattern" },
		{ "a%q", -EINVAL, "%q is unknown" },
		{ "a%", -EINVAL, "single %" },
		{ "a%k", -EINVAL, "%k is unknown" },
		{ "missing/a.b", -ENOENT, "open the folder" },
		{ "file/a.b", -ENOTDIR, "open the folder" },
		{ "sub", -EISDIR, "it is a folder: name a file in it" },
		{ ".", -EISDIR, "it is a folder" },
		{ "..", -EISDIR, "it is a folder" },
	};

	(void)state;
	assert_int_equal(mkdirat(tt_store_lab.folder.fd, "sub", 0700), 0);
	tt_test_folder_put(&tt_store_lab.folder, "file", 1, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_store_opts opts = tt_store_lab_make_opts(cases[i].name, i % 2);

		/* Whether it is rotated makes no difference to any. */
		tt_store_lab_refuse(&opts, cases[i].code, cases[i].words);
		opts.is_rotated = !opts.is_rotated;
		tt_store_lab_refuse(&opts, cases[i].code, cases[i].words);
	}
	tt_store_lab_check_folder("file\nsub\n");
}

static void an_empty_path_is_refused(void **state)
{
	const struct tt_store_opts opts = { .path = "" };

	(void)state;
	tt_store_lab_refuse(&opts, -EINVAL, "no name");
}

static void disks_and_sockets_are_no_files(void **state)
{
	struct tt_store_opts opts = tt_store_lab_make_opts("disk", false);

	(void)state;
	if (mknodat(tt_store_lab.folder.fd, "disk", S_IFBLK | 0600, 7 << 8) < 0)
		skip(); /* needs root */
	opts.is_overwriting = true;
	tt_store_lab_refuse(&opts, -EINVAL, "disk: it is a disk");
	assert_int_equal(mknodat(tt_store_lab.folder.fd, "socket", S_IFSOCK | 0600, 0), 0);
	opts = tt_store_lab_make_opts("socket", true);
	tt_store_lab_refuse(&opts, -EINVAL, "socket: it is a socket");
}

static void a_file_that_is_larger_than_all_that_is_kept_is_refused(void **state)
{
	struct tt_store_opts opts = tt_store_lab_make_opts("a.b", true);

	(void)state;
	opts.file_bytes_max = 101;
	opts.keep_bytes = 100;
	tt_store_lab_refuse(&opts, -EINVAL,
			    "one file of 101 bytes is more than the 100 bytes to keep");
	opts.file_bytes_max = 100;
	tt_store_free(tt_store_lab_make(&opts));
}

static void hostile_names_are_names_like_others(void **state)
{
	static const char *const names[] = { "a\nb", "%%Y", " ", "\xff\xfe", "*", "-rf" };
	static const char *const expected[] = { "a\nb", "%Y", " ", "\xff\xfe", "*", "-rf" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct tt_store *store = tt_store_lab_make_named(names[i], false);

		tt_store_lab_write_one(store, "x");
		tt_store_free(store);
		tt_store_lab_check_text(expected[i], "x");
	}
}

static void a_folder_that_cannot_be_written_to_is_found_out_at_once(void **state)
{
	const struct tt_store_opts opts = { .path = "/proc/self/a.b", .is_rotated = true };
	struct tt_error err = TT_ERROR_INIT;
	struct tt_store *store = NULL;
	int r;

	(void)state;
	r = tt_store_new(&store, &opts, &err);
	if (r == 0) { /* root may write to any folder, be it only in theory */
		r = tt_store_open(store, 0, &err);
		assert_non_null(strstr(err.message, "make"));
	}
	assert_true(r < 0);
	assert_non_null(strstr(err.message, "a.b"));
	tt_store_free(store);
}

/* ---- rotation ---- */

static void rotated_files_are_hidden_until_they_are_whole(void **state)
{
	struct tt_store *store = tt_store_lab_make_named("a.b", true);

	(void)state;
	tt_store_lab_open_next(store);
	tt_store_lab_put(store, "one");
	tt_store_lab_check_folder(".a-000001.b.part\n");
	tt_store_lab_shut(store);
	tt_store_lab_check_folder("a-000001.b\n");
	tt_store_lab_open_next(store);
	tt_store_lab_check_folder(".a-000002.b.part\na-000001.b\n");
	tt_store_free(store); /* as if it were killed */
	tt_store_lab_check_folder(".a-000002.b.part\na-000001.b\n");
	tt_store_lab_check_text("a-000001.b", "one");
}

static void the_time_of_opening_is_in_the_name(void **state)
{
	struct tt_store *store = tt_store_lab_make_named("%Y%m%dT%H%M%S-%N", true);

	(void)state;
	tt_store_lab_write_one(store, "x");
	tt_store_lab_check_folder("20261120T215901-000001\n");
	tt_store_free(store);
}

static void numbers_go_on_where_earlier_runs_ended(void **state)
{
	struct tt_store *store = tt_store_lab_make_named("a.b", true);

	(void)state;
	tt_store_lab_write_one(store, "1");
	tt_store_free(store);
	store = tt_store_lab_make_named("a.b", true);
	tt_store_lab_write_one(store, "2");
	tt_store_lab_open_next(store);
	tt_store_lab_put(store, "3");
	tt_store_free(store); /* killed */

	store = tt_store_lab_make_named("a.b", true); /* repairs 3 */
	tt_store_lab_write_one(store, "4");
	tt_store_free(store);
	tt_store_lab_check_folder("a-000001.b\na-000002.b\na-000003.b\na-000004.b\n");
	tt_store_lab_check_text("a-000003.b", "3");
	tt_store_lab_check_text("a-000004.b", "4");
}

static void what_is_not_rotated_may_have_a_number_too(void **state)
{
	static const char *const names[] = { "a-000005.b", "a-000006.b" };

	(void)state;
	tt_test_folder_put(&tt_store_lab.folder, "a-000004.b", 3, 0);
	for (int i = 0; i < 2; i++) {
		struct tt_store *store = tt_store_lab_make_named("a-%N.b", false);

		tt_store_lab_open_next(store);
		tt_store_lab_put(store, "x");
		tt_store_lab_check_text(names[i], "x");
		tt_store_lab_shut(store);
		tt_store_free(store);
	}
	tt_store_lab_check_folder("a-000004.b\na-000005.b\na-000006.b\n");
}

static void a_hidden_file_is_no_left_over_of_what_is_not_rotated(void **state)
{
	(void)state;
	tt_test_folder_put(&tt_store_lab.folder, ".a.b.part", 3, 0);
	tt_store_free(tt_store_lab_make_named("a.b", false));
	tt_store_lab_check_folder(".a.b.part\n");
}

static void a_pipe_that_came_meanwhile_is_written_to(void **state)
{
	struct tt_store *store = tt_store_lab_make_named("a.b", false);
	int fd;

	(void)state;
	assert_int_equal(mkfifoat(tt_store_lab.folder.fd, "a.b", 0600), 0);
	fd = openat(tt_store_lab.folder.fd, "a.b", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	tt_store_lab_open_next(store);
	assert_true(tt_store_is_stream(store));
	tt_store_lab_shut(store);
	(void)close(fd);
	tt_store_free(store);
	tt_store_lab_check_folder("a.b\n");
}

static void numbers_go_on_beyond_six_digits(void **state)
{
	struct tt_store *store;

	(void)state;
	tt_test_folder_put(&tt_store_lab.folder, "a-999999.b", 1, 0);
	store = tt_store_lab_make_named("a.b", true);
	tt_store_lab_write_one(store, "x");
	tt_store_lab_write_one(store, "x");
	tt_store_free(store);
	store = tt_store_lab_make_named("a.b", true);
	tt_store_lab_write_one(store, "x");
	tt_store_free(store);
	tt_store_lab_check_folder("a-1000000.b\na-1000001.b\na-1000002.b\na-999999.b\n");
}

static void the_highest_number_of_all_is_the_end(void **state)
{
	struct tt_store *store;

	(void)state;
	tt_test_folder_put(&tt_store_lab.folder, "a-999999999999999999.b", 1, 0);
	store = tt_store_lab_make_named("a.b", true);
	tt_store_lab_fail_open(store, -EOVERFLOW, "too high");
	tt_store_free(store);
}

static void numbers_that_anything_has_are_not_used(void **state)
{
	struct tt_store *store = tt_store_lab_make_named("a.b", true);

	(void)state;
	assert_int_equal(mkdirat(tt_store_lab.folder.fd, "a-000001.b", 0700), 0);
	assert_int_equal(symlinkat("nowhere", tt_store_lab.folder.fd, "a-000002.b"), 0);
	assert_int_equal(symlinkat("nowhere", tt_store_lab.folder.fd, ".a-000003.b.part"), 0);
	tt_store_lab_write_one(store, "x");
	assert_true(tt_test_folder_has(&tt_store_lab.folder, "a-000004.b"));
	assert_false(tt_test_folder_has(&tt_store_lab.folder, "nowhere"));
	tt_store_free(store);
}

static void a_name_that_was_taken_meanwhile_is_left_and_the_next_used(void **state)
{
	struct tt_store *store = tt_store_lab_make_named("a.b", true);

	(void)state;
	tt_store_lab_open_next(store);
	tt_store_lab_put(store, "ours");
	tt_test_folder_put(&tt_store_lab.folder, "a-000001.b", 3, 0);
	tt_store_lab_shut(store);
	tt_store_lab_write_one(store, "next");
	tt_store_lab_check_folder("a-000001.b\na-000002.b\na-000003.b\n");
	tt_store_lab_check_text("a-000001.b", "xxx");
	tt_store_lab_check_text("a-000002.b", "ours");
	tt_store_lab_check_text("a-000003.b", "next");
	tt_store_free(store);
}

static void a_name_that_was_taken_meanwhile_is_replaced_if_that_is_wished(void **state)
{
	struct tt_store_opts opts = tt_store_lab_make_opts("a.b", true);
	struct tt_store *store;

	(void)state;
	opts.is_overwriting = true;
	store = tt_store_lab_make(&opts);
	tt_store_lab_open_next(store);
	tt_store_lab_put(store, "ours");
	tt_test_folder_put(&tt_store_lab.folder, "a-000001.b", 3, 0);
	tt_store_lab_shut(store);
	tt_store_lab_check_folder("a-000001.b\n");
	tt_store_lab_check_text("a-000001.b", "ours");
	tt_store_free(store);
}

static void a_number_that_was_taken_before_opening_is_not_replaced_either_way(void **state)
{
	struct tt_store_opts opts = tt_store_lab_make_opts("a.b", true);
	struct tt_store *store;

	(void)state;
	opts.is_overwriting = true;
	store = tt_store_lab_make(&opts);
	tt_test_folder_put(&tt_store_lab.folder, "a-000001.b", 3, 0);
	tt_store_lab_write_one(store, "ours");
	tt_store_lab_check_text("a-000001.b", "xxx");
	tt_store_lab_check_text("a-000002.b", "ours");
	tt_store_free(store);
}

static void file_systems_that_cannot_rename_without_replacing_are_served(void **state)
{
	struct tt_store *store = tt_store_lab_make_named("a.b", true);

	(void)state;
	rename_errno = EINVAL;
	tt_store_lab_write_one(store, "1");
	tt_store_lab_open_next(store);
	tt_store_lab_put(store, "2");
	tt_test_folder_put(&tt_store_lab.folder, "a-000002.b", 3, 0);
	tt_store_lab_shut(store);
	tt_store_lab_check_folder("a-000001.b\na-000002.b\na-000003.b\n");
	tt_store_lab_check_text("a-000002.b", "xxx");
	tt_store_lab_check_text("a-000003.b", "2");
	tt_store_free(store);
}

static void a_rename_that_fails_is_told_and_the_file_stays_hidden(void **state)
{
	struct tt_store *store = tt_store_lab_make_named("a.b", true);
	struct tt_error err = TT_ERROR_INIT;

	(void)state;
	tt_store_lab_open_next(store);
	tt_store_lab_put(store, "x");
	rename_errno = EACCES;
	assert_int_equal(tt_store_close(store, &err), -EACCES);
	assert_non_null(strstr(err.message, "complete a-000001.b: Permission denied"));
	assert_false(tt_store_is_open(store));
	tt_store_lab_check_folder(".a-000001.b.part\n");
	tt_store_free(store);
}

static void two_traces_of_one_pattern_do_not_meet(void **state)
{
	struct tt_store *first = tt_store_lab_make_named("a.b", true);
	struct tt_store *second = tt_store_lab_make_named("a.b", true);

	(void)state;
	tt_store_lab_open_next(first);
	tt_store_lab_open_next(second);
	tt_store_lab_put(first, "1");
	tt_store_lab_put(second, "2");
	tt_store_lab_check_text(".a-000001.b.part", "1");
	tt_store_lab_check_text(".a-000002.b.part", "2");
	tt_store_lab_shut(second);
	tt_store_lab_open_next(second);
	tt_store_lab_put(second, "3");
	tt_store_lab_shut(first);
	tt_store_lab_write_one(first, "4");
	tt_store_lab_shut(second);
	tt_store_free(first);
	tt_store_free(second);
	tt_store_lab_check_folder("a-000001.b\na-000002.b\na-000003.b\na-000004.b\n");
	tt_store_lab_check_text("a-000001.b", "1");
	tt_store_lab_check_text("a-000002.b", "2");
	tt_store_lab_check_text("a-000003.b", "3");
	tt_store_lab_check_text("a-000004.b", "4");
}

static void what_another_writes_is_no_left_over(void **state)
{
	struct tt_store *first = tt_store_lab_make_named("a.b", true);
	struct tt_store *second;

	(void)state;
	tt_store_lab_open_next(first);
	second = tt_store_lab_make_named("a.b", true);
	tt_store_lab_check_folder(".a-000001.b.part\n");
	tt_store_lab_put(first, "1");
	tt_store_lab_shut(first);
	tt_store_lab_check_text("a-000001.b", "1");
	tt_store_free(first);
	tt_store_free(second);
}

static void many_processes_at_once_lose_and_mix_no_file(void **state)
{
	enum {
		PROCESSES_COUNT = 4,
		FILES_COUNT = 50
	};
	char name[64];

	(void)state;
	for (int i = 0; i < PROCESSES_COUNT; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child > 0)
			continue;
		for (int j = 0; j < FILES_COUNT; j++) {
			struct tt_store_opts opts = tt_store_lab_make_opts("a.b", true);
			struct iovec part = { .iov_base = name, .iov_len = 5 };
			struct tt_store *store;
			uint64_t progress;

			(void)snprintf(name, sizeof(name), "%d-%03d", i, j);
			if (tt_store_new(&store, &opts, NULL) < 0 ||
			    tt_store_open(store, 0, NULL) < 0 ||
			    tt_store_write(store, &part, 1, &progress, NULL) < 0 ||
			    tt_store_close(store, NULL) < 0)
				_exit(1);
			tt_store_free(store);
		}
		_exit(0);
	}
	for (int i = 0; i < PROCESSES_COUNT; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(tt_test_folder_sum(&tt_store_lab.folder),
			 PROCESSES_COUNT * FILES_COUNT * 5);
	assert_null(strstr(tt_test_folder_list(&tt_store_lab.folder), ".part"));
}

/* ---- budget ---- */

static void what_is_kept_never_has_more_bytes_than_its_budget(void **state)
{
	struct tt_store_opts opts = tt_store_lab_make_opts("a.b", true);

	(void)state;
	opts.file_bytes_max = 10;
	opts.keep_bytes = 35;
	for (int run = 0; run < 3; run++) {
		struct tt_store *store = tt_store_lab_make(&opts);

		for (int i = 0; i < 5; i++) {
			tt_store_lab_open_next(store);
			for (int j = 0; j < 5; j++) {
				tt_store_lab_put(store, "xx");
				assert_true(tt_test_folder_sum(&tt_store_lab.folder) <= 35);
			}
			/* The second run is killed in its last file. */
			if (run != 1 || i != 4)
				tt_store_lab_shut(store);
			assert_true(tt_test_folder_sum(&tt_store_lab.folder) <= 35);
		}
		tt_store_free(store);
	}
	tt_store_lab_check_folder("a-000013.b\na-000014.b\na-000015.b\n");
}

static void no_more_files_are_kept_than_are_wished(void **state)
{
	struct tt_store_opts opts = tt_store_lab_make_opts("a.b", true);

	(void)state;
	opts.keep_files = 2;
	for (int run = 0; run < 3; run++) {
		struct tt_store *store = tt_store_lab_make(&opts);

		for (int i = 0; i < 3; i++)
			tt_store_lab_write_one(store, "x");
		tt_store_free(store);
	}
	tt_store_lab_check_folder("a-000008.b\na-000009.b\n");
	opts.keep_files = 1;
	tt_store_free(tt_store_lab_make(&opts)); /* thins out at once */
	tt_store_lab_check_folder("a-000009.b\n");
}

static void a_disk_that_is_too_full_is_found_out_before_the_first_packet(void **state)
{
	struct tt_store_opts opts = tt_store_lab_make_opts("a.b", true);

	(void)state;
	tt_test_folder_put(&tt_store_lab.folder, "a-000001.b", 1, 0);
	opts.min_free_bytes = UINT64_MAX / 2;
	tt_store_lab_refuse(&opts, -ENOSPC, "make room");
	tt_store_lab_check_folder("a-000001.b\n");
}

static void freeing_nothing_does_nothing(void **state)
{
	(void)state;
	tt_store_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tt_store_lab_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_not_rotated_grows_under_its_final_name),
		TEST(what_is_discarded_goes_if_it_is_empty),
		TEST(what_is_there_is_not_written_to),
		TEST(what_is_there_is_emptied_if_it_is_to_be_overwritten),
		TEST(what_another_writes_is_not_overwritten),
		TEST(links_are_not_followed_to_files),
		TEST(a_moved_folder_is_still_the_one_that_is_written_to),
		TEST(bad_paths_are_refused_each_in_its_own_words),
		TEST(an_empty_path_is_refused),
		TEST(disks_and_sockets_are_no_files),
		TEST(a_file_that_is_larger_than_all_that_is_kept_is_refused),
		TEST(hostile_names_are_names_like_others),
		TEST(a_folder_that_cannot_be_written_to_is_found_out_at_once),
		TEST(rotated_files_are_hidden_until_they_are_whole),
		TEST(the_time_of_opening_is_in_the_name),
		TEST(numbers_go_on_where_earlier_runs_ended),
		TEST(what_is_not_rotated_may_have_a_number_too),
		TEST(a_hidden_file_is_no_left_over_of_what_is_not_rotated),
		TEST(a_pipe_that_came_meanwhile_is_written_to),
		TEST(numbers_go_on_beyond_six_digits),
		TEST(the_highest_number_of_all_is_the_end),
		TEST(numbers_that_anything_has_are_not_used),
		TEST(a_name_that_was_taken_meanwhile_is_left_and_the_next_used),
		TEST(a_name_that_was_taken_meanwhile_is_replaced_if_that_is_wished),
		TEST(a_number_that_was_taken_before_opening_is_not_replaced_either_way),
		TEST(file_systems_that_cannot_rename_without_replacing_are_served),
		TEST(a_rename_that_fails_is_told_and_the_file_stays_hidden),
		TEST(two_traces_of_one_pattern_do_not_meet),
		TEST(what_another_writes_is_no_left_over),
		TEST(many_processes_at_once_lose_and_mix_no_file),
		TEST(what_is_kept_never_has_more_bytes_than_its_budget),
		TEST(no_more_files_are_kept_than_are_wished),
		TEST(a_disk_that_is_too_full_is_found_out_before_the_first_packet),
		TEST(freeing_nothing_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
