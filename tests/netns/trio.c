/* SPDX-License-Identifier: MIT */

/*
 * Three filters that must say the same of a packet
 *
 * The classic program is attached to one end of a pair of datagram sockets, where the
 * packet's bytes are a datagram's: it comes out at the other end, or not. There it is always
 * for this host and has no interface, so only such packets and conditions are tried with it.
 */

#include "tests/netns/trio.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "filter/classic.h"
#include "tests/netns/frame_run.h"
#include "tests/unit/cmocka_all.h"

enum {
	HEX_BYTES_MAX = 160, /* of a packet, in the words of a failure */
	ROOM_BYTES = 1 << 20,
};

static void fail_of(const struct trio *trio, const struct tt_frame *frame, const char *what,
		    uint32_t found, uint32_t expected)
{
	char hex[2 * HEX_BYTES_MAX + 1] = "";
	uint32_t bytes = frame->captured_bytes < HEX_BYTES_MAX ? frame->captured_bytes
							       : HEX_BYTES_MAX;

	for (uint32_t i = 0; i < bytes; i++)
		(void)snprintf(hex + 2 * (size_t)i, 3, "%02x", frame->bytes[i]);
	fail_msg("%s: %s: %u, judged %u\nIPv%u, type %u, %u bytes: %s", trio->words, what, found,
		 expected, frame->version, frame->packet_type, frame->captured_bytes, hex);
}

/* ------------------------------------------------------------- the classic program */

static size_t family_of(uint8_t version)
{
	return version == 4 ? 0 : 1;
}

/* Attaches what fits, as filter.c does. */
static void attach_classic(struct trio *trio, uint8_t version)
{
	size_t family = family_of(version);
	uint32_t source = version == 4 ? TT_FILTER_SOURCE_IPV4 : TT_FILTER_SOURCE_IPV6;
	size_t insns_max = BPF_MAXINSNS;
	int r;

	do {
		struct sock_fprog program;
		struct tt_classic classic;

		assert_int_equal(tt_classic_make(trio->conditions, source, insns_max, &classic), 0);
		trio->is_widened[family] = classic.is_widened;
		program = (struct sock_fprog){ .len = (unsigned short)classic.count,
					       .filter = classic.code };
		r = setsockopt(trio->classic_fds[family][1], SOL_SOCKET, SO_ATTACH_FILTER, &program,
			       sizeof(program)) < 0
			    ? errno
			    : 0;
		insns_max = classic.count / 2;
		tt_classic_deinit(&classic);
	} while (r == ENOMEM);
	if (r != 0)
		fail_msg("%s: attach the classic program: %s", trio->words, strerror(r));

	trio->tally->classic_programs_count++;
	trio->tally->widened_programs_count += trio->is_widened[family];
}

static void open_classic(struct trio *trio, uint8_t version)
{
	int *fds = trio->classic_fds[family_of(version)];
	int room_bytes = ROOM_BYTES;

	fds[0] = fds[1] = -1;
	if (trio->conditions->interfaces_count > 0)
		return;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &room_bytes, sizeof(room_bytes)),
			 0);
	attach_classic(trio, version);
}

static bool classic_passes(const int fds[2], const struct tt_frame *frame)
{
	uint8_t byte;
	ssize_t count;

	assert_int_equal(send(fds[0], frame->bytes, frame->captured_bytes, 0),
			 frame->captured_bytes);
	count = recv(fds[1], &byte, sizeof(byte), MSG_TRUNC);
	if (count < 0) {
		assert_int_equal(errno, EAGAIN);
		return false;
	}
	assert_int_equal(count, frame->captured_bytes); /* what it takes it takes whole */
	return true;
}

static bool has_indirect_loads(const struct tt_expression *expression)
{
	const struct sock_filter *code;
	size_t count;

	if (!expression)
		return false;
	code = tt_expression_code(expression, &count);
	for (size_t i = 0; i < count; i++) {
		if (BPF_CLASS(code[i].code) == BPF_LD && BPF_MODE(code[i].code) == BPF_IND)
			return true;
	}
	return false;
}

