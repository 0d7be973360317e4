/* SPDX-License-Identifier: MIT */

/*
 * What "twintap doctor" found
 */

#include "app/findings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "app/json.h"

enum {
	ROOM_FIRST = 32,
	ESCAPED_BYTES = 4, /* \xNN */
};

static const char *const level_names[TT_FINDING_LEVEL_COUNT] = {
	[TT_FINDING_OK] = "ok",
	[TT_FINDING_NOTE] = "note",
	[TT_FINDING_WARN] = "warn",
	[TT_FINDING_FAIL] = "fail",
};

static void finding_deinit(struct tt_finding *finding)
{
	free(finding->subject);
	free(finding->text);
	free(finding->mend);
}

void tt_findings_deinit(struct tt_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		finding_deinit(&findings->findings[i]);
	free(findings->findings);
	*findings = (struct tt_findings){ 0 };
}

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/*
 * The text with what is not printable as \xNN; NULL without memory. Backslashes stay as
 * they are: names were escaped before, and here only what slipped through is.
 */
static char *make_safe(const char *text)
{
	char *safe = malloc(strlen(text) * ESCAPED_BYTES + 1);
	char *end = safe;

	for (; safe && *text; text++) {
		if (is_printable(*text))
			*end++ = *text;
		else
			end += snprintf(end, ESCAPED_BYTES + 1, "\\x%02x", (unsigned char)*text);
	}
	if (safe)
		*end = '\0';
	return safe;
}

__attribute__((format(printf, 1, 0))) static char *format_safe(const char *format,
							       va_list arguments)
{
	char *text = NULL;
	char *safe;

	if (vasprintf(&text, format, arguments) < 0)
		return NULL;
	safe = make_safe(text);
	free(text);
	return safe;
}

static bool make_room(struct tt_findings *findings)
{
	size_t room = findings->room ? findings->room * 2 : ROOM_FIRST;
	struct tt_finding *larger;

	if (findings->count < findings->room)
		return true;
	larger = reallocarray(findings->findings, room, sizeof(*larger));
	if (!larger)
		return false;
	findings->findings = larger;
	findings->room = room;
	return true;
}

void tt_findings_begin_group(struct tt_findings *findings)
{
	findings->begins_group = true;
}

void tt_findings_add(struct tt_findings *findings, enum tt_finding_level level, const char *subject,
		     const char *format, ...)
{
	struct tt_finding finding = { .level = level, .begins_group = findings->begins_group };
	va_list arguments;

	va_start(arguments, format);
	finding.text = format_safe(format, arguments);
	va_end(arguments);
	finding.subject = make_safe(subject);
	if (!finding.text || !finding.subject || !make_room(findings)) {
		finding_deinit(&finding);
		findings->is_incomplete = true;
		return;
	}
	findings->findings[findings->count++] = finding;
	findings->begins_group = false;
}

void tt_findings_mend(struct tt_findings *findings, const char *format, ...)
{
	struct tt_finding *last;
	va_list arguments;

	if (findings->is_incomplete || findings->count == 0)
		return; /* the last one may not be the one that is meant */
	last = &findings->findings[findings->count - 1];
	free(last->mend);
	va_start(arguments, format);
	last->mend = format_safe(format, arguments);
	va_end(arguments);
	if (!last->mend)
		findings->is_incomplete = true;
}

bool tt_findings_are_good(const struct tt_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (findings->findings[i].level == TT_FINDING_FAIL)
			return false;
	}
	return !findings->is_incomplete;
}

void tt_findings_put_text(const struct tt_findings *findings, FILE *stream)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct tt_finding *finding = &findings->findings[i];

		if (finding->begins_group && i > 0)
			(void)putc('\n', stream);
		(void)fprintf(stream, "%-4s  %s: %s\n", level_names[finding->level],
			      finding->subject, finding->text);
		if (finding->mend)
			(void)fprintf(stream, "      mend: %s\n", finding->mend);
	}
}

void tt_findings_put_json(const struct tt_findings *findings, FILE *stream)
{
	(void)fprintf(stream, "{\"can_capture\":%s,\"findings\":[",
		      tt_findings_are_good(findings) ? "true" : "false");
	for (size_t i = 0; i < findings->count; i++) {
		const struct tt_finding *finding = &findings->findings[i];

		(void)fprintf(stream, "%s{\"level\":\"%s\",\"subject\":", i > 0 ? "," : "",
			      level_names[finding->level]);
		tt_json_put_string(stream, finding->subject);
		(void)fputs(",\"text\":", stream);
		tt_json_put_string(stream, finding->text);
		(void)fputs(",\"mend\":", stream);
		if (finding->mend)
			tt_json_put_string(stream, finding->mend);
		else
			(void)fputs("null", stream);
		(void)putc('}', stream);
	}
	(void)fputs("]}\n", stream);
}
