/* SPDX-License-Identifier: MIT */

/*
 * Opening a receiver
 *
 * Everything that can be refused is refused here, in words: first what the caller
 * asked for, then what the machine has. The gate stays closed.
 *
 * What belongs to a network namespace, which is the monitor's and the packet sockets and what is
 * asked of interfaces, is opened by the two functions that open_receiver() has called there.
 * Later questions go over the monitor's sockets. Names of hosts are looked up by the caller.
 */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/opts.h"
#include "capture/source.h"
#include "link/link.h"
#include "link/namespace.h"
#include "receiver/receiver.h"
#include "stage/merge.h"
#include "stage/narrow.h"

enum {
	RETIRE_MS =
		4,   /* bounds the wait for a datagram; kernels before 6.18 round it up to a tick */
	TICK_MS = 4, /* of those kernels, at 250 Hz */
	SOCKETS_MAX = 3,
	MEMINFO_BYTES = 4096, /* far more than the lines up to the one that is read */
};

/* A ring may keep a block back for its time, and a reader that is paced asks as seldom. */
#define MERGE_WINDOW_NS ((2 * RETIRE_MS + TICK_MS) * TT_NS_PER_MS)

static void receiver_freep(struct tt_receiver **receiver)
{
	tt_receiver_free(*receiver);
}

static int check_direction(uint64_t flags, struct tt_error *reterr)
{
	if (!(flags & TT_RECEIVER_NO_INCOMING))
		return 0;
	if (!(flags & TT_RECEIVER_OUTGOING))
		return tt_error_set(reterr, -EINVAL,
				    "receiver: neither what comes in nor what is sent: ask for the "
				    "latter, too");
	if (flags & TT_RECEIVER_PROMISCUOUS)
		return tt_error_set(reterr, -EINVAL,
				    "receiver: promiscuous mode is for what comes in, which is "
				    "excluded");
	return 0;
}

/* Whether a receiver has the socket of that kind. */
static bool wants_source(uint64_t flags, uint32_t source_kind)
{
	switch (source_kind) {
	case TT_SOURCE_IPV4:
		return !(flags & (TT_RECEIVER_IPV6_ONLY | TT_RECEIVER_NO_INCOMING));
	case TT_SOURCE_IPV6:
		return !(flags & (TT_RECEIVER_IPV4_ONLY | TT_RECEIVER_NO_INCOMING));
	default:
		return flags & TT_RECEIVER_OUTGOING;
	}
}

static int check_opts(const struct tt_receiver_opts *opts, struct tt_error *reterr)
{
	const uint64_t both = TT_RECEIVER_IPV4_ONLY | TT_RECEIVER_IPV6_ONLY;
	const uint64_t known = both | TT_RECEIVER_PROMISCUOUS | TT_RECEIVER_NOT_LOCAL |
			       TT_RECEIVER_NO_FRAGMENTS | TT_RECEIVER_VERIFY_CHECKSUMS |
			       TT_RECEIVER_ORDERED | TT_RECEIVER_OUTGOING | TT_RECEIVER_NO_INCOMING;
	int r;

	if (opts->flags & ~known)
		return tt_error_set(reterr, -EINVAL, "receiver: unknown flags %#llx",
				    (unsigned long long)(opts->flags & ~known));
	if ((opts->flags & both) == both)
		return tt_error_set(reterr, -EINVAL,
				    "receiver: IPv4 only and IPv6 only exclude each other");
	r = check_direction(opts->flags, reterr);
	if (r < 0)
		return r;
	if (opts->port_side >= TT_PORT_SIDE_COUNT)
		return tt_error_set(reterr, -EINVAL, "receiver: unknown port side %u",
				    opts->port_side);
	if (opts->verdicts & ~TT_VERDICT_ALL)
		return tt_error_set(reterr, -EINVAL, "receiver: unknown verdicts %#x",
				    opts->verdicts & ~TT_VERDICT_ALL);
	if (opts->reserved != 0)
		return tt_error_set(reterr, -EINVAL, "receiver: a reserved field is set");
	if (!opts->interfaces && opts->interfaces_count > 0)
		return tt_error_set(reterr, -EINVAL, "receiver: a count of interfaces, but none");
	if (!opts->files && opts->files_count > 0)
		return tt_error_set(reterr, -EINVAL, "receiver: a count of files, but none");
	if (opts->files_count > 0 &&
	    (opts->interfaces_count > 0 || opts->flags & (both | TT_RECEIVER_OUTGOING)))
		return tt_error_set(reterr, -EINVAL,
				    "receiver: files are not chosen by interface, family or "
				    "direction: use an expression");
	if (opts->files_count > 0 && opts->network_namespace)
		return tt_error_set(reterr, -EINVAL,
				    "receiver: files lie in no network namespace: leave it out");
	for (size_t i = 0; i < opts->files_count; i++) {
		if (!opts->files[i])
			return tt_error_set(reterr, -EINVAL, "receiver: file %zu has no name", i);
	}
	if (opts->interfaces_count > TT_INTERFACES_MAX)
		return tt_error_set(reterr, -EINVAL, "receiver: more than %d interfaces",
				    TT_INTERFACES_MAX);
	return 0;
}

