#!/bin/sh
# coverage_report.sh BUILD FOLDER...: prints each line of these folders that no test reached, and the
# share of lines that were reached. Fails when a line was missed without an excuse: a comment on it
# or right above it that begins with "Unreached:" and says why.
#
# The normal build decides. The build with the seeded bugs adds only the lines that it alone has.
set -eu
build=$1
shift
version=$(sed -n 's/^CMAKE_CXX_COMPILER:.*clang++\(-[0-9]*\)$/\1/p' "$build/CMakeCache.txt")
"llvm-profdata$version" merge -sparse -o "$build/tests.profdata" "$build"/profiles/*.profraw

# export_lines PROGRAM...: the lines and their counts of those programs that were built.
export_lines() {
    objects=
    for program in "$@"; do
        [ ! -e "$build/$program" ] || objects="$objects -object $build/$program"
    done
    [ -z "$objects" ] || "llvm-cov$version" export -format=lcov \
        -instr-profile="$build/tests.profdata" -ignore-filename-regex='_(test\.cpp|for_tests\.h)$' $objects
}
export_lines vmacheck_tests vmacheck > "$build/normal.lcov"
export_lines vmacheck_bugs_tests vmacheck-bugs > "$build/bugs.lcov"

awk -v here="$PWD/" -v folders=" $* " '
/^SF:/ {
    file = substr($0, 4)
    if (index(file, here) == 1) file = substr(file, length(here) + 1)
    folder = file
    sub(/\/.*/, "", folder)
    wanted = index(folders, " " folder " ") > 0
}
/^DA:/ && wanted {
    split(substr($0, 4), field, ",")
    place = file SUBSEP field[1]
    if (FILENAME ~ /bugs\.lcov$/ && (place in normal)) next
    if (FILENAME ~ /normal\.lcov$/) normal[place] = 1
    if (!(place in count)) lines[file] = lines[file] " " field[1]
    count[place] += field[2]
}
END {
    for (file in lines) {
        line_max = 0
        while ((getline text < file) > 0) source[++line_max] = text
        n = split(lines[file], number, " ")
        for (i = 1; i <= n; i++) {
            # The end of a block and a directive belong to the code around them.
            if (source[number[i]] ~ /^[ \t]*([})\];,]*|#.*|\/\/.*)$/) continue
            total++
            if (count[file, number[i]] > 0) { reached++; continue }
            here_or_above = source[number[i]] "\n" source[number[i] - 1]
            if (here_or_above ~ /\/\/ Unreached: ./) { excused++; kind = "excused" } else kind = "missed "
            printf "%s %s:%d:%s\n", kind, file, number[i], source[number[i]] | "sort"
        }
    }
    close("sort")
    if (total == 0) { print "coverage: no lines were found"; exit 1 }
    printf "coverage: %d of %d lines (%.2f %%), %d excused, %d missed\n", reached, total,
           100 * reached / total, excused, total - reached - excused
    exit reached + excused < total
}
' "$build/normal.lcov" "$build/bugs.lcov"
