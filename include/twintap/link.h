/* SPDX-License-Identifier: MIT */

/**
 * @file link.h
 * @brief Network interfaces, of the calling thread's network namespace unless said otherwise.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "twintap/api.h"
#include "twintap/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	TT_LINK_NAME_BYTES = 16,    /**< Room for a name and its NUL, as the kernel's IFNAMSIZ. */
	TT_LINK_KIND_BYTES = 16,    /**< Room for a kind and its NUL. */
	TT_LINK_HARDWARE_BYTES = 8, /**< Longest link-layer address that is kept. */
};

/** @brief Bits of tt_link.flags. */
enum tt_link_flag {
	TT_LINK_UP = 1 << 0,       /**< Switched on by the administrator. */
	TT_LINK_RUNNING = 1 << 1,  /**< It has a carrier. */
	TT_LINK_LOOPBACK = 1 << 2, /**< Loops back to this host. */
};

/**
 * @brief One interface, as the kernel described it; 128 bytes, for ever.
 *
 * A name is bytes: it may hold anything but NUL, blanks, ':' and '/'. Escape it in output.
 */
struct tt_link {
	uint32_t index;        /**< Its number in its network namespace. */
	uint32_t master_index; /**< The bridge, bond or VRF that it is a port of; 0: of none. */
	uint32_t flags;        /**< enum tt_link_flag */
	uint32_t mtu;          /**< Largest IP packet, in bytes. */
	char name[TT_LINK_NAME_BYTES];
	char kind[TT_LINK_KIND_BYTES]; /**< "veth", "bridge"…; "" for hardware and loopback. */
	char master_kind
		[TT_LINK_KIND_BYTES]; /**< Kind of its master: "bridge", "bond"…; "": none. */
	uint8_t hardware[TT_LINK_HARDWARE_BYTES]; /**< Its link-layer address. */
	uint8_t hardware_bytes;                   /**< How long that is; 0: it has none. */
	uint8_t reserved[55];                     /**< Zero. */
};

/**
 * @brief List all interfaces.
 *
 * @param[out] ret_links        An array, by index ascending; the caller frees it with free(3).
 * @param[out] ret_links_count  How many.
 * @param[out] reterr           What failed; may be NULL.
 * @return 0; -EAGAIN when interfaces kept changing while they were read; a negative errno
 *         of the netlink exchange; -ENOMEM; -EINVAL for a NULL pointer.
 * @thread any   @since 0.1
 * @see rtnetlink(7) RTM_GETLINK
 */
TT_API int tt_link_list(struct tt_link **ret_links, size_t *ret_links_count,
			struct tt_error *reterr);

/**
 * @brief List all interfaces of a network namespace.
 *
 * A thread is started, goes there, and is joined before this returns.
 *
 * @param network_namespace  A name that ip-netns(8) knows; a path, which has a slash in it; the
 *                           number of a process, in digits; NULL: the calling thread's.
 * @return As tt_link_list(); -ENOENT for one that is not there, -EINVAL for what is none,
 *         -EPERM without CAP_SYS_ADMIN, what open(2) says.
 * @thread any   @since 0.1
 */
TT_API int tt_link_list_in(const char *network_namespace, struct tt_link **ret_links,
			   size_t *ret_links_count, struct tt_error *reterr);

/**
 * @brief Find one interface by its name; alternative names are not looked at.
 *
 * @param name           1 to 15 bytes.
 * @param[out] ret_link  The interface; untouched on failure.
 * @param[out] reterr    What failed, with the names that exist, as far as they fit; bytes that
 *                       are no printable ASCII as \\xNN. May be NULL.
 * @return 0; -ENODEV when there is none; -EINVAL for a name that cannot be one; otherwise as
 *         tt_link_list().
 * @thread any   @since 0.1
 */
TT_API int tt_link_find(const char *name, struct tt_link *ret_link, struct tt_error *reterr);

#ifdef __cplusplus
}
#endif
