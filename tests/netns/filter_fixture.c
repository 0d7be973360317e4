/* SPDX-License-Identifier: MIT */

/*
 * The kernel's filter program, loaded and run by the test
 */

#include "tests/netns/filter_fixture.h"

#include <bpf/bpf.h>
#include <endian.h>
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "packet/view.h"

enum {
	ALL_TYPES = 0x1f,
	EXIT_SKIPPED = 77,
};

int set_up_program(void **state)
{
	static struct filter_fixture fixture;
	struct tt_error err = TT_ERROR_INIT;

	fixture = (struct filter_fixture){ 0 };
	if (tt_filter_program_new(&fixture.program, &err) < 0) {
		print_error("%s\n", err.message);
		return -1;
	}
	fixture.state = tt_filter_program_state(fixture.program);
	fixture.bank = &fixture.state->banks[0];
	fixture.bank->packet_types = ALL_TYPES;
	fixture.bank->follows_fragments = 1;
	fixture.bank->snap_bytes = SNAP_BYTES;
	fixture.state->gate = 1;
	fixture.interface_index = LOOPBACK_INDEX;
	*state = &fixture;
	return 0;
}

int tear_down_program(void **state)
{
	struct filter_fixture *fixture = *state;

	tt_filter_program_free(fixture->program);
	return 0;
}

void want_port(struct filter_fixture *fixture, uint32_t port)
{
	fixture->bank->ports[port / 64] |= UINT64_C(1) << (port % 64);
}

void unwant_port(struct filter_fixture *fixture, uint32_t port)
{
	fixture->bank->ports[port / 64] &= ~(UINT64_C(1) << (port % 64));
}

static uint32_t run_once(int program_fd, const uint8_t *link_destination, uint32_t interface_index,
			 struct tt_view packet, uint8_t version)
{
	struct __sk_buff context = { .ifindex = interface_index };
	uint8_t frame[FRAME_BYTES_MAX] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
		    .data_size_in = (uint32_t)(ETH_HLEN + packet.bytes_count), .ctx_in = &context,
		    .ctx_size_in = sizeof(context));
	uint16_t protocol = htobe16(version == 4 ? ETH_P_IP : ETH_P_IPV6);
	int r;

	assert_true(packet.bytes_count <= PACKET_BYTES_MAX);
	memcpy(frame, link_destination, ETH_ALEN);
	memcpy(frame + sizeof(struct ethhdr) - sizeof(protocol), &protocol, sizeof(protocol));
	memcpy(&frame[ETH_HLEN], packet.bytes, packet.bytes_count);
	r = bpf_prog_test_run_opts(program_fd, &opts);
	if (r < 0)
		fail_msg("test run of %zu bytes: %s", packet.bytes_count, strerror(-r));
	return opts.retval;
}

uint32_t run_program(int program_fd, uint8_t version, const uint8_t *packet, size_t packet_bytes)
{
	static const uint8_t loopback_address[ETH_ALEN];
	struct tt_view view = { .bytes = packet, .bytes_count = packet_bytes };

	return run_once(program_fd, loopback_address, LOOPBACK_INDEX, view, version);
}

static uint64_t sum_of(const struct tt_filter_counters *counters)
{
	uint64_t sum = counters->accepted;

	for (unsigned int i = 0; i < TT_FILTER_REJECT_COUNT; i++)
		sum += counters->rejected[i];
	return sum;
}

/* The only counter that moved; the program must have counted one packet of that source. */
static unsigned int find_moved(const struct tt_filter_counters *before,
			       const struct tt_filter_counters *after, unsigned int source)
{
	unsigned int moved = ACCEPTED;

	for (unsigned int i = 0; i < TT_FILTER_SOURCE_COUNT; i++) {
		assert_int_equal(after[i].seen, before[i].seen + (i == source));
		assert_int_equal(after[i].seen, sum_of(&after[i]));
	}
	for (unsigned int i = 0; i < TT_FILTER_REJECT_COUNT; i++) {
		if (after[source].rejected[i] != before[source].rejected[i])
			moved = i;
	}
	return moved;
}

unsigned int judge(struct filter_fixture *fixture, uint8_t version, const uint8_t *packet,
		   size_t packet_bytes)
{
	struct tt_filter_counters before[TT_FILTER_SOURCE_COUNT];
	struct tt_filter_counters after[TT_FILTER_SOURCE_COUNT];
	struct tt_view view = { .bytes = packet, .bytes_count = packet_bytes };
	unsigned int result;
	uint32_t returned;

	assert_int_equal(tt_filter_program_read_counters(fixture->program, true, before), 0);
	returned = run_once(tt_filter_program_fd(fixture->program), fixture->link_destination,
			    fixture->interface_index, view, version);
	assert_int_equal(tt_filter_program_read_counters(fixture->program, true, after), 0);

	result = find_moved(before, after,
			    version == 4 ? TT_FILTER_SOURCE_IPV4 : TT_FILTER_SOURCE_IPV6);
	assert_int_equal(returned, result == ACCEPTED ? fixture->bank->snap_bytes : 0);
	return result;
}

unsigned int judge_spec(struct filter_fixture *fixture, const struct tt_packet_spec *spec)
{
	uint8_t packet[PACKET_BYTES_MAX];
	size_t packet_bytes = tt_packet_build(spec, packet, sizeof(packet));

	return judge(fixture, spec->version, packet, packet_bytes);
}

void put_ports(uint8_t *packet, uint8_t version, uint16_t source, uint16_t destination)
{
	uint8_t *udp = packet + (version == 4 ? IPV4_BYTES : IPV6_BYTES);

	source = htobe16(source);
	destination = htobe16(destination);
	memcpy(udp, &source, sizeof(source));
	memcpy(udp + sizeof(source), &destination, sizeof(destination));
}

int enter_filter_tests(void)
{
	struct tt_filter_program *program = NULL;
	struct tt_error err = TT_ERROR_INIT;
	int r;

	r = tt_filter_program_new(&program, &err);
	tt_filter_program_free(program);
	if (r == -EPERM || r == -ENOSYS) {
		print_message("skipped: %s\n", err.message);
		return EXIT_SKIPPED;
	}
	if (unshare(CLONE_NEWNET) < 0) {
		print_message("skipped: cannot make a network namespace: %s; run as root\n",
			      strerror(errno));
		return EXIT_SKIPPED;
	}
	return 0;
}
