/* SPDX-License-Identifier: MIT */

/*
 * What the facts of a machine mean for captures
 */

#include "app/doctor_judge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/doctor_parse.h"
#include "app/remark.h"
#include "app/shell_word.h"
#include "twintap/receiver.h"

enum {
	FAMILIES_COUNT = 2, /* a ring each */
	SIZE_TEXT_BYTES = 32,
	QUOTED_PATH_BYTES = 4 * PATH_MAX + 4,
	ESCAPED_MESSAGE_BYTES = 4 * TT_ERROR_MESSAGE_BYTES + 1,
	MEMLOCK_BYTES = 64 << 20, /* more than the maps of the filter have */
	CGROUP_BYTES = 16 << 20,  /* some times what the process and its maps take */
	OPTMEM_BYTES = 64 << 10,  /* some more than the longest classic filter takes */
	OPTMEM_BYTES_MENDED = 128 << 10,
};

/* The kernel that has CAP_BPF, charges maps to cgroups; the oldest that is tested. */
static const struct {
	unsigned int major;
	unsigned int minor;
} bpf_kernel = { 5, 8 }, charging_kernel = { 5, 11 }, tested_kernel = { 6, 1 };

static bool is_at_least(unsigned int major, unsigned int minor, unsigned int wanted_major,
			unsigned int wanted_minor)
{
	return major > wanted_major || (major == wanted_major && minor >= wanted_minor);
}

/* "16M", "500K": as --buffer takes it, rounded down. */
static const char *format_size(uint64_t bytes, char text[SIZE_TEXT_BYTES])
{
	bool is_large = bytes >= UINT64_C(10) << 20;

	(void)snprintf(text, SIZE_TEXT_BYTES, "%llu%s",
		       (unsigned long long)bytes >> (is_large ? 20 : 10), is_large ? "M" : "K");
	return text;
}

static bool is_trial_good(const struct tt_doctor_machine *machine)
{
	return machine->trial.receiver_status == 0;
}

static bool is_filter_ebpf(const struct tt_doctor_machine *machine)
{
	return is_trial_good(machine) && !machine->trial.fallback_reason[0];
}

/* The capability that loading the filter takes: before Linux 5.8 there was but the great one. */
static const struct tt_doctor_capability *load_capability(const struct tt_doctor_machine *machine)
{
	return machine->bpf.exists ? &machine->bpf : &machine->sys_admin;
}

static bool may_load(const struct tt_doctor_machine *machine)
{
	return machine->bpf.is_effective || machine->sys_admin.is_effective;
}

/* Names the command that gives the program its capabilities, if one can. */
static void mend_capabilities(const struct tt_doctor_machine *machine, struct tt_findings *findings)
{
	const char *names = machine->bpf.exists ? "cap_net_raw,cap_bpf"
						: "cap_net_raw,cap_sys_admin";
	char program[QUOTED_PATH_BYTES];

	/* With one that the bounding set lacks, the program could not even be started. */
	if (!machine->net_raw.is_bounded || !load_capability(machine)->is_bounded ||
	    machine->has_no_new_privs == TT_DOCTOR_YES)
		return;
	if (!machine->program[0] || !tt_shell_quote(machine->program, program, sizeof(program)))
		tt_findings_mend(findings, "setcap %s+ep \"$(command -v twintap)\"", names);
	else if (machine->is_on_nosuid_mount == TT_DOCTOR_YES)
		tt_findings_mend(findings, "sudo %s doctor", program);
	else
		tt_findings_mend(findings, "setcap %s+ep %s", names, program);
}

static const char *explain_missing(const struct tt_doctor_capability *capability)
{
	return capability->is_bounded
		       ? "run as root, or give it to the program's file"
		       : "it is outside of the bounding set, so that neither root nor the "
			 "program's file can have it: let the container or the service have it";
}

static void judge_net_raw(const struct tt_doctor_machine *machine, struct tt_findings *findings)
{
	static const char subject[] = "CAP_NET_RAW";

	if (!machine->has_capabilities) {
		tt_findings_add(findings, TT_FINDING_NOTE, subject, "unknown: capget(2) fails");
		return;
	}
	if (machine->net_raw.is_effective) {
		tt_findings_add(findings, TT_FINDING_OK, subject,
				"effective: packet sockets and promiscuous mode take it");
		return;
	}
	tt_findings_add(findings, TT_FINDING_FAIL, subject,
			"not effective, and packet sockets take it: %s",
			explain_missing(&machine->net_raw));
	mend_capabilities(machine, findings);
}

