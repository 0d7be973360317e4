/* SPDX-License-Identifier: MIT */

/*
 * tt-bench-recvfrom: the receiver that twintap replaces
 *
 * One packet socket a family, a thread each, a system call a packet: recvfrom() into a
 * 64 KiB buffer, the headers read and the port compared in user space. It does what its
 * user would do, no worse; receiving in batches or filtering in the kernel would make it
 * another program. Extension headers are not walked, as in the original.
 *
 *     tt-bench-recvfrom -i INTERFACE -p PORT[,PORT]... [-B RECEIVE_BUFFER_BYTES]
 *
 * Says "ready" on standard error; at SIGTERM or SIGINT prints one JSON object.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	EXIT_USAGE = 2,
	BUFFER_BYTES = 65536,
	PORTS_COUNT = 65536,
	UDP_PROTOCOL = 17,
	UDP_BYTES = 8,
};

struct receiver {
	int fd;
	unsigned int version;
	pthread_t thread;
	pid_t thread_id;
	/* Written by the thread, read by main at the end. */
	_Atomic uint64_t received;
	_Atomic uint64_t delivered;
	_Atomic uint64_t payload_sum; /* so that the payload is read at all */
	uint8_t buffer[BUFFER_BYTES];
};

static bool ports_wanted[PORTS_COUNT];

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Where the UDP header begins; 0 when there is none. */
static size_t find_udp(const uint8_t *packet, size_t bytes, unsigned int version)
{
	size_t header_bytes;

	if (version == 6)
		return bytes >= 40 + UDP_BYTES && packet[6] == UDP_PROTOCOL ? 40 : 0;
	if (bytes < 20 + UDP_BYTES || packet[9] != UDP_PROTOCOL)
		return 0;
	header_bytes = (size_t)(packet[0] & 15U) * 4;
	return header_bytes >= 20 && bytes >= header_bytes + UDP_BYTES ? header_bytes : 0;
}

static void handle(struct receiver *receiver, size_t bytes)
{
	size_t udp = find_udp(receiver->buffer, bytes, receiver->version);
	uint64_t sum = 0;

	if (!udp || !ports_wanted[get16(receiver->buffer + udp + 2)])
		return;
	for (size_t i = udp + UDP_BYTES; i < bytes && i < udp + UDP_BYTES + 16; i++)
		sum += receiver->buffer[i];
	atomic_store_explicit(&receiver->payload_sum, receiver->payload_sum + sum,
			      memory_order_relaxed);
	atomic_store_explicit(&receiver->delivered, receiver->delivered + 1, memory_order_relaxed);
}

static void *receive(void *context)
{
	struct receiver *receiver = context;
	struct sockaddr_ll from = { 0 };

	for (;;) {
		socklen_t from_bytes = sizeof(from);
		ssize_t bytes = recvfrom(receiver->fd, receiver->buffer, sizeof(receiver->buffer),
					 MSG_TRUNC, (struct sockaddr *)&from, &from_bytes);

		if (bytes < 0) {
			if (errno == EINTR)
				continue;
			(void)fprintf(stderr, "tt-bench-recvfrom: %s\n", strerror(errno));
			exit(EXIT_FAILURE);
		}
		if (from.sll_pkttype == PACKET_OUTGOING)
			continue;
		atomic_store_explicit(&receiver->received, receiver->received + 1,
				      memory_order_relaxed);
		handle(receiver, (size_t)bytes < BUFFER_BYTES ? (size_t)bytes : BUFFER_BYTES);
	}
	return NULL;
}

static int open_socket(uint16_t protocol, const char *interface, int buffer_bytes)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol) };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	address.sll_ifindex = (int)if_nametoindex(interface);
	if (fd < 0 || !address.sll_ifindex)
		return -1;
	if (buffer_bytes &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return fd;
}

static bool parse_ports(const char *text)
{
	for (;;) {
		char *end = NULL;
		unsigned long port = strtoul(text, &end, 10);

		if (end == text || port >= PORTS_COUNT)
			return false;
		ports_wanted[port] = true;
		if (*end != ',')
			return *end == '\0';
		text = end + 1;
	}
}

/* On the CPU so far, as schedstat counts it; getrusage() may count in ticks. */
static uint64_t read_thread_cpu_ns(const struct receiver *receiver)
{
	clockid_t clock;
	struct timespec used = { 0 };

	if (pthread_getcpuclockid(receiver->thread, &clock) == 0)
		(void)clock_gettime(clock, &used); /* zero says that it failed */
	return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

/* The calling thread's, which did nothing but wait. */
static uint64_t read_own_cpu_ns(void)
{
	struct timespec used;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used); /* cannot fail for this clock */
	return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

static uint64_t read_dropped(int fd)
{
	struct tpacket_stats statistics = { 0 };
	socklen_t bytes = sizeof(statistics);

	(void)getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &bytes);
	return statistics.tp_drops;
}

static void print_report(const struct receiver *receivers)
{
	uint64_t received = 0, delivered = 0, dropped = 0, sum = 0, cpu_ns = read_own_cpu_ns();
	struct rusage usage = { 0 };

	for (int i = 0; i < 2; i++) {
		received += receivers[i].received;
		delivered += receivers[i].delivered;
		sum += receivers[i].payload_sum;
		dropped += read_dropped(receivers[i].fd);
		cpu_ns += read_thread_cpu_ns(&receivers[i]);
	}
	(void)getrusage(RUSAGE_SELF, &usage);
	(void)printf("{\"delivered\":%llu,\"received\":%llu,\"dropped\":%llu,\"cpu_ns\":%llu,"
		     "\"rusage_us\":%lld,\"payload_sum\":%llu}\n",
		     (unsigned long long)delivered, (unsigned long long)received,
		     (unsigned long long)dropped, (unsigned long long)cpu_ns,
		     (long long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
			     usage.ru_utime.tv_usec + usage.ru_stime.tv_usec,
		     (unsigned long long)sum);
}

int main(int argc, char **argv)
{
	static struct receiver receivers[2] = { { .version = 4 }, { .version = 6 } };
	static const uint16_t protocols[] = { ETH_P_IP, ETH_P_IPV6 };
	const char *interface = NULL;
	int option, buffer_bytes = 0, signal_number;
	bool has_ports = false;
	sigset_t signals;

	while ((option = getopt(argc, argv, "i:p:B:")) != -1) {
		if (option == 'i')
			interface = optarg;
		else if (option == 'p')
			has_ports = parse_ports(optarg);
		else if (option == 'B')
			buffer_bytes = (int)strtol(optarg, NULL, 10);
	}
	if (!interface || !has_ports || optind != argc) {
		(void)fprintf(stderr,
			      "usage: tt-bench-recvfrom -i INTERFACE -p PORTS [-B BYTES]\n");
		return EXIT_USAGE;
	}

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	for (int i = 0; i < 2; i++) {
		receivers[i].fd = open_socket(protocols[i], interface, buffer_bytes);
		if (receivers[i].fd < 0) {
			(void)fprintf(stderr, "tt-bench-recvfrom: %s: %s\n", interface,
				      strerror(errno));
			return EXIT_FAILURE;
		}
		if (pthread_create(&receivers[i].thread, NULL, receive, &receivers[i]) != 0)
			return EXIT_FAILURE;
	}
	(void)fprintf(stderr, "ready\n");
	(void)sigwait(&signals, &signal_number);
	print_report(receivers);
	/* The threads block in recvfrom() for ever; they end with the process. */
	_exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
