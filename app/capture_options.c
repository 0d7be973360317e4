/* SPDX-License-Identifier: MIT */

/*
 * What "twintap capture" was asked for
 */

#include "app/capture_options.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "app/options.h"
#include "app/remark.h"
#include "app/values.h"
#include "twintap/link.h"

enum {
	STATS_INTERVAL_MS_DEFAULT = 1000,
};

const char tt_capture_help[] =
	"Usage: twintap capture [OPTIONS] [EXPRESSION]\n"
	"Show the UDP datagrams that come in, over IPv4 and IPv6, with their headers.\n"
	"\n"
	"What to capture:\n"
	"  -i, --interface NAME  only on this interface; may be repeated (all)\n"
	"  -4, --ipv4            IPv4 only\n"
	"  -6, --ipv6            IPv6 only\n"
	"  -p, --port LIST       these ports: numbers, ranges, services: 53,5000-5100,ntp (all)\n"
	"      --port-side SIDE  which port has to be in the list: dst, src or either (either)\n"
	"      --promiscuous     also what is for other hosts on the link\n"
	"  EXPRESSION            only what it takes, as in pcap-filter(7), from the IP header on\n"
	"      --fragments MODE  follow: with their first one; none: leave them out (follow)\n"
	"      --checksum MODE   ignore or verify UDP checksums (ignore)\n"
	"      --verdict LIST    ok, all, or names such as bad_length,fragment (ok)\n"
	"  -s, --snaplen BYTES   of each packet; headers: IP and UDP header alone (262144)\n"
	"  -B, --buffer SIZE     ring of each socket, with K, M or G (16M)\n"
	"\n"
	"What to show, on standard output:\n"
	"      --format FORMAT   text or json, a line a datagram (text)\n"
	"      --payload         the payload too, in hexadecimal\n"
	"\n"
	"When to end (Ctrl-C):\n"
	"  -c, --count N         after N datagrams\n"
	"  -d, --duration TIME   after 90, 90s, 250ms, 5m or 1h\n"
	"\n"
	"What to tell, on standard error:\n"
	"      --stats[=TIME]    counters, each second or TIME; on SIGUSR1 also without\n"
	"      --stats-file FILE the whole account as JSON, each 10 s or TIME and at the end\n"
	"  -q, --quiet           no words at start and end; errors stay\n"
	"  -h, --help            this page\n"
	"\n"
	"Ctrl-C delivers what the rings hold, then ends; a second one drops it. Status: 0 done,\n"
	"1 failed, 2 wrong usage. Needs CAP_NET_RAW, and CAP_BPF to count what it leaves out.\n"
	"\n"
	"Examples:\n"
	"  twintap capture -i eth0 -p 53                 DNS in text, until Ctrl-C\n"
	"  twintap capture -6 --format json -c 10        ten IPv6 datagrams as JSON\n"
	"  twintap capture -p 53 src net 192.0.2.0/24    from that network only\n"
	"  twintap capture -p 5000-5100 -d 5m -B 64M --stats-file /run/twintap.json >lines\n";

static int apply_interface(void *context, const char *value, struct tt_error *reterr)
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

static int exclude_families(const struct tt_capture_options *options, struct tt_error *reterr)
{
	if (options->ipv4_only && options->ipv6_only)
		return tt_word_error(reterr, -EINVAL,
				     "-4 and -6 exclude each other: leave both out for both");
	return 0;
}

static int apply_ipv4(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)value;
	options->ipv4_only = true;
	return exclude_families(options, reterr);
}

static int apply_ipv6(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)value;
	options->ipv6_only = true;
	return exclude_families(options, reterr);
}

static int apply_port(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	/* That the last one wins would lose the ports of the first without a word. */
	if (options->ports)
		return tt_word_error(reterr, -EINVAL,
				     "given twice: write one list, as in -p 53,5000-5100");
	options->ports = value;
	return 0;
}

static int apply_port_side(void *context, const char *value, struct tt_error *reterr)
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

static int apply_format(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	if (strcmp(value, "text") == 0)
		options->format = TT_FORMAT_TEXT;
	else if (strcmp(value, "json") == 0)
		options->format = TT_FORMAT_JSON;
	else
		return tt_word_error(reterr, -EINVAL, "\"%.40s\" is none of text, json", value);
	return 0;
}

static int apply_payload(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)value;
	(void)reterr;
	options->with_payload = true;
	return 0;
}

static int apply_count(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	return tt_count_parse(value, &options->count_max, reterr);
}

static int apply_duration(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	return tt_duration_parse(value, &options->duration_ms, reterr);
}

static int apply_buffer(void *context, const char *value, struct tt_error *reterr)
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

static int apply_promiscuous(void *context, const char *value, struct tt_error *reterr)
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

static int apply_fragments(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	return read_choice(value, "follow", "none", &options->takes_no_fragments, reterr);
}

static int apply_checksum(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	return read_choice(value, "ignore", "verify", &options->verifies_checksums, reterr);
}