/* Memory that can be had without swapping, the file cache included; UINT64_MAX: unknown. */
static uint64_t read_available_bytes(void)
{
	static const char key[] = "\nMemAvailable:";
	TT_CLEANUP(tt_closep) int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	char text[MEMINFO_BYTES];
	const char *found;
	ssize_t length;

	if (fd < 0)
		return UINT64_MAX;
	length = read(fd, text, sizeof(text) - 1);
	if (length < 0)
		return UINT64_MAX;
	text[length] = '\0';

	found = strstr(text, key); /* it is never the first line */
	return found ? (uint64_t)strtoull(found + strlen(key), NULL, 10) << 10 : UINT64_MAX;
}

/* A ring that does not fit would not fail: the kernel would kill processes to make room. */
static int check_ring_bytes(const struct tt_receiver_opts *opts, struct tt_error *reterr)
{
	uint64_t rings_count = 0;
	uint64_t available_bytes;

	for (uint32_t kind = 0; kind < SOCKETS_MAX; kind++)
		rings_count += wants_source(opts->flags, kind);
	if (opts->ring_bytes < TT_RING_BYTES_MIN || opts->ring_bytes > TT_RING_BYTES_MAX)
		return tt_error_set(reterr, -EINVAL,
				    "a ring of %llu bytes: it may have from %d KiB to %llu GiB",
				    (unsigned long long)opts->ring_bytes, TT_RING_BYTES_MIN >> 10,
				    (unsigned long long)TT_RING_BYTES_MAX >> 30);

	available_bytes = read_available_bytes();
	if (opts->ring_bytes * rings_count > available_bytes)
		return tt_error_set(
			reterr, -ENOMEM,
			"a ring of %llu MiB for each socket: only %llu MiB of memory are "
			"free: ask for smaller ones",
			(unsigned long long)opts->ring_bytes >> 20,
			(unsigned long long)available_bytes >> 20);
	return 0;
}

/* Refuses an interface whose packets never come to a packet socket of one protocol. */
static int check_consumed(const struct tt_link *link, struct tt_error *reterr)
{
	char master[IF_NAMESIZE] = "?";

	if (!tt_link_is_consumed(link))
		return 0;
	(void)if_indextoname(link->master_index, master); /* else it stays "?" */
	return tt_error_set(reterr, -EBUSY,
			    "interface %s is a port of the %s %s, which takes its packets: "
			    "use %s instead",
			    link->name, link->master_kind, master, master);
}

static bool has_interface(const struct tt_receiver *receiver, uint32_t interface_index)
{
	for (size_t i = 0; i < receiver->interfaces_count; i++) {
		if (receiver->interface_indexes[i] == interface_index)
			return true;
	}
	return false;
}

