/* SPDX-License-Identifier: MIT */

/*
 * tt-load: the load source as a program
 *
 * Sends a counted number of frames, or for a time, into the receive path of a
 * device, and prints one JSON object that says what entered it. SIGINT and SIGTERM
 * end it early with the same report. README.md describes the command line.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/support/load.h"

enum {
	EXIT_USAGE = 2,
	EXIT_SKIP = 77,
	PERCENT_WHOLE = 100,
};

struct command {
	struct tt_load_options load;
	uint16_t ports[TT_LOAD_PORTS_MAX];
	const char *netns;
	uint64_t count;
	double duration_s;
};

/* For the signal handler; installed once this is set. */
static struct tt_load *load_running;

static void ask_stop(int signal_number)
{
	(void)signal_number;
	tt_load_stop(load_running);
}

static bool parse_number(const char *text, uint64_t max, uint64_t *ret_value)
{
	char *end = NULL;
	unsigned long long value;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value > max)
		return false;
	*ret_value = value;
	return true;
}

static bool parse_u32(const char *text, uint32_t *ret_value)
{
	uint64_t value;

	if (!parse_number(text, UINT32_MAX, &value))
		return false;
	*ret_value = (uint32_t)value;
	return true;
}

static bool parse_port(const char *text, uint16_t *ret_port)
{
	uint64_t value;

	if (!parse_number(text, UINT16_MAX, &value))
		return false;
	*ret_port = (uint16_t)value;
	return true;
}

/* "30" is a percentage, "1/1000" a share. */
static bool parse_share(const char *text, struct tt_load_share *ret_share)
{
	const char *slash = strchr(text, '/');
	struct tt_load_share share = { .whole = PERCENT_WHOLE };
	char part[16];

	if (!slash)
		return parse_u32(text, &ret_share->part) && (ret_share->whole = PERCENT_WHOLE);
	if ((size_t)(slash - text) >= sizeof(part))
		return false;
	memcpy(part, text, (size_t)(slash - text));
	part[slash - text] = '\0';
	if (!parse_u32(part, &share.part) || !parse_u32(slash + 1, &share.whole))
		return false;
	*ret_share = share;
	return true;
}

/* "53,5000-5003": each becomes a wanted port, in this order. */
static bool parse_ports(struct command *command, const char *text)
{
	uint32_t count = 0;

	for (;;) {
		char *end = NULL;
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (end == text)
			return false;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (first > last || last > UINT16_MAX || count + last - first >= TT_LOAD_PORTS_MAX)
			return false;
		while (first <= last)
			command->ports[count++] = (uint16_t)first++;
		if (*end == '\0')
			break;
		if (*end != ',')
			return false;
		text = end + 1;
	}
	command->load.ports = command->ports;
	command->load.ports_count = count;
	return true;
}

static bool parse_target(const char *text, enum tt_load_target *ret_target)
{
	static const char *const names[] = { "host", "other-host", "broadcast" };

	for (int i = 0; i <= TT_LOAD_TO_BROADCAST; i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret_target = (enum tt_load_target)i;
			return true;
		}
	}
	return false;
}

static bool parse_seconds(const char *text, double *ret_seconds)
{
	char *end = NULL;

	*ret_seconds = strtod(text, &end);
	return end != text && !*end && *ret_seconds > 0 && *ret_seconds <= 86400;
}

/* A source address sets the family's source, and so on; both families are told apart here. */
static bool parse_address(const char *text, struct in_addr *ret_address4,
			  struct in6_addr *ret_address6)
{
	return inet_pton(AF_INET, text, ret_address4) == 1 ||
	       inet_pton(AF_INET6, text, ret_address6) == 1;
}

/* Options by number; the long names are in main's table. */
static bool parse_option(struct command *command, int option, const char *value)
{
	struct tt_load_options *load = &command->load;
	uint64_t number;

	switch (option) {
	case 'i':
		load->interface = value;
		return true;
	case 'N':
		command->netns = value;
		return true;
	case 'c':
		return parse_number(value, UINT64_MAX, &command->count) && command->count > 0;
	case 'd':
		return parse_seconds(value, &command->duration_s);
	case 'r':
		return parse_number(value, 1000000000, &load->rate_pps);
	case 'b':
		return parse_u32(value, &load->burst_frames);
	case 'l':
		return parse_u32(value, &load->frame_bytes);
	case '6':
		return parse_share(value, &load->ipv6);
	case 'w':
		return parse_share(value, &load->wanted);
	case 'p':
		return parse_ports(command, value);
	case 'u':
		return parse_port(value, &load->unwanted_port);
	case 't':
		return parse_target(value, &load->target);
	case 's':
		return parse_address(value, &load->source4, &load->source6);
	case 'D':
		return parse_address(value, &load->destination4, &load->destination6);
	case 'S':
		return parse_port(value, &load->source_port);
	case 'f':
		return parse_u32(value, &load->flows_count);
	case 'I':
		return parse_u32(value, &load->stream);
	case 'h':
		if (!parse_number(value, UINT8_MAX, &number))
			return false;
		load->hop_limit = (uint8_t)number;
		return true;
	case 'M':
		return parse_u32(value, &load->malformed_every);
	case 'U':
		return parse_u32(value, &load->not_udp_every);
	case 'F':
		return parse_u32(value, &load->fragment_every);
	case 'Z':
		load->is_udp4_unsummed = true;
		return true;
	default:
		return false;
	}
}