static void judge_missing_bpf(const struct tt_doctor_machine *machine, const char *subject,
			      struct tt_findings *findings)
{
	enum tt_finding_level level = TT_FINDING_WARN;

	if (is_filter_ebpf(machine)) {
		tt_findings_add(findings, TT_FINDING_NOTE, subject,
				"not effective, and not needed here: the filter was loaded");
		return;
	}
	/* Without CAP_NET_RAW nobody knows whether this would be enough to fail. */
	if (!is_trial_good(machine) && machine->net_raw.is_effective)
		level = TT_FINDING_FAIL;
	tt_findings_add(findings, level, subject, "not effective, and eBPF filters take it: %s",
			explain_missing(load_capability(machine)));
	mend_capabilities(machine, findings);
}

static void judge_bpf(const struct tt_doctor_machine *machine, struct tt_findings *findings)
{
	const char *subject = "CAP_BPF";

	if (!machine->has_capabilities) {
		tt_findings_add(findings, TT_FINDING_NOTE, subject, "unknown: capget(2) fails");
		return;
	}
	if (!machine->bpf.exists)
		subject = "CAP_SYS_ADMIN";
	if (!may_load(machine)) {
		judge_missing_bpf(machine, subject, findings);
		return;
	}
	if (machine->is_in_first_user_namespace == TT_DOCTOR_NO)
		tt_findings_add(findings,
				is_filter_ebpf(machine) ? TT_FINDING_NOTE : TT_FINDING_WARN,
				subject,
				"effective in this user namespace only, and bpf(2) asks for it in "
				"the first one: run it outside of rootless containers");
	else if (machine->is_in_first_user_namespace == TT_DOCTOR_MAYBE)
		tt_findings_add(findings, TT_FINDING_NOTE, subject,
				"effective; unknown whether in the first user namespace, which "
				"counts: no /proc/self/uid_map");
	else
		tt_findings_add(findings, TT_FINDING_OK, subject, "effective%s",
				machine->bpf.exists && !machine->bpf.is_effective
					? ", by CAP_SYS_ADMIN"
					: "");
}

/* Why capabilities of the file would be without effect; only said to who lacks them. */
static void judge_file_capabilities(const struct tt_doctor_machine *machine,
				    struct tt_findings *findings)
{
	static const char subject[] = "file capabilities";
	char program[4 * PATH_MAX + 1];

	if (!machine->has_capabilities || (machine->net_raw.is_effective && may_load(machine)))
		return;
	if (machine->has_no_new_privs == TT_DOCTOR_YES)
		tt_findings_add(findings, TT_FINDING_WARN, subject,
				"without effect: no_new_privs is set, which setcap and sudo cannot "
				"undo: start it elsewhere (NoNewPrivileges=no in a service)");
	if (machine->is_on_nosuid_mount == TT_DOCTOR_YES)
		tt_findings_add(findings, TT_FINDING_WARN, subject,
				"without effect: %s lies on a file system that is mounted nosuid: "
				"run as root, or from another file system",
				tt_make_printable(machine->program, program, sizeof(program)));
}

static void judge_privileges(const struct tt_doctor_machine *machine, struct tt_findings *findings)
{
	judge_net_raw(machine, findings);
	judge_bpf(machine, findings);
	judge_file_capabilities(machine, findings);
	tt_findings_add(findings, TT_FINDING_OK, "CAP_NET_ADMIN, CAP_IPC_LOCK",
			"not needed, not for promiscuous mode either");
}

static void judge_release(const struct tt_doctor_machine *machine, struct tt_findings *findings)
{
	static const char subject[] = "kernel";
	char release[4 * TT_DOCTOR_WORD_BYTES + 1];
	unsigned int major;
	unsigned int minor;

	if (!tt_proc_read_release(machine->release, &major, &minor)) {
		tt_findings_add(findings, TT_FINDING_NOTE, subject, "unknown: no release number");
		return;
	}
	(void)tt_make_printable(machine->release, release, sizeof(release));
	if (!is_at_least(major, minor, bpf_kernel.major, bpf_kernel.minor))
		tt_findings_add(findings, TT_FINDING_WARN, subject,
				"%s: older than 5.8, which brought CAP_BPF: untested", release);
	else if (!is_at_least(major, minor, tested_kernel.major, tested_kernel.minor))
		tt_findings_add(findings, TT_FINDING_NOTE, subject,
				"%s: older than 6.1, the oldest that is tested", release);
	else
		tt_findings_add(findings, TT_FINDING_OK, subject, "%s", release);
}

