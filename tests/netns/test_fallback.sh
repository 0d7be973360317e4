#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The command where the kernel refuses its eBPF program
#
# Four captures that fall back to a classic filter run beside one that does not, on the same
# traffic: one with CAP_NET_RAW alone, and three with all capabilities for which bpf(2) fails with
# EPERM, EACCES and ENOSYS. Their lines must be the same, but for the time stamps, which the
# kernel takes for each socket; their accounts say that the filter is a classic one and hold.
#
# Not covered: the rest of what the command does (netns.command), changes while packets flow
# (netns.classic_live), kernel.unprivileged_bpf_disabled, which is the whole system's and is
# therefore only told.
#
# Usage: tests/netns/test_fallback.sh PATH-OF-TWINTAP   (run at the repository root; needs root;
# TT_PROGRAMS names the folder of the test programs if it is not build/dev/tests)
set -eu

programs=${TT_PROGRAMS:-build/dev/tests}
PORT=4242
FALLBACKS='net_raw eperm eacces enosys'

# shellcheck source=tests/support/lab.sh
. tests/support/lab.sh
# shellcheck source=tests/support/wait.sh
. tests/support/wait.sh
# shellcheck source=tests/support/checks.sh
. tests/support/checks.sh
checks_need jq python3 setpriv timeout
lab_up
checks_begin "$1"
checks_shown='*.err *.difference'

# as WHO COMMAND...: becomes the command, in the near namespace, with what WHO lacks.
as() {
    who=$1
    shift
    case $who in
    # Root without the other capabilities, so that files stay readable wherever they lie.
    net_raw) set -- setpriv --inh-caps=-all --bounding-set=-all,+net_raw "$@" ;;
    eperm) set -- "$programs/tt-deny-bpf" EPERM "$@" ;;
    eacces) set -- "$programs/tt-deny-bpf" EACCES "$@" ;;
    enosys) set -- "$programs/tt-deny-bpf" ENOSYS "$@" ;;
    esac
    exec ip netns exec "$LAB_NEAR" "$@"
}

is_capturing() {
    grep -q '^twintap: capturing on ' "$work/$1.err" || ! kill -0 "$(cat "$work/$1.pid")" 2> /dev/null
}

# start_one WHO ARGUMENT...: a capture in the background, once it counts.
start_one() {
    one=$1
    shift
    : > "$work/$one.err"
    rm -f "$work/$one.json"
    (as "$one" "$twintap" capture --format json --payload --stats-file "$work/$one.json" "$@") \
        > "${lines:-$work/$one.lines}" 2> "$work/$one.err" &
    echo $! > "$work/$one.pid"
    started="$started $!"
    wait_until "$one captures" is_capturing "$one"
    grep -q '^twintap: capturing on ' "$work/$one.err" || fail "$one ended at once: $*"
}

# start ARGUMENT...: the five of them.
start() {
    for name in ebpf $FALLBACKS; do
        start_one "$name" "$@"
    done
}

# ends WHO STATUS: that capture ends by itself.
ends() {
    wait_until "$1 has ended" has_ended "$(cat "$work/$1.pid")"
    status=0
    wait "$(cat "$work/$1.pid")" || status=$?
    [ "$status" -eq "$2" ] || fail "$1 ended with $status instead of $2"
}

stop() {
    for name in ebpf $FALLBACKS; do
        kill -TERM "$(cat "$work/$name.pid")"
    done
}

# account WHO EXPECTATION...: the account is exact, and its filter is what it must be.
account() {
    account_of=$1 kind=classic
    shift
    [ "$account_of" != ebpf ] || kind=ebpf
    python3 tests/support/check_account.py "$work/$account_of.json" "$@" || fail "the account of $account_of: $*"
    [ "$(jq -r .filter "$work/$account_of.json")" = "$kind" ] || fail "the filter of $account_of is no $kind one"
    [ "$kind" = ebpf ] ||
        [ "$(jq -c '[.sources[] | .seen, .rejected[]] | unique' "$work/$account_of.json")" = '[null]' ] ||
        fail "$account_of claims to know what was left out"
}

# What a fallback says for a reason; in one line of warning.
reason_of() {
    case $1 in
    net_raw) echo 'it takes CAP_BPF: run as root, or give the program cap_net_raw,cap_bpf by setcap(8)' ;;
    eperm) echo 'in spite of CAP_BPF: a user namespace, kernel lockdown, a security module or seccomp forbids bpf(2)' ;;
    eacces) echo 'Permission denied: a security module forbids bpf(2)' ;;
    enosys) echo 'this kernel has no bpf(2)' ;;
    esac
}

