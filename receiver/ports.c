/* SPDX-License-Identifier: MIT */

/*
 * Ports and routes of a receiver, before and while it runs
 *
 * The kernel takes the main ports and those of all routes together; the routes tell
 * handlers apart. A port of a route of its own is not touched by a change of the
 * main ports.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "receiver/receiver.h"

int tt_receiver_make_routes(struct tt_receiver *receiver, const char *name)
{
	struct tt_sink *sink;
	int r;

	r = tt_routes_new(&receiver->routes, receiver, receiver->port_side);
	if (r < 0)
		return r;

	sink = tt_routes_sink(receiver->routes);
	sink->verdicts = receiver->verdicts;
	sink->local_only = receiver->local_only;
	receiver->wants_locality = true;
	r = tt_pump_add_sink(receiver->worker.pump, sink, name);
	if (r < 0) {
		sink->ops->free(sink);
		receiver->routes = NULL;
	}
	return r;
}

/* Leads the main ports to the main route, and ports that left them nowhere. */
static void lead_main_ports(struct tt_receiver *receiver)
{
	if (!receiver->routes)
		return;

	for (uint32_t port = 0; port < TT_PORTS_COUNT; port++) {
		if (tt_ports_has(&receiver->route_ports, (uint16_t)port))
			continue;
		tt_routes_set(receiver->routes, (uint16_t)port,
			      tt_ports_has(&receiver->main_ports, (uint16_t)port)
				      ? receiver->main_route
				      : TT_ROUTE_NONE);
	}
}

int tt_receiver_set_main_handler(struct tt_receiver *receiver, tt_handler_fn *handler,
				 void *context)
{
	int r;

	r = tt_receiver_make_routes(receiver, "handler");
	if (r < 0)
		return r;
	r = tt_routes_add(receiver->routes, handler, context, &receiver->main_route);
	if (r < 0)
		return r;
	lead_main_ports(receiver);
	return 0;
}

int tt_receiver_set_ports(struct tt_receiver *receiver, const char *text, struct tt_error *reterr)
{
	const struct tt_conditions *conditions;
	struct tt_ports ports, before;
	int r;

	if (!receiver)
		return tt_error_set(reterr, -EINVAL, "set ports: no receiver");
	r = tt_ports_parse(text, &ports, reterr);
	if (r < 0)
		return r;

	(void)pthread_mutex_lock(&receiver->setter_mutex); /* cannot fail: no error checking */
	conditions = tt_receiver_conditions(receiver);
	before = receiver->main_ports;
	/* New ports lead to the handler before the first of their datagrams comes. */
	receiver->main_ports = ports;
	tt_ports_join(&receiver->main_ports, &before);
	lead_main_ports(receiver);
	receiver->main_ports = ports;
	r = tt_receiver_apply_ports(receiver, reterr);
	/* Unless it was only packets under way that could not be waited for. */
	if (r < 0 && conditions == tt_receiver_conditions(receiver))
		receiver->main_ports = before;
	lead_main_ports(receiver);
	(void)pthread_mutex_unlock(&receiver->setter_mutex);
	return r;
}

static void free_bytes(uint8_t **bytes)
{
	free(*bytes);
}

/*
 * Leads the ports to @route and has the kernel take them. If it does not, all is as before,
 * but for the route, to which no port leads: the worker may just be at its handler.
 */
static int lead_ports(struct tt_receiver *receiver, const struct tt_ports *ports, uint8_t route,
		      struct tt_error *reterr)
{
	TT_CLEANUP(free_bytes) uint8_t *routes_before = calloc(TT_PORTS_COUNT, 1);
	const struct tt_conditions *conditions = tt_receiver_conditions(receiver);
	struct tt_ports ports_before = receiver->route_ports;
	int r;

	if (!routes_before)
		return tt_error_set(reterr, -ENOMEM, "add a route: %s", strerror(ENOMEM));
	for (uint32_t port = 0; port < TT_PORTS_COUNT; port++) {
		routes_before[port] = tt_routes_get(receiver->routes, (uint16_t)port);
		if (tt_ports_has(ports, (uint16_t)port))
			tt_routes_set(receiver->routes, (uint16_t)port, route);
	}
	tt_ports_join(&receiver->route_ports, ports);
	r = tt_receiver_apply_ports(receiver, reterr);
	/* Unless it was only packets under way that could not be waited for. */
	if (r == 0 || conditions != tt_receiver_conditions(receiver))
		return r;

	receiver->route_ports = ports_before;
	for (uint32_t port = 0; port < TT_PORTS_COUNT; port++)
		tt_routes_set(receiver->routes, (uint16_t)port, routes_before[port]);
	return r;
}

/* Adds the route and leads its ports to it. */
static int add_route_locked(struct tt_receiver *receiver, const struct tt_ports *ports,
			    tt_handler_fn *handler, void *context, struct tt_error *reterr)
{
	uint8_t route;
	int r;

	if (receiver->state != TT_RECEIVER_NEW && (!receiver->routes || receiver->is_pulled))
		return tt_error_set(reterr, -EBUSY,
				    "add a route: the receiver was started without a handler");
	if (receiver->state != TT_RECEIVER_NEW && receiver->reads_files)
		return tt_error_set(
			reterr, -EBUSY,
			"add a route: the receiver reads files, and was started already");
	if (!receiver->routes) {
		r = tt_receiver_make_routes(receiver, "handler");
		if (r < 0)
			return tt_error_set(reterr, r, "add a route: %s", strerror(-r));
	}
	r = tt_routes_add(receiver->routes, handler, context, &route);
	if (r < 0)
		return tt_error_set(reterr, r, "add a route: there are %d already", TT_ROUTES_MAX);
	return lead_ports(receiver, ports, route, reterr);
}

int tt_receiver_add_route(struct tt_receiver *receiver, const char *text, tt_handler_fn *handler,
			  void *context, struct tt_error *reterr)
{
	struct tt_ports ports;
	int r;

	if (!receiver || !handler)
		return tt_error_set(reterr, -EINVAL, "add a route: no %s",
				    receiver ? "handler" : "receiver");
	r = tt_ports_parse(text, &ports, reterr);
	if (r < 0)
		return r;

	(void)pthread_mutex_lock(&receiver->setter_mutex); /* cannot fail: no error checking */
	r = add_route_locked(receiver, &ports, handler, context, reterr);
	(void)pthread_mutex_unlock(&receiver->setter_mutex);
	return r;
}
