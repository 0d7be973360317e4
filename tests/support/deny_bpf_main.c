/* SPDX-License-Identifier: MIT */

/*
 * tt-deny-bpf: run a command for which bpf(2) fails
 *
 * tt-deny-bpf EPERM|EACCES|ENOSYS COMMAND...: the command keeps all capabilities. What a
 * container or a service manager does by its system call filter, or a security module.
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

/* 0 for what is none of them. */
static int read_error(const char *name)
{
	if (strcmp(name, "EPERM") == 0)
		return EPERM;
	if (strcmp(name, "EACCES") == 0)
		return EACCES;
	return strcmp(name, "ENOSYS") == 0 ? ENOSYS : 0;
}

int main(int argc, char **argv)
{
	int error = argc < 3 ? 0 : read_error(argv[1]);
	int r;

	if (error == 0) {
		(void)fprintf(stderr, "usage: tt-deny-bpf EPERM|EACCES|ENOSYS COMMAND...\n");
		return EXIT_USAGE;
	}
	r = tt_bpf_deny(error);
	if (r < 0) {
		(void)fprintf(stderr, "tt-deny-bpf: install a seccomp filter: %s\n", strerror(-r));
		return EXIT_FAILED;
	}
	(void)execvp(argv[2], argv + 2);
	(void)fprintf(stderr, "tt-deny-bpf: %s: %s\n", argv[2], strerror(errno));
	return EXIT_FAILED;
}
