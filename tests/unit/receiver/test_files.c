/* SPDX-License-Identifier: MIT */

/*
 * A receiver that reads trace files, through the public functions
 *
 * The files are made here, each datagram going to a port that tells which it is, and lie in
 * the temporary folder. However a receiver is driven and whatever ends it, its account must be
 * exact then. It takes no privilege.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/account.h"
#include "tests/support/packets.h"
#include "tests/support/test_folder.h"
#include "tests/support/trace_file.h"
#include "tests/support/trace_image.h"
#include "tests/unit/cmocka_all.h"
#include "trace/pcapng.h"
#include "twintap/twintap.h"

enum {
	FILES_MAX = 4,
	PAYLOAD_BYTES = 40,
	PACKET_BYTES = 28 + PAYLOAD_BYTES,
	LINKTYPE_RAW = 101,
	SECONDS = 1795211941,
	LOG_BYTES = 4096,
	MANY = 200, /* several batches */
	SMALL_FILE_BYTES = 4096,
	MERGED_TOO_MANY = TT_FILES_MERGED_MAX + 1,
};

static struct {
	struct tt_test_folder folder;
	struct tt_trace_file files[FILES_MAX];
	struct tt_trace_image images[FILES_MAX];
	const char *paths[FILES_MAX];
	size_t files_count;
	struct tt_receiver *receiver;
	char log[LOG_BYTES]; /* ports that handlers were given */
	size_t log_length;
	uint16_t stopping_port; /* the handler's answer to it: */
	int answer;
	bool aborts, stops;
	uint32_t generation;
	uint32_t payload_captured_bytes; /* of the last */
	bool is_local;
} lab;

