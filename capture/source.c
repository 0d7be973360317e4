/* SPDX-License-Identifier: MIT */

/*
 * A packet socket with its receive ring, as a source
 *
 * The order in which a socket is opened is what keeps foreign packets out of the
 * ring: it is made for no protocol, gets its ring and its filter, and is bound last.
 * A socket made for a protocol would take packets from every interface at once.
 *
 *   socket -> version -> ring -> map -> filter -> bind -> pending error -> memberships
 */

#include "capture/source.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "capture/geometry.h"
#include "capture/ring.h"
#include "twintap/accounting.h"

enum {
	FRAME_BYTES = 2048, /* unused in this ring's layout, but the kernel checks its arithmetic */
};

struct capture {
	struct tt_source source;
	int fd;          /* owned */
	uint8_t *memory; /* owned mapping, or NULL */
	struct tt_ring_geometry geometry;
	struct tt_ring ring;
	pthread_mutex_t statistics_mutex; /* reading the kernel's counters clears them */
	struct tt_source_statistics statistics;
	uint64_t told_dropped; /* of the dropped, those that a batch told of */
	/* Set by whoever reads the counters, since the kernel then says no more that it lost. */
	_Atomic bool is_untold;
};

static const struct {
	uint16_t protocol; /* that the socket is bound to */
	uint8_t version;   /* of all its frames, or 0 */
} kinds[] = {
	[TT_SOURCE_IPV4] = { ETH_P_IP, 4 },
	[TT_SOURCE_IPV6] = { ETH_P_IPV6, 6 },
	[TT_SOURCE_OUTGOING] = { ETH_P_ALL, 0 },
};

static struct capture *to_capture(struct tt_source *source)
{
	return (struct capture *)(void *)source; /* its first member */
}

/* Reads the kernel's counters, which clears them there. Under the mutex. */
static int refresh_statistics_locked(struct capture *capture)
{
	struct tpacket_stats_v3 fresh = { 0 };
	socklen_t fresh_bytes = sizeof(fresh);

	if (getsockopt(capture->fd, SOL_PACKET, PACKET_STATISTICS, &fresh, &fresh_bytes) < 0)
		return -errno;
	capture->statistics.stored += fresh.tp_packets -
				      fresh.tp_drops; /* the first includes both */
	capture->statistics.dropped += fresh.tp_drops;
	capture->statistics.freezes += fresh.tp_freeze_q_cnt;
	if (fresh.tp_drops > 0)
		atomic_store_explicit(&capture->is_untold, true, memory_order_relaxed);
	return 0;
}

/* What was dropped since this was last asked. */
static uint64_t take_dropped(struct capture *capture)
{
	uint64_t dropped;

	(void)pthread_mutex_lock(&capture->statistics_mutex); /* cannot fail: no error checking */
	(void)refresh_statistics_locked(capture); /* what it cannot tell now, it tells later */
	dropped = capture->statistics.dropped - capture->told_dropped;
	capture->told_dropped = capture->statistics.dropped;
	atomic_store_explicit(&capture->is_untold, false, memory_order_relaxed);
	(void)pthread_mutex_unlock(&capture->statistics_mutex);
	return dropped;
}

static int read_next(struct tt_source *source, struct tt_frame_batch *ret_batch)
{
	struct capture *capture = to_capture(source);
	int r;

	r = tt_ring_next(&capture->ring, ret_batch);
	/* A system call, but one in a batch that follows a loss. */
	if (r == 0 && (capture->ring.is_losing ||
		       atomic_load_explicit(&capture->is_untold, memory_order_relaxed))) {
		capture->ring.is_losing = false;
		ret_batch->dropped_before = take_dropped(capture);
	}
	return r;
}

/* Whether the interface that the socket was bound to is gone for ever. */
static bool is_dead(int fd)
{
	struct sockaddr_ll address = { 0 };
	socklen_t address_bytes = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &address_bytes) < 0)
		return true;
	return address.sll_ifindex == -1;
}

/* Reading the pending error clears it, without which the socket would stay readable. */
static int check(struct tt_source *source)
{
	int fd = to_capture(source)->fd;
	int pending = 0;
	socklen_t pending_bytes = sizeof(pending);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &pending_bytes) < 0)
		return -errno;
	if (is_dead(fd))
		return -ENODEV;
	return pending == 0 || pending == ENETDOWN ? 0 : -pending;
}

static int add_statistics(struct tt_source *source, struct tt_source_statistics *statistics)
{
	struct capture *capture = to_capture(source);
	int r;

	statistics += capture->ring.source_kind;
	statistics->is_present = true;
	(void)pthread_mutex_lock(&capture->statistics_mutex); /* cannot fail: no error checking */
	r = refresh_statistics_locked(capture);
	statistics->stored += capture->statistics.stored;
	statistics->dropped += capture->statistics.dropped;
	statistics->freezes += capture->statistics.freezes;
	(void)pthread_mutex_unlock(&capture->statistics_mutex);
	statistics->ring_bytes += tt_ring_geometry_bytes(capture->geometry);
	return r;
}

static void free_capture(struct tt_source *source)
{
	struct capture *capture = to_capture(source);

	tt_ring_deinit(&capture->ring);
	if (capture->memory)
		(void)munmap(capture->memory, tt_ring_geometry_bytes(capture->geometry));
	if (capture->fd >= 0)
		(void)close(capture->fd); /* nothing was written: no error can matter */
	(void)pthread_mutex_destroy(&capture->statistics_mutex); /* nobody holds it any more */
	free(capture);
}

static const struct tt_source_ops capture_ops = {
	.next = read_next,
	.check = check,
	.add_statistics = add_statistics,
	.free = free_capture,
};

