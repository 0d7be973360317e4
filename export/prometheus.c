/* SPDX-License-Identifier: MIT */

/*
 * An account as metrics in the text exposition format 0.0.4 of Prometheus
 *
 * Names and labels are fixed: dashboards and alerts name them. What nobody could count
 * is left out, never 0, and a metric of which nothing is left has no head either. Counters
 * that are 0 are there: a rate needs the zero that it began with.
 *
 * No two samples have the same name and labels, for readers refuse that: an output whose
 * name as written is that of one before it has a number besides.
 */

#include "twintap/accounting.h"

#include <errno.h>

#include "base/text.h"
#include "export/known_account.h"
#include "export/label.h"

enum {
	LABELS_BYTES = TT_LABEL_ESCAPED_MAX * TT_OUTPUT_NAME_BYTES + 64,
};

/* One metric, with a count, or one for each part, in each source or output. */
struct metric {
	const char *name;
	const char *help;
	size_t offset;                     /* of the count, or of the array of them */
	const char *part_label;            /* NULL: one count */
	const char *(*part)(unsigned int); /* names a part */
	unsigned int parts_count;
	bool is_gauge;
};

#define SOURCE(FIELD)             .offset = offsetof(struct tt_source_accounting, FIELD)
#define OUTPUT(FIELD)             .offset = offsetof(struct tt_output_accounting, FIELD)
#define PARTS(LABEL, NAME, COUNT) .part_label = (LABEL), .part = (NAME), .parts_count = (COUNT)

static const struct metric source_metrics[] = {
	{ .name = "twintap_seen_total", .help = "Packets that came to the filter.", SOURCE(seen) },
	{ .name = "twintap_rejected_total",
	  .help = "Packets that the filter left out, by reason.",
	  SOURCE(rejected),
	  PARTS("reason", tt_reject_name, TT_REJECT_COUNT) },
	{ .name = "twintap_accepted_total",
	  .help = "Packets that the filter took.",
	  SOURCE(accepted) },
	{ .name = "twintap_ring_dropped_total",
	  .help = "Accepted, but lost since the ring was full.",
	  SOURCE(ring_dropped) },
	{ .name = "twintap_narrowed_total",
	  .help = "Accepted by a classic filter and left out afterwards.",
	  SOURCE(narrowed) },
	{ .name = "twintap_delivered_total",
	  .help = "Taken from the ring, and wanted.",
	  SOURCE(delivered) },
	{ .name = "twintap_datagrams_total",
	  .help = "Delivered, by what the headers look like.",
	  SOURCE(verdicts),
	  PARTS("verdict", tt_verdict_name, TT_VERDICT_COUNT) },
	{ .name = "twintap_payload_cut_total",
	  .help = "Delivered with less than the whole payload.",
	  SOURCE(payload_cut) },
	{ .name = "twintap_ring_freezes_total",
	  .help = "How often the ring had no room left.",
	  SOURCE(ring_freezes) },
	{ .name = "twintap_fragments_late_total",
	  .help = "Fragments that came too long after their first one.",
	  SOURCE(fragments_late) },
	{ .name = "twintap_late_total",
	  .help = "Came behind one with a later stamp.",
	  SOURCE(late) },
	{ .name = "twintap_ring_bytes",
	  .help = "Memory of the rings.",
	  .is_gauge = true,
	  SOURCE(ring_bytes) },
};

static const struct metric output_metrics[] = {
	{ .name = "twintap_output_withheld_total",
	  .help = "Delivered, but not given to the output, by reason.",
	  OUTPUT(withheld),
	  PARTS("reason", tt_withheld_name, TT_WITHHELD_COUNT) },
	{ .name = "twintap_output_given_total",
	  .help = "Datagrams handed to the output.",
	  OUTPUT(given) },
	{ .name = "twintap_output_written_total",
	  .help = "Given, and written completely.",
	  OUTPUT(written) },
	{ .name = "twintap_output_dropped_total",
	  .help = "Given, but lost by the output.",
	  OUTPUT(dropped) },
	{ .name = "twintap_output_bytes_total",
	  .help = "Bytes that the output wrote.",
	  OUTPUT(bytes) },
};

static const struct metric nic_metric = {
	.name = "twintap_nic_dropped_total",
	.help = "Packets of any kind that network cards and drivers lost.",
};
static const struct metric filter_metric = {
	.name = "twintap_filter_info",
	.help = "What the filter is; always 1.",
	.is_gauge = true,
};
static const struct metric final_metric = {
	.name = "twintap_final",
	.help = "Whether the capture is at rest and the account exact.",
	.is_gauge = true,
};

/* The labels that tell one source or output from the others: source="ipv4". */
struct labels {
	char bytes[LABELS_BYTES];
	size_t length;
};

/* The lines of one metric. */
struct family {
	struct tt_text *text;
	const struct metric *metric;
	bool has_head;
};

static void put_head(struct family *family)
{
	const struct metric *metric = family->metric;

	tt_text_put_string(family->text, "# HELP ");
	tt_text_put_string(family->text, metric->name);
	tt_text_put_char(family->text, ' ');
	tt_text_put_string(family->text, metric->help);
	tt_text_put_string(family->text, "\n# TYPE ");
	tt_text_put_string(family->text, metric->name);
	tt_text_put_string(family->text, metric->is_gauge ? " gauge\n" : " counter\n");
	family->has_head = true;
}

