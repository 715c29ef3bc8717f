#!/bin/sh
# run_tidy.sh BUILD [SOURCE]: runs clang-tidy over every source in the compile database of the folder
# BUILD, or over one. The checks stand in .clang-tidy; a finding is an error. Where the files of a
# folder are compiled together and what tests include is precompiled, as in build/asan, that takes
# half as long; it has to be built.
#
# A source takes seconds, so one that was clean is passed over for as long as nothing changes that it
# is made of: itself, our headers below it, the checks. BUILD/tidy/ keeps one empty file for each
# clean state, named by its hash.
set -eu
build=$1

# The version is that of the compiler of the build, because a database is read with the flags of its
# own compiler.
version=$(sed -n 's/.*\/clang++-\([0-9]*\) .*/\1/p' "$build/compile_commands.json" | head -n 1)
tidy=clang-tidy-${version:-19}
command -v "$tidy" > /dev/null || tidy=clang-tidy
# A generated file includes the others of its folder. clang-tidy 14 takes operator<=> for a null
# pointer, and names concepts template parameters.
checks=--checks=-bugprone-suspicious-include
[ "${version:-19}" -gt 14 ] || checks=$checks,-modernize-use-nullptr,-readability-identifier-naming

if [ $# -eq 1 ]; then
    mkdir -p "$build/tidy"
    sed -n 's/^ *"file": "\(.*\)",*$/\1/p' "$build/compile_commands.json" | sort -u |
        grep -v '/cmake/' | xargs -P "$(nproc)" -n 1 sh "$0" "$build"
    exit
fi

source=$2
parts=$("clang++${version:+-$version}" -std=c++20 -I. -MM -MT '' "$source" | tr -d ':\\')
# The names hold no blanks; ours never do.
state=$(cat .clang-tidy "$0" $parts | sha256sum | cut -d ' ' -f 1)
[ ! -e "$build/tidy/$state" ] || exit 0
"$tidy" --quiet "$checks" -p "$build" "$source"
: > "$build/tidy/$state"
