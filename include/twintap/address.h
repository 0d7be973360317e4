/* SPDX-License-Identifier: MIT */

/**
 * @file address.h
 * @brief Internet endpoints in the kernel's own layout.
 *
 * A struct tt_address can be handed to sendto(2) and its kin as it is: cast a
 * pointer to it to struct sockaddr and pass tt_address_bytes().
 */

#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "twintap/api.h"
#include "twintap/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief An IPv4 or IPv6 address with its port; 28 bytes, for ever.
 *
 * Ports and addresses are in network byte order, as in the kernel's structures.
 * An IPv6 link-local address carries its interface in sin6_scope_id. Unused
 * bytes are zero, so that two equal endpoints are equal bytes.
 */
struct tt_address {
	union {
		sa_family_t family;       /**< AF_INET, AF_INET6, or AF_UNSPEC for none. */
		struct sockaddr_in ipv4;  /**< When family is AF_INET. */
		struct sockaddr_in6 ipv6; /**< When family is AF_INET6. */
	};
};

/**
 * Room for any endpoint in words and its terminating NUL, in bytes:
 * "[", 45 of the address, "%", 15 of the zone, "]:", 5 of the port.
 */
#define TT_ADDRESS_TEXT_BYTES 72

/**
 * @brief Read an endpoint such as "192.0.2.1:53", "[fe80::1%eth0]:53" or ":53".
 *
 * The text is numbers only: nothing is looked up in DNS. A missing host, as in
 * ":53", is the IPv6 wildcard "::". A zone is an interface's name or number. Digits
 * are always the number, from 1, which is not looked up; a name is looked up among the
 * interfaces of the calling thread's network namespace.
 *
 * @param text              The endpoint; borrowed.
 * @param[out] ret_address  The endpoint; untouched on failure.
 * @param[out] reterr       What is wrong with the text; may be NULL.
 * @return 0; -EINVAL for text that is no endpoint; -ENODEV for an unknown zone.
 * @thread any   @since 0.1
 */
TT_API int tt_address_parse(const char *text, struct tt_address *ret_address,
			    struct tt_error *reterr);

/**
 * @brief Write an endpoint as "192.0.2.1:53" or "[2001:db8::1]:53".
 *
 * A scope id is written as the interface's number, "[fe80::1%2]:53": numbers are
 * right on any thread and cost no system call.
 *
 * @param address     The endpoint; borrowed. Of no known family, it is written "?".
 * @param text        Room for the words.
 * @param text_bytes  How much room; TT_ADDRESS_TEXT_BYTES is always enough. What
 *                    does not fit is cut, and the NUL is kept.
 * @return @p text.
 * @thread any   @since 0.1
 */
TT_API const char *tt_address_format(const struct tt_address *address, char *text,
				     size_t text_bytes);

/**
 * @brief Write the address alone, as "192.0.2.1" or "fe80::1%2", without its port.
 *
 * Otherwise as tt_address_format().
 * @thread any   @since 0.1
 */
TT_API const char *tt_address_format_host(const struct tt_address *address, char *text,
					  size_t text_bytes);

/** @brief The port, in the machine's byte order; 0 for an unknown family. @thread any @since 0.1 */
TT_API uint16_t tt_address_port(const struct tt_address *address);

/** @brief Bytes that bind(2) or sendto(2) want for it: 16 or 28; 0 for an unknown family. @since 0.1 */
TT_API socklen_t tt_address_bytes(const struct tt_address *address);

/**
 * @brief Whether two endpoints are the same: family, address, scope and port.
 *
 * Two of AF_UNSPEC are; endpoints of a family that is not known are not.
 * @thread any   @since 0.1
 */
TT_API bool tt_address_is_equal(const struct tt_address *a, const struct tt_address *b);

#ifdef __cplusplus
}
#endif