static int find_interfaces(struct tt_receiver *receiver, const struct tt_receiver_opts *opts,
			   struct tt_error *reterr)
{
	for (size_t i = 0; i < opts->interfaces_count; i++) {
		struct tt_link link;
		int r;

		r = tt_link_find(opts->interfaces[i], &link, reterr);
		if (r < 0)
			return r;
		/* What is sent by it can be seen all the same. */
		r = opts->flags & TT_RECEIVER_NO_INCOMING ? 0 : check_consumed(&link, reterr);
		if (r < 0)
			return r;
		/* Named twice it is one: its losses would be counted twice. */
		if (!has_interface(receiver, link.index))
			receiver->interface_indexes[receiver->interfaces_count++] = link.index;
	}
	return 0;
}

/* The interfaces to switch to promiscuous mode: the chosen ones, or all but loopback. */
static int list_promiscuous(const struct tt_receiver *receiver, uint32_t **ret_indexes,
			    size_t *ret_count, struct tt_error *reterr)
{
	size_t links_count, count = 0;
	struct tt_link *links = NULL;
	uint32_t *indexes;
	int r;

	r = tt_link_list(&links, &links_count, reterr);
	if (r < 0)
		return r;

	indexes = calloc(links_count + TT_INTERFACES_MAX, sizeof(*indexes));
	if (!indexes) {
		free(links);
		return tt_error_set(reterr, -ENOMEM, "list interfaces: %s", strerror(ENOMEM));
	}
	for (size_t i = 0; i < receiver->interfaces_count; i++)
		indexes[count++] = receiver->interface_indexes[i];
	for (size_t i = 0; receiver->interfaces_count == 0 && i < links_count; i++) {
		if (!(links[i].flags & TT_LINK_LOOPBACK))
			indexes[count++] = links[i].index;
	}
	free(links);

	*ret_indexes = indexes;
	*ret_count = count;
	return 0;
}

static int attach_filter(void *context, int socket_fd, uint32_t source_kind,
			 struct tt_error *reterr)
{
	return tt_filter_attach(context, socket_fd, source_kind, reterr);
}

static int open_source(struct tt_receiver *receiver, const struct tt_capture_config *config,
		       struct tt_source **ret_source, struct tt_error *reterr)
{
	static const char *const names[SOCKETS_MAX] = { "IPv4", "IPv6", "what is sent" };
	struct tt_source *capture;
	int r;

	r = tt_capture_new(&capture, config, reterr);
	if (r < 0)
		return tt_error_wrap(reterr, r, "%s", names[config->source_kind]);
	r = tt_narrow_new(ret_source, capture, receiver->filter);
	if (r < 0) {
		capture->ops->free(capture);
		return tt_error_set(reterr, r, "read the packet socket: %s", strerror(-r));
	}
	return 0;
}

/* Has the pump own the sources, each by itself or all in order. */
static int add_sources(struct tt_receiver *receiver, struct tt_source **sources,
		       size_t *sources_count, bool is_ordered, struct tt_error *reterr)
{
	int r;

	if (is_ordered) {
		r = tt_merge_new(&sources[0], sources, *sources_count, MERGE_WINDOW_NS);
		if (r < 0)
			return tt_error_set(reterr, r, "put packets in order: %s", strerror(-r));
		*sources_count = 1;
	}
	for (; *sources_count > 0; --*sources_count) {
		r = tt_pump_add_source(receiver->worker.pump, sources[*sources_count - 1],
				       &receiver->worker.loop);
		if (r < 0)
			return tt_error_set(reterr, r, "watch a packet socket: %s", strerror(-r));
	}
	return 0;
}

static int open_sources(struct tt_receiver *receiver, const struct tt_receiver_opts *opts,
			struct tt_error *reterr)
{
	struct tt_capture_config config = {
		.interface_index = receiver->interfaces_count == 1 ? receiver->interface_indexes[0]
								   : 0,
		.attach_filter = attach_filter,
		.attach_context = receiver->filter,
		.ring_bytes = opts->ring_bytes,
		.retire_ms = RETIRE_MS,
	};
	struct tt_source *sources[SOCKETS_MAX] = { NULL };
	size_t sources_count = 0;
	uint32_t *promiscuous_indexes = NULL;
	int r = 0;

	if (opts->flags & TT_RECEIVER_PROMISCUOUS)
		r = list_promiscuous(receiver, &promiscuous_indexes, &config.promiscuous_count,
				     reterr);
	config.promiscuous_indexes = promiscuous_indexes;

