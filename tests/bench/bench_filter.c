/* SPDX-License-Identifier: MIT */

/*
 * What the filter in the kernel costs, without a network around it
 *
 * The first table runs the whole program over one packet, again and again
 * (BPF_PROG_TEST_RUN): nanoseconds of CPU time per run, what the run itself takes
 * included; "return 0" says how much that is.
 *
 * The second compares an expression as a classic filter, which the kernel compiles,
 * with its translation. There is no test run for classic filters, so both take turns on
 * one socket, and packets are sent to it: what send() takes longer than with "return 0"
 * there is the filter's. Neither keeps a packet: where the classic
 * program would take one it returns 0, and the translation goes on to a program that
 * does. Their verdicts are tried before, with the programs as they are.
 *
 * Everybody runs once a round, so that a slow moment hits all; figures are medians of
 * rounds, and "+-" is half of what lies between their quartiles. Fails when a packet is not judged as it should. Needs CAP_BPF, else 77.
 *
 * Not covered: the memory's part. Here the packet and the state are always in the cache.
 */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "bpf/filter_program.h"
#include "bpf/translate.h"
#include "filter/expression.h"
#include "tests/support/packets.h"

enum {
	PROGRAM_ROUNDS_COUNT = 201,
	RUNS_PER_ROUND = 20000, /* a call costs microseconds: a tenth of a nanosecond each */
	SEND_ROUNDS_COUNT = 1601,
	WARM_SENDS = 20,       /* a filter just attached is in no cache */
	SENDS_PER_ROUND = 200, /* short: what disturbs a round spares the others */
	FRAME_BYTES_MAX = 512,
	SNAP_BYTES = 262144,
	ALL_TYPES = 0x1f,
	EXIT_SKIPPED = 77,
	MARK_OFFSET = 12, /* from the UDP header on: what the second expression asks last */

	WANTED_PORT = 4242,
	OTHER_PORT = 9, /* wanted too where there is an expression */
	UNWANTED_PORT = 19,

	TAKEN = TT_FILTER_REJECT_COUNT, /* beside the reasons to reject */
	UNSEEN,
};

/* As scripts/bench has them: ten terms each, of which the last decides. */
static const char addresses_and_ports[] =
	"udp and not src net 10.0.0.0/8 and not src net 172.16.0.0/12 and not dst net 224.0.0.0/4 "
	"and not src net fe80::/10 and not dst net ff00::/8 and not src port 53 "
	"and not src port 123 and not dst port 1900 and dst port 4242";
static const char fields_and_payload[] =
	"udp and src net 198.18.0.0/15 and not src port 53 and dst portrange 1-49151 "
	"and not dst port 53 and ip[1] & 3 != 3 and ip[8] > 1 and udp[4:2] >= 16 "
	"and udp[8:4] = 0 and udp[12] = 0";

struct packet {
	uint8_t version;
	uint16_t destination_port;
	uint8_t mark;
	bool has_extensions; /* IPv6: hop-by-hop and destination options */
};

static const struct kind {
	const char *name;
	struct packet packet;
	unsigned int expected; /* a reason, TAKEN or UNSEEN */
	const char *expression;
} kinds[] = {
	{ "gate closed", { 4, WANTED_PORT, 0, false }, UNSEEN, NULL },
	{ "v4, packet type", { 4, WANTED_PORT, 0, false }, TT_FILTER_REJECT_PACKET_TYPE, NULL },
	{ "v4, port", { 4, UNWANTED_PORT, 0, false }, TT_FILTER_REJECT_PORT, NULL },
	{ "v6, port", { 6, UNWANTED_PORT, 0, false }, TT_FILTER_REJECT_PORT, NULL },
	{ "v6, 2 extension headers, port",
	  { 6, UNWANTED_PORT, 0, true },
	  TT_FILTER_REJECT_PORT,
	  NULL },
	{ "v4, taken", { 4, WANTED_PORT, 0, false }, TAKEN, NULL },
	{ "v6, taken", { 6, WANTED_PORT, 0, false }, TAKEN, NULL },
	{ "v6, 2 extension headers, taken", { 6, WANTED_PORT, 0, true }, TAKEN, NULL },
	{ "v4, addresses and ports, rejected",
	  { 4, OTHER_PORT, 0, false },
	  TT_FILTER_REJECT_EXPRESSION,
	  addresses_and_ports },
	{ "v6, addresses and ports, rejected",
	  { 6, OTHER_PORT, 0, false },
	  TT_FILTER_REJECT_EXPRESSION,
	  addresses_and_ports },
	{ "v4, addresses and ports, taken",
	  { 4, WANTED_PORT, 0, false },
	  TAKEN,
	  addresses_and_ports },
	{ "v6, addresses and ports, taken",
	  { 6, WANTED_PORT, 0, false },
	  TAKEN,
	  addresses_and_ports },
	{ "v4, fields and payload, rejected",
	  { 4, WANTED_PORT, 1, false },
	  TT_FILTER_REJECT_EXPRESSION,
	  fields_and_payload },
	{ "v4, fields and payload, taken",
	  { 4, WANTED_PORT, 0, false },
	  TAKEN,
	  fields_and_payload },
};

