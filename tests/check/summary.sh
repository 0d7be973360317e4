#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The closing line of scripts/test counts right: ctest runs tests that end in every way there is,
# and scripts/summarize-tests has to make the known summary of it.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/cmocka" << 'EOS'
printf '[==========] Running 3 test(s).\n[ RUN      ] first\n[       OK ] first\n'
printf '[ RUN      ] second\nneeds CAP_BPF\n[  SKIPPED ] second\n[ RUN      ] third\n[  SKIPPED ] third\n'
printf '[==========] 3 test(s) run.\n[  PASSED  ] 1 test(s).\n[  SKIPPED ] 2 test(s), listed below:\n'
printf '[  SKIPPED ] second\n[  SKIPPED ] third\n'
EOS
cat > "$work/CTestTestfile.cmake" << 'EOS'
add_test(passes true)
add_test(fails sh -c "echo why; exit 1")
add_test(crashes sh -c "kill -SEGV $$")
add_test(is_slow sh -c "exec tail -f /dev/null")
add_test(is_missing ./nothing)
add_test(skips sh -c "echo needs root; exit 77")
add_test(skips_silently sh -c "exit 77")
add_test(skips_inside sh cmocka)
set_tests_properties(skips skips_silently PROPERTIES SKIP_RETURN_CODE 77)
set_tests_properties(is_slow PROPERTIES TIMEOUT 1)
EOS

ctest --test-dir "$work" --quiet --output-junit "$work/results.xml" > "$work/log" 2>&1 || true
scripts/summarize-tests unit "$work/results.xml" > "$work/summary"
diff -u - "$work/summary" << 'EOS'
2 6 2
--- fails
why
failed: unit: fails
--- crashes
failed: unit: crashes
--- is_slow
failed: unit: is_slow
--- is_missing
Unable to find executable: ./nothing
failed: unit: is_missing
skipped: unit: skips: needs root
failed: unit: skips_silently: skipped without a word
skipped: unit: skips_inside: second: needs CAP_BPF
failed: unit: skips_inside: third: skipped without a word
EOS

# No test at all is a skip of everything, aloud.
: > "$work/CTestTestfile.cmake"
ctest --test-dir "$work" --quiet --no-tests=ignore --output-junit "$work/results.xml" > "$work/log" 2>&1 || true
scripts/summarize-tests unit "$work/results.xml" > "$work/summary"
diff -u - "$work/summary" << 'EOS'
0 0 1
skipped: unit: all: there is no test of this kind yet
EOS
