/* SPDX-License-Identifier: MIT */

/*
 * The filter as a classic program, where the kernel takes no extended one
 *
 * Follows judge.c step by step; a change there is a change here. A load beyond the packet's
 * end rejects at once: where a broken packet is wanted, its length is tested before.
 *
 * The program is written from its end to its start (writer.h): what a function writes stands
 * before what was written until then, and its steps are to be read from the last line up.
 *
 *   types -> interfaces -> headers -> ports -> expression -> take
 *                             |                    ^           ^
 *                             |-- broken headers --'           |  when every port is wanted
 *                             '-- fragment, not the first -----'  when fragments are followed
 *
 * On the socket of every protocol, what is sent and its family stand before the headers.
 *
 * Invariant 1: X is the UDP header's offset where the ports begin. The walk over IPv6's
 *              headers has the next header's kind in A, its offset in X.
 * Invariant 2: a memory word is loaded only behind a store without a jump between, but for
 *              the expression's, which are stored right before it. The kernel asks for that.
 */

#include "filter/classic.h"

#include <assert.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bpf/opcode.h"
#include "filter/ranges.h"
#include "filter/writer.h"

enum {
	PROTOCOL_HIP = 139,
	PROTOCOL_SHIM6 = 140,

	IPV4_HEADER_BYTES_MIN = 20,
	IPV4_FRAGMENT_OFFSET = 6,
	IPV4_PROTOCOL_OFFSET = 9,
	IPV4_FIRST_BYTE_MIN = 0x45, /* version 4, a header of at least 5 words */
	IPV4_FIRST_BYTE_MAX = 0x4f,
	IPV4_FRAGMENT_OFFSET_MASK = 0x1fff,
	IPV4_MORE_FRAGMENTS = 0x2000,

	IPV6_HEADER_BYTES = 40,
	IPV6_NEXT_OFFSET = 6,
	IPV6_FRAGMENT_OFFSET_MASK = 0xfff8,
	IPV6_MORE_FRAGMENTS = 1,
	EXTENSION_BYTES_MIN = 8,
	EXTENSION_HEADERS_MAX = 8,

	TAKEN_BYTES = 0x40000, /* more than any packet has */
	TYPES_COUNT = 8,       /* that three bits can say */
	TYPES_MASK = 0x1f,     /* those that packet sockets are given */
	SHIFT_MAX = 31,
	OFFSET_WORD = 0, /* of the memory: where the next header begins */

	/* From here on libpcap finds no packet; some of it is the kernel's own, or wraps. */
	BEYOND_OFFSET = 0x7fffff00,
};

/* What a program is made of. */
struct plan {
	const struct tt_conditions *conditions;
	uint32_t source;               /* TT_FILTER_SOURCE_* */
	const struct tt_ranges *types; /* NULL: any; so for the next two */
	const struct tt_ranges *interfaces;
	const struct tt_ranges *ports;
	const struct sock_filter *expression;
	size_t expression_count; /* 0: none */
};

/* Where headers lead. */
struct ways {
	size_t reject;
	size_t udp;       /* to the ports */
	size_t malformed; /* headers that are broken or cut */
	size_t late;      /* a fragment that is not the first */
};

/* What is tried until it fits. */
struct fitting {
	struct tt_writer writer;
	struct plan plan;
	struct tt_ranges types; /* owned; as the next ones */
	struct tt_ranges interfaces;
	struct tt_ranges ports;   /* as they are wanted */
	struct tt_ranges widened; /* of the program */
	uint32_t *ranks;          /* of the gaps between ports */
};

/* IPv6's extension headers that count their length in 8 bytes; the frequent last. */
static const uint8_t option_kinds[] = {
	PROTOCOL_SHIM6, PROTOCOL_HIP, IPPROTO_MH, IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_HOPOPTS,
};

/* ---------------------------------------------------------------- the expression */

