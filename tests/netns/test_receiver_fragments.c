/* SPDX-License-Identifier: MIT */

/*
 * Fragments that follow their first, through a receiver
 *
 * Hand-made fragments come over the link from a packet socket on the far side, among others
 * of datagrams that are not wanted and of datagrams whose first never came. Each wanted
 * one bears the number of its datagram in its identification (and beyond 16 bits in its IPv4
 * source), so that what is lost or repeated is found. The kernel's memory of firsts is looked
 * into, and made old, through its map. With TT_TEST_FULL set the counts are those of a release
 * test. Needs root.
 *
 * Not covered: each rule of the judgement (unit.filter.judge, netns.filter).
 */

#include <bpf/bpf.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "bpf/filter_state.h"
#include "tests/netns/receiver_fixture.h"
#include "tests/support/packets.h"

enum {
	EXIT_SKIPPED = 77,
	QUICK_COUNT = 5000,
	FULL_COUNT = 100000,
	COUNT_MAX = FULL_COUNT,
	PARTS_COUNT = 3, /* of a datagram */
	PART_UNITS = 6,  /* of 8 bytes: a UDP header and its payload */
	PAYLOAD_BYTES = 40,
	IDS_COUNT = 60000, /* of an IPv4 source */
	PULL_EVERY = 64,   /* datagrams: far less than a ring holds */
	MARGIN_S = 5,      /* that a busy machine may take to send a fragment */
	UNWANTED_PORT = 9,
	FDS_MAX = 256,
};

static const struct tt_receiver_opts with_fragments = {
	.ring_bytes = 64 << 20,
	.verdicts = TT_VERDICT_BIT(TT_VERDICT_OK) | TT_VERDICT_BIT(TT_VERDICT_FRAGMENT),
};

static const struct tt_receiver_opts without_fragments = {
	.ring_bytes = 64 << 20,
	.verdicts = TT_VERDICT_BIT(TT_VERDICT_OK) | TT_VERDICT_BIT(TT_VERDICT_FRAGMENT),
	.flags = TT_RECEIVER_NO_FRAGMENTS,
};

static uint32_t datagrams_count(void)
{
	return getenv("TT_TEST_FULL") ? FULL_COUNT : QUICK_COUNT;
}

/* --------------------------------------------------------------------------- sending */

struct sender {
	int fd; /* on the far side */
	int interface_index;
	struct tt_receiver *receiver;
	uint64_t sent_count;
};

/* One fragment. */
struct part {
	uint8_t version;
	uint32_t id; /* of the datagram; IPv4 has 16 bits, and sources for the rest */
	uint32_t index;
	uint16_t port;    /* 0: a wanted one */
	uint8_t network;  /* of the source, so that numbers may be used again */
	uint8_t protocol; /* 0: UDP */
};

static void open_sender(struct sender *sender, struct tt_lab *lab, struct tt_receiver *receiver)
{
	assert_int_equal(tt_lab_enter(lab, TT_LAB_FAR), 0);
	sender->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	sender->interface_index = (int)if_nametoindex(TT_LAB_FAR_INTERFACE);
	sender->receiver = receiver;
	sender->sent_count = 0;
	assert_int_equal(tt_lab_enter(lab, TT_LAB_NEAR), 0);
	assert_true(sender->fd >= 0);
}

static void send_spec(struct sender *sender, const struct tt_packet_spec *spec)
{
	static const uint8_t near_hardware[ETH_ALEN] = { 0x02, 0x74, 0x74, 0, 0, 0x02 };
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = sender->interface_index,
		.sll_protocol = htons(spec->version == 4 ? ETH_P_IP : ETH_P_IPV6),
		.sll_halen = ETH_ALEN,
	};
	uint8_t packet[256];
	size_t packet_bytes = tt_packet_build(spec, packet, sizeof(packet));

	memcpy(to.sll_addr, near_hardware, ETH_ALEN);
	assert_int_equal(
		sendto(sender->fd, packet, packet_bytes, 0, (struct sockaddr *)&to, sizeof(to)),
		packet_bytes);
	sender->sent_count++;
}

