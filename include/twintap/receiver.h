/* SPDX-License-Identifier: MIT */

/**
 * @file receiver.h
 * @brief Receive IPv4 and IPv6 UDP, with its headers, on one endpoint.
 *
 * A receiver owns two packet sockets, one a family, their rings and one filter in the kernel;
 * a third socket if it also takes what this host sends.
 * It hands datagrams to handlers and outputs, and accounts for each packet. Run
 * it with tt_receiver_run(), or wait for its worker's descriptor in a loop of
 * your own and call tt_worker_dispatch(), or pull with tt_worker_receive().
 *
 * Threads: a worker belongs to the thread that drives it. Functions marked *any*
 * may be called from others meanwhile, until tt_receiver_free() begins. Nothing here
 * starts a thread, but for tt_receiver_new() with a network namespace, which has joined it
 * when it returns. A child that fork(2) makes must not touch a receiver: it has the
 * descriptors, but not the rings.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "twintap/accounting.h"
#include "twintap/api.h"
#include "twintap/datagram.h"
#include "twintap/error.h"
#include "twintap/handler.h"
#include "twintap/link.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tt_worker;

/** @brief Bits of tt_receiver_opts.flags. */
enum tt_receiver_flag {
	/** No IPv6 socket. Not together with TT_RECEIVER_IPV6_ONLY. */
	TT_RECEIVER_IPV4_ONLY = 1 << 0,
	/** No IPv4 socket. */
	TT_RECEIVER_IPV6_ONLY = 1 << 1,
	/** Switch the interfaces to promiscuous mode and accept what is for other hosts on the link. */
	TT_RECEIVER_PROMISCUOUS = 1 << 2,
	/** Handlers and outputs also take datagrams whose destination is not an address of this host. */
	TT_RECEIVER_NOT_LOCAL = 1 << 3,
	/** Take no fragment. Else those of datagrams whose first fragment is wanted are taken. */
	TT_RECEIVER_NO_FRAGMENTS = 1 << 4,
	/** Verify UDP checksums: wrong ones are TT_VERDICT_BAD_CHECKSUM. Costs a look at each byte. */
	TT_RECEIVER_VERIFY_CHECKSUMS = 1 << 5,
	/**
	 * Give datagrams in the order of their stamps, across sockets and files, which else come
	 * one after the other. Live ones wait some 12 ms for that.
	 */
	TT_RECEIVER_ORDERED = 1 << 6,
	/**
	 * Take also what this host sends, by a third socket. Each packet is seen once on each
	 * interface that it leaves by: on a VLAN, a bond or a bridge, and on the device below
	 * it. Not on the loopback, where all that is sent comes in. None of it counts as local,
	 * and outputs take it nevertheless. Checksums are mostly left to the device
	 * (TT_DATAGRAM_CHECKSUM_PARTIAL).
	 */
	TT_RECEIVER_OUTGOING = 1 << 7,
	/** With TT_RECEIVER_OUTGOING: nothing else. Not together with TT_RECEIVER_PROMISCUOUS. */
	TT_RECEIVER_NO_INCOMING = 1 << 8,
};

enum {
	TT_RING_BYTES_DEFAULT = 16 << 20, /**< Ring of one socket. */
	TT_RING_BYTES_MIN = 256 << 10,    /**< Two blocks that a datagram of any size fits in. */
	TT_INTERFACES_MAX = 256,          /**< Interfaces of one receiver. */
	TT_ROUTES_MAX = 255,              /**< Handlers of one receiver. */
	TT_FILES_MERGED_MAX = 256,  /**< Trace files that are read with TT_RECEIVER_ORDERED. */
	TT_SNAP_BYTES_MIN = 48,     /**< An IPv6 and a UDP header. */
	TT_SNAP_BYTES_MAX = 262144, /**< More than the largest packet: nothing is cut. */
};

/** Instead of a snap length: the IP and UDP headers of each packet, and nothing behind them. */
#define TT_SNAP_HEADERS UINT32_MAX

/** Largest ring of one socket that may be asked for, in bytes. */
#define TT_RING_BYTES_MAX (UINT64_C(4) << 30)

