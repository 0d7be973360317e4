/* SPDX-License-Identifier: MIT */

/*
 * A store in a temporary folder, with steps that must succeed and failures that must have words
 */

#include "tests/support/store_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cmocka_all.h"

struct tt_store_lab tt_store_lab;

int tt_store_lab_set_up(void **state)
{
	(void)state;
	tt_test_folder_init(&tt_store_lab.folder);
	return 0;
}

int tt_store_lab_tear_down(void **state)
{
	(void)state;
	tt_test_folder_deinit(&tt_store_lab.folder);
	return 0;
}

static int accept_all(int fd, uint64_t file_bytes, uint64_t *ret_whole_bytes)
{
	(void)fd;
	*ret_whole_bytes = file_bytes;
	return 0;
}

struct tt_store_opts tt_store_lab_make_opts(const char *name, bool is_rotated)
{
	(void)snprintf(tt_store_lab.path, sizeof(tt_store_lab.path), "%s",
		       tt_test_folder_path(&tt_store_lab.folder, name));
	return (struct tt_store_opts){ .path = tt_store_lab.path,
				       .is_rotated = is_rotated,
				       .find_end = accept_all };
}

struct tt_store *tt_store_lab_make(const struct tt_store_opts *opts)
{
	struct tt_error err = TT_ERROR_INIT;
	struct tt_store *store = NULL;

	if (tt_store_new(&store, opts, &err) < 0)
		fail_msg("new: %s", err.message);
	return store;
}

struct tt_store *tt_store_lab_make_named(const char *name, bool is_rotated)
{
	struct tt_store_opts opts = tt_store_lab_make_opts(name, is_rotated);

	return tt_store_lab_make(&opts);
}

void tt_store_lab_refuse(const struct tt_store_opts *opts, int code, const char *words)
{
	struct tt_error err = TT_ERROR_INIT;
	struct tt_store *store = NULL;

	assert_int_equal(tt_store_new(&store, opts, &err), code);
	assert_null(store);
	assert_int_equal(err.code, code);
	if (!strstr(err.message, words))
		fail_msg("\"%s\" is not in: %s", words, err.message);
}

void tt_store_lab_open_next(struct tt_store *store)
{
	struct tt_error err = TT_ERROR_INIT;

	if (tt_store_open(store, TT_STORE_LAB_TIME_NS, &err) < 0)
		fail_msg("open: %s", err.message);
	assert_true(tt_store_is_open(store));
}

void tt_store_lab_fail_open(struct tt_store *store, int code, const char *words)
{
	struct tt_error err = TT_ERROR_INIT;

	assert_int_equal(tt_store_open(store, TT_STORE_LAB_TIME_NS, &err), code);
	assert_false(tt_store_is_open(store));
	if (!strstr(err.message, words))
		fail_msg("\"%s\" is not in: %s", words, err.message);
}

void tt_store_lab_put(struct tt_store *store, const char *text)
{
	struct iovec part = { .iov_base = strdup(text), .iov_len = strlen(text) };
	struct tt_error err = TT_ERROR_INIT;
	uint64_t progress = 77;

	if (tt_store_write(store, &part, 1, &progress, &err) < 0)
		fail_msg("write: %s", err.message);
	assert_int_equal(progress, part.iov_len);
	free(part.iov_base);
}

int tt_store_lab_put_failing(struct tt_store *store, size_t bytes, uint64_t *progress,
			     struct tt_error *err)
{
	struct iovec part = { .iov_base = calloc(1, bytes), .iov_len = bytes };
	int r = tt_store_write(store, &part, 1, progress, err);

	free(part.iov_base);
	return r;
}

void tt_store_lab_shut(struct tt_store *store)
{
	struct tt_error err = TT_ERROR_INIT;

	if (tt_store_close(store, &err) < 0)
		fail_msg("close: %s", err.message);
	assert_false(tt_store_is_open(store));
}

void tt_store_lab_write_one(struct tt_store *store, const char *text)
{
	tt_store_lab_open_next(store);
	tt_store_lab_put(store, text);
	tt_store_lab_shut(store);
}

void tt_store_lab_check_folder(const char *expected)
{
	assert_string_equal(tt_test_folder_list(&tt_store_lab.folder), expected);
}

void tt_store_lab_check_text(const char *name, const char *expected)
{
	int fd = openat(tt_store_lab.folder.fd, name, O_RDONLY | O_CLOEXEC);
	char text[256] = "";

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	assert_string_equal(text, expected);
	(void)close(fd);
}
