/* SPDX-License-Identifier: MIT */

/*
 * Fragmented datagrams whose first fragment was taken
 *
 * What the kernel's filter remembers in a map, remembered here where it cannot. The
 * memory is bounded: a new datagram puts the oldest of a few out.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bpf/filter_state.h"

struct tt_fragments;

int tt_fragments_new(struct tt_fragments **ret_fragments);
void tt_fragments_free(struct tt_fragments *fragments);

/* Remembers that the datagram was taken at @time_ns. */
void tt_fragments_add(struct tt_fragments *fragments, const struct tt_filter_fragment_key *key,
		      int64_t time_ns);

/* Whether it is remembered, and since when. */
bool tt_fragments_find(const struct tt_fragments *fragments,
		       const struct tt_filter_fragment_key *key, int64_t *ret_time_ns);
