/* SPDX-License-Identifier: MIT */

/*
 * Routes: from a datagram's port to a handler
 *
 * Datagrams are made by hand, with nothing but ports; each handler writes down what it
 * was called with. After each run given = written + dropped and everything is withheld or
 * given. One test changes the table from a second thread, for ThreadSanitizer to see
 * whether a route's handler is there before its number.
 */

#include "dispatch/routes.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"
#include "twintap/error.h"

enum {
	DATAGRAMS_MAX = 8,
	CALLS_MAX = 16,
	ROUTES_MAX = 255,
	THREADED_ROUNDS = 20, /* in which every port's route is changed */
	THREADED_PORTS = 256,
};

struct call {
	struct tt_receiver *receiver;
	const struct tt_datagram *datagrams;
	size_t count;
	const void *context;
};

static struct call calls[CALLS_MAX];
static size_t calls_count;

/* What a handler answers; its address says whose call it was. */
static int goes_on = 0;
static int goes_on_too = 0;
static int stops = TT_STOP;
static int fails = -EIO;

static int note_call(struct tt_receiver *receiver, const struct tt_datagram *datagrams,
		     size_t count, void *context)
{
	assert_true(calls_count < CALLS_MAX);
	calls[calls_count++] = (struct call){
		.receiver = receiver, .datagrams = datagrams, .count = count, .context = context
	};
	return *(const int *)context;
}

struct fixture {
	struct tt_routes *routes;
	struct tt_sink *sink;
	struct tt_datagram datagrams[DATAGRAMS_MAX];
	size_t taken_count;
};

static int receiver; /* whose address alone counts */

static struct tt_receiver *the_receiver(void)
{
	return (struct tt_receiver *)(void *)&receiver;
}

static void make_routes(struct fixture *fixture, uint32_t port_side)
{
	*fixture = (struct fixture){ 0 };
	calls_count = 0;
	assert_int_equal(tt_routes_new(&fixture->routes, the_receiver(), port_side), 0);
	fixture->sink = tt_routes_sink(fixture->routes);
}

static void free_routes(struct fixture *fixture)
{
	fixture->sink->ops->free(fixture->sink);
}

static uint8_t add_route(struct fixture *fixture, int *answer)
{
	uint8_t route = TT_ROUTE_NONE;

	assert_int_equal(tt_routes_add(fixture->routes, note_call, answer, &route), 0);
	return route;
}

/* Routes @port to a handler of its own that answers so. */
static void route_port(struct fixture *fixture, uint16_t port, int *answer)
{
	tt_routes_set(fixture->routes, port, add_route(fixture, answer));
}

static struct tt_datagram make_datagram(uint16_t source, uint16_t destination)
{
	return (struct tt_datagram){
		.source = { .ipv4 = { .sin_family = AF_INET, .sin_port = htons(source) } },
		.destination = { .ipv4 = { .sin_family = AF_INET,
					   .sin_port = htons(destination) } },
	};
}

/* Takes datagrams to these ports, up to the first 0; what take said. */
static int take_ports(struct fixture *fixture, const uint16_t *ports)
{
	const struct tt_sink_counters *counters = &fixture->sink->counters;
	struct tt_run run = { .datagrams = fixture->datagrams };
	uint64_t accounted;
	int r;

	for (; ports[run.count]; run.count++)
		fixture->datagrams[run.count] = make_datagram(40000, ports[run.count]);
	r = fixture->sink->ops->take(fixture->sink, &run);

	fixture->taken_count += run.count;
	accounted = counters->given;
	for (unsigned int i = 0; i < TT_WITHHELD_COUNT; i++)
		accounted += counters->withheld[i];
	assert_int_equal(accounted, fixture->taken_count);
	assert_int_equal(counters->given, counters->written + counters->dropped);
	return r;
}

static void assert_is_call(const struct fixture *fixture, size_t call_index, const int *answer,
			   size_t start, size_t count)
{
	const struct call *call = &calls[call_index];

	assert_true(call_index < calls_count);
	assert_ptr_equal(call->receiver, the_receiver());
	assert_ptr_equal(call->context, answer);
	assert_ptr_equal(call->datagrams, &fixture->datagrams[start]); /* no copy */
	assert_int_equal(call->count, count);
}

static void neighbours_for_one_handler_are_handed_over_together(void **state)
{
	struct fixture fixture;

	(void)state;

	make_routes(&fixture, TT_PORT_DESTINATION);
	route_port(&fixture, 53, &goes_on);
	tt_routes_set(fixture.routes, 54, tt_routes_get(fixture.routes, 53));
	assert_int_equal(take_ports(&fixture, (uint16_t[]){ 53, 54, 53, 53, 0 }), 0);
	assert_int_equal(calls_count, 1);
	assert_is_call(&fixture, 0, &goes_on, 0, 4);
	assert_int_equal(fixture.sink->counters.written, 4);
	free_routes(&fixture);
}

