#!/bin/sh
# SPDX-License-Identifier: MIT
#
# twintap read on other people's captures: those that tcpdump, wireshark and gopacket are tested with
#
# compare_read.py holds what is read against tshark, and says how; what differs stands in
# differences.txt. Not covered: live captures (netns.traces), hostile files (fuzz).
#
# Usage: tests/replay/test_read.sh PATH-OF-TWINTAP   (at the root of the project)
set -eu

for tool in python3 tshark; do
    command -v "$tool" > /dev/null || {
        echo "skipped: $tool is missing" >&2
        exit 77
    }
done
scripts/fetch-corpora # says why, and exits with 77, if they cannot be had

generated=/usr/share/gocode/src/github.com/google/gopacket/pcapgo/tests
[ -d "$generated" ] || {
    echo "skipped: golang-github-google-gopacket-dev is missing, for its captures" >&2
    exit 77
}
mkdir -p build/replay
exec python3 -B tests/replay/compare_read.py "$1" tests/replay/differences.txt build/replay \
    build/corpora/tcpdump build/corpora/wireshark "$generated/le" "$generated/be"
