/* SPDX-License-Identifier: MIT */

/*
 * The table of local destinations
 *
 * Tables are built of prefixes in words. A large one is compared with a plain search
 * through the same prefixes, for destinations at and around each of them. Not covered:
 * how prefixes come from routes, which the tests in network namespaces see.
 */

#include "link/local.h"

#include <arpa/inet.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

enum {
	LO = 1,
	NEAR = 2,
	FAR = 3,
	VRF = 9,
	MANY = 5000,
};

static struct tt_address address_of(const char *text)
{
	struct tt_address address;

	memset(&address, 0, sizeof(address));
	if (strchr(text, ':')) {
		address.ipv6.sin6_family = AF_INET6;
		assert_int_equal(inet_pton(AF_INET6, text, &address.ipv6.sin6_addr), 1);
	} else {
		address.ipv4.sin_family = AF_INET;
		assert_int_equal(inet_pton(AF_INET, text, &address.ipv4.sin_addr), 1);
	}
	return address;
}

static struct tt_prefix prefix_of(const char *text, uint8_t length, uint32_t scope)
{
	struct tt_address address = address_of(text);

	if (address.family == AF_INET)
		return tt_prefix_of(AF_INET, (const uint8_t *)&address.ipv4.sin_addr, length,
				    scope);
	return tt_prefix_of(AF_INET6, address.ipv6.sin6_addr.s6_addr, length, scope);
}

static void add(struct tt_prefix_list *list, const char *text, uint8_t length, uint32_t scope)
{
	assert_int_equal(tt_prefix_list_add(list, prefix_of(text, length, scope)), 0);
}

static bool contains(const struct tt_local *local, const char *text, uint32_t interface_index,
		     uint32_t domain)
{
	struct tt_address address = address_of(text);

	return tt_local_contains(local, &address, interface_index, domain);
}

static void an_empty_table_has_the_limited_broadcast_only(void **state)
{
	struct tt_address none = { .family = AF_UNSPEC };
	struct tt_prefix_list nothing = { 0 };
	struct tt_local local = { 0 };

	(void)state;

	for (int is_built = 0; is_built < 2; is_built++) {
		assert_true(contains(&local, "255.255.255.255", NEAR, 0));
		assert_false(contains(&local, "127.0.0.1", LO, 0));
		assert_false(contains(&local, "::1", LO, 0));
		assert_false(tt_local_contains(&local, &none, NEAR, 0));
		assert_int_equal(tt_local_build(&local, &nothing, &nothing), 0);
	}
	tt_local_deinit(&local);
}

static void a_prefixs_bits_behind_its_length_do_not_count(void **state)
{
	static const struct {
		const char *text;
		uint8_t length;
		uint64_t high;
		uint64_t low;
	} cases[] = {
		{ "255.255.255.255", 0, 0, 0 },
		{ "255.255.255.255", 1, UINT64_C(1) << 63, 0 },
		{ "255.255.255.255", 32, UINT64_C(0xffffffff00000000), 0 },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0, 0 },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 63, UINT64_MAX - 1, 0 },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 64, UINT64_MAX, 0 },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65, UINT64_MAX, UINT64_C(1) << 63 },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 127, UINT64_MAX, UINT64_MAX - 1 },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 128, UINT64_MAX, UINT64_MAX },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_prefix prefix = prefix_of(cases[i].text, cases[i].length, 0);

		assert_true(prefix.high == cases[i].high);
		assert_true(prefix.low == cases[i].low);
		assert_int_equal(prefix.length, cases[i].length);
	}
}

