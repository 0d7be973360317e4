/* SPDX-License-Identifier: MIT */

/*
 * The records of pcapng files
 *
 * Any number of sections, each in its own byte order and with its own interfaces. Enhanced,
 * simple and obsolete packet blocks are records; all other blocks are walked over.
 */

#pragma once

#include "trace/scan.h"

/* As tt_scan_next(), from a file's beginning on. */
int tt_scan_pcapng_next(struct tt_scan *scan, struct tt_view window, size_t *progress_offset,
			struct tt_record *ret_record, struct tt_error *reterr);
