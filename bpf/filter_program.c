/* SPDX-License-Identifier: MIT */

/*
 * The filter program in the kernel: loaded, its state mapped, its counters read
 *
 * libbpf writes to standard error unless its print hook says otherwise, and has one
 * hook for the whole process. It is replaced for the time of a load only, by one thread
 * at a time, and what the verifier said goes into the error instead.
 */

#include "bpf/filter_program.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "bpf/translate.h"
#include "filter.skel.h"

enum {
	VERIFIER_LOG_BYTES = 64 << 10,
};

struct tt_filter_program {
	struct filter_bpf *skeleton; /* owned */
	unsigned int cpus_count;
	struct tt_filter_cpu *cpus; /* owned; one for each possible CPU */
};

static void skeleton_destroyp(struct filter_bpf **skeleton)
{
	filter_bpf__destroy(*skeleton);
}

static void free_charp(char **text)
{
	free(*text);
}

static void program_freep(struct tt_filter_program **program)
{
	tt_filter_program_free(*program);
}

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* Whether this process may load programs as far as capabilities go. */
static bool has_bpf_capability(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return (data[CAP_TO_INDEX(CAP_BPF)].effective & CAP_TO_MASK(CAP_BPF)) ||
	       (data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN));
}

bool tt_filter_program_is_refused(int r)
{
	return r == -EPERM || r == -ENOSYS || r == -EOPNOTSUPP || !has_bpf_capability();
}

/* The last line that the verifier wrote before its statistics, or NULL. */
static const char *find_verifier_reason(char *log)
{
	char *end = strstr(log, "\nprocessed ");
	char *line;

	if (!end || end == log)
		return NULL;
	*end = '\0';
	line = strrchr(log, '\n');
	return line ? line + 1 : log;
}

static int explain_load_failure(int r, char *log, struct tt_error *reterr)
{
	const char *reason = find_verifier_reason(log);

	/* The verifier says what it forbids. */
	if (r == -EACCES && *log == '\0')
		return tt_error_set(
			reterr, -EPERM,
			"load the port filter into the kernel: %s: a security module forbids "
			"bpf(2)",
			strerror(EACCES));
	if (r == -EPERM && !has_bpf_capability())
		return tt_error_set(
			reterr, r,
			"load the port filter into the kernel: %s: it takes CAP_BPF: run "
			"as root, or give the program cap_net_raw,cap_bpf by setcap(8)",
			strerror(-r));
	if (r == -EPERM)
		return tt_error_set(
			reterr, r,
			"load the port filter into the kernel: %s, in spite of CAP_BPF: "
			"a user namespace, kernel lockdown, a security module or seccomp "
			"forbids bpf(2)",
			strerror(-r));
	if (r == -ENOSYS)
		return tt_error_set(
			reterr, r,
			"load the port filter into the kernel: this kernel has no bpf(2): "
			"use one built with CONFIG_BPF_SYSCALL");
	if (reason)
		return tt_error_set(reterr, r,
				    "load the port filter into the kernel: %s: verifier: %s",
				    strerror(-r), reason);
	return tt_error_set(reterr, r, "load the port filter into the kernel: %s", strerror(-r));
}

/* Two at once would put each other's hook back; the hook is the process's, so this is. */
static pthread_mutex_t print_hook_mutex = PTHREAD_MUTEX_INITIALIZER;

static libbpf_print_fn_t silence(void)
{
	(void)pthread_mutex_lock(&print_hook_mutex); /* cannot fail: no error checking */
	return libbpf_set_print(print_nothing);
}

static void unsilence(libbpf_print_fn_t print)
{
	(void)libbpf_set_print(print);
	(void)pthread_mutex_unlock(&print_hook_mutex);
}

static int count_cpus(void)
{
	libbpf_print_fn_t print = silence();
	int cpus_count = libbpf_num_possible_cpus();

	unsilence(print);
	return cpus_count;
}