static void send_part(struct sender *sender, const struct part *part)
{
	uint16_t offset = (uint16_t)(part->index * PART_UNITS);
	bool has_more = part->index + 1 < PARTS_COUNT;
	const uint8_t body[] = { (uint8_t)(offset >> 5),    (uint8_t)(offset << 3 | has_more),
				 (uint8_t)(part->id >> 24), (uint8_t)(part->id >> 16),
				 (uint8_t)(part->id >> 8),  (uint8_t)part->id };
	struct tt_packet_spec spec = { .version = part->version, .payload_bytes = PAYLOAD_BYTES };
	char source[32];

	spec.destination_port = part->port ? part->port : FIXTURE_PORT;
	spec.source = source;
	if (part->protocol)
		spec.protocol = (struct tt_packet_claim)TT_SAYS(part->protocol);
	if (part->version == 4) {
		spec.destination = TT_LAB_NEAR_IPV4;
		spec.id = (uint16_t)(1 + part->id % IDS_COUNT);
		spec.fragment = offset | (has_more ? TT_PACKET_MORE_FRAGMENTS : 0);
		(void)snprintf(source, sizeof(source), "198.18.%u.%u", part->network,
			       10 + part->id / IDS_COUNT);
	} else {
		spec.destination = TT_LAB_NEAR_IPV6;
		spec.extensions[0] = (struct tt_packet_extension){ .is_present = true,
								   .kind = IPPROTO_FRAGMENT,
								   .bytes = 8,
								   .body = body,
								   .body_bytes = sizeof(body) };
		(void)snprintf(source, sizeof(source), "fd00:7474::%u:1", part->network);
	}
	send_spec(sender, &spec);
}

static void send_datagram(struct sender *sender, uint8_t version, uint32_t id)
{
	for (uint32_t i = 0; i < PARTS_COUNT; i++)
		send_part(sender, &(struct part){ .version = version, .id = id, .index = i });
}

static uint8_t version_of(uint32_t id)
{
	return id % 2 ? 6 : 4;
}

/* ------------------------------------------------------------------------- receiving */

/* What came of the wanted datagrams, by their number. */
struct pieces {
	uint8_t counts[COUNT_MAX][PARTS_COUNT];
	uint64_t strange_count; /* of no such datagram, or no fragments */
	uint64_t count;
};

static void note(struct pieces *pieces, const struct tt_datagram *datagram)
{
	const uint8_t *packet = datagram->packet;
	uint16_t word, offset;
	uint32_t id;

	pieces->count++;
	if (datagram->version == 4) {
		memcpy(&word, packet + 4, sizeof(word));
		memcpy(&offset, packet + 6, sizeof(offset));
		id = be16toh(word) - 1U + (packet[15] - 10U) * IDS_COUNT;
		offset = be16toh(offset) & 0x1fff;
	} else {
		memcpy(&offset, packet + 40 + 2, sizeof(offset));
		memcpy(&id, packet + 40 + 4, sizeof(id));
		id = be32toh(id);
		offset = be16toh(offset) >> 3;
	}
	if (datagram->verdict != TT_VERDICT_FRAGMENT || id >= COUNT_MAX ||
	    offset / PART_UNITS >= PARTS_COUNT)
		pieces->strange_count++;
	else
		pieces->counts[id][offset / PART_UNITS]++;
}

/*
 * Pulls what is there. (A handler is found by ports, which fragments do not have.) As
 * tt_worker_receive().
 */
static int pull_all(struct tt_receiver *receiver, struct pieces *pieces, int timeout_ms)
{
	const struct tt_datagram *datagrams;
	size_t count;
	int r;

	do {
		r = tt_worker_receive(tt_receiver_worker(receiver, 0), timeout_ms, &datagrams,
				      &count, NULL);
		for (size_t i = 0; r == 0 && i < count; i++)
			note(pieces, &datagrams[i]);
	} while (r == 0);
	return r;
}

static void pull_sometimes(const struct sender *sender, struct pieces *pieces, uint32_t id)
{
	if (id % PULL_EVERY == 0)
		assert_int_equal(pull_all(sender->receiver, pieces, 0), TT_EMPTY);
}

/* Stops the receiver and pulls the rest. */
static struct tt_accounting end_pulling(struct sender *sender, struct pieces *pieces)
{
	struct tt_accounting account;

