/* SPDX-License-Identifier: MIT */

/*
 * A run of a receiver, live or over files, from its opening to the account
 *
 * Opens a receiver and drives it in a loop of its own: ppoll(2) waits for the worker's
 * descriptor, for signals and for what is due next. The loop goes on after a failure too,
 * until the receiver is at rest: only then is the account final.
 */

#include "app/session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/capture_options.h"
#include "app/capture_signals.h"
#include "app/capture_summary.h"
#include "app/command.h"
#include "app/live.h"
#include "app/progress.h"
#include "app/remark.h"
#include "app/stats_file.h"
#include "twintap/twintap.h"

enum {
	DISPATCH_BATCHES = 64, /* some milliseconds of work; then a look at what is due */
	STATS_FILE_INTERVAL_MS = 10 * 1000,
};

/* Due never. */
#define NEVER_MS INT64_MAX

struct session {
	const struct tt_capture_options *options;
	struct tt_receiver *receiver; /* owned */
	struct tt_worker *worker;
	struct tt_stats_file stats_file;
	sigset_t wait_mask;
	int64_t start_ms;
	int64_t end_due_ms; /* each NEVER_MS when not wanted */
	int64_t live_due_ms;
	int64_t file_due_ms;
	struct tt_progress progress;
	bool shows_progress;
	struct tt_live live;
	bool shows_live; /* counters that are written over; else a line each time */
	int failure; /* of the capture the first, of files the last, as error words it; 0: none */
	struct tt_error error;
};

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: a valid clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int take_account(const struct session *session, struct tt_accounting *ret_accounting)
{
	*ret_accounting = (struct tt_accounting){ .size = sizeof(*ret_accounting) };
	return tt_receiver_accounting(session->receiver, ret_accounting);
}

static int write_stats_file(const struct session *session, struct tt_error *reterr)
{
	struct tt_accounting accounting;
	int r;

	if (session->stats_file.folder_fd < 0)
		return 0;

	r = take_account(session, &accounting);
	if (r < 0)
		return tt_word_error(reterr, r, "take the account: %s", strerror(-r));
	return tt_stats_file_write_account(&session->stats_file, &accounting, reterr);
}

/* What is said next begins a line. */
static void clear_terminal(struct session *session)
{
	tt_progress_clear(&session->progress);
	tt_live_clear(&session->live);
}

static void say_live(struct session *session)
{
	struct tt_accounting accounting;
	int r;

	r = take_account(session, &accounting);
	clear_terminal(session);
	if (r < 0)
		tt_say("take the account: %s", strerror(-r));
	else
		tt_summary_say_live(&accounting, now_ms() - session->start_ms);
}

static void show_live(struct session *session)
{
	struct tt_accounting accounting;

	if (session->shows_live && take_account(session, &accounting) == 0)
		tt_live_show(&session->live, &accounting, now_ms() - session->start_ms);
	else
		say_live(session);
}

/* The first of the chosen interfaces if none of them runs, else NULL. */
static const char *find_idle_interface(const struct session *session)
{
	const struct tt_capture_options *options = session->options;

	for (size_t i = 0; i < options->interfaces_count; i++) {
		struct tt_link link;

		if (tt_receiver_find_link(session->receiver, options->interfaces[i], &link, NULL) <
			    0 ||
		    (link.flags & TT_LINK_UP && link.flags & TT_LINK_RUNNING))
			return NULL;
	}
	return options->interfaces_count > 0 ? options->interfaces[0] : NULL;
}

static void warn_of_idle_interfaces(const struct session *session)
{
	const struct tt_capture_options *options = session->options;

	for (size_t i = 0; i < options->interfaces_count; i++) {
		struct tt_link link;

		if (tt_receiver_find_link(session->receiver, options->interfaces[i], &link, NULL) <
		    0)
			continue; /* it went meanwhile: the receiver will say so */
		if (!(link.flags & TT_LINK_UP))
			tt_say("warning: interface %s is down: waiting (ip link set %s up%s)",
			       link.name, link.name,
			       options->network_namespace ? ", in its network namespace" : "");
		else if (!(link.flags & TT_LINK_RUNNING))
			tt_say("warning: interface %s has no carrier: waiting", link.name);
	}
}

