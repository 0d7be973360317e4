/* SPDX-License-Identifier: MIT */

/*
 * Endpoints: text to the kernel's structures and back
 *
 * Tables of texts that must be read, and of texts that must not, each with the word
 * that its message must hold. Every truncation of a good text is tried at the end of
 * a readable page. Zones by name use "lo", the one interface that every network
 * namespace has. Not covered: interface names that consist of digits, since making
 * one needs privilege.
 */

#include "twintap/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/cmocka_all.h"

/* The text, so that its NUL is the last readable byte. */
static const char *text_at_page_end(const char *text, size_t length)
{
	static char *pages;
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	char *start;

	if (!pages) {
		pages = mmap(NULL, 2 * page_bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(pages, MAP_FAILED);
		assert_int_equal(mprotect(pages + page_bytes, page_bytes, PROT_NONE), 0);
	}

	start = pages + page_bytes - length - 1;
	memcpy(start, text, length);
	start[length] = '\0';
	return start;
}

static int parse(const char *text, struct tt_address *address, struct tt_error *err)
{
	return tt_address_parse(text_at_page_end(text, strlen(text)), address, err);
}

static void what_is_read_is_written_back_in_the_shortest_spelling(void **state)
{
	static const struct {
		const char *text;
		const char *written;
		const char *host;
	} cases[] = {
		{ "192.0.2.1:53", "192.0.2.1:53", "192.0.2.1" },
		{ "0.0.0.0:0", "0.0.0.0:0", "0.0.0.0" },
		{ "255.255.255.255:65535", "255.255.255.255:65535", "255.255.255.255" },
		{ ":53", "[::]:53", "::" },
		{ "[::]:0", "[::]:0", "::" },
		{ "[::1]:5", "[::1]:5", "::1" },
		{ "[2001:DB8:0:0:1:0:0:1]:53", "[2001:db8::1:0:0:1]:53", "2001:db8::1:0:0:1" },
		{ "[fe80::1%7]:53", "[fe80::1%7]:53", "fe80::1%7" },
		{ "[fe80::1%4294967295]:53", "[fe80::1%4294967295]:53", "fe80::1%4294967295" },
		{ "[::ffff:192.0.2.1]:9", "[::ffff:192.0.2.1]:9", "::ffff:192.0.2.1" },
		{ "[::ffff:c000:201]:9", "[::ffff:192.0.2.1]:9", "::ffff:192.0.2.1" },
		{ "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%4294967295]:65535",
		  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295" },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_error err = TT_ERROR_INIT;
		char text[TT_ADDRESS_TEXT_BYTES];
		struct tt_address address;

		assert_int_equal(parse(cases[i].text, &address, &err), 0);
		assert_string_equal(tt_address_format(&address, text, sizeof(text)),
				    cases[i].written);
		assert_string_equal(tt_address_format_host(&address, text, sizeof(text)),
				    cases[i].host);
	}
}

static void what_is_read_has_the_kernels_own_layout(void **state)
{
	struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = htons(53) };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6,
				     .sin6_port = htons(53),
				     .sin6_scope_id = 7 };
	struct tt_address address;

	(void)state;

	ipv4.sin_addr.s_addr = htonl(0xc0000201);
	ipv6.sin6_addr.s6_addr[0] = 0xfe;
	ipv6.sin6_addr.s6_addr[1] = 0x80;
	ipv6.sin6_addr.s6_addr[15] = 0x01;

	memset(&address, 0xa5, sizeof(address));
	assert_int_equal(parse("192.0.2.1:53", &address, NULL), 0);
	assert_int_equal(tt_address_bytes(&address), sizeof(ipv4));
	assert_memory_equal(&address, &ipv4, sizeof(ipv4));
	assert_int_equal(address.ipv6.sin6_scope_id, 0); /* the tail is zeroed too */

	assert_int_equal(parse("[fe80::1%7]:53", &address, NULL), 0);
	assert_int_equal(tt_address_bytes(&address), sizeof(ipv6));
	assert_memory_equal(&address, &ipv6, sizeof(ipv6));
	assert_int_equal(tt_address_port(&address), 53);
}

static void a_zone_may_be_an_interfaces_name(void **state)
{
	struct tt_error err = TT_ERROR_INIT;
	struct tt_address address;

	(void)state;

	assert_int_equal(parse("[fe80::1%lo]:53", &address, &err), 0);
	assert_int_equal(address.ipv6.sin6_scope_id, if_nametoindex("lo"));

	assert_int_equal(parse("[fe80::1%nonesuch0]:53", &address, &err), -ENODEV);
	assert_int_equal(err.code, -ENODEV);
	assert_non_null(strstr(err.message, "zone"));
	assert_int_equal(parse("[fe80::1%sixteen-bytes-or]:53", &address, NULL), -ENODEV);
}

