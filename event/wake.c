/* SPDX-License-Identifier: MIT */

/*
 * Waking a loop from elsewhere: another thread, a signal handler
 */

#include "event/wake.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

int tt_wake_init(struct tt_wake *wake)
{
	wake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return wake->fd < 0 ? -errno : 0;
}

void tt_wake_deinit(struct tt_wake *wake)
{
	if (wake->fd >= 0)
		(void)close(wake->fd); /* nothing was written to a device: no error can matter */
	wake->fd = -1;
}

void tt_wake_post(struct tt_wake *wake)
{
	int saved_errno = errno;

	/* Fails only when 2^64 - 2 posts are pending: then it is readable all the same. */
	(void)eventfd_write(wake->fd, 1);
	errno = saved_errno;
}

void tt_wake_clear(struct tt_wake *wake)
{
	eventfd_t count;

	(void)eventfd_read(wake->fd, &count); /* fails when nothing was posted: as wanted */
}
