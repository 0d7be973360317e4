/* SPDX-License-Identifier: MIT */

/*
 * The kernel's list of joined IPv4 groups as text
 *
 * A list as a kernel prints it, each truncation of it at the end of a readable page,
 * and lines that no kernel prints.
 */

#include "link/igmp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/guard.h"
#include "tests/unit/cmocka_all.h"

#define HEADING "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"

enum {
	TEXT_BYTES = 512,
};

static struct tt_guard guard;

static int read_guarded(const char *text, size_t bytes, struct tt_prefix_list *list)
{
	const void *copy = tt_guard_copy(&guard, text, bytes);

	list->prefixes_count = 0;
	return tt_igmp_read(copy, bytes, list);
}

/* 224.0.0.1 on 1 and 4, 239.1.2.3 on 4. Groups are numbers of this machine. */
static size_t make_list(char text[TEXT_BYTES])
{
	int length = snprintf(text, TEXT_BYTES,
			      HEADING "1\tlo        :     1      V3\n"
				      "\t\t\t\t%08X     1 0:00000000\t\t0\n"
				      "4\teth0      :     2      V3\n"
				      "\t\t\t\t%08X     1 0:00000000\t\t0\n"
				      "\t\t\t\t%08X     3 0:00000000\t\t1\n",
			      inet_addr("224.0.0.1"), inet_addr("239.1.2.3"),
			      inet_addr("224.0.0.1"));

	assert_in_range(length, 1, TEXT_BYTES - 1);
	return (size_t)length;
}

static void groups_are_read_with_their_interfaces(void **state)
{
	struct tt_prefix_list list = { 0 };
	char text[TEXT_BYTES];

	(void)state;

	assert_int_equal(read_guarded(text, make_list(text), &list), 0);
	assert_int_equal(list.prefixes_count, 3);
	assert_int_equal(list.prefixes[0].scope, 1);
	assert_int_equal(list.prefixes[0].high >> 32, 0xe0000001);
	assert_int_equal(list.prefixes[1].scope, 4);
	assert_int_equal(list.prefixes[1].high >> 32, 0xef010203);
	assert_int_equal(list.prefixes[2].scope, 4);
	assert_int_equal(list.prefixes[2].length, 32);
	assert_int_equal(list.prefixes[2].family, AF_INET);

	assert_int_equal(read_guarded(HEADING, strlen(HEADING), &list), 0);
	assert_int_equal(list.prefixes_count, 0);
	tt_prefix_list_deinit(&list);
}

static void a_list_that_ends_within_a_line_is_refused(void **state)
{
	struct tt_prefix_list list = { 0 };
	char text[TEXT_BYTES];
	size_t length;

	(void)state;

	length = make_list(text);
	for (size_t bytes = 0; bytes < length; bytes++) {
		bool is_whole_line = bytes > 0 && text[bytes - 1] == '\n';

		assert_int_equal(read_guarded(text, bytes, &list), is_whole_line ? 0 : -EBADMSG);
	}
	tt_prefix_list_deinit(&list);
}

static void lines_that_no_kernel_prints_are_refused(void **state)
{
	static const char *const texts[] = {
		HEADING "\t\t\t\t010000E0     1 0:00000000\t\t0\n", /* of no interface */
		HEADING "\n",
		HEADING "x\n",
		HEADING "1\n",
		HEADING "99999999999\tlo\n",
		HEADING "4294967296\tlo\n",
		HEADING "1\tlo\n\t\t\t\tno hex\n",
		HEADING "1\tlo\n\t\t\t\t010000E00     1\n",
		HEADING "1\tlo\n\t\t\t\t\n",
	};
	struct tt_prefix_list list = { 0 };

	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (read_guarded(texts[i], strlen(texts[i]), &list) != -EBADMSG)
			fail_msg("text %zu was not refused", i);
	}
	tt_prefix_list_deinit(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_read_with_their_interfaces),
		cmocka_unit_test(a_list_that_ends_within_a_line_is_refused),
		cmocka_unit_test(lines_that_no_kernel_prints_are_refused),
	};
	int failures;

	tt_guard_init(&guard, TEXT_BYTES);
	failures = cmocka_run_group_tests(tests, NULL, NULL);
	tt_guard_deinit(&guard);
	return failures;
}
