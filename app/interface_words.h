/* SPDX-License-Identifier: MIT */

/*
 * What commands say of a network interface
 *
 * One set of words for its state and kind, and one rule for what can be captured on.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "twintap/link.h"

/* "up", "down", or "no-carrier" for one that is switched on and has no link. */
const char *tt_interface_state(const struct tt_link *link);

/* "loopback", "hardware", or what the kernel calls it; as bytes, not escaped. */
const char *tt_interface_kind(const struct tt_link *link);

/* The master among @links, or NULL: there is none, or it lies in another network namespace. */
const struct tt_link *tt_interface_find_master(const struct tt_link *links, size_t links_count,
					       const struct tt_link *link);

/*
 * Whether its master takes its packets before they come to a receiver. All masters do but
 * a VRF, which chooses a routing table only.
 */
bool tt_interface_is_consumed(const struct tt_link *link);
