/* SPDX-License-Identifier: MIT */

/*
 * What this host is, followed over rtnetlink
 *
 * Two netlink sockets: one is told what changes, the other asks what there is now. A
 * notification is never applied by itself; it marks a part as stale, and once all have
 * been seen, the stale parts are read anew. So many changes cost one reading, and what
 * the kernel does without saying so (routes that vanish with their interface) or says
 * too often (one address through several routes) cannot leave the table wrong.
 *
 *	notification            see_notice()   marks links, routes or groups
 *	lost notifications      dispatch       marks all of them
 *	a second has passed     take_tick()    marks groups, where no notification tells
 *	something is stale      refresh()      reads it, builds the table, swaps it in
 *
 * Links are read first: that dump takes the kernel's rtnl lock, and so waits for what
 * follows from a link's change, of which the notification comes too early.
 *
 * Invariant 1: the table that look-ups use is replaced as a whole, when all is read.
 */

#include "link/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "link/igmp.h"
#include "link/link_set.h"
#include "link/local.h"
#include "link/message.h"
#include "link/netlink.h"

enum {
	STALE_LINKS = 1 << 0,
	STALE_ROUTES = 1 << 1,
	STALE_GROUPS = 1 << 2,
	STALE_ALL = STALE_LINKS | STALE_ROUTES | STALE_GROUPS,
};

enum {
	READS_MAX = 8,    /* of routes or groups that change while they are read */
	TICK_SECONDS = 1, /* between two looks at the groups, where no notification tells */
	IPV4_BITS = 32,
	IPV6_BITS = 128,
	IGMP_FIRST_BYTES = 16384,
	IGMP_MAX_BYTES = 16 << 20, /* of the kernel's list as text: some 300,000 groups */
};

struct tt_monitor {
	struct tt_netlink *questions;
	struct tt_netlink *notices;
	int igmp_fd;  /* The kernel's list as text; -1: it answers over netlink. */
	int timer_fd; /* -1: notifications tell of groups. */
	int epoll_fd; /* Over notices and timer_fd; -1: there is no timer. */
	unsigned int stale;
	bool has_vrfs;
	struct tt_link_set links;
	struct tt_prefix_list routes;
	struct tt_prefix_list groups;
	struct tt_local local;
};

/*
 * Drops notifications of routes that do not matter here, in the kernel: a router may
 * have thousands a second. Loads of more than a byte give the value that the bytes
 * have in network order, so the numbers to compare with, which netlink stores in the
 * machine's order, are turned as well.
 */
static int attach_route_filter(int fd)
{
	enum {
		TYPE_AT = 4,
		ROUTE_TYPE_AT = sizeof(struct nlmsghdr) + 7
	};
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, TYPE_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 5),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ROUTE_TYPE_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTN_LOCAL, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTN_BROADCAST, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTN_ANYCAST, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	_Static_assert(offsetof(struct nlmsghdr, nlmsg_type) == TYPE_AT, "the filter's offset");
	_Static_assert(offsetof(struct rtmsg, rtm_type) == 7, "the filter's offset");

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

static int join_notices(const struct tt_netlink *netlink, int group)
{
	return setsockopt(tt_netlink_fd(netlink), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			  sizeof(group)) < 0
		       ? -errno
		       : 0;
}

/*
 * Where a kernel has no notifications of groups (before 6.14), a timer makes up for
 * them. The one descriptor of the monitor is then an epoll set of socket and timer.
 */
static int start_timer(struct tt_monitor *monitor)
{
	struct itimerspec period = { .it_interval.tv_sec = TICK_SECONDS,
				     .it_value.tv_sec = TICK_SECONDS };
	struct epoll_event readable = { .events = EPOLLIN };

	monitor->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (monitor->timer_fd < 0 || timerfd_settime(monitor->timer_fd, 0, &period, NULL) < 0)
		return -errno;

	monitor->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (monitor->epoll_fd < 0)
		return -errno;
	if (epoll_ctl(monitor->epoll_fd, EPOLL_CTL_ADD, monitor->timer_fd, &readable) < 0)
		return -errno;
	if (epoll_ctl(monitor->epoll_fd, EPOLL_CTL_ADD, tt_netlink_fd(monitor->notices),
		      &readable) < 0)
		return -errno;
	return 0;
}

/* Asks to be told; before anything is read, so that no change falls between. */
static int follow(struct tt_monitor *monitor)
{
	static const int needed[] = { RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE };
	int r;

	r = attach_route_filter(tt_netlink_fd(monitor->notices));
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]) && r == 0; i++)
		r = join_notices(monitor->notices, needed[i]);
	if (r < 0)
		return r;

	if (join_notices(monitor->notices, TT_RTNLGRP_IPV4_MCADDR) < 0 ||
	    join_notices(monitor->notices, TT_RTNLGRP_IPV6_MCADDR) < 0)
		return start_timer(monitor);
	return 0;
}

