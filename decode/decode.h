/* SPDX-License-Identifier: MIT */

/*
 * From a frame to a datagram: IPv4, IPv6 and its extension chain, UDP
 *
 * Pure: no input or output, no memory of its own, no state between calls. Reads
 * the captured bytes only, however the headers lie about lengths.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/frame.h"
#include "twintap/datagram.h"

/*
 * Extension headers of one packet that are walked, and bytes that the chain may have.
 * The kernel's filter (bpf/) stops at the same limits: both must say the same.
 */
enum {
	TT_EXTENSION_HEADERS_MAX = 8,
};

/* Reads the headers of @frame; writes all of @ret_datagram, worker_index and LOCAL as zero. */
void tt_decode_frame(const struct tt_frame *frame, struct tt_datagram *ret_datagram);

/*
 * Verifies the UDP checksum of a datagram whose verdict is OK and sets the verdict to
 * BAD_CHECKSUM if it is wrong. One that is absent (IPv4 only), still to be made by
 * hardware, verified before, or whose payload was cut is left as it is.
 */
void tt_decode_verify_checksum(struct tt_datagram *datagram);
