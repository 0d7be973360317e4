/* SPDX-License-Identifier: MIT */

/*
 * Lines on a terminal that are written over
 */

#include "app/live_screen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	COLUMNS_DEFAULT = 80, /* of a terminal that does not say */
	ROWS_DEFAULT = 24,
};

static size_t put(char *bytes, size_t length, const char *string)
{
	while (*string)
		bytes[length++] = *string++;
	return length;
}

/* To the beginning of the first line. */
static size_t put_return(char *bytes, size_t lines_count)
{
	if (lines_count == 0)
		return put(bytes, 0, "\r");
	return (size_t)snprintf(bytes, 32, "\r\033[%zuA", lines_count);
}

size_t tt_live_screen_compose(struct tt_live_screen *screen, const struct tt_live_view *view,
			      size_t columns, size_t rows, char *bytes)
{
	size_t lines_count = view->lines_count;
	size_t length;

	/* The line of the cursor is one too. */
	if (lines_count >= rows)
		lines_count = rows > 0 ? rows - 1 : 0;
	length = put_return(bytes, columns < screen->columns ? 0 : screen->lines_count);
	for (size_t i = 0; i < lines_count; i++) {
		const struct tt_live_line *line = &view->lines[i];
		size_t text_length = strlen(line->text);

		if (text_length >= columns)
			text_length = columns > 0 ? columns - 1 : 0;
		if (line->is_alarm)
			length = put(bytes, length, "\033[7m");
		memcpy(bytes + length, line->text, text_length);
		length += text_length;
		if (line->is_alarm)
			length = put(bytes, length, "\033[0m");
		length = put(bytes, length, "\033[K\n");
	}
	length = put(bytes, length, "\033[J");
	*screen = (struct tt_live_screen){ .lines_count = lines_count, .columns = columns };
	return length;
}

/* What the terminal does not take is lost: it was only to be seen. */
static void write_out(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDERR_FILENO, bytes, length);

		if (written < 0 && errno != EINTR)
			return;
		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		}
	}
}

static struct winsize read_size(void)
{
	struct winsize size = { 0 };

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0)
		size = (struct winsize){ .ws_col = COLUMNS_DEFAULT, .ws_row = ROWS_DEFAULT };
	return size;
}

void tt_live_screen_show(struct tt_live_screen *screen, const struct tt_live_view *view)
{
	struct winsize size = read_size();
	char bytes[TT_LIVE_SCREEN_BYTES];

	write_out(bytes, tt_live_screen_compose(screen, view, size.ws_col, size.ws_row, bytes));
}

void tt_live_screen_clear(struct tt_live_screen *screen)
{
	static const struct tt_live_view nothing;

	if (screen->lines_count > 0)
		tt_live_screen_show(screen, &nothing);
	*screen = (struct tt_live_screen){ 0 };
}