static const struct {
	const char *text;
	const char *reason;
} refused[] = {
	{ "", "port is missing" },
	{ ":", "no number" },
	{ "192.0.2.1", "port is missing" },
	{ "192.0.2.1:", "no number" },
	{ "192.0.2.1:65536", "no number" },
	{ "192.0.2.1:99999999999999999999999", "no number" },
	{ "192.0.2.1:053", "no number" },
	{ "192.0.2.1:00", "no number" },
	{ "192.0.2.1:+53", "no number" },
	{ "192.0.2.1:-1", "no number" },
	{ "192.0.2.1: 53", "no number" },
	{ "192.0.2.1:53 ", "no number" },
	{ "192.0.2.1:0x35", "no number" },
	{ "192.0.2.1:domain", "no number" },
	{ " 192.0.2.1:53", "no IPv4 address" },
	{ "192.0.2.1 :53", "no IPv4 address" },
	{ "192.0.2:53", "no IPv4 address" },
	{ "192.0.2.1.:53", "no IPv4 address" },
	{ "192.0.2.256:53", "no IPv4 address" },
	{ "192.0.2.01:53", "no IPv4 address" },
	{ "0300.0.2.1:53", "no IPv4 address" },
	{ "0xc0.0.2.1:53", "no IPv4 address" },
	{ "3221225985:53", "no IPv4 address" },
	{ "localhost:53", "no IPv4 address" },
	{ "255.255.255.255.255.255.255.255.255.255.255.255.255:1", "no IPv4 address" },
	{ "::1:53", "brackets" },
	{ "::1", "brackets" },
	{ "fe80::1%lo:53", "brackets" },
	{ "192.0.2.1:53:54", "brackets" },
	{ "[", "closing bracket" },
	{ "[::1", "closing bracket" },
	{ "[::1]", "after the bracket" },
	{ "[::1]53", "after the bracket" },
	{ "[::1]x:53", "after the bracket" },
	{ "[::1]:", "no number" },
	{ "[]:53", "no IPv6 address" },
	{ "[192.0.2.1]:53", "no IPv6 address" },
	{ "[ ::1]:53", "no IPv6 address" },
	{ "[::1 ]:53", "no IPv6 address" },
	{ "[[::1]:53", "no IPv6 address" },
	{ "[::1]]:53", "after the bracket" },
	{ "[1::2::3]:53", "no IPv6 address" },
	{ "[12345::]:53", "no IPv6 address" },
	{ "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:53", "no IPv6 address" },
	{ "[%1]:53", "no IPv6 address" },
	{ "[fe80::1%]:53", "zone" },
	{ "[fe80::1%0]:53", "zone" },
	{ "[fe80::1%01]:53", "zone" },
	{ "[fe80::1%4294967296]:53", "zone" },
};

static void text_that_is_no_endpoint_is_refused_with_its_reason(void **state)
{
	(void)state;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct tt_error err = TT_ERROR_INIT;
		struct tt_address address;
		struct tt_address before;

		memset(&address, 0xa5, sizeof(address));
		before = address;

		if (parse(refused[i].text, &address, &err) != -EINVAL)
			fail_msg("\"%s\" was not refused", refused[i].text);
		if (!strstr(err.message, refused[i].reason))
			fail_msg("\"%s\" does not say \"%s\"", err.message, refused[i].reason);
		assert_int_equal(err.code, -EINVAL);
		assert_memory_equal(&address, &before, sizeof(address));
	}
}

static void a_cut_text_is_refused_or_names_another_valid_port(void **state)
{
	static const char *const texts[] = {
		"192.0.2.123:65535",
		"[2001:db8::1%42]:65535",
		":65535",
	};

	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t port_at = (size_t)(strrchr(texts[i], ':') - texts[i]) + 1;

		for (size_t length = 0; length < strlen(texts[i]); length++) {
			const char *cut = text_at_page_end(texts[i], length);
			struct tt_address address;
			int r = tt_address_parse(cut, &address, NULL);

			/* Only a cut inside the port leaves an endpoint behind. */
			assert_int_equal(r, length > port_at ? 0 : -EINVAL);
		}
	}
}