static int set_up(void **state)
{
	(void)state;
	memset(&lab, 0, sizeof(lab));
	tt_test_folder_init(&lab.folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tt_receiver_free(lab.receiver);
	for (size_t i = 0; i < lab.files_count; i++)
		tt_trace_file_deinit(&lab.files[i]);
	tt_test_folder_deinit(&lab.folder);
	return 0;
}

/* ----------------------------------------------------------------------------- the files */

/* Begins the next file; what is put goes there. */
static struct tt_trace_image *begin_file(void)
{
	struct tt_trace_image *image = &lab.images[lab.files_count];

	assert_true(lab.files_count < FILES_MAX);
	tt_trace_image_init(image, false);
	tt_trace_image_put_pcap(image, TT_PCAP_MAGIC_US, LINKTYPE_RAW);
	return image;
}

/* A datagram to a port, so many seconds after the first. */
static void put_at(struct tt_trace_image *image, uint16_t port, uint32_t seconds)
{
	struct tt_packet_spec spec = { .version = 4,
				       .payload_bytes = PAYLOAD_BYTES,
				       .destination_port = port };
	uint8_t packet[PACKET_BYTES];
	struct tt_view view = { .bytes = packet,
				.bytes_count = tt_packet_build(&spec, packet, sizeof(packet)) };

	tt_trace_image_put_record(image, SECONDS + seconds, 0, view, PACKET_BYTES);
}

static void put(struct tt_trace_image *image, uint16_t port)
{
	put_at(image, port, 0);
}

/* Behind this nothing of the file can be read. */
static void put_damage(struct tt_trace_image *image)
{
	static const uint8_t garbage[64];

	for (int i = 0; i < 4; i++)
		tt_trace_image_put_u32(image, UINT32_MAX);
	tt_trace_image_put(image, garbage, sizeof(garbage));
}

static void end_file(struct tt_trace_image *image)
{
	struct tt_trace_file *file = &lab.files[lab.files_count];

	tt_trace_file_init(file);
	tt_trace_file_append(file, tt_trace_image_view(image));
	tt_trace_file_close(file);
	lab.paths[lab.files_count++] = file->path;
}

static void make_file(uint16_t first_port, uint16_t count)
{
	struct tt_trace_image *image = begin_file();

	for (uint16_t i = 0; i < count; i++)
		put(image, (uint16_t)(first_port + i));
	end_file(image);
}

/* -------------------------------------------------------------------------- the receiver */

static int handle(struct tt_receiver *receiver, const struct tt_datagram *datagrams, size_t count,
		  void *context)
{
	const char *prefix = context;

	for (size_t i = 0; i < count; i++) {
		uint16_t port = tt_address_port(&datagrams[i].destination);

		if (lab.log_length < LOG_BYTES)
			lab.log_length += (size_t)snprintf(lab.log + lab.log_length,
							   LOG_BYTES - lab.log_length, "%s%u ",
							   prefix ? prefix : "", port);
		lab.payload_captured_bytes = datagrams[i].payload_captured_bytes;
		lab.generation = datagrams[i].generation;
		lab.is_local |= (datagrams[i].flags & TT_DATAGRAM_LOCAL) != 0;
		if (port != lab.stopping_port)
			continue;
		if (lab.stops)
			assert_int_equal(tt_receiver_stop(receiver), 0);
		if (lab.aborts)
			assert_int_equal(tt_receiver_abort(receiver), 0);
		return lab.answer;
	}
	return 0;
}

static struct tt_receiver_opts over_files(void)
{
	return TT_RECEIVER_OPTS(.files = lab.paths, .files_count = lab.files_count,
				.port_side = TT_PORT_EITHER);
}

static void open_it(const char *ports, tt_handler_fn *handler, struct tt_receiver_opts opts)
{
	struct tt_error error = TT_ERROR_INIT;

	if (tt_receiver_new(&lab.receiver, ports, handler, NULL, &opts, &error) < 0)
		fail_msg("%s", error.message);
}

static void refuse(struct tt_receiver_opts opts, int code, const char *words)
{
	struct tt_error error = TT_ERROR_INIT;

	assert_int_equal(tt_receiver_new(&lab.receiver, NULL, handle, NULL, &opts, &error), code);
	if (!strstr(error.message, words))
		fail_msg("no \"%s\" in: %s", words, error.message);
	assert_null(lab.receiver);
}

static struct tt_accounting take_account(void)
{
	struct tt_accounting accounting = { .size = sizeof(accounting) };

	assert_int_equal(tt_receiver_accounting(lab.receiver, &accounting), 0);
	assert_int_equal(accounting.filter_kind, TT_FILTER_USER);
	assert_true(accounting.nic_dropped == TT_UNKNOWN);
	assert_int_equal(accounting.sources[TT_SOURCE_FILE].is_present, 1);
	assert_int_equal(accounting.sources[TT_SOURCE_IPV4].is_present, 0);
	return accounting;
}

static struct tt_source_accounting take_exact_account(void)
{
	struct tt_accounting accounting = take_account();

	tt_account_assert_exact(&accounting);
	return accounting.sources[TT_SOURCE_FILE];
}

static void run_it(int answer, const char *words)
{
	struct tt_error error = TT_ERROR_INIT;
	int r = tt_receiver_run(lab.receiver, &error);

	if (r != answer)
		fail_msg("%d instead of %d: %s", r, answer, error.message);
	if (answer < 0 && !strstr(error.message, words))
		fail_msg("no \"%s\" in: %s", words, error.message);
	(void)take_exact_account();
	assert_int_equal(tt_receiver_run(lab.receiver, NULL), -ESHUTDOWN);
}

static void handlers_get_every_datagram_of_every_file(void **state)
{
	struct tt_source_accounting account;
	struct tt_receiver_opts opts;

	(void)state;
	make_file(1, 2);
	make_file(11, 1);
	opts = over_files();
	open_it(NULL, handle, opts);
	lab.paths[0] = lab.paths[1] = "gone"; /* they were copied */
	assert_int_equal(take_account().is_final, 0);
	run_it(0, "");
	assert_string_equal(lab.log, "1 2 11 ");
	account = take_exact_account();
	assert_int_equal(account.seen, 3);
	assert_int_equal(account.delivered, 3);
	assert_int_equal(account.late, 0);
	assert_int_equal(account.ring_bytes, 0);
	assert_false(lab.is_local); /* nobody knows */
	assert_null(tt_receiver_fallback_reason(lab.receiver));
}

static void ports_expression_and_snap_length_count(void **state)
{
	struct tt_receiver_opts opts;
	struct tt_source_accounting account;

	(void)state;
	make_file(1, 10);
	opts = over_files();
	opts.expression = "not udp dst port 5";
	opts.snap_bytes = 48;
	open_it("4-6,9", handle, opts);
	run_it(0, "");
	assert_string_equal(lab.log, "4 6 9 ");
	assert_int_equal(lab.payload_captured_bytes, 20);
	account = take_exact_account();
	assert_int_equal(account.rejected[TT_REJECT_PORT], 6);
	assert_int_equal(account.rejected[TT_REJECT_EXPRESSION], 1);
	assert_int_equal(account.payload_cut, 3);
}

static void setters_count_before_the_start_and_are_refused_after_it(void **state)
{
	static char route[] = "r", refused[] = "x";
	struct tt_error error = TT_ERROR_INIT;

	(void)state;
	make_file(1, 10);
	open_it("1", handle, over_files());
	assert_int_equal(tt_receiver_set_ports(lab.receiver, "2-9", NULL), 0);
	assert_int_equal(tt_receiver_set_expression(lab.receiver, "not udp dst port 3", NULL), 0);
	assert_int_equal(tt_receiver_set_expression(lab.receiver, "not udp dst port 4", NULL), 0);
	assert_int_equal(tt_receiver_set_snap_bytes(lab.receiver, TT_SNAP_HEADERS, NULL), 0);
	assert_int_equal(tt_receiver_add_route(lab.receiver, "7,10", handle, route, NULL), 0);
	assert_int_equal(tt_receiver_set_expression(lab.receiver, "no sense", NULL), -EINVAL);

	assert_int_equal(tt_receiver_start(lab.receiver), 0);
	assert_int_equal(tt_receiver_set_ports(lab.receiver, "1", &error), -EBUSY);
	assert_non_null(strstr(error.message, "started already"));
	assert_int_equal(tt_receiver_set_expression(lab.receiver, NULL, &error), -EBUSY);
	assert_int_equal(tt_receiver_set_snap_bytes(lab.receiver, 0, &error), -EBUSY);
	assert_int_equal(tt_receiver_add_route(lab.receiver, "2-5", handle, refused, &error),
			 -EBUSY);
	assert_non_null(strstr(error.message, "started already"));
	run_it(0, "");
	assert_string_equal(lab.log, "2 3 5 6 r7 8 9 r10 ");
	assert_int_equal(lab.payload_captured_bytes, 0);
}

/* ---------------------------------------------------------------------------- damaged files */

static void make_damaged_file(uint16_t port)
{
	struct tt_trace_image *image = begin_file();

	put(image, port);
	put_damage(image);
	end_file(image);
}

static void damage_is_told_by_dispatch_and_it_goes_on(void **state)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_worker *worker;
	int r, failures_count = 0;

	(void)state;
	make_damaged_file(1);
	make_damaged_file(2);
	make_file(3, 1);
	open_it(NULL, handle, over_files());
	worker = tt_receiver_worker(lab.receiver, 0);
	while ((r = tt_worker_dispatch(worker, 0, &error)) != TT_STOP) {
		if (r == 0 || r == TT_EMPTY)
			continue;
		assert_int_equal(r, -EBADMSG);
		assert_non_null(strstr(error.message, lab.paths[failures_count]));
		failures_count++;
	}
	assert_int_equal(failures_count, 2);
	assert_string_equal(lab.log, "1 2 3 ");
	(void)take_exact_account();
}

