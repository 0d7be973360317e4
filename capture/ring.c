/* SPDX-License-Identifier: MIT */

/*
 * Receive ring of one packet socket: TPACKET_V3 blocks in mapped memory
 *
 * The kernel writes its block headers and frames in its own structures, so these
 * are read as such; only positions and sizes that come from the memory are checked.
 * Packet bytes are not looked at here.
 */

#include "capture/ring.h"

#include <assert.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <stdlib.h>

#include "base/clock.h"
#include "twintap/error.h"

enum {
	FRAME_ALIGNMENT = 8, /* of frames in a block, as the kernel packs them */
	LINK_ADDRESS_OFFSET = TPACKET_ALIGN(sizeof(struct tpacket3_hdr)),
	FRAME_HEADER_BYTES = LINK_ADDRESS_OFFSET + sizeof(struct sockaddr_ll),
	CACHE_LINE_BYTES = 64,
	PREFETCH_LINES = 3,        /* of a frame: its header, IP and UDP, the payload's start */
	PREFETCH_FRAMES_AHEAD = 8, /* covers a miss to another core's cache */
};

static struct tpacket_block_desc *block_header(struct tt_block *block)
{
	return (struct tpacket_block_desc *)(void *)block->bytes;
}

/* Gives back all blocks that nobody holds any more, up to the first that somebody does. */
static void return_blocks(struct tt_block *block, void *context)
{
	struct tt_ring *ring = context;

	(void)block;

	while (ring->taken_count > 0) {
		struct tt_block *oldest = &ring->blocks[ring->return_index];

		if (oldest->holders_count > 0)
			break;
		/* Pairs with the kernel's read of the status before it writes to the block. */
		__atomic_store_n(&block_header(oldest)->hdr.bh1.block_status, TP_STATUS_KERNEL,
				 __ATOMIC_RELEASE);
		ring->taken_count--;
		ring->return_index++;
		if (ring->return_index == ring->geometry.blocks_count)
			ring->return_index = 0;
	}
}

int tt_ring_init(struct tt_ring *ring, uint8_t *memory, struct tt_ring_geometry geometry,
		 uint8_t version)
{
	assert(geometry.blocks_count > 0);

	*ring = (struct tt_ring){ .memory = memory, .geometry = geometry, .version = version };
	ring->blocks = calloc(geometry.blocks_count, sizeof(*ring->blocks));
	if (!ring->blocks)
		return -ENOMEM;

	for (uint32_t i = 0; i < geometry.blocks_count; i++) {
		ring->blocks[i] = (struct tt_block){
			.bytes = memory + (size_t)i * geometry.block_bytes,
			.room_bytes = geometry.block_bytes,
			.index = i,
			.release = return_blocks,
			.context = ring,
		};
	}
	return 0;
}

void tt_ring_deinit(struct tt_ring *ring)
{
	free(ring->blocks);
	ring->blocks = NULL;
}

/* Whether what the block's header says of its content fits into the block. */
static bool header_is_sound(const struct tt_ring *ring, const struct tpacket_hdr_v1 *header)
{
	return header->blk_len <= ring->geometry.block_bytes &&
	       header->offset_to_first_pkt >= sizeof(struct tpacket_block_desc) &&
	       header->offset_to_first_pkt % FRAME_ALIGNMENT == 0 &&
	       header->offset_to_first_pkt <= header->blk_len;
}

