/* SPDX-License-Identifier: MIT */

/*
 * Writes the first inputs of a fuzzer into a folder
 *
 * Usage: make_corpus FOLDER
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/corpus.h"

int main(int argc, char **argv)
{
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: make_corpus FOLDER\n");
		return 2;
	}
	r = tt_corpus_write(argv[1]);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
