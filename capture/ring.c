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
#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "twintap/error.h"

enum {
	FRAME_ALIGNMENT = 8, /* of frames in a block, as the kernel packs them */
	LINK_ADDRESS_OFFSET = TPACKET_ALIGN(sizeof(struct tpacket3_hdr)),
	FRAME_HEADER_BYTES = LINK_ADDRESS_OFFSET + sizeof(struct sockaddr_ll),
	CACHE_LINE_BYTES = 64,
	PREFETCH_LINES = 3, /* of a frame: its header, IP and UDP, the payload's start */
	PREFETCH_FRAMES_AHEAD = 10,
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
		 uint8_t version, uint8_t source_kind)
{
	assert(geometry.blocks_count > 0);

	*ring = (struct tt_ring){
		.memory = memory,
		.geometry = geometry,
		.version = version,
		.source_kind = source_kind,
	};
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

/* Whether the kernel has filled half of the blocks: those that are taken, and the next ones. */
static bool is_half_full(const struct tt_ring *ring)
{
	uint32_t ahead = (ring->return_index + ring->geometry.blocks_count / 2) %
			 ring->geometry.blocks_count;
	struct tt_block *block = &ring->blocks[ahead];

	/* A hint: what the block holds is not read. */
	return ring->taken_count > ring->geometry.blocks_count / 2 ||
	       __atomic_load_n(&block_header(block)->hdr.bh1.block_status, __ATOMIC_RELAXED) &
		       TP_STATUS_USER;
}

/* Takes the next block that the kernel has filled, and holds it while it is walked. */
static int take_block(struct tt_ring *ring)
{
	struct tt_block *block = &ring->blocks[ring->take_index];
	const struct tpacket_hdr_v1 *header = &block_header(block)->hdr.bh1;
	uint32_t status;

	if (ring->taken_count == ring->geometry.blocks_count)
		return TT_EMPTY; /* all are held: this one was not returned yet */
	/* Pairs with the kernel's write of the status after it has filled the block. */
	status = __atomic_load_n(&header->block_status, __ATOMIC_ACQUIRE);
	if (!(status & TP_STATUS_USER))
		return TT_EMPTY;
	if (!header_is_sound(ring, header))
		return -EBADMSG;

	ring->frames_left = header->num_pkts;
	ring->frame_offset = header->offset_to_first_pkt;
	ring->end_offset = header->blk_len;
	ring->current = block;
	/* In this version blocks say so, not frames, until the counters are read. */
	ring->is_losing |= (status & TP_STATUS_LOSING) != 0;
	ring->is_pressing = is_half_full(ring);
	tt_block_hold(block);

	ring->taken_count++;
	ring->take_index++;
	if (ring->take_index == ring->geometry.blocks_count)
		ring->take_index = 0;
	return 0;
}

/*
 * Frames are packed back to back, so the coming ones are about where they would be if
 * they had the size of this one. A wrong guess costs a line that is not read. Worth 6 %
 * of a datagram's whole cost where another core has just written the ring.
 */
static void prefetch_ahead(const uint8_t *frame, uint32_t stride)
{
	const uint8_t *ahead = frame + (size_t)stride * PREFETCH_FRAMES_AHEAD;

	for (size_t i = 0; i < PREFETCH_LINES; i++)
		__builtin_prefetch(ahead + i * CACHE_LINE_BYTES);
}

/* Whether the frame fits into the @room_bytes from its start on. */
static bool frame_is_sound(const struct tpacket3_hdr *header, uint32_t room_bytes)
{
	return header->tp_net >= FRAME_HEADER_BYTES && header->tp_net <= room_bytes &&
	       header->tp_snaplen <= room_bytes - header->tp_net &&
	       header->tp_snaplen <= header->tp_len;
}

/* Whether another frame can begin @stride behind the start of one with @room_bytes. */
static bool stride_is_sound(uint32_t stride, uint32_t room_bytes)
{
	return stride >= FRAME_HEADER_BYTES && stride % FRAME_ALIGNMENT == 0 &&
	       stride <= room_bytes;
}

_Static_assert((int)TP_STATUS_CSUMNOTREADY == TT_DATAGRAM_CHECKSUM_PARTIAL << 1 &&
		       (int)TP_STATUS_CSUM_VALID == TT_DATAGRAM_CHECKSUM_VALID << 4,
	       "the bits keep their distance");

static uint16_t checksum_flags(uint32_t status)
{
	return (uint16_t)((status >> 1 & TT_DATAGRAM_CHECKSUM_PARTIAL) |
			  (status >> 4 & TT_DATAGRAM_CHECKSUM_VALID));
}

/* Of a frame of the socket of every protocol; 0: it is neither. */
static uint8_t version_of(const struct sockaddr_ll *link)
{
	if (link->sll_protocol == htobe16(ETH_P_IP))
		return 4;
	return link->sll_protocol == htobe16(ETH_P_IPV6) ? 6 : 0;
}

/* Field by field: as one value it would be made elsewhere and copied, which stalls. */
static void fill_frame(struct tt_frame *frame, const struct tpacket3_hdr *header, uint8_t version)
{
	const uint8_t *bytes = (const uint8_t *)header;
	const struct sockaddr_ll *link =
		(const struct sockaddr_ll *)(const void *)(bytes + LINK_ADDRESS_OFFSET);

	frame->bytes = bytes + header->tp_net;
	frame->captured_bytes = header->tp_snaplen;
	frame->wire_bytes = header->tp_len;
	frame->time_ns = (int64_t)header->tp_sec * TT_NS_PER_S + header->tp_nsec;
	frame->interface_index = (uint32_t)link->sll_ifindex;
	frame->version = version ? version : version_of(link);
	frame->packet_type = link->sll_pkttype;
	frame->flags = checksum_flags(header->tp_status);
}

_Static_assert(sizeof(((struct sockaddr_ll *)NULL)->sll_addr) == TT_ORIGIN_ADDRESS_BYTES,
	       "an address is copied whole");

static void fill_origin(struct tt_origin *origin, const struct tpacket3_hdr *header,
			uint8_t source_kind)
{
	const uint8_t *bytes = (const uint8_t *)header;
	const struct sockaddr_ll *link =
		(const struct sockaddr_ll *)(const void *)(bytes + LINK_ADDRESS_OFFSET);

	origin->hardware_type = link->sll_hatype;
	origin->source_kind = source_kind;
	/* Longer ones are cut to what the kernel has room for. */
	origin->address_bytes = link->sll_halen < TT_ORIGIN_ADDRESS_BYTES ? link->sll_halen
									  : TT_ORIGIN_ADDRESS_BYTES;
	memcpy(origin->address, link->sll_addr, sizeof(origin->address));
}

/*
 * Reads up to a batch of frames of the block that is walked, and moves on behind them.
 * The way goes on in locals: it is the hottest loop of the project.
 */
static size_t read_frames(struct tt_ring *ring, struct tt_frame_batch *batch)
{
	const uint8_t *bytes = ring->current->bytes + ring->frame_offset;
	uint32_t room_bytes = ring->end_offset - ring->frame_offset;
	uint32_t left = ring->frames_left;
	size_t count = 0;

	while (count < TT_BATCH_FRAMES_MAX && left > 0) {
		const struct tpacket3_hdr *header =
			(const struct tpacket3_hdr *)(const void *)bytes;
		uint32_t stride;

		if (room_bytes < FRAME_HEADER_BYTES || !frame_is_sound(header, room_bytes))
			break;
		stride = header->tp_next_offset;
		if (left > 1 && !stride_is_sound(stride, room_bytes))
			break;

		fill_frame(&batch->frames[count], header, ring->version);
		fill_origin(&batch->origins[count], header, ring->source_kind);
		count++;
		left--;
		if (left > 0) {
			prefetch_ahead(bytes, stride);
			bytes += stride;
			room_bytes -= stride;
		}
	}

	ring->frame_offset = (uint32_t)(bytes - ring->current->bytes);
	ring->frames_left = left;
	return count;
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
	size_t count;
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

	tt_frame_batch_clear(ret_batch);
	count = read_frames(ring, ret_batch);
	if (count == 0) {
		ring->is_broken = true;
		leave_block(ring);
		return -EBADMSG;
	}

	ret_batch->block = ring->current;
	ret_batch->frames_count = count;
	ret_batch->is_pressing = ring->is_pressing;
	tt_block_hold(ring->current);
	if (ring->frames_left == 0)
		leave_block(ring);
	return 0;
}