	for (uint32_t kind = 0; r == 0 && kind < SOCKETS_MAX; kind++) {
		if (!wants_source(opts->flags, kind))
			continue;
		config.source_kind = kind;
		r = open_source(receiver, &config, &sources[sources_count], reterr);
		sources_count += r == 0;
		config.promiscuous_count = 0; /* one membership an interface is enough */
	}
	free(promiscuous_indexes);

	if (r == 0)
		r = add_sources(receiver, sources, &sources_count,
				opts->flags & TT_RECEIVER_ORDERED, reterr);
	for (size_t i = 0; i < sources_count; i++) { /* what is still ours after a failure */
		if (sources[i])
			sources[i]->ops->free(sources[i]);
	}
	return r;
}

/* Marks what this host's IP stack would take; link-layer bystanders never are. */
static void mark_local(void *context, struct tt_datagram *datagrams, size_t count)
{
	const struct tt_receiver *receiver = context;
	const struct tt_datagram *lasts[2] = { NULL };

	/* Traces do not say it. Out of a file, nobody knows what was local there. */
	if (!receiver->wants_locality || receiver->reads_files)
		return;
	for (size_t i = 0; i < count; i++) {
		struct tt_datagram *datagram = &datagrams[i];
		const struct tt_datagram *last = lasts[datagram->version == 6];
		bool is_local;

		if (datagram->packet_type > TT_PACKET_MULTICAST)
			continue;
		/* Datagrams come in rows to one address of their family. */
		if (last && last->interface_index == datagram->interface_index &&
		    tt_address_is_equal(&last->destination, &datagram->destination))
			is_local = last->flags & TT_DATAGRAM_LOCAL;
		else
			is_local = tt_monitor_is_local(receiver->monitor, &datagram->destination,
						       datagram->interface_index);
		if (is_local)
			datagram->flags |= TT_DATAGRAM_LOCAL;
		lasts[datagram->version == 6] = datagram;
	}
}

/* What is opened, and where. */
struct opening {
	struct tt_receiver *receiver;
	const struct tt_receiver_opts *opts;
	int namespace_fd; /* -1: the calling thread's */
};

static int look_around(void *context, struct tt_error *reterr)
{
	const struct opening *opening = context;
	int r;

	r = tt_monitor_new(&opening->receiver->monitor, reterr);
	return r < 0 ? r : find_interfaces(opening->receiver, opening->opts, reterr);
}

static int open_sockets(void *context, struct tt_error *reterr)
{
	const struct opening *opening = context;

	return open_sources(opening->receiver, opening->opts, reterr);
}

static int run_there(struct opening *opening, tt_namespace_fn *call, struct tt_error *reterr)
{
	int r = tt_namespace_run(opening->namespace_fd, call, opening, reterr);

	return r < 0 && opening->namespace_fd >= 0
		       ? tt_error_wrap(reterr, r, "network namespace %s",
				       opening->opts->network_namespace)
		       : r;
}

static int open_receiver(struct tt_receiver *receiver, const struct tt_receiver_opts *opts,
			 struct tt_error *reterr)
{
	TT_CLEANUP(tt_closep) int namespace_fd = -1;
	struct opening opening = { .receiver = receiver, .opts = opts };
	int r = 0;

	if (opts->network_namespace)
		r = tt_namespace_open(&namespace_fd, opts->network_namespace, reterr);
	opening.namespace_fd = namespace_fd;
	if (r == 0 && !receiver->reads_files)
		r = run_there(&opening, look_around, reterr);
	if (r < 0)
		return r;
	r = tt_receiver_make_filter(receiver, opts, reterr);
	if (r < 0)
		return r;
	r = tt_pump_new(&receiver->worker.pump, opts->flags & TT_RECEIVER_VERIFY_CHECKSUMS,
			mark_local, receiver);
	if (r < 0)
		return tt_error_set(reterr, r, "make a worker: %s", strerror(-r));
	r = tt_receiver_init_loop(receiver, reterr);
	if (r < 0)
		return r;
	return receiver->reads_files ? tt_receiver_open_files(receiver, opts, reterr)
				     : run_there(&opening, open_sockets, reterr);
}

