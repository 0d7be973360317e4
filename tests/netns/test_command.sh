#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The command, from outside
#
# Runs twintap in one namespace of the lab while ordinary clients and a small sender talk
# to it from the other, and looks at what a user sees: data on standard output, words on
# standard error, the account in a file, the exit status. tcpdump listens beside it. Each
# wait is for a condition, and gives up after some seconds.
#
# Not covered: what the fields of a datagram must be (unit.decode, netns.receiver), rates
# (bench), and terminals.
#
# Usage: tests/netns/test_command.sh PATH-OF-TWINTAP   (run at the repository root; needs root)
set -eu

PORT=4242

# shellcheck source=tests/support/lab.sh
. tests/support/lab.sh
# shellcheck source=tests/support/wait.sh
. tests/support/wait.sh
# shellcheck source=tests/support/checks.sh
. tests/support/checks.sh
# shellcheck source=tests/support/capture.sh
. tests/support/capture.sh
checks_need dig jq python3 setpriv socat tcpdump timeout
lab_up
checks_begin "$1"

send() {
    lab_exec far python3 tests/support/send_datagrams.py "$@"
}

has_lines() {
    [ "$(wc -l < "$1")" -ge "$2" ]
}

account() {
    python3 tests/support/check_account.py "$stats" "$@" || fail "the account: $*"
}

# --- what is refused ---------------------------------------------------------------------

refuses 2 'twintap: a command is missing: see twintap --help'
refuses 2 'twintap: unknown command captrue: did you mean capture?' captrue
refuses 2 'twintap: unknown command xyz: see twintap --help' xyz
refuses 2 'twintap: unknown option -i: options follow the command' -i "$LAB_NEAR_INTERFACE"
refuses 2 'twintap: filter expression "ether host 02:00:00:00:00:07": ' capture ether host 02:00:00:00:00:07
refuses 2 'twintap: filter expression "ether[0] = 1": "ether[" asks for bytes of the link' capture 'ether[0] = 1'
refuses 2 'twintap: filter expression "inbound": it asks for what the link knows' capture inbound
refuses 2 'twintap: filter expression "udp and": ' capture udp and
refuses 2 'twintap: "-c": options go before the filter expression' capture udp -c 1
refuses 2 'twintap: "lo" is an interface: use -i lo' capture lo
refuses 2 'twintap: --snaplen: 20 bytes are out of range' capture -s 20
refuses 2 'twintap: unknown option --prot: did you mean --port?' capture --prot 53
refuses 2 'twintap: port list: "5000-4000"' capture -p 5000-4000
refuses 2 'twintap: port list: "65536": ports are 0 to 65535' capture -p 53,65536
refuses 2 'twintap: ' capture -i a-name-of-16-byte
refuses 2 'twintap: port list: "no-such-service"' capture -p no-such-service
refuses 2 'twintap: --buffer: size "1G*100" is not a number' capture -B '1G*100'
refuses 2 'twintap: --buffer: size "100G" is out of range: a ring has from 256K to 4G' capture -B 100G
refuses 2 'twintap: unknown option --fromat: did you mean --format?' interfaces --fromat json
refuses 2 'twintap: "eth0": all interfaces are listed' interfaces eth0
holds "wrong usage ends with 2 and one sentence"

refuses 1 'twintap: ' capture -i no-such
says 'no-such'
says "$LAB_NEAR_INTERFACE" # one of the names that there are
holds "an unknown interface is refused with the names that there are"

ip -n "$LAB_NEAR" link add bridge0 type bridge
ip -n "$LAB_NEAR" link add port0 type veth peer name port1
ip -n "$LAB_NEAR" link set port0 master bridge0
refuses 1 'twintap: ' capture -i port0
says 'use bridge0 instead'
holds "a port of a bridge is refused, naming the bridge"

