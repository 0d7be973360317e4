/* SPDX-License-Identifier: MIT */

/*
 * A receiver on the near side of a lab, for the tests of receivers
 *
 * The test's thread stays on the near side. Traffic comes from ordinary sockets made
 * on the far side, or from the load source, which works on the near side's device.
 *
 * With TT_TEST_FILTER=classic in the environment receivers are opened without CAP_BPF, so that
 * the kernel's filter is a classic one; the lab and the load source keep theirs.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/support/account.h"
#include "tests/support/lab.h"
#include "tests/support/load.h"
#include "tests/unit/cmocka_all.h"
#include "twintap/twintap.h"

enum {
	FIXTURE_PORT = 4242, /* the load source's own wanted port, too */
	PATIENCE_MS = 10000, /* for what must come; far longer than it takes */
};

/* cmocka's setup and teardown: *state becomes the lab, and the thread is on its near side. */
int enter_lab(void **state);
int leave_lab(void **state);

/* The same; receivers get a classic filter, whatever the environment says. */
int enter_classic_lab(void **state);
/* Whether the kernel's filter is a classic one. */
bool is_classic(void);

/* A receiver on the near interface, or the test fails with the reason. */
struct tt_receiver *open_receiver(const char *ports, tt_handler_fn *handler, void *context,
				  struct tt_receiver_opts opts);
/* The same on all interfaces, without options. */
struct tt_receiver *open_receiver_everywhere(const char *ports);

/* A UDP socket on the far side, bound to @source, "198.18.0.1:40000" for instance. */
int open_far_socket(struct tt_lab *lab, const char *source);
/* Sends @payload to @destination. */
void send_text(int fd, const char *destination, const char *payload);

/* The next pulled datagram; the test fails when none comes. Pulled ones come one by one. */
const struct tt_datagram *pull_one(struct tt_receiver *receiver);
/* Fails when anything comes within the time that a block is held back. */
void assert_nothing_comes(struct tt_receiver *receiver);

/* Stops, drives the receiver to its end, asserts an exact account, and frees it. */
struct tt_accounting end_receiver(struct tt_receiver *receiver);
/* The account at rest of a receiver that has ended. */
struct tt_accounting take_final_account(struct tt_receiver *receiver);
