/* SPDX-License-Identifier: MIT */

/*
 * What the kernel writes of itself, read from texts
 *
 * Texts as kernels write them must give their values, and others nothing, with the result
 * left alone. Each text is also tried at every truncation, with its end at an unreadable
 * page. That the files are where they are looked for is not tried here but in netns.doctor.
 */

#include "app/doctor_parse.h"

#include <string.h>

#include "tests/support/guard.h"
#include "tests/unit/cmocka_all.h"

enum {
	UNTOUCHED = 4711,
};

static const char status[] = "Name:\ttwintap\n"
			     "NoNewPrivs:\t1\n"
			     "Seccomp:\t2\n"
			     "Seccomp_filters:\t3\n";

static const char meminfo[] = "MemTotal:       24610432 kB\n"
			      "MemFree:        20000000 kB\n"
			      "MemAvailable:   22000123 kB\n";

static const char mountinfo[] =
	"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
	"28 22 0:25 /other /mnt/part rw - cgroup2 cgroup2 rw\n"
	"29 22 0:25 / /sys/fs/a\\040b\\134c rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	"30 22 0:26 / /late rw - cgroup2 cgroup2 rw\n";

static void numbers_stand_alone(void **state)
{
	uint64_t value = UNTOUCHED;

	(void)state;

	assert_true(tt_proc_read_number("2\n", &value));
	assert_int_equal(value, 2);
	assert_true(tt_proc_read_number("0", &value));
	assert_int_equal(value, 0);
	assert_true(tt_proc_read_number("18446744073709551615\n", &value));
	assert_true(value == UINT64_MAX);

	value = UNTOUCHED;
	for (const char *const *text =
		     (const char *const[]){ "", "\n", "x", "-1", " 1", "1 ", "1\n\n", "1\n2",
					    "18446744073709551616", NULL };
	     *text; text++)
		assert_false(tt_proc_read_number(*text, &value));
	assert_int_equal(value, UNTOUCHED);
}

static void fields_go_by_their_whole_key(void **state)
{
	uint64_t value = UNTOUCHED;

	(void)state;

	assert_true(tt_proc_read_field(status, "Seccomp", &value));
	assert_int_equal(value, 2);
	assert_true(tt_proc_read_field(status, "Seccomp_filters", &value));
	assert_int_equal(value, 3);
	assert_true(tt_proc_read_field(meminfo, "MemAvailable", &value));
	assert_int_equal(value, 22000123);

	value = UNTOUCHED;
	assert_false(tt_proc_read_field(status, "Seccom", &value));
	assert_false(tt_proc_read_field(status, "eccomp", &value)); /* not in mid-line */
	assert_false(tt_proc_read_field(status, "Name", &value));
	assert_false(tt_proc_read_field("Seccomp:\n1\n", "Seccomp", &value));
	assert_false(tt_proc_read_field("Seccomp:\t1x\n", "Seccomp", &value));
	assert_false(tt_proc_read_field("", "Seccomp", &value));
	assert_int_equal(value, UNTOUCHED);
}

static void limits_may_be_none(void **state)
{
	uint64_t bytes = UNTOUCHED;

	(void)state;

	assert_true(tt_proc_read_limit("67108864\n", &bytes));
	assert_int_equal(bytes, 67108864);
	assert_true(tt_proc_read_limit("max\n", &bytes));
	assert_true(bytes == UINT64_MAX);

	bytes = UNTOUCHED;
	assert_false(tt_proc_read_limit("maximum\n", &bytes));
	assert_false(tt_proc_read_limit("ma", &bytes));
	assert_false(tt_proc_read_limit("", &bytes));
	assert_int_equal(bytes, UNTOUCHED);
}

static void releases_begin_with_two_numbers(void **state)
{
	unsigned int major = UNTOUCHED;
	unsigned int minor = UNTOUCHED;

	(void)state;

	assert_true(tt_proc_read_release("6.1.0-13-amd64", &major, &minor));
	assert_int_equal(major, 6);
	assert_int_equal(minor, 1);
	assert_true(tt_proc_read_release("5.10", &major, &minor));
	assert_int_equal(major, 5);
	assert_int_equal(minor, 10);

	assert_false(tt_proc_read_release("", &major, &minor));
	assert_false(tt_proc_read_release("6", &major, &minor));
	assert_false(tt_proc_read_release("6.", &major, &minor));
	assert_false(tt_proc_read_release("6.x", &major, &minor));
	assert_false(tt_proc_read_release("v6.1", &major, &minor));
	assert_false(tt_proc_read_release("6.4294967296", &major, &minor));
	assert_int_equal(major, 5);
	assert_int_equal(minor, 10);
}

static void the_chosen_word_is_in_brackets(void **state)
{
	char choice[10] = "untouched";

	(void)state;

	assert_false(tt_proc_read_choice("none integrity\n", choice, sizeof(choice)));
	assert_false(tt_proc_read_choice("[none", choice, sizeof(choice)));
	assert_false(tt_proc_read_choice("]none[", choice, sizeof(choice)));
	assert_false(tt_proc_read_choice("[]", choice, sizeof(choice)));
	assert_false(tt_proc_read_choice("[tenletters]", choice, sizeof(choice)));
	assert_string_equal(choice, "untouched");
	assert_true(
		tt_proc_read_choice("none [integrity] confidentiality\n", choice, sizeof(choice)));
	assert_string_equal(choice, "integrity");
	assert_true(tt_proc_read_choice("[none] integrity\n", choice, sizeof(choice)));
	assert_string_equal(choice, "none");
}

