/* SPDX-License-Identifier: MIT */

/*
 * What is wanted, decided in the kernel: gate, types, interfaces, ports, and changes
 *
 * The first tests write the program's state themselves, a bank at a time; the last
 * go through filter/filter.h. Each packet is run as filter_fixture.h says. Packet types
 * come from a veth pair's addresses, in a namespace of the test's own. Not covered: packets
 * that this host sends, which a test run cannot be; how long it takes until a change
 * counts, which needs traffic.
 */

#include "filter/filter.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/netns/filter_fixture.h"
#include "tests/support/capabilities.h"
#include "tests/support/run.h"

enum {
	SWITCHES_COUNT = 20,
};

static void closed_gate_counts_nothing(void **state)
{
	struct filter_fixture *fixture = *state;
	static const struct tt_filter_counters nothing[TT_FILTER_SOURCE_COUNT];
	struct tt_filter_counters counters[TT_FILTER_SOURCE_COUNT];
	uint8_t packet[PACKET_BYTES_MAX];

	fixture->bank->takes_all_ports = 1;
	fixture->state->gate = 0;
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct tt_packet_spec spec = { .version = version };
		size_t packet_bytes = tt_packet_build(&spec, packet, sizeof(packet));

		assert_int_equal(run_program(tt_filter_program_fd(fixture->program), version,
					     packet, packet_bytes),
				 0);
	}
	assert_int_equal(tt_filter_program_read_counters(fixture->program, true, counters), 0);
	assert_memory_equal(counters, nothing, sizeof(counters));
}

static void new_program_has_its_gate_closed_and_wants_nothing(void **state)
{
	static const struct tt_filter_state nothing;
	struct tt_filter_program *program;

	(void)state;

	assert_int_equal(tt_filter_program_new(&program, NULL), 0);
	assert_memory_equal(tt_filter_program_state(program), &nothing, sizeof(nothing));
	tt_filter_program_free(program);
	tt_filter_program_free(NULL);
}

static void accepted_packet_is_cut_at_the_snap_length(void **state)
{
	static const uint32_t snaps_bytes[] = { 1, 28, 96, 65535, 262144, UINT32_MAX };
	struct filter_fixture *fixture = *state;
	struct tt_packet_spec spec = { .version = 4 };

	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	for (size_t i = 0; i < sizeof(snaps_bytes) / sizeof(snaps_bytes[0]); i++) {
		fixture->bank->snap_bytes = snaps_bytes[i];
		assert_int_equal(judge_spec(fixture, &spec), ACCEPTED); /* it looks at the length */
	}
}

static void packet_type_decides_before_anything_else(void **state)
{
	static const uint8_t addresses[][ETH_ALEN] = {
		[PACKET_HOST] = { 0x02, 0, 0, 0, 0, 0x07 },
		[PACKET_BROADCAST] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		[PACKET_MULTICAST] = { 0x01, 0x00, 0x5e, 0, 0, 1 },
		[PACKET_OTHERHOST] = { 0x02, 0, 0, 0, 0, 0x08 },
	};
	struct tt_packet_spec good = { .version = 4 };
	struct tt_packet_spec bad = { .version = 6, .protocol = TT_SAYS(6) };
	struct filter_fixture *fixture = *state;

	run("ip link add near address 02:00:00:00:00:07 type veth peer name far");
	fixture->interface_index = if_nametoindex("near");
	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	for (unsigned int type = PACKET_HOST; type <= PACKET_OTHERHOST; type++) {
		memcpy(fixture->link_destination, addresses[type], ETH_ALEN);
		fixture->bank->packet_types = 1U << type;
		assert_int_equal(judge_spec(fixture, &good), ACCEPTED);
		assert_int_equal(judge_spec(fixture, &bad), TT_FILTER_REJECT_NOT_UDP);

		fixture->state->checks_interface = 1; /* and no interface is in the set */
		fixture->bank->packet_types = ~(1U << type);
		assert_int_equal(judge_spec(fixture, &good), TT_FILTER_REJECT_PACKET_TYPE);
		assert_int_equal(judge_spec(fixture, &bad), TT_FILTER_REJECT_PACKET_TYPE);
		fixture->state->checks_interface = 0;
	}
	run("ip link del near");
}

