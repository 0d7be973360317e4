/* SPDX-License-Identifier: MIT */

/*
 * libpcap's interpreter of classic programs
 */

#include "tests/support/interpret.h"

#include <pcap/pcap.h>

_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter) &&
		       offsetof(struct bpf_insn, k) == offsetof(struct sock_filter, k),
	       "libpcap's instruction is the kernel's");

uint32_t tt_interpret(const struct sock_filter *code, const uint8_t *packet, uint32_t packet_bytes)
{
	return bpf_filter((const struct bpf_insn *)(const void *)code, packet, packet_bytes,
			  packet_bytes);
}