/*
 * Whether a notification says of a link just what is known. Drivers repeat themselves.
 * (A port of HSR never matches, since its master is not in the message.)
 */
static bool is_known_link(const struct tt_monitor *monitor, const struct tt_link_entry *entry)
{
	const struct tt_link_entry *known = tt_link_set_find(&monitor->links, entry->link.index);

	return known && memcmp(known, entry, sizeof(*known)) == 0;
}

static int see_notice(const struct nlmsghdr *message, void *context)
{
	struct tt_monitor *monitor = context;
	struct tt_link_entry entry;
	struct tt_route route;
	struct tt_group group;

	if (tt_message_read_link(message, &entry)) {
		if (message->nlmsg_type == RTM_DELLINK || !is_known_link(monitor, &entry))
			monitor->stale |= STALE_ALL;
	} else if (tt_message_read_route(message, &route)) {
		monitor->stale |= STALE_ROUTES;
	} else if (tt_message_read_group(message, &group)) {
		monitor->stale |= STALE_GROUPS;
	}
	return 0;
}

/* One question about routes, and where its answer goes. */
struct route_query {
	struct tt_netlink *netlink;
	struct tt_prefix_list *list;
	uint32_t loopback_index;
	uint32_t domain; /* The VRF whose table is asked for; 0: the tables of all others. */
	uint32_t table;
};

/*
 * The table is checked again: a kernel that cannot select gives all of them, and one
 * without IPv6 policy routing has its local routes in the table main.
 */
static bool is_queried_table(const struct route_query *query, uint32_t table)
{
	if (query->domain != 0)
		return table == query->table;
	return table == RT_TABLE_LOCAL || table == RT_TABLE_MAIN;
}

static int take_route(const struct nlmsghdr *message, void *context)
{
	struct route_query *query = context;
	struct tt_prefix prefix;
	struct tt_route route;
	enum tt_reach reach;
	int r;

	if (!tt_message_read_route(message, &route) || !is_queried_table(query, route.table))
		return 0;

	prefix = tt_prefix_of(route.family, route.address, route.prefix_length, query->domain);
	reach = tt_prefix_reach(&prefix);
	if (reach == TT_REACH_MULTICAST)
		return 0; /* the stack asks for the group, whatever the route says */
	if (reach == TT_REACH_ANY)
		return tt_prefix_list_add(query->list, prefix);

	prefix.scope = route.interface_index;
	r = prefix.scope != 0 ? tt_prefix_list_add(query->list, prefix) : 0;
	if (r < 0 || reach != TT_REACH_LINK_LOCAL || query->loopback_index == 0)
		return r;

	/* What the host sends to its own link-local address is seen on the loopback. */
	prefix.scope = query->loopback_index;
	return tt_prefix_list_add(query->list, prefix);
}

/*
 * An answer that changed while it was given is asked for again, but not for ever: what
 * concerns this host is notified too, and will make it stale once more.
 */
static int ask_steadily(struct tt_netlink *netlink, struct nlmsghdr *request,
			tt_netlink_message_fn *take, void *context, struct tt_prefix_list *list)
{
	size_t before_count = list->prefixes_count;
	bool is_consistent = false;
	int r = 0;

	for (unsigned int reads = 0; reads < READS_MAX && r == 0 && !is_consistent; reads++) {
		list->prefixes_count = before_count;
		r = tt_netlink_exchange(netlink, request, take, context, &is_consistent);
	}
	return r;
}

/* @type 0: every type. No such table, or no such family in this kernel, is no route. */
static int read_routes_of(struct route_query *query, uint8_t family, uint8_t type)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[TT_NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request;
	int r;

	request = tt_message_put_routes_request(buffer, family, query->table, type);
	r = ask_steadily(query->netlink, request, take_route, query, query->list);
	return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r;
}

static int read_routes_of_table(struct route_query *query)
{
	static const struct {
		uint8_t family;
		uint8_t type;
	} kinds[] = {
		{ AF_INET, RTN_LOCAL },
		{ AF_INET, RTN_BROADCAST },
		{ AF_INET6, RTN_LOCAL },
		{ AF_INET6, RTN_ANYCAST },
	};
	int r = 0;

	/* The table local holds little else; others may have all of the Internet's routes. */
	if (query->table == RT_TABLE_LOCAL) {
		r = read_routes_of(query, AF_INET, 0);
		return r < 0 ? r : read_routes_of(query, AF_INET6, 0);
	}

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && r == 0; i++) {
		/* In main nothing but a local route has been put on purpose. */
		if (query->table != RT_TABLE_MAIN || kinds[i].type == RTN_LOCAL)
			r = read_routes_of(query, kinds[i].family, kinds[i].type);
	}
	return r;
}

