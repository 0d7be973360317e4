/* SPDX-License-Identifier: MIT */

/*
 * Rates as lines for a terminal
 */

#include "app/live_view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/remark.h"

enum {
	NUMBER_BYTES = 24,
	NAME_COLUMNS = 26,
	EXACT_MAX = 99999999, /* eight digits; more is given in thousands, millions... */
};

struct number {
	char text[NUMBER_BYTES];
};

struct loss_words {
	char text[NUMBER_BYTES + 16];
};

/* At most eight characters. */
static struct number word_count(uint64_t count)
{
	static const char units[] = "kMGTPE";
	struct number number;
	size_t unit = 0;

	if (count == TT_UNKNOWN) {
		(void)snprintf(number.text, sizeof(number.text), "unknown");
		return number;
	}
	if (count <= EXACT_MAX) {
		(void)snprintf(number.text, sizeof(number.text), "%llu", (unsigned long long)count);
		return number;
	}
	/* Cut, not rounded: it was at least so much. */
	for (count /= 1000; count >= UINT64_C(1000000); count /= 1000)
		unit++;
	(void)snprintf(number.text, sizeof(number.text), "%llu%c", (unsigned long long)count,
		       units[unit]);
	return number;
}

/* With its tenth as long as it is small. */
static struct number word_rate(uint64_t tenths)
{
	struct number number;

	if (tenths == TT_UNKNOWN || tenths >= 1000)
		return word_count(tenths == TT_UNKNOWN ? tenths : tenths / 10);
	(void)snprintf(number.text, sizeof(number.text), "%llu.%llu",
		       (unsigned long long)tenths / 10, (unsigned long long)tenths % 10);
	return number;
}

static bool is_growing(const struct tt_live_loss *loss)
{
	return loss->now != 0 && loss->now != TT_UNKNOWN;
}

/* " +17 LOST", or nothing when nothing was lost. */
static struct loss_words word_loss(const struct tt_live_loss *loss)
{
	struct loss_words words = { "" };

	if (is_growing(loss))
		(void)snprintf(words.text, sizeof(words.text), " +%s LOST",
			       word_count(loss->now).text);
	return words;
}

__attribute__((format(printf, 3, 4))) static void add_line(struct tt_live_view *view, bool is_alarm,
							   const char *format, ...)
{
	struct tt_live_line *line = &view->lines[view->lines_count++];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line->text, sizeof(line->text), format, arguments); /* cut at the width */
	va_end(arguments);
	line->is_alarm = is_alarm;
}

static void add_source(struct tt_live_view *view, unsigned int kind,
		       const struct tt_live_source *source)
{
	add_line(view, is_growing(&source->lost), "%-8s %9s %10s %11s %11s %9s%s",
		 tt_source_kind_name(kind), word_rate(source->seen_rate).text,
		 word_rate(source->rejected_rate).text, word_rate(source->delivered_rate).text,
		 word_count(source->delivered).text, word_count(source->lost.total).text,
		 word_loss(&source->lost).text);
}

static void add_output(struct tt_live_view *view, const struct tt_live_output *output)
{
	char name[TT_OUTPUT_NAME_BYTES + 1] = { 0 };
	char printable[4 * TT_OUTPUT_NAME_BYTES + 1]; /* \xNN for each byte */
	size_t length;

	memcpy(name, output->name, strnlen(output->name, TT_OUTPUT_NAME_BYTES));
	(void)tt_make_printable(name, printable, sizeof(printable));
	length = strlen(printable);
	/* The end of a path tells more than its beginning. */
	if (length > NAME_COLUMNS)
		memset(printable + length - NAME_COLUMNS, '.', 3);
	add_line(view, is_growing(&output->dropped), "%-*s %9s %9s %8s %8s%s", NAME_COLUMNS,
		 length > NAME_COLUMNS ? printable + length - NAME_COLUMNS : printable,
		 word_rate(output->written_rate).text, word_rate(output->bytes_rate).text,
		 word_count(output->written).text, word_count(output->dropped.total).text,
		 word_loss(&output->dropped).text);
}

void tt_live_view_make(struct tt_live_view *ret_view, const struct tt_live_rates *rates)
{
	ret_view->lines_count = 0;
	add_line(ret_view, false, "after %lld.%lld s; rates of the last %lld.%03lld s",
		 (long long)rates->time_ms / 1000, (long long)rates->time_ms % 1000 / 100,
		 (long long)rates->interval_ms / 1000, (long long)rates->interval_ms % 1000);
	add_line(ret_view, false, "%-8s %9s %10s %11s %11s %9s", "source", "seen/s", "rejected/s",
		 "delivered/s", "delivered", "lost");
	for (unsigned int kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++) {
		if (rates->sources[kind].is_present)
			add_source(ret_view, kind, &rates->sources[kind]);
	}
	add_line(ret_view, false, "%-*s %9s %9s %8s %8s", NAME_COLUMNS, "output", "written/s",
		 "bytes/s", "written", "dropped");
	for (size_t i = 0; i < rates->outputs_count; i++)
		add_output(ret_view, &rates->outputs[i]);
	add_line(ret_view, is_growing(&rates->nic) || is_growing(&rates->softnet),
		 "before the filter: NIC %s%s, softnet %s%s", word_count(rates->nic.total).text,
		 word_loss(&rates->nic).text, word_count(rates->softnet.total).text,
		 word_loss(&rates->softnet).text);
}
