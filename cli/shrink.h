// The minimizer, behind isolation. For most verdicts all of it runs in one child; when the target
// crashes or hangs, each candidate gets a child of its own.
#pragma once

#include <cstdint>
#include <functional>

#include "cli/isolate.h"
#include "cli/progress.h"
#include "search/minimize.h"

namespace vmacheck::cli {

struct ShrinkOptions {
    bool any_failure = false;
    // Asked between candidates: true ends the search, with what is smallest so far. May be empty.
    std::function<bool()> stop = {};
};

// `candidate` fails with `finding`. The answer fails, too; its finding is the one to report.
[[nodiscard]] Minimized shrink(const Candidate& candidate, const Finding& finding,
                               const TargetChoice& choice, const ShrinkOptions& options,
                               Progress& progress);

}  // namespace vmacheck::cli
