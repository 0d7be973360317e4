/* SPDX-License-Identifier: MIT */

/*
 * Bytes that end where an unreadable page begins
 *
 * A read past the end is then a crash and not luck, with and without a sanitizer.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

struct tt_guard {
	uint8_t *pages;
	size_t readable_bytes; /* before the unreadable page */
};

/* Room for @bytes_max bytes; ends the program when there is none. */
void tt_guard_init(struct tt_guard *guard, size_t bytes_max);
void tt_guard_deinit(struct tt_guard *guard);

/* A copy of the bytes, ending at the unreadable page; valid until the next one is made. */
const uint8_t *tt_guard_copy(struct tt_guard *guard, const void *bytes, size_t bytes_count);
