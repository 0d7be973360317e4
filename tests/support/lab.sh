# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Namespace lab for scripts: two named network namespaces joined by a veth pair, the
# same addresses and the same quiet as tests/support/lab.h, which explains them.
#
#     . tests/support/lab.sh
#     lab_up                                # or exits with 77 and says what is missing
#     lab_exec near twintap capture -i near0 &
#     lab_exec far tt-send fd00:7474::2 4242
#
# The traps on EXIT, HUP, INT and TERM belong to the lab and remove it; a script with
# clean-up of its own defines lab_at_exit, which is called before that.

LAB_NEAR=tt-$$-lab-near
LAB_FAR=tt-$$-lab-far
LAB_NEAR_INTERFACE=near0 LAB_NEAR_HARDWARE=02:74:74:00:00:02
LAB_NEAR_IPV4=198.18.0.2 LAB_NEAR_IPV6=fd00:7474::2 LAB_NEAR_LINK_LOCAL=fe80::2
LAB_FAR_INTERFACE=far0 LAB_FAR_HARDWARE=02:74:74:00:00:01
LAB_FAR_IPV4=198.18.0.1 LAB_FAR_IPV6=fd00:7474::1 LAB_FAR_LINK_LOCAL=fe80::1

lab_require() {
    lab_missing=
    [ "$(id -u)" -eq 0 ] || lab_missing=root
    command -v ip > /dev/null || lab_missing="ip (package iproute2)"
    [ -d /proc/sys/net/ipv6 ] || lab_missing="IPv6 in this kernel"
    [ -z "$lab_missing" ] || {
        echo "skipped: the lab needs $lab_missing" >&2
        exit 77
    }
}

# Removes what killed processes left behind.
lab_sweep() {
    for lab_path in /run/netns/tt-*-*; do
        lab_name=${lab_path##*/} lab_pid=${lab_path##*/tt-}
        lab_pid=${lab_pid%%-*}
        case $lab_pid in
        '' | *[!0-9]*) ;; # not of a lab
        *) [ -d "/proc/$lab_pid" ] || ip netns del "$lab_name" 2> /dev/null || true ;;
        esac
    done
}

# Settings of links that are made later, then nothing but the links.
lab_make() {
    for lab_name in "$LAB_NEAR" "$LAB_FAR"; do
        ip netns add "$lab_name"
        ip netns exec "$lab_name" sh -ec '
            cd /proc/sys/net/ipv6/conf/default
            echo 0 > accept_dad
            echo 0 > accept_ra
            echo 1 > addr_gen_mode
            echo 0 > router_solicitations
            echo 1 > mldv2_unsolicited_report_interval'
    done
    ip -n "$LAB_NEAR" link add "$LAB_NEAR_INTERFACE" address "$LAB_NEAR_HARDWARE" type veth \
        peer name "$LAB_FAR_INTERFACE" address "$LAB_FAR_HARDWARE" netns "$LAB_FAR"
    for lab_name in "$LAB_NEAR $LAB_NEAR_INTERFACE" "$LAB_FAR $LAB_FAR_INTERFACE"; do
        ip -n "${lab_name% *}" link set lo up
        ip -n "${lab_name% *}" link set "${lab_name#* }" up
    done
}

# lab_address NAMESPACE INTERFACE IPV4 IPV6 LINK_LOCAL PEER_HARDWARE PEER_ADDRESS...
lab_address() {
    lab_name=$1 lab_interface=$2
    ip -n "$1" addr add "$5/64" dev "$2" nodad
    ip -n "$1" addr add "$4/64" dev "$2" nodad
    ip -n "$1" addr add "$3/24" dev "$2"
    lab_hardware=$6
    shift 6
    for lab_peer; do
        ip -n "$lab_name" neigh add "$lab_peer" lladdr "$lab_hardware" dev "$lab_interface"
    done
}

# Listener reports cannot be switched off: waits until no more have come for 0.1 s.
lab_settle() {
    lab_before=
    for lab_try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        # shellcheck disable=SC2016 # awk's field, not the shell's
        lab_now=$(ip netns exec "$1" awk '/^Ip6(OutRequests|InReceives) / { print $2 }' /proc/net/snmp6)
        [ "$lab_now" != "$lab_before" ] || return 0
        lab_before=$lab_now
        sleep 0.1 # no event tells of a report
    done
    echo "lab: $1 does not come to rest after $lab_try looks" >&2
    return 1
}

lab_up() {
    lab_require
    lab_sweep
    trap 'lab_end $?' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    lab_make
    lab_address "$LAB_NEAR" "$LAB_NEAR_INTERFACE" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6" \
        "$LAB_NEAR_LINK_LOCAL" "$LAB_FAR_HARDWARE" "$LAB_FAR_IPV4" "$LAB_FAR_IPV6" "$LAB_FAR_LINK_LOCAL"
    lab_address "$LAB_FAR" "$LAB_FAR_INTERFACE" "$LAB_FAR_IPV4" "$LAB_FAR_IPV6" \
        "$LAB_FAR_LINK_LOCAL" "$LAB_NEAR_HARDWARE" "$LAB_NEAR_IPV4" "$LAB_NEAR_IPV6" "$LAB_NEAR_LINK_LOCAL"
    lab_settle "$LAB_NEAR"
    lab_settle "$LAB_FAR"
}

lab_down() {
    for lab_name in "$LAB_NEAR" "$LAB_FAR"; do
        [ ! -e "/run/netns/$lab_name" ] || ip netns del "$lab_name"
    done
}

lab_at_exit() { :; }

lab_end() {
    trap '' HUP INT TERM
    lab_at_exit
    lab_down
    trap - EXIT
    exit "$1"
}

# lab_exec near|far|NAMESPACE COMMAND...
lab_exec() {
    lab_name=$1
    shift
    case $lab_name in
    near) lab_name=$LAB_NEAR ;;
    far) lab_name=$LAB_FAR ;;
    esac
    ip netns exec "$lab_name" "$@"
}
