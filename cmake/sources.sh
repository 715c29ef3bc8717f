#!/bin/sh
# sources.sh DIR [FOLDER...]: prints every C and C++ file of the tree at DIR, below these folders or
# below all. One list, so that no check forgets a file that another sees.
set -eu
cd "$1"
shift
[ $# -gt 0 ] || set -- model impl targets search properties fuzz report cli bench cmake
for folder in "$@"; do
    [ ! -d "$folder" ] || find "$folder" -type f \( -name '*.h' -o -name '*.cpp' -o -name '*.c' \)
done | sort
