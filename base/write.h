/* SPDX-License-Identifier: MIT */

/*
 * Writing all of something to a descriptor, however often that takes
 *
 * For those who may wait: signals go on, a full pipe is waited for, and what was written
 * before a failure is told, so that whoever counts records can find the last whole one.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * Writes all of the parts, waiting as long as it takes, also on a non-blocking descriptor.
 * 0, or a negative errno; *progress_bytes is how much was written either way.
 */
int tt_write_all(int fd, const struct iovec *parts, size_t parts_count, uint64_t *progress_bytes);
