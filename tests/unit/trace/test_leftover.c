/* SPDX-License-Identifier: MIT */

/*
 * What killed processes left: repaired, published, or left alone
 *
 * The format of these tests has "W" for a byte that is whole: find_end stops at the first
 * other byte, refuses what begins with "F" for foreign, and puts an end of its own over "+".
 */

#include "trace/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/test_folder.h"
#include "tests/unit/cmocka_all.h"

struct fixture {
	struct tt_test_folder folder;
	struct tt_pattern pattern;
};

static bool is_rename_refused;
static bool is_sync_refused;
static unsigned int syncs_count;

/* The names are the linker's, for --wrap. NOLINTBEGIN */
int __real_renameat2(int old_fd, const char *old_name, int new_fd, const char *new_name,
		     unsigned int flags);
int __wrap_renameat2(int old_fd, const char *old_name, int new_fd, const char *new_name,
		     unsigned int flags);
int __wrap_fdatasync(int fd);

int __wrap_renameat2(int old_fd, const char *old_name, int new_fd, const char *new_name,
		     unsigned int flags)
{
	if (!is_rename_refused)
		return __real_renameat2(old_fd, old_name, new_fd, new_name, flags);
	errno = EINVAL;
	return -1;
}

int __wrap_fdatasync(int fd)
{
	(void)fd;
	syncs_count++;
	errno = EIO;
	return is_sync_refused ? -1 : 0;
}

/* NOLINTEND */

