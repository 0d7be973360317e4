/* SPDX-License-Identifier: MIT */

/*
 * A datagram as one line
 *
 * Whole lines are spelt out for both families and each way in which a datagram can be
 * out of the ordinary; then every combination of facts is formatted and checked by
 * rule: strict JSON, the fixed row of fields, no control byte. Not covered: how
 * addresses are spelt, and the payload, which is the sink's.
 */

#include "export/line.h"

#include <arpa/inet.h>
#include <string.h>

#include "tests/support/json_check.h"
#include "tests/support/sample.h"
#include "tests/unit/cmocka_all.h"

#define TIME "2026-11-20T21:59:01.123456789Z"

/* Makes both lines of a sample; each is a string until the next call. */
static void make_lines(const struct tt_sample *sample, const char *name, const char **ret_text,
		       const char **ret_json)
{
	static char room[2][TT_LINE_BYTES_MAX + 1];
	struct tt_line line = tt_line_of(&sample->datagram, name);
	struct tt_stamp stamp = tt_stamp_none();
	struct tt_text text = tt_text_over(room[0], sizeof(room[0]));
	struct tt_text json = tt_text_over(room[1], sizeof(room[1]));

	tt_line_put_text(&line, &stamp, &text);
	tt_text_end(&text);
	assert_false(text.is_full);

	tt_line_put_json(&line, &stamp, &json);
	tt_text_put_char(&json, '}');
	tt_text_end(&json);
	assert_false(json.is_full);
	if (!tt_json_is_strict(room[1], json.length))
		fail_msg("no JSON: %s", room[1]);

	*ret_text = room[0];
	*ret_json = room[1];
}

static void check_text(const struct tt_sample *sample, const char *name, const char *expected)
{
	const char *text;
	const char *json;

	make_lines(sample, name, &text, &json);
	assert_string_equal(text, expected);
}

static void check_json(const struct tt_sample *sample, const char *name, const char *expected)
{
	const char *text;
	const char *json;

	make_lines(sample, name, &text, &json);
	assert_string_equal(json, expected);
}

static void an_ordinary_ipv4_datagram_has_the_fixed_fields_only(void **state)
{
	struct tt_sample sample;

	(void)state;

	tt_sample_ipv4(&sample);
	check_text(&sample, "eth0",
		   TIME " eth0 in 192.0.2.7:40000 > 192.0.2.1:53 ttl 64 dscp 0 id 4660 len 68 "
			"payload 40");
	check_json(&sample, "eth0",
		   "{\"time\":\"" TIME "\",\"interface\":\"eth0\",\"direction\":\"in\","
		   "\"packet_type\":\"host\",\"family\":\"ipv4\",\"source\":\"192.0.2.7\","
		   "\"source_port\":40000,\"destination\":\"192.0.2.1\",\"destination_port\":53,"
		   "\"hop_limit\":64,\"dscp\":0,\"ecn\":0,\"id\":4660,\"length\":68,"
		   "\"payload_length\":40,\"local\":true,\"verdict\":\"ok\"}");
}

static void an_ordinary_ipv6_datagram_has_a_flow_label_in_place_of_the_id(void **state)
{
	struct tt_sample sample;

	(void)state;

	tt_sample_ipv6(&sample);
	sample.datagram.dscp = 46;
	sample.datagram.ecn = 1;
	check_text(&sample, "eth0",
		   TIME " eth0 in [2001:db8::7]:40000 > [2001:db8::1]:53 ttl 64 dscp 46 "
			"flow 703710 len 88 payload 40");
	check_json(&sample, "eth0",
		   "{\"time\":\"" TIME "\",\"interface\":\"eth0\",\"direction\":\"in\","
		   "\"packet_type\":\"host\",\"family\":\"ipv6\",\"source\":\"2001:db8::7\","
		   "\"source_port\":40000,\"destination\":\"2001:db8::1\",\"destination_port\":53,"
		   "\"hop_limit\":64,\"dscp\":46,\"ecn\":1,\"flow_label\":703710,\"length\":88,"
		   "\"payload_length\":40,\"local\":true,\"verdict\":\"ok\"}");
}

