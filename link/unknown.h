/* SPDX-License-Identifier: MIT */

/*
 * The sentence about a name that nothing has: it tells what names there are
 *
 * Names are added as far as there is room, and a sentence that has not all of them says
 * so. They are bytes that came from people and files: what is no printable ASCII is escaped.
 */

#pragma once

#include "base/error.h"
#include "base/text.h"

struct tt_unknown {
	char bytes[TT_ERROR_MESSAGE_BYTES];
	struct tt_text text; /* over the bytes: not to be copied */
	size_t names_count;
	bool is_cut;
};

/* Begins with: no @thing "@name". */
void tt_unknown_init(struct tt_unknown *unknown, const char *thing, const char *name);
void tt_unknown_add(struct tt_unknown *unknown, const char *name);
/* Words the failure, with @otherwise when no name was added, and returns @code. */
int tt_unknown_set(struct tt_unknown *unknown, int code, const char *otherwise,
		   struct tt_error *reterr);
