/* SPDX-License-Identifier: MIT */

/*
 * What the facts of a machine mean for captures
 *
 * Decisions only, so that they can be tried for machines that nobody has. Whether a
 * capture can work is what the trial says; everything else explains it.
 */

#pragma once

#include "app/doctor_machine.h"
#include "app/findings.h"

/* Adds what there is to say of the machine, in groups, and what mends it. */
void tt_doctor_judge(const struct tt_doctor_machine *machine, struct tt_findings *findings);
