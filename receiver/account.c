/* SPDX-License-Identifier: MIT */

/*
 * The account of a receiver
 *
 * Put together from where things are counted: the kernel's filter, the sockets'
 * statistics, the pump.
 */

#include <errno.h>
#include <string.h>

#include "link/link.h"
#include "receiver/receiver.h"

_Static_assert((int)TT_SOURCE_IPV4 == (int)TT_FILTER_SOURCE_IPV4, "one set of numbers");
_Static_assert((int)TT_SOURCE_IPV6 == (int)TT_FILTER_SOURCE_IPV6, "one set of numbers");
_Static_assert((int)TT_SOURCE_OUTGOING == (int)TT_FILTER_SOURCE_OUTGOING, "one set of numbers");
_Static_assert((int)TT_REJECT_PACKET_TYPE == (int)TT_FILTER_REJECT_PACKET_TYPE, "as above");
_Static_assert((int)TT_REJECT_INTERFACE == (int)TT_FILTER_REJECT_INTERFACE, "as above");
_Static_assert((int)TT_REJECT_NOT_UDP == (int)TT_FILTER_REJECT_NOT_UDP, "as above");
_Static_assert((int)TT_REJECT_PORT == (int)TT_FILTER_REJECT_PORT, "as above");
_Static_assert((int)TT_REJECT_EXPRESSION == (int)TT_FILTER_REJECT_EXPRESSION, "as above");
_Static_assert((int)TT_REJECT_FRAGMENT == (int)TT_FILTER_REJECT_FRAGMENT, "as above");
_Static_assert((int)TT_REJECT_MALFORMED == (int)TT_FILTER_REJECT_MALFORMED, "as above");
_Static_assert((int)TT_REJECT_COUNT == (int)TT_FILTER_REJECT_COUNT, "as above");

uint64_t tt_receiver_read_nic_dropped(const struct tt_receiver *receiver)
{
	struct tt_netlink *netlink;
	uint64_t sum = 0;
	uint64_t dropped;

	if (receiver->reads_files)
		return TT_UNKNOWN;
	netlink = tt_monitor_netlink(receiver->monitor);
	if (receiver->interfaces_count == 0)
		return tt_link_read_dropped(netlink, 0, &dropped) < 0 ? TT_UNKNOWN : dropped;

	for (size_t i = 0; i < receiver->interfaces_count; i++) {
		if (tt_link_read_dropped(netlink, receiver->interface_indexes[i], &dropped) < 0)
			return TT_UNKNOWN;
		sum += dropped;
	}
	return sum;
}

/* The losses since the start; unknown when an interface went, and its counter with it. */
static uint64_t nic_dropped_since_start(const struct tt_receiver *receiver)
{
	uint64_t now;

	if (receiver->state == TT_RECEIVER_NEW && !receiver->reads_files)
		return 0;
	now = receiver->state == TT_RECEIVER_OVER ? receiver->nic_dropped_at_end
						  : tt_receiver_read_nic_dropped(receiver);
	if (now == TT_UNKNOWN || receiver->nic_dropped_at_start == TT_UNKNOWN ||
	    now < receiver->nic_dropped_at_start)
		return TT_UNKNOWN;
	return now - receiver->nic_dropped_at_start;
}

/*
 * Sockets count drops in 32 bits, and a reader that stands still for minutes leaves more
 * than these hold. What is accepted and neither dropped nor delivered lies in the ring,
 * whose frames are far fewer: so whole rounds of 2^32 are drops.
 */
static uint64_t wrapped_drops(const struct tt_source_accounting *source)
{
	uint64_t known = source->ring_dropped + source->narrowed + source->delivered;

	return source->accepted > known ? (source->accepted - known) & ~(uint64_t)UINT32_MAX : 0;
}

/* A classic filter counts nothing: what is known of it is what came to the ring. */
static void account_classic(struct tt_accounting *accounting)
{
	accounting->filter_kind = TT_FILTER_CLASSIC;
	for (size_t kind = 0; kind < TT_FILTER_SOURCE_COUNT; kind++) {
		struct tt_source_accounting *source = &accounting->sources[kind];
		uint64_t known = source->ring_dropped + source->narrowed + source->delivered;

		if (!source->is_present)
			continue;
		/* Sockets count in 32 bits: whole rounds may be missing. */
		while (source->accepted < known)
			source->accepted += (uint64_t)UINT32_MAX + 1;
		source->seen = TT_UNKNOWN;
		for (size_t i = 0; i < TT_REJECT_COUNT; i++)
			source->rejected[i] = TT_UNKNOWN;
	}
}

/* Adds what the filter counted. Read after the rest, so that a live sample never delivers
 * more than it accepted. */
static int account_filter(const struct tt_receiver *receiver, struct tt_accounting *accounting)
{
	struct tt_filter_counters counters[TT_FILTER_SOURCE_COUNT];
	int r;

	r = tt_filter_read_counters(receiver->filter, counters);
	if (r == -ENODATA) {
		account_classic(accounting);
		return 0;
	}
	if (r < 0)
		return r;

	for (size_t kind = 0; kind < TT_FILTER_SOURCE_COUNT; kind++) {
		struct tt_source_accounting *source = &accounting->sources[kind];

		if (!source->is_present)
			continue;
		source->seen = counters[kind].seen;
		source->accepted = counters[kind].accepted;
		source->fragments_late = counters[kind].fragments_late;
		source->ring_dropped += wrapped_drops(source);
		for (size_t i = 0; i < TT_REJECT_COUNT; i++)
			source->rejected[i] = counters[kind].rejected[i];
	}
	return 0;
}

static int account(struct tt_receiver *receiver, struct tt_accounting *accounting)
{
	int r;

	memset(accounting, 0, sizeof(*accounting));
	accounting->size = sizeof(*accounting);
	r = tt_pump_account(receiver->worker.pump, accounting);
	if (receiver->reads_files)
		accounting->filter_kind = TT_FILTER_USER; /* a stage of the pump, with its counts */
	if (r < 0 || receiver->reads_files)
		return r;
	return account_filter(receiver, accounting);
}

bool tt_receiver_is_at_rest(struct tt_receiver *receiver)
{
	struct tt_accounting accounting;

	if (account(receiver, &accounting) < 0)
		return false;
	for (size_t kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++) {
		const struct tt_source_accounting *source = &accounting.sources[kind];

		if (source->accepted != source->ring_dropped + source->narrowed + source->delivered)
			return false;
	}
	return true;
}

int tt_receiver_accounting(struct tt_receiver *receiver, struct tt_accounting *accounting)
{
	struct tt_accounting full;
	size_t size;
	int r;

	if (!receiver || !accounting)
		return -EINVAL;
	size = accounting->size;
	if (size < offsetof(struct tt_accounting, sources[1]))
		return -EINVAL;

	r = account(receiver, &full);
	if (r < 0)
		return r;
	full.is_final = receiver->state == TT_RECEIVER_OVER && receiver->is_final;
	full.nic_dropped = nic_dropped_since_start(receiver);

	if (size > sizeof(full)) {
		memset((char *)accounting + sizeof(full), 0, size - sizeof(full));
		size = sizeof(full);
	}
	full.size = size;
	memcpy(accounting, &full, size);
	return 0;
}
