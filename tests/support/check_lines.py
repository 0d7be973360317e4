#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check the JSON lines of a capture: all parse, and have the members that were promised.

Usage: check_lines.py FILE FAMILY=NUMBER...

So many lines of each FAMILY, ipv4 and ipv6, must be there, and none of another.
"""

import collections
import json
import sys

MEMBERS = [
    "time", "interface", "direction", "packet_type", "family", "source", "source_port", "destination",
    "destination_port", "hop_limit", "dscp", "ecn", "id", "length", "payload_length", "local", "verdict",
]


def check_line(line):
    datagram = json.loads(line)
    expected = [name if name != "id" or datagram["family"] == "ipv4" else "flow_label" for name in MEMBERS]
    members = [name for name in datagram if name != "payload"]
    assert members == expected, f"members {members} instead of {expected}"
    header_bytes = 28 if datagram["family"] == "ipv4" else 48
    assert datagram["length"] == datagram["payload_length"] + header_bytes, f"lengths of {line}"
    if "payload" in datagram:
        assert len(bytes.fromhex(datagram["payload"])) == datagram["payload_length"], f"payload of {line}"
    assert datagram["verdict"] == "ok" and datagram["local"] is True, f"verdict of {line}"
    return datagram["family"]


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        families = collections.Counter(check_line(line) for line in file)
    expected = {family: int(number) for family, number in (word.split("=") for word in sys.argv[2:])}
    assert families == expected, f"{dict(families)} instead of {expected}"


if __name__ == "__main__":
    main()