/** @brief What is optional about a receiver; zero means the default everywhere. */
struct tt_receiver_opts {
	size_t size;                   /**< sizeof(struct tt_receiver_opts). */
	const char *const *interfaces; /**< Names; copied. */
	size_t interfaces_count;       /**< At most TT_INTERFACES_MAX; 0: all interfaces. */
	uint64_t ring_bytes;           /**< Ring of one socket; 0: TT_RING_BYTES_DEFAULT. */
	uint64_t flags;                /**< enum tt_receiver_flag */
	uint32_t port_side;            /**< enum tt_port_side */
	uint32_t verdicts;      /**< Verdicts that handlers take, as TT_VERDICT_BIT(); 0: OK. */
	const char *expression; /**< As for tt_receiver_set_expression(); NULL: none. Copied. */
	uint32_t snap_bytes;    /**< As for tt_receiver_set_snap_bytes(). */
	uint32_t reserved;      /**< Zero. */
	/**
	 * Trace files to read instead of receiving, pcap or pcapng; "-" is standard input. Copied.
	 * What live receivers have options for beyond filters does not apply, and nothing is local.
	 */
	const char *const *files;
	size_t files_count; /**< 0: receive. */
	/**
	 * The network namespace to receive in: a name that ip-netns(8) knows; a path, which has a
	 * slash in it; the number of a process, in digits. NULL: the calling thread's. Interfaces
	 * are those of that namespace. It lives on as long as the receiver, whatever becomes of
	 * its name and its processes; host names in expressions are looked up from here. Read by
	 * tt_receiver_new() only. Not together with files.
	 */
	const char *network_namespace;
};

/** @brief Options with some fields set, in C: &TT_RECEIVER_OPTS(.ring_bytes = 1 << 20). */
#define TT_RECEIVER_OPTS(...) \
	((struct tt_receiver_opts){ .size = sizeof(struct tt_receiver_opts), __VA_ARGS__ })

/** @brief Options with no field set, in C and C++. */
#define TT_RECEIVER_OPTS_INIT                                                       \
	{                                                                           \
		sizeof(struct tt_receiver_opts), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
	}

/**
 * @brief Open a receiver.
 *
 * Everything that can fail for lack of privilege, memory or an interface fails
 * here. Nothing is received before tt_receiver_start().
 *
 * With opts->files it reads traces instead, by the same conditions: it ends when they are read,
 * needs no privilege, and one that is damaged, or no trace, is told of behind all before the
 * damage: tt_worker_dispatch() returns that failure and goes on with the next file,
 * tt_receiver_run() returns the first one at the end.
 *
 * @param[out] ret_receiver  The receiver; free it with tt_receiver_free().
 * @param ports    Wanted ports: numbers, ranges and service names, as in
 *                 "53,5000-5100,ntp"; NULL for every UDP port. Copied.
 * @param handler  Gets the datagrams of these ports; NULL for none: then outputs, routes
 *                 or tt_worker_receive() take them.
 * @param context  Handed to the handler.
 * @param opts     Options; NULL for the defaults. Copied.
 * @param[out] reterr  What failed, and the remedy; may be NULL.
 *
 * @return 0; -EINVAL for bad ports, a bad expression or bad options; -E2BIG for options of a
 *         newer version; for files, what open(2) says; -ENODEV for an unknown interface; -EBUSY
 *         for one that is a port of a bridge or a bond, whose packets only its master sees;
 *         -EPERM without CAP_NET_RAW, or for another network namespace without CAP_SYS_ADMIN;
 *         -ENOENT for a network namespace that is not there;
 *         -ENOMEM when not even the smallest ring could be had; what
 *         else socket(2), bind(2) and bpf(2) say.
 * @thread any   @since 0.1
 */
TT_API int tt_receiver_new(struct tt_receiver **ret_receiver, const char *ports,
			   tt_handler_fn *handler, void *context,
			   const struct tt_receiver_opts *opts, struct tt_error *reterr);