enum {
	KINDS_COUNT = sizeof(kinds) / sizeof(kinds[0]),
};

static const struct tt_packet_extension extensions[] = {
	TT_HOP_BY_HOP(8, 5, 2, 0, 0),
	TT_DESTINATION_OPTIONS(8, 1, 4),
};

static double now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) < 0)
		abort();
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

static void sort(double *values, size_t count)
{
	qsort(values, count, sizeof(values[0]), compare);
}

/* Writes an IP packet that both expressions take, but for the port and the mark. */
static size_t build_packet(const struct packet *packet, uint8_t *bytes, size_t bytes_max)
{
	struct tt_packet_spec spec = { .version = packet->version,
				       .destination_port = packet->destination_port,
				       .payload_bytes = 64 };
	size_t bytes_count, udp_offset;

	if (packet->version == 4)
		spec.source = "198.18.0.1";
	if (packet->has_extensions)
		memcpy(spec.extensions, extensions, sizeof(extensions));
	bytes_count = tt_packet_build(&spec, bytes, bytes_max);
	/* Nobody here looks at the checksum. */
	udp_offset = bytes_count - spec.payload_bytes - 8;
	memset(&bytes[udp_offset + 8], 0, spec.payload_bytes);
	bytes[udp_offset + MARK_OFFSET] = packet->mark;
	return bytes_count;
}

/* A program that returns a number; its descriptor, or a negative errno. */
static int load_return(uint32_t value, struct tt_error *reterr)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = (int32_t)value },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "tt_return", "Dual MIT/GPL", insns,
			       sizeof(insns) / sizeof(insns[0]), NULL);
	int r = fd < 0 ? -errno : 0;

	return r < 0 ? tt_error_set(reterr, r, "load a program: %s", strerror(-r)) : fd;
}

static int run_program(int program_fd, const uint8_t *frame, size_t frame_bytes, uint32_t runs,
		       uint32_t *ret_value, struct tt_error *reterr)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
		    .data_size_in = (uint32_t)frame_bytes, .repeat = (int)runs);
	int r = bpf_prog_test_run_opts(program_fd, &opts);

	if (r < 0)
		return tt_error_set(reterr, r, "test run: %s", strerror(-r));
	*ret_value = opts.retval;
	return 0;
}

/* Puts the Ethernet header in front that a test run takes off: from nobody to the loopback. */
static size_t build_frame(const struct packet *packet, uint8_t frame[FRAME_BYTES_MAX])
{
	uint16_t protocol = htobe16(packet->version == 4 ? ETH_P_IP : ETH_P_IPV6);

	memset(frame, 0, ETH_HLEN);
	memcpy(frame + offsetof(struct ethhdr, h_proto), &protocol, sizeof(protocol));
	return ETH_HLEN + build_packet(packet, frame + ETH_HLEN, FRAME_BYTES_MAX - ETH_HLEN);
}

/* ----------------------------------------------------------------- the first table */

struct run {
	const struct kind *kind;           /* NULL: "return 0" */
	struct tt_filter_program *program; /* owned */
	int program_fd;                    /* the program's */
	int expression_fd;                 /* owned, or -1 */
	uint8_t frame[FRAME_BYTES_MAX];
	size_t frame_bytes;
	double ns[PROGRAM_ROUNDS_COUNT];
};

static void want_port(struct tt_filter_bank *bank, unsigned int port)
{
	bank->ports[port / 64] |= UINT64_C(1) << (port % 64);
}

static void expression_dropp(struct tt_expression **expression)
{
	tt_expression_drop(*expression);
}

