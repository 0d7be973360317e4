#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Run tests of network namespaces on Linux 6.1, all of them in one virtual machine.
# Usage: tests/vm/run_netns.sh SECONDS TEST [ARGUMENT...] [, TEST...]   (run at the root of the project)
set -eu

seconds=$1
shift
unset TT_TEST_FULL  # the counts of a release test are for real processors
export TT_WAIT_S=60 # and so are the usual waits
# shellcheck disable=SC2016 # it is for the shell in the machine
exec scripts/vm-run --timeout "$seconds" -- bash -c '
    worst=0
    while [ $# -gt 0 ]; do
        words=()
        while [ $# -gt 0 ] && [ "$1" != , ]; do
            words+=("$1")
            shift
        done
        shift
        status=0
        "${words[@]}" || status=$?
        case $status in
        0) ;;
        77) [ "$worst" -ne 0 ] || worst=77 ;;
        *)
            printf "status %d: %s\n" "$status" "${words[*]}" >&2
            worst=1
            ;;
        esac
    done
    exit "$worst"' _ "$@"