/* One line; @labels and @part may be NULL. */
static void put_sample(struct family *family, const struct labels *labels, const char *part,
		       uint64_t count)
{
	const struct metric *metric = family->metric;
	struct tt_text *text = family->text;

	if (count == TT_UNKNOWN)
		return;
	if (!family->has_head)
		put_head(family);
	tt_text_put_string(text, metric->name);
	if (labels) {
		tt_text_put_char(text, '{');
		tt_text_put_bytes(text, labels->bytes, labels->length);
	}
	if (part) {
		tt_text_put_char(text, ',');
		tt_text_put_string(text, metric->part_label);
		tt_text_put_string(text, "=\"");
		tt_text_put_string(text, part);
		tt_text_put_char(text, '"');
	}
	tt_text_put_string(text, labels ? "} " : " ");
	tt_text_put_decimal(text, count);
	tt_text_put_char(text, '\n');
}

/* The lines of one source or output, which is @counts. */
static void put_samples(struct family *family, const struct labels *labels, const void *counts)
{
	const struct metric *metric = family->metric;
	const uint64_t *count = (const uint64_t *)((const char *)counts + metric->offset);

	if (!metric->part_label)
		put_sample(family, labels, NULL, *count);
	for (unsigned int i = 0; i < metric->parts_count; i++)
		put_sample(family, labels, metric->part(i), count[i]);
}

static void put_alone(struct tt_text *text, const struct metric *metric, uint64_t count)
{
	struct family family = { .text = text, .metric = metric };

	put_sample(&family, NULL, NULL, count);
}

static struct labels make_labels(const char *label, const char *value, size_t value_length)
{
	struct labels labels;
	struct tt_text text = tt_text_over(labels.bytes, sizeof(labels.bytes));

	tt_text_put_string(&text, label);
	tt_text_put_string(&text, "=\"");
	tt_label_put(&text, value, value_length);
	tt_text_put_char(&text, '"');
	labels.length = text.length;
	return labels;
}

static void put_filter(struct tt_text *text, uint64_t filter_kind)
{
	const char *kind = tt_filter_kind_name((unsigned int)filter_kind);
	struct labels labels = make_labels("kind", kind, strlen(kind));
	struct family family = { .text = text, .metric = &filter_metric };

	put_sample(&family, &labels, NULL, 1);
}

static void put_sources(struct tt_text *text, const struct tt_accounting *accounting)
{
	for (size_t i = 0; i < sizeof(source_metrics) / sizeof(source_metrics[0]); i++) {
		struct family family = { .text = text, .metric = &source_metrics[i] };

		for (unsigned int kind = 0; kind < TT_SOURCE_KIND_COUNT; kind++) {
			const char *name = tt_source_kind_name(kind);
			struct labels labels = make_labels("source", name, strlen(name));

			if (accounting->sources[kind].is_present)
				put_samples(&family, &labels, &accounting->sources[kind]);
		}
	}
}

static bool are_same(const struct labels *labels, const struct labels *other)
{
	return labels->length == other->length &&
	       memcmp(labels->bytes, other->bytes, labels->length) == 0;
}

/* Tells outputs of one name apart. */
static void number_labels(struct labels *labels, size_t labels_count)
{
	static const char key[] = ",number=\"";

	/* From the end, so that those before are still without a number. */
	for (size_t i = labels_count; i-- > 0;) {
		struct tt_text text = tt_text_over(labels[i].bytes, sizeof(labels[i].bytes));
		unsigned int number = 1;

		for (size_t k = 0; k < i; k++)
			number += are_same(&labels[k], &labels[i]);
		if (number == 1)
			continue;
		text.length = labels[i].length;
		tt_text_put_string(&text, key);
		tt_text_put_decimal(&text, number);
		tt_text_put_char(&text, '"');
		labels[i].length = text.length;
	}
}

static void put_outputs(struct tt_text *text, const struct tt_accounting *accounting)
{
	struct labels labels[TT_OUTPUTS_MAX];

	for (size_t i = 0; i < accounting->outputs_count; i++) {
		const char *name = accounting->outputs[i].name;

		labels[i] = make_labels("output", name, strnlen(name, TT_OUTPUT_NAME_BYTES));
	}
	number_labels(labels, accounting->outputs_count);

	for (size_t i = 0; i < sizeof(output_metrics) / sizeof(output_metrics[0]); i++) {
		struct family family = { .text = text, .metric = &output_metrics[i] };

		for (size_t k = 0; k < accounting->outputs_count; k++)
			put_samples(&family, &labels[k], &accounting->outputs[k]);
	}
}

int tt_accounting_format_prometheus(const struct tt_accounting *accounting, char *text,
				    size_t text_bytes, size_t *ret_length)
{
	struct tt_accounting full;
	struct tt_text metrics;
	int r;

	if (!accounting || !text || !ret_length)
		return -EINVAL;

	r = tt_known_account_import(&full, accounting);
	if (r < 0)
		return r;

	metrics = tt_text_over(text, text_bytes);
	put_sources(&metrics, &full);
	put_alone(&metrics, &nic_metric, full.nic_dropped);
	put_outputs(&metrics, &full);
	put_filter(&metrics, full.filter_kind);
	put_alone(&metrics, &final_metric, full.is_final ? 1 : 0);
	tt_text_end(&metrics);
	if (metrics.is_full || text_bytes == 0)
		return -ENOSPC;

	*ret_length = metrics.length;
	return 0;
}