static int set_expression(struct run *run, struct tt_error *reterr)
{
	TT_CLEANUP(expression_dropp) struct tt_expression *expression = NULL;
	const struct sock_filter *code;
	size_t count;
	int r;

	r = tt_expression_new(&expression, run->kind->expression, reterr);
	if (r < 0)
		return r;
	code = tt_expression_code(expression, &count);
	r = tt_filter_program_load_expression(run->program, code, count, &run->expression_fd,
					      reterr);
	if (r < 0)
		return r;
	return tt_filter_program_set_expression(run->program, 0, run->expression_fd, reterr);
}

static int prepare_run(struct run *run, const struct kind *kind, struct tt_error *reterr)
{
	struct tt_filter_state *state;
	struct tt_filter_bank *bank;
	int r;

	run->kind = kind;
	r = tt_filter_program_new(&run->program, reterr);
	if (r < 0)
		return r;
	run->program_fd = tt_filter_program_fd(run->program);
	run->frame_bytes = build_frame(&kind->packet, run->frame);

	state = tt_filter_program_state(run->program);
	bank = &state->banks[0];
	bank->packet_types = kind->expected == TT_FILTER_REJECT_PACKET_TYPE ? 0 : ALL_TYPES;
	bank->follows_fragments = 1;
	bank->snap_bytes = SNAP_BYTES;
	want_port(bank, WANTED_PORT);
	if (kind->expression) {
		want_port(bank, OTHER_PORT);
		bank->has_expression = 1;
		r = set_expression(run, reterr);
		if (r < 0)
			return r;
	}
	state->gate = kind->expected != UNSEEN;
	return 0;
}

/* Every run must have been judged as it should, and by nothing else. */
static int check_counters(const struct run *run, struct tt_error *reterr)
{
	uint64_t expected_count = (uint64_t)PROGRAM_ROUNDS_COUNT * RUNS_PER_ROUND;
	struct tt_filter_counters counters[TT_FILTER_SOURCE_COUNT];
	const struct tt_filter_counters *own;
	uint64_t counted;
	int r;

	r = tt_filter_program_read_counters(run->program, true, counters);
	if (r < 0)
		return tt_error_set(reterr, r, "read the counters: %s", strerror(-r));
	own = &counters[run->kind->packet.version == 4 ? TT_FILTER_SOURCE_IPV4
						       : TT_FILTER_SOURCE_IPV6];
	if (run->kind->expected == UNSEEN)
		counted = own->seen == 0 ? expected_count : 0;
	else if (run->kind->expected == TAKEN)
		counted = own->accepted;
	else
		counted = own->rejected[run->kind->expected];
	if (counted != expected_count)
		return tt_error_set(reterr, -EPROTO, "%s: judged as it should %llu times of %llu",
				    run->kind->name, (unsigned long long)counted,
				    (unsigned long long)expected_count);
	return 0;
}

static int time_run(struct run *run, size_t round, struct tt_error *reterr)
{
	double start_ns = now_ns();
	uint32_t value;
	int r;

	r = run_program(run->program_fd, run->frame, run->frame_bytes, RUNS_PER_ROUND, &value,
			reterr);
	run->ns[round] = (now_ns() - start_ns) / RUNS_PER_ROUND;
	return r;
}

static void print_run(struct run *run)
{
	sort(run->ns, PROGRAM_ROUNDS_COUNT);
	printf("%-36s %8.2f %8.2f %8.2f\n", run->kind ? run->kind->name : "return 0",
	       run->ns[PROGRAM_ROUNDS_COUNT / 2], run->ns[0], run->ns[PROGRAM_ROUNDS_COUNT - 1]);
}

static int run_kinds(struct run *runs, int nothing_fd, struct tt_error *reterr)
{
	struct run *nothing = &runs[KINDS_COUNT];
	int r;

	for (size_t i = 0; i < KINDS_COUNT; i++) {
		r = prepare_run(&runs[i], &kinds[i], reterr);
		if (r < 0)
			return r;
	}
	nothing->program_fd = nothing_fd;
	nothing->frame_bytes = build_frame(&kinds[0].packet, nothing->frame);

	for (size_t round = 0; round < PROGRAM_ROUNDS_COUNT; round++) {
		for (size_t i = 0; i <= KINDS_COUNT; i++) {
			r = time_run(&runs[i], round, reterr);
			if (r < 0)
				return r;
		}
	}

	printf("%-36s %8s %8s %8s\n", "ns per run of the filter", "median", "fastest", "slowest");
	print_run(nothing);
	for (size_t i = 0; i < KINDS_COUNT; i++) {
		r = check_counters(&runs[i], reterr);
		if (r < 0)
			return r;
		print_run(&runs[i]);
	}
	return 0;
}

