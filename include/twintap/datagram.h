/* SPDX-License-Identifier: MIT */

/**
 * @file datagram.h
 * @brief A UDP datagram with its IP and UDP headers, as a value.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "twintap/address.h"
#include "twintap/api.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief What was found when the headers were read. It is no error: the datagram is there. */
enum tt_verdict {
	TT_VERDICT_OK,                /**< Both headers are sound. */
	TT_VERDICT_TRUNCATED,         /**< The capture ends inside the headers. */
	TT_VERDICT_BAD_VERSION,       /**< The IP version does not fit the link's protocol. */
	TT_VERDICT_BAD_HEADER_LENGTH, /**< An IPv4 header length below 20 bytes. */
	TT_VERDICT_BAD_LENGTH,        /**< Lengths contradict: IP, UDP and what arrived. */
	TT_VERDICT_NOT_UDP,           /**< Another protocol, or none. */
	TT_VERDICT_FRAGMENT,          /**< A part of a fragmented datagram. */
	TT_VERDICT_BAD_EXTENSION,     /**< An IPv6 extension chain that is malformed or too long. */
	TT_VERDICT_BAD_CHECKSUM,      /**< The UDP checksum was verified and is wrong. */
	TT_VERDICT_COUNT,
};

/** @brief The bit of a verdict in a set of verdicts. */
#define TT_VERDICT_BIT(verdict) (UINT32_C(1) << (verdict))

/** @brief Every verdict, as a set. */
#define TT_VERDICT_ALL (TT_VERDICT_BIT(TT_VERDICT_COUNT) - 1)

/** @brief How the link delivered it; the values are the kernel's PACKET_HOST and so on. */
enum tt_packet_type {
	TT_PACKET_HOST, /**< Addressed to this host on the link. A router's transit traffic too. */
	TT_PACKET_BROADCAST, /**< A link-layer broadcast. */
	TT_PACKET_MULTICAST, /**< A link-layer multicast. */
	TT_PACKET_OTHERHOST, /**< Addressed to another host; seen in promiscuous mode. */
	TT_PACKET_OUTGOING,  /**< Sent by this host. */
	TT_PACKET_TYPE_COUNT,
};

/** @brief Bits of tt_datagram.flags. */
enum tt_datagram_flag {
	/** The destination is an address of this host, or a group that it joined. */
	TT_DATAGRAM_LOCAL = 1 << 0,
	/** The payload was cut by the capture's own snap length; the headers are whole. */
	TT_DATAGRAM_PAYLOAD_CUT = 1 << 1,
	/** The checksum is still to be filled in by hardware: it is no sign of corruption. */
	TT_DATAGRAM_CHECKSUM_PARTIAL = 1 << 2,
	/** The kernel or the hardware has verified the UDP checksum. */
	TT_DATAGRAM_CHECKSUM_VALID = 1 << 3,
};

/**
 * @brief One datagram; 128 bytes, for ever.
 *
 * A handler borrows it, and the bytes that it points to, until the handler
 * returns; tt_datagram_copy() keeps one. What the verdict leaves unknown is zero.
 */
struct tt_datagram {
	const uint8_t *packet;    /**< The IP header. */
	uint32_t packet_bytes;    /**< Captured bytes from packet on; link padding included. */
	uint32_t wire_bytes;      /**< The same on the wire: more, if the capture cut it. */
	int64_t time_ns;          /**< When the kernel stamped it, since 1970, UTC. */
	uint32_t interface_index; /**< Where it was seen. */
	uint8_t version;          /**< 4 or 6, by the link's protocol; else 0. */
	uint8_t packet_type;      /**< enum tt_packet_type */
	uint16_t flags;           /**< enum tt_datagram_flag */
	const uint8_t *payload;   /**< Behind the UDP header; NULL unless OK or BAD_CHECKSUM. */
	uint32_t payload_bytes;   /**< The payload's length by the UDP header. */
	uint32_t payload_captured_bytes; /**< How much of it was captured. */
	struct tt_address source;      /**< With its port; link-local ones with their interface. */
	struct tt_address destination; /**< As source. */
	uint32_t flow_label;           /**< IPv6: 20 bits. */
	uint32_t segment_bytes;        /**< Size of a segment of an aggregate; 0: it is none. */
	uint16_t id;                   /**< IPv4: the identification field. */
	uint16_t udp_checksum;         /**< As in the header, in the machine's byte order. */
	uint16_t worker_index;         /**< Which worker took it. */
	uint8_t hop_limit;             /**< IPv4: time to live. */
	uint8_t dscp;                  /**< Upper 6 bits of the traffic class. */
	uint8_t ecn;                   /**< Lower 2 bits of the traffic class. */
	uint8_t verdict;               /**< enum tt_verdict */
	uint8_t reserved[2];           /**< Zero. */
	uint32_t generation;           /**< Of the conditions that took it; 0: unknown. */
};

/**
 * @brief Read one IP packet that holds a UDP datagram, from memory.
 *
 * Version, addresses, lengths and verdict are filled in; what only a capture
 * knows (time, interface, packet type, worker) stays zero.
 *
 * @param packet             The IP header and what follows; borrowed by the result.
 * @param packet_bytes       How much there is; the packet's own length on the wire too.
 *                           Nothing is looked at beyond 4 GiB - 1.
 * @param[out] ret_datagram  The datagram.
 * @return 0, whatever the verdict; -EINVAL for a NULL pointer.
 * @thread any   @since 0.1
 */
TT_API int tt_datagram_decode(const void *packet, size_t packet_bytes,
			      struct tt_datagram *ret_datagram);

/**
 * @brief Keep a datagram beyond its handler: copy it and its captured bytes.
 *
 * @param datagram       The datagram to keep; borrowed.
 * @param buffer         Where its packet_bytes go; the copy borrows it.
 * @param buffer_bytes   How much room there is.
 * @param[out] ret_copy  The copy, pointing into the buffer; untouched on failure.
 * @return 0; -ENOSPC when the buffer holds fewer than packet_bytes; -EINVAL for a NULL pointer.
 * @thread any   @since 0.1
 */
TT_API int tt_datagram_copy(const struct tt_datagram *datagram, void *buffer, size_t buffer_bytes,
			    struct tt_datagram *ret_copy);

/**
 * @brief Length of the IP packet by its own header, in bytes.
 *
 * Without the link's padding, and whatever the capture cut. Jumbograms and
 * aggregates, whose header says 0, have the length on the wire.
 *
 * @return The length; 0 when the header is too short or of no known version to say.
 * @thread any   @since 0.1
 */
TT_API uint32_t tt_datagram_length(const struct tt_datagram *datagram);

/** @brief "ok", "bad_length"…, as in text and JSON; "unknown" outside the enum. @thread any @since 0.1 */
TT_API const char *tt_verdict_name(unsigned int verdict);

/** @brief "host", "otherhost"…; "unknown" outside the enum. @thread any @since 0.1 */
TT_API const char *tt_packet_type_name(unsigned int packet_type);

#ifdef __cplusplus
}
#endif
