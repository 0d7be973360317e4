#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What the documents point to exists: files behind relative links, and functions that are named
# with their parentheses or, in manual pages, by a macro.
set -eu

documents=(./*.md docs/*.md man/*.[0-9])
failures=0

complain() {
    printf '%s: %s\n' "$1" "$2" >&2
    failures=1
}

for document in "${documents[@]}"; do
    while read -r target; do
        [ -e "$(dirname "$document")/$target" ] || complain "$document" "there is no $target"
    done < <(grep -oE '\]\([^)#:]+\)' "$document" | sed 's/^](//; s/)$//')

    while read -r name; do
        grep -qrE "\b$name\(" --include='*.h' --include='*.cmake' . ||
            complain "$document" "no header declares $name()"
    done < <(grep -oE '\btt_[a-z0-9_]+\(|^\.F[no] tt_[a-z0-9_]+|, Fn tt_[a-z0-9_]+' "$document" |
        sed 's/.*\(tt_[a-z0-9_]*\).*/\1/' | sort -u)
done
exit "$failures"
