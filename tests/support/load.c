/* SPDX-License-Identifier: MIT */

/*
 * Load source: frames into a device's receive path, exactly counted
 *
 * Builds one frame a family, hands frames and settings to load.bpf.c as constants
 * (the verifier then drops what a run does not use). A test run call of one frame
 * costs 20 us; a longer one attaches the program first, for which the kernel waits
 * some 20 ms. So slow and short sends go singly, paced from here, and others in
 * stretches as long as can be, paced by the program.
 */

#include "tests/support/load.h"

#include <errno.h>
#include <net/if.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "load.skel.h"

enum {
	STRETCH_FRAMES = 1 << 22, /* about a second */
	SHORT_FRAMES = 1024,
	SLOW_RATE_PPS = 10000,
	FOLLOWED_STRETCHES_PER_S = 20,
	PATIENCE_S =
		10,  /* then a reader has lost some, or a source failed: its test shall say so */
	LOOK_MS = 1, /* between two looks */
	HARDWARE_ADDRESS_BYTES = 6,
	ETHERTYPE_OFFSET = 12,
	UDP_PROTOCOL = 17,
};

struct tt_load {
	struct load_bpf *program;
	uint64_t rate_pps;
	uint32_t burst_frames;
	uint32_t frame_bytes;
	uint32_t interface_index;
	uint32_t ports_count;
	const _Atomic uint64_t *reader_progress; /* borrowed; or NULL */
	_Atomic int64_t duration_ns;             /* read by any thread, as the counts are */
	_Atomic int64_t cpu_ns;                  /* likewise */
	uint8_t frame[TT_LOAD_FRAME_BYTES_MAX];  /* what pages hold until they are written */
};

static void put16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* 16 bits at a time, an odd last byte padded with 0: the sum before folding. */
static uint32_t sum_bytes(const uint8_t *bytes, size_t bytes_count)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes_count; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

void tt_load_options_init(struct tt_load_options *ret_options)
{
	static const uint16_t port = 4242;
	static const struct in6_addr network6 = { .s6_addr = { 0xfd, 0, 0x74, 0x74 } };

	*ret_options = (struct tt_load_options){
		.frame_bytes = 106,
		.burst_frames = 64,
		.target = TT_LOAD_TO_HOST,
		.hop_limit = 64,
		.source4.s_addr = htonl(0xc6120001),
		.destination4.s_addr = htonl(0xc6120002),
		.source6 = network6,
		.destination6 = network6,
		.source_port = 40000,
		.flows_count = 1,
		.ports = &port,
		.ports_count = 1,
		.unwanted_port = 9,
		.ipv6 = { .part = 1, .whole = 2 },
		.wanted = { .part = 1, .whole = 1 },
	};
	ret_options->source6.s6_addr[15] = 1;
	ret_options->destination6.s6_addr[15] = 2;
}

/* Slow enough to sleep between two frames. */
static bool is_paced_outside(uint64_t rate_pps)
{
	return rate_pps && rate_pps < SLOW_RATE_PPS;
}

static bool share_is_valid(struct tt_load_share share)
{
	/* Credit is carried in 32 bits and may reach twice the whole. */
	return share.whole > 0 && share.part <= share.whole && share.whole <= INT32_MAX;
}

