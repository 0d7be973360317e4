#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Traces when something fails: the process, the disk, the folder, the reader
#
# Captures with -w while the load source fills the near namespace of the lab, and then kills the
# process at random moments, fills the disk, removes the folder, has the disk fail or the reader go
# away. What must hold each time: what is in a file is whole records, the account's equations are
# exact, one sentence says what failed, and a left-over is repaired at the next start.
#
# Small file systems are mounted in a mount namespace of this script's own. Not covered: power
# failures (what fsync(2) promises is the kernel's), the store's steps one by one (unit.trace).
#
# Usage: tests/netns/test_trace_faults.sh PATH-OF-TWINTAP   (run at the repository root; needs root;
# TT_PROGRAMS names the folder of the test programs if it is not build/dev/tests; with TT_TEST_FULL
# set it kills 200 times instead of 20; TT_SEED repeats a run)
set -eu

if [ -z "${TT_OWN_MOUNTS-}" ] && [ "$(id -u)" -eq 0 ]; then
    exec env TT_OWN_MOUNTS=1 unshare --mount --propagation private "$0" "$@"
fi

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
rounds=20
[ -z "${TT_TEST_FULL-}" ] || rounds=200
seed=${TT_SEED:-$(date +%s)}
echo "seed: TT_SEED=$seed"

checks_at_exit() {
    for mounted in "$work/disk" "$work/small"; do
        ! mountpoint -q "$mounted" || umount "$mounted"
    done
}

# random LIMIT: below it; the same sequence for a seed.
random() {
    seed=$(((seed * 1103515245 + 12345) & 0x7fffffff))
    random=$(((seed >> 8) % $1))
}

# whole FILE...: strictly checked, up to a missing end, if it is pcapng.
whole() {
    for whole_file; do
        ! is_pcapng "$whole_file" || checked --allow end "$whole_file"
        agree "$(packets count "$whole_file")" "$whole_file"
    done
}

# The equations, and that the files have what the account calls written.
account_and_files() {
    account "$@"
    account_files=$(find "$folder" -name 'a*.pcap*' \
        -exec python3 -B tests/support/trace_packets.py count {} \; | awk '{ sum += $1 } END { print sum + 0 }')
    [ "$(jq '[.outputs[].written] | add' "$stats")" -eq "$account_files" ] ||
        fail "$account_files packets in files, and the account says $(jq -c .outputs "$stats")"
}

# --- SIGKILL -------------------------------------------------------------------------------

folder=$work/killed
mkdir "$folder"
repaired_count=0
kill_round() {
    random 400000
    limit_bytes=$random
    random 300000
    ip netns exec "$LAB_NEAR" "$programs/tt-load" -i "$LAB_NEAR_INTERFACE" -d 20 --rate 50000 --length 200 > "$work/load" &
    loading=$!
    started="$started $loading"
    python3 -B tests/support/kill_when.py "$capture" "$folder" a "$limit_bytes" "$random" ||
        fail "the capture ended before it was killed"
    kill -TERM "$loading"
    wait "$loading" || fail "tt-load"
    wait "$capture" 2> /dev/null && fail "the capture survived SIGKILL"
    return 0
}

for round in $(seq "$rounds"); do
    start -p $PORT -w "$folder/a.pcapng" --rotate-size 64K
    kill_round
    complete=$(find "$folder" -name 'a-*.pcapng' | wc -l)
    # What was complete stays so; strictly, to its statistics.
    [ "$complete" -eq 0 ] || checked "$folder"/a-*.pcapng
    hidden=$(find "$folder" -name '.a-*' | wc -l)
    [ "$hidden" -le 1 ] || fail "$hidden hidden files in round $round"
    start -p $PORT -w "$folder/a.pcapng" --rotate-size 64K
    [ "$(find "$folder" -name '.a-*' | wc -l)" -le 1 ] || fail "the left-over of round $round is not repaired"
    stop
    [ -z "$(find "$folder" -name '.a-*')" ] || fail "a hidden file stays in round $round"
    published=$(find "$folder" -name 'a-*.pcapng' | wc -l)
    [ "$published" -le $((complete + 2)) ] || fail "$published files after $complete, in round $round"
    [ "$published" -lt $((complete + 1)) ] || repaired_count=$((repaired_count + 1))
    checked --allow end "$folder"/a-*.pcapng
    packets stamps any any "$folder"/a-*.pcapng
    # One that was repaired, by all readers.
    [ $((round % 5)) -ne 1 ] || whole "$(find "$folder" -name 'a-*.pcapng' | sort | sed -n "$((complete + 1))p")"
    rm -f "$folder"/a-*
done
[ "$repaired_count" -gt $((rounds / 2)) ] || fail "only $repaired_count left-overs in $rounds rounds"
holds "killed $rounds times: what was complete stays so, the rest is repaired at the next start"

