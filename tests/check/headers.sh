#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Every public header compiles alone, as C17 and as C++17, pedantic and without extensions,
# with gcc and with clang; so does each initialiser that the headers offer (initialisers.c).
# Does not cover that the functions can be linked: that is check.install.
set -u

failures=0

# compile COMPILER LANGUAGE FILE: FILE - is standard input.
compile() {
    "$1" -x "$2" "-std=${2}17" -pedantic-errors -Wall -Wextra -Wconversion -Wno-sign-conversion -Werror \
        -Iinclude -fsyntax-only "$3" || {
        printf 'headers: %s as %s17 with %s\n' "${header:-$3}" "$2" "$1" >&2
        failures=$((failures + 1))
    }
}

for pair in gcc:c clang:c g++:c++ clang++:c++; do
    for header in include/twintap/*.h; do
        compile "${pair%%:*}" "${pair#*:}" - \
            <<< "#include \"twintap/${header##*/}\"
extern int a_unit_declares_something;"
    done
    header=
    compile "${pair%%:*}" "${pair#*:}" tests/check/initialisers.c
done
exit $((failures > 0))
