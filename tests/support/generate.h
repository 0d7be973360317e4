/* SPDX-License-Identifier: MIT */

/*
 * Random packets that look into every corner of reading headers
 *
 * Sound packets and every way in which one can be wrong, few enough addresses and ports
 * that filters hit, and fragments of several datagrams at a time, out of order, twice,
 * overlapping, with ids that come again. A seed always gives the same packets.
 *
 * Each packet is one of four kinds: made of random parts, a part of a fragmented
 * datagram, one of the shapes of packets.h, or noise. Then it may get a wrong byte or a wrong
 * version, and its capture may end anywhere.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "packet/frame.h"
#include "tests/support/draft.h"
#include "tests/support/generate_transport.h"
#include "tests/support/random.h"

enum {
	TT_GENERATOR_DATAGRAMS = 6, /* fragmented at the same time */
	TT_GENERATOR_FRAGMENTS_MAX = 7,
	TT_GENERATOR_CHAIN_MAX = 10,
};

/* What was done to a packet, as a set. */
enum tt_generated_trait {
	TT_GENERATED_OPTIONS = 1 << 0,       /* IPv4: more or less than a header of 20 bytes */
	TT_GENERATED_CHAIN = 1 << 1,         /* IPv6: extension headers */
	TT_GENERATED_LENGTH_LIE = 1 << 2,    /* of IPv4, IPv6, an extension header or UDP */
	TT_GENERATED_FRAGMENT = 1 << 3,      /* a part of a datagram whose other parts come too */
	TT_GENERATED_DUPLICATE = 1 << 4,     /* a fragment that is sent again */
	TT_GENERATED_OVERLAP = 1 << 5,       /* a fragment with bytes of its neighbour */
	TT_GENERATED_SHAPE = 1 << 6,         /* of the table in packets.h */
	TT_GENERATED_NOISE = 1 << 7,         /* random bytes */
	TT_GENERATED_FLIPPED = 1 << 8,       /* with some random bits */
	TT_GENERATED_WRONG_VERSION = 1 << 9, /* made not to fit the link's protocol */
	TT_GENERATED_PADDED = 1 << 10,       /* by the link */
	TT_GENERATED_CUT = 1 << 11,          /* captured in part */
	TT_GENERATED_ALONE = 1 << 12,        /* a fragment without the others */
	TT_GENERATED_NOT_UDP = 1 << 13,
};

enum {
	TT_GENERATED_TRAITS_COUNT = 14,
};

struct tt_generated {
	struct tt_frame frame;
	uint32_t traits;
	uint32_t datagram;   /* FRAGMENT: the number of the datagram, from 1 on; else 0 */
	uint8_t chain_count; /* IPv6 extension headers of a packet that was made of parts */
};

/* A datagram whose fragments come one after the other. */
struct tt_generated_datagram {
	uint32_t number; /* 0: none yet */
	uint32_t id;
	uint8_t version;
	uint8_t protocol;
	uint8_t source_index; /* of the addresses that packets are drawn from */
	uint8_t destination_index;
	uint8_t head[16]; /* what the first bytes of the fragmented part are */
	uint8_t head_bytes;
	uint8_t next_header; /* of the first byte of the fragmented part, in IPv6 */
	bool has_options;    /* before the fragment header or in IPv4's header */
	uint16_t bytes;      /* of the fragmented part */
	uint16_t fragment_bytes;
	uint8_t order[TT_GENERATOR_FRAGMENTS_MAX];
	uint8_t fragments_count;
	uint8_t sent_count;
};

struct tt_generator {
	struct tt_random random;
	struct tt_draft draft; /* owned: the packet that was given last */
	uint8_t pattern[TT_PATTERN_BYTES];
	struct tt_generated_datagram datagrams[TT_GENERATOR_DATAGRAMS];
	uint32_t datagrams_count; /* ever begun */
	uint8_t *shape_bytes;     /* owned: all shapes, one behind the other */
	uint32_t *shape_offsets;  /* owned: where each begins, and where the last one ends */
};

/* Ends the program when there is no memory. */
void tt_generator_init(struct tt_generator *generator, uint64_t seed);
void tt_generator_deinit(struct tt_generator *generator);

/* Makes a packet, which is valid until the next one is made. */
void tt_generator_next(struct tt_generator *generator, struct tt_generated *ret_generated);
