/* SPDX-License-Identifier: MIT */

/*
 * Endpoints: text to the kernel's structures and back
 *
 * What one direction writes the other reads: tt_address_parse() accepts every text
 * that tt_address_format() makes of a known family, and gives back the same endpoint.
 * Text is taken strictly: the same digits never mean two things (no octal, no leading
 * zeros, no blanks), and nothing is asked of a resolver.
 */

#include "twintap/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

enum {
	HOST_TEXT_BYTES = INET6_ADDRSTRLEN, /* "ffff:…:255.255.255.255" and its NUL */
	GROUPS_COUNT = 8,                   /* of 16 bits, in an IPv6 address */
	PORT_MAX = 65535,
	SHOWN_LENGTH_MAX = 80, /* of a bad text, in a message */
};

_Static_assert(sizeof(struct tt_address) == 28, "an endpoint has the size of sockaddr_in6");

/* Where a part of the text begins and how long it is. */
struct span {
	const char *start;
	size_t length;
};

/* The three parts of "[host%zone]:port" or "host:port"; an absent one is empty. */
struct parts {
	struct span host;
	struct span zone;
	struct span port;
	bool is_bracketed;
};

/*
 * A decimal number of one spelling only: digits, no sign, no leading zero.
 * False if it is none, or above @max.
 */
static bool read_decimal(struct span text, uint32_t max, uint32_t *ret_value)
{
	uint64_t value = 0;

	if (text.length == 0 || (text.length > 1 && text.start[0] == '0'))
		return false;

	for (size_t i = 0; i < text.length; i++) {
		if (text.start[i] < '0' || text.start[i] > '9')
			return false;
		value = 10 * value + (uint64_t)(text.start[i] - '0');
		if (value > max)
			return false;
	}

	*ret_value = (uint32_t)value;
	return true;
}

static bool is_digits(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		if (text.start[i] < '0' || text.start[i] > '9')
			return false;
	}
	return text.length > 0;
}

/* Copies a part with a NUL; false when it does not fit. */
static bool copy_span(struct span text, char *bytes, size_t bytes_count)
{
	if (text.length >= bytes_count)
		return false;

	memcpy(bytes, text.start, text.length);
	bytes[text.length] = '\0';
	return true;
}

/* Cuts "[host%zone]:port"; the reason why it cannot be, or NULL. */
static const char *split_bracketed(const char *text, struct parts *parts)
{
	const char *close = strchr(text, ']');
	const char *percent;

	if (!close)
		return "the closing bracket is missing";
	if (close[1] != ':')
		return "after the bracket, \":\" and a port must follow";

	parts->is_bracketed = true;
	parts->host = (struct span){ text + 1, (size_t)(close - text) - 1 };
	parts->port = (struct span){ close + 2, strlen(close + 2) };

	percent = memchr(parts->host.start, '%', parts->host.length);
	if (percent) {
		parts->zone = (struct span){ percent + 1, (size_t)(close - percent) - 1 };
		parts->host.length = (size_t)(percent - parts->host.start);
		if (parts->zone.length == 0)
			return "the zone after \"%\" is empty";
	}
	return NULL;
}

/* Cuts the text into its parts; the reason why it cannot be, or NULL. */
static const char *split(const char *text, struct parts *parts)
{
	const char *colon;

	memset(parts, 0, sizeof(*parts));
	if (text[0] == '[')
		return split_bracketed(text, parts);

	colon = strchr(text, ':');
	if (!colon)
		return "a port is missing, as in \"192.0.2.1:53\"";
	if (strchr(colon + 1, ':'))
		return "an IPv6 address needs brackets, as in \"[::1]:53\"";

	parts->host = (struct span){ text, (size_t)(colon - text) };
	parts->port = (struct span){ colon + 1, strlen(colon + 1) };
	return NULL;
}

static bool read_host_ipv4(struct span host, struct tt_address *address)
{
	char words[HOST_TEXT_BYTES];

	address->ipv4.sin_family = AF_INET;
	return copy_span(host, words, sizeof(words)) &&
	       inet_pton(AF_INET, words, &address->ipv4.sin_addr) == 1;
}

static bool read_host_ipv6(struct span host, struct tt_address *address)
{
	char words[HOST_TEXT_BYTES];

	address->ipv6.sin6_family = AF_INET6;
	return copy_span(host, words, sizeof(words)) &&
	       inet_pton(AF_INET6, words, &address->ipv6.sin6_addr) == 1;
}

/*
 * Digits are always the number, even if an interface bears them as its name: what
 * was written as "%2" must be read back as 2.
 */
