/* SPDX-License-Identifier: MIT */

/*
 * An account as one JSON object
 *
 * A small account is spelt out whole. The largest possible one, with hostile names, is
 * written to prove the promised room. Accounts of older callers lie in heap blocks of
 * their own size, so that a read past it is a report of the address sanitizer.
 */

#include "twintap/accounting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/json_check.h"
#include "tests/unit/cmocka_all.h"

static void check_json(const struct tt_accounting *accounting, const char *expected)
{
	char text[TT_ACCOUNTING_JSON_BYTES];
	size_t length;

	assert_int_equal(tt_accounting_format_json(accounting, text, sizeof(text), &length), 0);
	assert_string_equal(text, expected);
	assert_int_equal(length, strlen(text));
	assert_true(tt_json_is_strict(text, length));
}

static struct tt_accounting make_small_accounting(void)
{
	struct tt_accounting accounting = {
		.size = sizeof(accounting),
		.is_final = 1,
		.nic_dropped = TT_UNKNOWN,
		.outputs_count = 1,
	};
	struct tt_source_accounting *ipv4 = &accounting.sources[TT_SOURCE_IPV4];
	struct tt_source_accounting *ipv6 = &accounting.sources[TT_SOURCE_IPV6];

	ipv4->is_present = 1;
	ipv4->seen = 11;
	ipv4->rejected[TT_REJECT_NOT_UDP] = 2;
	ipv4->rejected[TT_REJECT_PORT] = 3;
	ipv4->accepted = 6;
	ipv4->ring_dropped = 1;
	ipv4->delivered = 5;
	ipv4->verdicts[TT_VERDICT_OK] = 4;
	ipv4->verdicts[TT_VERDICT_BAD_LENGTH] = 1;
	ipv4->payload_cut = 2;
	ipv4->ring_freezes = 1;
	ipv4->ring_bytes = 16777216;
	ipv6->is_present = 1;
	ipv6->payload_cut = 1;
	ipv6->ring_bytes = 8388608;

	memcpy(accounting.outputs[0].name, "a.json", sizeof("a.json"));
	accounting.outputs[0].withheld[TT_WITHHELD_VERDICT] = 1;
	accounting.outputs[0].given = 4;
	accounting.outputs[0].written = 3;
	accounting.outputs[0].dropped = 1;
	accounting.outputs[0].bytes = 1234;
	return accounting;
}

#define SMALL_IPV4                                                                             \
	"\"ipv4\":{\"seen\":11,\"rejected\":{\"packet_type\":0,\"interface\":0,\"not_udp\":2," \
	"\"port\":3,\"expression\":0,\"fragment\":0,\"malformed\":0},\"accepted\":6,"          \
	"\"ring_dropped\":1,\"narrowed\":0,\"delivered\":5,\"verdicts\":{\"ok\":4,\"bad_length\":1}}"
#define SMALL_IPV6                                                                            \
	"\"ipv6\":{\"seen\":0,\"rejected\":{\"packet_type\":0,\"interface\":0,\"not_udp\":0," \
	"\"port\":0,\"expression\":0,\"fragment\":0,\"malformed\":0},\"accepted\":0,"         \
	"\"ring_dropped\":0,\"narrowed\":0,\"delivered\":0,\"verdicts\":{\"ok\":0}}"
#define SMALL_OUTPUT                                                                       \
	"{\"name\":\"a.json\",\"withheld\":{\"verdict\":1,\"not_local\":0,\"no_route\":0," \
	"\"limit\":0},\"given\":4,\"written\":3,\"dropped\":1,\"bytes\":1234}"
#define SMALL_BESIDE                                                                                     \
	"\"beside\":{\"ring_freezes\":1,\"ring_bytes\":25165824,\"payload_cut\":3,\"fragments_late\":0," \
	"\"nic_dropped\":null,\"late\":0}"