refuses 1 'twintap: --stats-file /dev/null: it is there and no regular file' capture --stats-file /dev/null
refuses 1 'twintap: --stats-file /proc/nowhere/x: open its directory: ' capture --stats-file /proc/nowhere/x
refuses 1 'twintap: --stats-file /proc/stats: make a new file beside it: ' capture --stats-file /proc/stats
[ -c /dev/null ] || fail "/dev/null was replaced"
holds "a path that no account can be written to is refused before the capture begins"

# Root without capabilities, so that the files stay readable wherever they lie.
expect 1 setpriv --inh-caps=-all --bounding-set=-all "$twintap" capture
says 'cap_net_raw,cap_bpf'
[ "$(wc -l < "$err")" -eq 1 ] || fail "more than one line without privilege"
holds "without privilege one sentence says which capabilities are missing"

if [ "$(cat /proc/sys/kernel/unprivileged_bpf_disabled)" -ne 0 ]; then
    expect 0 setpriv --inh-caps=-all --bounding-set=-all,+net_raw "$twintap" capture -d 1ms
    [ "$(grep -c 'warning: .*CAP_BPF' "$err")" -eq 1 ] || fail "not one warning names CAP_BPF"
    holds "with CAP_NET_RAW alone one warning names CAP_BPF"
else
    echo "not tried: kernel.unprivileged_bpf_disabled is 0, so CAP_BPF is not needed"
fi

# --- help and versions -------------------------------------------------------------------

for words in --help 'capture --help' 'interfaces --help' --version; do
    # shellcheck disable=SC2086 # they are several words
    expect 0 "$twintap" $words
    if [ ! -s "$out" ] || [ -s "$err" ]; then
        fail "$words does not go to standard output alone"
    fi
    # shellcheck disable=SC2086 # as above
    status=0 && near "$twintap" $words > /dev/full 2> "$err" || status=$?
    [ "$status" -eq 1 ] || fail "$words to a full disk ends with $status"
    says 'standard output: No space left on device'
done
grep -q '^libtwintap [0-9]' "$out" || fail "--version names no library"
holds "help and versions go to standard output, and a full disk is noticed"

# --- interfaces --------------------------------------------------------------------------

hostile=$(printf 'x\033[1my')
ip -n "$LAB_NEAR" link add name "$hostile" type bridge
expect 0 setpriv --inh-caps=-all --bounding-set=-all "$twintap" interfaces
grep -q "$LAB_NEAR_INTERFACE .* up  *veth .*$LAB_NEAR_HARDWARE" "$out" || fail "the cable is not listed"
grep -qF 'bridge0 (bridge): use bridge0' "$out" || fail "no advice for the port of a bridge"
grep -qF 'x\x1b[1my' "$out" || fail "a name is not escaped"
! LC_ALL=C grep -q '[^ -~]' "$out" || fail "what is listed is not printable"
holds "interfaces are listed without privilege, and hostile names escaped"

expect 0 "$twintap" interfaces --format json
[ "$(jq -r 'select(.name == "port0") | .master, .master_kind, .can_capture' "$out" | tr '\n' ' ')" = \
    'bridge0 bridge false ' ] || fail "the port of the bridge as JSON"
[ "$(jq -r 'select(.index > 0) | .name' "$out" | wc -l)" -eq "$(ip -n "$LAB_NEAR" -o link | wc -l)" ] ||
    fail "not one JSON object an interface"
[ "$(jq -r 'select(.name == "lo") | .kind, .state' "$out" | tr '\n' ' ')" = 'loopback up ' ] || fail "lo as JSON"
holds "interfaces are listed as JSON, one object a line"

# --- datagrams of ordinary clients -------------------------------------------------------

has_packets() {
    [ "$(tcpdump -nr "$work/beside.pcap" 2> /dev/null | wc -l)" -ge "$1" ]
}

is_listening() {
    grep -q '^listening on\|listening on' "$work/tcpdump"
}

ip netns exec "$LAB_NEAR" tcpdump -i "$LAB_NEAR_INTERFACE" --immediate-mode -nUw "$work/beside.pcap" -Q in \
    "udp port $PORT" 2> "$work/tcpdump" &
tcpdump=$!
started="$started $tcpdump"
wait_until "tcpdump listens" is_listening

