#!/bin/sh
# kill_test.sh BUILD TIMES: kills `vmacheck fuzz` with signal 9 at any moment, again and again, and
# looks whether something was lost: every bucket that was ever told of is still there, with a file
# that replays as bad; no count goes down; every input of the corpus and every program that an engine
# saved can be read.
set -eu
build=$(cd "$1" && pwd)
times=$2
bug=split-keeps-parent-offset
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
: > told

fail() {
    echo "kill_test: $*" >&2
    ls -l found >&2
    exit 1
}

# The buckets with their counts, a line each.
counts() {
    sed -n 's/.*"bucket": "\(.*\)",/\1/p; s/.*"count": \([0-9]*\),.*/\1/p' found/buckets.json |
        paste -d '|' - -
}

check() {
    [ ! -f found/buckets.json ] || {
        counts > now
        while IFS='|' read -r bucket count; do
            line=$(grep -F "$bucket|" now) || fail "bucket $bucket is lost"
            [ "${line##*|}" -ge "$count" ] || fail "the count of $bucket went from $count to $line"
        done < told
        cp now told
    }
    for file in found/*.vma; do
        [ -f "$file" ] || continue
        status=0
        "$build/vmacheck-bugs" replay --bug "$bug" "$file" > replayed 2>&1 || status=$?
        [ "$status" = 1 ] || fail "$file does not fail: $(cat replayed)"
    done
    for file in corpus/*; do
        [ ! -f "$file" ] || "$build/vmacheck" show "$file" > /dev/null || fail "$file cannot be read"
    done
}

time=0
while [ "$time" -lt "$times" ]; do
    "$build/vmacheck-bugs" fuzz --bug "$bug" --seed "$time" -j 2 --corpus corpus --out found \
        > output 2>&1 &
    child=$!
    # 0 to 0.5 s, the same in each run of this script; a start takes a few hundredths.
    sleep "0.$(printf '%03d' $((time * 137 % 500)))"
    kill -9 "$child" 2> /dev/null || fail "it ended by itself: $(cat output)"
    wait "$child" 2> /dev/null || true
    check
    time=$((time + 1))
done
# What was saved and not yet looked at is in a bucket after a run that ends in order.
status=0
"$build/vmacheck-bugs" fuzz --bug "$bug" --seed 1 --time 1s --corpus corpus --out found \
    > output 2>&1 || status=$?
[ "$status" = 1 ] || fail "the last run says: $(cat output)"
check
[ -s told ] || fail "no bucket was ever told of"
! ls found | grep -q '^find-\|unconfirmed' || fail "a program was left behind"
echo "killed $times times; $(wc -l < told) buckets, $(ls corpus | wc -l) inputs, nothing lost"
