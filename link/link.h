/* SPDX-License-Identifier: MIT */

/*
 * Interfaces: what the capture must know beyond the public header
 */

#pragma once

#include <stdbool.h>

#include "twintap/link.h"

/*
 * Whether a master takes the interface's packets before a packet socket for IP sees
 * them, so that a capture there would stay silent. True of a port of every kind of
 * master but a VRF, which only chooses a routing table.
 */
bool tt_link_is_consumed(const struct tt_link *link);