start_to "$work/text" -i "$LAB_NEAR_INTERFACE" -p "$PORT" --payload
text=$capture
err=$work/json_err
start -i "$LAB_NEAR_INTERFACE" -p "$PORT" --format json --payload --stats-file "$stats"
count=20
for i in $(seq "$count"); do
    printf 'datagram %s' "$i" | lab_exec far socat -u - "UDP4-SENDTO:$LAB_NEAR_IPV4:$PORT"
    printf 'datagram %s' "$i" | lab_exec far socat -u - "UDP6-SENDTO:[$LAB_NEAR_IPV6]:$PORT"
done
# Nobody answers; what counts is that it asked.
for server in "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"; do
    lab_exec far dig "@$server" -p "$PORT" +tries=1 +time=1 example.org > /dev/null || true
done
total=$((2 * count + 2))
wait_until "tcpdump saw $total datagrams" has_packets "$total"
wait_until "the text has $total lines" has_lines "$work/text" "$total"
wait_until "the JSON has $total lines" has_lines "$out" "$total"
kill -TERM "$capture"
ends 0
capture=$text
kill -TERM "$capture"
ends 0
kill -TERM "$tcpdump"
wait "$tcpdump" || fail "tcpdump failed"
seen=$(tcpdump -nr "$work/beside.pcap" 2> /dev/null | wc -l)

[ "$(wc -l < "$work/text")" -eq "$seen" ] || fail "the text has not as many datagrams as tcpdump saw, $seen"
python3 tests/support/check_lines.py "$out" ipv4=$((count + 1)) ipv6=$((count + 1)) || fail "the JSON lines"
account written="$seen" ring_dropped=0
grep -c " $LAB_NEAR_INTERFACE in $LAB_FAR_IPV4:[0-9]* > $LAB_NEAR_IPV4:$PORT ttl 64 " "$work/text" |
    grep -qx $((count + 1)) || fail "the IPv4 lines"
grep -c " $LAB_NEAR_INTERFACE in \[$LAB_FAR_IPV6\]:[0-9]* > \[$LAB_NEAR_IPV6\]:$PORT ttl 64 " "$work/text" |
    grep -qx $((count + 1)) || fail "the IPv6 lines"
grep -q " data $(printf 'datagram 7' | od -An -tx1 | tr -d ' \n')\$" "$work/text" || fail "a payload is missing"
says "twintap: json: $seen written"
err=$work/err
says "twintap: text: $seen written"
holds "text and JSON show each datagram of both families that tcpdump sees beside them"

# --- ends --------------------------------------------------------------------------------

start -p "$PORT" -c 3 -d 1h --stats-file "$stats"
says ': IPv4 and IPv6, ports 4242 (either side), rings of 16M; ends after 3 datagrams or 3600 s, or on Ctrl-C'
send 5 40 "$PORT" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
ends 0
[ "$(wc -l < "$out")" -eq 3 ] || fail "-c 3 wrote $(wc -l < "$out") datagrams"
account written=3 dropped=0
holds "-c ends after exactly so many datagrams, and the account holds"

before=$(date +%s%N)
expect 0 "$twintap" capture -i "$LAB_NEAR_INTERFACE" -p "$PORT" -d 300ms --stats-file "$stats"
[ $((($(date +%s%N) - before) / 1000000)) -ge 300 ] || fail "-d 300ms ended too early"
account written=0
says 'twintap: nothing was shown: no packet came in on'
holds "-d ends after its time, and silence is explained"

# --- what narrows and what cuts ------------------------------------------------------------

# send() numbers its datagrams: their first four bytes, from 0 on.
start -i "$LAB_NEAR_INTERFACE" -p "$PORT" -c 3 --stats-file "$stats" --format json \
    'udp[8:4] >= 7' and less 200
send 10 100 "$PORT" "$LAB_NEAR_IPV4"
ends 0
account written=3 seen=10 rejected=7
[ "$(jq .sources.ipv4.rejected.expression "$stats")" -eq 7 ] || fail "the expression did not reject 7"
grep -q '"udp\[8:4\] >= 7 and less 200"' "$err" || fail "the start does not name the expression"
holds "an expression narrows what the ports let through, and its rejects are counted"

