/* SPDX-License-Identifier: MIT */

/*
 * A temporary folder with real files, gone when the test is over
 *
 * Made under TMPDIR, or under the folder that the test runs in. What cannot be made ends
 * the program: no test can go on without it.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TT_TEST_PATH_BYTES = 4096,
};

struct tt_test_folder {
	char path[TT_TEST_PATH_BYTES];
	int fd;
};

void tt_test_folder_init(struct tt_test_folder *folder);
/* Removes it and all that is in it. */
void tt_test_folder_deinit(struct tt_test_folder *folder);

/* FOLDER/NAME; valid until the next call. */
const char *tt_test_folder_path(const struct tt_test_folder *folder, const char *name);
/* A file of @bytes equal bytes, written to @age_s seconds ago. */
void tt_test_folder_put(const struct tt_test_folder *folder, const char *name, size_t bytes,
			unsigned int age_s);
bool tt_test_folder_has(const struct tt_test_folder *folder, const char *name);
/* The size of a file; UINT64_MAX if there is none. */
uint64_t tt_test_folder_bytes(const struct tt_test_folder *folder, const char *name);
/* The names in it, sorted, each with a "\n" behind it; valid until the next call. */
const char *tt_test_folder_list(const struct tt_test_folder *folder);
/* How much all regular files in it have, hidden ones too. */
uint64_t tt_test_folder_sum(const struct tt_test_folder *folder);
