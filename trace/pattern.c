/* SPDX-License-Identifier: MIT */

/*
 * The pattern of a trace's file names: read, written out, recognised
 *
 * Writing out and recognising walk the same elements with the same widths, each in one loop,
 * so that one cannot know a conversion that the other does not.
 */

#include "trace/pattern.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"

enum {
	NUMBER_DIGITS = 6, /* of %N, at least */
	PART_BYTES = sizeof(".part") - 1,
	HIDDEN_BYTES = 1 + PART_BYTES, /* that a hidden name is longer */
};

/* The conversions of strftime(3) that are always equally wide. */
static const struct time_conversion {
	char letter;
	uint8_t digits;
	uint16_t min;
	uint16_t max;
} time_conversions[] = {
	{ 'Y', 4, 0, 9999 }, { 'm', 2, 1, 12 }, { 'd', 2, 1, 31 },  { 'H', 2, 0, 23 },
	{ 'M', 2, 0, 59 },   { 'S', 2, 0, 60 }, { 'j', 3, 1, 366 },
};

enum {
	TIME_CONVERSIONS_COUNT = sizeof(time_conversions) / sizeof(time_conversions[0]),
};

/* What is read so far. */
struct parser {
	struct tt_pattern *pattern;
	const struct tt_pattern_values *values;
	size_t ending_index; /* of the element where the ending begins; 0: there is none */
	bool is_full;
};

static const struct time_conversion *find_time_conversion(char letter)
{
	for (size_t i = 0; i < TIME_CONVERSIONS_COUNT; i++) {
		if (time_conversions[i].letter == letter)
			return &time_conversions[i];
	}
	return NULL;
}

/* How many digits a conversion takes that the pattern was checked for. */
static unsigned int digits_of(char letter)
{
	const struct time_conversion *conversion = find_time_conversion(letter);

	return conversion ? conversion->digits : 0;
}

static void put_element(struct parser *parser, char conversion, char byte)
{
	struct tt_pattern *pattern = parser->pattern;

	if (pattern->elements_count == TT_PATTERN_ELEMENTS_MAX) {
		parser->is_full = true;
		return;
	}
	pattern->elements[pattern->elements_count++] =
		(struct tt_pattern_element){ .conversion = conversion, .byte = byte };
}

/* Few bytes are as harmless in a shell and in a list as in a folder. */
static bool is_harmless(char byte, bool is_first)
{
	if (is_first && (byte == '.' || byte == '-'))
		return false;
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= 'a' && byte <= 'z') || (byte && strchr("-_.:,+=@", byte));
}

static void put_value(struct parser *parser, const char *value)
{
	static const char digits[] = "0123456789ABCDEF";

	for (const char *c = value; *c; c++) {
		unsigned char byte = (unsigned char)*c;

		if (is_harmless(*c, c == value)) {
			put_element(parser, 0, *c);
			continue;
		}
		put_element(parser, 0, '%');
		put_element(parser, 0, digits[byte >> 4]);
		put_element(parser, 0, digits[byte & 15]);
	}
}

static int put_conversion(struct parser *parser, const char *text, char letter,
			  struct tt_error *reterr)
{
	switch (letter) {
	case '\0':
		return tt_error_set(reterr, -EINVAL,
				    "file name %.100s: it ends with a single %%: write %%%% for "
				    "a percent sign",
				    text);
	case '%':
		put_element(parser, 0, '%');
		return 0;
	case 'N':
		put_element(parser, 'N', 0);
		return 0;
	case 'h':
		put_value(parser, *parser->values->host ? parser->values->host : "localhost");
		return 0;
	default:
		break;
	}

	if (!find_time_conversion(letter))
		return tt_error_set(reterr, -EINVAL,
				    "file name %.100s: %%%c is unknown: use %%N, %%h, %%Y, %%m, "
				    "%%d, %%H, %%M, %%S, %%j, %%p or %%i, and %%%% for a percent "
				    "sign",
				    text, letter);
	put_element(parser, letter, 0);
	return 0;
}

