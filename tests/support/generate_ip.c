/* SPDX-License-Identifier: MIT */

/*
 * The IP headers of generated packets
 *
 * A header is written with its lengths left out, then what it carries, then the lengths:
 * the true ones, or a lie.
 */

#include "tests/support/generate_ip.h"

#include <netinet/in.h>
#include <netinet/ip.h>

enum {
	IPV4_LENGTH_OFFSET = 2,
	IPV4_HEADER_BYTES = 20,
	IPV4_HEADER_WORDS = 5,
	IPV4_HEADER_WORDS_MAX = 15,
	IPV4_RESERVED_FLAG = 0x8000,
	IPV6_LENGTH_OFFSET = 4,
	IPV6_HEADER_BYTES = 40,
	KIND_HIP = 139,
	KIND_SHIM6 = 140,
	KIND_UNKNOWN = 253, /* for experiments: nobody's */
	OPTION_JUMBO = 0xc2,
	OPTION_PADN = 1,
	OPTION_ROUTER_ALERT = 5,
	FRAGMENT_UNIT_BYTES = 8,
	FRAGMENT_IDS_COUNT = 4, /* few, so that other datagrams take them again soon */
	MORE = 1,               /* IPv6's bit for it */
};

static const uint8_t ipv4_addresses[][4] = {
	{ 192, 0, 2, 7 },    { 192, 0, 2, 1 },     { 198, 51, 100, 1 },    { 203, 0, 113, 9 },
	{ 224, 0, 0, 251 },  { 127, 0, 0, 1 },     { 255, 255, 255, 255 }, { 10, 1, 2, 3 },
	{ 172, 16, 200, 4 }, { 192, 168, 1, 254 }, { 0, 0, 0, 0 },         { 192, 0, 2, 128 },
};

static const uint8_t ipv6_addresses[][16] = {
	{ 0x20, 1, 0x0d, 0xb8, [15] = 7 },
	{ 0x20, 1, 0x0d, 0xb8, [15] = 1 },
	{ 0x20, 1, 0x0d, 0xb8, 0, 1, [15] = 9 },
	{ 0xfe, 0x80, [15] = 1 },
	{ 0xff, 2, [15] = 0xfb },
	{ 0xfd, 0, 0x74, 0x74, [15] = 2 },
	{ [15] = 1 },
	{ 0 },
	{ [10] = 0xff, 0xff, 192, 0, 2, 1 },
	{ 0x20, 1, 0x10, 0x05, [15] = 0x80 },
};

enum {
	IPV4_ADDRESSES_COUNT = sizeof(ipv4_addresses) / sizeof(ipv4_addresses[0]),
	IPV6_ADDRESSES_COUNT = sizeof(ipv6_addresses) / sizeof(ipv6_addresses[0]),
};

/* Everything of an IP header but its lengths. */
struct header {
	uint32_t id;
	uint16_t fragment; /* IPv4's flags and offset */
	uint8_t protocol;  /* or the next header */
	uint8_t source_index;
	uint8_t destination_index;
};

/* Half of the packets are from the first address to the second. */
static struct header random_header(struct tt_random *random, uint32_t addresses_count)
{
	struct header header = { .source_index = 0, .destination_index = 1 };

	if (tt_random_is_one_in(random, 3))
		header.source_index = (uint8_t)tt_random_below(random, addresses_count);
	if (tt_random_is_one_in(random, 3))
		header.destination_index = (uint8_t)tt_random_below(random, addresses_count);
	header.id = tt_random_is_one_in(random, 4) ? tt_random_next(random)
						   : 0x1234 + tt_random_below(random, 4);
	return header;
}

static uint8_t random_hop_limit(struct tt_random *random)
{
	static const uint8_t limits[] = { 64, 64, 64, 255, 1, 128, 0, 32, 33 };

	return tt_random_is_one_in(random, 8) ? (uint8_t)tt_random_next(random)
					      : TT_RANDOM_PICK(random, limits);
}

static uint8_t random_traffic_class(struct tt_random *random)
{
	static const uint8_t classes[] = { 0, 0, 0, 0, 0xb8, 1, 3, 0x10, 7 };

	return tt_random_is_one_in(random, 8) ? (uint8_t)tt_random_next(random)
					      : TT_RANDOM_PICK(random, classes);
}

