/* SPDX-License-Identifier: MIT */

/*
 * Why a capture showed nothing, and what mends that
 *
 * Accounts made by hand, one a cause, some with more than one: the sentence must be that
 * of the likeliest. That real captures come to such accounts is tried in netns.command.
 */

#include "app/capture_advice.h"

#include "tests/unit/cmocka_all.h"

#define NOTHING "nothing was shown: "

/* An account with one output; both sources are there. */
static struct tt_accounting make_account(void)
{
	struct tt_accounting accounting = { .size = sizeof(accounting), .is_final = 1 };

	accounting.outputs_count = 1;
	accounting.sources[TT_SOURCE_IPV4].is_present = 1;
	accounting.sources[TT_SOURCE_IPV6].is_present = 1;
	return accounting;
}

/* What is said of an account; "" when nothing is. */
static const char *advise(const struct tt_accounting *accounting,
			  const struct tt_capture_options *options, const char *idle_interface)
{
	static struct tt_remark remark;
	const struct tt_capture_facts facts = { .options = options,
						.accounting = accounting,
						.idle_interface = idle_interface };

	remark = (struct tt_remark){ 0 };
	return tt_capture_advise(&facts, &remark) ? remark.text : "";
}

static void nothing_is_said_when_something_was_shown(void **state)
{
	const struct tt_capture_options options = { .port_side = TT_PORT_EITHER };
	struct tt_accounting accounting = make_account();

	(void)state;

	accounting.outputs[0].written = 1;
	accounting.sources[TT_SOURCE_IPV4].rejected[TT_REJECT_PORT] = 1000;
	assert_string_equal(advise(&accounting, &options, "eth0"), "");
}

static void rejected_packets_tell_by_weight_not_by_number(void **state)
{
	static const struct {
		enum tt_reject reason;
		const char *sentence;
	} by_weight[] = {
		{ TT_REJECT_INTERFACE, NOTHING "packets came in on other interfaces only: check -i "
					       "(twintap interfaces lists them)" },
		{ TT_REJECT_NOT_UDP, NOTHING "packets came in, but none of them was UDP: only UDP "
					     "is captured" },
		{ TT_REJECT_MALFORMED, NOTHING "what came in had broken IP headers: there is no "
					       "port to go by" },
		{ TT_REJECT_FRAGMENT, NOTHING "what came in were fragments whose first one did not "
					      "come before them, or was not wanted" },
		{ TT_REJECT_PACKET_TYPE, NOTHING "what came in was for other hosts on the link: "
						 "--promiscuous takes it too" },
		{ TT_REJECT_PORT, NOTHING "UDP datagrams came in, but for other ports: check -p, "
					  "or leave it out" },
		{ TT_REJECT_EXPRESSION, NOTHING "UDP datagrams came in, but none that the filter "
						"expression takes: check it" },
	};
	const struct tt_capture_options options = { .port_side = TT_PORT_EITHER };
	struct tt_accounting accounting = make_account();
	struct tt_source_accounting *source = &accounting.sources[TT_SOURCE_IPV6];

	(void)state;

	/* Each next reason comes once, beside very many of the one before. */
	for (size_t i = 0; i < sizeof(by_weight) / sizeof(by_weight[0]); i++) {
		source->rejected[by_weight[i].reason] = 1;
		source->seen++;
		assert_string_equal(advise(&accounting, &options, NULL), by_weight[i].sentence);
		source->rejected[by_weight[i].reason] += 1000;
		source->seen += 1000;
	}
}

static void advice_depends_on_what_was_asked_for(void **state)
{
	struct tt_capture_options options = { .port_side = TT_PORT_DESTINATION };
	struct tt_accounting accounting = make_account();

	(void)state;

	accounting.sources[TT_SOURCE_IPV4].seen = 1;
	accounting.sources[TT_SOURCE_IPV4].rejected[TT_REJECT_PORT] = 1;
	assert_string_equal(advise(&accounting, &options, NULL),
			    NOTHING "UDP datagrams came in, but for other ports: check -p, or use "
				    "--port-side either");

	accounting.sources[TT_SOURCE_IPV4].rejected[TT_REJECT_PORT] = 0;
	accounting.sources[TT_SOURCE_IPV4].rejected[TT_REJECT_PACKET_TYPE] = 1;
	options.is_promiscuous = true;
	assert_string_equal(advise(&accounting, &options, NULL),
			    NOTHING "what came in was sent by this host itself");

	accounting.sources[TT_SOURCE_IPV4].rejected[TT_REJECT_PACKET_TYPE] = 0;
	accounting.sources[TT_SOURCE_IPV4].rejected[TT_REJECT_FRAGMENT] = 1;
	options.takes_no_fragments = true;
	assert_string_equal(advise(&accounting, &options, NULL),
			    NOTHING "what came in were fragments: --fragments follow takes them");
}

static void withheld_datagrams_point_to_the_verdict(void **state)
{
	const struct tt_capture_options options = { .port_side = TT_PORT_EITHER };
	struct tt_accounting accounting = make_account();

	(void)state;

	accounting.sources[TT_SOURCE_IPV4].seen = 9;
	accounting.sources[TT_SOURCE_IPV4].rejected[TT_REJECT_PORT] = 4;
	accounting.sources[TT_SOURCE_IPV4].delivered = 5;
	accounting.outputs[0].withheld[TT_WITHHELD_VERDICT] = 5;
	assert_string_equal(advise(&accounting, &options, NULL),
			    NOTHING "what came in has other verdicts: --verdict all shows it");
}