static int put_text(struct parser *parser, const char *text, struct tt_error *reterr)
{
	for (const char *c = text; *c && !parser->is_full; c++) {
		int r;

		if (*c != '%') {
			if (*c == '.')
				parser->ending_index = parser->pattern->elements_count;
			put_element(parser, 0, *c);
			continue;
		}
		c++;
		r = put_conversion(parser, text, *c, reterr);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool has_number(const struct tt_pattern *pattern)
{
	for (size_t i = 0; i < pattern->elements_count; i++) {
		if (pattern->elements[i].conversion == 'N')
			return true;
	}
	return false;
}

/* Puts "-%N" before the ending. */
static void insert_number(struct parser *parser)
{
	struct tt_pattern *pattern = parser->pattern;
	size_t place = parser->ending_index ? parser->ending_index : pattern->elements_count;
	size_t after = pattern->elements_count - place;

	put_element(parser, 0, '-');
	put_element(parser, 'N', 0);
	if (parser->is_full)
		return;

	memmove(&pattern->elements[place + 2], &pattern->elements[place],
		after * sizeof(pattern->elements[0]));
	pattern->elements[place] = (struct tt_pattern_element){ .byte = '-' };
	pattern->elements[place + 1] = (struct tt_pattern_element){ .conversion = 'N' };
}

static void measure(struct tt_pattern *pattern)
{
	for (size_t i = 0; i < pattern->elements_count; i++) {
		char conversion = pattern->elements[i].conversion;

		if (conversion == 'N') {
			pattern->numbers_count++;
		} else if (conversion) {
			pattern->has_time = true;
			pattern->fixed_bytes += digits_of(conversion);
		} else {
			pattern->fixed_bytes++;
		}
	}
}

/* Whether the names are like those of files that are being written. */
static bool is_hiding(const struct tt_pattern *pattern)
{
	size_t count = pattern->elements_count;

	if (count < HIDDEN_BYTES || pattern->elements[0].byte != '.')
		return false;
	for (size_t i = 0; i < PART_BYTES; i++) {
		if (pattern->elements[count - PART_BYTES + i].byte != ".part"[i])
			return false;
	}
	return true;
}

int tt_pattern_parse(struct tt_pattern *pattern, const char *text,
		     const struct tt_pattern_values *values, struct tt_error *reterr)
{
	size_t name_bytes_max = TT_PATTERN_NAME_BYTES - 1 - (values->is_rotated ? HIDDEN_BYTES : 0);
	struct parser parser = { .pattern = pattern, .values = values };
	int r;

	assert(!strchr(text, '/'));

	*pattern = (struct tt_pattern){ 0 };
	if (!*text)
		return tt_error_set(reterr, -EINVAL,
				    "the file has no name: put one at the end of the path");

	r = put_text(&parser, text, reterr);
	if (r < 0)
		return r;
	if (values->is_rotated && !has_number(pattern))
		insert_number(&parser);
	measure(pattern);

	if (parser.is_full ||
	    pattern->fixed_bytes + pattern->numbers_count * NUMBER_DIGITS > name_bytes_max)
		return tt_error_set(reterr, -EINVAL,
				    "file name %.100s...: it becomes longer than %zu bytes: "
				    "choose a shorter one",
				    text, name_bytes_max);
	if (is_hiding(pattern))
		return tt_error_set(reterr, -EINVAL,
				    "file name %.100s: names from \".\" to \".part\" are those "
				    "of unfinished files: choose another",
				    text);
	return 0;
}

bool tt_pattern_has_conversion(const char *text, size_t text_bytes)
{
	for (size_t i = 0; i + 1 < text_bytes; i++) {
		if (text[i] == '%' &&
		    (strchr("%Nhpi", text[i + 1]) || find_time_conversion(text[i + 1])))
			return true;
	}
	return false;
}

/* Decimal digits, with zeros in front. */
static void put_digits(char *place, size_t digits, uint64_t value)
{
	for (size_t i = digits; i-- > 0; value /= 10)
		place[i] = (char)('0' + value % 10);
}

static size_t number_digits(uint64_t number)
{
	size_t digits = NUMBER_DIGITS;

	for (uint64_t rest = number / 1000000; rest > 0; rest /= 10)
		digits++;
	return digits;
}

static int part_of_time(char conversion, const struct tm *time)
{
	switch (conversion) {
	case 'Y':
		return time->tm_year + 1900;
	case 'm':
		return time->tm_mon + 1;
	case 'd':
		return time->tm_mday;
	case 'H':
		return time->tm_hour;
	case 'M':
		return time->tm_min;
	case 'S':
		return time->tm_sec;
	default:
		return time->tm_yday + 1;
	}
}

static int check_number(const struct tt_pattern *pattern, uint64_t number)
{
	size_t bytes = pattern->fixed_bytes + pattern->numbers_count * number_digits(number);

	if (pattern->numbers_count > 0 && number > TT_PATTERN_NUMBER_MAX)
		return -EOVERFLOW;
	return bytes < TT_PATTERN_NAME_BYTES ? 0 : -ENAMETOOLONG;
}

int tt_pattern_expand(const struct tt_pattern *pattern, uint64_t number, int64_t time_ns,
		      char name[static TT_PATTERN_NAME_BYTES])
{
	/* Whole seconds, downwards: one nanosecond before 1970 was in 1969. */
	time_t seconds = (time_t)(time_ns / TT_NS_PER_S - (time_ns % TT_NS_PER_S < 0));
	struct tm time = { 0 };
	size_t used = 0;
	int r;

	r = check_number(pattern, number);
	if (r < 0)
		return r;

	(void)gmtime_r(&seconds, &time); /* 64 bits of nanoseconds reach from 1677 to 2262 */
	for (size_t i = 0; i < pattern->elements_count; i++) {
		char conversion = pattern->elements[i].conversion;
		size_t digits;

		if (!conversion) {
			name[used++] = pattern->elements[i].byte;
			continue;
		}
		if (conversion == 'N') {
			digits = number_digits(number);
			put_digits(name + used, digits, number);
		} else {
			digits = digits_of(conversion);
			put_digits(name + used, digits, (uint64_t)part_of_time(conversion, &time));
		}
		used += digits;
	}
	name[used] = '\0';
	return 0;
}

/* The width of %N in a name of that length; 0: no %N of the pattern makes it so long. */
static size_t find_number_digits(const struct tt_pattern *pattern, size_t name_bytes)
{
	size_t digits;

	if (name_bytes < pattern->fixed_bytes ||
	    (name_bytes - pattern->fixed_bytes) % pattern->numbers_count != 0)
		return 0;
	digits = (name_bytes - pattern->fixed_bytes) / pattern->numbers_count;
	return digits >= NUMBER_DIGITS && digits <= TT_PATTERN_NUMBER_DIGITS_MAX ? digits : 0;
}

int tt_pattern_renumber(const struct tt_pattern *pattern, const char *name, uint64_t number,
			char renumbered[static TT_PATTERN_NAME_BYTES])
{
	char copy[TT_PATTERN_NAME_BYTES];
	size_t name_bytes = strlen(name);
	size_t old_digits = 0;
	size_t from = 0;
	size_t to = 0;
	int r;

	assert(name_bytes < sizeof(copy));

	r = check_number(pattern, number);
	if (r < 0)
		return r;

	memcpy(copy, name, name_bytes + 1);
	if (pattern->numbers_count > 0)
		old_digits = find_number_digits(pattern, name_bytes);
	for (size_t i = 0; i < pattern->elements_count; i++) {
		char conversion = pattern->elements[i].conversion;
		size_t bytes = conversion ? 0 : 1;

		if (conversion == 'N') {
			put_digits(renumbered + to, number_digits(number), number);
			from += old_digits;
			to += number_digits(number);
			continue;
		}
		if (conversion)
			bytes = digits_of(conversion);
		memcpy(renumbered + to, copy + from, bytes);
		from += bytes;
		to += bytes;
	}
	renumbered[to] = '\0';
	return 0;
}

static bool read_digits(const char *place, size_t digits, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (size_t i = 0; i < digits; i++) {
		if (place[i] < '0' || place[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(place[i] - '0');
	}
	*ret_value = value;
	return true;
}

/* Two %N of one name must agree, and a wide one has no zeros in front. */
static bool match_number(const char *place, size_t digits, bool is_first, uint64_t *number)
{
	uint64_t value;

	if (!read_digits(place, digits, &value) || number_digits(value) != digits)
		return false;
	if (!is_first && value != *number)
		return false;
	*number = value;
	return true;
}

static bool match_time(const char *place, const struct time_conversion *conversion)
{
	uint64_t value;

	return read_digits(place, conversion->digits, &value) && value >= conversion->min &&
	       value <= conversion->max;
}

static bool match_bytes(const struct tt_pattern *pattern, const char *name, size_t name_bytes,
			uint64_t *ret_number)
{
	bool is_first = true;
	size_t digits = 0;
	uint64_t number = 0;

	if (pattern->numbers_count > 0) {
		digits = find_number_digits(pattern, name_bytes);
		if (digits == 0)
			return false;
	}
	if (name_bytes != pattern->fixed_bytes + pattern->numbers_count * digits)
		return false;

	for (size_t i = 0; i < pattern->elements_count; i++) {
		char conversion = pattern->elements[i].conversion;

		if (!conversion) {
			if (*name++ != pattern->elements[i].byte)
				return false;
		} else if (conversion == 'N') {
			if (!match_number(name, digits, is_first, &number))
				return false;
			is_first = false;
			name += digits;
		} else {
			const struct time_conversion *time = find_time_conversion(conversion);

			if (!time || !match_time(name, time))
				return false;
			name += time->digits;
		}
	}
	*ret_number = number;
	return true;
}

bool tt_pattern_match(const struct tt_pattern *pattern, const char *name, uint64_t *ret_number)
{
	return match_bytes(pattern, name, strlen(name), ret_number);
}

int tt_pattern_hide(const char *name, char hidden[static TT_PATTERN_NAME_BYTES])
{
	if (strlen(name) + HIDDEN_BYTES >= TT_PATTERN_NAME_BYTES)
		return -ENAMETOOLONG;

	(void)snprintf(hidden, TT_PATTERN_NAME_BYTES, ".%s.part", name);
	return 0;
}

bool tt_pattern_match_hidden(const struct tt_pattern *pattern, const char *hidden,
			     char name[static TT_PATTERN_NAME_BYTES], uint64_t *ret_number)
{
	size_t hidden_bytes = strlen(hidden);
	size_t name_bytes;

	if (hidden_bytes <= HIDDEN_BYTES || hidden_bytes >= TT_PATTERN_NAME_BYTES ||
	    hidden[0] != '.' || strcmp(hidden + hidden_bytes - PART_BYTES, ".part") != 0)
		return false;

	name_bytes = hidden_bytes - HIDDEN_BYTES;
	if (!match_bytes(pattern, hidden + 1, name_bytes, ret_number))
		return false;
	(void)snprintf(name, TT_PATTERN_NAME_BYTES, "%.*s", (int)name_bytes, hidden + 1);
	return true;
}
