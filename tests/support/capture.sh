# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Captures in the background, for scripts: one at a time is looked at
#
#     . tests/support/checks.sh               # and what that wants
#     . tests/support/capture.sh
#     start -p 4242 -c 3                      # once it counts; data in $out, words in $err
#     ends 0                                  # by itself, with that status
#
# $capture is the number of the one started last: ip(8) becomes the command, so there is no
# process in between.

# What each capture gets besides: a script may print words without blanks.
capture_options() { :; }

is_capturing() {
    grep -q '^twintap: capturing on ' "$err" || has_ended "$capture"
}

# start_to FILE ARGUMENT...: its data go there.
start_to() {
    start_file=$1
    shift
    : > "$err"
    rm -f "$stats"
    # shellcheck disable=SC2046 # they are several words
    ip netns exec "$LAB_NEAR" "$twintap" capture $(capture_options) "$@" > "$start_file" 2> "$err" &
    capture=$!
    started="$started $capture"
    wait_until "the capture has begun" is_capturing
    grep -q '^twintap: capturing on ' "$err" || fail "the capture ended at once: $*"
}

start() {
    start_to "$out" "$@"
}

# ends STATUS
ends() {
    wait_until "the capture has ended" has_ended "$capture"
    status=0
    wait "$capture" || status=$?
    [ "$status" -eq "$1" ] || fail "the capture ended with $status instead of $1"
}