start -i "$LAB_NEAR_INTERFACE" -p "$PORT" -c 1 'udp[8:4] < 0x80000000' and udp[8] != 0
send 2 100 "$PORT" "$LAB_NEAR_IPV4"
kill -TERM "$capture"
ends 0
says 'UDP datagrams came in, but none that the filter expression takes: check it'
holds "an expression that takes nothing is told at the end"

start -i "$LAB_NEAR_INTERFACE" -p "$PORT" -c 2 -s headers --payload --stats-file "$stats"
send 1 100 "$PORT" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
ends 0
[ "$(grep -c ' payload 100' "$out")" -eq 2 ] || fail "the payloads' lengths are not told"
! grep -q ' data [0-9a-f]' "$out" || fail "payload in spite of -s headers"
[ "$(jq .beside.payload_cut "$stats")" -eq 2 ] || fail "not two payloads were cut"
account written=2
holds "-s headers keeps the headers and no byte of the payload"

start -i "$LAB_NEAR_INTERFACE" -p "$PORT" --verdict fragment -c 6 --stats-file "$stats"
send 1 4000 "$PORT" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
ends 0
[ "$(jq -c '[.sources[].verdicts.fragment]' "$stats")" = '[3,3]' ] || fail "not three fragments of each family"
start -i "$LAB_NEAR_INTERFACE" -p "$PORT" --fragments none --stats-file "$stats"
send 1 4000 "$PORT" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
send 1 4 "$PORT" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
wait_until "two whole datagrams came" has_lines "$out" 2
kill -TERM "$capture"
ends 0
[ "$(jq -c '[.sources[].rejected.fragment]' "$stats")" = '[3,3]' ] || fail "not all fragments were rejected"
account written=2
holds "fragments are followed, or left out"


for signal in TERM INT HUP; do
    start -p "$PORT" --stats-file "$stats"
    send 2000 200 "$PORT" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
    kill "-$signal" "$capture"
    ends 0
    account "written=$(wc -l < "$out")" "accepted=4000" dropped=0
done
holds "SIGTERM, SIGINT and SIGHUP end with 0 and an exact account"

start -p "$PORT" --stats-file "$stats"
kill -USR1 "$capture"
wait_until "SIGUSR1 has an answer" grep -q '^twintap: after .* written$' "$err"
kill -TERM "$capture"
ends 0
account written=0
holds "SIGUSR1 prints counters, and the capture goes on until it is ended"

# --- outputs that fail -------------------------------------------------------------------

# Sends until the capture sees that its reader went.
send_until_end() {
    send 1 40 "$PORT" "$LAB_NEAR_IPV4"
    has_ended "$capture"
}

mkfifo "$work/pipe"
head -n 1 < "$work/pipe" > "$work/head" &
head=$!
started="$started $head"
start_to "$work/pipe" -p "$PORT" --stats-file "$stats"
wait_until "the reader's end is seen" send_until_end
ends 0
wait "$head"
[ "$(wc -l < "$work/head")" -eq 1 ] || fail "the reader had no line"
account 'written>0' 'dropped>0'
! grep -qi 'broken pipe' "$err" || fail "a reader that has read enough is called a failure"
holds "a reader that goes away is a clean end"

start_to /dev/full -p "$PORT" --stats-file "$stats"
send 1 40 "$PORT" "$LAB_NEAR_IPV4"
ends 1
says 'No space left on device'
account written=0 dropped=1
holds "a full disk ends with 1 and one sentence, and the account holds"

: > "$err"
# shellcheck disable=SC2016 # they are the inner shell's
ip netns exec "$LAB_NEAR" sh -c 'exec "$0" "$@" >&-' "$twintap" capture -p "$PORT" 2> "$err" &
capture=$!
started="$started $capture"
wait_until "the capture has begun" is_capturing
send 1 40 "$PORT" "$LAB_NEAR_IPV4"
ends 1
says 'Bad file descriptor: standard output cannot be written to'
holds "a closed standard output is told, and no socket takes its place"

