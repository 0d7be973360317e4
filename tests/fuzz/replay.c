/* SPDX-License-Identifier: MIT */

/*
 * Runs a fuzzer's function over files, without a fuzzer
 *
 * So the inputs that are kept are tried by every compiler and in every build, and a
 * crash that a fuzzer found can be looked at in a debugger. Each file is also tried
 * at every truncation up to a bound.
 *
 * Usage: replay FILE-OR-FOLDER...
 */

#include <errno.h>
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	INPUT_BYTES_MAX = 1 << 20,
	TRUNCATIONS_MAX = 512,
};

/* The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static int run_file(const char *path)
{
	static uint8_t input[INPUT_BYTES_MAX];
	size_t bytes_count;
	FILE *file;

	file = fopen(path, "rbe");
	if (!file)
		return -errno;
	bytes_count = fread(input, 1, sizeof(input), file);
	if (ferror(file) || !feof(file)) {
		(void)fclose(file); /* it was only read */
		return -EIO;
	}
	(void)fclose(file); /* it was only read */

	for (size_t i = 0; i < bytes_count && i < TRUNCATIONS_MAX; i++)
		(void)LLVMFuzzerTestOneInput(input, i); /* it aborts, or returns 0 */
	(void)LLVMFuzzerTestOneInput(input, bytes_count);
	return 0;
}

int main(int argc, char **argv)
{
	size_t files_count = 0;
	FTSENT *entry;
	FTS *walk;
	int r = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: replay FILE-OR-FOLDER...\n");
		return 2;
	}
	walk = fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!walk) {
		perror("fts_open");
		return EXIT_FAILURE;
	}
	for (entry = fts_read(walk); r == 0 && entry; entry = fts_read(walk)) {
		if (entry->fts_info != FTS_F)
			continue;
		r = run_file(entry->fts_path);
		if (r < 0)
			fprintf(stderr, "%s: %s\n", entry->fts_path, strerror(-r));
		files_count++;
	}
	(void)fts_close(walk); /* it was only read */

	printf("%zu inputs\n", files_count);
	return r == 0 && files_count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
