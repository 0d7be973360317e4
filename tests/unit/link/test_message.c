/* SPDX-License-Identifier: MIT */

/*
 * rtnetlink messages
 *
 * Messages are built byte by byte as a kernel would, and read where their last byte is
 * the last readable one. Each is also read at every truncation: a reader may then say
 * no, or leave out what is missing, but never read further. Not covered: what kernels
 * really send, which the tests in network namespaces see.
 */

#include "link/message.h"

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "link/link.h"
#include "tests/support/guard.h"
#include "tests/unit/cmocka_all.h"

enum {
	BUFFER_BYTES = 1024,
};

struct image {
	_Alignas(struct nlmsghdr) uint8_t bytes[BUFFER_BYTES];
	struct nlmsghdr *message;
};

static struct tt_guard guard;

/* The message where an unreadable page follows, as if it were @bytes_count long. */
static const struct nlmsghdr *guarded(const struct image *image, uint32_t bytes_count)
{
	struct image cut = *image;

	memcpy(cut.bytes, &bytes_count, sizeof(bytes_count)); /* nlmsg_len comes first */
	/* Messages are aligned, so up to three bytes stay readable behind an odd one. */
	return (const void *)tt_guard_copy(&guard, cut.bytes, MNL_ALIGN(bytes_count));
}

static const struct nlmsghdr *whole(const struct image *image)
{
	return guarded(image, image->message->nlmsg_len);
}

static void *start(struct image *image, uint16_t type, size_t header_bytes)
{
	memset(image, 0, sizeof(*image));
	image->message = mnl_nlmsg_put_header(image->bytes);
	image->message->nlmsg_type = type;
	return mnl_nlmsg_put_extra_header(image->message, header_bytes);
}

static struct ifinfomsg *start_link(struct image *image, int index, const char *name)
{
	struct ifinfomsg *header = start(image, RTM_NEWLINK, sizeof(*header));

	header->ifi_index = index;
	if (name)
		mnl_attr_put_strz(image->message, IFLA_IFNAME, name);
	return header;
}

/* A port of a bridge with everything that is read. */
static void make_port(struct image *image)
{
	static const uint8_t hardware[] = { 2, 0, 0, 0, 0, 7 };
	struct ifinfomsg *header = start_link(image, 5, "veth0");
	struct nlattr *info;

	header->ifi_flags = IFF_UP | IFF_RUNNING | IFF_MULTICAST;
	mnl_attr_put_u32(image->message, IFLA_MTU, 1400);
	mnl_attr_put_u32(image->message, IFLA_MASTER, 9);
	mnl_attr_put(image->message, IFLA_ADDRESS, sizeof(hardware), hardware);
	info = mnl_attr_nest_start(image->message, IFLA_LINKINFO);
	mnl_attr_put_strz(image->message, IFLA_INFO_KIND, "veth");
	mnl_attr_put_strz(image->message, IFLA_INFO_SLAVE_KIND, "bridge");
	mnl_attr_nest_end(image->message, info);
}

static void a_link_is_read_with_its_master(void **state)
{
	struct tt_link_entry entry;
	struct image image;

	(void)state;

	make_port(&image);
	assert_true(tt_message_read_link(whole(&image), &entry));
	assert_int_equal(entry.link.index, 5);
	assert_int_equal(entry.link.flags, TT_LINK_UP | TT_LINK_RUNNING);
	assert_int_equal(entry.link.mtu, 1400);
	assert_int_equal(entry.link.master_index, 9);
	assert_string_equal(entry.link.name, "veth0");
	assert_string_equal(entry.link.kind, "veth");
	assert_string_equal(entry.link.master_kind, "bridge");
	assert_int_equal(entry.link.hardware_bytes, 6);
	assert_int_equal(entry.link.hardware[5], 7);
	assert_int_equal(entry.vrf_table, 0);
}

static void every_master_but_a_vrf_consumes(void **state)
{
	static const char *const kinds[] = { "bridge", "bond", "team", "openvswitch", "hsr", "" };
	struct tt_link link = { .index = 5, .master_index = 9 };

	(void)state;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		memset(link.master_kind, 0, sizeof(link.master_kind));
		memcpy(link.master_kind, kinds[i], strlen(kinds[i]));
		assert_true(tt_link_is_consumed(&link));
	}
	memcpy(link.master_kind, "vrf", sizeof("vrf"));
	assert_false(tt_link_is_consumed(&link));

	link = (struct tt_link){ .index = 5 };
	assert_false(tt_link_is_consumed(&link));
}

