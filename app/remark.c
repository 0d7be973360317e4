/* SPDX-License-Identifier: MIT */

/*
 * Words to people
 */

#include "app/remark.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"

enum {
	ESCAPED_BYTES_MAX = 4, /* \xNN */
};

static const char prefix[] = "twintap: ";
static const char cut_mark[] = "...";

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* Writes one byte of text as one to four printable ones, without a NUL; returns how many. */
static size_t escape(char c, char *escaped)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char byte = (unsigned char)c;

	if (c == '\\') {
		escaped[0] = escaped[1] = '\\';
		return 2;
	}
	if (is_printable(c)) {
		escaped[0] = c;
		return 1;
	}
	escaped[0] = '\\';
	escaped[1] = 'x';
	escaped[2] = digits[byte >> 4];
	escaped[3] = digits[byte & 15];
	return ESCAPED_BYTES_MAX;
}

const char *tt_make_printable(const char *text, char *printable, size_t printable_bytes)
{
	size_t length = 0;

	for (; *text; text++) {
		char escaped[ESCAPED_BYTES_MAX];
		size_t escaped_bytes = escape(*text, escaped);

		if (length + escaped_bytes >= printable_bytes)
			break;
		memcpy(printable + length, escaped, escaped_bytes);
		length += escaped_bytes;
	}
	printable[length] = '\0';
	return printable;
}

__attribute__((format(printf, 2, 0))) static void add_va(struct tt_remark *remark,
							 const char *format, va_list arguments)
{
	size_t room = sizeof(remark->text) - remark->length;
	int length;

	length = vsnprintf(remark->text + remark->length, room, format, arguments);
	if (length < 0)
		return;
	if ((size_t)length < room) {
		remark->length += (size_t)length;
		return;
	}
	remark->length = sizeof(remark->text) - 1;
	memcpy(remark->text + sizeof(remark->text) - sizeof(cut_mark), cut_mark, sizeof(cut_mark));
}

void tt_remark_add(struct tt_remark *remark, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_va(remark, format, arguments);
	va_end(arguments);
}

void tt_remark_say(const struct tt_remark *remark)
{
	char line[sizeof(prefix) + (size_t)TT_REMARK_BYTES * ESCAPED_BYTES_MAX + 1];
	size_t length = sizeof(prefix) - 1;

	memcpy(line, prefix, length);
	(void)tt_make_printable(remark->text, line + length, sizeof(line) - length - 1);
	length += strlen(line + length);
	line[length++] = '\n';

	for (size_t done = 0; done < length;) {
		ssize_t written = write(STDERR_FILENO, line + done, length - done);

		if (written < 0 && errno != EINTR)
			return;
		done += written > 0 ? (size_t)written : 0;
	}
}

void tt_say(const char *format, ...)
{
	struct tt_remark remark = { 0 };
	va_list arguments;

	va_start(arguments, format);
	add_va(&remark, format, arguments);
	va_end(arguments);
	tt_remark_say(&remark);
}

int tt_word_error(struct tt_error *err, int code, const char *format, ...)
{
	va_list arguments;

	if (!err)
		return code;

	err->code = code;
	va_start(arguments, format);
	(void)vsnprintf(err->message, sizeof(err->message), format, arguments);
	va_end(arguments);
	return code;
}

int tt_finish_output(void)
{
	bool has_failed = ferror(stdout) != 0;

	if (fflush(stdout) == 0 && !has_failed)
		return TT_EXIT_DONE;
	if (errno == EPIPE)
		return TT_EXIT_DONE;
	tt_say("standard output: %s", strerror(errno));
	return TT_EXIT_FAILED;
}
