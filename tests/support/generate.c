/* SPDX-License-Identifier: MIT */

/*
 * Random packets: which kind, and what is done to all of them
 */

#include "tests/support/generate.h"

#include <stdlib.h>

#include "tests/support/generate_ip.h"
#include "tests/support/packets.h"

enum {
	HEADERS_BYTES = 80, /* where a wrong bit is worth most */
	NOISE_BYTES_MAX = 96,
	PADDING_BYTES_MAX = 24,
	VERSION_SHIFT = 4,
};

static void *require(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* Shapes are built once: building one takes longer than all else. */
static void build_shapes(struct tt_generator *generator)
{
	uint8_t *packet = require(malloc(TT_PACKET_BYTES_MAX));
	uint32_t offset = 0;

	generator->shape_offsets =
		require(calloc(tt_packet_shapes_count + 1, sizeof(*generator->shape_offsets)));
	generator->shape_bytes = NULL;
	for (size_t i = 0; i < tt_packet_shapes_count; i++) {
		size_t count = tt_packet_build(&tt_packet_shapes[i].spec, packet,
					       TT_PACKET_BYTES_MAX);

		generator->shape_bytes = require(realloc(generator->shape_bytes, offset + count));
		memcpy(generator->shape_bytes + offset, packet, count);
		offset += (uint32_t)count;
		generator->shape_offsets[i + 1] = offset;
	}
	free(packet);
}

void tt_generator_init(struct tt_generator *generator, uint64_t seed)
{
	*generator = (struct tt_generator){ 0 };
	tt_random_init(&generator->random, seed);
	tt_pattern_init(generator->pattern);
	generator->draft.bytes = require(malloc(TT_DRAFT_BYTES_MAX));
	build_shapes(generator);
}

void tt_generator_deinit(struct tt_generator *generator)
{
	free(generator->draft.bytes);
	free(generator->shape_bytes);
	free(generator->shape_offsets);
	*generator = (struct tt_generator){ 0 };
}

/* A large one is given where it lies, and stays as it is. */
static void give_shape(struct tt_generator *generator, struct tt_generated *generated)
{
	uint32_t index = tt_random_below(&generator->random, (uint32_t)tt_packet_shapes_count);
	uint32_t offset = generator->shape_offsets[index];
	uint32_t count = generator->shape_offsets[index + 1] - offset;

	generated->traits |= TT_GENERATED_SHAPE;
	generated->frame.version = tt_packet_shapes[index].spec.version;
	generated->frame.bytes = generator->shape_bytes + offset;
	generated->frame.wire_bytes = count;
	if (count > TT_DRAFT_BYTES_MAX / 2)
		return;
	tt_draft_put(&generator->draft, generated->frame.bytes, count);
	generated->frame.bytes = generator->draft.bytes;
}

static void make_noise(struct tt_generator *generator, struct tt_generated *generated)
{
	struct tt_random *random = &generator->random;
	struct tt_draft *draft = &generator->draft;
	uint32_t words = tt_random_below(random, NOISE_BYTES_MAX / sizeof(uint32_t));

	generated->traits |= TT_GENERATED_NOISE;
	generated->frame.version = tt_random_is_one_in(random, 2) ? 4 : 6;
	for (uint32_t i = 0; i < words; i++)
		tt_draft_put32(draft, tt_random_next(random));
	if (words > 0 && !tt_random_is_one_in(random, 4))
		draft->bytes[0] = (uint8_t)(generated->frame.version << VERSION_SHIFT |
					    (draft->bytes[0] & 0x0f));
}

static void choose_kind(struct tt_generator *generator, struct tt_generated *generated)
{
	struct tt_random *random = &generator->random;

	generator->draft.count = 0;
	generated->frame.bytes = generator->draft.bytes;

	switch (tt_random_below(random, 32)) {
	case 0:
	case 1:
		give_shape(generator, generated);
		return;
	case 2:
		make_noise(generator, generated);
		break;
	case 3:
	case 4:
	case 5:
	case 6:
	case 7:
	case 8:
		tt_generate_fragment(generator, generated);
		generated->frame.version = generator->draft.bytes[0] >> VERSION_SHIFT;
		break;
	default:
		generated->frame.version = tt_random_is_one_in(random, 2) ? 4 : 6;
		if (generated->frame.version == 4)
			tt_generate_ipv4(generator, generated);
		else
			tt_generate_ipv6(generator, generated);
		break;
	}
	generated->frame.wire_bytes = generator->draft.count;
}

/* Only what lies in the draft may be changed. */
static void spoil(struct tt_generator *generator, struct tt_generated *generated)
{
	struct tt_random *random = &generator->random;
	struct tt_draft *draft = &generator->draft;
	uint32_t limit = draft->count < HEADERS_BYTES ? draft->count : HEADERS_BYTES;

	if (limit == 0)
		return;
	if (tt_random_is_one_in(random, 12)) {
		uint32_t padding_bytes = 1 + tt_random_below(random, PADDING_BYTES_MAX);

		generated->traits |= TT_GENERATED_PADDED;
		memset(tt_draft_take(draft, padding_bytes), 0xaa, padding_bytes);
		generated->frame.wire_bytes = draft->count;
	}
	if (tt_random_is_one_in(random, 16)) {
		generated->traits |= TT_GENERATED_FLIPPED;
		for (uint32_t flips = 1 + tt_random_below(random, 3); flips > 0; flips--) {
			uint32_t offset = tt_random_below(random, limit);

			draft->bytes[offset] ^= (uint8_t)(1u << tt_random_below(random, 8));
		}
	}
	if (tt_random_is_one_in(random, 64)) {
		generated->traits |= TT_GENERATED_WRONG_VERSION;
		draft->bytes[0] ^= (uint8_t)((1 + tt_random_below(random, 15)) << VERSION_SHIFT);
	}
	if (tt_random_is_one_in(random, 64)) {
		generated->traits |= TT_GENERATED_WRONG_VERSION;
		generated->frame.version = generated->frame.version == 4 ? 6 : 4;
	}
}

/* The capture ends anywhere, or somewhere in the headers. */
static void cut(struct tt_random *random, struct tt_generated *generated)
{
	uint32_t limit = generated->frame.wire_bytes;

	generated->frame.captured_bytes = limit;
	if (!tt_random_is_one_in(random, 6))
		return;
	if (limit > HEADERS_BYTES && !tt_random_is_one_in(random, 3))
		limit = HEADERS_BYTES;
	generated->frame.captured_bytes = tt_random_below(random, limit + 1);
	if (generated->frame.captured_bytes < generated->frame.wire_bytes)
		generated->traits |= TT_GENERATED_CUT;
}

void tt_generator_next(struct tt_generator *generator, struct tt_generated *ret_generated)
{
	struct tt_random *random = &generator->random;

	*ret_generated = (struct tt_generated){ 0 };
	ret_generated->frame.interface_index = 1 + tt_random_below(random, 3);
	if (tt_random_is_one_in(random, 8))
		ret_generated->frame.packet_type = (uint8_t)tt_random_below(random,
									    TT_PACKET_TYPE_COUNT);

	choose_kind(generator, ret_generated);
	spoil(generator, ret_generated);
	cut(random, ret_generated);
}
