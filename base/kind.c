/* SPDX-License-Identifier: MIT */

/*
 * Classes of failure
 *
 * One table folds errnos into the classes that programs act on. An errno that is
 * missing here is TT_ERROR_OTHER on purpose: its own text says more than a class.
 */

#include "twintap/error.h"

#include <errno.h>
#include <stddef.h>

static const struct {
	int code;
	enum tt_error_kind kind;
} kinds[] = {
	{ EAGAIN, TT_ERROR_WOULD_BLOCK },
	{ EBADF, TT_ERROR_CLOSED },
	{ EINVAL, TT_ERROR_INVALID },
	{ EINTR, TT_ERROR_INTERRUPTED },
	{ ENOMEM, TT_ERROR_MEMORY },
	{ ENOBUFS, TT_ERROR_MEMORY },
	{ EACCES, TT_ERROR_PERMISSION },
	{ EPERM, TT_ERROR_PERMISSION },
	{ ECONNREFUSED, TT_ERROR_REFUSED },
	{ ECONNRESET, TT_ERROR_RESET },
	{ ECONNABORTED, TT_ERROR_RESET },
	{ EPIPE, TT_ERROR_RESET },
	{ ESHUTDOWN, TT_ERROR_RESET },
	{ ENOTCONN, TT_ERROR_NOT_CONNECTED },
	{ EDESTADDRREQ, TT_ERROR_NOT_CONNECTED },
	{ EINPROGRESS, TT_ERROR_IN_PROGRESS },
	{ EALREADY, TT_ERROR_IN_PROGRESS },
	{ EISCONN, TT_ERROR_NONE },
	{ EADDRINUSE, TT_ERROR_IN_USE },
	{ EADDRNOTAVAIL, TT_ERROR_NOT_AVAILABLE },
	{ ETIMEDOUT, TT_ERROR_TIMED_OUT },
	{ ENETDOWN, TT_ERROR_NETWORK },
	{ ENETUNREACH, TT_ERROR_NETWORK },
	{ EHOSTUNREACH, TT_ERROR_HOST },
	{ EMSGSIZE, TT_ERROR_MESSAGE_SIZE },
	{ EAFNOSUPPORT, TT_ERROR_FAMILY },
	{ EPROTONOSUPPORT, TT_ERROR_PROTOCOL },
	{ ENODEV, TT_ERROR_NO_DEVICE },
	{ ENXIO, TT_ERROR_NO_DEVICE },
};

static const char *const names[] = {
	[TT_ERROR_NONE] = "success",
	[TT_ERROR_WOULD_BLOCK] = "would block",
	[TT_ERROR_CLOSED] = "closed",
	[TT_ERROR_INVALID] = "invalid argument",
	[TT_ERROR_INTERRUPTED] = "interrupted",
	[TT_ERROR_MEMORY] = "no memory",
	[TT_ERROR_PERMISSION] = "permission denied",
	[TT_ERROR_REFUSED] = "refused",
	[TT_ERROR_RESET] = "reset",
	[TT_ERROR_NOT_CONNECTED] = "not connected",
	[TT_ERROR_IN_PROGRESS] = "in progress",
	[TT_ERROR_IN_USE] = "address in use",
	[TT_ERROR_NOT_AVAILABLE] = "address not available",
	[TT_ERROR_TIMED_OUT] = "timed out",
	[TT_ERROR_NETWORK] = "network unreachable",
	[TT_ERROR_HOST] = "host unreachable",
	[TT_ERROR_MESSAGE_SIZE] = "message too large",
	[TT_ERROR_FAMILY] = "address family not supported",
	[TT_ERROR_PROTOCOL] = "protocol not supported",
	[TT_ERROR_NO_DEVICE] = "no such interface",
	[TT_ERROR_OTHER] = "another failure",
};

_Static_assert(sizeof(names) / sizeof(names[0]) == TT_ERROR_KIND_COUNT, "a name for each kind");

enum tt_error_kind tt_error_kind(int status)
{
	if (status >= 0)
		return TT_ERROR_NONE;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (-kinds[i].code == status) /* INT_MIN has no positive */
			return kinds[i].kind;
	}
	return TT_ERROR_OTHER;
}

const char *tt_error_kind_name(enum tt_error_kind kind)
{
	return (unsigned int)kind < TT_ERROR_KIND_COUNT ? names[kind] : "unknown";
}
