/* SPDX-License-Identifier: MIT */

/*
 * A trace for each port or interface: a sink over many traces
 *
 * Traces are found by a key of port and interface in a hash table of fixed size; interfaces
 * of one name, of several hosts say, share theirs. What a trace counts is added to the split's
 * account as it happens.
 *
 * Invariant 1: given == written + dropped + what lies in the buffers of the traces.
 */

#include "trace/split.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

enum {
	SLOTS_COUNT = 4096, /* a power of 2, well above the traces */
	SHARED_MAX = 2000,  /* keys that share another's trace and have a slot of their own */
	PATH_BYTES = 4096 + 1024,
};

_Static_assert(SLOTS_COUNT > TT_SPLIT_TRACES_MAX + SHARED_MAX, "the table never gets full");

struct part {
	uint64_t key;
	struct tt_sink *trace; /* NULL: the slot is free */
	char *path;            /* owned, as the trace then; NULL: it is another part's trace */
};

struct split {
	struct tt_sink sink; /* first: the operations get a pointer to it */
	struct tt_trace_config config;
	char *path;            /* owned */
	char *filter;          /* owned; may be NULL */
	struct tt_ports ports; /* that are wanted */
	bool source_only;      /* only of the source */
	bool by_port, by_interface;
	bool has_failed;
	size_t traces_count, shared_count;
	struct part parts[SLOTS_COUNT];
};

_Static_assert(offsetof(struct split, sink) == 0, "a sink is a split");

static struct split *split_of(struct tt_sink *sink)
{
	return (struct split *)sink;
}

/* Where the name begins: conversions in the folder's part are the store's to refuse. */
static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool has_conversion(const char *path, char letter)
{
	for (const char *at = name_of(path); (at = strchr(at, '%')); at += 2) {
		if (at[1] == letter)
			return true;
		if (at[1] == '\0')
			return false;
	}
	return false;
}

bool tt_split_is_wanted(const char *path)
{
	return has_conversion(path, 'p') || has_conversion(path, 'i');
}

/* ---------------------------------------------------------------- keys and traces */

static uint16_t port_of(const struct split *split, const struct tt_datagram *datagram)
{
	uint16_t destination = tt_address_port(&datagram->destination);

	/* Both may be in the set: then it is the one asked. */
	if (!split->source_only && tt_ports_has(&split->ports, destination))
		return destination;
	return tt_address_port(&datagram->source);
}

static uint64_t key_of(const struct split *split, const struct tt_datagram *datagram)
{
	uint64_t key = 0;

	if (split->by_interface)
		key = (uint64_t)datagram->interface_index << 16;
	return split->by_port ? key | port_of(split, datagram) : key;
}

static struct part *find_part(struct split *split, uint64_t key)
{
	size_t slot = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 52);

	_Static_assert(SLOTS_COUNT == 1 << (64 - 52), "the upper bits of the product");
	while (split->parts[slot].trace && split->parts[slot].key != key)
		slot = (slot + 1) % SLOTS_COUNT;
	return &split->parts[slot];
}

/* A name of somebody else's choice: what might lead elsewhere, or is a conversion, is escaped. */
static void put_interface_name(const struct split *split, uint32_t interface_index,
			       struct tt_text *text)
{
	struct tt_interface interface;

	if (!split->config.find_interface(split->config.interface_context, interface_index,
					  &interface) ||
	    !*interface.name) {
		tt_text_put_string(text, "unknown");
		return;
	}
	for (const char *c = interface.name; *c; c++) {
		if (isalnum((unsigned char)*c) || *c == '_' || *c == '-' ||
		    (*c == '.' && c > interface.name)) {
			tt_text_put_char(text, *c);
		} else {
			tt_text_put_string(text, "%%");
			tt_text_put_hex(text, (const uint8_t *)c, 1);
		}
	}
}

