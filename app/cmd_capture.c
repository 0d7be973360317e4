/* SPDX-License-Identifier: MIT */

/*
 * twintap capture
 *
 * Opens a receiver and drives it in a loop of its own: ppoll(2) waits for the worker's
 * descriptor, for signals and for what is due next. The loop goes on after a failure too,
 * until the receiver is at rest: only then is the account final.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/capture_options.h"
#include "app/capture_signals.h"
#include "app/capture_summary.h"
#include "app/command.h"
#include "app/remark.h"
#include "app/stats_file.h"
#include "twintap/twintap.h"

enum {
	DISPATCH_BATCHES = 64, /* some milliseconds of work; then a look at what is due */
	STATS_FILE_INTERVAL_MS = 10 * 1000,
};

/* Due never. */
#define NEVER_MS INT64_MAX

struct capture {
	const struct tt_capture_options *options;
	struct tt_receiver *receiver; /* owned */
	struct tt_worker *worker;
	struct tt_stats_file stats_file;
	sigset_t wait_mask;
	int64_t start_ms;
	int64_t end_due_ms; /* each NEVER_MS when not wanted */
	int64_t live_due_ms;
	int64_t file_due_ms;
	int failure; /* the first, as error words it; 0: none */
	struct tt_error error;
};

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: a valid clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int take_account(const struct capture *capture, struct tt_accounting *ret_accounting)
{
	*ret_accounting = (struct tt_accounting){ .size = sizeof(*ret_accounting) };
	return tt_receiver_accounting(capture->receiver, ret_accounting);
}

static int write_stats_file(const struct capture *capture, struct tt_error *reterr)
{
	struct tt_accounting accounting;
	char text[TT_ACCOUNTING_JSON_BYTES + 1]; /* and a newline */
	size_t length = 0;
	int r;

	if (capture->stats_file.folder_fd < 0)
		return 0;

	r = take_account(capture, &accounting);
	if (r == 0)
		r = tt_accounting_format_json(&accounting, text, TT_ACCOUNTING_JSON_BYTES, &length);
	if (r < 0)
		return tt_word_error(reterr, r, "take the account: %s", strerror(-r));
	text[length++] = '\n';
	return tt_stats_file_write(&capture->stats_file, text, length, reterr);
}

static void say_live(const struct capture *capture)
{
	struct tt_accounting accounting;
	int r;

	r = take_account(capture, &accounting);
	if (r < 0)
		tt_say("take the account: %s", strerror(-r));
	else
		tt_summary_say_live(&accounting, now_ms() - capture->start_ms);
}

/* The first of the chosen interfaces if none of them runs, else NULL. */
static const char *find_idle_interface(const struct tt_capture_options *options)
{
	for (size_t i = 0; i < options->interfaces_count; i++) {
		struct tt_link link;

		if (tt_link_find(options->interfaces[i], &link, NULL) < 0 ||
		    (link.flags & TT_LINK_UP && link.flags & TT_LINK_RUNNING))
			return NULL;
	}
	return options->interfaces_count > 0 ? options->interfaces[0] : NULL;
}

static void warn_of_idle_interfaces(const struct tt_capture_options *options)
{
	for (size_t i = 0; i < options->interfaces_count; i++) {
		struct tt_link link;

		if (tt_link_find(options->interfaces[i], &link, NULL) < 0)
			continue; /* it went meanwhile: the receiver will say so */
		if (!(link.flags & TT_LINK_UP))
			tt_say("warning: interface %s is down: waiting (ip link set %s up)",
			       link.name, link.name);
		else if (!(link.flags & TT_LINK_RUNNING))
			tt_say("warning: interface %s has no carrier: waiting", link.name);
	}
}

