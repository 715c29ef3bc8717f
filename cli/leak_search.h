// Which program leaked? A sanitizer reports a leak when a worker ends, thousands of programs later.
// Programs do not depend on each other, so the first one that leaks is found by halving.
#pragma once

#include <cstdint>
#include <optional>

#include "cli/workers.h"

namespace vmacheck::cli {

// The first of the programs 0 to `last` after which a process does not end well.
[[nodiscard]] std::optional<SoakFind> find_leak(const SoakJob& job, std::uint64_t last,
                                                Progress& progress);

}  // namespace vmacheck::cli
