/* SPDX-License-Identifier: MIT */

/*
 * The table of local destinations
 *
 * Open addressing with linear probing over (family, length, address, scope). A look-up
 * goes through the prefix lengths that are in use, longest first: on most hosts one
 * for a unicast destination, so that it ends after a probe or two, hit or miss.
 *
 * What scope a look-up asks for follows from the destination alone: loopback,
 * link-local and multicast destinations mean something only on an interface, and are
 * stored and sought under its index; all others under their routing domain, the common
 * one being 0.
 *
 * Invariant 1: at least half of the slots are empty, so that every probing ends.
 * Invariant 2: a prefix is stored once, through however many routes it came.
 */

#include "link/local.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	FIRST_ROOM = 16,
	SLOTS_BITS_MIN = 4,
	IPV4_BITS = 32,
	HALF_BITS = 64,
};

/* Odd numbers without structure: the fractions of the golden ratio and of pi. */
#define MIX_HASH  UINT64_C(0x9e3779b97f4a7c15)
#define MIX_LOW   UINT64_C(0x243f6a8885a308d3)
#define MIX_SCOPE UINT64_C(0x13198a2e03707345)

/* @bits ones from the left, of 64; 0 to 64. */
static uint64_t ones_from_left(unsigned int bits)
{
	if (bits == 0)
		return 0;
	return UINT64_MAX << (HALF_BITS - (bits < HALF_BITS ? bits : HALF_BITS));
}

/* Cuts what lies behind the prefix. */
static void cut(struct tt_prefix *prefix, uint8_t length)
{
	prefix->length = length;
	prefix->high &= ones_from_left(length);
	prefix->low &= ones_from_left(length > HALF_BITS ? length - HALF_BITS : 0);
}

static uint64_t read_be64(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return be64toh(value);
}

/* The address with all its bits. */
static struct tt_prefix whole(uint8_t family, const uint8_t *address, uint32_t scope)
{
	struct tt_prefix prefix = { .family = family, .scope = scope };
	uint32_t ipv4;

	if (family == AF_INET) {
		memcpy(&ipv4, address, sizeof(ipv4));
		prefix.high = (uint64_t)be32toh(ipv4) << IPV4_BITS;
		prefix.length = IPV4_BITS;
	} else {
		prefix.high = read_be64(address);
		prefix.low = read_be64(address + sizeof(uint64_t));
		prefix.length = 2 * HALF_BITS;
	}
	return prefix;
}

struct tt_prefix tt_prefix_of(uint8_t family, const uint8_t *address, uint8_t length,
			      uint32_t scope)
{
	struct tt_prefix prefix = whole(family, address, scope);

	cut(&prefix, length);
	return prefix;
}

/* Whether the first @length bits of @prefix are those of @high. */
static bool begins_with(const struct tt_prefix *prefix, uint64_t high, unsigned int length)
{
	return prefix->length >= length && (prefix->high & ones_from_left(length)) == high;
}

enum tt_reach tt_prefix_reach(const struct tt_prefix *prefix)
{
	if (prefix->family == AF_INET) {
		if (begins_with(prefix, UINT64_C(0x7f) << 56, 8)) /* 127.0.0.0/8 */
			return TT_REACH_LOOPBACK;
		if (begins_with(prefix, UINT64_C(0xe) << 60, 4)) /* 224.0.0.0/4 */
			return TT_REACH_MULTICAST;
		return TT_REACH_ANY;
	}

	if (begins_with(prefix, UINT64_C(0xff) << 56, 8)) /* ff00::/8 */
		return TT_REACH_MULTICAST;
	if (begins_with(prefix, UINT64_C(0xfe80) << 48, 10)) /* fe80::/10 */
		return TT_REACH_LINK_LOCAL;
	if (prefix->length == 2 * HALF_BITS && prefix->high == 0 && prefix->low == 1) /* ::1 */
		return TT_REACH_LOOPBACK;
	return TT_REACH_ANY;
}

int tt_prefix_list_add(struct tt_prefix_list *list, struct tt_prefix prefix)
{
	if (list->prefixes_count == list->prefixes_room) {
		size_t room = list->prefixes_room > 0 ? 2 * list->prefixes_room : FIRST_ROOM;
		struct tt_prefix *prefixes;

		prefixes = reallocarray(list->prefixes, room, sizeof(*prefixes));
		if (!prefixes)
			return -ENOMEM;
		list->prefixes = prefixes;
		list->prefixes_room = room;
	}

	list->prefixes[list->prefixes_count++] = prefix;
	return 0;
}

void tt_prefix_list_deinit(struct tt_prefix_list *list)
{
	free(list->prefixes);
	*list = (struct tt_prefix_list){ 0 };
}

