/* SPDX-License-Identifier: MIT */

/*
 * From a link's header to the IP packet behind it
 *
 * Link types with IP packets: RAW, IPV4, IPV6, NULL, LOOP, Ethernet, LINUX_SLL and
 * LINUX_SLL2, the last three with any VLAN tags. A packet of any other type, or that is no
 * IP, or whose link header is cut, stays as it was captured, with version 0.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "packet/frame.h"
#include "packet/origin.h"

/*
 * Takes the link header off a frame: its bytes and lengths move behind it, its version is
 * what the link promised, its packet type what the link tells or else HOST. Fills in what
 * the origin says of hardware and sender, and the kernel's interface number, 0 if the link does not tell
 * it. Returns whether the link told the packet type as the kernel saw it.
 */
bool tt_link_header_take(uint32_t link_type, struct tt_frame *frame, struct tt_origin *ret_origin,
			 uint32_t *ret_kernel_index);
