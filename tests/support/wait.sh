# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Bounded waits for scripts
#
#     . tests/support/wait.sh
#     wait_until "the file is there" test -s "$file"
#
# The condition is looked at until it holds. After WAIT_S seconds the script's own
# fail WORDS is called, which must not return. A slow machine sets TT_WAIT_S.

WAIT_S=${TT_WAIT_S:-15}

# wait_until WHAT COMMAND...
wait_until() {
    wait_what=$1 wait_end=$(($(date +%s) + WAIT_S))
    shift
    until "$@"; do
        [ "$(date +%s)" -lt "$wait_end" ] || fail "waited $WAIT_S s in vain until $wait_what"
        sleep 0.02 # between two looks
    done
}
