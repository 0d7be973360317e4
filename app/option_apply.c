/* SPDX-License-Identifier: MIT */

/*
 * Taking in what options say: of what is captured or read, shown and told
 *
 * One function an option, for the tables of all commands that have it. Those of traces are
 * in trace_apply.c.
 */

#include "app/option_apply.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "app/capture_options.h"
#include "app/remark.h"
#include "app/values.h"
#include "twintap/link.h"

enum {
	STATS_INTERVAL_MS_DEFAULT = 1000,
};

int tt_apply_interface(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	if (strcmp(value, "any") == 0)
		return tt_word_error(reterr, -EINVAL, "leave it out to capture on all interfaces");
	for (size_t i = 0; i < options->interfaces_count; i++) {
		if (strcmp(options->interfaces[i], value) == 0)
			return 0; /* named twice, wanted once */
	}
	if (options->interfaces_count == TT_INTERFACES_MAX)
		return tt_word_error(reterr, -EINVAL, "more than %d interfaces: name fewer",
				     TT_INTERFACES_MAX);
	options->interfaces[options->interfaces_count++] = value;
	return 0;
}

int tt_apply_netns(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	if (options->network_namespace)
		return tt_word_error(reterr, -EINVAL,
				     "given twice: a capture is in one; run another for the other");
	if (!*value)
		return tt_word_error(reterr, -EINVAL, "it is empty: give a name, a path or a PID");
	options->network_namespace = value;
	return 0;
}

static int exclude_families(const struct tt_capture_options *options, struct tt_error *reterr)
{
	if (options->ipv4_only && options->ipv6_only)
		return tt_word_error(reterr, -EINVAL,
				     "-4 and -6 exclude each other: leave both out for both");
	return 0;
}

int tt_apply_ipv4(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)value;
	options->ipv4_only = true;
	return exclude_families(options, reterr);
}

int tt_apply_ipv6(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)value;
	options->ipv6_only = true;
	return exclude_families(options, reterr);
}

int tt_apply_port(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	/* That the last one wins would lose the ports of the first without a word. */
	if (options->ports)
		return tt_word_error(reterr, -EINVAL,
				     "given twice: write one list, as in -p 53,5000-5100");
	options->ports = value;
	return 0;
}

int tt_apply_port_side(void *context, const char *value, struct tt_error *reterr)
{
	static const char *const names[TT_PORT_SIDE_COUNT] = {
		[TT_PORT_DESTINATION] = "dst",
		[TT_PORT_SOURCE] = "src",
		[TT_PORT_EITHER] = "either",
	};
	struct tt_capture_options *options = context;

	for (unsigned int side = 0; side < TT_PORT_SIDE_COUNT; side++) {
		if (strcmp(value, names[side]) == 0) {
			options->port_side = side;
			return 0;
		}
	}
	return tt_word_error(reterr, -EINVAL, "\"%.40s\" is none of dst, src, either", value);
}

int tt_apply_format(void *context, const char *value, struct tt_error *reterr)
{
	static const char *const names[TT_OUTPUT_FORMAT_COUNT] = {
		[TT_OUTPUT_FORMAT_TEXT] = "text",       [TT_OUTPUT_FORMAT_JSON] = "json",
		[TT_OUTPUT_FORMAT_PCAPNG] = "pcapng",   [TT_OUTPUT_FORMAT_PCAP] = "pcap",
		[TT_OUTPUT_FORMAT_PCAP_NS] = "pcap-ns",
	};
	struct tt_capture_options *options = context;

	for (unsigned int format = TT_OUTPUT_FORMAT_TEXT; format < TT_OUTPUT_FORMAT_COUNT;
	     format++) {
		if (strcmp(value, names[format]) == 0) {
			options->format = format;
			return 0;
		}
	}
	return tt_word_error(reterr, -EINVAL,
			     "\"%.40s\" is none of text, json, pcapng, pcap, pcap-ns", value);
}

int tt_apply_payload(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)value;
	(void)reterr;
	options->with_payload = true;
	return 0;
}

int tt_apply_count(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	return tt_count_parse(value, &options->count_max, reterr);
}

int tt_apply_duration(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	return tt_duration_parse(value, &options->duration_ms, reterr);
}

