/* SPDX-License-Identifier: MIT */

/*
 * An interface that frames were seen on, as sinks are told of it
 *
 * Frames bear its number. What the number means depends on where they come from: a live
 * interface's is the kernel's, one out of a trace has its place in a table of names. Sinks
 * ask through a function that whoever opens the sources provides.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	TT_INTERFACE_NAME_BYTES =
		256, /* the kernel's names have 15 bytes, a trace's may have more */
	TT_INTERFACE_HARDWARE_BYTES = 8,
};

struct tt_interface {
	char name[TT_INTERFACE_NAME_BYTES]; /* "": unknown */
	uint32_t kernel_index;              /* its number where it was captured; 0: unknown */
	uint8_t hardware_bytes;             /* 0: no address is known */
	uint8_t hardware[TT_INTERFACE_HARDWARE_BYTES];
};

/* Fills in what is known of an interface; false, and all of it empty, for one that is not. */
typedef bool tt_find_interface_fn(void *context, uint32_t interface_index,
				  struct tt_interface *ret_interface);
