#!/bin/sh
# SPDX-License-Identifier: MIT
#
# twintap doctor, from outside
#
# Runs it in one namespace of the lab, where capabilities, interfaces and offloads are changed
# one at a time, and looks for the line that must change. Files of /proc and /sys are replaced
# in a mount namespace of the command's own. Remedies are not only compared but taken: after
# the command that it names, the finding must be gone.
#
# Not covered: what is said of machines that cannot be had here (unit.app.doctor_judge).
#
# Usage: tests/netns/test_doctor.sh PATH-OF-TWINTAP   (run at the repository root; needs root)
set -eu

# shellcheck source=tests/support/lab.sh
. tests/support/lab.sh
# shellcheck source=tests/support/wait.sh
. tests/support/wait.sh
# shellcheck source=tests/support/checks.sh
. tests/support/checks.sh
checks_need bash ethtool jq python3 setcap setpriv timeout unshare
lab_up
checks_begin "$(readlink -f "$1")"
checks_shown_lines=1000

# agrees COMMAND...: runs it to its end, whose status is 1 if a finding failed, and else 0.
agrees() {
    run "$@"
    agrees_status=0
    ! grep -q '^fail ' "$out" || agrees_status=1
    [ "$status" -eq "$agrees_status" ] || fail "status $status instead of $agrees_status: $*"
}

# finds LEVEL SUBJECT WORDS [COMMAND]: one finding is of that subject, with that level, these
# words at its beginning, and is mended by that command, or by none.
finds() {
    # Through the environment, since awk would take backslashes of its own options for escapes.
    LEVEL=$1 SUBJECT=$2 WORDS=$3 MEND=${4-} awk '
        function begins(text, words) { return substr(text, 1, length(words)) == words }
        is_below { mend = begins($0, "      mend: ") ? substr($0, 13) : ""; is_below = 0 }
        begins(substr($0, 7), ENVIRON["SUBJECT"] ": ") {
            is_good = begins($0, sprintf("%-4s  %s: %s", ENVIRON["LEVEL"], ENVIRON["SUBJECT"], ENVIRON["WORDS"]))
            count++
            is_below = 1
        }
        END { exit !(count == 1 && is_good && mend == ENVIRON["MEND"]) }' "$out" || fail "not found: $*"
}

# lacks SUBJECT: nothing is said of it.
lacks() {
    ! grep -q "^[a-z]*  *$1: " "$out" || fail "there is a finding of $1"
}

# Root without capabilities, or with those that follow alone, and able to get all of them: so
# files stay readable wherever they lie.
bare="setpriv --securebits=+noroot --inh-caps=-all"
raw_alone="setpriv --securebits=+noroot --inh-caps=-all,+net_raw --ambient-caps=-all,+net_raw"

# with_files SCRIPT ARGUMENT...: twintap doctor ARGUMENT... in a mount namespace of its own, where
# the script has been before. The script's process becomes the command.
with_files() {
    with_script=$1
    shift
    # shellcheck disable=SC2016 # they are the inner shell's
    lab_exec near timeout --kill-after=1 "$WAIT_S" unshare --mount sh -ec \
        'cd "$0"; eval "$1"; shift; exec "$@"' "$work" "$with_script" "$twintap" doctor "$@"
}

# expect_with STATUS SCRIPT ARGUMENT...: as expect, with these files
expect_with() {
    expected=$1
    shift
    status=0
    with_files "$@" > "$out" 2> "$err" || status=$?
    [ "$status" -eq "$expected" ] || fail "status $status instead of $expected: $*"
}

# --- usage -------------------------------------------------------------------------------

refuses 2 '"xml" is none of text, json' doctor --format xml
refuses 2 '"eth0": to look at one interface, use -i' doctor eth0
refuses 2 '--interface: "" is no name' doctor -i ''
refuses 2 '--interface: "a-name-of-16-byte" is no name' doctor -i a-name-of-16-byte
refuses 2 'unknown option --fromat: did you mean --format?' doctor --fromat json
expect 0 "$twintap" doctor --help
[ "$(wc -l < "$out")" -le 24 ] || fail "the help does not fit a screen"
grep -q '^Examples:' "$out" || fail "the help has no examples"
"$twintap" --help | grep -q '^  doctor  *say what' || fail "the help of all lacks it"
status=0 && near "$twintap" doctor > /dev/full 2> "$err" || status=$?
[ "$status" -eq 1 ] || fail "a full disk ends with $status"
grep -qF 'standard output: No space left on device' "$err" || fail "a full disk is not told"
holds "wrong usage ends with 2, and the help fits a screen"

