/* SPDX-License-Identifier: MIT */

/*
 * The live view: rates between two accounts, their lines, what a terminal is sent
 *
 * Pure functions only. A terminal is in netns.stats.
 */

#include <string.h>

#include "app/live_rates.h"
#include "app/live_screen.h"
#include "app/live_view.h"
#include "app/softnet.h"
#include "tests/unit/cmocka_all.h"

static struct tt_live_sample before, now;
static struct tt_live_rates rates;
static struct tt_live_view view;

static int set_up(void **state)
{
	struct tt_source_accounting *source = &now.accounting.sources[TT_SOURCE_IPV4];

	(void)state;
	before = now = (struct tt_live_sample){ 0 };
	now.time_ms = 2000;
	now.accounting.outputs_count = 1;
	source->is_present = 1;
	source->seen = 300;
	source->rejected[TT_REJECT_PORT] = 101;
	source->delivered = 199;
	memcpy(now.accounting.outputs[0].name, "a.pcapng", sizeof("a.pcapng"));
	return 0;
}

static void make_view(void)
{
	tt_live_rates_make(&rates, &before, &now);
	tt_live_view_make(&view, &rates);
}

static void rates_are_of_the_time_that_passed(void **state)
{
	(void)state;

	make_view();
	assert_int_equal(rates.sources[TT_SOURCE_IPV4].seen_rate, 1500); /* tenths */
	assert_int_equal(rates.sources[TT_SOURCE_IPV4].rejected_rate, 505);
	assert_int_equal(rates.sources[TT_SOURCE_IPV4].delivered_rate, 995);
	assert_string_equal(view.lines[2].text,
			    "ipv4           150       50.5        99.5         199         0");
	now.time_ms = 0; /* no time at all: a millisecond */
	make_view();
	assert_int_equal(rates.sources[TT_SOURCE_IPV4].seen_rate, 3000000);
}

static void what_is_unknown_or_went_down_makes_no_number(void **state)
{
	struct tt_source_accounting *source = &now.accounting.sources[TT_SOURCE_IPV4];

	(void)state;

	source->seen = TT_UNKNOWN;
	source->rejected[TT_REJECT_FRAGMENT] = TT_UNKNOWN;
	before.accounting.sources[TT_SOURCE_IPV4].delivered = 200;
	now.softnet_dropped = TT_UNKNOWN;
	make_view();
	assert_string_equal(view.lines[2].text,
			    "ipv4       unknown    unknown     unknown         199         0");
	assert_non_null(strstr(view.lines[view.lines_count - 1].text, "softnet unknown"));
	assert_false(view.lines[view.lines_count - 1].is_alarm);
}

static void a_loss_is_marked_by_a_word_while_it_grows(void **state)
{
	(void)state;

	now.accounting.sources[TT_SOURCE_IPV4].ring_dropped = 7;
	before.accounting.sources[TT_SOURCE_IPV4].ring_dropped = 3;
	make_view();
	assert_non_null(strstr(view.lines[2].text, "  7 +4 LOST"));
	assert_true(view.lines[2].is_alarm);
	before = now;
	make_view();
	assert_null(strstr(view.lines[2].text, "LOST"));
	assert_false(view.lines[2].is_alarm);
}

static void the_largest_view_fits_80_columns(void **state)
{
	uint64_t largest = TT_UNKNOWN - 1;

	(void)state;

	for (size_t i = 0; i < sizeof(now.accounting) / sizeof(largest); i++)
		memcpy((char *)&now.accounting + i * sizeof(largest), &largest, sizeof(largest));
	now.softnet_dropped = largest;
	make_view();
	assert_int_equal(view.lines_count, TT_LIVE_LINES_MAX);
	for (size_t i = 0; i < view.lines_count; i++) {
		const char *text = view.lines[i].text;

		assert_true(strlen(text) <= TT_LIVE_COLUMNS);
		for (; *text; text++)
			assert_in_range(*text, ' ', '~');
	}
	/* Nothing is cut: the last words are there. */
	assert_non_null(strstr(view.lines[2].text, " LOST"));
	assert_non_null(strstr(view.lines[view.lines_count - 2].text, " LOST"));
	assert_non_null(strstr(strstr(view.lines[view.lines_count - 1].text, "softnet"), " LOST"));
}

static void the_view_is_cut_to_the_terminal_and_written_over(void **state)
{
	struct tt_live_screen screen = { 0 };
	char bytes[TT_LIVE_SCREEN_BYTES + 1];
	size_t lines_count;

	(void)state;

	view = (struct tt_live_view){ .lines_count = 3 };
	memcpy(view.lines[0].text, "0123456789", 11);
	memcpy(view.lines[1].text, "ab", 3);
	view.lines[1].is_alarm = true;
	bytes[tt_live_screen_compose(&screen, &view, 10, 9, bytes)] = '\0';
	assert_string_equal(bytes, "\r012345678\033[K\n\033[7mab\033[0m\033[K\n\033[K\n\033[J");
	bytes[tt_live_screen_compose(&screen, &view, 12, 3, bytes)] = '\0';
	assert_string_equal(bytes, "\r\033[3A0123456789\033[K\n\033[7mab\033[0m\033[K\n\033[J");
	/* Narrower: nobody knows how far up it began. */
	bytes[tt_live_screen_compose(&screen, &view, 1, 2, bytes)] = '\0';
	assert_string_equal(bytes, "\r\033[K\n\033[J");

	set_up(NULL);
	the_largest_view_fits_80_columns(NULL);
	for (size_t i = 0; i < view.lines_count; i++)
		view.lines[i].is_alarm = true;
	for (lines_count = 0; lines_count <= TT_LIVE_LINES_MAX + 1; lines_count++)
		assert_in_range(tt_live_screen_compose(&screen, &view, 200, lines_count, bytes), 1,
				TT_LIVE_SCREEN_BYTES);
	assert_int_equal(screen.lines_count, TT_LIVE_LINES_MAX);
}

static void softnet_lines_of_another_form_are_refused(void **state)
{
	static const char line[] = "0000272d 0000001f 00000001 00000000\n";
	char cut[sizeof(line)];
	uint64_t dropped = 0;

	(void)state;

	assert_true(tt_softnet_read_line(line, &dropped));
	assert_int_equal(dropped, 31);
	for (size_t length = 0; length < sizeof(line) - 1; length++) {
		memcpy(cut, line, length);
		cut[length] = '\0';
		assert_false(tt_softnet_read_line(cut, &dropped));
	}
	assert_false(tt_softnet_read_line("0000272d 0000001x 00000001\n", &dropped));
	assert_false(tt_softnet_read_line("0000272d 000000011 00000001\n", &dropped));
	assert_int_equal(dropped, 31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rates_are_of_the_time_that_passed, set_up),
		cmocka_unit_test_setup(what_is_unknown_or_went_down_makes_no_number, set_up),
		cmocka_unit_test_setup(a_loss_is_marked_by_a_word_while_it_grows, set_up),
		cmocka_unit_test_setup(the_largest_view_fits_80_columns, set_up),
		cmocka_unit_test_setup(the_view_is_cut_to_the_terminal_and_written_over, set_up),
		cmocka_unit_test_setup(softnet_lines_of_another_form_are_refused, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