static void a_missing_argument_is_refused(void **state)
{
	struct tt_error err = TT_ERROR_INIT;
	struct tt_address address;

	(void)state;

	assert_int_equal(tt_address_parse(NULL, &address, &err), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_int_equal(tt_address_parse(":53", NULL, NULL), -EINVAL);
}

static void text_that_does_not_fit_is_cut_and_keeps_its_nul(void **state)
{
	static const char whole[] = "[2001:db8::1%42]:65535";
	struct tt_address address;

	(void)state;

	assert_int_equal(parse(whole, &address, NULL), 0);
	for (size_t room = 1; room <= sizeof(whole); room++) {
		char text[sizeof(whole) + 1];

		memset(text, 'x', sizeof(text));
		assert_ptr_equal(tt_address_format(&address, text, room), text);
		assert_memory_equal(text, whole, room - 1);
		assert_int_equal(text[room - 1], '\0');
		assert_int_equal(text[room], 'x');
	}
	assert_null(tt_address_format(&address, NULL, 0));
}

static void no_known_family_is_written_as_a_question_mark(void **state)
{
	struct tt_address none = { .family = AF_UNSPEC };
	struct tt_address other = { .family = AF_UNIX };
	char text[TT_ADDRESS_TEXT_BYTES];

	(void)state;

	assert_string_equal(tt_address_format(&none, text, sizeof(text)), "?");
	assert_string_equal(tt_address_format_host(&other, text, sizeof(text)), "?");
	assert_string_equal(tt_address_format(NULL, text, sizeof(text)), "?");
	assert_int_equal(tt_address_port(&other), 0);
	assert_int_equal(tt_address_bytes(&none), 0);
}

static void every_octet_is_written_as_inet_ntop_writes_it(void **state)
{
	(void)state;

	for (uint32_t octet = 0; octet < 256; octet++) {
		struct tt_address address = { .family = AF_INET };
		char expected[INET_ADDRSTRLEN];
		char text[TT_ADDRESS_TEXT_BYTES];

		address.ipv4.sin_addr.s_addr = htonl(octet << 24 | (255 - octet) << 16 |
						     octet << 8 | (octet ^ 0x55));
		assert_non_null(
			inet_ntop(AF_INET, &address.ipv4.sin_addr, expected, sizeof(expected)));
		assert_string_equal(tt_address_format_host(&address, text, sizeof(text)), expected);
	}
}

/* Every way in which zeros can lie, with groups of one to four digits between them. */
static void every_pattern_of_groups_is_written_as_inet_ntop_writes_it(void **state)
{
	static const uint16_t fillings[] = { 0x1, 0xab, 0xdef, 0x1000, 0x10a, 0xffff };

	(void)state;

	for (unsigned int pattern = 0; pattern < 256; pattern++) {
		for (size_t filling = 0; filling < sizeof(fillings) / sizeof(fillings[0]);
		     filling++) {
			struct tt_address address = { .family = AF_INET6 };
			char expected[INET6_ADDRSTRLEN];
			char text[TT_ADDRESS_TEXT_BYTES];

			for (unsigned int i = 0; i < 8; i++) {
				if (pattern & 1U << i)
					address.ipv6.sin6_addr.s6_addr16[i] =
						htons(fillings[filling]);
			}
			assert_non_null(inet_ntop(AF_INET6, &address.ipv6.sin6_addr, expected,
						  sizeof(expected)));
			assert_string_equal(tt_address_format_host(&address, text, sizeof(text)),
					    expected);
		}
	}
}

static void endpoints_are_equal_when_family_address_scope_and_port_are(void **state)
{
	static const char *const texts[] = {
		"192.0.2.1:53",   "192.0.2.1:54",   "192.0.2.2:53",   "[fe80::1%1]:53",
		"[fe80::1%2]:53", "[fe80::1%1]:54", "[fe80::2%1]:53", "[::ffff:192.0.2.1]:53",
	};
	struct tt_address none = { .family = AF_UNSPEC };
	struct tt_address other = { .family = AF_UNIX };
	struct tt_address a;
	struct tt_address b;

	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(parse(texts[i], &a, NULL), 0);
		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
			assert_int_equal(parse(texts[j], &b, NULL), 0);
			assert_int_equal(tt_address_is_equal(&a, &b), i == j);
		}
		assert_false(tt_address_is_equal(&a, &none));
		assert_false(tt_address_is_equal(&a, NULL));
	}
	assert_true(tt_address_is_equal(&none, &none));
	assert_false(tt_address_is_equal(&other, &other));

	/* A flow label is no part of an endpoint. */
	b = a;
	b.ipv6.sin6_flowinfo = htonl(1);
	assert_true(tt_address_is_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_is_written_back_in_the_shortest_spelling),
		cmocka_unit_test(what_is_read_has_the_kernels_own_layout),
		cmocka_unit_test(a_zone_may_be_an_interfaces_name),
		cmocka_unit_test(text_that_is_no_endpoint_is_refused_with_its_reason),
		cmocka_unit_test(a_cut_text_is_refused_or_names_another_valid_port),
		cmocka_unit_test(a_missing_argument_is_refused),
		cmocka_unit_test(text_that_does_not_fit_is_cut_and_keeps_its_nul),
		cmocka_unit_test(no_known_family_is_written_as_a_question_mark),
		cmocka_unit_test(every_octet_is_written_as_inet_ntop_writes_it),
		cmocka_unit_test(every_pattern_of_groups_is_written_as_inet_ntop_writes_it),
		cmocka_unit_test(endpoints_are_equal_when_family_address_scope_and_port_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
