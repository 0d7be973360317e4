/* SPDX-License-Identifier: MIT */

/*
 * The version of libtwintap-net
 */

#include "twintap/version.h"

const char *tt_net_version(void)
{
	return TT_VERSION;
}
