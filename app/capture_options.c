/* SPDX-License-Identifier: MIT */

/*
 * What "twintap capture" was asked for
 */

#include "app/capture_options.h"

#include <errno.h>

#include "app/option_apply.h"
#include "app/options.h"
#include "app/remark.h"

const char tt_capture_help[] =
	"Usage: twintap capture [OPTIONS] [EXPRESSION]\n"
	"Show the UDP datagrams that come in, with their headers, or write them to files.\n"
	"\n"
	"What to capture:\n"
	"  -i, --interface NAME  only on this interface; may be repeated (all)\n"
	"      --netns NAMESPACE in this network namespace: its name, a path, or a PID\n"
	"  -4, --ipv4            IPv4 only\n"
	"  -6, --ipv6            IPv6 only\n"
	"  -p, --port LIST       numbers, ranges and services: 53,5000-5100,ntp (all)\n"
	"      --port-side SIDE  whose port has to be in it: dst, src or either (either)\n"
	"      --direction DIR   in, out (what this host sends) or both (in)\n"
	"      --promiscuous     also what is for other hosts on the link\n"
	"  EXPRESSION            only what it takes, as in pcap-filter(7), from IP on\n"
	"      --fragments MODE  follow: with their first one; none: leave out (follow)\n"
	"      --checksum MODE   ignore or verify UDP checksums (ignore)\n"
	"      --verdict LIST    ok, all, or names such as bad_length (ok; with -w all)\n"
	"  -s, --snaplen BYTES   of each packet; headers: no payload at all (262144)\n"
	"  -B, --buffer SIZE     ring of each socket, with K, M or G (16M)\n"
	"\n"
	"What to show, a line a datagram on standard output:\n"
	"      --format FORMAT   text or json (text)\n"
	"      --payload         the payload too, in hexadecimal\n"
	"\n"
	"What to write instead, with -w:\n"
	"  -w, --write FILE      a trace; may be repeated; - is standard output. Its name\n"
	"                        may have %N number, %h host, %Y %m %d %H %M %S %j time;\n"
	"                        %p, %i: a file for each port, interface\n"
	"      --format FORMAT   pcapng, pcap or pcap-ns (by the ending, else pcapng)\n"
	"      --link-type TYPE  sll2 or raw, in front of each packet (sll2)\n"
	"      --rotate-size SIZE, --rotate-interval TIME\n"
	"                        when to begin a new file: NAME-000001.pcapng...\n"
	"      --keep-files N, --keep-size SIZE, --min-free SIZE\n"
	"                        how much to keep: the oldest files are deleted\n"
	"      --overwrite       replace a file that is there\n"
	"      --sync MODE       wait for the disk: none, file or write (none)\n"
	"  -U, --flush           write at once, not only full buffers\n"
	"\n"
	"When to end (Ctrl-C):\n"
	"  -c, --count N         after N datagrams\n"
	"  -d, --duration TIME   after 90, 90s, 250ms, 5m or 1h\n"
	"\n"
	"What to tell, on standard error:\n"
	"      --stats[=TIME]    counters, each second or TIME; on SIGUSR1 also without\n"
	"      --stats-file FILE the account, each 10 s or TIME and at the end: JSON,\n"
	"                        or for NAME.prom metrics of Prometheus\n"
	"  -q, --quiet           no words at start and end; errors stay\n"
	"  -h, --help            this page\n"
	"\n"
	"Ctrl-C delivers what the rings hold, then ends; a second one drops it. SIGHUP\n"
	"begins new files where they are rotated. Needs CAP_NET_RAW, CAP_BPF to count\n"
	"what it leaves out, CAP_SYS_ADMIN for --netns. Status: 0 done, 1 failed, 2 wrong\n"
	"usage.\n"
	"\n"
	"Examples:\n"
	"  twintap capture -i eth0 -p 53              DNS in text, until Ctrl-C\n"
	"  twintap capture -6 --format json -c 10     ten IPv6 datagrams as JSON\n"
	"  twintap capture src net 192.0.2.0/24       from that network only\n"
	"  twintap capture -p 53 -w dns.pcapng --rotate-size 64M --keep-files 20\n";