/* IPv4's with @header_words that it claims, and 20 bytes. */
static void put_ipv4(struct tt_random *random, const struct header *header, uint32_t header_words,
		     struct tt_draft *draft)
{
	tt_draft_put8(draft, (uint8_t)(0x40 | header_words));
	tt_draft_put8(draft, random_traffic_class(random));
	tt_draft_put16(draft, 0);
	tt_draft_put16(draft, (uint16_t)header->id);
	tt_draft_put16(draft, header->fragment);
	tt_draft_put8(draft, random_hop_limit(random));
	tt_draft_put8(draft, header->protocol);
	tt_draft_put16(draft, (uint16_t)tt_random_next(random));
	tt_draft_put(draft, ipv4_addresses[header->source_index], sizeof(ipv4_addresses[0]));
	tt_draft_put(draft, ipv4_addresses[header->destination_index], sizeof(ipv4_addresses[0]));
}

static void put_ipv6(struct tt_random *random, const struct header *header, struct tt_draft *draft)
{
	uint32_t label = tt_random_is_one_in(random, 4) ? tt_random_next(random) & 0xfffff : 0;

	tt_draft_put32(draft,
		       UINT32_C(6) << 28 | (uint32_t)random_traffic_class(random) << 20 | label);
	tt_draft_put16(draft, 0);
	tt_draft_put8(draft, header->protocol);
	tt_draft_put8(draft, random_hop_limit(random));
	tt_draft_put(draft, ipv6_addresses[header->source_index], sizeof(ipv6_addresses[0]));
	tt_draft_put(draft, ipv6_addresses[header->destination_index], sizeof(ipv6_addresses[0]));
}

/* Writes a length field: the truth, or a lie about it; @header_bytes of it are headers. */
static void patch_length(struct tt_generator *generator, uint32_t offset, uint32_t truth,
			 uint32_t header_bytes, struct tt_generated *generated)
{
	struct tt_random *random = &generator->random;
	static const int16_t differences[] = { -1, 1, -8, 8, -7, 7, -9, 100 };
	uint32_t claim = truth;

	if (tt_random_is_one_in(random, 8)) {
		switch (tt_random_below(random, 6)) {
		case 0:
			claim = 0;
			break;
		case 1:
			claim = header_bytes + tt_random_below(random, 9);
			break;
		case 2:
			claim = tt_random_below(random, truth + 1);
			break;
		case 3:
			claim = tt_random_next(random);
			break;
		default:
			claim = truth + (uint32_t)TT_RANDOM_PICK(random, differences);
			break;
		}
		if ((uint16_t)claim != truth)
			generated->traits |= TT_GENERATED_LENGTH_LIE;
	}
	tt_draft_patch16(&generator->draft, offset, (uint16_t)claim);
}

static uint8_t random_protocol(struct tt_random *random, uint8_t icmp)
{
	static const uint8_t others[] = { 0,  1,  2,  4,   6,   41,  43,  44,  47,  50,  51,  58,
					  59, 60, 89, 103, 112, 132, 135, 136, 139, 140, 253, 255 };

	switch (tt_random_below(random, 16)) {
	case 0:
		return IPPROTO_TCP;
	case 1:
		return icmp;
	case 2:
		return TT_RANDOM_PICK(random, others);
	case 3:
		return tt_random_is_one_in(random, 4) ? (uint8_t)tt_random_next(random)
						      : IPPROTO_SCTP;
	default:
		return IPPROTO_UDP;
	}
}

/* IPv4's flags and offset: most packets are whole, of the others each form comes. */
static uint16_t random_fragment(struct tt_random *random)
{
	uint32_t offset = tt_random_below(random, 200);

	switch (tt_random_below(random, 32)) {
	case 0:
		return IP_MF;
	case 1:
		return (uint16_t)(IP_MF | offset);
	case 2:
		return (uint16_t)offset;
	case 3:
		return 1;
	case 4:
		return IP_OFFMASK;
	case 5:
		return IP_MF | IP_DF;
	case 6:
		return (uint16_t)(IP_DF | offset);
	case 7:
		return IPV4_RESERVED_FLAG;
	case 8:
		return (uint16_t)tt_random_next(random);
	case 9:
	case 10:
	case 11:
	case 12:
	case 13:
	case 14:
		return IP_DF;
	default:
		return 0;
	}
}

