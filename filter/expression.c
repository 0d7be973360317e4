/* SPDX-License-Identifier: MIT */

/*
 * A filter expression, in the words of pcap-filter(7)
 *
 * What libpcap refuses it refuses in words, which are passed on. What it compiles, but for
 * live captures of an interface only, is found in the code and refused here.
 */

#include "filter/expression.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "base/cleanup.h"
#include "base/error.h"

enum {
	SNAP_BYTES =
		262144, /* what libpcap has accepted packets return; only that it is not 0 counts */
	TEXT_BYTES_MAX = 64 << 10,
	QUOTED_LENGTH_MAX = 60, /* in a failure's words, or they had no room for the reason */
};

struct tt_expression {
	unsigned int holders_count;
	int program_fd; /* owned, or -1 */
	struct bpf_program code;
};

static void expression_dropp(struct tt_expression **expression)
{
	tt_expression_drop(*expression);
}

static void pcap_closep(pcap_t **pcap)
{
	if (*pcap)
		pcap_close(*pcap);
}

_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter) &&
		       offsetof(struct bpf_insn, k) == offsetof(struct sock_filter, k),
	       "libpcap's instruction is the kernel's");

/* What lies there the kernel alone knows; in libpcap's interpreter it is beyond any packet. */
static bool is_of_the_link(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_LD && BPF_MODE(insn->code) == BPF_ABS &&
	       insn->k >= (uint32_t)SKF_AD_OFF;
}

/* "protochain" makes loops, and nothing else does. */
static bool is_loop(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JA) && insn->k > INT32_MAX;
}

/* Refuses what libpcap made for live captures, and what no filter in the kernel may do. */
static int check_code(const struct bpf_program *code, struct tt_error *reterr)
{
	for (unsigned int i = 0; i < code->bf_len; i++) {
		if (is_of_the_link(&code->bf_insns[i]))
			return tt_error_set(
				reterr, -EINVAL,
				"it asks for what the link knows (direction, interface, VLAN), but "
				"packets are judged from the IP header on: leave that out");
		if (is_loop(&code->bf_insns[i]))
			return tt_error_set(
				reterr, -EINVAL,
				"\"protochain\" takes a loop, which the kernel does not run: "
				"extension headers are walked before, so \"udp\" is not needed at "
				"all");
	}
	return 0;
}

/* Words whose bytes, as in "ether[0]", libpcap would take for the IP packet's without a word. */
static bool names_link(const char *word, size_t length)
{
	static const char *const names[] = { "ether", "link", "fddi", "tr", "wlan", "ppp", "slip" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == length && memcmp(names[i], word, length) == 0)
			return true;
	}
	return false;
}

static int check_words(const char *text, struct tt_error *reterr)
{
	static const char blanks[] = " \t\r\n";

	for (const char *c = text; *c;) {
		size_t length = strspn(c, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789-_.:\\");
		const char *behind = c + length + strspn(c + length, blanks);

		if (*behind == '[' && names_link(c, length))
			return tt_error_set(
				reterr, -EINVAL,
				"\"%.*s[\" asks for bytes of the link, but packets are judged from "
				"the IP header on: use ip[], ip6[] or udp[]",
				(int)length, c);
		c += length > 0 ? length : 1;
	}
	return 0;
}

static int compile(struct tt_expression *expression, const char *text, struct tt_error *reterr)
{
	TT_CLEANUP(pcap_closep) pcap_t *pcap = pcap_open_dead(DLT_RAW, SNAP_BYTES);
	const char *reason;

	if (!pcap)
		return tt_error_set(reterr, -ENOMEM, "%s", strerror(ENOMEM));
	if (pcap_compile(pcap, &expression->code, text, 1, PCAP_NETMASK_UNKNOWN) == 0)
		return 0;

	/* That is all it says of "arp" too. */
	reason = pcap_geterr(pcap);
	if (strcmp(reason, "expression rejects all packets") == 0)
		return tt_error_set(reterr, -EINVAL,
				    "%s: its parts exclude each other, or it asks for another "
				    "protocol of the link than IP",
				    reason);
	return tt_error_set(reterr, -EINVAL, "%s", reason);
}

/* Compiles what the words do not rule out, and rules out what the code shows. */
static int fill(struct tt_expression *expression, const char *text, struct tt_error *reterr)
{
	int r;

	r = check_words(text, reterr);
	if (r < 0)
		return r;
	r = compile(expression, text, reterr);
	if (r < 0)
		return r;
	return check_code(&expression->code, reterr);
}

int tt_expression_new(struct tt_expression **ret_expression, const char *text,
		      struct tt_error *reterr)
{
	TT_CLEANUP(expression_dropp) struct tt_expression *expression = NULL;
	size_t length = strnlen(text, TEXT_BYTES_MAX);
	int r;

	if (length == TEXT_BYTES_MAX)
		return tt_error_set(reterr, -EINVAL,
				    "a filter expression of more than %d characters",
				    TEXT_BYTES_MAX - 1);

	expression = calloc(1, sizeof(*expression));
	if (!expression)
		return tt_error_set(reterr, -ENOMEM, "compile a filter expression: %s",
				    strerror(ENOMEM));
	expression->holders_count = 1;
	expression->program_fd = -1;

	r = fill(expression, text, reterr);
	if (r < 0)
		return tt_error_wrap(reterr, r, "filter expression \"%.*s%s\"", QUOTED_LENGTH_MAX,
				     text, length > QUOTED_LENGTH_MAX ? "..." : "");

	*ret_expression = TT_TAKE_PTR(expression);
	return 0;
}

struct tt_expression *tt_expression_hold(struct tt_expression *expression)
{
	if (expression)
		expression->holders_count++;
	return expression;
}

void tt_expression_drop(struct tt_expression *expression)
{
	if (!expression || --expression->holders_count > 0)
		return;

	tt_closep(&expression->program_fd);
	pcap_freecode(&expression->code);
	free(expression);
}

const struct sock_filter *tt_expression_code(const struct tt_expression *expression,
					     size_t *ret_count)
{
	*ret_count = expression->code.bf_len;
	return (const struct sock_filter *)(const void *)expression->code.bf_insns;
}

int tt_expression_program(const struct tt_expression *expression)
{
	return expression->program_fd;
}

void tt_expression_set_program(struct tt_expression *expression, int program_fd)
{
	expression->program_fd = program_fd;
}

void tt_expression_close_program(struct tt_expression *expression)
{
	if (!expression)
		return;

	tt_closep(&expression->program_fd);
	expression->program_fd = -1;
}

bool tt_expression_takes(const struct tt_expression *expression, const uint8_t *packet,
			 uint32_t captured_bytes, uint32_t wire_bytes)
{
	struct pcap_pkthdr header = { .caplen = captured_bytes, .len = wire_bytes };

	return pcap_offline_filter(&expression->code, &header, packet) != 0;
}
