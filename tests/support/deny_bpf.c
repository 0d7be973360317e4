/* SPDX-License-Identifier: MIT */

/*
 * A thread whose eBPF programs the kernel refuses
 *
 * The seccomp filter looks at the number of the call only: a process of another architecture
 * would have other numbers, and none is started here.
 */

#include "tests/support/deny_bpf.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Makes all that is permitted count, but for what is in @without. */
static int set_effective(const int *without, size_t without_count)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].effective = data[i].permitted;
	for (size_t i = 0; i < without_count; i++)
		data[CAP_TO_INDEX(without[i])].effective &= ~CAP_TO_MASK(without[i]);
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int tt_bpf_capability_lower(void)
{
	static const int bpf_and_what_includes_it[] = { CAP_BPF, CAP_SYS_ADMIN };

	return set_effective(bpf_and_what_includes_it, 2);
}

int tt_bpf_capability_raise(void)
{
	return set_effective(NULL, 0);
}

int tt_bpf_deny(int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}