static void run_is_split_where_the_route_changes(void **state)
{
	struct fixture fixture;

	(void)state;

	make_routes(&fixture, TT_PORT_DESTINATION);
	route_port(&fixture, 53, &goes_on);
	route_port(&fixture, 65535, &goes_on_too);
	assert_int_equal(take_ports(&fixture, (uint16_t[]){ 53, 53, 65535, 53, 0 }), 0);
	assert_int_equal(calls_count, 3);
	assert_is_call(&fixture, 0, &goes_on, 0, 2);
	assert_is_call(&fixture, 1, &goes_on_too, 2, 1);
	assert_is_call(&fixture, 2, &goes_on, 3, 1);
	assert_int_equal(fixture.sink->counters.written, 4);
	free_routes(&fixture);
}

static void datagram_without_a_route_is_withheld(void **state)
{
	struct fixture fixture;

	(void)state;

	make_routes(&fixture, TT_PORT_DESTINATION);
	assert_int_equal(take_ports(&fixture, (uint16_t[]){ 53, 54, 0 }), 0);
	assert_int_equal(fixture.sink->counters.withheld[TT_WITHHELD_NO_ROUTE], 2);
	route_port(&fixture, 53, &goes_on);
	assert_int_equal(take_ports(&fixture, (uint16_t[]){ 54, 53, 54, 54, 0 }), 0);
	assert_int_equal(calls_count, 1);
	assert_is_call(&fixture, 0, &goes_on, 1, 1);
	assert_int_equal(fixture.sink->counters.withheld[TT_WITHHELD_NO_ROUTE], 5);
	assert_int_equal(fixture.sink->counters.given, 1);
	free_routes(&fixture);
}

static void port_zero_is_a_port(void **state)
{
	struct fixture fixture;
	struct tt_run run = { .datagrams = fixture.datagrams, .count = 1 };

	(void)state;

	make_routes(&fixture, TT_PORT_DESTINATION);
	route_port(&fixture, 0, &goes_on);
	fixture.datagrams[0] = make_datagram(40000, 0);
	assert_int_equal(fixture.sink->ops->take(fixture.sink, &run), 0);
	assert_int_equal(calls_count, 1);
	free_routes(&fixture);
}

static void ipv6_ports_are_read_as_well(void **state)
{
	struct fixture fixture;
	struct tt_run run = { .datagrams = fixture.datagrams, .count = 1 };

	(void)state;

	make_routes(&fixture, TT_PORT_EITHER);
	route_port(&fixture, 53, &goes_on);
	for (unsigned int side = 0; side < 2; side++) {
		fixture.datagrams[0] = (struct tt_datagram){
			.source = { .ipv6 = { .sin6_family = AF_INET6,
					      .sin6_port = htons(side ? 53 : 1) } },
			.destination = { .ipv6 = { .sin6_family = AF_INET6,
						   .sin6_port = htons(side ? 1 : 53) } },
		};
		assert_int_equal(fixture.sink->ops->take(fixture.sink, &run), 0);
		assert_int_equal(calls_count, side + 1);
	}
	free_routes(&fixture);
}

/* The handler of one datagram, or NULL. */
static const void *handler_of(uint32_t port_side, uint16_t source, uint16_t destination)
{
	struct fixture fixture;
	struct tt_run run = { .datagrams = fixture.datagrams, .count = 1 };

	make_routes(&fixture, port_side);
	route_port(&fixture, 1, &goes_on);
	route_port(&fixture, 2, &goes_on_too);
	fixture.datagrams[0] = make_datagram(source, destination);
	assert_int_equal(fixture.sink->ops->take(fixture.sink, &run), 0);
	free_routes(&fixture);
	return calls_count ? calls[0].context : NULL;
}

