/* SPDX-License-Identifier: MIT */

/*
 * What is said of machines that nobody has here
 *
 * A machine on which all is well is made up, then spoilt in one respect at a time; what is
 * said of it is looked for whole lines at a time. That facts are gathered right is tried in
 * netns.doctor.
 */

#include "app/doctor_judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

/* Large, and the same for all: each case begins with good(). */
static struct tt_doctor_machine machine;

static const struct tt_doctor_capability held = { true, true, true };
static const struct tt_doctor_capability lacking = { true, false, true };
static const struct tt_doctor_capability unbounded = { true, false, false };

static void set_words(char *place, size_t place_bytes, const char *words)
{
	assert_true(strlen(words) < place_bytes);
	memcpy(place, words, strlen(words) + 1);
}

/* A machine with nothing to complain of. */
static int good(void **state)
{
	(void)state;

	machine = (struct tt_doctor_machine){
		.has_capabilities = true,
		.net_raw = held,
		.bpf = held,
		.sys_admin = lacking,
		.is_in_first_user_namespace = TT_DOCTOR_YES,
		.has_no_new_privs = TT_DOCTOR_NO,
		.is_on_nosuid_mount = TT_DOCTOR_NO,
		.memlock_bytes = 8 << 20,
		.unprivileged_bpf_disabled = 2,
		.bpf_jit = 1,
		.optmem_bytes = 128 << 10,
		.has_membarrier = TT_DOCTOR_YES,
		.available_bytes = UINT64_C(4) << 30,
		.cgroup_bytes = TT_DOCTOR_UNLIMITED,
	};
	set_words(machine.program, sizeof(machine.program), "/usr/bin/twintap");
	set_words(machine.release, sizeof(machine.release), "6.1.0-13-amd64");
	set_words(machine.lockdown, sizeof(machine.lockdown), "none");
	return 0;
}

static void fail_trial(int code, const char *words)
{
	machine.trial.receiver_status = code;
	machine.trial.error.code = code;
	set_words(machine.trial.error.message, sizeof(machine.trial.error.message), words);
}

static void lose_everything(void)
{
	machine.net_raw = lacking;
	machine.bpf = lacking;
	machine.trial.packet_status = -EPERM;
	machine.trial.ring_status = TT_DOCTOR_NOT_TRIED;
	fail_trial(-EPERM, "no way");
}

static void lose_bpf(void)
{
	machine.bpf = lacking;
	fail_trial(-EPERM, "load the port filter");
}

/* All lines; the caller frees them. */
static char *judge(bool *ret_is_good)
{
	struct tt_findings findings = { 0 };
	char *text = NULL;
	size_t bytes = 0;
	FILE *stream = open_memstream(&text, &bytes);

	assert_non_null(stream);
	tt_doctor_judge(&machine, &findings);
	tt_findings_put_text(&findings, stream);
	assert_int_equal(fclose(stream), 0);
	assert_false(findings.is_incomplete);
	*ret_is_good = tt_findings_are_good(&findings);
	tt_findings_deinit(&findings);
	return text;
}

static void look_for(const char *lines, bool shall_be_there, bool shall_be_good)
{
	bool is_good;
	char *text = judge(&is_good);

	if (!!strstr(text, lines) != shall_be_there || is_good != shall_be_good)
		print_error("%s, and captures %s:\n%s\namong:\n%s",
			    shall_be_there ? "wanted" : "unwanted",
			    shall_be_good ? "work" : "do not", lines, text);
	assert_int_equal(!!strstr(text, lines), shall_be_there);
	assert_int_equal(is_good, shall_be_good);
	free(text);
}

static void works_and_says(const char *lines)
{
	look_for(lines, true, true);
}

static void fails_and_says(const char *lines)
{
	look_for(lines, true, false);
}

static void a_good_machine_has_nothing_but_ok(void **state)
{
	(void)state;

	look_for("note  ", false, true);
	look_for("warn  ", false, true);
	look_for("mend: ", false, true);
	works_and_says("ok    CAP_NET_RAW: effective");
	works_and_says("ok    CAP_BPF: effective\n");
	works_and_says("ok    kernel: 6.1.0-13-amd64\n");
	works_and_says("ok    receiver: opened with its eBPF filter for both families");
}

