/* SPDX-License-Identifier: MIT */

/*
 * The commands
 *
 * Each lives in its own cmd_NAME.c and is one line in the table of main.c. It gets its
 * own name as argv[0], and gives the status that the process ends with.
 */

#pragma once

enum tt_exit_status {
	TT_EXIT_DONE = 0,
	TT_EXIT_FAILED = 1,
	TT_EXIT_USAGE = 2, /* the words of the command line are wrong */
};

int tt_cmd_capture(int argc, char **argv);
int tt_cmd_doctor(int argc, char **argv);
int tt_cmd_read(int argc, char **argv);
int tt_cmd_interfaces(int argc, char **argv);