static void run_tells_the_first_damage_at_the_end(void **state)
{
	(void)state;
	make_file(1, 1);
	make_damaged_file(2);
	make_damaged_file(3);
	make_file(4, 1);
	open_it(NULL, handle, over_files());
	run_it(-EBADMSG, lab.paths[1]);
	assert_string_equal(lab.log, "1 2 3 4 ");
}

static void pulling_goes_on_behind_damage_too(void **state)
{
	const struct tt_datagram *datagrams;
	struct tt_error error = TT_ERROR_INIT;
	uint16_t ports[4] = { 0 };
	struct tt_worker *worker;
	size_t count, pulled_count = 0;
	int r, failures_count = 0;

	(void)state;
	make_damaged_file(1);
	make_file(2, 2);
	open_it(NULL, NULL, over_files());
	worker = tt_receiver_worker(lab.receiver, 0);
	while ((r = tt_worker_receive(worker, -1, &datagrams, &count, &error)) != TT_STOP) {
		if (r < 0) {
			assert_int_equal(r, -EBADMSG);
			assert_non_null(strstr(error.message, lab.paths[0]));
			failures_count++;
		}
		for (size_t i = 0; i < count; i++)
			ports[pulled_count++ % 4] = tt_address_port(&datagrams[i].destination);
	}
	assert_int_equal(failures_count, 1);
	assert_int_equal(pulled_count, 3);
	assert_int_equal(ports[0] * 100 + ports[1] * 10 + ports[2], 123);
	(void)take_exact_account();
}