static int open_receiver(struct capture *capture, struct tt_error *reterr)
{
	const struct tt_capture_options *options = capture->options;
	int r;

	r = tt_receiver_new(
		&capture->receiver, options->ports, NULL, NULL,
		&TT_RECEIVER_OPTS(
				.interfaces = options->interfaces,
				.interfaces_count = options->interfaces_count,
				.ring_bytes = options->ring_bytes, .port_side = options->port_side,
				.expression = options->expression,
				.snap_bytes = options->snap_bytes,
				.flags = TT_RECEIVER_NOT_LOCAL |
					 (options->ipv4_only ? TT_RECEIVER_IPV4_ONLY : 0U) |
					 (options->ipv6_only ? TT_RECEIVER_IPV6_ONLY : 0U) |
					 (options->is_promiscuous ? TT_RECEIVER_PROMISCUOUS : 0U) |
					 (options->takes_no_fragments ? TT_RECEIVER_NO_FRAGMENTS
								      : 0U) |
					 (options->verifies_checksums ? TT_RECEIVER_VERIFY_CHECKSUMS
								      : 0U)),
		reterr);
	if (r < 0)
		return r;
	capture->worker = tt_receiver_worker(capture->receiver, 0);

	return tt_receiver_add_output(
		capture->receiver, STDOUT_FILENO, options->format,
		&TT_OUTPUT_OPTS(.count_max = options->count_max, .verdicts = options->verdicts,
				.flags = options->with_payload ? TT_OUTPUT_PAYLOAD : 0),
		reterr);
}

/* Everything that can be refused; nothing is captured yet. */
static int open_capture(struct capture *capture, struct tt_error *reterr)
{
	const struct tt_capture_options *options = capture->options;
	int r;

	if (options->stats_path) {
		r = tt_stats_file_open(&capture->stats_file, options->stats_path, reterr);
		if (r < 0)
			return r;
	}
	r = open_receiver(capture, reterr);
	if (r < 0)
		return r;
	/* Shows that the file can be written; and it is there from the start. */
	r = write_stats_file(capture, reterr);
	if (r < 0)
		return r;
	r = tt_capture_signals_take(capture->receiver, &capture->wait_mask);
	if (r < 0)
		return tt_word_error(reterr, r, "handle signals: %s", strerror(-r));
	return 0;
}

/* Opens the gate: from here on packets count. */
static int begin(struct capture *capture, struct tt_error *reterr)
{
	const struct tt_capture_options *options = capture->options;
	int64_t interval_ms = options->stats_interval_ms;
	int r;

	r = tt_receiver_start(capture->receiver);
	if (r < 0)
		return tt_word_error(reterr, r, "start to receive: %s", strerror(-r));

	capture->start_ms = now_ms();
	capture->end_due_ms = options->duration_ms ? capture->start_ms + options->duration_ms
						   : NEVER_MS;
	capture->live_due_ms = interval_ms ? capture->start_ms + interval_ms : NEVER_MS;
	capture->file_due_ms = options->stats_path
				       ? capture->start_ms + (interval_ms ? interval_ms
									  : STATS_FILE_INTERVAL_MS)
				       : NEVER_MS;
	return 0;
}

static void say_start(const struct capture *capture)
{
	struct tt_accounting accounting;

	if (capture->options->is_quiet)
		return;
	tt_summary_say_start(capture->options);
	if (take_account(capture, &accounting) == 0)
		tt_summary_warn_of_rings(capture->options, &accounting);
	if (tt_receiver_fallback_reason(capture->receiver))
		tt_say("warning: %s; until then a classic filter stands in, and nobody counts what "
		       "it leaves out",
		       tt_receiver_fallback_reason(capture->receiver));
	warn_of_idle_interfaces(capture->options);
}

static void note_failure(struct capture *capture, int r, const struct tt_error *error)
{
	if (capture->failure < 0)
		return;
	capture->failure = r;
	capture->error = *error;
}

/* The next time that something is due; times that were missed are left out. */
static int64_t next_due_ms(int64_t due_ms, int64_t interval_ms, int64_t now)
{
	return due_ms + ((now - due_ms) / interval_ms + 1) * interval_ms;
}

/* Does what is due. */
static void attend(struct capture *capture)
{
	int64_t interval_ms = capture->options->stats_interval_ms;
	struct tt_error error = TT_ERROR_INIT;
	int64_t now = now_ms();
	int r;

	if (now >= capture->end_due_ms) {
		(void)tt_receiver_stop(capture->receiver); /* cannot fail */
		capture->end_due_ms = NEVER_MS;
	}
	if (tt_capture_signals_take_usr1())
		say_live(capture);
	if (now >= capture->live_due_ms) {
		say_live(capture);
		capture->live_due_ms = next_due_ms(capture->live_due_ms, interval_ms, now);
	}
	if (now < capture->file_due_ms)
		return;

	r = write_stats_file(capture, &error);
	capture->file_due_ms = next_due_ms(capture->file_due_ms,
					   interval_ms ? interval_ms : STATS_FILE_INTERVAL_MS, now);
	if (r < 0) {
		/* The capture is worth more than its account: the last write decides. */
		tt_say("warning: %s", error.message);
		capture->file_due_ms = NEVER_MS;
	}
}