static void interface_decides_before_the_headers(void **state)
{
	struct tt_packet_spec good = { .version = 6 };
	struct tt_packet_spec bad = { .version = 4, .protocol = TT_SAYS(6) };
	struct filter_fixture *fixture = *state;

	want_port(fixture, TT_PACKET_DESTINATION_PORT);
	fixture->state->checks_interface = 1;
	assert_int_equal(judge_spec(fixture, &good), TT_FILTER_REJECT_INTERFACE);
	assert_int_equal(tt_filter_program_add_interface(fixture->program, 4711, NULL), 0);
	assert_int_equal(judge_spec(fixture, &good), TT_FILTER_REJECT_INTERFACE);
	assert_int_equal(judge_spec(fixture, &bad), TT_FILTER_REJECT_INTERFACE);
	assert_int_equal(tt_filter_program_add_interface(fixture->program, LOOPBACK_INDEX, NULL),
			 0);
	assert_int_equal(judge_spec(fixture, &good), ACCEPTED);
	assert_int_equal(judge_spec(fixture, &bad), TT_FILTER_REJECT_NOT_UDP);
}

static void port_side_says_which_port_decides(void **state)
{
	static const struct {
		uint32_t side;
		bool takes_source;
		bool takes_destination;
	} sides[] = {
		{ TT_FILTER_SIDE_DESTINATION, false, true },
		{ TT_FILTER_SIDE_SOURCE, true, false },
		{ TT_FILTER_SIDE_EITHER, true, true },
	};
	struct filter_fixture *fixture = *state;

	for (unsigned int version = 4; version <= 6; version += 2) {
		struct tt_packet_spec spec = { .version = (uint8_t)version };

		for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
			fixture->bank->port_side = sides[i].side;
			assert_int_equal(judge_spec(fixture, &spec), TT_FILTER_REJECT_PORT);
			want_port(fixture, TT_PACKET_SOURCE_PORT);
			assert_int_equal(judge_spec(fixture, &spec),
					 sides[i].takes_source ? ACCEPTED : TT_FILTER_REJECT_PORT);
			want_port(fixture, TT_PACKET_DESTINATION_PORT);
			assert_int_equal(judge_spec(fixture, &spec), ACCEPTED);
			unwant_port(fixture, TT_PACKET_SOURCE_PORT);
			assert_int_equal(judge_spec(fixture, &spec),
					 sides[i].takes_destination ? ACCEPTED
								    : TT_FILTER_REJECT_PORT);
			unwant_port(fixture, TT_PACKET_DESTINATION_PORT);
		}
	}
}

/* Wants one port, on one side, and tries it and its neighbours there. */
static void try_one_port(struct filter_fixture *fixture, uint8_t version, uint8_t *packet,
			 uint16_t port)
{
	bool is_source = fixture->bank->port_side == TT_FILTER_SIDE_SOURCE;
	size_t bytes = (version == 4 ? IPV4_BYTES : IPV6_BYTES) + UDP_BYTES;

	want_port(fixture, port);
	for (int neighbour = -1; neighbour <= 1; neighbour++) {
		uint16_t tried = (uint16_t)(port + neighbour); /* round the corner too */

		/* The other port differs from both in the bits that choose the word. */
		put_ports(packet, version, is_source ? tried : port ^ 0x8040,
			  is_source ? port ^ 0x8040 : tried);
		assert_int_equal(judge(fixture, version, packet, bytes),
				 neighbour == 0 ? ACCEPTED : TT_FILTER_REJECT_PORT);
	}
	unwant_port(fixture, port);
}

static void each_of_all_ports_is_wanted_alone(void **state)
{
	struct tt_packet_spec spec = { .version = 4 };
	struct filter_fixture *fixture = *state;
	uint8_t packet[PACKET_BYTES_MAX];

	(void)tt_packet_build(&spec, packet, sizeof(packet));
	for (uint32_t port = 0; port < TT_PORTS_COUNT; port++)
		try_one_port(fixture, 4, packet, (uint16_t)port);
}

