/* SPDX-License-Identifier: MIT */

/*
 * tt-send: datagrams from an ordinary UDP socket
 *
 * What a real sender does, with the kernel's own headers and checksum offload. Payloads
 * are numbered: the first 8 bytes are the datagram's number from 0, big-endian, cut
 * where the payload is shorter; the rest are their own offset. README.md describes the
 * command line.
 */

#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/in6.h> /* for flow labels; behind netinet/in.h, with which it shares names */

#include "base/cleanup.h"

enum {
	EXIT_USAGE = 2,
	PAYLOAD_BYTES_MAX = 65507,
	SIZES_MAX = 64,
	FLOW_LABEL_MAX = 0xfffff,
	UNSET = -1,
};

struct command {
	unsigned long count;
	unsigned long sizes[SIZES_MAX]; /* taken in turn */
	size_t sizes_count;
	int hop_limit, traffic_class, source_port;
	long flow_label;
	const char *source;
	bool is_broadcast;
};

static bool parse_number(const char *text, unsigned long max, unsigned long *ret_value)
{
	char *end = NULL;

	errno = 0;
	*ret_value = strtoul(text, &end, 0);
	return !errno && end != text && !*end && *text != '-' && *ret_value <= max;
}

static bool parse_sizes(struct command *command, const char *text)
{
	command->sizes_count = 0;
	for (;;) {
		char *end = NULL;
		unsigned long size = strtoul(text, &end, 10);

		if (end == text || size > PAYLOAD_BYTES_MAX || command->sizes_count == SIZES_MAX)
			return false;
		command->sizes[command->sizes_count++] = size;
		if (*end != ',')
			return *end == '\0';
		text = end + 1;
	}
}

static const struct option long_options[] = {
	{ "count", required_argument, NULL, 'n' },
	{ "size", required_argument, NULL, 's' },
	{ "ttl", required_argument, NULL, 't' },
	{ "tos", required_argument, NULL, 'T' },
	{ "flow-label", required_argument, NULL, 'f' },
	{ "source", required_argument, NULL, 'S' },
	{ "source-port", required_argument, NULL, 'P' },
	{ "broadcast", no_argument, NULL, 'b' },
	{ NULL, 0, NULL, 0 },
};

static bool parse_option(struct command *command, int option, const char *value)
{
	unsigned long number;

	switch (option) {
	case 'n':
		return parse_number(value, ULONG_MAX, &command->count);
	case 's':
		return parse_sizes(command, value);
	case 't':
		command->hop_limit = parse_number(value, 255, &number) ? (int)number : UNSET;
		return command->hop_limit != UNSET;
	case 'T':
		command->traffic_class = parse_number(value, 255, &number) ? (int)number : UNSET;
		return command->traffic_class != UNSET;
	case 'f':
		command->flow_label = parse_number(value, FLOW_LABEL_MAX, &number) ? (long)number
										   : UNSET;
		return command->flow_label > 0;
	case 'S':
		command->source = value;
		return true;
	case 'P':
		command->source_port = parse_number(value, 65535, &number) ? (int)number : UNSET;
		return command->source_port != UNSET;
	case 'b':
		command->is_broadcast = true;
		return true;
	default:
		return false;
	}
}

static int set_number(int fd, int level, int name, int value)
{
	return value == UNSET ? 0 : setsockopt(fd, level, name, &value, sizeof(value));
}

/* A label other than 0 must be leased before the kernel sends it. */
static int lease_flow_label(int fd, struct sockaddr_in6 *to, long label)
{
	struct in6_flowlabel_req request = {
		.flr_dst = to->sin6_addr,
		.flr_label = htonl((uint32_t)label),
		.flr_action = IPV6_FL_A_GET,
		.flr_share = IPV6_FL_S_ANY,
		.flr_flags = IPV6_FL_F_CREATE,
	};
	int on = 1;

	if (label == UNSET)
		return 0;
	to->sin6_flowinfo = request.flr_label;
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &request, sizeof(request)) < 0)
		return -1;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWINFO_SEND, &on, sizeof(on));
}

