/* SPDX-License-Identifier: MIT */

/*
 * The files of a trace, in memory
 */

#include "tests/support/fake_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "trace/store.h"

struct tt_fake_store tt_fake_store;

struct tt_store {
	bool is_open;
};

static struct tt_store the_store;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static struct tt_fake_file *last_file(void)
{
	require(the_store.is_open);
	return &tt_fake_store.files[tt_fake_store.files_count - 1];
}

void tt_fake_store_reset(void)
{
	for (size_t i = 0; i < tt_fake_store.files_count; i++)
		free(tt_fake_store.files[i].bytes);
	memset(&tt_fake_store, 0, sizeof(tt_fake_store));
	tt_fake_store.write_bytes_max = UINT64_MAX;
	tt_fake_store.open_after = SIZE_MAX;
	the_store.is_open = false;
}

int tt_store_new(struct tt_store **ret_store, const struct tt_store_opts *opts,
		 struct tt_error *reterr)
{
	(void)opts;
	(void)reterr;
	*ret_store = &the_store;
	return 0;
}

void tt_store_free(struct tt_store *store)
{
	if (store)
		tt_fake_store.is_freed = true;
}

int tt_store_open(struct tt_store *store, int64_t time_ns, struct tt_error *reterr)
{
	require(!store->is_open && time_ns > 0);
	require(tt_fake_store.files_count < TT_FAKE_STORE_FILES_MAX);

	if (tt_fake_store.files_count >= tt_fake_store.open_after)
		return tt_error_set(reterr, tt_fake_store.open_status, "fake open");
	tt_fake_store.files_count++;
	store->is_open = true;
	return 0;
}

bool tt_store_is_open(const struct tt_store *store)
{
	return store->is_open;
}

bool tt_store_is_stream(const struct tt_store *store)
{
	require(store->is_open);
	return tt_fake_store.is_stream;
}

bool tt_store_is_regular(const struct tt_store *store)
{
	require(store->is_open);
	return !tt_fake_store.is_stream && !tt_fake_store.is_discarding;
}

uint64_t tt_store_file_bytes(const struct tt_store *store)
{
	(void)store;
	return last_file()->bytes_count;
}

static void append(struct tt_fake_file *file, const void *bytes, size_t bytes_count)
{
	if (file->bytes_count + bytes_count > file->room_bytes) {
		file->room_bytes = 2 * (file->bytes_count + bytes_count);
		file->bytes = realloc(file->bytes, file->room_bytes);
		require(file->bytes);
	}
	if (bytes_count > 0)
		memcpy(file->bytes + file->bytes_count, bytes, bytes_count);
	file->bytes_count += bytes_count;
}

int tt_store_write(struct tt_store *store, const struct iovec *parts, size_t parts_count,
		   uint64_t *progress_bytes, struct tt_error *reterr)
{
	(void)store;
	*progress_bytes = 0;
	tt_fake_store.writes_count++;

	for (size_t i = 0; i < parts_count; i++) {
		uint64_t left_bytes = tt_fake_store.write_bytes_max - tt_fake_store.written_bytes;
		size_t bytes = parts[i].iov_len < left_bytes ? parts[i].iov_len : left_bytes;

		append(last_file(), parts[i].iov_base, bytes);
		tt_fake_store.written_bytes += bytes;
		*progress_bytes += bytes;
		if (bytes < parts[i].iov_len)
			return tt_error_set(reterr, tt_fake_store.write_status, "fake write");
	}
	return 0;
}

void tt_store_cut(struct tt_store *store, uint64_t file_bytes)
{
	require(tt_store_is_regular(store));
	require(file_bytes <= last_file()->bytes_count);
	last_file()->bytes_count = file_bytes;
}

int tt_store_close(struct tt_store *store, struct tt_error *reterr)
{
	last_file()->is_closed = true;
	store->is_open = false;
	if (tt_fake_store.close_status < 0)
		return tt_error_set(reterr, tt_fake_store.close_status, "fake close");
	return 0;
}

void tt_store_discard(struct tt_store *store)
{
	last_file()->is_discarded = true;
	store->is_open = false;
}