static void members_stand_in_their_order(void **state)
{
	struct tt_accounting accounting = make_small_accounting();

	(void)state;

	check_json(&accounting,
		   "{\"final\":true,\"filter\":\"ebpf\",\"sources\":{" SMALL_IPV4 "," SMALL_IPV6
		   "},\"outputs\":[" SMALL_OUTPUT "]," SMALL_BESIDE "}");
}

static void an_account_without_sources_and_outputs_is_an_object_too(void **state)
{
	struct tt_accounting accounting = { .size = sizeof(accounting), .nic_dropped = 7 };

	(void)state;

	check_json(&accounting,
		   "{\"final\":false,\"filter\":\"ebpf\",\"sources\":{},"
		   "\"outputs\":[],\"beside\":{\"ring_freezes\":0,\"ring_bytes\":0,"
		   "\"payload_cut\":0,\"fragments_late\":0,\"nic_dropped\":7,\"late\":0}}");
}

static void what_nobody_could_count_is_null_and_so_are_sums_with_it(void **state)
{
	struct tt_accounting accounting = make_small_accounting();
	struct tt_source_accounting *ipv6 = &accounting.sources[TT_SOURCE_IPV6];
	char text[TT_ACCOUNTING_JSON_BYTES];
	size_t length;

	(void)state;

	ipv6->seen = TT_UNKNOWN;
	ipv6->rejected[TT_REJECT_PORT] = TT_UNKNOWN;
	ipv6->verdicts[TT_VERDICT_FRAGMENT] = TT_UNKNOWN;
	ipv6->ring_freezes = TT_UNKNOWN;
	accounting.outputs[0].withheld[TT_WITHHELD_LIMIT] = TT_UNKNOWN;
	accounting.outputs[0].bytes = TT_UNKNOWN;
	/* A source that is not there adds nothing. */
	accounting.sources[TT_SOURCE_FILE].payload_cut = TT_UNKNOWN;

	assert_int_equal(tt_accounting_format_json(&accounting, text, sizeof(text), &length), 0);
	assert_true(tt_json_is_strict(text, length));
	assert_non_null(strstr(text, "\"ipv6\":{\"seen\":null,"));
	assert_non_null(strstr(text, "\"port\":null,"));
	assert_non_null(strstr(text, "\"verdicts\":{\"ok\":0,\"fragment\":null}"));
	assert_non_null(strstr(text, "\"limit\":null}"));
	assert_non_null(strstr(text, "\"bytes\":null}"));
	assert_non_null(strstr(text, "\"beside\":{\"ring_freezes\":null,\"ring_bytes\":25165824,"
				     "\"payload_cut\":3,\"fragments_late\":0,"));
}

static void what_came_late_is_summed_up_over_the_sources(void **state)
{
	struct tt_accounting accounting = make_small_accounting();
	char text[TT_ACCOUNTING_JSON_BYTES];
	size_t length;

	(void)state;

	accounting.sources[TT_SOURCE_IPV4].late = 3;
	accounting.sources[TT_SOURCE_IPV6].late = 40;
	accounting.sources[TT_SOURCE_FILE].late = 1000; /* which is not there */
	assert_int_equal(tt_accounting_format_json(&accounting, text, sizeof(text), &length), 0);
	assert_true(tt_json_is_strict(text, length));
	assert_non_null(strstr(text, ",\"late\":43}}"));

	accounting.sources[TT_SOURCE_FILE].is_present = 1;
	assert_int_equal(tt_accounting_format_json(&accounting, text, sizeof(text), &length), 0);
	assert_non_null(strstr(text, ",\"late\":1043}}"));
	accounting.sources[TT_SOURCE_IPV4].late = TT_UNKNOWN;
	assert_int_equal(tt_accounting_format_json(&accounting, text, sizeof(text), &length), 0);
	assert_non_null(strstr(text, ",\"late\":null}}"));
}

