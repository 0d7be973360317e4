/* SPDX-License-Identifier: MIT */

/*
 * IP packets out of files of captured packets
 *
 * A link's header says two things: how many bytes it has, and what follows. Each link type
 * has a function that reads these; whatever is not captured of a header makes it no IP.
 */

#include "tests/support/capture_file.h"

#include <dirent.h>
#include <errno.h>
#include <net/ethernet.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet/view.h"

enum {
	PATH_BYTES = 4096,
	FAMILY_BYTES = 4, /* the header of NULL and LOOP */
	ETHERNET_TYPE_OFFSET = 12,
	ETHERNET_BYTES = 14,
	TAG_BYTES = 4,
	TYPE_QINQ = 0x88a8,
	TYPE_QINQ_OLD = 0x9100,
	IPV4_FAMILY = 2, /* of every system; IPv6 has several */
	IPV6_FAMILY_LINUX = 10,
	IPV6_FAMILY_NETBSD = 24,
	IPV6_FAMILY_FREEBSD = 28,
	IPV6_FAMILY_DARWIN = 30,
	NS_PER_S = 1000000000,
};

/* LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2. */
enum {
	SLL_PACKET_TYPE_OFFSET = 0,
	SLL_PROTOCOL_OFFSET = 14,
	SLL_BYTES = 16,
	SLL2_PROTOCOL_OFFSET = 0,
	SLL2_INTERFACE_OFFSET = 4,
	SLL2_PACKET_TYPE_OFFSET = 10,
	SLL2_BYTES = 20,
};

/* What a link's header says. */
struct link_header {
	size_t bytes;
	uint8_t version; /* 4 or 6; 0: no IP packet follows */
	uint8_t packet_type;
	uint32_t interface_index;
};

typedef void read_link_fn(struct tt_view frame, struct link_header *header);

/* An EtherType and, while it is a tag's, the next one; @header->bytes is behind the first. */
static void read_type(struct tt_view frame, uint16_t type, struct link_header *header)
{
	while (type == ETHERTYPE_VLAN || type == TYPE_QINQ || type == TYPE_QINQ_OLD) {
		type = tt_view_be16(frame, header->bytes + TAG_BYTES - sizeof(type));
		header->bytes += TAG_BYTES;
	}
	if (header->bytes > frame.bytes_count)
		return;
	if (type == ETHERTYPE_IP)
		header->version = 4;
	else if (type == ETHERTYPE_IPV6)
		header->version = 6;
}

static void read_ethernet(struct tt_view frame, struct link_header *header)
{
	header->bytes = ETHERNET_BYTES;
	read_type(frame, tt_view_be16(frame, ETHERNET_TYPE_OFFSET), header);
}

static void read_sll(struct tt_view frame, struct link_header *header)
{
	header->bytes = SLL_BYTES;
	header->packet_type = (uint8_t)tt_view_be16(frame, SLL_PACKET_TYPE_OFFSET);
	read_type(frame, tt_view_be16(frame, SLL_PROTOCOL_OFFSET), header);
}

static void read_sll2(struct tt_view frame, struct link_header *header)
{
	header->bytes = SLL2_BYTES;
	header->packet_type = tt_view_u8(frame, SLL2_PACKET_TYPE_OFFSET);
	header->interface_index = tt_view_be32(frame, SLL2_INTERFACE_OFFSET);
	read_type(frame, tt_view_be16(frame, SLL2_PROTOCOL_OFFSET), header);
}

/* Who wrote a NULL header used its own byte order, which nothing in the file tells. */
static void read_family(struct tt_view frame, struct link_header *header)
{
	uint32_t family = tt_view_be32(frame, 0);

	header->bytes = FAMILY_BYTES;
	if (!tt_view_has(frame, 0, FAMILY_BYTES))
		return;
	if (family > UINT16_MAX)
		family = __builtin_bswap32(family);

	switch (family) {
	case IPV4_FAMILY:
		header->version = 4;
		break;
	case IPV6_FAMILY_LINUX:
	case IPV6_FAMILY_NETBSD:
	case IPV6_FAMILY_FREEBSD:
	case IPV6_FAMILY_DARWIN:
		header->version = 6;
		break;
	default:
		break;
	}
}

static void read_raw(struct tt_view frame, struct link_header *header)
{
	uint8_t version = (uint8_t)(tt_view_u8(frame, 0) >> 4);

	if (version == 4 || version == 6)
		header->version = version;
}

static void read_ipv4(struct tt_view frame, struct link_header *header)
{
	(void)frame;
	header->version = 4;
}

