/* SPDX-License-Identifier: MIT */

/*
 * What an instruction of a classic filter is
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether both libpcap's interpreter and the kernel know it. */
bool tt_opcode_is_known(uint16_t code);

/* Whether it reads the packet, at an offset that the instruction states at least in part. */
bool tt_opcode_is_packet_load(uint16_t code);
