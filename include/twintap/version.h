/* SPDX-License-Identifier: MIT */

/**
 * @file version.h
 * @brief Which twintap this is.
 *
 * The three libraries are built from one tree but loaded one by one, so each
 * answers for itself.
 */

#pragma once

#include "twintap/api.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief The version of the loaded libtwintap, which may differ from the headers'.
 * @return "MAJOR.MINOR.PATCH"; static, never NULL.
 * @thread any   @since 0.1
 */
TT_API const char *tt_version(void);

/** @brief The version of the loaded libtwintap-net; as tt_version(). @since 0.1 */
TT_API const char *tt_net_version(void);

/** @brief The version of the loaded libtwintap-server; as tt_version(). @since 0.1 */
TT_API const char *tt_server_version(void);

#ifdef __cplusplus
}
#endif
