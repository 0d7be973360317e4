/* SPDX-License-Identifier: MIT */

/*
 * What "twintap doctor" tries, instead of guessing from versions and capabilities
 */

#include "app/doctor_trial.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "twintap/receiver.h"

static void try_packet_socket(struct tt_doctor_trial *trial)
{
	int version = TPACKET_V3;
	/* Protocol 0: it never receives. */
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		trial->packet_status = -errno;
		trial->ring_status = TT_DOCTOR_NOT_TRIED;
		return;
	}
	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0)
		trial->ring_status = -errno;
	(void)close(fd); /* nothing was written: no error can matter */
}

/* Opens a receiver as a capture does; its gate stays closed, so that no packet counts. */
static void try_receiver(struct tt_doctor_trial *trial)
{
	struct tt_receiver *receiver = NULL;

	trial->receiver_status = tt_receiver_new(&receiver, NULL, NULL, NULL,
						 &TT_RECEIVER_OPTS(.ring_bytes = TT_RING_BYTES_MIN),
						 &trial->error);
	if (receiver && tt_receiver_fallback_reason(receiver))
		(void)snprintf(trial->fallback_reason, sizeof(trial->fallback_reason), "%s",
			       tt_receiver_fallback_reason(receiver));
	tt_receiver_free(receiver);
}

void tt_doctor_try(struct tt_doctor_trial *ret_trial)
{
	struct tt_doctor_trial trial = { 0 };

	try_packet_socket(&trial);
	try_receiver(&trial);
	*ret_trial = trial;
}
