/* SPDX-License-Identifier: MIT */

/*
 * Patterns of arbitrary bytes
 *
 * The first bytes choose a number and a time, the rest, up to the first NUL, is the pattern; what
 * is behind it is a name to be matched. What must hold: what was
 * read and written out matches and gives its number again, hidden too, and is a name that a
 * folder takes; a name that matches keeps its bytes when it is renumbered to what it has; a
 * failure has words.
 */

#include "trace/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

enum {
	NUMBERS_BYTES = 16,
};

static void require(bool is_so)
{
	if (!is_so)
		abort();
}

static void check_expansion(const struct tt_pattern *pattern, uint64_t number, int64_t time_ns,
			    bool is_rotated)
{
	char hidden[TT_PATTERN_NAME_BYTES];
	char name[TT_PATTERN_NAME_BYTES];
	char again[TT_PATTERN_NAME_BYTES];
	uint64_t found;
	int r;

	r = tt_pattern_expand(pattern, number, time_ns, name);
	if (r < 0) {
		require(pattern->numbers_count > 0 && number > 999999);
		require(r == -ENAMETOOLONG || (r == -EOVERFLOW && number > TT_PATTERN_NUMBER_MAX));
		return;
	}
	require(*name && strlen(name) < sizeof(name) && !strchr(name, '/'));
	require(tt_pattern_match(pattern, name, &found));
	require(found == (pattern->numbers_count > 0 ? number : 0));
	require(tt_pattern_renumber(pattern, name, number, again) == 0);
	require(strcmp(name, again) == 0);

	r = tt_pattern_hide(name, hidden);
	require(r == 0 || !is_rotated || number > 999999);
	if (r < 0)
		return;
	require(tt_pattern_match_hidden(pattern, hidden, again, &found));
	require(strcmp(name, again) == 0);
	require(!tt_pattern_match(pattern, hidden, &found) || !is_rotated);
}

static void check_name(const struct tt_pattern *pattern, const char *name)
{
	char again[TT_PATTERN_NAME_BYTES];
	uint64_t number;

	if (!tt_pattern_match(pattern, name, &number))
		return;
	if (strlen(name) >= sizeof(again)) /* no folder has it, and no pattern makes it */
		abort();
	require(tt_pattern_renumber(pattern, name, number, again) == 0);
	require(strcmp(name, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct tt_pattern_values values = { .host = "host" };
	struct tt_error err = TT_ERROR_INIT;
	struct tt_pattern pattern;
	uint64_t number;
	int64_t time_ns;
	const char *name;
	char *text;

	if (data_bytes < NUMBERS_BYTES)
		return 0;
	memcpy(&number, data, sizeof(number));
	memcpy(&time_ns, data + sizeof(number), sizeof(time_ns));
	data_bytes -= NUMBERS_BYTES;

	/* Two strings, be they empty. */
	text = calloc(1, data_bytes + 2);
	require(text);
	memcpy(text, data + NUMBERS_BYTES, data_bytes);
	name = text + strlen(text) + 1;
	values.is_rotated = number & 1;

	if (!strchr(text, '/')) {
		if (tt_pattern_parse(&pattern, text, &values, &err) == 0) {
			check_expansion(&pattern, number, time_ns, values.is_rotated);
			check_expansion(&pattern, number % 10000000, time_ns, values.is_rotated);
			check_name(&pattern, name);
		} else {
			require(err.code == -EINVAL && err.message[0]);
		}
	}
	free(text);
	return 0;
}