/* Options that nobody needs to understand, and the end of the list. */
static void put_ipv4_options(struct tt_random *random, uint32_t count, struct tt_draft *draft)
{
	static const uint8_t kinds[] = { 1, 1, 0, 7, 68, 131, 137, 148 };
	uint8_t *options = tt_draft_take(draft, count);

	memset(options, TT_RANDOM_PICK(random, kinds), count);
	if (tt_random_is_one_in(random, 4)) {
		for (uint32_t i = 0; i < count; i++)
			options[i] = (uint8_t)tt_random_next(random);
	}
}

void tt_generate_ipv4(struct tt_generator *generator, struct tt_generated *generated)
{
	struct tt_random *random = &generator->random;
	struct tt_draft *draft = &generator->draft;
	struct header header = random_header(random, IPV4_ADDRESSES_COUNT);
	uint32_t header_words = IPV4_HEADER_WORDS;
	uint32_t header_bytes;

	if (tt_random_is_one_in(random, 4))
		header_words = tt_random_below(random, IPV4_HEADER_WORDS_MAX + 1);
	header_bytes = header_words < IPV4_HEADER_WORDS ? IPV4_HEADER_BYTES : 4 * header_words;
	header.protocol = random_protocol(random, IPPROTO_ICMP);
	header.fragment = random_fragment(random);

	put_ipv4(random, &header, header_words, draft);
	put_ipv4_options(random, header_bytes - IPV4_HEADER_BYTES, draft);
	if (tt_generate_transport(random, generator->pattern, header.protocol, draft))
		generated->traits |= TT_GENERATED_LENGTH_LIE;
	if (tt_random_is_one_in(random, 16)) /* a surplus behind UDP's own length */
		tt_draft_put(draft, generator->pattern, tt_random_below(random, 16));
	patch_length(generator, IPV4_LENGTH_OFFSET, draft->count, header_bytes, generated);

	if (header_words != IPV4_HEADER_WORDS)
		generated->traits |= TT_GENERATED_OPTIONS;
	if (header.protocol != IPPROTO_UDP)
		generated->traits |= TT_GENERATED_NOT_UDP;
	if (header.fragment & (IP_MF | IP_OFFMASK))
		generated->traits |= TT_GENERATED_ALONE;
}

/* What a hop-by-hop or destination options header has from its third byte on: options. */
static void put_options(struct tt_random *random, uint8_t *bytes, uint32_t count)
{
	memset(bytes, 0, count); /* Pad1 */
	switch (tt_random_below(random, 8)) {
	case 0:
		bytes[0] = OPTION_PADN;
		bytes[1] = (uint8_t)(count - 2);
		break;
	case 1:
		bytes[0] = OPTION_ROUTER_ALERT;
		bytes[1] = 2;
		break;
	case 2:
		bytes[0] = OPTION_JUMBO;
		bytes[1] = 4;
		bytes[3] = tt_random_is_one_in(random, 2);
		break;
	case 3: /* an option that ends beyond the header, or exactly with it */
		bytes[0] = 1 + (uint8_t)tt_random_below(random, 255);
		bytes[1] = (uint8_t)(count - 2 + tt_random_below(random, 2));
		break;
	case 4: /* an option of which the type alone is there */
		bytes[count - 1] = OPTION_PADN;
		break;
	default:
		break;
	}
}

/* A fragment header from its second byte on. */
static bool put_fragment(struct tt_random *random, struct tt_draft *draft)
{
	uint32_t offset = tt_random_below(random, 200) * FRAGMENT_UNIT_BYTES;
	uint32_t bits = 0;

	switch (tt_random_below(random, 8)) {
	case 0:
		bits = MORE;
		break;
	case 1:
		bits = offset | MORE;
		break;
	case 2:
		bits = offset;
		break;
	case 3: /* reserved bits too */
		bits = tt_random_next(random) & 0xffff;
		break;
	case 4:
		bits = tt_random_below(random, 8);
		break;
	default:
		break;
	}
	tt_draft_put8(draft, tt_random_is_one_in(random, 4) ? (uint8_t)tt_random_next(random) : 0);
	tt_draft_put16(draft, (uint16_t)bits);
	tt_draft_put32(draft, 0x1234 + tt_random_below(random, FRAGMENT_IDS_COUNT));
	return bits & ~6u;
}

