/* SPDX-License-Identifier: MIT */

/*
 * What is said of interfaces that nobody has here
 *
 * Interfaces are made up, judged, and each line is looked for whole. That the kernel's own
 * are read right is tried in netns.doctor.
 */

#include "app/doctor_interfaces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

enum {
	PORT_LINES_BYTES = 256,
};

static const struct tt_features all_off = {
	.gro = TT_FEATURE_OFF,
	.gro_list = TT_FEATURE_OFF,
	.gro_forwarding = TT_FEATURE_OFF,
	.lro = TT_FEATURE_OFF,
	.rx_checksum = TT_FEATURE_OFF,
};

static struct tt_link make_link(const char *name, const char *kind)
{
	struct tt_link link = { .index = 7, .flags = TT_LINK_UP | TT_LINK_RUNNING };

	assert_true(strlen(name) < sizeof(link.name) && strlen(kind) < sizeof(link.kind));
	memcpy(link.name, name, strlen(name));
	memcpy(link.kind, kind, strlen(kind));
	return link;
}

/* The lines said of the interface; the caller frees them. */
static char *judge(const struct tt_doctor_interface *interface, bool *ret_is_good)
{
	struct tt_findings findings = { 0 };
	char *text = NULL;
	size_t bytes = 0;
	FILE *stream = open_memstream(&text, &bytes);

	assert_non_null(stream);
	tt_doctor_judge_interface(interface, &findings);
	tt_findings_put_text(&findings, stream);
	assert_int_equal(fclose(stream), 0);
	*ret_is_good = tt_findings_are_good(&findings);
	tt_findings_deinit(&findings);
	return text;
}

/* Expects exactly these lines among the others. */
static void expect(const struct tt_doctor_interface *interface, const char *lines)
{
	bool is_good;
	char *text = judge(interface, &is_good);

	if (!strstr(text, lines))
		print_error("wanted:\n%sgot:\n%s", lines, text);
	assert_non_null(strstr(text, lines));
	free(text);
}

static void an_ordinary_interface_is_all_right(void **state)
{
	struct tt_link link = make_link("eth0", "");
	struct tt_doctor_interface interface = { .link = &link, .features = all_off };
	bool is_good;
	char *text;

	(void)state;

	text = judge(&interface, &is_good);
	assert_string_equal(text, "ok    interface eth0: hardware, up\n"
				  "ok    interface eth0 GRO: off\n"
				  "ok    interface eth0 LRO: off\n"
				  "ok    interface eth0 checksums: off\n");
	assert_true(is_good);
	free(text);
}

static void silence_is_worse_where_a_capture_is_meant(void **state)
{
	struct tt_link link = make_link("eth0", "");
	struct tt_doctor_interface interface = { .link = &link, .features = all_off };

	(void)state;

	link.flags = TT_LINK_UP;
	expect(&interface, "note  interface eth0: hardware, up without a carrier: ");
	interface.is_named = true;
	expect(&interface, "warn  interface eth0: hardware, up without a carrier: ");
	link.flags = 0;
	expect(&interface, "warn  interface eth0: hardware, down: nothing comes in\n"
			   "      mend: ip link set dev eth0 up\n");
	interface.is_named = false;
	expect(&interface, "note  interface eth0: hardware, down: nothing comes in\n"
			   "      mend: ip link set dev eth0 up\n");
}

static void word_port(char lines[PORT_LINES_BYTES], const char *level, const char *kind)
{
	(void)snprintf(lines, PORT_LINES_BYTES,
		       "%s  interface eth1: port of the %s master0, which takes its packets: use "
		       "master0 instead\n"
		       "      mend: twintap capture -i master0\n",
		       level, kind);
}

static void ports_name_their_master_and_fail_where_a_capture_is_meant(void **state)
{
	static const char *const kinds[] = { "bridge", "bond", "team" };
	struct tt_link link = make_link("eth1", "");
	bool is_good;

	(void)state;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct tt_link master = make_link("master0", kinds[i]);
		struct tt_doctor_interface interface = { .link = &link,
							 .master = &master,
							 .features = all_off };
		char lines[PORT_LINES_BYTES];

		link.master_index = 3;
		memcpy(link.master_kind, master.kind, sizeof(link.master_kind));
		word_port(lines, "note", kinds[i]);
		expect(&interface, lines);
		free(judge(&interface, &is_good));
		assert_true(is_good);
		interface.is_named = true;
		word_port(lines, "fail", kinds[i]);
		expect(&interface, lines);
		free(judge(&interface, &is_good));
		assert_false(is_good);
	}
}

static void a_master_out_of_sight_has_no_name(void **state)
{
	struct tt_link link = make_link("eth1", "");
	struct tt_doctor_interface interface = { .link = &link, .features = all_off };

	(void)state;

	link.master_index = 3;
	memcpy(link.master_kind, "bridge", sizeof("bridge"));
	expect(&interface, "use ? instead\nok    interface eth1 GRO: off\n");
}

static void a_vrf_takes_nothing_away(void **state)
{
	struct tt_link link = make_link("eth1", "");
	struct tt_link master = make_link("red", "vrf");
	struct tt_doctor_interface interface = {
		.link = &link, .master = &master, .features = all_off, .is_named = true
	};

	(void)state;

	link.master_index = 3;
	memcpy(link.master_kind, "vrf", sizeof("vrf"));
	expect(&interface, "ok    interface eth1: hardware, up, routed by the VRF red\n");
}

