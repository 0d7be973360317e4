#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What is installed can be used: programs are built against it as C and as C++, found by
# pkg-config and by CMake, and run. The program that the README shows is taken from there; it
# receives in a network namespace of its own, which needs root.
# Usage: tests/check/install.sh BUILD_FOLDER   (run at the root of the project)
set -eu

build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    printf 'install: %s\n' "$*" >&2
    exit 1
}

# quietly COMMAND...: shows what it printed only if it fails.
quietly() {
    "$@" > "$work/log" 2>&1 || {
        cat "$work/log" >&2
        fail "failed: $*"
    }
}

quietly cmake --install "$build" --prefix "$work/prefix"
library=$(dirname "$(find "$work/prefix" -name libtwintap.so)")
version=$(sed -n 's/^project(twintap VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
export PKG_CONFIG_PATH=$library/pkgconfig LD_LIBRARY_PATH=$library

for header in include/twintap/*.h; do
    [ -f "$work/prefix/$header" ] || fail "$header is not installed"
done
for page in man1/twintap.1 man3/libtwintap.3; do
    [ -f "$work/prefix/share/man/$page" ] || fail "$page is not installed"
done
for name in twintap twintap-net twintap-server; do
    [ "$(pkg-config --modversion "$name")" = "$version" ] || fail "$name.pc has another version"
    readelf -d "$library/lib$name.so" > "$work/dynamic"
    grep -q "SONAME.*\[lib$name\.so\.0\]" "$work/dynamic" || fail "lib$name.so: wrong soname"
    grep -q 'BIND_NOW' "$work/dynamic" || fail "lib$name.so: symbols are bound lazily"
    ! grep -qE 'RPATH|RUNPATH' "$work/dynamic" || fail "lib$name.so: has a search path"
done

cp tests/install/CMakeLists.txt tests/install/version.c "$work"
cp tests/install/version.c "$work/version.cc"
awk '/^```c$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' README.md > "$work/smallest.c"
grep -q tt_receiver_run "$work/smallest.c" || fail "README.md shows no program"
cp "$work/smallest.c" "$work/smallest.cc"

# pkg-config writes flags that are meant to be split.
read -ra all_flags <<< "$(pkg-config --cflags --libs twintap twintap-server)"
read -ra flags <<< "$(pkg-config --cflags --libs twintap)"
warnings=(-Wall -Wextra -Werror -pedantic-errors)
for language in c c++; do
    compiler=gcc suffix=c
    [ "$language" = c ] || compiler=g++ suffix=cc
    quietly "$compiler" "-std=${language}17" "${warnings[@]}" "$work/version.$suffix" -o "$work/version" \
        "${all_flags[@]}"
    quietly "$work/version" "$version"
    quietly "$compiler" "-std=${language}17" "${warnings[@]}" "$work/smallest.$suffix" \
        -o "$work/smallest-pkg-config-$suffix" "${flags[@]}"
done

quietly cmake -S "$work" -B "$work/user" -D "CMAKE_PREFIX_PATH=$work/prefix" -D "VERSION=$version"
quietly cmake --build "$work/user"
quietly "$work/user/version-c" "$version"
quietly "$work/user/version-cc" "$version"

if [ "$(id -u)" -ne 0 ] || ! unshare --net true 2> /dev/null; then
    echo "install: all of it can be linked; to let it receive takes root and a network namespace"
    exit 77
fi
for program in "$work/smallest-pkg-config-c" "$work/smallest-pkg-config-cc" \
    "$work/user/smallest-c" "$work/user/smallest-cc"; do
    quietly unshare --net tests/check/smallest.sh "$program"
done
