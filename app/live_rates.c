/* SPDX-License-Identifier: MIT */

/*
 * What happened between two accounts, a second
 */

#include "app/live_rates.h"

uint64_t tt_live_growth(uint64_t before, uint64_t now)
{
	if (before == TT_UNKNOWN || now == TT_UNKNOWN || now < before)
		return TT_UNKNOWN;
	return now - before;
}

/* Tenths a second, rounded. */
static uint64_t rate(uint64_t before, uint64_t now, int64_t interval_ms)
{
	const uint64_t tenths = UINT64_C(10) * 1000;
	uint64_t growth = tt_live_growth(before, now);
	uint64_t interval = (uint64_t)interval_ms;

	if (growth == TT_UNKNOWN)
		return TT_UNKNOWN;
	if (growth < (UINT64_MAX - interval) / tenths)
		return (growth * tenths + interval / 2) / interval;
	/* So much that the last digits do not matter. */
	return growth / interval > UINT64_MAX / tenths ? TT_UNKNOWN : growth / interval * tenths;
}

static struct tt_live_loss loss(uint64_t before, uint64_t now)
{
	return (struct tt_live_loss){ .total = now, .now = tt_live_growth(before, now) };
}

/* TT_UNKNOWN when a part is. */
static uint64_t sum_rejected(const struct tt_source_accounting *source)
{
	uint64_t total = 0;

	for (unsigned int i = 0; i < TT_REJECT_COUNT; i++) {
		if (source->rejected[i] == TT_UNKNOWN)
			return TT_UNKNOWN;
		total += source->rejected[i];
	}
	return total;
}

static struct tt_live_source rate_source(const struct tt_source_accounting *before,
					 const struct tt_source_accounting *now,
					 int64_t interval_ms)
{
	return (struct tt_live_source){
		.is_present = now->is_present != 0,
		.seen_rate = rate(before->seen, now->seen, interval_ms),
		.rejected_rate = rate(sum_rejected(before), sum_rejected(now), interval_ms),
		.delivered_rate = rate(before->delivered, now->delivered, interval_ms),
		.delivered = now->delivered,
		.lost = loss(before->ring_dropped, now->ring_dropped),
	};
}

static struct tt_live_output rate_output(const struct tt_output_accounting *before,
					 const struct tt_output_accounting *now,
					 int64_t interval_ms)
{
	return (struct tt_live_output){
		.name = now->name,
		.written_rate = rate(before->written, now->written, interval_ms),
		.bytes_rate = rate(before->bytes, now->bytes, interval_ms),
		.written = now->written,
		.dropped = loss(before->dropped, now->dropped),
	};
}

void tt_live_rates_make(struct tt_live_rates *ret_rates, const struct tt_live_sample *before,
			const struct tt_live_sample *now)
{
	const struct tt_accounting *old = &before->accounting, *new = &now->accounting;
	int64_t interval_ms = now->time_ms - before->time_ms;

	if (interval_ms < 1)
		interval_ms = 1; /* the clock is no finer */
	*ret_rates = (struct tt_live_rates){
		.time_ms = now->time_ms,
		.interval_ms = interval_ms,
		.outputs_count = new->outputs_count < TT_OUTPUTS_MAX ? new->outputs_count
								     : TT_OUTPUTS_MAX,
		.nic = loss(old->nic_dropped, new->nic_dropped),
		.softnet = loss(before->softnet_dropped, now->softnet_dropped),
	};
	for (size_t i = 0; i < TT_SOURCE_KIND_COUNT; i++)
		ret_rates->sources[i] = rate_source(&old->sources[i], &new->sources[i],
						    interval_ms);
	for (size_t i = 0; i < ret_rates->outputs_count; i++)
		ret_rates->outputs[i] = rate_output(&old->outputs[i], &new->outputs[i],
						    interval_ms);
}
