/* SPDX-License-Identifier: MIT */

/**
 * @file handler.h
 * @brief What takes datagrams in a program of one's own.
 */

#pragma once

#include <stddef.h>

#include "twintap/datagram.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tt_receiver;

/**
 * @brief Handle datagrams.
 *
 * Called on the thread that drives the worker, with datagrams in the order in
 * which their ring holds them. They are borrowed until it returns. It must not
 * free the receiver, nor drive its worker: run, dispatch or receive.
 *
 * @param receiver   The receiver that took them.
 * @param datagrams  One or more, next to each other.
 * @param count      How many.
 * @param context    What was given with the handler.
 * @return 0 to go on; TT_STOP to end the run cleanly, these having been handled; a
 *         negative errno to end it with that error, these being counted as dropped.
 */
typedef int tt_handler_fn(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
			  size_t count, void *context);

/** @brief Which port of a datagram decides. */
enum tt_port_side {
	TT_PORT_DESTINATION, /**< The default. */
	TT_PORT_SOURCE,
	TT_PORT_EITHER, /**< For routes, the destination is asked first. */
	TT_PORT_SIDE_COUNT,
};

#ifdef __cplusplus
}
#endif
