#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check pcapng files for what twintap promises of those that it writes.

Usage: check_pcapng.py [--json] [--sections N] [--allow WORD[,WORD...]] FILE...

Far stricter than the format: whatever twintap does not write is a defect. Prints a line for each,
with its offset, and exits with 1 if there is any. With --json prints an object a file: packets,
cut (packets), bytes (captured), sections, interfaces (names), link_types, snap_lengths, filters,
backwards (how often time goes back), first_ns, last_ns, dropcount (sum of epb_dropcount), statistics
(blocks), and the sums of the last statistics of each interface: ifrecv, ifdrop, filteraccept, osdrop,
usrdeliv (null if none tells).

--sections N   that many sections (1)
--allow WORD   end: no statistics need stand at the end; some: the last ones may leave out interfaces;
               foreign: converted from elsewhere, where interfaces may lack a name or share one, and
               packets may lack flags, or have a type that is unknown and then no direction
"""

import argparse
import json
import mmap
import struct
import sys

SECTION, INTERFACE, STATISTICS, PACKET = 0x0A0D0D0A, 1, 5, 6
BLOCK_NAMES = {SECTION: "section", INTERFACE: "interface", STATISTICS: "statistics", PACKET: "packet"}
BODY_BYTES = {SECTION: 16, INTERFACE: 8, STATISTICS: 12, PACKET: 20}
MAGIC = 0x1A2B3C4D
LINK_SLL2, LINK_RAW = 276, 101
SLL2_BYTES = 20
DEFECTS_MAX = 50

# Code to name and length; None: text, "any": any bytes but none.
COMMENT = {1: ("comment", None)}
OPTIONS = {
    SECTION: {**COMMENT, 2: ("shb_hardware", None), 3: ("shb_os", None), 4: ("shb_userappl", None)},
    INTERFACE: {
        **COMMENT, 2: ("if_name", None), 3: ("if_description", None), 4: ("if_IPv4addr", 8),
        5: ("if_IPv6addr", 17), 6: ("if_MACaddr", 6), 7: ("if_EUIaddr", 8), 8: ("if_speed", 8),
        9: ("if_tsresol", 1), 10: ("if_tzone", 4), 11: ("if_filter", "any"), 12: ("if_os", None),
        13: ("if_fcslen", 1), 14: ("if_tsoffset", 8), 15: ("if_hardware", None), 16: ("if_txspeed", 8),
        17: ("if_rxspeed", 8),
    },
    PACKET: {
        **COMMENT, 2: ("epb_flags", 4), 3: ("epb_hash", "any"), 4: ("epb_dropcount", 8),
        5: ("epb_packetid", 8), 6: ("epb_queue", 4), 7: ("epb_verdict", "any"),
    },
    STATISTICS: {
        **COMMENT, 2: ("isb_starttime", 8), 3: ("isb_endtime", 8), 4: ("isb_ifrecv", 8),
        5: ("isb_ifdrop", 8), 6: ("isb_filteraccept", 8), 7: ("isb_osdrop", 8), 8: ("isb_usrdeliv", 8),
    },
}
REPEATABLE = {"comment", "if_IPv4addr", "if_IPv6addr", "epb_hash", "epb_verdict"}
COUNTERS = ("ifrecv", "ifdrop", "filteraccept", "osdrop", "usrdeliv")

# enum tt_packet_type to what epb_flags must say: direction (1 in, 2 out) and reception.
DIRECTIONS = {0: 1, 1: 1, 2: 1, 3: 1, 4: 2}
RECEPTIONS = {0: 1, 1: 3, 2: 2, 3: 4, 4: 0}
FLAGS_KNOWN = 0x1F | 7 << 9  # direction, reception, checksum and segmentation offload
YEAR_NS = 366 * 86400 * 10**9


class Broken(Exception):
    """Nothing behind this can be read."""


class Interface:
    def __init__(self, offset, snap_bytes, name):
        self.offset = offset
        self.snap_bytes = snap_bytes
        self.name = name
        self.kernel_index = None
        self.replaced = False  # a later one has its name
        self.counters = {}
        self.times = (0, 0)


class Checker:
    """One file; defects end in .defects, figures in .figures."""

    def __init__(self, data, allowed):
        self.data = data
        self.allowed = allowed
        self.is_foreign = "foreign" in allowed
        self.defects = []
        self.order = "<"
        self.interfaces = []
        self.latest = {}  # interfaces by their kernel's index
        self.tail = []  # interfaces of the statistics that end the section so far
        self.tail_type = None
        self.section = None  # its offset, and where it says that it ends
        self.link_type = None
        self.previous_ns = None
        self.figures = {"packets": 0, "cut": 0, "bytes": 0, "sections": 0, "interfaces": [],
                        "link_types": [], "snap_lengths": [], "filters": [], "backwards": 0,
                        "first_ns": None, "last_ns": None, "dropcount": 0, "statistics": 0,
                        **dict.fromkeys(COUNTERS)}

    def defect(self, offset, what):
        self.defects.append((offset, what))
        if len(self.defects) >= DEFECTS_MAX:
            raise Broken

    def expect(self, condition, offset, what):
        if not condition:
            self.defect(offset, what)
        return condition

    def unpack(self, layout, offset):
        return struct.unpack_from(self.order + layout, self.data, offset)

    def check(self):
        offset = 0
        try:
            if not self.data:
                self.defect(0, "empty file")
            while offset < len(self.data):
                offset = self.check_block(offset)
            if self.section:
                self.end_section(offset)
        except Broken:
            pass

    # --- blocks

    def check_block(self, offset):
        if len(self.data) - offset < 12:
            self.defect(offset, f"{len(self.data) - offset} bytes are no block")
            raise Broken
        if self.unpack("I", offset)[0] == SECTION:
            self.begin_section(offset)
        elif offset == 0:
            self.defect(offset, "the first block is no section header")
            raise Broken
        kind, total_bytes = self.unpack("II", offset)
        name = BLOCK_NAMES.get(kind)
        if name is None:
            self.defect(offset, f"unknown block type {kind:#x}")
        if total_bytes % 4 or total_bytes < 12 + BODY_BYTES.get(kind, 0):
            self.defect(offset, f"block length {total_bytes}")
            raise Broken
        end = offset + total_bytes
        if end > len(self.data):
            self.defect(offset, f"the block ends {end - len(self.data)} bytes behind the file")
            raise Broken
        if self.unpack("I", end - 4)[0] != total_bytes:
            self.defect(offset, f"block length {total_bytes} in front, {self.unpack('I', end - 4)[0]} at the end")
            raise Broken
        if name:
            if kind != STATISTICS:
                self.tail = []
            self.tail_type = kind
            getattr(self, f"check_{name}")(offset, end - 4)
        return end

    def begin_section(self, offset):
        if self.section:
            self.end_section(offset)
        magic = self.data[offset + 8 : offset + 12]
        if magic == struct.pack("<I", MAGIC):
            self.order = "<"
        elif magic == struct.pack(">I", MAGIC):
            self.order = ">"
        else:
            self.defect(offset + 8, f"byte order magic {magic.hex()}")
            raise Broken
        self.interfaces = []
        self.latest = {}
        self.link_type = None
        self.section = (offset, None)
        self.figures["sections"] += 1

    def check_section(self, offset, end):
        major, minor, length = self.unpack("HHq", offset + 12)
        self.expect((major, minor) == (1, 0), offset + 12, f"version {major}.{minor}")
        self.expect(length >= -1 and (length < 0 or length % 4 == 0), offset + 16, f"section length {length}")
        self.section = (offset, None if length < 0 else end + 4 + length)
        options = self.read_options(SECTION, offset + 24, end)
        self.expect("shb_userappl" in options, offset, "the section does not say what wrote it")

    def end_section(self, offset):
        said = self.section[1]
        self.expect(said in (None, offset), self.section[0], f"the section ends at {offset}, not at {said}")
        self.section = None
        if "end" not in self.allowed:
            self.expect(self.tail_type == STATISTICS, offset, "no statistics at the end of the section")
        if self.tail and "some" not in self.allowed:
            for index, interface in enumerate(self.interfaces):
                self.expect(index in self.tail, offset, f"the last statistics leave out {interface.name}")
        for name in COUNTERS:
            counts = [one.counters[name] for one in self.interfaces if name in one.counters]
            if counts:
                self.figures[name] = (self.figures[name] or 0) + sum(counts)
        self.tail = []
        self.tail_type = None

    def check_interface(self, offset, end):
        link_type, reserved, snap_bytes = self.unpack("HHI", offset + 8)
        self.expect(link_type in (LINK_SLL2, LINK_RAW), offset + 8, f"link type {link_type}")
        self.expect(reserved == 0, offset + 10, f"reserved {reserved:#x} in an interface")
        if self.interfaces:
            first = self.interfaces[0]
            self.expect(link_type == self.link_type, offset + 8,
                        f"link type {link_type} beside {self.link_type} in one section")
            self.expect(snap_bytes == first.snap_bytes, offset + 12,
                        f"snap length {snap_bytes} beside {first.snap_bytes} in one section")
        self.link_type = link_type
        options = self.read_options(INTERFACE, offset + 16, end)
        resolution = options.get("if_tsresol", [b""])[0]
        self.expect(resolution == b"\x09", offset, f"time stamp resolution {resolution.hex() or 'missing'}")
        name = options.get("if_name", [b""])[0].decode(errors="replace")
        self.expect(name or self.is_foreign, offset, "an interface without a name")
        self.add_interface(Interface(offset, snap_bytes, name), options)

    def add_interface(self, interface, options):
        for other in self.interfaces:
            if interface.name and other.name == interface.name and not self.is_foreign:
                self.expect(self.previous_ns is not None, interface.offset,
                            f"interface {interface.name} is described twice")
                other.replaced = True
        self.interfaces.append(interface)
        for text in options.get("if_filter", []):
            self.expect(text[0] == 0 and len(text) > 1, interface.offset, f"filter of kind {text[0]}")
            self.check_text("if_filter", text[1:], interface.offset)
            self.add_figure("filters", text[1:].decode(errors="replace"))
        self.figures["interfaces"].append(interface.name)
        self.add_figure("link_types", self.link_type)
        self.add_figure("snap_lengths", interface.snap_bytes)

    def add_figure(self, name, value):
        if value not in self.figures[name]:
            self.figures[name].append(value)

    def find_interface(self, index, offset):
        if not self.expect(index < len(self.interfaces), offset, f"interface {index} is not described before"):
            return None
        return self.interfaces[index]

    def check_packet(self, offset, end):
        index, high, low, captured, original = self.unpack("IIIII", offset + 8)
        interface = self.find_interface(index, offset + 8)
        data = offset + 28
        padded = (captured + 3) & ~3
        self.expect(captured <= original, offset + 20, f"{captured} bytes captured of {original}")
        if data + padded > end:
            self.defect(offset + 20, f"{captured} bytes captured in a block of {end + 4 - offset}")
            return
        self.check_zero(data + captured, data + padded, "packet padding")
        options = self.read_options(PACKET, data + padded, end)
        if interface is None:
            return
        self.expect(interface.snap_bytes == 0 or captured <= interface.snap_bytes, offset + 20,
                    f"{captured} bytes captured, more than the snap length {interface.snap_bytes}")
        self.expect(not interface.replaced, offset + 8, f"{interface.name} is another interface by now")
        self.count_packet(captured, original, high << 32 | low, options)
        flags = self.check_flags(options, offset)
        if self.link_type == LINK_SLL2:
            self.check_sll2(data, captured, interface, flags)

    def count_packet(self, captured, original, time_ns, options):
        figures = self.figures
        figures["packets"] += 1
        figures["bytes"] += captured
        figures["cut"] += captured < original
        figures["backwards"] += self.previous_ns is not None and time_ns < self.previous_ns
        if figures["first_ns"] is None:
            figures["first_ns"] = time_ns
        figures["last_ns"] = self.previous_ns = time_ns
        for count in options.get("epb_dropcount", []):
            figures["dropcount"] += struct.unpack(self.order + "Q", count)[0]

    def check_flags(self, options, offset):
        """Direction and reception; None if they are not told."""
        if "epb_flags" not in options:
            self.expect(self.is_foreign, offset, "a packet without flags")
            return None
        flags, = struct.unpack(self.order + "I", options["epb_flags"][0])
        self.expect(flags & ~FLAGS_KNOWN == 0, offset, f"unknown flags {flags:#x}")
        self.expect(flags & 3 in (1, 2) or self.is_foreign and flags & 3 == 0, offset, f"direction {flags & 3}")
        self.expect(flags >> 2 & 7 in RECEPTIONS.values(), offset, f"reception {flags >> 2 & 7}")
        return flags & 3, flags >> 2 & 7

    def check_sll2(self, offset, captured, interface, flags):
        if not self.expect(captured >= SLL2_BYTES, offset, f"{captured} bytes are no SLL2 header"):
            return
        protocol, reserved, kernel_index, _, packet_type, address_bytes = struct.unpack_from(
            ">HHIHBB", self.data, offset)
        self.expect(protocol in (0x0800, 0x86DD), offset, f"SLL2 protocol {protocol:#06x}")
        self.expect(reserved == 0, offset + 2, f"SLL2 reserved {reserved:#x}")
        self.expect(packet_type in DIRECTIONS or self.is_foreign, offset + 10, f"SLL2 packet type {packet_type}")
        # Longer ones are cut, their length is not.
        self.check_zero(offset + 12 + min(address_bytes, 8), offset + SLL2_BYTES, "SLL2 address padding")
        if packet_type in DIRECTIONS and flags:
            self.expect(flags == (DIRECTIONS[packet_type], RECEPTIONS[packet_type]), offset + 10,
                        f"SLL2 packet type {packet_type} with direction {flags[0]}, reception {flags[1]}")
        if interface.kernel_index is None:
            self.name_interface(interface, kernel_index, offset)
        self.expect(interface.kernel_index == kernel_index, offset + 4,
                    f"SLL2 interface {kernel_index} on {interface.name}, which is {interface.kernel_index}")

    def name_interface(self, interface, kernel_index, offset):
        interface.kernel_index = kernel_index
        self.expect(kernel_index or self.is_foreign, offset + 4, "SLL2 interface 0")
        previous = self.latest.get(kernel_index)
        self.expect(previous is None or previous.name != interface.name or self.is_foreign, interface.offset,
                    f"interface {interface.name} is described again, unchanged")
        self.latest[kernel_index] = interface

    def check_statistics(self, offset, end):
        index, high, low = self.unpack("III", offset + 8)
        self.figures["statistics"] += 1
        interface = self.find_interface(index, offset + 8)
        options = self.read_options(STATISTICS, offset + 20, end)
        if interface is None:
            return
        self.expect(index not in self.tail, offset, f"statistics of {interface.name} twice")
        self.tail.append(index)
        self.check_times(offset, interface, high << 32 | low, options)
        counters = {name: struct.unpack(self.order + "Q", options["isb_" + name][0])[0]
                    for name in COUNTERS if "isb_" + name in options}
        for name, count in counters.items():
            self.expect(count >= interface.counters.get(name, 0), offset, f"isb_{name} goes back to {count}")
        for name in interface.counters:
            self.expect(name in counters, offset, f"isb_{name} is not told any more")
        self.expect(counters.get("usrdeliv", 0) + counters.get("osdrop", 0)
                    <= counters.get("filteraccept", 1 << 64), offset,
                    f"more delivered and dropped than accepted: {counters}")
        interface.counters = counters

    def check_times(self, offset, interface, time_ns, options):
        start, end = (self.read_time(options, name, time_ns) for name in ("isb_starttime", "isb_endtime"))
        self.expect(start <= end, offset, f"statistics from {start} to {end}")
        self.expect(abs(time_ns - start) < YEAR_NS and abs(time_ns - end) < YEAR_NS, offset,
                    f"statistics of {time_ns} from {start} to {end}")
        self.expect(time_ns >= interface.times[0] and end >= interface.times[1], offset,
                    "statistics go back in time")
        interface.times = (time_ns, end)

    def read_time(self, options, name, otherwise):
        if name not in options:
            return otherwise
        high, low = struct.unpack(self.order + "II", options[name][0])
        return high << 32 | low

    # --- parts of blocks

    def check_zero(self, start, end, what):
        self.expect(not any(self.data[start:end]), start, f"{what} is not zero")

    def check_text(self, name, text, offset):
        try:
            self.expect("\0" not in text.decode(), offset, f"{name} contains a zero byte")
        except UnicodeDecodeError:
            self.defect(offset, f"{name} is not UTF-8")

    def read_options(self, kind, start, end):
        """Values by name. Where there are options, their end is marked and nothing is behind it."""
        options = {}
        offset = start
        while offset < end:
            if end - offset < 4:
                self.defect(offset, f"{end - offset} bytes are no option")
                return options
            code, length = self.unpack("HH", offset)
            padded = (length + 3) & ~3
            if code == 0:
                self.expect(length == 0, offset, f"opt_endofopt of {length} bytes")
                self.expect(offset + 4 == end, offset, "something behind opt_endofopt")
                self.expect(options, offset, "opt_endofopt without an option")
                return options
            if offset + 4 + padded > end:
                self.defect(offset, f"option {code} of {length} bytes does not fit into its block")
                return options
            self.add_option(options, OPTIONS[kind].get(code), offset, (code, length))
            self.check_zero(offset + 4 + length, offset + 4 + padded, "option padding")
            offset += 4 + padded
        self.expect(not options, end, "options without opt_endofopt")
        return options

    def add_option(self, options, known, offset, header):
        code, length = header
        if not self.expect(known, offset, f"unknown option {code}"):
            return
        name, expected = known
        value = bytes(self.data[offset + 4 : offset + 4 + length])
        self.expect(name in REPEATABLE or name not in options, offset, f"{name} twice")
        if expected is None:
            self.check_text(name, value, offset)
        right = length > 0 if expected in (None, "any") else length == expected
        if self.expect(right, offset, f"{name} of {length} bytes"):
            options.setdefault(name, []).append(value)


def open_bytes(path):
    with open(path, "rb") as file:
        try:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # empty, or no regular file
            return file.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sections", type=int, default=1)
    parser.add_argument("--allow", default="")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    is_bad = False
    for path in options.files:
        checker = Checker(open_bytes(path), set(options.allow.split(",")))
        checker.check()
        sections = checker.figures["sections"]
        if not checker.defects and sections != options.sections:
            checker.defects.append((0, f"{sections} sections instead of {options.sections}"))
        for offset, what in checker.defects:
            print(f"{path}: {offset}: {what}", file=sys.stderr)
        is_bad = is_bad or bool(checker.defects)
        if options.json:
            print(json.dumps({"file": path, **checker.figures}))
    return 1 if is_bad else 0


if __name__ == "__main__":
    sys.exit(main())
