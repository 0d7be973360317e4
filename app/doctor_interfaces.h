/* SPDX-License-Identifier: MIT */

/*
 * What the state and the offloads of an interface mean for captures on it
 *
 * Decisions only. Datagrams are merged where they come in, so a port of a bridge is
 * judged like any other interface, and the bridge itself merges nothing.
 */

#pragma once

#include <stdbool.h>

#include "app/features.h"
#include "app/findings.h"
#include "twintap/link.h"

struct tt_doctor_interface {
	const struct tt_link *link;
	const struct tt_link *master; /* NULL: it has none, or it is not in sight */
	struct tt_features features;
	int features_status; /* negative errno: why they are unknown */
	bool is_named;       /* by the user, who means to capture on it */
};

/* Adds what there is to say of one interface. */
void tt_doctor_judge_interface(const struct tt_doctor_interface *interface,
			       struct tt_findings *findings);

/* Adds that there is no interface of this name, with the words of who looked for it. */
void tt_doctor_judge_absent(const char *name, const char *reason, struct tt_findings *findings);
