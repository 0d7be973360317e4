/* SPDX-License-Identifier: MIT */

/*
 * Programs that a test runs
 *
 * Output goes to a file in memory, so that a program which prints much cannot block
 * on a pipe that nobody reads.
 */

#include "tests/support/run.h"

#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/cmocka_all.h"

enum {
	WORDS_MAX = 32,
	LINE_BYTES = 512,
	OUTPUT_BYTES = 1024,
	STATUS_NO_EXIT = 255, /* ended by a signal */
};

extern char **environ;

/* Cuts @line in place. */
static void cut_words(char *line, char *words[WORDS_MAX + 1])
{
	size_t count = 0;

	while (line) {
		char *blank = strchr(line, ' ');

		assert_in_range(count, 0, WORDS_MAX - 1);
		words[count++] = line;
		if (blank)
			*blank++ = '\0';
		line = blank;
	}
	words[count] = NULL;
}

/* Runs it with standard output and standard error in @output_fd. */
static int run_into(const char *words, int output_fd)
{
	posix_spawn_file_actions_t actions;
	char *arguments[WORDS_MAX + 1];
	char line[LINE_BYTES];
	int status;
	pid_t pid;

	assert_in_range(strlen(words), 1, sizeof(line) - 1);
	memcpy(line, words, strlen(words) + 1);
	cut_words(line, arguments);

	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, output_fd, STDERR_FILENO), 0);
	if (posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ) != 0)
		fail_msg("%s: cannot be run", arguments[0]);
	assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_NO_EXIT;
}

static int output_file(void)
{
	int fd = memfd_create("output of a program", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

void run(const char *words)
{
	int fd = output_file();
	int status = run_into(words, fd);

	if (status != 0) {
		char output[OUTPUT_BYTES] = { 0 };
		bool is_read = pread(fd, output, sizeof(output) - 1, 0) >= 0;

		fail_msg("\"%s\" exits with %d: %s", words, status,
			 is_read ? output : "(its output cannot be read)");
	}
	(void)close(fd);
}

int run_status(const char *words)
{
	int fd = output_file();
	int status = run_into(words, fd);

	(void)close(fd);
	return status;
}
