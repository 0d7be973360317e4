/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */

/*
 * The filter of the packet sockets
 *
 * Runs once for each packet that reaches one of a receiver's sockets, with offset 0
 * at the IP header. It decides whether the socket takes the packet and how much of
 * it, and counts one reason for each that it leaves out.
 *
 * Order: gate, packet type, interface, family and headers, ports, [the user's
 * expression], [fragment state], counters, snap length. What stands in brackets has
 * its place there and is not built yet.
 *
 * Packet bytes are read with plain loads, which the kernel expands in line. Such a
 * load past the packet's end would end the program at once and uncounted, so each
 * is preceded by a test of the length.
 *
 * A packet whose ports cannot be read, because its headers are broken or cut, is
 * taken only when every port is wanted.
 */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/filter_state.h"

/* Plain loads, in the machine's byte order. */
unsigned long long load_byte(void *skb, unsigned long long offset) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long offset) asm("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long offset) asm("llvm.bpf.load.word");

enum {
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_UDP = 17,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_AUTHENTICATION = 51,
	PROTOCOL_DESTINATION = 60,
	PROTOCOL_MOBILITY = 135,
	PROTOCOL_HIP = 139,
	PROTOCOL_SHIM6 = 140,

	IPV4_HEADER_BYTES_MIN = 20,
	IPV4_FRAGMENT_OFFSET_MASK = 0x1fff,
	IPV6_HEADER_BYTES = 40,
	IPV6_FRAGMENT_OFFSET_MASK = 0xfff8,
	EXTENSION_BYTES_MIN = 8,
	EXTENSION_HEADERS_MAX = 8, /* as TT_EXTENSION_HEADERS_MAX of decode/ */
	PORTS_BYTES = 4,
};

/* What the headers say; values above the reasons to reject. */
enum {
	HEADERS_READ = TT_FILTER_REJECT_COUNT,
};

struct tt_filter_state state;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TT_FILTER_SOURCE_COUNT);
	__type(key, __u32);
	__type(value, struct tt_filter_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TT_FILTER_INTERFACES_MAX);
	__type(key, __u32);
	__type(value, __u8);
} interfaces SEC(".maps");

/* Finds the UDP header of an IPv4 packet: HEADERS_READ, or the reason to reject it. */
static __always_inline __u32 walk_ipv4(struct __sk_buff *skb, __u32 *ret_offset)
{
	__u32 first, word, header_bytes;

	if (skb->len < IPV4_HEADER_BYTES_MIN)
		return TT_FILTER_REJECT_MALFORMED;

	first = load_byte(skb, 0);
	header_bytes = (first & 15) * 4;
	if (first >> 4 != 4 || header_bytes < IPV4_HEADER_BYTES_MIN)
		return TT_FILTER_REJECT_MALFORMED;

	word = load_word(skb, 6); /* flags and fragment offset, time to live, protocol */
	if ((word & 0xff) != PROTOCOL_UDP)
		return TT_FILTER_REJECT_NOT_UDP;
	if (word >> 16 & IPV4_FRAGMENT_OFFSET_MASK)
		return TT_FILTER_REJECT_FRAGMENT;

	*ret_offset = header_bytes;
	return HEADERS_READ;
}

static __always_inline bool is_extension(__u32 kind)
{
	switch (kind) {
	case PROTOCOL_HOP_BY_HOP:
	case PROTOCOL_ROUTING:
	case PROTOCOL_FRAGMENT:
	case PROTOCOL_AUTHENTICATION:
	case PROTOCOL_DESTINATION:
	case PROTOCOL_MOBILITY:
	case PROTOCOL_HIP:
	case PROTOCOL_SHIM6:
		return true;
	default:
		return false;
	}
}

/* Walks the extension headers of an IPv6 packet; as walk_ipv4(). */
static __always_inline __u32 walk_extensions(struct __sk_buff *skb, __u32 next, __u32 *ret_offset)
{
	__u32 offset = IPV6_HEADER_BYTES;

	for (int i = 0; i < EXTENSION_HEADERS_MAX; i++) {
		__u32 word, length;

		if (!is_extension(next))
			return TT_FILTER_REJECT_NOT_UDP;
		if (skb->len < offset + EXTENSION_BYTES_MIN)
			return TT_FILTER_REJECT_MALFORMED;
		word = load_word(skb,
				 offset); /* next header, length, and of a fragment its offset */
		length = word >> 16 & 0xff;
		if (next == PROTOCOL_FRAGMENT) {
			if (word & IPV6_FRAGMENT_OFFSET_MASK)
				return TT_FILTER_REJECT_FRAGMENT;
			offset += 8;
		} else if (next == PROTOCOL_AUTHENTICATION) {
			offset += (length + 2) * 4;
		} else {
			offset += (length + 1) * 8;
		}

		next = word >> 24;
		if (next == PROTOCOL_UDP) {
			*ret_offset = offset;
			return HEADERS_READ;
		}
	}
	/* One header too many; what is no header at all has ended the chain in time. */
	return is_extension(next) ? TT_FILTER_REJECT_MALFORMED : TT_FILTER_REJECT_NOT_UDP;
}

