/* SPDX-License-Identifier: MIT */

/*
 * The load source's kernel half: makes the next frame
 *
 * Run over live frames, each of which enters the receive path of a device when
 * this returns XDP_PASS. Pages come back from earlier use, so a frame is written
 * whole every time. Shares are met by carrying credit over, not by chance: every
 * run with the same settings sends the same frames.
 *
 * Invariant 1: a frame is counted exactly when it is passed on.
 * Invariant 2: one run at a time; the state has no other protection.
 */

#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "tests/support/load_frame.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

const volatile struct tt_load_settings settings;
const volatile __u8 templates[TT_LOAD_FAMILY_COUNT][TT_LOAD_FRAME_BYTES_MAX];
struct tt_load_control control;
struct tt_load_state state;
struct tt_load_run run;

enum {
	NS_PER_S = 1000000000,
	WAIT_STEPS_MAX = 1 << 23, /* the kernel's limit; more than 100 ms, a burst is far less */
};

static void put16(__u8 *at, __u16 value)
{
	*(__u16 *)at = bpf_htons(value);
}

static __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

/* Whether this turn is one of the @part in @whole. */
static int take_share(__u32 *credit, __u32 part, __u32 whole)
{
	*credit += part;
	if (*credit < whole)
		return 0;
	*credit -= whole;
	return 1;
}

static int take_every(__u32 *credit, __u32 every)
{
	return every && take_share(credit, 1, every);
}

static enum tt_load_kind next_kind(__u32 family)
{
	if (take_every(&state.malformed_credit[family], settings.malformed_every))
		return TT_LOAD_MALFORMED;
	if (take_every(&state.not_udp_credit[family], settings.not_udp_every))
		return TT_LOAD_NOT_UDP;
	if (take_every(&state.fragment_credit[family], settings.fragment_every))
		return TT_LOAD_FRAGMENT;
	if (take_share(&state.wanted_credit[family], settings.wanted.part, settings.wanted.whole))
		return TT_LOAD_WANTED;
	return TT_LOAD_UNWANTED;
}

/* Each family goes round on its own, so that every port gets both. */
static __u32 next_index(__u32 *index, __u32 count)
{
	__u32 now = *index;

	*index = now + 1 < count ? now + 1 : 0;
	return now;
}

static __u16 next_port(__u32 family, enum tt_load_kind kind)
{
	__u32 index;

	if (kind == TT_LOAD_UNWANTED)
		return settings.unwanted_port;
	index = next_index(&state.port_index[family], settings.ports_count);
	return index < TT_LOAD_PORTS_MAX ? settings.ports[index] : 0;
}

/* Writes ports, stamp and checksum; @family is a constant wherever this is inlined. */
static __always_inline void put_udp(__u8 *udp, __u32 family, enum tt_load_kind kind, __u64 sequence)
{
	__u8 *stamp = udp + TT_LOAD_UDP_BYTES;
	__u16 source = settings.source_port;
	__u16 destination = next_port(family, kind);
	__u16 kind_word = (__u16)(kind << 8 | family);
	__u32 sum = settings.udp_sum[family];
	__u16 checksum;

	source += next_index(&state.flow_index[family], settings.flows_count);
	put16(udp, source);
	put16(udp + 2, destination);
	put16(stamp + TT_LOAD_STAMP_KIND, kind_word);
	*(__u64 *)(stamp + TT_LOAD_STAMP_SEQUENCE) = bpf_cpu_to_be64(sequence);

	sum += source + destination + kind_word;
	sum += (sequence >> 48) + (sequence >> 32 & 0xffff);
	sum += (sequence >> 16 & 0xffff) + (sequence & 0xffff);
	if (kind == TT_LOAD_MALFORMED) {
		__u16 length = settings.frame_bytes + TT_LOAD_LENGTH_EXCESS;

		length -= family == TT_LOAD_IPV4 ? TT_LOAD_UDP4_OFFSET : TT_LOAD_UDP6_OFFSET;
		put16(udp + 4, length);
		sum += 2 * TT_LOAD_LENGTH_EXCESS; /* in the header and in the pseudo header */
	}
	if (family == TT_LOAD_IPV4 && !settings.is_udp4_summed)
		return; /* the frame as built says 0 */
	checksum = fold(sum);
	put16(udp + 6, checksum ? checksum : 0xffff);
}

