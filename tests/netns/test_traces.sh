#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Traces, from outside: what is in the files, and who can read them
#
# Captures in one namespace of the lab with -w while the load source and small senders fill it,
# tcpdump beside it, and looks at the files: the packets are those that tcpdump has, each reader
# (tshark, capinfos, tcpdump, gopacket) takes each file without complaint and counts the same,
# pcapng is as strict as tests/support/check_pcapng.py wants it, the account says what lies there.
# The load source stamps its frames with numbers, so a gap, a double or a swap is seen.
#
# Not covered: what happens when files cannot be written (netns.trace_faults), the bytes of the
# formats one by one (unit.trace), rates (bench).
#
# Usage: tests/netns/test_traces.sh PATH-OF-TWINTAP   (run at the repository root; needs root;
# TT_PROGRAMS names the folder of the test programs if it is not build/dev/tests; with
# TT_TEST_FULL set it does more of everything)
set -eu

# shellcheck source=tests/support/lab.sh
. tests/support/lab.sh
# shellcheck source=tests/support/wait.sh
. tests/support/wait.sh
# shellcheck source=tests/support/checks.sh
. tests/support/checks.sh
# shellcheck source=tests/support/capture.sh
. tests/support/capture.sh
# shellcheck source=tests/support/traces.sh
. tests/support/traces.sh
lab_up
traces_begin "$1"

PORT=4242
SLL2_BYTES=20
frames=2000 rotations_ms=200
[ -z "${TT_TEST_FULL-}" ] || frames=60000 rotations_ms=1000

# --- beside tcpdump ------------------------------------------------------------------------

is_listening() {
    grep -q 'listening on' "$1"
}

# beside NAME OPTION...: a tcpdump into $work/NAME.pcap; $beside is its number.
beside() {
    beside_name=$1 beside_said=$work/$1.said
    shift
    : > "$beside_said"
    ip netns exec "$LAB_NEAR" tcpdump -n -B 65536 -U -Z root -w "$work/$beside_name.pcap" \
        "$@" 2> "$beside_said" &
    beside=$!
    started="$started $beside"
    wait_until "tcpdump listens" is_listening "$beside_said"
}

# Each has its own account.
start_one() {
    one_name=$1
    shift
    stats=$work/$one_name.json
    start -w "$work/$one_name" "$@"
    captures="$captures $capture"
}

# holds_packets COUNT FILE
holds_packets() {
    [ "$(python3 -B tests/support/trace_packets.py udp "$2" | wc -l)" -ge "$1" ]
}

captures=
beside near -i "$LAB_NEAR_INTERFACE" -Q in 'ip or ip6'
near_tcpdump=$beside
beside any -i any -Q in 'ip or ip6'
any_tcpdump=$beside
for format in pcapng pcap pcap-ns; do
    for link in sll2 raw; do
        start_one "all-$link.$format" --format "$format" --link-type "$link"
    done
done
load -c "$frames" --length 300 --flows 5
send -n 10 -s 0,1,1400,4000,20000 --ttl 3 --tos 0x2e
lab_exec far "$programs/tt-send" -n 3 --broadcast 198.18.0.255 $PORT
lab_exec far "$programs/tt-send" -n 3 "ff02::1%$LAB_FAR_INTERFACE" $PORT
# Of each family: 6 datagrams in one packet, 2 in 3 fragments and 2 in 14.
total=$((frames + 2 * (6 + 2 * 3 + 2 * 14) + 6))
wait_until "tcpdump has all" holds_packets "$total" "$work/near.pcap"
wait_until "tcpdump has all of any" holds_packets "$total" "$work/any.pcap"
for capture in $captures; do
    kill -TERM "$capture"
done
for capture in $captures; do
    ends 0
done
kill -TERM "$near_tcpdump" "$any_tcpdump"
wait "$near_tcpdump" "$any_tcpdump" || fail "tcpdump failed"

packets udp "$work/near.pcap" > "$work/near.udp"
[ "$(wc -l < "$work/near.udp")" -eq "$total" ] || fail "tcpdump has $(wc -l < "$work/near.udp") packets of $total"
for file in "$work"/all-*.pcap "$work"/all-*.pcap-ns "$work"/all-*.pcapng; do
    packets udp "$file" > "$work/ours.udp"
    same "tcpdump has other packets than ${file##*/}" "$work/near.udp" "$work/ours.udp"
    stats=$file.json
    account "written=$total" dropped=0 ring_dropped=0
