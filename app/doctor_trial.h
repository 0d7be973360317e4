/* SPDX-License-Identifier: MIT */

/*
 * What "twintap doctor" tries, instead of guessing from versions and capabilities
 *
 * Each step of opening a receiver is done as a capture does it, with the smallest rings,
 * and undone at once: nothing is received, and nothing is left behind.
 */

#pragma once

#include "twintap/error.h"

enum {
	TT_DOCTOR_NOT_TRIED = 1, /* what it stands on failed */
};

struct tt_doctor_trial {
	int packet_status;     /* of opening a packet socket: 0 or a negative errno */
	int ring_status;       /* of choosing TPACKET_V3 there; or NOT_TRIED */
	int receiver_status;   /* of opening a receiver */
	struct tt_error error; /* what failed of the receiver */
	char fallback_reason[TT_ERROR_MESSAGE_BYTES]; /* why its filter is not eBPF; "": it is */
};

void tt_doctor_try(struct tt_doctor_trial *ret_trial);
