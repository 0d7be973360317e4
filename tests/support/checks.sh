# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What scripts need that look at the command from outside
#
#     . tests/support/checks.sh
#     checks_need jq timeout                  # or the script exits with 77 and says what is missing
#     . tests/support/lab.sh
#     . tests/support/wait.sh
#     lab_up
#     checks_begin PATH-OF-TWINTAP            # $work is a folder to fill
#     expect 0 "$twintap" --version
#     holds "a version is told"
#
# Words are in $err, data in $out, the account, where there is one, in $stats. Sets lab_at_exit,
# which ends what a failed check left running: by number, and only what is in $started.

checks_need() {
    for tool; do
        command -v "$tool" > /dev/null || {
            echo "skipped: $tool is missing" >&2
            exit 77
        }
    done
}

# A script may choose which files of $work, and how many of their last lines, a failure shows.
checks_shown='out err stats.json' checks_shown_lines=6
checks_count=0

checks_begin() {
    # shellcheck disable=SC2034 # scripts read it
    twintap=$1
    work=$(mktemp -d)
    out=$work/out err=$work/err stats=$work/stats.json
    started=
}

# A script's own clean-up, after all processes have ended.
checks_at_exit() { :; }

lab_at_exit() {
    for pid in ${started-}; do
        kill -KILL "$pid" 2> /dev/null || true
    done
    checks_at_exit
    [ -z "${work-}" ] || rm -rf "$work"
}

holds() {
    checks_count=$((checks_count + 1))
    printf 'ok %s - %s\n' "$checks_count" "$*"
}

fail() {
    printf 'not ok - %s\n' "$*" >&2
    (
        cd "$work"
        for file in $checks_shown; do
            [ ! -s "$file" ] || {
                printf -- '--- end of %s\n' "$file"
                tail -n "$checks_shown_lines" "$file" | cut -c 1-600 | tr -d '\000'
            }
        done
    ) >&2
    exit 1
}

# near COMMAND...: in the foreground; no longer than WAIT_S.
near() {
    lab_exec near timeout --kill-after=1 "$WAIT_S" "$@"
}

# run COMMAND...: to its end; data in $out, words in $err, and its $status.
run() {
    status=0
    near "$@" > "$out" 2> "$err" || status=$?
}

# expect STATUS COMMAND...: runs it, and it ends with that.
expect() {
    expected=$1
    shift
    run "$@"
    [ "$status" -eq "$expected" ] || fail "status $status instead of $expected: $*"
}

# says WORDS: the words are part of what was said, as they are.
says() {
    grep -qF -- "$1" "$err" || fail "nothing says: $1"
}

# refuses STATUS WORDS ARGUMENT...: one line, no data.
refuses() {
    refuses_status=$1 refuses_words=$2
    shift 2
    expect "$refuses_status" "$twintap" "$@"
    says "$refuses_words"
    [ "$(wc -l < "$err")" -eq 1 ] || fail "more than one line: $*"
    [ ! -s "$out" ] || fail "data in spite of a refusal: $*"
}

has_ended() {
    ! kill -0 "$1" 2> /dev/null || [ "$(cut -d ' ' -f 3 "/proc/$1/stat" 2> /dev/null)" = Z ]
}
