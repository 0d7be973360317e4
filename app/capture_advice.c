/* SPDX-License-Identifier: MIT */

/*
 * Why a capture showed nothing, and what mends that
 *
 * The way of a packet, walked backwards: what came furthest tells most. Of what the
 * filter rejected, the reasons go by how much they tell, not by how often they came:
 * one UDP datagram for another port says more than a thousand TCP segments.
 */

#include "app/capture_advice.h"

struct totals {
	uint64_t seen;
	uint64_t rejected[TT_REJECT_COUNT];
	uint64_t ring_dropped;
	uint64_t delivered;
};

/* A count that nobody could take tells nothing. */
static uint64_t known(uint64_t count)
{
	return count == TT_UNKNOWN ? 0 : count;
}

static struct totals sum_up(const struct tt_accounting *accounting)
{
	struct totals totals = { 0 };

	for (size_t kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++) {
		const struct tt_source_accounting *source = &accounting->sources[kind];

		totals.seen += known(source->seen);
		totals.ring_dropped += known(source->ring_dropped);
		totals.delivered += known(source->delivered);
		for (size_t i = 0; i < TT_REJECT_COUNT; i++)
			totals.rejected[i] += known(source->rejected[i]);
	}
	return totals;
}

uint64_t tt_capture_written(const struct tt_accounting *accounting)
{
	uint64_t written = 0;

	for (size_t i = 0; i < accounting->outputs_count && i < TT_OUTPUTS_MAX; i++)
		written += accounting->outputs[i].written;
	return written;
}

static uint64_t sum_withheld(const struct tt_accounting *accounting, enum tt_withheld reason)
{
	uint64_t withheld = 0;

	for (size_t i = 0; i < accounting->outputs_count && i < TT_OUTPUTS_MAX; i++)
		withheld += accounting->outputs[i].withheld[reason];
	return withheld;
}

void tt_capture_add_size(struct tt_remark *remark, uint64_t bytes)
{
	if (bytes % (UINT64_C(1) << 30) == 0)
		tt_remark_add(remark, "%lluG", (unsigned long long)bytes >> 30);
	else if (bytes % (UINT64_C(1) << 20) == 0)
		tt_remark_add(remark, "%lluM", (unsigned long long)bytes >> 20);
	else
		tt_remark_add(remark, "%lluK", (unsigned long long)bytes >> 10);
}

uint64_t tt_capture_larger_ring(const struct tt_capture_options *options)
{
	return options->ring_bytes > TT_RING_BYTES_MAX / 4 ? TT_RING_BYTES_MAX
							   : options->ring_bytes * 4;
}

/* What to say of one reason to reject; NULL: the reason tells nothing. */
static const char *advice_of(enum tt_reject reason, const struct tt_capture_options *options)
{
	switch (reason) {
	case TT_REJECT_PORT:
		return options->port_side == TT_PORT_EITHER
			       ? "UDP datagrams came in, but for other ports: check -p, or leave "
				 "it out"
			       : "UDP datagrams came in, but for other ports: check -p, or use "
				 "--port-side either";
	case TT_REJECT_PACKET_TYPE:
		return options->is_promiscuous
			       ? "what came in was sent by this host itself"
			       : "what came in was for other hosts on the link: --promiscuous "
				 "takes it too";
	case TT_REJECT_FRAGMENT:
		return options->takes_no_fragments
			       ? "what came in were fragments: --fragments follow takes them"
			       : "what came in were fragments whose first one did not come before "
				 "them, or was not wanted";
	case TT_REJECT_MALFORMED:
		return "what came in had broken IP headers: there is no port to go by";
	case TT_REJECT_INTERFACE:
		return options->network_namespace
			       ? "packets came in on other interfaces only: check -i (twintap "
				 "interfaces --netns lists them)"
			       : "packets came in on other interfaces only: check -i (twintap "
				 "interfaces lists them)";
	case TT_REJECT_NOT_UDP:
		return "packets came in, but none of them was UDP: only UDP is captured";
	case TT_REJECT_EXPRESSION:
		return "UDP datagrams came in, but none that the filter expression takes: check it";
	case TT_REJECT_COUNT:
		break;
	}
	return NULL;
}

/* Of the packets that the filter saw; they were all rejected. */
static bool advise_on_rejected(const struct tt_capture_facts *facts, const struct totals *totals,
			       struct tt_remark *remark)
{
	static const enum tt_reject by_weight[] = {
		TT_REJECT_EXPRESSION, TT_REJECT_PORT,    TT_REJECT_PACKET_TYPE, TT_REJECT_FRAGMENT,
		TT_REJECT_MALFORMED,  TT_REJECT_NOT_UDP, TT_REJECT_INTERFACE,
	};

	for (size_t i = 0; i < sizeof(by_weight) / sizeof(by_weight[0]); i++) {
		const char *advice = advice_of(by_weight[i], facts->options);

		if (!advice || totals->rejected[by_weight[i]] == 0)
			continue;
		tt_remark_add(remark, "%s", advice);
		return true;
	}
	return false;
}

/* Of a capture to which nothing came. */
static void advise_on_silence(const struct tt_capture_facts *facts, struct tt_remark *remark)
{
	const struct tt_capture_options *options = facts->options;

	if (options->takes_no_incoming)
		tt_remark_add(remark, "this host sent nothing there: on the loopback nothing is "
				      "seen to leave; --direction both shows what comes in too");
	else if (options->ipv4_only)
		tt_remark_add(remark, "no IPv4 packet came in: leave -4 out to see IPv6 too");
	else if (options->ipv6_only)
		tt_remark_add(remark, "no IPv6 packet came in: leave -6 out to see IPv4 too");
	else if (options->interfaces_count > 0)
		tt_remark_add(remark,
			      "no packet came in on %s: is it the right interface? "
			      "twintap interfaces%s lists them",
			      options->interfaces_count == 1 ? options->interfaces[0]
							     : "the chosen interfaces",
			      options->network_namespace ? " --netns" : "");
	else
		tt_remark_add(remark, "no packet came in on any interface: is something sent "
				      "to this host?");
}

bool tt_capture_advise(const struct tt_capture_facts *facts, struct tt_remark *remark)
{
	const struct tt_accounting *accounting = facts->accounting;
	struct totals totals = sum_up(accounting);

	if (tt_capture_written(accounting) > 0)
		return false;

	tt_remark_add(remark, "nothing was shown: ");
	if (totals.delivered > 0) {
		if (sum_withheld(accounting, TT_WITHHELD_VERDICT) < totals.delivered)
			return false; /* given, and lost by a failing output */
		tt_remark_add(remark, "what came in has other verdicts: --verdict all shows it");
		return true;
	}
	if (totals.ring_dropped > 0) {
		tt_remark_add(remark, "the rings were full all the time: give them more room "
				      "with -B ");
		tt_capture_add_size(remark, tt_capture_larger_ring(facts->options));
		return true;
	}
	if (facts->idle_interface && totals.seen == totals.rejected[TT_REJECT_INTERFACE]) {
		tt_remark_add(remark, "interface %s is down or has no carrier: ip link set %s up%s",
			      facts->idle_interface, facts->idle_interface,
			      facts->options->network_namespace ? ", in its network namespace"
								: "");
		return true;
	}
	if (accounting->filter_kind == TT_FILTER_CLASSIC) {
		tt_remark_add(
			remark,
			"none of the packets that came in was wanted, if any came; with CAP_BPF "
			"the end says why");
		return true;
	}
	if (!advise_on_rejected(facts, &totals, remark))
		advise_on_silence(facts, remark);
	return true;
}
