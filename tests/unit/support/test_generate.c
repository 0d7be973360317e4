/* SPDX-License-Identifier: MIT */

/*
 * The generator of random packets
 *
 * Counts what comes: by the decoder's verdicts, by what was done to a packet, by the forms of
 * its headers, and by how many of the expressions tell its packets apart. A corner that
 * the generator stops to reach makes a test of this file fail. All seeds are fixed, so a count
 * is the same each time; the shares that are asked for are well below what comes.
 */

#include "tests/support/generate.h"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"
#include "packet/view.h"
#include "tests/support/expressions.h"
#include "tests/unit/cmocka_all.h"

enum {
	SEED = 20260401,
	PACKETS_COUNT = 200000,
	PER_MILLE = PACKETS_COUNT / 1000,
	EXPRESSION_PACKETS_COUNT = 3000,
	CUTS_COUNT = 80,
	SNAPSHOT_BYTES = 262144,
	EXPRESSIONS_TELLING_PERCENT = 85,
	NEIGHBOURS_COUNT = 4096, /* datagrams that are looked at together */
};

static void check_counts(const uint32_t *counts, size_t counts_count, uint32_t wanted,
			 const char *what)
{
	for (size_t i = 0; i < counts_count; i++) {
		if (counts[i] < wanted)
			fail_msg("%s %zu: only %u", what, i, counts[i]);
	}
}

static void a_seed_always_gives_the_same_packets(void **state)
{
	struct tt_generator first, second, other;
	uint32_t different_count = 0;

	(void)state;
	tt_generator_init(&first, SEED);
	tt_generator_init(&second, SEED);
	tt_generator_init(&other, SEED + 1);

	for (uint32_t i = 0; i < PACKETS_COUNT / 4; i++) {
		struct tt_generated a, b, c;

		tt_generator_next(&first, &a);
		tt_generator_next(&second, &b);
		tt_generator_next(&other, &c);
		assert_int_equal(a.frame.wire_bytes, b.frame.wire_bytes);
		assert_int_equal(a.frame.captured_bytes, b.frame.captured_bytes);
		assert_int_equal(a.frame.version, b.frame.version);
		assert_int_equal(a.frame.packet_type, b.frame.packet_type);
		assert_int_equal(a.frame.interface_index, b.frame.interface_index);
		assert_int_equal(a.traits, b.traits);
		assert_int_equal(a.datagram, b.datagram);
		assert_memory_equal(a.frame.bytes, b.frame.bytes, a.frame.wire_bytes);
		different_count += a.frame.wire_bytes != c.frame.wire_bytes ||
				   memcmp(a.frame.bytes, c.frame.bytes, a.frame.wire_bytes) != 0;
	}
	assert_true(different_count > PACKETS_COUNT / 4 / 100 * 99);

	tt_generator_deinit(&first);
	tt_generator_deinit(&second);
	tt_generator_deinit(&other);
}

static void every_verdict_is_reached_by_both_families(void **state)
{
	uint32_t counts[2][TT_VERDICT_COUNT] = { 0 };
	struct tt_generator generator;

	(void)state;
	tt_generator_init(&generator, SEED);
	for (uint32_t i = 0; i < PACKETS_COUNT; i++) {
		struct tt_generated generated;
		struct tt_datagram datagram;

		tt_generator_next(&generator, &generated);
		assert_true(generated.frame.captured_bytes <= generated.frame.wire_bytes);
		assert_true(generated.frame.version == 4 || generated.frame.version == 6);
		assert_true(generated.frame.packet_type < TT_PACKET_TYPE_COUNT);
		tt_decode_frame(&generated.frame, &datagram);
		counts[datagram.version == 6][datagram.verdict]++;
		tt_decode_verify_checksum(&datagram);
		if (datagram.verdict == TT_VERDICT_BAD_CHECKSUM)
			counts[datagram.version == 6][TT_VERDICT_BAD_CHECKSUM]++;
	}
	tt_generator_deinit(&generator);

	for (size_t verdict = 0; verdict < TT_VERDICT_COUNT; verdict++)
		print_message("%-18s %6u %6u\n", tt_verdict_name((unsigned int)verdict),
			      counts[0][verdict], counts[1][verdict]);
	counts[0][TT_VERDICT_BAD_EXTENSION] += 5 * PER_MILLE;     /* IPv4 has no such thing */
	counts[1][TT_VERDICT_BAD_HEADER_LENGTH] += 5 * PER_MILLE; /* nor has IPv6 that */
	check_counts(counts[0], TT_VERDICT_COUNT, 5 * PER_MILLE, "IPv4, verdict");
	check_counts(counts[1], TT_VERDICT_COUNT, 5 * PER_MILLE, "IPv6, verdict");
	assert_true(counts[0][TT_VERDICT_OK] > 100 * PER_MILLE);
	assert_true(counts[1][TT_VERDICT_OK] > 100 * PER_MILLE);
}