/**
 * @brief Why the filter in the kernel is a classic one, in words, and the remedy.
 *
 * Without CAP_BPF, or where bpf(2) is forbidden, the kernel's filter is classic BPF. It takes
 * more than is wanted where it has no room to say it exactly, the rest is left out afterwards
 * (tt_source_accounting.narrowed), and it counts nothing: seen and rejected are TT_UNKNOWN.
 *
 * @return The words, which live as long as the receiver; NULL: the filter is exact.
 * @thread any   @since 0.1
 */
TT_API const char *tt_receiver_fallback_reason(const struct tt_receiver *receiver);

/**
 * @brief Release everything; what the rings still hold is lost.
 * @param receiver  May be NULL. Not from within a handler.
 * @thread stopped   @since 0.1
 */
TT_API void tt_receiver_free(struct tt_receiver *receiver);

/**
 * @brief Open the gate: from here on packets count.
 *
 * Implied by the first run, dispatch or receive; call it before you wait for a
 * worker's descriptor. Calling it again does nothing.
 *
 * @return 0; -ESHUTDOWN once it has begun to end; -ENOMEM.
 * @thread owner   @since 0.1
 */
TT_API int tt_receiver_start(struct tt_receiver *receiver);

/**
 * @brief Receive until tt_receiver_stop(), a handler's TT_STOP, or a failure.
 *
 * The calling thread drives the worker. Before it returns the gate is closed and
 * what the rings hold is delivered, so that the account is final.
 *
 * @return 0; the negative status that a handler or output ended it with; -ENODEV when the
 *         only interface was removed; -ESHUTDOWN when it had ended before.
 * @thread owner   @since 0.1
 */
TT_API int tt_receiver_run(struct tt_receiver *receiver, struct tt_error *reterr);

/**
 * @brief Ask for the end: close the gate, deliver what the rings hold, then stop.
 *
 * Returns at once. Delivering takes at most 5 seconds, besides the time that
 * handlers and outputs take; what is left then is counted as dropped.
 *
 * @return 0; -EINVAL without a receiver.
 * @thread any; safe in a signal handler   @since 0.1
 */
TT_API int tt_receiver_stop(struct tt_receiver *receiver);

/**
 * @brief Ask for the end now: as tt_receiver_stop(), but what the rings hold is dropped.
 *
 * A handler or a write to an output that is under way is waited for.
 *
 * @return 0; -EINVAL without a receiver.
 * @thread any; safe in a signal handler   @since 0.1
 */
TT_API int tt_receiver_abort(struct tt_receiver *receiver);

/**
 * @brief Route ports to a handler of their own.
 *
 * The kernel's filter is widened by them. A port that had a route gets the new one.
 *
 * @return 0; -EINVAL for bad ports or a NULL handler; -ENOSPC after TT_ROUTES_MAX routes
 *         or TT_OUTPUTS_MAX outputs; -EBUSY for a receiver that was started without a
 *         handler or route; -ENOMEM; what setsockopt(2) says of a classic filter: ports lead
 *         where they did then; what membarrier(2) says: the route is there then.
 * @thread any   @since 0.1
 */
TT_API int tt_receiver_add_route(struct tt_receiver *receiver, const char *ports,
				 tt_handler_fn *handler, void *context, struct tt_error *reterr);

/**
 * @brief Replace the ports given to tt_receiver_new(), while it runs.
 *
 * When it returns, only the new set counts: a packet that arrives is judged by it.
 * Of a port that is in both sets nothing is lost. Datagrams of a port that was
 * removed, still in the ring, are withheld from handlers as having no route.
 * The next generation begins: tt_datagram.generation tells which conditions took a datagram,
 * 1 for those of tt_receiver_new(), and it meets them. While the change takes effect, one
 * that both take is of either, but within a flow generations only rise; what comes after the
 * return is of the newer.
 * It waits for packets under way in the kernel, for up to some tens of milliseconds.
 *
 * @param ports  As in tt_receiver_new().
 * @return 0; -EINVAL for bad ports; what membarrier(2) says: then the new set counts too,
 *         but packets under way were not waited for.
 * @thread any   @since 0.1
 */
