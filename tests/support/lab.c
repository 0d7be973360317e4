/* SPDX-License-Identifier: MIT */

/*
 * Namespace lab: two network namespaces joined by a veth pair
 *
 * Namespaces are made by unsharing on the calling thread, which then goes home; links
 * and addresses are left to ip(8), fed in batches. A thread's namespace decides what
 * /proc/sys/net and /proc/thread-self/net mean, so settings are written from inside.
 */

#include "tests/support/lab.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define NETNS_FOLDER "/run/netns"
#define NAME_PREFIX  "tt-"

extern char **environ;

enum {
	NAME_BYTES = 64,
	PATH_BYTES = 128,
	/* Of a link's one group: two when it is joined, two once the link has its own address. */
	REPORTS_COUNT = 4,
	SETTLE_MS = 2000,
	QUIET_MS = 100, /* many times the interval that quieten_links() sets */
	COMMANDS_BYTES = 1024,
	SIGNAL_STATUS = 128,
};

struct side {
	int fd;
	bool is_named;
	char name[NAME_BYTES];
	char path[PATH_BYTES];
};

struct tt_lab {
	struct tt_lab *next; /* of those that are alive, for exit */
	int home_fd;
	struct side sides[TT_LAB_SIDE_COUNT];
};

static struct tt_lab *labs_alive;

static const char *const side_names[] = { "near", "far" };

static const struct link {
	const char *interface, *hardware, *ipv4, *ipv6, *link_local;
} links[] = {
	[TT_LAB_NEAR] = { TT_LAB_NEAR_INTERFACE, TT_LAB_NEAR_HARDWARE, TT_LAB_NEAR_IPV4,
			  TT_LAB_NEAR_IPV6, TT_LAB_NEAR_LINK_LOCAL },
	[TT_LAB_FAR] = { TT_LAB_FAR_INTERFACE, TT_LAB_FAR_HARDWARE, TT_LAB_FAR_IPV4,
			 TT_LAB_FAR_IPV6, TT_LAB_FAR_LINK_LOCAL },
};