static bool is_same(const struct tt_prefix *a, const struct tt_prefix *b)
{
	return a->high == b->high && a->low == b->low && a->scope == b->scope &&
	       a->length == b->length && a->family == b->family;
}

/* The upper bits of a product depend on all lower ones: they choose the slot. */
static size_t first_slot(const struct tt_local *local, const struct tt_prefix *key)
{
	uint64_t kind = (uint64_t)key->scope << 16 | (uint64_t)key->family << 8 | key->length;

	return (key->high ^ key->low * MIX_LOW ^ kind * MIX_SCOPE) * MIX_HASH >> local->shift;
}

/* The slot that holds @key, or the empty one where it would go. */
static struct tt_prefix *find_slot(const struct tt_local *local, const struct tt_prefix *key)
{
	size_t mask = (SIZE_MAX >> local->shift);
	size_t i = first_slot(local, key);

	while (local->slots[i].family != 0 && !is_same(&local->slots[i], key))
		i = (i + 1) & mask;
	return &local->slots[i];
}

static struct tt_prefix_lengths *lengths_of(struct tt_local *local, const struct tt_prefix *prefix)
{
	return &local->lengths[prefix->family == AF_INET6][tt_prefix_reach(prefix) != TT_REACH_ANY];
}

/* Keeps the lengths unique and the longest first. */
static void add_length(struct tt_prefix_lengths *lengths, uint8_t length)
{
	uint8_t i = 0;

	while (i < lengths->count && lengths->lengths[i] > length)
		i++;
	if (i < lengths->count && lengths->lengths[i] == length)
		return;

	memmove(&lengths->lengths[i + 1], &lengths->lengths[i], (size_t)(lengths->count - i));
	lengths->lengths[i] = length;
	lengths->count++;
}

static void insert_all(struct tt_local *local, const struct tt_prefix_list *list)
{
	for (size_t i = 0; i < list->prefixes_count; i++) {
		const struct tt_prefix *prefix = &list->prefixes[i];

		*find_slot(local, prefix) = *prefix;
		add_length(lengths_of(local, prefix), prefix->length);
	}
}

int tt_local_build(struct tt_local *ret_local, const struct tt_prefix_list *routes,
		   const struct tt_prefix_list *groups)
{
	size_t slots_min = 2 * (routes->prefixes_count + groups->prefixes_count);
	struct tt_local local = { 0 };
	unsigned int bits = SLOTS_BITS_MIN;

	while ((size_t)1 << bits < slots_min)
		bits++;

	local.shift = HALF_BITS - bits;
	local.slots = calloc((size_t)1 << bits, sizeof(*local.slots));
	if (!local.slots)
		return -ENOMEM;
	insert_all(&local, routes);
	insert_all(&local, groups);

	tt_local_deinit(ret_local);
	*ret_local = local;
	return 0;
}

void tt_local_deinit(struct tt_local *local)
{
	free(local->slots);
	*local = (struct tt_local){ 0 };
}

/* Whether some prefix of @lengths holds @destination within @scope. */
static bool contains_in_scope(const struct tt_local *local, const struct tt_prefix_lengths *lengths,
			      struct tt_prefix destination, uint32_t scope)
{
	destination.scope = scope;
	for (uint8_t i = 0; i < lengths->count; i++) {
		cut(&destination, lengths->lengths[i]); /* ever shorter: nothing is lost */
		if (find_slot(local, &destination)->family != 0)
			return true;
	}
	return false;
}

bool tt_local_contains(const struct tt_local *local, const struct tt_address *destination,
		       uint32_t interface_index, uint32_t domain)
{
	const struct tt_prefix_lengths *lengths;
	struct tt_prefix key;
	enum tt_reach reach;
	uint32_t scope;

	if (destination->family == AF_INET) {
		if (destination->ipv4.sin_addr.s_addr == INADDR_BROADCAST)
			return true;
		key = whole(AF_INET, (const uint8_t *)&destination->ipv4.sin_addr, 0);
	} else if (destination->family == AF_INET6) {
		key = whole(AF_INET6, destination->ipv6.sin6_addr.s6_addr, 0);
	} else {
		return false;
	}

	reach = tt_prefix_reach(&key);
	lengths = &local->lengths[key.family == AF_INET6][reach != TT_REACH_ANY];
	scope = reach == TT_REACH_ANY ? 0 : interface_index;
	if (contains_in_scope(local, lengths, key, scope))
		return true;
	if (domain == 0)
		return false;

	/*
	 * On a port of a VRF: what the VRF's own table has, and groups that were joined on
	 * the VRF itself, which only IPv4 looks at.
	 */
	if (reach == TT_REACH_ANY || (reach == TT_REACH_MULTICAST && key.family == AF_INET))
		return contains_in_scope(local, lengths, key, domain);
	return false;
}