static bool loads_memory(const struct sock_filter *insn)
{
	return insn->code == (BPF_LD | BPF_MEM) || insn->code == (BPF_LDX | BPF_MEM);
}

/*
 * Whether the kernel takes by it whatever libpcap would take. Not by a shift by X: from 32 on
 * it leaves 0 in libpcap, and anything in the kernel. Nor by "ret a": A would be how much is
 * taken. A load at X that wraps finds something in the kernel and rejects in libpcap: by it
 * more is taken, never less.
 */
static bool means_the_same(uint16_t code)
{
	return tt_opcode_is_known(code) && code != (BPF_ALU | BPF_LSH | BPF_X) &&
	       code != (BPF_ALU | BPF_RSH | BPF_X) && code != (BPF_RET | BPF_A);
}

/* Whether the kernel takes an instruction's operand, @left instructions being behind it. */
static bool operand_is_sound(const struct sock_filter *insn, size_t left)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
	case BPF_LDX:
		return !loads_memory(insn) || insn->k < BPF_MEMWORDS;
	case BPF_ST:
	case BPF_STX:
		return insn->k < BPF_MEMWORDS;
	case BPF_ALU:
		if (insn->code == (BPF_ALU | BPF_DIV | BPF_K) ||
		    insn->code == (BPF_ALU | BPF_MOD | BPF_K))
			return insn->k != 0;
		if (BPF_OP(insn->code) == BPF_LSH || BPF_OP(insn->code) == BPF_RSH)
			return insn->k <= SHIFT_MAX;
		return true;
	case BPF_JMP:
		if (BPF_OP(insn->code) == BPF_JA)
			return insn->k < left;
		return insn->jt < left && insn->jf < left;
	default:
		return true;
	}
}

/* Whether the kernel takes the code, and takes by it whatever libpcap would. */
static bool expression_is_sound(const struct sock_filter *code, size_t count)
{
	if (count == 0 || BPF_CLASS(code[count - 1].code) != BPF_RET)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!means_the_same(code[i].code) || !operand_is_sound(&code[i], count - i - 1))
			return false;
	}
	return true;
}

/* What an instruction of libpcap's is here. */
static struct sock_filter adapt_insn(const struct sock_filter *insn)
{
	struct sock_filter verdict = { .code = BPF_RET | BPF_K };

	if (BPF_CLASS(insn->code) == BPF_RET)
		verdict.k = insn->k != 0 ? TAKEN_BYTES : 0;
	else if (!tt_opcode_is_packet_load(insn->code) || insn->k < BEYOND_OFFSET)
		return *insn;
	return verdict;
}

/*
 * Writes the expression, with its registers and its memory 0 at first. Its jumps are
 * relative and stay within, so it is copied as it is.
 */
static size_t write_expression(struct tt_writer *w, const struct plan *plan)
{
	bool is_loaded[BPF_MEMWORDS] = { false };

	for (size_t i = plan->expression_count; i > 0; i--) {
		const struct sock_filter *insn = &plan->expression[i - 1];

		if (loads_memory(insn))
			is_loaded[insn->k] = true;
		tt_writer_add(w, adapt_insn(insn));
	}
	for (uint32_t word = 0; word < BPF_MEMWORDS; word++) {
		if (is_loaded[word])
			tt_writer_step(w, BPF_ST, word);
	}
	tt_writer_step(w, BPF_MISC | BPF_TAX, 0);
	return tt_writer_step(w, BPF_LD | BPF_IMM, 0);
}

/* ------------------------------------------------------------------------ ports */

