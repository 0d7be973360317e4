/* SPDX-License-Identifier: MIT */

/**
 * @file trace.h
 * @brief Write datagrams into pcapng and pcap files, and rotate them.
 *
 * A trace is an output of a receiver. It gets every delivered datagram, whatever its
 * verdict, unless told otherwise. To read traces see tt_receiver_opts.files.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "twintap/api.h"
#include "twintap/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tt_receiver;

/** @brief What a trace is written as. */
enum tt_trace_format {
	TT_TRACE_PCAPNG,  /**< With interfaces, directions, losses and statistics. */
	TT_TRACE_PCAP,    /**< Stamps in microseconds. */
	TT_TRACE_PCAP_NS, /**< Stamps in nanoseconds. */
	TT_TRACE_FORMAT_COUNT,
};

/** @brief What stands in front of each IP packet. */
enum tt_trace_link_type {
	TT_TRACE_SLL2, /**< LINKTYPE_LINUX_SLL2: interface, packet type and sender. */
	TT_TRACE_RAW,  /**< LINKTYPE_RAW: nothing. */
	TT_TRACE_LINK_TYPE_COUNT,
};

/** @brief When what was written is brought to the disk before going on. */
enum tt_trace_sync {
	TT_TRACE_SYNC_NONE,  /**< When the kernel likes: a crash of the machine may cost seconds. */
	TT_TRACE_SYNC_FILE,  /**< When a file is complete, before it gets its name. */
	TT_TRACE_SYNC_WRITE, /**< With each write. */
	TT_TRACE_SYNC_COUNT,
};

/** @brief Bits of tt_trace_opts.flags. */
enum tt_trace_flag {
	/** Write whenever the sources are empty; a pipe or terminal is written so always. */
	TT_TRACE_UNBUFFERED = 1 << 0,
	/** Replace a file that is there. */
	TT_TRACE_OVERWRITE = 1 << 1,
};

/** Smallest limit of a file's size, in bytes: its header and a datagram or some. */
#define TT_TRACE_ROTATE_BYTES_MIN 4096

/** Longest time between two files, in milliseconds: a year and a day. */
#define TT_TRACE_INTERVAL_MS_MAX (UINT64_C(366) * 24 * 60 * 60 * 1000)

/** @brief What is optional about a trace; zero means the default everywhere. */
struct tt_trace_opts {
	size_t size;                 /**< sizeof(struct tt_trace_opts). */
	const char *name;            /**< Its name in the account; NULL: its path. Copied. */
	uint64_t count_max;          /**< End after so many datagrams; 0: no end. */
	uint64_t flags;              /**< enum tt_trace_flag */
	uint32_t verdicts;           /**< Verdicts that it takes, as TT_VERDICT_BIT(); 0: all. */
	uint32_t format;             /**< enum tt_trace_format */
	uint32_t link_type;          /**< enum tt_trace_link_type */
	uint32_t sync;               /**< enum tt_trace_sync */
	uint64_t rotate_bytes;       /**< No file gets larger, but for one datagram; 0: no limit. */
	uint64_t rotate_interval_ms; /**< Begin a new file after that time; 0: never. */
	uint64_t keep_files;         /**< Keep so many complete files, of all runs; 0: all. */
	uint64_t keep_bytes; /**< Keep so many bytes, the file being written included; 0: all. */
	uint64_t min_free_bytes; /**< Leave so much of the disk free; 0: no limit. */
	uint32_t is_rotated; /**< 1: tt_receiver_rotate() begins new files; implied by limits. */
	uint32_t reserved;   /**< Zero. */
};

/** @brief Options with some fields set, in C. */
#define TT_TRACE_OPTS(...) \
	((struct tt_trace_opts){ .size = sizeof(struct tt_trace_opts), __VA_ARGS__ })

/** @brief Options with no field set, in C and C++. */
#define TT_TRACE_OPTS_INIT                                                             \
	{                                                                              \
		sizeof(struct tt_trace_opts), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
	}

/**
 * @brief Write datagrams to files, besides what handlers and other outputs do.
 *
 * The first file is opened here, with mode 0640 less the umask. What is not rotated is
 * written under its name; a rotated file is hidden (".NAME.part") until it is complete.
 * Hidden files that a killed process left are cut to what is whole in them and get their
 * names here. Later files are made in the folder that was opened here, wherever it moved.
 *
 * @param path  Its last component is a pattern: %N is a number of six digits that goes on
 *              where earlier runs ended, %h the host's name, %Y %m %d %H %M %S %j the time in
 *              UTC, %p the datagram's port and %i its interface (a file for each), %% a percent
 *              sign. What is rotated gets "-%N" before its ending if it has none. "-" is
 *              standard output. Copied.
 * @param opts  Options; NULL for the defaults. Copied.
 * @return 0; -EINVAL for bad options or a bad pattern; -E2BIG for options of a newer version;
 *         -EEXIST for a file that is there; -EISDIR; -EBUSY after tt_receiver_start(), or for
 *         a file that another process writes; -ENOSPC after TT_OUTPUTS_MAX outputs, or on a
 *         full disk; -ENOMEM; what open(2), write(2) and rename(2) say.
 * @thread owner   @since 0.1
 */
TT_API int tt_receiver_add_trace(struct tt_receiver *receiver, const char *path,
				 const struct tt_trace_opts *opts, struct tt_error *reterr);

/**
 * @brief Ask for new files: each rotated trace completes its file and begins the next.
 *
 * Returns at once; the worker does it when it comes to it.
 * @return 0; -EINVAL without a receiver.
 * @thread any; safe in a signal handler   @since 0.1
 */
TT_API int tt_receiver_rotate(struct tt_receiver *receiver);

#ifdef __cplusplus
}
#endif
