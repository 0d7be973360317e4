/* SPDX-License-Identifier: MIT */

/*
 * The table of interfaces: equal ones have one number, different ones do not
 *
 * The table's allocations can be made to fail.
 */

#include "packet/interfaces.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

static unsigned int allocations_left = UINT32_MAX;

/* The linker puts these in front of the C library's. NOLINTBEGIN */
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);

void *__wrap_calloc(size_t count, size_t bytes)
{
	if (allocations_left == 0)
		return NULL;
	allocations_left--;
	return __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
	if (allocations_left == 0)
		return NULL;
	allocations_left--;
	return __real_realloc(memory, bytes);
}
/* NOLINTEND */

static struct tt_interface named(const char *name, uint32_t kernel_index)
{
	struct tt_interface interface = { .kernel_index = kernel_index };

	(void)snprintf(interface.name, sizeof(interface.name), "%s", name);
	return interface;
}

static uint32_t add(struct tt_interfaces *interfaces, struct tt_interface interface)
{
	uint32_t number = 0;

	assert_int_equal(tt_interfaces_add(interfaces, &interface, &number), 0);
	return number;
}

static void numbers_begin_with_1_and_equal_interfaces_share_one(void **state)
{
	struct tt_interfaces interfaces = { 0 };
	struct tt_interface with_address = named("eth0", 2);

	(void)state;

	with_address.hardware_bytes = 6;
	assert_int_equal(add(&interfaces, named("eth0", 2)), 1);
	assert_int_equal(add(&interfaces, named("eth0", 3)), 2);
	assert_int_equal(add(&interfaces, named("eth1", 2)), 3);
	assert_int_equal(add(&interfaces, with_address), 4);
	with_address.hardware[5] = 1;
	assert_int_equal(add(&interfaces, with_address), 5);
	assert_int_equal(add(&interfaces, (struct tt_interface){ 0 }), 6);

	assert_int_equal(add(&interfaces, with_address), 5);
	assert_int_equal(add(&interfaces, named("eth0", 2)), 1);
	assert_int_equal(add(&interfaces, (struct tt_interface){ 0 }), 6);
	assert_int_equal(interfaces.entries_count, 6);
	tt_interfaces_deinit(&interfaces);
}

static void what_is_behind_a_name_or_an_address_makes_no_difference(void **state)
{
	struct tt_interfaces interfaces = { 0 };
	struct tt_interface untidy;

	(void)state;

	memset(&untidy, 0xaa, sizeof(untidy));
	memcpy(untidy.name, "eth0", sizeof("eth0"));
	untidy.kernel_index = 2;
	untidy.hardware_bytes = 0;
	assert_int_equal(add(&interfaces, named("eth0", 2)), 1);
	assert_int_equal(add(&interfaces, untidy), 1);
	tt_interfaces_deinit(&interfaces);
}

static void an_interface_is_found_by_its_number_and_no_other_is(void **state)
{
	struct tt_interfaces interfaces = { 0 };
	struct tt_interface found;

	(void)state;

	assert_false(tt_interfaces_find(&interfaces, 1, &found));
	(void)add(&interfaces, named("eth0", 2));
	(void)add(&interfaces, named("wlan0", 3));
	assert_true(tt_interfaces_find(&interfaces, 2, &found));
	assert_string_equal(found.name, "wlan0");
	assert_int_equal(found.kernel_index, 3);

	assert_false(tt_interfaces_find(&interfaces, 0, &found));
	assert_string_equal(found.name, "");
	assert_false(tt_interfaces_find(&interfaces, 3, &found));
	assert_false(tt_interfaces_find(&interfaces, UINT32_MAX, &found));
	assert_int_equal(found.kernel_index, 0);
	tt_interfaces_deinit(&interfaces);
}

