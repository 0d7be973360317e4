/* SPDX-License-Identifier: MIT */

/*
 * A filter expression, in the words of pcap-filter(7)
 *
 * Each of the listed expressions is taken or refused as its list says; what is refused by
 * us and not by libpcap is refused with words that name the way out. Whether a program is
 * still held is seen by its descriptor: it is closed with the last holder. What an expression
 * says of packets is libpcap's; here it is only asked in the right way. Not covered: the
 * program in the kernel (netns.filter).
 */

#include "filter/expression.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/support/expressions.h"
#include "tests/support/packets.h"
#include "tests/unit/cmocka_all.h"

enum {
	TEXT_BYTES_MAX = 64 << 10, /* as in expression.c: its NUL included */
	PACKET_BYTES_MAX = 128,
};

static struct tt_expression *make(const char *text)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_expression *expression;

	if (tt_expression_new(&expression, text, &error) < 0)
		fail_msg("%s", error.message);
	return expression;
}

/* Refuses @text, with @words somewhere in the reason. */
static void assert_refused(const char *text, const char *words)
{
	struct tt_expression *untouched = (struct tt_expression *)(void *)&untouched;
	struct tt_expression *expression = untouched;
	struct tt_error error = TT_ERROR_INIT;

	assert_int_equal(tt_expression_new(&expression, text, &error), -EINVAL);
	assert_ptr_equal(expression, untouched);
	assert_int_equal(error.code, -EINVAL);
	if (!strstr(error.message, words))
		fail_msg("\"%s\" is refused with: %s", text, error.message);
	assert_int_equal(tt_expression_new(&expression, text, NULL), -EINVAL);
}

static void what_is_refused_is_refused_with_its_reason(void **state)
{
	(void)state;
	assert_refused("host", "filter expression \"host\": can't parse");
	assert_refused("udp port 99999", "illegal port number 99999");
	assert_refused("udp and tcp", "rejects all packets");
	assert_refused("arp", "rejects all packets");
	assert_refused("vlan 5", "VLAN");
	assert_refused("inbound", "what the link knows");
	assert_refused("udp and outbound", "leave that out");
	assert_refused("ifindex 3", "what the link knows");
	assert_refused("protochain 17", "\"udp\" is not needed");
}

static void bytes_of_the_link_are_refused_however_they_are_written(void **state)
{
	static const char *const names[] = { "ether", "link", "fddi", "tr", "wlan", "ppp", "slip" };
	static const struct {
		const char *before;
		const char *after;
	} forms[] = {
		{ "", "[0] = 1" },       { "udp and ", "[0:2] = 1" }, { "", " [0] = 1" },
		{ "", "\t\r\n[0] = 1" }, { "(", "[0] = 1)" },         { "1 = ", "[0]" },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
			(void)snprintf(text, sizeof(text), "%s%s%s", forms[k].before, names[i],
				       forms[k].after);
			assert_refused(text, "use ip[], ip6[] or udp[]");
		}
	}
	/* Names that only end or begin like these. */
	tt_expression_drop(make("udp[0] = 1"));
	tt_expression_drop(make("ip[0] & 15 > 5 and icmp[0] != 8"));
}

static void a_text_has_an_end(void **state)
{
	char *text = malloc(TEXT_BYTES_MAX + 1);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', TEXT_BYTES_MAX);
	memcpy(text, "udp", 3);
	text[TEXT_BYTES_MAX] = '\0';
	assert_refused(text, "a filter expression of more than 65535 characters");
	text[TEXT_BYTES_MAX - 1] = '\0';
	tt_expression_drop(make(text));
	free(text);
}

static uint32_t traits_of(const struct tt_expression *expression)
{
	size_t count;
	const struct sock_filter *code = tt_expression_code(expression, &count);
	struct bpf_program copy = { .bf_len = (unsigned int)count };
	uint32_t traits;

	copy.bf_insns = calloc(count, sizeof(*copy.bf_insns));
	assert_non_null(copy.bf_insns);
	memcpy(copy.bf_insns, code, count * sizeof(*copy.bf_insns));
	traits = tt_expression_traits(&copy);
	free(copy.bf_insns);
	return traits;
}

static void all_that_are_listed_to_take_are_taken(void **state)
{
	size_t loops_count = 0;

	(void)state;
	for (size_t i = 0; i < tt_expressions_count(); i++) {
		char *text = tt_expression_write_out(i);
		struct tt_error error = TT_ERROR_INIT;
		struct tt_expression *expression = NULL;

		if (tt_expression_new(&expression, text, &error) == 0)
			assert_false(traits_of(expression) &
				     (TT_TRAIT_ANCILLARY | TT_TRAIT_BACKWARD_JUMP));
		else if (strstr(text, "protochain")) /* which libpcap takes */
			loops_count++;
		else
			fail_msg("%s", error.message);
		tt_expression_drop(expression);
		free(text);
	}
	assert_true(loops_count * 10 < tt_expressions_count());
}