static int check_options(const struct tt_load_options *options, struct tt_error *reterr)
{
	if (options->frame_bytes < TT_LOAD_FRAME_BYTES_MIN ||
	    options->frame_bytes > TT_LOAD_FRAME_BYTES_MAX)
		return tt_error_set(reterr, -EINVAL, "frames of %u bytes: %d to %d are possible",
				    options->frame_bytes, TT_LOAD_FRAME_BYTES_MIN,
				    TT_LOAD_FRAME_BYTES_MAX);
	if (options->burst_frames < 1 || options->burst_frames > TT_LOAD_BURST_FRAMES_MAX)
		return tt_error_set(reterr, -EINVAL, "bursts of %u frames: 1 to %d are possible",
				    options->burst_frames, TT_LOAD_BURST_FRAMES_MAX);
	if (options->ports_count < 1 || options->ports_count > TT_LOAD_PORTS_MAX)
		return tt_error_set(reterr, -EINVAL, "%u wanted ports: 1 to %d are possible",
				    options->ports_count, TT_LOAD_PORTS_MAX);
	if (options->flows_count < 1 || options->flows_count > 65536U - options->source_port)
		return tt_error_set(reterr, -EINVAL, "%u source ports from %u on: too many or none",
				    options->flows_count, options->source_port);
	if (!share_is_valid(options->ipv6) || !share_is_valid(options->wanted))
		return tt_error_set(reterr, -EINVAL, "a share is more than its whole, or of none");
	return 0;
}

static int read_hardware_address(const char *interface, uint8_t *ret_address,
				 struct tt_error *reterr)
{
	TT_CLEANUP(tt_closep) int fd = -1;
	struct ifreq request = { 0 };
	int r;

	if (strlen(interface) >= sizeof(request.ifr_name))
		return tt_error_set(reterr, -EINVAL, "%s: no interface name", interface);
	memcpy(request.ifr_name, interface, strlen(interface));

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0) {
		r = -errno;
		return tt_error_set(reterr, r, "address of %s: %s", interface, strerror(-r));
	}
	memcpy(ret_address, request.ifr_hwaddr.sa_data, HARDWARE_ADDRESS_BYTES);
	return 0;
}

static int put_ethernet(uint8_t *frame, const struct tt_load_options *options,
			struct tt_error *reterr)
{
	static const uint8_t source[HARDWARE_ADDRESS_BYTES] = { 2, 't', 't', 'l', 'd', 1 };
	int r;

	r = read_hardware_address(options->interface, frame, reterr);
	if (r < 0)
		return r;

	if (options->target == TT_LOAD_TO_BROADCAST)
		memset(frame, 0xff, HARDWARE_ADDRESS_BYTES);
	if (options->target == TT_LOAD_TO_OTHER_HOST) {
		frame[0] = 2; /* unicast, locally administered */
		frame[5] ^= 0xff;
	}
	memcpy(frame + HARDWARE_ADDRESS_BYTES, source, sizeof(source));
	return 0;
}

/* Leaves the UDP header's ports and checksum, and kind and sequence of the stamp, zero. */
static void put_datagram(uint8_t *udp, uint32_t datagram_bytes, uint32_t stream)
{
	uint8_t *stamp = udp + TT_LOAD_UDP_BYTES;

	for (uint32_t i = TT_LOAD_UDP_BYTES + TT_LOAD_STAMP_BYTES; i < datagram_bytes; i++)
		udp[i] = (uint8_t)i;
	memset(udp, 0, TT_LOAD_UDP_BYTES + TT_LOAD_STAMP_BYTES);
	put16(udp + 4, datagram_bytes);
	put16(stamp + TT_LOAD_STAMP_STREAM, stream >> 16);
	put16(stamp + TT_LOAD_STAMP_STREAM + 2, stream);
}

/* Writes the packet at @ip; returns through @settings the sums that its checksums start from. */
static void put_packet4(uint8_t *ip, const struct tt_load_options *options,
			struct tt_load_settings *settings)
{
	uint32_t packet_bytes = options->frame_bytes - TT_LOAD_IP_OFFSET;
	uint32_t datagram_bytes = options->frame_bytes - TT_LOAD_UDP4_OFFSET;

	memset(ip, 0, 20);
	ip[0] = 4 << 4 | 5;
	put16(ip + 2, packet_bytes);
	ip[8] = options->hop_limit;
	memcpy(ip + 12, &options->source4, sizeof(options->source4));
	memcpy(ip + 16, &options->destination4, sizeof(options->destination4));
	settings->ipv4_sum = sum_bytes(ip, 20);
	ip[9] = UDP_PROTOCOL;