/* Word by word in here: measured a little faster than bpf_xdp_store_bytes() at 106 bytes. */
static __always_inline void put_template(__u8 *data, __u32 family)
{
	const volatile __u8 *template = templates[family];
	__u32 i;

	for (i = 0; i + sizeof(__u64) <= settings.frame_bytes; i += sizeof(__u64))
		*(__u64 *)(data + i) = *(const volatile __u64 *)(template + i);
	for (; i < settings.frame_bytes; i++)
		data[i] = template[i];
}

static __always_inline void put_ipv4(__u8 *ip, enum tt_load_kind kind, __u64 sequence)
{
	__u8 protocol = kind == TT_LOAD_NOT_UDP ? TT_LOAD_PROTOCOL_NOT_UDP : 17;
	__u16 fragment = kind == TT_LOAD_FRAGMENT ? TT_LOAD_FRAGMENT_OFFSET : 0;
	__u16 id = (__u16)sequence;

	put16(ip + 4, id);
	put16(ip + 6, fragment);
	ip[9] = protocol;
	put16(ip + 10, fold(settings.ipv4_sum + id + fragment + protocol));
}

static __always_inline void put_ipv6(__u8 *ip, enum tt_load_kind kind, __u64 sequence)
{
	__u8 *fragment = ip + 40;

	if (kind == TT_LOAD_NOT_UDP)
		ip[6] = TT_LOAD_PROTOCOL_NOT_UDP;
	if (kind != TT_LOAD_FRAGMENT)
		return;
	ip[6] = 44;
	put16(fragment, 17 << 8);
	put16(fragment + 2, TT_LOAD_FRAGMENT_OFFSET << 3);
	*(__u32 *)(fragment + 4) = bpf_htonl((__u32)sequence);
}

static long is_due(__u32 step, void *due_ns)
{
	(void)step;
	return bpf_ktime_get_ns() >= *(__u64 *)due_ns || *(volatile __u32 *)&control.stop;
}

/*
 * Whether the run goes on. Waits here, inside the run, because each run call costs user
 * space some 20 ms (the kernel waits for its readers when it attaches a program).
 */
static int begin_burst(void)
{
	__u64 now_ns, due_ns;

	if (*(volatile __u32 *)&control.stop)
		return 0;
	now_ns = bpf_ktime_get_ns();
	if (!run.first_ns)
		run.first_ns = now_ns;
	if (settings.rate_pps) {
		due_ns = run.first_ns + run.paced_frames * NS_PER_S / settings.rate_pps;
		run.paced_frames += settings.burst_frames;
		bpf_loop(WAIT_STEPS_MAX, is_due, &due_ns, 0);
		now_ns = due_ns;
	}
	return !control.end_ns || now_ns < control.end_ns;
}

SEC("xdp")
int make_frame(struct xdp_md *ctx)
{
	enum tt_load_kind kind;
	__u8 *data, *end;
	__u64 sequence;
	__u32 family;

	if (run.skipped ||
	    (next_index(&run.burst_index, settings.burst_frames) == 0 && !begin_burst())) {
		run.skipped++;
		return XDP_DROP;
	}

	family = take_share(&state.ipv6_credit, settings.ipv6.part, settings.ipv6.whole);
	kind = next_kind(family);
	sequence = state.counts[family][kind];
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + TT_LOAD_FRAME_BYTES_MIN > end || data + settings.frame_bytes > end)
		goto refuse;
	put_template(data, family);
	if (family == TT_LOAD_IPV4) {
		put_udp(data + TT_LOAD_UDP4_OFFSET, TT_LOAD_IPV4, kind, sequence);
		put_ipv4(data + TT_LOAD_IP_OFFSET, kind, sequence);
	} else {
		put_udp(data + TT_LOAD_UDP6_OFFSET, TT_LOAD_IPV6, kind, sequence);
		put_ipv6(data + TT_LOAD_IP_OFFSET, kind, sequence);
	}

	state.counts[family][kind]++;
	return XDP_PASS;

refuse:
	state.refused++;
	return XDP_DROP;
}