static void everything_is_done_to_enough_packets(void **state)
{
	uint32_t traits[TT_GENERATED_TRAITS_COUNT] = { 0 };
	uint32_t cuts[CUTS_COUNT] = { 0 };
	uint32_t sound_count = 0;
	struct tt_generator generator;

	(void)state;
	tt_generator_init(&generator, SEED);
	for (uint32_t i = 0; i < PACKETS_COUNT; i++) {
		struct tt_generated generated;

		tt_generator_next(&generator, &generated);
		for (uint32_t t = 0; t < TT_GENERATED_TRAITS_COUNT; t++)
			traits[t] += generated.traits >> t & 1;
		if (generated.traits & TT_GENERATED_CUT &&
		    generated.frame.captured_bytes < CUTS_COUNT)
			cuts[generated.frame.captured_bytes]++;
		sound_count += (generated.traits & ~(TT_GENERATED_OPTIONS | TT_GENERATED_CHAIN |
						     TT_GENERATED_PADDED)) == 0;
	}
	tt_generator_deinit(&generator);

	for (uint32_t t = 0; t < TT_GENERATED_TRAITS_COUNT; t++)
		print_message("trait %2u %6u\n", t, traits[t]);
	check_counts(traits, TT_GENERATED_TRAITS_COUNT, 8 * PER_MILLE, "trait");
	check_counts(cuts, CUTS_COUNT, PER_MILLE / 2, "cut at byte");
	assert_true(sound_count > 150 * PER_MILLE);
}

static void ipv4_headers_have_every_form(void **state)
{
	static const uint16_t forms[] = { 0,         IP_DF,      IP_MF,         1,
					  IP_MF | 1, IP_OFFMASK, IP_MF | IP_DF, 0x8000 };
	uint32_t fragments[sizeof(forms) / sizeof(forms[0])] = { 0 };
	uint32_t header_words[16] = { 0 }, protocols[256] = { 0 };
	struct tt_generator generator;

	(void)state;
	tt_generator_init(&generator, SEED);
	for (uint32_t i = 0; i < PACKETS_COUNT; i++) {
		struct tt_generated generated;
		struct tt_view packet;
		uint16_t fragment;

		tt_generator_next(&generator, &generated);
		packet.bytes = generated.frame.bytes;
		packet.bytes_count = generated.frame.wire_bytes;
		if (generated.frame.version != 4 || packet.bytes_count < sizeof(struct iphdr))
			continue;
		header_words[tt_view_u8(packet, 0) & 0x0f]++;
		protocols[tt_view_u8(packet, 9)]++;
		fragment = tt_view_be16(packet, 6);
		for (size_t form = 0; form < sizeof(forms) / sizeof(forms[0]); form++)
			fragments[form] += fragment == forms[form];
	}
	tt_generator_deinit(&generator);

	check_counts(header_words, 16, 5 * PER_MILLE, "header words");
	check_counts(fragments, sizeof(forms) / sizeof(forms[0]), PER_MILLE, "form of fragment");
	check_counts(protocols, 256, 1, "protocol");
	check_counts(&protocols[IPPROTO_UDP], 1, 250 * PER_MILLE, "UDP: protocol");
	check_counts(&protocols[IPPROTO_TCP], 1, 10 * PER_MILLE, "TCP: protocol");
}

