/* SPDX-License-Identifier: MIT */

/*
 * From a link's header to the IP packet behind it
 *
 * Each header is tried at every length it can be cut to, before an unreadable page: it is then
 * no IP, and all that was captured stays.
 */

#include "trace/link_header.h"

#include <net/if_arp.h>
#include <string.h>

#include "tests/support/guard.h"
#include "tests/unit/cmocka_all.h"
#include "trace/pcapng.h"

enum {
	HEADER_BYTES_MAX = 64,
	UNCAPTURED_BYTES = 1000,
};

#define ETHERNET "\x02\x11\x12\x13\x14\x15\x02\x21\x22\x23\x24\x25"

struct sample {
	uint32_t link_type;
	const char *header;
	size_t header_bytes;
	uint8_t version; /* that is expected */
};

#define SAMPLE(link_type, header, version)                         \
	{                                                          \
		(link_type), header, sizeof(header) - 1, (version) \
	}

static const struct sample samples[] = {
	SAMPLE(TT_LINKTYPE_NULL, "\x02\0\0\0", 4),
	SAMPLE(TT_LINKTYPE_NULL, "\0\0\0\x02", 4),
	SAMPLE(TT_LINKTYPE_NULL, "\x0a\0\0\0", 6),
	SAMPLE(TT_LINKTYPE_NULL, "\x18\0\0\0", 6),
	SAMPLE(TT_LINKTYPE_NULL, "\x1c\0\0\0", 6),
	SAMPLE(TT_LINKTYPE_NULL, "\x1e\0\0\0", 6),
	SAMPLE(TT_LINKTYPE_LOOP, "\0\0\0\x18", 6),
	SAMPLE(TT_LINKTYPE_LOOP, "\x02\0\0\0", 4),
	SAMPLE(TT_LINKTYPE_ETHERNET, ETHERNET "\x08\x00", 4),
	SAMPLE(TT_LINKTYPE_ETHERNET, ETHERNET "\x86\xdd", 6),
	SAMPLE(TT_LINKTYPE_ETHERNET, ETHERNET "\x81\x00\x20\x01\x08\x00", 4),
	SAMPLE(TT_LINKTYPE_ETHERNET, ETHERNET "\x88\xa8\x20\x01\x81\x00\x20\x02\x86\xdd", 6),
	SAMPLE(TT_LINKTYPE_ETHERNET,
	       ETHERNET "\x91\x00\x20\x01\x81\x00\x20\x02\x81\x00\x20\x03\x08\x00", 4),
	SAMPLE(TT_LINKTYPE_ETHERNET, ETHERNET "\x00\x40\xaa\xaa\x03\0\0\0\x08\x00", 4),
	SAMPLE(TT_LINKTYPE_LINUX_SLL, "\0\x01\0\x01\0\x06\x02\x21\x22\x23\x24\x25\0\0\x08\x00", 4),
	SAMPLE(TT_LINKTYPE_LINUX_SLL,
	       "\0\x01\0\x01\0\x06\x02\x21\x22\x23\x24\x25\0\0\x81\x00\x20\x01\x86\xdd", 6),
	SAMPLE(TT_LINKTYPE_LINUX_SLL2,
	       "\x08\x00\0\0\0\0\0\x07\x03\x04\x02\x06\x02\x21\x22\x23\x24\x25\0\0", 4),
	SAMPLE(TT_LINKTYPE_LINUX_SLL2,
	       "\x81\x00\0\0\0\0\0\x07\x03\x04\x02\x06\x02\x21\x22\x23\x24\x25\0\0\x20\x01\x86\xdd",
	       6),
};

