/* SPDX-License-Identifier: MIT */

/*
 * The table of packet shapes
 *
 * One packet for each rule of decode/decode.h, in its order. The two numbers at the
 * end of a row are the captured bytes that the verdict and the ports need.
 */

#include "tests/support/packets.h"

/* A row is read as one line. */
/* clang-format off */
#define V4 .version = 4, .payload_bytes = 40
#define V6 .version = 6, .payload_bytes = 40
#define BIG .payload_bytes = 65600, .ip_length = TT_SAYS(0), .udp_length = TT_SAYS(0)
#define EIGHT_HEADERS \
	TT_HIP(8), TT_HIP(8), TT_HIP(8), TT_HIP(8), TT_HIP(8), TT_HIP(8), TT_HIP(8), TT_HIP(8)

const struct tt_packet_shape tt_packet_shapes[] = {
	/* IPv4, sound. */
	{ "v4", { V4 }, TT_VERDICT_OK, 28, 28 },
	{ "v4-empty", { .version = 4 }, TT_VERDICT_OK, 28, 28 },
	{ "v4-odd-payload", { .version = 4, .payload_bytes = 41 }, TT_VERDICT_OK, 28, 28 },
	{ "v4-one-option-word", { V4, .option_bytes = 4 }, TT_VERDICT_OK, 32, 32 },
	{ "v4-all-option-words", { V4, .option_bytes = 40 }, TT_VERDICT_OK, 68, 68 },
	{ "v4-traffic-class", { V4, .traffic_class = 0xb9, .hop_limit = 1, .id = 0xfedc }, TT_VERDICT_OK, 28, 28 },
	{ "v4-dont-fragment", { V4, .fragment = TT_PACKET_DONT_FRAGMENT }, TT_VERDICT_OK, 28, 28 },
	{ "v4-padding", { .version = 4, .payload_bytes = 4, .padding_bytes = 14 }, TT_VERDICT_OK, 28, 28 },
	{ "v4-surplus", { V4, .surplus_bytes = 12, .padding_bytes = 2 }, TT_VERDICT_OK, 28, 28 },
	{ "v4-surplus-only", { .version = 4, .surplus_bytes = 12 }, TT_VERDICT_OK, 28, 28 },
	{ "v4-no-checksum", { V4, .checksum = TT_SAYS(0) }, TT_VERDICT_OK, 28, 28 },
	{ "v4-largest", { .version = 4, .payload_bytes = 65507 }, TT_VERDICT_OK, 28, 28 },
	{ "v4-aggregate", { .version = 4, BIG }, TT_VERDICT_OK, 28, 28 },

	/* IPv4, the fixed header. */
	{ "v4-version-6", { V4, .version_nibble = TT_SAYS(6) }, TT_VERDICT_BAD_VERSION, 1, 0 },
	{ "v4-version-0", { V4, .version_nibble = TT_SAYS(0) }, TT_VERDICT_BAD_VERSION, 1, 0 },
	{ "v4-header-words-4", { V4, .header_words = TT_SAYS(4) }, TT_VERDICT_BAD_HEADER_LENGTH, 20, 0 },
	{ "v4-header-words-0", { V4, .header_words = TT_SAYS(0) }, TT_VERDICT_BAD_HEADER_LENGTH, 20, 0 },
	{ "v4-header-beyond-length", { .version = 4, .header_words = TT_SAYS(15) }, TT_VERDICT_BAD_LENGTH, 20, 0 },
	{ "v4-length-in-header", { V4, .ip_length = TT_SAYS(19) }, TT_VERDICT_BAD_LENGTH, 20, 0 },
	{ "v4-length-in-options", { V4, .option_bytes = 4, .ip_length = TT_SAYS(23) }, TT_VERDICT_BAD_LENGTH, 20, 0 },
	{ "v4-length-beyond-wire", { V4, .ip_length = TT_SAYS(69) }, TT_VERDICT_BAD_LENGTH, 20, 0 },
	{ "v4-length-0", { V4, .ip_length = TT_SAYS(0) }, TT_VERDICT_BAD_LENGTH, 20, 0 },
	{ "v4-length-0-largest", { .version = 4, .payload_bytes = 65507, .ip_length = TT_SAYS(0) }, TT_VERDICT_BAD_LENGTH, 20, 0 },
	{ "v4-tcp", { V4, .protocol = TT_SAYS(6) }, TT_VERDICT_NOT_UDP, 20, 0 },
	{ "v4-icmp", { V4, .protocol = TT_SAYS(1) }, TT_VERDICT_NOT_UDP, 20, 0 },
	{ "v4-tcp-fragment", { V4, .protocol = TT_SAYS(6), .fragment = 185 }, TT_VERDICT_NOT_UDP, 20, 0 },

	/* IPv4, fragments. */
	{ "v4-first-fragment", { V4, .fragment = TT_PACKET_MORE_FRAGMENTS, .udp_length = TT_SAYS(1480) },
		TT_VERDICT_FRAGMENT, 20, 28 },
	{ "v4-first-fragment-options", { V4, .option_bytes = 8, .fragment = TT_PACKET_MORE_FRAGMENTS },
		TT_VERDICT_FRAGMENT, 20, 36 },
	{ "v4-first-fragment-tiny", { V4, .kept_bytes = TT_SAYS(7), .fragment = TT_PACKET_MORE_FRAGMENTS },
		TT_VERDICT_FRAGMENT, 20, 0 },
	{ "v4-middle-fragment", { V4, .fragment = TT_PACKET_MORE_FRAGMENTS | 1 }, TT_VERDICT_FRAGMENT, 20, 0 },
	{ "v4-last-fragment", { V4, .fragment = 0x1fff }, TT_VERDICT_FRAGMENT, 20, 0 },

	/* IPv4, the UDP header. */
	{ "v4-udp-cut-by-length", { V4, .kept_bytes = TT_SAYS(7) }, TT_VERDICT_BAD_LENGTH, 20, 0 },
	{ "v4-udp-missing", { V4, .kept_bytes = TT_SAYS(0), .padding_bytes = 26 }, TT_VERDICT_BAD_LENGTH, 20, 0 },
	{ "v4-udp-length-0", { V4, .udp_length = TT_SAYS(0) }, TT_VERDICT_BAD_LENGTH, 28, 28 },
	{ "v4-udp-length-7", { V4, .udp_length = TT_SAYS(7) }, TT_VERDICT_BAD_LENGTH, 28, 28 },
	{ "v4-udp-length-into-padding", { V4, .udp_length = TT_SAYS(49), .padding_bytes = 8 },
		TT_VERDICT_BAD_LENGTH, 28, 28 },
	{ "v4-udp-length-largest", { V4, .udp_length = TT_SAYS(65535) }, TT_VERDICT_BAD_LENGTH, 28, 28 },

	/* IPv6, sound. */
	{ "v6", { V6 }, TT_VERDICT_OK, 48, 48 },
	{ "v6-empty", { .version = 6 }, TT_VERDICT_OK, 48, 48 },
	{ "v6-odd-payload", { .version = 6, .payload_bytes = 41 }, TT_VERDICT_OK, 48, 48 },
	{ "v6-traffic-class", { V6, .traffic_class = 0xb9, .flow_label = 0xabcde, .hop_limit = 255 },
		TT_VERDICT_OK, 48, 48 },
	{ "v6-expedited", { V6, .traffic_class = 46 << 2 }, TT_VERDICT_OK, 48, 48 },
	{ "v6-padding", { .version = 6, .payload_bytes = 2, .padding_bytes = 4 }, TT_VERDICT_OK, 48, 48 },
	{ "v6-surplus", { V6, .surplus_bytes = 12, .padding_bytes = 2 }, TT_VERDICT_OK, 48, 48 },
	{ "v6-link-local", { V6, .source = "fe80::7", .destination = "ff02::fb" }, TT_VERDICT_OK, 48, 48 },
	{ "v6-largest", { .version = 6, .payload_bytes = 65527 }, TT_VERDICT_OK, 48, 48 },
	{ "v6-hop-by-hop", { V6, .extensions = { TT_HOP_BY_HOP(8, 5, 2, 0, 0, 1, 0) } }, TT_VERDICT_OK, 56, 56 },
	{ "v6-hop-by-hop-longest", { V6, .extensions = { TT_HOP_BY_HOP(2048, 0) } }, TT_VERDICT_OK, 2096, 2096 },
	{ "v6-routing", { V6, .extensions = { TT_ROUTING(24, 0, 0, 0) } }, TT_VERDICT_OK, 72, 72 },
	{ "v6-authentication", { V6, .extensions = { TT_AUTHENTICATION(24) } }, TT_VERDICT_OK, 72, 72 },
	{ "v6-authentication-28", { V6, .extensions = { TT_AUTHENTICATION(28) } }, TT_VERDICT_OK, 76, 76 },
	{ "v6-destination-options", { V6, .extensions = { TT_DESTINATION_OPTIONS(16, 1, 12) } },
		TT_VERDICT_OK, 64, 64 },
	{ "v6-mobility", { V6, .extensions = { TT_MOBILITY(16) } }, TT_VERDICT_OK, 64, 64 },
	{ "v6-hip", { V6, .extensions = { TT_HIP(40) } }, TT_VERDICT_OK, 88, 88 },
	{ "v6-shim6", { V6, .extensions = { TT_SHIM6(8) } }, TT_VERDICT_OK, 56, 56 },
	{ "v6-atomic-fragment", { V6, .extensions = { TT_FRAGMENT(0, 0) } }, TT_VERDICT_OK, 56, 56 },
	{ "v6-each-extension", { V6,
		.extensions = { TT_HOP_BY_HOP(8, 0), TT_DESTINATION_OPTIONS(8, 0), TT_ROUTING(8, 0, 0, 0),
		TT_FRAGMENT(0, 0), TT_AUTHENTICATION(16), TT_MOBILITY(8), TT_HIP(8), TT_SHIM6(8) } },
		TT_VERDICT_OK, 120, 120 },
	{ "v6-aggregate", { .version = 6, BIG }, TT_VERDICT_OK, 48, 48 },
	{ "v6-aggregate-hop-by-hop", { .version = 6, BIG, .extensions = { TT_HOP_BY_HOP(8, 0) } },
		TT_VERDICT_OK, 56, 56 },
	{ "v6-jumbogram", { .version = 6, BIG, .padding_bytes = 3, .extensions = { TT_JUMBO(65616u) } },
		TT_VERDICT_OK, 56, 56 },
	{ "v6-jumbogram-two-options", { .version = 6, BIG,
		.extensions = { TT_HOP_BY_HOP(16, 0xc2, 4, 0, 1, 0, 0x58, 1, 0, 0xc2, 4, 0, 1, 0, 0) } },
		TT_VERDICT_OK, 64, 64 },
	{ "v6-jumbogram-short-udp", { .version = 6, .payload_bytes = 65520, .ip_length = TT_SAYS(0),
		.extensions = { TT_JUMBO(65544u), TT_DESTINATION_OPTIONS(8, 0) } },
		TT_VERDICT_OK, 64, 64 },

	/* IPv6, the fixed header. */
	{ "v6-version-4", { V6, .version_nibble = TT_SAYS(4) }, TT_VERDICT_BAD_VERSION, 1, 0 },
	{ "v6-length-beyond-wire", { V6, .ip_length = TT_SAYS(49) }, TT_VERDICT_BAD_LENGTH, 40, 0 },
	{ "v6-length-0", { V6, .ip_length = TT_SAYS(0) }, TT_VERDICT_BAD_LENGTH, 40, 0 },
	{ "v6-length-0-largest", { .version = 6, .payload_bytes = 65527, .ip_length = TT_SAYS(0) }, TT_VERDICT_BAD_LENGTH, 40, 0 },
	{ "v6-tcp", { V6, .protocol = TT_SAYS(6) }, TT_VERDICT_NOT_UDP, 40, 0 },
	{ "v6-icmp", { V6, .protocol = TT_SAYS(58) }, TT_VERDICT_NOT_UDP, 40, 0 },
	{ "v6-encrypted", { V6, .protocol = TT_SAYS(50) }, TT_VERDICT_NOT_UDP, 40, 0 },
	{ "v6-no-next-header", { .version = 6, .kept_bytes = TT_SAYS(0), .padding_bytes = 6, .protocol = TT_SAYS(59) },
		TT_VERDICT_NOT_UDP, 40, 0 },

	/* IPv6, the extension chain. */
	{ "v6-extension-tcp", { V6, .extensions = { TT_HOP_BY_HOP(8, 0) }, .protocol = TT_SAYS(6) },
		TT_VERDICT_NOT_UDP, 48, 0 },
	{ "v6-eight-extensions-tcp", { V6, .extensions = { EIGHT_HEADERS }, .protocol = TT_SAYS(6) },
		TT_VERDICT_NOT_UDP, 98, 0 },
	{ "v6-nine-extensions", { V6, .extensions = { EIGHT_HEADERS, TT_HIP(8) } }, TT_VERDICT_BAD_EXTENSION, 98, 0 },
	{ "v6-second-hop-by-hop", { V6, .extensions = { TT_HOP_BY_HOP(8, 0), TT_HOP_BY_HOP(8, 0) } },
		TT_VERDICT_BAD_EXTENSION, 48, 0 },
	{ "v6-late-hop-by-hop", { V6, .extensions = { TT_DESTINATION_OPTIONS(8, 0), TT_HOP_BY_HOP(8, 0) } },
		TT_VERDICT_BAD_EXTENSION, 42, 0 },
	{ "v6-extension-beyond-length", { V6,
		.extensions = { { .is_present = true, .kind = 60, .bytes = 8, .length = TT_SAYS(7) } } },
		TT_VERDICT_BAD_EXTENSION, 42, 0 },
	{ "v6-extension-takes-all", { V6,
		.extensions = { { .is_present = true, .kind = 60, .bytes = 8, .length = TT_SAYS(6) } } },
		TT_VERDICT_BAD_LENGTH, 42, 0 },
	{ "v6-extension-into-padding", { V6, .kept_bytes = TT_SAYS(1), .padding_bytes = 9, .protocol = TT_SAYS(60) },
		TT_VERDICT_BAD_EXTENSION, 40, 0 },
	{ "v6-extension-missing", { V6, .kept_bytes = TT_SAYS(0), .protocol = TT_SAYS(51) },
		TT_VERDICT_BAD_EXTENSION, 40, 0 },
	{ "v6-fragment-header-short", { V6, .kept_bytes = TT_SAYS(7), .protocol = TT_SAYS(44) },
		TT_VERDICT_BAD_EXTENSION, 40, 0 },
	{ "v6-udp-behind-no-room", { V6, .kept_bytes = TT_SAYS(0), .extensions = { TT_SHIM6(8) } },
		TT_VERDICT_BAD_LENGTH, 42, 0 },
	{ "v6-option-cut", { V6, .extensions = { TT_HOP_BY_HOP(8, 0, 0, 0, 0, 0, 5) } },
		TT_VERDICT_BAD_EXTENSION, 48, 0 },
	{ "v6-option-too-long", { V6, .extensions = { TT_HOP_BY_HOP(8, 5, 5) } }, TT_VERDICT_BAD_EXTENSION, 48, 0 },
	{ "v6-length-0-hop-by-hop", { V6, .ip_length = TT_SAYS(0), .extensions = { TT_HOP_BY_HOP(8, 0) } },
		TT_VERDICT_BAD_EXTENSION, 48, 0 },

	/* IPv6, fragments. */
	{ "v6-first-fragment", { V6, .extensions = { TT_FRAGMENT(0, 1) }, .udp_length = TT_SAYS(1448) },
		TT_VERDICT_FRAGMENT, 48, 56 },
	{ "v6-first-fragment-options", { V6, .extensions = { TT_FRAGMENT(0, 1), TT_DESTINATION_OPTIONS(8, 0) } },
		TT_VERDICT_FRAGMENT, 50, 64 },
	{ "v6-first-fragment-tiny", { V6, .kept_bytes = TT_SAYS(7), .extensions = { TT_FRAGMENT(0, 1) } },
		TT_VERDICT_FRAGMENT, 48, 0 },
	{ "v6-first-fragment-tcp", { V6, .extensions = { TT_FRAGMENT(0, 1) }, .protocol = TT_SAYS(6) },
		TT_VERDICT_NOT_UDP, 48, 0 },
	{ "v6-first-fragment-cut-chain", { .version = 6,
		.extensions = { TT_FRAGMENT(0, 1), { .is_present = true, .kind = 60, .bytes = 8, .length = TT_SAYS(2) } } },
		TT_VERDICT_BAD_EXTENSION, 50, 0 },
	{ "v6-middle-fragment", { V6, .extensions = { TT_FRAGMENT(1, 1) } }, TT_VERDICT_FRAGMENT, 48, 0 },
	{ "v6-last-fragment", { V6, .extensions = { TT_FRAGMENT(0x1fff, 0) } }, TT_VERDICT_FRAGMENT, 48, 0 },
	{ "v6-last-fragment-tcp", { V6, .extensions = { TT_FRAGMENT(181, 0) }, .protocol = TT_SAYS(6) },
		TT_VERDICT_FRAGMENT, 48, 0 },

	/* IPv6, jumbo options that are wrong. */
	{ "v6-jumbo-unneeded", { V6, .extensions = { TT_JUMBO(65536u) } }, TT_VERDICT_BAD_LENGTH, 48, 0 },
	{ "v6-jumbo-and-length", { .version = 6, .payload_bytes = 65600, .ip_length = TT_SAYS(100), .udp_length = TT_SAYS(0),
		.extensions = { TT_JUMBO(65616u) } }, TT_VERDICT_BAD_LENGTH, 48, 0 },
	{ "v6-jumbo-one-too-long", { .version = 6, BIG, .extensions = { TT_JUMBO(65617u) } }, TT_VERDICT_BAD_LENGTH, 48, 0 },
	{ "v6-jumbo-too-small", { .version = 6, .payload_bytes = 65519, .ip_length = TT_SAYS(0),
		.extensions = { TT_JUMBO(65535u) } },
		TT_VERDICT_BAD_LENGTH, 48, 0 },
	{ "v6-jumbo-beyond-wire", { V6, .ip_length = TT_SAYS(0), .extensions = { TT_JUMBO(65536u) } },
		TT_VERDICT_BAD_LENGTH, 48, 0 },
	{ "v6-jumbo-wraps", { V6, .ip_length = TT_SAYS(0), .extensions = { TT_JUMBO(0xffffffffu) } },
		TT_VERDICT_BAD_LENGTH, 48, 0 },
	{ "v6-jumbo-misaligned", { .version = 6, BIG, .extensions = { TT_HOP_BY_HOP(16, 0, 0xc2, 4, 0, 1, 0, 0x58) } },
		TT_VERDICT_BAD_EXTENSION, 56, 0 },
	{ "v6-jumbo-option-short", { .version = 6, BIG, .extensions = { TT_HOP_BY_HOP(8, 0xc2, 3, 1, 0, 0, 0) } },
		TT_VERDICT_BAD_EXTENSION, 48, 0 },
	{ "v6-jumbo-fragment", { .version = 6, BIG, .extensions = { TT_JUMBO(65624u), TT_FRAGMENT(0, 0) } },
		TT_VERDICT_BAD_EXTENSION, 56, 0 },
	{ "v6-jumbo-udp-length-0", { .version = 6, .payload_bytes = 65520, .ip_length = TT_SAYS(0),
		.udp_length = TT_SAYS(0), .extensions = { TT_JUMBO(65544u), TT_DESTINATION_OPTIONS(8, 0) } },
		TT_VERDICT_BAD_LENGTH, 64, 64 },

	/* IPv6, the UDP header. */
	{ "v6-udp-cut-by-length", { V6, .kept_bytes = TT_SAYS(7) }, TT_VERDICT_BAD_LENGTH, 40, 0 },
	{ "v6-udp-length-0", { V6, .udp_length = TT_SAYS(0) }, TT_VERDICT_BAD_LENGTH, 48, 48 },
	{ "v6-udp-length-7", { V6, .udp_length = TT_SAYS(7) }, TT_VERDICT_BAD_LENGTH, 48, 48 },
	{ "v6-udp-length-into-padding", { V6, .udp_length = TT_SAYS(49), .padding_bytes = 8 },
		TT_VERDICT_BAD_LENGTH, 48, 48 },
};
/* clang-format on */

const size_t tt_packet_shapes_count = sizeof(tt_packet_shapes) / sizeof(tt_packet_shapes[0]);
