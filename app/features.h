/* SPDX-License-Identifier: MIT */

/*
 * Offloads of a network interface that change what a capture sees
 *
 * Asked of the kernel as ethtool -k does it, by the names of the features. No privilege
 * is needed.
 */

#pragma once

enum tt_feature_state {
	TT_FEATURE_UNKNOWN,
	TT_FEATURE_MISSING, /* not available on this interface */
	TT_FEATURE_OFF,
	TT_FEATURE_ON,
};

struct tt_features {
	enum tt_feature_state gro;            /* generic receive offload */
	enum tt_feature_state gro_list;       /* which then also links datagrams of a flow */
	enum tt_feature_state gro_forwarding; /* or merges them */
	enum tt_feature_state lro;            /* large receive offload, by the device */
	enum tt_feature_state rx_checksum;    /* checksums verified by the device */
};

/* The features of an interface: 0, or a negative errno; then all of them are UNKNOWN. */
int tt_features_read(const char *name, struct tt_features *ret_features);
