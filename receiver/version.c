/* SPDX-License-Identifier: MIT */

/*
 * The version of libtwintap
 */

#include "twintap/version.h"

const char *tt_version(void)
{
	return TT_VERSION;
}
