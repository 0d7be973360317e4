/* SPDX-License-Identifier: MIT */

/*
 * What the load source's kernel program and its user space agree on
 *
 * User space builds one frame for each family and sums its bytes; the program
 * copies that frame, writes what differs from frame to frame, and counts.
 * Plain C for both compilers, of Linux's own types.
 */

#pragma once

#include <linux/types.h>

enum tt_load_family {
	TT_LOAD_IPV4,
	TT_LOAD_IPV6,
	TT_LOAD_FAMILY_COUNT,
};

enum tt_load_kind {
	TT_LOAD_WANTED,    /* UDP to one of the wanted ports */
	TT_LOAD_UNWANTED,  /* UDP to the other port */
	TT_LOAD_MALFORMED, /* UDP to a wanted port, its length larger than the packet */
	TT_LOAD_NOT_UDP,   /* protocol 6 with the bytes of a datagram */
	TT_LOAD_FRAGMENT,  /* the last fragment of a packet whose first one never came */
	TT_LOAD_KIND_COUNT,
};

enum {
	TT_LOAD_FRAME_BYTES_MIN = 78, /* Ethernet, IPv6, UDP and the stamp */
	TT_LOAD_FRAME_BYTES_MAX = 2048,
	TT_LOAD_BURST_FRAMES_MAX = 256, /* the kernel's limit */
	TT_LOAD_PORTS_MAX = 1024,

	TT_LOAD_IP_OFFSET = 14,
	TT_LOAD_UDP4_OFFSET = TT_LOAD_IP_OFFSET + 20,
	TT_LOAD_UDP6_OFFSET = TT_LOAD_IP_OFFSET + 40,
	TT_LOAD_UDP_BYTES = 8,

	/* The stamp at the payload's start; all fields big-endian. */
	TT_LOAD_STAMP_STREAM = 0,   /* 32 bits */
	TT_LOAD_STAMP_KIND = 4,     /* 8 bits: enum tt_load_kind */
	TT_LOAD_STAMP_FAMILY = 5,   /* 8 bits: enum tt_load_family; two bytes of zero follow */
	TT_LOAD_STAMP_SEQUENCE = 8, /* 64 bits: counts the frames of that kind and family from 0 */
	TT_LOAD_STAMP_BYTES = 16,

	TT_LOAD_LENGTH_EXCESS = 8,     /* what a malformed UDP length says too much */
	TT_LOAD_FRAGMENT_OFFSET = 185, /* in units of 8 bytes: behind a full first fragment */
	TT_LOAD_PROTOCOL_NOT_UDP = 6,
};

/* A share that is met exactly: @part of every @whole. */
struct tt_load_share {
	__u32 part;
	__u32 whole;
};

struct tt_load_settings {
	__u32 frame_bytes;
	__u32 burst_frames;
	__u64 rate_pps;              /* 0: no pacing by the program */
	struct tt_load_share ipv6;   /* of all frames */
	struct tt_load_share wanted; /* of the good datagrams of each family */
	__u32 malformed_every;       /* of each family; 0: never */
	__u32 not_udp_every;
	__u32 fragment_every;
	__u32 flows_count; /* source ports in use, from source_port on */
	__u16 source_port; /* host order, as all ports here */
	__u16 unwanted_port;
	__u32 ports_count;
	__u16 ports[TT_LOAD_PORTS_MAX];
	__u32 is_udp4_summed; /* 0: IPv4 datagrams carry checksum 0, "none" */
	/* Unfolded sums of what stays the same, as the checksums see it. */
	__u32 ipv4_sum;                      /* header without id, fragment word and protocol */
	__u32 udp_sum[TT_LOAD_FAMILY_COUNT]; /* without ports and the stamp's kind, sequence */
};

/* Written by user space: before a run, and stop also during one. */
struct tt_load_control {
	__u64 end_ns; /* monotonic; 0: none */
	__u32 stop;   /* not 0: pass nothing more on */
};

/* Written by the program; user space clears the run's part between two runs. */
struct tt_load_state {
	__u64 counts[TT_LOAD_FAMILY_COUNT][TT_LOAD_KIND_COUNT];
	__u64 refused; /* frames that could not be written: always 0 unless this code is wrong */
	__u32 ipv6_credit;
	__u32 wanted_credit[TT_LOAD_FAMILY_COUNT];
	__u32 malformed_credit[TT_LOAD_FAMILY_COUNT];
	__u32 not_udp_credit[TT_LOAD_FAMILY_COUNT];
	__u32 fragment_credit[TT_LOAD_FAMILY_COUNT];
	__u32 port_index[TT_LOAD_FAMILY_COUNT];
	__u32 flow_index[TT_LOAD_FAMILY_COUNT];
};

struct tt_load_run {
	__u64 first_ns;     /* when its first burst began; 0: not yet */
	__u64 paced_frames; /* whose time has come */
	__u64 skipped;      /* not passed on, since the end had come */
	__u32 burst_index;  /* of the next frame in its burst */
};
