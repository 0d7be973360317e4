/* SPDX-License-Identifier: MIT */

/*
 * A filter expression, in the words of pcap-filter(7)
 *
 * Compiled by libpcap for packets that begin at the IP header. It narrows what ports
 * let through: words of the link layer have nothing to say here and are refused.
 */

#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twintap/error.h"

struct tt_expression;

/*
 * Compiles @text. Host and service names are looked up. The expression has one holder.
 * -EINVAL for what has no meaning, none here, or takes no packet at all; -ENOMEM.
 */
int tt_expression_new(struct tt_expression **ret_expression, const char *text,
		      struct tt_error *reterr);

/* Holders are counted, not across threads: whoever holds the setters' lock does that. */
struct tt_expression *tt_expression_hold(struct tt_expression *expression);
/* NULL is nothing. */
void tt_expression_drop(struct tt_expression *expression);

/* What libpcap made of it: no load in it is of a kernel extension. */
const struct sock_filter *tt_expression_code(const struct tt_expression *expression,
					     size_t *ret_count);

/* What judges a packet in the kernel, or -1; once set it is the expression's to close. */
int tt_expression_program(const struct tt_expression *expression);
void tt_expression_set_program(struct tt_expression *expression, int program_fd);
/* Closes it: from here on there is none. NULL is nothing. */
void tt_expression_close_program(struct tt_expression *expression);

/* Judges a packet by libpcap's interpreter. */
bool tt_expression_takes(const struct tt_expression *expression, const uint8_t *packet,
			 uint32_t captured_bytes, uint32_t wire_bytes);