static uint32_t find_loopback(const struct tt_link_set *links)
{
	for (size_t i = 0; i < links->entries_count; i++) {
		if (links->entries[i].link.flags & TT_LINK_LOOPBACK)
			return links->entries[i].link.index;
	}
	return 0;
}

static int read_routes(struct tt_monitor *monitor)
{
	TT_CLEANUP(tt_prefix_list_deinit) struct tt_prefix_list list = { 0 };
	struct route_query query = {
		.netlink = monitor->questions,
		.list = &list,
		.loopback_index = find_loopback(&monitor->links),
		.table = RT_TABLE_LOCAL,
	};
	struct tt_prefix_list old;
	int r;

	r = read_routes_of_table(&query);
	if (r < 0)
		return r;
	query.table = RT_TABLE_MAIN;
	r = read_routes_of_table(&query);

	for (size_t i = 0; i < monitor->links.entries_count && r == 0; i++) {
		query.domain = monitor->links.entries[i].link.index;
		query.table = monitor->links.entries[i].vrf_table;
		if (query.table != 0)
			r = read_routes_of_table(&query);
	}
	if (r < 0)
		return r;

	old = monitor->routes;
	monitor->routes = list;
	list = old;
	return 0;
}

static int take_group(const struct nlmsghdr *message, void *context)
{
	struct tt_group group;
	uint8_t length;

	if (!tt_message_read_group(message, &group))
		return 0;

	length = group.family == AF_INET ? IPV4_BITS : IPV6_BITS;
	return tt_prefix_list_add(
		context, tt_prefix_of(group.family, group.address, length, group.interface_index));
}

/* The whole of a file of the kernel that is read anew from its start. */
static int read_text(int fd, char **ret_text, size_t *ret_bytes)
{
	size_t room_bytes = IGMP_FIRST_BYTES;
	size_t bytes = 0;
	char *text = NULL;
	ssize_t n = 1;

	while (n > 0 && room_bytes <= IGMP_MAX_BYTES) {
		char *grown = realloc(text, room_bytes);

		if (!grown) {
			free(text);
			return -ENOMEM;
		}
		text = grown;

		while (n > 0 && bytes < room_bytes) {
			n = pread(fd, text + bytes, room_bytes - bytes, (off_t)bytes);
			bytes += n > 0 ? (size_t)n : 0;
		}
		room_bytes *= 2;
	}
	if (n != 0) {
		int r = n < 0 ? -errno : -EFBIG;

		free(text);
		return r;
	}

	*ret_text = text;
	*ret_bytes = bytes;
	return 0;
}

static int read_igmp(struct tt_monitor *monitor, struct tt_prefix_list *list)
{
	char *text = NULL;
	size_t bytes = 0;
	int r;

	r = read_text(monitor->igmp_fd, &text, &bytes);
	if (r < 0)
		return r;

	r = tt_igmp_read(text, bytes, list);
	free(text);
	return r;
}

static int ask_groups(struct tt_monitor *monitor, uint8_t family, struct tt_prefix_list *list)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[TT_NETLINK_REQUEST_BYTES];

	return ask_steadily(monitor->questions, tt_message_put_groups_request(buffer, family),
			    take_group, list, list);
}

/*
 * A kernel that does not give IPv4 groups over netlink (before 6.15) has them in a
 * file. It is opened once: its namespace is that of the thread which opens it.
 */