warns_once() {
    [ "$(grep -c 'warning: ' "$work/$1.err")" -eq 1 ] || fail "$1 has not one warning"
    grep 'warning: ' "$work/$1.err" | grep -qF -- "$(reason_of "$1")" || fail "$1 gives another reason"
}

# agree COUNT EXPECTATION...: all five have ended well, with the same COUNT lines; each of the
# fallbacks has such an account.
agree() {
    agree_count=$1
    shift
    for name in ebpf $FALLBACKS; do
        ends "$name" 0
        sed 's/^{"time":"[^"]*",/{/' "$work/$name.lines" | sort > "$work/$name.sorted"
    done
    [ "$(wc -l < "$work/ebpf.sorted")" -eq "$agree_count" ] ||
        fail "$(wc -l < "$work/ebpf.sorted") lines instead of $agree_count"
    account ebpf "written=$agree_count"
    ! grep -q 'warning: ' "$work/ebpf.err" || fail "a warning in spite of eBPF"
    for name in $FALLBACKS; do
        diff "$work/ebpf.sorted" "$work/$name.sorted" > "$work/$name.difference" ||
            fail "$name has other lines than eBPF"
        account "$name" "written=$agree_count" "$@"
        warns_once "$name"
    done
}

send() {
    lab_exec far python3 tests/support/send_datagrams.py "$@"
}

load() {
    lab_exec near "$programs/tt-load" -i "$LAB_NEAR_INTERFACE" "$@" > "$work/load.json"
}

echo "kernel.unprivileged_bpf_disabled is $(cat /proc/sys/kernel/unprivileged_bpf_disabled)," \
    "and is not changed: it is the whole system's"

# --- ports ---------------------------------------------------------------------------------

start -p "$PORT"
send 20 100 "$PORT" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
send 300 100 9 "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
stop
agree 40 accepted=40 narrowed=0 ring_dropped=0
holds "one port: the same lines, and the kernel leaves the rest out"

start -p "$PORT,53,5000-5009"
for port in "$PORT" 53 54 4999 5000 5009 5010; do
    send 5 60 "$port" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
done
stop
agree 40 accepted=40 narrowed=0
holds "a list of ports: the same lines, and the kernel leaves the rest out"

# More ranges than a program has room for: the narrowest gaps, the first ones, are closed.
SCATTERED=$(seq -s , 10000 2 10018),$(seq -s , 10100 3 16100)

start -p "$SCATTERED"
load -c 4000 -p 10000-10019 --source-port 9
stop
# Each of 20 ports has 200: 10 are wanted, 9 lie between those.
agree 2000 narrowed=1800 ring_dropped=0
holds "2,000 scattered ports: the same lines, and what was widened is narrowed"

start -p "$PORT" --port-side src
load -c 40 -p 9 --source-port "$PORT"
load -c 40 -p "$PORT" --source-port 9
stop
agree 40 accepted=40 narrowed=0
holds "ports of the source: the same lines"

# --- an expression, and what cuts -----------------------------------------------------------

start -p "$PORT" 'udp[8:4] >= 7' and less 200
send 10 100 "$PORT" "$LAB_NEAR_IPV4"
send 10 300 "$PORT" "$LAB_NEAR_IPV4"
stop
agree 3 accepted=3 narrowed=0
holds "an expression: the same lines, and the kernel leaves the rest out"

for snap in headers 96; do
    start -p "$PORT" -s "$snap"
    send 5 100 "$PORT" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
    send 5 20 "$PORT" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
    stop
    agree 20 accepted=20
    for name in $FALLBACKS; do
        [ "$(jq .beside.payload_cut "$work/$name.json")" -eq "$(jq .beside.payload_cut "$work/ebpf.json")" ] ||
            fail "-s $snap: $name cuts others"
    done
    [ "$(jq .beside.payload_cut "$work/ebpf.json")" -gt 0 ] || fail "-s $snap: nothing was cut"
done
holds "-s headers and -s 96: the same lines, cut alike"

