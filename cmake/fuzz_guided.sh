#!/bin/sh
# fuzz_guided.sh TARGET: TARGET is the differential target without instrumentation, so only the
# cases of the reference guide its engine. With the engine's own mutations of bytes it comes upon
# about 30 cases if nothing guides it, and upon 67 and more with the cases.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/corpus" "$folder/finds"
"$1" -seed=1 -runs=30000 -max_len=2048 -verbosity=0 --raw --profile=linux-6.18 \
    --finds="$folder/finds" "$folder/corpus" > "$folder/log" 2> "$folder/stderr" || {
    cat "$folder/stderr"
    exit 1
}
cases=$(sed -n 's/^stats [0-9]* [0-9]* [0-9]* //p' "$folder/log" | tail -n 1 | tr ' ' '\n' |
    grep -vc '^0$')
echo "$cases cases"
[ "$cases" -ge 55 ]
