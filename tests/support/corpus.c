/* SPDX-License-Identifier: MIT */

/*
 * Inputs for fuzzing what reads frames
 */

#include "tests/support/corpus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/packets.h"
#include "twintap/datagram.h"

enum {
	VERSION_OFFSET = 0,
	PACKET_TYPE_OFFSET = 1,
	FLAGS_OFFSET = 2,
	CUT_OFFSET = 4,
	PATH_BYTES = 4096,
	SMALL_BYTES_MAX = 4096, /* larger packets are written cut only: they slow a fuzzer down */
	INTERFACE_INDEX = 7,
};

bool tt_corpus_read_head(struct tt_view input, struct tt_frame *ret_frame)
{
	const uint8_t flags_mask = TT_DATAGRAM_CHECKSUM_PARTIAL | TT_DATAGRAM_CHECKSUM_VALID;
	struct tt_frame frame = { .interface_index = INTERFACE_INDEX };
	uint32_t cut_bytes;

	if (!tt_view_has(input, 0, TT_CORPUS_HEAD_BYTES) || input.bytes_count > UINT32_MAX)
		return false;

	frame.bytes = input.bytes + TT_CORPUS_HEAD_BYTES;
	frame.captured_bytes = (uint32_t)input.bytes_count - TT_CORPUS_HEAD_BYTES;
	cut_bytes = tt_view_be32(input, CUT_OFFSET);
	if (cut_bytes > UINT32_MAX - frame.captured_bytes)
		cut_bytes = UINT32_MAX - frame.captured_bytes;
	frame.wire_bytes = frame.captured_bytes + cut_bytes;
	frame.version = tt_view_u8(input, VERSION_OFFSET) & 1 ? 6 : 4;
	frame.packet_type = tt_view_u8(input, PACKET_TYPE_OFFSET) % TT_PACKET_TYPE_COUNT;
	frame.flags = tt_view_u8(input, FLAGS_OFFSET) & flags_mask;

	*ret_frame = frame;
	return true;
}

static int write_input(const char *folder, const struct tt_packet_shape *shape, const char *suffix,
		       struct tt_view captured, size_t wire_bytes)
{
	size_t cut_bytes = wire_bytes - captured.bytes_count;
	uint8_t head[TT_CORPUS_HEAD_BYTES] = { [VERSION_OFFSET] = shape->spec.version == 6 };
	char path[PATH_BYTES];
	size_t written;
	FILE *file;

	for (size_t i = 0; i < sizeof(uint32_t); i++)
		head[CUT_OFFSET + i] = (uint8_t)(cut_bytes >> (24 - 8 * i));

	if (snprintf(path, sizeof(path), "%s/%s%s", folder, shape->name, suffix) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(path, "wbe");
	if (!file)
		return -errno;
	written = fwrite(head, 1, sizeof(head), file);
	written += fwrite(captured.bytes, 1, captured.bytes_count, file);
	if (fclose(file) != 0 || written != sizeof(head) + captured.bytes_count)
		return -EIO;
	return 0;
}

int tt_corpus_write(const char *folder)
{
	static uint8_t packet[TT_PACKET_BYTES_MAX];

	for (size_t i = 0; i < tt_packet_shapes_count; i++) {
		const struct tt_packet_shape *shape = &tt_packet_shapes[i];
		size_t wire_bytes = tt_packet_build(&shape->spec, packet, sizeof(packet));
		struct tt_view whole = { .bytes = packet, .bytes_count = wire_bytes };
		struct tt_view cut = tt_view_slice(whole, 0, shape->needed_bytes);
		int r;

		r = write_input(folder, shape, ".cut", cut, wire_bytes);
		if (r < 0)
			return r;
		if (wire_bytes > SMALL_BYTES_MAX)
			continue;
		r = write_input(folder, shape, "", whole, wire_bytes);
		if (r < 0)
			return r;
	}
	return 0;
}