static void a_file_that_is_missing_later_is_as_one_that_is_damaged(void **state)
{
	(void)state;
	make_file(1, 1);
	make_file(2, 1);
	make_file(3, 1);
	open_it(NULL, handle, over_files());
	assert_int_equal(unlink(lab.paths[1]), 0);
	run_it(-ENOENT, lab.paths[1]);
	assert_string_equal(lab.log, "1 3 ");
}

/* ------------------------------------------------------------------------------------ order */

static void ordered_files_are_merged_and_others_are_not(void **state)
{
	struct tt_receiver_opts opts;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct tt_trace_image *image = begin_file();

		for (uint32_t k = 0; k < 3; k++)
			put_at(image, (uint16_t)(10 * i + k + 1), 10 * k + i);
		end_file(image);
	}
	opts = over_files();
	open_it(NULL, handle, opts);
	run_it(0, "");
	assert_string_equal(lab.log, "1 2 3 11 12 13 21 22 23 ");
	tt_receiver_free(lab.receiver);

	lab.log_length = 0;
	opts.flags = TT_RECEIVER_ORDERED;
	open_it(NULL, handle, opts);
	run_it(0, "");
	assert_string_equal(lab.log, "1 11 21 2 12 22 3 13 23 ");
	assert_int_equal(take_exact_account().late, 0);
}

static void what_is_late_in_a_file_is_counted_where_order_is_wanted(void **state)
{
	struct tt_trace_image *image = begin_file();
	struct tt_receiver_opts opts;

	(void)state;
	put_at(image, 1, 5);
	put_at(image, 2, 4);
	put_damage(image);
	end_file(image);
	make_file(3, 2);
	opts = over_files();
	opts.flags = TT_RECEIVER_ORDERED;
	open_it(NULL, handle, opts);
	run_it(-EBADMSG, lab.paths[0]);
	assert_string_equal(lab.log, "3 4 1 2 ");
	assert_int_equal(take_exact_account().late, 1);
}

static void so_many_files_are_merged_and_no_more(void **state)
{
	static const char *paths[MERGED_TOO_MANY];
	struct tt_receiver_opts opts;

	(void)state;
	make_file(1, 1);
	for (size_t i = 0; i < MERGED_TOO_MANY; i++)
		paths[i] = lab.paths[0];
	opts = TT_RECEIVER_OPTS(.files = paths, .files_count = MERGED_TOO_MANY,
				.flags = TT_RECEIVER_ORDERED);
	refuse(opts, -EINVAL, "merge 257 files: at most 256 go at once");

	opts.files_count = TT_FILES_MERGED_MAX;
	open_it(NULL, handle, opts);
	run_it(0, "");
	assert_int_equal(take_exact_account().delivered, TT_FILES_MERGED_MAX);
	tt_receiver_free(lab.receiver);

	opts.files_count = MERGED_TOO_MANY;
	opts.flags = 0; /* one after the other any number goes */
	open_it(NULL, handle, opts);
	run_it(0, "");
	assert_int_equal(take_exact_account().delivered, MERGED_TOO_MANY);
}

/* ----------------------------------------------------------------------------------- the end */

static void a_stop_from_within_a_handler_leaves_an_exact_account(void **state)
{
	static const struct {
		int answer;
		bool stops, aborts;
		int status;
	} cases[] = {
		{ .stops = true },
		{ .aborts = true },
		{ .answer = TT_STOP },
		{ .answer = -ECANCELED, .status = -ECANCELED },
	};

	(void)state;
	make_file(1, MANY);
	make_file(1000, MANY);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tt_source_accounting account;

		lab.stopping_port = 70;
		lab.answer = cases[i].answer;
		lab.stops = cases[i].stops;
		lab.aborts = cases[i].aborts;
		open_it(NULL, handle, over_files());
		run_it(cases[i].status, "");
		account = take_exact_account();
		assert_in_range(account.delivered, 70, 128); /* the batch that it was in */
		assert_int_equal(account.seen, account.delivered);
		tt_receiver_free(lab.receiver);
		lab.receiver = NULL;
	}
}