static const struct tt_option options_table[] = {
	{ "interface", 'i', TT_OPTION_VALUE, tt_apply_interface },
	{ "netns", 0, TT_OPTION_VALUE, tt_apply_netns },
	{ "ipv4", '4', TT_OPTION_FLAG, tt_apply_ipv4 },
	{ "ipv6", '6', TT_OPTION_FLAG, tt_apply_ipv6 },
	{ "port", 'p', TT_OPTION_VALUE, tt_apply_port },
	{ "port-side", 0, TT_OPTION_VALUE, tt_apply_port_side },
	{ "direction", 0, TT_OPTION_VALUE, tt_apply_direction },
	{ "promiscuous", 0, TT_OPTION_FLAG, tt_apply_promiscuous },
	{ "fragments", 0, TT_OPTION_VALUE, tt_apply_fragments },
	{ "checksum", 0, TT_OPTION_VALUE, tt_apply_checksum },
	{ "verdict", 0, TT_OPTION_VALUE, tt_apply_verdict },
	{ "snaplen", 's', TT_OPTION_VALUE, tt_apply_snaplen },
	{ "buffer", 'B', TT_OPTION_VALUE, tt_apply_buffer },
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
	{ "count", 'c', TT_OPTION_VALUE, tt_apply_count },
	{ "duration", 'd', TT_OPTION_VALUE, tt_apply_duration },
	{ "stats", 0, TT_OPTION_OPTIONAL, tt_apply_stats },
	{ "stats-file", 0, TT_OPTION_VALUE, tt_apply_stats_file },
	{ "quiet", 'q', TT_OPTION_FLAG, tt_apply_quiet },
	{ "help", 'h', TT_OPTION_FLAG, tt_apply_help },
};

/* Letters that tcpdump's users have in their fingers. */
static const struct tt_refused_letter refused_letters[] = {
	{ 'n', "names are never looked up: leave it out" },
	{ 'e', "there are no link-layer headers: --format json names interface and packet type" },
	{ 'v', "each line has all header fields: leave it out, or use --format json" },
	{ 'x', "use --payload" },
	{ 'X', "use --payload" },
	{ 'A', "use --payload" },
	{ 't', "each line has its time, in UTC: leave it out" },
	{ 'r', "use twintap read FILE" },
	{ 'C', "use --rotate-size, which takes 64M" },
	{ 'G', "use --rotate-interval, which takes 60s" },
	{ 'W', "use --keep-files" },
	{ 'l', "lines are written out at once: leave it out" },
	{ 'Q', "use --direction in, out or both" },
	{ 'D', "use twintap interfaces" },
};

static const struct tt_option_table table = {
	.command = "capture",
	.options = options_table,
	.options_count = sizeof(options_table) / sizeof(options_table[0]),
	.refused = refused_letters,
	.refused_count = sizeof(refused_letters) / sizeof(refused_letters[0]),
	.apply_words = tt_apply_expression,
};

int tt_capture_options_parse(struct tt_capture_options *ret_options, int argc, char **argv,
			     struct tt_error *reterr)
{
	struct tt_capture_options options = {
		.ring_bytes = TT_RING_BYTES_DEFAULT,
		.port_side = TT_PORT_EITHER,
	};
	int r;

	r = tt_options_parse(&table, argc, argv, &options, reterr);
	if (r == 0 && !options.wants_help)
		r = tt_check_outputs(&options, reterr);
	if (r == 0 && options.takes_no_incoming && options.is_promiscuous)
		r = tt_word_error(reterr, -EINVAL,
				  "--promiscuous is for what comes in, which --direction out "
				  "leaves out");
	if (r < 0)
		return r;

	*ret_options = options;
	return 0;
}
