/* SPDX-License-Identifier: MIT */

/**
 * @file twintap.h
 * @brief The capture side in one include: receivers, datagrams, accounting, interfaces.
 */

#pragma once

#include "twintap/accounting.h"
#include "twintap/address.h"
#include "twintap/datagram.h"
#include "twintap/error.h"
#include "twintap/handler.h"
#include "twintap/link.h"
#include "twintap/receiver.h"
#include "twintap/trace.h"
#include "twintap/version.h"
