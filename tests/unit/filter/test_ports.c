/* SPDX-License-Identifier: MIT */

/*
 * A set of UDP ports, and its words
 *
 * Texts lie in front of an unreadable page, NUL included. Sets are compared whole with
 * one that the test fills bit by bit. Two services are looked up, domain and ntp, which
 * every services(5) has; what a changed one would say is not covered.
 */

#include "filter/ports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/guard.h"
#include "tests/unit/cmocka_all.h"

enum {
	TEXT_BYTES_MAX = 4096,
};

static struct tt_guard guard;

static int guard_setup(void **state)
{
	(void)state;
	tt_guard_init(&guard, TEXT_BYTES_MAX);
	return 0;
}

static int guard_teardown(void **state)
{
	(void)state;
	tt_guard_deinit(&guard);
	return 0;
}

static int parse(const char *text, struct tt_ports *ret_ports, struct tt_error *reterr)
{
	const uint8_t *copy = tt_guard_copy(&guard, text, strlen(text) + 1);

	return tt_ports_parse((const char *)copy, ret_ports, reterr);
}

static void add(struct tt_ports *ports, uint32_t first, uint32_t last)
{
	for (uint32_t port = first; port <= last; port++)
		ports->words[port / 64] |= UINT64_C(1) << (port % 64);
}

static void assert_is_set(const char *text, const struct tt_ports *expected)
{
	struct tt_ports ports;
	struct tt_error err = TT_ERROR_INIT;

	memset(&ports, 0xa5, sizeof(ports));
	assert_int_equal(parse(text, &ports, &err), 0);
	assert_memory_equal(&ports, expected, sizeof(ports));
	assert_int_equal(err.code, 0);
}

static void assert_is_refused(const char *text, const char *message)
{
	struct tt_error err = TT_ERROR_INIT;
	struct tt_ports untouched;
	struct tt_ports ports;

	memset(&ports, 0xa5, sizeof(ports));
	untouched = ports;
	assert_int_equal(parse(text, &ports, &err), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.message, message);
	assert_memory_equal(&ports, &untouched, sizeof(ports));
	assert_int_equal(parse(text, &ports, NULL), -EINVAL);
}

static void number_is_one_port(void **state)
{
	static const uint32_t numbers[] = { 0, 1, 53, 63, 64, 127, 128, 1023, 65534, 65535 };

	(void)state;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct tt_ports expected = { 0 };
		char text[sizeof("65535")];

		(void)snprintf(text, sizeof(text), "%u", numbers[i]);
		add(&expected, numbers[i], numbers[i]);
		assert_is_set(text, &expected);
	}
}

static void zeros_in_front_do_not_make_a_number_octal_or_too_large(void **state)
{
	struct tt_ports expected = { 0 };

	(void)state;

	add(&expected, 53, 53);
	assert_is_set("053", &expected);
	assert_is_set("00000000000000000000000000000053", &expected);
}

static void range_has_both_its_ends(void **state)
{
	struct tt_ports few = { 0 };
	struct tt_ports one = { 0 };
	struct tt_ports all = { 0 };

	(void)state;

	add(&few, 60, 70);
	assert_is_set("60-70", &few);
	add(&one, 65535, 65535);
	assert_is_set("65535-65535", &one);
	add(&all, 0, 65535);
	assert_is_set("0-65535", &all);
}

static void service_is_its_udp_port(void **state)
{
	struct tt_ports expected = { 0 };

	(void)state;

	add(&expected, 53, 53);
	assert_is_set("domain", &expected);
	add(&expected, 123, 123);
	assert_is_set("ntp,domain", &expected);
}

static void parts_add_up_in_any_order_and_may_overlap(void **state)
{
	struct tt_ports expected = { 0 };

	(void)state;

	add(&expected, 53, 53);
	add(&expected, 123, 123);
	add(&expected, 5000, 5100);
	assert_is_set("53,5000-5100,ntp", &expected);
	assert_is_set("5050-5100,ntp,5000-5060,53,53,domain", &expected);
}

static void null_is_every_port(void **state)
{
	struct tt_ports ports = { 0 };

	(void)state;

	assert_int_equal(tt_ports_parse(NULL, &ports, NULL), 0);
	assert_true(tt_ports_is_full(&ports));
	for (uint32_t port = 0; port < TT_PORTS_COUNT; port++)
		assert_true(tt_ports_has(&ports, (uint16_t)port));
}

static void missing_port_is_told_with_an_example(void **state)
{
	static const char *const texts[] = { "", ",", "53,", ",53", "53,,54", "5-6,," };

	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_is_refused(texts[i], "port list: a port is missing: write for example "
					    "53,5000-5100,ntp");
}

static void number_above_65535_is_refused_wherever_it_stands(void **state)
{
	(void)state;

	assert_is_refused("65536", "port list: \"65536\": ports are 0 to 65535");
	assert_is_refused("53,65536-65537", "port list: \"65536-65537\": ports are 0 to 65535");
	assert_is_refused("1-65536", "port list: \"1-65536\": ports are 0 to 65535");
	assert_is_refused("65536-1", "port list: \"65536-1\": ports are 0 to 65535");
	/* Each would be a port after a wrap of 32 or 64 bits. */
	assert_is_refused("4294967349", "port list: \"4294967349\": ports are 0 to 65535");
	assert_is_refused("18446744073709551669",
			  "port list: \"18446744073709551669\": ports are 0 to 65535");
	assert_is_refused("655360000000000000000053",
			  "port list: \"655360000000000000000053\": ports are 0 to 65535");
}

static void range_that_runs_backwards_is_refused(void **state)
{
	(void)state;

	assert_is_refused("5-3", "port list: \"5-3\": the range ends before it starts");
	assert_is_refused("53,65535-0", "port list: \"65535-0\": the range ends before it starts");
}

