#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Each command takes, in its table, the options that its --help, and in man/twintap.1 its synopsis
# and its section, name; and each page of --help fits 80 columns and 60 lines.
#
# Read from the sources, so that nothing has to be built. A section names an option by an
# ".It Fl" of its own, a page by a line that begins with it.
set -eu

manual=man/twintap.1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# Options of a table: "-p" and "--port".
list_table() {
    sed -nE 's/^\t\{ "([a-z0-9-]+)", ('\''(.)'\''|0), TT_OPTION_.*/--\1 -\3/p' "$1" | tr ' ' '\n' | grep -v '^-$'
}

# The text of the page in a C file, without quotes and escapes.
print_help() {
    sed -nE '/^(static )?const char (tt_[a-z]+_)?help\[\] =/,/;$/s/^\t"(.*)\\n";?$/\1/p' "$1" | sed 's/\\"/"/g'
}

list_help() {
    print_help "$1" | grep -E '^ +-' | grep -oE -- '--[a-z][a-z0-9-]+|^ +-[A-Za-z0-9],' | tr -d ' ,'
}

# What stands behind "Fl" in a line of mdoc: "i , Fl -interface" is -i and --interface.
list_flags() {
    grep -oE 'Fl( ,? ?-?[A-Za-z0-9-]+)+' | tr -d ',' | tr ' ' '\n' | grep -vE '^(Fl|Ar|Ns|Cm|)$' | sed 's/^/-/'
}

list_section() {
    sed -n "/^\.Ss twintap $1\$/,/^\.S[sh] /p" "$manual" | grep '^\.It Fl ' |
        sed -E 's/ (Ar|Ns|Cm) .*//' | list_flags
}

# Letters may stand together there: "46hq". Long options whose letter stands there need not.
list_synopsis() {
    sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$manual" | sed -n "/^\.Cm $1\$/,/^\.Nm\$/p" |
        sed -nE 's/^\.Op Fl (-?[A-Za-z0-9-]+).*/\1/p' |
        while read -r word; do
            case $word in
            -*) printf -- '-%s\n' "$word" ;;
            *) printf '%s' "$word" | sed 's/./-&\n/g' ;;
            esac
        done
}

# same COMMAND PLACE: the options of the file $work/found are those of the table.
same() {
    sort -u "$work/found" > "$work/found.sorted"
    while read -r difference; do
        printf 'twintap %s: %s: %s\n' "$1" "$2" "$difference" >&2
        failures=$((failures + 1))
    done < <(comm -23 "$work/wanted" "$work/found.sorted" | sed 's/$/ is not named/' &&
        comm -13 "$work/wanted" "$work/found.sorted" | sed 's/$/ is no option/')
}

for command in capture read doctor interfaces; do
    source=app/cmd_$command.c
    [ ! -e "app/${command}_options.c" ] || source=app/${command}_options.c

    list_table "$source" | sort -u > "$work/wanted"
    [ -s "$work/wanted" ] || {
        printf '%s: no table of options was found\n' "$source" >&2
        failures=$((failures + 1))
    }

    list_help "$source" > "$work/found" || true
    same "$command" "--help"
    # --help is the same for all, and stands above the sections.
    { list_section "$command" && printf -- '-h\n--help\n'; } > "$work/found" || true
    same "$command" "its section in $manual"

    # An option that has a letter is there by its letter alone.
    sed -nE 's/^\t\{ "[a-z0-9-]+", '\''(.)'\''.*/-\1/p; s/^\t\{ "([a-z0-9-]+)", 0, TT_OPTION_.*/--\1/p' "$source" |
        sort -u > "$work/wanted"
    list_synopsis "$command" > "$work/found" || true
    same "$command" "the synopsis in $manual"

    print_help "$source" > "$work/page"
    [ "$(wc -l < "$work/page")" -le 60 ] || {
        printf 'twintap %s: --help has more than 60 lines\n' "$command" >&2
        failures=$((failures + 1))
    }
    while read -r line; do
        printf 'twintap %s: --help is wider than 80 columns: %s\n' "$command" "$line" >&2
        failures=$((failures + 1))
    done < <(grep -E '^.{81}' "$work/page")
done
exit $((failures > 0))