/* Loads reach as far as the test of judge.c: both ports must be there, whichever decides. */
static size_t write_ports(struct tt_writer *w, const struct plan *plan, size_t taken, size_t reject)
{
	uint32_t side = plan->conditions->port_side;

	if (side != TT_FILTER_SIDE_DESTINATION)
		tt_writer_search(w, plan->ports, taken, reject);
	if (side == TT_FILTER_SIDE_SOURCE) {
		tt_writer_step(w, BPF_ALU | BPF_RSH | BPF_K, 16);
		return tt_writer_step(w, BPF_LD | BPF_W | BPF_IND, 0);
	}
	if (side == TT_FILTER_SIDE_EITHER)
		reject = tt_writer_step(w, BPF_LD | BPF_H | BPF_IND, 0); /* the other one decides */
	tt_writer_search(w, plan->ports, taken, reject);
	return tt_writer_step(w, BPF_LD | BPF_H | BPF_IND, 2);
}

/* ---------------------------------------------------------------------- headers */

static void write_ipv4(struct tt_writer *w, const struct plan *plan, const struct ways *ways)
{
	uint32_t mask = IPV4_FRAGMENT_OFFSET_MASK;

	if (!plan->conditions->follows_fragments)
		mask |= IPV4_MORE_FRAGMENTS;

	tt_writer_go_on(w, ways->udp);
	tt_writer_step(w, BPF_LDX | BPF_B | BPF_MSH, 0);
	tt_writer_branch(w, BPF_JSET | BPF_K, mask, ways->late, w->count);
	tt_writer_step(w, BPF_LD | BPF_H | BPF_ABS, IPV4_FRAGMENT_OFFSET);
	tt_writer_branch(w, BPF_JEQ | BPF_K, IPPROTO_UDP, w->count, ways->reject);
	tt_writer_step(w, BPF_LD | BPF_B | BPF_ABS, IPV4_PROTOCOL_OFFSET);
	tt_writer_branch(w, BPF_JGT | BPF_K, IPV4_FIRST_BYTE_MAX, ways->malformed, w->count);
	tt_writer_branch(w, BPF_JGE | BPF_K, IPV4_FIRST_BYTE_MIN, w->count, ways->malformed);
	tt_writer_step(w, BPF_LD | BPF_B | BPF_ABS, 0);
	tt_writer_branch(w, BPF_JGE | BPF_K, IPV4_HEADER_BYTES_MIN, w->count, ways->malformed);
	tt_writer_step(w, BPF_LD | BPF_W | BPF_LEN, 0);
}

/* Where each kind of extension header leads. */
struct kinds {
	size_t options;
	size_t authentication;
	size_t fragment;
};

/* Goes by the kind of the next header. */
static size_t write_kinds(struct tt_writer *w, const struct ways *ways, const struct kinds *kinds)
{
	size_t next = ways->reject;

	for (size_t i = 0; i < sizeof(option_kinds); i++)
		next = tt_writer_branch(w, BPF_JEQ | BPF_K, option_kinds[i], kinds->options, next);
	next = tt_writer_branch(w, BPF_JEQ | BPF_K, IPPROTO_AH, kinds->authentication, next);
	next = tt_writer_branch(w, BPF_JEQ | BPF_K, IPPROTO_FRAGMENT, kinds->fragment, next);
	return tt_writer_branch(w, BPF_JEQ | BPF_K, IPPROTO_UDP, ways->udp, next);
}

/* Goes on with what follows only if the packet has the least of an extension header. */
static size_t write_length_test(struct tt_writer *w, const struct ways *ways)
{
	/* No sum that could wrap: a packet that came here has 40 bytes. */
	tt_writer_branch(w, BPF_JGE | BPF_X, 0, w->count, ways->malformed);
	tt_writer_step(w, BPF_ALU | BPF_SUB | BPF_K, EXTENSION_BYTES_MIN);
	return tt_writer_step(w, BPF_LD | BPF_W | BPF_LEN, 0);
}

/* Makes A the length of a header: its length field plus @more, in units of 2^@shift bytes. */
static size_t write_length(struct tt_writer *w, const struct ways *ways, uint32_t more,
			   uint32_t shift)
{
	tt_writer_step(w, BPF_ALU | BPF_LSH | BPF_K, shift);
	tt_writer_step(w, BPF_ALU | BPF_ADD, more);
	tt_writer_step(w, BPF_LD | BPF_B | BPF_IND, 1);
	return write_length_test(w, ways);
}