	assert_int_equal(tt_receiver_stop(sender->receiver), 0);
	assert_int_equal(pull_all(sender->receiver, pieces, PATIENCE_MS), TT_STOP);
	account = take_final_account(sender->receiver);
	assert_int_equal(tt_account_ring_dropped(&account), 0);
	assert_int_equal(tt_account_seen(&account), sender->sent_count);
	tt_receiver_free(sender->receiver);
	(void)close(sender->fd);
	return account;
}

static struct pieces *begin(struct sender *sender, struct tt_lab *lab, const char *ports,
			    struct tt_receiver_opts opts)
{
	struct pieces *pieces = calloc(1, sizeof(*pieces));

	assert_non_null(pieces);
	open_sender(sender, lab, open_receiver(ports, NULL, NULL, opts));
	assert_int_equal(tt_receiver_start(sender->receiver), 0);
	return pieces;
}

static void assert_all_once(const struct pieces *pieces, uint32_t count)
{
	assert_int_equal(pieces->strange_count, 0);
	for (uint32_t id = 0; id < count; id++) {
		for (uint32_t i = 0; i < PARTS_COUNT; i++)
			assert_int_equal(pieces->counts[id][i], 1);
	}
}

/* ------------------------------------------------------------- the memory of firsts */

/* A descriptor of the kernel's map, which the receiver owns. */
static int find_fragments_map(struct bpf_map_info *ret_info)
{
	for (int fd = 0; fd < FDS_MAX; fd++) {
		uint32_t info_bytes = sizeof(*ret_info);
		char path[32], target[32] = "";

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, target, sizeof(target) - 1) < 0 ||
		    strcmp(target, "anon_inode:bpf-map") != 0)
			continue;
		memset(ret_info, 0, sizeof(*ret_info));
		if (bpf_obj_get_info_by_fd(fd, ret_info, &info_bytes) == 0 &&
		    strcmp(ret_info->name, "fragments") == 0)
			return fd;
	}
	fail_msg("the receiver has no map of fragments");
	return -1;
}

static uint32_t count_entries(int map_fd)
{
	struct tt_filter_fragment_key key, next;
	const void *from = NULL;
	uint32_t count = 0;

	/* No packets come: nothing is put out while we walk. */
	while (bpf_map_get_next_key(map_fd, from, &next) == 0) {
		key = next;
		from = &key;
		count++;
	}
	return count;
}

/* Makes all that is remembered older. */
static void age_entries(int map_fd, uint64_t age_ns)
{
	struct tt_filter_fragment_key key, next;
	struct tt_filter_fragment value;
	const void *from = NULL;

	while (bpf_map_get_next_key(map_fd, from, &next) == 0) {
		key = next;
		from = &key;
		assert_int_equal(bpf_map_lookup_elem(map_fd, &key, &value), 0);
		value.time_ns -= age_ns;
		assert_int_equal(bpf_map_update_elem(map_fd, &key, &value, BPF_EXIST), 0);
	}
}

/* ---------------------------------------------------------------------------- tests */

/* What the others send in between: a first that is not wanted and its follower, and an orphan. */
static void send_flood(struct sender *sender, uint32_t id)
{
	const struct part unwanted = {
		.version = version_of(id), .id = id, .port = UNWANTED_PORT, .network = 200
	};
	struct part follower = unwanted;
	struct part orphan = { .version = version_of(id + 1), .id = id, .network = 201 };

	follower.index = orphan.index = 1 + id % 2;
	send_part(sender, &unwanted);
	send_part(sender, &orphan);
	send_part(sender, &follower);
}

static void each_fragment_of_a_wanted_datagram_comes_once(void **state)
{
	uint32_t count = datagrams_count();
	struct tt_accounting account;
	struct sender sender;
	struct pieces *pieces = begin(&sender, *state, "4242", with_fragments);
	struct bpf_map_info info;
	int map_fd = find_fragments_map(&info);

	for (uint32_t id = 0; id < count; id++) {
		for (uint32_t i = 0; i < PARTS_COUNT; i++) {
			send_part(
				&sender,
				&(struct part){ .version = version_of(id), .id = id, .index = i });
			send_flood(&sender, 3 * id + i);
		}
		pull_sometimes(&sender, pieces, id);
	}
	assert_int_equal(info.max_entries, TT_FILTER_FRAGMENTS_MAX);
	assert_in_range(count_entries(map_fd), count < 5000 ? count : 5000,
			TT_FILTER_FRAGMENTS_MAX);

	account = end_pulling(&sender, pieces);
	assert_all_once(pieces, count);
	assert_int_equal(tt_account_rejected(&account, TT_REJECT_FRAGMENT),
			 2 * PARTS_COUNT * count);
	assert_int_equal(tt_account_rejected(&account, TT_REJECT_PORT), PARTS_COUNT * count);
	for (int family = 0; family < 2; family++) {
		assert_int_equal(account.sources[family].verdicts[TT_VERDICT_FRAGMENT],
				 PARTS_COUNT * count / 2);
		assert_int_equal(account.sources[family].fragments_late, 0);
	}
	free(pieces);
}

