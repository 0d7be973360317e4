/* SPDX-License-Identifier: MIT */

/**
 * @file accounting.h
 * @brief Where every packet went.
 *
 * Four equations hold exactly in the final accounting, when the capture is at
 * rest behind its closed gate; a sample taken before is monotone and approximate:
 *
 *     seen      = sum of rejected + accepted        (the kernel's filter)
 *     accepted  = ring_dropped + narrowed + delivered          (the ring)
 *     delivered = sum of verdicts                   (the headers)
 *     delivered = sum of withheld + given           (each output, over all sources)
 *     given     = written + dropped                 (each output)
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "twintap/api.h"
#include "twintap/datagram.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief A count that nobody could take: not the same as 0. */
#define TT_UNKNOWN UINT64_MAX

/** @brief Where datagrams come from. */
enum tt_source_kind {
	TT_SOURCE_IPV4,     /**< The IPv4 packet sockets. */
	TT_SOURCE_IPV6,     /**< The IPv6 packet sockets. */
	TT_SOURCE_OUTGOING, /**< The sockets that see what this host sends. */
	TT_SOURCE_FILE,     /**< Trace files. */
	TT_SOURCE_KIND_COUNT,
};

/** @brief What the filter in the kernel is. */
enum tt_filter_kind {
	TT_FILTER_EBPF, /**< Exact, and it counts. */
	/** Without CAP_BPF: seen and rejected are TT_UNKNOWN, and more is narrowed afterwards. */
	TT_FILTER_CLASSIC,
	TT_FILTER_USER, /**< None: what trace files hold is judged as it is read. Exact. */
	TT_FILTER_KIND_COUNT,
};

/** @brief Why the kernel's filter left a packet out; one reason a packet. */
enum tt_reject {
	TT_REJECT_PACKET_TYPE, /**< For another host, or sent by this one. */
	TT_REJECT_INTERFACE,   /**< Seen on an interface that was not chosen. */
	TT_REJECT_NOT_UDP,     /**< Another protocol. */
	TT_REJECT_PORT,        /**< Neither port is wanted. */
	TT_REJECT_EXPRESSION,  /**< The filter expression said no. */
	TT_REJECT_FRAGMENT,    /**< A fragment without a UDP header. */
	TT_REJECT_MALFORMED,   /**< Headers so broken that no port could be read. */
	TT_REJECT_COUNT,
};

/** @brief Why an output was not given a delivered datagram. */
enum tt_withheld {
	TT_WITHHELD_VERDICT,   /**< The output does not take that verdict. */
	TT_WITHHELD_NOT_LOCAL, /**< The output takes only what is addressed to this host. */
	TT_WITHHELD_NO_ROUTE,  /**< No handler is routed for the port. */
	TT_WITHHELD_LIMIT, /**< The output had ended: its limit was reached, or it asked to stop. */
	TT_WITHHELD_COUNT,
};

enum {
	TT_COUNTERS_ROOM = 16,      /**< Room for reasons and verdicts to come. */
	TT_OUTPUTS_MAX = 16,        /**< Outputs of one receiver, its handlers being one. */
	TT_OUTPUT_NAME_BYTES = 112, /**< Room for an output's name and its NUL. */
};

/** @brief The account of one source; 64-bit counts of packets unless said otherwise. */
struct tt_source_accounting {
	uint64_t is_present;                 /**< 1 when this source is part of the capture. */
	uint64_t seen;                       /**< Came to the filter while the gate was open. */
	uint64_t rejected[TT_COUNTERS_ROOM]; /**< By enum tt_reject. */
	uint64_t accepted;                   /**< The filter said yes. */
	uint64_t ring_dropped;               /**< Accepted, but the ring was full. */
	uint64_t
		narrowed; /**< Taken by a classic filter, which takes too much, and left out then. */
	uint64_t delivered;                  /**< Taken from the ring, and wanted. */
	uint64_t verdicts[TT_COUNTERS_ROOM]; /**< Delivered, by enum tt_verdict. */
	uint64_t payload_cut;                /**< Delivered with less than the whole payload. */
	uint64_t ring_freezes;               /**< How often the ring had no room left. */
	uint64_t ring_bytes;                 /**< Memory of its rings, as obtained; bytes. */
	uint64_t fragments_late; /**< Of rejected or narrowed: came too long after their first. */
	uint64_t late;           /**< Of those put in order: came behind one with a later stamp. */
	uint64_t reserved[5];    /**< Zero. */
};

