/* SPDX-License-Identifier: MIT */

/*
 * The filter as a classic program, where the kernel takes no extended one
 *
 * The widest there is: it takes everything.
 */

#include "filter/classic.h"

#include <errno.h>
#include <stdlib.h>

int tt_classic_make(const struct tt_conditions *conditions, uint8_t version, size_t insns_max,
		    struct tt_classic *ret_classic)
{
	struct sock_filter *code = calloc(1, sizeof(*code));

	(void)conditions;
	(void)version;
	(void)insns_max;

	if (!code)
		return -ENOMEM;
	*code = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0x40000);
	*ret_classic = (struct tt_classic){ .code = code, .count = 1, .is_widened = true };
	return 0;
}

void tt_classic_deinit(struct tt_classic *classic)
{
	free(classic->code);
}