/* An interface that has ports, with its kind before or behind its data. */
static void make_upper(struct image *image, const char *kind, bool has_kind_first)
{
	struct nlattr *info;
	struct nlattr *data;

	(void)start_link(image, 3, "upper");
	info = mnl_attr_nest_start(image->message, IFLA_LINKINFO);
	if (has_kind_first)
		mnl_attr_put_strz(image->message, IFLA_INFO_KIND, kind);
	data = mnl_attr_nest_start(image->message, IFLA_INFO_DATA);
	mnl_attr_put_u32(image->message, 1, 1001); /* IFLA_VRF_TABLE, IFLA_HSR_SLAVE1 */
	mnl_attr_put_u32(image->message, 2, 1002); /* IFLA_HSR_SLAVE2 */
	mnl_attr_nest_end(image->message, data);
	if (!has_kind_first)
		mnl_attr_put_strz(image->message, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(image->message, info);
}

static void the_data_of_vrf_and_hsr_are_read_wherever_their_kind_stands(void **state)
{
	struct tt_link_entry entry;
	struct image image;

	(void)state;

	for (int i = 0; i < 2; i++) {
		make_upper(&image, "vrf", i == 0);
		assert_true(tt_message_read_link(whole(&image), &entry));
		assert_int_equal(entry.vrf_table, 1001);
		assert_int_equal(entry.hsr_ports[0], 0);

		make_upper(&image, "hsr", i == 0);
		assert_true(tt_message_read_link(whole(&image), &entry));
		assert_int_equal(entry.vrf_table, 0);
		assert_int_equal(entry.hsr_ports[0], 1001);
		assert_int_equal(entry.hsr_ports[1], 1002);

		/* Of another kind the same numbers mean something else. */
		make_upper(&image, "vlan", i == 0);
		assert_true(tt_message_read_link(whole(&image), &entry));
		assert_int_equal(entry.vrf_table, 0);
		assert_int_equal(entry.hsr_ports[0], 0);
	}
}

static void a_name_of_any_bytes_and_length_stays_a_terminated_string(void **state)
{
	static const char name[] = "\033\xff\"\\0123456789abcdef";
	struct tt_link_entry entry;
	struct image image;

	(void)state;

	for (size_t length = 1; length < sizeof(name); length++) {
		size_t kept = length < TT_LINK_NAME_BYTES ? length : TT_LINK_NAME_BYTES - 1;

		(void)start_link(&image, 1, NULL);
		mnl_attr_put(image.message, IFLA_IFNAME, length, name); /* no NUL of its own */
		assert_true(tt_message_read_link(whole(&image), &entry));
		assert_int_equal(strlen(entry.link.name), kept);
		assert_memory_equal(entry.link.name, name, kept);
	}
}

static void messages_that_describe_no_link_are_left_alone(void **state)
{
	struct tt_link_entry entry;
	struct tt_link_entry before;
	struct image image;

	(void)state;

	memset(&entry, 0xa5, sizeof(entry));
	before = entry;

	start_link(&image, 5, "port")->ifi_family = AF_BRIDGE;
	assert_false(tt_message_read_link(whole(&image), &entry));
	(void)start_link(&image, 5, NULL); /* a wireless event */
	assert_false(tt_message_read_link(whole(&image), &entry));
	(void)start_link(&image, 5, "");
	assert_false(tt_message_read_link(whole(&image), &entry));
	(void)start_link(&image, 0, "none");
	assert_false(tt_message_read_link(whole(&image), &entry));
	(void)start_link(&image, -1, "none");
	assert_false(tt_message_read_link(whole(&image), &entry));
	(void)start_link(&image, 5, "other");
	image.message->nlmsg_type = RTM_NEWADDR;
	assert_false(tt_message_read_link(whole(&image), &entry));
	assert_memory_equal(&entry, &before, sizeof(entry));
}

static void attributes_of_a_wrong_size_are_left_out(void **state)
{
	uint8_t hardware[20] = { 1 };
	struct tt_link_entry entry;
	struct image image;

	(void)state;

	(void)start_link(&image, 5, "ib0");
	mnl_attr_put_u16(image.message, IFLA_MTU, 1400);
	mnl_attr_put_u64(image.message, IFLA_MASTER, 9);
	mnl_attr_put(image.message, IFLA_ADDRESS, sizeof(hardware), hardware);
	assert_true(tt_message_read_link(whole(&image), &entry));
	assert_int_equal(entry.link.mtu, 0);
	assert_int_equal(entry.link.master_index, 0);
	assert_int_equal(entry.link.hardware_bytes, 0);
}

static void losses_are_the_missed_and_the_fifo_errors(void **state)
{
	struct rtnl_link_stats64 stats = {
		.rx_dropped = 1000, .rx_missed_errors = 40, .rx_fifo_errors = 2, .rx_errors = 100
	};
	struct image image;
	uint64_t dropped = 7;

	(void)state;

	(void)start_link(&image, 5, "eth0");
	assert_false(tt_message_read_dropped(whole(&image), &dropped));
	assert_int_equal(dropped, 7);
	mnl_attr_put(image.message, IFLA_STATS64, sizeof(stats), &stats);
	assert_true(tt_message_read_dropped(whole(&image), &dropped));
	assert_int_equal(dropped, 42);

	/* An older kernel's struct ends early. */
	(void)start_link(&image, 5, "eth0");
	mnl_attr_put(image.message, IFLA_STATS64,
		     offsetof(struct rtnl_link_stats64, rx_missed_errors), &stats);
	assert_true(tt_message_read_dropped(whole(&image), &dropped));
	assert_int_equal(dropped, 2);
}

static struct rtmsg *start_route(struct image *image, uint8_t family, uint8_t type)
{
	struct rtmsg *header = start(image, RTM_NEWROUTE, sizeof(*header));

	header->rtm_family = family;
	header->rtm_type = type;
	header->rtm_table = RT_TABLE_COMPAT;
	return header;
}

static void make_route(struct image *image)
{
	static const uint8_t address[4] = { 192, 0, 2, 0 };

	start_route(image, AF_INET, RTN_LOCAL)->rtm_dst_len = 24;
	mnl_attr_put(image->message, RTA_DST, sizeof(address), address);
	mnl_attr_put_u32(image->message, RTA_TABLE, 100000);
	mnl_attr_put_u32(image->message, RTA_OIF, 3);
}

static void a_route_is_read_with_its_long_table_number(void **state)
{
	struct tt_route route;
	struct image image;

	(void)state;

	make_route(&image);
	assert_true(tt_message_read_route(whole(&image), &route));
	assert_int_equal(route.family, AF_INET);
	assert_int_equal(route.type, RTN_LOCAL);
	assert_int_equal(route.prefix_length, 24);
	assert_int_equal(route.table, 100000);
	assert_int_equal(route.interface_index, 3);
	assert_int_equal(route.address[0], 192);

	/* The default route has no destination. */
	(void)start_route(&image, AF_INET6, RTN_ANYCAST);
	assert_true(tt_message_read_route(whole(&image), &route));
	assert_int_equal(route.prefix_length, 0);
	assert_int_equal(route.table, RT_TABLE_COMPAT);
}

static void routes_that_take_nothing_or_are_malformed_are_left_alone(void **state)
{
	struct tt_route route = { .table = 77 };
	uint8_t address[16] = { 0 };
	struct image image;

	(void)state;

	(void)start_route(&image, AF_INET, RTN_UNICAST);
	assert_false(tt_message_read_route(whole(&image), &route));
	start_route(&image, AF_INET, RTN_LOCAL)->rtm_flags = RTM_F_CLONED;
	assert_false(tt_message_read_route(whole(&image), &route));
	(void)start_route(&image, AF_UNSPEC, RTN_LOCAL);
	assert_false(tt_message_read_route(whole(&image), &route));

	start_route(&image, AF_INET, RTN_LOCAL)->rtm_dst_len = 33;
	mnl_attr_put(image.message, RTA_DST, 4, address);
	assert_false(tt_message_read_route(whole(&image), &route));
	start_route(&image, AF_INET, RTN_LOCAL)->rtm_dst_len = 32;
	mnl_attr_put(image.message, RTA_DST, 16, address);
	assert_false(tt_message_read_route(whole(&image), &route));
	start_route(&image, AF_INET6, RTN_LOCAL)->rtm_dst_len = 129;
	mnl_attr_put(image.message, RTA_DST, 16, address);
	assert_false(tt_message_read_route(whole(&image), &route));
	start_route(&image, AF_INET6, RTN_LOCAL)->rtm_dst_len = 128;
	assert_false(tt_message_read_route(whole(&image), &route));
	assert_int_equal(route.table, 77);
}

static void make_group(struct image *image, uint16_t type)
{
	static const uint8_t address[16] = { 0xff, 0x02, [15] = 1 };
	struct ifaddrmsg *header = start(image, type, sizeof(*header));

	header->ifa_family = AF_INET6;
	header->ifa_index = 4;
	mnl_attr_put(image->message, IFA_MULTICAST, sizeof(address), address);
}

static void a_group_is_read_from_dumps_and_notifications(void **state)
{
	static const uint16_t types[] = { RTM_GETMULTICAST, TT_RTM_NEWMULTICAST,
					  TT_RTM_DELMULTICAST };
	struct tt_group group = { 0 };
	struct image image;

	(void)state;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		make_group(&image, types[i]);
		assert_true(tt_message_read_group(whole(&image), &group));
		assert_int_equal(group.family, AF_INET6);
		assert_int_equal(group.interface_index, 4);
		assert_int_equal(group.address[0], 0xff);
		assert_int_equal(group.address[15], 1);
	}

	make_group(&image, RTM_NEWADDR);
	assert_false(tt_message_read_group(whole(&image), &group));
	((struct ifaddrmsg *)start(&image, RTM_GETMULTICAST, sizeof(struct ifaddrmsg)))->ifa_index =
		4;
	assert_false(tt_message_read_group(whole(&image), &group));
}

