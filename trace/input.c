/* SPDX-License-Identifier: MIT */

/*
 * The bytes of a trace file, a window at a time
 *
 * The signal that tells of a breaking lease is not waited for: the lease is asked after
 * instead. It is made SIGURG, which does nothing by default, since SIGIO would end the process.
 */

#include "trace/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "twintap/error.h"

enum {
	MAPPED_BYTES = 4 << 20,   /* larger ones spare nothing measurable */
	BUFFER_BYTES = 256 << 10, /* it stays in the second cache between read(2) and its reader */
};

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* ------------------------------------------------------------------------------ lease */

static bool take_lease(int fd)
{
	if (fcntl(fd, F_SETSIG, SIGURG) < 0)
		return false;
	/* Not the file's owner; open for writing elsewhere; a file system without leases. */
	return fcntl(fd, F_SETLEASE, F_RDLCK) == 0;
}

static void unmap(struct tt_input *input)
{
	if (input->mapping)
		(void)munmap(input->mapping, input->mapping_bytes);
	input->mapping = NULL;
	input->mapping_bytes = 0;
}

/* Unmaps, and only then gives the lease up. What follows is read. */
static void give_up_mapping(struct tt_input *input)
{
	unmap(input);
	(void)fcntl(input->fd, F_SETLEASE, F_UNLCK); /* it may be broken already */
	(void)fcntl(input->fd, F_SETSIG, 0);         /* others may use it too: standard input */
	input->kind = TT_INPUT_FILE;
}

void tt_input_keep(struct tt_input *input, size_t *used_bytes)
{
	if (input->kind != TT_INPUT_MAPPED || fcntl(input->fd, F_GETLEASE) == F_RDLCK)
		return;

	give_up_mapping(input);
	input->offset += *used_bytes;
	input->window = (struct tt_view){ 0 };
	*used_bytes = 0;
}

/* ------------------------------------------------------------------------------- open */

static int open_path(const char *path)
{
	struct stat status;
	int flags = O_RDONLY | O_NOCTTY;
	int fd;

	/* A pipe that nobody writes to yet is waited for by poll(2), which can be interrupted. */
	if (stat(path, &status) == 0 && S_ISFIFO(status.st_mode))
		flags |= O_NONBLOCK;
	fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
				    : open(path, O_CLOEXEC | flags);
	return fd < 0 ? -errno : fd;
}

int tt_input_open(struct tt_input *ret_input, const char *path)
{
	struct tt_input input = { .kind = TT_INPUT_STREAM };
	TT_CLEANUP(tt_closep) int fd = open_path(path);
	struct stat status;

	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;

	if (S_ISREG(status.st_mode)) {
		/* Standard input may have been read from already. */
		off_t offset = lseek(fd, 0, SEEK_CUR);

		if (offset < 0)
			return -errno;
		input.offset = (uint64_t)offset;
		input.kind = take_lease(fd) ? TT_INPUT_MAPPED : TT_INPUT_FILE;
	}
	input.fd = TT_TAKE_FD(fd);
	*ret_input = input;
	return 0;
}

void tt_input_deinit(struct tt_input *input)
{
	if (input->kind == TT_INPUT_MAPPED)
		give_up_mapping(input);
	free(input->buffer);
	tt_closep(&input->fd);
	*input = (struct tt_input)TT_INPUT_EMPTY;
}

bool tt_input_can_be_polled(const struct tt_input *input)
{
	struct stat status;

	if (fstat(input->fd, &status) < 0)
		return false;
	return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(input->fd);
}

bool tt_input_size(const struct tt_input *input, uint64_t *ret_bytes)
{
	struct stat status;

	if (input->kind == TT_INPUT_STREAM || fstat(input->fd, &status) < 0)
		return false;
	*ret_bytes = (uint64_t)status.st_size;
	return true;
}

/* ----------------------------------------------------------------------------- mapping */

/*
 * Maps what begins at @offset. The size stands still as long as the lease is held.
 * 0; TT_END_OF_STREAM with all that is left; a negative errno: read it instead.
 */