/* @judgement is that of who remembers first fragments. */
static void try_classic(struct trio *trio, const struct tt_frame *frame,
			const struct tt_judgement *judgement)
{
	const int *fds = trio->classic_fds[family_of(frame->version)];
	bool passes, is_unknown;

	if (fds[0] < 0 || frame->packet_type != PACKET_HOST)
		return;
	passes = classic_passes(fds, frame);
	is_unknown = tt_judge_frame(trio->conditions, NULL, frame).result == TT_JUDGED_UNKNOWN;

	trio->tally->classic_count++;
	trio->tally->classic_passed_count += passes;
	if (!passes && (judgement->result == TT_JUDGED_TAKEN || is_unknown))
		fail_of(trio, frame, "the classic program rejects", 0, judgement->result);
	if (!passes || judgement->result == TT_JUDGED_TAKEN)
		return;
	if (is_unknown)
		trio->tally->surplus_fragments_count++;
	else if (trio->is_widened[family_of(frame->version)])
		trio->tally->surplus_widened_count++;
	else if (judgement->result == TT_FILTER_REJECT_EXPRESSION &&
		 has_indirect_loads(trio->conditions->expression))
		trio->tally->surplus_wrapped_count++;
	else
		fail_of(trio, frame, "the exact classic program takes", 1, judgement->result);
}

/* ------------------------------------------------------------ the extended program */

/* The one result that was counted since @before; the others must stand still. */
static uint32_t find_counted(const struct tt_filter_counters *before,
			     const struct tt_filter_counters *after)
{
	uint32_t result = TT_FILTER_REJECT_EXPRESSION; /* which ends without a trace */
	uint64_t moved_count = after->accepted - before->accepted;

	if (moved_count > 0)
		result = TT_JUDGED_TAKEN;
	for (uint32_t i = 0; i < TT_FILTER_REJECT_COUNT; i++) {
		if (i == TT_FILTER_REJECT_EXPRESSION || after->rejected[i] == before->rejected[i])
			continue;
		moved_count += after->rejected[i] - before->rejected[i];
		result = i;
	}
	assert_true(moved_count <= 1);
	assert_int_equal(after->seen, before->seen + 1);
	assert_int_equal(after->fragments_late, 0);
	return result;
}

static void try_extended(struct trio *trio, const struct tt_frame *frame,
			 const struct tt_judgement *judgement)
{
	uint32_t source = frame->version == 4 ? TT_FILTER_SOURCE_IPV4 : TT_FILTER_SOURCE_IPV6;
	struct tt_filter_counters after[TT_FILTER_SOURCE_COUNT];
	uint32_t returned = run_frame(tt_filter_program(trio->filter), frame, RUN_AS_IP);
	uint32_t counted;

	assert_int_equal(tt_filter_read_counters(trio->filter, after), 0);
	counted = find_counted(&trio->counters[source], &after[source]);
	assert_int_equal(after[!source].seen, trio->counters[!source].seen);
	memcpy(trio->counters, after, sizeof(after));

	if (counted != judgement->result)
		fail_of(trio, frame, "the extended program says", counted, judgement->result);
	if (returned > frame->captured_bytes)
		returned = frame->captured_bytes;
	if (returned != judgement->snap_bytes)
		fail_of(trio, frame, "the extended program takes bytes", returned,
			judgement->snap_bytes);
}

/* -------------------------------------------------------------------------- public */

void trio_init(struct trio *trio, const struct tt_conditions *conditions, const char *words,
	       struct trio_tally *tally)
{
	struct tt_error err = TT_ERROR_INIT;

	*trio = (struct trio){ .conditions = conditions, .words = words, .tally = tally };
	if (tt_filter_new(&trio->filter, conditions, &err) < 0)
		fail_msg("%s: %s", words, err.message);
	if (tt_filter_program(trio->filter) < 0)
		fail_msg("%s: %s", words, tt_filter_fallback_reason(trio->filter));
	assert_int_equal(tt_filter_open_gate(trio->filter), 0);
	assert_int_equal(tt_fragments_new(&trio->fragments), 0);
	open_classic(trio, 4);
	open_classic(trio, 6);
}

