/* SPDX-License-Identifier: MIT */

/*
 * What the kernel writes of itself in /proc and /sys, as text
 */

#include "app/doctor_parse.h"

#include <stdio.h>
#include <string.h>

enum {
	MOUNT_ROOT_FIELD = 3, /* of the fields of a line in mountinfo, from 0 */
	MOUNT_POINT_FIELD = 4,
	OCTAL_DIGITS = 3, /* of an escaped byte */
};

/* Reads digits, and returns what follows them; NULL for none, or a number beyond 64 bits. */
static const char *read_digits(const char *text, uint64_t *ret_value)
{
	const char *c = text;
	uint64_t value = 0;

	for (; *c >= '0' && *c <= '9'; c++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
			return NULL;
	}
	if (c == text)
		return NULL;
	*ret_value = value;
	return c;
}

static bool is_end(const char *text)
{
	return strcmp(text, "") == 0 || strcmp(text, "\n") == 0;
}

bool tt_proc_read_number(const char *text, uint64_t *ret_value)
{
	const char *rest;
	uint64_t value;

	rest = read_digits(text, &value);
	if (!rest || !is_end(rest))
		return false;
	*ret_value = value;
	return true;
}

/* The line behind this one, or NULL after the last. */
static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end && end[1] ? end + 1 : NULL;
}

bool tt_proc_read_field(const char *text, const char *key, uint64_t *ret_value)
{
	size_t key_length = strlen(key);

	for (const char *line = text; line; line = next_line(line)) {
		const char *rest;
		uint64_t value;

		if (strncmp(line, key, key_length) != 0 || line[key_length] != ':')
			continue;
		rest = line + key_length + 1;
		rest = read_digits(rest + strspn(rest, " \t"), &value);
		if (!rest || (*rest && !strchr(" \t\n", *rest)))
			return false;
		*ret_value = value;
		return true;
	}
	return false;
}

bool tt_proc_read_limit(const char *text, uint64_t *ret_bytes)
{
	if (strncmp(text, "max", 3) != 0 || !is_end(text + 3))
		return tt_proc_read_number(text, ret_bytes);
	*ret_bytes = UINT64_MAX;
	return true;
}

bool tt_proc_read_release(const char *text, unsigned int *ret_major, unsigned int *ret_minor)
{
	const char *rest;
	uint64_t major;
	uint64_t minor;

	rest = read_digits(text, &major);
	if (!rest || *rest != '.' || !read_digits(rest + 1, &minor) || major > UINT32_MAX ||
	    minor > UINT32_MAX)
		return false;
	*ret_major = (unsigned int)major;
	*ret_minor = (unsigned int)minor;
	return true;
}

/* Copies @length bytes as a string; false if it has no room. */
static bool copy(const char *bytes, size_t length, char *text, size_t text_bytes)
{
	if (length >= text_bytes)
		return false;
	memcpy(text, bytes, length);
	text[length] = '\0';
	return true;
}

bool tt_proc_read_choice(const char *text, char *choice, size_t choice_bytes)
{
	const char *begin = strchr(text, '[');
	const char *end = begin ? strchr(begin, ']') : NULL;

	return end && end > begin + 1 &&
	       copy(begin + 1, (size_t)(end - begin - 1), choice, choice_bytes);
}

bool tt_proc_read_cgroup(const char *text, char *path, size_t path_bytes)
{
	static const char key[] = "0::/";

	for (const char *line = text; line; line = next_line(line)) {
		const char *begin;

		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		begin = line + strlen(key) - 1; /* at the slash */
		return copy(begin, strcspn(begin, "\n"), path, path_bytes);
	}
	return false;
}

/* The field of a line, which has it; its length is up to a blank. NULL past the last. */
static const char *find_field(const char *line, size_t field_index)
{
	for (size_t i = 0; i < field_index; i++) {
		line += strcspn(line, " \n");
		if (*line != ' ')
			return NULL;
		line++;
	}
	return line;
}

/* Whether a line of mountinfo is of the unified hierarchy: its type follows a lone dash. */
static bool is_cgroup2(const char *line)
{
	static const char mark[] = " - cgroup2 ";
	const char *found = strstr(line, mark);

	return found && found < line + strcspn(line, "\n");
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Copies a field, in which blanks and the like are \NNN. */
static bool copy_unescaped(const char *field, char *text, size_t text_bytes)
{
	size_t length = 0;

	while (*field && *field != ' ' && *field != '\n') {
		char c = *field++;

		if (c == '\\' && is_octal(field[0]) && is_octal(field[1]) && is_octal(field[2])) {
			c = (char)((field[0] - '0') << 6 | (field[1] - '0') << 3 |
				   (field[2] - '0'));
			field += OCTAL_DIGITS;
		}
		if (length + 1 >= text_bytes)
			return false;
		text[length++] = c;
	}
	text[length] = '\0';
	return length > 0;
}

bool tt_proc_read_cgroup_mount(const char *text, char *path, size_t path_bytes)
{
	for (const char *line = text; line; line = next_line(line)) {
		const char *root = find_field(line, MOUNT_ROOT_FIELD);
		const char *point = find_field(line, MOUNT_POINT_FIELD);

		if (is_cgroup2(line) && root && point && strncmp(root, "/ ", 2) == 0)
			return copy_unescaped(point, path, path_bytes);
	}
	return false;
}

bool tt_proc_is_first_id_map(const char *text)
{
	uint64_t fields[3];
	const char *rest = text;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		rest = read_digits(rest + strspn(rest, " "), &fields[i]);
		if (!rest)
			return false;
	}
	return fields[0] == 0 && fields[1] == 0 && fields[2] == UINT32_MAX && is_end(rest);
}
