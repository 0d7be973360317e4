/* SPDX-License-Identifier: MIT */

/*
 * Port lists of arbitrary bytes
 *
 * What must hold: the outcome is 0 or -EINVAL; a set that is read is never empty; a
 * failure has one line of words and leaves the set as it was. Parts that are no numbers
 * are looked up in services(5), whose answer is taken as it comes.
 */

#include "filter/ports.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static bool is_one_line(const char *message)
{
	return message[0] != '\0' && !strpbrk(message, "\r\n");
}

static bool is_empty(const struct tt_ports *ports)
{
	for (unsigned int i = 0; i < TT_PORTS_WORDS; i++) {
		if (ports->words[i] != 0)
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct tt_error err = TT_ERROR_INIT;
	struct tt_ports ports = { 0 };
	char *text = malloc(data_bytes + 1);
	int r;

	if (!text)
		abort();
	if (data_bytes > 0)
		memcpy(text, data, data_bytes);
	text[data_bytes] = '\0';

	r = tt_ports_parse(text, &ports, &err);
	if (r != 0 && r != -EINVAL)
		abort();
	if (r < 0 && (!is_one_line(err.message) || err.code != r))
		abort();
	if (is_empty(&ports) != (r < 0))
		abort();

	free(text);
	return 0;
}