static void a_link_local_address_carries_its_interface(void **state)
{
	struct tt_sample sample;

	(void)state;

	tt_sample_ipv6(&sample);
	assert_int_equal(inet_pton(AF_INET6, "fe80::7", &sample.datagram.source.ipv6.sin6_addr), 1);
	sample.datagram.source.ipv6.sin6_scope_id = 2;
	check_text(&sample, "eth0",
		   TIME " eth0 in [fe80::7%2]:40000 > [2001:db8::1]:53 ttl 64 dscp 0 flow 703710 "
			"len 88 payload 40");
}

/* Formats without knowing what was local, and returns both lines; valid until the next call. */
static void make_lines_of_trace(const struct tt_sample *sample, const char **ret_text,
				const char **ret_json)
{
	static char room[2][TT_LINE_BYTES_MAX + 1];
	struct tt_line line = tt_line_of(&sample->datagram, "eth0");
	struct tt_stamp stamp = tt_stamp_none();
	struct tt_text text = tt_text_over(room[0], sizeof(room[0]));
	struct tt_text json = tt_text_over(room[1], sizeof(room[1]));

	line.has_locality = false;
	tt_line_put_text(&line, &stamp, &text);
	tt_text_end(&text);
	tt_line_put_json(&line, &stamp, &json);
	tt_text_end(&json);
	assert_false(text.is_full || json.is_full);
	*ret_text = room[0];
	*ret_json = room[1];
}

static void what_nobody_knows_to_be_local_is_not_said_to_be_or_not_to_be(void **state)
{
	const char *text, *json;
	struct tt_sample sample;

	(void)state;

	tt_sample_ipv4(&sample);
	for (int is_local = 0; is_local < 2; is_local++) {
		sample.datagram.flags = is_local ? TT_DATAGRAM_LOCAL : 0;
		make_lines_of_trace(&sample, &text, &json);
		assert_string_equal(text, TIME " eth0 in 192.0.2.7:40000 > 192.0.2.1:53 ttl 64 "
					       "dscp 0 id 4660 len 68 payload 40");
		assert_non_null(strstr(json, ",\"local\":null,\"verdict\":\"ok\""));
	}

	/* Where it is known, it is said. */
	sample.datagram.flags = 0;
	make_lines(&sample, "eth0", &text, &json);
	assert_non_null(strstr(text, " not-local"));
	assert_non_null(strstr(json, ",\"local\":false,"));
}

static void a_zero_that_was_read_is_a_zero(void **state)
{
	struct tt_sample sample;

	(void)state;

	tt_sample_ipv4(&sample);
	sample.datagram.source.ipv4.sin_port = 0;
	sample.datagram.destination.ipv4.sin_port = 0;
	sample.datagram.hop_limit = 0;
	sample.datagram.id = 0;
	sample.datagram.payload_bytes = 0;
	sample.datagram.payload_captured_bytes = 0;
	check_text(&sample, "eth0",
		   TIME " eth0 in 192.0.2.7:0 > 192.0.2.1:0 ttl 0 dscp 0 id 0 len 68 payload 0");
}

static void each_packet_type_but_host_is_remarked_on(void **state)
{
	static const char *const expected[] = {
		[TT_PACKET_HOST] = " in 192.0.2.7:40000 > 192.0.2.1:53 ttl 64 dscp 0 id 4660 "
				   "len 68 payload 40",
		[TT_PACKET_BROADCAST] = " in 192.0.2.7:40000 > 192.0.2.1:53 ttl 64 dscp 0 id 4660 "
					"len 68 payload 40 broadcast",
		[TT_PACKET_MULTICAST] = " in 192.0.2.7:40000 > 192.0.2.1:53 ttl 64 dscp 0 id 4660 "
					"len 68 payload 40 multicast",
		[TT_PACKET_OTHERHOST] = " in 192.0.2.7:40000 > 192.0.2.1:53 ttl 64 dscp 0 id 4660 "
					"len 68 payload 40 otherhost",
		[TT_PACKET_OUTGOING] = " out 192.0.2.7:40000 > 192.0.2.1:53 ttl 64 dscp 0 id 4660 "
				       "len 68 payload 40",
		[TT_PACKET_TYPE_COUNT] = " in 192.0.2.7:40000 > 192.0.2.1:53 ttl 64 dscp 0 id 4660 "
					 "len 68 payload 40 unknown",
	};
	struct tt_sample sample;

	(void)state;

	tt_sample_ipv4(&sample);
	for (unsigned int type = 0; type <= TT_PACKET_TYPE_COUNT; type++) {
		char line[256] = TIME " eth0";

		memcpy(line + strlen(line), expected[type], strlen(expected[type]) + 1);
		sample.datagram.packet_type = (uint8_t)type;
		check_text(&sample, "eth0", line);
	}
}

