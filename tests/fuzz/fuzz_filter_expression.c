/* SPDX-License-Identifier: MIT */

/*
 * Filter expressions of arbitrary words
 *
 * What must hold: the outcome is 0 or -EINVAL, a failure in one line of words; what is
 * compiled judges packets, and is translated unless it is too long.
 *
 * An input is no text of its own: each of its bytes stands for a word of the language, a
 * number or an address, so that the fuzzer gets behind the grammar. libpcap looks for a host
 * by every name that stands in the place of one; here it looks into files only, and
 * nothing is asked of the network.
 */

#include "filter/expression.h"

#include <errno.h>
#include <nss.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/translate.h"
#include "tests/support/check_translation.h"

enum {
	WORDS_MAX = 512,
	WORD_BYTES_MAX = 32,
	CODE_MAX = 4096,
};

/* The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerInitialize(int *argc, char ***argv);
/* Likewise. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

/* Separated by blanks. */
static const char *const words[] = {
	/* Qualifiers. */
	"host",
	"net",
	"port",
	"portrange",
	"proto",
	"protochain",
	"src",
	"dst",
	"src or dst",
	"src and dst",
	"gateway",
	"mask",
	"ip",
	"ip6",
	"ether",
	"link",
	"fddi",
	"tr",
	"wlan",
	"ppp",
	"slip",
	"arp",
	"rarp",
	"tcp",
	"udp",
	"icmp",
	"icmp6",
	"sctp",
	"igmp",
	"pim",
	"vrrp",
	"carp",
	"ah",
	"esp",
	"igrp",
	"decnet",
	"lat",
	"iso",
	"clnp",
	"isis",
	"esis",
	"stp",
	"ipx",
	"netbeui",
	"llc",
	"radio",
	"mpls",
	"vlan",
	"pppoed",
	"pppoes",
	"geneve",
	"broadcast",
	"multicast",
	"inbound",
	"outbound",
	"ifindex",
	"less",
	"greater",
	"len",
	"byte",
	"on",
	"type",
	"subtype",
	"mgt",
	"beacon",
	"dir",
	"action",
	"reason",
	"rnr",
	"lane",
	"vpi",
	"vci",
	"oam",
	"fisu",
	"sio",
	"opc",
	"icmptype",
	"icmpcode",
	"icmp-echo",
	"icmp6type",
	"icmp6-echo",
	"tcpflags",
	"tcp-syn",
	"tcp-ack",
	"\\udp",
	"\\tcp",
	"\\icmp",
	/* Operators. */
	"and",
	"or",
	"not",
	"&&",
	"||",
	"!",
	"(",
	")",
	"[",
	"]",
	":",
	"=",
	"==",
	"!=",
	"<",
	">",
	"<=",
	">=",
	"+",
	"-",
	"*",
	"/",
	"%",
	"&",
	"|",
	"^",
	"<<",
	">>",
	"~",
	",",
	"{",
	"}",
	"@",
	/* Numbers and addresses. */
	"0",
	"1",
	"2",
	"4",
	"6",
	"8",
	"9",
	"17",
	"31",
	"32",
	"53",
	"64",
	"128",
	"255",
	"256",
	"5353",
	"65535",
	"65536",
	"0x7fffffff",
	"0x80000000",
	"0xfffff000",
	"0xffffffff",
	"4294967296",
	"192.0.2.1",
	"192.0.2.0/24",
	"10/8",
	"0.0.0.0/0",
	"255.255.255.255",
	"2001:db8::1",
	"2001:db8::/32",
	"::",
	"::/0",
	"fe80::1",
	"00:00:5e:00:53:01",
	"53-5353",
	"5353-53",
	/* Whole ones, to be put together. */
	"udp port 53",
	"ip6 and udp",
	"udp[8:4] = 1",
	"ip[0] & 0xf != 5",
	"len <= 100",
	"ip[ip[0]] > 3",
	"\n",
	"\t",
	"\001",
	"\377",
};

/* Writes out what the bytes stand for; the caller frees it. */
static char *write_out(const uint8_t *data, size_t data_bytes)
{
	size_t count = data_bytes < WORDS_MAX ? data_bytes : WORDS_MAX;
	char *text = malloc(count * WORD_BYTES_MAX + 1);
	char *end = text;

	if (!text)
		abort();
	for (size_t i = 0; i < count; i++) {
		const char *word = words[data[i] % (sizeof(words) / sizeof(words[0]))];
		size_t length = strlen(word);

		if (length + 1 >= WORD_BYTES_MAX)
			abort();
		memcpy(end, word, length);
		end += length;
		*end++ = ' ';
	}
	*end = '\0';
	return text;
}

static void try_code(const struct tt_expression *expression)
{
	static const uint8_t packet[] = { 0x45, 0,    0, 32, 0, 1,   0, 0, 64, 17, 0,
					  0,    192,  0, 2,  1, 192, 0, 2, 2,  0,  53,
					  20,   0xe9, 0, 12, 0, 0,   1, 2, 3,  4 };
	static const struct tt_translate_maps maps = { .slots_fd = 3, .cpus_fd = 4 };
	struct bpf_insn *insns = NULL;
	const struct sock_filter *code;
	size_t count, insns_count;
	int r;

	for (uint32_t bytes = 0; bytes <= sizeof(packet); bytes++)
		(void)tt_expression_takes(expression, packet, bytes, sizeof(packet));

	code = tt_expression_code(expression, &count);
	r = tt_translate(code, count, maps, &insns, &insns_count, NULL);
	if (r < 0 && r != -E2BIG && count <= CODE_MAX)
		abort();
	if (r == 0 && tt_check_translation(insns, insns_count, count))
		abort();
	free(insns);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (__nss_configure_lookup("hosts", "files") < 0 ||
	    __nss_configure_lookup("networks", "files") < 0)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct tt_expression *expression = NULL;
	struct tt_error err = TT_ERROR_INIT;
	char *text = write_out(data, data_bytes);
	int r = tt_expression_new(&expression, text, &err);

	free(text);
	if (r == 0) {
		try_code(expression);
	} else if (r != -EINVAL || expression || err.code != r || err.message[0] == '\0' ||
		   strpbrk(err.message, "\r\n")) {
		abort();
	}
	tt_expression_drop(expression);
	return 0;
}
