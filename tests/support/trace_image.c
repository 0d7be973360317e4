/* SPDX-License-Identifier: MIT */

/*
 * Trace files in memory, in either byte order, truthful or lying
 */

#include "tests/support/trace_image.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/pcapng.h"

void tt_trace_image_init(struct tt_trace_image *image, bool is_big_endian)
{
	image->is_big_endian = is_big_endian;
	image->bytes_count = 0;
}

struct tt_view tt_trace_image_view(const struct tt_trace_image *image)
{
	return (struct tt_view){ .bytes = image->bytes, .bytes_count = image->bytes_count };
}

void tt_trace_image_put(struct tt_trace_image *image, const void *bytes, size_t bytes_count)
{
	if (bytes_count > sizeof(image->bytes) - image->bytes_count) {
		fprintf(stderr, "a trace image is full\n");
		abort();
	}
	if (bytes_count > 0)
		memcpy(image->bytes + image->bytes_count, bytes, bytes_count);
	image->bytes_count += bytes_count;
}

void tt_trace_image_put_u16(struct tt_trace_image *image, uint16_t value)
{
	value = image->is_big_endian ? htobe16(value) : htole16(value);
	tt_trace_image_put(image, &value, sizeof(value));
}

void tt_trace_image_put_u32(struct tt_trace_image *image, uint32_t value)
{
	value = image->is_big_endian ? htobe32(value) : htole32(value);
	tt_trace_image_put(image, &value, sizeof(value));
}

void tt_trace_image_put_u64(struct tt_trace_image *image, uint64_t value)
{
	value = image->is_big_endian ? htobe64(value) : htole64(value);
	tt_trace_image_put(image, &value, sizeof(value));
}

void tt_trace_image_set_u32(struct tt_trace_image *image, size_t offset, uint32_t value)
{
	size_t bytes_count = image->bytes_count;

	image->bytes_count = offset;
	tt_trace_image_put_u32(image, value);
	image->bytes_count = bytes_count;
}

void tt_trace_image_put_pcap(struct tt_trace_image *image, uint32_t magic, uint32_t link_type)
{
	tt_trace_image_put_u32(image, magic);
	tt_trace_image_put_u16(image, 2);
	tt_trace_image_put_u16(image, 4);
	tt_trace_image_put_u64(image, 0); /* time zone, accuracy */
	tt_trace_image_put_u32(image, 262144);
	tt_trace_image_put_u32(image, link_type);
}

void tt_trace_image_put_record(struct tt_trace_image *image, uint32_t seconds, uint32_t fraction,
			       struct tt_view captured, uint32_t wire_bytes)
{
	tt_trace_image_put_u32(image, seconds);
	tt_trace_image_put_u32(image, fraction);
	tt_trace_image_put_u32(image, (uint32_t)captured.bytes_count);
	tt_trace_image_put_u32(image, wire_bytes);
	tt_trace_image_put(image, captured.bytes, captured.bytes_count);
}

static void put_padding(struct tt_trace_image *image, size_t bytes_count)
{
	static const uint8_t padding[3] = { 0xee, 0xee, 0xee }; /* nobody may take it for content */

	tt_trace_image_put(image, padding, (4 - bytes_count % 4) % 4);
}

size_t tt_trace_image_begin(struct tt_trace_image *image, uint32_t type)
{
	size_t block_offset = image->bytes_count;

	tt_trace_image_put_u32(image, type);
	tt_trace_image_put_u32(image, 0);
	return block_offset;
}

void tt_trace_image_end(struct tt_trace_image *image, size_t block_offset)
{
	uint32_t block_bytes = (uint32_t)(image->bytes_count - block_offset) + 4;

	tt_trace_image_put_u32(image, block_bytes);
	tt_trace_image_set_u32(image, block_offset + 4, block_bytes);
}

void tt_trace_image_put_option(struct tt_trace_image *image, uint16_t code, const void *value,
			       uint16_t value_bytes)
{
	tt_trace_image_put_u16(image, code);
	tt_trace_image_put_u16(image, value_bytes);
	tt_trace_image_put(image, value, value_bytes);
	put_padding(image, value_bytes);
}

void tt_trace_image_put_option_u32(struct tt_trace_image *image, uint16_t code, uint32_t value)
{
	tt_trace_image_put_u16(image, code);
	tt_trace_image_put_u16(image, sizeof(value));
	tt_trace_image_put_u32(image, value);
}

void tt_trace_image_put_option_u64(struct tt_trace_image *image, uint16_t code, uint64_t value)
{
	tt_trace_image_put_u16(image, code);
	tt_trace_image_put_u16(image, sizeof(value));
	tt_trace_image_put_u64(image, value);
}

size_t tt_trace_image_put_section(struct tt_trace_image *image)
{
	size_t block_offset = tt_trace_image_begin(image, TT_PCAPNG_BLOCK_SECTION);

	tt_trace_image_put_u32(image, TT_PCAPNG_BYTE_ORDER_MAGIC);
	tt_trace_image_put_u16(image, 1);
	tt_trace_image_put_u16(image, 0);
	tt_trace_image_put_u64(image, UINT64_MAX); /* of unknown length */
	tt_trace_image_end(image, block_offset);
	return block_offset;
}

size_t tt_trace_image_put_interface(struct tt_trace_image *image, uint16_t link_type,
				    uint32_t snap_bytes, const char *name, uint8_t resolution)
{
	size_t block_offset = tt_trace_image_begin(image, TT_PCAPNG_BLOCK_INTERFACE);

	tt_trace_image_put_u16(image, link_type);
	tt_trace_image_put_u16(image, 0);
	tt_trace_image_put_u32(image, snap_bytes);
	if (name)
		tt_trace_image_put_option(image, TT_PCAPNG_INTERFACE_NAME, name,
					  (uint16_t)strlen(name));
	if (resolution != 6)
		tt_trace_image_put_option(image, TT_PCAPNG_INTERFACE_RESOLUTION, &resolution, 1);
	tt_trace_image_end(image, block_offset);
	return block_offset;
}

size_t tt_trace_image_begin_packet(struct tt_trace_image *image, uint32_t interface_index,
				   uint64_t ticks, struct tt_view captured, uint32_t wire_bytes)
{
	size_t block_offset = tt_trace_image_begin(image, TT_PCAPNG_BLOCK_PACKET);

	tt_trace_image_put_u32(image, interface_index);
	tt_trace_image_put_u32(image, (uint32_t)(ticks >> 32));
	tt_trace_image_put_u32(image, (uint32_t)ticks);
	tt_trace_image_put_u32(image, (uint32_t)captured.bytes_count);
	tt_trace_image_put_u32(image, wire_bytes);
	tt_trace_image_put(image, captured.bytes, captured.bytes_count);
	put_padding(image, captured.bytes_count);
	return block_offset;
}

size_t tt_trace_image_put_packet(struct tt_trace_image *image, uint32_t interface_index,
				 uint64_t ticks, struct tt_view captured, uint32_t wire_bytes)
{
	size_t block_offset = tt_trace_image_begin_packet(image, interface_index, ticks, captured,
							  wire_bytes);

	tt_trace_image_end(image, block_offset);
	return block_offset;
}
