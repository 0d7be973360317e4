/* SPDX-License-Identifier: MIT */

/*
 * What the kernel dropped before any packet socket: /proc/net/softnet_stat
 */

#include "app/softnet.h"

#include <stdio.h>
#include <string.h>

#include "twintap/accounting.h"

enum {
	LINE_BYTES = 512, /* fifteen numbers of eight digits, and room for more */
	DIGITS_COUNT = 8, /* the kernel writes "%08x" */
};

/* Eight hexadecimal digits at @text. */
static bool read_number(const char *text, uint64_t *ret_number)
{
	uint64_t number = 0;

	for (size_t i = 0; i < DIGITS_COUNT; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

		if (!digit)
			return false;
		number = number << 4 | (uint64_t)(digit - digits);
	}
	*ret_number = number;
	return true;
}

bool tt_softnet_read_line(const char *line, uint64_t *ret_dropped)
{
	uint64_t processed, dropped;

	if (!read_number(line, &processed) || line[DIGITS_COUNT] != ' ' ||
	    !read_number(line + DIGITS_COUNT + 1, &dropped))
		return false;
	if (line[2 * DIGITS_COUNT + 1] != ' ' || !strchr(line, '\n'))
		return false;
	*ret_dropped = dropped;
	return true;
}

uint64_t tt_softnet_dropped(void)
{
	char line[LINE_BYTES];
	uint64_t sum = TT_UNKNOWN;
	FILE *file;

	file = fopen("/proc/net/softnet_stat", "re");
	if (!file)
		return TT_UNKNOWN;
	while (fgets(line, sizeof(line), file)) {
		uint64_t dropped;

		if (!tt_softnet_read_line(line, &dropped)) {
			sum = TT_UNKNOWN;
			break;
		}
		sum = (sum == TT_UNKNOWN ? 0 : sum) + dropped;
	}
	if (ferror(file))
		sum = TT_UNKNOWN;
	(void)fclose(file); /* read only */
	return sum;
}
