#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The checks can fail: each is run on a copy of the project with one violation planted, and
# must name it. Does not cover clang-tidy and codespell, which are not ours.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -c --exclude=./build --exclude=./.git . | tar -x -C "$work"
cd "$work"

failures=0
planted=packet/planted.c

# catches WORDS CHECK...: the check fails and says the words.
catches() {
    local words=$1 said
    shift
    if said=$("$@" 2>&1); then
        printf 'not caught by %s: %s\n' "$1" "$words" >&2
        failures=$((failures + 1))
    elif [[ $said != *"$words"* ]]; then
        printf '%s does not say "%s" but: %s\n' "$1" "$words" "$said" >&2
        failures=$((failures + 1))
    fi
}

# plant LINE [FILE]: makes a C file with that line in a function.
plant() {
    printf '/* SPDX-License-Identifier: MIT */\n\n/*\n * Planted\n */\n\nvoid f(void)\n{\n%s\n}\n' "$1" > "${2:-$planted}"
}

# Of a clean file nothing is said, so that what is caught below is caught for its line.
plant '	g("strcpy(a, b) // not code"); /* sprintf(a) */'
for check in scripts/check-banned scripts/check-layers scripts/check-format; do
    if "$check" 2>&1 | grep -q "$planted"; then
        printf '%s finds fault with a clean file\n' "$check" >&2
        failures=$((failures + 1))
    fi
done

while IFS= read -r line; do
    plant "	$line"
    catches "$planted:9:" scripts/check-banned "$planted"
done << 'LINES'
strcpy(a, b);
strcat(a, b);
sprintf(a, "b");
strncpy(a, b, 1);
strtok(a, b);
r = atoi(a);
gets(a);
p = alloca(1);
r = system("a");
fd = accept(a, b, c);
typedef struct a b_t;
typedef char *a;
ip = (const struct iphdr *)bytes;
r = LINUX_VERSION_CODE;
r = 1; // why
fd = socket(AF_INET, SOCK_DGRAM, 0);
fd = dup(1);
exit(1);
printf("a");
#ifdef A
LINES
plant "	g(); /* TO""DO */"
catches "$planted:9:" scripts/check-banned "$planted"

plant '	sleep(1);' tests/planted.c
catches tests/planted.c:9: scripts/check-banned tests/planted.c
plant '	poll(NULL, 0, 1);' tests/planted.c
catches tests/planted.c:9: scripts/check-banned tests/planted.c
rm tests/planted.c
printf '#!/bin/sh\n# SPDX-License-Identifier: MIT\nsleep 1\n' > tests/planted.sh
catches tests/planted.sh:3: scripts/check-banned
printf '#!/bin/sh\n# SPDX-License-Identifier: MIT\nrm %s\n' "\$1" > tests/planted.sh
catches SC2086 scripts/check-shell
rm tests/planted.sh

echo 'int a;' > "$planted"
catches "$planted:1: header" scripts/check-banned
echo '#include "decode/decode.h"' >> "$planted"
catches 'packet may not include decode/decode.h' scripts/check-layers
plant '    a();'
catches "$planted:" scripts/check-format
rm "$planted"

printf 'struct a {\n\tunsigned int b : 1;\n};\n' >> include/twintap/version.h
catches 'bit-field' scripts/check-banned
printf 'size_t f(void);\n' >> include/twintap/api.h
catches 'include/twintap/api.h as c17 with gcc' tests/check/headers.sh
catches 'include/twintap/api.h as c++17 with clang++' tests/check/headers.sh

printf 'TT_API void tt_planted(void);\n' >> include/twintap/version.h
catches -tt_planted scripts/check-symbols headers twintap.map twintap-net.map twintap-server.map

# An option that nothing tells of; one that only the manual tells of; a line that is too wide.
sed -i 's/^\t{ "merge", 0, /\t{ "planted", 0, TT_OPTION_FLAG, tt_apply_merge },\n&/' app/read_options.c
catches 'twintap read: --help: --planted is not named' tests/check/help_and_manual.sh
catches 'twintap read: its section in man/twintap.1: --planted is not named' tests/check/help_and_manual.sh
catches 'twintap read: the synopsis in man/twintap.1: --planted is not named' tests/check/help_and_manual.sh
sed -i '/^\t{ "merge", 0, /d; /"planted"/d' app/read_options.c
catches 'twintap read: its section in man/twintap.1: --merge is no option' tests/check/help_and_manual.sh
sed -i 's/^\t"Usage: twintap read [^\\]*/&......................................../' app/read_options.c
catches 'twintap read: --help is wider than 80 columns' tests/check/help_and_manual.sh

printf '.TH\n' > man/planted.1
catches man/planted.1 tests/check/manuals.sh

exit $((failures > 0))
