/* SPDX-License-Identifier: MIT */

/*
 * Routes: from a datagram's port to a handler
 *
 * Datagrams next to each other that lead to the same handler are handed over
 * together, as one array and without a copy.
 */

#include "dispatch/routes.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "twintap/error.h"

enum {
	PORTS_COUNT = 65536,
	ROUTES_ROOM = 256, /* route 0 is "none" */
};

struct tt_routes {
	struct tt_sink sink;
	struct tt_receiver *receiver; /* borrowed; only handed on */
	uint32_t port_side;
	unsigned int count; /* of routes, with "none" */
	struct {
		tt_handler_fn *handler;
		void *context;
	} routes[ROUTES_ROOM];
	_Atomic uint8_t by_port[PORTS_COUNT]; /* released in tt_routes_set() */
};

static struct tt_routes *to_routes(struct tt_sink *sink)
{
	return (struct tt_routes *)(void *)sink; /* its first member */
}

uint8_t tt_routes_get(const struct tt_routes *routes, uint16_t port)
{
	return atomic_load_explicit(&routes->by_port[port], memory_order_acquire);
}

void tt_routes_set(struct tt_routes *routes, uint16_t port, uint8_t route)
{
	atomic_store_explicit(&routes->by_port[port], route, memory_order_release);
}

static uint8_t find_route(const struct tt_routes *routes, const struct tt_datagram *datagram)
{
	uint8_t route = TT_ROUTE_NONE;

	if (routes->port_side != TT_PORT_SOURCE)
		route = tt_routes_get(routes, be16toh(datagram->destination.ipv4.sin_port));
	if (route == TT_ROUTE_NONE && routes->port_side != TT_PORT_DESTINATION)
		route = tt_routes_get(routes, be16toh(datagram->source.ipv4.sin_port));
	return route;
}

/* Hands @count datagrams to one handler and accounts for them. */
static int hand_over(struct tt_routes *routes, uint8_t route, const struct tt_datagram *datagrams,
		     size_t count)
{
	struct tt_sink_counters *counters = &routes->sink.counters;
	int r;

	if (route == TT_ROUTE_NONE) {
		counters->withheld[TT_WITHHELD_NO_ROUTE] += count;
		return 0;
	}

	counters->given += count;
	r = routes->routes[route].handler(routes->receiver, datagrams, count,
					  routes->routes[route].context);
	if (r < 0)
		counters->dropped += count;
	else
		counters->written += count;
	return r;
}

static int take(struct tt_sink *sink, const struct tt_run *run)
{
	struct tt_routes *routes = to_routes(sink);
	size_t start = 0;

	while (start < run->count) {
		uint8_t route = find_route(routes, &run->datagrams[start]);
		size_t end = start + 1;
		int r;

		while (end < run->count && find_route(routes, &run->datagrams[end]) == route)
			end++;

		r = hand_over(routes, route, &run->datagrams[start], end - start);
		if (r < 0) {
			sink->counters.given += run->count - end;
			sink->counters.dropped += run->count - end;
			return r;
		}
		if (r == TT_STOP) {
			sink->counters.withheld[TT_WITHHELD_LIMIT] += run->count - end;
			return TT_STOP;
		}
		start = end;
	}
	return 0;
}

static int flush(struct tt_sink *sink, bool is_end)
{
	(void)sink;
	(void)is_end;
	return 0; /* handlers are called at once: nothing is buffered */
}

static void drop(struct tt_sink *sink)
{
	(void)sink; /* as flush() */
}

static void release(struct tt_sink *sink)
{
	free(to_routes(sink));
}

static const struct tt_sink_ops routes_ops = {
	.take = take,
	.flush = flush,
	.drop = drop,
	.free = release,
};

int tt_routes_new(struct tt_routes **ret_routes, struct tt_receiver *receiver, uint32_t port_side)
{
	struct tt_routes *routes = calloc(1, sizeof(*routes));

	if (!routes)
		return -ENOMEM;
	routes->sink.ops = &routes_ops;
	routes->receiver = receiver;
	routes->port_side = port_side;
	routes->count = 1;

	*ret_routes = routes;
	return 0;
}

struct tt_sink *tt_routes_sink(struct tt_routes *routes)
{
	return &routes->sink;
}

int tt_routes_add(struct tt_routes *routes, tt_handler_fn *handler, void *context,
		  uint8_t *ret_route)
{
	if (routes->count == ROUTES_ROOM)
		return -ENOSPC;

	routes->routes[routes->count].handler = handler;
	routes->routes[routes->count].context = context;
	*ret_route = (uint8_t)routes->count;
	routes->count++;
	return 0;
}
