/* SPDX-License-Identifier: MIT */

/*
 * What a capture says of itself: at its start, meanwhile, at its end
 */

#include "app/capture_summary.h"

#include "app/remark.h"

static void add_count(struct tt_remark *remark, uint64_t count)
{
	if (count == TT_UNKNOWN)
		tt_remark_add(remark, "unknown");
	else
		tt_remark_add(remark, "%llu", (unsigned long long)count);
}

static void add_duration(struct tt_remark *remark, int64_t duration_ms)
{
	if (duration_ms % 1000 == 0)
		tt_remark_add(remark, "%lld s", (long long)duration_ms / 1000);
	else
		tt_remark_add(remark, "%lld ms", (long long)duration_ms);
}

static void add_families_and_ports(struct tt_remark *remark,
				   const struct tt_capture_options *options)
{
	static const char *const sides[TT_PORT_SIDE_COUNT] = {
		[TT_PORT_DESTINATION] = "destination",
		[TT_PORT_SOURCE] = "source",
		[TT_PORT_EITHER] = "either side",
	};

	tt_remark_add(remark, ": %s, ",
		      options->ipv4_only   ? "IPv4"
		      : options->ipv6_only ? "IPv6"
					   : "IPv4 and IPv6");
	if (options->ports)
		tt_remark_add(remark, "ports %s (%s)", options->ports, sides[options->port_side]);
	else
		tt_remark_add(remark, "all ports");
	if (options->expression[0])
		tt_remark_add(remark, ", \"%.200s\"", options->expression);
}

static void add_end(struct tt_remark *remark, const struct tt_capture_options *options)
{
	if (options->count_max == 0 && options->duration_ms == 0) {
		tt_remark_add(remark, "; Ctrl-C ends");
		return;
	}
	tt_remark_add(remark, "; ends after ");
	if (options->count_max > 0)
		tt_remark_add(remark, "%llu datagrams", (unsigned long long)options->count_max);
	if (options->count_max > 0 && options->duration_ms > 0)
		tt_remark_add(remark, " or ");
	if (options->duration_ms > 0)
		add_duration(remark, options->duration_ms);
	tt_remark_add(remark, ", or on Ctrl-C");
}

void tt_summary_say_start(const struct tt_capture_options *options)
{
	struct tt_remark remark = { 0 };

	tt_remark_add(&remark, "capturing on ");
	for (size_t i = 0; i < options->interfaces_count; i++)
		tt_remark_add(&remark, "%s%s", i > 0 ? ", " : "", options->interfaces[i]);
	if (options->interfaces_count == 0)
		tt_remark_add(&remark, "all interfaces");
	if (options->network_namespace)
		tt_remark_add(&remark, " of network namespace %.200s", options->network_namespace);
	if (options->is_promiscuous)
		tt_remark_add(&remark, " (promiscuous)");
	if (options->takes_outgoing)
		tt_remark_add(&remark, options->takes_no_incoming ? ", what is sent only"
								  : ", what is sent too");
	add_families_and_ports(&remark, options);
	tt_remark_add(&remark, ", rings of ");
	tt_capture_add_size(&remark, options->ring_bytes);
	add_end(&remark, options);
	tt_remark_say(&remark);
}

void tt_summary_warn_of_rings(const struct tt_capture_options *options,
			      const struct tt_accounting *accounting)
{
	for (unsigned int kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++) {
		const struct tt_source_accounting *source = &accounting->sources[kind];
		struct tt_remark remark = { 0 };

		if (!source->is_present || source->ring_bytes >= options->ring_bytes)
			continue;
		tt_remark_add(&remark, "warning: memory is short: the %s ring has ",
			      tt_source_kind_name(kind));
		tt_capture_add_size(&remark, source->ring_bytes);
		tt_remark_add(&remark, " instead of ");
		tt_capture_add_size(&remark, options->ring_bytes);
		tt_remark_say(&remark);
	}
}

void tt_summary_say_live(const struct tt_accounting *accounting, int64_t running_ms)
{
	struct tt_remark remark = { 0 };

	tt_remark_add(&remark, "after %lld.%lld s: ", (long long)running_ms / 1000,
		      (long long)running_ms % 1000 / 100);
	for (unsigned int kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++) {
		const struct tt_source_accounting *source = &accounting->sources[kind];

		if (!source->is_present)
			continue;
		tt_remark_add(&remark, "%s ", tt_source_kind_name(kind));
		if (source->seen != TT_UNKNOWN) {
			add_count(&remark, source->seen);
			tt_remark_add(&remark, " seen, ");
		}
		add_count(&remark, source->delivered);
		tt_remark_add(&remark, " delivered, ");
		add_count(&remark, source->ring_dropped);
		tt_remark_add(&remark, " lost; ");
	}
	tt_remark_add(&remark, "%llu written", (unsigned long long)tt_capture_written(accounting));
	tt_remark_say(&remark);
}

