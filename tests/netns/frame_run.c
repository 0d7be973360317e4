/* SPDX-License-Identifier: MIT */

/*
 * A frame, run through a program of the kernel
 */

#include "tests/netns/frame_run.h"

#include <bpf/bpf.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>

#include "tests/netns/filter_fixture.h"

enum {
	PROTOCOL_EXPERIMENT = 0x88b5, /* IEEE 802's for local experiments */
};

bool frame_is_too_short(const struct tt_frame *frame, enum run_as as)
{
	uint32_t bytes_min = 1;

	if (as == RUN_AS_IP)
		bytes_min = frame->version == 4 ? IPV4_BYTES : IPV6_BYTES;
	return frame->captured_bytes < bytes_min;
}

bool frame_is_too_long(const struct tt_frame *frame)
{
	return frame->captured_bytes > PACKET_BYTES_MAX;
}

static uint16_t protocol_of(const struct tt_frame *frame, enum run_as as)
{
	if (as == RUN_AS_NOTHING)
		return PROTOCOL_EXPERIMENT;
	return frame->version == 4 ? ETH_P_IP : ETH_P_IPV6;
}

uint32_t run_frame(int program_fd, const struct tt_frame *frame, enum run_as as)
{
	/* The loopback's own address is all zero. */
	static const uint8_t destinations[][ETH_ALEN] = {
		[PACKET_HOST] = { 0 },
		[PACKET_BROADCAST] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		[PACKET_MULTICAST] = { 0x01, 0x00, 0x5e, 0, 0, 1 },
		[PACKET_OTHERHOST] = { 0x02, 0, 0, 0, 0, 0x08 },
		[PACKET_OUTGOING] = { 0 },
	};
	static uint8_t bytes[FRAME_BYTES_MAX];
	struct __sk_buff context = { .ifindex = LOOPBACK_INDEX };
	uint16_t protocol = htobe16(protocol_of(frame, as));
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes,
		    .data_size_in = ETH_HLEN + frame->captured_bytes, .ctx_in = &context,
		    .ctx_size_in = sizeof(context));
	int r;

	context.cb[TT_FILTER_CB_SOURCE] = TT_FILTER_SOURCE_IPV6;
	assert_false(frame_is_too_long(frame));
	assert_true(frame->packet_type < sizeof(destinations) / sizeof(destinations[0]));
	memcpy(bytes, destinations[frame->packet_type], ETH_ALEN);
	memcpy(bytes + 2 * (size_t)ETH_ALEN, &protocol, sizeof(protocol));
	memcpy(bytes + ETH_HLEN, frame->bytes, frame->captured_bytes);
	r = bpf_prog_test_run_opts(program_fd, &opts);
	if (r < 0)
		fail_msg("test run of %u bytes: %s", frame->captured_bytes, strerror(-r));
	return opts.retval;
}