static size_t write_fragment(struct tt_writer *w, const struct plan *plan, const struct ways *ways)
{
	uint32_t mask = IPV6_FRAGMENT_OFFSET_MASK;

	if (!plan->conditions->follows_fragments)
		mask |= IPV6_MORE_FRAGMENTS;

	tt_writer_step(w, BPF_LD | BPF_IMM, EXTENSION_BYTES_MIN);
	tt_writer_branch(w, BPF_JSET | BPF_K, mask, ways->late, w->count);
	tt_writer_step(w, BPF_LD | BPF_H | BPF_IND, 2);
	return write_length_test(w, ways);
}

/* One header of the chain; what was written last is the next one. */
static void write_extension(struct tt_writer *w, const struct plan *plan, const struct ways *ways)
{
	struct kinds kinds;
	size_t over;

	/* A is the header's length: steps over it. */
	tt_writer_step(w, BPF_LDX | BPF_MEM, OFFSET_WORD);
	tt_writer_step(w, BPF_LD | BPF_B | BPF_IND, 0);
	tt_writer_step(w, BPF_ST, OFFSET_WORD);
	over = tt_writer_step(w, BPF_ALU | BPF_ADD | BPF_X, 0);

	kinds.options = write_length(w, ways, 1, 3);
	tt_writer_go_on(w, over);
	kinds.authentication = write_length(w, ways, 2, 2);
	tt_writer_go_on(w, over);
	kinds.fragment = write_fragment(w, plan, ways);
	write_kinds(w, ways, &kinds);
}

static void write_ipv6(struct tt_writer *w, const struct plan *plan, const struct ways *ways)
{
	/* Behind the last header that is walked, one more is too many. */
	struct kinds too_many = { ways->malformed, ways->malformed, ways->malformed };

	write_kinds(w, ways, &too_many);
	for (unsigned int i = 0; i < EXTENSION_HEADERS_MAX; i++)
		write_extension(w, plan, ways);

	tt_writer_step(w, BPF_LD | BPF_B | BPF_ABS, IPV6_NEXT_OFFSET);
	tt_writer_step(w, BPF_LDX | BPF_IMM, IPV6_HEADER_BYTES);
	tt_writer_branch(w, BPF_JEQ | BPF_K, 0x60, w->count, ways->malformed);
	tt_writer_step(w, BPF_ALU | BPF_AND | BPF_K, 0xf0); /* the version */
	tt_writer_step(w, BPF_LD | BPF_B | BPF_ABS, 0);
	tt_writer_branch(w, BPF_JGE | BPF_K, IPV6_HEADER_BYTES, w->count, ways->malformed);
	tt_writer_step(w, BPF_LD | BPF_W | BPF_LEN, 0);
}

/* ------------------------------------------------------------------ the program */

/* Goes on with what follows only if what the kernel knows of the packet is in a set. */
static void write_origin(struct tt_writer *w, const struct tt_ranges *ranges, int what,
			 size_t reject)
{
	if (!ranges)
		return;
	tt_writer_search(w, ranges, w->count, reject);
	tt_writer_step(w, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + what));
}

/*
 * Tells the families apart that are taken of what is sent, and leaves the rest out: it is seen
 * by others, or as on the loopback comes in as well. What was written last is the start of
 * IPv6's headers, IPv4's being at @ipv4.
 */
