/* SPDX-License-Identifier: MIT */

/*
 * The equations of an account, for every test that ends a receiver
 */

#pragma once

#include "twintap/accounting.h"

/* Fails the running cmocka test unless @accounting is final and each equation holds. */
void tt_account_assert_exact(const struct tt_accounting *accounting);

/*
 * What only an extended program counts: fails the test unless there are so many, or so many at
 * least; by a classic filter, unless each source says that it is unknown.
 */
void tt_account_assert_seen(const struct tt_accounting *accounting, uint64_t count);
void tt_account_assert_rejected(const struct tt_accounting *accounting, enum tt_reject reject,
				uint64_t count);
void tt_account_assert_rejected_least(const struct tt_accounting *accounting, enum tt_reject reject,
				      uint64_t count_min);

/* Sums over all sources; TT_UNKNOWN when one of the parts is. */
uint64_t tt_account_seen(const struct tt_accounting *accounting);
uint64_t tt_account_accepted(const struct tt_accounting *accounting);
uint64_t tt_account_delivered(const struct tt_accounting *accounting);
uint64_t tt_account_ring_dropped(const struct tt_accounting *accounting);
uint64_t tt_account_narrowed(const struct tt_accounting *accounting);
uint64_t tt_account_rejected(const struct tt_accounting *accounting, enum tt_reject reject);