static int read_groups_ipv4(struct tt_monitor *monitor, struct tt_prefix_list *list)
{
	TT_CLEANUP(tt_closep) int folder = -1;
	int r;

	if (monitor->igmp_fd < 0) {
		r = ask_groups(monitor, AF_INET, list);
		if (r != -EOPNOTSUPP)
			return r;

		folder = open("/proc/thread-self/net", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (folder < 0)
			return -errno;
		monitor->igmp_fd = openat(folder, "igmp", O_RDONLY | O_CLOEXEC);
		if (monitor->igmp_fd < 0)
			return errno == ENOENT ? 0 : -errno; /* a kernel without IPv4 groups */
	}
	return read_igmp(monitor, list);
}

static int read_groups(struct tt_monitor *monitor)
{
	TT_CLEANUP(tt_prefix_list_deinit) struct tt_prefix_list list = { 0 };
	struct tt_prefix_list old;
	int r;

	r = read_groups_ipv4(monitor, &list);
	if (r < 0)
		return r;
	r = ask_groups(monitor, AF_INET6, &list);
	if (r < 0 && r != -EOPNOTSUPP) /* a kernel without IPv6 */
		return r;

	old = monitor->groups;
	monitor->groups = list;
	list = old;
	return 0;
}

static int read_links(struct tt_monitor *monitor)
{
	TT_CLEANUP(tt_link_set_deinit) struct tt_link_set set = { 0 };
	bool is_consistent; /* if not, a notification of the change is waiting */
	struct tt_link_set old;
	int r;

	r = tt_link_set_read(&set, monitor->questions, &is_consistent);
	if (r < 0)
		return r;

	old = monitor->links;
	monitor->links = set;
	set = old;

	monitor->has_vrfs = false;
	for (size_t i = 0; i < monitor->links.entries_count; i++)
		monitor->has_vrfs |= monitor->links.entries[i].vrf_table != 0;
	return 0;
}

/* Reads what is stale. It stays stale until all of it has been read. */
static int refresh(struct tt_monitor *monitor)
{
	int r = 0;

	if (monitor->stale & STALE_LINKS)
		r = read_links(monitor);
	if (r == 0 && monitor->stale & STALE_ROUTES)
		r = read_routes(monitor);
	if (r == 0 && monitor->stale & STALE_GROUPS)
		r = read_groups(monitor);
	if (r == 0)
		r = tt_local_build(&monitor->local, &monitor->routes, &monitor->groups);
	if (r == 0)
		monitor->stale = 0;
	return r;
}

int tt_monitor_new(struct tt_monitor **ret_monitor, struct tt_error *reterr)
{
	TT_CLEANUP(tt_monitor_freep) struct tt_monitor *monitor = NULL;
	int r;

	monitor = calloc(1, sizeof(*monitor));
	if (!monitor)
		return tt_error_set(reterr, -ENOMEM, "interface monitor: %s", strerror(ENOMEM));
	monitor->igmp_fd = -1;
	monitor->timer_fd = -1;
	monitor->epoll_fd = -1;
	monitor->stale = STALE_ALL;

	r = tt_netlink_new(&monitor->questions);
	if (r == 0)
		r = tt_netlink_new(&monitor->notices);
	if (r < 0)
		return tt_error_set(reterr, r, "interface monitor: netlink socket: %s",
				    strerror(-r));

	r = follow(monitor);
	if (r < 0)
		return tt_error_set(reterr, r, "interface monitor: follow changes: %s",
				    strerror(-r));

	r = refresh(monitor);
	if (r < 0)
		return tt_error_set(reterr, r,
				    "interface monitor: read interfaces, routes and groups: %s",
				    strerror(-r));

	*ret_monitor = TT_TAKE_PTR(monitor);
	return 0;
}

void tt_monitor_free(struct tt_monitor *monitor)
{
	if (!monitor)
		return;

	tt_closep(&monitor->epoll_fd);
	tt_closep(&monitor->timer_fd);
	tt_closep(&monitor->igmp_fd);
	tt_netlink_free(monitor->notices);
	tt_netlink_free(monitor->questions);
	tt_local_deinit(&monitor->local);
	tt_prefix_list_deinit(&monitor->groups);
	tt_prefix_list_deinit(&monitor->routes);
	tt_link_set_deinit(&monitor->links);
	free(monitor);
}

int tt_monitor_fd(const struct tt_monitor *monitor)
{
	return monitor->epoll_fd >= 0 ? monitor->epoll_fd : tt_netlink_fd(monitor->notices);
}

/* Groups may have changed when a second is over. */
static void take_tick(struct tt_monitor *monitor)
{
	uint64_t ticks;

	if (monitor->timer_fd >= 0 && read(monitor->timer_fd, &ticks, sizeof(ticks)) > 0)
		monitor->stale |= STALE_GROUPS;
}

int tt_monitor_dispatch(struct tt_monitor *monitor)
{
	bool is_lost;
	int r;

	/* To the end, since the descriptor may be watched edge-triggered. */
	for (;;) {
		r = tt_netlink_receive(monitor->notices, see_notice, monitor, &is_lost);
		if (r != 0)
			break;
		if (is_lost)
			monitor->stale |= STALE_ALL;
	}
	if (r < 0)
		return r;

	take_tick(monitor);
	return monitor->stale != 0 ? refresh(monitor) : 0;
}

bool tt_monitor_is_local(const struct tt_monitor *monitor, const struct tt_address *destination,
			 uint32_t interface_index)
{
	uint32_t domain = 0;

	if (monitor->has_vrfs)
		domain = tt_link_set_domain(&monitor->links, interface_index);
	return tt_local_contains(&monitor->local, destination, interface_index, domain);
}

const struct tt_link *tt_monitor_find_link(const struct tt_monitor *monitor,
					   uint32_t interface_index)
{
	const struct tt_link_entry *entry = tt_link_set_find(&monitor->links, interface_index);

	return entry ? &entry->link : NULL;
}

struct tt_netlink *tt_monitor_netlink(const struct tt_monitor *monitor)
{
	return monitor->questions;
}