static void ipv6_chains_have_every_length_and_kind(void **state)
{
	static const uint8_t kinds[] = { 0, 43, 44, 50, 51, 59, 60, 135, 139, 140, 253, 6, 17, 58 };
	uint32_t chains[TT_GENERATOR_CHAIN_MAX + 1] = { 0 };
	uint32_t nexts[256] = { 0 };
	struct tt_generator generator;

	(void)state;
	tt_generator_init(&generator, SEED);
	for (uint32_t i = 0; i < PACKETS_COUNT; i++) {
		struct tt_generated generated;
		struct tt_view packet;

		tt_generator_next(&generator, &generated);
		packet.bytes = generated.frame.bytes;
		packet.bytes_count = generated.frame.wire_bytes;
		if (generated.frame.version != 6)
			continue;
		nexts[tt_view_u8(packet, 6)]++;
		if (generated.traits & TT_GENERATED_CHAIN)
			chains[generated.chain_count]++;
	}
	tt_generator_deinit(&generator);

	check_counts(chains + 1, TT_GENERATOR_CHAIN_MAX, PER_MILLE, "chain of one more than");
	for (size_t i = 0; i < sizeof(kinds); i++)
		check_counts(&nexts[kinds[i]], 1, PER_MILLE / 4, "kind of header");
}

/* What came of one datagram. */
struct arrived {
	uint32_t number;
	uint32_t last_at; /* the packet with its last fragment so far */
	uint32_t last_start;
	uint32_t bytes; /* without overlaps and duplicates: all there when it is end_bytes */
	uint32_t end_bytes;
};

/* Where a fragment that nothing was done to lies in its datagram. */
static void read_part(const struct tt_frame *frame, uint32_t *ret_start, uint32_t *ret_bytes,
		      bool *ret_has_more)
{
	struct tt_view packet = { .bytes = frame->bytes, .bytes_count = frame->wire_bytes };
	bool has_options = tt_view_u8(packet, 6) == IPPROTO_HOPOPTS;
	uint32_t offset = has_options ? 48 : 40;
	uint16_t bits;

	if (frame->version == 4) {
		bits = tt_view_be16(packet, 6);
		*ret_start = (bits & IP_OFFMASK) * 8u;
		*ret_has_more = bits & IP_MF;
		*ret_bytes = frame->wire_bytes - (tt_view_u8(packet, 0) & 0x0f) * 4u;
		return;
	}
	assert_int_equal(tt_view_u8(packet, has_options ? 40 : 6), IPPROTO_FRAGMENT);
	bits = tt_view_be16(packet, offset + 2);
	*ret_start = bits & 0xfff8;
	*ret_has_more = bits & 1;
	*ret_bytes = frame->wire_bytes - offset - 8;
}

static void fragments_come_mixed_and_in_any_order(void **state)
{
	const uint32_t spoiled = TT_GENERATED_FLIPPED | TT_GENERATED_WRONG_VERSION |
				 TT_GENERATED_PADDED | TT_GENERATED_DUPLICATE |
				 TT_GENERATED_OVERLAP;
	struct arrived *arrived = calloc(NEIGHBOURS_COUNT, sizeof(*arrived));
	uint32_t mixed_count = 0, backward_count = 0, whole_count = 0, numbers_count = 0;
	struct tt_generator generator;

	(void)state;
	assert_non_null(arrived);
	tt_generator_init(&generator, SEED);
	for (uint32_t i = 0; i < PACKETS_COUNT; i++) {
		struct tt_generated generated;
		uint32_t start, bytes;
		struct arrived *one;
		bool has_more;

		tt_generator_next(&generator, &generated);
		if (!(generated.traits & TT_GENERATED_FRAGMENT) || generated.traits & spoiled)
			continue;
		read_part(&generated.frame, &start, &bytes, &has_more);
		one = &arrived[generated.datagram % NEIGHBOURS_COUNT];
		if (one->number != generated.datagram) {
			*one = (struct arrived){ .number = generated.datagram };
			numbers_count++;
		} else {
			mixed_count += i - one->last_at > 1;
			backward_count += start < one->last_start;
		}
		one->last_at = i;
		one->last_start = start;
		one->bytes += bytes;
		if (!has_more)
			one->end_bytes = start + bytes;
		whole_count += one->end_bytes > 0 && one->bytes == one->end_bytes;
	}
	tt_generator_deinit(&generator);
	free(arrived);

	print_message("%u datagrams, %u of them whole; %u parts behind others, %u backward\n",
		      numbers_count, whole_count, mixed_count, backward_count);
	assert_true(numbers_count > 25 * PER_MILLE);
	assert_true(whole_count > numbers_count / 4);
	assert_true(mixed_count > 50 * PER_MILLE);
	assert_true(backward_count > 10 * PER_MILLE);
}

