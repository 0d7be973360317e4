/* SPDX-License-Identifier: MIT */

/*
 * Whether a text is strict JSON
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * True for exactly one JSON value (RFC 8259) with nothing around it: pure ASCII, no
 * blanks outside strings, no member twice in one object. Stricter than the RFC in
 * these three, since twintap promises them: a line of output is one object, in ASCII.
 */
bool tt_json_is_strict(const char *text, size_t length);
