/* SPDX-License-Identifier: MIT */

/*
 * A set of UDP ports, and its words
 *
 * The words come from people: each way to be wrong has its own sentence, which
 * quotes the part that is wrong.
 */

#include "filter/ports.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "base/error.h"

enum {
	PART_BYTES = 64,             /* a port, a range or a service name */
	SERVICE_BUFFER_BYTES = 8192, /* for one entry of services(5) with its aliases */
};

/* Reads a decimal number up to the end of @text or @stop; NULL when there is none. */
static const char *read_number(const char *text, uint32_t *ret_value)
{
	uint32_t value = 0;
	const char *c = text;

	for (; isdigit((unsigned char)*c); c++) {
		if (value <= TT_PORTS_COUNT)
			value = value * 10 + (uint32_t)(*c - '0');
	}
	*ret_value = value;
	return c == text ? NULL : c;
}

static int find_service(const char *name, uint16_t *ret_port)
{
	char buffer[SERVICE_BUFFER_BYTES];
	struct servent *found = NULL;
	struct servent entry;

	if (getservbyname_r(name, "udp", &entry, buffer, sizeof(buffer), &found) != 0 || !found)
		return -EINVAL;
	*ret_port = be16toh((uint16_t)found->s_port);
	return 0;
}

static int add_range(struct tt_ports *ports, uint32_t first, uint32_t last, const char *part,
		     struct tt_error *reterr)
{
	if (first >= TT_PORTS_COUNT || last >= TT_PORTS_COUNT)
		return tt_error_set(reterr, -EINVAL, "port list: \"%s\": ports are 0 to 65535",
				    part);
	if (first > last)
		return tt_error_set(reterr, -EINVAL,
				    "port list: \"%s\": the range ends before it starts", part);

	for (uint32_t port = first; port <= last; port++)
		ports->words[port / 64] |= UINT64_C(1) << (port % 64);
	return 0;
}

/* Adds one port, range or service. */
static int add_part(struct tt_ports *ports, const char *part, struct tt_error *reterr)
{
	uint32_t first, last;
	const char *rest;
	uint16_t port;

	if (!*part)
		return tt_error_set(
			reterr, -EINVAL,
			"port list: a port is missing: write for example 53,5000-5100,ntp");

	rest = read_number(part, &first);
	if (rest && !*rest)
		return add_range(ports, first, first, part, reterr);
	if (rest && *rest == '-') {
		rest = read_number(rest + 1, &last);
		if (rest && !*rest)
			return add_range(ports, first, last, part, reterr);
	}

	if (find_service(part, &port) < 0)
		return tt_error_set(reterr, -EINVAL,
				    "port list: \"%s\" is no port, range or UDP service of "
				    "/etc/services",
				    part);
	return add_range(ports, port, port, part, reterr);
}

int tt_ports_parse(const char *text, struct tt_ports *ret_ports, struct tt_error *reterr)
{
	struct tt_ports ports = { 0 };
	int r;

	if (!text) {
		memset(ret_ports, 0xff, sizeof(*ret_ports));
		return 0;
	}

	for (;;) {
		size_t length = strcspn(text, ",");
		char part[PART_BYTES];

		if (length >= sizeof(part))
			return tt_error_set(reterr, -EINVAL, "port list: \"%.*s...\" is too long",
					    PART_BYTES - 1, text);
		memcpy(part, text, length);
		part[length] = '\0';

		r = add_part(&ports, part, reterr);
		if (r < 0)
			return r;
		if (!text[length])
			break;
		text += length + 1;
	}

	*ret_ports = ports;
	return 0;
}

void tt_ports_join(struct tt_ports *ports, const struct tt_ports *more)
{
	for (unsigned int i = 0; i < TT_PORTS_WORDS; i++)
		ports->words[i] |= more->words[i];
}

bool tt_ports_is_full(const struct tt_ports *ports)
{
	for (unsigned int i = 0; i < TT_PORTS_WORDS; i++) {
		if (ports->words[i] != UINT64_MAX)
			return false;
	}
	return true;
}