# --- a machine that can ------------------------------------------------------------------

expect 0 "$twintap" doctor
finds ok CAP_NET_RAW 'effective'
finds ok CAP_BPF 'effective'
finds ok kernel "$(uname -r)"
finds ok 'packet socket' 'opened'
finds ok TPACKET_V3 'chosen'
finds ok receiver 'opened with its eBPF filter for both families, and closed again'
finds ok seccomp 'no filter'
finds ok kernel.unprivileged_bpf_disabled "$(cat /proc/sys/kernel/unprivileged_bpf_disabled): "
finds note net.core.bpf_jit_enable 'unknown: ' # in this namespace
finds ok 'memory locks' 'not needed'
finds ok "interface $LAB_NEAR_INTERFACE" 'veth, up'
finds ok 'interface lo' 'loopback, up'
finds note 'interface lo checksums' 'not verified'
lacks 'file capabilities'
! grep -q '^fail' "$out" || fail "a failure, and status 0"
[ ! -s "$err" ] || fail "words on standard error"
holds "root has what a capture takes, and it is tried"

expect 0 "$twintap" doctor -i "$LAB_NEAR_INTERFACE" -i "$LAB_NEAR_INTERFACE"
finds ok "interface $LAB_NEAR_INTERFACE" 'veth, up'
lacks 'interface lo'
holds "-i limits what is said to that interface, once"

[ "$(near cat /proc/net/packet | wc -l)" -eq 1 ] || fail "packet sockets are left"
[ "$(near "$twintap" interfaces | wc -l)" -eq 3 ] || fail "interfaces came or went"
holds "nothing is left behind"

# --- interfaces --------------------------------------------------------------------------

expect 1 "$twintap" doctor -i no-such
finds fail 'interface no-such' '' 'twintap interfaces'
grep -q "^fail  interface no-such: .*$LAB_NEAR_INTERFACE" "$out" || fail "the names that there are"
holds "an interface that is not there fails, with the names that there are"

ip -n "$LAB_NEAR" link add bridge0 type bridge
ip -n "$LAB_NEAR" link add port0 type veth peer name port1
ip -n "$LAB_NEAR" link set port0 master bridge0 up
expect 0 "$twintap" doctor
finds note 'interface port0' 'port of the bridge bridge0, which takes its packets: use bridge0 instead' \
    'twintap capture -i bridge0'
finds note 'interface bridge0' 'bridge, down' 'ip link set dev bridge0 up'
finds ok 'interface bridge0 GRO' 'on, without effect'
expect 1 "$twintap" doctor -i port0
finds fail 'interface port0' 'port of the bridge bridge0, ' 'twintap capture -i bridge0'
expect 0 "$twintap" doctor -i bridge0
finds warn 'interface bridge0' 'bridge, down' 'ip link set dev bridge0 up'
lab_exec near sh -c "$(sed -n 's/^ *mend: //p' "$out")"
expect 0 "$twintap" doctor -i bridge0
# Its port has no carrier, since the other end of the cable is down.
finds warn 'interface bridge0' 'bridge, up without a carrier'
ip -n "$LAB_NEAR" link set port1 up
is_carrying() {
    ip -n "$LAB_NEAR" link show bridge0 | grep -q 'state UP'
}
wait_until "the bridge has a carrier" is_carrying
expect 0 "$twintap" doctor -i bridge0
finds ok 'interface bridge0' 'bridge, up'
holds "a port of a bridge names the bridge, and the bridge its state"

if ip -n "$LAB_NEAR" link add bond0 type bond 2> /dev/null; then
    ip -n "$LAB_NEAR" link add cable0 type veth peer name cable1
    ip -n "$LAB_NEAR" link set cable0 master bond0
    expect 1 "$twintap" doctor -i cable0
    finds fail 'interface cable0' 'port of the bond bond0, ' 'twintap capture -i bond0'
    holds "a port of a bond names the bond"
else
    echo "not tried: this kernel has no bonds"
fi

if ip -n "$LAB_NEAR" link add red type vrf table 10 2> /dev/null; then
    ip -n "$LAB_NEAR" link add routed0 up type veth peer name routed1
    ip -n "$LAB_NEAR" link set routed1 up
    ip -n "$LAB_NEAR" link set routed0 master red
    expect 0 "$twintap" doctor -i routed0
    finds ok 'interface routed0' 'veth, up, routed by the VRF red'
    holds "a port of a VRF can be captured on"
