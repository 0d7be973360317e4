/* SPDX-License-Identifier: MIT */

/*
 * The filter as a classic program, where the kernel takes no extended one
 *
 * It takes all that the conditions want, and more where it cannot say it exactly: a set of
 * ports with more ranges than there is room for is widened, the narrowest gaps first; an
 * expression that does not fit, or that the kernel would read otherwise, is left out; of
 * fragments that are not the first, all are taken. What is too much is left out by judge.h.
 */

#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "filter/conditions.h"

enum {
	/*
	 * Room for a program of any conditions: what TT_FILTER_INTERFACES_MAX interfaces and
	 * the walk over extension headers need at most. Converted by the kernel, as many
	 * instructions take less than 20,480 bytes, the least usual net.core.optmem_max; but
	 * while one filter replaces another, both count, and two of this size are too large.
	 */
	TT_CLASSIC_INSNS_MIN = 1024,
};

struct tt_classic {
	struct sock_filter *code; /* owned */
	size_t count;
	bool is_widened; /* ports or the expression did not fit */
};

/*
 * Makes the program of a packet socket, @source being TT_FILTER_SOURCE_*, of at most @insns_max instructions,
 * itself at most BPF_MAXINSNS; what it takes it takes whole. -E2BIG when not even the
 * widest program fits, which cannot be from TT_CLASSIC_INSNS_MIN on; -ENOMEM.
 */
int tt_classic_make(const struct tt_conditions *conditions, uint32_t source, size_t insns_max,
		    struct tt_classic *ret_classic);
void tt_classic_deinit(struct tt_classic *classic);
