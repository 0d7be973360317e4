/* SPDX-License-Identifier: MIT */

/*
 * What generated packets carry
 *
 * Half of the UDP payloads begin as those of a known protocol do, on its port or on another,
 * so that expressions which look into them find something.
 */

#include "tests/support/generate_transport.h"

#include <netinet/in.h>

enum {
	UDP_HEADER_BYTES = 8,
	TCP_HEADER_BYTES = 20,
	SCTP_HEADER_BYTES = 12,
	INNER_HEADER_BYTES = 20, /* the IPv4 header in an ICMP error */
	SAMPLE_BYTES_MAX = 60,
	PAYLOAD_BYTES_SMALL = 72,
	PAYLOAD_BYTES_MEDIUM = 600,
	PAYLOAD_BYTES_MAX = 1472,
};

/* How a known protocol's payload begins, or what it has at an offset. */
struct sample {
	uint16_t port;
	uint16_t offset;
	uint8_t bytes_count;
	uint8_t bytes[SAMPLE_BYTES_MAX];
};

#define INNER_IPV4 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 7, 192, 0, 2, 1
#define INNER_UDP  0x9c, 0x40, 0, 53, 0, 20, 0, 0
#define MACS       2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2

static const struct sample samples[] = {
	/* DNS: a query, an answer, a refusal; multicast DNS. */
	{ 53, 0, 16, { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'w', 'w' } },
	{ 53, 0, 12, { 0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0 } },
	{ 53, 0, 12, { 0x12, 0x34, 0x81, 0x83, 0, 1, 0, 0, 0, 1, 0, 0 } },
	{ 5353, 0, 12, { 0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0 } },
	/* NTP: client, server, private. */
	{ 123, 0, 4, { 0x23, 0, 6, 0xec } },
	{ 123, 0, 4, { 0x24, 1, 6, 0xec } },
	{ 123, 0, 4, { 0x17, 0, 3, 42 } },
	/* DHCP: its cookie and the message's type. */
	{ 67, 0, 4, { 1, 1, 6, 0 } },
	{ 68, 0, 4, { 2, 1, 6, 0 } },
	{ 67, 236, 7, { 0x63, 0x82, 0x53, 0x63, 53, 1, 1 } },
	/* SIP, SSDP, TFTP, syslog, SNMP. */
	{ 5060, 0, 7, { 'I', 'N', 'V', 'I', 'T', 'E', ' ' } },
	{ 5060, 0, 8, { 'R', 'E', 'G', 'I', 'S', 'T', 'E', 'R' } },
	{ 5060, 0, 8, { 'S', 'I', 'P', '/', '2', '.', '0', ' ' } },
	{ 5060, 0, 8, { 'O', 'P', 'T', 'I', 'O', 'N', 'S', ' ' } },
	{ 1900, 0, 8, { 'M', '-', 'S', 'E', 'A', 'R', 'C', 'H' } },
	{ 69, 0, 4, { 0, 1, 'f', 0 } },
	{ 514, 0, 4, { '<', '3', '4', '>' } },
	{ 161, 0, 5, { 0x30, 0x26, 2, 1, 1 } },
	/* IKE, behind NAT too; STUN, QUIC, WireGuard, GTP, RTP. */
	{ 500, 0, 20, { 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 33, 0x20, 34, 8 } },
	{ 4500, 0, 4, { 0, 0, 0, 0 } },
	{ 4500, 0, 1, { 0xff } },
	{ 3478, 0, 8, { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 } },
	{ 443, 0, 6, { 0xc3, 0, 0, 0, 1, 8 } },
	{ 443, 0, 2, { 0x40, 0x55 } },
	{ 51820, 0, 4, { 1, 0, 0, 0 } },
	{ 2152, 0, 4, { 0x30, 0xff, 0, 40 } },
	{ 5004, 0, 4, { 0x80, 0, 0, 9 } },
	/* VXLAN and Geneve, with a packet inside. */
	{ 4789, 0, 50, { 8, 0, 0, 0, 0, 0, 100, 0, MACS, 8, 0, INNER_IPV4, INNER_UDP } },
	{ 6081, 0, 36, { 0, 0, 8, 0, 0, 0, 5, 0, INNER_IPV4, INNER_UDP } },
	{ 6081, 0, 50, { 0, 0, 0x65, 0x58, 0, 0, 5, 0, MACS, 8, 0, INNER_IPV4, INNER_UDP } },
	{ 6081, 0, 40, { 1, 0, 8, 0, 0x12, 0x34, 0x56, 0, 0, 0, 0, 0, INNER_IPV4, INNER_UDP } },
};