static int read_zone(struct span zone, uint32_t *ret_index, struct tt_error *reterr)
{
	char name[IF_NAMESIZE];
	unsigned int index;

	if (is_digits(zone)) {
		if (!read_decimal(zone, UINT32_MAX, ret_index) || *ret_index == 0)
			return tt_error_set(reterr, -EINVAL, "zone number is out of range");
		return 0;
	}

	index = copy_span(zone, name, sizeof(name)) ? if_nametoindex(name) : 0;
	if (index == 0)
		return tt_error_set(reterr, -ENODEV, "zone names no interface");

	*ret_index = index;
	return 0;
}

/* Turns the parts into an endpoint; its words come without the text itself. */
static int read_parts(const struct parts *parts, struct tt_address *address,
		      struct tt_error *reterr)
{
	uint32_t port;
	int r;

	if (!read_decimal(parts->port, PORT_MAX, &port))
		return tt_error_set(reterr, -EINVAL, "port is no number from 0 to 65535");

	if (parts->is_bracketed) {
		if (!read_host_ipv6(parts->host, address))
			return tt_error_set(reterr, -EINVAL, "no IPv6 address in the brackets");
		if (parts->zone.length > 0) {
			r = read_zone(parts->zone, &address->ipv6.sin6_scope_id, reterr);
			if (r < 0)
				return r;
		}
		address->ipv6.sin6_port = htons((uint16_t)port);
	} else if (parts->host.length == 0) {
		address->ipv6.sin6_family = AF_INET6; /* the wildcard is all zeros */
		address->ipv6.sin6_port = htons((uint16_t)port);
	} else {
		if (!read_host_ipv4(parts->host, address))
			return tt_error_set(reterr, -EINVAL, "no IPv4 address before the port");
		address->ipv4.sin_port = htons((uint16_t)port);
	}
	return 0;
}

int tt_address_parse(const char *text, struct tt_address *ret_address, struct tt_error *reterr)
{
	struct tt_address address;
	const char *reason;
	struct parts parts;
	int r;

	if (!text || !ret_address)
		return tt_error_set(reterr, -EINVAL, "endpoint: no text, or no place for it");

	memset(&address, 0, sizeof(address));
	reason = split(text, &parts);
	if (reason)
		r = tt_error_set(reterr, -EINVAL, "%s", reason);
	else
		r = read_parts(&parts, &address, reterr);
	if (r < 0)
		return tt_error_wrap(reterr, r, "endpoint \"%.*s\"", SHOWN_LENGTH_MAX, text);

	*ret_address = address;
	return 0;
}

/* By hand: it runs twice for each line of output, and inet_ntop(3) calls sprintf(3). */
static void put_ipv4(struct tt_text *text, struct in_addr host)
{
	uint32_t bits = ntohl(host.s_addr);

	tt_text_put_decimal(text, bits >> 24);
	tt_text_put_char(text, '.');
	tt_text_put_decimal(text, bits >> 16 & 255);
	tt_text_put_char(text, '.');
	tt_text_put_decimal(text, bits >> 8 & 255);
	tt_text_put_char(text, '.');
	tt_text_put_decimal(text, bits & 255);
}

/* The longest run of zero groups, of two at least; of equally long ones the first. */
static void find_zeros(const struct in6_addr *host, unsigned int *ret_start, unsigned int *ret_end)
{
	unsigned int start = 0;

	*ret_start = *ret_end = GROUPS_COUNT;
	for (unsigned int i = 0; i < GROUPS_COUNT; i++) {
		if (host->s6_addr16[i] != 0) {
			start = i + 1;
			continue;
		}
		if (i > start && i + 1 - start > *ret_end - *ret_start) {
			*ret_start = start;
			*ret_end = i + 1;
		}
	}
}

/* Up to four hexadecimal digits, without zeros in front. */
static void put_group(struct tt_text *text, unsigned int group)
{
	unsigned int shift = 12;

	while (shift > 0 && group >> shift == 0)
		shift -= 4;
	tt_text_put_char(text, "0123456789abcdef"[group >> shift]);
	while (shift > 0) {
		shift -= 4;
		tt_text_put_char(text, "0123456789abcdef"[group >> shift & 15]);
	}
}

