/* SPDX-License-Identifier: MIT */

/*
 * An account of any version, as this one knows it
 */

#include "export/known_account.h"

#include <errno.h>

#include "base/opts.h"

enum {
	/* The smallest account that says anything: one source. */
	ACCOUNTING_BYTES_MIN = offsetof(struct tt_accounting, sources) +
			       sizeof(struct tt_source_accounting),
};

/* How many whole elements of an array lie in the first @size bytes of a struct. */
static size_t count_within(size_t size, size_t array_offset, size_t element_bytes)
{
	return size > array_offset ? (size - array_offset) / element_bytes : 0;
}

int tt_known_account_import(struct tt_accounting *ret_full, const struct tt_accounting *accounting)
{
	size_t outputs_count;
	size_t sources_count;
	int r;

	r = tt_opts_import(ret_full, sizeof(*ret_full), accounting, ACCOUNTING_BYTES_MIN);
	if (r < 0)
		return r;
	if (ret_full->outputs_count > TT_OUTPUTS_MAX)
		return -EINVAL;

	sources_count = count_within(ret_full->size, offsetof(struct tt_accounting, sources),
				     sizeof(ret_full->sources[0]));
	for (size_t i = sources_count; i < TT_SOURCE_KIND_COUNT; i++)
		ret_full->sources[i].is_present = 0;

	outputs_count = count_within(ret_full->size, offsetof(struct tt_accounting, outputs),
				     sizeof(ret_full->outputs[0]));
	if (ret_full->outputs_count > outputs_count)
		ret_full->outputs_count = outputs_count;
	return 0;
}
