/* SPDX-License-Identifier: MIT */

/*
 * rtnetlink messages: whatever bytes come, readers stay inside them and give only
 * values that their users rely on
 *
 * The input is one datagram of the kernel. Its last messages may be cut.
 */

#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "link/igmp.h"
#include "link/local.h"
#include "link/message.h"

/* The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_prefix(uint8_t family, const uint8_t *address, uint8_t length)
{
	struct tt_prefix prefix;

	check(family == AF_INET || family == AF_INET6);
	check(length <= (family == AF_INET ? 32 : 128));
	prefix = tt_prefix_of(family, address, length, 1);
	check(tt_prefix_reach(&prefix) <= TT_REACH_MULTICAST);
}

static void read_message(const struct nlmsghdr *message)
{
	struct tt_link_entry entry;
	struct tt_route route;
	struct tt_group group;
	uint64_t dropped;

	if (tt_message_read_link(message, &entry)) {
		check(entry.link.index != 0);
		check(entry.link.name[0] != '\0');
		check(memchr(entry.link.name, '\0', sizeof(entry.link.name)) != NULL);
		check(memchr(entry.link.kind, '\0', sizeof(entry.link.kind)) != NULL);
		check(memchr(entry.link.master_kind, '\0', sizeof(entry.link.master_kind)) != NULL);
		check(entry.link.hardware_bytes <= sizeof(entry.link.hardware));
	}
	if (tt_message_read_route(message, &route))
		check_prefix(route.family, route.address, route.prefix_length);
	if (tt_message_read_group(message, &group))
		check_prefix(group.family, group.address, group.family == AF_INET ? 32 : 128);
	(void)tt_message_read_dropped(message, &dropped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct tt_prefix_list list = { 0 };
	const struct nlmsghdr *message;
	int bytes = (int)data_bytes;
	uint8_t *copy;

	copy = malloc(data_bytes + 1); /* exact, and aligned as a message is */
	if (!copy)
		return 0;
	if (data_bytes > 0)
		memcpy(copy, data, data_bytes);

	message = (const void *)copy;
	for (; tt_message_is_whole(message, bytes); message = mnl_nlmsg_next(message, &bytes))
		read_message(message);

	(void)tt_igmp_read((const char *)copy, data_bytes, &list);
	tt_prefix_list_deinit(&list);
	free(copy);
	return 0;
}
