/* SPDX-License-Identifier: MIT */

/*
 * What the state and the offloads of an interface mean for captures on it
 */

#include "app/doctor_interfaces.h"

#include <stdio.h>
#include <string.h>

#include "app/interface_words.h"
#include "app/remark.h"
#include "app/shell_word.h"

enum {
	PRINTABLE_BYTES = 4 * TT_LINK_NAME_BYTES + 1,
	QUOTED_BYTES = 4 * TT_LINK_NAME_BYTES + 4,
	SUBJECT_BYTES = PRINTABLE_BYTES + 32,
	REASON_BYTES = 4 * TT_ERROR_MESSAGE_BYTES + 1,
};

_Static_assert((int)TT_LINK_KIND_BYTES <= (int)TT_LINK_NAME_BYTES, "kinds fit where names do");

/* "interface NAME", and what of it. */
static const char *word_subject(const char *name, const char *what, char subject[SUBJECT_BYTES])
{
	char printable[PRINTABLE_BYTES];

	(void)snprintf(subject, SUBJECT_BYTES, "interface %s%s%s",
		       tt_make_printable(name, printable, sizeof(printable)), *what ? " " : "",
		       what);
	return subject;
}

static void mend_link(const struct tt_link *link, const char *before, const char *after,
		      struct tt_findings *findings)
{
	char quoted[QUOTED_BYTES];

	if (tt_shell_quote(link->name, quoted, sizeof(quoted)))
		tt_findings_mend(findings, "%s %s%s", before, quoted, after);
}

/* Its packets come to its master's name: the one case that a capture refuses. */
static void judge_port(const struct tt_doctor_interface *interface, const char *subject,
		       struct tt_findings *findings)
{
	const struct tt_link *link = interface->link;
	char master[PRINTABLE_BYTES] = "?";
	char kind[PRINTABLE_BYTES];

	if (interface->master)
		(void)tt_make_printable(interface->master->name, master, sizeof(master));
	tt_findings_add(findings, interface->is_named ? TT_FINDING_FAIL : TT_FINDING_NOTE, subject,
			"port of the %s %s, which takes its packets: use %s instead",
			tt_make_printable(link->master_kind, kind, sizeof(kind)), master, master);
	if (interface->master)
		mend_link(interface->master, "twintap capture -i", "", findings);
}

static void judge_state(const struct tt_doctor_interface *interface, struct tt_findings *findings)
{
	enum tt_finding_level silent = interface->is_named ? TT_FINDING_WARN : TT_FINDING_NOTE;
	const struct tt_link *link = interface->link;
	char subject[SUBJECT_BYTES];
	char kind[PRINTABLE_BYTES];
	char master[PRINTABLE_BYTES];

	(void)word_subject(link->name, "", subject);
	(void)tt_make_printable(tt_interface_kind(link), kind, sizeof(kind));
	if (tt_interface_is_consumed(link)) {
		judge_port(interface, subject, findings);
	} else if (!(link->flags & TT_LINK_UP)) {
		tt_findings_add(findings, silent, subject, "%s, down: nothing comes in", kind);
		mend_link(link, "ip link set dev", " up", findings);
	} else if (!(link->flags & TT_LINK_RUNNING)) {
		tt_findings_add(findings, silent, subject,
				"%s, up without a carrier: nothing comes in", kind);
	} else {
		tt_findings_add(findings, TT_FINDING_OK, subject, "%s, up%s%s%s", kind,
				interface->master ? ", routed by the VRF " : "",
				interface->master ? tt_make_printable(interface->master->name,
								      master, sizeof(master))
						  : "",
				strcmp(link->kind, "vlan") == 0
					? "; datagrams of this VLAN are seen here, untagged, and "
					  "not on the interface below"
					: "");
	}
}

/* Whether it hands on what others took in: nothing is merged on its own behalf. */
static bool hands_on(const struct tt_link *link)
{
	static const char *const kinds[] = { "bridge", "bond", "team", "vlan", "dummy" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(link->kind, kinds[i]) == 0)
			return true;
	}
	return link->flags & TT_LINK_LOOPBACK;
}