static void missing_capabilities_are_mended_by_setcap(void **state)
{
	(void)state;

	lose_everything();
	fails_and_says("fail  CAP_NET_RAW: not effective, and packet sockets take it: run as root, "
		       "or give it to the program's file\n"
		       "      mend: setcap cap_net_raw,cap_bpf+ep /usr/bin/twintap\n"
		       "warn  CAP_BPF: not effective, and eBPF filters take it: run as root, or "
		       "give it to the program's file\n"
		       "      mend: setcap cap_net_raw,cap_bpf+ep /usr/bin/twintap\n");
	fails_and_says("fail  packet socket: cannot be opened: Operation not permitted\n"
		       "note  TPACKET_V3: unknown: there is no packet socket to try it on\n"
		       "fail  receiver: cannot be opened: no way\n"
		       "      mend: setcap cap_net_raw,cap_bpf+ep /usr/bin/twintap\n");
	set_words(machine.program, sizeof(machine.program), "/opt/my tools/twintap");
	fails_and_says("      mend: setcap cap_net_raw,cap_bpf+ep '/opt/my tools/twintap'\n");
	machine.program[0] = '\0';
	fails_and_says("      mend: setcap cap_net_raw,cap_bpf+ep \"$(command -v twintap)\"\n");
}

static void without_bpf_the_trial_decides(void **state)
{
	(void)state;

	lose_bpf();
	fails_and_says("fail  CAP_BPF: not effective, and eBPF filters take it: ");
	fails_and_says("ok    CAP_NET_RAW: effective");

	machine.trial.receiver_status = 0;
	works_and_says("note  CAP_BPF: not effective, and not needed here");

	set_words(machine.trial.fallback_reason, sizeof(machine.trial.fallback_reason),
		  "CAP_BPF is missing");
	works_and_says("warn  CAP_BPF: not effective, and eBPF filters take it: ");
	works_and_says("warn  receiver: opened, but without an eBPF filter: CAP_BPF is missing\n"
		       "      mend: setcap cap_net_raw,cap_bpf+ep /usr/bin/twintap\n");
}

static void cap_sys_admin_does_for_cap_bpf(void **state)
{
	(void)state;

	machine.bpf = lacking;
	machine.sys_admin = held;
	works_and_says("ok    CAP_BPF: effective, by CAP_SYS_ADMIN\n");
}

static void kernels_without_cap_bpf_take_cap_sys_admin(void **state)
{
	(void)state;

	machine.bpf = (struct tt_doctor_capability){ 0 };
	set_words(machine.release, sizeof(machine.release), "5.4.0");
	fail_trial(-EPERM, "load");
	fails_and_says("fail  CAP_SYS_ADMIN: not effective, and eBPF filters take it: run as root, "
		       "or give it to the program's file\n"
		       "      mend: setcap cap_net_raw,cap_sys_admin+ep /usr/bin/twintap\n");
	machine.sys_admin = held;
	machine.trial.receiver_status = 0;
	works_and_says("ok    CAP_SYS_ADMIN: effective\n");
	works_and_says("warn  kernel: 5.4.0: older than 5.8, ");
}

static void what_is_out_of_bounds_cannot_be_given(void **state)
{
	(void)state;

	lose_bpf();
	machine.bpf = unbounded;
	fails_and_says("fail  CAP_BPF: not effective, and eBPF filters take it: it is outside of "
		       "the bounding set, so that neither root nor the program's file can have "
		       "it: let the container or the service have it\nok ");
	look_for("setcap", false, false);
}

static void no_new_privs_leaves_no_command(void **state)
{
	(void)state;

	machine.has_no_new_privs = TT_DOCTOR_YES;
	look_for("file capabilities", false, true); /* nobody needs them */
	lose_bpf();
	fails_and_says("warn  file capabilities: without effect: no_new_privs is set, ");
	look_for("mend: ", false, false);
}

static void on_a_nosuid_mount_sudo_is_left(void **state)
{
	(void)state;

	machine.is_on_nosuid_mount = TT_DOCTOR_YES;
	look_for("file capabilities", false, true);
	lose_bpf();
	fails_and_says("warn  file capabilities: without effect: /usr/bin/twintap lies on a file "
		       "system that is mounted nosuid: ");
	fails_and_says("      mend: sudo /usr/bin/twintap doctor\n");
	look_for("mend: setcap", false, false);
}