TT_API int tt_receiver_set_ports(struct tt_receiver *receiver, const char *ports,
				 struct tt_error *reterr);

/**
 * @brief Narrow what is received by an expression, or take the narrowing back.
 *
 * The words are those of pcap-filter(7), over the IP header and above: "src net 192.0.2.0/24
 * and udp[8] = 1". They are compiled as for packets without a link layer, run in the kernel,
 * and judge what the ports let through; fragments go the way of their first. The guarantees
 * are those of tt_receiver_set_ports().
 *
 * Of a receiver that reads files nothing changes once it was started: -EBUSY, from this and
 * the other setters.
 *
 * @param expression  NULL or "": none. Host names in it are looked up here and now.
 * @return 0; -EINVAL for an expression that has no meaning, or none without a link layer, or
 *         that no packet could meet; -E2BIG for one too long for the kernel; -ENOMEM; what
 *         bpf(2) says, nothing being changed; what membarrier(2) says: then the new one
 *         counts, but packets under way were not waited for.
 * @thread any   @since 0.1
 */
TT_API int tt_receiver_set_expression(struct tt_receiver *receiver, const char *expression,
				      struct tt_error *reterr);

/**
 * @brief Set how much of each packet is captured, from the IP header on.
 *
 * What is cut has fewer payload_captured_bytes than payload_bytes and the flag
 * TT_DATAGRAM_PAYLOAD_CUT. The guarantees are those of tt_receiver_set_ports().
 *
 * @param snap_bytes  TT_SNAP_BYTES_MIN to TT_SNAP_BYTES_MAX bytes; 0: TT_SNAP_BYTES_MAX;
 *                    TT_SNAP_HEADERS: up to the end of the UDP header.
 * @return 0; -EINVAL outside the range; as tt_receiver_set_ports().
 * @thread any   @since 0.1
 */
TT_API int tt_receiver_set_snap_bytes(struct tt_receiver *receiver, uint32_t snap_bytes,
				      struct tt_error *reterr);

/**
 * @brief Find an interface by its name, in the network namespace of the receiver.
 *
 * @param name           1 to 15 bytes.
 * @param[out] ret_link  The interface as it is now; untouched on failure.
 * @return As tt_link_find(); -EINVAL for a receiver that reads files.
 * @thread owner   @since 0.1
 */
TT_API int tt_receiver_find_link(struct tt_receiver *receiver, const char *name,
				 struct tt_link *ret_link, struct tt_error *reterr);

/** @brief How an output writes. */
enum tt_format {
	TT_FORMAT_TEXT = 1, /**< A line of words a datagram. */
	TT_FORMAT_JSON,     /**< A JSON object a line. */
};

/** @brief Bits of tt_output_opts.flags. */
enum tt_output_flag {
	TT_OUTPUT_PAYLOAD = 1 << 0, /**< Add the captured payload in hexadecimal. */
	TT_OUTPUT_BUFFERED =
		1 << 1, /**< Write when the buffer is full, not whenever the ring is empty. */
};

/** @brief What is optional about an output; zero means the default everywhere. */
struct tt_output_opts {
	size_t size;        /**< sizeof(struct tt_output_opts). */
	const char *name;   /**< Its name in the account; NULL: the format's. Copied. */
	uint64_t count_max; /**< End after so many datagrams; 0: no end. */
	uint64_t flags;     /**< enum tt_output_flag */
	uint32_t verdicts;  /**< Verdicts that it takes, as TT_VERDICT_BIT(); 0: OK. */
	uint32_t reserved;  /**< Zero. */
};

/** @brief Options with some fields set, in C. */
#define TT_OUTPUT_OPTS(...) \
	((struct tt_output_opts){ .size = sizeof(struct tt_output_opts), __VA_ARGS__ })

/** @brief Options with no field set, in C and C++. */
#define TT_OUTPUT_OPTS_INIT                                  \
	{                                                    \
		sizeof(struct tt_output_opts), 0, 0, 0, 0, 0 \
	}

