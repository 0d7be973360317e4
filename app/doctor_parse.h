/* SPDX-License-Identifier: MIT */

/*
 * What the kernel writes of itself in /proc and /sys, as text
 *
 * Pure: text in, values out. Each reader says false, or UNKNOWN, for a text that has not
 * the form that it knows, and then leaves its result alone: what cannot be read is not
 * known, and never guessed.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A decimal number and nothing else, but for one newline: "2\n". */
bool tt_proc_read_number(const char *text, uint64_t *ret_value);

/* The number behind "KEY:" at the beginning of a line; a unit may follow it. */
bool tt_proc_read_field(const char *text, const char *key, uint64_t *ret_value);

/* A limit of a cgroup: a number, or "max", which is UINT64_MAX. */
bool tt_proc_read_limit(const char *text, uint64_t *ret_bytes);

/* The first two numbers of a kernel's release: "6.1.0-13-amd64". */
bool tt_proc_read_release(const char *text, unsigned int *ret_major, unsigned int *ret_minor);

/* Which of its words is chosen: "none [integrity] confidentiality"; false if it has no room. */
bool tt_proc_read_choice(const char *text, char *choice, size_t choice_bytes);

/* The process's group in the unified hierarchy: "/a/b" of the line "0::/a/b". */
bool tt_proc_read_cgroup(const char *text, char *path, size_t path_bytes);

/*
 * Where the unified hierarchy of cgroups is mounted, by the text of a mountinfo. Only a
 * mount of its root will do: in any other, paths would mean something else.
 */
bool tt_proc_read_cgroup_mount(const char *text, char *path, size_t path_bytes);

/* Whether an id map maps every id to itself, as in the first user namespace. */
bool tt_proc_is_first_id_map(const char *text);