/* Takes the next block that the kernel has filled, and holds it while it is walked. */
static int take_block(struct tt_ring *ring)
{
	struct tt_block *block = &ring->blocks[ring->take_index];
	const struct tpacket_hdr_v1 *header = &block_header(block)->hdr.bh1;

	if (ring->taken_count == ring->geometry.blocks_count)
		return TT_EMPTY; /* all are held: this one was not returned yet */
	/* Pairs with the kernel's write of the status after it has filled the block. */
	if (!(__atomic_load_n(&header->block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return TT_EMPTY;
	if (!header_is_sound(ring, header))
		return -EBADMSG;

	ring->frames_left = header->num_pkts;
	ring->frame_offset = header->offset_to_first_pkt;
	ring->end_offset = header->blk_len;
	ring->current = block;
	tt_block_hold(block);

	ring->taken_count++;
	ring->take_index++;
	if (ring->take_index == ring->geometry.blocks_count)
		ring->take_index = 0;
	return 0;
}

/*
 * Frames are packed back to back, so the coming ones are about where they would be if
 * they had the size of this one. A wrong guess costs a line that is not read.
 */
static void prefetch_ahead(const uint8_t *frame, uint32_t stride)
{
	const uint8_t *ahead = frame + (size_t)stride * PREFETCH_FRAMES_AHEAD;

	for (unsigned int i = 0; i < PREFETCH_LINES; i++)
		__builtin_prefetch(ahead + (size_t)i * CACHE_LINE_BYTES);
}

/* Whether a frame with @room_bytes behind its start fits in there, and the next one too. */
static bool frame_is_sound(const struct tpacket3_hdr *header, uint32_t room_bytes, bool is_last)
{
	uint32_t stride = header->tp_next_offset;

	if (header->tp_net < FRAME_HEADER_BYTES || header->tp_net > room_bytes ||
	    header->tp_snaplen > room_bytes - header->tp_net || header->tp_snaplen > header->tp_len)
		return false;
	return is_last || (stride >= FRAME_HEADER_BYTES && stride % FRAME_ALIGNMENT == 0 &&
			   stride <= room_bytes);
}

/* Reads the frame at frame_offset and moves on to the next; false, and nothing moved: it is none. */
static bool read_frame(struct tt_ring *ring, struct tt_frame *ret_frame)
{
	const uint8_t *bytes = ring->current->bytes + ring->frame_offset;
	uint32_t room_bytes = ring->end_offset - ring->frame_offset;
	const struct tpacket3_hdr *header = (const struct tpacket3_hdr *)(const void *)bytes;
	const struct sockaddr_ll *link =
		(const struct sockaddr_ll *)(const void *)(bytes + LINK_ADDRESS_OFFSET);

	if (room_bytes < FRAME_HEADER_BYTES ||
	    !frame_is_sound(header, room_bytes, ring->frames_left == 1))
		return false;

	*ret_frame = (struct tt_frame){
		.bytes = bytes + header->tp_net,
		.captured_bytes = header->tp_snaplen,
		.wire_bytes = header->tp_len,
		.time_ns = (int64_t)header->tp_sec * TT_NS_PER_S + header->tp_nsec,
		.interface_index = (uint32_t)link->sll_ifindex,
		.version = ring->version,
		.packet_type = link->sll_pkttype,
		.flags = (header->tp_status & TP_STATUS_CSUMNOTREADY ? TT_FRAME_CHECKSUM_PARTIAL
								     : 0) |
			 (header->tp_status & TP_STATUS_CSUM_VALID ? TT_FRAME_CHECKSUM_VALID : 0),
	};

	ring->frames_left--;
	if (ring->frames_left > 0) {
		ring->frame_offset += header->tp_next_offset;
		prefetch_ahead(bytes, header->tp_next_offset);
	}
	return true;
}

/* Ends the walk of a block; it goes back as soon as no batch holds it. */
static void leave_block(struct tt_ring *ring)
{
	struct tt_block *block = ring->current;

	ring->current = NULL;
	tt_block_drop(block);
}

int tt_ring_next(struct tt_ring *ring, struct tt_frame_batch *ret_batch)
{
	size_t count = 0;
	int r;

	if (ring->is_broken)
		return TT_STOP;

	while (!ring->current || ring->frames_left == 0) {
		if (ring->current)
			leave_block(ring); /* empty: the kernel does not promise to avoid that */
		r = take_block(ring);
		if (r < 0)
			ring->is_broken = true;
		if (r != 0)
			return r;
	}

	while (count < TT_BATCH_FRAMES_MAX && ring->frames_left > 0 &&
	       read_frame(ring, &ret_batch->frames[count]))
		count++;
	if (count == 0) {
		ring->is_broken = true;
		leave_block(ring);
		return -EBADMSG;
	}

	ret_batch->block = ring->current;
	ret_batch->frames_count = count;
	tt_block_hold(ring->current);
	if (ring->frames_left == 0)
		leave_block(ring);
	return 0;
}