static void in_a_user_namespace_cap_bpf_is_not_ok(void **state)
{
	(void)state;

	machine.is_in_first_user_namespace = TT_DOCTOR_NO;
	works_and_says("note  CAP_BPF: effective in this user namespace only, ");
	fail_trial(-EPERM, "load");
	fails_and_says("warn  CAP_BPF: effective in this user namespace only, ");
	machine.is_in_first_user_namespace = TT_DOCTOR_MAYBE;
	fails_and_says("note  CAP_BPF: effective; unknown whether ");
}

static void packet_sockets_may_be_missing_or_forbidden(void **state)
{
	(void)state;

	machine.trial.packet_status = -EAFNOSUPPORT;
	machine.trial.ring_status = TT_DOCTOR_NOT_TRIED;
	fails_and_says("fail  packet socket: this kernel has none: Address family not supported by "
		       "protocol\n"
		       "      mend: modprobe af_packet\n");
	machine.trial.packet_status = -EPERM;
	fails_and_says(
		"fail  packet socket: cannot be opened: Operation not permitted, in spite of "
		"CAP_NET_RAW: ");
	machine.trial.packet_status = 0;
	machine.trial.ring_status = -EINVAL;
	fails_and_says("fail  TPACKET_V3: refused, and rings take it: Invalid argument\n");
}

static void the_trials_words_are_escaped(void **state)
{
	(void)state;

	fail_trial(-ENOMEM, "ring\x1b[2J");
	fails_and_says(
		"fail  receiver: cannot be opened: ring\\x1b[2J\nok "); /* setcap is no help */
}

static void older_kernels_are_told(void **state)
{
	(void)state;

	set_words(machine.release, sizeof(machine.release), "6.0.19");
	works_and_says("note  kernel: 6.0.19: older than 6.1, the oldest that is tested\n");
	set_words(machine.release, sizeof(machine.release), "5.8.0");
	works_and_says("note  kernel: 5.8.0: ");
	set_words(machine.release, sizeof(machine.release), "5.7.19");
	works_and_says("warn  kernel: 5.7.19: ");
	set_words(machine.release, sizeof(machine.release), "10.0.1");
	works_and_says("ok    kernel: 10.0.1\n");
}

static void the_jit_should_be_on(void **state)
{
	(void)state;

	machine.bpf_jit = 0;
	works_and_says("warn  net.core.bpf_jit_enable: 0: filters are interpreted, which costs "
		       "several times as much\n"
		       "      mend: sysctl -w net.core.bpf_jit_enable=1\n");
	machine.bpf_jit = 2;
	works_and_says("warn  net.core.bpf_jit_enable: 2: ");
}

static void restrictions_are_suspects_only_if_the_filter_fails(void **state)
{
	(void)state;

	set_words(machine.lockdown, sizeof(machine.lockdown), "confidentiality");
	machine.seccomp_mode = 2;
	works_and_says("note  lockdown: confidentiality: it may forbid uses of bpf(2)\n"
		       "note  seccomp: mode 2: ");
	fail_trial(-EPERM, "load");
	fails_and_says("warn  lockdown: confidentiality: it may forbid uses of bpf(2)\n"
		       "warn  seccomp: mode 2: ");
}

static void memory_locks_matter_before_5_11(void **state)
{
	(void)state;

	works_and_says("ok    memory locks: not needed: ");
	set_words(machine.release, sizeof(machine.release), "5.11.0");
	works_and_says("ok    memory locks: not needed: ");
	set_words(machine.release, sizeof(machine.release), "5.10.0-8-amd64");
	works_and_says("warn  memory locks: the limit is 8192K, and kernels before 5.11 count eBPF "
		       "in it\n"
		       "      mend: ulimit -l unlimited\n");
	machine.memlock_bytes = TT_DOCTOR_UNLIMITED;
	works_and_says("ok    memory locks: the limit leaves room for eBPF\n");
	machine.memlock_bytes = TT_DOCTOR_UNKNOWN;
	works_and_says("note  memory locks: unknown: ");
}

static void short_memory_gets_smaller_rings(void **state)
{
	(void)state;

	machine.available_bytes = 32 << 20;
	works_and_says("ok    memory: 32M available, and the default rings of both families take "
		       "32M\n");
	machine.available_bytes = (32 << 20) - 1;
	works_and_says("warn  memory: 31M available, and the default rings of both families take "
		       "32M: they will be refused\n"
		       "      mend: twintap capture -B 4096K\n");
	machine.available_bytes = 512 << 10;
	works_and_says("      mend: twintap capture -B 256K\n");
	machine.available_bytes = (512 << 10) - 1;
	fails_and_says("fail  memory: 511K available, and the smallest rings of both families take "
		       "512K\n");
}

