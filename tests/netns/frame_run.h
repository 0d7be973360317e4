/* SPDX-License-Identifier: MIT */

/*
 * A frame, run through a program of the kernel
 *
 * By BPF_PROG_TEST_RUN, behind an Ethernet header whose destination makes the packet's
 * type and whose protocol picks the source. Faster than filter_fixture.h and without a
 * word of what must come out. A translated expression that is run by itself is that of the
 * second source, which packets of no known protocol belong to.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "packet/frame.h"

enum run_as {
	RUN_AS_IP,      /* of the frame's version: the kernel wants the fixed header whole */
	RUN_AS_NOTHING, /* of a protocol that the kernel knows nothing of: any length but 0 */
};

/* Whether the kernel runs a program on a packet of that many bytes. */
bool frame_is_too_short(const struct tt_frame *frame, enum run_as as);
bool frame_is_too_long(const struct tt_frame *frame);

/*
 * What the program returns for what was captured of the frame, on the loopback. Types that
 * nothing is received as are that of packets for this host. Fails the test if it is not run.
 */
uint32_t run_frame(int program_fd, const struct tt_frame *frame, enum run_as as);
