/* SPDX-License-Identifier: MIT */

/*
 * Load source: frames into a device's receive path, exactly counted
 *
 * Runs an XDP program over live frames (BPF_PROG_TEST_RUN), so that packets enter
 * the stack of the named device without a sender, a queue or a possible loss
 * before the taps. Everything happens on the calling thread and in its network
 * namespace; a packet socket on the device sees the frames as PACKET_HOST,
 * PACKET_OTHERHOST or PACKET_BROADCAST.
 *
 * Invariant 1: same options, same frames.
 * Invariant 2: the counts name exactly the frames that entered the stack, also
 *              after an interrupted send; only after -ENOMEM the last burst is unsure.
 */

#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "tests/support/load_frame.h"

enum tt_load_target {
	TT_LOAD_TO_HOST,       /* the device's own address */
	TT_LOAD_TO_OTHER_HOST, /* the stack drops these behind the taps at once: the cheapest floor */
	TT_LOAD_TO_BROADCAST,
};

struct tt_load_options {
	const char *interface; /* borrowed until tt_load_new() returns */
	uint32_t frame_bytes;  /* 78 to 2048, Ethernet header included */
	uint64_t rate_pps;     /* 0: as fast as it goes */
	uint32_t burst_frames; /* 1 to 256: frames that enter the stack together */
	uint32_t stream;       /* written into every payload */
	enum tt_load_target target;
	uint8_t hop_limit;
	struct in_addr source4, destination4;
	struct in6_addr source6, destination6;
	uint16_t source_port;
	uint32_t flows_count;  /* source ports in use, from source_port on */
	const uint16_t *ports; /* wanted, taken in turn; borrowed as above */
	uint32_t ports_count;
	uint16_t unwanted_port;
	struct tt_load_share ipv6;
	struct tt_load_share wanted;
	uint32_t malformed_every; /* every so many frames of each family; 0: never */
	uint32_t not_udp_every;
	uint32_t fragment_every;
	bool is_udp4_unsummed; /* IPv4 datagrams with checksum 0 */
	/*
	 * How many of IPv4's wanted frames a reader has behind it, or NULL. With it and a rate
	 * in stretches, every twentieth of a second waits until the reader has the last but
	 * for a round of the ports: so nothing is lost for want of a CPU. Borrowed.
	 */
	const _Atomic uint64_t *reader_progress;
};

struct tt_load_counts {
	uint64_t sent;
	uint64_t family[TT_LOAD_FAMILY_COUNT];
	uint64_t kind[TT_LOAD_KIND_COUNT];
	uint64_t by[TT_LOAD_FAMILY_COUNT][TT_LOAD_KIND_COUNT];
	int64_t duration_ns; /* spent in the send calls */
	int64_t cpu_ns;      /* of which the thread was on the CPU: the receive path included */
};

struct tt_load;

/*
 * The defaults: 106-byte frames, half of them IPv6, all wanted, to port 4242 of this
 * host, from 198.18.0.1 and fd00:7474::1 to the same networks' .2 and ::2, bursts of 64.
 */
void tt_load_options_init(struct tt_load_options *ret_options);

/*
 * Loads the program for a device of the calling thread's namespace. -EPERM without
 * root, -EOPNOTSUPP where the kernel has no live frames (before 5.18).
 */
int tt_load_new(struct tt_load **ret_load, const struct tt_load_options *options,
		struct tt_error *reterr);
void tt_load_free(struct tt_load *load);

/*
 * Sends @frames_count more frames, exactly; fewer only on a failure or when told to stop.
 * From 10,000 a second on the pace is kept by spinning in the kernel.
 */
int tt_load_send(struct tt_load *load, uint64_t frames_count, struct tt_error *reterr);

/* Sends for @duration_ns. */
int tt_load_send_for(struct tt_load *load, int64_t duration_ns, struct tt_error *reterr);

/* Ends this and all later sends early; from any thread or signal handler. */
void tt_load_stop(struct tt_load *load);

/* What was sent since tt_load_new(); from any thread, exact once the send returned. */
void tt_load_read_counts(const struct tt_load *load, struct tt_load_counts *ret_counts);

/*
 * Waits until another thread has sent @frames_count since tt_load_new(), or for seconds in
 * vain; gives how many it has.
 */
uint64_t tt_load_await_sent(const struct tt_load *load, uint64_t frames_count);
