#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The manual pages are clean for mandoc and for groff.
set -u

failures=0
for page in man/*.[0-9]; do
    mandoc -T lint -W warning "$page" || failures=1
    complaints=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 > /dev/null)
    if [ -n "$complaints" ]; then
        printf '%s: %s\n' "$page" "$complaints" >&2
        failures=1
    fi
done
exit "$failures"
