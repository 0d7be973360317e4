# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What scripts need that have twintap write traces
#
#     . tests/support/lab.sh
#     . tests/support/wait.sh
#     . tests/support/checks.sh
#     . tests/support/capture.sh
#     . tests/support/traces.sh
#     lab_up
#     traces_begin PATH-OF-TWINTAP            # $work is a folder to fill
#     start -p 4242 -w "$work/a.pcapng"       # in the near namespace, once it captures
#     load -c 1000
#     stop                                    # SIGTERM; it must end with 0
#     accepted 1000 "$work/a.pcapng"          # by every reader
#
# Words are in $err, data in $out, the account in $stats: of the capture started last.

checks_need capinfos jq python3 tcpdump timeout tshark

programs=${TT_PROGRAMS:-build/dev/tests}
export LC_ALL=C TZ=UTC

traces_begin() {
    checks_begin "$1"
    checks_shown="$checks_shown said"
    chmod 755 "$work" # tcpdump reads as nobody
    gopacket=$programs/gopacket_read
    [ -x "$gopacket" ] || {
        gopacket=
        echo "not tried: gopacket's readers, since $programs/gopacket_read was not built (needs Go)"
    }
}

capture_options() {
    echo "-i $LAB_NEAR_INTERFACE --stats-file $stats"
}

# With a trace, nothing is data but the trace.
stop() {
    kill -TERM "$capture"
    ends 0
    [ ! -s "$out" ] || fail "something was printed on standard output"
}

# load OPTION...: frames as if they came in on the near interface; the report in $work/load.
load() {
    lab_exec near "$programs/tt-load" -i "$LAB_NEAR_INTERFACE" "$@" > "$work/load" || fail "tt-load $*"
}

# loaded NAME: that count of the last load.
loaded() {
    jq ".$1" "$work/load"
}

# send OPTION...: real datagrams of the far side, to both addresses of the near one.
send() {
    for send_address in "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6"; do
        lab_exec far "$programs/tt-send" "$@" "$send_address" 4242 || fail "tt-send $*"
    done
}

account() {
    python3 -B tests/support/check_account.py "$stats" "$@" || fail "the account: $*"
}

packets() {
    python3 -B tests/support/trace_packets.py "$@" || fail "reading the packets: $*"
}

is_pcapng() {
    [ "$(head -c 4 "$1" | od -An -tx1 | tr -d ' \n')" = 0a0d0d0a ]
}

# checked [OPTION...] FILE...: pcapng as it must be; figures in $work/figures, an object a file.
checked() {
    python3 -B tests/support/check_pcapng.py --json "$@" > "$work/figures" 2> "$work/said" ||
        fail "check_pcapng.py $*"
}

# figure NAME: summed up over the files of the last checked.
figure() {
    jq -s "map(.$1) | add" "$work/figures"
}

# agree COUNT FILE: each reader reads the file to its end, without complaint, and has that count.
agree() {
    found=$(tshark -n -r "$2" -T fields -e frame.number 2> "$work/said" | wc -l)
    # Run as root it says so.
    ! grep -v 'Running as user "root"' "$work/said" > "$work/said.tshark" || fail "tshark complains about $2"
    [ "$found" -eq "$1" ] || fail "tshark finds $found packets instead of $1 in $2"
    found=$(capinfos -Trc "$2" 2> "$work/said" | cut -f 2)
    [ ! -s "$work/said" ] || fail "capinfos complains about $2"
    [ "$found" -eq "$1" ] || fail "capinfos finds $found packets instead of $1 in $2"
    found=$(tcpdump -nr "$2" 2> "$work/said" | wc -l)
    ! grep -vE '^(reading from file|Warning: interface names)' "$work/said" > "$work/said.tcpdump" ||
        fail "tcpdump complains about $2"
    [ "$found" -eq "$1" ] || fail "tcpdump finds $found packets instead of $1 in $2"
    [ -z "$gopacket" ] || {
        found=$("$gopacket" "$2" 2> "$work/said" | wc -l)
        [ ! -s "$work/said" ] || fail "gopacket complains about $2"
        [ "$found" -eq "$1" ] || fail "gopacket finds $found packets instead of $1 in $2"
    }
}

# accepted COUNT FILE: as agree, and strictly. COUNT may be "any": then all must have the same.
accepted() {
    accepted_count=$1
    [ "$accepted_count" != any ] || accepted_count=$(packets count "$2")
    ! is_pcapng "$2" || checked "$2"
    agree "$accepted_count" "$2"
}

# same WHAT FILE FILE: two lists of lines, in any order.
same() {
    sort "$2" > "$2.sorted"
    sort "$3" > "$3.sorted"
    diff "$2.sorted" "$3.sorted" > "$work/said" || fail "$1 ($(wc -l < "$2") and $(wc -l < "$3") lines)"
}

# lost_and_found FILE: sends a little until the file tells of what was lost before.
lost_and_found() {
    load -c 10
    python3 -B tests/support/check_pcapng.py --json --allow end "$1" 2> /dev/null | jq -e '.dropcount > 0' > /dev/null
}

# all_accounted FILE: what was accepted is in the file, or was lost in front of a packet that is.
all_accounted() {
    checked "$1"
    all_accepted=$(jq '[.sources[].accepted] | add' "$stats")
    all_dropped=$(jq '[.sources[].ring_dropped] | add' "$stats")
    [ $(($(figure packets) + $(figure dropcount))) -eq "$all_accepted" ] ||
        fail "$(figure packets) packets and $(figure dropcount) dropped are not $all_accepted"
    [ "$(figure dropcount)" -eq "$all_dropped" ] || fail "epb_dropcount $(figure dropcount), ring_dropped $all_dropped"
    [ "$(figure osdrop)" -eq "$all_dropped" ] || fail "isb_osdrop $(figure osdrop), ring_dropped $all_dropped"
}