static void the_table_takes_as_many_as_it_says_and_still_knows_each(void **state)
{
	struct tt_interfaces interfaces = { 0 };
	struct tt_interface one_more = named("", TT_INTERFACES_NUMBERED_MAX + 1);
	uint32_t number = 77;

	(void)state;

	for (uint32_t i = 1; i <= TT_INTERFACES_NUMBERED_MAX; i++)
		assert_int_equal(add(&interfaces, named("", i)), i);
	assert_int_equal(tt_interfaces_add(&interfaces, &one_more, &number), -ENOSPC);
	assert_int_equal(number, 77);
	for (uint32_t i = 1; i <= TT_INTERFACES_NUMBERED_MAX; i++)
		assert_int_equal(add(&interfaces, named("", i)), i);
	tt_interfaces_deinit(&interfaces);
	assert_int_equal(interfaces.entries_count, 0);
}

static void many_that_differ_in_one_field_only_are_told_apart(void **state)
{
	struct tt_interfaces interfaces = { 0 };

	(void)state;

	for (unsigned int turn = 0; turn < 2; turn++) {
		for (uint32_t i = 0; i < 250; i++) {
			struct tt_interface with_name = named("", 0);
			struct tt_interface with_address = named("eth0", 0);

			(void)snprintf(with_name.name, sizeof(with_name.name), "eth%u", i);
			with_address.hardware_bytes = 6;
			with_address.hardware[3] = (uint8_t)i;
			assert_int_equal(add(&interfaces, with_name), 2 * i + 1);
			assert_int_equal(add(&interfaces, with_address), 2 * i + 2);
		}
	}
	tt_interfaces_deinit(&interfaces);
}

static void without_memory_the_table_stays_as_it_is(void **state)
{
	struct tt_interfaces interfaces = { 0 };
	uint32_t last = 1;

	(void)state;

	(void)add(&interfaces, named("", 1));
	while (interfaces.entries_count < interfaces.room_count)
		last = add(&interfaces, named("", last + 1));
	for (unsigned int count = 0; count < 2; count++) {
		struct tt_interface one_more = named("", last + 1);
		uint32_t number = 77;
		int r;

		allocations_left = count;
		r = tt_interfaces_add(&interfaces, &one_more, &number);
		allocations_left = UINT32_MAX;
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(number, 77);
		assert_int_equal(add(&interfaces, named("", last)), last);
	}
	assert_int_equal(add(&interfaces, named("", last + 1)), last + 1);
	tt_interfaces_deinit(&interfaces);
}

static void an_address_longer_than_its_room_is_cut(void **state)
{
	struct tt_interfaces interfaces = { 0 };
	struct tt_interface interface = named("eth0", 0);
	struct tt_interface found;

	(void)state;

	interface.hardware_bytes = 255;
	interface.hardware[7] = 9;
	assert_true(tt_interfaces_find(&interfaces, add(&interfaces, interface), &found));
	assert_int_equal(found.hardware_bytes, TT_INTERFACE_HARDWARE_BYTES);
	assert_int_equal(found.hardware[7], 9);
	tt_interfaces_deinit(&interfaces);
}

static void what_has_no_name_is_called_by_a_question_mark(void **state)
{
	struct tt_interface nameless = { .kernel_index = 7 };
	struct tt_interface eth0 = named("eth0", 2);
	struct tt_interfaces interfaces = { 0 };
	uint32_t number;

	(void)state;
	assert_int_equal(tt_interfaces_add(&interfaces, &nameless, &number), 0);
	assert_string_equal(tt_interfaces_name(&interfaces, number), "?");
	assert_string_equal(tt_interfaces_name(&interfaces, number + 1), "?");
	assert_string_equal(tt_interfaces_name(&interfaces, 0), "?");
	assert_int_equal(tt_interfaces_add(&interfaces, &eth0, &number), 0);
	assert_string_equal(tt_interfaces_name(&interfaces, number), "eth0");
	tt_interfaces_deinit(&interfaces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_no_name_is_called_by_a_question_mark),
		cmocka_unit_test(numbers_begin_with_1_and_equal_interfaces_share_one),
		cmocka_unit_test(what_is_behind_a_name_or_an_address_makes_no_difference),
		cmocka_unit_test(an_interface_is_found_by_its_number_and_no_other_is),
		cmocka_unit_test(many_that_differ_in_one_field_only_are_told_apart),
		cmocka_unit_test(without_memory_the_table_stays_as_it_is),
		cmocka_unit_test(an_address_longer_than_its_room_is_cut),
		cmocka_unit_test(the_table_takes_as_many_as_it_says_and_still_knows_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
