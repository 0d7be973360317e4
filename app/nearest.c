/* SPDX-License-Identifier: MIT */

/*
 * What somebody meant who mistyped a name
 *
 * The distance of Damerau and Levenshtein, where two neighbours may be swapped once.
 */

#include "app/nearest.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t tt_name_distance(const char *a, const char *b)
{
	size_t rows[TT_NEAREST_LENGTH_MAX + 1][TT_NEAREST_LENGTH_MAX + 1];
	size_t a_length = strlen(a);
	size_t b_length = strlen(b);

	if (a_length > TT_NEAREST_LENGTH_MAX || b_length > TT_NEAREST_LENGTH_MAX)
		return SIZE_MAX;

	for (size_t i = 0; i <= a_length; i++)
		rows[i][0] = i;
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		for (size_t j = 1; j <= b_length; j++) {
			size_t cost = a[i - 1] != b[j - 1];

			rows[i][j] = least(rows[i - 1][j - 1] + cost,
					   least(rows[i - 1][j], rows[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
		}
	}
	return rows[a_length][b_length];
}

const char *tt_nearest_name(const char *word,
			    const char *(*name_at)(const void *names, size_t name_index),
			    const void *names)
{
	/* A third of the letters may be wrong, or one of a short word. */
	size_t distance_max = strlen(word) / 3 + (strlen(word) < 3);
	const char *nearest = NULL;
	const char *name;

	for (size_t i = 0; (name = name_at(names, i)); i++) {
		size_t distance = tt_name_distance(word, name);

		if (distance <= distance_max) {
			nearest = name;
			if (distance == 0)
				break;
			distance_max = distance - 1; /* the first of equals stays */
		}
	}
	return nearest;
}
