#!/bin/sh
# dev_test.sh: ./dev answers a word that it does not know with its usage and exit status 2.
set -u
for words in "" "nonsense" "test --nonsense" "build nonsense"; do
    # Each list of words is meant to be split.
    output=$(sh ./dev $words 2>&1)
    status=$?
    case $status:$output in
        2:*usage:*) ;;
        *)
            echo "./dev $words: exit status $status, expected 2 and the usage; it printed:"
            echo "$output"
            exit 1
            ;;
    esac
done
