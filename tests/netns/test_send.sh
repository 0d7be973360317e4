#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tt-send and tt-raw put on the link what their command lines say, as tcpdump reads it.
# Usage: tests/netns/test_send.sh   (at the repository root, as root; TT_PROGRAMS names
# the folder of the programs if it is not build/dev/tests)
set -eu

. tests/support/lab.sh

programs=${TT_PROGRAMS:-build/dev/tests}
work=$(mktemp -d)
tcpdump=
lab_at_exit() {
    [ -z "$tcpdump" ] || kill "$tcpdump" 2> /dev/null || true
    rm -rf "$work"
}

command -v tcpdump > /dev/null || {
    echo "skipped: needs tcpdump" >&2
    exit 77
}

# expect COUNT PATTERN: in so many lines of what tcpdump read.
expect() {
    found=$(grep -c -- "$2" "$work/read") || true
    [ "$found" -eq "$1" ] || {
        cat "$work/read" >&2
        echo "test_send.sh: $found instead of $1: $2" >&2
        exit 1
    }
}

lab_up
mkfifo "$work/errors"
lab_exec near timeout 60 tcpdump -c 7 --immediate-mode -nn -v -x -Z root -i near0 -Q in 'udp or ip proto 6' \
    > "$work/read" 2> "$work/errors" &
tcpdump=$!
exec 3< "$work/errors" # stays open: tcpdump has more to say at its end
while read -r line <&3; do
    case $line in *"listening on"*) break ;; esac
done

lab_exec far "$programs/tt-send" -n 3 -s 0,5,100 --ttl 7 --tos 0xb8 --source-port 5555 "$LAB_NEAR_IPV4" 4242
lab_exec far "$programs/tt-send" --ttl 9 --tos 3 --flow-label 0x12345 "$LAB_NEAR_IPV6" 53
lab_exec far "$programs/tt-send" "$LAB_NEAR_LINK_LOCAL%$LAB_FAR_INTERFACE" 53
lab_exec far "$programs/tt-raw" -n 2 -i "$LAB_FAR_INTERFACE" -d "$LAB_NEAR_HARDWARE" \
    '4500 001c 0001 0000 4006 0000 c6:12:00:01 c6:12:00:02 0bb8 0035 0008 0000'
wait "$tcpdump"
tcpdump=

expect 3 'tos 0xb8, ttl 7,.*proto UDP'
expect 1 '198.18.0.1.5555 > 198.18.0.2.4242:.*UDP, length 0'
expect 1 '198.18.0.1.5555 > 198.18.0.2.4242:.*UDP, length 5'
expect 1 '198.18.0.1.5555 > 198.18.0.2.4242:.*UDP, length 100'
expect 1 '0000 0002 0809 0a0b' # the third one's number, then offsets
expect 1 'class 0x03, flowlabel 0x12345, hlim 9,.*fd00:7474::1.*fd00:7474::2.53'
expect 1 'fe80::1.* > fe80::2.53'
expect 2 'ttl 64, id 1,.*proto TCP (6), length 28'

if lab_exec far "$programs/tt-raw" -i "$LAB_FAR_INTERFACE" --shape none 2> /dev/null; then
    echo "test_send.sh: an unknown shape is sent" >&2
    exit 1
fi
