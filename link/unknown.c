/* SPDX-License-Identifier: MIT */

/*
 * The sentence about a name that nothing has
 *
 * Room for the words that say it was cut is kept from the beginning.
 */

#include "link/unknown.h"

static const char names_cut[] = ", ...";

static void put_name(struct tt_text *text, const char *name)
{
	for (const char *c = name; *c; c++) {
		uint8_t byte = (uint8_t)*c;

		if (byte > 0x20 && byte < 0x7f && byte != '\\') {
			tt_text_put_char(text, *c);
		} else {
			tt_text_put_string(text, "\\x");
			tt_text_put_hex(text, &byte, 1);
		}
	}
}

void tt_unknown_init(struct tt_unknown *unknown, const char *thing, const char *name)
{
	unknown->text = tt_text_over(unknown->bytes, sizeof(unknown->bytes) - sizeof(names_cut));
	unknown->names_count = 0;
	tt_text_put_string(&unknown->text, "no ");
	tt_text_put_string(&unknown->text, thing);
	tt_text_put_string(&unknown->text, " \"");
	put_name(&unknown->text, name);
	tt_text_put_string(&unknown->text, "\"");
	unknown->is_cut = unknown->text.is_full;
}

void tt_unknown_add(struct tt_unknown *unknown, const char *name)
{
	size_t length = unknown->text.length;

	if (unknown->is_cut)
		return;
	tt_text_put_string(&unknown->text, unknown->names_count++ > 0 ? ", " : "; there are: ");
	put_name(&unknown->text, name);
	unknown->is_cut = unknown->text.is_full;
	if (unknown->is_cut)
		unknown->text.length = length; /* no half of a name */
}

int tt_unknown_set(struct tt_unknown *unknown, int code, const char *otherwise,
		   struct tt_error *reterr)
{
	struct tt_text *text = &unknown->text;

	if (unknown->names_count == 0)
		tt_text_put_string(text, otherwise);
	text->room_bytes = sizeof(unknown->bytes);
	if (unknown->is_cut) {
		text->is_full = false;
		tt_text_put_string(text, names_cut);
	}
	tt_text_end(text);
	return tt_error_set(reterr, code, "%s", unknown->bytes);
}
