/* SPDX-License-Identifier: MIT */

/*
 * The end of the whole part of a left-over file
 *
 * A process that is killed leaves a file whose last record may be there in part, and after a
 * loss of power one whose last pages are zero. Records are walked by their lengths, in either
 * byte order, until one is not all there or says what cannot be: that is the end.
 * What packets hold is not looked at.
 */

#include "trace/trace.h"

#include <byteswap.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "trace/pcapng.h"

enum {
	PIECE_BYTES = 64 << 10,
	WORDS_MAX = 7, /* that are looked at together: the fixed part of a packet's block */
};

struct walk {
	int fd; /* borrowed */
	uint64_t file_bytes;
	bool is_swapped; /* the file has the other byte order */
	int status;      /* 0, or why the file could not be read */
	uint64_t piece_offset;
	size_t piece_bytes;
	uint8_t piece[PIECE_BYTES];
};

static void load_piece(struct walk *walk, uint64_t offset)
{
	walk->piece_offset = offset;
	walk->piece_bytes = 0;
	while (walk->piece_bytes < sizeof(walk->piece)) {
		ssize_t n = pread(walk->fd, walk->piece + walk->piece_bytes,
				  sizeof(walk->piece) - walk->piece_bytes,
				  (off_t)(offset + walk->piece_bytes));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			walk->status = -errno;
		if (n <= 0)
			return;
		walk->piece_bytes += (size_t)n;
	}
}

/* Reads @count words of 32 bits; false when they are not all in the file. */
static bool read_words(struct walk *walk, uint64_t offset, uint32_t *ret_words, size_t count)
{
	size_t bytes = count * sizeof(*ret_words);

	if (offset > walk->file_bytes || bytes > walk->file_bytes - offset)
		return false;
	if (offset < walk->piece_offset ||
	    offset + bytes > walk->piece_offset + walk->piece_bytes) {
		load_piece(walk, offset);
		if (bytes > walk->piece_bytes)
			return false;
	}

	memcpy(ret_words, walk->piece + (offset - walk->piece_offset), bytes);
	for (size_t i = 0; i < count && walk->is_swapped; i++)
		ret_words[i] = bswap_32(ret_words[i]);
	return true;
}

/* ------------------------------------------------------------------------ pcapng */

/* Learns a section's byte order; false when it is none. */
static bool read_byte_order(struct walk *walk, uint64_t offset)
{
	uint32_t magic;

	walk->is_swapped = false;
	if (!read_words(walk, offset + TT_PCAPNG_BLOCK_HEAD_BYTES, &magic, 1))
		return false;
	walk->is_swapped = magic == bswap_32(TT_PCAPNG_BYTE_ORDER_MAGIC);
	return walk->is_swapped || magic == TT_PCAPNG_BYTE_ORDER_MAGIC;
}

/* Whether a packet's block names an interface that there is, and its packet fits in it. */
static bool is_sound_packet(struct walk *walk, uint64_t offset, uint32_t block_bytes,
			    uint32_t interfaces_count)
{
	uint32_t words[TT_PCAPNG_PACKET_HEAD_BYTES / 4];
	uint32_t room_bytes;

	if (block_bytes < TT_PCAPNG_PACKET_HEAD_BYTES + TT_PCAPNG_BLOCK_TAIL_BYTES ||
	    !read_words(walk, offset, words, TT_PCAPNG_PACKET_HEAD_BYTES / 4))
		return false;
	room_bytes = block_bytes - TT_PCAPNG_PACKET_HEAD_BYTES - TT_PCAPNG_BLOCK_TAIL_BYTES;
	return words[2] < interfaces_count && words[5] <= room_bytes;
}

static uint32_t least_block_bytes(uint32_t type)
{
	switch (type) {
	case TT_PCAPNG_BLOCK_SECTION:
		return TT_PCAPNG_SECTION_HEAD_BYTES + TT_PCAPNG_BLOCK_TAIL_BYTES;
	case TT_PCAPNG_BLOCK_INTERFACE:
		return TT_PCAPNG_INTERFACE_HEAD_BYTES + TT_PCAPNG_BLOCK_TAIL_BYTES;
	case TT_PCAPNG_BLOCK_STATISTICS:
		return TT_PCAPNG_STATISTICS_HEAD_BYTES + TT_PCAPNG_BLOCK_TAIL_BYTES;
	default:
		return TT_PCAPNG_BLOCK_HEAD_BYTES + TT_PCAPNG_BLOCK_TAIL_BYTES;
	}
}

