/* SPDX-License-Identifier: MIT */

/*
 * rtnetlink messages
 *
 * A reader first checks type and fixed header, then lets one callback see each
 * attribute. A name is bytes, not text: it may hold anything but a NUL, and whoever
 * prints it escapes it.
 */

#include "link/message.h"

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

enum {
	IPV4_BYTES = 4,
	IPV6_BYTES = 16,
};

_Static_assert(TT_LINK_NAME_BYTES == IFNAMSIZ, "a name of the kernel fits");
_Static_assert(sizeof(struct tt_link) == 128, "a link keeps its size");

static struct nlmsghdr *put_request(void *buffer, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	return request;
}

struct nlmsghdr *tt_message_put_links_request(void *buffer, bool has_statistics)
{
	struct nlmsghdr *request = put_request(buffer, RTM_GETLINK, NLM_F_DUMP);

	(void)mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	if (!has_statistics)
		mnl_attr_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return request;
}

struct nlmsghdr *tt_message_put_link_request(void *buffer, uint32_t interface_index)
{
	struct nlmsghdr *request = put_request(buffer, RTM_GETLINK, NLM_F_ACK);
	struct ifinfomsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));

	header->ifi_index = (int)interface_index;
	return request;
}

struct nlmsghdr *tt_message_put_routes_request(void *buffer, uint8_t family, uint32_t table,
					       uint8_t type)
{
	struct nlmsghdr *request = put_request(buffer, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));

	header->rtm_family = family;
	header->rtm_type = type;
	mnl_attr_put_u32(request, RTA_TABLE, table);
	return request;
}

struct nlmsghdr *tt_message_put_groups_request(void *buffer, uint8_t family)
{
	struct nlmsghdr *request = put_request(buffer, RTM_GETMULTICAST, NLM_F_DUMP);
	struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));

	header->ifa_family = family;
	return request;
}

bool tt_message_is_whole(const struct nlmsghdr *message, int bytes_left)
{
	return mnl_nlmsg_ok(message, bytes_left) && message->nlmsg_len <= (unsigned int)bytes_left;
}

/*
 * The fixed header of a message of one of two types, or NULL. libmnl walks attributes
 * up to the aligned end, so one that does not end there (the kernel makes none) would
 * be read past its end.
 */
static const void *fixed_header(const struct nlmsghdr *message, uint16_t type, uint16_t other_type,
				size_t header_bytes)
{
	if (message->nlmsg_type != type && message->nlmsg_type != other_type)
		return NULL;
	if (message->nlmsg_len != MNL_ALIGN(message->nlmsg_len) ||
	    message->nlmsg_len < MNL_NLMSG_HDRLEN + MNL_ALIGN(header_bytes))
		return NULL;
	return mnl_nlmsg_get_payload(message);
}

/* Copies a string, with or without its NUL, cut to fit; the rest of @text is zero. */
static void read_string(const struct nlattr *attribute, char *text, size_t text_bytes)
{
	size_t length = strnlen(mnl_attr_get_payload(attribute),
				mnl_attr_get_payload_len(attribute));

	if (length >= text_bytes)
		length = text_bytes - 1;
	memset(text, 0, text_bytes);
	memcpy(text, mnl_attr_get_payload(attribute), length);
}

/* A number of 32 bits; one of another size leaves @value as it is. */
static void read_u32(const struct nlattr *attribute, uint32_t *value)
{
	if (mnl_attr_get_payload_len(attribute) == sizeof(*value))
		memcpy(value, mnl_attr_get_payload(attribute), sizeof(*value));
}

static void read_hardware(const struct nlattr *attribute, struct tt_link *link)
{
	size_t bytes = mnl_attr_get_payload_len(attribute);

	if (bytes > sizeof(link->hardware))
		return; /* InfiniBand's 20 bytes: none rather than half of one */
	memcpy(link->hardware, mnl_attr_get_payload(attribute), bytes);
	link->hardware_bytes = (uint8_t)bytes;
}

/* What IFLA_LINKINFO holds; its parts may come in any order. */
struct link_info {
	struct tt_link_entry *entry;
	const struct nlattr *data;
};

