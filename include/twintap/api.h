/* SPDX-License-Identifier: MIT */

/**
 * @file api.h
 * @brief Symbol visibility, shared by every public header.
 */

#pragma once

/** Marks a declaration as exported; it also stands in its library's symbol map. */
#define TT_API __attribute__((visibility("default")))
