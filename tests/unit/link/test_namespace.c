/* SPDX-License-Identifier: MIT */

/*
 * Which network namespace a word means
 *
 * The word alone: what is opened by it, and by whom, is tried in netns.namespaces.
 */

#include "link/namespace.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

static void assert_located(const char *name, enum tt_namespace_kind kind, const char *path)
{
	struct tt_namespace_file file;

	assert_int_equal(tt_namespace_locate(&file, name, NULL), 0);
	assert_int_equal(file.kind, kind);
	assert_string_equal(file.path, path);
}

static void assert_refused(const char *name, const char *words)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_namespace_file file;

	assert_int_equal(tt_namespace_locate(&file, name, &error), -EINVAL);
	assert_int_equal(error.code, -EINVAL);
	assert_non_null(strstr(error.message, words));
}

static void a_word_is_a_name(void **state)
{
	(void)state;
	assert_located("blue", TT_NAMESPACE_NAME, "/run/netns/blue");
	assert_located("1a", TT_NAMESPACE_NAME, "/run/netns/1a");
	assert_located("-1", TT_NAMESPACE_NAME, "/run/netns/-1");
	assert_located("1 ", TT_NAMESPACE_NAME, "/run/netns/1 ");
}

static void what_has_a_slash_is_a_path(void **state)
{
	(void)state;
	assert_located("/proc/1/ns/net", TT_NAMESPACE_PATH, "/proc/1/ns/net");
	assert_located("./blue", TT_NAMESPACE_PATH, "./blue");
	assert_located("123/", TT_NAMESPACE_PATH, "123/");
}

static void digits_are_a_process(void **state)
{
	(void)state;
	assert_located("1", TT_NAMESPACE_PROCESS, "/proc/1/ns/net");
	assert_located("4294967295", TT_NAMESPACE_PROCESS, "/proc/4294967295/ns/net");
	assert_refused("42949672950", "11 digits");
}

static void no_word_is_refused(void **state)
{
	(void)state;
	assert_refused("", "the name is empty");
}

static void what_is_longer_than_a_file_can_be_called_is_refused(void **state)
{
	char name[PATH_MAX + 2];
	struct tt_namespace_file file;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[NAME_MAX + 1] = '\0';
	assert_refused(name, "up to 255 bytes");
	name[NAME_MAX] = '\0';
	assert_int_equal(tt_namespace_locate(&file, name, NULL), 0);
	assert_string_equal(file.path + strlen("/run/netns/"), name);

	memset(name, '/', sizeof(name));
	name[PATH_MAX] = '\0';
	assert_refused(name, "up to 4095 bytes");
	name[PATH_MAX - 1] = '\0';
	assert_located(name, TT_NAMESPACE_PATH, name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_is_a_name),
		cmocka_unit_test(what_has_a_slash_is_a_path),
		cmocka_unit_test(digits_are_a_process),
		cmocka_unit_test(no_word_is_refused),
		cmocka_unit_test(what_is_longer_than_a_file_can_be_called_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