/* Finds the UDP header of an IPv6 packet; as walk_ipv4(). */
static __always_inline __u32 walk_ipv6(struct __sk_buff *skb, __u32 *ret_offset)
{
	__u32 next;

	if (skb->len < IPV6_HEADER_BYTES)
		return TT_FILTER_REJECT_MALFORMED;
	if (load_byte(skb, 0) >> 4 != 6)
		return TT_FILTER_REJECT_MALFORMED;

	next = load_byte(skb, 6);
	if (next == PROTOCOL_UDP) {
		*ret_offset = IPV6_HEADER_BYTES;
		return HEADERS_READ;
	}
	return walk_extensions(skb, next, ret_offset);
}

static __always_inline bool port_is_in(const struct tt_filter_bank *bank, __u32 port)
{
	return bank->ports[port >> 6 & (TT_FILTER_PORTS_WORDS - 1)] >> (port & 63) & 1;
}

/* Whether the ports are wanted: HEADERS_READ, or the reason to reject. */
static __always_inline __u32 judge_ports(struct __sk_buff *skb, const struct tt_filter_bank *bank,
					 __u32 offset)
{
	__u32 ports, side = bank->port_side;

	if (skb->len < offset + PORTS_BYTES)
		return TT_FILTER_REJECT_MALFORMED;

	ports = load_word(skb, offset);
	if (side != TT_FILTER_SIDE_SOURCE && port_is_in(bank, ports & 0xffff))
		return HEADERS_READ;
	if (side != TT_FILTER_SIDE_DESTINATION && port_is_in(bank, ports >> 16))
		return HEADERS_READ;
	return TT_FILTER_REJECT_PORT;
}

/* Whether the packet is wanted: HEADERS_READ, or the reason to reject it. */
static __always_inline __u32 judge(struct __sk_buff *skb, const struct tt_filter_bank *bank,
				   __u32 source)
{
	__u32 ifindex = skb->ifindex;
	__u32 offset = 0;
	__u32 result;

	if (!(bank->packet_types >> (skb->pkt_type & 7) & 1))
		return TT_FILTER_REJECT_PACKET_TYPE;
	if (state.checks_interface && !bpf_map_lookup_elem(&interfaces, &ifindex))
		return TT_FILTER_REJECT_INTERFACE;

	if (source == TT_FILTER_SOURCE_IPV4)
		result = walk_ipv4(skb, &offset);
	else
		result = walk_ipv6(skb, &offset);

	if (bank->takes_all_ports)
		return result == TT_FILTER_REJECT_MALFORMED ? HEADERS_READ : result;
	if (result != HEADERS_READ)
		return result;
	return judge_ports(skb, bank, offset);
}

/*
 * Without CAP_PERFMON the verifier guards against speculation: each addition to a pointer
 * must have one limit, whichever way leads to it. The reason is another constant on each
 * way, so it is no index here, but a place in the program.
 */
static __always_inline void count_rejected(struct tt_filter_counters *count, __u32 result)
{
	switch (result) {
	case TT_FILTER_REJECT_PACKET_TYPE:
		count->rejected[TT_FILTER_REJECT_PACKET_TYPE]++;
		barrier(); /* or the compiler would make one addition of them */
		break;
	case TT_FILTER_REJECT_INTERFACE:
		count->rejected[TT_FILTER_REJECT_INTERFACE]++;
		barrier();
		break;
	case TT_FILTER_REJECT_NOT_UDP:
		count->rejected[TT_FILTER_REJECT_NOT_UDP]++;
		barrier();
		break;
	case TT_FILTER_REJECT_PORT:
		count->rejected[TT_FILTER_REJECT_PORT]++;
		barrier();
		break;
	case TT_FILTER_REJECT_FRAGMENT:
		count->rejected[TT_FILTER_REJECT_FRAGMENT]++;
		barrier();
		break;
	case TT_FILTER_REJECT_MALFORMED:
		count->rejected[TT_FILTER_REJECT_MALFORMED]++;
		barrier();
		break;
	default: /* for no other reason yet */
		break;
	}
}

SEC("socket")
int tt_filter(struct __sk_buff *skb)
{
	__u32 source = TT_FILTER_SOURCE_IPV4;
	const struct tt_filter_bank *bank;
	struct tt_filter_counters *count;
	__u32 result;

	if (!state.gate)
		return 0;

	if (skb->protocol != bpf_htons(ETH_P_IP))
		source = TT_FILTER_SOURCE_IPV6;
	count = bpf_map_lookup_elem(&counters, &source);
	if (!count)
		return 0; /* cannot be: the map has an entry for each source */
	count->seen++;

	bank = &state.banks[*(volatile __u32 *)&state.bank_index & 1]; /* once: invariant 1 */
	result = judge(skb, bank, source);
	if (result < TT_FILTER_REJECT_COUNT) {
		count_rejected(count, result);
		return 0;
	}

	count->accepted++;
	return bank->snap_bytes;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