static void read_ipv6(struct tt_view frame, struct link_header *header)
{
	(void)frame;
	header->version = 6;
}

/* NULL: a link type that is not known here. */
static read_link_fn *reader_of(int link_type)
{
	switch (link_type) {
	case DLT_RAW:
		return read_raw;
	case DLT_IPV4:
		return read_ipv4;
	case DLT_IPV6:
		return read_ipv6;
	case DLT_NULL:
	case DLT_LOOP:
		return read_family;
	case DLT_EN10MB:
		return read_ethernet;
	case DLT_LINUX_SLL:
		return read_sll;
	case DLT_LINUX_SLL2:
		return read_sll2;
	default:
		return NULL;
	}
}

/* Adds a line; what has no room is left out, since the counts tell of it all the same. */
__attribute__((format(printf, 2, 3))) static void remark(struct tt_capture_tally *tally,
							 const char *format, ...)
{
	size_t room_bytes = sizeof(tally->remarks) - tally->remarks_bytes;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(tally->remarks + tally->remarks_bytes, room_bytes, format, arguments);
	va_end(arguments);

	if (length >= 0 && (size_t)length < room_bytes)
		tally->remarks_bytes += (size_t)length;
	else
		tally->remarks[tally->remarks_bytes] = 0;
}

static int give_packet(read_link_fn *read_link, const struct pcap_pkthdr *packet,
		       const uint8_t *bytes, tt_capture_file_fn *give, void *context,
		       struct tt_capture_tally *tally)
{
	struct tt_view view = { .bytes = bytes, .bytes_count = packet->caplen };
	uint32_t wire_bytes = packet->len > packet->caplen ? packet->len : packet->caplen;
	struct link_header header = { 0 };
	struct tt_frame frame = { 0 };

	tally->packets_count++;
	if (!read_link) {
		tally->other_link_type_count++;
		return 0;
	}
	read_link(view, &header);
	if (header.version == 0) {
		tally->not_ip_count++;
		return 0;
	}

	frame.bytes = bytes + header.bytes;
	frame.captured_bytes = packet->caplen - (uint32_t)header.bytes;
	frame.wire_bytes = wire_bytes - (uint32_t)header.bytes;
	/* Nanoseconds stand in the microseconds' place. Beyond the year 2262: 0, unknown. */
	if (__builtin_mul_overflow((int64_t)packet->ts.tv_sec, (int64_t)NS_PER_S, &frame.time_ns) ||
	    __builtin_add_overflow(frame.time_ns, (int64_t)packet->ts.tv_usec, &frame.time_ns))
		frame.time_ns = 0;
	frame.interface_index = header.interface_index;
	frame.version = header.version;
	if (header.packet_type < TT_PACKET_TYPE_COUNT)
		frame.packet_type = header.packet_type;
	tally->given_count++;
	return give(&frame, context);
}

int tt_capture_file_read(const char *path, tt_capture_file_fn *give, void *context,
			 struct tt_capture_tally *tally)
{
	char error[PCAP_ERRBUF_SIZE] = "";
	struct pcap_pkthdr *packet;
	read_link_fn *read_link;
	const uint8_t *bytes;
	int status, r = 0;
	pcap_t *pcap;

	tally->files_count++;
	pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
	if (!pcap) {
		tally->refused_files_count++;
		remark(tally, "%s: refused: %s\n", path, error);
		return 0;
	}
	read_link = reader_of(pcap_datalink(pcap));
	if (!read_link)
		tally->other_link_type_files_count++;

	while (r == 0 && (status = pcap_next_ex(pcap, &packet, &bytes)) == 1)
		r = give_packet(read_link, packet, bytes, give, context, tally);
	if (r == 0 && status != PCAP_ERROR_BREAK) {
		tally->broken_files_count++;
		remark(tally, "%s: broken: %s\n", path, pcap_geterr(pcap));
	}
	pcap_close(pcap);
	return r;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Always the same order, whatever the locale says. */
static int compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int tt_capture_folder_read(const char *folder, tt_capture_file_fn *give, void *context,
			   struct tt_capture_tally *tally)
{
	struct dirent **entries;
	char path[PATH_BYTES];
	int count, r = 0;

	count = scandir(folder, &entries, is_visible, compare);
	if (count < 0)
		return -errno;

	for (int i = 0; i < count; i++) {
		int length = snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);

		free(entries[i]);
		if (r == 0 && (length < 0 || (size_t)length >= sizeof(path)))
			r = -ENAMETOOLONG;
		if (r == 0)
			r = tt_capture_file_read(path, give, context, tally);
	}
	free(entries);
	return r;
}
