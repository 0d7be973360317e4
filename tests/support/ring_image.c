/* SPDX-License-Identifier: MIT */

/*
 * A receive ring in memory, filled by the test as the kernel fills it
 *
 * Follows net/packet/af_packet.c: prb_open_block(), tpacket_rcv(), prb_close_block().
 */

#include "tests/support/ring_image.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	FRAME_ALIGNMENT = 8,
	FIRST_FRAME_OFFSET = sizeof(struct tpacket_block_desc),
	PADDING_BYTE = 0xa5, /* what nobody wrote must not look like a header */
};

void tt_ring_image_init(struct tt_ring_image *image, struct tt_ring_geometry geometry)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = tt_ring_geometry_bytes(geometry);

	*image = (struct tt_ring_image){ .geometry = geometry, .mapped_bytes = bytes + page_bytes };
	image->memory = mmap(NULL, image->mapped_bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (image->memory == MAP_FAILED || bytes % page_bytes != 0 ||
	    mprotect(image->memory + bytes, page_bytes, PROT_NONE) < 0) {
		perror("ring image");
		abort();
	}
	memset(image->memory, PADDING_BYTE, bytes);
	for (uint32_t i = 0; i < geometry.blocks_count; i++)
		tt_ring_image_block(image, i)->block_status = TP_STATUS_KERNEL;
}

void tt_ring_image_deinit(struct tt_ring_image *image)
{
	(void)munmap(image->memory, image->mapped_bytes); /* the test is over */
	image->memory = NULL;
}

static uint8_t *block_bytes(const struct tt_ring_image *image, uint32_t block_index)
{
	return image->memory + (size_t)block_index * image->geometry.block_bytes;
}

struct tpacket_hdr_v1 *tt_ring_image_block(const struct tt_ring_image *image, uint32_t block_index)
{
	void *block = block_bytes(image, block_index);

	return &((struct tpacket_block_desc *)block)->hdr.bh1;
}

struct tpacket3_hdr *tt_ring_image_frame(const struct tt_ring_image *image, uint32_t block_index,
					 uint32_t frame_index)
{
	uint32_t offset = FIRST_FRAME_OFFSET;
	void *frame = block_bytes(image, block_index) + offset;

	while (frame_index-- > 0) {
		offset += ((struct tpacket3_hdr *)frame)->tp_next_offset;
		frame = block_bytes(image, block_index) + offset;
	}
	return frame;
}

bool tt_ring_image_has_room(const struct tt_ring_image *image)
{
	/* Pairs with the ring's release when it gives the block back. */
	return __atomic_load_n(&tt_ring_image_block(image, image->fill_index)->block_status,
			       __ATOMIC_ACQUIRE) == TP_STATUS_KERNEL;
}

static void open_block(struct tt_ring_image *image)
{
	assert(tt_ring_image_has_room(image));

	image->fill_offset = FIRST_FRAME_OFFSET;
	image->last_offset = 0;
	image->frames_count = 0;
}

static uint32_t frame_status(const struct tt_frame *frame)
{
	uint32_t status = TP_STATUS_USER;

	if (frame->flags & TT_DATAGRAM_CHECKSUM_PARTIAL)
		status |= TP_STATUS_CSUMNOTREADY;
	if (frame->flags & TT_DATAGRAM_CHECKSUM_VALID)
		status |= TP_STATUS_CSUM_VALID;
	return status;
}

bool tt_ring_image_add(struct tt_ring_image *image, const struct tt_frame *frame)
{
	uint32_t stride = TT_RING_IMAGE_NET_OFFSET + frame->captured_bytes;
	struct tpacket3_hdr header = {
		.tp_sec = (uint32_t)(frame->time_ns / TT_NS_PER_S),
		.tp_nsec = (uint32_t)(frame->time_ns % TT_NS_PER_S),
		.tp_snaplen = frame->captured_bytes,
		.tp_len = frame->wire_bytes,
		.tp_status = frame_status(frame),
		.tp_mac = TT_RING_IMAGE_NET_OFFSET,
		.tp_net = TT_RING_IMAGE_NET_OFFSET,
	};
	struct sockaddr_ll link = { .sll_family = AF_PACKET,
				    .sll_ifindex = (int)frame->interface_index,
				    .sll_pkttype = frame->packet_type };
	uint8_t *place;

	if (image->fill_offset == 0)
		open_block(image);
	stride = (stride + FRAME_ALIGNMENT - 1) / FRAME_ALIGNMENT * FRAME_ALIGNMENT;
	if (image->fill_offset + stride > image->geometry.block_bytes)
		return false;

	place = block_bytes(image, image->fill_index) + image->fill_offset;
	header.tp_next_offset = stride;
	memcpy(place, &header, sizeof(header));
	memcpy(place + TPACKET_ALIGN(sizeof(header)), &link, sizeof(link));
	memcpy(place + header.tp_net, frame->bytes, frame->captured_bytes);
	image->last_offset = image->fill_offset;
	image->fill_offset += stride;
	image->frames_count++;
	return true;
}

void tt_ring_image_hand_over(struct tt_ring_image *image, uint32_t status_bits)
{
	struct tpacket_hdr_v1 *header = tt_ring_image_block(image, image->fill_index);

	if (image->fill_offset == 0)
		open_block(image);
	if (image->frames_count > 0)
		tt_ring_image_frame(image, image->fill_index, image->frames_count - 1)
			->tp_next_offset = 0; /* as the kernel marks the last one */
	header->num_pkts = image->frames_count;
	header->blk_len = image->fill_offset;
	header->offset_to_first_pkt = FIRST_FRAME_OFFSET;
	header->seq_num = ++image->sequence;
	/* Pairs with the ring's acquire when it takes the block. */
	__atomic_store_n(&header->block_status, TP_STATUS_USER | status_bits, __ATOMIC_RELEASE);

	image->fill_offset = 0;
	image->fill_index++;
	if (image->fill_index == image->geometry.blocks_count)
		image->fill_index = 0;
}