/* Waits until the worker has work, a signal came, or something is due. */
static void wait_for_work(const struct capture *capture)
{
	struct pollfd worker = { .fd = tt_worker_fd(capture->worker), .events = POLLIN };
	int64_t due_ms = capture->end_due_ms;
	struct timespec timeout;
	int64_t left_ms;

	due_ms = capture->live_due_ms < due_ms ? capture->live_due_ms : due_ms;
	due_ms = capture->file_due_ms < due_ms ? capture->file_due_ms : due_ms;
	left_ms = due_ms == NEVER_MS ? 0 : due_ms - now_ms();
	if (left_ms < 0)
		left_ms = 0;
	timeout = (struct timespec){ .tv_sec = left_ms / 1000,
				     .tv_nsec = left_ms % 1000 * 1000000 };

	/* However it ends, the worker and the clock are asked next. */
	(void)ppoll(&worker, 1, due_ms == NEVER_MS ? NULL : &timeout, &capture->wait_mask);
}

static void run(struct capture *capture)
{
	for (;;) {
		struct tt_error error = TT_ERROR_INIT;
		int r;

		r = tt_worker_dispatch(capture->worker, DISPATCH_BATCHES, &error);
		if (r == TT_STOP)
			return;
		if (r < 0)
			note_failure(capture, r, &error);
		attend(capture);
		if (r == TT_EMPTY)
			wait_for_work(capture);
	}
}

/* What mends a failure of the run; NULL: its words say all. */
static const char *find_remedy(int failure)
{
	switch (failure) {
	case -ENOSPC:
	case -EDQUOT:
		return "standard output takes no more: make room, or write elsewhere";
	case -EIO:
	case -EBADF:
		return "standard output cannot be written to";
	case -ENODEV:
		return "start again when it is back (twintap interfaces lists what is there)";
	default:
		return NULL;
	}
}

/* Tells how it went: the account, in file and words, and the failure. */
static int conclude(struct capture *capture)
{
	struct tt_accounting accounting;
	struct tt_error error = TT_ERROR_INIT;
	int status = TT_EXIT_DONE;
	int r;

	/* A reader that has read enough is how pipelines end. */
	if (capture->failure < 0 && capture->failure != -EPIPE) {
		const char *remedy = find_remedy(capture->failure);

		tt_say("%s%s%s", capture->error.message, remedy ? ": " : "", remedy ? remedy : "");
		status = TT_EXIT_FAILED;
	}
	r = write_stats_file(capture, &error);
	if (r < 0) {
		tt_say("%s", error.message);
		status = TT_EXIT_FAILED;
	}
	if (capture->options->is_quiet)
		return status;

	r = take_account(capture, &accounting);
	if (r < 0) {
		tt_say("take the account: %s", strerror(-r));
		return TT_EXIT_FAILED;
	}
	tt_summary_say_end(&(struct tt_capture_facts){
		.options = capture->options,
		.accounting = &accounting,
		.idle_interface = find_idle_interface(capture->options),
	});
	return status;
}

static int capture_with(const struct tt_capture_options *options)
{
	struct capture capture = { .options = options, .stats_file = TT_STATS_FILE_INIT };
	struct tt_error error = TT_ERROR_INIT;
	int status;
	int r;

	r = open_capture(&capture, &error);
	if (r == 0)
		r = begin(&capture, &error);
	if (r < 0) {
		tt_say("%s", error.message);
		/* The library refuses by it what was asked for, such as a list of ports. */
		status = r == -EINVAL ? TT_EXIT_USAGE : TT_EXIT_FAILED;
	} else {
		say_start(&capture);
		run(&capture);
		status = conclude(&capture);
	}

	tt_capture_signals_release();
	tt_receiver_free(capture.receiver);
	tt_stats_file_close(&capture.stats_file);
	return status;
}

int tt_cmd_capture(int argc, char **argv)
{
	struct tt_capture_options options;
	struct tt_error error = TT_ERROR_INIT;

	if (tt_capture_options_parse(&options, argc, argv, &error) < 0) {
		tt_say("%s", error.message);
		return TT_EXIT_USAGE;
	}
	if (options.wants_help) {
		(void)fputs(tt_capture_help, stdout); /* tt_finish_output() sees a failure */
		return tt_finish_output();
	}
	return capture_with(&options);
}
