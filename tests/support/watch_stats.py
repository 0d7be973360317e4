# SPDX-License-Identifier: MIT
"""A capture with --stats on a pseudo-terminal and --stats-file FILE.prom, under a known load.

Usage: watch_stats.py FOLDER TWINTAP TT-LOAD INTERFACE   (in the namespace of the interface)
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

COUNT = 2000
COLUMNS = 80
PATIENCE_S = 15
METRIC = re.compile(r"^([a-z_:][a-z0-9_:]*)(\{[^{}]*\})? ([0-9]+)$")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"')


def fail(words):
    sys.exit(f"not ok - {words}")


def read_metrics(path):
    """{(name, labels): value}; whatever is no metric of the text format is a failure."""
    found, types = {}, {}
    with open(path, encoding="utf-8", newline="\n") as file:
        text = file.read()
    if not text.endswith("\n"):
        fail("the metrics do not end with a newline")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split(" ")[2:]
            if name in types or kind not in ("counter", "gauge"):
                fail(f"type line {line!r}")
            types[name] = kind
            continue
        if line.startswith("# HELP "):
            continue
        metric = METRIC.match(line)
        if not metric or metric[1] not in types:
            fail(f"metric line {line!r}")
        labels = tuple(LABEL.findall(metric[2] or ""))
        if metric[2] and "{" + ",".join(f'{name}="{value}"' for name, value in labels) + "}" != metric[2]:
            fail(f"labels of {line!r}")
        if (metric[1], labels) in found:
            fail(f"twice: {line!r}")
        found[metric[1], labels] = int(metric[3])
    return found


def total(metrics, name):
    return sum(value for (one, _), value in metrics.items() if one == name)


class Screen:
    """What a program writes to a terminal, and what the last line of it looks like."""

    def __init__(self):
        self.terminal, self.inner = pty.openpty()
        fcntl.ioctl(self.inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        self.text = ""

    def read(self, timeout_s):
        if not select.select([self.terminal], [], [], timeout_s)[0]:
            return
        try:
            self.text += os.read(self.terminal, 65536).decode()
        except OSError:  # nobody has the other side open any more
            time.sleep(timeout_s)

    def wait_for(self, pattern):
        deadline = time.monotonic() + PATIENCE_S
        while not re.search(pattern, self.text):
            if time.monotonic() > deadline:
                fail(f"waited in vain for {pattern!r}: {self.text[-500:]!r}")
            self.read(0.2)


def check_screen(text):
    drawn = [part for part in re.split(r"\x1b\[[0-9]*A", text) if "seen" in part]
    if len(drawn) < 2:
        fail(f"the counters are not written in place: {text[-500:]!r}")
    for line in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).replace("\r", "\n").split("\n"):
        if line.startswith(("ipv4", "ipv6")) and len(line) > COLUMNS:
            fail(f"a line of {len(line)} columns: {line!r}")


def main():
    folder, twintap, load, interface = sys.argv[1:5]
    metrics_path = os.path.join(folder, "account.prom")
    screen = Screen()
    capture = subprocess.Popen(
        [twintap, "capture", "-i", interface, "-p", "4242", "-w", os.path.join(folder, "stats.pcapng"),
         "--stats=200ms", "--stats-file", metrics_path],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=screen.inner,
        env={**os.environ, "TERM": "xterm"})
    os.close(screen.inner)
    screen.wait_for("ipv4")
    sent = json.loads(subprocess.run([load, "-i", interface, "-c", str(COUNT), "-p", "4242", "--wanted", "50"],
                                     check=True, capture_output=True).stdout)
    before = len(screen.text)
    while not re.search(r"\x1b\[[0-9]*A", screen.text[before:]):
        screen.wait_for(r"\x1b\[[0-9]*A")
        screen.read(0.2)
    capture.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_S
    while capture.poll() is None and time.monotonic() < deadline:
        screen.read(0.1)
    if capture.returncode != 0:
        fail(f"exit status {capture.returncode}")
    check_screen(screen.text)

    metrics = read_metrics(metrics_path)
    for name, expected in (("twintap_seen_total", COUNT), ("twintap_delivered_total", sent["wanted"]),
                           ("twintap_rejected_total", sent["unwanted"]),
                           ("twintap_output_written_total", sent["wanted"]), ("twintap_final", 1)):
        if total(metrics, name) != expected:
            fail(f"{name} is {total(metrics, name)} instead of {expected}")


main()