else
    echo "not tried: this kernel has no VRFs"
fi

if ip -n "$LAB_NEAR" link add link "$LAB_NEAR_INTERFACE" name vlan5 up type vlan id 5 2> /dev/null; then
    expect 0 "$twintap" doctor -i vlan5
    finds ok 'interface vlan5' 'vlan, up; datagrams of this VLAN are seen here, untagged'
    holds "of a VLAN is said where its datagrams are seen"
else
    echo "not tried: this kernel has no VLANs"
fi

# --- offloads ----------------------------------------------------------------------------

# offload FEATURE STATE, of the near end of the cable
offload() {
    near ethtool -K "$LAB_NEAR_INTERFACE" "$1" "$2"
}
mend="ethtool -K $LAB_NEAR_INTERFACE gro off"

offload gro on
expect 0 "$twintap" doctor -i "$LAB_NEAR_INTERFACE"
finds note "interface $LAB_NEAR_INTERFACE GRO" 'on: several datagrams may be seen as one' "$mend"
offload rx-udp-gro-forwarding on
expect 0 "$twintap" doctor -i "$LAB_NEAR_INTERFACE"
finds warn "interface $LAB_NEAR_INTERFACE GRO" 'on, with rx-udp-gro-forwarding: several datagrams' "$mend"
offload rx-udp-gro-forwarding off
offload rx-gro-list on
expect 0 "$twintap" doctor -i "$LAB_NEAR_INTERFACE"
finds warn "interface $LAB_NEAR_INTERFACE GRO" 'on, with rx-gro-list: several datagrams' "$mend"
# shellcheck disable=SC2086 # the remedy is a command
near $mend
expect 0 "$twintap" doctor -i "$LAB_NEAR_INTERFACE"
finds ok "interface $LAB_NEAR_INTERFACE GRO" 'off'
finds ok "interface $LAB_NEAR_INTERFACE LRO" 'not available'
finds note "interface $LAB_NEAR_INTERFACE checksums" 'not verified'
offload rx-gro-list off
holds "GRO is told on and off, worse where it merges datagrams, and its remedy helps"

near ethtool -K bridge0 gro off
expect 0 "$twintap" doctor -i bridge0
finds ok 'interface bridge0 GRO' 'off'
# shellcheck disable=SC2086 # several words
expect 1 $bare "$twintap" doctor -i "$LAB_NEAR_INTERFACE"
finds ok "interface $LAB_NEAR_INTERFACE GRO" 'off'
holds "offloads are read without privilege"

# --- privileges --------------------------------------------------------------------------

setcap="setcap cap_net_raw,cap_bpf+ep $twintap"
# shellcheck disable=SC2086 # several words
expect 1 $bare "$twintap" doctor
finds fail CAP_NET_RAW 'not effective, and packet sockets take it: run as root' "$setcap"
finds fail 'packet socket' 'cannot be opened: Operation not permitted'
finds note TPACKET_V3 'unknown'
finds fail receiver 'cannot be opened: ' "$setcap"
if [ "$(cat /proc/sys/kernel/unprivileged_bpf_disabled)" -ne 0 ]; then
    finds warn CAP_BPF 'not effective, and eBPF filters take it: run as root' "$setcap"
else
    echo "not tried: kernel.unprivileged_bpf_disabled is 0, so CAP_BPF is not needed"
fi
lacks 'file capabilities'
holds "without capabilities it fails, and names the command that gives them"

# shellcheck disable=SC2086 # several words
agrees $raw_alone "$twintap" doctor
finds ok CAP_NET_RAW 'effective'
finds ok 'packet socket' 'opened'
if [ "$(cat /proc/sys/kernel/unprivileged_bpf_disabled)" -ne 0 ]; then
    ! grep -Eq '^(ok|note)  *(CAP_BPF|receiver): ' "$out" || fail "CAP_BPF is missing, and all is well"
    grep -A 1 '^[a-z]*  CAP_BPF: not effective' "$out" | grep -qxF "      mend: $setcap" ||
        fail "no remedy for CAP_BPF"
fi
holds "with CAP_NET_RAW alone the missing CAP_BPF is told"