	put_datagram(ip + 20, datagram_bytes, options->stream);
	settings->udp_sum[TT_LOAD_IPV4] = sum_bytes(ip + 12, 8) + UDP_PROTOCOL + datagram_bytes +
					  sum_bytes(ip + 20, datagram_bytes);
}

static void put_packet6(uint8_t *ip, const struct tt_load_options *options,
			struct tt_load_settings *settings)
{
	uint32_t datagram_bytes = options->frame_bytes - TT_LOAD_UDP6_OFFSET;

	memset(ip, 0, 40);
	ip[0] = 6 << 4;
	put16(ip + 4, datagram_bytes);
	ip[6] = UDP_PROTOCOL;
	ip[7] = options->hop_limit;
	memcpy(ip + 8, &options->source6, sizeof(options->source6));
	memcpy(ip + 24, &options->destination6, sizeof(options->destination6));

	put_datagram(ip + 40, datagram_bytes, options->stream);
	settings->udp_sum[TT_LOAD_IPV6] = sum_bytes(ip + 8, 32) + UDP_PROTOCOL + datagram_bytes +
					  sum_bytes(ip + 40, datagram_bytes);
}

static void fill_settings(struct tt_load_settings *settings, const struct tt_load_options *options)
{
	settings->frame_bytes = options->frame_bytes;
	settings->burst_frames = options->burst_frames;
	settings->rate_pps = is_paced_outside(options->rate_pps) ? 0 : options->rate_pps;
	settings->ipv6 = options->ipv6;
	settings->wanted = options->wanted;
	settings->malformed_every = options->malformed_every;
	settings->not_udp_every = options->not_udp_every;
	settings->fragment_every = options->fragment_every;
	settings->flows_count = options->flows_count;
	settings->source_port = options->source_port;
	settings->unwanted_port = options->unwanted_port;
	settings->ports_count = options->ports_count;
	memcpy(settings->ports, options->ports, options->ports_count * sizeof(*options->ports));
	settings->is_udp4_summed = !options->is_udp4_unsummed;
}

static int build_frames(struct tt_load *load, const struct tt_load_options *options,
			struct tt_error *reterr)
{
	static const unsigned int ethertype[] = { 0x0800, 0x86dd };
	struct tt_load_settings *settings = &load->program->rodata->settings;
	int r;

	for (int i = 0; i < TT_LOAD_FAMILY_COUNT; i++) {
		uint8_t *frame = load->program->rodata->templates[i];

		r = put_ethernet(frame, options, reterr);
		if (r < 0)
			return r;
		put16(frame + ETHERTYPE_OFFSET, ethertype[i]);
		if (i == TT_LOAD_IPV4)
			put_packet4(frame + TT_LOAD_IP_OFFSET, options, settings);
		else
			put_packet6(frame + TT_LOAD_IP_OFFSET, options, settings);
	}
	fill_settings(settings, options);
	memcpy(load->frame, load->program->rodata->templates[0], options->frame_bytes);
	return 0;
}

static void load_freep(struct tt_load **load)
{
	tt_load_free(*load);
}

int tt_load_new(struct tt_load **ret_load, const struct tt_load_options *options,
		struct tt_error *reterr)
{
	TT_CLEANUP(load_freep) struct tt_load *load = NULL;
	int r;

	r = check_options(options, reterr);
	if (r < 0)
		return r;

	load = calloc(1, sizeof(*load));
	if (!load)
		return tt_error_set(reterr, -ENOMEM, "load source: no memory");
	load->rate_pps = options->rate_pps;
	load->ports_count = options->ports_count;
	load->reader_progress = options->reader_progress;
	load->burst_frames = options->burst_frames;
	load->frame_bytes = options->frame_bytes;
	load->interface_index = if_nametoindex(options->interface);
	if (!load->interface_index) {
		r = -errno;
		return tt_error_set(reterr, r, "interface %s: %s", options->interface,
				    strerror(-r));
	}