static uint64_t flags_of(const struct tt_capture_options *options)
{
	uint64_t flags = TT_RECEIVER_NOT_LOCAL;

	flags |= options->ipv4_only ? TT_RECEIVER_IPV4_ONLY : 0U;
	flags |= options->ipv6_only ? TT_RECEIVER_IPV6_ONLY : 0U;
	flags |= options->takes_outgoing ? TT_RECEIVER_OUTGOING : 0U;
	flags |= options->takes_no_incoming ? TT_RECEIVER_NO_INCOMING : 0U;
	flags |= options->is_promiscuous ? TT_RECEIVER_PROMISCUOUS : 0U;
	flags |= options->takes_no_fragments ? TT_RECEIVER_NO_FRAGMENTS : 0U;
	flags |= options->verifies_checksums ? TT_RECEIVER_VERIFY_CHECKSUMS : 0U;
	/* What arrives goes into a trace in the order of time; files are left as they are. */
	if (options->files_count > 0 ? options->merges : options->writes_count > 0)
		flags |= TT_RECEIVER_ORDERED;
	return flags;
}

static bool ends_with(const char *name, const char *ending)
{
	size_t length = strlen(name), ending_length = strlen(ending);

	return length >= ending_length && strcmp(name + length - ending_length, ending) == 0;
}

static uint32_t trace_format(const struct tt_capture_options *options, const char *name)
{
	if (options->format == TT_OUTPUT_FORMAT_PCAP_NS)
		return TT_TRACE_PCAP_NS;
	if (options->format == TT_OUTPUT_FORMAT_PCAP ||
	    (options->format == TT_OUTPUT_FORMAT_BY_NAME && ends_with(name, ".pcap")))
		return TT_TRACE_PCAP;
	return TT_TRACE_PCAPNG;
}

/* Refuses to write over what is being read. A pattern makes new names. */
static int check_is_no_input(const struct tt_capture_options *options, const char *name,
			     struct tt_error *reterr)
{
	struct stat output, input;

	if (stat(name, &output) < 0 || !S_ISREG(output.st_mode))
		return 0;
	for (size_t i = 0; i < options->files_count; i++) {
		bool is_stdin = strcmp(options->files[i], "-") == 0;

		if ((is_stdin ? fstat(STDIN_FILENO, &input) : stat(options->files[i], &input)) ==
			    0 &&
		    input.st_dev == output.st_dev && input.st_ino == output.st_ino)
			return tt_word_error(reterr, -EINVAL,
					     "-w %.100s: it is read here: write to another file",
					     name);
	}
	return 0;
}

/* A file for each port, or interface, may be more than a process has by default. */
static void allow_many_files(const char *name)
{
	struct rlimit limit;

	if (!strstr(name, "%p") && !strstr(name, "%i"))
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* else it ends where it did before */
	}
}

static int add_trace(struct session *session, const char *name, struct tt_error *reterr)
{
	const struct tt_capture_options *options = session->options;
	const struct tt_trace_opts opts = {
		.size = sizeof(opts),
		.count_max = options->count_max,
		.flags = (options->is_unbuffered ? TT_TRACE_UNBUFFERED : 0U) |
			 (options->overwrites ? TT_TRACE_OVERWRITE : 0U),
		.verdicts = options->verdicts,
		.format = trace_format(options, name),
		.link_type = options->link_type,
		.sync = options->sync,
		.rotate_bytes = options->rotate_bytes,
		.rotate_interval_ms = (uint64_t)options->rotate_interval_ms,
		.keep_files = options->keep_files,
		.keep_bytes = options->keep_bytes,
		.min_free_bytes = options->min_free_bytes,
		.is_rotated = tt_capture_is_rotated(options),
	};
	int r;

	if (strcmp(name, "-") == 0 && isatty(STDOUT_FILENO))
		return tt_word_error(reterr, -EINVAL,
				     "-w -: a trace is nothing to look at: lead standard output "
				     "elsewhere, or leave -w out");
	allow_many_files(name);
	r = check_is_no_input(options, name, reterr);
	if (r < 0)
		return r;
	return tt_receiver_add_trace(session->receiver, name, &opts, reterr);
}

static int add_outputs(struct session *session, struct tt_error *reterr)
{
	const struct tt_capture_options *options = session->options;
	bool is_json = options->format == TT_OUTPUT_FORMAT_JSON;
	int r = 0;

	for (size_t i = 0; r == 0 && i < options->writes_count; i++)
		r = add_trace(session, options->writes[i], reterr);
	if (options->writes_count > 0)
		return r;
	return tt_receiver_add_output(
		session->receiver, STDOUT_FILENO, is_json ? TT_FORMAT_JSON : TT_FORMAT_TEXT,
		&TT_OUTPUT_OPTS(.count_max = options->count_max, .verdicts = options->verdicts,
				.flags = (options->with_payload ? TT_OUTPUT_PAYLOAD : 0U) |
					 (options->files_count > 0 && !isatty(STDOUT_FILENO)
						  ? TT_OUTPUT_BUFFERED
						  : 0U)),
		reterr);
}

