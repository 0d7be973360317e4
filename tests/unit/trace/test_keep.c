/* SPDX-License-Identifier: MIT */

/*
 * Which complete files stay, and which make room
 */

#include "trace/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tests/support/test_folder.h"
#include "tests/unit/cmocka_all.h"

#define BLOCK_BYTES UINT64_C(4096)

struct fixture {
	struct tt_test_folder folder;
	struct tt_pattern numbered; /* a-%N.b */
	struct tt_pattern dated;    /* a-%Y.b */
};

static uint64_t free_blocks; /* that fstatvfs() tells */
static int statvfs_errno;
static int unlink_errno;

/* The names are the linker's, for --wrap. NOLINTBEGIN */
int __wrap_fstatvfs(int fd, struct statvfs *disk);
int __real_unlinkat(int folder_fd, const char *name, int flags);
int __wrap_unlinkat(int folder_fd, const char *name, int flags);

int __wrap_fstatvfs(int fd, struct statvfs *disk)
{
	(void)fd;
	if (statvfs_errno) {
		errno = statvfs_errno;
		return -1;
	}
	*disk = (struct statvfs){ .f_bavail = free_blocks,
				  .f_bfree = 1 << 30,
				  .f_frsize = BLOCK_BYTES };
	return 0;
}

int __wrap_unlinkat(int folder_fd, const char *name, int flags)
{
	if (!unlink_errno)
		return __real_unlinkat(folder_fd, name, flags);
	errno = unlink_errno;
	return -1;
}

/* NOLINTEND */

static int set_up(void **state)
{
	struct tt_pattern_values values = { .host = "h", .is_rotated = true };
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	tt_test_folder_init(&fixture->folder);
	assert_int_equal(tt_pattern_parse(&fixture->numbered, "a.b", &values, NULL), 0);
	values.is_rotated = false;
	assert_int_equal(tt_pattern_parse(&fixture->dated, "a-%Y.b", &values, NULL), 0);
	free_blocks = 1000;
	statvfs_errno = 0;
	unlink_errno = 0;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	tt_test_folder_deinit(&fixture->folder);
	free(fixture);
	return 0;
}

static void put(const struct fixture *fixture, const char *name, size_t bytes)
{
	tt_test_folder_put(&fixture->folder, name, bytes, 0);
}