done
holds "every format and link type has the IP packets that tcpdump has beside it, $total of them"

# sll2_lines FILE: the records with their link headers, without stamps.
sll2_lines() {
    packets records "$1" | cut -d ' ' -f 2,3,5
}
tcpdump -nr "$work/any.pcap" -w "$work/any-udp.pcap" \
    'udp or (ip[6:2] & 0x1fff != 0 and ip proto 17) or ip6 proto 44' 2> /dev/null
sll2_lines "$work/any-udp.pcap" > "$work/any.lines"
for format in pcapng pcap pcap-ns; do
    sll2_lines "$work/all-sll2.$format" > "$work/ours.lines"
    same "the link headers of $format are not those of tcpdump -i any" "$work/any.lines" "$work/ours.lines"
done
holds "the link headers are byte for byte those of tcpdump -i any"

for file in "$work"/all-*.pcap "$work"/all-*.pcap-ns "$work"/all-*.pcapng; do
    accepted "$total" "$file"
done
holds "each reader takes each format and link type, and counts the same"
checked "$work/all-sll2.pcapng"
[ "$(jq -c '[.interfaces, .link_types, .cut]' "$work/figures")" = "[[\"$LAB_NEAR_INTERFACE\"],[276],0]" ] ||
    fail "interfaces, link type or cut packets"
checked "$work/all-raw.pcapng"
[ "$(jq -c '[.interfaces, .link_types, .cut]' "$work/figures")" = "[[\"$LAB_NEAR_INTERFACE\"],[101],0]" ] ||
    fail "interfaces, link type or cut packets"
holds "an interface is described once, by its name"
rm -f "$work"/all-* "$work"/any* "$work"/near*

# --- several traces, and the account -------------------------------------------------------

stats=$work/stats.json
# bytes_of NAME: what the account says that an output has written.
bytes_of() {
    jq --arg name "$1" '.outputs[] | select(.name == $name) | .bytes' "$stats"
}
start -p $PORT -w "$work/a.pcapng" -w "$work/b.pcap" -w "$work/c.cap"
load -c 1000
stop
account accepted=1000 written=3000 dropped=0
for file in a.pcapng b.pcap c.cap; do
    accepted 1000 "$work/$file"
    packets stamps 500 500 "$work/$file"
    [ "$(bytes_of "$work/$file")" -eq "$(wc -c < "$work/$file")" ] || fail "the account's bytes of $file"
done
is_pcapng "$work/a.pcapng" || fail ".pcapng is no pcapng"
is_pcapng "$work/c.cap" || fail "another ending is no pcapng"
! is_pcapng "$work/b.pcap" || fail ".pcap is pcapng"
packets records "$work/a.pcapng" | awk '{ print substr($1, 1, length($1) - 3), $2, $3, $5 }' > "$work/a.lines"
packets records "$work/b.pcap" | awk '{ print substr($1, 1, length($1) - 3), $2, $3, $5 }' > "$work/b.lines"
cmp "$work/a.lines" "$work/b.lines" || fail "pcap's stamps are not those of pcapng, cut to microseconds"
packets records "$work/b.pcap" | grep -qv '^[0-9]*000 ' && fail "a microsecond has a fraction"
checked "$work/a.pcapng"
[ "$(figure usrdeliv)" -eq 1000 ] || fail "the file's statistics tell of $(figure usrdeliv) datagrams"
holds "several traces at once, each in the format of its ending, and the account has their bytes"

start -p $PORT -c 100 -w "$work/count.pcapng"
load -c 300
ends 0
account written=100
accepted 100 "$work/count.pcapng"
packets stamps 50 50 "$work/count.pcapng"
holds "-c ends after exactly so many"

# --- standard output, pipes, what is no file --------------------------------------------------

# piped COMMAND...: 500 datagrams go through -w - into the command; its output in $work/piped.
piped() {
    rm -f "$work/pipe"
    mkfifo "$work/pipe"
    "$@" < "$work/pipe" > "$work/piped" 2> "$work/said" &
    reader=$!
    started="$started $reader"
    start_to "$work/pipe" -p $PORT -w - ${piped_format:+--format "$piped_format"}
    load -c 500 --length 200
    kill -TERM "$capture"
    ends 0
    wait "$reader" || fail "the reader failed: $*"
    account written=500 dropped=0
    [ "$(wc -l < "$work/piped")" -eq 500 ] || fail "$(wc -l < "$work/piped") lines instead of 500: $*"
}
for piped_format in '' pcap pcap-ns; do
    piped tshark -n -r - -T fields -e udp.dstport
    [ "$(sort -u "$work/piped")" = $PORT ] || fail "tshark does not find the ports"
    piped tcpdump -nr -
