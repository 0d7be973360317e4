/* SPDX-License-Identifier: MIT */

/*
 * The kernel's list of joined IPv4 groups as text, /proc/net/igmp
 *
 * For kernels that do not give it over netlink (before 6.15).
 */

#pragma once

#include <stddef.h>

#include "link/local.h"

/*
 * Adds the groups in @text to @list: 0, -ENOMEM, or -EBADMSG for what is no such list.
 * A last line without its end is one that the kernel never wrote: -EBADMSG too.
 */
int tt_igmp_read(const char *text, size_t text_bytes, struct tt_prefix_list *list);
