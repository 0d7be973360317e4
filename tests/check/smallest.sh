#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A program that prints a line for each datagram to port 5353, as the README shows it, does so for
# both families, and ends by SIGTERM as any program does. check.install runs this as
# "unshare --net", as root: the loopback interface here is nobody else's.
# Usage: tests/check/smallest.sh PROGRAM
set -eu

program=$1
work=$(mktemp -d)
pid=

# shellcheck source=tests/support/wait.sh
. tests/support/wait.sh

clean_up() {
    [ -z "$pid" ] || kill -KILL "$pid" 2> /dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

fail() {
    cat "$work/lines" "$work/errors" >&2
    printf '%s: %s\n' "$program" "$*" >&2
    exit 1
}

# Running packet sockets of both families. Columns: protocol is the fourth, running the sixth.
sockets_are_open() {
    kill -0 "$pid" 2> /dev/null || fail "ended before it received anything"
    # shellcheck disable=SC2016 # they are the awk program's fields
    awk '$6 == 1 { open[$4] = 1 } END { exit !(open["0800"] && open["86dd"]) }' /proc/net/packet
}

# Between its sockets and its gate nothing counts, and nobody outside sees the gate: so datagrams
# are sent until one of each family was printed.
lines_came() {
    kill -0 "$pid" 2> /dev/null || fail "ended while datagrams were sent"
    printf 'hello' > /dev/udp/127.0.0.1/5353
    printf 'hello' > /dev/udp/::1/5353
    grep -qE '^127\.0\.0\.1:[0-9]+ ttl 64, 5 bytes$' "$work/lines" &&
        grep -qE '^\[::1\]:[0-9]+ ttl 64, 5 bytes$' "$work/lines"
}

ip link set lo up
# Into a file it would print whole buffers only, and the signal would take the last one along.
stdbuf -oL "$program" > "$work/lines" 2> "$work/errors" < /dev/null &
pid=$!
wait_until "its packet sockets are open" sockets_are_open
wait_until "it printed a datagram of each family" lines_came

kill -TERM "$pid"
status=0
wait "$pid" || status=$?
pid=
[ "$status" -eq $((128 + 15)) ] || fail "SIGTERM ended it with status $status"
[ ! -s "$work/errors" ] || fail "it complained"
! grep -vE '^(127\.0\.0\.1|\[::1\]):[0-9]+ ttl 64, 5 bytes$' "$work/lines" || fail "it printed other lines"
