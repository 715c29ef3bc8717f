#!/bin/sh
# check_uninstrumented.sh PLAIN... INSTRUMENTED: the last library has the engine's counters of
# coverage in it, and none of the others has.
set -eu
counts() { nm "$1" 2> /dev/null | grep -c '__sancov_lowest_stack\|__start___sancov\|sancov\.module' || true; }
while [ $# -gt 1 ]; do
    [ "$(counts "$1")" = 0 ] || { echo "$1 is instrumented"; exit 1; }
    shift
done
[ "$(counts "$1")" != 0 ] || { echo "$1 is not instrumented, so this test sees nothing"; exit 1; }
