#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kill a process in the middle of its writing.

Usage: kill_when.py PID FOLDER PART BYTES SPINS

Sends SIGKILL as soon as those files of FOLDER whose names contain PART, hidden ones too, hold more
than BYTES in all, and SPINS turns of an empty loop have passed after that. Exits with 1 if the
process ended before, or if a minute was not enough.
"""

import os
import signal
import sys
import time

LIMIT_S = 60


def total_bytes(folder, part):
    total = 0
    for name in os.listdir(folder):
        if part in name:
            try:
                total += os.stat(os.path.join(folder, name)).st_size
            except FileNotFoundError:
                pass
    return total


def main():
    pid, folder, part, limit_bytes, spins = (int(word) if word.isdigit() else word for word in sys.argv[1:6])
    end = time.monotonic() + LIMIT_S
    while total_bytes(folder, part) <= limit_bytes:
        os.kill(pid, 0)
        if time.monotonic() > end:
            sys.exit(1)
    for _ in range(spins):
        pass
    os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    try:
        main()
    except ProcessLookupError:
        sys.exit(1)