static void wanted_firsts_without_followers_do_not_put_out_fresh_ones(void **state)
{
	uint32_t flood_count = 4 * TT_FILTER_FRAGMENTS_MAX;
	struct sender sender;
	struct pieces *pieces = begin(&sender, *state, "4242", with_fragments);
	struct bpf_map_info info;
	int map_fd = find_fragments_map(&info);
	uint32_t count = 0;
	struct tt_accounting account;

	/* The flood's numbers are not noted: it has sources of its own, and they come once. */
	for (uint32_t i = 0; i < flood_count; i++) {
		const struct part flood = { .version = version_of(i),
					    .id = COUNT_MAX - 1,
					    .index = 0,
					    .network = (uint8_t)(1 + i / 512 % 250) };
		struct part one = flood;

		one.id = COUNT_MAX / 2 + i % 40000;
		send_part(&sender, &one);
		if (i % 16 == 0) {
			send_datagram(&sender, version_of(count), count);
			count++;
		}
		pull_sometimes(&sender, pieces, i);
	}
	assert_in_range(count_entries(map_fd), TT_FILTER_FRAGMENTS_MAX / 2,
			TT_FILTER_FRAGMENTS_MAX);

	account = end_pulling(&sender, pieces);
	assert_all_once(pieces, count);
	assert_int_equal(tt_account_delivered(&account), flood_count + PARTS_COUNT * count);
	assert_int_equal(tt_account_rejected(&account, TT_REJECT_FRAGMENT), 0);
	free(pieces);
}

static void fragments_that_come_too_late_are_counted_so(void **state)
{
	static const uint64_t life_s[] = { TT_FILTER_FRAGMENT_LIFE_IPV4_S,
					   TT_FILTER_FRAGMENT_LIFE_IPV6_S };
	struct sender sender;
	struct pieces *pieces = begin(&sender, *state, "4242", with_fragments);
	struct bpf_map_info info;
	int map_fd = find_fragments_map(&info);
	struct tt_accounting account;

	/* As if the first had come then: some seconds before the end of its life, and after. */
	for (uint32_t id = 0; id < 2; id++) {
		struct part part = { .version = version_of(id), .id = id };

		send_part(&sender, &part);
		age_entries(map_fd, (life_s[id] - MARGIN_S) * TT_NS_PER_S);
		part.index = 1;
		send_part(&sender, &part);
		age_entries(map_fd, UINT64_C(2) * MARGIN_S * TT_NS_PER_S);
		part.index = 2;
		send_part(&sender, &part);
	}

	account = end_pulling(&sender, pieces);
	for (int family = 0; family < 2; family++) {
		assert_int_equal(account.sources[family].delivered, 2);
		assert_int_equal(account.sources[family].rejected[TT_REJECT_FRAGMENT], 1);
		assert_int_equal(account.sources[family].fragments_late, 1);
	}
	free(pieces);
}

static void no_fragment_comes_where_they_are_not_followed(void **state)
{
	struct sender sender;
	struct pieces *pieces = begin(&sender, *state, "4242", without_fragments);
	struct tt_accounting account;

	for (uint32_t id = 0; id < 100; id++)
		send_datagram(&sender, version_of(id), id);
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct tt_packet_spec whole = { .version = version, .payload_bytes = 1 };

		whole.destination_port = FIXTURE_PORT;
		whole.source = version == 4 ? TT_LAB_FAR_IPV4 : TT_LAB_FAR_IPV6;
		whole.destination = version == 4 ? TT_LAB_NEAR_IPV4 : TT_LAB_NEAR_IPV6;
		send_spec(&sender, &whole);
	}

	account = end_pulling(&sender, pieces);
	assert_int_equal(tt_account_rejected(&account, TT_REJECT_FRAGMENT), 100 * PARTS_COUNT);
	assert_int_equal(pieces->count, 2);
	free(pieces);
}

