/* SPDX-License-Identifier: MIT */

/*
 * twintap doctor
 *
 * What this machine can do, and the command that mends what it cannot. Anybody may ask.
 * It changes nothing: it reads, and opens for a moment what a capture would open.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/doctor_interfaces.h"
#include "app/doctor_judge.h"
#include "app/doctor_machine.h"
#include "app/findings.h"
#include "app/interface_words.h"
#include "app/options.h"
#include "app/remark.h"
#include "twintap/link.h"
#include "twintap/receiver.h"

static const char help[] =
	"Usage: twintap doctor [OPTIONS]\n"
	"Say what this machine can do for captures, and what mends what it cannot.\n"
	"\n"
	"  -i, --interface NAME  only this interface; may be repeated (all)\n"
	"      --format FORMAT   text or json, one object (text)\n"
	"  -h, --help            this page\n"
	"\n"
	"Each line begins with its level, and \"mend:\" below names a command that helps:\n"
	"  ok    as it should be\n"
	"  note  good to know; or unknown, since it cannot be read here\n"
	"  warn  captures work, but show less, or something else, than one would think\n"
	"  fail  captures do not work\n"
	"\n"
	"It tries what a capture does, with its own privileges, and changes nothing.\n"
	"Status: 0 captures can work, 1 they cannot, 2 wrong usage.\n"
	"\n"
	"Examples:\n"
	"  twintap doctor\n"
	"  sudo twintap doctor -i eth0\n"
	"  twintap doctor --format json | jq -r '.findings[].mend // empty'\n";

struct doctor_options {
	const char *interfaces[TT_INTERFACES_MAX]; /* borrowed from the command line */
	size_t interfaces_count;                   /* 0: all */
	bool is_json;
	bool wants_help;
};

static int apply_interface(void *context, const char *value, struct tt_error *reterr)
{
	struct doctor_options *options = context;

	for (size_t i = 0; i < options->interfaces_count; i++) {
		if (strcmp(options->interfaces[i], value) == 0)
			return 0; /* named twice, wanted once */
	}
	if (!*value || strlen(value) >= TT_LINK_NAME_BYTES)
		return tt_word_error(reterr, -EINVAL, "\"%.40s\" is no name: it has 1 to %d bytes",
				     value, TT_LINK_NAME_BYTES - 1);
	if (options->interfaces_count == TT_INTERFACES_MAX)
		return tt_word_error(reterr, -EINVAL, "more than %d interfaces: name fewer",
				     TT_INTERFACES_MAX);
	options->interfaces[options->interfaces_count++] = value;
	return 0;
}

static int apply_format(void *context, const char *value, struct tt_error *reterr)
{
	struct doctor_options *options = context;

	options->is_json = strcmp(value, "json") == 0;
	if (!options->is_json && strcmp(value, "text") != 0)
		return tt_word_error(reterr, -EINVAL, "\"%.40s\" is none of text, json", value);
	return 0;
}

static int apply_help(void *context, const char *value, struct tt_error *reterr)
{
	struct doctor_options *options = context;

	(void)value;
	(void)reterr;
	options->wants_help = true;
	return 0;
}

static const struct tt_option options_table[] = {
	{ "interface", 'i', TT_OPTION_VALUE, apply_interface },
	{ "format", 0, TT_OPTION_VALUE, apply_format },
	{ "help", 'h', TT_OPTION_FLAG, apply_help },
};

static const struct tt_option_table table = {
	.command = "doctor",
	.options = options_table,
	.options_count = sizeof(options_table) / sizeof(options_table[0]),
	.positional_refused = "to look at one interface, use -i",
};

static void look_at(const struct tt_link *links, size_t links_count, const struct tt_link *link,
		    bool is_named, struct tt_findings *findings)
{
	struct tt_doctor_interface interface = {
		.link = link,
		.master = tt_interface_find_master(links, links_count, link),
		.is_named = is_named,
	};

	interface.features_status = tt_features_read(link->name, &interface.features);
	tt_doctor_judge_interface(&interface, findings);
}

static void look_at_named(const struct tt_link *links, size_t links_count, const char *name,
			  struct tt_findings *findings)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_link link;

	if (tt_link_find(name, &link, &error) < 0)
		tt_doctor_judge_absent(name, error.message, findings);
	else
		look_at(links, links_count, &link, true, findings);
}

static void look_at_interfaces(const struct doctor_options *options, struct tt_findings *findings)
{
	struct tt_error error = TT_ERROR_INIT;
	struct tt_link *links = NULL;
	size_t links_count;

	if (tt_link_list(&links, &links_count, &error) < 0) {
		tt_findings_begin_group(findings);
		tt_findings_add(findings, TT_FINDING_NOTE, "interfaces", "unknown: %s",
				error.message);
		return;
	}
	for (size_t i = 0; i < options->interfaces_count; i++)
		look_at_named(links, links_count, options->interfaces[i], findings);
	for (size_t i = 0; options->interfaces_count == 0 && i < links_count; i++)
		look_at(links, links_count, &links[i], false, findings);
	free(links);
}

static int report(const struct doctor_options *options, const struct tt_findings *findings)
{
	int status;

	if (options->is_json)
		tt_findings_put_json(findings, stdout);
	else
		tt_findings_put_text(findings, stdout);
	status = tt_finish_output();
	if (status != TT_EXIT_DONE)
		return status;
	if (findings->is_incomplete) {
		tt_say("memory ran out: findings are missing");
		return TT_EXIT_FAILED;
	}
	return tt_findings_are_good(findings) ? TT_EXIT_DONE : TT_EXIT_FAILED;
}

static int examine(const struct doctor_options *options)
{
	struct tt_doctor_machine machine;
	struct tt_findings findings = { 0 };
	int status;

	tt_doctor_gather(&machine);
	tt_doctor_judge(&machine, &findings);
	look_at_interfaces(options, &findings);
	status = report(options, &findings);
	tt_findings_deinit(&findings);
	return status;
}

int tt_cmd_doctor(int argc, char **argv)
{
	struct doctor_options options = { 0 };
	struct tt_error error = TT_ERROR_INIT;

	if (tt_options_parse(&table, argc, argv, &options, &error) < 0) {
		tt_say("%s", error.message);
		return TT_EXIT_USAGE;
	}
	if (options.wants_help) {
		(void)fputs(help, stdout); /* tt_finish_output() sees a failure */
		return tt_finish_output();
	}
	return examine(&options);
}