static const uint16_t ports[] = { 53,   5353, 5353, 5353, 40000, 40000, 40000, 5300, 5000,  123,
				  67,   68,   5060, 4789, 6081,  1000,  1024,  1023, 80,    443,
				  2152, 500,  161,  514,  33434, 6000,  0,     1,    65535, 2905 };

void tt_pattern_init(uint8_t pattern[TT_PATTERN_BYTES])
{
	for (uint32_t i = 0; i < TT_PATTERN_BYTES; i++)
		pattern[i] = (uint8_t)(i * 7 + 1);
}

uint16_t tt_generate_port(struct tt_random *random)
{
	if (tt_random_is_one_in(random, 5))
		return (uint16_t)tt_random_next(random);
	return TT_RANDOM_PICK(random, ports);
}

static uint32_t payload_bytes(struct tt_random *random)
{
	switch (tt_random_below(random, 16)) {
	case 0:
		return 0;
	case 1:
		return tt_random_below(random, UDP_HEADER_BYTES);
	case 2:
		return tt_random_below(random, PAYLOAD_BYTES_MEDIUM);
	case 3:
		return tt_random_is_one_in(random, 4) ? PAYLOAD_BYTES_MAX : 40;
	case 4:
	case 5:
	case 6:
		return 40;
	default:
		return tt_random_below(random, PAYLOAD_BYTES_SMALL);
	}
}

static void put_payload(struct tt_random *random, const uint8_t *pattern, uint32_t count,
			struct tt_draft *draft)
{
	uint8_t *bytes = tt_draft_take(draft, count);

	switch (tt_random_below(random, 8)) {
	case 0:
		memset(bytes, 0, count);
		return;
	case 1:
		memset(bytes, 0xff, count);
		return;
	case 2:
		memcpy(bytes, pattern, count);
		/* Whole words: what is left over stays as it is. */
		for (uint32_t word, i = 0; i + sizeof(word) <= count && i < PAYLOAD_BYTES_SMALL;
		     i += sizeof(word)) {
			word = htobe32(tt_random_next(random));
			memcpy(bytes + i, &word, sizeof(word));
		}
		return;
	default:
		memcpy(bytes, pattern, count);
		return;
	}
}

/* A length that is wrong, in the ways that matter: by one, by a header, by everything. */
static uint16_t lie_about(struct tt_random *random, uint32_t bytes)
{
	static const int16_t differences[] = { -1, 1, -8, 8, -4, 4, -2, 20 };

	switch (tt_random_below(random, 8)) {
	case 0:
		return 0;
	case 1:
		return (uint16_t)tt_random_below(random, UDP_HEADER_BYTES);
	case 2:
		return UDP_HEADER_BYTES;
	case 3:
		return UINT16_MAX;
	case 4:
		return (uint16_t)tt_random_next(random);
	default:
		return (uint16_t)(bytes + TT_RANDOM_PICK(random, differences));
	}
}

static void put_sample(const struct sample *sample, uint32_t count, uint8_t *payload)
{
	if (sample->offset + (uint32_t)sample->bytes_count <= count)
		memcpy(payload + sample->offset, sample->bytes, sample->bytes_count);
	else if (sample->offset < count)
		memcpy(payload + sample->offset, sample->bytes, count - sample->offset);
}

