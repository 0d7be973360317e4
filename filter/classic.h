/* SPDX-License-Identifier: MIT */

/*
 * The filter as a classic program, where the kernel takes no extended one
 *
 * It takes all that the conditions want, and more where it cannot say it exactly: a set of
 * ports with more ranges than there is room for is widened, the narrowest gaps first; an
 * expression that does not fit is left out; a chain of extension headers is not followed to
 * any length; of fragments that are not the first, all are taken. What is too much is left
 * out by judge.h.
 */

#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "filter/conditions.h"

struct tt_classic {
	struct sock_filter *code; /* owned */
	size_t count;
	bool is_widened; /* ports or the expression did not fit */
};

/*
 * Makes the program of a packet socket of one family, of at most @insns_max instructions;
 * what it takes it takes whole. -E2BIG when not even the widest program fits; -ENOMEM.
 */
int tt_classic_make(const struct tt_conditions *conditions, uint8_t version, size_t insns_max,
		    struct tt_classic *ret_classic);
void tt_classic_deinit(struct tt_classic *classic);