static void a_sum_that_64_bits_do_not_hold_is_null(void **state)
{
	struct tt_accounting accounting = make_small_accounting();
	char text[TT_ACCOUNTING_JSON_BYTES];
	size_t length;

	(void)state;

	accounting.sources[TT_SOURCE_IPV4].ring_freezes = TT_UNKNOWN - 1;
	accounting.sources[TT_SOURCE_IPV6].ring_freezes = 1;
	accounting.sources[TT_SOURCE_IPV4].payload_cut = TT_UNKNOWN - 2;
	accounting.sources[TT_SOURCE_IPV6].payload_cut = 1;
	accounting.sources[TT_SOURCE_IPV4].ring_bytes = TT_UNKNOWN - 1;
	accounting.sources[TT_SOURCE_IPV6].ring_bytes = TT_UNKNOWN - 1;
	assert_int_equal(tt_accounting_format_json(&accounting, text, sizeof(text), &length), 0);
	assert_non_null(strstr(text, "\"beside\":{\"ring_freezes\":null,\"ring_bytes\":null,"
				     "\"payload_cut\":18446744073709551614,\"fragments_late\":0,"));
}

/* Every counter as long as it gets, every name without its NUL and all escapes. */
static struct tt_accounting make_largest_accounting(void)
{
	struct tt_accounting accounting;
	uint64_t largest = TT_UNKNOWN - 1;

	for (size_t i = 0; i < sizeof(accounting) / sizeof(largest); i++)
		memcpy((char *)&accounting + i * sizeof(largest), &largest, sizeof(largest));
	accounting.size = sizeof(accounting);
	accounting.outputs_count = TT_OUTPUTS_MAX;
	accounting.is_final = 0;
	for (size_t i = 0; i < TT_OUTPUTS_MAX; i++)
		memset(accounting.outputs[i].name, 0xff, sizeof(accounting.outputs[i].name));
	return accounting;
}

static void the_promised_room_holds_the_largest_account(void **state)
{
	struct tt_accounting accounting = make_largest_accounting();
	char text[TT_ACCOUNTING_JSON_BYTES];
	size_t length;

	(void)state;

	assert_int_equal(sizeof(accounting) % sizeof(uint64_t), 0);
	assert_int_equal(tt_accounting_format_json(&accounting, text, sizeof(text), &length), 0);
	assert_true(tt_json_is_strict(text, length));
	assert_true(length > TT_ACCOUNTING_JSON_BYTES / 2); /* it is not a small one */
	assert_non_null(strstr(text, "\"bytes\":18446744073709551614}],\"beside\":"));
}

static void an_output_name_may_be_any_bytes(void **state)
{
	struct tt_accounting accounting = make_small_accounting();
	char text[TT_ACCOUNTING_JSON_BYTES];
	size_t length;

	(void)state;

	memcpy(accounting.outputs[0].name, "x\"}\n\x7f\\", 7);
	assert_int_equal(tt_accounting_format_json(&accounting, text, sizeof(text), &length), 0);
	assert_true(tt_json_is_strict(text, length));
	assert_non_null(strstr(text, "{\"name\":\"x\\\"}\\u000a\\u007f\\\\\",\"withheld\""));
}

/* The account of a caller whose struct has @size bytes, alone in its heap block. */
static int format_older(const struct tt_accounting *accounting, size_t size, char *text)
{
	struct tt_accounting *older = malloc(size);
	size_t length;
	int r;

	assert_non_null(older);
	memcpy(older, accounting, size);
	memcpy(older, &size, sizeof(size));
	r = tt_accounting_format_json(older, text, TT_ACCOUNTING_JSON_BYTES, &length);
	free(older);
	if (r == 0)
		assert_true(tt_json_is_strict(text, length));
	return r;
}