/* The path of the trace of a key. 0, or -ENAMETOOLONG. */
static int write_path(const struct split *split, uint64_t key, char path[static PATH_BYTES])
{
	struct tt_text text = tt_text_over(path, PATH_BYTES - 1);
	const char *at = name_of(split->path);

	tt_text_put_bytes(&text, split->path, (size_t)(at - split->path));
	while (*at) {
		if (at[0] == '%' && at[1] == 'p')
			tt_text_put_decimal(&text, key & UINT16_MAX);
		else if (at[0] == '%' && at[1] == 'i')
			put_interface_name(split, (uint32_t)(key >> 16), &text);
		else
			tt_text_put_bytes(&text, at, at[0] == '%' && at[1] ? 2 : 1);
		at += at[0] == '%' && at[1] ? 2 : 1;
	}
	if (text.is_full)
		return -ENAMETOOLONG;
	path[text.length] = '\0';
	return 0;
}

/* The trace that is written to a path, or NULL. */
static struct tt_sink *find_path(const struct split *split, const char *path)
{
	for (size_t i = 0; i < SLOTS_COUNT; i++) {
		if (split->parts[i].path && strcmp(split->parts[i].path, path) == 0)
			return split->parts[i].trace;
	}
	return NULL;
}

static int open_trace(struct split *split, struct part *part, uint64_t key, const char *path)
{
	struct tt_trace_config config = split->config;
	int r;

	if (split->traces_count == TT_SPLIT_TRACES_MAX)
		return tt_error_set(&split->sink.error, -EMFILE,
				    "%s: more than %d files at once: take fewer ports", split->path,
				    TT_SPLIT_TRACES_MAX);
	part->path = strdup(path);
	if (!part->path)
		return tt_error_set(&split->sink.error, -ENOMEM, "%s: no memory", path);
	config.store.path = path;
	r = tt_trace_new(&part->trace, &config, &split->sink.error);
	if (r < 0) {
		part->trace = NULL;
		free(part->path);
		part->path = NULL;
		return r;
	}
	part->key = key;
	split->traces_count++;
	split->sink.counters.bytes += part->trace->counters.bytes; /* what files begin with */
	return 0;
}

/* The trace of a key, opened if it is the first of its path. */
static int find_trace(struct split *split, uint64_t key, struct tt_sink **ret_trace)
{
	struct part *part = find_part(split, key);
	char path[PATH_BYTES];
	int r;

	if (part->trace) {
		*ret_trace = part->trace;
		return 0;
	}
	r = write_path(split, key, path);
	if (r < 0)
		return tt_error_set(&split->sink.error, r, "%s: %s", split->path, strerror(-r));
	*ret_trace = find_path(split, path);
	if (!*ret_trace) {
		r = open_trace(split, part, key, path);
		*ret_trace = part->trace;
		return r;
	}
	/* Of more it is looked for anew each time: a hostile file may have any number. */
	if (split->shared_count < SHARED_MAX) {
		*part = (struct part){ .key = key, .trace = *ret_trace };
		split->shared_count++;
	}
	return 0;
}

/* --------------------------------------------------------------------- operations */

/* What a trace has counted since; its failure is the split's. */
static int add_counts(struct split *split, const struct tt_sink *trace,
		      const struct tt_sink_counters *before, int r)
{
	struct tt_sink_counters *counters = &split->sink.counters;

	counters->written += trace->counters.written - before->written;
	counters->dropped += trace->counters.dropped - before->dropped;
	counters->bytes += trace->counters.bytes - before->bytes;
	if (r < 0)
		split->sink.error = trace->error;
	return r;
}

/*
 * After a failure nothing more is taken, and nobody asks for a flush any more: what the
 * traces hold is written now.
 */
static int fail(struct split *split, int r)
{
	split->has_failed = true;
	for (size_t i = 0; i < SLOTS_COUNT; i++) {
		struct part *part = &split->parts[i];
		struct tt_sink_counters before;

		if (!part->path)
			continue;
		before = part->trace->counters;
		(void)part->trace->ops->flush(part->trace, true); /* the first failure is told */
		(void)add_counts(split, part->trace, &before, 0);
	}
	return r;
}

static int give(struct split *split, uint64_t key, const struct tt_run *run)
{
	struct tt_sink_counters before;
	struct tt_sink *trace = NULL;
	int r;

	r = find_trace(split, key, &trace);
	if (!trace) {
		split->sink.counters.dropped += run->count;
		return r;
	}
	before = trace->counters;
	r = trace->ops->take(trace, run);
	return add_counts(split, trace, &before, r);
}