static void reach_follows_from_the_whole_prefix(void **state)
{
	static const struct {
		const char *text;
		uint8_t length;
		enum tt_reach reach;
	} cases[] = {
		{ "0.0.0.0", 0, TT_REACH_ANY },
		{ "127.0.0.0", 8, TT_REACH_LOOPBACK },
		{ "126.0.0.0", 7, TT_REACH_ANY },
		{ "127.9.9.9", 32, TT_REACH_LOOPBACK },
		{ "128.0.0.1", 32, TT_REACH_ANY },
		{ "223.255.255.255", 32, TT_REACH_ANY },
		{ "224.0.0.1", 32, TT_REACH_MULTICAST },
		{ "224.0.0.0", 3, TT_REACH_ANY },
		{ "239.255.255.255", 32, TT_REACH_MULTICAST },
		{ "240.0.0.1", 32, TT_REACH_ANY },
		{ "169.254.1.1", 32, TT_REACH_ANY },
		{ "::", 0, TT_REACH_ANY },
		{ "::1", 128, TT_REACH_LOOPBACK },
		{ "::", 127, TT_REACH_ANY },
		{ "::2", 128, TT_REACH_ANY },
		{ "fe80::1", 128, TT_REACH_LINK_LOCAL },
		{ "fe80::", 10, TT_REACH_LINK_LOCAL },
		{ "fe80::", 9, TT_REACH_ANY },
		{ "febf::1", 128, TT_REACH_LINK_LOCAL },
		{ "fec0::1", 128, TT_REACH_ANY },
		{ "ff02::1", 128, TT_REACH_MULTICAST },
		{ "fe00::", 8, TT_REACH_ANY },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_prefix prefix = prefix_of(cases[i].text, cases[i].length, 0);

		if (tt_prefix_reach(&prefix) != cases[i].reach)
			fail_msg("%s/%d", cases[i].text, cases[i].length);
	}
}

static void each_kind_of_destination_is_sought_where_it_counts(void **state)
{
	struct tt_prefix_list routes = { 0 };
	struct tt_prefix_list groups = { 0 };
	struct tt_local local = { 0 };

	(void)state;

	add(&routes, "127.0.0.0", 8, LO);
	add(&routes, "192.0.2.1", 32, 0);
	add(&routes, "198.51.100.0", 24, 0);
	add(&routes, "fe80::1", 128, NEAR);
	add(&routes, "2001:db8::1", 128, 0);
	add(&routes, "2001:db8:1::", 48, 0);
	add(&groups, "239.1.2.3", 32, NEAR);
	add(&groups, "ff02::5", 128, FAR);
	assert_int_equal(tt_local_build(&local, &routes, &groups), 0);

	assert_true(contains(&local, "127.1.2.3", LO, 0));
	assert_false(contains(&local, "127.0.0.1", NEAR, 0));
	assert_true(contains(&local, "192.0.2.1", NEAR, 0));
	assert_true(contains(&local, "192.0.2.1", 12345, 0));
	assert_false(contains(&local, "192.0.2.2", NEAR, 0));
	assert_true(contains(&local, "198.51.100.255", FAR, 0));
	assert_false(contains(&local, "198.51.101.0", FAR, 0));
	assert_true(contains(&local, "fe80::1", NEAR, 0));
	assert_false(contains(&local, "fe80::1", FAR, 0));
	assert_false(contains(&local, "fe80::1", 0, 0));
	assert_true(contains(&local, "2001:db8:1:ffff::1", FAR, 0));
	assert_false(contains(&local, "2001:db8:2::1", FAR, 0));
	assert_true(contains(&local, "239.1.2.3", NEAR, 0));
	assert_false(contains(&local, "239.1.2.3", FAR, 0));
	assert_true(contains(&local, "ff02::5", FAR, 0));
	assert_false(contains(&local, "ff02::5", NEAR, 0));

	tt_local_deinit(&local);
	tt_prefix_list_deinit(&routes);
	tt_prefix_list_deinit(&groups);
}