	load->program = load_bpf__open();
	if (!load->program) {
		r = -errno;
		return tt_error_set(reterr, r, "load program: %s", strerror(-r));
	}
	r = build_frames(load, options, reterr);
	if (r < 0)
		return r;
	r = load_bpf__load(load->program);
	if (r < 0)
		return tt_error_set(reterr, r, "load program: %s", strerror(-r));

	*ret_load = TT_TAKE_PTR(load);
	return 0;
}

void tt_load_free(struct tt_load *load)
{
	if (!load)
		return;
	load_bpf__destroy(load->program);
	free(load);
}

static uint64_t read_count(const __u64 *count)
{
	return __atomic_load_n(count, __ATOMIC_RELAXED);
}

void tt_load_read_counts(const struct tt_load *load, struct tt_load_counts *ret_counts)
{
	struct tt_load_counts counts = { .duration_ns = load->duration_ns, .cpu_ns = load->cpu_ns };

	for (int family = 0; family < TT_LOAD_FAMILY_COUNT; family++) {
		for (int kind = 0; kind < TT_LOAD_KIND_COUNT; kind++) {
			uint64_t count =
				read_count(&load->program->bss->state.counts[family][kind]);

			counts.by[family][kind] = count;
			counts.family[family] += count;
			counts.kind[kind] += count;
			counts.sent += count;
		}
	}
	*ret_counts = counts;
}

void tt_load_stop(struct tt_load *load)
{
	__atomic_store_n(&load->program->bss->control.stop, 1, __ATOMIC_RELAXED);
}

/* Runs the program for @frames_count frames; passing on fewer means that the end has come. */
static int run_program(struct tt_load *load, uint32_t frames_count, uint64_t *progress_sent,
		       struct tt_error *reterr)
{
	struct xdp_md context = { .data_end = load->frame_bytes,
				  .ingress_ifindex = load->interface_index };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = load->frame,
		    .data_size_in = load->frame_bytes, .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = (int)frames_count,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = load->burst_frames);
	struct load_bpf__bss *shared = load->program->bss;
	struct tt_load_counts before, after;
	int r;

	shared->run = (struct tt_load_run){ 0 };
	tt_load_read_counts(load, &before);
	r = bpf_prog_test_run_opts(bpf_program__fd(load->program->progs.make_frame), &opts);
	tt_load_read_counts(load, &after);
	*progress_sent = after.sent - before.sent;

	if (r == -EINTR)
		return 0; /* the caller sees from the progress what is left to do */
	if (r == -EINVAL)
		return tt_error_set(reterr, -EOPNOTSUPP,
				    "XDP live frames: this kernel has none (Linux 5.18 has)");
	if (r < 0)
		return tt_error_set(reterr, r, "test run of live frames: %s", strerror(-r));
	if (*progress_sent + shared->run.skipped != frames_count || shared->state.refused)
		return tt_error_set(reterr, -EIO, "the kernel ran %llu frames of %u",
				    (unsigned long long)(*progress_sent + shared->run.skipped),
				    frames_count);
	return 0;
}