for file in a.pcapng a.pcap; do
    start -p $PORT -w "$folder/$file"
    kill_round
    # All but the last record, by each: tshark tells of a cut one and shows those in front.
    count=$(packets count "$folder/$file")
    found=$(tshark -n -r "$folder/$file" -T fields -e frame.number 2> /dev/null | wc -l)
    [ "$found" -eq "$count" ] || fail "tshark reads $found of $count packets of a killed $file"
    packets stamps any any "$folder/$file"
    refuses 1 '--overwrite' capture -i "$LAB_NEAR_INTERFACE" -w "$folder/$file"
done
rm -r "$folder"
holds "killed without rotation: the file stays under its name, readable up to its end"

# --- a full disk ---------------------------------------------------------------------------

# small BYTES: $folder is a file system of that size.
small() {
    folder=$work/small
    mkdir -p "$folder"
    mount -t tmpfs -o "size=$1" none "$folder" || fail "mount"
}

unsmall() {
    umount "$folder" || fail "umount"
}

# full_disk FILE OPTION...
full_disk() {
    small 1M
    full_file=$1
    shift
    start -p $PORT -w "$folder/$full_file" "$@"
    load -c 10000 --length 300 --rate 200000
    ends 1
    [ ! -s "$out" ] || fail "something was printed on standard output"
    says 'No space left on device'
    says "${full_file%.*}"
    account_and_files 'written>1000' 'dropped>0'
    [ -z "$(find "$folder" -name 'a*' -size 0)" ] || fail "an empty file is left"
}

for file in a.pcapng a.pcap; do
    full_disk "$file"
    whole "$folder/$file"
    packets stamps any any "$folder/$file"
    unsmall
done
holds "a full disk ends with 1 and words, the account is exact, the file whole"

full_disk a.pcapng --rotate-size 192K
# Those that are complete are so to their statistics; the last one had no room for them.
for file in "$folder"/a-00000[1-4].pcapng; do
    checked "$file"
done
whole "$folder"/a-*.pcapng
packets stamps any any "$folder"/a-*.pcapng
unsmall
holds "a full disk with rotation: so for each file"

small 1M
start -p $PORT -w "$folder/a.pcapng" --rotate-size 128K --min-free 300K
load -c 10000 --length 300 --rate 100000
stop
account written=10000 dropped=0
left_kib=$(df --output=avail -k "$folder" | tail -n 1)
[ "$left_kib" -ge 300 ] || fail "--min-free 300K left ${left_kib}K"
checked "$folder"/a-*.pcapng
unsmall
holds "--min-free lets the oldest go, and the disk never fills"

# A disk that is full from the beginning.
small 64K
head -c 1M /dev/zero > "$folder/filler" 2> /dev/null || true
status=0
near "$twintap" capture -i "$LAB_NEAR_INTERFACE" -d 1ms -w "$folder/a.pcapng" > "$out" 2> "$err" || status=$?
[ "$status" -eq 1 ] || fail "status $status on a disk that is full from the beginning"
says 'No space left on device'
unsmall
holds "a disk that is full from the beginning ends with 1"

# --- folders ---------------------------------------------------------------------------------

small 1M
mount -o remount,ro "$folder" || fail "remount"
refuses 1 'Read-only file system' capture -i "$LAB_NEAR_INTERFACE" -w "$folder/a.pcapng"
refuses 1 'Read-only file system' capture -i "$LAB_NEAR_INTERFACE" -w "$folder/a.pcapng" --rotate-size 64K
unsmall
holds "a read-only folder is refused before the capture begins"

folder=$work/removed
mkdir "$folder"
start -p $PORT -w "$folder/a.pcapng" --rotate-size 64K
load -c 100
rm -r "$folder"
load -c 5000 --length 200
ends 1
says 'No such file or directory'
folder=$work
account 'written>0' 'dropped>0'
holds "a folder that is removed while running ends with 1, and the account is exact"

folder=$work/removed
mkdir "$folder"
start -p $PORT -w "$folder/a.pcapng"
load -c 100
mv "$folder" "$work/moved"
load -c 100
stop
account written=200 dropped=0
accepted 200 "$work/moved/a.pcapng"
rm -r "$work/moved"
mkdir "$folder"
start -p $PORT -w "$folder/a.pcapng" --rotate-size 64K
mv "$folder" "$work/moved"
load -c 2000 --length 200
stop
account written=2000 dropped=0
packets stamps 1000 1000 "$work"/moved/a-*.pcapng
checked "$work"/moved/a-*.pcapng
rm -r "$work/moved"
holds "a folder that is moved takes its files along"

# --- a disk that fails -------------------------------------------------------------------------