int tt_apply_buffer(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;
	uint64_t ring_bytes;
	int r;

	r = tt_size_parse(value, &ring_bytes, reterr);
	if (r < 0)
		return r;
	if (ring_bytes < TT_RING_BYTES_MIN || ring_bytes > TT_RING_BYTES_MAX)
		return tt_word_error(reterr, -EINVAL,
				     "size \"%.40s\" is out of range: a ring has from %uK to %uG",
				     value, TT_RING_BYTES_MIN >> 10,
				     (unsigned int)(TT_RING_BYTES_MAX >> 30));
	options->ring_bytes = ring_bytes;
	return 0;
}

int tt_apply_direction(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	if (strcmp(value, "in") != 0 && strcmp(value, "out") != 0 && strcmp(value, "both") != 0)
		return tt_word_error(reterr, -EINVAL, "\"%.40s\" is none of in, out, both", value);
	options->takes_outgoing = strcmp(value, "in") != 0;
	options->takes_no_incoming = strcmp(value, "out") == 0;
	return 0;
}

int tt_apply_promiscuous(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)value;
	(void)reterr;
	options->is_promiscuous = true;
	return 0;
}

/* Reads one of two words: the first is false. */
static int read_choice(const char *value, const char *no, const char *yes, bool *ret_choice,
		       struct tt_error *reterr)
{
	*ret_choice = strcmp(value, yes) == 0;
	if (!*ret_choice && strcmp(value, no) != 0)
		return tt_word_error(reterr, -EINVAL, "\"%.40s\" is none of %s, %s", value, no,
				     yes);
	return 0;
}

int tt_apply_fragments(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	return read_choice(value, "follow", "none", &options->takes_no_fragments, reterr);
}

int tt_apply_checksum(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	return read_choice(value, "ignore", "verify", &options->verifies_checksums, reterr);
}

int tt_apply_snaplen(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;
	uint64_t snap_bytes;
	int r;

	if (strcmp(value, "headers") == 0) {
		options->snap_bytes = TT_SNAP_HEADERS;
		return 0;
	}
	r = tt_count_parse(value, &snap_bytes, reterr);
	if (r < 0)
		return r;
	if (snap_bytes < TT_SNAP_BYTES_MIN || snap_bytes > TT_SNAP_BYTES_MAX)
		return tt_word_error(reterr, -EINVAL,
				     "%.40s bytes are out of range: %d to %d, or the word headers",
				     value, TT_SNAP_BYTES_MIN, TT_SNAP_BYTES_MAX);
	options->snap_bytes = (uint32_t)snap_bytes;
	return 0;
}

/* Words that somebody may have meant otherwise; libpcap would look them up as host names. */
static int check_word(const struct tt_capture_options *options, const char *word,
		      struct tt_error *reterr)
{
	struct tt_link link;

	if (word[0] == '-' && isalpha((unsigned char)word[1 + (word[1] == '-')]))
		return tt_word_error(reterr, -EINVAL,
				     "\"%.40s\": options go before the filter expression", word);
	/* The interfaces here say nothing about those of another namespace. */
	if (!options->network_namespace && tt_link_find(word, &link, NULL) == 0)
		return tt_word_error(reterr, -EINVAL,
				     "\"%.40s\" is an interface: use -i %.40s, before the filter "
				     "expression",
				     word, word);
	return 0;
}

/* Joins the words: an expression may come as one word or as several. */
int tt_apply_expression(void *context, int words_count, char *const *words, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;
	size_t length = 0;

	for (int i = 0; i < words_count; i++) {
		size_t word_length = strlen(words[i]);
		int r = check_word(options, words[i], reterr);

		if (r < 0)
			return r;
		if (length + word_length + 2 > sizeof(options->expression))
			return tt_word_error(reterr, -EINVAL,
					     "the filter expression is too long: it may have %zu "
					     "characters",
					     sizeof(options->expression) - 2);
		if (length > 0)
			options->expression[length++] = ' ';
		memcpy(options->expression + length, words[i], word_length + 1);
		length += word_length;
	}
	return 0;
}

int tt_apply_verdict(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	return tt_verdicts_parse(value, &options->verdicts, reterr);
}

int tt_apply_stats(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	options->stats_interval_ms = STATS_INTERVAL_MS_DEFAULT;
	return value ? tt_duration_parse(value, &options->stats_interval_ms, reterr) : 0;
}

int tt_apply_stats_file(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	if (!*value)
		return tt_word_error(reterr, -EINVAL, "the name is empty");
	options->stats_path = value;
	return 0;
}

int tt_apply_quiet(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)value;
	(void)reterr;
	options->is_quiet = true;
	return 0;
}

int tt_apply_help(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)value;
	(void)reterr;
	options->wants_help = true;
	return 0;
}
