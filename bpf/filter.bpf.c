/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */

/*
 * The filter of the packet sockets
 *
 * Runs once for each packet that reaches one of a receiver's sockets, with offset 0
 * at the IP header. It decides whether the socket takes the packet and how much of
 * it, and counts one reason for each that it leaves out.
 *
 * Order: gate, packet type, interface, family and headers, fragments, ports, the user's
 * expression, the memory of fragments, counters, snap length.
 *
 * The expression is a program of its own, translate.c's, to which this one goes by a
 * tail call; what it takes goes on with tt_accept, by another. What it leaves out ends
 * there, uncounted: it is what is left of seen when all the rest is taken away.
 *
 * Only the first fragment of a datagram has its ports. What is decided of it holds for
 * the others: when it is taken, a map remembers what they have in common. Where every
 * UDP datagram is wanted, a fragment that names UDP needs no first.
 *
 * Each read of a packet is a call of a kernel function, so the first bytes are fetched at
 * once, to where the expression finds them too. A plain load past the packet's end would
 * end the program at once and uncounted, so each is preceded by a test of the length.
 *
 * A packet whose ports cannot be read, because its headers are broken or cut, is
 * taken only when every port is wanted.
 *
 * Sockets of one protocol are given what comes in only, and have tt_filter. What this host
 * sends is shown to sockets of every protocol alone, with whatever else there is: there
 * tt_filter_outgoing leaves the rest out, uncounted, since others see it.
 */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/filter_state.h"

/* Plain loads, in the machine's byte order. */
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
	IPV4_ID_OFFSET = 4,
	IPV4_ADDRESSES_OFFSET = 12,
	IPV4_FRAGMENT_OFFSET_MASK = 0x1fff,
	IPV4_MORE_FRAGMENTS = 0x2000,
	IPV6_HEADER_BYTES = 40,
	IPV6_ADDRESSES_OFFSET = 8,
	IPV6_FRAGMENT_OFFSET_MASK = 0xfff8,
	IPV6_MORE_FRAGMENTS = 1,
	FRAGMENT_ID_OFFSET = 4, /* in the extension header */
	EXTENSION_BYTES_MIN = 8,
	EXTENSION_HEADERS_MAX = 8, /* as TT_EXTENSION_HEADERS_MAX of decode/ */
	PORTS_BYTES = 4,
	UDP_HEADER_BYTES = 8,
};

#define NS_PER_S 1000000000ULL

/* What the headers say; values above the reasons to reject. */
enum {
	HEADERS_READ = TT_FILTER_REJECT_COUNT,
};

struct tt_filter_state state;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TT_FILTER_SOURCE_COUNT);
	__type(key, __u32);
	__type(value, struct tt_filter_cpu);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TT_FILTER_INTERFACES_MAX);
	__type(key, __u32);
	__type(value, __u8);
} interfaces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TT_FILTER_FRAGMENTS_MAX);
	__type(key, struct tt_filter_fragment_key);
	__type(value, struct tt_filter_fragment);
} fragments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TT_FILTER_SLOT_COUNT);
	__type(key, __u32);
	__type(value, __u32);
} slots SEC(".maps");

/*
 * What was found in the headers goes into __sk_buff.cb, where the programs behind a tail
 * call find it, and where the verifier forgets what it knew of it: in variables it would
 * follow every length that a chain of headers can have. Volatile, or the compiler would
 * keep them in variables after all.
 */
static __always_inline void put(struct __sk_buff *skb, unsigned int place, __u32 value)
{
	*(volatile __u32 *)&skb->cb[place] = value;
}

static __always_inline __u32 get(const struct __sk_buff *skb, unsigned int place)
{
	return *(const volatile __u32 *)&skb->cb[place];
}

/* Fetches the packet's first bytes. */
static __always_inline bool fetch_prefix(struct __sk_buff *skb, struct tt_filter_cpu *cpu)
{
	__u32 bytes = skb->len;

	if (bytes > TT_FILTER_PREFIX_BYTES)
		bytes = TT_FILTER_PREFIX_BYTES;
	if (bytes == 0)
		return true;
	/* 1 to 64 it is; this way verifiers know it too that do not conclude it from tests. */
	barrier_var(bytes);
	bytes = ((bytes - 1) & (TT_FILTER_PREFIX_BYTES - 1)) + 1;
	return bpf_skb_load_bytes(skb, 0, cpu->prefix, bytes) == 0;
}

/* A word at an offset that the packet is known to have. */
static __always_inline __u32 read_word(struct __sk_buff *skb, const struct tt_filter_cpu *cpu,
				       __u32 offset)
{
	if (offset > TT_FILTER_PREFIX_BYTES - 4)
		return load_word(skb, offset);
	/* Says it once more, to verifiers that lose the test on the way to the load. */
	barrier_var(offset);
	offset &= TT_FILTER_PREFIX_BYTES - 1;
	return bpf_ntohl(*(const __u32 *)(cpu->prefix + offset));
}

