/* SPDX-License-Identifier: MIT */

/*
 * A temporary folder with real files, gone when the test is over
 */

#include "tests/support/test_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void require(bool is_done, const char *what)
{
	if (is_done)
		return;
	perror(what);
	abort();
}

void tt_test_folder_init(struct tt_test_folder *folder)
{
	const char *parent = getenv("TMPDIR");

	(void)snprintf(folder->path, sizeof(folder->path), "%s/tt-trace-XXXXXX",
		       parent && *parent ? parent : ".");
	require(mkdtemp(folder->path), folder->path);
	folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	require(folder->fd >= 0, folder->path);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

void tt_test_folder_deinit(struct tt_test_folder *folder)
{
	(void)close(folder->fd);
	require(nftw(folder->path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0, folder->path);
}

const char *tt_test_folder_path(const struct tt_test_folder *folder, const char *name)
{
	static char path[TT_TEST_PATH_BYTES + 1024];

	(void)snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	return path;
}

void tt_test_folder_put(const struct tt_test_folder *folder, const char *name, size_t bytes,
			unsigned int age_s)
{
	int fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct timespec times[2];

	require(fd >= 0, name);
	for (size_t i = 0; i < bytes; i++)
		require(write(fd, "x", 1) == 1, name);
	require(clock_gettime(CLOCK_REALTIME, &times[0]) == 0, name);
	times[0].tv_sec -= age_s;
	times[1] = times[0];
	require(futimens(fd, times) == 0, name);
	(void)close(fd);
}

bool tt_test_folder_has(const struct tt_test_folder *folder, const char *name)
{
	struct stat status;

	return fstatat(folder->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

uint64_t tt_test_folder_bytes(const struct tt_test_folder *folder, const char *name)
{
	struct stat status;

	if (fstatat(folder->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return UINT64_MAX;
	return (uint64_t)status.st_size;
}

static int is_listed(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

const char *tt_test_folder_list(const struct tt_test_folder *folder)
{
	static char list[TT_TEST_PATH_BYTES];
	struct dirent **entries;
	int count = scandir(folder->path, &entries, is_listed, alphasort);
	size_t used = 0;

	require(count >= 0, folder->path);
	list[0] = '\0';
	for (int i = 0; i < count; i++) {
		int length = snprintf(list + used, sizeof(list) - used, "%s\n", entries[i]->d_name);

		used += (size_t)length;
		require(used < sizeof(list), "list");
		free(entries[i]);
	}
	free(entries);
	return list;
}

uint64_t tt_test_folder_sum(const struct tt_test_folder *folder)
{
	struct dirent **entries;
	int count = scandir(folder->path, &entries, is_listed, alphasort);
	uint64_t sum = 0;

	require(count >= 0, folder->path);
	for (int i = 0; i < count; i++) {
		struct stat status;

		if (fstatat(folder->fd, entries[i]->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(status.st_mode))
			sum += (uint64_t)status.st_size;
		free(entries[i]);
	}
	free(entries);
	return sum;
}