static const struct sample not_ip[] = {
	SAMPLE(TT_LINKTYPE_NULL, "\x07\0\0\0\x45\0", 0),
	SAMPLE(TT_LINKTYPE_NULL, "\xff\xff\xff\xff\x45\0", 0),
	SAMPLE(TT_LINKTYPE_ETHERNET, ETHERNET "\x08\x06\x45\0", 0),
	SAMPLE(TT_LINKTYPE_ETHERNET, ETHERNET "\x81\x00\x20\x01\x08\x06\x45\0", 0),
	SAMPLE(TT_LINKTYPE_ETHERNET, ETHERNET "\x00\x40\x42\x42\x03\0\0\0\x08\x00\x45\0", 0),
	SAMPLE(TT_LINKTYPE_ETHERNET, ETHERNET "\x00\x40\xaa\xaa\x03\0\0\x01\x08\x00\x45\0", 0),
	SAMPLE(TT_LINKTYPE_LINUX_SLL, "\0\0\0\x01\0\x06\x02\x21\x22\x23\x24\x25\0\0\x08\x06\x45",
	       0),
	SAMPLE(TT_LINKTYPE_LINUX_SLL2,
	       "\x08\x06\0\0\0\0\0\x07\x03\x04\x02\x06\x02\x21\x22\x23\x24\x25\0\0\x45", 0),
	SAMPLE(105, "\x45\0\0\0\x08\x00", 0), /* IEEE 802.11 */
	SAMPLE(UINT32_MAX, "\x45\0\0\0\x08\x00", 0),
	SAMPLE(TT_LINKTYPE_RAW, "\x55\0\0\0", 0),
	SAMPLE(TT_LINKTYPE_RAW, "\x05\0\0\0", 0),
	SAMPLE(TT_LINKTYPE_RAW, "", 0),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct tt_frame frame_of(const uint8_t *bytes, size_t bytes_count)
{
	return (struct tt_frame){
		.bytes = bytes,
		.captured_bytes = (uint32_t)bytes_count,
		.wire_bytes = (uint32_t)bytes_count + UNCAPTURED_BYTES,
		.version = 9,
		.packet_type = 9,
	};
}

static void a_whole_header_is_taken_off_and_a_cut_one_is_not(void **state)
{
	struct tt_guard guard;

	(void)state;

	tt_guard_init(&guard, HEADER_BYTES_MAX);
	for (size_t i = 0; i < COUNT(samples); i++) {
		for (size_t length = 0; length <= samples[i].header_bytes; length++) {
			bool is_whole = length == samples[i].header_bytes;
			const uint8_t *bytes = tt_guard_copy(&guard, samples[i].header, length);
			struct tt_frame frame = frame_of(bytes, length);
			struct tt_origin origin;
			uint32_t kernel_index;

			(void)tt_link_header_take(samples[i].link_type, &frame, &origin,
						  &kernel_index);
			assert_int_equal(frame.version, is_whole ? samples[i].version : 0);
			assert_ptr_equal(frame.bytes, is_whole ? bytes + length : bytes);
			assert_int_equal(frame.captured_bytes, is_whole ? 0 : length);
			assert_int_equal(frame.wire_bytes, frame.captured_bytes + UNCAPTURED_BYTES);
			assert_true(origin.address_bytes <= TT_ORIGIN_ADDRESS_BYTES);
		}
	}
	tt_guard_deinit(&guard);
}

static void what_is_no_ip_stays_as_it_was_captured(void **state)
{
	struct tt_guard guard;

	(void)state;

	tt_guard_init(&guard, HEADER_BYTES_MAX);
	for (size_t i = 0; i < COUNT(not_ip); i++) {
		size_t length = not_ip[i].header_bytes;
		const uint8_t *bytes = tt_guard_copy(&guard, not_ip[i].header, length);
		struct tt_frame frame = frame_of(bytes, length);
		struct tt_origin origin;
		uint32_t kernel_index;

		(void)tt_link_header_take(not_ip[i].link_type, &frame, &origin, &kernel_index);
		assert_int_equal(frame.version, 0);
		assert_ptr_equal(frame.bytes, bytes);
		assert_int_equal(frame.captured_bytes, length);
		assert_int_equal(frame.wire_bytes, length + UNCAPTURED_BYTES);
	}
	tt_guard_deinit(&guard);
}

static void bare_ip_has_its_version_by_the_link_or_by_itself(void **state)
{
	static const struct {
		uint32_t link_type;
		uint8_t first;
		uint8_t version;
	} bare[] = {
		{ TT_LINKTYPE_RAW, 0x45, 4 },
		{ TT_LINKTYPE_RAW, 0x60, 6 },
		{ TT_LINKTYPE_RAW_BSD, 0x45, 4 },
		{ TT_LINKTYPE_RAW_OPENBSD, 0x60, 6 },
		{ TT_LINKTYPE_IPV4, 0x45, 4 },
		{ TT_LINKTYPE_IPV4, 0x60,
		  4 }, /* the link's promise; that it is broken decode says */
		{ TT_LINKTYPE_IPV6, 0x60, 6 },
	};

	(void)state;

	for (size_t i = 0; i < COUNT(bare); i++) {
		struct tt_frame frame = frame_of(&bare[i].first, 1);
		struct tt_origin origin;
		uint32_t kernel_index;

		assert_false(
			tt_link_header_take(bare[i].link_type, &frame, &origin, &kernel_index));
		assert_int_equal(frame.version, bare[i].version);
		assert_ptr_equal(frame.bytes, &bare[i].first);
		assert_int_equal(frame.captured_bytes, 1);
		assert_int_equal(frame.packet_type, TT_PACKET_HOST);
		assert_int_equal(origin.hardware_type, ARPHRD_NONE);
		assert_int_equal(origin.address_bytes, 0);
		assert_int_equal(kernel_index, 0);
	}
}

static void cooked_headers_tell_type_sender_and_interface(void **state)
{
	static const uint8_t cooked[] = "\0\x04\x03\x04\0\x06\x02\x21\x22\x23\x24\x25\0\0\x08";
	static const uint8_t cooked2[] =
		"\x86\xdd\0\0\x01\x02\x03\x04\x03\x04\x02\xff\x02\x21\x22\x23\x24\x25\x26\x27";
	struct tt_frame frame = frame_of(cooked, 16);
	struct tt_origin origin;
	uint32_t kernel_index;

	(void)state;

	assert_true(tt_link_header_take(TT_LINKTYPE_LINUX_SLL, &frame, &origin, &kernel_index));
	assert_int_equal(frame.packet_type, TT_PACKET_OUTGOING);
	assert_int_equal(origin.hardware_type, ARPHRD_LOOPBACK);
	assert_int_equal(origin.address_bytes, 6);
	assert_memory_equal(origin.address, "\x02\x21\x22\x23\x24\x25\0\0", 8);
	assert_int_equal(kernel_index, 0);

	frame = frame_of(cooked2, 20);
	assert_true(tt_link_header_take(TT_LINKTYPE_LINUX_SLL2, &frame, &origin, &kernel_index));
	assert_int_equal(frame.packet_type, TT_PACKET_MULTICAST);
	assert_int_equal(origin.hardware_type, ARPHRD_LOOPBACK);
	assert_int_equal(origin.address_bytes, 8); /* cut to what there is */
	assert_memory_equal(origin.address, "\x02\x21\x22\x23\x24\x25\x26\x27", 8);
	assert_int_equal(kernel_index, 0x01020304);
}

static void ethernet_tells_sender_and_to_whom_it_was_sent(void **state)
{
	static const struct {
		const char *destination;
		uint8_t packet_type;
	} destinations[] = {
		{ "\x02\x11\x12\x13\x14\x15", TT_PACKET_HOST },
		{ "\xff\xff\xff\xff\xff\xff", TT_PACKET_BROADCAST },
		{ "\xff\xff\xff\xff\xff\xfe", TT_PACKET_MULTICAST },
		{ "\x33\x33\x00\x00\x00\x01", TT_PACKET_MULTICAST },
	};

	(void)state;

	for (size_t i = 0; i < COUNT(destinations); i++) {
		uint8_t header[14] = ETHERNET "\x08";
		struct tt_frame frame = frame_of(header, sizeof(header));
		struct tt_origin origin;
		uint32_t kernel_index;

		memcpy(header, destinations[i].destination, 6);
		assert_false(
			tt_link_header_take(TT_LINKTYPE_ETHERNET, &frame, &origin, &kernel_index));
		assert_int_equal(frame.packet_type, destinations[i].packet_type);
		assert_int_equal(origin.hardware_type, ARPHRD_ETHER);
		assert_int_equal(origin.address_bytes, 6);
		assert_memory_equal(origin.address, "\x02\x21\x22\x23\x24\x25\0\0", 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_header_is_taken_off_and_a_cut_one_is_not),
		cmocka_unit_test(what_is_no_ip_stays_as_it_was_captured),
		cmocka_unit_test(bare_ip_has_its_version_by_the_link_or_by_itself),
		cmocka_unit_test(cooked_headers_tell_type_sender_and_interface),
		cmocka_unit_test(ethernet_tells_sender_and_to_whom_it_was_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