/* Adds those of @counts that are not 0, as " (port 3, not_udp 1)". */
static void add_parts(struct tt_remark *remark, const uint64_t *counts, size_t first,
		      size_t counts_count, const char *(*name)(unsigned int))
{
	size_t parts_count = 0;

	for (size_t i = first; i < counts_count; i++) {
		if (counts[i] == 0)
			continue;
		tt_remark_add(remark, "%s%s ", parts_count++ == 0 ? " (" : ", ",
			      name((unsigned int)i));
		add_count(remark, counts[i]);
	}
	if (parts_count > 0)
		tt_remark_add(remark, ")");
}

/* TT_UNKNOWN when a part is unknown. */
static uint64_t sum(const uint64_t *counts, size_t counts_count)
{
	uint64_t total = 0;

	for (size_t i = 0; i < counts_count; i++) {
		if (counts[i] == TT_UNKNOWN)
			return TT_UNKNOWN;
		total += counts[i];
	}
	return total;
}

static void say_source(unsigned int kind, const struct tt_source_accounting *source)
{
	struct tt_remark remark = { 0 };

	tt_remark_add(&remark, "%s: ", tt_source_kind_name(kind));
	if (source->seen == TT_UNKNOWN) {
		add_count(&remark, source->accepted);
		tt_remark_add(&remark, " taken by the classic filter, ");
		add_count(&remark, source->narrowed);
		tt_remark_add(&remark, " of them not wanted, ");
	} else {
		add_count(&remark, source->seen);
		tt_remark_add(&remark, " seen, ");
		add_count(&remark, sum(source->rejected, TT_REJECT_COUNT));
		tt_remark_add(&remark, " rejected");
		add_parts(&remark, source->rejected, 0, TT_REJECT_COUNT, tt_reject_name);
		tt_remark_add(&remark, ", ");
	}
	add_count(&remark, source->delivered);
	tt_remark_add(&remark, " delivered");
	add_parts(&remark, source->verdicts, TT_VERDICT_OK + 1, TT_VERDICT_COUNT, tt_verdict_name);
	if (kind != TT_SOURCE_FILE) {
		tt_remark_add(&remark, ", ");
		add_count(&remark, source->ring_dropped);
		tt_remark_add(&remark, " lost in the ring");
	}
	if (source->late > 0)
		tt_remark_add(&remark, ", %llu behind one of a later time",
			      (unsigned long long)source->late);
	tt_remark_say(&remark);
}

static void say_output(const struct tt_output_accounting *output)
{
	uint64_t withheld = sum(output->withheld, TT_WITHHELD_COUNT);
	struct tt_remark remark = { 0 };

	tt_remark_add(&remark, "%s: %llu written", output->name,
		      (unsigned long long)output->written);
	if (output->dropped > 0)
		tt_remark_add(&remark, ", %llu dropped", (unsigned long long)output->dropped);
	if (withheld > 0) {
		tt_remark_add(&remark, ", %llu withheld", (unsigned long long)withheld);
		add_parts(&remark, output->withheld, 0, TT_WITHHELD_COUNT, tt_withheld_name);
	}
	tt_remark_say(&remark);
}

static void say_losses(const struct tt_capture_facts *facts)
{
	const struct tt_accounting *accounting = facts->accounting;
	uint64_t ring_dropped = 0;

	for (size_t kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++)
		ring_dropped += accounting->sources[kind].ring_dropped;
	if (ring_dropped > 0) {
		struct tt_remark remark = { 0 };

		tt_remark_add(&remark,
			      "%llu datagrams were lost since a ring was full: read the output "
			      "faster, name fewer ports with -p, or give rings more room with -B ",
			      (unsigned long long)ring_dropped);
		tt_capture_add_size(&remark, tt_capture_larger_ring(facts->options));
		tt_remark_say(&remark);
	}
	if (accounting->nic_dropped > 0 && accounting->nic_dropped != TT_UNKNOWN)
		tt_say("%llu packets of any kind were lost by network cards or drivers before "
		       "they could be seen: longer receive queues may help (ethtool -G)",
		       (unsigned long long)accounting->nic_dropped);
	if (!accounting->is_final)
		tt_say("the counters are not exact: the rings did not come to rest in time");
}

void tt_summary_say_end(const struct tt_capture_facts *facts)
{
	const struct tt_accounting *accounting = facts->accounting;
	struct tt_remark advice = { 0 };

	for (unsigned int kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++) {
		if (accounting->sources[kind].is_present)
			say_source(kind, &accounting->sources[kind]);
	}
	for (size_t i = 0; i < accounting->outputs_count && i < TT_OUTPUTS_MAX; i++)
		say_output(&accounting->outputs[i]);
	say_losses(facts);
	if (facts->options->files_count == 0 && tt_capture_advise(facts, &advice))
		tt_remark_say(&advice);
}
