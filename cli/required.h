// Which cases a run must meet: one that never met them tested less than it claims.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/workers.h"
#include "model/cases.h"
#include "model/target.h"
#include "search/generate.h"

namespace vmacheck::cli {

// A fuzzer starts from nothing, and learns what programs look like before it meets the rare cases.
inline constexpr std::uint64_t fuzz_steps_that_count = 10'000'000;
// Smaller worlds have no room for every case.
inline constexpr PageCount pages_that_count{16};

// Whether so many steps of programs of this profile and alphabet meet the case on a target of this
// sight.
[[nodiscard]] bool case_required(CaseId id, const SoakOptions& options, const Sight& sight,
                                 std::uint64_t steps);

// The cases that happened, with how often.
[[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> happened_cases(
    const SoakTotals& totals);

// What a run should have met and has not. A short one is held to what a longer one would meet.
[[nodiscard]] std::vector<std::string> missing_cases(const SoakTotals& totals,
                                                     const SoakOptions& options,
                                                     const Sight& sight);

}  // namespace vmacheck::cli
