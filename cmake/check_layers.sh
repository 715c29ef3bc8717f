#!/bin/sh
# check_layers.sh DIR: fails where a source of the tree at DIR includes what its folder may not.
#
# The table below says, for each folder, the folders of ours and the kinds of libraries that it may
# include; its own folder goes without saying. A *_test.cpp may include anything, and so may what it
# shares with others, a *_for_tests.h, which nothing else includes. Directives inside raw strings are
# text that we print, and are passed over.
set -eu
sources=$(sh "$(dirname "$0")/sources.sh" "$1" | grep -v '^cmake/' || true)
cd "$1"
[ -n "$sources" ] || { echo "check_layers: no sources below $1"; exit 1; }
exec awk '
BEGIN {
    allow("model",      "",                                "std")
    allow("impl",       "model",                           "std")
    allow("targets",    "model",                           "std dl posix bpf")
    allow("search",     "model",                           "std")
    allow("report",     "model",                           "std json fmt")
    allow("properties", "model impl search",               "std rapidcheck gtest")
    allow("fuzz",       "model impl search loader",        "std dl")
    everything = "model impl targets search properties fuzz report cli bench"
    libraries = "std dl posix bpf json fmt cli11 rapidcheck gtest benchmark"
    allow("cli",   everything, libraries)
    allow("bench", everything, libraries)
}

function allow(folder, folders, libraries) {
    allowed[folder] = " " folder " " folders " " libraries " "
}

# The kind of a quoted include: its folder, but the loader of targets is a kind of its own.
function kind_of_ours(name, folder) {
    if (name !~ /\//) return "an include without its folder"
    folder = name
    sub(/\/.*/, "", folder)
    if (name ~ /^targets\/[a-z_]*loader[a-z_]*\.h$/ && FILENAME ~ /^fuzz\//) return "loader"
    return folder
}

# The kind of an include in angle brackets. C has headers of its own, which a C interface uses.
function kind_of_library(name) {
    if (name ~ /^rapidcheck(\.h|\/)/) return "rapidcheck"
    if (name ~ /^g(test|mock)\//) return "gtest"
    if (name ~ /^nlohmann\//) return "json"
    if (name ~ /^fmt\//) return "fmt"
    if (name ~ /^CLI\//) return "cli11"
    if (name ~ /^benchmark\//) return "benchmark"
    if (name ~ /^bpf\//) return "bpf"
    if (name == "dlfcn.h") return "dl"
    if (name ~ /^[a-z_]+$/) return "std"
    if (name ~ /^(assert|ctype|errno|float|inttypes|limits|math|setjmp|signal|stdalign)\.h$/ ||
        name ~ /^(stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|time)\.h$/) return "std"
    if (name ~ /^(sys|linux|asm|arpa|netinet)\// || name ~ /^[a-z]+\.h$/) return "posix"
    return "an unknown library"
}

FILENAME ~ /_(test\.cpp|for_tests\.h)$/ { next }

FNR == 1 {
    raw_end = ""
    folder = FILENAME
    sub(/\/.*/, "", folder)
}

# Inside a raw string, until its end appears.
raw_end != "" {
    if (index($0, raw_end)) raw_end = ""
    next
}
match($0, /R"[a-zA-Z_]*\(/) {
    raw_end = ")" substr($0, RSTART + 2, RLENGTH - 3) "\""
    if (index(substr($0, RSTART + RLENGTH), raw_end)) raw_end = ""
}

/^[ \t]*#[ \t]*include[ \t]*["<]/ {
    name = $0
    sub(/^[^"<]*/, "", name)
    ours = name ~ /^"/
    sub(/^["<]/, "", name)
    sub(/[">].*/, "", name)
    kind = ours ? kind_of_ours(name) : kind_of_library(name)
    if (name ~ /_for_tests\.h$/) kind = "what is for tests"
    if (index(allowed[folder], " " kind " ") == 0) {
        printf "%s:%d: %s may not include %s (%s)\n", FILENAME, FNR, folder, name, kind
        broken = 1
    }
}

END { exit broken }
' $sources
