/* SPDX-License-Identifier: MIT */

/*
 * The version of libtwintap-server
 */

#include "twintap/version.h"

const char *tt_server_version(void)
{
	return TT_VERSION;
}