static void a_stop_before_the_first_reads_nothing(void **state)
{
	(void)state;
	make_file(1, MANY);
	open_it(NULL, handle, over_files());
	assert_int_equal(tt_receiver_stop(lab.receiver), 0);
	run_it(0, "");
	assert_int_equal(take_exact_account().seen, 0);
	assert_string_equal(lab.log, "");
}

static void it_is_dispatched_in_parts_and_its_descriptor_tells(void **state)
{
	struct tt_worker *worker;
	unsigned int calls_count = 0;
	int r;

	(void)state;
	make_file(1, MANY);
	open_it(NULL, handle, over_files());
	worker = tt_receiver_worker(lab.receiver, 0);
	assert_true(tt_worker_fd(worker) >= 0);
	while ((r = tt_worker_dispatch(worker, 1, NULL)) == 0)
		calls_count++;
	assert_int_equal(r, TT_STOP);
	assert_in_range(calls_count, MANY / 64, MANY / 64 + 2);
	assert_int_equal(take_exact_account().delivered, MANY);
	assert_int_equal(tt_worker_dispatch(worker, 1, NULL), TT_STOP);
}

static void progress_is_told_in_bytes(void **state)
{
	uint64_t done, all, last = 0;
	struct tt_worker *worker;
	struct stat status[2];

	(void)state;
	make_file(1, MANY);
	make_file(1, MANY);
	assert_int_equal(stat(lab.paths[0], &status[0]), 0);
	assert_int_equal(stat(lab.paths[1], &status[1]), 0);
	for (uint64_t flags = 0; flags <= TT_RECEIVER_ORDERED; flags += TT_RECEIVER_ORDERED) {
		struct tt_receiver_opts opts = over_files();

		opts.flags = flags;
		open_it(NULL, handle, opts);
		worker = tt_receiver_worker(lab.receiver, 0);
		assert_int_equal(tt_receiver_progress(lab.receiver, &done, &all), 0);
		assert_int_equal(done, 0);
		assert_int_equal(all, status[0].st_size + status[1].st_size);
		while (tt_worker_dispatch(worker, 1, NULL) == 0) {
			assert_int_equal(tt_receiver_progress(lab.receiver, &done, &all), 0);
			assert_true(done >= last && done <= all);
			last = done;
		}
		assert_int_equal(done, all);
		last = 0;
		assert_int_equal(tt_receiver_progress(NULL, &done, &all), -EINVAL);
		assert_int_equal(tt_receiver_progress(lab.receiver, NULL, &all), -EINVAL);
		assert_int_equal(tt_receiver_progress(lab.receiver, &done, NULL), -EINVAL);
		tt_receiver_free(lab.receiver);
		lab.receiver = NULL;
	}
}

static void a_pipe_has_no_length_and_is_read_to_its_end(void **state)
{
	struct tt_trace_image *image = &lab.images[0];
	char path[TT_TEST_PATH_BYTES];
	uint64_t done = 1, all = 1;
	const char *paths[1] = { path };
	int fd;

	(void)state;
	tt_trace_image_init(image, false);
	tt_trace_image_put_pcap(image, TT_PCAP_MAGIC_US, LINKTYPE_RAW);
	put(image, 1);
	put(image, 2);
	(void)snprintf(path, sizeof(path), "%s", tt_test_folder_path(&lab.folder, "fifo"));
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, image->bytes, image->bytes_count), image->bytes_count);
	open_it(NULL, handle,
		TT_RECEIVER_OPTS(.files = paths, .files_count = 1, .port_side = TT_PORT_EITHER));
	assert_int_equal(tt_receiver_progress(lab.receiver, &done, &all), 0);
	assert_int_equal(done + all, 0);
	assert_int_equal(tt_worker_dispatch(tt_receiver_worker(lab.receiver, 0), 0, NULL),
			 TT_EMPTY);
	assert_string_equal(lab.log, "1 2 ");
	assert_int_equal(close(fd), 0);
	run_it(0, "");
	assert_int_equal(take_exact_account().delivered, 2);
}

