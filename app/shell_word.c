/* SPDX-License-Identifier: MIT */

/*
 * Words that a shell takes as they are meant
 */

#include "app/shell_word.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "%+,-./:=@_";

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

static bool has_only_printable(const char *text)
{
	while (is_printable(*text))
		text++;
	return *text == '\0';
}

/* Adds @length bytes at @used and returns what is used then, or more than @word_bytes. */
static size_t put(char *word, size_t word_bytes, size_t used, const char *bytes, size_t length)
{
	if (used >= word_bytes || length >= word_bytes - used)
		return word_bytes + 1;
	memcpy(word + used, bytes, length);
	word[used + length] = '\0';
	return used + length;
}

/* In '...' nothing is special but the quote itself, which goes outside, escaped. */
static size_t put_single_quoted(char *word, size_t word_bytes, size_t used, char c)
{
	if (c == '\'')
		return put(word, word_bytes, used, "'\\''", strlen("'\\''"));
	return put(word, word_bytes, used, &c, 1);
}

/* In $'...' the backslash is special too. */
static size_t put_escaped(char *word, size_t word_bytes, size_t used, char c)
{
	char escaped[sizeof("\\xNN")];

	if (is_printable(c) && c != '\'' && c != '\\')
		return put(word, word_bytes, used, &c, 1);
	/* Three octal digits at most are read: what follows cannot be taken for one more. */
	(void)snprintf(escaped, sizeof(escaped), "\\%03o", (unsigned char)c);
	return put(word, word_bytes, used, escaped, strlen(escaped));
}

const char *tt_shell_quote(const char *text, char *word, size_t word_bytes)
{
	bool is_plain = *text && strspn(text, plain) == strlen(text);
	bool is_single = has_only_printable(text);
	size_t used = 0;

	if (is_plain)
		return put(word, word_bytes, 0, text, strlen(text)) > word_bytes ? NULL : word;

	used = is_single ? put(word, word_bytes, used, "'", 1)
			 : put(word, word_bytes, used, "$'", 2);
	for (; *text; text++)
		used = is_single ? put_single_quoted(word, word_bytes, used, *text)
				 : put_escaped(word, word_bytes, used, *text);
	used = put(word, word_bytes, used, "'", 1);
	return used > word_bytes ? NULL : word;
}
