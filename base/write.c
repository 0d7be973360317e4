/* SPDX-License-Identifier: MIT */

/*
 * Writing all of something to a descriptor, however often that takes
 *
 * Parts are passed to writev(2) in windows of a copy, since the caller's are not to be changed.
 */

#include "base/write.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

enum {
	WRITE_PARTS_MAX = 64, /* of one writev(2) */
};

/* What of the parts is still to be written. */
struct rest {
	const struct iovec *parts;
	size_t parts_count;
	size_t done_bytes; /* of the first part */
};

static void skip(struct rest *rest, size_t bytes)
{
	rest->done_bytes += bytes;
	while (rest->parts_count > 0 && rest->done_bytes >= rest->parts->iov_len) {
		rest->done_bytes -= rest->parts->iov_len;
		rest->parts++;
		rest->parts_count--;
	}
}

/* Writes some of it: how much, or a negative errno. */
static ssize_t write_some(int fd, const struct rest *rest)
{
	struct iovec window[WRITE_PARTS_MAX];
	size_t count = rest->parts_count < WRITE_PARTS_MAX ? rest->parts_count : WRITE_PARTS_MAX;
	ssize_t written;

	memcpy(window, rest->parts, count * sizeof(window[0]));
	window[0].iov_base = (char *)window[0].iov_base + rest->done_bytes;
	window[0].iov_len -= rest->done_bytes;

	written = writev(fd, window, (int)count);
	if (written < 0)
		return -errno;
	return written > 0 ? written : -EIO; /* the first part has bytes */
}

static int wait_writable(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };

	if (poll(&wait, 1, -1) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

int tt_write_all(int fd, const struct iovec *parts, size_t parts_count, uint64_t *progress_bytes)
{
	struct rest rest = { .parts = parts, .parts_count = parts_count };
	int r = 0;

	*progress_bytes = 0;
	skip(&rest, 0);
	while (rest.parts_count > 0 && r == 0) {
		ssize_t written = write_some(fd, &rest);

		if (written > 0) {
			*progress_bytes += (uint64_t)written;
			skip(&rest, (size_t)written);
		} else if (written == -EAGAIN) {
			r = wait_writable(fd);
		} else if (written != -EINTR) {
			r = (int)written;
		}
	}
	return r;
}
