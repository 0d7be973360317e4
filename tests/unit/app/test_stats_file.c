/* SPDX-License-Identifier: MIT */

/*
 * A file with the account, rewritten as a whole
 *
 * Everything happens in a new directory under the build's. That no reader ever finds half
 * of it is tried with a writer and a reader at once in netns.command.
 */

#include "app/stats_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/cmocka_all.h"
#include "twintap/accounting.h"

static char folder[] = "stats_file.XXXXXX";
static char content[4096];

static const char *read_file(const char *path)
{
	ssize_t length;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	length = read(fd, content, sizeof(content) - 1);
	assert_true(length >= 0);
	(void)close(fd);
	content[length] = '\0';
	return content;
}

static void make_file(const char *path, const char *text)
{
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

/* How many files the directory holds. */
static int count_files(void)
{
	int count = 0;
	DIR *stream;

	stream = opendir(".");
	assert_non_null(stream);
	while (readdir(stream))
		count++;
	(void)closedir(stream);
	return count - 2; /* without . and .. */
}

static int enter_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
	(void)state;
	return chdir("..") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void file_is_made_and_replaced_with_nothing_beside_it(void **state)
{
	struct tt_stats_file file;
	struct stat first, second;
	mode_t mask = umask(027);

	(void)state;

	assert_int_equal(tt_stats_file_open(&file, "stats.json", NULL), 0);
	assert_int_equal(count_files(), 0); /* looking changes nothing */
	assert_int_equal(tt_stats_file_write(&file, "one, and long\n", 14, NULL), 0);
	assert_string_equal(read_file("stats.json"), "one, and long\n");
	assert_int_equal(stat("stats.json", &first), 0);
	assert_int_equal(first.st_mode, S_IFREG | 0640); /* 0644 less the umask */

	assert_int_equal(tt_stats_file_write(&file, "two\n", 4, NULL), 0);
	assert_string_equal(read_file("stats.json"), "two\n");
	assert_int_equal(stat("stats.json", &second), 0);
	assert_int_not_equal(first.st_ino, second.st_ino); /* never written in place */
	assert_int_equal(count_files(), 1);

	tt_stats_file_close(&file);
	tt_stats_file_close(&file); /* nothing is left to close */
	(void)umask(mask);
	assert_int_equal(unlink("stats.json"), 0);
}

static void file_is_found_again_after_a_change_of_directory(void **state)
{
	struct tt_stats_file file;

	(void)state;

	assert_int_equal(mkdir("sub", 0700), 0);
	assert_int_equal(tt_stats_file_open(&file, "sub/stats.json", NULL), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(tt_stats_file_write(&file, "x\n", 2, NULL), 0);
	assert_int_equal(fchdir(file.folder_fd), 0);
	assert_string_equal(read_file("stats.json"), "x\n");
	assert_int_equal(unlink("stats.json"), 0);
	assert_int_equal(chdir(".."), 0);
	assert_int_equal(rmdir("sub"), 0);
	tt_stats_file_close(&file);
}

static void left_overs_of_killed_processes_are_stepped_over(void **state)
{
	struct tt_stats_file file;
	char name[64];

	(void)state;

	(void)snprintf(name, sizeof(name), ".twintap-stats-%ld-0", (long)getpid());
	assert_int_equal(symlink("victim", name), 0); /* must not be followed either */
	assert_int_equal(tt_stats_file_open(&file, "stats.json", NULL), 0);
	assert_int_equal(tt_stats_file_write(&file, "x\n", 2, NULL), 0);
	assert_string_equal(read_file("stats.json"), "x\n");
	assert_int_equal(access("victim", F_OK), -1);
	tt_stats_file_close(&file);
	assert_int_equal(unlink("stats.json"), 0);
	assert_int_equal(unlink(name), 0);
}

static void what_must_not_be_replaced_is_refused(void **state)
{
	struct tt_stats_file file;
	struct tt_error error = TT_ERROR_INIT;

	(void)state;

	assert_int_equal(mkfifo("pipe", 0600), 0);
	make_file("target", "precious");
	assert_int_equal(symlink("target", "link"), 0);
	assert_int_equal(tt_stats_file_open(&file, "pipe", &error), -EEXIST);
	assert_string_equal(error.message, "--stats-file pipe: it is there and no regular file: "
					   "name a new one");
	assert_int_equal(file.folder_fd, -1);
	assert_int_equal(tt_stats_file_open(&file, "link", &error), -EEXIST);
	assert_int_equal(tt_stats_file_open(&file, "/dev/null", &error), -EEXIST);
	assert_int_equal(tt_stats_file_open(&file, "..", &error), -EEXIST);
	assert_int_equal(tt_stats_file_open(&file, "sub/", &error), -EISDIR);
	assert_string_equal(error.message, "--stats-file sub/: it is a directory: name a file");
	assert_string_equal(read_file("target"), "precious");
	assert_int_equal(unlink("pipe"), 0);
	assert_int_equal(unlink("link"), 0);
	assert_int_equal(unlink("target"), 0);
}

static void directory_that_is_missing_is_told_at_once(void **state)
{
	struct tt_stats_file file;
	struct tt_error error = TT_ERROR_INIT;
	char long_name[NAME_MAX + 2];

	(void)state;

	assert_int_equal(tt_stats_file_open(&file, "none/stats.json", &error), -ENOENT);
	assert_string_equal(error.message,
			    "--stats-file none/stats.json: open its directory: No such file or "
			    "directory: name a file in a directory that can be written to");
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(tt_stats_file_open(&file, long_name, &error), -ENAMETOOLONG);
	assert_int_equal(file.folder_fd, -1);
}

static void failed_write_leaves_the_old_file_and_nothing_else(void **state)
{
	struct tt_stats_file file;
	struct tt_error error = TT_ERROR_INIT;

	(void)state;

	assert_int_equal(tt_stats_file_open(&file, "stats.json", NULL), 0);
	/* A directory of that name cannot be replaced by a file. */
	assert_int_equal(mkdir("stats.json", 0700), 0);
	assert_int_equal(tt_stats_file_write(&file, "x\n", 2, &error), -EISDIR);
	assert_string_equal(error.message, "--stats-file stats.json: replace it: Is a directory: "
					   "name a file in a directory that can be written to");
	assert_int_equal(count_files(), 1);
	tt_stats_file_close(&file);
	assert_int_equal(rmdir("stats.json"), 0);
}

static void the_ending_of_the_name_decides_the_form(void **state)
{
	const struct tt_accounting accounting = { .size = sizeof(accounting) };
	static const struct {
		const char *name;
		const char *beginning;
	} files[] = {
		{ "stats.json", "{\"final\":false," },      { "prom", "{\"final\":false," },
		{ "stats.prom.json", "{\"final\":false," }, { "stats.PROM", "{\"final\":false," },
		{ "stats.prom", "# HELP twintap_" },        { ".prom", "# HELP twintap_" },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct tt_stats_file file;
		const char *text;

		assert_int_equal(tt_stats_file_open(&file, files[i].name, NULL), 0);
		assert_int_equal(tt_stats_file_write_account(&file, &accounting, NULL), 0);
		text = read_file(files[i].name);
		assert_memory_equal(text, files[i].beginning, strlen(files[i].beginning));
		assert_int_equal(text[strlen(text) - 1], '\n');
		assert_int_not_equal(text[strlen(text) - 2], '\n');
		tt_stats_file_close(&file);
		assert_int_equal(unlink(files[i].name), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_is_made_and_replaced_with_nothing_beside_it),
		cmocka_unit_test(file_is_found_again_after_a_change_of_directory),
		cmocka_unit_test(left_overs_of_killed_processes_are_stepped_over),
		cmocka_unit_test(what_must_not_be_replaced_is_refused),
		cmocka_unit_test(directory_that_is_missing_is_told_at_once),
		cmocka_unit_test(the_ending_of_the_name_decides_the_form),
		cmocka_unit_test(failed_write_leaves_the_old_file_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