# A pipe that somebody holds open and nobody reads.
exec 3<> "$work/pipe"
start_to "$work/pipe" -i "$LAB_NEAR_INTERFACE" -p "$PORT" -B 256K --payload --stats-file "$stats"
send 2000 1000 "$PORT" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"
kill -TERM "$capture"
cat "$work/pipe" > "$out" 3<&- &
reader=$!
started="$started $reader"
exec 3>&-
ends 0
wait "$reader"
account accepted=4000 'ring_dropped>0' "written=$(wc -l < "$out")"
says 'datagrams were lost since a ring was full'
says 'give rings more room with -B 1M'
holds "losses of a full ring are exact, and the remedy is named"

exec 3<> "$work/pipe"
start_to "$work/pipe" -i "$LAB_NEAR_INTERFACE" -p "$PORT" --payload
send 200 1000 "$PORT" "$LAB_NEAR_IPV4"
# The first argument of the call that it waits in: standard output in write(2).
is_stuck() {
    [ "$(cut -d ' ' -f 2 "/proc/$capture/syscall")" = 0x1 ]
}
wait_until "the write is stuck" is_stuck
kill -TERM "$capture"
# It may melt into the first, if that is still pending: goes on until it has had its effect.
signal_until_end() {
    kill -TERM "$capture" 2> /dev/null || true
    has_ended "$capture"
}
wait_until "the stuck write is left behind" signal_until_end
ends 1
exec 3>&-
says 'left without an account'
holds "a second signal leaves a stuck write behind"

# --- the account's file, and words -------------------------------------------------------

start --stats=2ms --stats-file "$stats" -p "$PORT"
python3 tests/support/watch_rewrites.py "$stats" 50 || fail "the account's file"
kill -TERM "$capture"
ends 0
account written=0
[ "$(find "$work" -name '.twintap-stats-*' | wc -l)" -eq 0 ] || fail "a temporary file stays"
[ "$(grep -c '^twintap: after ' "$err")" -ge 50 ] || fail "--stats does not print"
holds "the account's file is whole at each moment"

quiet_has_ended() {
    send 1 40 "$PORT" "$LAB_NEAR_IPV4"
    has_ended "$quiet"
}
near "$twintap" capture -q -p "$PORT" -c 1 > "$out" 2> "$err" &
quiet=$!
started="$started $quiet"
wait_until "a quiet capture has its datagram" quiet_has_ended
wait "$quiet" || fail "the quiet capture failed"
[ ! -s "$err" ] || fail "-q says something"
holds "-q says nothing"

start -p 1 --stats-file "$stats"
send 3 40 "$PORT" "$LAB_NEAR_IPV4"
kill -TERM "$capture"
ends 0
account 'rejected>2' written=0
says ' rejected (port 3), 0 delivered'
says 'twintap: nothing was shown: UDP datagrams came in, but for other ports: check -p'
holds "datagrams for other ports point to -p"

ip -n "$LAB_NEAR" link add down0 type bridge
expect 0 "$twintap" capture -i down0 -d 1ms
says 'twintap: warning: interface down0 is down: waiting (ip link set down0 up)'
says 'twintap: nothing was shown: interface down0 is down'
holds "an interface that is down is told, and what puts it up"

expect 0 "$twintap" capture -i "$hostile" -d 1ms
says 'twintap: capturing on x\x1b[1my: '
! LC_ALL=C grep -q '[^ -~]' "$err" || fail "what is said is not printable"
holds "names that would steer a terminal are escaped"

ip -n "$LAB_NEAR" link add gone0 type bridge
ip -n "$LAB_NEAR" link set gone0 up
start -i gone0 --stats-file "$stats"
ip -n "$LAB_NEAR" link del gone0
ends 1
says 'twintap: receiving ended: the interface was removed: start again when it is back'
account written=0
holds "an interface that is removed ends the capture with 1"

echo "1..$checks_count"
