/* SPDX-License-Identifier: MIT */

/*
 * A receiver on the near side of a lab, for the tests of receivers
 */

#include "tests/netns/receiver_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/deny_bpf.h"

enum {
	QUIET_MS = 100, /* many times the 4 ms after which a block is handed over */
};

static const char *const near_interfaces[] = { TT_LAB_NEAR_INTERFACE };

static bool wants_classic;

static int make_lab(void **state)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_lab *lab;

	if (tt_lab_new(&lab, "receiver", 0, &error) < 0) {
		print_error("%s\n", error.message);
		return -1;
	}
	*state = lab;
	return tt_lab_enter(lab, TT_LAB_NEAR);
}

int enter_lab(void **state)
{
	const char *filter = getenv("TT_TEST_FILTER");

	wants_classic = filter && strcmp(filter, "classic") == 0;
	if (filter && !wants_classic) {
		print_error("TT_TEST_FILTER=%s: it may be classic, or not be set\n", filter);
		return -1;
	}
	return make_lab(state);
}

int enter_classic_lab(void **state)
{
	wants_classic = true;
	return make_lab(state);
}

bool is_classic(void)
{
	return wants_classic;
}

int leave_lab(void **state)
{
	int r = tt_lab_leave(*state);

	tt_lab_free(*state);
	return r;
}

static struct tt_receiver *open_with(const char *ports, tt_handler_fn *handler, void *context,
				     const struct tt_receiver_opts *opts)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_receiver *receiver = NULL;
	int r;

	if (wants_classic)
		assert_int_equal(tt_bpf_capability_lower(), 0);
	r = tt_receiver_new(&receiver, ports, handler, context, opts, &error);
	if (wants_classic)
		assert_int_equal(tt_bpf_capability_raise(), 0);
	if (r < 0)
		fail_msg("%s", error.message);
	assert_int_equal(tt_receiver_fallback_reason(receiver) != NULL, wants_classic);
	return receiver;
}

struct tt_receiver *open_receiver(const char *ports, tt_handler_fn *handler, void *context,
				  struct tt_receiver_opts opts)
{
	opts.size = sizeof(opts);
	if (!opts.interfaces) {
		opts.interfaces = near_interfaces;
		opts.interfaces_count = 1;
	}
	return open_with(ports, handler, context, &opts);
}

struct tt_receiver *open_receiver_everywhere(const char *ports)
{
	return open_with(ports, NULL, NULL, NULL);
}

int open_far_socket(struct tt_lab *lab, const char *source)
{
	struct tt_address address;
	int fd;

	assert_int_equal(tt_address_parse(source, &address, NULL), 0);
	assert_int_equal(tt_lab_enter(lab, TT_LAB_FAR), 0);
	fd = socket(address.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, tt_address_bytes(&address)), 0);
	assert_int_equal(tt_lab_enter(lab, TT_LAB_NEAR), 0);
	return fd;
}

void send_text(int fd, const char *destination, const char *payload)
{
	struct tt_address address;

	assert_int_equal(tt_address_parse(destination, &address, NULL), 0);
	assert_int_equal(sendto(fd, payload, strlen(payload), 0, (struct sockaddr *)&address,
				tt_address_bytes(&address)),
			 strlen(payload));
}

const struct tt_datagram *pull_one(struct tt_receiver *receiver)
{
	const struct tt_datagram *datagrams = NULL;
	struct tt_error error = TT_ERROR_INIT;
	size_t count = 0;
	int r;

	r = tt_worker_receive(tt_receiver_worker(receiver, 0), PATIENCE_MS, &datagrams, &count,
			      &error);
	if (r < 0)
		fail_msg("%s", error.message);
	assert_int_equal(r, 0);
	assert_int_equal(count, 1);
	return datagrams;
}

void assert_nothing_comes(struct tt_receiver *receiver)
{
	const struct tt_datagram *datagrams;
	size_t count;

	assert_int_equal(tt_worker_receive(tt_receiver_worker(receiver, 0), QUIET_MS, &datagrams,
					   &count, NULL),
			 TT_EMPTY);
}

struct tt_accounting take_final_account(struct tt_receiver *receiver)
{
	struct tt_accounting accounting = { .size = sizeof(accounting) };

	assert_int_equal(tt_receiver_accounting(receiver, &accounting), 0);
	tt_account_assert_exact(&accounting);
	assert_int_equal(accounting.filter_kind,
			 wants_classic ? TT_FILTER_CLASSIC : TT_FILTER_EBPF);
	return accounting;
}

struct tt_accounting end_receiver(struct tt_receiver *receiver)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_accounting accounting;

	assert_int_equal(tt_receiver_stop(receiver), 0);
	if (tt_receiver_run(receiver, &error) < 0)
		fail_msg("%s", error.message);
	accounting = take_final_account(receiver);
	tt_receiver_free(receiver);
	return accounting;
}
