/* SPDX-License-Identifier: MIT */

/*
 * What somebody meant who mistyped a name
 */

#pragma once

#include <stddef.h>

enum {
	TT_NEAREST_LENGTH_MAX = 32, /* nothing has a longer name */
};

/* How many letters are to insert, delete, replace or swap; SIZE_MAX for words too long. */
size_t tt_name_distance(const char *a, const char *b);

/*
 * The name that is nearest to @word. @name_at gives the name of an index, or NULL past the
 * last. NULL when none is near enough to be meant.
 */
const char *tt_nearest_name(const char *word,
			    const char *(*name_at)(const void *names, size_t name_index),
			    const void *names);