static void all_that_are_listed_to_refuse_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < tt_refused_count(); i++) {
		struct tt_expression *expression = NULL;
		struct tt_error error = TT_ERROR_INIT;
		enum tt_refusal refusal;
		enum tt_refused_by by;
		char *text = tt_refused_write_out(i, &refusal, &by);
		int r = tt_expression_new(&expression, text, &error);

		/* Too long for the kernel is what only whoever loads it finds. */
		if (by == TT_REFUSED_BY_CODE && r == 0) {
			size_t count;

			(void)tt_expression_code(expression, &count);
			assert_true(count > TT_EXPRESSION_CODE_MAX);
		} else if (r != -EINVAL) {
			fail_msg("\"%s\" is taken", text);
		} else {
			assert_memory_equal(error.message, "filter expression \"",
					    strlen("filter expression \""));
		}
		tt_expression_drop(expression);
		free(text);
	}
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void the_last_holder_lets_the_program_go(void **state)
{
	struct tt_expression *expression = make("udp");
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(tt_expression_program(expression), -1);
	tt_expression_set_program(expression, fd);
	assert_int_equal(tt_expression_program(expression), fd);

	assert_ptr_equal(tt_expression_hold(expression), expression);
	assert_ptr_equal(tt_expression_hold(expression), expression);
	tt_expression_drop(expression);
	tt_expression_drop(expression);
	assert_true(is_open(fd));
	tt_expression_drop(expression);
	assert_false(is_open(fd));
}

static void a_program_may_be_let_go_before(void **state)
{
	struct tt_expression *expression = make("udp");
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	tt_expression_set_program(expression, fd);
	tt_expression_close_program(expression);
	assert_false(is_open(fd));
	assert_int_equal(tt_expression_program(expression), -1);

	/* Neither a second time nor with the last holder, when the number may be another's. */
	assert_int_equal(open("/dev/null", O_RDONLY | O_CLOEXEC), fd);
	tt_expression_close_program(expression);
	tt_expression_drop(expression);
	assert_true(is_open(fd));
	assert_int_equal(close(fd), 0);
}

static void without_a_program_there_is_none_to_close(void **state)
{
	(void)state;
	tt_expression_close_program(NULL);
	tt_expression_drop(make("udp"));
	assert_null(tt_expression_hold(NULL));
	tt_expression_drop(NULL);
}

static void packets_are_judged_from_the_ip_header_on(void **state)
{
	struct tt_packet_spec spec4 = { .version = 4, .payload_bytes = 4 };
	struct tt_packet_spec spec6 = { .version = 6, .payload_bytes = 4 };
	uint8_t packet4[PACKET_BYTES_MAX], packet6[PACKET_BYTES_MAX];
	uint32_t bytes4 = (uint32_t)tt_packet_build(&spec4, packet4, sizeof(packet4));
	uint32_t bytes6 = (uint32_t)tt_packet_build(&spec6, packet6, sizeof(packet6));
	struct tt_expression *four = make("src host 192.0.2.7 and udp[8] = 1");
	struct tt_expression *six = make("ip6[6] = 17 and ip6[48] = 1 and dst port 5353");

	(void)state;
	assert_true(tt_expression_takes(four, packet4, bytes4, bytes4));
	assert_false(tt_expression_takes(four, packet6, bytes6, bytes6));
	assert_true(tt_expression_takes(six, packet6, bytes6, bytes6));
	assert_false(tt_expression_takes(six, packet4, bytes4, bytes4));
	packet4[28] = 2;
	assert_false(tt_expression_takes(four, packet4, bytes4, bytes4));
	/* What was not captured is beyond the packet: the expression says no. */
	packet4[28] = 1;
	assert_false(tt_expression_takes(four, packet4, 28, bytes4));
	tt_expression_drop(four);
	tt_expression_drop(six);
}

static void length_is_that_on_the_wire(void **state)
{
	struct tt_packet_spec spec = { .version = 4, .payload_bytes = 4 };
	uint8_t packet[PACKET_BYTES_MAX];
	uint32_t bytes = (uint32_t)tt_packet_build(&spec, packet, sizeof(packet));
	struct tt_expression *expression = make("greater 1000");

	(void)state;
	assert_false(tt_expression_takes(expression, packet, bytes, bytes));
	assert_true(tt_expression_takes(expression, packet, bytes, 1000));
	tt_expression_drop(expression);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused_is_refused_with_its_reason),
		cmocka_unit_test(bytes_of_the_link_are_refused_however_they_are_written),
		cmocka_unit_test(a_text_has_an_end),
		cmocka_unit_test(all_that_are_listed_to_take_are_taken),
		cmocka_unit_test(all_that_are_listed_to_refuse_are_refused),
		cmocka_unit_test(the_last_holder_lets_the_program_go),
		cmocka_unit_test(a_program_may_be_let_go_before),
		cmocka_unit_test(without_a_program_there_is_none_to_close),
		cmocka_unit_test(packets_are_judged_from_the_ip_header_on),
		cmocka_unit_test(length_is_that_on_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
