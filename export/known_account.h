/* SPDX-License-Identifier: MIT */

/*
 * An account of any version, as this one knows it
 *
 * An account comes with its own size. Sources and outputs that do not lie in it as a
 * whole are left out, since the rest of their counters would read as zeros.
 */

#pragma once

#include "twintap/accounting.h"

/* -EINVAL or -E2BIG, as tt_accounting_format_json() explains. */
int tt_known_account_import(struct tt_accounting *ret_full, const struct tt_accounting *accounting);