/* As inet_ntop(3) spells it, which is RFC 5952; by hand for the reason of put_ipv4(). */
static void put_ipv6(struct tt_text *text, const struct sockaddr_in6 *ipv6)
{
	const struct in6_addr *host = &ipv6->sin6_addr;
	unsigned int groups_count = GROUPS_COUNT;
	unsigned int zeros_start;
	unsigned int zeros_end;
	bool has_ipv4;

	find_zeros(host, &zeros_start, &zeros_end);
	/* IPv4-mapped and IPv4-compatible addresses end as IPv4 addresses. */
	has_ipv4 = zeros_start == 0 &&
		   (zeros_end == 6 || (zeros_end == 5 && host->s6_addr16[5] == UINT16_MAX));
	if (has_ipv4)
		groups_count = 6;

	for (unsigned int i = 0; i < groups_count; i++) {
		if (i == zeros_start) {
			tt_text_put_string(text, "::");
			i = zeros_end - 1;
			continue;
		}
		if (i > 0 && i != zeros_end)
			tt_text_put_char(text, ':');
		put_group(text, ntohs(host->s6_addr16[i]));
	}
	if (has_ipv4) {
		if (zeros_end != 6)
			tt_text_put_char(text, ':');
		put_ipv4(text, (struct in_addr){ .s_addr = host->s6_addr32[3] });
	}

	if (ipv6->sin6_scope_id != 0) {
		tt_text_put_char(text, '%');
		tt_text_put_decimal(text, ipv6->sin6_scope_id);
	}
}

static void put_host(struct tt_text *text, const struct tt_address *address)
{
	if (address && address->family == AF_INET)
		put_ipv4(text, address->ipv4.sin_addr);
	else if (address && address->family == AF_INET6)
		put_ipv6(text, &address->ipv6);
	else
		tt_text_put_char(text, '?');
}

static void put_endpoint(struct tt_text *text, const struct tt_address *address)
{
	bool is_ipv6 = address && address->family == AF_INET6;

	if (is_ipv6)
		tt_text_put_char(text, '[');
	put_host(text, address);
	if (is_ipv6)
		tt_text_put_char(text, ']');
	if (tt_address_bytes(address) > 0) {
		tt_text_put_char(text, ':');
		tt_text_put_decimal(text, tt_address_port(address));
	}
}

/* Copies what fits. Writers of struct tt_text leave out a whole piece instead. */
static const char *copy_cut(const struct tt_text *whole, char *text, size_t text_bytes)
{
	size_t length = whole->length;

	assert(!whole->is_full);

	if (!text || text_bytes == 0)
		return text;
	if (length >= text_bytes)
		length = text_bytes - 1;
	memcpy(text, whole->bytes, length);
	text[length] = '\0';
	return text;
}

const char *tt_address_format(const struct tt_address *address, char *text, size_t text_bytes)
{
	char bytes[TT_ADDRESS_TEXT_BYTES];
	struct tt_text whole = tt_text_over(bytes, sizeof(bytes));

	put_endpoint(&whole, address);
	return copy_cut(&whole, text, text_bytes);
}

const char *tt_address_format_host(const struct tt_address *address, char *text, size_t text_bytes)
{
	char bytes[TT_ADDRESS_TEXT_BYTES];
	struct tt_text whole = tt_text_over(bytes, sizeof(bytes));

	put_host(&whole, address);
	return copy_cut(&whole, text, text_bytes);
}

uint16_t tt_address_port(const struct tt_address *address)
{
	if (address && address->family == AF_INET)
		return ntohs(address->ipv4.sin_port);
	if (address && address->family == AF_INET6)
		return ntohs(address->ipv6.sin6_port);
	return 0;
}

socklen_t tt_address_bytes(const struct tt_address *address)
{
	if (address && address->family == AF_INET)
		return sizeof(address->ipv4);
	if (address && address->family == AF_INET6)
		return sizeof(address->ipv6);
	return 0;
}

bool tt_address_is_equal(const struct tt_address *a, const struct tt_address *b)
{
	if (!a || !b)
		return a == b;
	if (a->family != b->family)
		return false;

	if (a->family == AF_INET)
		return a->ipv4.sin_port == b->ipv4.sin_port &&
		       a->ipv4.sin_addr.s_addr == b->ipv4.sin_addr.s_addr;
	if (a->family == AF_INET6)
		return a->ipv6.sin6_port == b->ipv6.sin6_port &&
		       a->ipv6.sin6_scope_id == b->ipv6.sin6_scope_id &&
		       memcmp(&a->ipv6.sin6_addr, &b->ipv6.sin6_addr, sizeof(a->ipv6.sin6_addr)) ==
			       0;

	/* Two endpoints that are none are the same; of another family nothing is known. */
	return a->family == AF_UNSPEC;
}
