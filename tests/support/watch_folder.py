#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Watch what files of one name take up while a process writes them.

Usage: watch_folder.py PID FOLDER PART

Looks as often as it can at those files of FOLDER whose names contain PART, hidden ones too, until
process PID has ended. Says "watching" when it has begun; prints as JSON at the end: looks, the most
bytes, the most complete (not hidden) files. A look during which something changed does not count.
"""

import json
import os
import sys


def has_ended(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def look(folder, part):
    """Bytes by name; None if it changed meanwhile."""
    names = sorted(name for name in os.listdir(folder) if part in name)
    try:
        sizes = {name: os.stat(os.path.join(folder, name)).st_size for name in names}
    except FileNotFoundError:
        return None
    return sizes if names == sorted(name for name in os.listdir(folder) if part in name) else None


def main():
    pid, folder, part = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    found = {"looks": 0, "bytes": 0, "files": 0}
    is_over = False
    print("watching", file=sys.stderr, flush=True)
    while not is_over:
        is_over = has_ended(pid)
        sizes = look(folder, part)
        if sizes is not None:
            found["looks"] += 1
            found["bytes"] = max(found["bytes"], sum(sizes.values()))
            found["files"] = max(found["files"], sum(1 for name in sizes if not name.startswith(".")))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