static void wait_until(int64_t due_ns)
{
	struct timespec due = { .tv_sec = due_ns / TT_NS_PER_S, .tv_nsec = due_ns % TT_NS_PER_S };

	/* A signal ends the wait early; whoever sent it wants to be noticed. */
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

static bool is_over(const struct tt_load *load, int64_t end_ns)
{
	return __atomic_load_n(&load->program->bss->control.stop, __ATOMIC_RELAXED) ||
	       (end_ns && tt_clock_now_ns() >= end_ns);
}

/* One frame a call: cheap to begin, so that slow and short sends need not spin or wait. */
static int send_singly(struct tt_load *load, uint64_t frames_count, int64_t end_ns,
		       struct tt_error *reterr)
{
	int64_t start_ns = tt_clock_now_ns();
	uint64_t sent = 0, progress;
	int r = 0;

	while (r == 0 && sent < frames_count) {
		if (load->rate_pps) {
			double due_s = (double)sent / (double)load->rate_pps;

			wait_until(start_ns + (int64_t)(due_s * TT_NS_PER_S));
		}
		if (is_over(load, end_ns))
			break;
		r = run_program(load, 1, &progress, reterr);
		sent += progress;
	}
	return r;
}

/* How many frames a run may have at most. */
static uint64_t stretch_frames(const struct tt_load *load)
{
	if (!load->reader_progress || !load->rate_pps)
		return STRETCH_FRAMES;
	return load->rate_pps / FOLLOWED_STRETCHES_PER_S;
}

static bool has_followed(const struct tt_load *load)
{
	struct tt_load_counts counts;

	tt_load_read_counts(load, &counts);
	return atomic_load(load->reader_progress) + load->ports_count >=
	       counts.by[TT_LOAD_IPV4][TT_LOAD_WANTED];
}

static void wait_for_reader(const struct tt_load *load, int64_t end_ns)
{
	int64_t now_ns = tt_clock_now_ns();
	int64_t deadline_ns = now_ns + (int64_t)PATIENCE_S * TT_NS_PER_S;

	while (!has_followed(load) && !is_over(load, end_ns) && now_ns < deadline_ns) {
		wait_until(now_ns + (int64_t)LOOK_MS * TT_NS_PER_MS);
		now_ns = tt_clock_now_ns();
	}
}

static int send_in_stretches(struct tt_load *load, uint64_t frames_count, int64_t end_ns,
			     struct tt_error *reterr)
{
	uint64_t frames_max = stretch_frames(load);
	uint64_t sent = 0, progress;
	int r = 0;

	while (r == 0 && sent < frames_count && !is_over(load, end_ns)) {
		uint64_t left = frames_count - sent;

		r = run_program(load, (uint32_t)(left < frames_max ? left : frames_max), &progress,
				reterr);
		sent += progress;
		if (load->reader_progress)
			wait_for_reader(load, end_ns);
	}
	return r;
}

static int64_t read_cpu_ns(void)
{
	struct timespec used;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used); /* cannot fail for this clock */
	return (int64_t)used.tv_sec * TT_NS_PER_S + used.tv_nsec;
}

static int send_until(struct tt_load *load, uint64_t frames_count, int64_t end_ns,
		      struct tt_error *reterr)
{
	int64_t start_ns = tt_clock_now_ns(), start_cpu_ns = read_cpu_ns();
	int r;

	load->program->bss->control.end_ns = (uint64_t)end_ns;
	if (is_paced_outside(load->rate_pps) || frames_count <= SHORT_FRAMES)
		r = send_singly(load, frames_count, end_ns, reterr);
	else
		r = send_in_stretches(load, frames_count, end_ns, reterr);
	load->cpu_ns += read_cpu_ns() - start_cpu_ns;
	load->duration_ns += tt_clock_now_ns() - start_ns;
	return r;
}

int tt_load_send(struct tt_load *load, uint64_t frames_count, struct tt_error *reterr)
{
	return send_until(load, frames_count, 0, reterr);
}

int tt_load_send_for(struct tt_load *load, int64_t duration_ns, struct tt_error *reterr)
{
	return send_until(load, UINT64_MAX, tt_clock_now_ns() + duration_ns, reterr);
}

uint64_t tt_load_await_sent(const struct tt_load *load, uint64_t frames_count)
{
	int64_t now_ns = tt_clock_now_ns();
	int64_t deadline_ns = now_ns + (int64_t)PATIENCE_S * TT_NS_PER_S;
	struct tt_load_counts counts;

	tt_load_read_counts(load, &counts);
	while (counts.sent < frames_count && now_ns < deadline_ns) {
		wait_until(now_ns + (int64_t)LOOK_MS * TT_NS_PER_MS);
		now_ns = tt_clock_now_ns();
		tt_load_read_counts(load, &counts);
	}
	return counts.sent;
}
