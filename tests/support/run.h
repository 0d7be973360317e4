/* SPDX-License-Identifier: MIT */

/*
 * Programs that a test runs
 *
 * No shell is in between: words are cut at single blanks and go to the program as they
 * are. A program that fails makes the running test fail, with what it printed.
 */

#pragma once

/* Runs "ip link add a type veth peer name b"; the test fails unless it exits with 0. */
void run(const char *words);

/* The same, but its exit status is returned, and nothing is said. */
int run_status(const char *words);
