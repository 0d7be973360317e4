/* SPDX-License-Identifier: MIT */

/**
 * @file error.h
 * @brief How a call ended: outcomes, negative errnos, and the failure in words.
 *
 * Every function that can fail returns one int: 0 for success, a negative errno
 * for a failure, or a positive outcome that the function documents. Quantities
 * never share that return value.
 */

#pragma once

#include "twintap/api.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Positive outcomes, unique in the project.
 *
 * The caller handles one at once and never passes it on.
 */
enum tt_outcome {
	TT_EMPTY = 1,     /**< Nothing is there now. */
	TT_STOP,          /**< The end was asked for, and has come. */
	TT_WOULD_BLOCK,   /**< The call would have to wait. */
	TT_DEADLINE,      /**< The time that was given has passed. */
	TT_END_OF_STREAM, /**< The peer sends nothing more. */
};

/** Room for a message and its terminating NUL, in bytes. */
#define TT_ERROR_MESSAGE_BYTES 256

/**
 * @brief A failure, filled in by the function that failed.
 *
 * The caller owns it; it holds no resource and needs no cleanup. It is written
 * on failure only: after a success its content is what the caller left there.
 */
struct tt_error {
	int code;                             /**< Negative errno, the same that was returned. */
	char message[TT_ERROR_MESSAGE_BYTES]; /**< One line, outermost step first, no newline. */
};

/** An empty failure, as an initialiser. */
#define TT_ERROR_INIT     \
	{                 \
		0,        \
		{         \
			0 \
		}         \
	}

/** @brief Classes of failure that programs act on, whatever errno named it. */
enum tt_error_kind {
	TT_ERROR_NONE,          /**< Not a failure. */
	TT_ERROR_WOULD_BLOCK,   /**< EAGAIN */
	TT_ERROR_CLOSED,        /**< EBADF */
	TT_ERROR_INVALID,       /**< EINVAL */
	TT_ERROR_INTERRUPTED,   /**< EINTR */
	TT_ERROR_MEMORY,        /**< ENOMEM, ENOBUFS */
	TT_ERROR_PERMISSION,    /**< EACCES, EPERM */
	TT_ERROR_REFUSED,       /**< ECONNREFUSED */
	TT_ERROR_RESET,         /**< ECONNRESET, ECONNABORTED, EPIPE, ESHUTDOWN */
	TT_ERROR_NOT_CONNECTED, /**< ENOTCONN, EDESTADDRREQ */
	TT_ERROR_IN_PROGRESS,   /**< EINPROGRESS, EALREADY */
	TT_ERROR_IN_USE,        /**< EADDRINUSE */
	TT_ERROR_NOT_AVAILABLE, /**< EADDRNOTAVAIL */
	TT_ERROR_TIMED_OUT,     /**< ETIMEDOUT */
	TT_ERROR_NETWORK,       /**< ENETDOWN, ENETUNREACH */
	TT_ERROR_HOST,          /**< EHOSTUNREACH */
	TT_ERROR_MESSAGE_SIZE,  /**< EMSGSIZE */
	TT_ERROR_FAMILY,        /**< EAFNOSUPPORT */
	TT_ERROR_PROTOCOL,      /**< EPROTONOSUPPORT */
	TT_ERROR_NO_DEVICE,     /**< ENODEV, ENXIO */
	TT_ERROR_OTHER,         /**< Any other errno: ask the code itself. */
	TT_ERROR_KIND_COUNT,
};

/**
 * @brief Which class of failure a status is.
 *
 * @param status  What a function of this library returned. EISCONN counts as no
 *                failure, as 0 and the positive outcomes do.
 * @return The class; TT_ERROR_OTHER for an errno without a class of its own.
 * @thread any   @since 0.1
 */
TT_API enum tt_error_kind tt_error_kind(int status);

/**
 * @brief The class in words, such as "permission denied".
 *
 * @return Static text; "unknown" for a number outside the enum, never NULL.
 * @thread any   @since 0.1
 */
TT_API const char *tt_error_kind_name(enum tt_error_kind kind);

#ifdef __cplusplus
}
#endif