static void check(const struct fixture *fixture, const struct tt_keep *keep, const char *expected)
{
	struct tt_error err = TT_ERROR_INIT;

	if (tt_keep_thin_out(fixture->folder.fd, &fixture->numbered, keep, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(tt_test_folder_list(&fixture->folder), expected);
}

static void without_limits_everything_stays(void **state)
{
	put(*state, "a-000001.b", 1);
	check(*state, &(struct tt_keep){ .ahead_bytes = 1 << 20 }, "a-000001.b\n");
}

static void the_oldest_files_go_until_there_are_as_many_as_are_kept(void **state)
{
	put(*state, "a-1000000.b", 1);
	put(*state, "a-999999.b", 1);
	put(*state, "a-000010.b", 1);
	put(*state, "a-000009.b", 1);
	check(*state, &(struct tt_keep){ .keep_files = 4 },
	      "a-000009.b\na-000010.b\na-1000000.b\na-999999.b\n");
	check(*state, &(struct tt_keep){ .keep_files = 2 }, "a-1000000.b\na-999999.b\n");
	check(*state, &(struct tt_keep){ .keep_files = 1 }, "a-1000000.b\n");
}

static void the_oldest_files_go_until_all_have_no_more_bytes_than_are_kept(void **state)
{
	put(*state, "a-000001.b", 10);
	put(*state, "a-000002.b", 20);
	put(*state, "a-000003.b", 30);
	check(*state, &(struct tt_keep){ .keep_bytes = 60 },
	      "a-000001.b\na-000002.b\na-000003.b\n");
	check(*state, &(struct tt_keep){ .keep_bytes = 59 }, "a-000002.b\na-000003.b\n");
	check(*state, &(struct tt_keep){ .keep_bytes = 59, .ahead_bytes = 9 },
	      "a-000002.b\na-000003.b\n");
	check(*state, &(struct tt_keep){ .keep_bytes = 59, .ahead_bytes = 10 }, "a-000003.b\n");
	check(*state, &(struct tt_keep){ .keep_bytes = 59, .ahead_bytes = 59 }, "");
}

static void files_without_numbers_are_as_old_as_their_last_write(void **state)
{
	const struct fixture *fixture = *state;
	const struct tt_keep keep = { .keep_files = 2 };

	tt_test_folder_put(&fixture->folder, "a-2001.b", 1, 10);
	tt_test_folder_put(&fixture->folder, "a-2002.b", 1, 30);
	tt_test_folder_put(&fixture->folder, "a-2003.b", 1, 20);
	assert_int_equal(tt_keep_thin_out(fixture->folder.fd, &fixture->dated, &keep, NULL), 0);
	assert_string_equal(tt_test_folder_list(&fixture->folder), "a-2001.b\na-2003.b\n");
}

static void what_is_no_complete_file_of_the_pattern_is_neither_counted_nor_deleted(void **state)
{
	const struct fixture *fixture = *state;
	const struct tt_keep keep = { .keep_files = 1, .keep_bytes = 1 };
	int fd = fixture->folder.fd;
	char before[TT_TEST_PATH_BYTES];

	put(fixture, ".a-000001.b.part", 10);
	put(fixture, "a-000001.b~", 10);
	put(fixture, "a-00001.b", 10);
	put(fixture, "a-000001\n.b", 10);
	put(fixture, "other", 10);
	assert_int_equal(mkdirat(fd, "a-000002.b", 0700), 0);
	assert_int_equal(mkfifoat(fd, "a-000003.b", 0600), 0);
	assert_int_equal(symlinkat("other", fd, "a-000004.b"), 0);
	memcpy(before, tt_test_folder_list(&fixture->folder), sizeof(before));
	check(fixture, &keep, before);

	put(fixture, "a-000000.b", 1);
	assert_int_equal(tt_keep_thin_out(fd, &fixture->numbered, &keep, NULL), 0);
	assert_true(tt_test_folder_has(&fixture->folder, "a-000000.b"));
}

static void what_another_process_writes_is_neither_counted_nor_deleted(void **state)
{
	const struct fixture *fixture = *state;
	int fd;

	put(fixture, "a-000001.b", 10);
	put(fixture, "a-000002.b", 10);
	fd = openat(fixture->folder.fd, "a-000001.b", O_WRONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	check(fixture, &(struct tt_keep){ .keep_files = 1 }, "a-000001.b\na-000002.b\n");
	(void)close(fd);
	check(fixture, &(struct tt_keep){ .keep_files = 1 }, "a-000002.b\n");
}

static void the_newest_file_stays_if_it_is_named(void **state)
{
	put(*state, "a-000001.b", 100);
	put(*state, "a-000002.b", 100);
	check(*state, &(struct tt_keep){ .keep_bytes = 50, .newest_name = "a-000002.b" },
	      "a-000002.b\n");
	check(*state, &(struct tt_keep){ .keep_bytes = 50 }, "");
}

static void a_file_that_is_named_but_not_the_newest_goes_first(void **state)
{
	put(*state, "a-000001.b", 1);
	put(*state, "a-000002.b", 1);
	check(*state, &(struct tt_keep){ .keep_files = 1, .newest_name = "a-000001.b" },
	      "a-000002.b\n");
}

static void room_is_made_on_the_disk(void **state)
{
	const struct tt_keep keep = { .min_free_bytes = 1001 * BLOCK_BYTES, .needs_free = true };

	put(*state, "a-000001.b", 1);
	put(*state, "a-000002.b", 1);
	free_blocks = 1001;
	check(*state, &keep, "a-000001.b\na-000002.b\n");
	free_blocks = 1000; /* and a file has a block */
	check(*state, &keep, "a-000002.b\n");
}

static void room_is_made_for_the_file_to_come(void **state)
{
	put(*state, "a-000001.b", 1);
	put(*state, "a-000002.b", 1);
	check(*state,
	      &(struct tt_keep){ .min_free_bytes = 999 * BLOCK_BYTES,
				 .ahead_bytes = 8192,
				 .needs_free = true },
	      "a-000002.b\n");
}

static void nothing_is_deleted_for_room_that_cannot_be_had(void **state)
{
	const struct fixture *fixture = *state;
	struct tt_keep keep = { .min_free_bytes = 2000 * BLOCK_BYTES, .needs_free = true };
	struct tt_error err = TT_ERROR_INIT;

	put(fixture, "a-000001.b", 1);
	assert_int_equal(tt_keep_thin_out(fixture->folder.fd, &fixture->numbered, &keep, &err),
			 -ENOSPC);
	assert_non_null(strstr(err.message, "make room"));
	assert_true(tt_test_folder_has(&fixture->folder, "a-000001.b"));

	keep.min_free_bytes = UINT64_MAX;
	keep.ahead_bytes = UINT64_MAX;
	assert_int_equal(tt_keep_thin_out(fixture->folder.fd, &fixture->numbered, &keep, &err),
			 -ENOSPC);

	keep.ahead_bytes = 0;
	keep.needs_free = false;
	check(fixture, &keep, "a-000001.b\n");
}

static void other_limits_hold_also_where_room_cannot_be_had(void **state)
{
	put(*state, "a-000001.b", 1);
	put(*state, "a-000002.b", 1);
	put(*state, "a-000003.b", 1);
	check(*state, &(struct tt_keep){ .keep_files = 2, .min_free_bytes = 2000 * BLOCK_BYTES },
	      "a-000002.b\na-000003.b\n");
}

static void a_file_with_two_names_makes_no_room(void **state)
{
	const struct fixture *fixture = *state;
	int fd = fixture->folder.fd;

	put(fixture, "other", 1);
	assert_int_equal(linkat(fd, "other", fd, "a-000001.b", 0), 0);
	put(fixture, "a-000002.b", 1);
	put(fixture, "a-000003.b", 1);
	check(fixture,
	      &(struct tt_keep){ .min_free_bytes = 1001 * BLOCK_BYTES, .needs_free = true },
	      "a-000003.b\nother\n");
}

static void a_disk_that_does_not_tell_what_is_free_is_a_failure(void **state)
{
	const struct fixture *fixture = *state;
	const struct tt_keep keep = { .min_free_bytes = 1 };
	struct tt_error err = TT_ERROR_INIT;

	statvfs_errno = ENOSYS;
	assert_int_equal(tt_keep_thin_out(fixture->folder.fd, &fixture->numbered, &keep, &err),
			 -ENOSYS);
	assert_non_null(strstr(err.message, "free"));
}

static void a_file_that_cannot_be_deleted_is_a_failure_unless_it_has_gone(void **state)
{
	const struct fixture *fixture = *state;
	const struct tt_keep keep = { .keep_files = 1 };
	struct tt_error err = TT_ERROR_INIT;

	put(fixture, "a-000001.b", 1);
	put(fixture, "a-000002.b", 1);
	unlink_errno = EACCES;
	assert_int_equal(tt_keep_thin_out(fixture->folder.fd, &fixture->numbered, &keep, &err),
			 -EACCES);
	assert_non_null(strstr(err.message, "delete a-000001.b, the oldest file: Permission"));
	unlink_errno = ENOENT; /* another process was faster */
	check(fixture, &keep, "a-000001.b\na-000002.b\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_limits_everything_stays),
		TEST(the_oldest_files_go_until_there_are_as_many_as_are_kept),
		TEST(the_oldest_files_go_until_all_have_no_more_bytes_than_are_kept),
		TEST(files_without_numbers_are_as_old_as_their_last_write),
		TEST(what_is_no_complete_file_of_the_pattern_is_neither_counted_nor_deleted),
		TEST(what_another_process_writes_is_neither_counted_nor_deleted),
		TEST(the_newest_file_stays_if_it_is_named),
		TEST(a_file_that_is_named_but_not_the_newest_goes_first),
		TEST(room_is_made_on_the_disk),
		TEST(room_is_made_for_the_file_to_come),
		TEST(nothing_is_deleted_for_room_that_cannot_be_had),
		TEST(other_limits_hold_also_where_room_cannot_be_had),
		TEST(a_file_with_two_names_makes_no_room),
		TEST(a_disk_that_does_not_tell_what_is_free_is_a_failure),
		TEST(a_file_that_cannot_be_deleted_is_a_failure_unless_it_has_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
