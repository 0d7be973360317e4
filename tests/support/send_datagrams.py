#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Send COUNT datagrams of BYTES each to PORT of each ADDRESS, in turn.

Usage: send_datagrams.py COUNT BYTES PORT ADDRESS...

All of an address come from one socket. That nobody has the port open is no failure.
"""

import socket
import sys


def main():
    count, payload_bytes, port = (int(word) for word in sys.argv[1:4])
    sockets = []
    for address in sys.argv[4:]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sockets.append((socket.socket(family, socket.SOCK_DGRAM), address))
    # Unconnected: an ICMP error does not come back as the failure of a later send.
    for number in range(count):
        payload = number.to_bytes(4, "big").ljust(payload_bytes, b".")[:payload_bytes]
        for sender, address in sockets:
            sender.sendto(payload, (address, port))


if __name__ == "__main__":
    main()