static uint32_t random_units(struct tt_random *random)
{
	if (tt_random_is_one_in(random, 256))
		return tt_random_below(random, 256);
	return tt_random_is_one_in(random, 3) ? tt_random_below(random, 5) : 0;
}

/* An extension header of that kind; kinds that have none look as if they had. */
static void put_extension(struct tt_random *random, uint8_t kind, uint8_t next,
			  struct tt_draft *draft, struct tt_generated *generated)
{
	uint32_t units = random_units(random);
	uint32_t body_bytes;
	uint8_t *body;

	tt_draft_put8(draft,
		      tt_random_is_one_in(random, 64) ? (uint8_t)tt_random_next(random) : next);
	if (kind == IPPROTO_FRAGMENT) {
		if (put_fragment(random, draft))
			generated->traits |= TT_GENERATED_ALONE;
		return;
	}

	body_bytes = kind == IPPROTO_AH ? (units + 2) * 4 - 2 : (units + 1) * 8 - 2;
	if (tt_random_is_one_in(random, 24)) {
		generated->traits |= TT_GENERATED_LENGTH_LIE;
		units = tt_random_is_one_in(random, 2) ? units + 1 : tt_random_next(random);
	}
	tt_draft_put8(draft, (uint8_t)units);
	body = tt_draft_take(draft, body_bytes);
	if (kind == IPPROTO_HOPOPTS || kind == IPPROTO_DSTOPTS) {
		put_options(random, body, body_bytes);
	} else {
		memset(body, 0, body_bytes);
		body[0] = (uint8_t)tt_random_below(random, 5);
		body[1] = (uint8_t)tt_random_below(random, 3);
	}
}

static uint32_t random_chain_count(struct tt_random *random)
{
	switch (tt_random_below(random, 8)) {
	case 0:
	case 1:
	case 2:
		return 0;
	case 3:
	case 4:
		return 1;
	case 5:
		return 2;
	case 6:
		return tt_random_below(random, TT_GENERATOR_CHAIN_MAX + 1);
	default:
		return 3 + tt_random_below(random, 7);
	}
}

/* Chooses @count kinds of header; mostly those that may be walked over, in a sound order. */
static void choose_kinds(struct tt_random *random, uint32_t count, uint8_t *kinds)
{
	static const uint8_t walked[] = { IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_AH,
					  IPPROTO_DSTOPTS, IPPROTO_MH,       KIND_HIP,
					  KIND_SHIM6,      IPPROTO_DSTOPTS };
	static const uint8_t others[] = { IPPROTO_HOPOPTS, IPPROTO_ESP,    IPPROTO_NONE,
					  KIND_UNKNOWN,    IPPROTO_IPIP,   IPPROTO_IPV6,
					  IPPROTO_TCP,     IPPROTO_HOPOPTS };

	for (uint32_t i = 0; i < count; i++) {
		kinds[i] = TT_RANDOM_PICK(random, walked);
		if (tt_random_is_one_in(random, 32))
			kinds[i] = TT_RANDOM_PICK(random, others);
	}
	if (count > 0 && tt_random_is_one_in(random, 3))
		kinds[0] = IPPROTO_HOPOPTS;
}

