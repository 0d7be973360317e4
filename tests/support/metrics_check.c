/* SPDX-License-Identifier: MIT */

/*
 * Whether a text is strict Prometheus text
 *
 * Reads one line after the other, and knows nothing of how the library writes them.
 */

#include "tests/support/metrics_check.h"

#include <stdint.h>
#include <string.h>

struct reader {
	const char *begin;
	const char *at;
	const char *end;
};

struct word {
	const char *bytes;
	size_t length;
};

static bool take(struct reader *reader, const char *string)
{
	size_t length = strlen(string);

	if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, string, length) != 0)
		return false;
	reader->at += length;
	return true;
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

/* A name of a metric or label; what begins with a digit is none. */
static bool take_name(struct reader *reader, struct word *ret_name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
	const char *begin = reader->at;

	while (reader->at < reader->end && is_one_of(*reader->at, letters))
		reader->at++;
	*ret_name = (struct word){ .bytes = begin, .length = (size_t)(reader->at - begin) };
	return ret_name->length > 0 && !is_one_of(*begin, "0123456789");
}

/* One character of UTF-8, by its value; false for one that is none, or a control character. */
static bool take_character(struct reader *reader)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t first = (uint8_t)*reader->at++;
	size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	uint32_t value = length == 1 ? first : first & (0xffU >> (length + 1));

	if ((first & 0xc0) == 0x80 || first >= 0xf8)
		return false;
	for (size_t i = 1; i < length; i++, reader->at++) {
		if (reader->at == reader->end || ((uint8_t)*reader->at & 0xc0) != 0x80)
			return false;
		value = value << 6 | ((uint8_t)*reader->at & 0x3fU);
	}
	return value >= least[length] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff) &&
	       value >= 0x20 && (value < 0x7f || value > 0x9f);
}

/* The value of a label up to its closing quote. */
static bool take_value(struct reader *reader)
{
	while (reader->at < reader->end && *reader->at != '"') {
		if (take(reader, "\\\\") || take(reader, "\\\"") || take(reader, "\\n"))
			continue;
		if (*reader->at == '\\' || !take_character(reader))
			return false;
	}
	return take(reader, "\"");
}

static bool take_labels(struct reader *reader)
{
	struct word name;

	if (!take(reader, "{"))
		return true;
	do {
		if (!take_name(reader, &name) || !take(reader, "=\"") || !take_value(reader))
			return false;
	} while (take(reader, ","));
	return take(reader, "}");
}

static bool take_number(struct reader *reader)
{
	const char *begin = reader->at;

	while (reader->at < reader->end && is_one_of(*reader->at, "0123456789"))
		reader->at++;
	return reader->at > begin && (*begin != '0' || reader->at == begin + 1);
}

/* Whether a line before @line begins with the same @length bytes. */
static bool was_there(const struct reader *reader, const char *line, size_t length)
{
	for (const char *at = reader->begin; at < line;) {
		if (memcmp(at, line, length) == 0)
			return true;
		at = (const char *)memchr(at, '\n', (size_t)(line - at)) + 1;
	}
	return false;
}

static bool take_sample(struct reader *reader, const struct word *metric)
{
	const char *line = reader->at;
	struct word name;

	if (!take_name(reader, &name) || name.length != metric->length ||
	    memcmp(name.bytes, metric->bytes, name.length) != 0)
		return false;
	if (!take_labels(reader) || !take(reader, " "))
		return false;
	if (was_there(reader, line, (size_t)(reader->at - line)))
		return false;
	return take_number(reader) && take(reader, "\n");
}

/* The end of the help's line. */
static bool take_help(struct reader *reader)
{
	const char *begin = reader->at;

	while (reader->at < reader->end && *reader->at >= ' ' && *reader->at <= '~' &&
	       *reader->at != '\\')
		reader->at++;
	return reader->at > begin && take(reader, "\n");
}

static bool take_head(struct reader *reader, struct word *ret_metric)
{
	static const char ending[] = "_total";
	const char *line = reader->at;
	struct word again;
	bool is_total;

	if (!take(reader, "# HELP ") || !take_name(reader, ret_metric) || !take(reader, " "))
		return false;
	if (was_there(reader, line, (size_t)(reader->at - line)) || !take_help(reader))
		return false;
	if (!take(reader, "# TYPE ") || !take_name(reader, &again) ||
	    again.length != ret_metric->length ||
	    memcmp(again.bytes, ret_metric->bytes, again.length) != 0)
		return false;
	is_total = again.length > strlen(ending) &&
		   memcmp(reader->at - strlen(ending), ending, strlen(ending)) == 0;
	return take(reader, is_total ? " counter\n" : " gauge\n");
}

bool tt_metrics_are_strict(const char *text, size_t length)
{
	struct reader reader = { .begin = text, .at = text, .end = text + length };
	struct word metric;

	if (memchr(text, '\0', length))
		return false;
	while (reader.at < reader.end) {
		if (!take_head(&reader, &metric))
			return false;
		do {
			if (!take_sample(&reader, &metric))
				return false;
		} while (reader.at < reader.end && *reader.at != '#');
	}
	return true;
}

size_t tt_metrics_count(const char *text, const char *beginning)
{
	size_t count = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		count += strncmp(line, beginning, strlen(beginning)) == 0;
	}
	return count;
}