static void sampled_ports_are_wanted_alone_on_both_sides_of_both_families(void **state)
{
	struct filter_fixture *fixture = *state;
	uint8_t packet[PACKET_BYTES_MAX];

	for (uint8_t version = 4; version <= 6; version += 2) {
		struct tt_packet_spec spec = { .version = version };

		(void)tt_packet_build(&spec, packet, sizeof(packet));
		for (uint32_t side = TT_FILTER_SIDE_DESTINATION; side <= TT_FILTER_SIDE_SOURCE;
		     side++) {
			fixture->bank->port_side = side;
			for (uint32_t port = 0; port < TT_PORTS_COUNT; port += 251) /* a prime */
				try_one_port(fixture, version, packet, (uint16_t)port);
			try_one_port(fixture, version, packet, UINT16_MAX);
		}
	}
}

static void all_ports_but_one_leave_out_that_one(void **state)
{
	static const uint16_t ports[] = { 0, 63, 64, 5353, 32768, 65535 };
	struct tt_packet_spec spec = { .version = 4 };
	struct filter_fixture *fixture = *state;
	uint8_t packet[PACKET_BYTES_MAX];
	size_t bytes = tt_packet_build(&spec, packet, sizeof(packet));

	memset(fixture->bank->ports, 0xff, sizeof(fixture->bank->ports));
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		unwant_port(fixture, ports[i]);
		put_ports(packet, 4, 1, ports[i]);
		assert_int_equal(judge(fixture, 4, packet, bytes), TT_FILTER_REJECT_PORT);
		put_ports(packet, 4, 1, ports[i] ^ 1);
		assert_int_equal(judge(fixture, 4, packet, bytes), ACCEPTED);
		want_port(fixture, ports[i]);
	}
}

/* What a filter makes of a packet from port 1 to @port: what it returns. */
static uint32_t filter_port(const struct tt_filter *filter, uint16_t port)
{
	struct tt_packet_spec spec = { .version = 4 };
	uint8_t packet[PACKET_BYTES_MAX];
	size_t bytes = tt_packet_build(&spec, packet, sizeof(packet));

	put_ports(packet, 4, 1, port);
	return run_program(tt_filter_program(filter), 4, packet, bytes);
}

/* Conditions that want these ports, of packets for this host. */
static struct tt_conditions want(const char *list)
{
	struct tt_conditions conditions = { .packet_types = 1U << PACKET_HOST,
					    .snap_bytes = SNAP_BYTES };
	struct tt_ports ports;

	assert_int_equal(tt_ports_parse(list, &ports, NULL), 0);
	tt_conditions_set_ports(&conditions, &ports);
	return conditions;
}

static void change_of_ports_counts_when_it_returns_and_changes_nothing_else(void **state)
{
	struct tt_conditions conditions[] = { want("53,1000"), want("54,1000") };
	struct tt_conditions all = want(NULL);
	struct tt_filter *filter = NULL;

	(void)state;

	assert_int_equal(tt_filter_new(&filter, &conditions[0], NULL), 0);
	assert_int_equal(filter_port(filter, 53), 0); /* the gate is closed */
	assert_int_equal(tt_filter_open_gate(filter), 0);
	for (unsigned int i = 0; i < SWITCHES_COUNT; i++) {
		bool is_second = i % 2;

		assert_int_equal(filter_port(filter, 53), is_second ? 0 : SNAP_BYTES);
		assert_int_equal(filter_port(filter, 54), is_second ? SNAP_BYTES : 0);
		assert_int_equal(filter_port(filter, 1000), SNAP_BYTES);
		assert_int_equal(tt_filter_change(filter, &conditions[!is_second], NULL), 0);
	}
	assert_int_equal(tt_filter_change(filter, &all, NULL), 0);
	assert_int_equal(filter_port(filter, 4711), SNAP_BYTES);
	assert_int_equal(tt_filter_change(filter, &conditions[0], NULL), 0);
	assert_int_equal(filter_port(filter, 4711), 0); /* "all" is taken back too */
	assert_int_equal(filter_port(filter, 53), SNAP_BYTES);
	tt_filter_free(filter);
}

