/* SPDX-License-Identifier: MIT */

/*
 * What "twintap doctor" knows of the machine and of its own process
 *
 * Facts only, gathered without a change to anything; doctor_judge.h says what they mean.
 * What could not be read is marked as unknown, since /proc and /sys may be missing, or
 * show less in containers and network namespaces.
 */

#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/doctor_trial.h"

/* A number that could not be read. */
#define TT_DOCTOR_UNKNOWN UINT64_MAX

/* A limit that is none. */
#define TT_DOCTOR_UNLIMITED (UINT64_MAX - 1)

enum tt_doctor_answer {
	TT_DOCTOR_MAYBE, /* not known */
	TT_DOCTOR_NO,
	TT_DOCTOR_YES,
};

enum {
	TT_DOCTOR_WORD_BYTES = 66, /* a kernel's release, or a word of securityfs */
};

struct tt_doctor_capability {
	bool exists; /* this kernel has it */
	bool is_effective;
	bool is_bounded; /* a program may get it by exec(2) */
};

struct tt_doctor_machine {
	/* the process */
	bool has_capabilities; /* else the three are not known */
	struct tt_doctor_capability net_raw;
	struct tt_doctor_capability bpf;
	struct tt_doctor_capability sys_admin;
	enum tt_doctor_answer is_in_first_user_namespace;
	enum tt_doctor_answer has_no_new_privs;
	enum tt_doctor_answer is_on_nosuid_mount;
	char program[PATH_MAX]; /* its file; "": not known, or deleted */
	uint64_t seccomp_mode;
	uint64_t memlock_bytes; /* may be UNLIMITED */

	/* the kernel */
	char release[TT_DOCTOR_WORD_BYTES];  /* "": not known */
	char lockdown[TT_DOCTOR_WORD_BYTES]; /* "": not known */
	uint64_t unprivileged_bpf_disabled;
	uint64_t bpf_jit;
	uint64_t optmem_bytes;
	enum tt_doctor_answer has_membarrier;

	/* memory */
	uint64_t available_bytes;
	uint64_t cgroup_bytes;      /* the lowest limit above the process; may be UNLIMITED */
	char cgroup_file[PATH_MAX]; /* where that stands */

	struct tt_doctor_trial trial;
};

/* Fills in all of it. */
void tt_doctor_gather(struct tt_doctor_machine *ret_machine);
