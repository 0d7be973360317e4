/* SPDX-License-Identifier: MIT */

/*
 * Classes of failure
 *
 * Asks for the class of every number that an errno can be, and compares with the table
 * that programs rely on: what is not named there must be "other" and nothing else.
 */

#include "twintap/error.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

enum {
	ERRNO_MAX = 4095, /* the kernel's own limit */
};

static const struct {
	int code;
	enum tt_error_kind kind;
} expected[] = {
	{ EAGAIN, TT_ERROR_WOULD_BLOCK },
	{ EWOULDBLOCK, TT_ERROR_WOULD_BLOCK },
	{ EBADF, TT_ERROR_CLOSED },
	{ EINVAL, TT_ERROR_INVALID },
	{ EINTR, TT_ERROR_INTERRUPTED },
	{ ENOMEM, TT_ERROR_MEMORY },
	{ ENOBUFS, TT_ERROR_MEMORY },
	{ EACCES, TT_ERROR_PERMISSION },
	{ EPERM, TT_ERROR_PERMISSION },
	{ ECONNREFUSED, TT_ERROR_REFUSED },
	{ ECONNRESET, TT_ERROR_RESET },
	{ ECONNABORTED, TT_ERROR_RESET },
	{ EPIPE, TT_ERROR_RESET },
	{ ESHUTDOWN, TT_ERROR_RESET },
	{ ENOTCONN, TT_ERROR_NOT_CONNECTED },
	{ EDESTADDRREQ, TT_ERROR_NOT_CONNECTED },
	{ EINPROGRESS, TT_ERROR_IN_PROGRESS },
	{ EALREADY, TT_ERROR_IN_PROGRESS },
	{ EISCONN, TT_ERROR_NONE },
	{ EADDRINUSE, TT_ERROR_IN_USE },
	{ EADDRNOTAVAIL, TT_ERROR_NOT_AVAILABLE },
	{ ETIMEDOUT, TT_ERROR_TIMED_OUT },
	{ ENETDOWN, TT_ERROR_NETWORK },
	{ ENETUNREACH, TT_ERROR_NETWORK },
	{ EHOSTUNREACH, TT_ERROR_HOST },
	{ EMSGSIZE, TT_ERROR_MESSAGE_SIZE },
	{ EAFNOSUPPORT, TT_ERROR_FAMILY },
	{ EPROTONOSUPPORT, TT_ERROR_PROTOCOL },
	{ ENODEV, TT_ERROR_NO_DEVICE },
	{ ENXIO, TT_ERROR_NO_DEVICE },
};

static enum tt_error_kind expected_kind(int code)
{
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		if (expected[i].code == code)
			return expected[i].kind;
	}
	return TT_ERROR_OTHER;
}

static void every_errno_has_the_class_of_the_table_or_is_another_failure(void **state)
{
	(void)state;

	for (int code = 1; code <= ERRNO_MAX; code++) {
		if (tt_error_kind(-code) != expected_kind(code))
			fail_msg("errno %d: class %d, not %d", code, tt_error_kind(-code),
				 expected_kind(code));
	}
	assert_int_equal(tt_error_kind(-999), TT_ERROR_OTHER);
}

static void success_and_positive_outcomes_are_no_failure(void **state)
{
	(void)state;

	for (int status = 0; status <= TT_END_OF_STREAM; status++)
		assert_int_equal(tt_error_kind(status), TT_ERROR_NONE);
	assert_int_equal(tt_error_kind(EPIPE), TT_ERROR_NONE);
	assert_int_equal(tt_error_kind(INT_MAX), TT_ERROR_NONE);
}

static void a_status_that_is_no_errno_is_another_failure(void **state)
{
	(void)state;

	assert_int_equal(tt_error_kind(-INT_MAX), TT_ERROR_OTHER);
	assert_int_equal(tt_error_kind(INT_MIN), TT_ERROR_OTHER);
}

static void each_class_has_words_of_its_own(void **state)
{
	(void)state;

	for (int kind = 0; kind < TT_ERROR_KIND_COUNT; kind++) {
		const char *name = tt_error_kind_name(kind);

		assert_non_null(name);
		assert_true(name[0] != '\0');
		assert_string_not_equal(name, "unknown");
		for (int other = 0; other < kind; other++)
			assert_string_not_equal(name, tt_error_kind_name(other));
	}
	assert_string_equal(tt_error_kind_name(TT_ERROR_NONE), "success");
	assert_string_equal(tt_error_kind_name(TT_ERROR_PERMISSION), "permission denied");
}

static void a_number_that_is_no_class_is_unknown(void **state)
{
	/* Read at run time: the compiler knows the enum and could fold the answer. */
	volatile int beyond = TT_ERROR_KIND_COUNT;
	volatile int negative = -1;

	(void)state;

	assert_string_equal(tt_error_kind_name((enum tt_error_kind)beyond), "unknown");
	assert_string_equal(tt_error_kind_name((enum tt_error_kind)negative), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_errno_has_the_class_of_the_table_or_is_another_failure),
		cmocka_unit_test(success_and_positive_outcomes_are_no_failure),
		cmocka_unit_test(a_status_that_is_no_errno_is_another_failure),
		cmocka_unit_test(each_class_has_words_of_its_own),
		cmocka_unit_test(a_number_that_is_no_class_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