static void capture_freep(struct capture **capture)
{
	if (*capture)
		free_capture(&(*capture)->source);
}

static int open_socket(struct capture *capture, struct tt_error *reterr)
{
	int version = TPACKET_V3;
	int r;

	capture->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (capture->fd < 0) {
		r = -errno;
		if (r == -EPERM)
			return tt_error_set(
				reterr, r,
				"open a packet socket: %s: it takes CAP_NET_RAW: run as "
				"root, or give the program cap_net_raw,cap_bpf by setcap(8)",
				strerror(-r));
		return tt_error_set(reterr, r, "open a packet socket: %s", strerror(-r));
	}

	if (setsockopt(capture->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0) {
		r = -errno;
		return tt_error_set(reterr, r, "choose TPACKET_V3: %s", strerror(-r));
	}
	return 0;
}

/* Asks for the ring, and for a smaller one as long as memory is short. */
static int make_ring(struct capture *capture, const struct tt_capture_config *config,
		     struct tt_error *reterr)
{
	struct tt_ring_geometry geometry = tt_ring_geometry_choose(config->ring_bytes,
								   (size_t)sysconf(_SC_PAGESIZE));
	int r;

	do {
		struct tpacket_req3 request = {
			.tp_block_size = (unsigned int)geometry.block_bytes,
			.tp_block_nr = geometry.blocks_count,
			.tp_frame_size = FRAME_BYTES,
			.tp_frame_nr =
				(unsigned int)(tt_ring_geometry_bytes(geometry) / FRAME_BYTES),
			.tp_retire_blk_tov = config->retire_ms,
		};

		if (setsockopt(capture->fd, SOL_PACKET, PACKET_RX_RING, &request,
			       sizeof(request)) == 0) {
			capture->geometry = geometry;
			return 0;
		}
		r = -errno;
		geometry = tt_ring_geometry_step_down(geometry);
	} while (r == -ENOMEM && geometry.blocks_count > 0);

	return tt_error_set(reterr, r, "make a receive ring of %llu KiB: %s: ask for a smaller one",
			    (unsigned long long)config->ring_bytes >> 10, strerror(-r));
}

static int map_ring(struct capture *capture, uint32_t source_kind, struct tt_error *reterr)
{
	size_t bytes = tt_ring_geometry_bytes(capture->geometry);
	void *memory;
	int r;

	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, capture->fd, 0);
	if (memory == MAP_FAILED) {
		r = -errno;
		return tt_error_set(reterr, r, "map the receive ring: %s", strerror(-r));
	}
	capture->memory = memory;
	/* A child that lives on would keep the socket receiving. */
	(void)madvise(memory, bytes, MADV_DONTFORK);

	r = tt_ring_init(&capture->ring, capture->memory, capture->geometry,
			 kinds[source_kind].version, (uint8_t)source_kind);
	if (r < 0)
		return tt_error_set(reterr, r, "map the receive ring: %s", strerror(-r));
	return 0;
}

static int bind_socket(struct capture *capture, const struct tt_capture_config *config,
		       struct tt_error *reterr)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(kinds[config->source_kind].protocol),
		.sll_ifindex = (int)config->interface_index,
	};
	int r;

	r = config->attach_filter(config->attach_context, capture->fd, config->source_kind, reterr);
	if (r < 0)
		return r;
	if (bind(capture->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		r = -errno;
		return tt_error_set(reterr, r, "bind the packet socket: %s", strerror(-r));
	}

	/* An interface that is down binds, and says so here; the socket wakes up with it. */
	r = check(&capture->source);
	if (r < 0)
		return tt_error_set(reterr, r, "bind the packet socket: %s", strerror(-r));
	return 0;
}

/* Memberships end with the socket, however the process ends. */
static int join_promiscuous(struct capture *capture, const struct tt_capture_config *config,
			    struct tt_error *reterr)
{
	for (size_t i = 0; i < config->promiscuous_count; i++) {
		struct packet_mreq request = { .mr_ifindex = (int)config->promiscuous_indexes[i],
					       .mr_type = PACKET_MR_PROMISC };
		int r;

		if (setsockopt(capture->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request,
			       sizeof(request)) < 0) {
			r = -errno;
			return tt_error_set(reterr, r,
					    "switch interface %d to promiscuous mode: %s",
					    request.mr_ifindex, strerror(-r));
		}
	}
	return 0;
}

int tt_capture_new(struct tt_source **ret_source, const struct tt_capture_config *config,
		   struct tt_error *reterr)
{
	TT_CLEANUP(capture_freep) struct capture *capture = calloc(1, sizeof(*capture));
	int r;

	assert(config->source_kind < sizeof(kinds) / sizeof(kinds[0]));
	if (!capture)
		return tt_error_set(reterr, -ENOMEM, "make a capture: %s", strerror(ENOMEM));
	capture->fd = -1;
	(void)pthread_mutex_init(&capture->statistics_mutex,
				 NULL); /* cannot fail without attributes */
	capture->source.ops = &capture_ops;

	r = open_socket(capture, reterr);
	if (r < 0)
		return r;
	r = make_ring(capture, config, reterr);
	if (r < 0)
		return r;
	r = map_ring(capture, config->source_kind, reterr);
	if (r < 0)
		return r;
	r = bind_socket(capture, config, reterr);
	if (r < 0)
		return r;
	r = join_promiscuous(capture, config, reterr);
	if (r < 0)
		return r;

	capture->source.fd = capture->fd;
	*ret_source = &TT_TAKE_PTR(capture)->source;
	return 0;
}
