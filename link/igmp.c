/* SPDX-License-Identifier: MIT */

/*
 * The kernel's list of joined IPv4 groups as text
 *
 *	Idx	Device    : Count Querier	Group    Users Timer	Reporter
 *	1	lo        :     1      V3
 *					010000E0     1 0:00000000		0
 *
 * A line that begins with a digit names the interface of the groups that follow, each
 * on a line that begins with tabs. A group is the address as it lies in memory, printed
 * as a number of the machine: read back as such a number, it lies right again.
 */

#include "link/igmp.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum {
	IPV4_BITS = 32,
	HEX_DIGITS_COUNT = 8,
	DECIMAL_DIGITS_MAX = 10,
};

/* The value of a digit, or 16 for a byte that is none. */
static uint32_t digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0');
	if (c >= 'A' && c <= 'F')
		return (uint32_t)(c - 'A') + 10;
	return 16;
}

/* A number of up to @digits_max digits before @end, then a blank; false if it is none. */
static bool read_number(const char *text, const char *end, uint32_t base, uint32_t *ret_value)
{
	size_t digits_max = base == 16 ? HEX_DIGITS_COUNT : DECIMAL_DIGITS_MAX;
	uint64_t value = 0;
	size_t i = 0;

	while (text + i < end && i < digits_max && digit_value(text[i]) < base)
		value = value * base + digit_value(text[i++]);
	if (i == 0 || value > UINT32_MAX || text + i == end)
		return false;
	if (text[i] != ' ' && text[i] != '\t')
		return false;

	*ret_value = (uint32_t)value;
	return true;
}

/* Takes in one line, without its newline. */
static int read_line(const char *line, const char *end, uint32_t *index,
		     struct tt_prefix_list *list)
{
	uint8_t address[sizeof(uint32_t)];
	uint32_t group;

	if (line < end && *line != '\t')
		return read_number(line, end, 10, index) ? 0 : -EBADMSG;

	while (line < end && *line == '\t')
		line++;
	if (*index == 0 || !read_number(line, end, 16, &group))
		return -EBADMSG;

	memcpy(address, &group, sizeof(address));
	return tt_prefix_list_add(list, tt_prefix_of(AF_INET, address, IPV4_BITS, *index));
}

int tt_igmp_read(const char *text, size_t text_bytes, struct tt_prefix_list *list)
{
	const char *end = text + text_bytes;
	bool is_heading = true;
	uint32_t index = 0;
	const char *newline;
	int r;

	for (; text < end; text = newline + 1) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline)
			return -EBADMSG;
		if (!is_heading) {
			r = read_line(text, newline, &index, list);
			if (r < 0)
				return r;
		}
		is_heading = false;
	}
	return is_heading ? -EBADMSG : 0;
}
