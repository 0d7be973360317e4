/* SPDX-License-Identifier: MIT */

/*
 * libpcap's interpreter of classic programs
 *
 * On its own, since libpcap's headers and the kernel's have different structures of the
 * same name.
 */

#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/* What the program returns of a packet that is captured as a whole. */
uint32_t tt_interpret(const struct sock_filter *code, const uint8_t *packet, uint32_t packet_bytes);