/* Packets that outlive the next one. */
struct kept {
	struct tt_frame frames[EXPRESSION_PACKETS_COUNT];
	uint8_t *bytes[EXPRESSION_PACKETS_COUNT];
};

static void keep_packets(struct kept *kept)
{
	struct tt_generator generator;

	tt_generator_init(&generator, SEED);
	for (uint32_t i = 0; i < EXPRESSION_PACKETS_COUNT; i++) {
		struct tt_generated generated;

		tt_generator_next(&generator, &generated);
		kept->bytes[i] = malloc(generated.frame.captured_bytes + 1u);
		assert_non_null(kept->bytes[i]);
		memcpy(kept->bytes[i], generated.frame.bytes, generated.frame.captured_bytes);
		kept->frames[i] = generated.frame;
		kept->frames[i].bytes = kept->bytes[i];
	}
	tt_generator_deinit(&generator);
}

/* Whether an expression has both answers for the packets. */
static bool tells_apart(const struct bpf_program *program, const struct kept *kept)
{
	bool has_taken = false, has_refused = false;

	for (uint32_t i = 0; i < EXPRESSION_PACKETS_COUNT && !(has_taken && has_refused); i++) {
		const struct tt_frame *frame = &kept->frames[i];
		struct pcap_pkthdr header = { .caplen = frame->captured_bytes,
					      .len = frame->wire_bytes };

		if (pcap_offline_filter(program, &header, frame->bytes))
			has_taken = true;
		else
			has_refused = true;
	}
	return has_taken && has_refused;
}

static void most_expressions_take_some_packets_and_refuse_others(void **state)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	pcap_t *pcap = pcap_open_dead(DLT_RAW, SNAPSHOT_BYTES);
	size_t telling_count = 0;

	(void)state;
	assert_non_null(kept);
	assert_non_null(pcap);
	keep_packets(kept);

	/* The texts: forms are compiled in another test, and take long. */
	for (size_t i = 0; i < tt_expression_texts_count; i++) {
		struct bpf_program program;

		assert_int_equal(pcap_compile(pcap, &program, tt_expression_texts[i], 1,
					      PCAP_NETMASK_UNKNOWN),
				 0);
		if (tells_apart(&program, kept))
			telling_count++;
		else
			print_message("one answer for all packets: %s\n", tt_expression_texts[i]);
		pcap_freecode(&program);
	}
	pcap_close(pcap);
	for (uint32_t i = 0; i < EXPRESSION_PACKETS_COUNT; i++)
		free(kept->bytes[i]);
	free(kept);

	print_message("%zu of %zu expressions tell packets apart\n", telling_count,
		      tt_expression_texts_count);
	assert_true(telling_count * 100 >= tt_expression_texts_count * EXPRESSIONS_TELLING_PERCENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_always_gives_the_same_packets),
		cmocka_unit_test(every_verdict_is_reached_by_both_families),
		cmocka_unit_test(everything_is_done_to_enough_packets),
		cmocka_unit_test(ipv4_headers_have_every_form),
		cmocka_unit_test(ipv6_chains_have_every_length_and_kind),
		cmocka_unit_test(fragments_come_mixed_and_in_any_order),
		cmocka_unit_test(most_expressions_take_some_packets_and_refuse_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
