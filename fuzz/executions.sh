#!/bin/sh
# executions.sh BUILD [SEEDS [SECONDS [BUG...]]]: how many programs `vmacheck fuzz` runs until it finds
# each seeded bug, from an empty corpus, with our mutator of steps and with the engine's own of bytes.
# Prints the table of docs/fuzzing.md: medians over the seeds 1 to SEEDS (10). A run that found nothing
# in SECONDS (20) counts with what it ran, and a median of such runs is marked with `>`.
set -eu
build=$1
seeds=${2:-10}
seconds=${3:-20}
[ $# -le 3 ] && shift $# || shift 3
# Those of class T test the tool itself: they end the process, or only a sanitizer sees them.
[ $# -gt 0 ] || set -- $(tr -d '\n\\' < impl/bugs.h | grep -o '"[a-z0-9-]*", *"C[0-9]"' | cut -d '"' -f 2)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# executions BUG SEED [OPTION]: prints the number, with 1 before it if the bug was found, else 0.
executions() {
    rm -rf "$folder/corpus" "$folder/out"
    status=0
    "$build/vmacheck" fuzz --bug "$1" --seed "$2" --once --time "${seconds}s" ${3:-} \
        --no-systematic --corpus "$folder/corpus" --out "$folder/out" --json "$folder/json" \
        > "$folder/log" 2>&1 || status=$?
    case $status in
        1) found=1 ;;
        0 | 3) found=0 ;;
        *) cat "$folder/log" >&2; exit 1 ;;
    esac
    echo "$found $(sed -n 's/^  "executions": \([0-9]*\),/\1/p' "$folder/json")"
}

# median BUG [OPTION]: prints the median and how many of the seeds found the bug.
median() {
    seed=1
    : > "$folder/numbers"
    while [ "$seed" -le "$seeds" ]; do
        executions "$1" "$seed" "${2:-}" >> "$folder/numbers"
        seed=$((seed + 1))
    done
    # What was not found comes behind all that was.
    sort -k 1,1nr -k 2,2n "$folder/numbers" | awk '
        { found[NR] = $1; ran[NR] = $2; all += $1 }
        END {
            at = int((NR + 1) / 2)
            print (found[at] ? "" : ">") ran[at], all
        }'
}

echo "| bug | steps: median | found | bytes: median | found | ratio |"
echo "| --- | ---: | ---: | ---: | ---: | ---: |"
for bug in "$@"; do
    set -- $(median "$bug") $(median "$bug" --raw)
    ratio=$(echo "$1 $3" | awk '{
        more = sub(/>/, "", $2) ? ">" : ""
        printf "%s%.1f", more, $2 / $1 }')
    echo "| $bug | $1 | $2 | $3 | $4 | $ratio |"
done