static void write_outgoing(struct tt_writer *w, const struct plan *plan, size_t ipv4, size_t reject)
{
	uint32_t sends = plan->conditions->sends;
	size_t ipv6 = sends & TT_FILTER_SENDS_IPV6 ? w->count : reject;

	ipv6 = tt_writer_branch(w, BPF_JEQ | BPF_K, ETH_P_IPV6, ipv6, reject);
	tt_writer_branch(w, BPF_JEQ | BPF_K, ETH_P_IP, sends & TT_FILTER_SENDS_IPV4 ? ipv4 : reject,
			 ipv6);
	tt_writer_step(w, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL));
	tt_writer_branch(w, BPF_JEQ | BPF_K, TT_FILTER_LOOPBACK_INDEX, reject, w->count);
	tt_writer_step(w, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX));
	tt_writer_branch(w, BPF_JEQ | BPF_K, PACKET_OUTGOING, w->count, reject);
	tt_writer_step(w, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
}

/* False when it does not fit. */
static bool write_program(struct tt_writer *w, const struct plan *plan)
{
	struct ways ways;
	size_t take, judged, ipv4;

	tt_writer_restart(w);
	ways.reject = tt_writer_step(w, BPF_RET | BPF_K, 0);
	take = tt_writer_step(w, BPF_RET | BPF_K, TAKEN_BYTES);
	judged = plan->expression_count > 0 ? write_expression(w, plan) : take;
	ways.udp = plan->ports ? write_ports(w, plan, judged, ways.reject) : judged;
	ways.malformed = plan->ports ? ways.reject : judged;
	ways.late = plan->conditions->follows_fragments ? take : ways.reject;

	if (plan->source != TT_FILTER_SOURCE_IPV6)
		write_ipv4(w, plan, &ways);
	ipv4 = w->count;
	if (plan->source != TT_FILTER_SOURCE_IPV4)
		write_ipv6(w, plan, &ways);
	if (plan->source == TT_FILTER_SOURCE_OUTGOING)
		write_outgoing(w, plan, ipv4, ways.reject);
	write_origin(w, plan->interfaces, SKF_AD_IFINDEX, ways.reject);
	write_origin(w, plan->types, SKF_AD_PKTTYPE, ways.reject);
	return !w->is_full;
}

/* ------------------------------------------------------------------ what fits */

static void fitting_deinit(struct fitting *f)
{
	tt_writer_deinit(&f->writer);
	tt_ranges_deinit(&f->types);
	tt_ranges_deinit(&f->interfaces);
	tt_ranges_deinit(&f->ports);
	tt_ranges_deinit(&f->widened);
	free(f->ranks);
}

static int read_types(struct fitting *f, uint32_t packet_types)
{
	uint32_t numbers[TYPES_COUNT];
	size_t count = 0;

	if ((packet_types & TYPES_MASK) == TYPES_MASK)
		return 0;
	for (uint32_t type = 0; type < TYPES_COUNT; type++) {
		if (packet_types >> type & 1)
			numbers[count++] = type;
	}
	f->plan.types = &f->types;
	return tt_ranges_of_numbers(numbers, count, TYPES_COUNT - 1, &f->types);
}

static int read_interfaces(struct fitting *f, const struct tt_conditions *conditions)
{
	if (conditions->interfaces_count == 0)
		return 0;
	f->plan.interfaces = &f->interfaces;
	return tt_ranges_of_numbers(conditions->interface_indexes, conditions->interfaces_count,
				    UINT32_MAX, &f->interfaces);
}

static int read_ports(struct fitting *f, const struct tt_conditions *conditions)
{
	int r;

	if (conditions->takes_all_ports)
		return 0;
	r = tt_ranges_of_ports(&conditions->ports, &f->ports);
	if (r < 0)
		return r;
	f->plan.ports = &f->ports;
	f->widened.ranges = calloc(f->ports.count + 1, sizeof(*f->widened.ranges));
	f->ranks = tt_ranges_rank_gaps(&f->ports);
	return f->widened.ranges && f->ranks ? 0 : -ENOMEM;
}

