/* SPDX-License-Identifier: MIT */

/*
 * twintap interfaces
 *
 * What can be captured on, as a table or as a JSON object a line. Anybody may ask.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/interface_words.h"
#include "app/json.h"
#include "app/options.h"
#include "app/remark.h"
#include "twintap/link.h"

enum {
	HARDWARE_TEXT_BYTES = 3 * TT_LINK_HARDWARE_BYTES + 1, /* "02:" a byte */
	PRINTABLE_BYTES = 4 * TT_LINK_NAME_BYTES + 1,         /* \xNN a byte */
};

_Static_assert((int)TT_LINK_KIND_BYTES <= (int)TT_LINK_NAME_BYTES, "kinds fit where names do");

static const char help[] =
	"Usage: twintap interfaces [OPTIONS]\n"
	"List the network interfaces: number, name, state, kind, MTU, link-layer address,\n"
	"and the bridge, bond or VRF that each is a port of. State is up, down, or\n"
	"no-carrier.\n"
	"\n"
	"      --netns NAMESPACE of this network namespace: its name, a path, or a PID\n"
	"      --format FORMAT   text or json, an object a line (text)\n"
	"  -h, --help            this page\n"
	"\n"
	"No privilege is needed, but CAP_SYS_ADMIN for --netns.\n"
	"Status: 0 done, 1 failed, 2 wrong usage.\n"
	"\n"
	"Examples:\n"
	"  twintap interfaces\n"
	"  twintap interfaces --format json | jq -r 'select(.state == \"up\").name'\n";

struct interfaces_options {
	const char *network_namespace; /* NULL: this process's */
	bool is_json;
	bool wants_help;
};

static int apply_format(void *context, const char *value, struct tt_error *reterr)
{
	struct interfaces_options *options = context;

	options->is_json = strcmp(value, "json") == 0;
	if (!options->is_json && strcmp(value, "text") != 0)
		return tt_word_error(reterr, -EINVAL, "\"%.40s\" is none of text, json", value);
	return 0;
}

static int apply_netns(void *context, const char *value, struct tt_error *reterr)
{
	struct interfaces_options *options = context;

	(void)reterr;
	options->network_namespace = value;
	return 0;
}

static int apply_help(void *context, const char *value, struct tt_error *reterr)
{
	struct interfaces_options *options = context;

	(void)value;
	(void)reterr;
	options->wants_help = true;
	return 0;
}

static const struct tt_option options_table[] = {
	{ "netns", 0, TT_OPTION_VALUE, apply_netns },
	{ "format", 0, TT_OPTION_VALUE, apply_format },
	{ "help", 'h', TT_OPTION_FLAG, apply_help },
};

static const struct tt_option_table table = {
	.command = "interfaces",
	.options = options_table,
	.options_count = sizeof(options_table) / sizeof(options_table[0]),
	.positional_refused = "all interfaces are listed: leave it out",
};

/* "02:00:00:00:00:01"; "" when there is none. */
static const char *format_hardware(const struct tt_link *link, char *text, size_t text_bytes)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < link->hardware_bytes && i < TT_LINK_HARDWARE_BYTES; i++)
		length += (size_t)snprintf(text + length, text_bytes - length, "%s%02x",
					   i > 0 ? ":" : "", link->hardware[i]);
	return text;
}

static void print_text(const struct tt_link *link, const struct tt_link *master)
{
	char hardware[HARDWARE_TEXT_BYTES];
	char name[PRINTABLE_BYTES];
	char kind[PRINTABLE_BYTES];

	(void)printf("%5" PRIu32 "  %-15s  %-10s  %-10s  %7" PRIu32 "  %-17s", link->index,
		     tt_make_printable(link->name, name, sizeof(name)), tt_interface_state(link),
		     tt_make_printable(tt_interface_kind(link), kind, sizeof(kind)), link->mtu,
		     link->hardware_bytes ? format_hardware(link, hardware, sizeof(hardware))
					  : "-");
	if (!link->master_index) {
		(void)printf("  -\n");
		return;
	}
	(void)tt_make_printable(master ? master->name : "?", name, sizeof(name));
	(void)printf("  %s (%s)", name, tt_make_printable(link->master_kind, kind, sizeof(kind)));
	if (tt_interface_is_consumed(link) && master)
		(void)printf(": use %s", name);
	(void)putchar('\n');
}

static void print_json(const struct tt_link *link, const struct tt_link *master)
{
	char hardware[HARDWARE_TEXT_BYTES];

	(void)printf("{\"index\":%" PRIu32 ",\"name\":", link->index);
	tt_json_put_string(stdout, link->name);
	(void)printf(",\"state\":\"%s\",\"kind\":", tt_interface_state(link));
	tt_json_put_string(stdout, tt_interface_kind(link));
	(void)printf(",\"mtu\":%" PRIu32 ",\"hardware\":", link->mtu);
	if (link->hardware_bytes)
		tt_json_put_string(stdout, format_hardware(link, hardware, sizeof(hardware)));
	else
		(void)printf("null");
	(void)printf(",\"master\":");
	if (master)
		tt_json_put_string(stdout, master->name);
	else
		(void)printf("null");
	(void)printf(",\"master_kind\":");
	if (link->master_index)
		tt_json_put_string(stdout, link->master_kind);
	else
		(void)printf("null");
	(void)printf(",\"can_capture\":%s}\n", tt_interface_is_consumed(link) ? "false" : "true");
}

static int list(const struct interfaces_options *options)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_link *links = NULL;
	bool is_json = options->is_json;
	size_t links_count;

	if (tt_link_list_in(options->network_namespace, &links, &links_count, &error) < 0) {
		tt_say("%s", error.message);
		return TT_EXIT_FAILED;
	}

	if (!is_json)
		(void)printf("%5s  %-15s  %-10s  %-10s  %7s  %-17s  %s\n", "INDEX", "NAME", "STATE",
			     "KIND", "MTU", "HARDWARE", "MASTER");
	for (size_t i = 0; i < links_count; i++) {
		const struct tt_link *master = tt_interface_find_master(links, links_count,
									&links[i]);

		if (is_json)
			print_json(&links[i], master);
		else
			print_text(&links[i], master);
	}
	free(links);
	return tt_finish_output();
}

int tt_cmd_interfaces(int argc, char **argv)
{
	struct interfaces_options options = { 0 };
	struct tt_error error = TT_ERROR_INIT;

	if (tt_options_parse(&table, argc, argv, &options, &error) < 0) {
		tt_say("%s", error.message);
		return TT_EXIT_USAGE;
	}
	if (options.wants_help) {
		(void)fputs(help, stdout); /* tt_finish_output() sees a failure */
		return tt_finish_output();
	}
	return list(&options);
}
