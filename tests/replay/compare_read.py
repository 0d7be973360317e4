#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold what `twintap read` finds in captures against what tshark finds in them.

Usage: compare_read.py TWINTAP DIFFERENCES WORK FOLDER...

Reads each capture of the folders with both. What twintap reads must end in time, with status 0 or 1 (then
with words), and have the UDP datagrams that tshark has: time, addresses, ports, and the length where
twintap's verdict is ok. Of tshark's dissection those count that lie directly in an IP packet that lies
directly over a link that twintap knows; tunnelled ones and those that ICMP quotes do not.

A capture for which they differ stands in the file DIFFERENCES, with how many datagrams only twintap has and
how many only tshark, how many have another stamp, and the reason: "FOLDER/NAME ONLY_TWINTAP ONLY_TSHARK STAMPS
REASON...". The file must be exact: a difference that is not there fails, and so does one that has gone.

Then the way back: captures without a difference are written into one pcapng, and tshark must find in
that what it found in them, checksums and stamps included.

What tshark finds is kept in WORK, by its version and the capture's hash: reading all with it takes minutes.
"""

import calendar
import collections
import concurrent.futures
import hashlib
import ipaddress
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

LIMIT_S = 60
GROUP_FILES = 40
QUICK_STRIDE = 5  # every so manieth capture, unless TT_TEST_FULL is set
WORDS_MAX = 40
FIELDS = ("frame.time_epoch", "frame.protocols", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "udp.srcport",
          "udp.dstport", "udp.length", "udp.checksum")
LINK = r"(?:(?:eth|sll)(?::ethertype|:llc)?(?:(?::vlan|:ieee8021ad)(?::ethertype|:llc))*|raw|null)"
DIRECT = re.compile(rf"(?:{LINK}:)?(ip|ipv6)((?::ipv6\.\w+)*):udp(?::|$)")

Datagram = collections.namedtuple("Datagram", "time_ns source source_port destination destination_port length checksum")


def run(argv, **options):
    return subprocess.run(argv, check=False, capture_output=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL,
                          env={**os.environ, "TZ": "UTC", "LC_ALL": "C"}, **options)


def name_of(path):
    return f"{path.parent.name}/{path.name}"


# --- tshark

def nanoseconds(words):
    """0 for a packet without a stamp, as those of pcapng's simple blocks."""
    sign = -1 if words.startswith("-") else 1
    seconds, _, fraction = words.lstrip("-").partition(".")
    return sign * (int(seconds or 0) * 10**9 + int((fraction + "0" * 9)[:9]))


def datagram_of_fields(line):
    fields = dict(zip(FIELDS, line.rstrip("\n").split("\t")))
    found = DIRECT.match(fields["frame.protocols"])
    if not found or not fields["udp.dstport"]:
        return None
    family = found[1]
    return Datagram(nanoseconds(fields["frame.time_epoch"]), str(ipaddress.ip_address(fields[family + ".src"])),
                    int(fields["udp.srcport"]), str(ipaddress.ip_address(fields[family + ".dst"])),
                    int(fields["udp.dstport"]), int(fields["udp.length"] or 0), fields["udp.checksum"])


def ask_tshark(path):
    argv = ["tshark", "-n", "-r", path, "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE",
            "-T", "fields", "-E", "occurrence=f"]
    for field in FIELDS:
        argv += ["-e", field]
    lines = run(argv, text=True, errors="replace").stdout.splitlines()
    return [one for one in map(datagram_of_fields, lines) if one]


class Tshark:
    def __init__(self, work):
        version = run(["tshark", "--version"], text=True).stdout.splitlines()[0]
        question = f"{version} {FIELDS} {DIRECT.pattern}"
        self.folder = work / hashlib.sha256(question.encode()).hexdigest()[:16]
        self.folder.mkdir(parents=True, exist_ok=True)

    def find(self, path):
        kept = self.folder / hashlib.sha256(path.read_bytes()).hexdigest()
        if not kept.exists():
            new = kept.with_suffix(f".{os.getpid()}")
            new.write_text(json.dumps(ask_tshark(path)))
            new.rename(kept)
        return [Datagram(*fields) for fields in json.loads(kept.read_text())]


# --- twintap