static void judge_packet_socket(const struct tt_doctor_machine *machine,
				struct tt_findings *findings)
{
	const struct tt_doctor_trial *trial = &machine->trial;
	static const char subject[] = "packet socket";

	if (trial->packet_status == 0) {
		tt_findings_add(findings, TT_FINDING_OK, subject, "opened, and closed again");
	} else if (trial->packet_status == -EAFNOSUPPORT) {
		tt_findings_add(findings, TT_FINDING_FAIL, subject, "this kernel has none: %s",
				strerror(-trial->packet_status));
		tt_findings_mend(findings, "modprobe af_packet");
	} else {
		tt_findings_add(findings, TT_FINDING_FAIL, subject, "cannot be opened: %s%s",
				strerror(-trial->packet_status),
				trial->packet_status == -EPERM && machine->net_raw.is_effective
					? ", in spite of CAP_NET_RAW: this user namespace, a "
					  "security module or seccomp forbids it"
					: "");
	}

	if (trial->ring_status == 0)
		tt_findings_add(findings, TT_FINDING_OK, "TPACKET_V3", "chosen on that socket");
	else if (trial->ring_status == TT_DOCTOR_NOT_TRIED)
		tt_findings_add(findings, TT_FINDING_NOTE, "TPACKET_V3",
				"unknown: there is no packet socket to try it on");
	else
		tt_findings_add(findings, TT_FINDING_FAIL, "TPACKET_V3",
				"refused, and rings take it: %s", strerror(-trial->ring_status));
}

/* The words are the library's, which may quote names. */
static void judge_receiver(const struct tt_doctor_machine *machine, struct tt_findings *findings)
{
	const struct tt_doctor_trial *trial = &machine->trial;
	static const char subject[] = "receiver";
	char words[ESCAPED_MESSAGE_BYTES];

	if (!is_trial_good(machine)) {
		tt_findings_add(findings, TT_FINDING_FAIL, subject, "cannot be opened: %s",
				tt_make_printable(trial->error.message, words, sizeof(words)));
		if (machine->has_capabilities &&
		    !(machine->net_raw.is_effective && may_load(machine)))
			mend_capabilities(machine, findings);
		return;
	}
	if (is_filter_ebpf(machine)) {
		tt_findings_add(findings, TT_FINDING_OK, subject,
				"opened with its eBPF filter for both families, and closed again");
		return;
	}
	tt_findings_add(findings, TT_FINDING_WARN, subject,
			"opened, but without an eBPF filter: %s",
			tt_make_printable(trial->fallback_reason, words, sizeof(words)));
	if (machine->has_capabilities && !may_load(machine))
		mend_capabilities(machine, findings);
}

static void judge_bpf_settings(const struct tt_doctor_machine *machine,
			       struct tt_findings *findings)
{
	static const char disabled[] = "kernel.unprivileged_bpf_disabled";
	static const char jit[] = "net.core.bpf_jit_enable";

	if (machine->unprivileged_bpf_disabled == TT_DOCTOR_UNKNOWN)
		tt_findings_add(findings, TT_FINDING_NOTE, disabled, "unknown: it cannot be read");
	else
		tt_findings_add(findings, TT_FINDING_OK, disabled, "%llu: eBPF filters %s",
				(unsigned long long)machine->unprivileged_bpf_disabled,
				machine->unprivileged_bpf_disabled ? "take CAP_BPF"
								   : "take no capability");

	switch (machine->bpf_jit) {
	case TT_DOCTOR_UNKNOWN:
		tt_findings_add(findings, TT_FINDING_NOTE, jit,
				"unknown: it is shown in the first network namespace only");
		break;
	case 0:
		tt_findings_add(findings, TT_FINDING_WARN, jit,
				"0: filters are interpreted, which costs several times as much");
		tt_findings_mend(findings, "sysctl -w net.core.bpf_jit_enable=1");
		break;
	case 1:
		tt_findings_add(findings, TT_FINDING_OK, jit, "1: filters run as machine code");
		break;
	default:
		tt_findings_add(findings, TT_FINDING_WARN, jit,
				"%llu: filters run as machine code, and the kernel logs it",
				(unsigned long long)machine->bpf_jit);
		tt_findings_mend(findings, "sysctl -w net.core.bpf_jit_enable=1");
		break;
	}
}