void trio_judge(struct trio *trio, const struct tt_frame *frame)
{
	uint32_t source = frame->version == 4 ? TT_FILTER_SOURCE_IPV4 : TT_FILTER_SOURCE_IPV6;
	bool is_too_short = frame_is_too_short(frame, RUN_AS_IP);
	bool is_too_long = frame_is_too_long(frame);
	bool is_run = !is_too_short && !is_too_long;
	struct tt_judgement judgement;
	struct tt_frame whole = *frame;

	whole.wire_bytes = frame->captured_bytes;
	whole.time_ns = ++trio->time_ns;
	whole.interface_index = 1; /* the loopback */
	if (whole.packet_type >= PACKET_OUTGOING)
		whole.packet_type = PACKET_HOST;

	/* Only what both see may be remembered by one. */
	judgement = tt_judge_frame(trio->conditions, is_run ? trio->fragments : NULL, &whole);
	if (is_run) {
		try_extended(trio, &whole, &judgement);
		trio->expected[source][judgement.result]++;
		trio->tally->packets_count++;
		if (judgement.result == TT_JUDGED_TAKEN)
			trio->tally->taken_count++;
		else
			trio->tally->rejected_counts[judgement.result]++;
	}
	trio->tally->too_short_count += is_too_short;
	trio->tally->too_long_count += is_too_long;
	try_classic(trio, &whole, &judgement);
}

void trio_finish(struct trio *trio)
{
	struct tt_filter_counters counters[TT_FILTER_SOURCE_COUNT];

	assert_int_equal(tt_filter_close_gate(trio->filter), 0);
	assert_int_equal(tt_filter_read_counters(trio->filter, counters), 0);
	for (uint32_t source = 0; source < TT_FILTER_SOURCE_COUNT; source++) {
		assert_int_equal(counters[source].accepted,
				 trio->expected[source][TT_JUDGED_TAKEN]);
		for (uint32_t i = 0; i < TT_FILTER_REJECT_COUNT; i++)
			assert_int_equal(counters[source].rejected[i], trio->expected[source][i]);
	}
}

void trio_deinit(struct trio *trio)
{
	for (size_t family = 0; family < 2; family++) {
		for (size_t end = 0; end < 2; end++) {
			if (trio->classic_fds[family][end] >= 0)
				(void)close(trio->classic_fds[family][end]);
		}
	}
	tt_fragments_free(trio->fragments);
	tt_filter_free(trio->filter);
}

void trio_tally_print(const struct trio_tally *tally)
{
	static const char *const names[TT_FILTER_REJECT_COUNT] = {
		[TT_FILTER_REJECT_PACKET_TYPE] = "packet type",
		[TT_FILTER_REJECT_INTERFACE] = "interface",
		[TT_FILTER_REJECT_NOT_UDP] = "not UDP",
		[TT_FILTER_REJECT_PORT] = "port",
		[TT_FILTER_REJECT_EXPRESSION] = "expression",
		[TT_FILTER_REJECT_FRAGMENT] = "fragment",
		[TT_FILTER_REJECT_MALFORMED] = "malformed",
	};

	print_message("%lu packets judged alike: %lu taken\n", tally->packets_count,
		      tally->taken_count);
	for (uint32_t i = 0; i < TT_FILTER_REJECT_COUNT; i++)
		print_message("  %lu rejected: %s\n", tally->rejected_counts[i], names[i]);
	print_message("left out of test runs: %lu packets shorter than a fixed header, %lu longer "
		      "than a page\n",
		      tally->too_short_count, tally->too_long_count);
	print_message("%lu classic programs, %lu of them widened: of %lu packets they passed %lu; "
		      "too many: %lu fragments without a first, %lu by widening, %lu by "
		      "loads that wrap around\n",
		      tally->classic_programs_count, tally->widened_programs_count,
		      tally->classic_count, tally->classic_passed_count,
		      tally->surplus_fragments_count, tally->surplus_widened_count,
		      tally->surplus_wrapped_count);
}
