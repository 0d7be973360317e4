/* SPDX-License-Identifier: MIT */

/*
 * The words of an account
 */

#include "twintap/accounting.h"

static const char *const source_kind_names[] = {
	[TT_SOURCE_IPV4] = "ipv4",
	[TT_SOURCE_IPV6] = "ipv6",
	[TT_SOURCE_OUTGOING] = "outgoing",
	[TT_SOURCE_FILE] = "file",
};

_Static_assert(sizeof(source_kind_names) / sizeof(source_kind_names[0]) == TT_SOURCE_KIND_COUNT,
	       "a name for each kind of source");

static const char *const reject_names[] = {
	[TT_REJECT_PACKET_TYPE] = "packet_type", [TT_REJECT_INTERFACE] = "interface",
	[TT_REJECT_NOT_UDP] = "not_udp",         [TT_REJECT_PORT] = "port",
	[TT_REJECT_EXPRESSION] = "expression",   [TT_REJECT_FRAGMENT] = "fragment",
	[TT_REJECT_MALFORMED] = "malformed",
};

_Static_assert(sizeof(reject_names) / sizeof(reject_names[0]) == TT_REJECT_COUNT,
	       "a name for each reason");

static const char *const filter_kind_names[] = {
	[TT_FILTER_EBPF] = "ebpf",
	[TT_FILTER_CLASSIC] = "classic",
	[TT_FILTER_USER] = "user",
};

_Static_assert(sizeof(filter_kind_names) / sizeof(filter_kind_names[0]) == TT_FILTER_KIND_COUNT,
	       "a name for each kind");

static const char *const withheld_names[] = {
	[TT_WITHHELD_VERDICT] = "verdict",
	[TT_WITHHELD_NOT_LOCAL] = "not_local",
	[TT_WITHHELD_NO_ROUTE] = "no_route",
	[TT_WITHHELD_LIMIT] = "limit",
};

_Static_assert(sizeof(withheld_names) / sizeof(withheld_names[0]) == TT_WITHHELD_COUNT,
	       "a name for each reason");

_Static_assert((int)TT_REJECT_COUNT <= (int)TT_COUNTERS_ROOM, "the counters have room");
_Static_assert((int)TT_VERDICT_COUNT <= (int)TT_COUNTERS_ROOM, "the counters have room");
_Static_assert((int)TT_WITHHELD_COUNT <= (int)TT_COUNTERS_ROOM, "the counters have room");

const char *tt_source_kind_name(unsigned int kind)
{
	return kind < TT_SOURCE_KIND_COUNT ? source_kind_names[kind] : "unknown";
}

const char *tt_reject_name(unsigned int reject)
{
	return reject < TT_REJECT_COUNT ? reject_names[reject] : "unknown";
}

const char *tt_filter_kind_name(unsigned int kind)
{
	return kind < TT_FILTER_KIND_COUNT ? filter_kind_names[kind] : "unknown";
}

const char *tt_withheld_name(unsigned int withheld)
{
	return withheld < TT_WITHHELD_COUNT ? withheld_names[withheld] : "unknown";
}
