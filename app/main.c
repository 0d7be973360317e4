/* SPDX-License-Identifier: MIT */

/*
 * The command: a table of commands
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/nearest.h"
#include "app/remark.h"
#include "twintap/version.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

static const struct command commands[] = {
	{ "capture", tt_cmd_capture,
	  "show or write the UDP datagrams that come in, with their headers" },
	{ "doctor", tt_cmd_doctor, "say what this machine can do, and what mends the rest" },
	{ "interfaces", tt_cmd_interfaces, "list the network interfaces" },
	{ "read", tt_cmd_read, "show or convert the datagrams of pcap and pcapng files" },
};

enum {
	COMMANDS_COUNT = sizeof(commands) / sizeof(commands[0]),
};

static const char *command_name_at(const void *names, size_t name_index)
{
	(void)names;
	return name_index < COMMANDS_COUNT ? commands[name_index].name : NULL;
}

static int show_help(void)
{
	(void)printf("Usage: twintap COMMAND [OPTIONS]\n"
		     "Receive UDP over IPv4 and IPv6 with its headers.\n"
		     "\n");
	for (size_t i = 0; i < COMMANDS_COUNT; i++)
		(void)printf("  %-11s %s\n", commands[i].name, commands[i].summary);
	(void)printf("\n"
		     "  -V, --version  print the versions of the command and its libraries\n"
		     "  -h, --help     this page; twintap COMMAND --help says more of a command\n");
	return tt_finish_output();
}

static int show_version(void)
{
	(void)printf("twintap %s\nlibtwintap %s\nlibtwintap-net %s\n", TT_VERSION, tt_version(),
		     tt_net_version());
	return tt_finish_output();
}

static int refuse(const char *word)
{
	const char *nearest = tt_nearest_name(word, command_name_at, NULL);

	if (word[0] == '-')
		tt_say("unknown option %s: options follow the command, see twintap --help", word);
	else if (nearest)
		tt_say("unknown command %s: did you mean %s?", word, nearest);
	else
		tt_say("unknown command %s: see twintap --help", word);
	return TT_EXIT_USAGE;
}

/*
 * Fills the places of standard descriptors that were closed: a socket that took one of
 * them would be written to as if it were standard output.
 */
static bool fill_standard_descriptors(void)
{
	int fd;

	do {
		/* Read only: what is written to a closed output shall fail. */
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	return fd >= 0 && close(fd) == 0;
}

int main(int argc, char **argv)
{
	if (!fill_standard_descriptors()) {
		tt_say("open /dev/null: %s", strerror(errno));
		return TT_EXIT_FAILED;
	}
	/* A reader that went away is EPIPE, and handled. Cannot fail: a valid number. */
	(void)signal(SIGPIPE, SIG_IGN);

	if (argc < 2) {
		tt_say("a command is missing: see twintap --help");
		return TT_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return show_help();
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return show_version();
	for (size_t i = 0; i < COMMANDS_COUNT; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	return refuse(argv[1]);
}