void tt_generate_ipv6(struct tt_generator *generator, struct tt_generated *generated)
{
	struct tt_random *random = &generator->random;
	struct tt_draft *draft = &generator->draft;
	struct header header = random_header(random, IPV6_ADDRESSES_COUNT);
	uint32_t chain_count = random_chain_count(random);
	uint8_t kinds[TT_GENERATOR_CHAIN_MAX + 1];
	uint8_t protocol = random_protocol(random, IPPROTO_ICMPV6);

	choose_kinds(random, chain_count, kinds);
	kinds[chain_count] = protocol;
	header.protocol = kinds[0];

	put_ipv6(random, &header, draft);
	for (uint32_t i = 0; i < chain_count; i++)
		put_extension(random, kinds[i], kinds[i + 1], draft, generated);
	if (tt_generate_transport(random, generator->pattern, protocol, draft))
		generated->traits |= TT_GENERATED_LENGTH_LIE;
	if (tt_random_is_one_in(random, 16))
		tt_draft_put(draft, generator->pattern, tt_random_below(random, 16));
	patch_length(generator, IPV6_LENGTH_OFFSET, draft->count - IPV6_HEADER_BYTES, 0, generated);

	generated->chain_count = (uint8_t)chain_count;
	if (chain_count > 0)
		generated->traits |= TT_GENERATED_CHAIN;
	if (protocol != IPPROTO_UDP)
		generated->traits |= TT_GENERATED_NOT_UDP;
}

/* In order, from the end, or at random. */
static void choose_order(struct tt_random *random, struct tt_generated_datagram *datagram)
{
	uint32_t count = datagram->fragments_count;
	bool is_reverse = tt_random_is_one_in(random, 3);

	for (uint32_t i = 0; i < count; i++)
		datagram->order[i] = (uint8_t)(is_reverse ? count - 1 - i : i);
	if (!tt_random_is_one_in(random, 3))
		return;
	for (uint32_t i = count - 1; i > 0; i--) {
		uint32_t other = tt_random_below(random, i + 1);
		uint8_t fragment = datagram->order[i];

		datagram->order[i] = datagram->order[other];
		datagram->order[other] = fragment;
	}
}

/* What stands before the payload of the datagram: maybe destination options, then UDP. */
static void write_head(struct tt_random *random, struct tt_generated_datagram *datagram)
{
	struct tt_draft head = { .bytes = datagram->head };

	datagram->next_header = datagram->protocol;
	if (datagram->version == 6 && tt_random_is_one_in(random, 8)) {
		static const uint8_t options[] = { 0, OPTION_PADN, 4, 0, 0, 0, 0 };

		datagram->next_header = IPPROTO_DSTOPTS;
		tt_draft_put8(&head, datagram->protocol);
		tt_draft_put(&head, options, sizeof(options));
	}
	tt_draft_put16(&head, tt_generate_port(random));
	tt_draft_put16(&head, tt_generate_port(random));
	tt_draft_put16(&head, (uint16_t)(datagram->bytes - (head.count - 4)));
	tt_draft_put16(&head, (uint16_t)tt_random_next(random));
	datagram->head_bytes = (uint8_t)head.count;
}

static void begin_datagram(struct tt_generator *generator, struct tt_generated_datagram *datagram)
{
	struct tt_random *random = &generator->random;
	uint32_t units;

	/* One draw a statement: compilers order those of an initialiser as they like. */
	*datagram = (struct tt_generated_datagram){ .number = ++generator->datagrams_count,
						    .destination_index = 1 };
	datagram->version = tt_random_is_one_in(random, 2) ? 4 : 6;
	datagram->protocol = tt_random_is_one_in(random, 8) ? IPPROTO_TCP : IPPROTO_UDP;
	datagram->id = 0x1234 + tt_random_below(random, FRAGMENT_IDS_COUNT);
	datagram->has_options = tt_random_is_one_in(random, 6);
	if (tt_random_is_one_in(random, 4))
		datagram->source_index = (uint8_t)tt_random_below(random, 4);

	/* A first fragment of one unit has the UDP header alone, or not even that. */
	datagram->fragments_count =
		(uint8_t)(2 + tt_random_below(random, TT_GENERATOR_FRAGMENTS_MAX - 1));
	units = tt_random_is_one_in(random, 4) ? 1 : 1 + tt_random_below(random, 24);
	datagram->fragment_bytes = (uint16_t)(units * FRAGMENT_UNIT_BYTES);
	datagram->bytes = (uint16_t)((datagram->fragments_count - 1u) * datagram->fragment_bytes +
				     1 + tt_random_below(random, datagram->fragment_bytes));
	if (datagram->bytes < 2 * FRAGMENT_UNIT_BYTES + 1)
		datagram->bytes = 2 * FRAGMENT_UNIT_BYTES + 1;
	datagram->fragments_count = (uint8_t)((datagram->bytes - 1) / datagram->fragment_bytes + 1);
	write_head(random, datagram);
	choose_order(random, datagram);
}

