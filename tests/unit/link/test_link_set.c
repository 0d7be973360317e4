/* SPDX-License-Identifier: MIT */

/*
 * The interfaces of one network namespace
 *
 * Sets are filled by hand, in any order. Reading them from a kernel is left to the
 * tests in network namespaces.
 */

#include "link/link_set.h"

#include <string.h>

#include "link/link.h"
#include "tests/unit/cmocka_all.h"

static void add(struct tt_link_set *set, uint32_t index, const char *kind)
{
	struct tt_link_entry entry = { .link = { .index = index } };

	memcpy(entry.link.kind, kind, strlen(kind));
	assert_int_equal(tt_link_set_add(set, &entry), 0);
}

static void every_interface_is_found_and_no_other(void **state)
{
	struct tt_link_set set = { 0 };

	(void)state;

	assert_null(tt_link_set_find(&set, 1));
	tt_link_set_arrange(&set);
	for (uint32_t i = 100; i > 0; i--)
		add(&set, 3 * i, "veth");
	tt_link_set_arrange(&set);
	for (uint32_t i = 1; i <= 301; i++) {
		const struct tt_link_entry *entry = tt_link_set_find(&set, i);

		assert_int_equal(entry != NULL, i % 3 == 0);
		if (entry)
			assert_int_equal(entry->link.index, i);
	}
	tt_link_set_deinit(&set);
}

static void a_port_of_hsr_has_a_master_as_any_other(void **state)
{
	struct tt_link_set set = { 0 };
	const struct tt_link_entry *port;

	(void)state;

	add(&set, 7, "hsr");
	set.entries[0].hsr_ports[0] = 3;
	set.entries[0].hsr_ports[1] = 99; /* is gone already */
	add(&set, 4, "veth");
	add(&set, 3, "veth");
	tt_link_set_arrange(&set);

	port = tt_link_set_find(&set, 3);
	assert_int_equal(port->link.master_index, 7);
	assert_string_equal(port->link.master_kind, "hsr");
	assert_true(tt_link_is_consumed(&port->link));
	assert_false(tt_link_is_consumed(&tt_link_set_find(&set, 4)->link));
	tt_link_set_deinit(&set);
}

static void a_vrf_and_its_ports_are_one_domain(void **state)
{
	struct tt_link_set set = { 0 };

	(void)state;

	add(&set, 1, "");
	add(&set, 2, "vrf");
	set.entries[1].vrf_table = 10;
	add(&set, 3, "veth");
	set.entries[2].link.master_index = 2;
	memcpy(set.entries[2].link.master_kind, "vrf", sizeof("vrf"));
	add(&set, 4, "veth");
	set.entries[3].link.master_index = 5;
	memcpy(set.entries[3].link.master_kind, "bridge", sizeof("bridge"));
	tt_link_set_arrange(&set);

	assert_int_equal(tt_link_set_domain(&set, 1), 0);
	assert_int_equal(tt_link_set_domain(&set, 2), 2);
	assert_int_equal(tt_link_set_domain(&set, 3), 2);
	assert_int_equal(tt_link_set_domain(&set, 4), 0);
	assert_int_equal(tt_link_set_domain(&set, 99), 0);
	tt_link_set_deinit(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_interface_is_found_and_no_other),
		cmocka_unit_test(a_port_of_hsr_has_a_master_as_any_other),
		cmocka_unit_test(a_vrf_and_its_ports_are_one_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