static int split_take(struct tt_sink *base, const struct tt_run *run)
{
	struct split *split = split_of(base);
	struct tt_run rest = *run;
	int r = 0;

	base->counters.given += run->count;
	while (rest.count > 0 && r == 0 && !split->has_failed) {
		uint64_t key = key_of(split, rest.datagrams);
		struct tt_run part = rest;

		part.count = 1;
		while (part.count < rest.count && key_of(split, &rest.datagrams[part.count]) == key)
			part.count++;
		r = give(split, key, &part);
		rest.datagrams += part.count;
		rest.origins = rest.origins ? rest.origins + part.count : NULL;
		rest.count -= part.count;
		rest.dropped_before = 0;
	}
	base->counters.dropped += rest.count;
	if (r < 0)
		return fail(split, r);
	return split->has_failed ? TT_STOP : 0;
}

enum task {
	TASK_FLUSH,
	TASK_END,
	TASK_ATTEND,
	TASK_ROTATE,
	TASK_DROP,
};

/* Has each trace do the same. 0, or the first failure. */
static int do_all(struct split *split, enum task task, int64_t now_ns)
{
	int result = 0;

	for (size_t i = 0; i < SLOTS_COUNT; i++) {
		struct tt_sink *trace = split->parts[i].trace;
		struct tt_sink_counters before;
		int r = 0;

		if (!split->parts[i].path)
			continue;
		before = trace->counters;
		if (task == TASK_ATTEND)
			r = trace->ops->attend(trace, now_ns);
		else if (task == TASK_ROTATE)
			r = trace->ops->rotate(trace);
		else if (task == TASK_DROP)
			trace->ops->drop(trace);
		else
			r = trace->ops->flush(trace, task == TASK_END);
		r = add_counts(split, trace, &before, r);
		if (r < 0 && result == 0)
			result = r;
	}
	return result < 0 ? fail(split, result) : 0;
}

static int split_flush(struct tt_sink *base, bool is_end)
{
	return do_all(split_of(base), is_end ? TASK_END : TASK_FLUSH, 0);
}

static int split_attend(struct tt_sink *base, int64_t now_ns)
{
	return do_all(split_of(base), TASK_ATTEND, now_ns);
}

static int split_rotate(struct tt_sink *base)
{
	return do_all(split_of(base), TASK_ROTATE, 0);
}

static void split_drop(struct tt_sink *base)
{
	(void)do_all(split_of(base), TASK_DROP, 0); /* dropping cannot fail */
}

static void split_free(struct tt_sink *base)
{
	struct split *split = split_of(base);

	for (size_t i = 0; i < SLOTS_COUNT; i++) {
		if (!split->parts[i].path)
			continue;
		split->parts[i].trace->ops->free(split->parts[i].trace);
		free(split->parts[i].path);
	}
	free(split->path);
	free(split->filter);
	free(split);
}

static const struct tt_sink_ops split_ops = {
	.take = split_take,
	.flush = split_flush,
	.attend = split_attend,
	.rotate = split_rotate,
	.drop = split_drop,
	.free = split_free,
};

static void split_freep(struct split **split)
{
	if (*split)
		split_free(&(*split)->sink);
}

int tt_split_new(struct tt_sink **ret_sink, const struct tt_trace_config *config,
		 const struct tt_ports *ports, bool source_only, struct tt_error *reterr)
{
	TT_CLEANUP(split_freep) struct split *split = calloc(1, sizeof(*split));

	if (!split)
		return tt_error_set(reterr, -ENOMEM, "split a trace: no memory");
	split->sink.ops = &split_ops;
	split->ports = *ports;
	split->source_only = source_only;
	split->by_port = has_conversion(config->store.path, 'p');
	split->by_interface = has_conversion(config->store.path, 'i');
	split->path = strdup(config->store.path);
	split->filter = config->filter ? strdup(config->filter) : NULL;
	if (!split->path || (config->filter && !split->filter))
		return tt_error_set(reterr, -ENOMEM, "split a trace: no memory");

	split->config = *config;
	split->config.store.path = split->path;
	split->config.filter = split->filter;
	split->config.interface_indexes = NULL; /* each describes what it gets */
	split->config.interfaces_count = 0;
	*ret_sink = &TT_TAKE_PTR(split)->sink;
	return 0;
}