static void judge_restrictions(const struct tt_doctor_machine *machine,
			       struct tt_findings *findings)
{
	/* Alone it says nothing: a filter that the trial passed is in nobody's way. */
	enum tt_finding_level suspect = is_filter_ebpf(machine) ? TT_FINDING_NOTE : TT_FINDING_WARN;
	char lockdown[4 * TT_DOCTOR_WORD_BYTES + 1];

	(void)tt_make_printable(machine->lockdown, lockdown, sizeof(lockdown));
	if (!machine->lockdown[0])
		tt_findings_add(findings, TT_FINDING_NOTE, "lockdown",
				"unknown: no /sys/kernel/security/lockdown");
	else if (strcmp(machine->lockdown, "none") == 0)
		tt_findings_add(findings, TT_FINDING_OK, "lockdown", "none");
	else
		tt_findings_add(findings, suspect, "lockdown", "%s: it may forbid uses of bpf(2)",
				lockdown);

	if (machine->seccomp_mode == TT_DOCTOR_UNKNOWN)
		tt_findings_add(findings, TT_FINDING_NOTE, "seccomp",
				"unknown: no /proc/self/status");
	else if (machine->seccomp_mode == 0)
		tt_findings_add(findings, TT_FINDING_OK, "seccomp", "no filter");
	else
		tt_findings_add(findings, suspect, "seccomp",
				"mode %llu: a filter may forbid bpf(2) or packet sockets",
				(unsigned long long)machine->seccomp_mode);

	if (machine->has_membarrier == TT_DOCTOR_YES)
		tt_findings_add(findings, TT_FINDING_OK, "membarrier", "there");
	else
		tt_findings_add(findings, TT_FINDING_NOTE, "membarrier",
				"missing or forbidden: a packet socket is closed instead, which "
				"is slower");
}

static void judge_memory_locks(const struct tt_doctor_machine *machine,
			       struct tt_findings *findings)
{
	static const char subject[] = "memory locks";
	char size[SIZE_TEXT_BYTES];
	unsigned int major;
	unsigned int minor;

	if (!tt_proc_read_release(machine->release, &major, &minor))
		tt_findings_add(findings, TT_FINDING_NOTE, subject,
				"unknown whether needed: no release number of the kernel");
	else if (is_at_least(major, minor, charging_kernel.major, charging_kernel.minor))
		tt_findings_add(findings, TT_FINDING_OK, subject,
				"not needed: since 5.11 the kernel does not count eBPF as locked");
	else if (machine->memlock_bytes == TT_DOCTOR_UNKNOWN)
		tt_findings_add(findings, TT_FINDING_NOTE, subject, "unknown: getrlimit(2) fails");
	else if (machine->memlock_bytes >= MEMLOCK_BYTES)
		tt_findings_add(findings, TT_FINDING_OK, subject, "the limit leaves room for eBPF");
	else {
		tt_findings_add(findings, TT_FINDING_WARN, subject,
				"the limit is %s, and kernels before 5.11 count eBPF in it",
				format_size(machine->memlock_bytes, size));
		tt_findings_mend(findings, "ulimit -l unlimited");
	}
}

/* The largest rings, of a power of two, that leave half of the memory. */
static uint64_t choose_ring_bytes(uint64_t available_bytes)
{
	uint64_t ring_bytes = TT_RING_BYTES_DEFAULT;

	while (ring_bytes > TT_RING_BYTES_MIN && ring_bytes * FAMILIES_COUNT * 2 > available_bytes)
		ring_bytes /= 2;
	return ring_bytes;
}