static void a_slow_pipe_is_waited_for_where_order_is_wanted(void **state)
{
	struct tt_trace_image *image = begin_file();
	char path[TT_TEST_PATH_BYTES];
	const char *paths[2] = { path };
	struct tt_worker *worker;
	size_t half_bytes;
	int fd;

	(void)state;
	for (uint16_t i = 1; i <= 3; i++)
		put_at(image, i, 10U * i);
	end_file(image);
	paths[1] = lab.paths[0];
	(void)snprintf(path, sizeof(path), "%s", tt_test_folder_path(&lab.folder, "fifo"));
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	open_it(NULL, handle,
		TT_RECEIVER_OPTS(.files = paths, .files_count = 2, .port_side = TT_PORT_EITHER,
				 .flags = TT_RECEIVER_ORDERED));
	worker = tt_receiver_worker(lab.receiver, 0);
	assert_int_equal(tt_worker_dispatch(worker, 0, NULL), TT_EMPTY);
	assert_string_equal(lab.log, "");

	tt_trace_image_init(image, false);
	tt_trace_image_put_pcap(image, TT_PCAP_MAGIC_US, LINKTYPE_RAW);
	put_at(image, 101, 15);
	half_bytes = image->bytes_count;
	put_at(image, 102, 25);
	assert_int_equal(write(fd, image->bytes, half_bytes), half_bytes);
	assert_int_equal(tt_worker_dispatch(worker, 0, NULL), TT_EMPTY);
	assert_string_equal(lab.log, "1 101 ");
	assert_int_equal(write(fd, image->bytes + half_bytes, image->bytes_count - half_bytes),
			 image->bytes_count - half_bytes);
	assert_int_equal(close(fd), 0);
	run_it(0, "");
	assert_string_equal(lab.log, "1 101 2 102 3 ");
	assert_int_equal(take_exact_account().late, 0);
}

/* ------------------------------------------------------------------------------------ outputs */

static void what_is_written_is_read_again_as_it_was(void **state)
{
	struct tt_trace_opts trace_opts = TT_TRACE_OPTS(.format = TT_TRACE_PCAP_NS);
	char path[TT_TEST_PATH_BYTES];
	const char *paths[1] = { path };
	struct tt_accounting accounting;

	(void)state;
	make_file(1, MANY);
	(void)snprintf(path, sizeof(path), "%s", tt_test_folder_path(&lab.folder, "b.pcap"));
	open_it("1-150", handle, over_files());
	assert_int_equal(tt_receiver_add_trace(lab.receiver, path, &trace_opts, NULL), 0);
	run_it(0, "");
	accounting = take_account();
	assert_int_equal(accounting.outputs_count, 2);
	assert_int_equal(accounting.outputs[1].written, 150);
	assert_int_equal(accounting.outputs[1].bytes, tt_test_folder_bytes(&lab.folder, "b.pcap"));
	tt_receiver_free(lab.receiver);

	lab.log_length = 0;
	open_it("149-300", handle,
		TT_RECEIVER_OPTS(.files = paths, .files_count = 1, .port_side = TT_PORT_EITHER));
	run_it(0, "");
	assert_string_equal(lab.log, "149 150 ");
	assert_int_equal(take_exact_account().seen, 150);
}

static void standard_output_is_one_trace_whatever_limit_files_have(void **state)
{
	struct tt_trace_opts opts = TT_TRACE_OPTS(.format = TT_TRACE_PCAP,
						  .rotate_bytes = SMALL_FILE_BYTES);
	char path[TT_TEST_PATH_BYTES];
	const char *paths[1] = { path };
	int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int fd;

	(void)state;
	make_file(1, MANY);
	(void)snprintf(path, sizeof(path), "%s", tt_test_folder_path(&lab.folder, "out.pcap"));
	(void)fflush(stdout);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && fd >= 0);
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	open_it(NULL, NULL, over_files());
	assert_int_equal(tt_receiver_add_trace(lab.receiver, "-", &opts, NULL), 0);
	(void)tt_receiver_run(lab.receiver, NULL);
	tt_receiver_free(lab.receiver);
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	assert_int_equal(close(saved), 0);
	assert_int_equal(close(fd), 0);

	open_it(NULL, handle, TT_RECEIVER_OPTS(.files = paths, .files_count = 1));
	run_it(0, "");
	assert_int_equal(take_exact_account().seen, MANY);
}

