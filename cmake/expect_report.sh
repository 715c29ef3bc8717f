#!/bin/sh
# expect_report.sh REPORT PROGRAM: passes when PROGRAM fails and REPORT stands in what it printed.
set -u
report=$1
program=$2
if output=$("$program" 2>&1); then
    echo "$program succeeded, expected: $report"
    exit 1
fi
printf '%s\n' "$output"
case $output in
    *"$report"*) exit 0 ;;
esac
echo "$program failed without: $report"
exit 1
