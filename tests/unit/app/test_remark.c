/* SPDX-License-Identifier: MIT */

/*
 * Words to people
 *
 * Standard error is a pipe while a line is said, and what comes out is compared byte by
 * byte. That standard output can fail is tried with /dev/full in netns.command.
 */

#include "app/remark.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cmocka_all.h"

static char said[16384];

/* Says @remark, and returns what came out on standard error. */
static const char *hear(const struct tt_remark *remark)
{
	ssize_t length;
	int saved;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(saved >= 0);
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	(void)close(fds[1]);
	tt_remark_say(remark);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	(void)close(saved);

	/* One read: the line came in one write. */
	length = read(fds[0], said, sizeof(said) - 1);
	assert_true(length >= 0);
	(void)close(fds[0]);
	said[length] = '\0';
	return said;
}

static void lines_have_the_name_in_front_and_one_newline(void **state)
{
	struct tt_remark remark = { 0 };

	(void)state;

	tt_remark_add(&remark, "%s %d", "port", 53);
	tt_remark_add(&remark, ", %s", "ntp");
	assert_string_equal(hear(&remark), "twintap: port 53, ntp\n");
}

static void bytes_that_a_terminal_acts_on_are_escaped(void **state)
{
	struct tt_remark remark = { 0 };

	(void)state;

	tt_remark_add(&remark, "%s",
		      "a\x1b[2Jb\nc\x7f"
		      "d\x9b"
		      "e\\f\xc3\xa9");
	assert_string_equal(hear(&remark),
			    "twintap: a\\x1b[2Jb\\x0ac\\x7fd\\x9be\\\\f\\xc3\\xa9\n");
}

static void every_byte_comes_out_printable(void **state)
{
	char text[256];
	char printable[4 * sizeof(text)];

	(void)state;

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)(i + 1);
	text[sizeof(text) - 1] = '\0';
	assert_ptr_equal(tt_make_printable(text, printable, sizeof(printable)), printable);
	/* 94 letters as they are, the backslash twice, and 160 of four bytes each. */
	assert_int_equal(strlen(printable), 94 + 2 + 160 * 4);
	for (const char *c = printable; *c; c++)
		assert_true(*c >= ' ' && *c <= '~');
}

static void printable_text_is_cut_before_an_escape_not_in_it(void **state)
{
	char printable[6];

	(void)state;

	memset(printable, 'x', sizeof(printable));
	(void)tt_make_printable("ab\n", printable, sizeof(printable));
	assert_string_equal(printable, "ab"); /* "ab\x0a" would need 7 bytes */
	(void)tt_make_printable("a\n", printable, sizeof(printable));
	assert_string_equal(printable, "a\\x0a");
}

static void lines_that_are_too_long_say_that_they_were_cut(void **state)
{
	struct tt_remark remark = { 0 };
	const char *line;
	size_t length;

	(void)state;

	for (int i = 0; i < TT_REMARK_BYTES; i++)
		tt_remark_add(&remark, "\n"); /* each becomes four bytes */
	assert_int_equal(remark.length, TT_REMARK_BYTES - 1);
	assert_int_equal(strlen(remark.text), TT_REMARK_BYTES - 1);
	tt_remark_add(&remark, "more");

	line = hear(&remark);
	length = strlen(line);
	assert_int_equal(length, strlen("twintap: ") + (size_t)(TT_REMARK_BYTES - 4) * 4 + 3 + 1);
	assert_string_equal(line + length - 8, "\\x0a...\n");
}

static void lines_that_just_fit_are_not_cut(void **state)
{
	struct tt_remark remark = { 0 };

	(void)state;

	for (int i = 0; i < TT_REMARK_BYTES - 1; i++)
		tt_remark_add(&remark, "x");
	assert_int_equal(strlen(remark.text), TT_REMARK_BYTES - 1);
	assert_int_equal(remark.text[TT_REMARK_BYTES - 2], 'x');
}

static void failures_are_worded_and_passed_on(void **state)
{
	struct tt_error error = TT_ERROR_INIT;

	(void)state;

	assert_int_equal(tt_word_error(&error, -EINVAL, "%s", "wrong"), -EINVAL);
	assert_int_equal(error.code, -EINVAL);
	assert_string_equal(error.message, "wrong");
	assert_int_equal(tt_word_error(NULL, -EIO, "%s", "nobody listens"), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_have_the_name_in_front_and_one_newline),
		cmocka_unit_test(bytes_that_a_terminal_acts_on_are_escaped),
		cmocka_unit_test(every_byte_comes_out_printable),
		cmocka_unit_test(printable_text_is_cut_before_an_escape_not_in_it),
		cmocka_unit_test(lines_that_are_too_long_say_that_they_were_cut),
		cmocka_unit_test(lines_that_just_fit_are_not_cut),
		cmocka_unit_test(failures_are_worded_and_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
