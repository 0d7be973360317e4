/* SPDX-License-Identifier: MIT */

/*
 * Words into a buffer of fixed size
 *
 * The first byte says how much room there is, the rest is written as a JSON string
 * into exactly that room, on the heap, so that a byte too far is an ASan report.
 * What came out must be printable ASCII, and whole unless the text says that it is full.
 */

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room_bytes = size > 0 ? data[0] : 0;
	char *input = calloc(1, size + 1);
	char *room = malloc(room_bytes);
	struct tt_text text = tt_text_over(room, room_bytes);

	if (size > 0)
		memcpy(input, data + 1, size - 1);
	tt_text_put_json_string(&text, input);

	if (text.length > room_bytes)
		abort();
	for (size_t i = 0; i < text.length; i++) {
		if (room[i] < 0x20 || room[i] > 0x7e)
			abort();
	}
	if (!text.is_full && (text.length < 2 || room[text.length - 1] != '"'))
		abort();

	tt_text_end(&text);
	if (room_bytes > 0 && room[text.length] != '\0')
		abort();

	free(input);
	free(room);
	return 0;
}