done
holds "-w - goes to tshark and tcpdump through a pipe, in each format"

# Before the end, too: what is written is what came.
has_tshark_lines() {
    [ "$(wc -l < "$work/live")" -ge "$1" ]
}
tshark -l -n -r "$work/pipe" -T fields -e udp.dstport > "$work/live" 2> /dev/null &
reader=$!
started="$started $reader"
start -p $PORT -w "$work/pipe"
send -n 1
wait_until "a datagram has gone through a FIFO" has_tshark_lines 2
send -n 1
wait_until "the next one, too" has_tshark_lines 4
stop
wait "$reader" || fail "tshark failed on a FIFO"
account written=4 dropped=0
holds "a FIFO is written to, and at once"

start -p $PORT -w /dev/null
load -c 1000
stop
account written=1000 dropped=0
[ -c /dev/null ] || fail "/dev/null was replaced"
holds "-w /dev/null counts and keeps nothing"

start -U -p $PORT -w "$work/flushed.pcapng"
send -n 1
has_two() {
    [ "$(python3 -B tests/support/trace_packets.py count "$work/flushed.pcapng")" -eq 2 ]
}
wait_until "-U has written two datagrams" has_two
checked --allow end "$work/flushed.pcapng"
stop
accepted 2 "$work/flushed.pcapng"
holds "-U writes at once, and what is written is whole"

# --- nothing is overwritten -----------------------------------------------------------------

echo precious > "$work/there.pcapng"
refuses 1 "there.pcapng" capture -i "$LAB_NEAR_INTERFACE" -w "$work/there.pcapng"
[ "$(cat "$work/there.pcapng")" = precious ] || fail "a file was overwritten"
says '--overwrite'
start -p $PORT -w "$work/there.pcapng" --overwrite
load -c 10
stop
accepted 10 "$work/there.pcapng"
refuses 1 "it is a folder" capture -i "$LAB_NEAR_INTERFACE" -w "$work"
refuses 1 "no-such-folder" capture -i "$LAB_NEAR_INTERFACE" -w "$work/no-such-folder/a.pcapng"
holds "what is there is not overwritten without --overwrite"

# --- rotation ---------------------------------------------------------------------------------

# whole_run FILE...: together these are the last load, each datagram in exactly one file, and each
# file alone is sound.
whole_run() {
    packets stamps "$(loaded by_ipv4.wanted)" "$(loaded by_ipv6.wanted)" "$@"
    for file; do
        accepted any "$file"
    done
    [ -z "$(find "$work" -name '.*.part')" ] || fail "a hidden file is left"
}

for name in size.pcapng size.pcap; do
    start -p $PORT -w "$work/$name" --rotate-size 128K
    load -c 1400 --length 300 --rate 20000
    stop
    account written=1400 dropped=0
    files_count=$(find "$work" -name 'size-[0-9]*.pcap*' | wc -l)
    [ "$files_count" -ge 4 ] || fail "$files_count files of 128K"
    [ -f "$work/size-000001.${name#*.}" ] || fail "no first file"
    [ -f "$work/size-00000$files_count.${name#*.}" ] || fail "the numbers have gaps"
    [ -z "$(find "$work" -name 'size-*' -size +128k)" ] || fail "a file is larger than 128K"
    whole_run "$work"/size-*."${name#*.}"
    [ "$(jq '.outputs[0].bytes' "$stats")" -eq "$(cat "$work"/size-* | wc -c)" ] || fail "the account's bytes"
    rm -f "$work"/size-*
done
holds "files of a limited size: each is whole, and each datagram is in one"

start -p $PORT -w "$work/time.pcapng" --rotate-interval "${rotations_ms}ms"
load -d "$((rotations_ms * 4 / 1000)).$((rotations_ms * 4 / 100 % 10))" --rate 3000
stop
account "written=$(loaded sent)" dropped=0
[ "$(find "$work" -name 'time-0*.pcapng' | wc -l)" -ge 3 ] || fail "$(find "$work" -name 'time-*' | wc -l) files"
whole_run "$work"/time-*.pcapng
holds "a file for each interval"

# Without a packet, too: time alone ends a file.
start -p $PORT -w "$work/idle.pcapng" --rotate-interval 100ms
load -c 10
wait_until "the file's time is up" test -e "$work/idle-000001.pcapng"
accepted 10 "$work/idle-000001.pcapng"
stop
rm -f "$work"/idle*
holds "an interval ends without a packet"

