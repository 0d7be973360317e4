#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The shell lab comes up quiet, runs commands on both sides, and leaves nothing behind.
# Usage: tests/netns/test_lab_script.sh   (run at the repository root, as root)
set -eu

. tests/support/lab.sh

fail() {
    echo "test_lab.sh: $1" >&2
    exit 1
}

if [ "${1-}" = killed ]; then
    lab_up
    kill -9 $$
fi

lab_up
lab_exec far ip route get "$LAB_NEAR_IPV4" | grep -q "dev $LAB_FAR_INTERFACE" || fail "no way to near"
lab_exec near ip -6 addr show tentative | grep -q . && fail "an address is not usable at once"
received() { lab_exec near grep 'near0:' /proc/net/dev; }
before=$(received)
lab_settle "$LAB_NEAR" # 0.1 s at least
[ "$(received)" = "$before" ] || fail "the lab is not quiet: $before"
status=0
lab_exec near sh -c 'exit 7' || status=$?
[ "$status" -eq 7 ] || fail "status $status instead of 7"

names() { ip netns list | grep -c "^tt-$1-lab-" || true; }
sh "$0" killed > /dev/null 2>&1 &
killed=$!
wait "$killed" || true
[ "$(names "$killed")" -eq 2 ] || fail "a killed process leaves its names, or this test shows nothing"
lab_sweep
[ "$(names "$killed")" -eq 0 ] || fail "the sweep left names of a killed process"
[ "$(names "$$")" -eq 2 ] || fail "the sweep took names in use"
lab_down
[ "$(names "$$")" -eq 0 ] || fail "names are left behind"
