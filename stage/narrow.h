/* SPDX-License-Identifier: MIT */

/*
 * A source over a packet socket's: which conditions took each frame
 *
 * Gives its frames on, batch by batch, each batch with the number of the generation that
 * its frames were taken by. Where the kernel's filter is a classic one, which takes too
 * much, it leaves out what is not wanted and cuts the rest.
 */

#pragma once

#include "filter/filter.h"
#include "packet/source.h"
#include "twintap/error.h"

/*
 * Takes over @inner, whose frames @filter takes, unless it fails: -ENOMEM, -ENOSPC. The
 * filter outlives it.
 */
int tt_narrow_new(struct tt_source **ret_source, struct tt_source *inner, struct tt_filter *filter);
