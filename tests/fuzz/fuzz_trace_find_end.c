/* SPDX-License-Identifier: MIT */

/*
 * The end of the whole part of any file
 *
 * What must hold: it is in the file; what lies before it is whole, so that asking once more
 * with the rest cut off gives the same; and what is no trace has none.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/trace.h"

/* The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	static int fd = -1;
	uint64_t whole_bytes = UINT64_MAX, again_bytes;
	int r;

	if (fd < 0)
		fd = memfd_create("left over", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) < 0 ||
	    pwrite(fd, data, data_bytes, 0) != (ssize_t)data_bytes)
		abort();

	r = tt_trace_find_end(fd, data_bytes, &whole_bytes);
	if (r == -EBADMSG && whole_bytes == UINT64_MAX)
		return 0;
	if (r != 0 || whole_bytes > data_bytes)
		abort();
	if (ftruncate(fd, (off_t)whole_bytes) < 0)
		abort();
	if (tt_trace_find_end(fd, whole_bytes, &again_bytes) != 0 || again_bytes != whole_bytes)
		abort();
	return 0;
}
