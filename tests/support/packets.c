/* SPDX-License-Identifier: MIT */

/*
 * The packet builder
 *
 * Writes headers field by field into a cursor that ends the program when the
 * buffer or a field is too small: a wrong test is no packet.
 */

#include "tests/support/packets.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	UDP_HEADER_BYTES = 8,
	IPV4_HEADER_BYTES = 20,
	IPV6_HEADER_BYTES = 40,
	ADDRESS_BYTES_MAX = 16,
	OPTION_NO_OPERATION = 1,
	KIND_FRAGMENT = 44,
	KIND_AUTHENTICATION = 51,
	HOP_LIMIT_DEFAULT = 64,
	ID_DEFAULT = 0x1234,
};

struct cursor {
	uint8_t *bytes;
	size_t room_bytes;
	size_t offset;
};

static void require(bool is_true, const char *what)
{
	if (is_true)
		return;
	fprintf(stderr, "packet builder: %s\n", what);
	abort();
}

static uint8_t *take(struct cursor *cursor, size_t count)
{
	uint8_t *bytes = cursor->bytes + cursor->offset;

	require(count <= cursor->room_bytes - cursor->offset, "the buffer is too small");
	memset(bytes, 0, count);
	cursor->offset += count;
	return bytes;
}

static void put(struct cursor *cursor, uint32_t value, size_t count)
{
	uint8_t *bytes = take(cursor, count);

	require(count == 4 || value >> (8 * count) == 0, "a number does not fit into its field");
	for (size_t i = 0; i < count; i++)
		bytes[i] = (uint8_t)(value >> (8 * (count - 1 - i)));
}

static uint32_t claimed(struct tt_packet_claim claim, uint32_t truth)
{
	return claim.is_made ? claim.value : truth;
}

static void put_address(struct cursor *cursor, uint8_t version, const char *text)
{
	int family = version == 4 ? AF_INET : AF_INET6;

	require(inet_pton(family, text, take(cursor, version == 4 ? 4 : 16)) == 1,
		"an address is none");
}

static const char *source_of(const struct tt_packet_spec *spec)
{
	if (spec->source)
		return spec->source;
	return spec->version == 4 ? "192.0.2.7" : "2001:db8::7";
}

static const char *destination_of(const struct tt_packet_spec *spec)
{
	if (spec->destination)
		return spec->destination;
	return spec->version == 4 ? "192.0.2.1" : "2001:db8::1";
}

static uint32_t transport_bytes(const struct tt_packet_spec *spec)
{
	return claimed(spec->kept_bytes, UDP_HEADER_BYTES + spec->payload_bytes);
}

static void put_ipv4(struct cursor *cursor, const struct tt_packet_spec *spec)
{
	uint32_t header_bytes = (uint32_t)IPV4_HEADER_BYTES + spec->option_bytes;
	uint32_t total_bytes = header_bytes + transport_bytes(spec) + spec->surplus_bytes;

	put(cursor,
	    claimed(spec->version_nibble, 4) << 4 | claimed(spec->header_words, header_bytes / 4),
	    1);
	put(cursor, spec->traffic_class, 1);
	put(cursor, claimed(spec->ip_length, total_bytes), 2);
	put(cursor, spec->id ? spec->id : ID_DEFAULT, 2);
	put(cursor, spec->fragment, 2);
	put(cursor, spec->hop_limit ? spec->hop_limit : HOP_LIMIT_DEFAULT, 1);
	put(cursor, claimed(spec->protocol, IPPROTO_UDP), 1);
	put(cursor, 0, 2); /* nobody here verifies the header's own checksum */
	put_address(cursor, 4, source_of(spec));
	put_address(cursor, 4, destination_of(spec));
	memset(take(cursor, spec->option_bytes), OPTION_NO_OPERATION, spec->option_bytes);
}

/* The protocol number of what follows @index extension headers. */
static uint8_t kind_at(const struct tt_packet_spec *spec, size_t index)
{
	if (index < TT_PACKET_EXTENSIONS_MAX && spec->extensions[index].is_present)
		return spec->extensions[index].kind;
	return (uint8_t)claimed(spec->protocol, IPPROTO_UDP);
}

/* What a sound header of that kind and length has in its second byte. */
static uint32_t length_field(const struct tt_packet_extension *extension)
{
	if (extension->kind == KIND_FRAGMENT)
		return 0;
	if (extension->kind == KIND_AUTHENTICATION)
		return extension->bytes / 4 - 2;
	return extension->bytes / 8 - 1;
}

static void put_extensions(struct cursor *cursor, const struct tt_packet_spec *spec)
{
	for (size_t i = 0; i < TT_PACKET_EXTENSIONS_MAX && spec->extensions[i].is_present; i++) {
		const struct tt_packet_extension *extension = &spec->extensions[i];
		uint8_t *body;

		put(cursor, claimed(extension->next, kind_at(spec, i + 1)), 1);
		put(cursor, claimed(extension->length, length_field(extension)), 1);
		body = take(cursor, extension->bytes - 2u);
		require(extension->body_bytes <= extension->bytes - 2u, "a body is too long");
		if (extension->body_bytes > 0)
			memcpy(body, extension->body, extension->body_bytes);
	}
}

