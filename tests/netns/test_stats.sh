#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The account as metrics of Prometheus, and the counters that are rewritten in place
#
# A capture of a known load writes its account as metrics, which must be well-formed and add up to
# what was sent; and one whose standard error is a terminal shows its counters there.
#
# Not covered: the words and layout (unit.app.live), the format's corners (unit.export.prometheus).
#
# Usage: tests/netns/test_stats.sh PATH-OF-TWINTAP   (run at the repository root; needs root;
# TT_PROGRAMS names the folder of the test programs if it is not build/dev/tests)
set -eu

twintap=$1
programs=${TT_PROGRAMS-build/dev/tests}

command -v python3 > /dev/null || {
    echo "skipped: python3 is missing" >&2
    exit 77
}

# shellcheck source=tests/support/lab.sh
. tests/support/lab.sh
# shellcheck source=tests/support/wait.sh
. tests/support/wait.sh
lab_up
work=$(mktemp -d)
lab_at_exit() {
    rm -rf "$work"
}

# tests/support/watch_stats.py runs the capture on a pseudo-terminal, loads it, and judges both.
lab_exec near python3 -B tests/support/watch_stats.py "$work" "$twintap" "$programs/tt-load" "$LAB_NEAR_INTERFACE"
echo "ok 1 - the metrics are well-formed and add up to what was sent"
echo "ok 2 - the counters stand on the terminal in place, and are gone at the end"
echo "1..2"