static void judge_available(const struct tt_doctor_machine *machine, struct tt_findings *findings)
{
	const uint64_t wanted_bytes = (uint64_t)TT_RING_BYTES_DEFAULT * FAMILIES_COUNT;
	const uint64_t least_bytes = (uint64_t)TT_RING_BYTES_MIN * FAMILIES_COUNT;
	static const char subject[] = "memory";
	char available[SIZE_TEXT_BYTES];
	char wanted[SIZE_TEXT_BYTES];

	if (machine->available_bytes == TT_DOCTOR_UNKNOWN) {
		tt_findings_add(findings, TT_FINDING_NOTE, subject,
				"unknown: no MemAvailable in /proc/meminfo");
		return;
	}
	(void)format_size(machine->available_bytes, available);
	if (machine->available_bytes >= wanted_bytes) {
		tt_findings_add(findings, TT_FINDING_OK, subject,
				"%s available, and the default rings of both families take %s",
				available, format_size(wanted_bytes, wanted));
		return;
	}
	if (machine->available_bytes < least_bytes) {
		tt_findings_add(findings, TT_FINDING_FAIL, subject,
				"%s available, and the smallest rings of both families take %s",
				available, format_size(least_bytes, wanted));
		return;
	}
	tt_findings_add(findings, TT_FINDING_WARN, subject,
			"%s available, and the default rings of both families take %s: they will "
			"be refused",
			available, format_size(wanted_bytes, wanted));
	tt_findings_mend(findings, "twintap capture -B %s",
			 format_size(choose_ring_bytes(machine->available_bytes), wanted));
}

/*
 * Pages of packet rings are charged to no cgroup, so that a limit does not keep rings
 * from being made; the process and the maps of its filter are charged.
 */
static void judge_cgroup(const struct tt_doctor_machine *machine, struct tt_findings *findings)
{
	static const char subject[] = "cgroup memory";
	char file[QUOTED_PATH_BYTES];
	char size[SIZE_TEXT_BYTES];

	if (machine->cgroup_bytes == TT_DOCTOR_UNKNOWN) {
		tt_findings_add(findings, TT_FINDING_NOTE, subject,
				"unknown: no memory.max of this process's group can be read");
		return;
	}
	if (machine->cgroup_bytes == TT_DOCTOR_UNLIMITED) {
		tt_findings_add(findings, TT_FINDING_OK, subject, "no limit");
		return;
	}
	(void)format_size(machine->cgroup_bytes, size);
	if (machine->cgroup_bytes >= CGROUP_BYTES) {
		tt_findings_add(findings, TT_FINDING_OK, subject,
				"limited to %s, which rings do not count in", size);
		return;
	}
	tt_findings_add(findings, TT_FINDING_WARN, subject,
			"limited to %s: rings do not count in it, but the process and its eBPF "
			"maps do",
			size);
	if (tt_shell_quote(machine->cgroup_file, file, sizeof(file)))
		tt_findings_mend(findings, "echo 64M >%s", file);
}

static void judge_optmem(const struct tt_doctor_machine *machine, struct tt_findings *findings)
{
	static const char subject[] = "net.core.optmem_max";
	char size[SIZE_TEXT_BYTES];

	if (machine->optmem_bytes == TT_DOCTOR_UNKNOWN) {
		tt_findings_add(findings, TT_FINDING_NOTE, subject, "unknown: it cannot be read");
		return;
	}
	(void)format_size(machine->optmem_bytes, size);
	if (is_filter_ebpf(machine)) {
		tt_findings_add(findings, TT_FINDING_OK, subject,
				"%s, enough for the eBPF filter of any list of ports", size);
	} else if (machine->optmem_bytes >= OPTMEM_BYTES) {
		tt_findings_add(findings, TT_FINDING_OK, subject, "%s", size);
	} else {
		tt_findings_add(findings, TT_FINDING_WARN, subject,
				"%s: without eBPF, long lists of ports may not fit into the filter",
				size);
		tt_findings_mend(findings, "sysctl -w net.core.optmem_max=%d", OPTMEM_BYTES_MENDED);
	}
}

void tt_doctor_judge(const struct tt_doctor_machine *machine, struct tt_findings *findings)
{
	tt_findings_begin_group(findings);
	judge_privileges(machine, findings);

	tt_findings_begin_group(findings);
	judge_release(machine, findings);
	judge_packet_socket(machine, findings);
	judge_receiver(machine, findings);
	judge_bpf_settings(machine, findings);
	judge_restrictions(machine, findings);

	tt_findings_begin_group(findings);
	judge_available(machine, findings);
	judge_cgroup(machine, findings);
	judge_memory_locks(machine, findings);
	judge_optmem(machine, findings);
}