static void outputs_end_at_their_limits_and_so_does_reading(void **state)
{
	struct tt_output_opts limited = TT_OUTPUT_OPTS(.count_max = 70);
	struct tt_accounting accounting;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	make_file(1, MANY);
	assert_true(fd >= 0);
	open_it(NULL, NULL, over_files());
	assert_int_equal(tt_receiver_add_output(lab.receiver, fd, TT_FORMAT_JSON, &limited, NULL),
			 0);
	limited.count_max = 3;
	assert_int_equal(tt_receiver_add_output(lab.receiver, fd, TT_FORMAT_TEXT, &limited, NULL),
			 0);
	run_it(0, "");
	accounting = take_account();
	assert_int_equal(accounting.outputs[0].written, 70);
	assert_int_equal(accounting.outputs[1].written, 3);
	assert_int_equal(accounting.outputs[1].withheld[TT_WITHHELD_LIMIT], 125);
	assert_int_equal(accounting.sources[TT_SOURCE_FILE].delivered, 128);
	assert_int_equal(close(fd), 0);
}

static void reading_ends_when_an_output_fails_and_the_others_are_whole(void **state)
{
	struct tt_trace_opts trace_opts = TT_TRACE_OPTS_INIT;
	char path[TT_TEST_PATH_BYTES + 16];
	struct tt_accounting accounting;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	make_file(1, MANY);
	make_damaged_file(9);
	assert_true(fd >= 0);
	(void)snprintf(path, sizeof(path), "%s/good.pcapng", lab.folder.path);
	open_it(NULL, NULL, over_files());
	assert_int_equal(tt_receiver_add_output(lab.receiver, fd, TT_FORMAT_TEXT, NULL, NULL), 0);
	assert_int_equal(tt_receiver_add_trace(lab.receiver, path, &trace_opts, NULL), 0);
	run_it(-ENOSPC, "No space left on device");
	accounting = take_account();
	assert_int_equal(accounting.outputs[0].written, 0);
	assert_int_equal(accounting.outputs[0].dropped, accounting.outputs[0].given);
	assert_true(accounting.outputs[1].written > 0); /* it is whole */
	assert_int_equal(accounting.outputs[1].dropped, 0);
	assert_int_equal(close(fd), 0);
}

/* With @flags the first one fails before the end, else both at the end. */
static void run_with_failing_traces(uint64_t flags)
{
	static const char *const names[2] = { "first", "second" };
	struct rlimit limit, small = { .rlim_cur = SMALL_FILE_BYTES };

	open_it(NULL, NULL, over_files());
	for (size_t i = 0; i < 2; i++) {
		struct tt_trace_opts opts = TT_TRACE_OPTS(.flags = TT_TRACE_OVERWRITE |
								   (i == 0 ? flags : 0));
		char path[TT_TEST_PATH_BYTES + 16];

		(void)snprintf(path, sizeof(path), "%s/%s", lab.folder.path, names[i]);
		assert_int_equal(tt_receiver_add_trace(lab.receiver, path, &opts, NULL), 0);
	}
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small.rlim_max = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	run_it(-EFBIG, "first");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	tt_receiver_free(lab.receiver);
	lab.receiver = NULL;
}

static void of_two_outputs_that_fail_alike_the_first_is_named(void **state)
{
	(void)state;
	make_file(1, MANY);
	(void)signal(SIGXFSZ, SIG_IGN); /* a write fails instead */
	run_with_failing_traces(0);
	run_with_failing_traces(TT_TRACE_UNBUFFERED);
}

static void traces_of_each_port_are_made_of_files(void **state)
{
	char path[TT_TEST_PATH_BYTES];

	(void)state;
	make_file(1, 3);
	(void)snprintf(path, sizeof(path), "%s", tt_test_folder_path(&lab.folder, "%p.pcap"));
	open_it(NULL, NULL, over_files());
	assert_int_equal(tt_receiver_add_trace(lab.receiver, path, NULL, NULL), 0);
	run_it(0, "");
	assert_string_equal(tt_test_folder_list(&lab.folder), "1.pcap\n2.pcap\n3.pcap\n");
}

