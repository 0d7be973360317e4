/* SPDX-License-Identifier: MIT */

/*
 * Values as people write them on the command line
 */

#include "app/values.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "app/remark.h"
#include "twintap/datagram.h"

/* A wrong value is quoted up to here: the sentence has to fit into a struct tt_error. */
#define QUOTED "\"%.40s\""

enum {
	QUOTED_LENGTH = 40,
};

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{ "K", UINT64_C(1) << 10 },
	{ "M", UINT64_C(1) << 20 },
	{ "G", UINT64_C(1) << 30 },
	{ NULL, 0 },
};

static const struct unit duration_units[] = {
	{ "", 1000 }, { "s", 1000 }, { "ms", 1 }, { "m", 60000 }, { "h", 3600000 }, { NULL, 0 },
};

/*
 * Reads the digits that @text begins with, and returns what follows them; NULL when there
 * are none. A number beyond 64 bits is read as UINT64_MAX.
 */
static const char *read_number(const char *text, uint64_t *ret_value)
{
	uint64_t value = 0;
	const char *c = text;

	for (; *c >= '0' && *c <= '9'; c++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
			value = UINT64_MAX;
	}
	*ret_value = value;
	return c == text ? NULL : c;
}

/* NULL when there is no such unit. */
static const struct unit *find_unit(const struct unit *units, const char *name)
{
	for (; units->name; units++) {
		if (strcmp(units->name, name) == 0)
			return units;
	}
	return NULL;
}

int tt_size_parse(const char *text, uint64_t *ret_bytes, struct tt_error *reterr)
{
	const struct unit *unit;
	const char *rest;
	uint64_t value;
	uint64_t bytes;

	rest = read_number(text, &value);
	if (!rest)
		return tt_word_error(reterr, -EINVAL, "size " QUOTED " is no number: write 16M",
				     text);
	if (!*rest)
		return tt_word_error(reterr, -EINVAL,
				     "size " QUOTED " needs a unit: K, M or G, as in 16M", text);
	unit = find_unit(size_units, rest);
	if (!unit)
		return tt_word_error(reterr, -EINVAL,
				     "size " QUOTED " is not a number and K, M or G, as in 16M",
				     text);
	if (__builtin_mul_overflow(value, unit->factor, &bytes))
		return tt_word_error(reterr, -EINVAL, "size " QUOTED " is beyond 64 bits", text);

	*ret_bytes = bytes;
	return 0;
}

int tt_duration_parse(const char *text, int64_t *ret_ms, struct tt_error *reterr)
{
	const struct unit *unit;
	const char *rest;
	uint64_t value;

	rest = read_number(text, &value);
	unit = rest ? find_unit(duration_units, rest) : NULL;
	if (!unit)
		return tt_word_error(reterr, -EINVAL,
				     "time " QUOTED " is not a number and ms, s, m or h, as in "
				     "90, 250ms or 5m",
				     text);
	if (value == 0)
		return tt_word_error(reterr, -EINVAL, "time " QUOTED " must be longer than 0",
				     text);
	if (value > (uint64_t)TT_DURATION_MS_MAX / unit->factor)
		return tt_word_error(reterr, -EINVAL, "time " QUOTED " is longer than 8784h", text);

	*ret_ms = (int64_t)(value * unit->factor);
	return 0;
}

int tt_count_parse(const char *text, uint64_t *ret_count, struct tt_error *reterr)
{
	const char *rest;
	uint64_t value;

	rest = read_number(text, &value);
	if (!rest || *rest)
		return tt_word_error(reterr, -EINVAL, "count " QUOTED " is no number", text);
	if (value == 0)
		return tt_word_error(reterr, -EINVAL, "count " QUOTED " must be at least 1", text);
	if (value == UINT64_MAX)
		return tt_word_error(reterr, -EINVAL, "count " QUOTED " is beyond 64 bits", text);

	*ret_count = value;
	return 0;
}

static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && memcmp(text, word, length) == 0;
}

/* The set that one word of a list stands for; 0 when it is none. */
static uint32_t read_verdict(const char *text, size_t length)
{
	if (is_word(text, length, "all"))
		return TT_VERDICT_ALL;
	for (unsigned int i = 0; i < TT_VERDICT_COUNT; i++) {
		if (is_word(text, length, tt_verdict_name(i)))
			return TT_VERDICT_BIT(i);
	}
	return 0;
}

static int word_unknown_verdict(const char *text, size_t length, struct tt_error *reterr)
{
	struct tt_remark names = { 0 };

	for (unsigned int i = 0; i < TT_VERDICT_COUNT; i++)
		tt_remark_add(&names, ", %s", tt_verdict_name(i));
	return tt_word_error(reterr, -EINVAL, "verdict \"%.*s\" is none of all%s",
			     length < QUOTED_LENGTH ? (int)length : QUOTED_LENGTH, text,
			     names.text);
}

int tt_verdicts_parse(const char *text, uint32_t *ret_verdicts, struct tt_error *reterr)
{
	uint32_t verdicts = 0;

	for (const char *word = text;; word++) {
		size_t length = strcspn(word, ",");
		uint32_t bits = read_verdict(word, length);

		if (length == 0)
			return tt_word_error(reterr, -EINVAL,
					     "verdict list " QUOTED " lacks a name: write for "
					     "example ok,fragment",
					     text);
		if (bits == 0)
			return word_unknown_verdict(word, length, reterr);
		verdicts |= bits;
		word += length;
		if (!*word)
			break;
	}

	*ret_verdicts = verdicts;
	return 0;
}