static void failed_output_is_not_explained_a_second_time(void **state)
{
	const struct tt_capture_options options = { .port_side = TT_PORT_EITHER };
	struct tt_accounting accounting = make_account();

	(void)state;

	accounting.sources[TT_SOURCE_IPV4].seen = 5;
	accounting.sources[TT_SOURCE_IPV4].delivered = 5;
	accounting.outputs[0].given = 5;
	accounting.outputs[0].dropped = 5;
	assert_string_equal(advise(&accounting, &options, NULL), "");
}

static void full_rings_ask_for_more_room(void **state)
{
	struct tt_capture_options options = { .ring_bytes = 16 << 20 };
	struct tt_accounting accounting = make_account();

	(void)state;

	accounting.sources[TT_SOURCE_IPV4].seen = 5;
	accounting.sources[TT_SOURCE_IPV4].accepted = 5;
	accounting.sources[TT_SOURCE_IPV4].ring_dropped = 5;
	assert_string_equal(advise(&accounting, &options, NULL),
			    NOTHING "the rings were full all the time: give them more room with "
				    "-B 64M");
	options.ring_bytes = UINT64_C(3) << 30;
	assert_string_equal(advise(&accounting, &options, NULL),
			    NOTHING "the rings were full all the time: give them more room with "
				    "-B 4G");
}

static void idle_interface_is_named_only_if_nothing_came_by_it(void **state)
{
	const struct tt_capture_options options = { .interfaces = { "eth7" },
						    .interfaces_count = 1,
						    .port_side = TT_PORT_EITHER };
	struct tt_accounting accounting = make_account();

	(void)state;

	assert_string_equal(advise(&accounting, &options, "eth7"),
			    NOTHING "interface eth7 is down or has no carrier: ip link set eth7 "
				    "up");
	accounting.sources[TT_SOURCE_IPV4].seen = 2;
	accounting.sources[TT_SOURCE_IPV4].rejected[TT_REJECT_INTERFACE] = 2;
	assert_string_equal(advise(&accounting, &options, "eth7"),
			    NOTHING "interface eth7 is down or has no carrier: ip link set eth7 "
				    "up");
	accounting.sources[TT_SOURCE_IPV4].seen = 3;
	accounting.sources[TT_SOURCE_IPV4].rejected[TT_REJECT_NOT_UDP] = 1;
	assert_string_equal(advise(&accounting, &options, "eth7"),
			    NOTHING "packets came in, but none of them was UDP: only UDP is "
				    "captured");
}

static void silence_points_to_what_was_narrowed(void **state)
{
	struct tt_capture_options options = { .port_side = TT_PORT_EITHER };
	struct tt_accounting accounting = make_account();

	(void)state;

	assert_string_equal(advise(&accounting, &options, NULL),
			    NOTHING "no packet came in on any interface: is something sent to "
				    "this host?");
	options.interfaces[0] = "eth0";
	options.interfaces_count = 1;
	assert_string_equal(advise(&accounting, &options, NULL),
			    NOTHING "no packet came in on eth0: is it the right interface? "
				    "twintap interfaces lists them");
	options.interfaces[1] = "eth1";
	options.interfaces_count = 2;
	assert_string_equal(advise(&accounting, &options, NULL),
			    NOTHING "no packet came in on the chosen interfaces: is it the right "
				    "interface? twintap interfaces lists them");
	options.ipv6_only = true;
	assert_string_equal(advise(&accounting, &options, NULL),
			    NOTHING "no IPv6 packet came in: leave -6 out to see IPv4 too");
	options.ipv6_only = false;
	options.ipv4_only = true;
	assert_string_equal(advise(&accounting, &options, NULL),
			    NOTHING "no IPv4 packet came in: leave -4 out to see IPv6 too");
}

static void counts_that_nobody_could_take_tell_nothing(void **state)
{
	const struct tt_capture_options options = { .port_side = TT_PORT_EITHER };
	struct tt_accounting accounting = make_account();

	(void)state;

	accounting.filter_kind = TT_FILTER_CLASSIC;
	accounting.sources[TT_SOURCE_IPV4].seen = TT_UNKNOWN;
	for (size_t i = 0; i < TT_REJECT_COUNT; i++)
		accounting.sources[TT_SOURCE_IPV4].rejected[i] = TT_UNKNOWN;
	assert_string_equal(advise(&accounting, &options, NULL), NOTHING
			    "none of the packets that came in was wanted, if any came; with "
			    "CAP_BPF the end says why");
}

static void sizes_are_written_as_the_option_takes_them(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 256 << 10, "256K" },
		{ 16 << 20, "16M" },
		{ (1 << 20) + (1 << 10), "1025K" },
		{ UINT64_C(4) << 30, "4G" },
		{ UINT64_C(1536) << 20, "1536M" },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_remark remark = { 0 };

		tt_capture_add_size(&remark, cases[i].bytes);
		assert_string_equal(remark.text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_said_when_something_was_shown),
		cmocka_unit_test(rejected_packets_tell_by_weight_not_by_number),
		cmocka_unit_test(advice_depends_on_what_was_asked_for),
		cmocka_unit_test(withheld_datagrams_point_to_the_verdict),
		cmocka_unit_test(failed_output_is_not_explained_a_second_time),
		cmocka_unit_test(full_rings_ask_for_more_room),
		cmocka_unit_test(idle_interface_is_named_only_if_nothing_came_by_it),
		cmocka_unit_test(silence_points_to_what_was_narrowed),
		cmocka_unit_test(counts_that_nobody_could_take_tell_nothing),
		cmocka_unit_test(sizes_are_written_as_the_option_takes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