static int apply_snaplen(void *context, const char *value, struct tt_error *reterr)
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
static int check_word(const char *word, struct tt_error *reterr)
{
	struct tt_link link;

	if (word[0] == '-' && isalpha((unsigned char)word[1 + (word[1] == '-')]))
		return tt_word_error(reterr, -EINVAL,
				     "\"%.40s\": options go before the filter expression", word);
	if (tt_link_find(word, &link, NULL) == 0)
		return tt_word_error(reterr, -EINVAL,
				     "\"%.40s\" is an interface: use -i %.40s, before the filter "
				     "expression",
				     word, word);
	return 0;
}

/* Joins the words: an expression may come as one word or as several. */
static int apply_expression(void *context, int words_count, char *const *words,
			    struct tt_error *reterr)
{
	struct tt_capture_options *options = context;
	size_t length = 0;

	for (int i = 0; i < words_count; i++) {
		size_t word_length = strlen(words[i]);
		int r = check_word(words[i], reterr);

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

static int apply_verdict(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	return tt_verdicts_parse(value, &options->verdicts, reterr);
}

static int apply_stats(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	options->stats_interval_ms = STATS_INTERVAL_MS_DEFAULT;
	return value ? tt_duration_parse(value, &options->stats_interval_ms, reterr) : 0;
}

static int apply_stats_file(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	if (!*value)
		return tt_word_error(reterr, -EINVAL, "the name is empty");
	options->stats_path = value;
	return 0;
}

static int apply_quiet(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)value;
	(void)reterr;
	options->is_quiet = true;
	return 0;
}

static int apply_help(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)value;
	(void)reterr;
	options->wants_help = true;
	return 0;
}

static const struct tt_option options_table[] = {
	{ "interface", 'i', TT_OPTION_VALUE, apply_interface },
	{ "ipv4", '4', TT_OPTION_FLAG, apply_ipv4 },
	{ "ipv6", '6', TT_OPTION_FLAG, apply_ipv6 },
	{ "port", 'p', TT_OPTION_VALUE, apply_port },
	{ "port-side", 0, TT_OPTION_VALUE, apply_port_side },
	{ "promiscuous", 0, TT_OPTION_FLAG, apply_promiscuous },
	{ "fragments", 0, TT_OPTION_VALUE, apply_fragments },
	{ "checksum", 0, TT_OPTION_VALUE, apply_checksum },
	{ "verdict", 0, TT_OPTION_VALUE, apply_verdict },
	{ "snaplen", 's', TT_OPTION_VALUE, apply_snaplen },
	{ "buffer", 'B', TT_OPTION_VALUE, apply_buffer },
	{ "format", 0, TT_OPTION_VALUE, apply_format },
	{ "payload", 0, TT_OPTION_FLAG, apply_payload },
	{ "count", 'c', TT_OPTION_VALUE, apply_count },
	{ "duration", 'd', TT_OPTION_VALUE, apply_duration },
	{ "stats", 0, TT_OPTION_OPTIONAL, apply_stats },
	{ "stats-file", 0, TT_OPTION_VALUE, apply_stats_file },
	{ "quiet", 'q', TT_OPTION_FLAG, apply_quiet },
	{ "help", 'h', TT_OPTION_FLAG, apply_help },
};

/* Letters that tcpdump's users have in their fingers. */
static const struct tt_refused_letter refused_letters[] = {
	{ 'n', "names are never looked up: leave it out" },
	{ 'w', "traces come with a later version: use --format json" },
	{ 'e', "there are no link-layer headers: --format json names interface and packet type" },
	{ 'v', "each line has all header fields: leave it out, or use --format json" },
	{ 'x', "use --payload" },
	{ 'X', "use --payload" },
	{ 'A', "use --payload" },
	{ 't', "each line has its time, in UTC: leave it out" },
	{ 'r', "reading traces comes with a later version" },
	{ 'C', "rotation comes with traces, in a later version" },
	{ 'G', "rotation comes with traces, in a later version" },
	{ 'W', "rotation comes with traces, in a later version" },
	{ 'U', "lines are written out at once: leave it out" },
	{ 'l', "lines are written out at once: leave it out" },
	{ 'Q', "only incoming datagrams are captured: leave it out" },
	{ 'D', "use twintap interfaces" },
};

static const struct tt_option_table table = {
	.command = "capture",
	.options = options_table,
	.options_count = sizeof(options_table) / sizeof(options_table[0]),
	.refused = refused_letters,
	.refused_count = sizeof(refused_letters) / sizeof(refused_letters[0]),
	.apply_words = apply_expression,
};

int tt_capture_options_parse(struct tt_capture_options *ret_options, int argc, char **argv,
			     struct tt_error *reterr)
{
	struct tt_capture_options options = {
		.ring_bytes = TT_RING_BYTES_DEFAULT,
		.verdicts = TT_VERDICT_BIT(TT_VERDICT_OK),
		.port_side = TT_PORT_EITHER,
		.format = TT_FORMAT_TEXT,
	};
	int r;

	r = tt_options_parse(&table, argc, argv, &options, reterr);
	if (r < 0)
		return r;

	*ret_options = options;
	return 0;
}