def datagram_of_line(line):
    """The datagram, without a length if its verdict is not ok; None if its ports are unknown."""
    found = json.loads(line)
    if found["source_port"] is None:
        return None
    seconds, fraction = re.fullmatch(r"(.*)\.(\d{9})Z", found["time"]).groups()
    time_ns = calendar.timegm(time.strptime(seconds, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int(fraction)
    length = found["payload_length"] + 8 if found["verdict"] == "ok" else None
    source, destination = (str(ipaddress.ip_address(found[end].split("%")[0])) for end in ("source", "destination"))
    return Datagram(time_ns, source, found["source_port"], destination, found["destination_port"], length, None)


def read_with_twintap(twintap, path):
    """Its datagrams, its status; raises AssertionError with what is wrong."""
    try:
        done = run([twintap, "read", "--format", "json", "--verdict", "all", path], text=True)
    except subprocess.TimeoutExpired as expired:
        raise AssertionError(f"not read within {LIMIT_S} s") from expired
    words = done.stderr.strip().splitlines()
    assert done.returncode in (0, 1), f"exit status {done.returncode}: {words[-WORDS_MAX:]}"
    assert done.returncode == 0 or words, "failed without a word"
    return [one for one in map(datagram_of_line, done.stdout.splitlines()) if one], done.returncode


def pair_up(mine, others, is_same):
    """Takes equal ones away, in place; how many pairs there were."""
    pairs_count = 0
    for one in list(mine):
        for other in [other for other in others if is_same(one, other)]:
            count = min(mine[one], others[other])
            mine[one] -= count
            others[other] -= count
            pairs_count += count
    return pairs_count


def is_same_but_length(one, other):
    return one.length is None and other._replace(length=None) == one


def is_same_but_stamp(one, other):
    other = other._replace(time_ns=one.time_ns)
    return other == one or is_same_but_length(one, other)


def subtract(ours, theirs):
    """What only twintap has, what only tshark, and how many differ in the stamp alone."""
    mine = collections.Counter(one._replace(checksum=None) for one in ours)
    others = collections.Counter(one._replace(checksum=None) for one in theirs)
    both = mine & others
    mine, others = mine - both, others - both
    pair_up(mine, others, is_same_but_length)
    stamps_count = pair_up(mine, others, is_same_but_stamp)
    return sorted((+mine).elements(), key=str), sorted((+others).elements(), key=str), stamps_count


# --- the comparison

class Comparison:
    def __init__(self, twintap, differences, work):
        self.twintap = twintap
        self.tshark = Tshark(work / "tshark")
        self.work = work
        self.expected = dict(self.read_differences(differences))
        self.failures = []
        self.sound = []  # read to the end, without a difference
        self.datagrams_count = 0

    @staticmethod
    def read_differences(path):
        for line in path.read_text().splitlines():
            if line and not line.startswith("#"):
                name, ours, theirs, stamps, _ = line.split(None, 4)
                yield name, (int(ours), int(theirs), int(stamps))

    def compare_file(self, path):
        theirs = self.tshark.find(path)
        ours, status = read_with_twintap(self.twintap, path)
        return status, ours, theirs, subtract(ours, theirs)

    def judge(self, path, status, ours, theirs, only):
        name = name_of(path)
        counts = (len(only[0]), len(only[1]), only[2])
        self.datagrams_count += len(ours)
        if counts != self.expected.pop(name, (0, 0, 0)):
            self.failures.append(f"{name} {counts[0]} {counts[1]} {counts[2]}: status {status}; "
                                 f"only twintap {only[0][:2]}; only tshark {only[1][:2]}")
        if counts == (0, 0, 0) and status == 0 and theirs:
            self.sound.append(path)

    def compare(self, paths):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for path, result in [(path, pool.submit(self.compare_file, path)) for path in paths]:
                try:
                    self.judge(path, *result.result())
                except AssertionError as error:
                    self.failures.append(f"{name_of(path)}: {error}")
        for name in self.expected:
            self.failures.append(f"{name}: a difference that is not there any more, or no such capture")

    def write_and_read(self, paths, number):
        """One pcapng of many captures: what is wrong with it, or None."""
        trace = self.work / f"back-{number}.pcapng"
        trace.unlink(missing_ok=True)
        done = run([self.twintap, "read", "--verdict", "all", "-w", trace, *paths], text=True)
        if done.returncode != 0 or done.stdout:
            return f"exit status {done.returncode}: {done.stderr[-500:]}"
        checked = run([sys.executable, "-B", "tests/support/check_pcapng.py", "--allow", "foreign", trace], text=True)
        if checked.returncode != 0:
            return f"check_pcapng: {checked.stderr[:500]}"
        written = collections.Counter(ask_tshark(trace))
        read = collections.Counter(one for path in paths for one in self.tshark.find(path))
        trace.unlink()
        if written != read:
            return f"missing {list((read - written))[:2]}; unexpected {list((written - read))[:2]}"
        return None

    def go_back(self):
        groups = [self.sound[start : start + GROUP_FILES] for start in range(0, len(self.sound), GROUP_FILES)]
        for number, paths in enumerate(groups):
            wrong = self.write_and_read(paths, number)
            if wrong:
                self.failures.append(f"written again, {name_of(paths[0])} and {len(paths) - 1} more: {wrong}")


def main():
    twintap, differences, work = (Path(word) for word in sys.argv[1:4])
    paths = [path for folder in sys.argv[4:] for path in sorted(Path(folder).iterdir())
             if path.suffix in (".pcap", ".pcapng", ".cap", ".ntar")]
    comparison = Comparison(twintap.absolute(), differences, work)
    all_count = len(paths)
    if not os.environ.get("TT_TEST_FULL"):
        # tshark takes a second to start. Those that differ are always among them.
        paths = [path for i, path in enumerate(paths) if i % QUICK_STRIDE == 0 or name_of(path) in comparison.expected]
    comparison.compare(paths)
    comparison.go_back()
    for failure in comparison.failures:
        print(failure, file=sys.stderr)
    print(f"{len(paths)} of {all_count} captures, {comparison.datagrams_count} datagrams with ports, "
          f"{len(comparison.sound)} captures written again, {len(comparison.failures)} failures")
    return 1 if comparison.failures or not comparison.sound else 0


if __name__ == "__main__":
    sys.exit(main())
