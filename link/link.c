/* SPDX-License-Identifier: MIT */

/*
 * Interfaces, read anew at each call: over a socket that is open, those of its network
 * namespace, else those of the calling thread's
 */

#include "link/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "link/link_set.h"
#include "link/message.h"
#include "link/namespace.h"
#include "link/netlink.h"
#include "link/unknown.h"

/* What @netlink answers to "which interfaces are there". */
static int ask_links(struct tt_netlink *netlink, struct tt_link_set *ret_set,
		     struct tt_error *reterr)
{
	bool is_consistent;
	int r;

	r = tt_link_set_read(ret_set, netlink, &is_consistent);
	if (r < 0)
		return tt_error_set(reterr, r, "list interfaces: %s", strerror(-r));
	if (!is_consistent)
		return tt_error_set(reterr, -EAGAIN, "interfaces keep changing while listed");
	return 0;
}

static int open_netlink(struct tt_netlink **ret_netlink, struct tt_error *reterr)
{
	int r = tt_netlink_new(ret_netlink);

	return r < 0 ? tt_error_set(reterr, r, "netlink socket: %s", strerror(-r)) : 0;
}

int tt_link_list(struct tt_link **ret_links, size_t *ret_links_count, struct tt_error *reterr)
{
	TT_CLEANUP(tt_netlink_freep) struct tt_netlink *netlink = NULL;
	TT_CLEANUP(tt_link_set_deinit) struct tt_link_set set = { 0 };
	struct tt_link *links;
	int r;

	if (!ret_links || !ret_links_count)
		return tt_error_set(reterr, -EINVAL, "interfaces: no place for the list");

	r = open_netlink(&netlink, reterr);
	if (r == 0)
		r = ask_links(netlink, &set, reterr);
	if (r < 0)
		return r;

	/* Never of no bytes: malloc(3) may answer NULL to that. */
	links = calloc(set.entries_count + 1, sizeof(*links));
	if (!links)
		return tt_error_set(reterr, -ENOMEM, "list interfaces: %s", strerror(ENOMEM));
	for (size_t i = 0; i < set.entries_count; i++)
		links[i] = set.entries[i].link;

	*ret_links = links;
	*ret_links_count = set.entries_count;
	return 0;
}

struct listing {
	struct tt_link **links;
	size_t *links_count;
};

static int list_here(void *context, struct tt_error *reterr)
{
	const struct listing *listing = context;

	return tt_link_list(listing->links, listing->links_count, reterr);
}

int tt_link_list_in(const char *network_namespace, struct tt_link **ret_links,
		    size_t *ret_links_count, struct tt_error *reterr)
{
	struct listing listing = { .links = ret_links, .links_count = ret_links_count };
	TT_CLEANUP(tt_closep) int fd = -1;
	int r;

	if (!network_namespace)
		return tt_link_list(ret_links, ret_links_count, reterr);
	r = tt_namespace_open(&fd, network_namespace, reterr);
	if (r < 0)
		return r;
	r = tt_namespace_run(fd, list_here, &listing, reterr);
	return r < 0 ? tt_error_wrap(reterr, r, "network namespace %s", network_namespace) : 0;
}

/* Names what exists. */
static int set_unknown(const char *name, const struct tt_link_set *set, struct tt_error *reterr)
{
	struct tt_unknown unknown;

	tt_unknown_init(&unknown, "interface", name);
	for (size_t i = 0; i < set->entries_count; i++)
		tt_unknown_add(&unknown, set->entries[i].link.name);
	return tt_unknown_set(&unknown, -ENODEV, "; there are none", reterr);
}

int tt_link_find_over(struct tt_netlink *netlink, const char *name, struct tt_link *ret_link,
		      struct tt_error *reterr)
{
	TT_CLEANUP(tt_link_set_deinit) struct tt_link_set set = { 0 };
	size_t length = strnlen(name, TT_LINK_NAME_BYTES);
	int r;

	if (length == 0 || length == TT_LINK_NAME_BYTES)
		return tt_error_set(reterr, -EINVAL, "an interface's name has 1 to %d bytes",
				    TT_LINK_NAME_BYTES - 1);

	r = ask_links(netlink, &set, reterr);
	if (r < 0)
		return r;

	for (size_t i = 0; i < set.entries_count; i++) {
		if (strcmp(set.entries[i].link.name, name) == 0) {
			*ret_link = set.entries[i].link;
			return 0;
		}
	}
	return set_unknown(name, &set, reterr);
}

int tt_link_find(const char *name, struct tt_link *ret_link, struct tt_error *reterr)
{
	TT_CLEANUP(tt_netlink_freep) struct tt_netlink *netlink = NULL;
	int r;

	if (!name || !ret_link)
		return tt_error_set(reterr, -EINVAL, "interface: no name, or no place for it");
	r = open_netlink(&netlink, reterr);
	return r < 0 ? r : tt_link_find_over(netlink, name, ret_link, reterr);
}

bool tt_link_is_consumed(const struct tt_link *link)
{
	return link->master_index != 0 && strcmp(link->master_kind, "vrf") != 0;
}

static int add_dropped(const struct nlmsghdr *message, void *context)
{
	uint64_t *sum = context;
	uint64_t dropped;

	if (tt_message_read_dropped(message, &dropped))
		*sum += dropped;
	return 0;
}

int tt_link_read_dropped(struct tt_netlink *netlink, uint32_t interface_index,
			 uint64_t *ret_dropped)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[TT_NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request;
	bool is_consistent;
	uint64_t sum = 0;
	int r;

	request = interface_index == 0 ? tt_message_put_links_request(buffer, true)
				       : tt_message_put_link_request(buffer, interface_index);
	/* A sum over interfaces that come and go meanwhile is as good as any other. */
	r = tt_netlink_exchange(netlink, request, add_dropped, &sum, &is_consistent);
	if (r < 0)
		return r;

	*ret_dropped = sum;
	return 0;
}