static void vlans_are_seen_untagged(void **state)
{
	struct tt_link link = make_link("eth0.5", "vlan");
	struct tt_doctor_interface interface = { .link = &link, .features = all_off };

	(void)state;

	expect(&interface, "ok    interface eth0.5: vlan, up; datagrams of this VLAN are seen "
			   "here, untagged, and not on the interface below\n");
}

static void gro_warns_where_it_merges_datagrams(void **state)
{
	struct tt_link link = make_link("eth0", "");
	struct tt_doctor_interface interface = { .link = &link, .features = all_off };

	(void)state;

	interface.features.gro = TT_FEATURE_ON;
	expect(&interface, "note  interface eth0 GRO: on: several datagrams may be seen as one if "
			   "they are for a socket with UDP_GRO, as of QUIC servers\n"
			   "      mend: ethtool -K eth0 gro off\n");
	interface.features.gro_forwarding = TT_FEATURE_ON;
	expect(&interface, "warn  interface eth0 GRO: on, with rx-udp-gro-forwarding: several "
			   "datagrams of a flow are seen as one\n"
			   "      mend: ethtool -K eth0 gro off\n");
	interface.features.gro_list = TT_FEATURE_ON; /* goes before */
	expect(&interface, "warn  interface eth0 GRO: on, with rx-gro-list: ");
	interface.features.gro = TT_FEATURE_OFF; /* then the others do nothing */
	expect(&interface, "ok    interface eth0 GRO: off\n");
}

static void gro_of_what_only_hands_on_is_without_effect(void **state)
{
	static const char *const kinds[] = { "bridge", "bond", "team", "vlan" };

	(void)state;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct tt_link link = make_link("x0", kinds[i]);
		struct tt_doctor_interface interface = { .link = &link, .features = all_off };

		interface.features.gro = TT_FEATURE_ON;
		expect(&interface, "ok    interface x0 GRO: on, without effect: ");
	}
}

static void what_is_not_known_is_never_all_right(void **state)
{
	struct tt_link link = make_link("eth0", "");
	struct tt_doctor_interface interface = { .link = &link, .features_status = -EPERM };

	(void)state;

	expect(&interface, "note  interface eth0 GRO: unknown: Operation not permitted\n"
			   "note  interface eth0 LRO: unknown: Operation not permitted\n"
			   "note  interface eth0 checksums: unknown: Operation not permitted\n");
}

static void not_available_is_not_off(void **state)
{
	struct tt_link link = make_link("eth0", "");
	struct tt_doctor_interface interface = { .link = &link, .features = all_off };

	(void)state;

	interface.features.lro = TT_FEATURE_MISSING;
	interface.features.rx_checksum = TT_FEATURE_MISSING;
	expect(&interface, "ok    interface eth0 LRO: not available\n"
			   "ok    interface eth0 checksums: not available\n");
	interface.features.lro = TT_FEATURE_ON;
	interface.features.rx_checksum = TT_FEATURE_ON;
	expect(&interface, "note  interface eth0 LRO: on: the device may merge packets, most of "
			   "them TCP only\n"
			   "      mend: ethtool -K eth0 lro off\n"
			   "ok    interface eth0 checksums: left to the device\n");
}

static void checksums_without_a_wire_are_not_verified(void **state)
{
	struct tt_link veth = make_link("v0", "veth");
	struct tt_link loopback = make_link("lo", "");
	struct tt_doctor_interface interface = { .link = &veth, .features = all_off };

	(void)state;

	interface.features.rx_checksum = TT_FEATURE_ON;
	expect(&interface, "note  interface v0 checksums: not verified, ");
	loopback.flags |= TT_LINK_LOOPBACK;
	interface.link = &loopback;
	expect(&interface, "note  interface lo checksums: not verified, ");
	expect(&interface, "ok    interface lo: loopback, up\n");
}

static void hostile_names_are_escaped_in_words_and_quoted_in_commands(void **state)
{
	struct tt_link link = make_link("x\x1b[1m'\\y", "");
	struct tt_doctor_interface interface = { .link = &link, .features = all_off };

	(void)state;

	link.flags = 0;
	expect(&interface, "note  interface x\\x1b[1m'\\\\y: hardware, down: nothing comes in\n"
			   "      mend: ip link set dev $'x\\033[1m\\047\\134y' up\n");
}

static void an_absent_interface_fails(void **state)
{
	struct tt_findings findings = { 0 };

	(void)state;

	tt_doctor_judge_absent("e\nh", "no interface e\\x0ah", &findings);
	assert_int_equal(findings.count, 1);
	assert_false(tt_findings_are_good(&findings));
	assert_string_equal(findings.findings[0].subject, "interface e\\x0ah");
	assert_string_equal(findings.findings[0].mend, "twintap interfaces");
	tt_findings_deinit(&findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ordinary_interface_is_all_right),
		cmocka_unit_test(silence_is_worse_where_a_capture_is_meant),
		cmocka_unit_test(ports_name_their_master_and_fail_where_a_capture_is_meant),
		cmocka_unit_test(a_master_out_of_sight_has_no_name),
		cmocka_unit_test(a_vrf_takes_nothing_away),
		cmocka_unit_test(vlans_are_seen_untagged),
		cmocka_unit_test(gro_warns_where_it_merges_datagrams),
		cmocka_unit_test(gro_of_what_only_hands_on_is_without_effect),
		cmocka_unit_test(what_is_not_known_is_never_all_right),
		cmocka_unit_test(not_available_is_not_off),
		cmocka_unit_test(checksums_without_a_wire_are_not_verified),
		cmocka_unit_test(hostile_names_are_escaped_in_words_and_quoted_in_commands),
		cmocka_unit_test(an_absent_interface_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
