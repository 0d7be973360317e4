/* SPDX-License-Identifier: MIT */

/*
 * A source over another: only what is wanted of its frames
 *
 * The filter in user space, for frames that no kernel has judged: those of trace files. It
 * counts what it sees and why it rejects, as the kernel's does, and cuts what it takes.
 */

#pragma once

#include "filter/conditions.h"
#include "packet/source.h"

/*
 * Takes over @inner, unless it fails: -ENOMEM. The conditions are borrowed, and are not
 * changed once the first batch was read.
 */
int tt_sift_new(struct tt_source **ret_source, struct tt_source *inner,
		const struct tt_conditions *conditions);

/*
 * Whether the last TT_EMPTY was said so that others get a turn, after many frames of which none was
 * wanted: there may be more, and nobody tells of it.
 */
bool tt_sift_is_paused(const struct tt_source *source);

/* From here on nothing comes any more: what @source has not given is never seen. */
void tt_sift_close(struct tt_source *source);
