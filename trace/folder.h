/* SPDX-License-Identifier: MIT */

/*
 * What the files of a trace need of their folder: its names, the lock of writers, publishing
 *
 * Everything is done relative to a descriptor of the folder, and no symbolic link is followed.
 * A file is locked (flock(2)) as long as it is written. The lock goes with its process, however
 * that ends: a hidden file whose lock can be had is one that nobody writes any more.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/pattern.h"

/*
 * Calls @visit with each name until it returns something else than 0, and returns that, or a
 * negative errno. The names must not be changed meanwhile.
 */
int tt_folder_visit(int folder_fd, int (*visit)(const char *name, void *context), void *context);

/* The highest %N of the pattern's files, complete or hidden; 0 if there is none. */
int tt_folder_find_number(int folder_fd, const struct tt_pattern *pattern, uint64_t *ret_number);

/*
 * Takes the lock of writers, without waiting: 0; -EBUSY: another has it; another negative errno:
 * this file system has no locks.
 */
int tt_folder_lock(int fd);

/* Whether @name still is the file that is open, and no link to it. */
bool tt_folder_is_file(int folder_fd, const char *name, int fd);

/* Whether something has that name, be it a broken link. */
bool tt_folder_has(int folder_fd, const char *name);

/*
 * Gives a hidden file its final name. What has this name already is replaced if @is_overwriting;
 * else @name gets the next number that is free. 0; -EEXIST: there is none; what renameat2(2)
 * says. @name is what it was called in the end.
 */
int tt_folder_publish(int folder_fd, const struct tt_pattern *pattern, const char *hidden,
		      char name[static TT_PATTERN_NAME_BYTES], bool is_overwriting);

/* Brings the names themselves to the disk. 0, or a negative errno. */
int tt_folder_sync(int folder_fd);
