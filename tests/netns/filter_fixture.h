/* SPDX-License-Identifier: MIT */

/*
 * The kernel's filter program, loaded and run by the test
 *
 * Runs by BPF_PROG_TEST_RUN: an Ethernet header goes first, whose addresses make the
 * packet's type and whose protocol picks the source; the program then sees the IP
 * header at offset 0, as on a SOCK_DGRAM socket. After each run that is judged exactly
 * one packet must have been seen and exactly one counter moved: a load past the
 * packet's end would end the program between the two.
 */

#pragma once

#include <linux/if_ether.h>
#include <stdint.h>

#include "bpf/filter_program.h"
#include "tests/support/packets.h"
#include "tests/unit/cmocka_all.h"

enum {
	LOOPBACK_INDEX = 1,
	FRAME_BYTES_MAX = 3712, /* beyond it the kernel refuses a test run on a 4 KiB page */
	PACKET_BYTES_MAX = FRAME_BYTES_MAX - ETH_HLEN,
	SNAP_BYTES = 1234,
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	UDP_BYTES = 8,
	ACCEPTED = TT_FILTER_REJECT_COUNT, /* beside the reasons to reject */
};

/* A program with its gate open, that wants every type and interface, but no port. */
struct filter_fixture {
	struct tt_filter_program *program;
	struct tt_filter_state *state;
	struct tt_filter_bank *bank; /* the one that counts */
	uint8_t link_destination[ETH_ALEN];
	uint32_t interface_index;
};

int set_up_program(void **state);
int tear_down_program(void **state);

/* Moves into a network namespace of its own: 0; 77, aloud, without the privileges. */
int enter_filter_tests(void);

void want_port(struct filter_fixture *fixture, uint32_t port);
void unwant_port(struct filter_fixture *fixture, uint32_t port);

/* What became of a packet: ACCEPTED, or the reason why not. */
unsigned int judge(struct filter_fixture *fixture, uint8_t version, const uint8_t *packet,
		   size_t packet_bytes);
unsigned int judge_spec(struct filter_fixture *fixture, const struct tt_packet_spec *spec);

/* Runs a program once on a packet for this host on the loopback; what it returned. */
uint32_t run_program(int program_fd, uint8_t version, const uint8_t *packet, size_t packet_bytes);

/* Writes both ports into a packet without options and extensions. */
void put_ports(uint8_t *packet, uint8_t version, uint16_t source, uint16_t destination);
