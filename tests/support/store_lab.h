/* SPDX-License-Identifier: MIT */

/*
 * A store in a temporary folder, with steps that must succeed and failures that must have words
 *
 * What does not hold fails the test that runs. There is one folder at a time.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/support/test_folder.h"
#include "trace/store.h"
#include "twintap/error.h"

/* 2026-11-20T21:59:01Z, when files are opened */
#define TT_STORE_LAB_TIME_NS INT64_C(1795211941000000000)

struct tt_store_lab {
	struct tt_test_folder folder;
	char path[TT_TEST_PATH_BYTES + 1024]; /* of the latest options */
};

extern struct tt_store_lab tt_store_lab;

int tt_store_lab_set_up(void **state);
int tt_store_lab_tear_down(void **state);

/* Options for FOLDER/@name; every left-over is taken for whole. Valid until the next call. */
struct tt_store_opts tt_store_lab_make_opts(const char *name, bool is_rotated);
struct tt_store *tt_store_lab_make(const struct tt_store_opts *opts);
struct tt_store *tt_store_lab_make_named(const char *name, bool is_rotated);
/* New fails so, in words that have @words in them. */
void tt_store_lab_refuse(const struct tt_store_opts *opts, int code, const char *words);

void tt_store_lab_open_next(struct tt_store *store);
void tt_store_lab_fail_open(struct tt_store *store, int code, const char *words);
void tt_store_lab_put(struct tt_store *store, const char *text);
/* Writes zeros, and returns what writing does. */
int tt_store_lab_put_failing(struct tt_store *store, size_t bytes, uint64_t *progress,
			     struct tt_error *err);
void tt_store_lab_shut(struct tt_store *store);
/* A whole file. */
void tt_store_lab_write_one(struct tt_store *store, const char *text);

/* The folder's names, and a file's text, are these. */
void tt_store_lab_check_folder(const char *expected);
void tt_store_lab_check_text(const char *name, const char *expected);
