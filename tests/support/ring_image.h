/* SPDX-License-Identifier: MIT */

/*
 * A receive ring in memory, filled by the test as the kernel fills it
 *
 * Plays the kernel of TPACKET_V3 for a SOCK_DGRAM socket: the same positions, the same
 * alignment, the same order of writes, and a block's status last. What a frame must
 * come out as is what it was added as, a struct tt_frame. The memory ends where an
 * unreadable page begins, so that a walk beyond the last block is a crash.
 *
 * Invariant 1: a block is written only while its status word says "kernel".
 */

#pragma once

#include <linux/if_packet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/geometry.h"
#include "packet/frame.h"

enum {
	/* Of the packet in its frame, as tpacket_rcv() places it for SOCK_DGRAM. */
	TT_RING_IMAGE_NET_OFFSET = TPACKET_ALIGN(TPACKET3_HDRLEN) + 16,
};

struct tt_ring_image {
	uint8_t *memory; /* owned */
	size_t mapped_bytes;
	struct tt_ring_geometry geometry;
	uint32_t fill_index;  /* the block that is filled next */
	uint32_t fill_offset; /* in it; 0: it was not begun */
	uint32_t last_offset; /* of the frame that was added last */
	uint32_t frames_count;
	uint64_t sequence; /* of blocks */
};

/* Ends the program when there is no memory. The size must be whole pages. */
void tt_ring_image_init(struct tt_ring_image *image, struct tt_ring_geometry geometry);
void tt_ring_image_deinit(struct tt_ring_image *image);

/* Whether the block that is filled next was given back. */
bool tt_ring_image_has_room(const struct tt_ring_image *image);

/* Adds a frame to the block; false, and nothing added, when it does not fit any more. */
bool tt_ring_image_add(struct tt_ring_image *image, const struct tt_frame *frame);

/* Hands the block over, with these bits besides "user", and goes on to the next. */
void tt_ring_image_hand_over(struct tt_ring_image *image, uint32_t status_bits);

struct tpacket_hdr_v1 *tt_ring_image_block(const struct tt_ring_image *image, uint32_t block_index);

/* The header of a frame of a block, counted from 0; there must be so many. */
struct tpacket3_hdr *tt_ring_image_frame(const struct tt_ring_image *image, uint32_t block_index,
					 uint32_t frame_index);
