/* SPDX-License-Identifier: MIT */

/*
 * JSON strings for what commands print
 */

#include "app/json.h"

void tt_json_put_string(FILE *stream, const char *text)
{
	(void)putc('"', stream);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			(void)fprintf(stream, "\\%c", *text);
		else if (*text >= ' ' && *text <= '~')
			(void)putc(*text, stream);
		else
			(void)fprintf(stream, "\\u%04x", (unsigned char)*text);
	}
	(void)putc('"', stream);
}
