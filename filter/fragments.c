/* SPDX-License-Identifier: MIT */

/*
 * Fragmented datagrams whose first fragment was taken
 *
 * A table of sets of a few places each; a datagram's key says which set is its own.
 * Whoever sends chooses the keys, and could fill one set: the hash has a secret.
 */

#include "filter/fragments.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	SET_PLACES = 8,
	SETS_COUNT = TT_FILTER_FRAGMENTS_MAX / SET_PLACES,
};

#define HASH_FACTOR UINT64_C(0x9e3779b97f4a7c15) /* 2^64 by the golden ratio: odd, and no pattern */

struct place {
	struct tt_filter_fragment_key key; /* all zero: free */
	int64_t time_ns;
};

struct tt_fragments {
	uint64_t secret;
	struct place places[SETS_COUNT][SET_PLACES];
};

int tt_fragments_new(struct tt_fragments **ret_fragments)
{
	struct tt_fragments *fragments = calloc(1, sizeof(*fragments));

	if (!fragments)
		return -ENOMEM;
	if (getrandom(&fragments->secret, sizeof(fragments->secret), 0) < 0) {
		free(fragments);
		return -errno;
	}
	*ret_fragments = fragments;
	return 0;
}

void tt_fragments_free(struct tt_fragments *fragments)
{
	free(fragments);
}

static bool is_same(const struct place *place, const struct tt_filter_fragment_key *key)
{
	return memcmp(&place->key, key, sizeof(*key)) == 0;
}

/* The set that a key's place is in. */
static size_t find_set(const struct tt_fragments *fragments,
		       const struct tt_filter_fragment_key *key)
{
	uint64_t hash = fragments->secret;
	uint32_t words[sizeof(*key) / sizeof(uint32_t)];

	memcpy(words, key, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		hash = (hash ^ words[i]) * HASH_FACTOR;
		hash ^= hash >> 32;
	}
	return hash % SETS_COUNT;
}

void tt_fragments_add(struct tt_fragments *fragments, const struct tt_filter_fragment_key *key,
		      int64_t time_ns)
{
	struct place *set = fragments->places[find_set(fragments, key)];
	struct place *oldest = set;

	for (size_t i = 0; i < SET_PLACES; i++) {
		if (is_same(&set[i], key)) {
			oldest = &set[i];
			break;
		}
		if (set[i].time_ns < oldest->time_ns)
			oldest = &set[i];
	}
	oldest->key = *key;
	oldest->time_ns = time_ns;
}

bool tt_fragments_find(const struct tt_fragments *fragments,
		       const struct tt_filter_fragment_key *key, int64_t *ret_time_ns)
{
	const struct place *set = fragments->places[find_set(fragments, key)];

	for (size_t i = 0; i < SET_PLACES; i++) {
		if (is_same(&set[i], key)) {
			*ret_time_ns = set[i].time_ns;
			return true;
		}
	}
	return false;
}
