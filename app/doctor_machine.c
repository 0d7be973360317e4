/* SPDX-License-Identifier: MIT */

/*
 * What "twintap doctor" knows of the machine and of its own process
 */

#include "app/doctor_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "app/doctor_parse.h"

enum {
	TEXT_BYTES = 8192, /* far more than any of the files has, but for mountinfo */
};

/* Reads a whole file as a string; false if it is not there, or not readable, or too long. */
static bool read_text(const char *path, char *text, size_t text_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got = 0;

	if (fd < 0)
		return false;
	do {
		got = read(fd, text + length, text_bytes - length);
		length += got > 0 ? (size_t)got : 0;
	} while ((got > 0 && length < text_bytes) || (got < 0 && errno == EINTR));
	(void)close(fd); /* it was only read */
	if (got < 0 || length == text_bytes)
		return false;
	text[length] = '\0';
	return true;
}

static uint64_t read_number(const char *path)
{
	uint64_t value = TT_DOCTOR_UNKNOWN;
	char text[TEXT_BYTES];

	if (read_text(path, text, sizeof(text)))
		(void)tt_proc_read_number(text, &value); /* else it stays unknown */
	return value;
}

static uint64_t read_field(const char *path, const char *key)
{
	uint64_t value = TT_DOCTOR_UNKNOWN;
	char text[TEXT_BYTES];

	if (read_text(path, text, sizeof(text)))
		(void)tt_proc_read_field(text, key, &value); /* else it stays unknown */
	return value;
}

static struct tt_doctor_capability ask_capability(
	const struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3], int number)
{
	int bounded = prctl(PR_CAPBSET_READ, number, 0, 0, 0);

	return (struct tt_doctor_capability){
		.exists = bounded >= 0, /* else EINVAL: this kernel does not know it */
		.is_effective = data[CAP_TO_INDEX(number)].effective & CAP_TO_MASK(number),
		.is_bounded = bounded == 1,
	};
}

static void gather_capabilities(struct tt_doctor_machine *machine)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return;
	machine->has_capabilities = true;
	machine->net_raw = ask_capability(data, CAP_NET_RAW);
	machine->bpf = ask_capability(data, CAP_BPF);
	machine->sys_admin = ask_capability(data, CAP_SYS_ADMIN);
}

static enum tt_doctor_answer answer(bool is_so)
{
	return is_so ? TT_DOCTOR_YES : TT_DOCTOR_NO;
}

static void gather_program(struct tt_doctor_machine *machine)
{
	struct statvfs mount;
	ssize_t length;

	length = readlink("/proc/self/exe", machine->program, sizeof(machine->program) - 1);
	machine->program[length > 0 ? length : 0] = '\0';
	/* A file that is gone leads to a name that is none. */
	if (access(machine->program, F_OK) < 0)
		machine->program[0] = '\0';
	if (machine->program[0] && statvfs(machine->program, &mount) == 0)
		machine->is_on_nosuid_mount = answer(mount.f_flag & ST_NOSUID);
}

static void gather_process(struct tt_doctor_machine *machine)
{
	int no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	struct rlimit memlock;
	char text[TEXT_BYTES];

	gather_capabilities(machine);
	gather_program(machine);
	if (no_new_privs >= 0)
		machine->has_no_new_privs = answer(no_new_privs);
	if (read_text("/proc/self/uid_map", text, sizeof(text)))
		machine->is_in_first_user_namespace = answer(tt_proc_is_first_id_map(text));
	/* The answer of prctl(2) would be a signal in the strict mode. */
	machine->seccomp_mode = read_field("/proc/self/status", "Seccomp");
	machine->memlock_bytes = TT_DOCTOR_UNKNOWN;
	if (getrlimit(RLIMIT_MEMLOCK, &memlock) == 0)
		machine->memlock_bytes = memlock.rlim_cur == RLIM_INFINITY ? TT_DOCTOR_UNLIMITED
									   : memlock.rlim_cur;
}