static bool put_udp(struct tt_random *random, const uint8_t *pattern, struct tt_draft *draft)
{
	const struct sample *sample = NULL;
	uint16_t source_port = tt_generate_port(random);
	uint16_t destination_port = tt_generate_port(random);
	uint32_t count = payload_bytes(random);
	bool is_lie = tt_random_is_one_in(random, 8);
	uint16_t length = (uint16_t)(UDP_HEADER_BYTES + count);
	uint32_t payload_offset;

	if (tt_random_is_one_in(random, 2)) {
		sample = &TT_RANDOM_PICK(random, samples);
		if (!tt_random_is_one_in(random, 4))
			destination_port = sample->port;
		if (tt_random_is_one_in(random, 4))
			source_port = sample->port;
		if (!tt_random_is_one_in(random, 4) && count < sample->offset + 64u)
			count = sample->offset + 64u;
		length = (uint16_t)(UDP_HEADER_BYTES + count);
	}
	if (is_lie)
		length = lie_about(random, length);

	tt_draft_put16(draft, source_port);
	tt_draft_put16(draft, destination_port);
	tt_draft_put16(draft, length);
	tt_draft_put16(draft,
		       tt_random_is_one_in(random, 8) ? 0 : (uint16_t)tt_random_next(random));
	payload_offset = draft->count;
	put_payload(random, pattern, count, draft);
	if (sample)
		put_sample(sample, count, draft->bytes + payload_offset);
	return is_lie && length != UDP_HEADER_BYTES + count;
}

static void put_tcp(struct tt_random *random, const uint8_t *pattern, struct tt_draft *draft)
{
	tt_draft_put16(draft, tt_generate_port(random));
	tt_draft_put16(draft, tt_generate_port(random));
	tt_draft_put32(draft, tt_random_next(random));
	tt_draft_put32(draft, tt_random_next(random));
	tt_draft_put8(draft,
		      tt_random_is_one_in(random, 8) ? (uint8_t)tt_random_next(random) : 0x50);
	tt_draft_put8(draft, (uint8_t)tt_random_next(random));
	tt_draft_put(draft, pattern, TCP_HEADER_BYTES - 14);
	if (tt_random_is_one_in(random, 4))
		tt_draft_put(draft, "GET / HTTP", 10);
	tt_draft_put(draft, pattern, tt_random_below(random, PAYLOAD_BYTES_SMALL));
}

static void put_sctp(struct tt_random *random, const uint8_t *pattern, struct tt_draft *draft)
{
	tt_draft_put16(draft, tt_generate_port(random));
	tt_draft_put16(draft, tt_generate_port(random));
	tt_draft_put(draft, pattern, SCTP_HEADER_BYTES - 4);
	tt_draft_put32(draft, tt_random_below(random, 16) << 24 | 16);
	tt_draft_put(draft, pattern, tt_random_below(random, PAYLOAD_BYTES_SMALL));
}

/* ICMP for either family; behind the header of an error, the packet that it is about. */
static void put_icmp(struct tt_random *random, const uint8_t *pattern, struct tt_draft *draft)
{
	static const uint8_t inner[INNER_HEADER_BYTES + UDP_HEADER_BYTES] = { INNER_IPV4,
									      INNER_UDP };
	static const uint8_t types[] = { 0,   1,   2,   3,   3,   4,   5,   8,   9,   10,
					 11,  12,  13,  14,  15,  16,  17,  18,  128, 129,
					 130, 131, 132, 133, 134, 135, 136, 137, 143, 255 };

	tt_draft_put8(draft, TT_RANDOM_PICK(random, types));
	tt_draft_put8(draft, (uint8_t)tt_random_below(random, 6));
	tt_draft_put16(draft, 0);
	tt_draft_put32(draft, tt_random_is_one_in(random, 2) ? 0x12340001 : 0);
	if (tt_random_is_one_in(random, 2))
		tt_draft_put(draft, inner, sizeof(inner));
	tt_draft_put(draft, pattern, tt_random_below(random, PAYLOAD_BYTES_SMALL));
}

bool tt_generate_transport(struct tt_random *random, const uint8_t *pattern, uint8_t protocol,
			   struct tt_draft *draft)
{
	switch (protocol) {
	case IPPROTO_UDP:
		return put_udp(random, pattern, draft);
	case IPPROTO_TCP:
		put_tcp(random, pattern, draft);
		break;
	case IPPROTO_SCTP:
		put_sctp(random, pattern, draft);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
	case IPPROTO_IGMP:
		put_icmp(random, pattern, draft);
		break;
	default:
		put_payload(random, pattern, tt_random_below(random, PAYLOAD_BYTES_SMALL), draft);
		break;
	}
	return false;
}
