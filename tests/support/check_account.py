#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that the equations of include/twintap/accounting.h hold in a --stats-file.

Usage: check_account.py FILE [NAME=NUMBER...]

A NAME is one of seen, rejected, accepted, ring_dropped, narrowed, delivered (summed over the sources),
withheld, given, written, dropped (summed over the outputs), and must come to that NUMBER; with
NAME>NUMBER it must be more. Prints each violation; status 1 if there is one.
"""

import json
import re
import sys

SOURCE_NAMES = ("seen", "rejected", "accepted", "ring_dropped", "narrowed", "delivered")
OUTPUT_NAMES = ("withheld", "given", "written", "dropped")


def add_up(counts):
    """Their sum; None when one of them is unknown, and then all must be."""
    counts = list(counts)
    if None in counts:
        assert set(counts) == {None}, counts
        return None
    return sum(counts)


def read_counters(path):
    """The account with its groups summed up, and whether it is final."""
    with open(path, encoding="ascii") as file:
        account = json.load(file)
    sources = account["sources"]
    outputs = account["outputs"]
    for part in list(sources.values()):
        part["rejected"] = add_up(part["rejected"].values())
        part["verdicts"] = sum(part["verdicts"].values())
    for part in outputs:
        part["withheld"] = sum(part["withheld"].values())
    return account, sources, outputs


def find_violations(account, sources, outputs):
    is_classic = account["filter"] == "classic"
    if not account["final"]:
        yield "the account is not final"
    if not sources:
        yield "the account has no source"
    for name, part in sources.items():
        if is_classic and (part["seen"], part["rejected"]) != (None, None):
            yield f"{name}: a classic filter counts nothing: {part}"
        if not is_classic and part["seen"] != part["rejected"] + part["accepted"]:
            yield f"{name}: seen is not rejected + accepted: {part}"
        if not is_classic and part["narrowed"] != 0:
            yield f"{name}: an exact filter leaves nothing to be narrowed: {part}"
        if part["accepted"] != part["ring_dropped"] + part["narrowed"] + part["delivered"]:
            yield f"{name}: accepted is not ring_dropped + narrowed + delivered: {part}"
        if part["delivered"] != part["verdicts"]:
            yield f"{name}: delivered is not the sum of the verdicts: {part}"
    delivered = sum(part["delivered"] for part in sources.values())
    for part in outputs:
        if delivered != part["withheld"] + part["given"]:
            yield f"delivered, {delivered}, is not withheld + given: {part}"
        if part["given"] != part["written"] + part["dropped"]:
            yield f"given is not written + dropped: {part}"


def find_surprises(expectations, sources, outputs):
    for expectation in expectations:
        name, relation, number = re.fullmatch(r"(\w+)([=>])(\d+)", expectation).groups()
        parts = sources.values() if name in SOURCE_NAMES else outputs
        assert name in SOURCE_NAMES + OUTPUT_NAMES, name
        total = sum(part[name] for part in parts)
        if not (total > int(number) if relation == ">" else total == int(number)):
            yield f"expected {expectation}, found {total}"


def main():
    account, sources, outputs = read_counters(sys.argv[1])
    violations = list(find_violations(account, sources, outputs))
    violations += find_surprises(sys.argv[2:], sources, outputs)
    for violation in violations:
        print(f"{sys.argv[1]}: {violation}", file=sys.stderr)
    return bool(violations)


if __name__ == "__main__":
    sys.exit(main())
