#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A command in the virtual machine is like one here: arguments, output, exit status and signals come
# through, on Linux 6.1, as root, with the kernel's parts that tests need. Each boot tries several.
# Usage: tests/vm/test_boot.sh BUILD_FOLDER   (run at the root of the project)
set -eu

work=$(mktemp -d "$1/vm-boot.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
    printf 'test_boot.sh: %s\n' "$*" >&2
    [ ! -s "$work/stderr" ] || cat "$work/stderr" >&2
    exit 1
}

# expect STATUS ARGUMENT...: of scripts/vm-run, whose output is kept.
expect() {
    local wanted=$1 status=0
    shift
    scripts/vm-run "$@" > "$work/stdout" 2> "$work/stderr" || status=$?
    if [ "$status" -eq 77 ]; then
        cat "$work/stderr" >&2
        exit 77
    fi
    [ "$status" -eq "$wanted" ] || fail "status $status instead of $wanted: $*"
}

says() {
    grep -qF -- "$1" "$work/stderr" || fail "nothing says: $1"
}

for wrong in '' --timeout '--timeout 0 true' '--cpus x true' '--no-such true' '--prepare true'; do
    # shellcheck disable=SC2086 # they are several words
    expect 2 $wrong
    says 'Usage: scripts/vm-run'
done

# What is written here before, its environment, and its odd arguments are there.
printf 'from here' > "$work/file"
arguments=('a b' "c'd\"e" '' '*' $'two\nlines' "\$HOME \\")
# shellcheck disable=SC2016 # it is for the shell in the machine
FILE=$work/file TT_ODD=$'a "b\'\n$c' expect 3 --module dummy --cpus 1 -- bash -c '
    uname -r
    nproc
    id -u
    pwd
    printf "%s\n" "$TT_ODD"
    printf "<%s>" "$@"
    head -c 300000 /dev/zero | tr "\0" x
    echo "to standard error" > /dev/stderr
    cat "$FILE"; wc -c < /dev/stdin
    echo changed > "$FILE"
    for type in proc sysfs cgroup2 bpf; do
        findmnt --types "$type" > /dev/null || echo "no $type"
    done
    grep -q ^dummy /proc/modules || echo "no module"
    set -e
    ip -o link show lo up | grep -q LOOPBACK
    ip netns add other
    ip link add veth0 type veth peer name veth1 netns other
    ip link add bridge0 type bridge
    ip link add bond0 type bond
    ip link add link veth0 name veth0.5 type vlan id 5
    ip link add link veth0 name macvlan0 type macvlan
    tc qdisc add dev veth0 root netem delay 1ms
    python3 -c "import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)" # SCTP
    (trap "" HUP TERM; exec tail -f /dev/null) & # must not keep the machine
    exit 3' _ "${arguments[@]}"
{
    printf '1\n0\n%s\n%s\n' "$PWD" $'a "b\'\n$c'
    printf '<%s>' "${arguments[@]}"
    head -c 300000 /dev/zero | tr '\0' x
    printf 'from here0\n'
} > "$work/wanted"
head -n 1 "$work/stdout" | grep -q '^6\.1\.' || fail "another kernel: $(head -n 1 "$work/stdout")"
tail -n +2 "$work/stdout" | cmp - "$work/wanted" || fail "another output: $(head -c 600 "$work/stdout")"
[ "$(cat "$work/stderr")" = 'to standard error' ] || fail "more is said than the command did"
[ "$(cat "$work/file")" = 'from here' ] || fail "the machine wrote into this one's files"

# shellcheck disable=SC2016 # as above
expect 137 sh -c 'kill -KILL $$'
[ ! -s "$work/stdout" ] || fail "a killed command has output"

expect 124 --timeout 15 sh -c 'echo before; exec tail -f /dev/null'
[ "$(cat "$work/stdout")" = before ] || fail "what came before the end of time is lost"
says --timeout
