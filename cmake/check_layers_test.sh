#!/bin/sh
# check_layers_test.sh: plants one include at a time in a tree of its own, and expects
# check_layers.sh to refuse the forbidden ones and to accept the others.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

# expect STATUS FILE TEXT...: FILE, made of the lines TEXT, gives this exit status.
expect() {
    expected=$1
    file=$2
    shift 2
    rm -rf "${tree:?}"/*
    mkdir -p "$tree/${file%/*}"
    printf '%s\n' "$@" > "$tree/$file"
    found=0
    output=$(sh "$here/check_layers.sh" "$tree" 2>&1) || found=$?
    # A refusal has to name the place: a script that dies is no refusal.
    case $found:$output in
        0:*) found=kept ;;
        1:"$file:"*) found=refused ;;
        *) found="exit status $found: $output" ;;
    esac
    [ "$found" = "$expected" ] && return
    echo "$file with $*: expected $expected, found $found"
    failed=1
}

expect kept    model/op.h             '#include "model/page.h"' '#include <vector>'
expect refused model/op.h             '#include "impl/vma.h"'
expect refused model/op.h             '#include <fmt/core.h>'
expect refused model/op.h             '#include <unistd.h>'
expect refused model/op.h             '#include "page.h"'
expect kept    impl/vma.cpp           '#include "model/op.h"'
expect refused impl/vma.cpp           '#  include "search/source.h"'
expect kept    targets/live.cpp       '#include <sys/mman.h>' '#include <dlfcn.h>'
expect refused targets/live.cpp       '#include "impl/vma.h"'
expect kept    targets/plugin.h       '#include <stdint.h>'
expect refused search/source.h        '#include <rapidcheck.h>'
expect kept    report/html.cpp        '#include <nlohmann/json.hpp>' '#include <fmt/core.h>'
expect refused report/html.cpp        '#include "search/minimize.h"'
expect kept    report/c.cpp           'auto head = R"(' '#include <sys/mman.h>' ')";'
expect refused report/c.cpp           'auto head = R"(x)";' '#include <sys/mman.h>'
expect kept    properties/laws.cpp    '#include <rapidcheck/gtest.h>' '#include "search/source.h"'
expect refused properties/laws.cpp    '#include "cli/run.h"'
expect kept    fuzz/engine.cpp        '#include "targets/plugin_loader.h"'
expect refused fuzz/engine.cpp        '#include "targets/live.h"'
expect kept    cli/main.cpp           '#include <CLI/CLI.hpp>' '#include "fuzz/engine.h"'
expect refused cli/main.cpp           '#include <boost/any.hpp>'
expect refused model/deeper/text.h    '#include "cli/run.h"'
expect refused model/text.h           '#include "impl/vma.h"' '#include "model/page.h"'
expect kept    model/text_test.cpp    '#include <rapidcheck.h>' '#include "impl/vma.h"'
expect kept    impl/space_for_tests.h '#include <gtest/gtest.h>' '#include "search/source.h"'
expect refused impl/vma.cpp           '#include "impl/space_for_tests.h"'
exit $failed
