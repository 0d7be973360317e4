/* SPDX-License-Identifier: MIT */

/*
 * Offloads of a network interface that change what a capture sees
 *
 * The kernel numbers its features as it likes, and names them: first the names are read,
 * then the bits.
 */

#include "app/features.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	FEATURES_MAX = 1024, /* far more than there are */
	BLOCK_BITS = 32,
};

/* One interface, asked over one socket. */
struct inquiry {
	int fd;
	const char *name;
};

static const struct {
	const char *name;
	size_t offset;
} wanted[] = {
	{ "rx-gro", offsetof(struct tt_features, gro) },
	{ "rx-gro-list", offsetof(struct tt_features, gro_list) },
	{ "rx-udp-gro-forwarding", offsetof(struct tt_features, gro_forwarding) },
	{ "rx-lro", offsetof(struct tt_features, lro) },
	{ "rx-checksum", offsetof(struct tt_features, rx_checksum) },
};

enum {
	WANTED_COUNT = sizeof(wanted) / sizeof(wanted[0]),
};

static int ask(const struct inquiry *inquiry, void *command)
{
	struct ifreq request = { .ifr_data = command };

	memcpy(request.ifr_name, inquiry->name, strlen(inquiry->name) + 1);
	return ioctl(inquiry->fd, SIOCETHTOOL, &request) < 0 ? -errno : 0;
}

/* How many features there are; the answer has one number for the one set asked for. */
static int read_count(const struct inquiry *inquiry, uint32_t *ret_count)
{
	struct ethtool_sset_info *info = calloc(1, sizeof(*info) + sizeof(info->data[0]));
	int r;

	if (!info)
		return -ENOMEM;
	info->cmd = ETHTOOL_GSSET_INFO;
	info->sset_mask = UINT64_C(1) << ETH_SS_FEATURES;
	r = ask(inquiry, info);
	if (r == 0 && (info->sset_mask == 0 || info->data[0] == 0 || info->data[0] > FEATURES_MAX))
		r = -EOPNOTSUPP;
	if (r == 0)
		*ret_count = info->data[0];
	free(info);
	return r;
}

static int read_names(const struct inquiry *inquiry, struct ethtool_gstrings *names, uint32_t count)
{
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = count;
	return ask(inquiry, names);
}

static int read_bits(const struct inquiry *inquiry, struct ethtool_gfeatures *bits, uint32_t count)
{
	bits->cmd = ETHTOOL_GFEATURES;
	bits->size = (count + BLOCK_BITS - 1) / BLOCK_BITS;
	return ask(inquiry, bits);
}

/* On by itself counts; off and not to be switched on means that it is not there. */
static enum tt_feature_state state_of(const struct ethtool_gfeatures *bits, uint32_t number)
{
	const struct ethtool_get_features_block *block = &bits->features[number / BLOCK_BITS];
	uint32_t bit = UINT32_C(1) << number % BLOCK_BITS;

	if (block->active & bit)
		return TT_FEATURE_ON;
	return block->available & bit ? TT_FEATURE_OFF : TT_FEATURE_MISSING;
}

static enum tt_feature_state find_state(const struct ethtool_gstrings *names,
					const struct ethtool_gfeatures *bits, uint32_t count,
					const char *name)
{
	for (uint32_t i = 0; i < count; i++) {
		const char *candidate = (const char *)names->data + (size_t)i * ETH_GSTRING_LEN;

		if (strncmp(candidate, name, ETH_GSTRING_LEN) == 0)
			return state_of(bits, i);
	}
	return TT_FEATURE_MISSING; /* this kernel does not know it */
}

static int read_states(const struct inquiry *inquiry, struct ethtool_gstrings *names,
		       struct ethtool_gfeatures *bits, uint32_t count,
		       struct tt_features *ret_features)
{
	struct tt_features features;
	int r;

	r = read_names(inquiry, names, count);
	if (r == 0)
		r = read_bits(inquiry, bits, count);
	if (r < 0)
		return r;
	for (size_t i = 0; i < WANTED_COUNT; i++) {
		enum tt_feature_state state = find_state(names, bits, count, wanted[i].name);

		memcpy((char *)&features + wanted[i].offset, &state, sizeof(state));
	}
	*ret_features = features;
	return 0;
}

static int read_features(const struct inquiry *inquiry, struct tt_features *ret_features)
{
	struct ethtool_gfeatures *bits;
	struct ethtool_gstrings *names;
	uint32_t count = 0;
	int r;

	r = read_count(inquiry, &count);
	if (r < 0)
		return r;
	names = calloc(1, sizeof(*names) + (size_t)count * ETH_GSTRING_LEN);
	bits = calloc(1,
		      sizeof(*bits) + (size_t)(count / BLOCK_BITS + 1) * sizeof(bits->features[0]));
	r = names && bits ? read_states(inquiry, names, bits, count, ret_features) : -ENOMEM;
	free(names);
	free(bits);
	return r;
}

int tt_features_read(const char *name, struct tt_features *ret_features)
{
	struct inquiry inquiry = { .fd = -1, .name = name };
	int r;

	*ret_features = (struct tt_features){ 0 };
	if (strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	inquiry.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (inquiry.fd < 0)
		return -errno;
	r = read_features(&inquiry, ret_features);
	(void)close(inquiry.fd); /* nothing was written: no error can matter */
	return r;
}
