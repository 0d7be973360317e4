/* SPDX-License-Identifier: MIT */

/*
 * tt-raw: hand-made packets onto a link
 *
 * Puts IP packets, given in hexadecimal or by their name in support/packets.h, into
 * Ethernet frames and sends them through a packet socket, unseen by the IP stack: they
 * may be as wrong as they like. README.md describes the command line.
 */

#include <errno.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/support/packets.h"

enum {
	EXIT_USAGE = 2,
	EXIT_SKIP = 77,
};

struct command {
	const char *interface;
	uint8_t destination[ETH_ALEN];
	uint8_t source[ETH_ALEN];
	unsigned long count;
	uint16_t ethertype; /* 0: by the packet's version */
	const char *shape;
};

static uint8_t frame[ETH_HLEN + TT_PACKET_BYTES_MAX];

static bool parse_hardware_address(const char *text, uint8_t *ret_address)
{
	for (int i = 0; i < ETH_ALEN; i++) {
		char *end = NULL;
		unsigned long byte = strtoul(text, &end, 16);

		if (end == text || byte > 255 || *end != (i + 1 < ETH_ALEN ? ':' : '\0'))
			return false;
		ret_address[i] = (uint8_t)byte;
		text = end + 1;
	}
	return true;
}

static int read_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Lower-case digits; blanks and colons between them are skipped. 0: nothing, or not hexadecimal. */
static size_t parse_hex(const char *text, uint8_t *bytes, size_t bytes_max)
{
	size_t digits_count = 0;

	for (; *text; text++) {
		int digit = read_digit(*text);

		if (*text == ' ' || *text == ':')
			continue;
		if (digit < 0 || digits_count / 2 == bytes_max)
			return 0;
		if (digits_count % 2 == 0)
			bytes[digits_count / 2] = (uint8_t)(digit << 4);
		else
			bytes[digits_count / 2] |= (uint8_t)digit;
		digits_count++;
	}
	return digits_count % 2 ? 0 : digits_count / 2;
}

static bool parse_option(struct command *command, int option, const char *value)
{
	char *end = NULL;

	switch (option) {
	case 'i':
		command->interface = value;
		return true;
	case 'd':
		return parse_hardware_address(value, command->destination);
	case 's':
		return parse_hardware_address(value, command->source);
	case 'n':
		command->count = strtoul(value, &end, 10);
		return end != value && !*end && *value != '-';
	case 'e':
		command->ethertype = (uint16_t)strtoul(value, &end, 16);
		return end != value && !*end && command->ethertype;
	case 'S':
		command->shape = value;
		return true;
	default:
		return false;
	}
}

static void put_ethernet(const struct command *command)
{
	uint16_t ethertype = command->ethertype;

	if (!ethertype)
		ethertype = frame[ETH_HLEN] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP;
	memcpy(frame, command->destination, ETH_ALEN);
	memcpy(frame + ETH_ALEN, command->source, ETH_ALEN);
	frame[12] = (uint8_t)(ethertype >> 8);
	frame[13] = (uint8_t)ethertype;
}

static int send_frame(int fd, const struct command *command, size_t packet_bytes)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = (int)if_nametoindex(command->interface) };

	put_ethernet(command);
	for (unsigned long i = 0; i < command->count; i++) {
		if (sendto(fd, frame, ETH_HLEN + packet_bytes, 0, (struct sockaddr *)&to,
			   sizeof(to)) < 0) {
			(void)fprintf(stderr, "tt-raw: %zu bytes on %s: %s\n", packet_bytes,
				      command->interface, strerror(errno));
			return -1;
		}
	}
	return 0;
}

static int send_shapes(int fd, const struct command *command)
{
	bool is_all = strcmp(command->shape, "all") == 0;
	size_t sent_count = 0;
	int r = 0;

	for (size_t i = 0; i < tt_packet_shapes_count; i++) {
		const struct tt_packet_shape *shape = &tt_packet_shapes[i];
		struct command one = *command;

		if (!is_all && strcmp(shape->name, command->shape) != 0)
			continue;
		if (!one.ethertype) /* a version that the packet may well deny */
			one.ethertype = shape->spec.version == 6 ? ETH_P_IPV6 : ETH_P_IP;
		if (send_frame(fd, &one,
			       tt_packet_build(&shape->spec, frame + ETH_HLEN,
					       TT_PACKET_BYTES_MAX)) < 0)
			r = -1; /* too large for the link, say: the others still go */
		sent_count++;
	}
	if (!sent_count)
		(void)fprintf(stderr, "tt-raw: no shape is named %s\n", command->shape);
	return sent_count ? r : -1;
}

static int send_packets(int fd, const struct command *command, char **packets)
{
	for (; *packets; packets++) {
		size_t bytes = parse_hex(*packets, frame + ETH_HLEN, TT_PACKET_BYTES_MAX);

		if (!bytes) {
			(void)fprintf(stderr, "tt-raw: %s: not hexadecimal\n", *packets);
			return -1;
		}
		if (send_frame(fd, command, bytes) < 0)
			return -1;
	}
	return command->shape ? send_shapes(fd, command) : 0;
}

static const struct option long_options[] = {
	{ "interface", required_argument, NULL, 'i' },
	{ "destination", required_argument, NULL, 'd' },
	{ "source", required_argument, NULL, 's' },
	{ "count", required_argument, NULL, 'n' },
	{ "ethertype", required_argument, NULL, 'e' },
	{ "shape", required_argument, NULL, 'S' },
	{ NULL, 0, NULL, 0 },
};

int main(int argc, char **argv)
{
	struct command command = {
		.destination = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.source = { 2, 't', 't', 'r', 'w', 1 },
		.count = 1,
	};
	TT_CLEANUP(tt_closep) int fd = -1;
	int option;

	while ((option = getopt_long(argc, argv, "i:d:s:n:e:", long_options, NULL)) != -1) {
		if (!parse_option(&command, option, optarg))
			argc = 0; /* falls into the usage below */
	}
	if (!command.interface || argc == 0 || (optind == argc && !command.shape)) {
		(void)fprintf(stderr,
			      "usage: tt-raw -i INTERFACE [OPTIONS] (HEX... | --shape NAME), "
			      "see tests/support/README.md\n");
		return EXIT_USAGE;
	}

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		(void)fprintf(stderr, "tt-raw: needs root (CAP_NET_RAW): %s\n", strerror(errno));
		return EXIT_SKIP;
	}
	return send_packets(fd, &command, argv + optind) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
