/* SPDX-License-Identifier: MIT */

/*
 * Fewer capabilities, for tests of what takes which
 */

#include "tests/support/capabilities.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	STATUS_FAILED = 99,
};

void tt_keep_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = (uint32_t)mask, .permitted = (uint32_t)mask },
		{ .effective = (uint32_t)(mask >> 32), .permitted = (uint32_t)(mask >> 32) },
	};

	if (syscall(SYS_capset, &header, data) < 0)
		_exit(STATUS_FAILED);
}