static void change_of_the_expression_counts_when_it_returns(void **state)
{
	struct tt_conditions plain = want("50-60");
	struct tt_conditions narrow = want("50-60");
	struct tt_conditions wide = want(NULL);
	struct tt_filter_counters counters[TT_FILTER_SOURCE_COUNT];
	struct tt_filter *filter = NULL;

	(void)state;

	assert_int_equal(tt_expression_new(&narrow.expression, "dst port 53", NULL), 0);
	assert_int_equal(tt_expression_new(&wide.expression, "not dst port 53", NULL), 0);
	assert_int_equal(tt_filter_new(&filter, &narrow, NULL), 0);
	assert_int_equal(tt_filter_open_gate(filter), 0);
	for (unsigned int i = 0; i < SWITCHES_COUNT; i++) {
		assert_int_equal(filter_port(filter, 53), SNAP_BYTES);
		assert_int_equal(filter_port(filter, 54), 0); /* not by the expression */
		assert_int_equal(filter_port(filter, 4711), 0);
		assert_int_equal(tt_filter_change(filter, &wide, NULL), 0);
		assert_int_equal(filter_port(filter, 53), 0); /* by the expression */
		assert_int_equal(filter_port(filter, 54), SNAP_BYTES);
		assert_int_equal(filter_port(filter, 4711), SNAP_BYTES);
		assert_int_equal(tt_filter_change(filter, &plain, NULL), 0);
		assert_int_equal(filter_port(filter, 53), SNAP_BYTES);
		assert_int_equal(filter_port(filter, 54), SNAP_BYTES);
		assert_int_equal(filter_port(filter, 4711), 0);
		assert_int_equal(tt_filter_change(filter, &narrow, NULL), 0);
	}
	assert_int_equal(tt_filter_close_gate(filter), 0);
	assert_int_equal(tt_filter_read_counters(filter, counters), 0);
	assert_int_equal(counters[0].seen, 9 * SWITCHES_COUNT);
	assert_int_equal(counters[0].accepted, 5 * SWITCHES_COUNT);
	assert_int_equal(counters[0].rejected[TT_FILTER_REJECT_PORT], 2 * SWITCHES_COUNT);
	assert_int_equal(counters[0].rejected[TT_FILTER_REJECT_EXPRESSION], 2 * SWITCHES_COUNT);
	tt_filter_free(filter);
	tt_expression_drop(narrow.expression);
	tt_expression_drop(wide.expression);
}