static int print_kinds(int nothing_fd, struct tt_error *reterr)
{
	struct run *runs = calloc(KINDS_COUNT + 1, sizeof(*runs));
	int r;

	if (!runs)
		return tt_error_set(reterr, -ENOMEM, "%s", strerror(ENOMEM));
	for (size_t i = 0; i <= KINDS_COUNT; i++)
		runs[i].expression_fd = -1;
	r = run_kinds(runs, nothing_fd, reterr);
	for (size_t i = 0; i <= KINDS_COUNT; i++) {
		tt_closep(&runs[i].expression_fd);
		tt_filter_program_free(runs[i].program);
	}
	free(runs);
	return r;
}

/* ---------------------------------------------------------------- the second table */

enum rival {
	NOTHING,
	CLASSIC,
	TRANSLATED,
	RIVALS_COUNT,
};

/* One expression and one packet, sent to a socket whose filter changes. */
struct match {
	const struct kind *kind;
	int sockets[2];                        /* owned; the first sends */
	int slots_fd;                          /* owned */
	int cpus_fd;                           /* owned */
	int programs[RIVALS_COUNT];            /* of NOTHING borrowed, of TRANSLATED owned */
	struct sock_filter code[BPF_MAXINSNS]; /* of CLASSIC */
	size_t code_count;
	uint8_t frame[FRAME_BYTES_MAX];
	size_t frame_bytes;
	double ns[RIVALS_COUNT][SEND_ROUNDS_COUNT];
};

static void match_init(struct match *match, const struct kind *kind, int nothing_fd)
{
	memset(match, 0, sizeof(*match));
	match->kind = kind;
	match->sockets[0] = match->sockets[1] = -1;
	match->slots_fd = -1;
	match->cpus_fd = -1;
	match->programs[NOTHING] = nothing_fd;
	match->programs[TRANSLATED] = -1;
	match->frame_bytes = build_frame(&kind->packet, match->frame);
}

static void match_deinit(struct match *match)
{
	tt_closep(&match->sockets[0]);
	tt_closep(&match->sockets[1]);
	tt_closep(&match->slots_fd);
	tt_closep(&match->cpus_fd);
	tt_closep(&match->programs[TRANSLATED]);
}

