/* SPDX-License-Identifier: MIT */

/*
 * What "twintap read" was asked for
 */

#include <errno.h>
#include <string.h>

#include "app/capture_options.h"
#include "app/option_apply.h"
#include "app/options.h"
#include "app/remark.h"

const char tt_read_help[] =
	"Usage: twintap read [OPTIONS] FILE... [-- EXPRESSION]\n"
	"Show or convert the UDP datagrams of pcap and pcapng files; - is standard input.\n"
	"\n"
	"What to take:\n"
	"  -p, --port LIST       numbers, ranges and services: 53,5000-5100,ntp (all)\n"
	"      --port-side SIDE  whose port has to be in it: dst, src or either (either)\n"
	"  EXPRESSION            only what it takes, as in pcap-filter(7), from IP on\n"
	"      --fragments MODE  follow: with their first one; none: leave out (follow)\n"
	"      --checksum MODE   ignore or verify UDP checksums (ignore)\n"
	"      --verdict LIST    ok, all, or names such as bad_length (ok; with -w all)\n"
	"  -s, --snaplen BYTES   of each packet; headers: no payload at all (262144)\n"
	"  -c, --count N         N datagrams, then end\n"
	"      --merge           in the order of time, not one file after the other\n"
	"\n"
	"What to show, a line a datagram on standard output:\n"
	"      --format FORMAT   text or json (text)\n"
	"      --payload         the payload too, in hexadecimal\n"
	"\n"
	"What to write instead, with -w:\n"
	"  -w, --write FILE      a trace; may be repeated; - is standard output. Its name\n"
	"                        may have %p or %i: a file for each port, interface\n"
	"      --format FORMAT   pcapng, pcap or pcap-ns (by the ending, else pcapng)\n"
	"      --link-type TYPE  sll2 or raw, in front of each packet (sll2)\n"
	"      --rotate-size SIZE, --rotate-interval TIME, --keep-files N,\n"
	"      --keep-size SIZE, --min-free SIZE, --overwrite, --sync MODE\n"
	"  -U, --flush           these, too, as in twintap capture\n"
	"\n"
	"What to tell, on standard error:\n"
	"      --stats-file FILE the account, each 10 s and at the end: JSON,\n"
	"                        or for NAME.prom metrics of Prometheus\n"
	"  -q, --quiet           no words at the end; errors stay\n"
	"  -h, --help            this page\n"
	"\n"
	"Status: 0 done; 1 failed, also when a file is damaged, of which all before the\n"
	"damage was read; 2 wrong usage.\n"
	"\n"
	"Examples:\n"
	"  twintap read -p 53 --format json dns.pcapng\n"
	"  twintap read --merge -w all.pcapng a.pcap b.pcap -- src net 192.0.2.0/24\n"
	"  ssh host tcpdump -w - udp | twintap read -w 'port-%p.pcapng' -\n";

static const struct tt_option options_table[] = {
	{ "port", 'p', TT_OPTION_VALUE, tt_apply_port },
	{ "port-side", 0, TT_OPTION_VALUE, tt_apply_port_side },
	{ "fragments", 0, TT_OPTION_VALUE, tt_apply_fragments },
	{ "checksum", 0, TT_OPTION_VALUE, tt_apply_checksum },
	{ "verdict", 0, TT_OPTION_VALUE, tt_apply_verdict },
	{ "snaplen", 's', TT_OPTION_VALUE, tt_apply_snaplen },
	{ "count", 'c', TT_OPTION_VALUE, tt_apply_count },
	{ "merge", 0, TT_OPTION_FLAG, tt_apply_merge },
	{ "format", 0, TT_OPTION_VALUE, tt_apply_format },
	{ "payload", 0, TT_OPTION_FLAG, tt_apply_payload },
	{ "write", 'w', TT_OPTION_VALUE, tt_apply_write },
	{ "link-type", 0, TT_OPTION_VALUE, tt_apply_link_type },
	{ "rotate-size", 0, TT_OPTION_VALUE, tt_apply_rotate_size },
	{ "rotate-interval", 0, TT_OPTION_VALUE, tt_apply_rotate_interval },
	{ "keep-files", 0, TT_OPTION_VALUE, tt_apply_keep_files },
	{ "keep-size", 0, TT_OPTION_VALUE, tt_apply_keep_size },
	{ "min-free", 0, TT_OPTION_VALUE, tt_apply_min_free },
	{ "overwrite", 0, TT_OPTION_FLAG, tt_apply_overwrite },
	{ "flush", 'U', TT_OPTION_FLAG, tt_apply_flush },
	{ "sync", 0, TT_OPTION_VALUE, tt_apply_sync },
	{ "stats-file", 0, TT_OPTION_VALUE, tt_apply_stats_file },
	{ "quiet", 'q', TT_OPTION_FLAG, tt_apply_quiet },
	{ "help", 'h', TT_OPTION_FLAG, tt_apply_help },
};

/* Letters that tcpdump's users have in their fingers. */
static const struct tt_refused_letter refused_letters[] = {
	{ 'r', "the files are the words behind the options: leave it out" },
	{ 'n', "names are never looked up: leave it out" },
	{ 'e', "there are no link-layer headers: --format json names interface and packet type" },
	{ 'v', "each line has all header fields: leave it out, or use --format json" },
	{ 'x', "use --payload" },
	{ 'X', "use --payload" },
	{ 'A', "use --payload" },
	{ 't', "each line has its time, in UTC: leave it out" },
	{ 'C', "use --rotate-size, which takes 64M" },
	{ 'G', "use --rotate-interval, which takes 60s" },
	{ 'W', "use --keep-files" },
	{ 'l', "lines are written out at once where a person reads: leave it out" },
	{ 'i', "name the interface's file, or split by interface: -w 'FILE-%i.pcapng'" },
};

static int apply_files(void *context, int words_count, char *const *words, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)reterr;
	options->files = (const char *const *)words;
	options->files_count = (size_t)words_count;
	return 0;
}

static const struct tt_option_table table = {
	.command = "read",
	.options = options_table,
	.options_count = sizeof(options_table) / sizeof(options_table[0]),
	.refused = refused_letters,
	.refused_count = sizeof(refused_letters) / sizeof(refused_letters[0]),
	.may_follow_words = true,
	.apply_words = apply_files,
};

int tt_read_options_parse(struct tt_capture_options *ret_options, int argc, char **argv,
			  struct tt_error *reterr)
{
	struct tt_capture_options options = { .port_side = TT_PORT_EITHER };
	int words_end = 1;
	int r;

	/* Behind "--" comes an expression, with whatever words. */
	while (words_end < argc && strcmp(argv[words_end], "--") != 0)
		words_end++;
	r = tt_options_parse(&table, words_end, argv, &options, reterr);
	if (r == 0 && words_end < argc)
		r = tt_apply_expression(&options, argc - words_end - 1, argv + words_end + 1,
					reterr);
	if (r < 0)
		return r;
	if (options.wants_help) {
		*ret_options = options;
		return 0;
	}
	if (options.files_count == 0)
		return tt_word_error(
			reterr, -EINVAL,
			"a file is missing: twintap read FILE, or - for standard input");
	r = tt_check_outputs(&options, reterr);
	if (r < 0)
		return r;

	*ret_options = options;
	return 0;
}