/** @brief The account of one output. */
struct tt_output_accounting {
	char name[TT_OUTPUT_NAME_BYTES];
	uint64_t withheld[TT_COUNTERS_ROOM]; /**< By enum tt_withheld. */
	uint64_t given;                      /**< Handed to the output. */
	uint64_t written;                    /**< Given, and handled or written completely. */
	uint64_t dropped;     /**< Given, but lost by a failing output or an early end. */
	uint64_t bytes;       /**< Bytes written; 0 for a handler. */
	uint64_t reserved[6]; /**< Zero. */
};

/**
 * @brief The whole account.
 *
 * It grows at its end only: size says how much of it the caller knows.
 */
struct tt_accounting {
	size_t size;       /**< sizeof(struct tt_accounting), set by the caller. */
	uint64_t is_final; /**< 1 once the capture is at rest and the equations are exact. */
	uint64_t
		nic_dropped; /**< Lost by the interfaces' hardware and drivers; may be TT_UNKNOWN. */
	uint64_t filter_kind; /**< enum tt_filter_kind */
	uint64_t outputs_count;
	struct tt_source_accounting sources[TT_SOURCE_KIND_COUNT];
	struct tt_output_accounting outputs[TT_OUTPUTS_MAX];
};

/** @brief "ipv4", "ipv6", "outgoing", "file"; "unknown" outside the enum. @thread any @since 0.1 */
TT_API const char *tt_source_kind_name(unsigned int kind);

/** @brief "packet_type", "port"…; "unknown" outside the enum. @thread any @since 0.1 */
TT_API const char *tt_reject_name(unsigned int reject);

/** @brief "ebpf", "classic", "user"; "unknown" outside the enum. @thread any @since 0.1 */
TT_API const char *tt_filter_kind_name(unsigned int kind);

/** @brief "verdict", "no_route"…; "unknown" outside the enum. @thread any @since 0.1 */
TT_API const char *tt_withheld_name(unsigned int withheld);

/**
 * @brief Write an account as one JSON object.
 *
 * Counts that are TT_UNKNOWN are null, and so is a sum of several sources with such a
 * part. Sources and outputs beyond the account's size field are left out.
 *
 * @param accounting       The account; borrowed.
 * @param text             Room for the object and a NUL.
 * @param text_bytes       How much room; TT_ACCOUNTING_JSON_BYTES is always enough.
 * @param[out] ret_length  Its length, without the NUL.
 * @return 0; -ENOSPC when the room is too small, which then holds the beginning and a NUL;
 *         -EINVAL for a NULL pointer, a size that holds no source, or more outputs than
 *         TT_OUTPUTS_MAX; -E2BIG for an account of a newer version that says more.
 * @thread any   @since 0.1
 */
TT_API int tt_accounting_format_json(const struct tt_accounting *accounting, char *text,
				     size_t text_bytes, size_t *ret_length);

/** Room for any account as JSON, in bytes. */
#define TT_ACCOUNTING_JSON_BYTES 32768

/**
 * @brief Write an account as metrics in the text exposition format 0.0.4 of Prometheus.
 *
 * Each metric has its "# HELP" and "# TYPE"; the last line ends with a newline. Counts that are
 * TT_UNKNOWN are left out, and a metric without any with them. What was named by others is valid
 * UTF-8 without control characters: any other byte of it reads as \xNN. Outputs of one name are
 * told apart by the label "number", which the second and those after it have.
 *
 * @param accounting       The account; borrowed.
 * @param text             Room for the text and a NUL.
 * @param text_bytes       How much room; TT_ACCOUNTING_PROMETHEUS_BYTES is always enough.
 * @param[out] ret_length  Its length, without the NUL.
 * @return As tt_accounting_format_json().
 * @thread any   @since 0.1
 */
TT_API int tt_accounting_format_prometheus(const struct tt_accounting *accounting, char *text,
					   size_t text_bytes, size_t *ret_length);

/** Room for any account as metrics, in bytes. */
#define TT_ACCOUNTING_PROMETHEUS_BYTES 131072

#ifdef __cplusplus
}
#endif