/* Makes the classic program return 0 wherever it returns. */
static void keep_nothing(struct match *match)
{
	for (size_t i = 0; i < match->code_count; i++) {
		if (BPF_CLASS(match->code[i].code) == BPF_RET)
			match->code[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	}
}

/* Puts a filter in the place of another. */
static int attach(struct match *match, enum rival rival, struct tt_error *reterr)
{
	struct sock_fprog classic = { .len = (unsigned short)match->code_count,
				      .filter = match->code };
	const int *program = &match->programs[rival];
	int r;

	if (rival == CLASSIC)
		r = setsockopt(match->sockets[1], SOL_SOCKET, SO_ATTACH_FILTER, &classic,
			       sizeof(classic));
	else
		r = setsockopt(match->sockets[1], SOL_SOCKET, SO_ATTACH_BPF, program,
			       sizeof(*program));
	if (r < 0) {
		r = -errno;
		return tt_error_set(reterr, r, "attach a filter: %s", strerror(-r));
	}
	return 0;
}

static int send_packets(const struct match *match, size_t count, struct tt_error *reterr)
{
	for (size_t i = 0; i < count; i++) {
		if (send(match->sockets[0], match->frame + ETH_HLEN, match->frame_bytes - ETH_HLEN,
			 MSG_NOSIGNAL) < 0) {
			int r = -errno;

			return tt_error_set(reterr, r, "send: %s", strerror(-r));
		}
	}
	return 0;
}

/* Whether the classic program, as it is, takes the packet. */
static int try_classic(struct match *match, bool *ret_is_taken, struct tt_error *reterr)
{
	uint8_t byte;
	int r;

	r = attach(match, CLASSIC, reterr);
	if (r == 0)
		r = send_packets(match, 1, reterr);
	*ret_is_taken = recv(match->sockets[1], &byte, sizeof(byte), MSG_DONTWAIT) >= 0;
	return r;
}

/* Puts in place what comes behind an acceptance of the translation. */
static int set_end(const struct match *match, uint32_t value, struct tt_error *reterr)
{
	TT_CLEANUP(tt_closep) int fd = load_return(value, reterr);
	uint32_t slot = TT_FILTER_SLOT_ACCEPT;
	int r = 0;

	if (fd < 0)
		return fd;
	if (bpf_map_update_elem(match->slots_fd, &slot, &fd, BPF_ANY) < 0)
		r = -errno;
	return r < 0 ? tt_error_set(reterr, r, "fill the slot: %s", strerror(-r)) : 0;
}

static void free_insns(struct bpf_insn **insns)
{
	free(*insns);
}

static void free_cpus(struct tt_filter_cpu **cpus)
{
	free(*cpus);
}

/* Makes the map that the main program would have put the packet's first bytes into. */
static int make_prefix(struct match *match, struct tt_error *reterr)
{
	int cpus_count = libbpf_num_possible_cpus();
	TT_CLEANUP(free_cpus) struct tt_filter_cpu *cpus = NULL;
	size_t packet_bytes = match->frame_bytes - ETH_HLEN;
	uint32_t source = 0; /* as __sk_buff.cb is, where nobody wrote to it */
	int r;

	cpus = cpus_count > 0 ? calloc((size_t)cpus_count, sizeof(*cpus)) : NULL;
	if (!cpus)
		return tt_error_set(reterr, -ENOMEM, "make the map of CPUs: %s", strerror(ENOMEM));
	for (int i = 0; i < cpus_count; i++)
		memcpy(cpus[i].prefix, match->frame + ETH_HLEN,
		       packet_bytes < TT_FILTER_PREFIX_BYTES ? packet_bytes
							     : TT_FILTER_PREFIX_BYTES);

	match->cpus_fd = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "cpus", sizeof(source),
					sizeof(*cpus), 1, NULL);
	if (match->cpus_fd < 0 || bpf_map_update_elem(match->cpus_fd, &source, cpus, BPF_ANY) < 0) {
		r = -errno;
		return tt_error_set(reterr, r, "make the map of CPUs: %s", strerror(-r));
	}
	return 0;
}

static int load_translation(struct match *match, struct tt_error *reterr)
{
	TT_CLEANUP(free_insns) struct bpf_insn *insns = NULL;
	struct tt_translate_maps maps;
	size_t insns_count;
	int r;

	match->slots_fd = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "slots", sizeof(uint32_t),
					 sizeof(uint32_t), TT_FILTER_SLOT_COUNT, NULL);
	if (match->slots_fd < 0) {
		r = -errno;
		return tt_error_set(reterr, r, "make the slots: %s", strerror(-r));
	}
	r = make_prefix(match, reterr);
	if (r < 0)
		return r;
	maps = (struct tt_translate_maps){ .slots_fd = match->slots_fd, .cpus_fd = match->cpus_fd };
	r = tt_translate(match->code, match->code_count, maps, &insns, &insns_count, reterr);
	if (r < 0)
		return r;
	match->programs[TRANSLATED] = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "tt_expression",
						    "Dual MIT/GPL", insns, insns_count, NULL);
	if (match->programs[TRANSLATED] < 0) {
		r = -errno;
		return tt_error_set(reterr, r, "load the translation: %s", strerror(-r));
	}
	return 0;
}

/* Both must judge the packet as is expected. */
static int check_verdicts(struct match *match, struct tt_error *reterr)
{
	bool is_expected = match->kind->expected == TAKEN;
	bool is_taken = false;
	uint32_t value = 0;
	int r;

	r = try_classic(match, &is_taken, reterr);
	if (r < 0)
		return r;
	if (is_taken != is_expected)
		return tt_error_set(reterr, -EPROTO, "%s: the classic filter says otherwise",
				    match->kind->name);
	r = set_end(match, 1, reterr);
	if (r < 0)
		return r;
	r = run_program(match->programs[TRANSLATED], match->frame, match->frame_bytes, 1, &value,
			reterr);
	if (r < 0)
		return r;
	if (value != is_expected)
		return tt_error_set(reterr, -EPROTO, "%s: the translation says otherwise",
				    match->kind->name);
	return 0;
}