static void small_cgroups_are_told(void **state)
{
	(void)state;

	machine.cgroup_bytes = 16 << 20;
	works_and_says("ok    cgroup memory: limited to 16M, which rings do not count in\n");
	machine.cgroup_bytes = 8 << 20;
	set_words(machine.cgroup_file, sizeof(machine.cgroup_file),
		  "/sys/fs/cgroup/a b/memory.max");
	works_and_says("warn  cgroup memory: limited to 8192K: ");
	works_and_says("      mend: echo 64M >'/sys/fs/cgroup/a b/memory.max'\n");
}

static void option_memory_matters_without_ebpf(void **state)
{
	(void)state;

	machine.optmem_bytes = 20480;
	works_and_says("ok    net.core.optmem_max: 20K, ");
	set_words(machine.trial.fallback_reason, sizeof(machine.trial.fallback_reason), "x");
	works_and_says("warn  net.core.optmem_max: 20K: without eBPF, long lists of ports may not "
		       "fit into the filter\n"
		       "      mend: sysctl -w net.core.optmem_max=131072\n");
	machine.optmem_bytes = 64 << 10;
	works_and_says("ok    net.core.optmem_max: 64K\n");
}

static void what_is_not_known_is_never_ok(void **state)
{
	(void)state;

	machine.has_capabilities = false;
	machine.release[0] = '\0';
	machine.lockdown[0] = '\0';
	machine.seccomp_mode = TT_DOCTOR_UNKNOWN;
	machine.unprivileged_bpf_disabled = TT_DOCTOR_UNKNOWN;
	machine.bpf_jit = TT_DOCTOR_UNKNOWN;
	machine.optmem_bytes = TT_DOCTOR_UNKNOWN;
	machine.available_bytes = TT_DOCTOR_UNKNOWN;
	machine.cgroup_bytes = TT_DOCTOR_UNKNOWN;
	machine.has_membarrier = TT_DOCTOR_MAYBE;
	works_and_says("note  CAP_NET_RAW: unknown: ");
	works_and_says("note  CAP_BPF: unknown: ");
	works_and_says("note  kernel: unknown: ");
	works_and_says("note  lockdown: unknown: ");
	works_and_says("note  seccomp: unknown: ");
	works_and_says("note  kernel.unprivileged_bpf_disabled: unknown: ");
	works_and_says("note  net.core.bpf_jit_enable: unknown: ");
	works_and_says("note  net.core.optmem_max: unknown: ");
	works_and_says("note  memory: unknown: ");
	works_and_says("note  cgroup memory: unknown: ");
	works_and_says("note  memory locks: unknown ");
	works_and_says("note  membarrier: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_good_machine_has_nothing_but_ok, good),
		cmocka_unit_test_setup(missing_capabilities_are_mended_by_setcap, good),
		cmocka_unit_test_setup(without_bpf_the_trial_decides, good),
		cmocka_unit_test_setup(cap_sys_admin_does_for_cap_bpf, good),
		cmocka_unit_test_setup(kernels_without_cap_bpf_take_cap_sys_admin, good),
		cmocka_unit_test_setup(what_is_out_of_bounds_cannot_be_given, good),
		cmocka_unit_test_setup(no_new_privs_leaves_no_command, good),
		cmocka_unit_test_setup(on_a_nosuid_mount_sudo_is_left, good),
		cmocka_unit_test_setup(in_a_user_namespace_cap_bpf_is_not_ok, good),
		cmocka_unit_test_setup(packet_sockets_may_be_missing_or_forbidden, good),
		cmocka_unit_test_setup(the_trials_words_are_escaped, good),
		cmocka_unit_test_setup(older_kernels_are_told, good),
		cmocka_unit_test_setup(the_jit_should_be_on, good),
		cmocka_unit_test_setup(restrictions_are_suspects_only_if_the_filter_fails, good),
		cmocka_unit_test_setup(memory_locks_matter_before_5_11, good),
		cmocka_unit_test_setup(short_memory_gets_smaller_rings, good),
		cmocka_unit_test_setup(small_cgroups_are_told, good),
		cmocka_unit_test_setup(option_memory_matters_without_ebpf, good),
		cmocka_unit_test_setup(what_is_not_known_is_never_ok, good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