static void what_is_no_port_range_or_service_is_quoted(void **state)
{
	static const char *const parts[] = {
		" 53",        "53 ",     "-",     "1-",    "-1",
		"--",         "1--2",    "1-2-3", "+53",   "0x35",
		"5e1",        "53.",     "5_3",   "1 - 2", "1- 2",
		"tcpmux/udp", "domain ", "%s%n",  "1-x",   "no-such-service",
		"\xc3\xa4",   "53;54",
	};

	(void)state;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char message[TT_ERROR_MESSAGE_BYTES];
		char text[128];

		(void)snprintf(message, sizeof(message),
			       "port list: \"%s\" is no port, range or UDP service of "
			       "/etc/services",
			       parts[i]);
		assert_is_refused(parts[i], message);
		(void)snprintf(text, sizeof(text), "53,%s,54", parts[i]);
		assert_is_refused(text, message);
	}
}

static void message_stays_one_line_whatever_the_text_holds(void **state)
{
	(void)state;

	assert_is_refused("53\n", "port list: \"53?\" is no port, range or UDP service of "
				  "/etc/services");
	assert_is_refused("\x1b[2J\x7f\r", "port list: \"?[2J??\" is no port, range or UDP service "
					   "of /etc/services");
}

static void part_of_64_bytes_is_too_long_and_is_quoted_in_part(void **state)
{
	char text[TEXT_BYTES_MAX];
	char message[TT_ERROR_MESSAGE_BYTES];

	(void)state;

	for (size_t length = 64; length < sizeof(text); length *= 2) {
		memset(text, '1', length);
		text[length] = '\0';
		(void)snprintf(message, sizeof(message), "port list: \"%.63s...\" is too long",
			       text);
		assert_is_refused(text, message);
	}

	memset(text, '1', 63);
	text[63] = '\0';
	(void)snprintf(message, sizeof(message), "port list: \"%.63s\": ports are 0 to 65535",
		       text);
	assert_is_refused(text, message);
}

static void long_list_of_short_parts_is_read_whole(void **state)
{
	struct tt_ports expected = { 0 };
	char text[TEXT_BYTES_MAX] = "";
	size_t length = 0;

	(void)state;

	for (uint32_t port = 1000; length + sizeof(",1000") < sizeof(text); port++) {
		length += (size_t)snprintf(&text[length], sizeof(text) - length, "%s%u",
					   length ? "," : "", port);
		add(&expected, port, port);
	}
	assert_is_set(text, &expected);
}

static void every_truncation_is_a_set_or_refused(void **state)
{
	static const char *const texts[] = {
		"53,5000-5100,ntp",
		"0-65535",
		"domain,ntp,65535",
		"1,2,3-4,00000000000000000000000000000000000000000000000000000000000005",
	};

	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char text[128];

		for (size_t length = 0; length <= strlen(texts[i]); length++) {
			struct tt_error err = TT_ERROR_INIT;
			struct tt_ports ports;
			int r;

			memcpy(text, texts[i], length);
			text[length] = '\0';
			r = parse(text, &ports, &err);
			assert_true(r == 0 || r == -EINVAL);
			assert_int_equal(err.code, r);
			assert_true((r == 0) == (err.message[0] == '\0'));
		}
	}
}

static void join_adds_and_takes_nothing_away(void **state)
{
	struct tt_ports expected = { 0 };
	struct tt_ports ports;
	struct tt_ports more;

	(void)state;

	assert_int_equal(tt_ports_parse("53,63-64", &ports, NULL), 0);
	assert_int_equal(tt_ports_parse("53,65535", &more, NULL), 0);
	tt_ports_join(&ports, &more);
	add(&expected, 53, 53);
	add(&expected, 63, 64);
	add(&expected, 65535, 65535);
	assert_memory_equal(&ports, &expected, sizeof(ports));
}

static void set_without_one_port_is_not_full(void **state)
{
	struct tt_ports ports;

	(void)state;

	assert_int_equal(tt_ports_parse("0-65535", &ports, NULL), 0);
	assert_true(tt_ports_is_full(&ports));
	for (uint32_t port = 0; port < TT_PORTS_COUNT; port++) {
		ports.words[port / 64] &= ~(UINT64_C(1) << (port % 64));
		assert_false(tt_ports_is_full(&ports));
		assert_false(tt_ports_has(&ports, (uint16_t)port));
		add(&ports, port, port);
		assert_true(tt_ports_has(&ports, (uint16_t)port));
	}
	assert_true(tt_ports_is_full(&ports));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(number_is_one_port),
		cmocka_unit_test(zeros_in_front_do_not_make_a_number_octal_or_too_large),
		cmocka_unit_test(range_has_both_its_ends),
		cmocka_unit_test(service_is_its_udp_port),
		cmocka_unit_test(parts_add_up_in_any_order_and_may_overlap),
		cmocka_unit_test(null_is_every_port),
		cmocka_unit_test(missing_port_is_told_with_an_example),
		cmocka_unit_test(number_above_65535_is_refused_wherever_it_stands),
		cmocka_unit_test(range_that_runs_backwards_is_refused),
		cmocka_unit_test(what_is_no_port_range_or_service_is_quoted),
		cmocka_unit_test(message_stays_one_line_whatever_the_text_holds),
		cmocka_unit_test(part_of_64_bytes_is_too_long_and_is_quoted_in_part),
		cmocka_unit_test(long_list_of_short_parts_is_read_whole),
		cmocka_unit_test(every_truncation_is_a_set_or_refused),
		cmocka_unit_test(join_adds_and_takes_nothing_away),
		cmocka_unit_test(set_without_one_port_is_not_full),
	};

	return cmocka_run_group_tests(tests, guard_setup, guard_teardown);
}