static int compile_expression(struct match *match, struct tt_error *reterr)
{
	TT_CLEANUP(expression_dropp) struct tt_expression *expression = NULL;
	const struct sock_filter *code;
	int r;

	r = tt_expression_new(&expression, match->kind->expression, reterr);
	if (r < 0)
		return r;
	code = tt_expression_code(expression, &match->code_count);
	if (match->code_count > BPF_MAXINSNS)
		return tt_error_set(reterr, -E2BIG, "%s", strerror(E2BIG));
	memcpy(match->code, code, match->code_count * sizeof(*code));
	return 0;
}

static int prepare_match(struct match *match, struct tt_error *reterr)
{
	int r;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, match->sockets) < 0) {
		r = -errno;
		return tt_error_set(reterr, r, "make sockets: %s", strerror(-r));
	}
	r = compile_expression(match, reterr);
	if (r == 0)
		r = load_translation(match, reterr);
	if (r == 0)
		r = check_verdicts(match, reterr);
	keep_nothing(match);
	return r == 0 ? set_end(match, 0, reterr) : r;
}

static int time_sends(struct match *match, enum rival rival, size_t round, struct tt_error *reterr)
{
	double start_ns;
	int r;

	r = attach(match, rival, reterr);
	if (r == 0)
		r = send_packets(match, WARM_SENDS, reterr);
	start_ns = now_ns();
	if (r == 0)
		r = send_packets(match, SENDS_PER_ROUND, reterr);
	match->ns[rival][round] = (now_ns() - start_ns) / SENDS_PER_ROUND;
	return r;
}

/* Half of the way from one quartile to the other. */
static double deviation(const double *sorted)
{
	return (sorted[SEND_ROUNDS_COUNT * 3 / 4] - sorted[SEND_ROUNDS_COUNT / 4]) / 2;
}

static void print_match(struct match *match)
{
	double classic[SEND_ROUNDS_COUNT], ours[SEND_ROUNDS_COUNT];
	const size_t middle = SEND_ROUNDS_COUNT / 2;

	for (size_t i = 0; i < SEND_ROUNDS_COUNT; i++) {
		classic[i] = match->ns[CLASSIC][i] - match->ns[NOTHING][i];
		ours[i] = match->ns[TRANSLATED][i] - match->ns[NOTHING][i];
	}
	sort(match->ns[NOTHING], SEND_ROUNDS_COUNT);
	sort(classic, SEND_ROUNDS_COUNT);
	sort(ours, SEND_ROUNDS_COUNT);
	printf("%-36s %8.1f %8.2f %6.2f %8.2f %6.2f %6.2f\n", match->kind->name,
	       match->ns[NOTHING][middle], classic[middle], deviation(classic), ours[middle],
	       deviation(ours), ours[middle] / classic[middle]);
}

static int run_match(struct match *match, struct tt_error *reterr)
{
	int r;

	r = prepare_match(match, reterr);
	if (r < 0)
		return r;
	for (size_t round = 0; round < SEND_ROUNDS_COUNT; round++) {
		for (size_t i = 0; i < RIVALS_COUNT; i++) {
			r = time_sends(match, (enum rival)((round + i) % RIVALS_COUNT), round,
				       reterr);
			if (r < 0)
				return r;
		}
	}
	print_match(match);
	return 0;
}

static int print_matches(int nothing_fd, struct tt_error *reterr)
{
	static struct match match;

	printf("\n%-36s %8s %8s %6s %8s %6s %6s\n", "ns that an expression adds to send()",
	       "return 0", "classic", "+-", "ours", "+-", "ratio");
	for (size_t i = 0; i < KINDS_COUNT; i++) {
		int r;

		if (!kinds[i].expression)
			continue;
		match_init(&match, &kinds[i], nothing_fd);
		r = run_match(&match, reterr);
		match_deinit(&match);
		if (r < 0)
			return r;
	}
	return 0;
}

int main(void)
{
	TT_CLEANUP(tt_closep) int nothing_fd = -1;
	struct tt_error error = TT_ERROR_INIT;
	int r;

	nothing_fd = load_return(0, &error);
	if (nothing_fd == -EPERM || nothing_fd == -ENOSYS) {
		fprintf(stderr, "bench.filter: skipped: needs CAP_BPF and bpf(2): %s\n",
			error.message);
		return EXIT_SKIPPED;
	}
	r = nothing_fd;
	if (r >= 0)
		r = print_kinds(nothing_fd, &error);
	if (r >= 0)
		r = print_matches(nothing_fd, &error);
	if (r < 0)
		fprintf(stderr, "bench.filter: %s\n", error.message);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
