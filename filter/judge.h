/* SPDX-License-Identifier: MIT */

/*
 * The filter's judgement, in C
 *
 * Says of a frame what the kernel's program says of it, by the same conditions in the same
 * order. It is what narrows a classic filter's superset, what tells by which conditions a
 * frame was taken while they changed, and what the programs are tested against.
 */

#pragma once

#include "filter/conditions.h"
#include "filter/fragments.h"
#include "packet/frame.h"

/* Values beside the reasons, TT_FILTER_REJECT_*. */
enum {
	TT_JUDGED_TAKEN = TT_FILTER_REJECT_COUNT,
	TT_JUDGED_UNKNOWN, /* it depends on bytes that were not captured, or on a first fragment */
};

struct tt_judgement {
	uint32_t result;       /* a reason, or TT_JUDGED_* */
	uint32_t snap_bytes;   /* how much of it is captured, if it is taken */
	bool is_late_fragment; /* with TT_FILTER_REJECT_FRAGMENT: its first came too long ago */
};

/*
 * Whether a frame of the socket of every protocol counts at all: what this host sends, of a
 * family that is wanted, and not to itself. The rest is given to other sockets.
 */
bool tt_judge_is_sent(const struct tt_conditions *conditions, const struct tt_frame *frame);

/*
 * Judges a frame. First fragments that are taken are put into @fragments; when it is NULL,
 * other fragments are TT_JUDGED_UNKNOWN if they depend on a first.
 */
struct tt_judgement tt_judge_frame(const struct tt_conditions *conditions,
				   struct tt_fragments *fragments, const struct tt_frame *frame);
