/* SPDX-License-Identifier: MIT */

/*
 * A thread whose eBPF programs the kernel refuses
 *
 * For what stands in then. Both ways change the calling thread alone: by its capabilities,
 * which it can raise again, or by seccomp, which stays for ever and goes on to what it starts.
 */

#pragma once

/* Lowers CAP_BPF, and CAP_SYS_ADMIN, which includes it. 0, or what capset(2) says. */
int tt_bpf_capability_lower(void);
/* Raises all that is permitted. */
int tt_bpf_capability_raise(void);

/* Has bpf(2) fail with @error, EPERM for instance. 0, or what prctl(2) says. */
int tt_bpf_deny(int error);
