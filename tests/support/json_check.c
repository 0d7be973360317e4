/* SPDX-License-Identifier: MIT */

/*
 * Whether a text is strict JSON
 *
 * One function for each rule of the grammar; each takes what it reads from the front
 * of the cursor, or answers false, and then the whole text is no JSON. It shares no
 * code with what writes JSON, so that an error there cannot hide here.
 */

#include "tests/support/json_check.h"

#include <string.h>

enum {
	NESTING_MAX = 16,
	MEMBERS_MAX = 64,
};

struct cursor {
	const char *at;
	const char *end;
	unsigned int nesting;
};

struct span {
	const char *start;
	size_t length;
};

static bool take_value(struct cursor *cursor);

static bool is_next(const struct cursor *cursor, char c)
{
	return cursor->at < cursor->end && *cursor->at == c;
}

static bool take_char(struct cursor *cursor, char c)
{
	if (!is_next(cursor, c))
		return false;
	cursor->at++;
	return true;
}

static bool take_word(struct cursor *cursor, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, word, length) != 0)
		return false;
	cursor->at += length;
	return true;
}

static bool take_digits(struct cursor *cursor)
{
	const char *start = cursor->at;

	while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9')
		cursor->at++;
	return cursor->at > start;
}

static bool take_number(struct cursor *cursor)
{
	(void)take_char(cursor, '-');
	if (!take_char(cursor, '0') && !take_digits(cursor))
		return false;
	if (take_char(cursor, '.') && !take_digits(cursor))
		return false;
	if (take_char(cursor, 'e') || take_char(cursor, 'E')) {
		if (!take_char(cursor, '+'))
			(void)take_char(cursor, '-');
		return take_digits(cursor);
	}
	return true;
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

static bool take_escape(struct cursor *cursor)
{
	if (cursor->at == cursor->end)
		return false;
	if (*cursor->at != 'u')
		return is_one_of(*cursor->at++, "\"\\/bfnrt");

	cursor->at++;
	for (int i = 0; i < 4; i++) {
		if (cursor->at == cursor->end || !is_one_of(*cursor->at, "0123456789abcdefABCDEF"))
			return false;
		cursor->at++;
	}
	return true;
}

static bool take_string(struct cursor *cursor)
{
	if (!take_char(cursor, '"'))
		return false;

	while (cursor->at < cursor->end) {
		char c = *cursor->at++;

		if (c == '"')
			return true;
		if (c < 0x20 || c > 0x7e)
			return false;
		if (c == '\\' && !take_escape(cursor))
			return false;
	}
	return false;
}

static bool take_name(struct cursor *cursor, struct span *names, size_t *names_count)
{
	struct span name = { .start = cursor->at };

	if (*names_count == MEMBERS_MAX || !take_string(cursor) || !take_char(cursor, ':'))
		return false;
	name.length = (size_t)(cursor->at - name.start);

	for (size_t i = 0; i < *names_count; i++) {
		if (names[i].length == name.length &&
		    memcmp(names[i].start, name.start, name.length) == 0)
			return false;
	}
	names[(*names_count)++] = name;
	return true;
}

static bool take_members(struct cursor *cursor)
{
	struct span names[MEMBERS_MAX];
	size_t names_count = 0;

	if (take_char(cursor, '}'))
		return true;
	do {
		if (!take_name(cursor, names, &names_count) || !take_value(cursor))
			return false;
	} while (take_char(cursor, ','));
	return take_char(cursor, '}');
}

static bool take_elements(struct cursor *cursor)
{
	if (take_char(cursor, ']'))
		return true;
	do {
		if (!take_value(cursor))
			return false;
	} while (take_char(cursor, ','));
	return take_char(cursor, ']');
}

static bool take_value(struct cursor *cursor)
{
	bool is_valid;

	if (is_next(cursor, '"'))
		return take_string(cursor);
	if (take_word(cursor, "true") || take_word(cursor, "false") || take_word(cursor, "null"))
		return true;
	if (!is_next(cursor, '{') && !is_next(cursor, '['))
		return take_number(cursor);

	if (++cursor->nesting > NESTING_MAX)
		return false;
	is_valid = *cursor->at++ == '{' ? take_members(cursor) : take_elements(cursor);
	cursor->nesting--;
	return is_valid;
}

bool tt_json_is_strict(const char *text, size_t length)
{
	struct cursor cursor = { .at = text, .end = text + length };

	return take_value(&cursor) && cursor.at == cursor.end;
}
