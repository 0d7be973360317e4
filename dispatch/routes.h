/* SPDX-License-Identifier: MIT */

/*
 * Routes: from a datagram's port to a handler
 *
 * A sink. The table has one byte a port, so that finding a handler costs one load.
 *
 * Invariant 1: routes are only added; a route's handler and context are written
 *              before its index can be found in the table. So other threads may
 *              change the table while the worker reads it.
 */

#pragma once

#include <stdint.h>

#include "packet/sink.h"
#include "twintap/handler.h"

enum {
	TT_ROUTE_NONE = 0, /* of a port without a handler */
};

struct tt_routes;

/* @receiver is what handlers are called with. */
int tt_routes_new(struct tt_routes **ret_routes, struct tt_receiver *receiver, uint32_t port_side);

/* The sink that these routes are; whoever frees the sink frees them. */
struct tt_sink *tt_routes_sink(struct tt_routes *routes);

/* Adds a route that no port leads to yet. 0, or -ENOSPC. One thread at a time. */
int tt_routes_add(struct tt_routes *routes, tt_handler_fn *handler, void *context,
		  uint8_t *ret_route);

/* Leads @port to @route, or to TT_ROUTE_NONE. Any thread. */
void tt_routes_set(struct tt_routes *routes, uint16_t port, uint8_t route);
uint8_t tt_routes_get(const struct tt_routes *routes, uint16_t port);