static int set_up(void **state)
{
	const struct tt_pattern_values values = { .host = "h", .is_rotated = true };
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	tt_test_folder_init(&fixture->folder);
	assert_int_equal(tt_pattern_parse(&fixture->pattern, "a.b", &values, NULL), 0);
	is_rename_refused = false;
	is_sync_refused = false;
	syncs_count = 0;
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

static void write_file(const struct fixture *fixture, const char *name, const char *text)
{
	int fd = openat(fixture->folder.fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void check_file(const struct fixture *fixture, const char *name, const char *text)
{
	char found[64] = "";
	int fd = openat(fixture->folder.fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t bytes;

	assert_true(fd >= 0);
	bytes = read(fd, found, sizeof(found) - 1);
	(void)close(fd);
	assert_int_equal(bytes, strlen(text));
	assert_string_equal(found, text);
}

static int find_end(int fd, uint64_t file_bytes, uint64_t *ret_whole_bytes)
{
	char text[64];
	ssize_t bytes = pread(fd, text, sizeof(text), 0);
	uint64_t whole = 0;

	assert_int_equal(bytes, file_bytes);
	if (text[0] == 'F')
		return -EINVAL;
	while (whole < file_bytes && text[whole] == 'W')
		whole++;
	if (whole < file_bytes && text[whole] == '+')
		assert_int_equal(pwrite(fd, "WWWW", 4, (off_t)whole), 4);
	*ret_whole_bytes = whole < file_bytes && text[whole] == '+' ? whole + 4 : whole;
	return 0;
}

static void repair(const struct fixture *fixture)
{
	struct tt_error err = TT_ERROR_INIT;

	if (tt_leftover_repair(fixture->folder.fd, &fixture->pattern, find_end, false, &err) < 0)
		fail_msg("%s", err.message);
}

static void what_is_left_is_cut_where_it_is_whole_and_published(void **state)
{
	const struct fixture *fixture = *state;

	write_file(fixture, ".a-000001.b.part", "WWWW-torn");
	write_file(fixture, ".a-1000000.b.part", "WW");
	write_file(fixture, ".a-000003.b.part", "W+");
	repair(fixture);

	assert_string_equal(tt_test_folder_list(&fixture->folder),
			    "a-000001.b\na-000003.b\na-1000000.b\n");
	check_file(fixture, "a-000001.b", "WWWW");
	check_file(fixture, "a-000003.b", "WWWWW");
	check_file(fixture, "a-1000000.b", "WW");
}

static void what_has_nothing_whole_is_removed(void **state)
{
	const struct fixture *fixture = *state;

	write_file(fixture, ".a-000001.b.part", "");
	write_file(fixture, ".a-000002.b.part", "-torn");
	repair(fixture);
	assert_string_equal(tt_test_folder_list(&fixture->folder), "");
}

static void what_the_format_does_not_know_is_left_alone(void **state)
{
	const struct fixture *fixture = *state;

	write_file(fixture, ".a-000001.b.part", "FWW-");
	repair(fixture);
	assert_string_equal(tt_test_folder_list(&fixture->folder), ".a-000001.b.part\n");
	check_file(fixture, ".a-000001.b.part", "FWW-");
}

static void what_does_not_match_exactly_is_left_alone(void **state)
{
	const struct fixture *fixture = *state;
	static const char *const names[] = { "..a-000001.b.part", ".a-00001.b.part",
					     ".a-000001.b",       ".a-000001.b.part~",
					     ".a-000001.c.part",  ".b-000001.b.part",
					     "a-000001.b.part" };
	char before[TT_TEST_PATH_BYTES];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		write_file(fixture, names[i], "WW-");
	memcpy(before, tt_test_folder_list(&fixture->folder), sizeof(before));
	repair(fixture);
	assert_string_equal(tt_test_folder_list(&fixture->folder), before);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check_file(fixture, names[i], "WW-");
}

static void what_is_being_written_is_left_alone_until_its_writer_has_gone(void **state)
{
	const struct fixture *fixture = *state;
	int fd;

	write_file(fixture, ".a-000001.b.part", "WW-");
	fd = openat(fixture->folder.fd, ".a-000001.b.part", O_WRONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	repair(fixture);
	check_file(fixture, ".a-000001.b.part", "WW-");

	(void)close(fd);
	repair(fixture);
	assert_string_equal(tt_test_folder_list(&fixture->folder), "a-000001.b\n");
}

static void links_folders_and_pipes_are_neither_followed_nor_touched(void **state)
{
	const struct fixture *fixture = *state;
	int fd = fixture->folder.fd;

	write_file(fixture, "outside", "WW-torn");
	write_file(fixture, "outside2", "WW-torn");
	assert_int_equal(symlinkat("outside", fd, ".a-000001.b.part"), 0);
	assert_int_equal(linkat(fd, "outside2", fd, ".a-000002.b.part", 0), 0);
	assert_int_equal(mkdirat(fd, ".a-000003.b.part", 0700), 0);
	assert_int_equal(mkfifoat(fd, ".a-000004.b.part", 0600), 0);
	assert_int_equal(symlinkat("nowhere", fd, ".a-000005.b.part"), 0);
	repair(fixture);

	assert_string_equal(tt_test_folder_list(&fixture->folder),
			    ".a-000001.b.part\n.a-000002.b.part\n.a-000003.b.part\n"
			    ".a-000004.b.part\n.a-000005.b.part\noutside\noutside2\n");
	check_file(fixture, "outside", "WW-torn");
	check_file(fixture, "outside2", "WW-torn");
}

static void a_name_that_is_taken_is_not_replaced_and_the_next_is_used(void **state)
{
	const struct fixture *fixture = *state;

	write_file(fixture, ".a-000001.b.part", "WW");
	write_file(fixture, "a-000001.b", "other");
	write_file(fixture, ".a-000002.b.part", "WWW");
	assert_int_equal(symlinkat("nowhere", fixture->folder.fd, "a-000002.b"), 0);
	repair(fixture);

	assert_string_equal(tt_test_folder_list(&fixture->folder),
			    "a-000001.b\na-000002.b\na-000003.b\na-000004.b\n");
	check_file(fixture, "a-000001.b", "other");
	check_file(fixture, "a-000003.b", "WW");
	check_file(fixture, "a-000004.b", "WWW");
	assert_false(tt_test_folder_has(&fixture->folder, "nowhere"));
}

static void file_systems_that_cannot_rename_without_replacing_are_served(void **state)
{
	const struct fixture *fixture = *state;

	is_rename_refused = true;
	write_file(fixture, ".a-000001.b.part", "WW-");
	write_file(fixture, "a-000001.b", "other");
	repair(fixture);
	assert_string_equal(tt_test_folder_list(&fixture->folder), "a-000001.b\na-000002.b\n");
	check_file(fixture, "a-000001.b", "other");
	check_file(fixture, "a-000002.b", "WW");
}

static void who_was_killed_between_two_names_loses_the_hidden_one(void **state)
{
	const struct fixture *fixture = *state;
	int fd = fixture->folder.fd;

	write_file(fixture, "a-000001.b", "WW");
	assert_int_equal(linkat(fd, "a-000001.b", fd, ".a-000001.b.part", 0), 0);
	repair(fixture);
	assert_string_equal(tt_test_folder_list(&fixture->folder), "a-000001.b\n");
	check_file(fixture, "a-000001.b", "WW");
}

static void what_is_wished_synced_is_and_what_cannot_be_is_a_failure(void **state)
{
	const struct fixture *fixture = *state;
	struct tt_error err = TT_ERROR_INIT;
	int fd = fixture->folder.fd;

	write_file(fixture, ".a-000001.b.part", "WW-");
	is_sync_refused = true;
	assert_int_equal(tt_leftover_repair(fd, &fixture->pattern, find_end, true, &err), -EIO);
	assert_non_null(strstr(err.message, "sync .a-000001.b.part"));
	assert_true(tt_test_folder_has(&fixture->folder, ".a-000001.b.part"));

	is_sync_refused = false;
	syncs_count = 0;
	assert_int_equal(tt_leftover_repair(fd, &fixture->pattern, find_end, true, &err), 0);
	assert_int_equal(syncs_count, 1);
	assert_true(tt_test_folder_has(&fixture->folder, "a-000001.b"));
}

static void hundreds_of_left_over_files_are_all_repaired(void **state)
{
	const struct fixture *fixture = *state;
	char name[64];

	for (int i = 1; i <= 200; i++) {
		(void)snprintf(name, sizeof(name), ".a-%06d.b.part", i);
		write_file(fixture, name, "WWW-");
	}
	repair(fixture);
	assert_int_equal(tt_test_folder_sum(&fixture->folder), 600);
	for (int i = 1; i <= 200; i++) {
		(void)snprintf(name, sizeof(name), "a-%06d.b", i);
		assert_true(tt_test_folder_has(&fixture->folder, name));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_left_is_cut_where_it_is_whole_and_published),
		TEST(what_has_nothing_whole_is_removed),
		TEST(what_the_format_does_not_know_is_left_alone),
		TEST(what_does_not_match_exactly_is_left_alone),
		TEST(what_is_being_written_is_left_alone_until_its_writer_has_gone),
		TEST(links_folders_and_pipes_are_neither_followed_nor_touched),
		TEST(a_name_that_is_taken_is_not_replaced_and_the_next_is_used),
		TEST(file_systems_that_cannot_rename_without_replacing_are_served),
		TEST(who_was_killed_between_two_names_loses_the_hidden_one),
		TEST(what_is_wished_synced_is_and_what_cannot_be_is_a_failure),
		TEST(hundreds_of_left_over_files_are_all_repaired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