/* What is said of a feature that is not on; false: it is on. */
static bool judge_idle(const struct tt_doctor_interface *interface, enum tt_feature_state state,
		       const char *subject, struct tt_findings *findings)
{
	switch (state) {
	case TT_FEATURE_UNKNOWN:
		tt_findings_add(findings, TT_FINDING_NOTE, subject, "unknown: %s",
				interface->features_status < 0
					? strerror(-interface->features_status)
					: "the kernel does not say");
		return true;
	case TT_FEATURE_MISSING:
		tt_findings_add(findings, TT_FINDING_OK, subject, "not available");
		return true;
	case TT_FEATURE_OFF:
		tt_findings_add(findings, TT_FINDING_OK, subject, "off");
		return true;
	case TT_FEATURE_ON:
		break;
	}
	return false;
}

static void judge_gro(const struct tt_doctor_interface *interface, struct tt_findings *findings)
{
	const struct tt_features *features = &interface->features;
	char subject[SUBJECT_BYTES];

	(void)word_subject(interface->link->name, "GRO", subject);
	if (judge_idle(interface, features->gro, subject, findings))
		return;
	if (hands_on(interface->link)) {
		tt_findings_add(findings, TT_FINDING_OK, subject,
				"on, without effect: only interfaces that packets come in on merge "
				"them");
		return;
	}
	if (features->gro_list == TT_FEATURE_ON || features->gro_forwarding == TT_FEATURE_ON)
		tt_findings_add(findings, TT_FINDING_WARN, subject,
				"on, with %s: several datagrams of a flow are seen as one",
				features->gro_list == TT_FEATURE_ON ? "rx-gro-list"
								    : "rx-udp-gro-forwarding");
	else
		tt_findings_add(findings, TT_FINDING_NOTE, subject,
				"on: several datagrams may be seen as one if they are for a socket "
				"with UDP_GRO, as of QUIC servers");
	mend_link(interface->link, "ethtool -K", " gro off", findings);
}

static void judge_lro(const struct tt_doctor_interface *interface, struct tt_findings *findings)
{
	char subject[SUBJECT_BYTES];

	(void)word_subject(interface->link->name, "LRO", subject);
	if (judge_idle(interface, interface->features.lro, subject, findings))
		return;
	tt_findings_add(findings, TT_FINDING_NOTE, subject,
			"on: the device may merge packets, most of them TCP only");
	mend_link(interface->link, "ethtool -K", " lro off", findings);
}

/* Local senders leave work to a device that, here, never comes. */
static bool has_local_senders(const struct tt_link *link)
{
	return link->flags & TT_LINK_LOOPBACK || strcmp(link->kind, "veth") == 0;
}

static void judge_checksum(const struct tt_doctor_interface *interface,
			   struct tt_findings *findings)
{
	char subject[SUBJECT_BYTES];

	(void)word_subject(interface->link->name, "checksums", subject);
	if (has_local_senders(interface->link)) {
		tt_findings_add(findings, TT_FINDING_NOTE, subject,
				"not verified, and often not filled in, since there is no wire; "
				"several datagrams sent with UDP_SEGMENT are seen as one");
		return;
	}
	if (judge_idle(interface, interface->features.rx_checksum, subject, findings))
		return;
	tt_findings_add(findings, TT_FINDING_OK, subject, "left to the device");
}

void tt_doctor_judge_interface(const struct tt_doctor_interface *interface,
			       struct tt_findings *findings)
{
	tt_findings_begin_group(findings);
	judge_state(interface, findings);
	judge_gro(interface, findings);
	judge_lro(interface, findings);
	judge_checksum(interface, findings);
}

void tt_doctor_judge_absent(const char *name, const char *reason, struct tt_findings *findings)
{
	char printable[REASON_BYTES];
	char subject[SUBJECT_BYTES];

	tt_findings_begin_group(findings);
	tt_findings_add(findings, TT_FINDING_FAIL, word_subject(name, "", subject), "%s",
			tt_make_printable(reason, printable, sizeof(printable)));
	tt_findings_mend(findings, "twintap interfaces");
}
