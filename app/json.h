/* SPDX-License-Identifier: MIT */

/*
 * JSON strings for what commands print
 *
 * What may be in a name is escaped here, so that a line of output stays ASCII.
 */

#pragma once

#include <stdio.h>

/* Writes @text as a JSON string; bytes that are no printable ASCII as \u00NN. */
void tt_json_put_string(FILE *stream, const char *text);