# From port 40001, once as it must be and once with another checksum.
WHOLE="45000020000140004011aea4c6120001c6120002 9c411092000c 0214 61626364"
for mode in verify ignore; do
    bad=0
    [ "$mode" = ignore ] || bad=1
    start -p "$PORT" --checksum "$mode" --verdict all
    lab_exec far "$programs/tt-raw" -i "$LAB_FAR_INTERFACE" -d "$LAB_NEAR_HARDWARE" "$WHOLE"
    lab_exec far "$programs/tt-raw" -i "$LAB_FAR_INTERFACE" -d "$LAB_NEAR_HARDWARE" "${WHOLE%61626364}61626365"
    stop
    agree 2 accepted=2
    for name in ebpf $FALLBACKS; do
        [ "$(jq ".sources.ipv4.verdicts.bad_checksum // 0" "$work/$name.json")" -eq "$bad" ] ||
            fail "--checksum $mode: $name finds others"
    done
done
holds "--checksum verify tells the datagram that is corrupt, --checksum ignore does not"

# --- fragments -------------------------------------------------------------------------------

start -p "$PORT" --verdict all
send 2 4000 "$PORT" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
send 3 4000 9 "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
load -c 40 --fragment 4
stop
# Three fragments a datagram. The others' later ones, two each, and the load's 10 come and go.
agree $((12 + 30)) accepted=$((12 + 30 + 12 + 10)) narrowed=$((12 + 10))
holds "fragments are followed: the same lines, and orphans are narrowed"

start -p "$PORT" --verdict all --fragments none
send 2 4000 "$PORT" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
send 2 40 "$PORT" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
load -c 40 --fragment 4
stop
agree $((4 + 30)) accepted=$((4 + 30)) narrowed=0
holds "--fragments none: the same lines, and the kernel leaves fragments out"

# --- packet types and interfaces ---------------------------------------------------------------

start -p "$PORT"
load -c 20
load -c 30 --to other-host
stop
agree 20 accepted=20 narrowed=0
start -p "$PORT" --promiscuous
load -c 20
load -c 30 --to other-host
stop
agree 50 accepted=50 narrowed=0
holds "--promiscuous or not: the same lines"

ip -n "$LAB_NEAR" link add more0 type veth peer name more1
for link in more0 more1; do
    ip -n "$LAB_NEAR" link set "$link" up
done
lab_settle "$LAB_NEAR"
start -p "$PORT" -i "$LAB_NEAR_INTERFACE" -i more0
load -c 20
lab_exec near "$programs/tt-load" -i more0 -c 10 > /dev/null
lab_exec near "$programs/tt-load" -i more1 -c 10 > /dev/null
lab_exec near "$programs/tt-send" 127.0.0.1 "$PORT"
stop
agree 30 accepted=30 narrowed=0
holds "several interfaces: the same lines, and the kernel leaves the others out"

# --- ends ----------------------------------------------------------------------------------------

start -4 -p "$PORT" -c 3
send 5 40 "$PORT" "$LAB_NEAR_IPV4"
agree 3
holds "-c: the same lines, and the end by itself"

start -p "$PORT" -B 32M # more than the time that captures may wait for a CPU fills
load -c 20000
stop
agree 20000 accepted=20000 ring_dropped=0
holds "SIGTERM: what the rings hold is delivered"

for name in $FALLBACKS; do
    # A pipe that somebody holds open and nobody reads, and ports that are widened.
    mkfifo "$work/pipe"
    exec 3<> "$work/pipe"
    lines=$work/pipe start_one "$name" -B 256K -p "$SCATTERED"
    load -c 20000 -p 10000-10019 --source-port 9
    kill -TERM "$(cat "$work/$name.pid")"
    cat "$work/pipe" > "$work/$name.lines" 3<&- &
    reader=$!
    started="$started $reader"
    exec 3>&-
    ends "$name" 0
    wait "$reader"
    account "$name" 'ring_dropped>0' 'narrowed>0' "written=$(wc -l < "$work/$name.lines")"
    warns_once "$name"
    rm "$work/pipe"
done
holds "a full ring: the account is exact, with what was narrowed in it"

# --- words and statuses ----------------------------------------------------------------------------

# expect WHO STATUS ARGUMENT...: runs a capture to its end.
expect() {
    expected_of=$1 expected=$2
    shift 2
    status=0
    (as "$expected_of" timeout --kill-after=1 "$WAIT_S" "$twintap" "$@") > "$work/$expected_of.lines" \
        2> "$work/$expected_of.err" || status=$?
    [ "$status" -eq "$expected" ] || fail "$expected_of: status $status instead of $expected: $*"
}

for name in $FALLBACKS; do
    expect "$name" 0 capture -d 1ms
    warns_once "$name"
    expect "$name" 0 capture -q -d 1ms
    [ ! -s "$work/$name.err" ] || fail "$name says something in spite of -q"
    expect "$name" 2 capture -p 65536
    expect "$name" 1 capture -i no-such
    ! grep -q 'warning: ' "$work/$name.err" || fail "$name warns though nothing was opened"
done
holds "one warning names what is missing, -q says nothing, and the statuses are the same"

echo "1..$checks_count"
