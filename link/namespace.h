/* SPDX-License-Identifier: MIT */

/*
 * Other network namespaces: which one is meant, and calls inside of it
 *
 * A socket belongs to the namespace of the thread that opened it, for as long as it lives.
 * So what is to live elsewhere is opened by a thread that goes there, and ends before the
 * call returns; the threads of the caller stay where they are.
 */

#pragma once

#include <limits.h>

#include "twintap/error.h"

enum tt_namespace_kind {
	TT_NAMESPACE_NAME, /* as ip-netns(8) knows it */
	TT_NAMESPACE_PATH,
	TT_NAMESPACE_PROCESS,
};

/* The file that stands for a namespace. */
struct tt_namespace_file {
	enum tt_namespace_kind kind;
	char path[PATH_MAX];
};

/*
 * What has a slash is a path, what has digits only the number of a process, and all else
 * a name below /run/netns. 0, or -EINVAL in words.
 */
int tt_namespace_locate(struct tt_namespace_file *ret_file, const char *name,
			struct tt_error *reterr);

/*
 * Opens the namespace, for tt_namespace_run(). 0; -ENOENT; -EINVAL for a file that is
 * none, or a name that cannot be one; what open(2) says.
 */
int tt_namespace_open(int *ret_fd, const char *name, struct tt_error *reterr);

/* A negative errno, in words, or another status. */
typedef int tt_namespace_fn(void *context, struct tt_error *reterr);

/*
 * Calls @call in the namespace @fd on a thread of its own, waits for it, and returns what it
 * returned; or a negative errno, -EPERM without CAP_SYS_ADMIN. Signals go to other threads.
 * For a negative @fd it is the calling thread that calls.
 */
int tt_namespace_run(int fd, tt_namespace_fn *call, void *context, struct tt_error *reterr);