static void a_vrf_has_its_own_besides_the_common(void **state)
{
	struct tt_prefix_list routes = { 0 };
	struct tt_prefix_list groups = { 0 };
	struct tt_local local = { 0 };

	(void)state;

	add(&routes, "192.0.2.1", 32, 0);
	add(&routes, "192.0.2.9", 32, VRF);
	add(&routes, "127.0.0.0", 8, VRF);
	add(&routes, "fe80::9", 128, VRF);
	add(&groups, "239.1.2.3", 32, VRF);
	add(&groups, "ff02::5", 128, VRF);
	assert_int_equal(tt_local_build(&local, &routes, &groups), 0);

	assert_true(contains(&local, "192.0.2.1", NEAR, VRF));
	assert_true(contains(&local, "192.0.2.9", NEAR, VRF));
	assert_true(contains(&local, "192.0.2.9", VRF, VRF));
	assert_false(contains(&local, "192.0.2.9", FAR, 0));

	/* Loopback and link-local stay with the VRF's own interface. */
	assert_true(contains(&local, "127.0.0.1", VRF, VRF));
	assert_false(contains(&local, "127.0.0.1", NEAR, VRF));
	assert_false(contains(&local, "fe80::9", NEAR, VRF));

	/* Groups that were joined on the VRF: IPv4 looks there for its ports, IPv6 does not. */
	assert_true(contains(&local, "239.1.2.3", NEAR, VRF));
	assert_false(contains(&local, "239.1.2.3", FAR, 0));
	assert_false(contains(&local, "ff02::5", NEAR, VRF));

	tt_local_deinit(&local);
	tt_prefix_list_deinit(&routes);
	tt_prefix_list_deinit(&groups);
}

static void the_two_families_do_not_meet(void **state)
{
	struct tt_prefix_list routes = { 0 };
	struct tt_prefix_list groups = { 0 };
	struct tt_local local = { 0 };

	(void)state;

	add(&routes, "32.1.13.184", 32, 0); /* the first bytes of 2001:db8:: */
	assert_int_equal(tt_local_build(&local, &routes, &groups), 0);
	assert_false(contains(&local, "2001:db8::", NEAR, 0));
	tt_local_deinit(&local);
	tt_prefix_list_deinit(&routes);
}

/* A generator of numbers that are the same in every run. */
static uint32_t next_number(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state;
}

static bool list_contains(const struct tt_prefix_list *list, uint32_t host)
{
	for (size_t i = 0; i < list->prefixes_count; i++) {
		uint8_t length = list->prefixes[i].length;
		uint32_t network = (uint32_t)(list->prefixes[i].high >> 32);

		if ((uint64_t)(host ^ network) >> (32 - length) == 0)
			return true;
	}
	return false;
}

static void a_large_table_says_what_a_plain_search_says(void **state)
{
	struct tt_prefix_list routes = { 0 };
	struct tt_prefix_list groups = { 0 };
	struct tt_local local = { 0 };
	uint32_t number = 1;
	size_t hits = 0;

	(void)state;

	for (int i = 0; i < MANY; i++) {
		uint32_t host = htonl(0x0a000000 | (next_number(&number) >> 12));
		uint8_t length = (uint8_t)(i % 50 == 0 ? 20 + i / 50 % 13 : 32);

		assert_int_equal(
			tt_prefix_list_add(
				&routes, tt_prefix_of(AF_INET, (const uint8_t *)&host, length, 0)),
			0);
	}
	assert_int_equal(tt_local_build(&local, &routes, &groups), 0);

	for (size_t i = 0; i < routes.prefixes_count; i += 7) {
		uint32_t network = (uint32_t)(routes.prefixes[i].high >> 32);

		for (uint32_t near = network - 2; near != network + 3; near++) {
			struct tt_address address = { .family = AF_INET };
			bool expected = list_contains(&routes, near);

			address.ipv4.sin_addr.s_addr = htonl(near);
			assert_int_equal(tt_local_contains(&local, &address, NEAR, 0), expected);
			hits += expected;
		}
	}
	assert_in_range(hits, MANY / 7, 4 * MANY / 7); /* both answers were heard */

	tt_local_deinit(&local);
	tt_prefix_list_deinit(&routes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_has_the_limited_broadcast_only),
		cmocka_unit_test(a_prefixs_bits_behind_its_length_do_not_count),
		cmocka_unit_test(reach_follows_from_the_whole_prefix),
		cmocka_unit_test(each_kind_of_destination_is_sought_where_it_counts),
		cmocka_unit_test(a_vrf_has_its_own_besides_the_common),
		cmocka_unit_test(the_two_families_do_not_meet),
		cmocka_unit_test(a_large_table_says_what_a_plain_search_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
