#!/bin/sh
# check_format.sh DIR: fails where clang-format would change a source. The version is fixed, because
# each release of clang-format breaks lines in its own way.
set -eu
sources=$(sh "$(dirname "$0")/sources.sh" "$1")
cd "$1"
# The names hold no blanks; ours never do.
clang-format-14 --dry-run -Werror $sources