static void put_ipv6(struct cursor *cursor, const struct tt_packet_spec *spec)
{
	uint32_t payload_bytes = transport_bytes(spec) + spec->surplus_bytes;

	for (size_t i = 0; i < TT_PACKET_EXTENSIONS_MAX && spec->extensions[i].is_present; i++)
		payload_bytes += spec->extensions[i].bytes;

	put(cursor,
	    claimed(spec->version_nibble, 6) << 28 | (uint32_t)spec->traffic_class << 20 |
		    spec->flow_label,
	    4);
	put(cursor, claimed(spec->ip_length, payload_bytes), 2);
	put(cursor, kind_at(spec, 0), 1);
	put(cursor, spec->hop_limit ? spec->hop_limit : HOP_LIMIT_DEFAULT, 1);
	put_address(cursor, 6, source_of(spec));
	put_address(cursor, 6, destination_of(spec));
	put_extensions(cursor, spec);
}

/* RFC 1071 as it is written: 16 bits after 16 bits. */
static uint32_t sum_words(uint32_t sum, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static uint16_t checksum_of(const struct tt_packet_spec *spec, const uint8_t *segment,
			    size_t segment_bytes)
{
	uint8_t bytes[2 * ADDRESS_BYTES_MAX + 8];
	struct cursor pseudo = { .bytes = bytes, .room_bytes = sizeof(bytes) };
	uint32_t sum;

	put_address(&pseudo, spec->version,
		    spec->pseudo_source ? spec->pseudo_source : source_of(spec));
	put_address(&pseudo, spec->version,
		    spec->pseudo_destination ? spec->pseudo_destination : destination_of(spec));
	put(&pseudo, (uint32_t)segment_bytes, 4);
	put(&pseudo, IPPROTO_UDP, 4);

	sum = sum_words(0, pseudo.bytes, pseudo.offset);
	sum = sum_words(sum, segment, segment_bytes);
	return sum == 0xffff ? 0xffff : (uint16_t)~sum; /* 0 would mean that there is none */
}

static void put_udp(struct cursor *cursor, const struct tt_packet_spec *spec)
{
	size_t true_bytes = (size_t)UDP_HEADER_BYTES + spec->payload_bytes;
	uint32_t length = claimed(spec->udp_length, (uint32_t)true_bytes);
	uint8_t *segment = malloc(true_bytes);
	struct cursor udp = { .bytes = segment, .room_bytes = true_bytes };
	size_t summed_bytes = true_bytes;
	uint8_t *payload;
	uint16_t checksum;

	require(segment, "no memory");
	put(&udp, spec->source_port ? spec->source_port : TT_PACKET_SOURCE_PORT, 2);
	put(&udp, spec->destination_port ? spec->destination_port : TT_PACKET_DESTINATION_PORT, 2);
	put(&udp, length, 2);
	put(&udp, 0, 2);
	payload = take(&udp, spec->payload_bytes);
	for (size_t i = 0; i < spec->payload_bytes; i++)
		payload[i] = (uint8_t)(i * 7 + 1);

	/* A shorter claim ends the sum; 0 stands for the true length, and a longer one is a lie. */
	if (length >= UDP_HEADER_BYTES && length < true_bytes)
		summed_bytes = length;
	checksum = (uint16_t)claimed(spec->checksum, checksum_of(spec, segment, summed_bytes));
	udp.offset = 6;
	put(&udp, checksum, 2);

	require(transport_bytes(spec) <= true_bytes, "more is kept than there is");
	memcpy(take(cursor, transport_bytes(spec)), segment, transport_bytes(spec));
	free(segment);
}

size_t tt_packet_build(const struct tt_packet_spec *spec, uint8_t *buffer, size_t buffer_bytes)
{
	struct cursor cursor = { .room_bytes = buffer_bytes };

	cursor.bytes = buffer;
	require(spec->version == 4 || spec->version == 6, "the version is 4 or 6");
	if (spec->version == 4)
		put_ipv4(&cursor, spec);
	else
		put_ipv6(&cursor, spec);
	put_udp(&cursor, spec);
	memset(take(&cursor, spec->surplus_bytes), 0x55, spec->surplus_bytes);
	memset(take(&cursor, spec->padding_bytes), 0xaa, spec->padding_bytes);
	return cursor.offset;
}

struct tt_frame tt_packet_frame(uint8_t version, const uint8_t *bytes, size_t captured_bytes,
				size_t wire_bytes)
{
	return (struct tt_frame){ .bytes = bytes,
				  .captured_bytes = (uint32_t)captured_bytes,
				  .wire_bytes = (uint32_t)wire_bytes,
				  .version = version };
}

const struct tt_packet_shape *tt_packet_shape_find(const char *name)
{
	for (size_t i = 0; i < tt_packet_shapes_count; i++) {
		if (strcmp(tt_packet_shapes[i].name, name) == 0)
			return &tt_packet_shapes[i];
	}
	fprintf(stderr, "no packet shape named %s\n", name);
	abort();
}