start -p $PORT -w "$work/signal.pcapng" --rotate-size 1G
load -c 300
kill -HUP "$capture"
wait_until "SIGHUP has completed a file" test -e "$work/signal-000001.pcapng"
load -c 400
kill -HUP "$capture"
wait_until "SIGHUP has completed a file" test -e "$work/signal-000002.pcapng"
load -c 500
stop
account written=1200 dropped=0
for number in 1 2 3; do
    accepted any "$work/signal-00000$number.pcapng"
done
[ "$(packets udp "$work"/signal-*.pcapng | wc -l)" -eq 1200 ] || fail "datagrams are missing"
holds "SIGHUP begins a new file"

# Under load.
start -p $PORT -w "$work/hup.pcapng" --rotate-size 1G
lab_exec near "$programs/tt-load" -i "$LAB_NEAR_INTERFACE" -d 1 --rate 20000 > "$work/load" &
loading=$!
started="$started $loading"
for number in 1 2 3; do
    kill -HUP "$capture"
    wait_until "SIGHUP has completed file $number" test -e "$work/hup-00000$number.pcapng"
done
wait "$loading" || fail "tt-load"
stop
account "written=$(loaded sent)" dropped=0
whole_run "$work"/hup-*.pcapng
rm -f "$work"/hup-* "$work"/signal-* "$work"/time-*
holds "SIGHUP under load: no datagram is lost, cut or written twice"

# --- keep rules -----------------------------------------------------------------------------

# kept_run ARGUMENT...: a run under a watch, in $work/kept; what was seen in $work/watched.
mkdir "$work/kept"
echo mine > "$work/kept/keeping-notes.txt"
kept_run() {
    start -p $PORT -w "$work/kept/keep.pcapng" --rotate-size 64K "$@"
    : > "$work/watching"
    python3 -B tests/support/watch_folder.py "$capture" "$work/kept" keep- > "$work/watched" 2> "$work/watching" &
    watch=$!
    started="$started $watch"
    wait_until "somebody watches" grep -q watching "$work/watching"
    load -c 3000 --length 200 --rate 20000
    stop
    account written=3000 dropped=0
    wait "$watch" || fail "the watch failed: $(tail -n 1 "$work/watching")"
    checked "$work"/kept/keep-*.pcapng
}
# highest: the number of the newest file.
highest() {
    find "$work/kept" -name 'keep-*.pcapng' | sort | tail -n 1 | sed 's/.*-0*//; s/\..*//'
}
before=0
for run in 1 2 3; do
    kept_run --keep-files 4
    # The oldest goes when a new one is complete, not before.
    [ "$(jq .files "$work/watched")" -le 5 ] || fail "$(jq .files "$work/watched") files in spite of --keep-files 4"
    [ "$(find "$work/kept" -name 'keep-*.pcapng' | wc -l)" -eq 4 ] || fail "not 4 files in run $run"
    [ "$(highest)" -ge $((before + 8)) ] || fail "the numbers do not go on in run $run: $before, $(highest)"
    before=$(highest)
done
holds "--keep-files keeps the newest of all runs"
budget_bytes=$((300 * 1024))
for run in 1 2 3; do
    kept_run --keep-size 300K
    [ "$(jq .bytes "$work/watched")" -le "$budget_bytes" ] ||
        fail "$(jq .bytes "$work/watched") bytes in spite of --keep-size 300K, in run $run"
    [ "$(jq .looks "$work/watched")" -ge 2 ] || fail "nobody looked: $(cat "$work/watched")"
    [ "$(highest)" -gt "$before" ] || fail "the numbers do not go on in run $run"
    before=$(highest)
done
[ "$(cat "$work/kept/keeping-notes.txt")" = mine ] || fail "a file of another pattern is gone"
refuses 1 'free' capture -i "$LAB_NEAR_INTERFACE" -w "$work/kept/free.pcapng" --rotate-size 64K --min-free 1000000G
holds "--keep-size holds at each moment, over all runs, and nothing else is touched"
rm -r "$work/kept"

# --- what was written is read ------------------------------------------------------------------