static int read_conditions(struct fitting *f, const struct tt_conditions *conditions)
{
	int r;

	f->plan.conditions = conditions;
	r = read_types(f, conditions->packet_types);
	if (r < 0)
		return r;
	r = read_interfaces(f, conditions);
	if (r < 0)
		return r;
	if (conditions->expression) {
		f->plan.expression = tt_expression_code(conditions->expression,
							&f->plan.expression_count);
		if (!expression_is_sound(f->plan.expression, f->plan.expression_count))
			f->plan.expression_count = 0;
	}
	return read_ports(f, conditions);
}

/* Writes the program with the ports in so many ranges; false when it does not fit. */
static bool write_widened(struct fitting *f, size_t ranges_count)
{
	tt_ranges_widen(&f->ports, f->ranks, ranges_count, &f->widened);
	f->plan.ports = &f->widened;
	return write_program(&f->writer, &f->plan);
}

/* Finds in how many ranges the ports fit at most; false: not even as one, of all. */
static bool find_ranges_count(struct fitting *f, size_t *ret_count)
{
	size_t fit_count = 0, too_many = f->ports.count + 1;

	if (!write_widened(f, 0))
		return false;
	while (too_many - fit_count > 1) {
		size_t middle = fit_count + (too_many - fit_count) / 2;

		if (write_widened(f, middle))
			fit_count = middle;
		else
			too_many = middle;
	}
	*ret_count = fit_count;
	return true;
}

/* How many ports there are in so many ranges. */
static uint64_t count_ports(struct fitting *f, size_t ranges_count)
{
	tt_ranges_widen(&f->ports, f->ranks, ranges_count, &f->widened);
	return tt_ranges_size(&f->widened);
}

/*
 * Writes the program with less than was asked for; false when nothing fits.
 *
 * Who gives way? An expression is there or not, ports can be widened by a little: to make
 * room for a short expression some narrow gaps among thousands are closed, and without it
 * all that it would leave out is taken. So the ports give way first. They do not give way
 * to more than twice their number, of what they are without it: for that the expression
 * would have to leave out more than every other packet.
 */
static bool write_wider(struct fitting *f)
{
	size_t expression_count = f->plan.expression_count;
	size_t count_beside = 0, count_alone;
	bool fits_beside;

	if (!f->plan.ports) {
		f->plan.expression_count = 0;
		return write_program(&f->writer, &f->plan);
	}

	fits_beside = expression_count > 0 && find_ranges_count(f, &count_beside);
	f->plan.expression_count = 0;
	if (!find_ranges_count(f, &count_alone))
		return false;
	if (!fits_beside || count_ports(f, count_beside) > 2 * count_ports(f, count_alone))
		return write_widened(f, count_alone);
	f->plan.expression_count = expression_count;
	return write_widened(f, count_beside);
}

int tt_classic_make(const struct tt_conditions *conditions, uint32_t source, size_t insns_max,
		    struct tt_classic *ret_classic)
{
	TT_CLEANUP(fitting_deinit) struct fitting f = { .plan = { .source = source } };
	struct tt_classic classic = { 0 };
	int r;

	assert(source < TT_FILTER_SOURCE_COUNT);
	assert(insns_max <= BPF_MAXINSNS);
	if (insns_max == 0)
		return -E2BIG;

	r = tt_writer_init(&f.writer, insns_max);
	if (r < 0)
		return r;
	r = read_conditions(&f, conditions);
	if (r < 0)
		return r;

	classic.is_widened = conditions->expression && f.plan.expression_count == 0;
	if (!write_program(&f.writer, &f.plan)) {
		classic.is_widened = true;
		if (!write_wider(&f))
			return -E2BIG;
	}

	classic.count = f.writer.count;
	memmove(f.writer.insns, f.writer.insns + insns_max - classic.count,
		classic.count * sizeof(*f.writer.insns));
	classic.code = TT_TAKE_PTR(f.writer.insns);
	*ret_classic = classic;
	return 0;
}

void tt_classic_deinit(struct tt_classic *classic)
{
	free(classic->code);
	*classic = (struct tt_classic){ 0 };
}