static void port_side_says_which_port_is_asked_and_first(void **state)
{
	(void)state;

	assert_ptr_equal(handler_of(TT_PORT_DESTINATION, 1, 2), &goes_on_too);
	assert_ptr_equal(handler_of(TT_PORT_SOURCE, 1, 2), &goes_on);
	assert_ptr_equal(handler_of(TT_PORT_EITHER, 1, 2), &goes_on_too);

	assert_null(handler_of(TT_PORT_DESTINATION, 1, 3));
	assert_ptr_equal(handler_of(TT_PORT_SOURCE, 1, 3), &goes_on);
	assert_ptr_equal(handler_of(TT_PORT_EITHER, 1, 3), &goes_on);

	assert_ptr_equal(handler_of(TT_PORT_DESTINATION, 3, 2), &goes_on_too);
	assert_null(handler_of(TT_PORT_SOURCE, 3, 2));
	assert_ptr_equal(handler_of(TT_PORT_EITHER, 3, 2), &goes_on_too);

	assert_null(handler_of(TT_PORT_EITHER, 3, 4));
}

static void stop_in_the_middle_withholds_the_rest(void **state)
{
	const struct tt_sink_counters *counters;
	struct fixture fixture;

	(void)state;

	make_routes(&fixture, TT_PORT_DESTINATION);
	counters = &fixture.sink->counters;
	route_port(&fixture, 1, &goes_on);
	route_port(&fixture, 2, &stops);
	assert_int_equal(take_ports(&fixture, (uint16_t[]){ 1, 3, 2, 2, 1, 2, 3, 0 }), TT_STOP);
	assert_int_equal(calls_count, 2);
	assert_is_call(&fixture, 1, &stops, 2, 2);
	assert_int_equal(counters->written, 3); /* those that it stopped on were handled */
	assert_int_equal(counters->withheld[TT_WITHHELD_NO_ROUTE], 1);
	assert_int_equal(counters->withheld[TT_WITHHELD_LIMIT], 3);
	assert_int_equal(counters->dropped, 0);
	free_routes(&fixture);
}

static void stop_on_the_last_datagram_is_told_too(void **state)
{
	struct fixture fixture;

	(void)state;

	make_routes(&fixture, TT_PORT_DESTINATION);
	route_port(&fixture, 2, &stops);
	assert_int_equal(take_ports(&fixture, (uint16_t[]){ 2, 0 }), TT_STOP);
	assert_int_equal(fixture.sink->counters.withheld[TT_WITHHELD_LIMIT], 0);
	free_routes(&fixture);
}

static void failure_in_the_middle_drops_what_was_not_handled(void **state)
{
	const struct tt_sink_counters *counters;
	struct fixture fixture;

	(void)state;

	make_routes(&fixture, TT_PORT_DESTINATION);
	counters = &fixture.sink->counters;
	route_port(&fixture, 1, &goes_on);
	route_port(&fixture, 2, &fails);
	assert_int_equal(take_ports(&fixture, (uint16_t[]){ 1, 1, 2, 2, 1, 3, 0 }), -EIO);
	assert_int_equal(calls_count, 2);
	assert_int_equal(counters->written, 2);
	assert_int_equal(counters->dropped, 4);
	free_routes(&fixture);
}

static void nothing_is_buffered(void **state)
{
	struct fixture fixture;

	(void)state;

	make_routes(&fixture, TT_PORT_DESTINATION);
	route_port(&fixture, 1, &goes_on);
	assert_int_equal(take_ports(&fixture, (uint16_t[]){ 1, 1, 0 }), 0);
	assert_int_equal(fixture.sink->ops->flush(fixture.sink, false), 0);
	assert_int_equal(fixture.sink->ops->flush(fixture.sink, true), 0);
	fixture.sink->ops->drop(fixture.sink);
	assert_int_equal(fixture.sink->counters.written, 2);
	assert_int_equal(fixture.sink->counters.dropped, 0);
	assert_int_equal(calls_count, 1);
	free_routes(&fixture);
}

static void route_may_be_replaced_and_taken_away(void **state)
{
	struct fixture fixture;

	(void)state;

	make_routes(&fixture, TT_PORT_DESTINATION);
	assert_int_equal(tt_routes_get(fixture.routes, 53), TT_ROUTE_NONE);
	route_port(&fixture, 53, &goes_on);
	assert_int_equal(take_ports(&fixture, (uint16_t[]){ 53, 0 }), 0);
	route_port(&fixture, 53, &goes_on_too);
	assert_int_equal(take_ports(&fixture, (uint16_t[]){ 53, 0 }), 0);
	assert_is_call(&fixture, 1, &goes_on_too, 0, 1);
	tt_routes_set(fixture.routes, 53, TT_ROUTE_NONE);
	assert_int_equal(take_ports(&fixture, (uint16_t[]){ 53, 0 }), 0);
	assert_int_equal(calls_count, 2);
	free_routes(&fixture);
}

