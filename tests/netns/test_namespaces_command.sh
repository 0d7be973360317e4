#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The command in other network namespaces than its own
#
# Runs twintap where the lab was made, with --netns, while a client on the far side talks to
# the near one, and looks at what a user sees.
#
# Not covered: receivers in namespaces (netns.namespaces), all else of the command
# (netns.command).
#
# Usage: tests/netns/test_namespaces_command.sh PATH-OF-TWINTAP   (at the repository root; root)
set -eu

twintap=$1
PORT=4242

for tool in jq timeout; do
    command -v "$tool" > /dev/null || {
        echo "skipped: $tool is missing" >&2
        exit 77
    }
done

# shellcheck source=tests/support/lab.sh
. tests/support/lab.sh
# shellcheck source=tests/support/wait.sh
. tests/support/wait.sh
lab_up

work=$(mktemp -d)
out=$work/out err=$work/err
capture=

lab_at_exit() {
    [ -z "$capture" ] || kill -KILL "$capture" 2> /dev/null || true
    rm -rf "$work"
}

fail() {
    printf 'not ok - %s\n' "$*" >&2
    tail -n 6 "$out" "$err" >&2
    exit 1
}

# expect STATUS COMMAND...: runs it to its end; data in $out, words in $err.
expect() {
    expected=$1
    shift
    status=0
    timeout --kill-after=1 "$WAIT_S" "$@" > "$out" 2> "$err" || status=$?
    [ "$status" -eq "$expected" ] || fail "status $status instead of $expected: $*"
}

says() {
    grep -qF -- "$1" "$err" || fail "nothing says: $1"
}

is_capturing() {
    grep -q '^twintap: capturing on ' "$err" || ! kill -0 "$capture" 2> /dev/null
}

has_ended() {
    ! kill -0 "$capture" 2> /dev/null || [ "$(cut -d ' ' -f 3 "/proc/$capture/stat" 2> /dev/null)" = Z ]
}

# captures NAMESPACE ARGUMENT...: one datagram from the far side is shown as JSON.
captures() {
    captures_in=$1
    shift
    : > "$err"
    "$twintap" capture --netns "$captures_in" -p "$PORT" --format json -c 1 "$@" > "$out" 2> "$err" &
    capture=$!
    wait_until "the capture has begun" is_capturing
    says " of network namespace $captures_in: IPv4 and IPv6, ports $PORT"
    lab_exec far "$TT_PROGRAMS/tt-send" "$LAB_NEAR_IPV6" "$PORT"
    wait_until "the capture has ended" has_ended
    status=0
    wait "$capture" || status=$?
    capture=
    [ "$status" -eq 0 ] || fail "status $status: --netns $captures_in"
    jq -e --arg name "$LAB_NEAR_INTERFACE" '.interface == $name and .local' "$out" > /dev/null ||
        fail "not on $LAB_NEAR_INTERFACE, or not local: --netns $captures_in"
}

captures "$LAB_NEAR" -i "$LAB_NEAR_INTERFACE"
captures "/run/netns/$LAB_NEAR"
echo "ok 1 - a capture is in the namespace that it is given"

expect 0 "$twintap" interfaces --netns "$LAB_NEAR" --format json
[ "$(jq -r .name "$out" | tr '\n' ' ')" = "lo $LAB_NEAR_INTERFACE " ] || fail "other interfaces"
echo "ok 2 - interfaces of a namespace are listed"

ip -n "$LAB_FAR" link set "$LAB_FAR_INTERFACE" down
expect 0 "$twintap" capture --netns "$LAB_NEAR" -i "$LAB_NEAR_INTERFACE" -d 50ms
says "warning: interface $LAB_NEAR_INTERFACE has no carrier: waiting"
ip -n "$LAB_NEAR" link set "$LAB_NEAR_INTERFACE" down
expect 0 "$twintap" capture --netns "$LAB_NEAR" -i "$LAB_NEAR_INTERFACE" -d 50ms
says "is down: waiting (ip link set $LAB_NEAR_INTERFACE up, in its network namespace)"
echo "ok 3 - what is said of interfaces is what they are there"

expect 1 "$twintap" capture --netns tt-no-such
says "twintap: no network namespace \"tt-no-such\"; there are: "
expect 1 "$twintap" interfaces --netns tt-no-such
says "twintap: no network namespace \"tt-no-such\"; there are: "
expect 2 "$twintap" capture --netns /etc/passwd
says "/etc/passwd is no network namespace"
expect 2 "$twintap" capture --netns "$LAB_NEAR" --netns "$LAB_FAR"
says "given twice"
expect 2 "$twintap" capture --netns=
says "it is empty: give a name, a path or a PID"
echo "ok 4 - what is no namespace is refused in words"