cp "$twintap" "$work/twin tap"
# shellcheck disable=SC2086 # several words
expect 1 $bare "$work/twin tap" doctor
finds fail CAP_NET_RAW 'not effective' "setcap cap_net_raw,cap_bpf+ep '$work/twin tap'"
if sh -c "$(sed -n '/^fail  CAP_NET_RAW/{n;s/^ *mend: //p}' "$out")" 2> "$err"; then
    # shellcheck disable=SC2086 # several words
    expect 0 $bare "$work/twin tap" doctor
    finds ok CAP_NET_RAW 'effective'
    finds ok CAP_BPF 'effective'
    finds ok receiver 'opened with its eBPF filter'
    holds "the command that it names gives the capabilities"

    # It may then take them, but has not.
    setcap cap_net_raw,cap_bpf+p "$work/twin tap"
    # shellcheck disable=SC2086 # several words
    expect 1 $bare "$work/twin tap" doctor
    finds fail CAP_NET_RAW 'not effective' "setcap cap_net_raw,cap_bpf+ep '$work/twin tap'"
    setcap cap_net_raw,cap_bpf+ep "$work/twin tap"
    holds "only effective capabilities count"

    # What it had before it may keep: so first it has nothing.
    # shellcheck disable=SC2086 # several words
    expect 1 $bare setpriv --no-new-privs "$work/twin tap" doctor
    finds fail CAP_NET_RAW 'not effective'
    finds warn 'file capabilities' 'without effect: no_new_privs is set'
    ! grep -q 'mend: setcap' "$out" || fail "setcap would not help"
    holds "under no_new_privs file capabilities are said to be without effect"
else
    echo "not tried: files under $work take no capabilities"
fi

# shellcheck disable=SC2016 # they are the inner shell's
expect 1 unshare --mount sh -ec 'mkdir "$1/nosuid"; mount -t tmpfs -o nosuid none "$1/nosuid"
    cp "$0" "$1/nosuid/"; setcap cap_net_raw,cap_bpf+ep "$1/nosuid/twintap"
    exec setpriv --securebits=+noroot --inh-caps=-all "$1/nosuid/twintap" doctor' "$twintap" "$work"
finds fail CAP_NET_RAW 'not effective' "sudo $work/nosuid/twintap doctor"
finds warn 'file capabilities' "without effect: $work/nosuid/twintap lies on a file system that is mounted nosuid"
holds "on a nosuid mount file capabilities are said to be without effect"

expect 1 setpriv --inh-caps=-all --bounding-set=-all "$twintap" doctor
finds fail CAP_NET_RAW 'not effective, and packet sockets take it: it is outside of the bounding set'
! grep -q 'mend: setcap' "$out" || fail "setcap would not help"
holds "capabilities outside of the bounding set have no command that gives them"

if unshare --user --map-root-user true 2> /dev/null; then
    agrees unshare --user --map-root-user --net "$twintap" doctor
    finds ok CAP_NET_RAW 'effective'
    finds warn CAP_BPF 'effective in this user namespace only'
    holds "CAP_BPF in another user namespace is not taken for good"
else
    echo "not tried: user namespaces cannot be made here"
fi

# --- what the kernel says of itself ------------------------------------------------------

printf 'MemTotal: 9 kB\nMemFree: 9 kB\nMemAvailable:   20480 kB\n' > "$work/meminfo"
expect_with 0 'mount --bind meminfo /proc/meminfo'
finds warn memory '20M available, and the default rings of both families take 32M' 'twintap capture -B 4096K'
printf 'MemTotal: 9 kB\nMemFree: 9 kB\nMemAvailable:   300 kB\n' > "$work/meminfo"
expect_with 1 'mount --bind meminfo /proc/meminfo'
finds fail memory '300K available'
finds fail receiver 'cannot be opened: '
holds "memory that is short is told, with rings that fit"

mkdir -p "$work/cgroups/above/own"
printf '4:memory:/x\n0::/above/own\n' > "$work/cgroup"
printf '30 1 0:1 / %s rw - cgroup2 none rw\n' "$work/cgroups" > "$work/mountinfo"
groups='mount --bind cgroup /proc/$$/cgroup; mount --bind mountinfo /proc/$$/mountinfo'
expect_with 0 "$groups"
finds note 'cgroup memory' 'unknown'
echo max > "$work/cgroups/above/own/memory.max"
expect_with 0 "$groups"
finds ok 'cgroup memory' 'no limit'
echo 67108864 > "$work/cgroups/above/memory.max"
expect_with 0 "$groups"
finds ok 'cgroup memory' 'limited to 64M'
echo 8388608 > "$work/cgroups/above/memory.max"
expect_with 0 "$groups"
finds warn 'cgroup memory' 'limited to 8192K' "echo 64M >$work/cgroups/above/memory.max"
echo 4194304 > "$work/cgroups/above/own/memory.max"
expect_with 0 "$groups"
finds warn 'cgroup memory' 'limited to 4096K' "echo 64M >$work/cgroups/above/own/memory.max"
holds "the lowest limit of the cgroups above is told"

