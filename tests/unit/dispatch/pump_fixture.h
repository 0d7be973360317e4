/* SPDX-License-Identifier: MIT */

/*
 * What the tests of the pump begin with: a lab of its own for each, and what is put into it
 *
 * Included by one file of tests each, whose own these are.
 */

#pragma once

#include "tests/support/pump_lab.h"

#define OK     TT_VERDICT_BIT(TT_VERDICT_OK)
#define SCRIPT (const char *const[])

static struct pump_lab lab;
static struct fake_source sources[LAB_SOURCES_MAX];
static struct fake_sink sinks[TT_OUTPUTS_MAX];

static int lab_setup(void **state)
{
	(void)state;
	lab_init(&lab);
	return 0;
}

static int lab_teardown(void **state)
{
	(void)state;
	lab_deinit(&lab);
	return 0;
}

/* Adds an IPv4 source that is always ready. */
static struct fake_source *add_source(const char *const *words)
{
	struct fake_source *source = &sources[lab.sources_count];

	fake_source_init(source, -1, TT_SOURCE_IPV4, words);
	lab_add_source(&lab, source);
	return source;
}

static struct fake_sink *add_sink(uint32_t verdicts)
{
	struct fake_sink *sink = &sinks[lab.sinks_count];

	fake_sink_init(sink, verdicts);
	lab_add_sink(&lab, sink);
	return sink;
}