/**
 * @brief Write datagrams to a descriptor, besides what handlers do.
 *
 * A write that has to wait makes the receiver wait; the ring takes what arrives
 * meanwhile. When every output and handler has ended, so does the run.
 *
 * @param fd      Where to; borrowed, must stay open until tt_receiver_free(). Blocking.
 * @param format  enum tt_format
 * @param opts    Options; NULL for the defaults. Copied.
 * @return 0; -EINVAL; -E2BIG; -ENOSPC after TT_OUTPUTS_MAX outputs; -ENOMEM;
 *         -EBUSY after tt_receiver_start().
 * @thread owner   @since 0.1
 */
TT_API int tt_receiver_add_output(struct tt_receiver *receiver, int fd, unsigned int format,
				  const struct tt_output_opts *opts, struct tt_error *reterr);

/**
 * @brief How much of its trace files a receiver has read.
 *
 * @param[out] ret_done_bytes  Bytes that were read.
 * @param[out] ret_all_bytes   Bytes of all files; 0: unknown, as with a pipe.
 * @return 0; -EINVAL for a NULL pointer or a receiver that reads no files.
 * @thread owner   @since 0.1
 */
TT_API int tt_receiver_progress(const struct tt_receiver *receiver, uint64_t *ret_done_bytes,
				uint64_t *ret_all_bytes);

/**
 * @brief Take the account, now or after the end.
 *
 * @param[in,out] accounting  Its size field says how much to fill in.
 * @return 0; -EINVAL for a size that holds no source; what the kernel's statistics calls say.
 * @thread owner   @since 0.1
 */
TT_API int tt_receiver_accounting(struct tt_receiver *receiver, struct tt_accounting *accounting);

/** @brief How many workers there are: 1. @thread any @since 0.1 */
TT_API size_t tt_receiver_workers_count(const struct tt_receiver *receiver);

/**
 * @brief One worker; it lives as long as the receiver.
 * @return The worker; NULL for an index that is not below the count.
 * @thread any   @since 0.1
 */
TT_API struct tt_worker *tt_receiver_worker(struct tt_receiver *receiver, size_t worker_index);

/**
 * @brief The descriptor to wait for: readable when tt_worker_dispatch() has work.
 *
 * Use it with poll(2) or epoll(7), level- or edge-triggered; do nothing else with it.
 * Edge-triggered, call tt_worker_dispatch() until it says TT_EMPTY.
 * @thread any   @since 0.1
 */
TT_API int tt_worker_fd(const struct tt_worker *worker);

/**
 * @brief Handle what is there, without waiting.
 *
 * After a stop was asked for it goes on as before until the rings are empty.
 *
 * @param batches_max  At most so many batches of up to 64 datagrams; 0: until none is left.
 * @param[out] reterr  What failed; may be NULL.
 * @return 0 when more may be there; TT_EMPTY when nothing was left; TT_STOP once all is
 *         delivered after a stop, the account being final; a negative status as tt_receiver_run(),
 *         which then ends as after a stop: call it until TT_STOP for a final account.
 * @thread owner   @since 0.1
 */
TT_API int tt_worker_dispatch(struct tt_worker *worker, size_t batches_max,
			      struct tt_error *reterr);

/**
 * @brief Pull datagrams instead of having them handed to a handler.
 *
 * For receivers started without handlers and outputs. Filters by verdict and locality as
 * handlers do. Pull until TT_EMPTY before you wait for the worker's descriptor.
 *
 * @param timeout_ms          0: do not wait; -1: no limit.
 * @param[out] ret_datagrams  One or more; borrowed until the next call for this worker.
 * @param[out] ret_count      How many; 0 with a positive outcome.
 * @return 0; TT_EMPTY when the time passed; TT_STOP after a stop, once all was pulled; -EBUSY
 *         for a receiver that hands them to others; a negative status as tt_receiver_run().
 * @thread owner   @since 0.1
 */
TT_API int tt_worker_receive(struct tt_worker *worker, int timeout_ms,
			     const struct tt_datagram **ret_datagrams, size_t *ret_count,
			     struct tt_error *reterr);

#ifdef __cplusplus
}
#endif
