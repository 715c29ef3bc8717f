// The passes of the minimizer: each proposes candidates in a fixed order, from large steps to small
// ones, and restarts from whatever was kept last.
#pragma once

#include <functional>
#include <vector>

#include "search/minimize.h"

namespace vmacheck {

// Answers whether the candidate was kept; then `best` of the pass is it.
using Consider = std::function<bool(const Candidate&)>;

// `best` and `finding` change under the pass whenever a candidate is kept.
using Pass = void (*)(const Candidate& best, const Finding& finding, const Consider& consider);

const std::vector<Pass>& all_passes();

}  // namespace vmacheck