static int set_headers(int fd, const struct command *command, struct sockaddr *to)
{
	if (set_number(fd, SOL_SOCKET, SO_BROADCAST, command->is_broadcast ? 1 : UNSET) < 0)
		return -1;
	if (to->sa_family == AF_INET) {
		if (set_number(fd, IPPROTO_IP, IP_TTL, command->hop_limit) < 0 ||
		    set_number(fd, IPPROTO_IP, IP_MULTICAST_TTL, command->hop_limit) < 0)
			return -1;
		return set_number(fd, IPPROTO_IP, IP_TOS, command->traffic_class);
	}
	if (set_number(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, command->hop_limit) < 0 ||
	    set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, command->hop_limit) < 0 ||
	    set_number(fd, IPPROTO_IPV6, IPV6_TCLASS, command->traffic_class) < 0)
		return -1;
	return lease_flow_label(fd, (struct sockaddr_in6 *)to, command->flow_label);
}

/* Numbers only: names are nothing that a test should depend on. */
static struct addrinfo *resolve(const char *address, const char *port, int family, int flags)
{
	struct addrinfo hints = { .ai_family = family,
				  .ai_socktype = SOCK_DGRAM,
				  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | flags };
	struct addrinfo *found = NULL;
	int r = getaddrinfo(address, port, &hints, &found);

	if (r != 0)
		(void)fprintf(stderr, "tt-send: %s port %s: %s\n", address ? address : "any", port,
			      gai_strerror(r));
	return r == 0 ? found : NULL;
}

static int bind_source(int fd, const struct command *command, int family)
{
	struct addrinfo *source;
	char port[16];
	int r;

	if (!command->source && command->source_port == UNSET)
		return 0;
	(void)snprintf(port, sizeof(port), "%d",
		       command->source_port == UNSET ? 0 : command->source_port);
	source = resolve(command->source, port, family, AI_PASSIVE);
	if (!source)
		return -1;
	r = bind(fd, source->ai_addr, source->ai_addrlen);
	freeaddrinfo(source);
	return r;
}

static int send_datagrams(int fd, const struct command *command, const struct addrinfo *to)
{
	static uint8_t payload[PAYLOAD_BYTES_MAX];

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)i;
	for (unsigned long i = 0; i < command->count; i++) {
		size_t bytes = command->sizes[i % command->sizes_count];
		uint64_t number = htobe64(i);

		memcpy(payload, &number, sizeof(number));
		if (sendto(fd, payload, bytes, 0, to->ai_addr, to->ai_addrlen) != (ssize_t)bytes)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct command command = {
		.count = 1,
		.sizes = { 32 },
		.sizes_count = 1,
		.hop_limit = UNSET,
		.traffic_class = UNSET,
		.source_port = UNSET,
		.flow_label = UNSET,
	};
	TT_CLEANUP(tt_closep) int fd = -1;
	struct addrinfo *to;
	int option, r;

	while ((option = getopt_long(argc, argv, "n:s:", long_options, NULL)) != -1) {
		if (!parse_option(&command, option, optarg))
			argc = 0; /* falls into the usage below */
	}
	if (argc - optind != 2) {
		(void)fprintf(stderr, "usage: tt-send [OPTIONS] ADDRESS PORT, "
				      "see tests/support/README.md\n");
		return EXIT_USAGE;
	}

	to = resolve(argv[optind], argv[optind + 1], AF_UNSPEC, 0);
	if (!to)
		return EXIT_FAILURE;
	fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r = fd < 0 ? -1 : set_headers(fd, &command, to->ai_addr);
	if (r == 0)
		r = bind_source(fd, &command, to->ai_family);
	if (r == 0)
		r = send_datagrams(fd, &command, to);
	if (r < 0)
		(void)fprintf(stderr, "tt-send: %s: %s\n", argv[optind], strerror(errno));
	freeaddrinfo(to);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
