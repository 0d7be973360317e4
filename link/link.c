/* SPDX-License-Identifier: MIT */

/*
 * Interfaces of the calling thread's network namespace, read anew at each call
 *
 * An interface's name may hold any byte but a NUL, a blank, ':' and '/': where one
 * enters a message, what is no printable ASCII is escaped.
 */

#include "link/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "link/link_set.h"
#include "link/message.h"
#include "link/monitor.h"
#include "link/netlink.h"

static const char names_cut[] = ", ...";

/* A new netlink socket's answer to "which interfaces are there". */
static int read_links(struct tt_link_set *ret_set, struct tt_error *reterr)
{
	TT_CLEANUP(tt_netlink_freep) struct tt_netlink *netlink = NULL;
	bool is_consistent;
	int r;

	r = tt_netlink_new(&netlink);
	if (r < 0)
		return tt_error_set(reterr, r, "netlink socket: %s", strerror(-r));

	r = tt_link_set_read(ret_set, netlink, &is_consistent);
	if (r < 0)
		return tt_error_set(reterr, r, "list interfaces: %s", strerror(-r));
	if (!is_consistent)
		return tt_error_set(reterr, -EAGAIN, "interfaces keep changing while listed");
	return 0;
}

int tt_link_list(struct tt_link **ret_links, size_t *ret_links_count, struct tt_error *reterr)
{
	TT_CLEANUP(tt_link_set_deinit) struct tt_link_set set = { 0 };
	struct tt_link *links;
	int r;

	if (!ret_links || !ret_links_count)
		return tt_error_set(reterr, -EINVAL, "interfaces: no place for the list");

	r = read_links(&set, reterr);
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

static void put_name(struct tt_text *text, const char *name)
{
	for (const char *c = name; *c; c++) {
		uint8_t byte = (uint8_t)*c;

		if (byte > 0x20 && byte < 0x7f && byte != '\\') {
			tt_text_put_char(text, *c);
		} else {
			tt_text_put_string(text, "\\x");
			tt_text_put_hex(text, &byte, 1);
		}
	}
}

/* Names what exists, as far as there is room, and says when that is not all. */
static int set_unknown(struct tt_error *reterr, const char *name, const struct tt_link_set *set)
{
	char bytes[TT_ERROR_MESSAGE_BYTES];
	struct tt_text text = tt_text_over(bytes, sizeof(bytes) - sizeof(names_cut));
	bool is_cut = false;

	tt_text_put_string(&text, "no interface \"");
	put_name(&text, name);
	tt_text_put_string(&text, "\"; there are: ");

	for (size_t i = 0; i < set->entries_count && !is_cut; i++) {
		size_t length = text.length;

		if (i > 0)
			tt_text_put_string(&text, ", ");
		put_name(&text, set->entries[i].link.name);
		is_cut = text.is_full;
		if (is_cut)
			text.length = length; /* no half of a name */
	}

	if (is_cut) {
		text.is_full = false;
		text.room_bytes = sizeof(bytes);
		tt_text_put_string(&text, names_cut);
	}
	text.room_bytes = sizeof(bytes);
	tt_text_end(&text);
	return tt_error_set(reterr, -ENODEV, "%s", bytes);
}

int tt_link_find(const char *name, struct tt_link *ret_link, struct tt_error *reterr)
{
	TT_CLEANUP(tt_link_set_deinit) struct tt_link_set set = { 0 };
	size_t length;
	int r;

	if (!name || !ret_link)
		return tt_error_set(reterr, -EINVAL, "interface: no name, or no place for it");
	length = strnlen(name, TT_LINK_NAME_BYTES);
	if (length == 0 || length == TT_LINK_NAME_BYTES)
		return tt_error_set(reterr, -EINVAL, "an interface's name has 1 to %d bytes",
				    TT_LINK_NAME_BYTES - 1);

	r = read_links(&set, reterr);
	if (r < 0)
		return r;

	for (size_t i = 0; i < set.entries_count; i++) {
		if (strcmp(set.entries[i].link.name, name) == 0) {
			*ret_link = set.entries[i].link;
			return 0;
		}
	}
	return set_unknown(reterr, name, &set);
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

int tt_link_read_dropped(uint32_t interface_index, uint64_t *ret_dropped)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[TT_NETLINK_REQUEST_BYTES];
	TT_CLEANUP(tt_netlink_freep) struct tt_netlink *netlink = NULL;
	struct nlmsghdr *request;
	bool is_consistent;
	uint64_t sum = 0;
	int r;

	r = tt_netlink_new(&netlink);
	if (r < 0)
		return r;

	request = interface_index == 0 ? tt_message_put_links_request(buffer, true)
				       : tt_message_put_link_request(buffer, interface_index);
	/* A sum over interfaces that come and go meanwhile is as good as any other. */
	r = tt_netlink_exchange(netlink, request, add_dropped, &sum, &is_consistent);
	if (r < 0)
		return r;

	*ret_dropped = sum;
	return 0;
}
