#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Read a file that is being rewritten, until COUNT versions of it were seen, each one whole.

Usage: watch_rewrites.py FILE COUNT

Reads without a pause, so that a half-written version would be found. Gives up after 20 seconds.
"""

import json
import os
import sys
import time


def main():
    path, count = sys.argv[1], int(sys.argv[2])
    deadline = time.monotonic() + 20
    versions = set()
    while len(versions) < count:
        with open(path, "rb") as file:
            text = file.read()
            versions.add(os.fstat(file.fileno()).st_mtime_ns)
        assert text.endswith(b"}\n"), f"{path} ends with {text[-20:]!r}"
        json.loads(text)
        assert time.monotonic() < deadline, f"{path}: only {len(versions)} versions in 20 s"


if __name__ == "__main__":
    main()
