/* SPDX-License-Identifier: MIT */

/*
 * A file with the account, rewritten as a whole
 *
 * Readers find the account of one moment, never half of one: each is written to a new
 * file in the same directory, which then takes the name. It is there from the start.
 *
 * It is not synced to disk: what it guards against is a reader in between, and after a
 * crash of the machine the counters are of no use.
 *
 * A name that ends in .prom has the account as metrics of Prometheus, any other as JSON. The
 * new file's name ends otherwise: who collects *.prom never finds it.
 */

#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "twintap/error.h"

struct tt_accounting;

struct tt_stats_file {
	int folder_fd; /* owned; -1: none */
	char name[NAME_MAX + 1];
	const char *path; /* borrowed; for words */
	bool is_prometheus;
};

#define TT_STATS_FILE_INIT      \
	{                       \
		.folder_fd = -1 \
	}

/*
 * Looks whether @path may become such a file: a new name, or a regular file. Anything
 * else (a device, a pipe, a symbolic link) would be replaced, and is refused.
 */
int tt_stats_file_open(struct tt_stats_file *file, const char *path, struct tt_error *reterr);
void tt_stats_file_close(struct tt_stats_file *file);

/* Replaces what the file says. */
int tt_stats_file_write(const struct tt_stats_file *file, const char *text, size_t length,
			struct tt_error *reterr);

/* Replaces it by this account, in the form that the file's name asks for. */
int tt_stats_file_write_account(const struct tt_stats_file *file,
				const struct tt_accounting *accounting, struct tt_error *reterr);