static void a_datagram_for_another_host_is_not_local(void **state)
{
	struct tt_sample sample;
	const char *text;
	const char *json;

	(void)state;

	tt_sample_ipv4(&sample);
	sample.datagram.flags = 0;
	make_lines(&sample, "eth0", &text, &json);
	assert_non_null(strstr(text, " payload 40 not-local"));
	assert_non_null(strstr(json, ",\"local\":false,"));

	/* Of what this host sends nobody expects otherwise. */
	sample.datagram.packet_type = TT_PACKET_OUTGOING;
	make_lines(&sample, "eth0", &text, &json);
	assert_null(strstr(text, "not-local"));
	assert_non_null(strstr(json, ",\"direction\":\"out\",\"packet_type\":\"outgoing\","));
	assert_non_null(strstr(json, ",\"local\":false,"));
}

static void remarks_stand_in_a_fixed_order(void **state)
{
	struct tt_sample sample;
	const char *text;
	const char *json;

	(void)state;

	tt_sample_ipv4(&sample);
	sample.datagram.flags = TT_DATAGRAM_PAYLOAD_CUT;
	sample.datagram.packet_type = TT_PACKET_OTHERHOST;
	sample.datagram.verdict = TT_VERDICT_BAD_CHECKSUM;
	sample.datagram.payload_captured_bytes = 14;
	make_lines(&sample, "eth0", &text, &json);
	assert_string_equal(text, TIME " eth0 in 192.0.2.7:40000 > 192.0.2.1:53 ttl 64 dscp 0 "
				       "id 4660 len 68 payload 40 otherhost not-local "
				       "verdict bad_checksum cut 14");
	assert_non_null(strstr(json, ",\"local\":false,\"verdict\":\"bad_checksum\","
				     "\"payload_captured\":14}"));
}

/* With addresses, but neither ports nor payload, as for another protocol. */
static void forget_udp_header(struct tt_sample *sample, uint8_t verdict)
{
	sample->datagram.source.ipv4.sin_port = 0;
	sample->datagram.destination.ipv4.sin_port = 0;
	sample->datagram.payload = NULL;
	sample->datagram.payload_bytes = 0;
	sample->datagram.payload_captured_bytes = 0;
	sample->datagram.verdict = verdict;
}

static void ports_that_were_not_read_are_unknown(void **state)
{
	struct tt_sample sample;
	const char *text;
	const char *json;

	(void)state;

	tt_sample_ipv4(&sample);
	forget_udp_header(&sample, TT_VERDICT_FRAGMENT);
	make_lines(&sample, "eth0", &text, &json);
	assert_string_equal(text, TIME " eth0 in 192.0.2.7:? > 192.0.2.1:? ttl 64 dscp 0 id 4660 "
				       "len 68 payload ? verdict fragment");
	assert_non_null(strstr(json, "\"source\":\"192.0.2.7\",\"source_port\":null,"
				     "\"destination\":\"192.0.2.1\",\"destination_port\":null,"));
	assert_non_null(strstr(json, ",\"payload_length\":null,"));

	tt_sample_ipv6(&sample);
	forget_udp_header(&sample, TT_VERDICT_NOT_UDP);
	check_text(&sample, "eth0",
		   TIME " eth0 in [2001:db8::7]:? > [2001:db8::1]:? ttl 64 dscp 0 flow 703710 "
			"len 88 payload ? verdict not_udp");
}