static void gather_kernel(struct tt_doctor_machine *machine)
{
	struct utsname names;
	char text[TEXT_BYTES];
	long commands;

	if (uname(&names) == 0)
		(void)snprintf(machine->release, sizeof(machine->release), "%s", names.release);
	if (read_text("/sys/kernel/security/lockdown", text, sizeof(text)) &&
	    !tt_proc_read_choice(text, machine->lockdown, sizeof(machine->lockdown)))
		machine->lockdown[0] = '\0';
	machine->unprivileged_bpf_disabled =
		read_number("/proc/sys/kernel/unprivileged_bpf_disabled");
	machine->bpf_jit = read_number("/proc/sys/net/core/bpf_jit_enable");
	machine->optmem_bytes = read_number("/proc/sys/net/core/optmem_max");
	commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
	machine->has_membarrier = answer(commands >= 0 && commands & MEMBARRIER_CMD_GLOBAL);
}

/* Where the unified hierarchy is mounted; line by line, since there may be many mounts. */
static bool find_cgroup_mount(char *path, size_t path_bytes)
{
	FILE *stream = fopen("/proc/self/mountinfo", "re");
	bool is_found = false;
	size_t line_bytes = 0;
	char *line = NULL;

	if (!stream)
		return false;
	while (!is_found && getline(&line, &line_bytes, stream) > 0)
		is_found = tt_proc_read_cgroup_mount(line, path, path_bytes);
	free(line);
	(void)fclose(stream); /* it was only read */
	return is_found;
}

/* Takes the limit of one group, if it is the lowest so far. */
static void take_limit(struct tt_doctor_machine *machine, const char *folder)
{
	char path[PATH_MAX];
	char text[TEXT_BYTES];
	uint64_t bytes;
	int length;

	length = snprintf(path, sizeof(path), "%s/memory.max", folder);
	if (length < 0 || (size_t)length >= sizeof(path) || !read_text(path, text, sizeof(text)) ||
	    !tt_proc_read_limit(text, &bytes))
		return;
	if (bytes >= TT_DOCTOR_UNLIMITED)
		bytes = TT_DOCTOR_UNLIMITED;
	if (bytes >= machine->cgroup_bytes)
		return;
	machine->cgroup_bytes = bytes;
	memcpy(machine->cgroup_file, path, (size_t)length + 1);
}

/* A limit counts for all groups below: the lowest on the way up is the one that holds. */
static void gather_cgroup(struct tt_doctor_machine *machine)
{
	char text[TEXT_BYTES];
	char group[PATH_MAX / 2];
	char mount[PATH_MAX / 2];
	char folder[PATH_MAX];
	size_t mount_length;

	machine->cgroup_bytes = TT_DOCTOR_UNKNOWN;
	if (!read_text("/proc/self/cgroup", text, sizeof(text)) ||
	    !tt_proc_read_cgroup(text, group, sizeof(group)) ||
	    !find_cgroup_mount(mount, sizeof(mount)))
		return;
	if (strstr(group, "/.."))
		return; /* outside of what this cgroup namespace shows */

	mount_length = strlen(mount);
	(void)snprintf(folder, sizeof(folder), "%s%s", mount, strcmp(group, "/") == 0 ? "" : group);
	for (;;) {
		char *slash;

		take_limit(machine, folder);
		slash = strrchr(folder, '/');
		if (!slash || (size_t)(slash - folder) < mount_length)
			return;
		*slash = '\0';
	}
}

static void gather_memory(struct tt_doctor_machine *machine)
{
	uint64_t kibibytes = read_field("/proc/meminfo", "MemAvailable");

	machine->available_bytes = kibibytes > TT_DOCTOR_UNLIMITED >> 10 ? TT_DOCTOR_UNKNOWN
									 : kibibytes << 10;
	gather_cgroup(machine);
}

void tt_doctor_gather(struct tt_doctor_machine *ret_machine)
{
	memset(ret_machine, 0, sizeof(*ret_machine));
	gather_process(ret_machine);
	gather_kernel(ret_machine);
	gather_memory(ret_machine);
	tt_doctor_try(&ret_machine->trial);
}