static int map_window(struct tt_input *input, size_t wanted_bytes)
{
	size_t skipped_bytes = input->offset % page_bytes();
	uint64_t left_bytes;
	uint64_t map_bytes = MAPPED_BYTES;
	bool is_last;
	void *mapping;

	unmap(input);
	input->window = (struct tt_view){ 0 };
	if (!tt_input_size(input, &left_bytes))
		return -EIO;
	if (left_bytes == 0)
		return -ENODATA; /* that is also what files of proc(5) say */
	if (left_bytes <= input->offset)
		return TT_END_OF_STREAM;
	left_bytes -= input->offset;

	if (map_bytes < skipped_bytes + wanted_bytes)
		map_bytes = skipped_bytes + wanted_bytes;
	is_last = map_bytes >= skipped_bytes + left_bytes;
	if (is_last)
		map_bytes = skipped_bytes + left_bytes;
	mapping = mmap(NULL, map_bytes, PROT_READ, MAP_SHARED, input->fd,
		       (off_t)(input->offset - skipped_bytes));
	if (mapping == MAP_FAILED)
		return -errno;

	input->mapping = mapping;
	input->mapping_bytes = map_bytes;
	/* Tells of a page that the disk does not give, which touching it would not survive. */
	if (madvise(mapping, map_bytes, MADV_POPULATE_READ) < 0 && errno != EINVAL)
		return -EIO;
	if (!is_last)
		(void)posix_fadvise(input->fd, (off_t)(input->offset + map_bytes), MAPPED_BYTES,
				    POSIX_FADV_WILLNEED); /* a hint */
	input->window.bytes = input->mapping + skipped_bytes;
	input->window.bytes_count = map_bytes - skipped_bytes;
	return 0;
}

static int advance_mapping(struct tt_input *input, size_t wanted_bytes)
{
	size_t had_bytes = input->window.bytes_count;
	int r;

	if (fcntl(input->fd, F_GETLEASE) != F_RDLCK)
		r = -EAGAIN;
	else
		r = map_window(input, wanted_bytes);
	if (r < 0) {
		give_up_mapping(input);
		input->window = (struct tt_view){ 0 };
		return r;
	}
	return r == 0 && input->window.bytes_count <= had_bytes ? TT_END_OF_STREAM : r;
}

/* ----------------------------------------------------------------------------- reading */

static int make_room(struct tt_input *input, size_t wanted_bytes)
{
	size_t room_bytes = input->room_bytes > 0 ? input->room_bytes : BUFFER_BYTES;
	uint8_t *buffer;

	while (room_bytes < wanted_bytes)
		room_bytes *= 2;
	if (room_bytes == input->room_bytes)
		return 0;

	buffer = realloc(input->buffer, room_bytes);
	if (!buffer)
		return -ENOMEM;
	input->buffer = buffer;
	input->room_bytes = room_bytes;
	input->window.bytes = buffer;
	return 0;
}

/* 0 when something can be read, or TT_EMPTY; a stream's end can be. */
static int wait_readable(const struct tt_input *input, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = input->fd, .events = POLLIN };
	int r;

	if (input->kind != TT_INPUT_STREAM)
		return 0;
	r = poll(&poll_fd, 1, timeout_ms);
	if (r < 0 && errno != EINTR)
		return -errno;
	return r > 0 ? 0 : TT_EMPTY;
}

static int read_more(struct tt_input *input)
{
	size_t had_bytes = input->window.bytes_count;
	uint8_t *to = input->buffer + had_bytes;
	size_t room_bytes = input->room_bytes - had_bytes;
	ssize_t got_bytes;

	if (input->kind == TT_INPUT_STREAM)
		got_bytes = read(input->fd, to, room_bytes);
	else
		got_bytes = pread(input->fd, to, room_bytes, (off_t)(input->offset + had_bytes));
	if (got_bytes < 0 && (errno == EAGAIN || errno == EINTR))
		return TT_EMPTY;
	if (got_bytes < 0)
		return -errno;
	if (got_bytes == 0)
		return TT_END_OF_STREAM;
	input->window.bytes_count += (size_t)got_bytes;
	return 0;
}

static int advance_buffer(struct tt_input *input, size_t wanted_bytes, int timeout_ms)
{
	size_t left_bytes = input->window.bytes_count;
	int r;

	if (left_bytes > 0 && input->window.bytes != input->buffer)
		memmove(input->buffer, input->window.bytes, left_bytes);
	input->window.bytes = input->buffer;

	/* A record that is being waited for always finds room for more. */
	r = make_room(input, wanted_bytes > left_bytes ? wanted_bytes : left_bytes + 1);
	if (r < 0)
		return r;
	r = wait_readable(input, timeout_ms);
	if (r != 0)
		return r;
	return read_more(input);
}

int tt_input_advance(struct tt_input *input, size_t used_bytes, size_t wanted_bytes, int timeout_ms)
{
	input->offset += used_bytes;
	input->window = tt_view_slice(input->window, used_bytes, input->window.bytes_count);
	if (input->kind == TT_INPUT_MAPPED) {
		int r = advance_mapping(input, wanted_bytes);

		if (r >= 0)
			return r;
		/* It was given up: what was in the window is read again, and more. */
	}
	return advance_buffer(input, wanted_bytes, timeout_ms);
}
