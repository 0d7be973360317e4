/* SPDX-License-Identifier: MIT */

/*
 * Who still needs a block
 *
 * A block with a release that counts its calls. Not covered: dropping what nobody
 * holds, which an assertion catches.
 */

#include "packet/block.h"

#include "tests/unit/cmocka_all.h"

struct releases {
	struct tt_block *last;
	unsigned int count;
};

static void count_release(struct tt_block *block, void *context)
{
	struct releases *releases = context;

	assert_int_equal(block->holders_count, 0);
	releases->last = block;
	releases->count++;
}

static void the_last_of_several_holders_releases_the_block(void **state)
{
	struct releases releases = { 0 };
	struct tt_block block = { .release = count_release, .context = &releases };

	(void)state;

	tt_block_hold(&block);
	tt_block_hold(&block);
	tt_block_hold(&block);
	tt_block_drop(&block);
	tt_block_drop(&block);
	assert_int_equal(releases.count, 0);

	tt_block_drop(&block);
	assert_int_equal(releases.count, 1);
	assert_ptr_equal(releases.last, &block);
}

static void a_block_can_be_held_again_after_it_was_released(void **state)
{
	struct releases releases = { 0 };
	struct tt_block block = { .release = count_release, .context = &releases };

	(void)state;

	for (unsigned int turn = 1; turn <= 3; turn++) {
		tt_block_hold(&block);
		assert_int_equal(block.holders_count, 1);
		tt_block_drop(&block);
		assert_int_equal(releases.count, turn);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_of_several_holders_releases_the_block),
		cmocka_unit_test(a_block_can_be_held_again_after_it_was_released),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
