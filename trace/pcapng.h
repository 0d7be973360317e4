/* SPDX-License-Identifier: MIT */

/*
 * The numbers of trace files: pcap and pcapng
 *
 * pcapng: draft-ietf-opsawg-pcapng; pcap: draft-ietf-opsawg-pcap; link types: the list of
 * tcpdump.org. Only what is read or written here. Constants that do not fit into an int are
 * macros.
 */

#pragma once

#include <stdint.h>

#define TT_PCAPNG_BLOCK_SECTION UINT32_C(0x0a0d0d0a) /* the same in either byte order */
#define TT_PCAPNG_BYTE_ORDER    UINT32_C(0x1a2b3c4d)

#define TT_PCAP_MAGIC_US       UINT32_C(0xa1b2c3d4)
#define TT_PCAP_MAGIC_NS       UINT32_C(0xa1b23c4d)
#define TT_PCAP_MAGIC_MODIFIED UINT32_C(0xa1b2cd34) /* records with an interface, by Kuznetsov */

enum {
	TT_PCAPNG_BLOCK_INTERFACE = 1,
	TT_PCAPNG_BLOCK_PACKET = 2, /* obsolete */
	TT_PCAPNG_BLOCK_SIMPLE = 3,
	TT_PCAPNG_BLOCK_NAMES = 4,
	TT_PCAPNG_BLOCK_STATISTICS = 5,
	TT_PCAPNG_BLOCK_ENHANCED = 6,

	TT_PCAPNG_OPTION_END = 0,
	TT_PCAPNG_OPTION_INTERFACE_NAME = 2,
	TT_PCAPNG_OPTION_INTERFACE_MAC = 6,
	TT_PCAPNG_OPTION_INTERFACE_RESOLUTION = 9,
	TT_PCAPNG_OPTION_INTERFACE_OFFSET = 14,
	TT_PCAPNG_OPTION_PACKET_FLAGS = 2,
	TT_PCAPNG_OPTION_PACKET_DROP_COUNT = 4,

	TT_PCAPNG_FLAGS_DIRECTION = 0x3,
	TT_PCAPNG_FLAGS_OUTBOUND = 0x2,
	TT_PCAPNG_FLAGS_RECEPTION_SHIFT = 2,
	TT_PCAPNG_FLAGS_RECEPTION_MASK = 0x7,
	TT_PCAPNG_FLAGS_CHECKSUM_NOT_READY = 1 << 9,
	TT_PCAPNG_FLAGS_CHECKSUM_VALID = 1 << 10,

	TT_LINKTYPE_NULL = 0,
	TT_LINKTYPE_ETHERNET = 1,
	TT_LINKTYPE_RAW_BSD = 12, /* what pcap files of some systems say for RAW */
	TT_LINKTYPE_RAW_OPENBSD = 14,
	TT_LINKTYPE_RAW = 101,
	TT_LINKTYPE_LOOP = 108,
	TT_LINKTYPE_LINUX_SLL = 113,
	TT_LINKTYPE_IPV4 = 228,
	TT_LINKTYPE_IPV6 = 229,
	TT_LINKTYPE_LINUX_SLL2 = 276,
};