static void ports_that_were_read_are_shown_whatever_the_verdict(void **state)
{
	struct tt_sample sample;

	(void)state;

	tt_sample_ipv4(&sample);
	forget_udp_header(&sample, TT_VERDICT_BAD_LENGTH);
	sample.datagram.destination.ipv4.sin_port = htons(53);
	check_text(&sample, "eth0",
		   TIME " eth0 in 192.0.2.7:0 > 192.0.2.1:53 ttl 64 dscp 0 id 4660 len 68 "
			"payload ? verdict bad_length");
}

static void a_datagram_without_headers_is_still_one_line(void **state)
{
	static const uint8_t verdicts[] = { TT_VERDICT_TRUNCATED, TT_VERDICT_BAD_VERSION,
					    TT_VERDICT_BAD_HEADER_LENGTH, UINT8_MAX };

	(void)state;

	for (size_t i = 0; i < sizeof(verdicts); i++) {
		const char *name = tt_verdict_name(verdicts[i]);
		char expected[512] = TIME " ? in ? > ? ttl ? dscp ? id ? len ? payload ? verdict ";
		struct tt_sample sample;

		tt_sample_ipv4(&sample);
		tt_sample_forget_headers(&sample, verdicts[i]);
		memcpy(expected + strlen(expected), name, strlen(name) + 1);
		check_text(&sample, "", expected);
	}
}

static void what_is_not_known_is_null_in_json(void **state)
{
	struct tt_sample sample;

	(void)state;

	tt_sample_ipv6(&sample);
	tt_sample_forget_headers(&sample, TT_VERDICT_TRUNCATED);
	check_json(&sample, "",
		   "{\"time\":\"" TIME "\",\"interface\":null,\"direction\":\"in\","
		   "\"packet_type\":\"host\",\"family\":\"ipv6\",\"source\":null,"
		   "\"source_port\":null,\"destination\":null,\"destination_port\":null,"
		   "\"hop_limit\":null,\"dscp\":null,\"ecn\":null,\"flow_label\":null,"
		   "\"length\":null,\"payload_length\":null,\"local\":null,"
		   "\"verdict\":\"truncated\"}");

	sample.datagram.version = 0;
	check_json(&sample, "",
		   "{\"time\":\"" TIME "\",\"interface\":null,\"direction\":\"in\","
		   "\"packet_type\":\"host\",\"family\":null,\"source\":null,"
		   "\"source_port\":null,\"destination\":null,\"destination_port\":null,"
		   "\"hop_limit\":null,\"dscp\":null,\"ecn\":null,\"id\":null,"
		   "\"length\":null,\"payload_length\":null,\"local\":null,"
		   "\"verdict\":\"truncated\"}");
}

static void a_hostile_interface_name_stays_within_its_field(void **state)
{
	struct tt_sample sample;
	const char *text;
	const char *json;

	(void)state;

	tt_sample_ipv4(&sample);
	make_lines(&sample, "a b\"\n,\x1b[\xff\\", &text, &json);
	assert_non_null(strstr(text, TIME " a\\x20b\"\\x0a,\\x1b[\\xff\\x5c in 192.0.2.7:40000 "));
	assert_non_null(
		strstr(json, "\"interface\":\"a b\\\"\\u000a,\\u001b[\\u00ff\\\\\",\"direction\""));
}

