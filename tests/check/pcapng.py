#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/support/check_pcapng.py can fail: good files pass, and each kind of damage is named.

Builds small files by hand, in both byte orders, and damages one in every way that the checker
knows. Also cuts it at each length: only the ends of blocks may pass, and those only without the
statistics at the end. Run at the root of the project.
"""

import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKER = ["python3", "-B", "tests/support/check_pcapng.py"]
START_NS = 1_700_000_000_000_000_000


def option(order, code, value):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def options(order, *pairs):
    return b"".join(option(order, code, value) for code, value in pairs) + bytes(4) if pairs else b""


def block(order, kind, body):
    total = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + total + body + total


def stamp(order, time_ns):
    return struct.pack(order + "II", time_ns >> 32, time_ns & 0xFFFFFFFF)


class File:
    """A good file by default; each argument is one thing that may be wrong with it."""

    def __init__(self, order="<"):
        self.order = order
        self.blocks = []

    def section(self, version=(1, 0), length=-1, magic=0x1A2B3C4D, pairs=((4, b"twintap"),)):
        body = struct.pack(self.order + "IHHq", magic, *version, length)
        return self.add(0x0A0D0D0A, body + options(self.order, *pairs))

    def interface(self, name=b"near0", link=276, snap=262164, pairs=None, reserved=0):
        if pairs is None:
            pairs = ((2, name), (9, b"\x09"), (11, b"\0udp port 53"))
        return self.add(1, struct.pack(self.order + "HHI", link, reserved, snap) + options(self.order, *pairs))

    def packet(self, index=0, time_ns=START_NS, captured=None, original=None, sll2=None, flags=5, pairs=None,
               padding=None, tail=b"", payload=b"E" + bytes(27)):
        data = (self.sll2() if sll2 is None else sll2) + payload
        captured = len(data) if captured is None else captured
        original = captured if original is None else original
        if padding is None:
            padding = bytes(-len(data) % 4)
        if pairs is None:
            pairs = ((2, struct.pack(self.order + "I", flags)), (4, struct.pack(self.order + "Q", 3)))
        body = struct.pack(self.order + "I", index) + stamp(self.order, time_ns)
        body += struct.pack(self.order + "II", captured, original) + data + padding
        return self.add(6, body + options(self.order, *pairs) + tail)

    def sll2(self, protocol=0x0800, reserved=0, index=2, packet_type=0, address=b"\2tt\0\0\1", padding=b"\0\0"):
        return struct.pack(">HHIHBB", protocol, reserved, index, 1, packet_type, len(address)) + address + padding

    def statistics(self, index=0, time_ns=START_NS + 9, start=START_NS - 9, counts=(7, 1, 6, 2, 4), pairs=()):
        values = [(4 + i, struct.pack(self.order + "Q", count)) for i, count in enumerate(counts)]
        pairs = ((2, stamp(self.order, start)), (3, stamp(self.order, time_ns)), *values, *pairs)
        body = struct.pack(self.order + "I", index) + stamp(self.order, time_ns)
        return self.add(5, body + options(self.order, *pairs))

    def add(self, kind, body):
        self.blocks.append(block(self.order, kind, body))
        return self

    def head(self):
        return self.section().interface()

    def bytes(self):
        return b"".join(self.blocks)


def changed(data, offset, value):
    return data[:offset] + value + data[offset + len(value) :]


def good(order="<"):
    return (File(order).head().packet().statistics().packet(payload=b"E" + bytes(28))
            .packet(time_ns=START_NS - 1).statistics(time_ns=START_NS + 10, counts=(8, 1, 6, 2, 4)))


def renamed():
    """The interface has another name in the middle, then its first one again."""
    file = File()
    return (file.head().packet().interface(name=b"renamed0").packet(index=1)
            .interface().packet(index=2).statistics(0).statistics(1).statistics(2))


def sound_files():
    file = File()
    yield "little-endian", good().bytes(), []
    yield "big-endian", good(">").bytes(), []
    yield "nothing captured", file.head().statistics().bytes(), []
    yield "renamed", renamed().bytes(), []
    yield "two sections", good().bytes() + good(">").bytes(), ["--sections", "2"]
    yield "raw", File().section().interface(link=101, snap=0).packet(sll2=b"").statistics().bytes(), []
    yield "no end", File().head().packet().bytes(), ["--allow", "end"]
    for packet_type, flags in enumerate((5, 13, 9, 17, 2)):
        sll2 = file.sll2(packet_type=packet_type, protocol=0x86DD)
        yield f"packet type {packet_type}", File().head().packet(sll2=sll2, flags=flags).statistics().bytes(), []
    length = len(good().bytes()) - len(File().section().bytes())
    yield "section length", File().section(length=length).bytes() + good().bytes()[len(File().section().bytes()) :], []


def damaged_blocks():
    """Words that must be said, and a file that is wrong in one thing."""
    data = good().bytes()
    packet = len(File().head().bytes())
    yield "empty file", b""
    yield "no section header", File().interface().bytes()
    yield "byte order magic", File().section(magic=0x1A2B3C4E).bytes()
    yield "version 1.2", File().section(version=(1, 2)).interface().statistics().bytes()
    yield "section length -2", File().section(length=-2).interface().statistics().bytes()
    yield "the section ends at", File().section(length=4).interface().statistics().bytes()
    yield "what wrote it", File().section(pairs=((3, b"Linux"),)).interface().statistics().bytes()
    yield "2 sections instead of 1", data + data
    yield "no statistics at the end", File().head().packet().bytes()
    yield "no statistics at the end", File().head().packet().statistics().packet().bytes()
    yield "unknown block type 0x3", File().head().add(3, bytes(8)).statistics().bytes()
    yield "unknown block type 0xbad", File().head().add(0xBAD, bytes(8)).statistics().bytes()
    yield "block length 95", changed(data, packet + 4, struct.pack("<I", 95))
    yield "block length 0", changed(data, packet + 4, bytes(4))
    yield "at the end", changed(data, len(data) - 4, struct.pack("<I", 16))
    yield "behind the file", data[:-4]
    yield "5 bytes are no block", data + bytes(5)
    yield "unknown block type", data + bytes(12)


def damaged_interfaces():
    def told(**arguments):
        return File().section().interface(**arguments).statistics().bytes()

    def head():
        return File().head()

    yield "is not described before", File().section().packet().interface().statistics().bytes()
    yield "is not described before", head().packet(index=1).statistics().bytes()
    yield "is not described before", head().packet().statistics(1).bytes()
    yield "link type 1\n", told(link=1)
    yield "reserved 0x7", told(reserved=7)
    yield "link type 101 beside 276", head().interface(name=b"b", link=101).statistics(0).statistics(1).bytes()
    yield "snap length 9 beside", head().interface(name=b"b", snap=9).statistics(0).statistics(1).bytes()
    yield "resolution 06", told(pairs=((2, b"a"), (9, b"\x06")))
    yield "resolution missing", told(pairs=((2, b"a"),))
    yield "without a name", told(pairs=((9, b"\x09"),))
    yield "if_name of 0 bytes", told(pairs=((2, b""), (9, b"\x09")))
    yield "filter of kind 1", told(pairs=((2, b"a"), (9, b"\x09"), (11, b"\1abc")))
    yield "described twice", head().interface().statistics(0).statistics(1).bytes()
    yield "another interface by now", (head().packet().interface().packet(index=1, sll2=File().sll2(index=3))
                                       .packet().statistics(0).statistics(1).bytes())
    yield "described again, unchanged", head().packet().interface().packet(index=1).statistics(0).statistics(1).bytes()
    yield "leave out b", head().interface(name=b"b").statistics(0).bytes()


def damaged_packets():
    def told(**arguments):
        return File().head().packet(**arguments).statistics().bytes()

    flags = (2, struct.pack("<I", 5))
    yield "captured of 47", told(original=47)
    yield "bytes captured in a block", told(captured=400)
    yield "more than the snap length", File().section().interface(snap=40).packet().statistics().bytes()
    yield "packet padding is not zero", told(payload=b"E" + bytes(28), padding=b"\0\0\1")
    yield "without flags", told(pairs=((4, bytes(8)),))
    yield "without flags", told(pairs=())
    yield "unknown flags", told(flags=5 | 1 << 24)
    yield "direction 0", told(flags=4)
    yield "reception 7", told(flags=0x1D)
    yield "epb_flags of 2 bytes", told(pairs=(flags, (2, bytes(2))))
    yield "epb_dropcount of 4 bytes", told(pairs=(flags, (4, bytes(4))))
    yield "epb_flags twice", told(pairs=(flags, flags))
    yield "unknown option 99", told(pairs=(flags, (99, bytes(4))))
    yield "something behind opt_endofopt", told(tail=bytes(4))
    yield "does not fit", told(pairs=(), tail=struct.pack("<HH", 2, 40) + bytes(8))
    yield "options without opt_endofopt", told(pairs=(), tail=option("<", *flags))
    yield "opt_endofopt without an option", told(pairs=(), tail=bytes(4))
    yield "opt_endofopt of 4 bytes", told(pairs=(), tail=option("<", *flags) + struct.pack("<HH", 0, 4) + bytes(4))
    yield "is not UTF-8", told(pairs=(flags, (1, b"\xff\xfe")))
    yield "contains a zero byte", told(pairs=(flags, (1, b"a\0b")))
    yield "option padding is not zero", told(
        pairs=(), tail=option("<", *flags) + struct.pack("<HH", 1, 1) + b"ab\0\0" + bytes(4))


def damaged_link_layer():
    def told(flags=5, payload=b"E" + bytes(27), captured=None, **arguments):
        sll2 = File().sll2(**arguments)
        return File().head().packet(sll2=sll2, flags=flags, payload=payload, captured=captured).statistics().bytes()

    yield "SLL2 protocol 0x0806", told(protocol=0x0806)
    yield "SLL2 reserved", told(reserved=1)
    yield "SLL2 packet type 5", told(packet_type=5)
    yield "packet type 4 with direction 1", told(packet_type=4)
    yield "packet type 0 with direction 2", told(flags=2)
    yield "packet type 1 with direction 1, reception 1", told(packet_type=1)
    yield "address padding is not zero", told(padding=b"\0\1")
    yield "SLL2 interface 0", told(index=0)
    yield "12 bytes are no SLL2 header", File().head().packet(sll2=bytes(12), payload=b"").statistics().bytes()
    yield "which is 2", File().head().packet().packet(sll2=File().sll2(index=3)).statistics().bytes()


def damaged_statistics():
    def told(*later):
        file = File().head().packet()
        for one in later:
            file.statistics(**one).packet()
        return file.statistics(time_ns=START_NS + 100, counts=(9, 9, 30, 9, 9)).bytes()

    yield "isb_ifrecv goes back", told({"counts": (70, 1, 6, 2, 4)})
    yield "isb_usrdeliv goes back", told({"counts": (7, 1, 60, 2, 40)})
    yield "isb_osdrop goes back", told({"counts": (7, 1, 60, 20, 4)})
    yield "more delivered and dropped", told({"counts": (7, 1, 5, 2, 4)})
    yield "go back in time", told({"time_ns": START_NS + 200})
    yield "statistics from", told({"start": START_NS + 50})
    yield "statistics of", told({"start": 0})
    yield "isb_ifrecv twice", told({"pairs": ((4, struct.pack("<Q", 7)),)})
    yield "not told any more", File().head().statistics().packet().statistics(counts=(7, 1, 6)).bytes()
    yield "statistics of near0 twice", File().head().statistics().statistics().bytes()


def damaged_files():
    for damages in (damaged_blocks, damaged_interfaces, damaged_packets, damaged_link_layer, damaged_statistics):
        yield from damages()


def run(data, *words):
    with tempfile.NamedTemporaryFile(suffix=".pcapng") as file:
        Path(file.name).write_bytes(data)
        return subprocess.run([*CHECKER, *words, file.name], capture_output=True, text=True, check=False)


def find_failures():
    for name, data, words in sound_files():
        done = run(data, *words)
        if done.returncode or done.stderr:
            yield f"{name}: finds fault with a good file: {done.stderr}"
    for words, data in damaged_files():
        done = run(data)
        if done.returncode != 1 or words not in done.stderr:
            yield f"exit status {done.returncode}, nothing says '{words}': {done.stderr}"
        elif len(done.stderr.splitlines()) > 2:
            yield f"more than '{words}', and what follows from it, is said of one damage: {done.stderr}"
    figures = json.loads(run(good().bytes(), "--json").stdout)
    expected = {"packets": 3, "backwards": 1, "dropcount": 9, "interfaces": ["near0"], "usrdeliv": 4, "osdrop": 2,
                "statistics": 2, "first_ns": START_NS, "last_ns": START_NS - 1, "filters": ["udp port 53"]}
    for name, value in expected.items():
        if figures[name] != value:
            yield f"{name} is {figures[name]} instead of {value}"
    yield from find_unnoticed_cuts()


def find_unnoticed_cuts():
    file = good()
    ends = {sum(map(len, file.blocks[:count])) for count in range(1, len(file.blocks) + 1)}
    data = file.bytes()
    # One run for many files: each defect names its file.
    with tempfile.TemporaryDirectory() as folder:
        for length in range(len(data)):
            Path(folder, f"{length:04}").write_bytes(data[:length])
        paths = [str(Path(folder, f"{length:04}")) for length in range(len(data))]
        done = subprocess.run([*CHECKER, "--allow", "end", *paths], capture_output=True, text=True, check=False)
        noticed = {int(Path(line.split(":")[0]).name) for line in done.stderr.splitlines()}
    for length in sorted(set(range(len(data))) - noticed - ends):
        yield f"a file that is cut at {length} passes"
    for length in sorted(noticed & ends):
        yield f"a file that ends with a block, at {length}, does not pass"


def main():
    failures = list(find_failures())
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
