/* SPDX-License-Identifier: MIT */

/*
 * What "twintap doctor" found
 *
 * A list of findings, each with its level, what it is about, what it is, and the command
 * that mends it, if one does; and the two ways to print them. The list owns its texts,
 * which are printable ASCII: what is not is escaped when it is added.
 *
 * When memory runs out the list stays valid and says that it is incomplete.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum tt_finding_level {
	TT_FINDING_OK,
	TT_FINDING_NOTE, /* good to know, or not known */
	TT_FINDING_WARN, /* captures work, but show or do less than one would think */
	TT_FINDING_FAIL, /* captures do not work */
	TT_FINDING_LEVEL_COUNT,
};

struct tt_finding {
	enum tt_finding_level level;
	bool begins_group;
	char *subject;
	char *text;
	char *mend; /* a command for a shell; NULL: none mends it */
};

/* Empty when zeroed. */
struct tt_findings {
	struct tt_finding *findings; /* owned */
	size_t count;
	size_t room;
	bool begins_group;  /* so does the next one */
	bool is_incomplete; /* memory ran out */
};

void tt_findings_deinit(struct tt_findings *findings);

/* The next finding begins a group of its own. */
void tt_findings_begin_group(struct tt_findings *findings);

/* Adds a finding that nothing mends, so far. @subject is copied. */
void tt_findings_add(struct tt_findings *findings, enum tt_finding_level level, const char *subject,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Names the command that mends the finding added last. Words in it are quoted before. */
void tt_findings_mend(struct tt_findings *findings, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Whether captures can work: nothing failed. */
bool tt_findings_are_good(const struct tt_findings *findings);

/* A line a finding, and an indented one for what mends it; an empty line between groups. */
void tt_findings_put_text(const struct tt_findings *findings, FILE *stream);

/* One JSON object, on one line. */
void tt_findings_put_json(const struct tt_findings *findings, FILE *stream);
