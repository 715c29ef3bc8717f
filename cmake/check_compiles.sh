#!/bin/sh
# check_compiles.sh DIR [FLAG...]: model, impl, search and fuzz compile with clang 14. Fuzzing engines
# build them with an old clang and with its own standard library (-stdlib=libc++), where no compiled
# C++ library of Debian can be linked.
set -eu
sources=$(sh "$(dirname "$0")/sources.sh" "$1" model impl search fuzz |
    grep '\.cpp$' | grep -v '_test\.cpp$')
cd "$1"
shift
echo "$sources" | xargs -P "$(nproc)" -n 1 \
    clang++-14 -std=c++20 -fsyntax-only -I. -Wall -Wextra -Werror "$@"
