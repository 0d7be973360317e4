/* SPDX-License-Identifier: MIT */

/*
 * Trace files in memory, in either byte order, truthful or lying
 *
 * Each function appends to an image what its name says; the pcapng ones fill in lengths and
 * padding, and return where the block begins, so that a test can make a lie of it
 * by tt_trace_image_set_u32().
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/view.h"

enum {
	TT_TRACE_IMAGE_BYTES_MAX = 1 << 16,
};

struct tt_trace_image {
	bool is_big_endian; /* of what is appended; may change between sections */
	size_t bytes_count;
	uint8_t bytes[TT_TRACE_IMAGE_BYTES_MAX];
};

void tt_trace_image_init(struct tt_trace_image *image, bool is_big_endian);
struct tt_view tt_trace_image_view(const struct tt_trace_image *image);

void tt_trace_image_put(struct tt_trace_image *image, const void *bytes, size_t bytes_count);
void tt_trace_image_put_u16(struct tt_trace_image *image, uint16_t value);
void tt_trace_image_put_u32(struct tt_trace_image *image, uint32_t value);
void tt_trace_image_put_u64(struct tt_trace_image *image, uint64_t value);
void tt_trace_image_set_u32(struct tt_trace_image *image, size_t offset, uint32_t value);

/* pcap: version 2.4 unless a test sets another. */
void tt_trace_image_put_pcap(struct tt_trace_image *image, uint32_t magic, uint32_t link_type);
void tt_trace_image_put_record(struct tt_trace_image *image, uint32_t seconds, uint32_t fraction,
			       struct tt_view captured, uint32_t wire_bytes);

/* pcapng. A block is begun, filled and ended; an option is put in between. */
size_t tt_trace_image_begin(struct tt_trace_image *image, uint32_t type);
void tt_trace_image_end(struct tt_trace_image *image, size_t block_offset);
void tt_trace_image_put_option(struct tt_trace_image *image, uint16_t code, const void *value,
			       uint16_t value_bytes);
void tt_trace_image_put_option_u32(struct tt_trace_image *image, uint16_t code, uint32_t value);
void tt_trace_image_put_option_u64(struct tt_trace_image *image, uint16_t code, uint64_t value);

size_t tt_trace_image_put_section(struct tt_trace_image *image);
/* @name may be NULL: no option then; @resolution 6 likewise. */
size_t tt_trace_image_put_interface(struct tt_trace_image *image, uint16_t link_type,
				    uint32_t snap_bytes, const char *name, uint8_t resolution);
/* What of an enhanced packet block is before its options. */
size_t tt_trace_image_begin_packet(struct tt_trace_image *image, uint32_t interface_index,
				   uint64_t ticks, struct tt_view captured, uint32_t wire_bytes);
size_t tt_trace_image_put_packet(struct tt_trace_image *image, uint32_t interface_index,
				 uint64_t ticks, struct tt_view captured, uint32_t wire_bytes);