/* Finds the UDP header of an IPv4 packet: HEADERS_READ, or the reason to reject it. */
static __always_inline __u32 walk_ipv4(struct __sk_buff *skb, const struct tt_filter_cpu *cpu)
{
	__u32 first, word, header_bytes, fragment;

	put(skb, TT_FILTER_CB_OFFSET, IPV4_HEADER_BYTES_MIN);
	put(skb, TT_FILTER_CB_ID_OFFSET, 0);
	if (skb->len < IPV4_HEADER_BYTES_MIN)
		return TT_FILTER_REJECT_MALFORMED;

	first = cpu->prefix[0];
	header_bytes = (first & 15) * 4;
	if (first >> 4 != 4 || header_bytes < IPV4_HEADER_BYTES_MIN)
		return TT_FILTER_REJECT_MALFORMED;

	word = read_word(skb, cpu, 6); /* flags and fragment offset, time to live, protocol */
	if ((word & 0xff) != PROTOCOL_UDP)
		return TT_FILTER_REJECT_NOT_UDP;

	put(skb, TT_FILTER_CB_OFFSET, header_bytes);
	fragment = word >> 16;
	if (fragment & (IPV4_FRAGMENT_OFFSET_MASK | IPV4_MORE_FRAGMENTS))
		put(skb, TT_FILTER_CB_ID_OFFSET, IPV4_ID_OFFSET);
	if (fragment & IPV4_FRAGMENT_OFFSET_MASK) {
		put(skb, TT_FILTER_CB_OFFSET, header_bytes - UDP_HEADER_BYTES); /* there is none */
		put(skb, TT_FILTER_CB_NEXT, PROTOCOL_UDP);
		return TT_FILTER_REJECT_FRAGMENT;
	}
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
static __always_inline __u32 walk_extensions(struct __sk_buff *skb, const struct tt_filter_cpu *cpu)
{
	/* Unrolled: on its speculative ways Linux 6.1 takes it for a loop without an end. */
#pragma unroll
	for (int i = 0; i < EXTENSION_HEADERS_MAX; i++) {
		__u32 kind = get(skb, TT_FILTER_CB_NEXT);
		__u32 offset = get(skb, TT_FILTER_CB_OFFSET);
		__u32 word, length;

		if (!is_extension(kind))
			return TT_FILTER_REJECT_NOT_UDP;
		if (skb->len < offset + EXTENSION_BYTES_MIN)
			return TT_FILTER_REJECT_MALFORMED;
		/* Next header, length, and of a fragment its offset. */
		word = read_word(skb, cpu, offset);
		length = word >> 16 & 0xff;
		put(skb, TT_FILTER_CB_NEXT, word >> 24);
		if (kind == PROTOCOL_FRAGMENT) {
			if (word & (IPV6_FRAGMENT_OFFSET_MASK | IPV6_MORE_FRAGMENTS))
				put(skb, TT_FILTER_CB_ID_OFFSET, offset + FRAGMENT_ID_OFFSET);
			if (word & IPV6_FRAGMENT_OFFSET_MASK)
				return TT_FILTER_REJECT_FRAGMENT;
			offset += 8;
		} else if (kind == PROTOCOL_AUTHENTICATION) {
			offset += (length + 2) * 4;
		} else {
			offset += (length + 1) * 8;
		}

		put(skb, TT_FILTER_CB_OFFSET, offset);
		if (word >> 24 == PROTOCOL_UDP)
			return HEADERS_READ;
	}
	/* One header too many; what is no header at all has ended the chain in time. */
	return is_extension(get(skb, TT_FILTER_CB_NEXT)) ? TT_FILTER_REJECT_MALFORMED
							 : TT_FILTER_REJECT_NOT_UDP;
}

/* Finds the UDP header of an IPv6 packet; as walk_ipv4(). */
static __always_inline __u32 walk_ipv6(struct __sk_buff *skb, const struct tt_filter_cpu *cpu)
{
	__u32 next;

	put(skb, TT_FILTER_CB_OFFSET, IPV6_HEADER_BYTES);
	put(skb, TT_FILTER_CB_ID_OFFSET, 0);
	if (skb->len < IPV6_HEADER_BYTES)
		return TT_FILTER_REJECT_MALFORMED;
	if (cpu->prefix[0] >> 4 != 6)
		return TT_FILTER_REJECT_MALFORMED;

	next = cpu->prefix[6];
	if (next == PROTOCOL_UDP)
		return HEADERS_READ;
	put(skb, TT_FILTER_CB_NEXT, next);
	return walk_extensions(skb, cpu);
}

static __always_inline bool is_ipv4(const struct __sk_buff *skb)
{
	return skb->protocol == bpf_htons(ETH_P_IP);
}

/* Reads what the fragments of one datagram have in common. */
static __always_inline bool read_fragment_key(struct __sk_buff *skb,
					      struct tt_filter_fragment_key *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	if (is_ipv4(skb)) {
		key->version = 4;
		key->protocol = PROTOCOL_UDP;
		key->id = load_half(skb, IPV4_ID_OFFSET);
		return bpf_skb_load_bytes(skb, IPV4_ADDRESSES_OFFSET, key->source, 4) == 0 &&
		       bpf_skb_load_bytes(skb, IPV4_ADDRESSES_OFFSET + 4, key->destination, 4) == 0;
	}
	key->version = 6;
	key->id = load_word(skb, get(skb, TT_FILTER_CB_ID_OFFSET));
	return bpf_skb_load_bytes(skb, IPV6_ADDRESSES_OFFSET, key->source, 32) == 0;
}

/* Whether a fragment that is not the first belongs to a datagram that is taken. */
static __always_inline bool fragment_is_known(struct __sk_buff *skb,
					      struct tt_filter_counters *count)
{
	__u64 life_s = is_ipv4(skb) ? TT_FILTER_FRAGMENT_LIFE_IPV4_S
				    : TT_FILTER_FRAGMENT_LIFE_IPV6_S;
	const struct tt_filter_fragment *fragment;
	struct tt_filter_fragment_key key;

	if (!read_fragment_key(skb, &key))
		return false;
	fragment = bpf_map_lookup_elem(&fragments, &key);
	if (!fragment)
		return false;
	if (bpf_ktime_get_coarse_ns() - fragment->time_ns > life_s * NS_PER_S) {
		count->fragments_late++;
		return false;
	}
	return true;
}

/* Whether a fragment that is not the first is wanted: HEADERS_READ, or the reason to reject it. */
static __always_inline __u32 judge_fragment(struct __sk_buff *skb,
					    const struct tt_filter_bank *bank,
					    struct tt_filter_counters *count)
{
	if (!bank->follows_fragments)
		return TT_FILTER_REJECT_FRAGMENT;
	if (bank->takes_all_ports && !bank->has_expression &&
	    get(skb, TT_FILTER_CB_NEXT) == PROTOCOL_UDP)
		return HEADERS_READ;
	return fragment_is_known(skb, count) ? HEADERS_READ : TT_FILTER_REJECT_FRAGMENT;
}

static __always_inline bool port_is_in(const struct tt_filter_bank *bank, __u32 port)
{
	return bank->ports[port >> 6 & (TT_FILTER_PORTS_WORDS - 1)] >> (port & 63) & 1;
}

/* Whether the ports are wanted: HEADERS_READ, or the reason to reject. */
static __always_inline __u32 judge_ports(struct __sk_buff *skb, const struct tt_filter_bank *bank,
					 const struct tt_filter_cpu *cpu, __u32 offset)
{
	__u32 ports, side = bank->port_side;

	if (skb->len < offset + PORTS_BYTES)
		return TT_FILTER_REJECT_MALFORMED;

	ports = read_word(skb, cpu, offset);
	if (side != TT_FILTER_SIDE_SOURCE && port_is_in(bank, ports & 0xffff))
		return HEADERS_READ;
	if (side != TT_FILTER_SIDE_DESTINATION && port_is_in(bank, ports >> 16))
		return HEADERS_READ;
	return TT_FILTER_REJECT_PORT;
}

/* What comes before the headers: HEADERS_READ, or the reason to reject the packet. */
static __always_inline __u32 judge_origin(struct __sk_buff *skb, const struct tt_filter_bank *bank)
{
	__u32 ifindex = skb->ifindex;

	if (!(bank->packet_types >> (skb->pkt_type & 7) & 1))
		return TT_FILTER_REJECT_PACKET_TYPE;
	if (state.checks_interface && !bpf_map_lookup_elem(&interfaces, &ifindex))
		return TT_FILTER_REJECT_INTERFACE;
	return HEADERS_READ;
}

/* What the headers decide, @result being what walking them gave; as judge_origin(). */
static __always_inline __u32 judge_headers(struct __sk_buff *skb, const struct tt_filter_bank *bank,
					   const struct tt_filter_cpu *cpu, __u32 result)
{
	if (result == TT_FILTER_REJECT_NOT_UDP)
		return result;
	if (get(skb, TT_FILTER_CB_ID_OFFSET) && !bank->follows_fragments)
		return TT_FILTER_REJECT_FRAGMENT;
	if (bank->takes_all_ports)
		return HEADERS_READ;
	if (result != HEADERS_READ)
		return result;
	return judge_ports(skb, bank, cpu, get(skb, TT_FILTER_CB_OFFSET));
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

/* Takes the packet: how much of it is captured. */
static __always_inline __u32 take(struct __sk_buff *skb, const struct tt_filter_bank *bank,
				  struct tt_filter_counters *count)
{
	count->accepted++;
	if (bank->snap_bytes == TT_FILTER_SNAP_HEADERS)
		return get(skb, TT_FILTER_CB_OFFSET) + UDP_HEADER_BYTES;
	return bank->snap_bytes;
}

/* Takes what was judged by its own headers, and remembers it for the fragments that follow. */
static __always_inline __u32 take_first(struct __sk_buff *skb, const struct tt_filter_bank *bank,
					struct tt_filter_counters *count)
{
	if (get(skb, TT_FILTER_CB_ID_OFFSET)) {
		struct tt_filter_fragment fragment = { .time_ns = bpf_ktime_get_coarse_ns() };
		struct tt_filter_fragment_key key;

		if (read_fragment_key(skb, &key))
			(void)bpf_map_update_elem(&fragments, &key, &fragment, BPF_ANY);
	}
	return take(skb, bank, count);
}

/* Judges a packet that counts for a source. */
static __always_inline int judge(struct __sk_buff *skb, __u32 source)
{
	const struct tt_filter_bank *bank;
	struct tt_filter_counters *count;
	struct tt_filter_cpu *cpu;
	__u32 result, index;

	if (!state.gate)
		return 0;

	cpu = bpf_map_lookup_elem(&cpus, &source);
	if (!cpu)
		return 0; /* cannot be: the map has an entry for each source */
	count = &cpu->counters;
	count->seen++;

	index = *(volatile __u32 *)&state.bank_index & 1; /* once: invariant 1 */
	bank = &state.banks[index];
	result = judge_origin(skb, bank);
	if (result < TT_FILTER_REJECT_COUNT)
		goto rejected;

	result = TT_FILTER_REJECT_MALFORMED;
	if (!fetch_prefix(skb, cpu))
		goto rejected; /* cannot be: its length says that the bytes are there */
	result = is_ipv4(skb) ? walk_ipv4(skb, cpu) : walk_ipv6(skb, cpu);
	if (result == TT_FILTER_REJECT_FRAGMENT) {
		result = judge_fragment(skb, bank, count);
		if (result < TT_FILTER_REJECT_COUNT)
			goto rejected;
		return take(skb, bank, count);
	}
	result = judge_headers(skb, bank, cpu, result);
	if (result < TT_FILTER_REJECT_COUNT)
		goto rejected;
	if (!bank->has_expression)
		return take_first(skb, bank, count);

	put(skb, TT_FILTER_CB_BANK, index);
	put(skb, TT_FILTER_CB_SOURCE, source);
	/* A slot that the compiler knows is a direct jump. */
	if (index)
		bpf_tail_call_static(skb, &slots, TT_FILTER_SLOT_EXPRESSION_1);
	else
		bpf_tail_call_static(skb, &slots, TT_FILTER_SLOT_EXPRESSION_0);
	return 0; /* cannot be: the slot is filled before the bank says so */

rejected:
	count_rejected(count, result);
	return 0;
}

/* Of the sockets of one protocol. */
SEC("socket")
int tt_filter(struct __sk_buff *skb)
{
	return judge(skb, is_ipv4(skb) ? TT_FILTER_SOURCE_IPV4 : TT_FILTER_SOURCE_IPV6);
}

/* Of the socket of every protocol. The loopback's packets come in as well as they go out. */
SEC("socket")
int tt_filter_outgoing(struct __sk_buff *skb)
{
	__u32 family = 0;

	if (skb->pkt_type != PACKET_OUTGOING || skb->ifindex == TT_FILTER_LOOPBACK_INDEX)
		return 0;
	if (is_ipv4(skb))
		family = TT_FILTER_SENDS_IPV4;
	else if (skb->protocol == bpf_htons(ETH_P_IPV6))
		family = TT_FILTER_SENDS_IPV6;
	if (!(state.sends & family))
		return 0;
	return judge(skb, TT_FILTER_SOURCE_OUTGOING);
}

/* Where an expression goes on with what it takes. */
SEC("socket")
int tt_accept(struct __sk_buff *skb)
{
	__u32 source = get(skb, TT_FILTER_CB_SOURCE);
	struct tt_filter_cpu *cpu;

	cpu = bpf_map_lookup_elem(&cpus, &source);
	if (!cpu)
		return 0; /* cannot be, as above */
	return take_first(skb, &state.banks[get(skb, TT_FILTER_CB_BANK) & 1], &cpu->counters);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
