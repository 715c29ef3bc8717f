// The minimizer: makes a failing program smaller as long as it fails in the same way.
//
// One total order says what is smaller (Size). Passes propose candidates; a candidate is tried only
// if it is smaller than the best so far and was never tried before, and is kept if it still fails,
// in the same bucket. The passes run to a common fixpoint, so no single deletion or simplification
// of theirs is left that fails. It never looks at how the program was found.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "model/check.h"
#include "model/program.h"

namespace vmacheck {

// A world and the steps to run in it, without the text around them.
struct Candidate {
    World world;
    std::vector<Step> steps;
    friend bool operator==(const Candidate&, const Candidate&) = default;
};

// What smaller means, most important first. Fewer steps are fewer things to understand; fewer pages
// make the picture small; the rest makes what is left plain.
struct Size {
    std::uint64_t areas = 0;  // That are there from the start: steps say how they came about.
    std::uint64_t steps = 0;
    std::uint64_t pages = 0;       // Of the world.
    std::uint64_t attributes = 0;  // Distinct protections, backings, sharings, advices, ... in use.
    std::uint64_t failures = 0;    // Steps that fail, k counted.
    std::uint64_t values = 0;      // The rest: lengths, places, files of the world, its options.
    friend auto operator<=>(const Size&, const Size&) = default;
};
Size size_of(const Candidate& candidate);

// Runs a candidate from the start and answers what it finds. Must be a function of the candidate.
using Predicate = std::function<std::optional<Finding>(const Candidate&)>;

struct MinimizeOptions {
    bool any_failure = false;          // A candidate may fall into another bucket.
    std::uint64_t tries_max = 100000;  // An end for targets that are slow or not deterministic.
};

struct Minimized {
    Candidate candidate;
    Finding finding;
    std::uint64_t tries = 0;
    bool finished = true;  // A fixpoint was reached before tries_max.
};

// `candidate` fails with `finding`. `progress` (may be empty) is called for each candidate kept.
Minimized minimize(const Candidate& candidate, const Finding& finding, const Predicate& predicate,
                   const MinimizeOptions& options,
                   const std::function<void(const Candidate&, std::uint64_t tries)>& progress);

}  // namespace vmacheck
