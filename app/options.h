/* SPDX-License-Identifier: MIT */

/*
 * Options of a command, over getopt_long(3)
 *
 * A command describes its options in one table; the strings that getopt wants are made
 * from it. Every way to be wrong is worded here, with the nearest name or the remedy.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "twintap/error.h"

enum tt_option_value {
	TT_OPTION_FLAG,     /* --name */
	TT_OPTION_VALUE,    /* --name VALUE, --name=VALUE, -n VALUE */
	TT_OPTION_OPTIONAL, /* --name, --name=VALUE */
};

struct tt_option {
	const char *name;
	char letter; /* 0: none */
	enum tt_option_value value;
	/* Takes the value in, NULL for none; 0, or -EINVAL in words. */
	int (*apply)(void *context, const char *value, struct tt_error *reterr);
};

/* A letter that means something in other tools, and what to do instead here. */
struct tt_refused_letter {
	char letter;
	const char *reason;
};

enum {
	TT_OPTIONS_MAX = 32, /* of one command */
};

struct tt_option_table {
	const char *command;
	const struct tt_option *options;
	size_t options_count; /* at most TT_OPTIONS_MAX */
	const struct tt_refused_letter *refused;
	size_t refused_count;
	bool may_follow_words;          /* options may stand behind other words */
	const char *positional_refused; /* why there are no other words; NULL: there may be some */
	/* Takes in the words behind the options; 0, or -EINVAL in words. */
	int (*apply_words)(void *context, int words_count, char *const *words,
			   struct tt_error *reterr);
};

/* Takes in all of @argv from its second word on. 0, or -EINVAL in words. */
int tt_options_parse(const struct tt_option_table *table, int argc, char **argv, void *context,
		     struct tt_error *reterr);