/* The bytes from @start to @end of the fragmented part: its head, then the pattern. */
static void put_part(struct tt_generator *generator, const struct tt_generated_datagram *datagram,
		     uint32_t start, uint32_t end)
{
	uint32_t head_bytes = datagram->head_bytes;

	if (start < head_bytes) {
		uint32_t head_end = end < head_bytes ? end : head_bytes;

		tt_draft_put(&generator->draft, datagram->head + start, head_end - start);
		start = head_bytes;
	}
	if (start < end)
		tt_draft_put(&generator->draft, generator->pattern + start - head_bytes,
			     end - start);
}

static void put_fragment_headers(struct tt_generator *generator,
				 const struct tt_generated_datagram *datagram, uint32_t start,
				 uint32_t end)
{
	static const uint8_t options[] = {
		IPPROTO_FRAGMENT, 0, OPTION_ROUTER_ALERT, 2, 0, 0, 1, 0
	};
	struct tt_draft *draft = &generator->draft;
	bool has_more = end < datagram->bytes;
	struct header header = {
		.id = datagram->id,
		.fragment = (uint16_t)(start / FRAGMENT_UNIT_BYTES | (has_more ? IP_MF : 0)),
		.protocol = datagram->protocol,
		.source_index = datagram->source_index,
		.destination_index = datagram->destination_index,
	};

	if (datagram->version == 4) {
		put_ipv4(&generator->random, &header, datagram->has_options ? 6 : 5, draft);
		if (datagram->has_options)
			tt_draft_put32(draft, 0x01010100);
		return;
	}
	header.protocol = datagram->has_options ? IPPROTO_HOPOPTS : IPPROTO_FRAGMENT;
	put_ipv6(&generator->random, &header, draft);
	if (datagram->has_options)
		tt_draft_put(draft, options, sizeof(options));
	tt_draft_put8(draft, datagram->next_header);
	tt_draft_put8(draft, 0);
	tt_draft_put16(draft, (uint16_t)(start | (has_more ? MORE : 0)));
	tt_draft_put32(draft, datagram->id);
}

void tt_generate_fragment(struct tt_generator *generator, struct tt_generated *generated)
{
	struct tt_random *random = &generator->random;
	struct tt_draft *draft = &generator->draft;
	struct tt_generated_datagram *datagram = &TT_RANDOM_PICK(random, generator->datagrams);
	uint32_t start, end;

	if (datagram->sent_count == datagram->fragments_count)
		begin_datagram(generator, datagram);
	generated->traits |= TT_GENERATED_FRAGMENT;
	generated->datagram = datagram->number;

	start = (uint32_t)datagram->order[datagram->sent_count] * datagram->fragment_bytes;
	end = start + datagram->fragment_bytes;
	if (end > datagram->bytes)
		end = datagram->bytes;
	if (start > 0 && tt_random_is_one_in(random, 12)) {
		start -= FRAGMENT_UNIT_BYTES;
		generated->traits |= TT_GENERATED_OVERLAP;
	}

	/* What is sent again comes once more next time; what is lost never comes. */
	if (tt_random_is_one_in(random, 12))
		generated->traits |= TT_GENERATED_DUPLICATE;
	else
		datagram->sent_count++;
	if (datagram->sent_count < datagram->fragments_count && tt_random_is_one_in(random, 24))
		datagram->sent_count++;

	put_fragment_headers(generator, datagram, start, end);
	put_part(generator, datagram, start, end);
	if (datagram->version == 4)
		tt_draft_patch16(draft, IPV4_LENGTH_OFFSET, (uint16_t)draft->count);
	else
		tt_draft_patch16(draft, IPV6_LENGTH_OFFSET,
				 (uint16_t)(draft->count - IPV6_HEADER_BYTES));
	if (datagram->protocol != IPPROTO_UDP)
		generated->traits |= TT_GENERATED_NOT_UDP;
}
