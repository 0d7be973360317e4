#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tell the packets of pcap and pcapng files, so that a shell can compare them.

Usage: trace_packets.py records FILE...    a line a record: time in ns, captured bytes, bytes on the wire,
                                           number of the interface, SHA-1 of the record with its link header
       trace_packets.py udp FILE...        a line an IP packet that holds UDP or a fragment of it: captured
                                           bytes, bytes on the wire, SHA-1; without the link and its padding
       trace_packets.py count FILE         how many records are whole; what is cut at the end is not counted
       trace_packets.py stamps [--lossy] IPV4 IPV6 [FILE...]
                                           holds the stamps of tt-load's wanted datagrams to it: over the
                                           files in their order each family counts from 0 up to that number,
                                           without a gap, and nothing comes twice. With --lossy there may be
                                           gaps, and the numbers are those of the datagrams in the files;
                                           a number that is "any" holds nothing to be there.

Reads what it is given, without a word on what is odd: check_pcapng.py is for that.
"""

import hashlib
import struct
import sys

ETHERNET, RAW, SLL, SLL2, IPV4, IPV6, RAW_BSD = 1, 101, 113, 276, 228, 229, 12
LINK_BYTES = {ETHERNET: 14, RAW: 0, RAW_BSD: 0, SLL: 16, SLL2: 20, IPV4: 0, IPV6: 0}
UDP = 17
EXTENSIONS = {0, 43, 60, 135}  # those with a length in units of eight bytes, less one
FRAGMENT = 44
KIND_WANTED = 0


def read_pcap(data):
    magic = data[:4]
    order = "<" if magic in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    unit_ns = 1 if magic in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1000
    link_type = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    offset = 24
    while offset + 16 <= len(data):
        seconds, fraction, captured, original = struct.unpack_from(order + "4I", data, offset)
        if offset + 16 + captured > len(data):
            return
        yield (seconds * 10**9 + fraction * unit_ns, original, 0, link_type,
               data[offset + 16 : offset + 16 + captured])
        offset += 16 + captured


def read_pcapng(data):
    order = "<"
    links = []
    offset = 0
    while offset + 12 <= len(data):
        if data[offset : offset + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[offset + 8] == 0x4D else ">"
            links = []
        kind, total = struct.unpack_from(order + "II", data, offset)
        if total < 12 or offset + total > len(data):
            return
        if kind == 1:
            links.append(struct.unpack_from(order + "H", data, offset + 8)[0])
        elif kind == 6:
            index, high, low, captured, original = struct.unpack_from(order + "5I", data, offset + 8)
            yield high << 32 | low, original, index, links[index], data[offset + 28 : offset + 28 + captured]
        offset += total


def read_records(path):
    with open(path, "rb") as file:
        data = file.read()
    return read_pcapng(data) if data[:4] == b"\x0a\x0d\x0d\x0a" else read_pcap(data)


def find_udp(packet):
    """Where its UDP header begins; 0 in a fragment behind the first; None if it is not of UDP."""
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        if packet[9] != UDP:
            return None
        return 0 if struct.unpack_from(">H", packet, 6)[0] & 0x1FFF else (packet[0] & 15) * 4
    if len(packet) < 40 or packet[0] >> 4 != 6:
        return None
    following, offset = packet[6], 40
    while following in EXTENSIONS or following == FRAGMENT:
        if offset + 8 > len(packet):
            return None
        if following == FRAGMENT and struct.unpack_from(">H", packet, offset + 2)[0] & 0xFFF8:
            return 0 if packet[offset] == UDP else None
        units = 0 if following == FRAGMENT else packet[offset + 1]
        following, offset = packet[offset], offset + 8 * (units + 1)
    return offset if following == UDP else None


def strip(link_type, record):
    """The IP packet, cut to its own length."""
    packet = record[LINK_BYTES[link_type] :]
    if packet[:1] and packet[0] >> 4 == 4:
        return packet[: struct.unpack_from(">H", packet, 2)[0] or None]
    if len(packet) >= 40 and packet[0] >> 4 == 6 and packet[4:6] != b"\0\0":
        return packet[: 40 + struct.unpack_from(">H", packet, 4)[0]]
    return packet


def print_records(paths):
    for path in paths:
        for time_ns, original, index, _, record in read_records(path):
            print(time_ns, len(record), original, index, hashlib.sha1(record).hexdigest())


def print_udp(paths):
    for path in paths:
        for _, original, _, link_type, record in read_records(path):
            packet = strip(link_type, record)
            if find_udp(packet) is not None:
                print(len(packet), original - LINK_BYTES[link_type], hashlib.sha1(packet).hexdigest())


def check_stamps(words):
    is_lossy = words[0] == "--lossy"
    words = words[is_lossy:]
    expected = dict(zip((4, 6), words[:2]))
    counts, following = {4: 0, 6: 0}, {4: 0, 6: 0}
    for path in words[2:]:
        for _, _, _, link_type, record in read_records(path):
            packet = strip(link_type, record)
            offset = find_udp(packet)
            if not offset:
                continue
            _, kind, _, _, number = struct.unpack_from(">IBBHQ", packet, offset + 8)
            if kind != KIND_WANTED:
                continue
            family = packet[0] >> 4
            if number < following[family] or number > following[family] and not is_lossy:
                return f"{path}: IPv{family} datagram {number} instead of {following[family]}"
            following[family] = number + 1
            counts[family] += 1
    right = all(number in ("any", str(counts[family])) for family, number in expected.items())
    return None if right else f"{counts} datagrams instead of {expected}"


def main():
    what, words = sys.argv[1], sys.argv[2:]
    if what == "records":
        print_records(words)
    elif what == "udp":
        print_udp(words)
    elif what == "count":
        print(sum(1 for _ in read_records(words[0])))
    elif what == "stamps":
        failure = check_stamps(words)
        if failure:
            print(failure, file=sys.stderr)
            return 1
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