settings='mount -t tmpfs none /proc/sys/net/core; echo 0 > /proc/sys/net/core/bpf_jit_enable
    echo 20480 > /proc/sys/net/core/optmem_max
    mount -t tmpfs none /sys/kernel/security; echo "none [integrity]" > /sys/kernel/security/lockdown
    echo 0 > zero; mount --bind zero /proc/sys/kernel/unprivileged_bpf_disabled'
[ -d /sys/kernel/security ] || fail "no /sys/kernel/security to mount on"
expect_with 0 "$settings"
finds warn net.core.bpf_jit_enable '0: filters are interpreted' 'sysctl -w net.core.bpf_jit_enable=1'
finds ok net.core.optmem_max '20K'
finds note lockdown 'integrity: '
finds ok kernel.unprivileged_bpf_disabled '0: eBPF filters take no capability'
holds "settings of the kernel are told as they are"

expect_with 0 'echo "Seccomp:	2" > status; mount --bind status /proc/$$/status'
finds note seccomp 'mode 2: '
holds "a seccomp filter is told"

# Of /sys, libbpf takes the number of CPUs: without that, no filter is loaded.
if grep -q '__[at]san_init' "$twintap"; then
    echo "not tried: without /proc the sanitizer that this was built with cannot work"
else
    expect_with 0 'mount -t tmpfs none /sys/kernel; mount -t tmpfs none /proc'
    for subject in CAP_BPF lockdown seccomp memory 'cgroup memory' net.core.optmem_max \
        net.core.bpf_jit_enable kernel.unprivileged_bpf_disabled; do
        finds note "$subject" ''
        grep "^note  $subject: " "$out" | grep -q unknown || fail "$subject is known without /proc"
    done
    finds ok receiver 'opened with its eBPF filter'
    holds "without /proc and /sys/kernel what is unknown is said to be"
fi

# --- JSON, and hostile names -------------------------------------------------------------

hostile=$(printf 'x\033[1m\\"y\047')
ip -n "$LAB_NEAR" link add name "$hostile" type bridge
expect 0 "$twintap" doctor
! LC_ALL=C grep -q '[^ -~]' "$out" || fail "what is said is not printable"
finds note 'interface x\x1b[1m\\"y'"'" 'bridge, down' 'ip link set dev $'"'"'x\033[1m\134"y\047'"'"' up'
expect 0 "$twintap" doctor -i "$hostile" --format json
[ "$(wc -l < "$out")" -eq 1 ] || fail "JSON is not one line"
! LC_ALL=C grep -q '[^ -~]' "$out" || fail "the JSON is not printable"
python3 - "$out" << 'END' || fail "the JSON"
import json
import sys

report = json.load(open(sys.argv[1], encoding="ascii"))
assert set(report) == {"can_capture", "findings"}, report
assert report["can_capture"] is True
levels = set()
for finding in report["findings"]:
    assert list(finding) == ["level", "subject", "text", "mend"], finding
    assert all(isinstance(finding[key], str) for key in ("level", "subject", "text")), finding
    assert finding["mend"] is None or finding["mend"], finding
    levels.add(finding["level"])
assert {"ok", "note"} <= levels <= {"ok", "note", "warn", "fail"}, levels
END
near bash -c "$(jq -r '.findings[] | select(.subject | test("^interface x")).mend // empty' "$out" | head -n 1)"
ip -n "$LAB_NEAR" link show "$hostile" | grep -q ',UP' || fail "the remedy for a hostile name does not help"
expect 1 "$twintap" doctor --format json -i port0
[ "$(jq -r '.can_capture, (.findings[] | select(.level == "fail") | .subject, .mend)' "$out" | tr '\n' ' ')" = \
    'false interface port0 twintap capture -i bridge0 ' ] || fail "a failure as JSON"
holds "JSON is one object, and hostile names are escaped in words and quoted in commands"
