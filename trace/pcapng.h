/* SPDX-License-Identifier: MIT */

/*
 * The numbers of the pcapng and pcap formats, and of the link types that traces use
 *
 * Constants only, shared by what writes traces and what reads them. pcapng is as in
 * draft-ietf-opsawg-pcapng, pcap as in draft-ietf-opsawg-pcap, both in the byte order of
 * whoever wrote the file; LINKTYPE_LINUX_SLL2 is in network byte order always.
 */

#pragma once

#include <stdint.h>

/* Blocks of pcapng: type, whole length, body, whole length again; a multiple of 4 bytes. */
#define TT_PCAPNG_BLOCK_SECTION     UINT32_C(0x0a0d0d0a) /* the same in either byte order */
#define TT_PCAPNG_BLOCK_INTERFACE   UINT32_C(1)
#define TT_PCAPNG_BLOCK_PACKET_OLD  UINT32_C(2) /* obsolete, still read */
#define TT_PCAPNG_BLOCK_SIMPLE      UINT32_C(3)
#define TT_PCAPNG_BLOCK_NAMES       UINT32_C(4)
#define TT_PCAPNG_BLOCK_STATISTICS  UINT32_C(5)
#define TT_PCAPNG_BLOCK_PACKET      UINT32_C(6)
#define TT_PCAPNG_BYTE_ORDER_MAGIC  UINT32_C(0x1a2b3c4d)
#define TT_PCAPNG_SECTION_UNLIMITED UINT64_MAX /* length of a section that nobody knows */

enum {
	TT_PCAPNG_VERSION_MAJOR = 1,
	TT_PCAPNG_VERSION_MINOR = 0,

	TT_PCAPNG_BLOCK_HEAD_BYTES = 8, /* type and length */
	TT_PCAPNG_BLOCK_TAIL_BYTES = 4, /* length */
	/* Fixed parts, type and length included, the length at the end not. */
	TT_PCAPNG_SECTION_HEAD_BYTES = 24,
	TT_PCAPNG_INTERFACE_HEAD_BYTES = 16,
	TT_PCAPNG_STATISTICS_HEAD_BYTES = 20,
	TT_PCAPNG_PACKET_HEAD_BYTES = 28,
};

/* Options: code, length of the value, value padded to a multiple of 4 bytes. */
enum {
	TT_PCAPNG_OPTION_HEAD_BYTES = 4,

	TT_PCAPNG_OPTION_END = 0,
	TT_PCAPNG_OPTION_COMMENT = 1,

	TT_PCAPNG_SECTION_OS = 3,
	TT_PCAPNG_SECTION_APPLICATION = 4,

	TT_PCAPNG_INTERFACE_NAME = 2,
	TT_PCAPNG_INTERFACE_MAC_ADDRESS = 6,
	TT_PCAPNG_INTERFACE_RESOLUTION = 9, /* a power of 10, or with the upper bit of 2 */
	TT_PCAPNG_INTERFACE_FILTER = 11,    /* a byte that says of which kind, then the filter */
	TT_PCAPNG_INTERFACE_OS = 12,
	TT_PCAPNG_INTERFACE_OFFSET = 14, /* seconds to be added to each time */

	TT_PCAPNG_PACKET_FLAGS = 2,
	TT_PCAPNG_PACKET_DROPCOUNT = 4,

	TT_PCAPNG_STATISTICS_START = 2,
	TT_PCAPNG_STATISTICS_END = 3,
	TT_PCAPNG_STATISTICS_RECEIVED = 4,
	TT_PCAPNG_STATISTICS_INTERFACE_DROPPED = 5,
	TT_PCAPNG_STATISTICS_ACCEPTED = 6,
	TT_PCAPNG_STATISTICS_OS_DROPPED = 7,
	TT_PCAPNG_STATISTICS_DELIVERED = 8,
};

enum {
	TT_PCAPNG_FILTER_WORDS = 0, /* an expression of libpcap's */
	TT_PCAPNG_RESOLUTION_NS = 9,
	TT_PCAPNG_RESOLUTION_DEFAULT = 6,
	TT_PCAPNG_MAC_ADDRESS_BYTES = 6,
};

/* Bits of TT_PCAPNG_PACKET_FLAGS. */
enum {
	TT_PCAPNG_FLAG_INBOUND = 1 << 0,
	TT_PCAPNG_FLAG_OUTBOUND = 2 << 0,
	TT_PCAPNG_FLAG_UNICAST = 1 << 2,
	TT_PCAPNG_FLAG_MULTICAST = 2 << 2,
	TT_PCAPNG_FLAG_BROADCAST = 3 << 2,
	TT_PCAPNG_FLAG_PROMISCUOUS = 4 << 2,
	TT_PCAPNG_FLAGS_DIRECTION = 3 << 0, /* masks */
	TT_PCAPNG_FLAGS_RECEPTION_SHIFT = 2,
	TT_PCAPNG_FLAGS_RECEPTION_MASK = 7, /* once shifted */
	TT_PCAPNG_FLAG_CHECKSUM_NOT_READY = 1 << 9,
	TT_PCAPNG_FLAG_CHECKSUM_VALID = 1 << 10,
};

#define TT_PCAP_MAGIC_US       UINT32_C(0xa1b2c3d4)
#define TT_PCAP_MAGIC_NS       UINT32_C(0xa1b23c4d)
#define TT_PCAP_MAGIC_MODIFIED UINT32_C(0xa1b2cd34) /* records with an interface, by Kuznetsov */

enum {
	TT_PCAP_VERSION_MAJOR = 2,
	TT_PCAP_VERSION_MINOR = 4,
	TT_PCAP_HEADER_BYTES = 24,
	TT_PCAP_RECORD_HEAD_BYTES = 16,
};

enum {
	TT_LINKTYPE_NULL = 0,
	TT_LINKTYPE_ETHERNET = 1,
	TT_LINKTYPE_RAW_BSD = 12, /* what pcap files of some systems say for RAW */
	TT_LINKTYPE_RAW_OPENBSD = 14,
	/*
	 * libpcap up to 1.10 at least takes it from one interface of a pcapng file only: it compares
	 * the number with the one that it has for it in memory, and refuses the second description.
	 */
	TT_LINKTYPE_RAW = 101,
	TT_LINKTYPE_LOOP = 108,
	TT_LINKTYPE_LINUX_SLL = 113,
	TT_LINKTYPE_IPV4 = 228,
	TT_LINKTYPE_IPV6 = 229,
	TT_LINKTYPE_LINUX_SLL2 = 276,
	TT_SLL2_BYTES = 20, /* the header of the last one */
};

enum {
	/*
	 * What a record holds of a packet, link header included. Both libpcap and Wireshark take a
	 * file with more than that for damaged and stop reading there.
	 */
	TT_TRACE_CAPTURED_BYTES_MAX = 262144,
};
