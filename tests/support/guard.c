/* SPDX-License-Identifier: MIT */

/*
 * Bytes that end where an unreadable page begins
 */

#include "tests/support/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void tt_guard_init(struct tt_guard *guard, size_t bytes_max)
{
	size_t readable_bytes = (bytes_max / page_bytes() + 1) * page_bytes();
	uint8_t *pages;

	pages = mmap(NULL, readable_bytes + page_bytes(), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || mprotect(pages + readable_bytes, page_bytes(), PROT_NONE) < 0) {
		perror("guard page");
		abort();
	}
	guard->pages = pages;
	guard->readable_bytes = readable_bytes;
}

void tt_guard_deinit(struct tt_guard *guard)
{
	(void)munmap(guard->pages, guard->readable_bytes + page_bytes()); /* the test is over */
	guard->pages = NULL;
}

const uint8_t *tt_guard_copy(struct tt_guard *guard, const void *bytes, size_t bytes_count)
{
	uint8_t *copy;

	if (bytes_count > guard->readable_bytes) {
		fprintf(stderr, "guard page: %zu bytes do not fit\n", bytes_count);
		abort();
	}
	copy = guard->pages + guard->readable_bytes - bytes_count;
	memcpy(copy, bytes, bytes_count);
	return copy;
}