static void no_truncation_is_read_past_its_end(void **state)
{
	struct image images[3];

	(void)state;

	make_port(&images[0]);
	make_route(&images[1]);
	make_group(&images[2], RTM_GETMULTICAST);

	for (size_t i = 0; i < 3; i++) {
		for (uint32_t bytes = MNL_NLMSG_HDRLEN; bytes < images[i].message->nlmsg_len;
		     bytes++) {
			const struct nlmsghdr *message = guarded(&images[i], bytes);
			struct tt_link_entry entry;
			struct tt_route route;
			struct tt_group group;
			uint64_t dropped;

			if (tt_message_read_link(message, &entry))
				assert_string_equal(entry.link.name, "veth0");
			if (tt_message_read_route(message, &route))
				assert_int_equal(route.address[0], 192);
			assert_false(tt_message_read_group(message, &group));
			assert_false(tt_message_read_dropped(message, &dropped));
		}
	}
}

static void a_message_must_lie_within_what_was_received(void **state)
{
	struct image image;
	int bytes;

	(void)state;

	make_route(&image);
	bytes = (int)image.message->nlmsg_len;
	assert_true(tt_message_is_whole(image.message, bytes));
	assert_false(tt_message_is_whole(image.message, bytes - 1));
	assert_false(tt_message_is_whole(image.message, MNL_NLMSG_HDRLEN - 1));
	assert_false(tt_message_is_whole(image.message, 0));
	assert_false(tt_message_is_whole(image.message, -4)); /* behind an unaligned last one */
	image.message->nlmsg_len = MNL_NLMSG_HDRLEN - 1;
	assert_false(tt_message_is_whole(image.message, bytes));
	image.message->nlmsg_len = UINT32_MAX - 15;
	assert_false(tt_message_is_whole(image.message, bytes));
}

