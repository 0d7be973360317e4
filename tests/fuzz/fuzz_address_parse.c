/* SPDX-License-Identifier: MIT */

/*
 * Endpoints: whatever text is accepted is written and read back as the same endpoint
 *
 * A refusal must carry its reason. Zones by name are left out: they ask the kernel,
 * whose answer is no function of the input.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "twintap/address.h"

/* The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static void check_round_trip(const struct tt_address *address)
{
	char text[TT_ADDRESS_TEXT_BYTES];
	struct tt_address again;

	(void)tt_address_format(address, text, sizeof(text));
	if (tt_address_parse(text, &again, NULL) < 0)
		abort();
	if (!tt_address_is_equal(address, &again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct tt_error err = TT_ERROR_INIT;
	struct tt_address address;
	const char *zone;
	char *text;
	int r;

	text = malloc(data_bytes + 1); /* exact, so that a read past the NUL is seen */
	if (!text)
		return 0;
	if (data_bytes > 0)
		memcpy(text, data, data_bytes);
	text[data_bytes] = '\0';

	zone = strchr(text, '%');
	if (!zone || (zone[1] >= '0' && zone[1] <= '9')) {
		r = tt_address_parse(text, &address, &err);
		if (r == 0)
			check_round_trip(&address);
		else if (err.code != r || err.message[0] == '\0')
			abort();
	}

	free(text);
	return 0;
}