static void only_the_unified_group_counts(void **state)
{
	char path[8] = "as was";

	(void)state;

	assert_false(tt_proc_read_cgroup("9:name=systemd:/\n4:memory:/a\n", path, sizeof(path)));
	assert_false(tt_proc_read_cgroup("10::/x\n", path, sizeof(path)));
	assert_false(tt_proc_read_cgroup("0::", path, sizeof(path)));
	assert_false(tt_proc_read_cgroup("0::/7bytes+\n", path, sizeof(path)));
	assert_string_equal(path, "as was");
	assert_true(tt_proc_read_cgroup("4:memory:/a\n0::/b/c d\n", path, sizeof(path)));
	assert_string_equal(path, "/b/c d");
	assert_true(tt_proc_read_cgroup("0::/\n", path, sizeof(path)));
	assert_string_equal(path, "/");
}

static void the_first_mount_of_the_root_is_taken(void **state)
{
	char path[64] = "";

	(void)state;

	assert_true(tt_proc_read_cgroup_mount(mountinfo, path, sizeof(path)));
	assert_string_equal(path, "/sys/fs/a b\\c");
	assert_false(tt_proc_read_cgroup_mount(mountinfo, path, strlen("/sys/fs/a b\\c")));
	assert_true(tt_proc_read_cgroup_mount(mountinfo, path, strlen("/sys/fs/a b\\c") + 1));

	assert_false(tt_proc_read_cgroup_mount("", path, sizeof(path)));
	assert_false(tt_proc_read_cgroup_mount("1 2 0:1 / /a rw - cgroup cgroup rw,memory\n", path,
					       sizeof(path)));
	assert_false(tt_proc_read_cgroup_mount("1 2 0:1 /part /a rw - cgroup2 x rw\n", path,
					       sizeof(path)));
	/* A type in another line is not of this one. */
	assert_false(tt_proc_read_cgroup_mount("1 2 0:1 / /a rw - ext4 x rw\n"
					       "1 2 0:1 /b /a rw - cgroup2 x rw\n",
					       path, sizeof(path)));
}

static void the_first_user_namespace_maps_all_ids_to_themselves(void **state)
{
	(void)state;

	assert_true(tt_proc_is_first_id_map("         0          0 4294967295\n"));
	assert_false(tt_proc_is_first_id_map("         0       1000          1\n"));
	assert_false(tt_proc_is_first_id_map("         0     100000      65536\n"));
	assert_false(tt_proc_is_first_id_map("         0          0      65536\n"));
	assert_false(tt_proc_is_first_id_map("         1          1 4294967295\n"));
	assert_false(tt_proc_is_first_id_map("0 0 4294967295\n1 1 1\n"));
	assert_false(tt_proc_is_first_id_map(""));
	assert_false(tt_proc_is_first_id_map("0 0"));
}

/* Whatever they give: none of them reads past the end. */
static void read_all(const char *text)
{
	char word[64];
	uint64_t value;
	unsigned int major;
	unsigned int minor;

	(void)tt_proc_read_number(text, &value);
	(void)tt_proc_read_field(text, "Seccomp", &value);
	(void)tt_proc_read_field(text, "MemAvailable", &value);
	(void)tt_proc_read_limit(text, &value);
	(void)tt_proc_read_release(text, &major, &minor);
	(void)tt_proc_read_choice(text, word, sizeof(word));
	(void)tt_proc_read_cgroup(text, word, sizeof(word));
	(void)tt_proc_read_cgroup_mount(text, word, sizeof(word));
	(void)tt_proc_is_first_id_map(text);
}

static void nothing_is_read_past_any_end(void **state)
{
	static const char *const texts[] = {
		status,        meminfo,         mountinfo, "none [integrity]\n",
		"0::/b/c d\n", "6.1.0-1",       "max\n",   "0 0 4294967295\n",
		"\\1",         "1 2 3 / /\\04",
	};
	struct tt_guard guard;

	(void)state;

	tt_guard_init(&guard, sizeof(mountinfo));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (size_t length = 0; length <= strlen(texts[i]); length++) {
			char text[sizeof(mountinfo)];

			memcpy(text, texts[i], length);
			text[length] = '\0';
			read_all((const char *)tt_guard_copy(&guard, text, length + 1));
		}
	}
	tt_guard_deinit(&guard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_stand_alone),
		cmocka_unit_test(fields_go_by_their_whole_key),
		cmocka_unit_test(limits_may_be_none),
		cmocka_unit_test(releases_begin_with_two_numbers),
		cmocka_unit_test(the_chosen_word_is_in_brackets),
		cmocka_unit_test(only_the_unified_group_counts),
		cmocka_unit_test(the_first_mount_of_the_root_is_taken),
		cmocka_unit_test(the_first_user_namespace_maps_all_ids_to_themselves),
		cmocka_unit_test(nothing_is_read_past_any_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