/* What an expression goes on with. */
static int fill_slots(const struct filter_bpf *skeleton, struct tt_error *reterr)
{
	uint32_t slot = TT_FILTER_SLOT_ACCEPT;
	int program_fd = bpf_program__fd(skeleton->progs.tt_accept);
	int r;

	if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.slots), &slot, &program_fd, BPF_ANY) <
	    0) {
		r = -errno;
		return tt_error_set(reterr, r, "join the parts of the port filter: %s",
				    strerror(-r));
	}
	return 0;
}

static int load_skeleton(struct filter_bpf **ret_skeleton, struct tt_error *reterr)
{
	TT_CLEANUP(skeleton_destroyp) struct filter_bpf *skeleton = NULL;
	TT_CLEANUP(free_charp) char *log = calloc(1, VERIFIER_LOG_BYTES);
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = log,
		    .kernel_log_size = VERIFIER_LOG_BYTES, .kernel_log_level = 0);
	libbpf_print_fn_t print;
	int r;

	if (!log)
		return tt_error_set(reterr, -ENOMEM, "load the port filter: %s", strerror(ENOMEM));

	print = silence();
	skeleton = filter_bpf__open_opts(&opts);
	r = skeleton ? filter_bpf__load(skeleton) : -errno;
	unsilence(print);
	if (r < 0)
		return explain_load_failure(r, log, reterr);
	if (!skeleton->bss)
		return tt_error_set(
			reterr, -EOPNOTSUPP,
			"map the port filter's state: this kernel cannot map BPF arrays");

	r = fill_slots(skeleton, reterr);
	if (r < 0)
		return r;
	*ret_skeleton = TT_TAKE_PTR(skeleton);
	return 0;
}

int tt_filter_program_new(struct tt_filter_program **ret_program, struct tt_error *reterr)
{
	TT_CLEANUP(program_freep) struct tt_filter_program *program = NULL;
	int cpus_count = count_cpus();
	int r;

	if (cpus_count < 0)
		return tt_error_set(reterr, cpus_count, "count the CPUs: %s",
				    strerror(-cpus_count));

	program = calloc(1, sizeof(*program));
	if (!program)
		return tt_error_set(reterr, -ENOMEM, "load the port filter: %s", strerror(ENOMEM));
	program->cpus_count = (unsigned int)cpus_count;
	program->cpus = calloc(program->cpus_count, sizeof(*program->cpus));
	if (!program->cpus)
		return tt_error_set(reterr, -ENOMEM, "load the port filter: %s", strerror(ENOMEM));

	r = load_skeleton(&program->skeleton, reterr);
	if (r < 0)
		return r;

	*ret_program = TT_TAKE_PTR(program);
	return 0;
}

void tt_filter_program_free(struct tt_filter_program *program)
{
	if (!program)
		return;

	filter_bpf__destroy(program->skeleton);
	free(program->cpus);
	free(program);
}

int tt_filter_program_fd(const struct tt_filter_program *program)
{
	return bpf_program__fd(program->skeleton->progs.tt_filter);
}

int tt_filter_program_outgoing_fd(const struct tt_filter_program *program)
{
	return bpf_program__fd(program->skeleton->progs.tt_filter_outgoing);
}

struct tt_filter_state *tt_filter_program_state(const struct tt_filter_program *program)
{
	return &program->skeleton->bss->state;
}

int tt_filter_program_add_interface(struct tt_filter_program *program, uint32_t interface_index,
				    struct tt_error *reterr)
{
	int fd = bpf_map__fd(program->skeleton->maps.interfaces);
	uint8_t present = 1;
	int r;

	if (bpf_map_update_elem(fd, &interface_index, &present, BPF_ANY) < 0) {
		r = -errno;
		return tt_error_set(reterr, r, "put interface %u into the filter: %s",
				    interface_index, strerror(-r));
	}
	return 0;
}

static void free_insns(struct bpf_insn **insns)
{
	free(*insns);
}

