/* SPDX-License-Identifier: MIT */

/*
 * Other network namespaces
 *
 * A thread is moved, and never back: to return could fail, and would leave the caller in a
 * namespace that it knows nothing of.
 *
 * Opening what somebody named must do no harm: it may be a pipe that nobody writes to, or a
 * terminal.
 */

#include "link/namespace.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "link/unknown.h"

enum {
	PROCESS_DIGITS_MAX = 10, /* of a 32-bit number */
};

static const char names_folder[] = "/run/netns";

int tt_namespace_locate(struct tt_namespace_file *ret_file, const char *name,
			struct tt_error *reterr)
{
	size_t length = strnlen(name, PATH_MAX);

	if (length == 0)
		return tt_error_set(reterr, -EINVAL,
				    "network namespace: the name is empty: give a name, a path "
				    "or a PID");
	if (strchr(name, '/')) {
		if (length == PATH_MAX)
			return tt_error_set(reterr, -EINVAL,
					    "network namespace: a path has up to %d bytes",
					    PATH_MAX - 1);
		ret_file->kind = TT_NAMESPACE_PATH;
		memcpy(ret_file->path, name, length + 1);
		return 0;
	}
	if (name[strspn(name, "0123456789")] == '\0') {
		if (length > PROCESS_DIGITS_MAX)
			return tt_error_set(reterr, -EINVAL,
					    "network namespace: no process has a number of %zu "
					    "digits",
					    length);
		ret_file->kind = TT_NAMESPACE_PROCESS;
		(void)snprintf(ret_file->path, sizeof(ret_file->path), "/proc/%s/ns/net", name);
		return 0;
	}
	if (length > NAME_MAX)
		return tt_error_set(reterr, -EINVAL, "network namespace: a name has up to %d bytes",
				    NAME_MAX);
	ret_file->kind = TT_NAMESPACE_NAME;
	(void)snprintf(ret_file->path, sizeof(ret_file->path), "%s/%s", names_folder, name);
	return 0;
}

/* Names the namespaces that have a name. */
static int word_unknown(const char *name, struct tt_error *reterr)
{
	DIR *folder = opendir(names_folder);
	const struct dirent *entry;
	struct tt_unknown unknown;

	tt_unknown_init(&unknown, "network namespace", name);
	while (folder && (entry = readdir(folder))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			tt_unknown_add(&unknown, entry->d_name);
	}
	if (folder)
		(void)closedir(folder);
	return tt_unknown_set(&unknown, -ENOENT,
			      "; none has a name (ip netns add): give a path or a PID", reterr);
}

static int word_failure(const struct tt_namespace_file *file, const char *name, int r,
			struct tt_error *reterr)
{
	if (r == -ENOENT && file->kind == TT_NAMESPACE_NAME)
		return word_unknown(name, reterr);
	if (r == -ENOENT && file->kind == TT_NAMESPACE_PROCESS)
		return tt_error_set(reterr, r,
				    "network namespace: no process %s (of a name in digits give "
				    "the path, %s/%s)",
				    name, names_folder, name);
	if (r == -EACCES || r == -EPERM)
		return tt_error_set(reterr, r, "network namespace %s: %s: run as root", name,
				    strerror(-r));
	return tt_error_set(reterr, r, "network namespace %s: %s", name, strerror(-r));
}

int tt_namespace_open(int *ret_fd, const char *name, struct tt_error *reterr)
{
	TT_CLEANUP(tt_closep) int fd = -1;
	struct tt_namespace_file file = { 0 };
	int r;

	r = tt_namespace_locate(&file, name, reterr);
	if (r < 0)
		return r;

	fd = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		r = -errno;
		return word_failure(&file, name, r, reterr);
	}
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return tt_error_set(reterr, -EINVAL,
				    "%s is no network namespace: give a name that ip netns "
				    "lists, a path such as /proc/PID/ns/net, or a PID",
				    file.path);

	*ret_fd = TT_TAKE_FD(fd);
	return 0;
}

/* A call, and where to. */
struct errand {
	int fd;
	tt_namespace_fn *call;
	void *context;
	struct tt_error *reterr;
	int status;
};

static void *run_errand(void *argument)
{
	struct errand *errand = argument;
	int r;

	(void)pthread_setname_np(pthread_self(), "twintap-netns"); /* only its name */
	if (setns(errand->fd, CLONE_NEWNET) < 0) {
		r = -errno;
		errand->status = tt_error_set(errand->reterr, r, "enter it: %s%s", strerror(-r),
					      r == -EPERM ? ": it takes CAP_SYS_ADMIN: run as root"
							  : "");
		return NULL;
	}
	errand->status = errand->call(errand->context, errand->reterr);
	return NULL;
}

int tt_namespace_run(int fd, tt_namespace_fn *call, void *context, struct tt_error *reterr)
{
	struct errand errand = { .fd = fd, .call = call, .context = context, .reterr = reterr };
	sigset_t all, before;
	pthread_t thread;
	int r;

	if (fd < 0)
		return call(context, reterr);

	/* The caller's handlers shall not run in a namespace that is not theirs. */
	(void)sigfillset(&all); /* nor can this fail, nor what follows: valid arguments */
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, run_errand, &errand);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r > 0)
		return tt_error_set(reterr, -r, "start a thread for it: %s", strerror(r));

	r = pthread_join(thread, NULL);
	assert(r == 0); /* a thread of ours that nobody else knows */
	(void)r;
	return errand.status;
}
