/* SPDX-License-Identifier: MIT */

/*
 * Fuzzing the decoder
 *
 * An input is a head of eight bytes, which says what the source promised, and the
 * packet behind it (tests/support/corpus.h). What must hold of every datagram is
 * checked, whatever the packet is; the bytes lie in an allocation of their exact size,
 * so that a sanitizer sees a read past them.
 */

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"
#include "packet/view.h"
#include "tests/support/corpus.h"

static void require(bool is_true, const char *what)
{
	if (is_true)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static bool is_zero(const void *bytes, size_t count)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < count; i++) {
		if (at[i] != 0)
			return false;
	}
	return true;
}

/* Bytes, not members: it is the bytes that are handed out, and all of them are written. */
static bool is_same(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct tt_datagram)) == 0;
}

static void check_payload(const struct tt_datagram *datagram)
{
	bool is_cut = datagram->flags & TT_DATAGRAM_PAYLOAD_CUT;
	bool has_payload = datagram->verdict == TT_VERDICT_OK ||
			   datagram->verdict == TT_VERDICT_BAD_CHECKSUM;

	if (!has_payload) {
		require(!datagram->payload, "no payload without a sound header");
		require(datagram->payload_bytes == 0, "no length without a payload");
		require(datagram->payload_captured_bytes == 0, "nothing captured of no payload");
		require(!is_cut, "nothing cut from no payload");
		return;
	}

	require(datagram->payload >= datagram->packet + 28, "the headers stand before the payload");
	require(datagram->payload + datagram->payload_captured_bytes <=
			datagram->packet + datagram->packet_bytes,
		"the captured payload lies in the capture");
	require((size_t)(datagram->payload - datagram->packet) + datagram->payload_bytes <=
			datagram->wire_bytes,
		"the payload lies in what was on the wire");
	require(datagram->payload_captured_bytes <= datagram->payload_bytes,
		"no more is captured than there is");
	require(is_cut == (datagram->payload_captured_bytes < datagram->payload_bytes),
		"a cut payload says so");
}

static void check_address(const struct tt_datagram *datagram, const struct tt_address *address)
{
	static const size_t ipv4_bytes = offsetof(struct sockaddr_in, sin_zero);

	switch (address->family) {
	case AF_UNSPEC:
		require(datagram->verdict == TT_VERDICT_TRUNCATED ||
				datagram->verdict == TT_VERDICT_BAD_VERSION,
			"a fixed header has addresses");
		require(is_zero(address, sizeof(*address)), "no address is all zero");
		break;
	case AF_INET:
		require(datagram->version == 4, "an IPv4 packet has IPv4 addresses");
		require(is_zero((const uint8_t *)address + ipv4_bytes,
				sizeof(*address) - ipv4_bytes),
			"unused bytes of an address are zero");
		break;
	case AF_INET6:
		require(datagram->version == 6, "an IPv6 packet has IPv6 addresses");
		require(address->ipv6.sin6_flowinfo == 0, "the flow is no part of an endpoint");
		require(address->ipv6.sin6_scope_id == 0 ||
				address->ipv6.sin6_scope_id == datagram->interface_index,
			"a scope is the interface");
		break;
	default:
		require(false, "an address is of a known family");
	}
}

static void check_datagram(const struct tt_frame *frame, const struct tt_datagram *datagram)
{
	require(datagram->verdict < TT_VERDICT_BAD_CHECKSUM, "headers alone give no bad checksum");
	require(datagram->packet == frame->bytes, "the packet is the frame's");
	require(datagram->packet_bytes == frame->captured_bytes, "so is what was captured");
	require(datagram->wire_bytes == frame->wire_bytes, "so is the length on the wire");
	require(datagram->time_ns == frame->time_ns, "so is the time");
	require(datagram->interface_index == frame->interface_index, "so is the interface");
	require(datagram->version == frame->version, "so is the version");
	require(datagram->packet_type == frame->packet_type, "so is the packet type");
	require(datagram->worker_index == 0, "the worker is not known here");
	require(datagram->segment_bytes == 0, "nor are segments");
	require(!(datagram->flags & TT_DATAGRAM_LOCAL), "nor is what is local");
	require(is_zero(datagram->reserved, sizeof(datagram->reserved)), "the reserve is zero");
	require(datagram->flow_label <= 0xfffff, "a flow label has 20 bits");
	require(datagram->dscp <= 63 && datagram->ecn <= 3, "a traffic class has 8 bits");
	check_payload(datagram);
	check_address(datagram, &datagram->source);
	check_address(datagram, &datagram->destination);
}

/* Decodes twice, over two patterns: a byte that is not written differs. */
static struct tt_datagram decode(const struct tt_frame *frame)
{
	struct tt_datagram a, b;

	memset(&a, 0x5a, sizeof(a));
	memset(&b, 0xa5, sizeof(b));
	tt_decode_frame(frame, &a);
	tt_decode_frame(frame, &b);
	require(is_same(&a, &b), "every byte of a datagram is written");
	return a;
}

static void check_checksum(const struct tt_datagram *datagram)
{
	struct tt_datagram verified = *datagram;

	tt_decode_verify_checksum(&verified);
	check_payload(&verified);
	if (verified.verdict == TT_VERDICT_BAD_CHECKSUM) {
		require(datagram->verdict == TT_VERDICT_OK, "only a sound one is called corrupt");
		verified.verdict = TT_VERDICT_OK;
	}
	require(is_same(&verified, datagram), "verifying changes the verdict alone");
}

/* The same bytes by the public call: the same, but for what only a frame knows. */
static void check_public_call(const struct tt_frame *frame)
{
	struct tt_frame plain = { .bytes = frame->bytes,
				  .captured_bytes = frame->captured_bytes,
				  .wire_bytes = frame->captured_bytes };
	struct tt_datagram expected, datagram;

	require(tt_datagram_decode(frame->bytes, frame->captured_bytes, &datagram) == 0,
		"any bytes can be decoded");
	plain.version = datagram.version;
	expected = decode(&plain);
	require(is_same(&expected, &datagram), "the public call decodes as the internal one");
}

/* The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct tt_view input = { .bytes = data, .bytes_count = data_bytes };
	struct tt_datagram datagram;
	struct tt_frame frame;
	uint8_t *bytes;

	if (!tt_corpus_read_head(input, &frame))
		return 0;

	bytes = malloc(frame.captured_bytes > 0 ? frame.captured_bytes : 1);
	require(bytes, "there is memory");
	memcpy(bytes, data + TT_CORPUS_HEAD_BYTES, frame.captured_bytes);
	frame.bytes = bytes;

	datagram = decode(&frame);
	check_datagram(&frame, &datagram);
	check_checksum(&datagram);
	check_public_call(&frame);
	free(bytes);
	return 0;
}
