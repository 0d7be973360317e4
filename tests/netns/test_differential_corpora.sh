#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The differential test on the packets that tcpdump and wireshark are tested with.
# Usage: test_differential_corpora.sh PROGRAM   (netns.differential; at the root of the project)
set -eu

scripts/fetch-corpora # says why, and exits with 77, if they cannot be had
exec "$1" build/corpora/tcpdump build/corpora/wireshark