static int open_receiver(struct session *session, struct tt_error *reterr)
{
	const struct tt_capture_options *options = session->options;
	int r;

	r = tt_receiver_new(&session->receiver, options->ports, NULL, NULL,
			    &TT_RECEIVER_OPTS(.interfaces = options->interfaces,
					      .interfaces_count = options->interfaces_count,
					      .ring_bytes = options->ring_bytes,
					      .port_side = options->port_side,
					      .expression = options->expression,
					      .snap_bytes = options->snap_bytes,
					      .flags = flags_of(options), .files = options->files,
					      .files_count = options->files_count,
					      .network_namespace = options->network_namespace),
			    reterr);
	if (r < 0)
		return r;
	session->worker = tt_receiver_worker(session->receiver, 0);
	return add_outputs(session, reterr);
}

/* Everything that can be refused; nothing is captured yet. */
static int open_session(struct session *session, struct tt_error *reterr)
{
	const struct tt_capture_options *options = session->options;
	int r;

	if (options->stats_path) {
		r = tt_stats_file_open(&session->stats_file, options->stats_path, reterr);
		if (r < 0)
			return r;
	}
	r = open_receiver(session, reterr);
	if (r < 0)
		return r;
	/* Shows that the file can be written; and it is there from the start. */
	r = write_stats_file(session, reterr);
	if (r < 0)
		return r;
	r = tt_capture_signals_take(session->receiver, tt_capture_is_rotated(options),
				    &session->wait_mask);
	if (r < 0)
		return tt_word_error(reterr, r, "handle signals: %s", strerror(-r));
	return 0;
}

/* Opens the gate: from here on packets count. */
static int begin(struct session *session, struct tt_error *reterr)
{
	const struct tt_capture_options *options = session->options;
	int64_t interval_ms = options->stats_interval_ms;
	int r;

	r = tt_receiver_start(session->receiver);
	if (r < 0)
		return tt_word_error(reterr, r, "start to receive: %s", strerror(-r));

	session->start_ms = now_ms();
	session->end_due_ms = options->duration_ms ? session->start_ms + options->duration_ms
						   : NEVER_MS;
	session->live_due_ms = interval_ms ? session->start_ms + interval_ms : NEVER_MS;
	session->file_due_ms = options->stats_path
				       ? session->start_ms + (interval_ms ? interval_ms
									  : STATS_FILE_INTERVAL_MS)
				       : NEVER_MS;
	return 0;
}

/* From here on the counters are compared with those of now. */
static void begin_live(struct session *session)
{
	struct tt_accounting accounting;

	session->shows_live = session->options->stats_interval_ms > 0 &&
			      tt_live_is_possible(session->options) &&
			      take_account(session, &accounting) == 0;
	if (session->shows_live)
		tt_live_begin(&session->live, &accounting);
}

static void say_start(const struct session *session)
{
	struct tt_accounting accounting;

	if (session->options->is_quiet || session->options->files_count > 0)
		return;
	tt_summary_say_start(session->options);
	if (take_account(session, &accounting) == 0)
		tt_summary_warn_of_rings(session->options, &accounting);
	if (tt_receiver_fallback_reason(session->receiver))
		tt_say("warning: %s; until then a classic filter stands in, and nobody counts what "
		       "it leaves out",
		       tt_receiver_fallback_reason(session->receiver));
	warn_of_idle_interfaces(session);
}

static void note_failure(struct session *session, int r, const struct tt_error *error)
{
	bool is_first = session->failure == 0 || session->failure == -EPIPE;

	/* A reader that has read enough is no failure that could hide another. */
	if (!is_first && (r == -EPIPE || session->options->files_count == 0))
		return;
	/* Of several damaged files each has its sentence. */
	if (!is_first) {
		clear_terminal(session);
		tt_say("%s", session->error.message);
	}
	session->failure = r;
	session->error = *error;
}

/* The next time that something is due; times that were missed are left out. */
static int64_t next_due_ms(int64_t due_ms, int64_t interval_ms, int64_t now)
{
	return due_ms + ((now - due_ms) / interval_ms + 1) * interval_ms;
}

/* Does what is due. */
static void attend(struct session *session)
{
	int64_t interval_ms = session->options->stats_interval_ms;
	struct tt_error error = TT_ERROR_INIT;
	int64_t now = now_ms();
	int r;

	if (now >= session->end_due_ms) {
		(void)tt_receiver_stop(session->receiver); /* cannot fail */
		session->end_due_ms = NEVER_MS;
	}
	if (tt_capture_signals_take_usr1())
		say_live(session);
	if (now >= session->live_due_ms) {
		show_live(session);
		session->live_due_ms = next_due_ms(session->live_due_ms, interval_ms, now);
	}
	if (now < session->file_due_ms)
		return;

	r = write_stats_file(session, &error);
	session->file_due_ms = next_due_ms(session->file_due_ms,
					   interval_ms ? interval_ms : STATS_FILE_INTERVAL_MS, now);
	if (r < 0) {
		/* The capture is worth more than its account: the last write decides. */
		clear_terminal(session);
		tt_say("warning: %s", error.message);
		session->file_due_ms = NEVER_MS;
	}
}