int tt_filter_program_load_expression(const struct tt_filter_program *program,
				      const struct sock_filter *code, size_t count, int *ret_fd,
				      struct tt_error *reterr)
{
	TT_CLEANUP(free_insns) struct bpf_insn *insns = NULL;
	TT_CLEANUP(free_charp) char *log = NULL;
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_level = 0, .log_size = VERIFIER_LOG_BYTES);
	size_t insns_count;
	const char *reason;
	int fd, r;

	struct tt_translate_maps maps = { .slots_fd = bpf_map__fd(program->skeleton->maps.slots),
					  .cpus_fd = bpf_map__fd(program->skeleton->maps.cpus) };
	r = tt_translate(code, count, maps, &insns, &insns_count, reterr);
	if (r < 0)
		return r;

	log = calloc(1, VERIFIER_LOG_BYTES);
	if (!log)
		return tt_error_set(reterr, -ENOMEM, "load it: %s", strerror(ENOMEM));
	opts.log_buf = log;
	fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "tt_expression", "Dual MIT/GPL", insns,
			   insns_count, &opts);
	if (fd < 0) {
		r = -errno;
		reason = find_verifier_reason(log);
		return tt_error_set(reterr, r, "load it into the kernel: %s%s%s", strerror(-r),
				    reason ? ": verifier: " : "", reason ? reason : "");
	}

	*ret_fd = fd;
	return 0;
}

int tt_filter_program_set_expression(const struct tt_filter_program *program,
				     unsigned int bank_index, int expression_fd,
				     struct tt_error *reterr)
{
	uint32_t slot = bank_index ? TT_FILTER_SLOT_EXPRESSION_1 : TT_FILTER_SLOT_EXPRESSION_0;
	int r;

	if (bpf_map_update_elem(bpf_map__fd(program->skeleton->maps.slots), &slot, &expression_fd,
				BPF_ANY) < 0) {
		r = -errno;
		return tt_error_set(reterr, r, "put the expression into the filter: %s",
				    strerror(-r));
	}
	return 0;
}

/*
 * What the expression left out on one CPU: it ends the program without a trace. The numbers
 * were copied in their order, seen first, so that the rest may be ahead of it.
 */
static uint64_t derive_rejected(const struct tt_filter_counters *one, bool is_closed)
{
	uint64_t known = one->accepted + (is_closed ? 0 : 1);

	for (unsigned int i = 0; i < TT_FILTER_REJECT_COUNT; i++)
		known += one->rejected[i];
	return one->seen > known ? one->seen - known : 0;
}

int tt_filter_program_read_counters(const struct tt_filter_program *program, bool is_closed,
				    struct tt_filter_counters ret_counters[TT_FILTER_SOURCE_COUNT])
{
	int fd = bpf_map__fd(program->skeleton->maps.cpus);

	memset(ret_counters, 0, TT_FILTER_SOURCE_COUNT * sizeof(*ret_counters));
	for (uint32_t source = 0; source < TT_FILTER_SOURCE_COUNT; source++) {
		struct tt_filter_counters *sum = &ret_counters[source];

		if (bpf_map_lookup_elem(fd, &source, program->cpus) < 0)
			return -errno;
		for (unsigned int cpu = 0; cpu < program->cpus_count; cpu++) {
			const struct tt_filter_counters *one = &program->cpus[cpu].counters;

			sum->seen += one->seen;
			sum->accepted += one->accepted;
			sum->fragments_late += one->fragments_late;
			for (unsigned int i = 0; i < TT_FILTER_REJECT_COUNT; i++)
				sum->rejected[i] += one->rejected[i];
			sum->rejected[TT_FILTER_REJECT_EXPRESSION] += derive_rejected(one,
										      is_closed);
		}
	}
	return 0;
}

/*
 * Closing any packet socket, of whichever network namespace, waits for the packets under
 * way in the kernel, whatever the machine: the way out where membarrier(2) is missing, as on nohz_full kernels.
 */
static int wait_by_closing_a_socket(void)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	(void)close(fd); /* nothing was written: no error can matter */
	return 0;
}

int tt_filter_program_wait_quiescent(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0)
		return 0;
	return wait_by_closing_a_socket();
}