start -p 4242,5353 -w "$work/read.pcapng" --rotate-size 64K
load -c 1000 --length 300 -p 4242,5353
stop
rm -f "$stats"
expect 0 "$twintap" read -q "$work"/read-*.pcapng
[ "$(wc -l < "$out")" -eq 1000 ] || fail "$(wc -l < "$out") lines instead of 1000"
[ "$(grep -c " $LAB_NEAR_INTERFACE in .*:5353 " "$out")" -eq 500 ] || fail "not 500 lines to port 5353"
[ ! -s "$err" ] || fail "-q says something"
# shellcheck disable=SC2002 # it shall be a pipe
cat "$work/read-000001.pcapng" | near "$twintap" read -q - > "$work/piped"
expect 0 "$twintap" read -q "$work/read-000001.pcapng"
cmp "$out" "$work/piped" || fail "standard input is read differently"

# Last file first, and yet in the order of time.
# shellcheck disable=SC2046 # they are several words
expect 0 "$twintap" read --merge --stats-file "$stats" -w "$work/merged.pcapng" \
    $(find "$work" -name 'read-*.pcapng' | sort -r)
account written=1000 dropped=0
packets stamps 500 500 "$work/merged.pcapng"
python3 -B tests/support/check_pcapng.py --allow end "$work/merged.pcapng" || fail "what was merged"
agree 1000 "$work/merged.pcapng"
packets records "$work"/read-*.pcapng | cut -d ' ' -f 1-3,5 > "$work/before.lines"
packets records "$work/merged.pcapng" | cut -d ' ' -f 1-3,5 > "$work/after.lines"
same "what is read and written again is not the same" "$work/before.lines" "$work/after.lines"

expect 0 "$twintap" read -w "$work/split-%p.pcapng" "$work/merged.pcapng" -- ip
for port in 4242 5353; do
    agree 250 "$work/split-$port.pcapng"
    [ "$(tshark -n -r "$work/split-$port.pcapng" -T fields -e udp.dstport 2> /dev/null | sort -u)" = $port ] ||
        fail "other ports than $port in its file"
done
rm -f "$work"/read-* "$work"/merged* "$work"/split*
holds "what was written is read, merged, split by port, and written again unchanged"

# --- losses -----------------------------------------------------------------------------------

start -U -p $PORT -B 256K -w "$work/lossy.pcapng"
kill -STOP "$capture"
load -c 50000 --length 400
kill -CONT "$capture"
wait_until "the loss is told" lost_and_found "$work/lossy.pcapng"
stop
account 'accepted>50000' 'ring_dropped>0'
all_accounted "$work/lossy.pcapng"
agree "$(figure packets)" "$work/lossy.pcapng"
holds "what a small ring loses stands in front of the next packet: $(figure dropcount) datagrams"

start -p $PORT -B 256K -w "$work/fast.pcapng"
load -c $((frames * 20)) --length 106
stop
account "accepted=$((frames * 20))"
checked "$work/fast.pcapng"
[ $(($(figure dropcount) + $(figure packets))) -le $((frames * 20)) ] || fail "more than there were"
[ "$(figure packets)" -eq "$(jq '[.sources[].delivered] | add' "$stats")" ] || fail "packets are not delivered"
holds "flat out into a small ring: the file has what was delivered, $(figure packets) of $((frames * 20))"
rm -f "$work/lossy.pcapng" "$work/fast.pcapng"

# --- what is cut --------------------------------------------------------------------------------

start -p $PORT -s headers -w "$work/headers.pcapng"
load -c 100 --length 300
stop
account written=100
accepted 100 "$work/headers.pcapng"
checked "$work/headers.pcapng"
[ "$(figure cut)" -eq 100 ] || fail "$(figure cut) packets are cut"
packets records "$work/headers.pcapng" | awk '{ print $2, $3 }' | sort | uniq -c | tr -s ' ' > "$work/lengths"
# On the wire without Ethernet: 286.
printf ' 50 %s 306\n 50 %s 306\n' $((SLL2_BYTES + 28)) $((SLL2_BYTES + 48)) > "$work/expected"
diff "$work/expected" "$work/lengths" > "$work/said" || fail "lengths of -s headers"
holds "-s headers leaves the headers, and the lengths on the wire"

