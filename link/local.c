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
#define MIX_HASH UINT64_C(0x9e3779b97f4a7c15)
#define MIX_LOW  UINT64_C(0x243f6a8885a308d3)
#define MIX_KIND UINT64_C(0x13198a2e03707345)

/* @bits ones from the left, of 64; 0 to 64. */
static uint64_t ones_from_left(unsigned int bits)
{
	if (bits == 0)
		return 0;
	return UINT64_MAX << (HALF_BITS - (bits < HALF_BITS ? bits : HALF_BITS));
}

static struct tt_prefix_mask mask_of(uint8_t length)
{
	return (struct tt_prefix_mask){
		.high = ones_from_left(length),
		.low = ones_from_left(length > HALF_BITS ? length - HALF_BITS : 0),
		.length = length,
	};
}

static uint64_t read_be64(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return be64toh(value);
}

/* The address with all its bits. */
static inline struct tt_prefix whole(uint8_t family, const uint8_t *address, uint32_t scope)
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
	struct tt_prefix_mask mask = mask_of(length);

	prefix.high &= mask.high;
	prefix.low &= mask.low;
	prefix.length = length;
	return prefix;
}

/* Whether the first @length bits of a prefix that has so many are those of @high. */
static inline bool begins_with(const struct tt_prefix *prefix, uint64_t high, unsigned int length)
{
	return (prefix->high ^ high) >> (HALF_BITS - length) == 0 && prefix->length >= length;
}

/* In one piece with the look-up, which asks it of each destination. */
static inline enum tt_reach reach_of(const struct tt_prefix *prefix)
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
	if (prefix->low == 1 && prefix->high == 0 && prefix->length == 2 * HALF_BITS) /* ::1 */
		return TT_REACH_LOOPBACK;
	return TT_REACH_ANY;
}

enum tt_reach tt_prefix_reach(const struct tt_prefix *prefix)
{
	return reach_of(prefix);
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

static uint64_t kind_of(uint32_t scope, uint8_t family, uint8_t length)
{
	return (uint64_t)scope << 16 | (uint64_t)family << 8 | length;
}

/*
 * The slot that holds the prefix, or the empty one where it would go. The upper bits of
 * a product depend on all lower ones: they choose the first slot.
 */
static inline size_t find_slot(const struct tt_local *local, uint64_t high, uint64_t low,
			       uint64_t kind)
{
	const struct tt_local_slot *slots = local->slots;
	size_t mask = SIZE_MAX >> local->shift;
	size_t i = (high ^ low * MIX_LOW ^ kind * MIX_KIND) * MIX_HASH >> local->shift;

	while (slots[i].kind != 0 &&
	       (slots[i].kind != kind || slots[i].high != high || slots[i].low != low))
		i = (i + 1) & mask;
	return i;
}

/* Keeps the lengths unique and the longest first. */
static void add_mask(struct tt_prefix_masks *masks, uint8_t length)
{
	size_t i = 0;

	while (i < masks->count && masks->masks[i].length > length)
		i++;
	if (i < masks->count && masks->masks[i].length == length)
		return;

	memmove(&masks->masks[i + 1], &masks->masks[i],
		(masks->count - i) * sizeof(masks->masks[i]));
	masks->masks[i] = mask_of(length);
	masks->count++;
}

static void insert_all(struct tt_local *local, const struct tt_prefix_list *list)
{
	for (size_t i = 0; i < list->prefixes_count; i++) {
		const struct tt_prefix *prefix = &list->prefixes[i];
		uint64_t kind = kind_of(prefix->scope, prefix->family, prefix->length);
		bool is_bound = tt_prefix_reach(prefix) != TT_REACH_ANY;

		local->slots[find_slot(local, prefix->high, prefix->low, kind)] =
			(struct tt_local_slot){ prefix->high, prefix->low, kind };
		add_mask(&local->masks[prefix->family == AF_INET6][is_bound], prefix->length);
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

/* Whether the table has a prefix of @destination within @scope. */
static inline bool contains_in_scope(const struct tt_local *local,
				     const struct tt_prefix *destination, bool is_bound,
				     uint32_t scope)
{
	const struct tt_prefix_masks *masks =
		&local->masks[destination->family == AF_INET6][is_bound];

	for (size_t i = 0; i < masks->count; i++) {
		const struct tt_prefix_mask *mask = &masks->masks[i];
		uint64_t kind = kind_of(scope, destination->family, mask->length);
		size_t slot = find_slot(local, destination->high & mask->high,
					destination->low & mask->low, kind);

		if (local->slots[slot].kind != 0)
			return true;
	}
	return false;
}

bool tt_local_contains(const struct tt_local *local, const struct tt_address *destination,
		       uint32_t interface_index, uint32_t domain)
{
	struct tt_prefix key;
	enum tt_reach reach;
	bool is_bound;

	if (destination->family == AF_INET) {
		if (destination->ipv4.sin_addr.s_addr == INADDR_BROADCAST)
			return true;
		key = whole(AF_INET, (const uint8_t *)&destination->ipv4.sin_addr, 0);
	} else if (destination->family == AF_INET6) {
		key = whole(AF_INET6, destination->ipv6.sin6_addr.s6_addr, 0);
	} else {
		return false;
	}

	reach = reach_of(&key);
	is_bound = reach != TT_REACH_ANY;
	if (contains_in_scope(local, &key, is_bound, is_bound ? interface_index : 0))
		return true;
	if (domain == 0)
		return false;

	/*
	 * On a port of a VRF: what the VRF's own table has, and groups that were joined on
	 * the VRF itself, which only IPv4 looks at.
	 */
	if (reach == TT_REACH_ANY || (reach == TT_REACH_MULTICAST && key.family == AF_INET))
		return contains_in_scope(local, &key, is_bound, domain);
	return false;
}
