/* SPDX-License-Identifier: MIT */

/*
 * A datagram as one line, in words or as a JSON object
 *
 * What a verdict leaves unknown is a question mark in text and null in JSON, never a
 * zero that could be taken for a value. A line holds one newline, its last byte: bytes
 * that come from outside are escaped.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "export/stamp.h"
#include "twintap/datagram.h"

enum {
	/* The kernel's names have 15 bytes, a trace's may have more; the rest is cut. */
	TT_LINE_INTERFACE_LENGTH_MAX = 255,
	/* A line without its payload: 6 bytes for each of a name, and 1,024 for all else. */
	TT_LINE_BYTES_MAX = 6 * TT_LINE_INTERFACE_LENGTH_MAX + 1024,
};

/* A datagram, and what of it is known. */
struct tt_line {
	const struct tt_datagram *datagram;
	const char *interface_name; /* NULL: unknown */
	bool has_addresses;         /* and with them all fields of the IP header */
	bool has_ports;
	bool has_locality; /* whether it was addressed to the host that took it */
	bool has_payload;
	bool is_cut; /* fewer payload bytes were captured than there are */
};

struct tt_line tt_line_of(const struct tt_datagram *datagram, const char *interface_name);

/* Each appends the line up to where a payload follows. */
void tt_line_put_text(const struct tt_line *line, struct tt_stamp *stamp, struct tt_text *text);
void tt_line_put_json(const struct tt_line *line, struct tt_stamp *stamp, struct tt_text *text);
