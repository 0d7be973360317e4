/* SPDX-License-Identifier: MIT */

/*
 * A program that links all three libraries
 *
 * Usage: version EXPECTED. Fails unless each library says that it is this version.
 */

#include <stdio.h>
#include <string.h>
#include <twintap/version.h>

int main(int argc, char **argv)
{
	const char *const versions[] = { tt_version(), tt_net_version(), tt_server_version() };

	if (argc != 2)
		return 2;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (strcmp(versions[i], argv[1]) != 0) {
			fprintf(stderr, "library %zu is %s, not %s\n", i, versions[i], argv[1]);
			return 1;
		}
	}
	return 0;
}
