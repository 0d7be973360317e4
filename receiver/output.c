/* SPDX-License-Identifier: MIT */

/*
 * Outputs of a receiver: text and JSON, and what outputs ask of interfaces
 */

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "base/error.h"
#include "base/opts.h"
#include "export/export.h"
#include "link/link.h"
#include "receiver/receiver.h"

bool tt_receiver_find_interface(void *context, uint32_t interface_index,
				struct tt_interface *ret_interface)
{
	struct tt_receiver *receiver = context;
	const struct tt_link *link;

	if (receiver->reads_files)
		return tt_interfaces_find(&receiver->interfaces, interface_index, ret_interface);

	*ret_interface = (struct tt_interface){ 0 };
	link = tt_monitor_find_link(receiver->monitor, interface_index);
	if (!link)
		return false;
	memcpy(ret_interface->name, link->name, sizeof(link->name));
	ret_interface->kernel_index = interface_index;
	ret_interface->hardware_bytes = link->hardware_bytes;
	memcpy(ret_interface->hardware, link->hardware, sizeof(ret_interface->hardware));
	return true;
}

/* Borrowed until the monitor's next dispatch, or the next file: a line is made before that. */
static const char *name_interface(void *context, uint32_t interface_index)
{
	const struct tt_receiver *receiver = context;
	const struct tt_link *link;

	if (receiver->reads_files)
		return tt_interfaces_name(&receiver->interfaces, interface_index);
	link = tt_monitor_find_link(receiver->monitor, interface_index);
	return link ? link->name : "?";
}

int tt_receiver_add_sink(struct tt_receiver *receiver, struct tt_sink *sink, const char *name,
			 struct tt_error *reterr)
{
	int r;

	/* The first route of another thread is a sink of the same pump. */
	(void)pthread_mutex_lock(&receiver->setter_mutex); /* cannot fail: no error checking */
	r = tt_pump_add_sink(receiver->worker.pump, sink, name);
	(void)pthread_mutex_unlock(&receiver->setter_mutex);
	if (r < 0) {
		sink->ops->free(sink);
		return tt_error_set(reterr, r, "output: there are %d already", TT_OUTPUTS_MAX);
	}
	receiver->has_outputs = true;
	return 0;
}

static int check_opts(const struct tt_output_opts *opts, unsigned int format,
		      struct tt_error *reterr)
{
	const uint64_t known = TT_OUTPUT_PAYLOAD | TT_OUTPUT_BUFFERED;

	if (format != TT_FORMAT_TEXT && format != TT_FORMAT_JSON)
		return tt_error_set(reterr, -EINVAL, "output: unknown format %u", format);
	if (opts->flags & ~known)
		return tt_error_set(reterr, -EINVAL, "output: unknown flags %#llx",
				    (unsigned long long)(opts->flags & ~known));
	if (opts->verdicts & ~TT_VERDICT_ALL)
		return tt_error_set(reterr, -EINVAL, "output: unknown verdicts %#x",
				    opts->verdicts & ~TT_VERDICT_ALL);
	if (opts->reserved != 0)
		return tt_error_set(reterr, -EINVAL, "output: a reserved field is set");
	return 0;
}

int tt_receiver_find_link(struct tt_receiver *receiver, const char *name, struct tt_link *ret_link,
			  struct tt_error *reterr)
{
	if (!receiver || !name || !ret_link)
		return tt_error_set(reterr, -EINVAL, "find an interface: an argument is missing");
	if (receiver->reads_files)
		return tt_error_set(reterr, -EINVAL, "find an interface: the receiver reads files");
	return tt_link_find_over(tt_monitor_netlink(receiver->monitor), name, ret_link, reterr);
}

int tt_receiver_add_output(struct tt_receiver *receiver, int fd, unsigned int format,
			   const struct tt_output_opts *opts, struct tt_error *reterr)
{
	struct tt_export_opts export_opts;
	struct tt_output_opts full;
	struct tt_sink *sink;
	int r;

	if (!receiver || fd < 0)
		return tt_error_set(reterr, -EINVAL, "output: no %s",
				    receiver ? "descriptor" : "receiver");
	if (receiver->state != TT_RECEIVER_NEW)
		return tt_error_set(reterr, -EBUSY, "output: the receiver was started already");
	r = tt_opts_import(&full, sizeof(full), opts, sizeof(full.size));
	if (r < 0)
		return tt_error_set(reterr, r, "output options: %s", strerror(-r));
	r = check_opts(&full, format, reterr);
	if (r < 0)
		return r;

	export_opts = (struct tt_export_opts){
		.fd = fd,
		.is_json = format == TT_FORMAT_JSON,
		.with_payload = full.flags & TT_OUTPUT_PAYLOAD,
		.is_of_trace = receiver->reads_files,
		.is_buffered = full.flags & TT_OUTPUT_BUFFERED,
		.interface_name = name_interface,
		.context = receiver,
	};
	r = tt_export_new(&sink, &export_opts, reterr);
	if (r < 0)
		return r;
	sink->count_max = full.count_max;
	sink->verdicts = full.verdicts ? full.verdicts : TT_VERDICT_BIT(TT_VERDICT_OK);
	sink->local_only = receiver->local_only;
	receiver->wants_locality = true;
	return tt_receiver_add_sink(receiver, sink,
				    full.name                  ? full.name
				    : format == TT_FORMAT_JSON ? "json"
							       : "text",
				    reterr);
}
