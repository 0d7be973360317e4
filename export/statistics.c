/* SPDX-License-Identifier: MIT */

/*
 * An account as one JSON object
 *
 * Its members and their order are fixed: programs read it. What nobody could count
 * is null, never 0, and a sum with such a part is null too.
 */

#include "twintap/accounting.h"

#include <errno.h>

#include "base/text.h"
#include "export/known_account.h"

/* Members are parted by commas: before each but the first. */
static void put_comma(struct tt_text *text, bool *is_first)
{
	if (!*is_first)
		tt_text_put_char(text, ',');
	*is_first = false;
}

/* @member is the member's name as it is written, with what comes before it. */
static void put_counter(struct tt_text *text, const char *member, uint64_t counter)
{
	tt_text_put_string(text, member);
	if (counter == TT_UNKNOWN)
		tt_text_put_string(text, "null");
	else
		tt_text_put_decimal(text, counter);
}

static void put_named_counter(struct tt_text *text, const char *name, uint64_t counter)
{
	tt_text_put_json_string(text, name);
	put_counter(text, ":", counter);
}

static void put_source(struct tt_text *text, const struct tt_source_accounting *source)
{
	put_counter(text, "{\"seen\":", source->seen);
	tt_text_put_string(text, ",\"rejected\":{");
	for (unsigned int i = 0; i < TT_REJECT_COUNT; i++) {
		if (i > 0)
			tt_text_put_char(text, ',');
		put_named_counter(text, tt_reject_name(i), source->rejected[i]);
	}
	put_counter(text, "},\"accepted\":", source->accepted);
	put_counter(text, ",\"ring_dropped\":", source->ring_dropped);
	put_counter(text, ",\"narrowed\":", source->narrowed);
	put_counter(text, ",\"delivered\":", source->delivered);

	tt_text_put_string(text, ",\"verdicts\":{");
	put_named_counter(text, tt_verdict_name(TT_VERDICT_OK), source->verdicts[TT_VERDICT_OK]);
	for (unsigned int i = TT_VERDICT_OK + 1; i < TT_VERDICT_COUNT; i++) {
		if (source->verdicts[i] == 0)
			continue;
		tt_text_put_char(text, ',');
		put_named_counter(text, tt_verdict_name(i), source->verdicts[i]);
	}
	tt_text_put_string(text, "}}");
}

static void put_output(struct tt_text *text, const struct tt_output_accounting *output)
{
	tt_text_put_string(text, "{\"name\":");
	tt_text_put_json_bytes(text, output->name, strnlen(output->name, sizeof(output->name)));
	tt_text_put_string(text, ",\"withheld\":{");
	for (unsigned int i = 0; i < TT_WITHHELD_COUNT; i++) {
		if (i > 0)
			tt_text_put_char(text, ',');
		put_named_counter(text, tt_withheld_name(i), output->withheld[i]);
	}
	put_counter(text, "},\"given\":", output->given);
	put_counter(text, ",\"written\":", output->written);
	put_counter(text, ",\"dropped\":", output->dropped);
	put_counter(text, ",\"bytes\":", output->bytes);
	tt_text_put_char(text, '}');
}

/* TT_UNKNOWN when a part is unknown, or when 64 bits do not hold the sum. */
static uint64_t add(uint64_t sum, uint64_t part)
{
	if (sum == TT_UNKNOWN || part == TT_UNKNOWN || part > TT_UNKNOWN - sum)
		return TT_UNKNOWN;
	return sum + part;
}

/* What is counted beside the equations. */
static void put_beside(struct tt_text *text, const struct tt_accounting *accounting)
{
	uint64_t ring_freezes = 0;
	uint64_t ring_bytes = 0;
	uint64_t payload_cut = 0;
	uint64_t fragments_late = 0;
	uint64_t late = 0;

	for (size_t i = 0; i < TT_SOURCE_KIND_COUNT; i++) {
		const struct tt_source_accounting *source = &accounting->sources[i];

		if (!source->is_present)
			continue;
		ring_freezes = add(ring_freezes, source->ring_freezes);
		ring_bytes = add(ring_bytes, source->ring_bytes);
		payload_cut = add(payload_cut, source->payload_cut);
		fragments_late = add(fragments_late, source->fragments_late);
		late = add(late, source->late);
	}

	put_counter(text, "{\"ring_freezes\":", ring_freezes);
	put_counter(text, ",\"ring_bytes\":", ring_bytes);
	put_counter(text, ",\"payload_cut\":", payload_cut);
	put_counter(text, ",\"fragments_late\":", fragments_late);
	put_counter(text, ",\"nic_dropped\":", accounting->nic_dropped);
	put_counter(text, ",\"late\":", late);
	tt_text_put_char(text, '}');
}

static void put_accounting(struct tt_text *text, const struct tt_accounting *accounting)
{
	bool is_first = true;

	tt_text_put_string(text, accounting->is_final ? "{\"final\":true" : "{\"final\":false");
	tt_text_put_string(text, ",\"filter\":");
	tt_text_put_json_string(text, tt_filter_kind_name((unsigned int)accounting->filter_kind));
	tt_text_put_string(text, ",\"sources\":{");
	for (unsigned int i = 0; i < TT_SOURCE_KIND_COUNT; i++) {
		if (!accounting->sources[i].is_present)
			continue;
		put_comma(text, &is_first);
		tt_text_put_json_string(text, tt_source_kind_name(i));
		tt_text_put_char(text, ':');
		put_source(text, &accounting->sources[i]);
	}

	tt_text_put_string(text, "},\"outputs\":[");
	is_first = true;
	for (size_t i = 0; i < accounting->outputs_count; i++) {
		put_comma(text, &is_first);
		put_output(text, &accounting->outputs[i]);
	}
	tt_text_put_string(text, "],\"beside\":");
	put_beside(text, accounting);
	tt_text_put_char(text, '}');
}

int tt_accounting_format_json(const struct tt_accounting *accounting, char *text, size_t text_bytes,
			      size_t *ret_length)
{
	struct tt_accounting full;
	struct tt_text json;
	int r;

	if (!accounting || !text || !ret_length)
		return -EINVAL;

	r = tt_known_account_import(&full, accounting);
	if (r < 0)
		return r;

	json = tt_text_over(text, text_bytes);
	put_accounting(&json, &full);
	tt_text_end(&json);
	if (json.is_full || text_bytes == 0)
		return -ENOSPC;

	*ret_length = json.length;
	return 0;
}
