// Runs the laws of properties/ in a child, one after the other, each on its number of cases.
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
    LawOptions options;       // For each law, but for the number of cases and the time.
    std::uint64_t cases = 0;  // Of each law; 0: as many as the time allows.
    double seconds_max = 0;   // For each law; 0: no limit. There has to be one if `cases` is 0.
    std::string directory;    // For the journal.
};

struct LawFailure {
    std::string law;
    std::string description;             // A few lines for a person.
    std::optional<Candidate> candidate;  // What it is about; a law need not be about a program.
};

struct LawRunOutcome {
    std::vector<LawReport> reports;
    std::uint64_t steps = 0;
    std::vector<std::string> late;      // Laws that the time limit kept from all of their cases.
    std::vector<std::string> vacuous;   // Laws whose interesting case came too rarely.
    std::optional<LawFailure> failure;  // The first law that is broken; none behind it is tried.
    bool failed = false;                // The journal could not be written.
};

// In so many cases a law counts on its interesting case; fewer show nothing either way, but for
// none at all.
inline constexpr std::uint64_t law_cases_that_count = 200;

// RapidCheck lets programs grow towards the last case and breaks at a huge number of them, so more
// cases are rounds of so many, each with a seed of its own that is made of the first.
inline constexpr std::uint64_t law_round_cases_max = 5000;

[[nodiscard]] LawRunOutcome run_laws(const LawJob& job, Progress& progress);

}  // namespace vmacheck::cli
