#!/bin/sh
# kill_test.sh BUILD TIMES: kills `vmacheck fuzz` with signal 9 at any moment, again and again, and
# looks whether something was lost.
#
# Every program that an engine saved, whatever became of it, has a program of its bucket among the
# finds in the end. Every bucket that was ever in the list still is, and no count goes down. Every
# find fails when it is replayed, and every input of the corpus can be read.
set -eu
build=$(cd "$1" && pwd)
times=$2
bug=split-keeps-parent-offset
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
: > told
mkdir seen

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

# The bucket of a program, as a replay says it.
bucket_of() {
    "$build/vmacheck" replay --bug "$bug" "$1" 2>&1 | sed -n 's/^bucket: //p'
}

check() {
    for file in found/find-*.orig.vma; do
        [ ! -f "$file" ] || cp -n "$file" seen/
    done
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
        "$build/vmacheck" replay --bug "$bug" "$file" > replayed 2>&1 || status=$?
        [ "$status" = 1 ] || fail "$file does not fail: $(cat replayed)"
    done
    for file in corpus/*; do
        [ ! -f "$file" ] || "$build/vmacheck" show "$file" > /dev/null || fail "$file cannot be read"
    done
}

time=0
while [ "$time" -lt "$times" ]; do
    "$build/vmacheck" fuzz --bug "$bug" --seed "$time" -j 2 --corpus corpus --out found \
        > output 2>&1 &
    child=$!
    # Mostly 0 to 0.5 s, for a start takes a few hundredths; each tenth time up to 3 s more.
    sleep "$((time % 10 / 9 * (time % 4))).$(printf '%03d' $((time * 137 % 500)))"
    kill -9 "$child" 2> /dev/null || fail "it ended by itself: $(cat output)"
    wait "$child" 2> /dev/null || true
    check
    time=$((time + 1))
done
# What was saved and not yet looked at is in a bucket after a run that ends in order.
status=0
"$build/vmacheck" fuzz --bug "$bug" --seed 1 --time 1s --corpus corpus --out found \
    > output 2>&1 || status=$?
[ "$status" = 1 ] || fail "the last run says: $(cat output)"
check
[ -s told ] || fail "no bucket was ever told of"
programs=0
for file in seen/*; do
    [ -f "$file" ] || continue
    programs=$((programs + 1))
    grep -qF "$(bucket_of "$file")|" told || fail "$file is in no bucket"
done
[ "$programs" -gt 0 ] || fail "no kill ever came between a find and its bucket"
! ls found | grep -q '^find-\|unconfirmed' || fail "a program was left behind"
echo "killed $times times; $(wc -l < told) buckets, $programs programs that were not in one when it" \
    "came, $(ls corpus | wc -l) inputs, nothing lost"
