/* SPDX-License-Identifier: MIT */

/*
 * The equations of an account, for every test that ends a receiver
 */

#pragma once

#include "twintap/accounting.h"

/* Fails the running cmocka test unless @accounting is final and each equation holds. */
void tt_account_assert_exact(const struct tt_accounting *accounting);

/* Sums over all sources. */
uint64_t tt_account_seen(const struct tt_accounting *accounting);
uint64_t tt_account_accepted(const struct tt_accounting *accounting);
uint64_t tt_account_delivered(const struct tt_accounting *accounting);
uint64_t tt_account_ring_dropped(const struct tt_accounting *accounting);
uint64_t tt_account_rejected(const struct tt_accounting *accounting, enum tt_reject reject);