static int see_link_info(const struct nlattr *attribute, void *context)
{
	struct link_info *info = context;
	struct tt_link *link = &info->entry->link;

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_INFO_KIND:
		read_string(attribute, link->kind, sizeof(link->kind));
		break;
	case IFLA_INFO_SLAVE_KIND:
		read_string(attribute, link->master_kind, sizeof(link->master_kind));
		break;
	case IFLA_INFO_DATA:
		info->data = attribute;
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int see_vrf_data(const struct nlattr *attribute, void *context)
{
	struct tt_link_entry *entry = context;

	if (mnl_attr_get_type(attribute) == IFLA_VRF_TABLE)
		read_u32(attribute, &entry->vrf_table);
	return MNL_CB_OK;
}

static int see_hsr_data(const struct nlattr *attribute, void *context)
{
	struct tt_link_entry *entry = context;

	if (mnl_attr_get_type(attribute) == IFLA_HSR_SLAVE1)
		read_u32(attribute, &entry->hsr_ports[0]);
	else if (mnl_attr_get_type(attribute) == IFLA_HSR_SLAVE2)
		read_u32(attribute, &entry->hsr_ports[1]);
	return MNL_CB_OK;
}

static void read_link_info(const struct nlattr *attribute, struct tt_link_entry *entry)
{
	struct link_info info = { .entry = entry };

	(void)mnl_attr_parse_nested(attribute, see_link_info, &info);
	if (!info.data)
		return;
	if (strcmp(entry->link.kind, "vrf") == 0)
		(void)mnl_attr_parse_nested(info.data, see_vrf_data, entry);
	else if (strcmp(entry->link.kind, "hsr") == 0)
		(void)mnl_attr_parse_nested(info.data, see_hsr_data, entry);
}

static int see_link(const struct nlattr *attribute, void *context)
{
	struct tt_link_entry *entry = context;

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_IFNAME:
		read_string(attribute, entry->link.name, sizeof(entry->link.name));
		break;
	case IFLA_MTU:
		read_u32(attribute, &entry->link.mtu);
		break;
	case IFLA_MASTER:
		read_u32(attribute, &entry->link.master_index);
		break;
	case IFLA_ADDRESS:
		read_hardware(attribute, &entry->link);
		break;
	case IFLA_LINKINFO:
		read_link_info(attribute, entry);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static uint32_t link_flags(unsigned int flags)
{
	return (flags & IFF_UP ? TT_LINK_UP : 0U) | (flags & IFF_RUNNING ? TT_LINK_RUNNING : 0U) |
	       (flags & IFF_LOOPBACK ? TT_LINK_LOOPBACK : 0U);
}

bool tt_message_read_link(const struct nlmsghdr *message, struct tt_link_entry *ret_entry)
{
	const struct ifinfomsg *header;
	struct tt_link_entry entry;

	header = fixed_header(message, RTM_NEWLINK, RTM_DELLINK, sizeof(*header));
	/* A bridge speaks of its ports in messages of its own family: no news of a link. */
	if (!header || header->ifi_family != AF_UNSPEC || header->ifi_index <= 0)
		return false;

	memset(&entry, 0, sizeof(entry));
	entry.link.index = (uint32_t)header->ifi_index;
	entry.link.flags = link_flags(header->ifi_flags);
	(void)mnl_attr_parse(message, sizeof(*header), see_link, &entry);
	if (entry.link.master_index == 0)
		memset(entry.link.master_kind, 0, sizeof(entry.link.master_kind));

	/* Events of wireless drivers come as such messages, but describe no link. */
	if (entry.link.name[0] == '\0')
		return false;

	*ret_entry = entry;
	return true;
}

/* The counters that are wanted, wherever a kernel's longer or shorter struct ends. */
static int see_dropped(const struct nlattr *attribute, void *context)
{
	struct rtnl_link_stats64 stats = { 0 };
	size_t bytes = mnl_attr_get_payload_len(attribute);
	uint64_t *dropped = context;

	if (mnl_attr_get_type(attribute) != IFLA_STATS64)
		return MNL_CB_OK;

	memcpy(&stats, mnl_attr_get_payload(attribute),
	       bytes < sizeof(stats) ? bytes : sizeof(stats));
	*dropped = stats.rx_missed_errors + stats.rx_fifo_errors;
	return MNL_CB_STOP;
}

bool tt_message_read_dropped(const struct nlmsghdr *message, uint64_t *ret_dropped)
{
	const struct ifinfomsg *header;

	header = fixed_header(message, RTM_NEWLINK, RTM_NEWLINK, sizeof(*header));
	if (!header || header->ifi_family != AF_UNSPEC)
		return false;

	/* Stops at the statistics: to come to the end is not to have found them. */
	return mnl_attr_parse(message, sizeof(*header), see_dropped, ret_dropped) == MNL_CB_STOP;
}

static size_t address_bytes(uint8_t family)
{
	switch (family) {
	case AF_INET:
		return IPV4_BYTES;
	case AF_INET6:
		return IPV6_BYTES;
	default:
		return 0;
	}
}

/* Where an address attribute is copied to, and whether a sound one was found. */
struct address_place {
	uint16_t attribute_type;
	uint8_t *address;
	size_t address_bytes;
	bool is_found;
};

static void read_address(const struct nlattr *attribute, struct address_place *place)
{
	if (mnl_attr_get_type(attribute) != place->attribute_type ||
	    mnl_attr_get_payload_len(attribute) != place->address_bytes)
		return;

	memcpy(place->address, mnl_attr_get_payload(attribute), place->address_bytes);
	place->is_found = true;
}

struct route_reader {
	struct tt_route *route;
	struct address_place destination;
};

static int see_route(const struct nlattr *attribute, void *context)
{
	struct route_reader *reader = context;

	if (mnl_attr_get_type(attribute) == RTA_TABLE)
		read_u32(attribute, &reader->route->table);
	else if (mnl_attr_get_type(attribute) == RTA_OIF)
		read_u32(attribute, &reader->route->interface_index);
	else
		read_address(attribute, &reader->destination);
	return MNL_CB_OK;
}

static bool is_taken_type(uint8_t type)
{
	return type == RTN_LOCAL || type == RTN_BROADCAST || type == RTN_ANYCAST;
}

bool tt_message_read_route(const struct nlmsghdr *message, struct tt_route *ret_route)
{
	const struct rtmsg *header;
	struct tt_route route;
	struct route_reader reader = { .route = &route };
	size_t bytes;

	header = fixed_header(message, RTM_NEWROUTE, RTM_DELROUTE, sizeof(*header));
	if (!header || !is_taken_type(header->rtm_type) || header->rtm_flags & RTM_F_CLONED)
		return false;
	bytes = address_bytes(header->rtm_family);
	if (bytes == 0 || header->rtm_dst_len > 8 * bytes)
		return false;

	memset(&route, 0, sizeof(route));
	route.family = header->rtm_family;
	route.type = header->rtm_type;
	route.prefix_length = header->rtm_dst_len;
	route.table = header->rtm_table;
	reader.destination = (struct address_place){ .attribute_type = RTA_DST,
						     .address = route.address,
						     .address_bytes = bytes };
	(void)mnl_attr_parse(message, sizeof(*header), see_route, &reader);
	if (route.prefix_length > 0 && !reader.destination.is_found)
		return false;

	*ret_route = route;
	return true;
}

static int see_group(const struct nlattr *attribute, void *context)
{
	read_address(attribute, context);
	return MNL_CB_OK;
}

bool tt_message_read_group(const struct nlmsghdr *message, struct tt_group *ret_group)
{
	struct address_place place = { .attribute_type = IFA_MULTICAST };
	const struct ifaddrmsg *header;
	struct tt_group group;

	/* Kernels give a dump's entries either the question's type or the notification's. */
	header = fixed_header(message, TT_RTM_NEWMULTICAST, RTM_GETMULTICAST, sizeof(*header));
	if (!header)
		header = fixed_header(message, TT_RTM_DELMULTICAST, TT_RTM_DELMULTICAST,
				      sizeof(*header));
	if (!header || header->ifa_index == 0)
		return false;

	memset(&group, 0, sizeof(group));
	group.family = header->ifa_family;
	group.interface_index = header->ifa_index;
	place.address = group.address;
	place.address_bytes = address_bytes(group.family);
	if (place.address_bytes == 0)
		return false;

	(void)mnl_attr_parse(message, sizeof(*header), see_group, &place);
	if (!place.is_found)
		return false;

	*ret_group = group;
	return true;
}
