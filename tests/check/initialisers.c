/* SPDX-License-Identifier: MIT */

/*
 * The initialisers of the public headers, as C and as C++ callers write them
 *
 * Compiled only: a field that an initialiser forgets, or a construct that is no
 * C++, is an error there.
 */

#include "twintap/twintap.h"

size_t use_initialisers(void);

size_t use_initialisers(void)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_receiver_opts receiver = TT_RECEIVER_OPTS_INIT;
	struct tt_output_opts output = TT_OUTPUT_OPTS_INIT;

	receiver.ring_bytes = TT_RING_BYTES_MAX;
	receiver.verdicts = TT_VERDICT_ALL;
	output.verdicts = TT_VERDICT_BIT(TT_VERDICT_OK);

	return receiver.size + output.size + sizeof(error.message);
}

#ifndef __cplusplus
size_t use_option_macros(void);

size_t use_option_macros(void)
{
	const struct tt_receiver_opts *receiver = &TT_RECEIVER_OPTS(.ring_bytes = 1 << 20);
	const struct tt_output_opts *output = &TT_OUTPUT_OPTS(.count_max = 1);

	return receiver->size + output->size;
}
#endif