static void where_all_ports_are_wanted_no_first_is_needed(void **state)
{
	struct sender sender;
	struct pieces *pieces = begin(&sender, *state, NULL, with_fragments);
	struct tt_accounting account;

	for (uint32_t id = 0; id < 2; id++) {
		struct part orphan = { .version = version_of(id), .id = id, .index = 2 };

		send_part(&sender, &orphan);
		orphan.protocol = IPPROTO_TCP;
		send_part(&sender, &orphan);
	}
	account = end_pulling(&sender, pieces);
	assert_int_equal(pieces->counts[0][2], 1);
	assert_int_equal(pieces->counts[1][2], 1);
	assert_int_equal(pieces->count, 2);
	/* IPv6's says what its first header is; that of the datagram only the first knows. */
	assert_int_equal(account.sources[TT_SOURCE_IPV4].rejected[TT_REJECT_NOT_UDP], 1);
	assert_int_equal(account.sources[TT_SOURCE_IPV6].rejected[TT_REJECT_FRAGMENT], 1);
	free(pieces);
}

static void the_protocol_names_ipv4_datagrams_but_not_ipv6_ones(void **state)
{
	struct sender sender;
	struct pieces *pieces = begin(&sender, *state, "4242", with_fragments);
	struct tt_accounting account;

	for (uint32_t id = 0; id < 2; id++) {
		struct part part = { .version = version_of(id), .id = id };

		send_part(&sender, &part);
		part.index = 1;
		part.protocol = IPPROTO_TCP;
		send_part(&sender, &part);
	}
	account = end_pulling(&sender, pieces);
	assert_int_equal(account.sources[TT_SOURCE_IPV4].rejected[TT_REJECT_NOT_UDP], 1);
	assert_int_equal(account.sources[TT_SOURCE_IPV4].delivered, 1);
	assert_int_equal(account.sources[TT_SOURCE_IPV6].delivered, 2);
	free(pieces);
}

static void fragments_follow_their_first_over_a_change(void **state)
{
	struct sender sender;
	struct pieces *pieces = begin(&sender, *state, "4242", with_fragments);
	struct tt_accounting account;

	for (uint32_t id = 0; id < 2; id++)
		send_part(&sender, &(struct part){ .version = version_of(id), .id = id });
	assert_int_equal(tt_receiver_set_ports(sender.receiver, "1", NULL), 0);
	assert_int_equal(tt_receiver_set_expression(sender.receiver, "udp[0:2] = 1", NULL), 0);
	for (uint32_t id = 0; id < 2; id++) {
		for (uint32_t i = 1; i < PARTS_COUNT; i++)
			send_part(
				&sender,
				&(struct part){ .version = version_of(id), .id = id, .index = i });
	}
	for (uint32_t id = 2; id < 4; id++)
		send_datagram(&sender, version_of(id), id);

	account = end_pulling(&sender, pieces);
	assert_all_once(pieces, 2);
	assert_int_equal(pieces->count, 2 * PARTS_COUNT);
	assert_int_equal(tt_account_rejected(&account, TT_REJECT_PORT), 2);
	assert_int_equal(tt_account_rejected(&account, TT_REJECT_FRAGMENT), 2 * 2);
	free(pieces);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, enter_lab, leave_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(each_fragment_of_a_wanted_datagram_comes_once),
		LAB_TEST(wanted_firsts_without_followers_do_not_put_out_fresh_ones),
		LAB_TEST(fragments_that_come_too_late_are_counted_so),
		LAB_TEST(no_fragment_comes_where_they_are_not_followed),
		LAB_TEST(where_all_ports_are_wanted_no_first_is_needed),
		LAB_TEST(the_protocol_names_ipv4_datagrams_but_not_ipv6_ones),
		LAB_TEST(fragments_follow_their_first_over_a_change),
	};

	if (!tt_lab_is_possible())
		return EXIT_SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