static void the_longest_line_fits_and_a_longer_name_is_cut(void **state)
{
	char name[2 * TT_LINE_INTERFACE_LENGTH_MAX];
	struct tt_sample sample;
	const char *text;
	const char *json;

	(void)state;

	memset(name, '\n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	tt_sample_ipv6(&sample);
	memset(&sample.datagram.source.ipv6, 0xff, sizeof(sample.datagram.source.ipv6));
	sample.datagram.source.family = AF_INET6;
	sample.datagram.destination = sample.datagram.source;
	sample.datagram.time_ns = INT64_MIN;
	sample.datagram.hop_limit = UINT8_MAX;
	sample.datagram.dscp = UINT8_MAX;
	sample.datagram.ecn = UINT8_MAX;
	sample.datagram.flow_label = UINT32_MAX;
	sample.packet[4] = sample.packet[5] = 0;
	sample.datagram.wire_bytes = UINT32_MAX;
	sample.datagram.payload_bytes = UINT32_MAX;
	sample.datagram.payload_captured_bytes = UINT32_MAX - 1;
	sample.datagram.packet_type = TT_PACKET_OTHERHOST;
	sample.datagram.verdict = TT_VERDICT_BAD_CHECKSUM;
	sample.datagram.flags = 0;

	make_lines(&sample, name, &text, &json);
	assert_int_equal(strspn(text + strlen(TIME) + 1, "\\x0a"),
			 4 * TT_LINE_INTERFACE_LENGTH_MAX);
	assert_non_null(strstr(text, "len 4294967295 payload 4294967295 otherhost not-local "
				     "verdict bad_checksum cut 4294967294"));
	/* Half of what is reserved beside the name is margin. */
	assert_true(strlen(json) < 6 * TT_LINE_INTERFACE_LENGTH_MAX + 512);
}

/* Whether @line is the fixed row of fields: its words stand where they must. */
static void check_row(const char *line)
{
	static const char *const words[] = {
		NULL,   NULL, NULL, NULL, ">",   NULL, "ttl",     NULL,
		"dscp", NULL, NULL, NULL, "len", NULL, "payload", NULL
	};
	const char *at = line;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length = strcspn(at, " ");

		assert_true(length > 0);
		if (words[i]) {
			assert_int_equal(length, strlen(words[i]));
			assert_memory_equal(at, words[i], length);
		}
		at += length;
		at += *at == ' ';
	}
	for (const char *c = line; *c; c++)
		assert_in_range(*c, ' ', '~');
}

/* One of 2^5 ways to be out of the ordinary. */
static void make_odd(struct tt_sample *sample, unsigned int odd, uint8_t verdict)
{
	if (odd & 1)
		tt_sample_ipv6(sample);
	else
		tt_sample_ipv4(sample);
	sample->datagram.verdict = verdict;
	if (odd & 2)
		sample->datagram.flags = 0;
	if (odd & 4)
		sample->datagram.payload_captured_bytes = 0;
	if (odd & 8)
		forget_udp_header(sample, verdict);
	if (odd & 16)
		tt_sample_forget_headers(sample, verdict);
}

static void every_combination_is_one_valid_line(void **state)
{
	unsigned int lines_count = 0;

	(void)state;

	for (unsigned int odd = 0; odd < 32; odd++) {
		for (unsigned int verdict = 0; verdict <= TT_VERDICT_COUNT; verdict++) {
			for (unsigned int type = 0; type <= TT_PACKET_TYPE_COUNT; type++) {
				struct tt_sample sample;
				const char *text;
				const char *json;

				make_odd(&sample, odd, (uint8_t)verdict);
				sample.datagram.packet_type = (uint8_t)type;
				make_lines(&sample, "eth0", &text, &json);
				check_row(text);
				lines_count++;
			}
		}
	}
	assert_int_equal(lines_count, 32 * (TT_VERDICT_COUNT + 1) * (TT_PACKET_TYPE_COUNT + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ordinary_ipv4_datagram_has_the_fixed_fields_only),
		cmocka_unit_test(an_ordinary_ipv6_datagram_has_a_flow_label_in_place_of_the_id),
		cmocka_unit_test(a_link_local_address_carries_its_interface),
		cmocka_unit_test(what_nobody_knows_to_be_local_is_not_said_to_be_or_not_to_be),
		cmocka_unit_test(a_zero_that_was_read_is_a_zero),
		cmocka_unit_test(each_packet_type_but_host_is_remarked_on),
		cmocka_unit_test(a_datagram_for_another_host_is_not_local),
		cmocka_unit_test(remarks_stand_in_a_fixed_order),
		cmocka_unit_test(ports_that_were_not_read_are_unknown),
		cmocka_unit_test(ports_that_were_read_are_shown_whatever_the_verdict),
		cmocka_unit_test(a_datagram_without_headers_is_still_one_line),
		cmocka_unit_test(what_is_not_known_is_null_in_json),
		cmocka_unit_test(a_hostile_interface_name_stays_within_its_field),
		cmocka_unit_test(the_longest_line_fits_and_a_longer_name_is_cut),
		cmocka_unit_test(every_combination_is_one_valid_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