/* Runs @argv here, standard input from @input_fd unless that is -1. */
static int run_here(const char *const *argv, int input_fd, int *ret_status)
{
	char *const *words;
	posix_spawn_file_actions_t actions;
	int r, status;
	pid_t pid;

	/* posix_spawnp() changes no word, but its prototype predates const. */
	memcpy(&words, &argv, sizeof(words));
	r = posix_spawn_file_actions_init(&actions);
	if (r == 0 && input_fd >= 0)
		r = posix_spawn_file_actions_adddup2(&actions, input_fd, STDIN_FILENO);
	if (r == 0)
		r = posix_spawnp(&pid, argv[0], &actions, NULL, words, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return -r;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : SIGNAL_STATUS + WTERMSIG(status);
	return 0;
}

/* Feeds @commands to ip(8) in the current namespace; it says itself what went wrong. */
static int run_ip(const char *commands, struct tt_error *reterr)
{
	static const char *const argv[] = { "ip", "-batch", "-", NULL };
	TT_CLEANUP(tt_closep) int fd = -1;
	int r, status = 0;

	fd = memfd_create("commands", MFD_CLOEXEC);
	if (fd < 0 || write(fd, commands, strlen(commands)) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		r = -errno;
		return tt_error_set(reterr, r, "commands for ip: %s", strerror(-r));
	}
	r = run_here(argv, fd, &status);
	if (r < 0)
		return tt_error_set(reterr, r, "ip: %s", strerror(-r));
	if (status != 0)
		return tt_error_set(reterr, -EIO, "ip -batch: status %d", status);
	return 0;
}

static int write_setting(const char *path, const char *value)
{
	TT_CLEANUP(tt_closep) int fd = -1;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return -errno;
	return 0;
}

/* For links that are made from now on in the current namespace. */
static int quieten_links(struct tt_error *reterr)
{
	static const struct {
		const char *path, *value;
	} settings[] = {
		{ "/proc/sys/net/ipv6/conf/default/accept_dad", "0" },
		{ "/proc/sys/net/ipv6/conf/default/accept_ra", "0" },
		{ "/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1" },
		{ "/proc/sys/net/ipv6/conf/default/router_solicitations", "0" },
		/* Listener reports cannot be switched off, but be over within two ticks. */
		{ "/proc/sys/net/ipv6/conf/default/mldv2_unsolicited_report_interval", "1" },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		int r = write_setting(settings[i].path, settings[i].value);

		if (r < 0)
			return tt_error_set(reterr, r, "%s: %s", settings[i].path, strerror(-r));
	}
	return 0;
}

/* What the current namespace counted of IPv6 packets, of its one link alone so far. */
static int read_packets_counts(unsigned long *ret_sent, unsigned long *ret_received)
{
	static const char sent[] = "Ip6OutRequests", received[] = "Ip6InReceives";
	char line[256];
	FILE *file;

	*ret_sent = 0;
	*ret_received = 0;
	file = fopen("/proc/thread-self/net/snmp6", "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, sent, sizeof(sent) - 1) == 0)
			*ret_sent = strtoul(line + sizeof(sent) - 1, NULL, 10);
		else if (strncmp(line, received, sizeof(received) - 1) == 0)
			*ret_received = strtoul(line + sizeof(received) - 1, NULL, 10);
	}
	(void)fclose(file);
	return 0;
}

/*
 * Waits in the current namespace until the reports of both sides have passed: all of
 * them, or, should the kernel have sent two at once, until no more come.
 */
static int settle(struct tt_error *reterr)
{
	int64_t start_ns = tt_clock_now_ns(), change_ns = start_ns, now_ns;
	unsigned long sent, received, last = 0;
	int r;

	for (;;) {
		r = read_packets_counts(&sent, &received);
		if (r < 0)
			return tt_error_set(reterr, r, "snmp6: %s", strerror(-r));
		now_ns = tt_clock_now_ns();
		if (sent + received != last)
			change_ns = now_ns;
		last = sent + received;
		if (sent >= REPORTS_COUNT && received >= REPORTS_COUNT)
			return 0;
		if (sent && received && now_ns - change_ns >= (int64_t)QUIET_MS * TT_NS_PER_MS)
			return 0;
		if (now_ns - start_ns >= (int64_t)SETTLE_MS * TT_NS_PER_MS)
			return tt_error_set(reterr, -ETIMEDOUT,
					    "%lu listener reports sent, %lu received", sent,
					    received);
		(void)poll(NULL, 0, 1); /* no event tells of a report: look again a tick later */
	}
}

int tt_lab_enter(const struct tt_lab *lab, enum tt_lab_side side)
{
	return setns(lab->sides[side].fd, CLONE_NEWNET) < 0 ? -errno : 0;
}

int tt_lab_leave(const struct tt_lab *lab)
{
	return setns(lab->home_fd, CLONE_NEWNET) < 0 ? -errno : 0;
}

const char *tt_lab_path(const struct tt_lab *lab, enum tt_lab_side side)
{
	return lab->sides[side].path;
}

const char *tt_lab_name(const struct tt_lab *lab, enum tt_lab_side side)
{
	return lab->sides[side].is_named ? lab->sides[side].name : NULL;
}

int tt_lab_run(const struct tt_lab *lab, enum tt_lab_side side, const char *const *argv,
	       int *ret_status)
{
	int r, left;

	r = tt_lab_enter(lab, side);
	if (r < 0)
		return r;
	r = run_here(argv, -1, ret_status);
	left = tt_lab_leave(lab);
	return r < 0 ? r : left;
}

static int open_own_namespace(int *ret_fd)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int run_netns(const char *action, const char *name)
{
	const char *const argv[] = { "ip", "netns", action, name, NULL };
	int r, status = 0;

	r = run_here(argv, -1, &status);
	if (r == 0 && status != 0)
		r = -EIO;
	return r;
}

static int make_named(struct side *side, struct tt_error *reterr)
{
	int r;

	r = run_netns("add", side->name);
	if (r < 0)
		return tt_error_set(reterr, r, "ip netns add %s", side->name);
	side->is_named = true;
	(void)snprintf(side->path, sizeof(side->path), NETNS_FOLDER "/%s", side->name);
	side->fd = open(side->path, O_RDONLY | O_CLOEXEC);
	if (side->fd < 0) {
		r = -errno;
		return tt_error_set(reterr, r, "%s: %s", side->path, strerror(-r));
	}
	return 0;
}

static int make_unnamed(const struct tt_lab *lab, struct side *side, struct tt_error *reterr)
{
	int r = unshare(CLONE_NEWNET) < 0 ? -errno : 0;

	if (r == 0)
		r = open_own_namespace(&side->fd);
	if (r == 0)
		r = tt_lab_leave(lab);
	if (r < 0)
		return tt_error_set(reterr, r, "new network namespace: %s", strerror(-r));
	(void)snprintf(side->path, sizeof(side->path), "/proc/%d/fd/%d", getpid(), side->fd);
	return 0;
}

static int make_sides(struct tt_lab *lab, const char *test, unsigned int flags,
		      struct tt_error *reterr)
{
	int r = 0;

	for (int i = 0; r == 0 && i < TT_LAB_SIDE_COUNT; i++) {
		struct side *side = &lab->sides[i];

		(void)snprintf(side->name, sizeof(side->name), NAME_PREFIX "%d-%s-%s", getpid(),
			       test, side_names[i]);
		if (flags & TT_LAB_NAMED)
			r = make_named(side, reterr);
		else
			r = make_unnamed(lab, side, reterr);
	}
	return r;
}

static int run_ip_in(const struct tt_lab *lab, enum tt_lab_side side, const char *commands,
		     struct tt_error *reterr)
{
	int r = tt_lab_enter(lab, side);

	if (r < 0)
		return tt_error_set(reterr, r, "%s side: %s", side_names[side], strerror(-r));
	r = run_ip(commands, reterr);
	return r < 0 ? tt_error_wrap(reterr, r, "%s side", side_names[side]) : 0;
}

static int make_pair(const struct tt_lab *lab, struct tt_error *reterr)
{
	const struct link *near = &links[TT_LAB_NEAR], *far = &links[TT_LAB_FAR];
	char commands[COMMANDS_BYTES];

	(void)snprintf(commands, sizeof(commands),
		       "link add %s address %s type veth peer name %s address %s netns "
		       "/proc/%d/fd/%d\n",
		       near->interface, near->hardware, far->interface, far->hardware, getpid(),
		       lab->sides[TT_LAB_FAR].fd);
	return run_ip_in(lab, TT_LAB_NEAR, commands, reterr);
}

static int bring_up(const struct tt_lab *lab, enum tt_lab_side side, struct tt_error *reterr)
{
	char commands[COMMANDS_BYTES];

	(void)snprintf(commands, sizeof(commands), "link set lo up\nlink set %s up\n",
		       links[side].interface);
	return run_ip_in(lab, side, commands, reterr);
}

/* All addresses of a side share one solicited-node group, since they end alike. */
static int give_addresses(const struct tt_lab *lab, enum tt_lab_side side, struct tt_error *reterr)
{
	const struct link *own = &links[side];
	const struct link *peer = &links[side == TT_LAB_NEAR ? TT_LAB_FAR : TT_LAB_NEAR];
	char commands[COMMANDS_BYTES];

	(void)snprintf(commands, sizeof(commands),
		       "addr add %s/64 dev %s nodad\n"
		       "addr add %s/64 dev %s nodad\n"
		       "addr add %s/24 dev %s\n"
		       "neigh add %s lladdr %s dev %s\n"
		       "neigh add %s lladdr %s dev %s\n"
		       "neigh add %s lladdr %s dev %s\n",
		       own->link_local, own->interface, own->ipv6, own->interface, own->ipv4,
		       own->interface, peer->link_local, peer->hardware, own->interface, peer->ipv6,
		       peer->hardware, own->interface, peer->ipv4, peer->hardware, own->interface);
	return run_ip_in(lab, side, commands, reterr);
}

/*
 * Carrier before addresses: a link that gets it later reports its group once more, and
 * nobody could tell how many reports are still to come.
 */
static int make_links(const struct tt_lab *lab, struct tt_error *reterr)
{
	int r = make_pair(lab, reterr);

	for (int i = 0; r == 0 && i < TT_LAB_SIDE_COUNT; i++)
		r = bring_up(lab, (enum tt_lab_side)i, reterr);
	for (int i = 0; r == 0 && i < TT_LAB_SIDE_COUNT; i++)
		r = give_addresses(lab, (enum tt_lab_side)i, reterr);
	return r;
}

static int quieten_sides(const struct tt_lab *lab, struct tt_error *reterr)
{
	int r = 0;

	for (int i = 0; r == 0 && i < TT_LAB_SIDE_COUNT; i++) {
		r = tt_lab_enter(lab, (enum tt_lab_side)i);
		if (r < 0)
			return tt_error_set(reterr, r, "setns: %s", strerror(-r));
		r = quieten_links(reterr);
	}
	return r;
}

static int settle_sides(const struct tt_lab *lab, struct tt_error *reterr)
{
	int r = 0;

	for (int i = 0; r == 0 && i < TT_LAB_SIDE_COUNT; i++) {
		r = tt_lab_enter(lab, (enum tt_lab_side)i);
		if (r < 0)
			return tt_error_set(reterr, r, "setns: %s", strerror(-r));
		r = settle(reterr);
	}
	return r;
}

/* Removes what a killed process left behind: names that carry the id of no process. */
static void sweep(void)
{
	DIR *folder = opendir(NETNS_FOLDER);
	struct dirent *entry;

	if (!folder)
		return; /* no named namespace was ever made here */
	while ((entry = readdir(folder))) {
		char *end = NULL;
		long pid;

		if (strncmp(entry->d_name, NAME_PREFIX, strlen(NAME_PREFIX)) != 0)
			continue;
		pid = strtol(entry->d_name + strlen(NAME_PREFIX), &end, 10);
		if (pid > 0 && *end == '-' && kill((pid_t)pid, 0) < 0 && errno == ESRCH)
			(void)run_netns("del", entry->d_name); /* or another sweep was first */
	}
	(void)closedir(folder);
}

static void free_all(void)
{
	while (labs_alive)
		tt_lab_free(labs_alive);
}

static void lab_freep(struct tt_lab **lab)
{
	tt_lab_free(*lab);
}

int tt_lab_new(struct tt_lab **ret_lab, const char *test, unsigned int flags,
	       struct tt_error *reterr)
{
	TT_CLEANUP(lab_freep) struct tt_lab *lab = NULL;
	static bool is_registered;
	int r, left;

	if (flags & TT_LAB_NAMED)
		sweep();
	if (!is_registered)
		is_registered = atexit(free_all) == 0;

	lab = calloc(1, sizeof(*lab));
	if (!lab)
		return tt_error_set(reterr, -ENOMEM, "lab: no memory");
	lab->home_fd = -1;
	for (int i = 0; i < TT_LAB_SIDE_COUNT; i++)
		lab->sides[i].fd = -1;
	lab->next = labs_alive;
	labs_alive = lab;

	r = open_own_namespace(&lab->home_fd);
	if (r < 0)
		return tt_error_set(reterr, r, "own namespace: %s", strerror(-r));
	r = make_sides(lab, test, flags, reterr);
	if (r < 0)
		return r;

	r = quieten_sides(lab, reterr);
	if (r == 0)
		r = make_links(lab, reterr);
	if (r == 0)
		r = settle_sides(lab, reterr);
	left = tt_lab_leave(lab);
	if (r < 0)
		return tt_error_wrap(reterr, r, "lab");
	if (left < 0)
		return tt_error_set(reterr, left, "setns: %s", strerror(-left));

	*ret_lab = TT_TAKE_PTR(lab);
	return 0;
}

void tt_lab_free(struct tt_lab *lab)
{
	struct tt_lab **link = &labs_alive;

	if (!lab)
		return;
	while (*link && *link != lab)
		link = &(*link)->next;
	if (*link)
		*link = lab->next;

	for (int i = 0; i < TT_LAB_SIDE_COUNT; i++) {
		tt_closep(&lab->sides[i].fd);
		if (lab->sides[i].is_named)
			(void)run_netns("del", lab->sides[i].name); /* ip says what failed */
	}
	tt_closep(&lab->home_fd);
	free(lab);
}

bool tt_lab_is_possible(void)
{
	static const char *const argv[] = { "sh", "-c", "command -v ip >/dev/null", NULL };
	TT_CLEANUP(tt_closep) int home_fd = -1;
	const char *missing = NULL;
	int status = 0;

	if (geteuid() != 0)
		missing = "root";
	else if (run_here(argv, -1, &status) < 0 || status != 0)
		missing = "ip (package iproute2)";
	else if (open_own_namespace(&home_fd) < 0 || unshare(CLONE_NEWNET) < 0)
		missing = "network namespaces (CAP_SYS_ADMIN)";
	else if (setns(home_fd, CLONE_NEWNET) < 0)
		missing = "a way back from a network namespace";
	else if (access("/proc/sys/net/ipv6", F_OK) < 0)
		missing = "IPv6 in this kernel";

	if (missing)
		(void)fprintf(stderr, "skipped: the lab needs %s\n", missing);
	return !missing;
}