static struct tt_receiver *allocate(void)
{
	struct tt_receiver *receiver = calloc(1, sizeof(*receiver));

	if (!receiver)
		return NULL;
	receiver->wake.fd = -1;
	receiver->drain_timer.fd = -1;
	receiver->attend_timer.fd = -1;
	receiver->worker.loop.fd = -1;
	receiver->worker.pace.timer.fd = -1;
	receiver->worker.receiver = receiver;
	(void)pthread_mutex_init(&receiver->setter_mutex,
				 NULL); /* cannot fail without attributes */
	return receiver;
}

static int keep_words(struct tt_receiver *receiver, const char *ports, const char *expression,
		      struct tt_error *reterr)
{
	receiver->ports_text = ports ? strdup(ports) : NULL;
	receiver->expression_text = expression && *expression ? strdup(expression) : NULL;
	if ((ports && !receiver->ports_text) ||
	    (expression && *expression && !receiver->expression_text))
		return tt_error_set(reterr, -ENOMEM, "make a receiver: %s", strerror(ENOMEM));
	return 0;
}

int tt_receiver_new(struct tt_receiver **ret_receiver, const char *ports, tt_handler_fn *handler,
		    void *context, const struct tt_receiver_opts *opts, struct tt_error *reterr)
{
	TT_CLEANUP(receiver_freep) struct tt_receiver *receiver = NULL;
	struct tt_receiver_opts full;
	int r;

	if (!ret_receiver)
		return tt_error_set(reterr, -EINVAL, "receiver: no place for the result");
	r = tt_opts_import(&full, sizeof(full), opts, sizeof(full.size));
	if (r < 0)
		return tt_error_set(reterr, r, "receiver options: %s",
				    r == -E2BIG ? "a field that this version does not know is set"
						: "the size field is not set");
	r = check_opts(&full, reterr);
	if (r < 0)
		return r;
	if (full.ring_bytes == 0)
		full.ring_bytes = TT_RING_BYTES_DEFAULT;
	r = full.files_count > 0 ? 0 : check_ring_bytes(&full, reterr);
	if (r < 0)
		return r;

	receiver = allocate();
	if (!receiver)
		return tt_error_set(reterr, -ENOMEM, "make a receiver: %s", strerror(ENOMEM));
	receiver->port_side = full.port_side;
	receiver->reads_files = full.files_count > 0;
	receiver->worker.may_pace = !receiver->reads_files &&
				    full.ring_bytes >= TT_PACE_RING_BYTES_MIN;
	receiver->verdicts = full.verdicts ? full.verdicts : TT_VERDICT_BIT(TT_VERDICT_OK);
	receiver->local_only = !receiver->reads_files && !(full.flags & TT_RECEIVER_NOT_LOCAL);
	receiver->wants_locality = receiver->local_only;
	r = tt_ports_parse(ports, &receiver->main_ports, reterr);
	if (r == 0)
		r = keep_words(receiver, ports, full.expression, reterr);
	if (r < 0)
		return r;

	r = open_receiver(receiver, &full, reterr);
	if (r < 0)
		return r;
	if (handler) {
		r = tt_receiver_set_main_handler(receiver, handler, context);
		if (r < 0)
			return tt_error_set(reterr, r, "make routes: %s", strerror(-r));
	}

	*ret_receiver = TT_TAKE_PTR(receiver);
	return 0;
}

void tt_receiver_free(struct tt_receiver *receiver)
{
	if (!receiver)
		return;

	tt_pump_free(receiver->worker.pump);
	tt_receiver_deinit_loop(receiver);
	tt_filter_free(receiver->filter);
	tt_monitor_free(receiver->monitor);
	tt_expression_drop(receiver->file_conditions.expression);
	tt_interfaces_deinit(&receiver->interfaces);
	free(receiver->file_sources);
	free(receiver->ports_text);
	free(receiver->expression_text);
	(void)pthread_mutex_destroy(&receiver->setter_mutex); /* nobody holds it any more */
	free(receiver);
}
