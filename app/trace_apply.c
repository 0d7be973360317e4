/* SPDX-License-Identifier: MIT */

/*
 * Taking in what options say of traces
 */

#include <errno.h>
#include <string.h>

#include "app/capture_options.h"
#include "app/option_apply.h"
#include "app/remark.h"
#include "app/values.h"

int tt_apply_write(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	if (!*value)
		return tt_word_error(reterr, -EINVAL, "the name is empty");
	if (options->writes_count == TT_CAPTURE_WRITES_MAX)
		return tt_word_error(reterr, -EINVAL, "more than %d outputs",
				     TT_CAPTURE_WRITES_MAX);
	for (size_t i = 0; i < options->writes_count; i++) {
		if (strcmp(options->writes[i], value) == 0)
			return tt_word_error(reterr, -EINVAL, "\"%.100s\" is named twice", value);
	}
	options->writes[options->writes_count++] = value;
	return 0;
}

int tt_apply_link_type(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	if (strcmp(value, "sll2") == 0)
		options->link_type = TT_TRACE_SLL2;
	else if (strcmp(value, "raw") == 0)
		options->link_type = TT_TRACE_RAW;
	else
		return tt_word_error(reterr, -EINVAL, "\"%.40s\" is none of sll2, raw", value);
	return 0;
}

int tt_apply_rotate_size(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;
	uint64_t bytes;
	int r;

	r = tt_size_parse(value, &bytes, reterr);
	if (r < 0)
		return r;
	if (bytes < TT_TRACE_ROTATE_BYTES_MIN)
		return tt_word_error(reterr, -EINVAL,
				     "\"%.40s\" is too small for a file: at least %dK", value,
				     TT_TRACE_ROTATE_BYTES_MIN >> 10);
	options->rotate_bytes = bytes;
	return 0;
}

int tt_apply_rotate_interval(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	return tt_duration_parse(value, &options->rotate_interval_ms, reterr);
}

int tt_apply_keep_files(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	return tt_count_parse(value, &options->keep_files, reterr);
}

int tt_apply_keep_size(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	return tt_size_parse(value, &options->keep_bytes, reterr);
}

int tt_apply_min_free(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	return tt_size_parse(value, &options->min_free_bytes, reterr);
}

int tt_apply_sync(void *context, const char *value, struct tt_error *reterr)
{
	static const char *const names[TT_TRACE_SYNC_COUNT] = {
		[TT_TRACE_SYNC_NONE] = "none",
		[TT_TRACE_SYNC_FILE] = "file",
		[TT_TRACE_SYNC_WRITE] = "write",
	};
	struct tt_capture_options *options = context;

	for (unsigned int sync = 0; sync < TT_TRACE_SYNC_COUNT; sync++) {
		if (strcmp(value, names[sync]) == 0) {
			options->sync = sync;
			return 0;
		}
	}
	return tt_word_error(reterr, -EINVAL, "\"%.40s\" is none of none, file, write", value);
}

int tt_apply_overwrite(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)value;
	(void)reterr;
	options->overwrites = true;
	return 0;
}

int tt_apply_flush(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)value;
	(void)reterr;
	options->is_unbuffered = true;
	return 0;
}

int tt_apply_merge(void *context, const char *value, struct tt_error *reterr)
{
	struct tt_capture_options *options = context;

	(void)value;
	(void)reterr;
	options->merges = true;
	return 0;
}

/* A number in the name asks for new files, on SIGHUP at least. */
static bool has_number(const struct tt_capture_options *options)
{
	for (size_t i = 0; i < options->writes_count; i++) {
		const char *at = strchr(options->writes[i], '%');

		/* Two characters a conversion: in "%%N" there is no number. */
		while (at && at[1] && at[1] != 'N')
			at = strchr(at + 2, '%');
		if (at && at[1])
			return true;
	}
	return false;
}

bool tt_capture_is_rotated(const struct tt_capture_options *options)
{
	return options->rotate_bytes > 0 || options->rotate_interval_ms > 0 || has_number(options);
}

int tt_check_outputs(const struct tt_capture_options *options, struct tt_error *reterr)
{
	bool is_text = options->format == TT_OUTPUT_FORMAT_TEXT ||
		       options->format == TT_OUTPUT_FORMAT_JSON;

	if (options->writes_count > 0 && (is_text || options->with_payload))
		return tt_word_error(
			reterr, -EINVAL,
			"-w writes traces, not text: leave it out and redirect standard "
			"output");
	if (options->writes_count == 0 && options->format != TT_OUTPUT_FORMAT_BY_NAME && !is_text)
		return tt_word_error(reterr, -EINVAL,
				     "--format: traces need -w FILE (- for standard "
				     "output)");
	if (options->writes_count == 0 &&
	    (options->rotate_bytes > 0 || options->rotate_interval_ms > 0))
		return tt_word_error(reterr, -EINVAL, "rotation is of traces: add -w FILE");
	if ((options->keep_files > 0 || options->keep_bytes > 0 || options->min_free_bytes > 0) &&
	    !tt_capture_is_rotated(options))
		return tt_word_error(reterr, -EINVAL,
				     "what is kept can only be limited where new files come: add "
				     "--rotate-size or --rotate-interval");
	return 0;
}