for link in sll2 raw; do
    start -p $PORT --snaplen 100 --link-type $link -w "$work/cut-$link.pcapng" -w "$work/cut-$link.pcap"
    load -c 100 --length 300
    load -c 100 --length 106
    stop
    header_bytes=$SLL2_BYTES
    [ $link = sll2 ] || header_bytes=0
    for file in "$work/cut-$link.pcapng" "$work/cut-$link.pcap"; do
        accepted 200 "$file"
        packets records "$file" | awk '{ print $2, $3 }' | sort | uniq -c | tr -s ' ' > "$work/lengths"
        printf ' 100 %s %s\n 100 %s %s\n' $((header_bytes + 100)) $((header_bytes + 286)) \
            $((header_bytes + 92)) $((header_bytes + 92)) | sort > "$work/expected"
        sort "$work/lengths" | diff "$work/expected" - > "$work/said" || fail "lengths in ${file##*/}"
    done
    checked "$work/cut-$link.pcapng"
    [ "$(jq -c .snap_lengths "$work/figures")" = "[$((header_bytes + 100))]" ] || fail "the snap length of $link"
done
holds "--snaplen cuts the IP packet, and the file says so"

start -p $PORT -w "$work/expression.pcapng" less 200
load -c 10
stop
checked "$work/expression.pcapng"
jq -r '.filters[]' "$work/figures" | grep -q 'less 200' || fail "the file does not name the filter"
holds "the interface's description names the filter"

# --- what this host sends ------------------------------------------------------------------------

start --direction both -p $PORT -w "$work/both.pcapng"
for address in "$LAB_FAR_IPV4" "$LAB_FAR_IPV6"; do
    near "$programs/tt-send" -n 3 "$address" $PORT > /dev/null
done
load -c 4
stop
agree 10 "$work/both.pcapng"
checked "$work/both.pcapng"
"$twintap" read -q --format json "$work/both.pcapng" | jq -r .direction | sort | uniq -c | tr -s ' ' > "$work/lengths"
printf ' 4 in\n 6 out\n' | diff - "$work/lengths" > "$work/said" || fail "which datagrams were sent"
holds "what this host sends is marked so, and comes back so"

# --- reading that ends early ---------------------------------------------------------------------

head -c 100 "$work/expression.pcapng" > "$work/cut.pcapng"
set +e
"$twintap" read "$work/cut.pcapng" "$work/expression.pcapng" 2> "$err" | head -n 1 > /dev/null
"$twintap" read -q "$work/cut.pcapng" > /dev/null 2>> "$err"
status=$?
set -e
[ "$status" -eq 1 ] || fail "status $status for a damaged file"
[ "$(grep -c "cut.pcapng: offset" "$err")" -eq 2 ] || fail "damage is not told, or more than once"
expect 1 "$twintap" read -q /dev/null
holds "damage is told once, and what is no trace is called so"

# Nothing is wanted of an endless trace: it is left as soon as that is asked for.
{ cat "$work/expression.pcapng" && while :; do cat "$work/expression.pcapng" || exit 0; done; } 2> /dev/null |
    "$twintap" read -p 9999 - > "$out" 2> "$err" &
reader=$!
started="$started $reader"
has_read_much() {
    [ "$(awk '/^rchar/ { print $2 }' "/proc/$reader/io")" -gt 10000000 ]
}
wait_until "it has read much" has_read_much
kill -INT "$reader"
wait "$reader" || fail "reading ended with $?"
holds "reading is left when that is asked for, also while nothing is wanted"

# --- a new name ---------------------------------------------------------------------------------

start -p $PORT -w "$work/renamed.pcapng"
load -c 10
is_written() {
    kill -USR1 "$capture"
    grep -q "^twintap: .* $1 written" "$err"
}
wait_until "ten are written" is_written 10
ip -n "$LAB_NEAR" link set "$LAB_NEAR_INTERFACE" name renamed0
lab_exec near "$programs/tt-load" -i renamed0 -c 10 > /dev/null
stop
ip -n "$LAB_NEAR" link set renamed0 name "$LAB_NEAR_INTERFACE"
agree 20 "$work/renamed.pcapng"
# It is one interface, whose statistics stand with its last description.
checked --allow some "$work/renamed.pcapng"
[ "$(figure usrdeliv)" -eq 20 ] || fail "the statistics tell of $(figure usrdeliv) datagrams"
[ "$(jq -c .interfaces "$work/figures")" = "[\"$LAB_NEAR_INTERFACE\",\"renamed0\"]" ] ||
    fail "interfaces $(jq -c .interfaces "$work/figures")"
packets records "$work/renamed.pcapng" | awk '{ print $4 }' | uniq -c | tr -s ' ' > "$work/lengths"
printf ' 10 0\n 10 1\n' | diff - "$work/lengths" > "$work/said" || fail "which packets are whose"
holds "an interface that is renamed is described anew"

echo "1..$checks_count"