static void an_older_account_is_read_as_far_as_it_goes(void **state)
{
	struct tt_accounting accounting = make_small_accounting();
	size_t sources_offset = offsetof(struct tt_accounting, sources);
	size_t outputs_offset = offsetof(struct tt_accounting, outputs);
	size_t source_bytes = sizeof(struct tt_source_accounting);
	size_t output_bytes = sizeof(struct tt_output_accounting);
	char text[TT_ACCOUNTING_JSON_BYTES];

	(void)state;

	accounting.outputs_count = TT_OUTPUTS_MAX;
	for (size_t size = sizeof(size_t); size <= sizeof(accounting); size += sizeof(uint64_t)) {
		size_t outputs_count = 0;

		if (size < sources_offset + source_bytes) {
			assert_int_equal(format_older(&accounting, size, text), -EINVAL);
			continue;
		}
		assert_int_equal(format_older(&accounting, size, text), 0);
		assert_non_null(strstr(text, SMALL_IPV4));
		assert_int_equal(strstr(text, SMALL_IPV6) != NULL,
				 size >= sources_offset + 2 * source_bytes);
		for (const char *at = text; (at = strstr(at, "{\"name\":")); at++)
			outputs_count++;
		assert_int_equal(outputs_count, size < outputs_offset
							? 0
							: (size - outputs_offset) / output_bytes);
	}
}

static void a_newer_account_is_refused_only_when_it_says_more(void **state)
{
	struct {
		struct tt_accounting known;
		uint64_t more;
	} newer = { .known = make_small_accounting() };
	char text[TT_ACCOUNTING_JSON_BYTES];
	size_t length = 42;

	(void)state;

	newer.known.size = sizeof(newer);
	check_json(&newer.known,
		   "{\"final\":true,\"filter\":\"ebpf\",\"sources\":{" SMALL_IPV4 "," SMALL_IPV6
		   "},\"outputs\":[" SMALL_OUTPUT "]," SMALL_BESIDE "}");
	newer.more = 1;
	assert_int_equal(tt_accounting_format_json(&newer.known, text, sizeof(text), &length),
			 -E2BIG);
	assert_int_equal(length, 42);
}

static void too_little_room_is_said_and_never_exceeded(void **state)
{
	struct tt_accounting accounting = make_small_accounting();
	char whole[TT_ACCOUNTING_JSON_BYTES];
	size_t whole_length;

	(void)state;

	assert_int_equal(
		tt_accounting_format_json(&accounting, whole, sizeof(whole), &whole_length), 0);
	for (size_t room_bytes = 0; room_bytes <= whole_length + 2; room_bytes++) {
		char *room = malloc(room_bytes ? room_bytes : 1);
		size_t length = SIZE_MAX;
		int r;

		assert_non_null(room);
		r = tt_accounting_format_json(&accounting, room, room_bytes, &length);
		assert_int_equal(r, room_bytes > whole_length ? 0 : -ENOSPC);
		assert_int_equal(length, r == 0 ? whole_length : SIZE_MAX);
		if (room_bytes > 0)
			assert_memory_equal(room, whole, strlen(room));
		free(room);
	}
}

static void bad_arguments_are_refused(void **state)
{
	struct tt_accounting accounting = make_small_accounting();
	char text[TT_ACCOUNTING_JSON_BYTES];
	size_t length;

	(void)state;

	assert_int_equal(tt_accounting_format_json(NULL, text, sizeof(text), &length), -EINVAL);
	assert_int_equal(tt_accounting_format_json(&accounting, NULL, 0, &length), -EINVAL);
	assert_int_equal(tt_accounting_format_json(&accounting, text, sizeof(text), NULL), -EINVAL);
	accounting.outputs_count = TT_OUTPUTS_MAX + 1;
	assert_int_equal(tt_accounting_format_json(&accounting, text, sizeof(text), &length),
			 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_stand_in_their_order),
		cmocka_unit_test(an_account_without_sources_and_outputs_is_an_object_too),
		cmocka_unit_test(what_nobody_could_count_is_null_and_so_are_sums_with_it),
		cmocka_unit_test(what_came_late_is_summed_up_over_the_sources),
		cmocka_unit_test(a_sum_that_64_bits_do_not_hold_is_null),
		cmocka_unit_test(the_promised_room_holds_the_largest_account),
		cmocka_unit_test(an_output_name_may_be_any_bytes),
		cmocka_unit_test(an_older_account_is_read_as_far_as_it_goes),
		cmocka_unit_test(a_newer_account_is_refused_only_when_it_says_more),
		cmocka_unit_test(too_little_room_is_said_and_never_exceeded),
		cmocka_unit_test(bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
