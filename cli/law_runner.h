// Runs the laws of properties/ in a child, one after the other, each for its part of the time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/isolate.h"
#include "cli/progress.h"
#include "properties/run_law.h"
#include "report/json.h"

namespace vmacheck::cli {

struct LawJob {
    std::vector<const Law*> laws;
    TargetChoice target;
    LawOptions options;     // For each law.
    std::string directory;  // For the journal.
};

struct LawFailure {
    std::string law;
    std::string description;             // A few lines for a person.
    std::optional<Candidate> candidate;  // What it is about; a law need not be about a program.
};

struct LawRunOutcome {
    std::vector<LawReport> reports;
    std::uint64_t steps = 0;
    std::vector<std::string> vacuous;   // Laws whose interesting case came too rarely.
    std::optional<LawFailure> failure;  // The first law that is broken; none behind it is tried.
    bool failed = false;                // The journal could not be written.
};

// In a hundred cases a law counts on its interesting case; fewer show nothing either way, but for
// none at all.
inline constexpr std::uint64_t law_cases_that_count = 100;

[[nodiscard]] LawRunOutcome run_laws(const LawJob& job, Progress& progress);

}  // namespace vmacheck::cli
