/* SPDX-License-Identifier: MIT */

/*
 * Datagrams as a receiver would have made them
 *
 * Built field by field, without the decoder: what writes datagrams is tested on its
 * own.
 */

#include "tests/support/sample.h"

#include <arpa/inet.h>
#include <string.h>

#define SAMPLE_TIME_NS INT64_C(1795211941123456789)

enum {
	UDP_HEADER_BYTES = 8,
	IPV4_HEADER_BYTES = 20,
	IPV6_HEADER_BYTES = 40,
	SOURCE_PORT = 40000,
	DESTINATION_PORT = 53,
};

/* The fields that both families share; the payload is 00 01 02 and so on. */
static void fill_common(struct tt_sample *sample, uint8_t version, uint32_t header_bytes)
{
	struct tt_datagram *datagram = &sample->datagram;
	uint32_t payload_offset = header_bytes + UDP_HEADER_BYTES;

	for (uint32_t i = 0; i < TT_SAMPLE_PAYLOAD_BYTES; i++)
		sample->packet[payload_offset + i] = (uint8_t)i;

	datagram->packet = sample->packet;
	datagram->packet_bytes = payload_offset + TT_SAMPLE_PAYLOAD_BYTES;
	datagram->wire_bytes = datagram->packet_bytes;
	datagram->payload = sample->packet + payload_offset;
	datagram->payload_bytes = TT_SAMPLE_PAYLOAD_BYTES;
	datagram->payload_captured_bytes = TT_SAMPLE_PAYLOAD_BYTES;
	datagram->time_ns = SAMPLE_TIME_NS;
	datagram->interface_index = TT_SAMPLE_INTERFACE;
	datagram->version = version;
	datagram->hop_limit = 64;
	datagram->flags = TT_DATAGRAM_LOCAL;
}

void tt_sample_ipv4(struct tt_sample *ret_sample)
{
	struct tt_datagram *datagram = &ret_sample->datagram;

	memset(ret_sample, 0, sizeof(*ret_sample));
	fill_common(ret_sample, 4, IPV4_HEADER_BYTES);
	ret_sample->packet[3] = (uint8_t)datagram->packet_bytes;
	datagram->id = 4660;

	datagram->source.ipv4.sin_family = AF_INET;
	datagram->source.ipv4.sin_port = htons(SOURCE_PORT);
	datagram->source.ipv4.sin_addr.s_addr = htonl(0xc0000207);
	datagram->destination.ipv4.sin_family = AF_INET;
	datagram->destination.ipv4.sin_port = htons(DESTINATION_PORT);
	datagram->destination.ipv4.sin_addr.s_addr = htonl(0xc0000201);
}

void tt_sample_ipv6(struct tt_sample *ret_sample)
{
	static const uint8_t network[] = { 0x20, 0x01, 0x0d, 0xb8 };
	struct tt_datagram *datagram = &ret_sample->datagram;

	memset(ret_sample, 0, sizeof(*ret_sample));
	fill_common(ret_sample, 6, IPV6_HEADER_BYTES);
	ret_sample->packet[5] = (uint8_t)(datagram->packet_bytes - IPV6_HEADER_BYTES);
	datagram->flow_label = 703710;

	datagram->source.ipv6.sin6_family = AF_INET6;
	datagram->source.ipv6.sin6_port = htons(SOURCE_PORT);
	memcpy(&datagram->source.ipv6.sin6_addr, network, sizeof(network));
	datagram->source.ipv6.sin6_addr.s6_addr[15] = 7;
	datagram->destination.ipv6.sin6_family = AF_INET6;
	datagram->destination.ipv6.sin6_port = htons(DESTINATION_PORT);
	memcpy(&datagram->destination.ipv6.sin6_addr, network, sizeof(network));
	datagram->destination.ipv6.sin6_addr.s6_addr[15] = 1;
}

void tt_sample_forget_headers(struct tt_sample *sample, unsigned int verdict)
{
	struct tt_datagram *datagram = &sample->datagram;

	*datagram = (struct tt_datagram){
		.packet = sample->packet,
		.packet_bytes = 1, /* too short even for the length field */
		.wire_bytes = datagram->wire_bytes,
		.time_ns = datagram->time_ns,
		.interface_index = datagram->interface_index,
		.version = datagram->version,
		.verdict = (uint8_t)verdict,
	};
}
