/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */

/*
 * What the filter program and user space share
 *
 * Compiled for both sides. The state lies in a memory-mapped map: user space
 * writes it, the program reads it, and nobody waits for anybody.
 *
 * Invariant 1: the program reads bank_index once a packet, so that each packet is
 *              judged by exactly one bank.
 * Invariant 2: user space writes only the bank that bank_index does not name, and
 *              only after every run of the program that could still read it has ended.
 */

#pragma once

#include <linux/types.h>

enum {
	TT_FILTER_PORTS_WORDS = 65536 / 64,
	TT_FILTER_INTERFACES_MAX = 256,
	TT_FILTER_FRAGMENTS_MAX = 16384, /* fragmented datagrams that are followed at a time */
	TT_FILTER_SNAP_HEADERS = 0,      /* instead of a length: IP and UDP headers, no more */
	TT_FILTER_PREFIX_BYTES = 64,     /* IPv4 with all its options and the ports fit in */
};

/* How long a host waits for the rest of a fragmented datagram (RFC 8200, 4.5, and Linux). */
enum {
	TT_FILTER_FRAGMENT_LIFE_IPV4_S = 30,
	TT_FILTER_FRAGMENT_LIFE_IPV6_S = 60,
};

/* Programs that the filter goes on with: each bank's expression, and the end for what is taken. */
enum {
	TT_FILTER_SLOT_EXPRESSION_0,
	TT_FILTER_SLOT_EXPRESSION_1,
	TT_FILTER_SLOT_ACCEPT,
	TT_FILTER_SLOT_COUNT,
};

/* Which port decides; the values of enum tt_port_side. */
enum {
	TT_FILTER_SIDE_DESTINATION,
	TT_FILTER_SIDE_SOURCE,
	TT_FILTER_SIDE_EITHER,
};

/* Sources that the program tells apart; the values of enum tt_source_kind. */
enum {
	TT_FILTER_SOURCE_IPV4,
	TT_FILTER_SOURCE_IPV6,
	TT_FILTER_SOURCE_OUTGOING, /* of both families */
	TT_FILTER_SOURCE_COUNT,
};

/* Families that are taken of what is sent, as bits. */
enum {
	TT_FILTER_SENDS_IPV4 = 1 << 0,
	TT_FILTER_SENDS_IPV6 = 1 << 1,
};

/* The kernel gives each namespace's loopback this number, and there is no other loopback. */
enum {
	TT_FILTER_LOOPBACK_INDEX = 1,
};

/* Why a packet was rejected; the values of enum tt_reject. */
enum {
	TT_FILTER_REJECT_PACKET_TYPE,
	TT_FILTER_REJECT_INTERFACE,
	TT_FILTER_REJECT_NOT_UDP,
	TT_FILTER_REJECT_PORT,
	TT_FILTER_REJECT_EXPRESSION,
	TT_FILTER_REJECT_FRAGMENT,
	TT_FILTER_REJECT_MALFORMED,
	TT_FILTER_REJECT_COUNT,
};

/* One set of conditions, judged as a whole. */
struct tt_filter_bank {
	__u64 ports[TT_FILTER_PORTS_WORDS]; /* bit p % 64 of word p / 64: port p is wanted */
	__u32 takes_all_ports;              /* then ports is not read */
	__u32 port_side;
	__u32 packet_types;      /* bit n: type n is wanted */
	__u32 snap_bytes;        /* captured at most, from the IP header on; or SNAP_HEADERS */
	__u32 has_expression;    /* in this bank's slot */
	__u32 follows_fragments; /* else no fragment is taken */
	__u32 reserved[2];
};

/* What the fragments of one datagram have in common. */
struct tt_filter_fragment_key {
	__u32 source[4]; /* as in the header; IPv4 has one word */
	__u32 destination[4];
	__u32 id;
	__u8 version;  /* 4 or 6 */
	__u8 protocol; /* IPv4's; in IPv6 it is no part of the key (RFC 8200, 4.5) */
	__u16 reserved;
};

/* What is known of a datagram whose first fragment was taken. */
struct tt_filter_fragment {
	__u64 time_ns; /* when it came */
};

struct tt_filter_state {
	__u32 gate; /* 0: closed, nothing is seen */
	__u32 bank_index;
	__u32 checks_interface; /* the set in the map of interfaces decides */
	__u32 sends;            /* TT_FILTER_SENDS_*; read behind tt_filter_outgoing only */
	struct tt_filter_bank banks[2];
};

/* One CPU's counts for one source; 128 bytes keep CPUs off each other's lines. */
struct tt_filter_counters {
	__u64 seen;
	__u64 accepted;
	__u64 rejected[13];   /* EXPRESSION is none of them: it is what is left of seen */
	__u64 fragments_late; /* of rejected[FRAGMENT]: came after the time to wait for them */
};

/* What one CPU has for one source. */
struct tt_filter_cpu {
	struct tt_filter_counters counters;
	__u8 prefix[TT_FILTER_PREFIX_BYTES]; /* the first bytes of the packet under way */
	__u8 reserved[8];                    /* behind a word that begins in the last of them */
};

/* Words that the programs leave each other in __sk_buff.cb. */
enum {
	TT_FILTER_CB_BANK,
	TT_FILTER_CB_SOURCE,
	TT_FILTER_CB_OFFSET,    /* of the UDP header, or of the one at which the walk ended */
	TT_FILTER_CB_ID_OFFSET, /* of what names the datagram that a fragment is part of; 0: whole */
	TT_FILTER_CB_NEXT,      /* IPv6: what the header that was read last names */
};
