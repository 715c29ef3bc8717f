#!/bin/sh
# fuzz_briefly.sh TARGET [--OPTION...] SEEDS...: runs a libFuzzer target for a bounded time, from the
# folders SEEDS on, in a folder of its own that is gone afterwards. The seed is fixed; the time
# decides how far it comes.
set -eu
target=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/corpus"
# The engine writes to the first folder alone. Long programs and traces are cut by -max_len, which is part of the test of a parser.
"$target" -seed=1 -max_total_time=15 -max_len=4096 -timeout=10 -verbosity=1 -print_final_stats=1 \
    -artifact_prefix="$folder/" "$folder/corpus" "$@" > "$folder/log" 2>&1 || {
    tail -n 100 "$folder/log"
    for find in "$folder"/crash-* "$folder"/timeout-* "$folder"/oom-* "$folder"/leak-*; do
        [ ! -f "$find" ] || { echo "$find, in base64:"; base64 "$find"; }
    done
    exit 1
}
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/log")
echo "$runs inputs ran"
# A target that was not run tested nothing.
[ "${runs:-0}" -ge 1000 ]