static void an_attribute_that_claims_too_much_ends_the_message(void **state)
{
	struct tt_link_entry entry;
	struct image image;
	struct nlattr *last;

	(void)state;

	(void)start_link(&image, 5, "eth0");
	last = mnl_nlmsg_get_payload_tail(image.message);
	mnl_attr_put_u32(image.message, IFLA_MTU, 1500);
	last->nla_len = UINT16_MAX;
	assert_true(tt_message_read_link(whole(&image), &entry));
	assert_int_equal(entry.link.mtu, 0);
	last->nla_len = 0;
	assert_true(tt_message_read_link(whole(&image), &entry));
	assert_int_equal(entry.link.mtu, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_is_read_with_its_master),
		cmocka_unit_test(every_master_but_a_vrf_consumes),
		cmocka_unit_test(the_data_of_vrf_and_hsr_are_read_wherever_their_kind_stands),
		cmocka_unit_test(a_name_of_any_bytes_and_length_stays_a_terminated_string),
		cmocka_unit_test(messages_that_describe_no_link_are_left_alone),
		cmocka_unit_test(attributes_of_a_wrong_size_are_left_out),
		cmocka_unit_test(losses_are_the_missed_and_the_fifo_errors),
		cmocka_unit_test(a_route_is_read_with_its_long_table_number),
		cmocka_unit_test(routes_that_take_nothing_or_are_malformed_are_left_alone),
		cmocka_unit_test(a_group_is_read_from_dumps_and_notifications),
		cmocka_unit_test(no_truncation_is_read_past_its_end),
		cmocka_unit_test(a_message_must_lie_within_what_was_received),
		cmocka_unit_test(an_attribute_that_claims_too_much_ends_the_message),
	};
	int failures;

	tt_guard_init(&guard, BUFFER_BYTES);
	failures = cmocka_run_group_tests(tests, NULL, NULL);
	tt_guard_deinit(&guard);
	return failures;
}