/* ----------------------------------------------------------------------------------- refusals */

static void options_that_make_no_sense_with_files_are_refused(void **state)
{
	static const char *const interfaces[] = { "lo" };
	static const char *const nameless[] = { NULL };
	struct tt_receiver_opts opts;

	(void)state;
	make_file(1, 1);
	opts = over_files();
	opts.interfaces = interfaces;
	opts.interfaces_count = 1;
	refuse(opts, -EINVAL, "files are not chosen by interface, family or direction");
	opts = over_files();
	opts.flags = TT_RECEIVER_IPV4_ONLY;
	refuse(opts, -EINVAL, "files are not chosen by interface, family or direction");
	opts.flags = TT_RECEIVER_IPV6_ONLY;
	refuse(opts, -EINVAL, "files are not chosen by interface, family or direction");
	refuse(TT_RECEIVER_OPTS(.files_count = 1), -EINVAL, "a count of files, but none");
	refuse(TT_RECEIVER_OPTS(.files = nameless, .files_count = 1), -EINVAL, "has no name");
	opts = over_files();
	opts.expression = "no sense";
	refuse(opts, -EINVAL, "expression");
	opts.expression = NULL;
	opts.snap_bytes = 7;
	refuse(opts, -EINVAL, "a snap length of 7 bytes");
}

static void what_cannot_be_opened_is_refused(void **state)
{
	static const char *const missing[] = { "/nonexistent/a.pcap" };
	const char *paths[1];

	(void)state;
	refuse(TT_RECEIVER_OPTS(.files = missing, .files_count = 1), -ENOENT,
	       "/nonexistent/a.pcap");
	refuse(TT_RECEIVER_OPTS(.files = missing, .files_count = 1, .flags = TT_RECEIVER_ORDERED),
	       -ENOENT, "/nonexistent/a.pcap");
	tt_test_folder_put(&lab.folder, "x.pcap", 100, 0);
	paths[0] = tt_test_folder_path(&lab.folder, "x.pcap");
	/* What is no trace is found when it is read. */
	open_it(NULL, handle, TT_RECEIVER_OPTS(.files = paths, .files_count = 1));
	run_it(-EBADMSG, "x.pcap");
}

#define FILES_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILES_TEST(handlers_get_every_datagram_of_every_file),
		FILES_TEST(ports_expression_and_snap_length_count),
		FILES_TEST(setters_count_before_the_start_and_are_refused_after_it),
		FILES_TEST(damage_is_told_by_dispatch_and_it_goes_on),
		FILES_TEST(run_tells_the_first_damage_at_the_end),
		FILES_TEST(pulling_goes_on_behind_damage_too),
		FILES_TEST(a_file_that_is_missing_later_is_as_one_that_is_damaged),
		FILES_TEST(ordered_files_are_merged_and_others_are_not),
		FILES_TEST(what_is_late_in_a_file_is_counted_where_order_is_wanted),
		FILES_TEST(so_many_files_are_merged_and_no_more),
		FILES_TEST(a_stop_from_within_a_handler_leaves_an_exact_account),
		FILES_TEST(a_stop_before_the_first_reads_nothing),
		FILES_TEST(it_is_dispatched_in_parts_and_its_descriptor_tells),
		FILES_TEST(progress_is_told_in_bytes),
		FILES_TEST(a_pipe_has_no_length_and_is_read_to_its_end),
		FILES_TEST(a_slow_pipe_is_waited_for_where_order_is_wanted),
		FILES_TEST(what_is_written_is_read_again_as_it_was),
		FILES_TEST(standard_output_is_one_trace_whatever_limit_files_have),
		FILES_TEST(outputs_end_at_their_limits_and_so_does_reading),
		FILES_TEST(reading_ends_when_an_output_fails_and_the_others_are_whole),
		FILES_TEST(of_two_outputs_that_fail_alike_the_first_is_named),
		FILES_TEST(traces_of_each_port_are_made_of_files),
		FILES_TEST(options_that_make_no_sense_with_files_are_refused),
		FILES_TEST(what_cannot_be_opened_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