/* Waits until the worker has work, a signal came, or something is due. */
static void wait_for_work(const struct session *session)
{
	struct pollfd worker = { .fd = tt_worker_fd(session->worker), .events = POLLIN };
	int64_t due_ms = session->end_due_ms;
	struct timespec timeout;
	int64_t left_ms;

	due_ms = session->live_due_ms < due_ms ? session->live_due_ms : due_ms;
	due_ms = session->file_due_ms < due_ms ? session->file_due_ms : due_ms;
	left_ms = due_ms == NEVER_MS ? 0 : due_ms - now_ms();
	if (left_ms < 0)
		left_ms = 0;
	timeout = (struct timespec){ .tv_sec = left_ms / 1000,
				     .tv_nsec = left_ms % 1000 * 1000000 };

	/* However it ends, the worker and the clock are asked next. */
	(void)ppoll(&worker, 1, due_ms == NEVER_MS ? NULL : &timeout, &session->wait_mask);
}

static void run(struct session *session)
{
	for (;;) {
		struct tt_error error = TT_ERROR_INIT;
		int r;

		r = tt_worker_dispatch(session->worker, DISPATCH_BATCHES, &error);
		if (r == TT_STOP)
			return;
		if (r < 0)
			note_failure(session, r, &error);
		attend(session);
		if (session->shows_progress)
			tt_progress_show(&session->progress, session->receiver);
		if (r == TT_EMPTY)
			wait_for_work(session);
	}
}

/* What mends a failure of the run; NULL: its words say all. */
static const char *find_remedy(const struct tt_capture_options *options, int failure)
{
	/* What is wrong with a file is said by whoever knows its name. */
	if (failure != -ENODEV && (options->files_count > 0 || options->writes_count > 0))
		return NULL;
	switch (failure) {
	case -ENOSPC:
	case -EDQUOT:
		return "standard output takes no more: make room, or write elsewhere";
	case -EIO:
	case -EBADF:
		return "standard output cannot be written to";
	case -ENODEV:
		return options->network_namespace
			       ? "start again when it is back (twintap interfaces --netns lists "
				 "what is there)"
			       : "start again when it is back (twintap interfaces lists what is "
				 "there)";
	default:
		return NULL;
	}
}

/* Tells how it went: the account, in file and words, and the failure. */
static int conclude(struct session *session)
{
	struct tt_accounting accounting;
	struct tt_error error = TT_ERROR_INIT;
	int status = TT_EXIT_DONE;
	int r;

	/* A reader that has read enough is how pipelines end. */
	if (session->failure < 0 && session->failure != -EPIPE) {
		const char *remedy = find_remedy(session->options, session->failure);

		tt_say("%s%s%s", session->error.message, remedy ? ": " : "", remedy ? remedy : "");
		status = TT_EXIT_FAILED;
	}
	r = write_stats_file(session, &error);
	if (r < 0) {
		tt_say("%s", error.message);
		status = TT_EXIT_FAILED;
	}
	if (session->options->is_quiet)
		return status;

	r = take_account(session, &accounting);
	if (r < 0) {
		tt_say("take the account: %s", strerror(-r));
		return TT_EXIT_FAILED;
	}
	tt_summary_say_end(&(struct tt_capture_facts){
		.options = session->options,
		.accounting = &accounting,
		.idle_interface = find_idle_interface(session),
	});
	return status;
}

int tt_session_run(const struct tt_capture_options *options)
{
	struct session session = {
		.options = options,
		.stats_file = TT_STATS_FILE_INIT,
		.shows_progress = options->files_count > 0 && !options->is_quiet &&
				  isatty(STDERR_FILENO),
	};
	struct tt_error error = TT_ERROR_INIT;
	int status;
	int r;

	r = open_session(&session, &error);
	if (r == 0)
		r = begin(&session, &error);
	if (r < 0) {
		tt_say("%s", error.message);
		/* The library refuses by it what was asked for, such as a list of ports. */
		status = r == -EINVAL ? TT_EXIT_USAGE : TT_EXIT_FAILED;
	} else {
		say_start(&session);
		begin_live(&session);
		run(&session);
		clear_terminal(&session);
		status = conclude(&session);
	}

	tt_capture_signals_release();
	tt_receiver_free(session.receiver);
	tt_stats_file_close(&session.stats_file);
	return status;
}