static const struct option long_options[] = {
	{ "interface", required_argument, NULL, 'i' },
	{ "netns", required_argument, NULL, 'N' },
	{ "count", required_argument, NULL, 'c' },
	{ "duration", required_argument, NULL, 'd' },
	{ "rate", required_argument, NULL, 'r' },
	{ "burst", required_argument, NULL, 'b' },
	{ "length", required_argument, NULL, 'l' },
	{ "ipv6", required_argument, NULL, '6' },
	{ "wanted", required_argument, NULL, 'w' },
	{ "ports", required_argument, NULL, 'p' },
	{ "unwanted-port", required_argument, NULL, 'u' },
	{ "to", required_argument, NULL, 't' },
	{ "source", required_argument, NULL, 's' },
	{ "destination", required_argument, NULL, 'D' },
	{ "source-port", required_argument, NULL, 'S' },
	{ "flows", required_argument, NULL, 'f' },
	{ "stream", required_argument, NULL, 'I' },
	{ "hop-limit", required_argument, NULL, 'h' },
	{ "malformed", required_argument, NULL, 'M' },
	{ "not-udp", required_argument, NULL, 'U' },
	{ "fragment", required_argument, NULL, 'F' },
	{ "zero-checksum", no_argument, NULL, 'Z' },
	{ NULL, 0, NULL, 0 },
};

static bool parse_command(struct command *command, int argc, char **argv)
{
	int option;

	tt_load_options_init(&command->load);
	while ((option = getopt_long(argc, argv, "i:c:d:r:p:", long_options, NULL)) != -1) {
		if (!parse_option(command, option, optarg)) {
			if (optarg)
				(void)fprintf(stderr, "tt-load: %s makes no sense here\n", optarg);
			return false;
		}
	}
	return optind == argc && command->load.interface &&
	       (command->count > 0) != (command->duration_s > 0);
}

static int enter_netns(const char *netns)
{
	TT_CLEANUP(tt_closep) int fd = -1;
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s%s", strchr(netns, '/') ? "" : "/run/netns/", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) {
		int r = -errno;

		(void)fprintf(stderr, "tt-load: namespace %s: %s\n", path, strerror(-r));
		return r;
	}
	return 0;
}

static void print_kinds(const uint64_t *kinds)
{
	static const char *const names[] = { "wanted", "unwanted", "malformed", "not_udp",
					     "fragment" };

	for (int i = 0; i < TT_LOAD_KIND_COUNT; i++)
		(void)printf(",\"%s\":%llu", names[i], (unsigned long long)kinds[i]);
}

static void print_counts(const struct tt_load_counts *counts)
{
	static const char *const families[] = { "ipv4", "ipv6" };
	double seconds = (double)counts->duration_ns / TT_NS_PER_S;

	(void)printf("{\"sent\":%llu", (unsigned long long)counts->sent);
	for (int i = 0; i < TT_LOAD_FAMILY_COUNT; i++)
		(void)printf(",\"%s\":%llu", families[i], (unsigned long long)counts->family[i]);
	print_kinds(counts->kind);
	for (int i = 0; i < TT_LOAD_FAMILY_COUNT; i++) {
		(void)printf(",\"by_%s\":{\"sent\":%llu", families[i],
			     (unsigned long long)counts->family[i]);
		print_kinds(counts->by[i]);
		(void)printf("}");
	}
	(void)printf(",\"seconds\":%.6f,\"cpu_ns\":%lld,\"pps\":%.0f}\n", seconds,
		     (long long)counts->cpu_ns, seconds > 0 ? (double)counts->sent / seconds : 0);
}

static int send_load(const struct command *command)
{
	struct sigaction action = { .sa_handler = ask_stop };
	struct tt_error error = TT_ERROR_INIT;
	struct tt_load_counts counts;
	struct tt_load *load = NULL;
	int r;

	r = tt_load_new(&load, &command->load, &error);
	if (r < 0) {
		(void)fprintf(stderr, "tt-load: %s\n", error.message);
		return r;
	}
	load_running = load;
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	if (command->count)
		r = tt_load_send(load, command->count, &error);
	else
		r = tt_load_send_for(load, (int64_t)(command->duration_s * TT_NS_PER_S), &error);
	if (r < 0)
		(void)fprintf(stderr, "tt-load: %s\n", error.message);
	tt_load_read_counts(load, &counts);
	print_counts(&counts);
	/* Not freed: a late signal may still name it, and the process ends here. */
	return r;
}

int main(int argc, char **argv)
{
	struct command command = { 0 };
	int r;

	if (!parse_command(&command, argc, argv)) {
		(void)fprintf(stderr, "usage: tt-load -i INTERFACE (-c COUNT | -d SECONDS) "
				      "[OPTIONS], see tests/support/README.md\n");
		return EXIT_USAGE;
	}
	if (geteuid() != 0) {
		(void)fprintf(stderr, "tt-load: needs root (CAP_BPF, CAP_NET_ADMIN)\n");
		return EXIT_SKIP;
	}
	if (command.netns && enter_netns(command.netns) < 0)
		return EXIT_FAILURE;
	r = send_load(&command);
	if (r == -EOPNOTSUPP)
		return EXIT_SKIP;
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