/* The length of the block at @offset; 0 when it is not all there, or lies. */
static uint32_t find_block(struct walk *walk, uint64_t offset, uint32_t *interfaces_count)
{
	uint32_t head[2], tail;

	if (!read_words(walk, offset, head, 2))
		return 0;
	if (head[0] == TT_PCAPNG_BLOCK_SECTION) {
		if (!read_byte_order(walk, offset) || !read_words(walk, offset, head, 2))
			return 0;
		*interfaces_count = 0;
	}
	if (head[1] % 4 != 0 || head[1] < least_block_bytes(head[0]) ||
	    head[1] > walk->file_bytes - offset)
		return 0;
	if (head[0] == TT_PCAPNG_BLOCK_PACKET &&
	    !is_sound_packet(walk, offset, head[1], *interfaces_count))
		return 0;
	if (!read_words(walk, offset + head[1] - TT_PCAPNG_BLOCK_TAIL_BYTES, &tail, 1) ||
	    tail != head[1])
		return 0;

	if (head[0] == TT_PCAPNG_BLOCK_INTERFACE)
		(*interfaces_count)++;
	return head[1];
}

/* Whether it begins with a section; what ends before it could say so may be one. */
static bool is_pcapng(struct walk *walk)
{
	return walk->file_bytes < TT_PCAPNG_BLOCK_HEAD_BYTES + 4 || read_byte_order(walk, 0);
}

static uint64_t walk_pcapng(struct walk *walk)
{
	uint64_t offset = 0, whole_bytes = 0;
	uint32_t interfaces_count = 0;
	uint32_t block_bytes;

	while ((block_bytes = find_block(walk, offset, &interfaces_count)) > 0) {
		offset += block_bytes;
		/* What lies before the first interface is of use to nobody alone. */
		if (interfaces_count > 0 || whole_bytes > 0)
			whole_bytes = offset;
	}
	return whole_bytes;
}

/* -------------------------------------------------------------------------- pcap */

/* The length of the record at @offset; 0 when it is not all there, or lies. */
static uint64_t find_record(struct walk *walk, uint64_t offset, uint32_t fractions_count)
{
	uint32_t head[TT_PCAP_RECORD_HEAD_BYTES / 4];
	uint64_t record_bytes;

	if (!read_words(walk, offset, head, TT_PCAP_RECORD_HEAD_BYTES / 4))
		return 0;
	record_bytes = (uint64_t)TT_PCAP_RECORD_HEAD_BYTES + head[2];
	/* No packet is empty on the wire: those are pages that were never written. */
	if (head[1] >= fractions_count || head[2] > TT_TRACE_CAPTURED_BYTES_MAX ||
	    head[2] > head[3] || head[3] == 0 || record_bytes > walk->file_bytes - offset)
		return 0;
	return record_bytes;
}

static uint64_t walk_pcap(struct walk *walk, bool is_ns)
{
	uint32_t fractions_count = is_ns ? 1000000000 : 1000000;
	uint64_t offset = TT_PCAP_HEADER_BYTES;
	uint64_t record_bytes;

	while ((record_bytes = find_record(walk, offset, fractions_count)) > 0)
		offset += record_bytes;
	return offset;
}

int tt_trace_find_end(int fd, uint64_t file_bytes, uint64_t *ret_whole_bytes)
{
	struct walk walk;
	uint64_t whole_bytes = 0;
	uint32_t magic = 0;
	bool is_ns;

	walk.fd = fd;
	walk.file_bytes = file_bytes < INT64_MAX ? file_bytes : INT64_MAX;
	walk.is_swapped = false;
	walk.status = 0;
	walk.piece_offset = 0;
	walk.piece_bytes = 0;

	/* Files that are too short to say what they are have no whole part. */
	if (read_words(&walk, 0, &magic, 1)) {
		walk.is_swapped = magic == bswap_32(TT_PCAP_MAGIC_US) ||
				  magic == bswap_32(TT_PCAP_MAGIC_NS);
		if (walk.is_swapped)
			magic = bswap_32(magic);
		is_ns = magic == TT_PCAP_MAGIC_NS;
		if (magic == TT_PCAPNG_BLOCK_SECTION && is_pcapng(&walk))
			whole_bytes = walk_pcapng(&walk);
		else if (!is_ns && magic != TT_PCAP_MAGIC_US)
			return walk.status < 0 ? walk.status : -EBADMSG;
		else if (file_bytes >= TT_PCAP_HEADER_BYTES)
			whole_bytes = walk_pcap(&walk, is_ns);
	}
	if (walk.status < 0)
		return walk.status;

	*ret_whole_bytes = whole_bytes;
	return 0;
}
