/* SPDX-License-Identifier: MIT */

/*
 * tt-deny-bpf: run a command for which bpf(2) fails
 *
 * tt-deny-bpf EPERM|ENOSYS COMMAND...: the command keeps all capabilities. What a container
 * or a service manager does by its system call filter.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/deny_bpf.h"

enum {
	EXIT_USAGE = 2,
	EXIT_FAILED = 125, /* none of the command's */
};

int main(int argc, char **argv)
{
	int error, r;

	if (argc < 3 || (strcmp(argv[1], "EPERM") != 0 && strcmp(argv[1], "ENOSYS") != 0)) {
		(void)fprintf(stderr, "usage: tt-deny-bpf EPERM|ENOSYS COMMAND...\n");
		return EXIT_USAGE;
	}
	error = strcmp(argv[1], "EPERM") == 0 ? EPERM : ENOSYS;
	r = tt_bpf_deny(error);
	if (r < 0) {
		(void)fprintf(stderr, "tt-deny-bpf: install a seccomp filter: %s\n", strerror(-r));
		return EXIT_FAILED;
	}
	(void)execvp(argv[2], argv + 2);
	(void)fprintf(stderr, "tt-deny-bpf: %s: %s\n", argv[2], strerror(errno));
	return EXIT_FAILED;
}
