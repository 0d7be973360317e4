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
	TT_FILTER_SOURCE_COUNT,
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
	__u32 packet_types; /* bit n: type n is wanted */
	__u32 snap_bytes;   /* captured at most, from the IP header on */
};

struct tt_filter_state {
	__u32 gate; /* 0: closed, nothing is seen */
	__u32 bank_index;
	__u32 checks_interface; /* the set in the map of interfaces decides */
	__u32 reserved;
	struct tt_filter_bank banks[2];
};

/* One CPU's counts for one source; 128 bytes keep CPUs off each other's lines. */
struct tt_filter_counters {
	__u64 seen;
	__u64 accepted;
	__u64 rejected[14];
};
