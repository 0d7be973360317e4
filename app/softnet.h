/* SPDX-License-Identifier: MIT */

/*
 * What the kernel dropped before any packet socket: /proc/net/softnet_stat
 *
 * A line for each CPU, of hexadecimal numbers; the second counts packets for which the
 * CPU's backlog had no room. It is of the whole machine, and of packets of any kind.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The count of one line; false for a line that has not this form. Pure. */
bool tt_softnet_read_line(const char *line, uint64_t *ret_dropped);

/* The sum over all CPUs; TT_UNKNOWN when it cannot be read. */
uint64_t tt_softnet_dropped(void);
