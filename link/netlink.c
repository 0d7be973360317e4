/* SPDX-License-Identifier: MIT */

/*
 * A netlink socket: questions with their answers, and notifications
 *
 * libmnl builds and walks the messages. Receiving is done here, since libmnl does not
 * say who sent a message: only the kernel (port 0) is listened to.
 *
 * Invariant 1: an exchange that fails in its reader is read to its end, since the
 * kernel refuses a second dump on a socket while one is under way.
 */

#include "link/netlink.h"

#include <assert.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "link/message.h"
#include "twintap/error.h"

static int open_socket(struct tt_netlink *netlink)
{
	int one = 1;

	netlink->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!netlink->socket || mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;

	/*
	 * Lets the kernel select by what a question says. A kernel that cannot do that
	 * gives more than was asked for, which every reader of answers is ready for.
	 */
	(void)mnl_socket_setsockopt(netlink->socket, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	return 0;
}

int tt_netlink_new(struct tt_netlink **ret_netlink)
{
	struct tt_netlink *netlink;
	int r;

	netlink = calloc(1, sizeof(*netlink));
	if (!netlink)
		return -ENOMEM;

	r = open_socket(netlink);
	if (r < 0) {
		tt_netlink_free(netlink);
		return r;
	}

	*ret_netlink = netlink;
	return 0;
}

void tt_netlink_free(struct tt_netlink *netlink)
{
	if (!netlink)
		return;

	if (netlink->socket)
		(void)mnl_socket_close(netlink->socket);
	free(netlink);
}

int tt_netlink_fd(const struct tt_netlink *netlink)
{
	return mnl_socket_get_fd(netlink->socket);
}

/* What one call received: some bytes, or the news that a message is gone. */
struct part {
	int bytes;
	bool is_lost;
};

/* 0, TT_EMPTY when nothing is there, or a negative errno. */
static int receive_part(struct tt_netlink *netlink, struct part *ret_part)
{
	struct sockaddr_nl sender = { .nl_family = AF_NETLINK };
	struct iovec room = { .iov_base = netlink->buffer, .iov_len = sizeof(netlink->buffer) };
	struct msghdr header = {
		.msg_name = &sender,
		.msg_namelen = sizeof(sender),
		.msg_iov = &room,
		.msg_iovlen = 1,
	};
	ssize_t n;

	do {
		n = recvmsg(tt_netlink_fd(netlink), &header, 0);
	} while (n >= 0 && sender.nl_pid != 0);

	if (n < 0 && errno == EAGAIN)
		return TT_EMPTY;
	if (n < 0 && errno != ENOBUFS)
		return -errno;

	ret_part->is_lost = n < 0 || header.msg_flags & MSG_TRUNC;
	ret_part->bytes = ret_part->is_lost ? 0 : (int)n; /* at most the buffer's size */
	return 0;
}

/* The status that an NLMSG_ERROR or NLMSG_DONE carries: 0 or a negative errno. */
static int read_status(const struct nlmsghdr *message)
{
	int status;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(status))
		return message->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;

	memcpy(&status, mnl_nlmsg_get_payload(message), sizeof(status));
	return status <= 0 ? status : -EBADMSG;
}

/* How far an exchange has come. */
struct exchange {
	tt_netlink_message_fn *handle;
	void *context;
	uint32_t sequence;
	int status;
	bool is_consistent;
	bool is_complete;
};

/* Takes in one part of the answer. Once something failed, only the end is looked for. */
static void take_part(struct exchange *exchange, const uint8_t *buffer, int bytes)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)buffer;

	for (; tt_message_is_whole(message, bytes); message = mnl_nlmsg_next(message, &bytes)) {
		if (message->nlmsg_seq != exchange->sequence)
			continue;
		if (message->nlmsg_flags & NLM_F_DUMP_INTR)
			exchange->is_consistent = false;

		if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
			if (exchange->status == 0)
				exchange->status = read_status(message);
			exchange->is_complete = true;
			return;
		}
		if (message->nlmsg_type >= NLMSG_MIN_TYPE && exchange->status == 0)
			exchange->status = exchange->handle(message, exchange->context);
	}
}

int tt_netlink_exchange(struct tt_netlink *netlink, struct nlmsghdr *request,
			tt_netlink_message_fn *handle, void *context, bool *ret_is_consistent)
{
	struct exchange exchange = {
		.handle = handle,
		.context = context,
		.sequence = ++netlink->sequence,
		.is_consistent = true,
	};
	struct part part = { 0 };
	int r;

	assert(request->nlmsg_flags & (NLM_F_DUMP | NLM_F_ACK));

	request->nlmsg_seq = exchange.sequence;
	if (mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0)
		return -errno;

	while (!exchange.is_complete) {
		r = receive_part(netlink, &part);
		if (r == TT_EMPTY) /* the answer stopped short of its end */
			return exchange.status < 0 ? exchange.status : -EBADMSG;
		if (r < 0)
			return r;
		if (part.is_lost && exchange.status == 0)
			exchange.status = -ENOBUFS;
		take_part(&exchange, netlink->buffer, part.bytes);
	}

	if (exchange.status < 0)
		return exchange.status;
	*ret_is_consistent = exchange.is_consistent;
	return 0;
}

int tt_netlink_receive(struct tt_netlink *netlink, tt_netlink_message_fn *handle, void *context,
		       bool *ret_is_lost)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)netlink->buffer;
	struct part part = { 0 };
	int r;

	r = receive_part(netlink, &part);
	if (r != 0)
		return r;

	for (; tt_message_is_whole(message, part.bytes);
	     message = mnl_nlmsg_next(message, &part.bytes)) {
		r = handle(message, context);
		if (r < 0)
			return r;
	}

	*ret_is_lost = part.is_lost;
	return 0;
}
