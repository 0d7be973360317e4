/* SPDX-License-Identifier: MIT */

/*
 * Failure messages
 *
 * Messages are built in place, without allocation, so that an out-of-memory
 * failure can be worded like any other. A message that does not fit keeps its
 * beginning: the outermost steps tell a reader where to look. What it quotes comes
 * from people and files: a control character in it becomes "?", so that a message is
 * one line and cannot steer a terminal.
 */

#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Appends ": @cause" at @used, as far as it fits, and keeps the NUL. */
static void append(char *message, size_t message_bytes, size_t used, const char *cause)
{
	for (const char *c = ": "; *c && used + 1 < message_bytes; c++)
		message[used++] = *c;
	for (const char *c = cause; *c && used + 1 < message_bytes; c++)
		message[used++] = *c;
	if (used < message_bytes)
		message[used] = '\0';
}

static void keep_one_line(char *message)
{
	for (char *c = message; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
}

int tt_error_set(struct tt_error *err, int code, const char *format, ...)
{
	va_list args;

	assert(code < 0);

	if (!err)
		return code;

	err->code = code;
	va_start(args, format);
	(void)vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	keep_one_line(err->message);

	return code;
}

int tt_error_wrap(struct tt_error *err, int code, const char *format, ...)
{
	char inner[TT_ERROR_MESSAGE_BYTES];
	va_list args;
	int length;

	assert(code < 0);

	if (!err)
		return code;

	memcpy(inner, err->message, sizeof(inner));

	err->code = code;
	va_start(args, format);
	length = vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);

	if (length >= 0)
		append(err->message, sizeof(err->message), (size_t)length, inner);
	keep_one_line(err->message);

	return code;
}
