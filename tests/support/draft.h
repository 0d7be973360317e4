/* SPDX-License-Identifier: MIT */

/*
 * A packet that is being written, for the generator
 *
 * Bytes are appended; a field whose value is known only later is left out, and patched. Whoever
 * appends keeps within TT_DRAFT_BYTES_MAX: the largest header chain and payload do.
 */

#pragma once

#include <assert.h>
#include <endian.h>
#include <stdint.h>
#include <string.h>

enum {
	TT_DRAFT_BYTES_MAX = 32 * 1024,
};

struct tt_draft {
	uint8_t *bytes;
	uint32_t count;
};

/* Room for @count bytes, which the caller writes, all of them. */
static inline uint8_t *tt_draft_take(struct tt_draft *draft, uint32_t count)
{
	uint8_t *bytes = draft->bytes + draft->count;

	assert(count <= TT_DRAFT_BYTES_MAX - draft->count);
	draft->count += count;
	return bytes;
}

static inline void tt_draft_put(struct tt_draft *draft, const void *bytes, uint32_t count)
{
	memcpy(tt_draft_take(draft, count), bytes, count);
}

static inline void tt_draft_put8(struct tt_draft *draft, uint8_t value)
{
	*tt_draft_take(draft, 1) = value;
}

static inline void tt_draft_put16(struct tt_draft *draft, uint16_t value)
{
	value = htobe16(value);
	tt_draft_put(draft, &value, sizeof(value));
}

static inline void tt_draft_put32(struct tt_draft *draft, uint32_t value)
{
	value = htobe32(value);
	tt_draft_put(draft, &value, sizeof(value));
}

static inline void tt_draft_patch16(struct tt_draft *draft, uint32_t offset, uint16_t value)
{
	assert(offset + sizeof(value) <= draft->count);
	value = htobe16(value);
	memcpy(draft->bytes + offset, &value, sizeof(value));
}