static void there_is_room_for_255_routes_and_no_more(void **state)
{
	struct fixture fixture;
	uint8_t route = 0;

	(void)state;

	make_routes(&fixture, TT_PORT_DESTINATION);
	for (unsigned int i = 1; i <= ROUTES_MAX; i++) {
		assert_int_equal(add_route(&fixture, &goes_on), i);
		tt_routes_set(fixture.routes, (uint16_t)i, (uint8_t)i);
	}
	assert_int_equal(tt_routes_add(fixture.routes, note_call, NULL, &route), -ENOSPC);
	assert_int_equal(route, 0);
	assert_int_equal(take_ports(&fixture, (uint16_t[]){ ROUTES_MAX, 1, 0 }), 0);
	assert_int_equal(calls_count, 2); /* one handler, but two routes */
	free_routes(&fixture);
}

/* A handler's own memory, written before its route is known to anybody. */
struct greeting {
	uint8_t route;
	uint64_t greeted_count; /* the worker's */
};

static int greet(struct tt_receiver *from, const struct tt_datagram *datagrams, size_t count,
		 void *context)
{
	struct greeting *greeting = context;

	assert_ptr_equal(from, the_receiver());
	assert_non_null(datagrams);
	assert_true(greeting->route != TT_ROUTE_NONE);
	greeting->greeted_count += count;
	return 0;
}

struct changer {
	struct tt_routes *routes;
	struct greeting greetings[ROUTES_MAX];
	atomic_bool is_done;
};

static void *change_routes(void *context)
{
	struct changer *changer = context;

	for (unsigned int i = 0; i < ROUTES_MAX; i++) {
		uint8_t route = TT_ROUTE_NONE;

		changer->greetings[i].route = (uint8_t)(i + 1);
		assert_int_equal(
			tt_routes_add(changer->routes, greet, &changer->greetings[i], &route), 0);
		tt_routes_set(changer->routes, (uint16_t)i, route);
	}
	for (unsigned int round = 0; round < THREADED_ROUNDS; round++) {
		for (unsigned int port = 0; port < THREADED_PORTS; port++)
			tt_routes_set(changer->routes, (uint16_t)port,
				      (uint8_t)((port + round) % (ROUTES_MAX + 1)));
	}
	atomic_store(&changer->is_done, true);
	return NULL;
}

static void table_may_be_changed_by_another_thread_meanwhile(void **state)
{
	static struct tt_datagram datagrams[THREADED_PORTS];
	static struct changer changer;
	struct tt_run run = { .datagrams = datagrams, .count = THREADED_PORTS };
	const struct tt_sink_counters *counters;
	struct fixture fixture;
	uint64_t greeted_count = 0;
	uint64_t taken_count = 0;
	pthread_t thread;
	bool is_last;

	(void)state;

	make_routes(&fixture, TT_PORT_DESTINATION);
	counters = &fixture.sink->counters;
	for (unsigned int i = 0; i < THREADED_PORTS; i++)
		datagrams[i] = make_datagram(40000, (uint16_t)i);
	changer.routes = fixture.routes;
	assert_int_equal(pthread_create(&thread, NULL, change_routes, &changer), 0);
	do {
		is_last = atomic_load(&changer.is_done);
		assert_int_equal(fixture.sink->ops->take(fixture.sink, &run), 0);
		taken_count += run.count;
	} while (!is_last);
	assert_int_equal(pthread_join(thread, NULL), 0);

	for (unsigned int i = 0; i < ROUTES_MAX; i++)
		greeted_count += changer.greetings[i].greeted_count;
	assert_true(greeted_count > 0);
	assert_int_equal(counters->given, greeted_count);
	assert_int_equal(counters->written, greeted_count);
	assert_int_equal(counters->given + counters->withheld[TT_WITHHELD_NO_ROUTE], taken_count);
	free_routes(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_for_one_handler_are_handed_over_together),
		cmocka_unit_test(run_is_split_where_the_route_changes),
		cmocka_unit_test(datagram_without_a_route_is_withheld),
		cmocka_unit_test(port_zero_is_a_port),
		cmocka_unit_test(ipv6_ports_are_read_as_well),
		cmocka_unit_test(port_side_says_which_port_is_asked_and_first),
		cmocka_unit_test(stop_in_the_middle_withholds_the_rest),
		cmocka_unit_test(stop_on_the_last_datagram_is_told_too),
		cmocka_unit_test(failure_in_the_middle_drops_what_was_not_handled),
		cmocka_unit_test(nothing_is_buffered),
		cmocka_unit_test(route_may_be_replaced_and_taken_away),
		cmocka_unit_test(there_is_room_for_255_routes_and_no_more),
		cmocka_unit_test(table_may_be_changed_by_another_thread_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
