/* SPDX-License-Identifier: MIT */

/*
 * Packets for tests: a builder, and a table of shapes with what they must be
 *
 * A spec is written with designated initialisers, and names only what is unusual
 * of the packet; every field that is left out has a sound value:
 *
 *     struct tt_packet_spec spec = { .version = 6, .payload_bytes = 32,
 *                                    .extensions = { TT_HOP_BY_HOP(8, 0), TT_FRAGMENT(0, 0) },
 *                                    .udp_length = TT_SAYS(7) };
 *     bytes_count = tt_packet_build(&spec, buffer, sizeof(buffer));
 *
 * A TT_SAYS() field is what the header claims; the packet is built by the truth,
 * and only the claim is false. Checksums are right for what is claimed, by a slow
 * sum of its own, so that they can check the fast one.
 *
 * tt_packet_shapes holds one packet for each rule of decode/decode.h. Whoever reads
 * headers can be held to it: the decoder by its verdict, a filter by ports_bytes, which
 * is 0 where no port can be read.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/frame.h"
#include "twintap/datagram.h"

enum {
	TT_PACKET_BYTES_MAX = 66 * 1024, /* the largest packet that the table holds fits */
	TT_PACKET_EXTENSIONS_MAX = 10,
	TT_PACKET_SOURCE_PORT = 40000, /* of a spec that names none */
	TT_PACKET_DESTINATION_PORT = 5353,
};

/* What a header claims instead of the truth. */
struct tt_packet_claim {
	bool is_made;
	uint32_t value;
};

#define TT_SAYS(number)                            \
	{                                          \
		.is_made = true, .value = (number) \
	}

/* One IPv6 extension header. */
struct tt_packet_extension {
	bool is_present;
	uint8_t kind;        /* its protocol number */
	uint16_t bytes;      /* all of it; what the body does not fill is zero: Pad1 options */
	const uint8_t *body; /* from its third byte on */
	size_t body_bytes;
	struct tt_packet_claim length; /* its length field, in that header's own unit */
	struct tt_packet_claim next;   /* its next-header field */
};

/* An extension header of @bytes_; the rest is its body, byte by byte, at least one. */
#define TT_EXTENSION(kind_, bytes_, ...)                                \
	{                                                               \
		.is_present = true, .kind = (kind_), .bytes = (bytes_), \
		.body = (const uint8_t[]){ __VA_ARGS__ },               \
		.body_bytes = sizeof((const uint8_t[]){ __VA_ARGS__ })  \
	}

#define TT_HOP_BY_HOP(bytes, ...)          TT_EXTENSION(0, bytes, __VA_ARGS__)
#define TT_ROUTING(bytes, type, left, ...) TT_EXTENSION(43, bytes, type, left, __VA_ARGS__)
#define TT_AUTHENTICATION(bytes)           TT_EXTENSION(51, bytes, 0)
#define TT_DESTINATION_OPTIONS(bytes, ...) TT_EXTENSION(60, bytes, __VA_ARGS__)
#define TT_MOBILITY(bytes)                 TT_EXTENSION(135, bytes, 0)
#define TT_HIP(bytes)                      TT_EXTENSION(139, bytes, 0)
#define TT_SHIM6(bytes)                    TT_EXTENSION(140, bytes, 0)

/* @units of 8 bytes stand before this fragment; @more: 1 when others follow it. */
#define TT_FRAGMENT(units, more) \
	TT_EXTENSION(44, 8, (units) >> 5 & 0xff, ((units) << 3 & 0xf8) | (more), 0, 0, 0x12, 0x34)

/* A hop-by-hop header with a jumbo payload option. */
#define TT_JUMBO(length)                                                        \
	TT_HOP_BY_HOP(8, 0xc2, 4, (length) >> 24 & 0xff, (length) >> 16 & 0xff, \
		      (length) >> 8 & 0xff, (length)&0xff)

/* IPv4's flags and fragment offset. */
enum {
	TT_PACKET_DONT_FRAGMENT = 0x4000,
	TT_PACKET_MORE_FRAGMENTS = 0x2000,
};

struct tt_packet_spec {
	uint8_t version;
	const char *source; /* numbers only; NULL: a documentation address */
	const char *destination;
	const char *pseudo_source; /* for the checksum, when it is not the header's */
	const char *pseudo_destination;
	uint16_t source_port; /* 0: TT_PACKET_SOURCE_PORT, and so on */
	uint16_t destination_port;
	uint8_t traffic_class;
	uint8_t hop_limit;    /* 0: 64 */
	uint32_t flow_label;  /* IPv6 */
	uint16_t id;          /* IPv4 */
	uint16_t fragment;    /* IPv4: flags and offset */
	uint8_t option_bytes; /* IPv4: no-operation options; a multiple of 4 */
	struct tt_packet_extension extensions[TT_PACKET_EXTENSIONS_MAX];
	uint32_t payload_bytes;
	uint32_t surplus_bytes;            /* behind the UDP datagram, within the IP packet */
	uint32_t padding_bytes;            /* behind the IP packet */
	struct tt_packet_claim kept_bytes; /* of UDP header and payload: the rest is left out */
	struct tt_packet_claim protocol;   /* what follows the IP headers; else UDP */
	struct tt_packet_claim version_nibble;
	struct tt_packet_claim header_words; /* IPv4: IHL */
	struct tt_packet_claim ip_length;    /* total or payload length */
	struct tt_packet_claim udp_length;
	struct tt_packet_claim checksum;
};

/* One packet, and what reading its headers must find. */
struct tt_packet_shape {
	const char *name; /* a file name too */
	struct tt_packet_spec spec;
	enum tt_verdict verdict;
	uint16_t needed_bytes; /* captured bytes that the verdict needs; with fewer: TRUNCATED */
	uint16_t ports_bytes;  /* captured bytes that the ports need; 0: no ports can be read */
};

extern const struct tt_packet_shape tt_packet_shapes[];
extern const size_t tt_packet_shapes_count;

/* The shape of that name; there must be one. */
const struct tt_packet_shape *tt_packet_shape_find(const char *name);

/* Builds a packet and returns its length on the wire, link padding included. */
size_t tt_packet_build(const struct tt_packet_spec *spec, uint8_t *buffer, size_t buffer_bytes);

/* A frame of the first @captured_bytes of a packet. */
struct tt_frame tt_packet_frame(uint8_t version, const uint8_t *bytes, size_t captured_bytes,
				size_t wire_bytes);
