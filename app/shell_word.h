/* SPDX-License-Identifier: MIT */

/*
 * Words that a shell takes as they are meant
 *
 * Commands that people shall copy name interfaces and files, which may hold any byte.
 */

#pragma once

#include <stddef.h>

/*
 * Writes @text as one word of a shell's command, in printable ASCII: as it is, in single
 * quotes, or, where not every byte is printable, as $'...' (bash, zsh, ksh). Returns @word,
 * or NULL when it has not room enough: 4 bytes for each of the text's, and 4, always do.
 */
const char *tt_shell_quote(const char *text, char *word, size_t word_bytes);