/* Without CAP_PERFMON the verifier also follows what the processor may do on speculation. */
static void programs_load_with_cap_bpf_and_cap_net_raw(void **state)
{
	struct tt_conditions conditions = want("53");
	int status;
	pid_t pid;

	(void)state;

	assert_int_equal(tt_expression_new(&conditions.expression,
					   "udp[8 + udp[9] % 7:2] > 4 and not src net 10", NULL),
			 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct tt_error error = TT_ERROR_INIT;
		struct tt_filter *filter = NULL;
		int r;

		tt_keep_capabilities(UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_NET_RAW);
		r = tt_filter_new(&filter, &conditions, &error);
		if (r < 0 || tt_filter_fallback_reason(filter)) {
			print_error("%s\n",
				    r < 0 ? error.message : tt_filter_fallback_reason(filter));
			_exit(1);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	tt_expression_drop(conditions.expression);
}

static void closing_the_gate_stops_the_counters_and_opening_goes_on(void **state)
{
	struct tt_filter_counters counters[TT_FILTER_SOURCE_COUNT];
	struct tt_conditions conditions = want("53");
	struct tt_filter *filter = NULL;

	(void)state;

	assert_int_equal(tt_filter_new(&filter, &conditions, NULL), 0);
	for (unsigned int i = 1; i <= 3; i++) {
		assert_int_equal(tt_filter_open_gate(filter), 0);
		assert_int_equal(filter_port(filter, 53), SNAP_BYTES);
		assert_int_equal(filter_port(filter, 54), 0);
		assert_int_equal(tt_filter_close_gate(filter), 0);
		assert_int_equal(filter_port(filter, 53), 0);
		assert_int_equal(tt_filter_read_counters(filter, counters), 0);
		assert_int_equal(counters[TT_FILTER_SOURCE_IPV4].seen, 2 * i);
		assert_int_equal(counters[TT_FILTER_SOURCE_IPV4].accepted, i);
		assert_int_equal(counters[TT_FILTER_SOURCE_IPV4].rejected[TT_FILTER_REJECT_PORT],
				 i);
	}
	tt_filter_free(filter);
	tt_filter_free(NULL);
}

static void filter_is_made_of_its_conditions(void **state)
{
	static const uint32_t others[] = { 4711, 4712 };
	static const uint32_t with_loopback[] = { 4711, LOOPBACK_INDEX };
	struct tt_conditions conditions = want("1"); /* which filter_port() sends from */
	struct tt_filter *filter = NULL;

	(void)state;

	conditions.port_side = TT_FILTER_SIDE_SOURCE;
	conditions.snap_bytes = 99;
	conditions.interface_indexes = with_loopback;
	conditions.interfaces_count = 2;
	assert_int_equal(tt_filter_new(&filter, &conditions, NULL), 0);
	assert_int_equal(tt_filter_open_gate(filter), 0);
	assert_int_equal(filter_port(filter, 53), 99);
	tt_filter_free(filter);

	conditions.interface_indexes = others;
	assert_int_equal(tt_filter_new(&filter, &conditions, NULL), 0);
	assert_int_equal(tt_filter_open_gate(filter), 0);
	assert_int_equal(filter_port(filter, 53), 0);
	tt_filter_free(filter);

	conditions.interfaces_count = 0;
	conditions.packet_types = 1U << PACKET_BROADCAST;
	assert_int_equal(tt_filter_new(&filter, &conditions, NULL), 0);
	assert_int_equal(tt_filter_open_gate(filter), 0);
	assert_int_equal(filter_port(filter, 53), 0);
	tt_filter_free(filter);
}

static void more_interfaces_than_fit_are_refused_and_named(void **state)
{
	struct tt_error err = TT_ERROR_INIT;
	struct filter_fixture *fixture = *state;

	for (uint32_t i = 1; i <= TT_FILTER_INTERFACES_MAX; i++)
		assert_int_equal(tt_filter_program_add_interface(fixture->program, i, &err), 0);
	assert_int_equal(tt_filter_program_add_interface(fixture->program, 1, &err), 0); /* again */
	assert_int_equal(tt_filter_program_add_interface(fixture->program, 4711, &err), -E2BIG);
	assert_string_equal(err.message,
			    "put interface 4711 into the filter: Argument list too long");
}

#define PROGRAM_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_program, tear_down_program)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(closed_gate_counts_nothing),
		cmocka_unit_test(new_program_has_its_gate_closed_and_wants_nothing),
		PROGRAM_TEST(accepted_packet_is_cut_at_the_snap_length),
		PROGRAM_TEST(packet_type_decides_before_anything_else),
		PROGRAM_TEST(interface_decides_before_the_headers),
		PROGRAM_TEST(port_side_says_which_port_decides),
		PROGRAM_TEST(each_of_all_ports_is_wanted_alone),
		PROGRAM_TEST(sampled_ports_are_wanted_alone_on_both_sides_of_both_families),
		PROGRAM_TEST(all_ports_but_one_leave_out_that_one),
		cmocka_unit_test(change_of_ports_counts_when_it_returns_and_changes_nothing_else),
		cmocka_unit_test(change_of_the_expression_counts_when_it_returns),
		cmocka_unit_test(programs_load_with_cap_bpf_and_cap_net_raw),
		cmocka_unit_test(closing_the_gate_stops_the_counters_and_opening_goes_on),
		cmocka_unit_test(filter_is_made_of_its_conditions),
		PROGRAM_TEST(more_interfaces_than_fit_are_refused_and_named),
	};
	int r = enter_filter_tests();

	return r != 0 ? r : cmocka_run_group_tests(tests, NULL, NULL);
}