# A file system on a loop device, whose image does not fit where it lies: what is written back fails.
failing_disk() {
    small 3M
    truncate -s 64M "$folder/image"
    mkfs.ext4 -q -F -O '^has_journal' "$folder/image" > "$work/said" 2>&1 || return 1
    mkdir -p "$work/disk"
    mount -o loop "$folder/image" "$work/disk" 2> "$work/said" || return 1
    folder=$work/disk
}

end_failing_disk() {
    umount "$work/disk" || fail "umount"
    folder=$work/small
    unsmall
}

if ! command -v mkfs.ext4 > /dev/null; then
    echo "not tried: disks that fail, since mkfs.ext4 is missing"
elif ! failing_disk; then
    echo "not tried: disks that fail: $(tail -n 1 "$work/said")"
    folder=$work/small
    unsmall
else
    start -p $PORT -w "$folder/a.pcapng" --sync write
    load -c 20000 --length 300 --rate 100000
    ends 1
    grep -qE 'No space left on device|Input/output error' "$err" || fail "no reason is told"
    account 'dropped>0'
    holds "an error that only fsync(2) tells ends with 1, and the account is exact"
    end_failing_disk

    failing_disk
    start -p $PORT -w "$folder/a.pcapng"
    load -c 100
    # FS_IOC_SHUTDOWN: from now on each call fails.
    python3 -c 'import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack("I", 2))' "$folder"
    load -c 20000 --length 300
    ends 1
    says 'Input/output error'
    account 'dropped>0'
    holds "a disk that fails ends with 1, and the account is exact"
    end_failing_disk
fi

folder=$work/synced
mkdir "$folder"
for sync in none file write; do
    start -p $PORT -w "$folder/a.pcapng" --rotate-size 64K --sync $sync
    load -c 2000 --length 200
    stop
    account_and_files written=2000 dropped=0
    packets stamps 1000 1000 "$folder"/a-*.pcapng
    checked "$folder"/a-*.pcapng
    rm "$folder"/a-*
done
rm -r "$folder"
holds "each --sync writes the same"

# --- readers -------------------------------------------------------------------------------------

load_until_end() {
    load -c 200 --length 300
    has_ended "$capture"
}
mkfifo "$work/pipe"
for format in pcapng pcap; do
    head -c 2000 < "$work/pipe" > "$work/head" &
    reader=$!
    started="$started $reader"
    start_to "$work/pipe" -p $PORT -w - --format $format
    wait_until "the reader's end is seen" load_until_end
    ends 0
    wait "$reader"
    account 'dropped>0'
    ! grep -qi 'broken pipe' "$err" || fail "a reader that has read enough is called a failure"
done
holds "a reader that goes away is a clean end"

# A reader that does not read, for a while.
cat "$work/pipe" > "$work/slow.pcapng" &
reader=$!
started="$started $reader"
start_to "$work/pipe" -p $PORT -w - -B 256K
load -c 100
kill -STOP "$reader"
load -c 50000 --length 300
kill -CONT "$reader"
wait_until "the loss is told" lost_and_found "$work/slow.pcapng"
kill -TERM "$capture"
ends 0
wait "$reader" || fail "cat"
account 'accepted>50000' 'ring_dropped>0'
all_accounted "$work/slow.pcapng"
[ "$(figure packets)" -eq "$(jq '.outputs[0].written' "$stats")" ] || fail "the pipe has not what was written"
agree "$(figure packets)" "$work/slow.pcapng"
holds "a reader that is too slow costs datagrams, all of them counted: $(figure dropcount)"

# One that reads in small pieces, flat out.
python3 -c 'import os, sys
while True:
    piece = os.read(0, 512)
    if not piece:
        break
    os.write(1, piece)' < "$work/pipe" > "$work/pieces.pcapng" &
reader=$!
started="$started $reader"
start_to "$work/pipe" -p $PORT -w - -B 256K
load -c 20000 --length 106
kill -TERM "$capture"
ends 0
wait "$reader" || fail "the reader"
account accepted=20000
checked "$work/pieces.pcapng"
[ "$(figure packets)" -eq "$(jq '.outputs[0].written' "$stats")" ] || fail "the pipe has not what was written"
packets stamps --lossy any any "$work/pieces.pcapng"
holds "a reader of small pieces gets whole records in order"

# What was meant for two outputs, when one of them fails.
small 1M
start -p $PORT -w "$folder/a.pcapng" -w "$work/other.pcapng"
load -c 10000 --length 300 --rate 200000
ends 1
says 'No space left on device'
account 'dropped>0'
checked --allow end "$work/other.pcapng" "$folder/a.pcapng"
[ "$(jq -s 'map(.packets) | add' "$work/figures")" -eq "$(jq '[.outputs[].written] | add' "$stats")" ] ||
    fail "the files have not what was written"
unsmall
holds "one of two traces fails: both are whole, and the account is exact"

echo "1..$checks_count"
